"""Blocks, refusals, and the market every symbol is held against."""

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest

from turbomode_assets import errors, sessions, tables
from turbomode_assets.features import catalog, engine

FIRST, LAST = dt.date(2022, 1, 3), dt.date(2022, 6, 30)


def adjusted_bars(symbols: str, seed: int = 1) -> pl.DataFrame:
    days = sessions.sessions_between(dt.date(2021, 9, 1), LAST)
    draw, n = np.random.default_rng(seed), len(days) * len(symbols)
    close = pl.Series(100 * np.exp(draw.normal(0, 0.02, n)))
    return pl.DataFrame(
        {
            "symbol": [symbol for symbol in symbols for _ in days],
            "session": days * len(symbols),
            "open": close,
            "high": close * 1.01,
            "low": close * 0.99,
            "close": close,
            "volume": pl.Series(draw.uniform(1e5, 2e5, n)),
        }
    )


def test_blocks_cover_the_range_without_overlap() -> None:
    found = engine.blocks(dt.date(2019, 5, 5), dt.date(2022, 3, 3))
    assert [block.first.year for block in found] == [2019, 2020, 2021, 2022]
    assert found[0].first == dt.date(2019, 5, 5)
    assert found[-1].last == dt.date(2022, 3, 3)
    one_day = dt.timedelta(days=1)
    pairs = itertools.pairwise(found)
    assert all(a.last + one_day == b.first for a, b in pairs)


@pytest.mark.parametrize("year", [1998, 2002, 2013, 2024, 2030])
def test_a_year_is_loaded_from_one_session_whatever_is_asked(year: int) -> None:
    one, other = dt.date(year, 7, 1), dt.date(year, 12, 31)
    anchors = {b.load_from for b in engine.blocks(one, one) + engine.blocks(one, other)}
    (anchor,) = anchors
    earlier = sessions.sessions_between(anchor, dt.date(year, 1, 1))
    assert sessions.is_session(anchor)
    assert len(earlier) > catalog.lookback()


def test_the_first_year_is_loaded_from_the_first_day() -> None:
    (block,) = engine.blocks(dt.date(1996, 2, 1), dt.date(1996, 3, 1))
    assert block.load_from == sessions.FIRST_DAY


def test_a_range_over_two_years_is_refused() -> None:
    with pytest.raises(errors.TableError, match="one calendar year"):
        engine.compute(adjusted_bars("A"), dt.date(2021, 12, 1), LAST)


def test_bars_before_the_block_are_refused() -> None:
    (block,) = engine.blocks(FIRST, LAST)
    early = block.load_from - dt.timedelta(days=1)
    bars = adjusted_bars("A").with_columns(session=pl.lit(early)).head(1)
    with pytest.raises(errors.TableError, match="1 rows lie before"):
        engine.compute(bars, FIRST, LAST)


def test_no_bars_give_no_rows_but_every_column() -> None:
    empty = engine.compute(adjusted_bars("A").clear(), FIRST, LAST)
    assert empty.height == 0
    assert empty.schema == tables.FEATURES.schema(tuple(catalog.names()))


def test_order_of_rows_does_not_matter() -> None:
    bars = adjusted_bars("ABC")
    shuffled = bars.sample(fraction=1.0, shuffle=True, seed=3)
    expected = engine.compute(bars, FIRST, LAST)
    assert engine.compute(shuffled, FIRST, LAST).equals(expected)
    assert expected.select("symbol", "session").equals(
        bars.filter(pl.col("session") >= FIRST).select("symbol", "session")
    )


def test_a_lone_symbol_is_its_own_market() -> None:
    row = engine.compute(adjusted_bars("A"), LAST, LAST).row(0, named=True)
    assert row["market_beta_60"] == pytest.approx(1.0)
    assert row["market_correlation_60"] == pytest.approx(1.0)
    assert row["relative_return_20"] == pytest.approx(0.0, abs=1e-12)
    assert row["market_vol_20"] == pytest.approx(row["close_vol_20"])
    assert row["trailing_return_20_rank"] == 0.5


def test_the_market_is_the_mean_return_of_those_that_traded() -> None:
    bars = adjusted_bars("ABC")
    rows = engine.compute(bars, LAST, LAST)
    close = bars.pivot("symbol", index="session", values="close").drop("session")
    mean = close.select(pl.all().pct_change()).mean_horizontal()
    market = mean.log1p().tail(5).sum()
    own = close.select(pl.all().log().diff(5).tail(1)).row(0)
    assert rows["relative_return_5"].to_list() == pytest.approx(
        [value - market for value in own], rel=1e-4
    )


def test_a_missed_session_is_compared_with_the_market_over_the_same_gap() -> None:
    bars = adjusted_bars("ABC")
    missed = sessions.shift(LAST, -1)
    traded = ~((pl.col("symbol") == "A") & (pl.col("session") == missed))
    row = engine.compute(bars.filter(traded), LAST, LAST).row(0, named=True)
    close = bars.pivot("symbol", index="session", values="close").tail(7)
    gain = close.select((pl.col("A", "B", "C") / pl.col("A", "B", "C").shift(1)) - 1)
    others = gain.select((pl.col("B") + pl.col("C")) / 2).to_series()
    before = gain.select((pl.col("A") + pl.col("B") + pl.col("C")) / 3).to_series()
    # A returns over two sessions on the last: its mean with B's and C's of one.
    two = close["A"][-1] / close["A"][-3] - 1
    last = (two + gain["B"][-1] + gain["C"][-1]) / 3
    market = np.log1p([*before[1:5], others[5], last]).sum()
    own = np.log(close["A"][-1] / close["A"][0])
    assert row["relative_return_5"] == pytest.approx(own - market, rel=1e-4)


def test_unknown_family_names_the_nearest() -> None:
    with pytest.raises(errors.SettingsError, match="Did you mean 'volume'"):
        catalog.names("volumes")
