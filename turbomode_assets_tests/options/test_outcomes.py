"""An option pays what its price, its spread and time leave; the parts add up."""

import datetime as dt
import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turbomode_assets import intraday_tables, options_policy, options_tables
from turbomode_assets.options import lives, outcomes, quotes, selection

ATM: dict[str, Any] = {
    "right": "call",
    "spot": 100.0,
    "strike": 100.0,
    "years": 21 / 365,
    "rate": 0.04,
    "dividend_yield": 0.0,
    "vol": 0.24,
    "spread_share": 0.05,
    "exit_years": 20 / 365,
    "exit_vol": 0.24,
    "exit_yield": 0.0,
    "dividends_usd": 0.0,
}
MOVES = [round(0.5 * i, 1) for i in range(120, 281)]


def _held(**change: Any) -> pl.DataFrame:
    terms = ATM | change
    spots = pl.DataFrame({"exit_spot": terms.pop("exit_spot", MOVES)})
    return outcomes.held(spots.with_columns(**{k: pl.lit(v) for k, v in terms.items()}))


@pytest.mark.parametrize(
    ("right", "moved", "expected"),
    [
        ("call", 0.03, 0.67),
        ("call", 0.0, -0.07),
        ("call", -0.05, -0.77),
        ("put", -0.03, 0.69),
    ],
)
def test_the_predecessors_check_values(
    right: str, moved: float, expected: float
) -> None:
    """Within five points: 21 days at the money, a day later, five percent of spread."""
    found = _held(right=right, exit_spot=[100.0 * (1 + moved)])
    assert found["option_return"].item() == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("right", "sign"), [("call", 1), ("put", -1)])
@pytest.mark.parametrize("exit_years", [20 / 365, 0.5 / 365, 0.0])
def test_monotone_continuous_and_never_below_everything(
    right: str, sign: int, exit_years: float
) -> None:
    """In the move of the share, at any time, also on the last day."""
    made = _held(right=right, exit_years=exit_years)["option_return"].to_numpy()
    steps = np.diff(made) * sign
    assert steps.min() > -1e-5
    assert steps.max() < 0.25
    assert made.min() >= -1.0


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["call", "put"]),
    st.floats(60.0, 140.0),
    st.floats(0.05, 1.5),
    st.floats(0.0, 20 / 365),
    st.floats(0.0, 0.5),
)
def test_the_parts_add_up_and_costs_cost(
    right: str, exit_spot: float, exit_vol: float, exit_years: float, spread: float
) -> None:
    row = _held(
        right=right,
        exit_spot=[exit_spot],
        exit_vol=exit_vol,
        exit_years=exit_years,
        spread_share=spread,
    ).row(0, named=True)
    parts = [row[f"{name}_return"] for name in outcomes.PARTS]
    assert math.fsum(parts) == pytest.approx(row["option_return"], abs=1e-9)
    assert row["option_return"] >= -1.0
    if row["got_usd"] > 0.01:
        assert row["cost_return"] < 0


def test_greeks_explain_a_small_move() -> None:
    """Half a percent, half a day and half a point leave a residual of two percent."""
    found = _held(exit_spot=[100.5], exit_years=20.5 / 365, exit_vol=0.245)
    assert abs(found["residual_return"].item()) < 0.02
    assert found["delta_return"].item() > 0 > found["theta_return"].item()
    assert found["vega_return"].item() > 0


def test_a_wider_spread_and_a_fall_of_volatility_are_worse() -> None:
    usual = _held()["option_return"]
    assert (_held(spread_share=0.2)["option_return"] <= usual).all()
    assert (_held(exit_vol=0.2)["option_return"] <= usual).all()


