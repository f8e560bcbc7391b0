"""The plan of a life: history by years, then months of training and sessions."""

import datetime as dt

import pytest

from turbomode_assets import errors, sessions
from turbomode_assets.defs import driver

FIRST = dt.date(2021, 5, 3)


def steps(first: dt.date, live_from: str, last: str) -> list[tuple[str, str, str]]:
    """Kind, first and last partition of each step of a plan."""
    planned = driver.plan(
        first, dt.date.fromisoformat(live_from), dt.date.fromisoformat(last)
    )
    return [(step.kind.value, str(step.first), str(step.last)) for step in planned]


def lived(live_from: str, last: str) -> list[str]:
    """Steps after history, each as its job and its only partition."""
    found = steps(FIRST, live_from, last)
    past = 1 + max(place for place, (_, first, end) in enumerate(found) if first != end)
    return [f"{kind} {first}" for kind, first, _ in found[past:]]


def test_history_is_split_by_year_and_sampled_at_once() -> None:
    found = steps(FIRST, "2024-01-02", "2024-01-02")
    assert found[:4] == [
        ("history", "2021-05-03", "2021-12-31"),
        ("history", "2022-01-03", "2022-12-30"),
        ("history", "2023-01-03", "2023-12-29"),
        ("sampling", "2021-05-02", "2023-12-24"),
    ]


def test_history_may_be_shorter_than_a_year() -> None:
    found = steps(dt.date(2023, 11, 1), "2023-12-01", "2023-12-01")
    assert found[:2] == [
        ("history", "2023-11-01", "2023-11-30"),
        ("sampling", "2023-10-29", "2023-11-26"),
    ]


def test_a_month_that_turns_in_midweek() -> None:
    assert lived("2024-01-30", "2024-02-05") == [
        "sampling 2023-12-31",
        "curation 2024-01-01",
        "ranking 2024-01-01",
        "feature_report 2024-01-01",
        "retraining 2024-01-01",
        "session 2024-01-30",
        "session 2024-01-31",
        "sampling 2024-01-28",
        "sampling 2024-01-28",
        "ranking 2024-02-01",
        "feature_report 2024-02-01",
        "retraining 2024-02-01",
        "session 2024-02-01",
        "session 2024-02-02",
        "sampling 2024-01-28",
        "session 2024-02-05",
        "sampling 2024-02-04",
        "learning_report 2024-02-01",
    ]


def test_a_month_that_turns_on_a_sunday() -> None:
    assert lived("2024-08-29", "2024-09-04") == [
        "sampling 2024-07-28",
        "ranking 2024-08-01",
        "feature_report 2024-08-01",
        "retraining 2024-08-01",
        "session 2024-08-29",
        "session 2024-08-30",
        "sampling 2024-08-25",
        "sampling 2024-08-25",
        "ranking 2024-09-01",
        "feature_report 2024-09-01",
        "retraining 2024-09-01",
        "session 2024-09-03",
        "session 2024-09-04",
        "sampling 2024-09-01",
        "learning_report 2024-09-01",
    ]


def test_a_life_may_last_one_session() -> None:
    assert lived("2024-01-02", "2024-01-02") == [
        "sampling 2023-12-31",
        "curation 2024-01-01",
        "ranking 2024-01-01",
        "feature_report 2024-01-01",
        "retraining 2024-01-01",
        "session 2024-01-02",
        "sampling 2023-12-31",
        "learning_report 2024-01-01",
    ]


def test_every_session_is_history_or_lived_once() -> None:
    live_from, last = dt.date(2023, 3, 1), dt.date(2024, 3, 8)
    planned = driver.plan(FIRST, live_from, last)
    days = [
        session
        for step in planned
        if step.kind in {driver.Kind.HISTORY, driver.Kind.SESSION}
        for session in sessions.sessions_between(step.first, step.last)
    ]
    assert days == sessions.sessions_between(FIRST, last)
    assert sum(step.n_sessions for step in planned) == len(days)


def test_a_month_is_trained_for_before_its_first_session_and_after_its_eve() -> None:
    planned = driver.plan(FIRST, dt.date(2023, 3, 1), dt.date(2024, 3, 8))
    trained = [s for s in planned if s.kind is driver.Kind.RETRAINING]
    assert [s.first.month for s in trained] == [*range(3, 13), 1, 2, 3]
    for step in trained:
        place = planned.index(step)
        before = planned[:place]
        sampled = [s for s in before if s.kind is driver.Kind.SAMPLING][-1]
        eve = step.first - dt.timedelta(days=1)
        assert sampled.first == sessions.week_start(eve)
        assert planned[place + 1].first == sessions.on_or_after(step.first)


@pytest.mark.parametrize(
    ("live_from", "last"),
    [
        ("2021-05-03", "2024-01-02"),
        ("2021-04-30", "2024-01-02"),
        ("2024-01-03", "2024-01-02"),
    ],
)
def test_dates_out_of_order(live_from: str, last: str) -> None:
    with pytest.raises(errors.SettingsError, match=f"found {FIRST}, {live_from}"):
        steps(FIRST, live_from, last)


def test_a_step_over_several_partitions_is_a_range() -> None:
    day = dt.date(2024, 1, 2)
    assert not driver.Step(driver.Kind.SESSION, day, day).is_range
    assert driver.Step(driver.Kind.HISTORY, FIRST, day).is_range
