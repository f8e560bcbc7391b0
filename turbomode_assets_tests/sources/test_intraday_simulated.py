"""What is planted in the simulated intraday market, and that nothing else is."""

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from turbomode_assets import errors
from turbomode_assets.sources import intraday_market, intraday_simulated

EVER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
STRONG = {"edge": 4.0, "turns_every": 252}


def year_of(**options: Any) -> intraday_market.Year:
    market = intraday_simulated.IntradaySimulated(**options).market
    return intraday_simulated._year(market, 2018)  # noqa: SLF001 - what nobody sees


def correlation(
    signal: npt.NDArray[np.number[Any]], year: intraday_market.Year
) -> float:
    """Of a signal at each round with the return of the next hour."""
    log_close = np.log(year.closes[:, 0])
    ahead = log_close[4:] - log_close[:-4]
    return float(np.corrcoef(signal[:-4], ahead)[0, 1])


def test_a_story_moves_the_price_only_after_it_broke() -> None:
    year = year_of(**STRONG)
    is_told = np.convolve(year.story[:, 0], np.ones(8))[: year.story.shape[0]]
    assert correlation(is_told, year) > 0.05
    quiet = year_of(edge=0.0)
    assert abs(correlation(is_told, quiet)) < 0.05


def test_option_flow_turns_around() -> None:
    year = year_of(edge=4.0, turns_every=126)
    is_before = year.grid["session"].to_numpy() < np.datetime64("2018-07-03")
    flow = year.flow[:, 0]
    assert correlation(np.where(is_before, flow, 0), year) > 0.05
    assert correlation(np.where(is_before, 0, flow), year) < -0.05


def test_the_volatility_index_says_the_volatility_of_the_market() -> None:
    year = year_of(edge=0.0)
    market = intraday_simulated.IntradaySimulated().market
    index = year.closes[:, market.names.index(market.volatility_index)]
    fund = np.diff(np.log(year.closes[:, market.names.index("INDEX1")]))
    assert index.mean() / 100 == pytest.approx(fund.std() * np.sqrt(252 * 26), rel=0.15)


def test_quotes_are_ordered_and_worth_what_they_pay() -> None:
    source = intraday_simulated.IntradaySimulated()
    day = dt.date(2018, 2, 1)
    chain = source.fetch_rounds(day, day, EVER).chains
    assert chain.select((pl.col("bid") <= pl.col("last")).all()).item()
    assert chain.select((pl.col("last") <= pl.col("ask")).all()).item()
    assert chain["minute"].unique().sort().to_list() == [60 * i for i in range(1, 7)]


def test_it_begins_on_its_first_session() -> None:
    source = intraday_simulated.IntradaySimulated()
    with pytest.raises(errors.SourceError, match="begins on 2018-01-02"):
        source.fetch_rounds(dt.date(2017, 12, 29), dt.date(2018, 1, 3), EVER)
    with pytest.raises(errors.SettingsError, match="needs a seed and an edge from 0"):
        intraday_simulated.IntradaySimulated(edge=-1.0)
