"""A champion that fell below a baseline loses its seat, and only then."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from turbomode_assets import policy, sessions, tables
from turbomode_assets.promotion import alias, standing
from turbomode_assets.stats import classification

CLASSES = classification.CLASSES
GATE = policy.GatePolicy()
DAYS = sessions.sessions_between(dt.date(2020, 1, 2), dt.date(2023, 6, 30))
REIGN_FROM = 252
USUAL = np.array([0.1, 0.8, 0.1])
N_NAMES = 30
BY_HAND = "rolled back by hand"
NOON = dt.datetime(2024, 1, 2, 12, tzinfo=dt.UTC)


def forecast(suffix: str, p: np.ndarray) -> list[pl.Series]:
    return [pl.Series(f"p_{name}{suffix}", p[:, i]) for i, name in enumerate(CLASSES)]


def market(
    seed: int, break_at: int | None, *, is_stormy: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Forecasts and outcomes; from the break on, up and down are confused.

    In a stormy market much is known of how large a move will be, less of its sign.
    """
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(USUAL * 4, len(DAYS) * N_NAMES)
    if is_stormy:
        large, share = rng.beta(0.3, 1.2, len(truth)), rng.beta(4.0, 4.0, len(truth))
        truth = np.stack([large * share, 1.0 - large, large * (1.0 - share)], axis=1)
    drawn = (rng.random((len(truth), 1)) > truth.cumsum(axis=1)).sum(axis=1)
    said = 0.5 * truth + 0.5 * USUAL
    if break_at is not None:
        said[break_at * N_NAMES :] = said[break_at * N_NAMES :, ::-1]
    keys = pl.DataFrame(
        {
            "symbol": [f"S{n:02}" for n in range(N_NAMES)] * len(DAYS),
            "session": [day for day in DAYS for _ in range(N_NAMES)],
        }
    )
    matures = [sessions.shift(day, 11) for day in DAYS for _ in range(N_NAMES)]
    label = [CLASSES[min(place, 2)] for place in drawn]
    outcomes = keys.with_columns(
        pl.Series("matures_on", matures), pl.Series("label", label)
    )
    return keys.with_columns(*forecast("", said)), outcomes


def sizes_only(said: pl.DataFrame) -> pl.DataFrame:
    """What remains of a forecast that never confuses up and down: how large a move."""
    large = (1.0 - pl.col("p_flat")) / 2.0
    return said.with_columns(p_up=large, p_down=large)


def look(
    break_at: int | None, at: int, seed: int = 1, *, is_stormy: bool = False
) -> standing.Standing:
    """Standing on the eve of session `at`; beside volatility alone where it storms."""
    said, outcomes = market(seed, break_at, is_stormy=is_stormy)
    known = outcomes.filter(pl.col("matures_on") < DAYS[at])
    usual = said.with_columns(forecast("_base_rate", np.tile(USUAL, (said.height, 1))))
    alone = sizes_only(said)
    renamed = {f"p_{name}": f"p_{name}_volatility" for name in CLASSES}
    beside = usual.join(alone.rename(renamed), on=["symbol", "session"])
    early = beside.filter(pl.col("session") < DAYS[REIGN_FROM - 15])
    oof = early.join(outcomes.drop("matures_on"), on=["symbol", "session"])
    signals = said.filter(pl.col("session") >= DAYS[REIGN_FROM])
    shown = alone if is_stormy else alone.clear()
    return standing.assess(signals, oof, known, shown, GATE)


def test_a_planted_break_is_found_within_a_year() -> None:
    looks = [look(400, at) for at in range(400, 652, 21)]
    assert looks[0].is_passed
    fallen = [not one.is_passed for one in looks]
    assert any(fallen)
    assert fallen == sorted(fallen)


def test_who_confuses_up_and_down_falls_though_it_sees_large_moves_coming() -> None:
    found = look(300, 800, is_stormy=True)
    assert (found.against, found.is_passed) == (standing.VOLATILITY, False)
    said, outcomes = market(1, 300, is_stormy=True)
    rows = said.filter(pl.col("session") >= DAYS[300]).join(
        outcomes, on=["symbol", "session"]
    )
    usual = rows.with_columns(forecast("_base_rate", np.tile(USUAL, (rows.height, 1))))
    losses = usual.select(
        own=classification.log_loss().mean(),
        base_rate=classification.log_loss("_base_rate").mean(),
    )
    assert losses["own"][0] < losses["base_rate"][0]


@pytest.mark.parametrize("seed", range(6))
def test_a_good_champion_keeps_its_seat(seed: int) -> None:
    found = look(None, 800, seed, is_stormy=seed % 2 == 1)
    assert found.is_passed
    assert found.gain is not None
    assert found.gain > 0
    assert found.n_sessions == 800 - REIGN_FROM - 11


def test_a_champion_without_matured_signals_stands() -> None:
    found = look(None, REIGN_FROM)
    assert (found.n_sessions, found.gain, found.observed) == (0, None, 1.0)
    assert found.is_passed


def test_row_order_changes_no_bit() -> None:
    said, outcomes = market(3, 300)
    none = tables.OOF_PREDICTIONS.empty()
    mixed = said.sample(fraction=1, shuffle=True, seed=1)
    found = standing.assess(said, none, outcomes, said, GATE)
    assert found == standing.assess(mixed, none, outcomes.reverse(), mixed, GATE)


def champions(*reigns: tuple[str, str]) -> pl.DataFrame:
    days = sessions.sessions_between(dt.date(2024, 1, 2), dt.date(2024, 12, 31))
    rows = [
        {"desk": "swing", "version": version, "reason": reason}
        | {"effective_from": days[21 * n], "decided_at": NOON}
        for n, (version, reason) in enumerate(reigns)
    ]
    return pl.DataFrame(rows, schema=tables.CHAMPIONS.schema())


@pytest.mark.parametrize(
    ("reigns", "expected"),
    [
        ([("v1", "")], alias.NOBODY),
        ([("v1", ""), ("v2", "")], "v1"),
        ([("v1", ""), ("v2", ""), ("v1", alias.DEMOTED)], alias.NOBODY),
        ([("v1", ""), ("v2", ""), ("v3", ""), ("v2", alias.DEMOTED)], "v1"),
        ([("v1", ""), ("", alias.DEMOTED), ("v2", "")], alias.NOBODY),
        ([("v1", ""), ("v2", ""), ("v1", BY_HAND)], alias.NOBODY),
        ([("v1", ""), ("v2", ""), ("v3", ""), ("v2", BY_HAND)], "v1"),
        ([("v1", ""), ("v2", ""), ("v1", BY_HAND), ("v3", "")], "v1"),
        ([("v1", ""), ("v2", ""), ("v1", BY_HAND), ("v2", BY_HAND)], "v1"),
        ([("v1", ""), ("v2", ""), ("", BY_HAND), ("v3", "")], alias.NOBODY),
        ([], alias.NOBODY),
    ],
)
def test_a_predecessor_was_never_removed_itself(
    reigns: list[tuple[str, str]], expected: str
) -> None:
    assert alias.predecessor(champions(*reigns), "swing") == expected


def test_nobody_may_reign() -> None:
    rows = champions(("v1", ""), (alias.NOBODY, alias.DEMOTED), ("v2", ""))
    days = rows["effective_from"].to_list()
    found = [alias.reigning(rows, "swing", day) for day in days]
    assert found == ["v1", None, "v2"]
    assert alias.reign_began(rows, "swing", days[1]) is None
    assert alias.reign_began(rows, "swing", days[2]) == days[2]
