"""Curation of real prices as traded: bands move fewer names, and look at no future."""

import dataclasses
import datetime as dt
import functools
import itertools
import os
import pathlib

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import market_policy, market_tables
from turbomode_assets.sources import membership_file
from turbomode_assets.universe import curation

SHARED = pathlib.Path(os.environ.get("TURBOMODE_SHARED_DATA", "../shared/data"))
PANEL = SHARED / "dev_raw_wiki_2005_2018.parquet"
SP500 = SHARED / "membership" / "sp500_membership_intervals.csv"

pytestmark = pytest.mark.skipif(
    not (PANEL.exists() and SP500.exists()), reason="needs the shared raw price panel"
)

QUARTERS = [dt.date(y, m, 1) for y in range(2006, 2018) for m in (1, 4, 7, 10)]

NARROW = market_policy.CurationPolicy(
    enter_dollar_volume_usd=2e8, exit_dollar_volume_usd=2e8, exit_price_usd=5.0
)
"""One floor in the middle of the panel's dollar volumes, and no band."""

BANDS = dataclasses.replace(NARROW, exit_dollar_volume_usd=1.2e8, exit_price_usd=4.0)


@functools.cache
def bars() -> pl.DataFrame:
    return pl.read_parquet(PANEL).rename({"date": "session"})


@functools.cache
def intervals() -> pl.DataFrame:
    return membership_file.read(SP500)


def decide(
    rules: market_policy.CurationPolicy, last: dt.date, quarters: list[dt.date]
) -> pl.DataFrame:
    """Decisions of quarter after quarter from bars that end on `last`."""
    known = bars().filter(pl.col("session") <= last)
    decided = market_tables.CURATIONS.empty()
    for quarter in quarters:
        eve = quarter - dt.timedelta(days=1)
        candidates = membership_file.known(intervals(), eve).join(
            bars(), on="symbol", how="semi"
        )
        found = curation.curate(known, candidates, decided, rules, quarter)
        decided = pl.concat([decided, found])
    return decided


def moves(decided: pl.DataFrame) -> int:
    """Times a name was dropped within a year of being added."""
    moved = decided.filter(pl.col("decision").is_in(["added", "dropped"]))
    pairs = (
        itertools.pairwise(rows.sort("quarter").iter_rows(named=True))
        for _, rows in moved.group_by("symbol")
    )
    return sum(
        (b["quarter"] - a["quarter"]).days <= 366 for pair in pairs for a, b in pair
    )


def test_bands_let_names_flicker_far_less() -> None:
    last = dt.date(2017, 12, 31)
    without, within = (moves(decide(r, last, QUARTERS)) for r in (NARROW, BANDS))
    assert without > 20
    assert within < without / 3


def test_decisions_of_a_quarter_need_no_later_bar() -> None:
    some = QUARTERS[:12]
    eve = some[-1] - dt.timedelta(days=1)
    assert_frame_equal(
        decide(BANDS, eve, some), decide(BANDS, dt.date(2017, 12, 31), some)
    )


def test_a_shipped_floor_drops_none_of_these_large_companies_for_volume() -> None:
    decided = decide(market_policy.CurationPolicy(), dt.date(2017, 12, 31), QUARTERS)
    assert decided.height > 2000
    reasons = decided.filter(~pl.col("is_member"))["reason"]
    assert reasons.str.contains("dollar volume").sum() == 0
