"""A contract that stands for a signal meets every bound; a refusal names the first."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from turbomode_assets import options_tables
from turbomode_assets.options import selection

DAY = dt.date(2024, 7, 1)
SOUND: dict[str, Any] = {
    "symbol": "RTX",
    "session": DAY,
    "minute": 60,
    "expires_on": DAY + dt.timedelta(days=18),
    "strike": 102.0,
    "right": "call",
    "basis": "quoted",
    "spot": 100.0,
    "bid": 1.30,
    "ask": 1.40,
    "traded": 60.0,
    "open_interest": 20.0,
    "age_minutes": 0.0,
    "years": 0.05,
    "rate": 0.04,
    "dividend_yield": 0.0,
    "vol": 0.25,
    "delta": 0.40,
    "gamma": 0.06,
    "theta": -0.06,
    "vega": 0.09,
    "finding": None,
}


def quotes(*changes: dict[str, Any]) -> pl.DataFrame:
    """Quotes that differ from the sound one as told."""
    rows = [SOUND | change for change in changes]
    schema = options_tables.QUOTES.schema()
    return options_tables.QUOTES.conform(pl.DataFrame(rows, schema=schema))


def signal(minute: int = 60, side: str = "buy") -> pl.DataFrame:
    """One signal."""
    moment = {"symbol": "RTX", "session": DAY, "minute": minute, "side": side}
    return pl.DataFrame(moment, schema_overrides={"minute": pl.Int64})


def test_a_sound_contract_is_taken_with_its_age() -> None:
    found = selection.choose(signal(105), quotes({})).row(0, named=True)
    assert found["refusal"] is None
    assert (found["strike"], found["ask"], found["quote_age_minutes"]) == (102, 1.4, 45)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"right": "put", "delta": -0.4}, "no_right"),
        ({"expires_on": DAY + dt.timedelta(days=6)}, "life"),
        ({"expires_on": DAY + dt.timedelta(days=46)}, "life"),
        ({"finding": "stale"}, "quote"),
        ({"bid": 1.10}, "spread"),
        ({"traded": 49.0, "open_interest": 99.0}, "illiquid"),
        ({"traded": None, "open_interest": None}, "illiquid"),
        ({"delta": 0.24}, "delta"),
        ({"delta": 0.66}, "delta"),
        ({"bid": 1.90, "ask": 2.0}, "unaffordable"),
    ],
)
def test_every_bound_refuses(change: dict[str, Any], refusal: str) -> None:
    found = selection.choose(signal(), quotes(change))
    assert found["refusal"].to_list() == [refusal]


@pytest.mark.parametrize("minute", [45, 135])
def test_a_chain_of_the_future_or_too_long_ago_is_not_seen(minute: int) -> None:
    found = selection.choose(signal(minute), quotes({}))
    assert found["refusal"].to_list() == ["no_fresh_chain"]


def test_of_several_the_nearest_in_life_then_in_delta_is_taken() -> None:
    later: dict[str, Any] = {"expires_on": DAY + dt.timedelta(days=39)}
    offered = quotes(later, {"strike": 103.0, "delta": 0.3}, {"strike": 101.0})
    found = selection.choose(signal(), offered).row(0, named=True)
    assert (found["strike"], found["expires_on"]) == (101.0, SOUND["expires_on"])


def test_a_sell_takes_a_put_and_a_hold_nothing() -> None:
    offered = quotes({}, {"right": "put", "delta": -0.4, "strike": 98.0})
    asked = pl.concat([signal(side="sell"), signal(side="hold")])
    found = selection.choose(asked, offered)
    assert found["strike"].to_list() == [98.0]
    assert selection.feasibility(found)["share"].to_list() == [1.0]


def test_a_model_has_no_volume_to_be_asked_for() -> None:
    unknown: dict[str, Any] = {"basis": "model", "traded": None, "open_interest": None}
    found = selection.choose(signal(), quotes(unknown))
    assert found["refusal"].to_list() == [None]
