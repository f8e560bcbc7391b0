"""Real dirt: every kind others counted is found, and no listed stock gets worse."""

import pathlib

import polars as pl
import pytest

from turbomode_assets.prices import findings
from turbomode_assets_tests.oracles import dirty, real

pytestmark = real.needed

DIRTY = real.FOLDER / "dirty"


@pytest.mark.parametrize("folder", ["raw_kcjpop", "raw_other"])
def test_every_line_is_accepted_or_refused(folder: str) -> None:
    texts = [file.read_text() for file in (DIRTY / folder).glob("*.csv")]
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    n_headers = sum(line.startswith("Date,") for line in lines)
    rows = real.deliver(DIRTY / folder)
    found = real.inspect(rows)
    assert rows.height == len(lines) - n_headers
    assert found.accepted.height + found.refused.height == rows.height
    assert found.refused["row_id"].n_unique() == found.refused.height


def test_error_text_is_refused_line_by_line() -> None:
    found = real.inspect(real.deliver(DIRTY / "raw_kcjpop"))
    texts = found.refused.filter(pl.col("row").str.contains("Invalid cookie"))
    written = [file.read_text() for file in (DIRTY / "raw_kcjpop").glob("*.csv")]
    assert texts.height == sum(text.count("Invalid cookie") for text in written) > 0
    assert texts["reason"].unique().to_list() == ["unreadable"]


def test_every_counted_kind_of_dirt_has_a_finding() -> None:
    counted = pl.read_csv(DIRTY / "anomaly_counts.csv")["anomaly"]
    assert set(counted) == set(dirty.FOUND_AS)
    known = {*findings.REFUSALS, *findings.WARNINGS}
    assert set().union(*dirty.FOUND_AS.values()) <= known


def test_every_sampled_row_has_a_finding_of_its_kind() -> None:
    beside = pl.col("anomaly").is_in(dirty.BESIDE_OTHERS)
    alone = dirty.sampled().filter(~beside)
    missed = alone.filter(pl.col("answered") < pl.col("rows"))
    assert alone["rows"].sum() > 4000
    # Open or close may lie outside low and high by a rounding.
    assert missed["anomaly"].unique().to_list() == ["ohlc_inconsistent"]
    rounded = pl.col("rows") - pl.col("answered") <= pl.col("within_rounding")
    assert missed.select(rounded.all()).item()


def test_what_shows_beside_other_rows_is_found_in_whole_files() -> None:
    refused, warnings = dirty.restored()
    found = {
        *refused.select("reason").to_series(),
        *warnings.select("kind").to_series(),
    }
    for anomaly in dirty.BESIDE_OTHERS:
        assert found & dirty.FOUND_AS[anomaly], anomaly


@pytest.mark.parametrize(
    ("symbol", "kind", "session"),
    [
        ("AMZN", "unexplained_jump", "2022-06-06"),  # 20:1, not in the file
        ("CPRT", "unexplained_jump", "2022-11-04"),  # 2:1, not in the file
        ("GOOG", "absurd_price", "2022-07-18"),  # 20:1, not in the file
        ("GOOG", "unreadable", "2022-01-27"),
        ("RTX", "duplicate", "2023-04-06"),
        ("SIVB", "frozen", "2023-03-27"),  # halted on 2023-03-10
        ("SIVB", "unexplained_jump", "2023-03-28"),
    ],
)
def test_known_dirt_is_named(symbol: str, kind: str, session: str) -> None:
    refused, warnings = dirty.restored()
    found = pl.concat([refused.rename({"reason": "kind"}), warnings])
    row = (symbol, session, kind)
    assert row in found.with_columns(pl.col("session").cast(pl.String)).rows()


def test_listed_stocks_get_better_and_none_gets_worse() -> None:
    listed = dirty.pairs().filter("is_us")
    bad = pl.col("wrong_before") > 0
    is_better = pl.col("wrong_after") + pl.col("lost") < pl.col("wrong_before")
    is_as_good = pl.col("wrong_after") + pl.col("lost") == 0
    assert listed.filter(bad).height == 5
    assert listed.select(
        pl.when(bad).then(is_better).otherwise(is_as_good).all()
    ).item()


def test_the_page_shows_what_is_measured() -> None:
    command = "python -m turbomode_assets_tests.oracles.dirty"
    page: pathlib.Path = dirty.PAGE
    assert page.read_text(encoding="utf-8") == dirty.render(), command
