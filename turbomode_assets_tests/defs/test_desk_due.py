"""What the intraday desk is asked to do next, and when it is left alone."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from turbomode_assets import rounds, sessions
from turbomode_assets.defs import desk_automation, desk_due, resources, ticks
from turbomode_assets.defs.partitions import Window
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests.defs import desk_life
from turbomode_assets_tests.defs.desk_life import EVE, HALF_DAY, Life, evening

MONDAY, AFTER = dt.date(2024, 7, 1), dt.date(2024, 7, 5)
MORNING = dt.datetime(2024, 7, 3, 13, 46, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("missing", "tries", "expected"),
    [
        ([], {}, None),
        ([HALF_DAY], {}, (HALF_DAY, HALF_DAY)),
        ([HALF_DAY], {HALF_DAY: 3}, None),
        ([MONDAY, EVE, HALF_DAY], {}, (MONDAY, HALF_DAY)),
        ([MONDAY, HALF_DAY], {}, (MONDAY, MONDAY)),
        ([MONDAY, EVE, HALF_DAY], {MONDAY: 1}, (EVE, HALF_DAY)),
        ([MONDAY, HALF_DAY], {MONDAY: 1}, (HALF_DAY, HALF_DAY)),
        ([MONDAY, HALF_DAY], {MONDAY: 1, HALF_DAY: 3}, (MONDAY, MONDAY)),
        ([MONDAY], {MONDAY: 2}, (MONDAY, MONDAY)),
        ([MONDAY], {MONDAY: 3}, None),
    ],
)
def test_the_oldest_comes_first_and_what_failed_comes_last(
    missing: list[dt.date],
    tries: dict[dt.date, int],
    expected: tuple[dt.date, dt.date] | None,
) -> None:
    found = desk_due.choose(missing, HALF_DAY, lambda day: tries.get(day, 0))
    assert found == (Window(*expected) if expected else None)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A desk that spoke on the eve alone."""
    begun = desk_life.begun(tmp_path_factory.mktemp("due"))
    begun.speak(Window(EVE, EVE), evening(EVE))
    return begun


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (evening(EVE), []),
        (dt.datetime(2024, 7, 3, 13, 44, tzinfo=dt.UTC), []),
        (MORNING, [HALF_DAY]),
        (evening(HALF_DAY), [HALF_DAY]),
        (dt.datetime(2024, 7, 4, 16, 0, tzinfo=dt.UTC), [HALF_DAY]),
        (dt.datetime(2024, 7, 6, 16, 0, tzinfo=dt.UTC), [HALF_DAY, AFTER]),
    ],
)
def test_a_round_is_due_once_it_has_ended(
    life: Life, now: dt.datetime, expected: list[dt.date]
) -> None:
    with warehouse.opened(life.where.warehouse) as store:
        assert desk_due.unspoken(store, now) == expected


def test_a_long_outage_is_made_up_for_as_far_as_it_reaches(life: Life) -> None:
    with warehouse.opened(life.where.warehouse) as store:
        missing = desk_due.unspoken(store, evening(dt.date(2024, 8, 30)))
    since = sessions.shift(dt.date(2024, 8, 30), -desk_due.REACH_SESSIONS)
    assert missing == sessions.sessions_between(since, dt.date(2024, 8, 30))


def test_a_new_desk_begins_with_the_newest_session(tmp_path: Path) -> None:
    with warehouse.opened(tmp_path / "new.duckdb") as store:
        assert desk_due.unspoken(store, MORNING) == [HALF_DAY]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_the_evening_asks_for_what_was_not_learned(
    life: Life, instance: dg.DagsterInstance
) -> None:
    store = resources.stored(life.where)
    early = dt.datetime(2024, 7, 2, 15, 0, tzinfo=dt.UTC)
    assert isinstance(desk_due.next_weighing(instance, store, early), str)
    step = desk_due.next_weighing(instance, store, evening(EVE))
    assert not isinstance(step, str)
    assert (step.job, step.first, step.last) == ("intraday_weights", str(EVE), str(EVE))


def test_a_resting_desk_asks_for_nothing(
    life: Life, instance: dg.DagsterInstance
) -> None:
    store = resources.stored(life.where)
    resting = resources.rounds(life.where, home.Settings(is_intraday=False))
    found = desk_due.next_round(instance, store, resting, MORNING)
    assert "switched off" in str(found)


@pytest.mark.parametrize(
    "first", [dt.date(2024, 3, 4), dt.date(2024, 7, 1), dt.date(2024, 10, 28)]
)
def test_a_tick_follows_every_round_within_two_minutes(first: dt.date) -> None:
    """In weeks with a half day and on both sides of changes of clocks."""
    last = first + dt.timedelta(days=11)
    line = ticks.Line(
        name="round",
        job="round",
        cron=desk_automation.CRONS[desk_due.ROUND],
        partition_on=str,
        is_done=lambda *_: False,
    )
    began = dt.datetime.combine(first, dt.time(), dt.UTC)
    asked = {tick.at for tick in ticks.due([line], began, began + dt.timedelta(12))}
    for ends_at in rounds.between(first, last)["ends_at"]:
        assert ends_at + dt.timedelta(minutes=1) in asked
