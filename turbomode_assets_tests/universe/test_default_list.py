"""The shipped list: eighty symbols once each, and honest about hindsight."""

import datetime as dt

import polars as pl
from polars.testing import assert_frame_equal

from turbomode_assets import tables
from turbomode_assets.sources import simulated_market
from turbomode_assets.universe import default_list

FIRST = dt.date(2020, 1, 1)
LISTED = default_list.members(FIRST)


def test_eighty_symbols_once_each_in_every_sector_and_size() -> None:
    assert LISTED["symbol"].n_unique() == LISTED.height == 80
    assert set(LISTED["sector"]) == set(simulated_market.SECTORS)
    sizes = LISTED["cap_class"].value_counts()
    assert dict(sizes.iter_rows()) == {"large": 42, "mid": 18, "small": 20}


def test_the_list_is_a_universe_that_admits_its_hindsight() -> None:
    assert_frame_equal(LISTED, tables.UNIVERSE.conform(LISTED))
    assert not LISTED["is_point_in_time"].any()
    assert LISTED["valid_from"].unique().to_list() == [dt.date(2020, 1, 2)]
    assert LISTED["symbol"].str.contains(tables.SYMBOL_PATTERN).all()


def test_the_benchmark_is_no_candidate() -> None:
    listed = LISTED.filter(pl.col("symbol") == default_list.BENCHMARK)
    assert listed.is_empty()
