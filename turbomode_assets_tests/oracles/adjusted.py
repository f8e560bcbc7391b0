"""Our total returns beside those of two vendors, and every row in which they differ.

``python -m turbomode_assets_tests.oracles.adjusted`` rewrites `docs/adjustment.md`; a
test holds the page against what is measured.
"""

import datetime as dt
import functools
import pathlib
import tempfile

import polars as pl

from turbomode_assets.prices import adjustment
from turbomode_assets_tests.oracles import real

PAGE = real.DOCS / "adjustment.md"

BASIS_POINT = 1e-4

CORRECTED_ON = dt.date(2018, 3, 1)
"""Session on which the publisher of the raw prices moved its factors back."""

RAW_CLASSES = {
    "dividend missing": (
        "the adjusted close steps by a dividend that the dividend column does not hold"
    ),
    "step back": (
        f"on {CORRECTED_ON} the adjusted close steps back by a dividend that is not due"
    ),
}
"""Why the raw prices and the adjusted prices of their publisher disagree."""

PANEL_CLASSES = {
    "refused": (
        "the price denies the actions, so the row is in quarantine: it fell by 2 % as "
        "traded, and with them it would have lost a third"
    ),
    "after refused": "the first row after one that was refused",
}
"""Why rows of the split-adjusted panel cannot be compared."""


@functools.cache
def raw() -> pl.DataFrame:
    """Raw prices and actions of a publisher, its returns and ours.

    The publisher reinvests a dividend at the close of the ex-date, we at the close
    before: its return is ours times ``1 - dividend * split / previous close``.
    """
    path = real.FOLDER / "dev_raw_wiki_2005_2018.parquet"
    rows = pl.read_parquet(path).rename({"date": "session"})
    ours = adjustment.adjust(rows).select("symbol", "session", ours="close")
    both = rows.join(ours, on=["symbol", "session"]).sort("symbol", "session")
    previous = pl.col("close").shift(1).over("symbol")
    paid = pl.col("dividend") * pl.col("split_ratio") / previous
    compared = both.with_columns(
        published=real.gain("adj_close"), ours=real.gain("ours") * (1 - paid)
    )
    implied = pl.col("published") > pl.col("ours")
    kind = (
        pl.when(pl.col("dividend") + (pl.col("split_ratio") - 1).abs() > 0)
        .then(None)
        .when(implied)
        .then(pl.lit("dividend missing"))
        .when(pl.col("session") == CORRECTED_ON)
        .then(pl.lit("step back"))
    )
    return _apart(compared, kind)


@functools.cache
def panel() -> pl.DataFrame:
    """Split-adjusted panel with its actions through the file source, beside ours."""
    rows = pl.read_parquet(real.FOLDER / "dev_panel.parquet").drop("source")
    actions = pl.read_parquet(real.FOLDER / "dev_actions.parquet").drop("source")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "panel.parquet"
        rows.join(actions, on=["symbol", "date"], how="left").write_parquet(path)
        bars = real.bars(real.inspect(real.deliver(path)))
    ours = adjustment.adjust(bars).select("symbol", "session", ours="close")
    traded = bars.select("symbol", "session", "dividend", "split_ratio", raw="close")
    compared = (
        rows.filter(~pl.col("symbol").str.starts_with("^"))
        .rename({"date": "session"})
        .join(traded, on=["symbol", "session"], how="left")
        .join(ours, on=["symbol", "session"], how="left")
        .sort("symbol", "session")
        .with_columns(
            published=real.gain("adj_close"), is_refused=pl.col("raw").is_null()
        )
        .with_columns(ours=real.gain("ours"))
    )
    after = pl.col("is_refused").shift(1).over("symbol")
    kind = (
        pl.when("is_refused")
        .then(pl.lit("refused"))
        .when(after)
        .then(pl.lit("after refused"))
    )
    return _apart(compared, kind)


def _apart(compared: pl.DataFrame, kind: pl.Expr) -> pl.DataFrame:
    """Rows with a published return; kind of those that differ from ours."""
    apart = (pl.col("ours") - pl.col("published")).abs()
    rows = compared.filter(pl.col("published").is_not_null())
    is_apart = (apart > BASIS_POINT) | pl.col("ours").is_null()
    known = kind.fill_null("unexplained")
    return rows.with_columns(kind=pl.when(is_apart).then(known))


def render() -> str:
    """The page."""
    lines = [
        "# How far our total returns agree with published ones",
        "",
        "Prices as traded, splits and dividends go into `prices/adjustment.py`; what",
        "comes out is held against adjusted prices that others published. A row agrees",
        "where the returns from close to close differ by less than one basis point.",
        "Written by `python -m turbomode_assets_tests.oracles.adjusted`; a test holds",
        "this page against what is measured.",
        *_section("Raw prices with actions, 2005-2018", raw(), RAW_CLASSES),
        *_section("Split-adjusted prices with actions", panel(), PANEL_CLASSES),
    ]
    return "\n".join([*lines, ""])


def _section(title: str, rows: pl.DataFrame, classes: dict[str, str]) -> list[str]:
    listed = (
        "symbol",
        "session",
        "dividend",
        "split_ratio",
        "published",
        "ours",
        "kind",
    )
    apart = rows.filter(pl.col("kind").is_not_null()).sort("symbol", "session")
    of_what = f"{rows.height:,} rows of {rows['symbol'].n_unique()} symbols"
    agree = 1 - apart.height / rows.height
    return [
        "",
        f"## {title}",
        "",
        f"{of_what}; {agree:.4%} agree, {apart.height} do not:",
        "",
        *(f"* *{kind}*: {sentence}" for kind, sentence in classes.items()),
        "",
        real.as_table(apart.select(listed)),
    ]


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
