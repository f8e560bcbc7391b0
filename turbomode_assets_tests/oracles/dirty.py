"""Real dirt, and what the prices stage finds in it.

``python -m turbomode_assets_tests.oracles.dirty`` rewrites `docs/dirty_data.md`; a test
holds the page against what is measured.
"""

import functools
import pathlib
import re
import tempfile

import polars as pl

from turbomode_assets import sessions
from turbomode_assets.prices import adjustment
from turbomode_assets_tests.oracles import real

PAGE = real.DOCS / "dirty_data.md"

BASIS_POINT = 1e-4

FOUND_AS = {
    "calendar_gap_over_10d": {"gap"},
    "close_jump_over_4x": {"unexplained_jump", "symbol_reuse", "absurd_price"},
    "close_over_1e6": {"absurd_price"},
    "duplicate_date": {"duplicate", "conflict"},
    "frozen_bar_zero_volume": {"frozen", "zero_volume", "absurd_price"},
    "high_below_low": {"high_below_low"},
    "negative_adj_close": {"unreadable"},
    "null_or_nan_ohlc": {"unreadable"},
    "null_volume": {"unreadable"},
    "ohlc_inconsistent": {"outside_range", "high_below_low", "not_positive"},
    "weekend_date": {"no_session"},
    "zero_or_negative_price": {"not_positive"},
    "zero_volume": {"zero_volume", "frozen", "absurd_price"},
}
"""Findings that answer each kind of dirt others counted in these data."""

BESIDE_OTHERS = {"calendar_gap_over_10d", "close_jump_over_4x", "duplicate_date"}
"""Kinds seen only beside other rows of the symbol, which a sample of rows lacks."""

HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"

_DAILY = re.compile(r"(?P<symbol>.+)-1d-(?P<fault>.+)")
_ABROAD = re.compile(r"-[A-Z]{1,2}$")


@functools.cache
def sampled() -> pl.DataFrame:
    """Rows others found dirty, judged by anomaly and vendor.

    Returns
    -------
    pl.DataFrame
        Columns anomaly, vendor, rows, answered (with a finding of `FOUND_AS`, or no
        session of the exchange) and within_rounding.
    """
    path = real.FOLDER / "dirty" / "dirty_rows_sample.parquet"
    rows = pl.read_parquet(path).filter(pl.col("date") >= sessions.FIRST_DAY)
    groups = rows.sort("anomaly", "source").group_by(
        "anomaly", "source", maintain_order=True
    )
    return pl.DataFrame(
        [
            {"anomaly": anomaly, "vendor": vendor, **_judge_sample(str(anomaly), group)}
            for (anomaly, vendor), group in groups
        ]
    )


def _judge_sample(anomaly: str, rows: pl.DataFrame) -> dict[str, int]:
    dropped = ["source", "anomaly"]
    dropped += [] if anomaly == "negative_adj_close" else ["adj_close"]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "sample.parquet"
        rows.drop(dropped).write_parquet(path)
        found = real.inspect(real.deliver(path))
    wanted = [*FOUND_AS[anomaly], "no_session"]
    refused = found.refused.filter(pl.col("reason").is_in(wanted))
    warned = found.warnings.filter(pl.col("kind").is_in(wanted))
    key = ["symbol", "session"]
    answered = pl.concat([refused.select(key), warned.select(key)]).unique()
    ends = pl.max_horizontal("open", "close") / pl.col("high")
    starts = pl.col("low") / pl.min_horizontal("open", "close")
    is_rounding = pl.max_horizontal(ends, starts) <= 1.001
    return {
        "rows": rows.select("symbol", "date").n_unique(),
        "answered": answered.height,
        "within_rounding": rows.filter(is_rounding, pl.col("low") > 0).height,
    }


