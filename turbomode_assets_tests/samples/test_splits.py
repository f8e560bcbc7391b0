"""Walk-forward folds against hand-made dates and a brute-force oracle."""

import datetime as dt

import hypothesis
import hypothesis.strategies as st
import polars as pl
import pytest

from turbomode_assets import errors, policy, sessions
from turbomode_assets.samples import splits

FIRST = dt.date(2020, 1, 2)


def periods_of(n_sessions: int, calendar_days: int = 14) -> pl.DataFrame:
    days = sessions.sessions_between(FIRST, sessions.shift(FIRST, n_sessions - 1))
    return sessions.holding_periods(days, calendar_days)


def rules(n_folds: int, fold_sessions: int, embargo: int) -> policy.TrainingPolicy:
    return policy.TrainingPolicy(
        n_folds=n_folds,
        fold_sessions=fold_sessions,
        embargo_sessions=embargo,
        min_train_sessions=20,
    )


def is_apart(train: dict[str, dt.date], test: dict[str, dt.date]) -> bool:
    return (
        train["matures_on"] < test["session"] or test["matures_on"] < train["session"]
    )


def test_dates_of_one_fold_by_hand() -> None:
    periods = periods_of(60)
    first, second = splits.walk_forward(periods, rules(2, 5, 2))
    assert first.test_sessions[0] == dt.date(2020, 3, 16)
    assert second.test_sessions == tuple(periods["session"][-5:])
    # Embargo from 2020-03-12; entered on 02-26, a signal of 02-25 matures on 03-11.
    assert first.train_sessions[0] == FIRST
    assert first.train_sessions[-1] == dt.date(2020, 2, 25)


@hypothesis.settings(deadline=None, max_examples=25)
@hypothesis.given(
    n_folds=st.integers(2, 4),
    fold_sessions=st.integers(5, 15),
    embargo=st.integers(0, 8),
    calendar_days=st.integers(1, 30),
)
def test_folds_equal_the_brute_force_oracle(
    n_folds: int, fold_sessions: int, embargo: int, calendar_days: int
) -> None:
    periods = periods_of(130, calendar_days)
    rows = periods.to_dicts()
    folds = splits.walk_forward(periods, rules(n_folds, fold_sessions, embargo))
    for fold in folds:
        start = 130 - (n_folds - fold.number) * fold_sessions
        tested = rows[start : start + fold_sessions]
        barred = rows[start - embargo]["session"]
        learned = [row for row in rows[:start] if row["matures_on"] < barred]
        assert fold.test_sessions == tuple(row["session"] for row in tested)
        assert fold.train_sessions == tuple(row["session"] for row in learned)
        assert all(is_apart(train, test) for train in learned for test in tested)
    assert splits.overlaps(folds, periods).is_empty()


def test_order_of_the_periods_is_irrelevant() -> None:
    periods = periods_of(90)
    shuffled = periods.sample(fraction=1.0, shuffle=True, seed=1)
    chosen = rules(3, 10, 3)
    assert splits.walk_forward(shuffled, chosen) == splits.walk_forward(periods, chosen)


@hypothesis.settings(deadline=None, max_examples=25)
@hypothesis.given(st.sets(st.integers(0, 39), min_size=1, max_size=39))
def test_audit_finds_exactly_the_overlapping_pairs(tested: set[int]) -> None:
    periods = periods_of(40)
    rows = periods.to_dicts()
    train = [row for n, row in enumerate(rows) if n not in tested]
    test = [row for n, row in enumerate(rows) if n in tested]
    fold = splits.Fold(
        0, tuple(r["session"] for r in train), tuple(r["session"] for r in test)
    )
    expected = [
        (0, a["session"], b["session"])
        for a in train
        for b in test
        if not is_apart(a, b)
    ]
    assert splits.overlaps([fold], periods).rows() == expected


def test_a_fold_that_leaks_is_refused_before_anything_learns_from_it() -> None:
    periods = periods_of(60)
    first, second = splits.walk_forward(periods, rules(2, 5, 0))
    splits.require_apart([first, second], periods)
    # Entered on 03-09, a signal of 03-06 matures on 03-23, the first day predicted.
    days = tuple(periods["session"])
    late = splits.Fold(1, days[:-5], second.test_sessions)
    with pytest.raises(errors.Leakage, match="2020-03-06 and 2020-03-23 of fold 1"):
        splits.require_apart([first, late], periods)


@pytest.mark.parametrize("n_sessions", [0, 5, 49, 64])
def test_too_short_a_history_says_what_was_expected(n_sessions: int) -> None:
    periods = periods_of(90).head(n_sessions)
    with pytest.raises(
        errors.NotEnoughHistory, match=r"at least 20 sessions, found \d"
    ):
        splits.walk_forward(periods, rules(5, 10, 5))
