"""A home that learns, lived by Dagster's own daemons through every trouble there is.

What it ends with is what its timetable, followed to the letter, ends with. The short
form lives one spring: the clocks change, Good Friday is a holiday, March ends on a
Sunday that ends a quarter, too; six minutes of CPU time. The long form lives two years,
two hours of CPU time: ``pytest -n 0 -m slow -k "two and years" <this file>``.
"""

import dataclasses
import datetime as dt
import signal
from collections.abc import Iterator

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import (
    loop,
    market_tables,
    policy,
    report_tables,
    schema,
    sessions,
    tables,
)
from turbomode_assets.promotion import alias
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import verifying
from turbomode_assets_tests.scenarios import simulated_time, to_the_letter
from turbomode_assets_tests.scenarios.simulated_time import Machine, Past, new_york
from turbomode_assets_tests.scenarios.to_the_letter import Life

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("long life"),
    pytest.mark.timeout(6 * 3600),
]

SETTINGS = home.Settings(
    n_symbols=16, edge=8.0, first=dt.date(2021, 5, 3), is_intraday=False
)
LEAN = dataclasses.replace(
    policy.SWING,
    training=dataclasses.replace(policy.SWING.training, line_up="lean_two"),
)
"""A champion is needed here, not a good one."""

SPANS = {
    "a spring": ("2024-02-25", "2024-04-29"),
    "two years": ("2023-12-31", "2026-01-05"),
}
"""First and last day; each begins on a Sunday before a month turns."""

ROUND = dt.timedelta(days=56)
"""From one round of trouble to the next."""

FIRST_ROUND = new_york("2024-01-07 12:00")

LATE = {
    tables.SIGNALS: "mode",
    tables.SAMPLES: "origin",
    tables.MODELS: "data_fingerprint",
}
"""Columns that say, or are made of, how late a signal was emitted."""

APART = (market_tables.RANKINGS, report_tables.MESSAGES)
"""Rankings tell live signals from replayed ones, and messages tell of the trouble."""

COMPARED = [table for table in tables.ALL if table not in APART]


@dataclasses.dataclass(frozen=True)
class Span:
    """From when until when a home is lived, and its rounds of trouble."""

    begin: dt.datetime
    end: dt.datetime

    @property
    def rounds(self) -> list[dt.datetime]:
        """Sundays at noon."""
        every = [FIRST_ROUND + n * ROUND for n in range(20)]
        return [at for at in every if self.begin < at and at + ROUND <= self.end]

    @property
    def down(self) -> list[list[str]]:
        """The source is down for four days from the first Monday on."""
        return [[at.isoformat() for at in _days(b, 1, 5)] for b in self.rounds]

    def corrections(self, symbol: str) -> list[list[str]]:
        """What the source corrects on the second Monday, in every world."""
        found = []
        for begin in self.rounds:
            known = (begin + dt.timedelta(days=8)).replace(hour=20)
            session = sessions.on_or_before(known.date() - dt.timedelta(days=20))
            found.append([str(session), symbol, "1.2", known.isoformat()])
        return found


def _days(begin: dt.datetime, *offsets: int) -> list[dt.datetime]:
    return [begin + dt.timedelta(days=n) for n in offsets]


@pytest.fixture(scope="module", params=SPANS)
def span(request: pytest.FixtureRequest) -> Span:
    begin, end = SPANS[request.param]
    return Span(new_york(f"{begin} 12:00"), new_york(f"{end} 12:00"))


@pytest.fixture(scope="module")
def past(span: Span, tmp_path_factory: pytest.TempPathFactory) -> Past:
    eve = sessions.on_or_before(span.begin.date())
    week = sessions.week_start(span.begin.date()) - dt.timedelta(days=7)
    lived = [str(sessions.shift(eve, n)) for n in (-4, -3, 0)]
    first = str(sessions.week_start(SETTINGS.first))
    runs = (
        ("history", str(SETTINGS.first), lived[0]),
        ("session", lived[1], lived[2]),
        ("sampling", first, str(week)),
    )
    root = tmp_path_factory.mktemp("young")
    return simulated_time.young(root, SETTINGS, runs, LEAN)