@functools.cache
def restored() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Findings by symbol in files of a download that went wrong, headers restored.

    Returns
    -------
    refused : pl.DataFrame
        Columns symbol, session and reason.
    warnings : pl.DataFrame
        Columns symbol, session and kind.
    """
    with tempfile.TemporaryDirectory() as folder:
        for file in sorted((real.FOLDER / "dirty" / "raw_kcjpop").glob("*.csv")):
            text = file.read_text(encoding="utf-8")
            whole = text if text.startswith("Date") else HEADER + text
            (pathlib.Path(folder) / file.name).write_text(whole, encoding="utf-8")
        found = real.inspect(real.deliver(pathlib.Path(folder)))
    return (
        found.refused.select("symbol", "session", "reason"),
        found.warnings.select("symbol", "session", "kind"),
    )


@functools.cache
def pairs() -> pl.DataFrame:
    """Bad files beside the fixed ones: rows that were wrong, and that still are.

    Returns
    -------
    pl.DataFrame
        Columns file, is_us, rows, wrong_before and wrong_after (close, dividend or
        total return differ from the fixed file), repeats (refused, but repeat the row
        before), lost (refused though they were right and said something) and refused
        (rows by reason).
    """
    folder = real.FOLDER / "dirty" / "yfinance_bad_price_pairs"
    bad = [
        file
        for file in sorted(folder.glob("*-1d-*.csv"))
        if not file.stem.endswith("-fixed")
    ]
    return pl.DataFrame([_judge_pair(file) for file in bad])


def _judge_pair(bad: pathlib.Path) -> dict[str, object]:
    named = _DAILY.fullmatch(bad.stem)
    assert named is not None
    symbol = named["symbol"]
    fixed = bad.with_name(f"{bad.stem}-fixed.csv")
    truth = _read(fixed if fixed.exists() else bad)
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / f"{symbol}.csv").write_bytes(bad.read_bytes())
        found = real.inspect(real.deliver(pathlib.Path(folder)), is_revising=True)
    rows = _beside(truth, _read(bad), real.bars(found))
    reasons = found.refused.select("session", "reason").unique("session")
    rows = rows.join(reasons, on="session", how="left")
    is_refused = pl.col("kept").is_null()
    is_repetition = (pl.col("reason") == "frozen") & (pl.col("true_gain").abs() == 0)
    is_lost = is_refused & ~is_repetition & ~pl.col("was_wrong")
    counts = rows.select(
        rows=pl.len(),
        wrong_before=pl.col("was_wrong").sum(),
        wrong_after=(pl.col("is_wrong") & ~is_refused).sum(),
        repeats=(is_refused & is_repetition).sum(),
        lost=is_lost.sum(),
    ).row(0, named=True)
    told = found.refused["reason"].value_counts().sort("reason").iter_rows()
    return {
        "file": bad.stem,
        "is_us": _ABROAD.search(symbol) is None,
        **counts,
        "refused": ", ".join(f"{n} {reason}" for reason, n in told),
    }


def _read(path: pathlib.Path) -> pl.DataFrame:
    """Columns session, close, adj_close, dividend and split of rows with a close."""
    raw = pl.read_csv(path, infer_schema=False)
    named = raw.rename({raw.columns[0]: "Date"})
    real_of = {
        name: pl.col(column).cast(pl.Float64, strict=False)
        for name, column in {
            "close": "Close",
            "adj_close": "Adj Close",
            "dividend": "Dividends",
            "split": "Stock Splits",
        }.items()
    }
    session = pl.col("Date").str.slice(0, 10).str.to_date()
    rows = named.select(session=session, **real_of).drop_nulls("close")
    return rows.unique("session", keep="first").sort("session")


def _beside(truth: pl.DataFrame, bad: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Rows of the fixed file, with whether bad and kept rows depart from them.

    A true return reinvests the fixed file's own dividends at the close before, as
    Yahoo does; over a refused row it spans both sessions.
    """
    paid = pl.col("dividend") / pl.col("close").shift(1)
    growth = pl.col("close") / (pl.col("close").shift(1) * (1 - paid))
    ours = adjustment.adjust(kept).select("session", ours="close")
    actions = kept.select("session", kept="dividend", kept_split="split_ratio")
    rows = (
        truth.with_columns(true=growth.fill_null(1.0).cum_prod())
        .join(bad, on="session", how="left", suffix="_bad")
        .join(ours.join(actions, on="session"), on="session", how="left")
        .sort("session")
    )
    is_same = pl.all_horizontal(
        (pl.col(name) - pl.col(f"{name}_bad")).abs() <= BASIS_POINT * pl.col(name).abs()
        for name in ("close", "dividend", "split")
    )
    told = (_returns("adj_close_bad") - _returns("true")).abs() <= BASIS_POINT
    judged = rows.with_columns(
        true_gain=_returns("true"),
        is_same=is_same,
        was_wrong=~(is_same & told.fill_null(value=True)),
    )
    kept_only = judged.filter(pl.col("kept").is_not_null())
    apart = (_returns("ours") - _returns("true")).abs() > BASIS_POINT
    return judged.join(
        kept_only.select("session", is_wrong=apart.fill_null(value=False) | ~is_same),
        on="session",
        how="left",
    )


def _returns(name: str) -> pl.Expr:
    return pl.col(name) / pl.col(name).shift(1) - 1


def render() -> str:
    """The page."""
    columns = {
        "file": "file",
        "rows": "rows",
        "wrong_before": "wrong before",
        "wrong_after": "wrong after",
        "repeats": "repetitions refused",
        "lost": "right rows refused",
        "refused": "refused",
    }
    tables = {
        is_us: real.as_table(
            pairs()
            .filter(pl.col("is_us") == is_us)
            .select(list(columns))
            .rename(columns)
        )
        for is_us in (True, False)
    }
    sample = (
        sampled()
        .group_by("anomaly")
        .agg(
            pl.col("vendor").sort().str.join(", "),
            pl.col("rows", "answered", "within_rounding").sum(),
        )
    )
    by_anomaly = {kind: ", ".join(sorted(found)) for kind, found in FOUND_AS.items()}
    found = sample.sort("anomaly").select(
        "anomaly",
        "vendor",
        "rows",
        "answered",
        pl.col("anomaly").replace_strict(by_anomaly).alias("found as"),
    )
    lines = [
        "# What is found in dirty data",
        "",
        "Real files that others found dirty, through the file source and",
        "`prices/quality.py` with the policy in force. Written by",
        "`python -m turbomode_assets_tests.oracles.dirty`; a test holds this page",
        "against what is measured.",
        "",
        "## Bad files beside their fixed ones: listed in the United States",
        "",
        "A row is wrong where its close, dividend, split or total return differ from",
        "the fixed file by more than a basis point; before, with the adjusted close",
        "of the bad file; after, among the rows accepted. A row without volume that",
        "repeats the one before is refused as a repetition: nothing is lost by it.",
        "",
        tables[True],
        "",
        "What is left: after the refused row of SAND its dividend is reinvested at",
        "another close, which makes a basis point. The first row of SSNLF, refused",
        "though both files have it, is the only one not divided by a later split of",
        "50:1.",
        "",
        "## Listed elsewhere",
        "",
        "Not what this is made for: days are held against the calendar of New York,",
        "and prices may stand in pence.",
        "",
        tables[False],
        "",
        "## Rows out of context",
        "",
        "A sample of dirty rows, since 1996, by the kind of dirt others counted.",
        "Gaps, jumps and doubled rows are seen beside other rows only, which a sample",
        "lacks; they are found in whole files.",
        "",
        real.as_table(found),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