@pytest.mark.parametrize("right", ["call", "put"])
def test_an_expected_dividend_moves_the_share_and_not_the_contract(right: str) -> None:
    """The share falls by 60 cents on the day it is without the dividend."""
    day = dt.date(2024, 7, 1)
    spots = {"spot": 100.0, "exit_spot": 99.4}
    taken = {"years": ATM["years"], "exit_years": ATM["exit_years"]}
    held = {"symbol": "RTX", "entered_on": day, "left_on": day + dt.timedelta(days=1)}
    due = {"dividend_yield": -math.log(1 - 0.006) / ATM["years"]}
    paid = {"symbol": "RTX", "session": held["left_on"], "dividend": 0.6}
    row = pl.DataFrame([held | spots | taken | due])
    left = lives.dividends_left(row, pl.DataFrame([paid])).row(0, named=True)
    assert left == pytest.approx({"dividends_usd": 0.6, "exit_yield": 0.0}, abs=1e-9)
    terms = due | left | {"right": right, "exit_spot": [99.4]}
    found = _held(**terms).row(0, named=True)
    quiet = _held(right=right, exit_spot=[100.0]).row(0, named=True)
    assert found["option_return"] == pytest.approx(quiet["option_return"], abs=0.02)
    assert found["delta_return"] == pytest.approx(0.0, abs=1e-9)
    # Had it not been paid, it would still be expected: the fall is the share's own.
    unpaid = lives.dividends_left(row, quotes.NO_DIVIDENDS).row(0, named=True)
    assert unpaid["dividends_usd"] == 0.0
    assert unpaid["exit_yield"] > due["dividend_yield"]


NONE = quotes.NO_DIVIDENDS
DAY = dt.date(2024, 7, 1)
SIGNAL = {"symbol": "RTX", "session": DAY, "minute": 60, "horizon": "60_minutes"}


def _world(vol_later: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ends of two signals, and modeled quotes at entry and exit."""
    end = SIGNAL | {
        "exit_on": DAY,
        "maturity": "final",
        "entry": 100.0,
        "exit": 101.0,
        "realized_return": 0.01,
        "is_up": True,
        "side": "buy",
        "is_hit": True,
    }
    late = end | {"minute": 180, "side": "sell", "exit": None, "maturity": "pending"}
    schema = intraday_tables.OUTCOMES.schema()
    moments = pl.DataFrame(
        {
            "symbol": ["RTX"] * 2,
            "session": [DAY] * 2,
            "minute": [60, 120],
            "spot": [100.0, 101.0],
            "vol": [0.2, vol_later],
        }
    )
    return pl.DataFrame([end, late], schema=schema), quotes.modeled(
        moments, quotes.NO_DIVIDENDS
    )


def test_a_signal_earns_what_its_contract_made() -> None:
    """A move of implied volatility shows in vega's part and nowhere else."""
    for vol, points in ((0.2, 0.0), (0.22, 2.0)):
        ends, quoted = _world(vol)
        chosen = selection.choose(ends, quoted)
        found = outcomes.of_signals(chosen, ends, quoted, NONE)
        first = found.row(0, named=True)
        assert found.schema == options_tables.OUTCOMES.schema()
        assert (first["basis"], first["right"], first["refusal"]) == (
            "model",
            "call",
            None,
        )
        own = chosen.filter(pl.col("side") == "buy").row(0, named=True)
        expected = own["vega"] * points / (first["paid_usd"] + 0.0065)
        assert first["vega_return"] == pytest.approx(expected, abs=0.005)


def test_what_has_not_ended_has_no_return() -> None:
    ends, quoted = _world(0.2)
    found = outcomes.of_signals(selection.choose(ends, quoted), ends, quoted, NONE)
    assert found["option_return"].is_null().to_list() == [False, True]


def test_a_refused_signal_keeps_its_reason_and_has_no_contract() -> None:
    ends, quoted = _world(0.2)
    dear = options_policy.RiskPolicy(max_trade_usd=1.0)
    rules = options_policy.OptionsPolicy(risk=dear)
    found = outcomes.of_signals(
        selection.choose(ends, quoted, rules), ends, quoted, NONE
    )
    assert found["refusal"].to_list() == ["unaffordable"] * 2
    assert found["strike"].is_null().all()
    assert found["option_return"].is_null().all()