@pytest.fixture(scope="module")
def calm(
    span: Span, past: Past, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Life]:
    """Bars are corrected now and then, and nothing else goes wrong."""
    root = tmp_path_factory.mktemp("calm") / "home"
    troubles = {"corrections": span.corrections("SIM003")}
    with dg.DagsterInstance.ephemeral() as instance:
        life = to_the_letter.begin(past, root, instance, troubles)
        life.live(span.begin, span.end)
        yield life


@pytest.fixture(scope="module")
def troubled(
    span: Span, past: Past, tmp_path_factory: pytest.TempPathFactory
) -> Machine:
    """Off for days or weeks, a source down for four days, power cuts."""
    root = tmp_path_factory.mktemp("troubled") / "home"
    troubles = {"corrections": span.corrections("SIM003"), "down": span.down}
    machine = simulated_time.wake(past, root, span.begin, troubles)
    for begin in span.rounds:
        cut, *outages = _days(begin, 9, 12, 17, 19, 40, 42, 56)
        _lose_power(machine, sessions.on_or_after(cut.date()))
        for off, on in zip(outages[::2], outages[1::2], strict=True):
            machine.live(off)
            machine.sleep(on)
    machine.live(span.end)
    return machine


def _lose_power(machine: Machine, session: dt.date) -> None:
    """In the midst of the nightly run."""
    machine.live(new_york(f"{session} 22:40"))
    died = simulated_time.die(machine.where, str(session))
    assert died.returncode == -signal.SIGKILL


@pytest.mark.parametrize("table", COMPARED, ids=lambda table: table.name)
def test_trouble_ends_with_the_same_tables(
    calm: Life, troubled: Machine, table: schema.Table
) -> None:
    late = [LATE[table]] if table in LATE else []
    assert troubled.read(table).drop(late).equals(calm.read(table).drop(late))


def test_every_session_is_signaled_by_its_champion(troubled: Machine) -> None:
    champions = troubled.read(tables.CHAMPIONS)
    spoken = troubled.read(tables.SIGNALS).select("session", "champion_version")
    for session, version in spoken.unique().iter_rows():
        assert alias.reigning(champions, loop.DESK, session) == version
    days = spoken["session"].unique().sort().to_list()
    assert days == sessions.sessions_between(days[0], days[-1])


def test_without_trouble_every_signal_is_live(calm: Life) -> None:
    assert set(calm.read(tables.SIGNALS)["mode"]) == {"live"}


def test_with_trouble_what_came_late_says_so(troubled: Machine) -> None:
    assert set(troubled.read(tables.SIGNALS)["mode"]) == {"live", "replay"}


def test_every_month_is_judged_once(span: Span, troubled: Machine) -> None:
    months = troubled.read(tables.MODELS)["month"].sort().to_list()
    turns = pl.date_range(span.begin.date(), span.end.date(), "1d", eager=True)
    assert months == turns.filter(turns.dt.day() == 1).to_list()
    verdicts = troubled.read(tables.VERDICTS)
    assert verdicts["version"].n_unique() == len(months)


def test_a_gate_that_fails_leaves_the_champion_where_it_is(troubled: Machine) -> None:
    refused = troubled.read(tables.VERDICTS).filter(~pl.col("is_passed"))
    assert not set(refused["version"]) & set(troubled.read(tables.CHAMPIONS)["version"])
    assert not refused.is_empty()


def test_nothing_is_doubled(troubled: Machine) -> None:
    with warehouse.opened(troubled.where.warehouse) as store:
        assert not any(store.doubled_keys(table) for table in tables.ALL)


def test_what_must_hold_holds(troubled: Machine) -> None:
    assert verifying.broken(troubled.where) == {}
