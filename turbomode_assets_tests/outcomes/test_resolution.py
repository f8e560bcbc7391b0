"""Outcomes by hand, against a plain loop, and blind to everything outside them."""

import datetime as dt
import itertools
import math
import statistics
from typing import Any

import hypothesis
import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st

from turbomode_assets import errors, policy, sessions, tables
from turbomode_assets.outcomes import resolution

DAYS = sessions.sessions_between(dt.date(2024, 5, 1), dt.date(2024, 9, 30))
HORIZON = policy.HorizonPolicy(barrier_vol_sessions=5)
PERIODS = sessions.holding_periods(DAYS[10:-15], HORIZON.calendar_days)
ENTRY, EXIT = PERIODS.row(0)[1:]


def market(seed: int, symbols: str = "ABC", share_missing: float = 0.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = len(symbols) * len(DAYS)
    opened = 100 * np.exp(rng.normal(0, 0.1, n))
    closed = opened * np.exp(rng.normal(0, 0.03, n))
    split = np.where(rng.random(n) < 0.03, rng.choice([2.0, 0.5], n), 1.0)
    columns = {
        "symbol": np.repeat(list(symbols), len(DAYS)),
        "session": DAYS * len(symbols),
        "open": opened,
        "high": np.maximum(opened, closed) * 1.01,
        "low": np.minimum(opened, closed) * 0.99,
        "close": closed,
        "dividend": np.where(rng.random(n) < 0.05, rng.random(n), 0.0),
        "split_ratio": split,
    }
    frame = pl.DataFrame(columns)
    return frame.filter(pl.Series(rng.random(n) >= share_missing))


def universe(
    symbols: str = "ABC",
    valid_to: dt.date | None = None,
    delisted_on: dt.date | None = None,
) -> pl.DataFrame:
    rows = [(name, DAYS[0], valid_to, delisted_on) for name in symbols]
    days = dict.fromkeys(("valid_from", "valid_to", "delisted_on"), pl.Date)
    return pl.DataFrame(rows, schema={"symbol": pl.String, **days}, orient="row")


def quiet(changes: dict[dt.date, dict[str, float]]) -> pl.DataFrame:
    """Symbol A at 100 throughout but for `changes`; B trades beside it."""
    still = dict.fromkeys(("open", "high", "low", "close"), 100.0)
    still |= {"dividend": 0.0, "split_ratio": 1.0}
    rows = [
        {"symbol": name, "session": day, **still, **(changes.get(day, {}))}
        for name in "AB"
        for day in DAYS
    ]
    return pl.DataFrame(rows)


def resolve_first(bars: pl.DataFrame, **options: Any) -> dict[str, Any]:
    members = universe("A", **options)
    return resolution.resolve(bars, members, PERIODS[:1], HORIZON).row(0, named=True)


def test_total_return_by_hand() -> None:
    paid, cut, paid_after = (sessions.shift(ENTRY, n) for n in (1, 2, 3))
    halves = {"open": 50.0, "high": 50.0, "low": 50.0, "close": 50.0}
    later = [day for day in DAYS if day >= cut]
    changes = {day: dict(halves) for day in later}
    changes[paid] = {"dividend": 1.0}
    changes[cut] |= {"split_ratio": 2.0}
    changes[paid_after] |= {"dividend": 0.5}
    changes[EXIT] |= {"close": 60.0, "high": 61.0}
    found = resolve_first(quiet(changes))
    assert found["realized_return"] == pytest.approx((60 * 2 + 1 + 0.5 * 2) / 100 - 1)
    assert found["best_excursion"] == pytest.approx((61 * 2 + 1 + 0.5 * 2) / 100 - 1)
    assert found["worst_excursion"] == pytest.approx(0.0)
    assert (found["label_symmetric_10pct"], found["status"]) == ("up", "final")


def test_actions_of_the_entry_session_are_in_its_open() -> None:
    found = resolve_first(quiet({ENTRY: {"dividend": 9.0, "split_ratio": 3.0}}))
    assert found["realized_return"] == 0.0


def test_delisted_exits_at_the_last_close() -> None:
    gone = sessions.shift(ENTRY, 4)
    left = quiet({gone: {"close": 80.0, "low": 79.0}})
    left = left.filter((pl.col("symbol") == "B") | (pl.col("session") <= gone))
    found = resolve_first(left, valid_to=gone, delisted_on=gone)
    assert (found["status"], found["exit_on"], found["exit"]) == ("delisted", gone, 80)
    assert found["label_symmetric_10pct"] == "down"
    assert found["worst_excursion"] == pytest.approx(-0.21)


def test_leaving_the_universe_alone_is_no_delisting() -> None:
    found = resolve_first(quiet({}), valid_to=sessions.shift(ENTRY, 4))
    assert (found["status"], found["exit_on"]) == ("final", EXIT)


def test_a_lost_exit_is_not_priced_because_the_symbol_left_the_universe() -> None:
    lost = (pl.col("symbol") == "A") & (pl.col("session") == EXIT)
    left_on = sessions.shift(EXIT, -1)
    found = resolve_first(quiet({}).filter(~lost), valid_to=left_on)
    assert (found["status"], found["exit_on"]) == ("pending", None)


def test_delisted_after_leaving_the_universe_exits_at_the_last_close() -> None:
    left_on, gone = sessions.shift(ENTRY, 2), sessions.shift(ENTRY, 5)
    still = quiet({gone: {"close": 70.0, "low": 70.0}})
    still = still.filter((pl.col("symbol") == "B") | (pl.col("session") <= gone))
    found = resolve_first(still, valid_to=left_on, delisted_on=gone)
    assert (found["status"], found["exit_on"], found["exit"]) == ("delisted", gone, 70)


@pytest.mark.parametrize(
    ("missing", "status"), [(ENTRY, "unavailable"), (EXIT, "pending")]
)
def test_no_price_no_outcome(missing: dt.date, status: str) -> None:
    lost = (pl.col("symbol") == "A") & (pl.col("session") == missing)
    found = resolve_first(quiet({}).filter(~lost))
    unknown = {name for name, value in found.items() if value is None}
    assert found["status"] == status
    assert unknown == {
        "exit_on",
        "entry",
        "exit",
        "realized_return",
        "best_excursion",
        "worst_excursion",
        "label_symmetric_10pct",
        "label_seed_10pct",
        "label_triple_barrier_vol",
    }


def test_only_members_that_traded_have_rows() -> None:
    day = PERIODS["session"][0]
    absent = (pl.col("symbol") == "C") & (pl.col("session") == day)
    members = universe("AC")
    found = resolution.resolve(market(1).filter(~absent), members, PERIODS[:1], HORIZON)
    assert found["symbol"].to_list() == ["A"]
    late = members.with_columns(valid_from=pl.lit(ENTRY))
    assert resolution.resolve(market(1), late, PERIODS[:1], HORIZON).is_empty()


def test_a_period_that_has_not_matured_is_refused() -> None:
    early = market(1).filter(pl.col("session") < EXIT)
    with pytest.raises(errors.MissingUpstream, match=str(early["session"].max())):
        resolution.resolve(early, universe(), PERIODS[:1], HORIZON)


def test_one_by_one_equals_all_at_once_bit_for_bit() -> None:
    bars = market(3, share_missing=0.02)
    every = resolution.resolve(bars, universe(), PERIODS, HORIZON)
    single = [
        resolution.resolve(bars, universe(), PERIODS[place], HORIZON)
        for place in range(PERIODS.height)
    ]
    assert pl.concat(single).sort("symbol", "session").equals(every)
    assert every["status"].n_unique() > 1


def test_only_the_own_window_matters() -> None:
    bars, period = market(4), PERIODS[20]
    reach = HORIZON.barrier_vol_sessions + 1
    first = sessions.shift(period["session"].item(), -reach)
    own = bars.filter(pl.col("session").is_between(first, period["matures_on"].item()))
    found = resolution.resolve(own, universe(), period, HORIZON)
    assert found.equals(resolution.resolve(bars, universe(), period, HORIZON))
    assert found["label_triple_barrier_vol"].null_count() == 0


def test_a_later_delisting_changes_nothing() -> None:
    bars = market(4)
    day = sessions.shift(EXIT, 1)
    later = universe(valid_to=day, delisted_on=day)
    found = resolution.resolve(bars, later, PERIODS[:1], HORIZON)
    assert found.equals(resolution.resolve(bars, universe(), PERIODS[:1], HORIZON))


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(st.integers(0, 10**6))
def test_agrees_with_a_plain_loop(seed: int) -> None:
    bars = market(seed, "AB", share_missing=0.03)
    found = resolution.resolve(bars, universe("AB"), PERIODS, HORIZON)
    by_key = {(b["symbol"], b["session"]): b for b in bars.iter_rows(named=True)}
    for row in found.sample(12, seed=seed).iter_rows(named=True):
        expected = hold(by_key, row)
        for name, value in expected.items():
            assert row[name] == pytest.approx(value), name


def hold(by_key: dict[Any, Any], row: dict[str, Any]) -> dict[str, Any]:
    """One outcome, one bar at a time."""
    held = sessions.sessions_between(row["entry_on"], row["matures_on"])
    path = [by_key.get((row["symbol"], day)) for day in held]
    if path[0] is None or path[-1] is None:
        status = "unavailable" if path[0] is None else "pending"
        return {"realized_return": None, "status": status, "exit_on": None}
    shares, cash, reached = 1.0, 0.0, []
    for step, bar in enumerate(path):
        if bar is None:
            continue
        if step:
            shares *= bar["split_ratio"]
            cash += bar["dividend"] * shares
        worth = (shares * bar[field] + cash for field in ("low", "close", "high"))
        reached.append([value / path[0]["open"] - 1 for value in worth])
    barrier = daily_vol(by_key, row) * math.sqrt(len(held))
    return {
        "realized_return": reached[-1][1],
        "worst_excursion": min(low for low, _, _ in reached),
        "best_excursion": max(high for _, _, high in reached),
        "label_triple_barrier_vol": touch(reached, barrier),
        "status": "final",
    }


def daily_vol(by_key: dict[Any, Any], row: dict[str, Any]) -> float:
    days = sessions.sessions_between(DAYS[0], row["session"])[-6:]
    path = [by_key.get((row["symbol"], day)) for day in days]
    if None in path:
        return math.nan
    bars = [bar for bar in path if bar is not None]
    returns = [
        now["split_ratio"] * (now["close"] + now["dividend"]) / before["close"] - 1
        for before, now in itertools.pairwise(bars)
    ]
    return float(statistics.stdev(returns))


def touch(reached: list[list[float]], barrier: float) -> str | None:
    if math.isnan(barrier):
        return None
    for low, _, high in reached:
        if low <= -barrier:
            return "down"
        if high >= barrier:
            return "up"
    return "flat"


def signaled(side: str) -> pl.DataFrame:
    day = PERIODS["session"][0]
    return pl.DataFrame({"symbol": ["A"], "session": [day], "side": [side]})


@pytest.mark.parametrize(
    ("close", "side", "is_hit"),
    [
        (120.0, "buy", True),
        (100.0, "buy", False),
        (80.0, "sell", True),
        (120.0, "sell", False),
        (120.0, "hold", None),
    ],
)
def test_a_side_is_graded(close: float, side: str, is_hit: bool | None) -> None:  # noqa: FBT001
    bars = quiet({EXIT: {"close": close, "high": 130.0, "low": 70.0}})
    outcomes = resolution.resolve(bars, universe("AB"), PERIODS[:1], HORIZON)
    graded = resolution.grade(outcomes, signaled(side))
    assert graded["side"].to_list() == [side, None]
    assert graded["is_hit"].to_list() == [is_hit, None]


def test_without_signals_every_outcome_stays() -> None:
    outcomes = resolution.resolve(market(1), universe(), PERIODS, HORIZON)
    graded = resolution.grade(outcomes, tables.SIGNALS.empty())
    assert graded.height == outcomes.height
    assert graded["is_hit"].null_count() == graded.height


def test_no_period_no_outcome() -> None:
    found = resolution.resolve(market(1), universe(), PERIODS[:0], HORIZON)
    assert resolution.grade(found, tables.SIGNALS.empty()).is_empty()
