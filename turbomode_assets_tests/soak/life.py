"""A process that follows the timetable tick by tick, in a world of faults.

Every tick opens the warehouse anew, as ``turbomode run`` does. One that fails is tried
again before anything that was due later: a source that is down is asked every few
hours, all else at once. After each the process says where it is, so that whoever
started it may kill it and start the next one there.
"""

import dataclasses
import datetime as dt
import logging
import random
import resource
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterUnknownPartitionError
from dagster._core.test_utils import freeze_time

from turbomode_assets import errors
from turbomode_assets.defs import assembly, automation, resources, ticks
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests.crashes.world import LEAN
from turbomode_assets_tests.scenarios import simulated_time, to_the_letter
from turbomode_assets_tests.scenarios.troubled_market import TroubledMarket
from turbomode_assets_tests.soak import faults

PAUSE, A_MINUTE = dt.timedelta(hours=4), dt.timedelta(minutes=1)

PATIENCE = 100
"""Tries of a tick before it counts as stuck."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """What a process is to live."""

    root: Path
    begin: dt.datetime
    until: dt.datetime
    plan: faults.Plan
    now: dt.datetime
    """Where its clock stands."""
    n_done: int = 0
    """Ticks that are done."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Said:
    """How far a process is."""

    n_done: int
    now: dt.datetime
    fault: str
    """What befell the tick; empty where nothing did."""
    answer: str
    """Error it ended with; empty where it is done."""
    peak_mb: float


REPORTS = ("feature_report", "learning_report")
"""Jobs that are left out: they take as long as the rest, and nothing rests on them."""


def timetable(begin: dt.datetime, until: dt.datetime) -> list[ticks.Tick]:
    """Every tick of a life, ascending."""
    lines = [line for line in automation.TIMETABLE if line.job not in REPORTS]
    return ticks.due(lines, begin, until)


def live(order: Order, line: Connection) -> None:
    """Follow the timetable from where it was left to the order's end."""
    where = home.Home(order.root)
    settings = home.read_settings(where)
    stock = resources.market(where, settings).model_dump()
    down = [[moment.isoformat() for moment in span] for span in order.plan.down]
    market = TroubledMarket(
        **stock | {"down": down, "corrections": order.plan.corrections}
    )
    parts = {"market": market, "clock": simulated_time.SimulatedClock()}
    definitions = assembly.assemble(where, settings, parts, rules=LEAN)
    logging.getLogger("dagster").setLevel(logging.ERROR)
    with dg.DagsterInstance.ephemeral() as instance:
        one = to_the_letter.Life(where, definitions, instance)
        _Walk(order, one, line).go(timetable(order.begin, order.until))


class _Walk:
    """The ticks, one after another."""

    def __init__(self, order: Order, one: to_the_letter.Life, line: Connection) -> None:
        self._order, self._life, self._line = order, one, line
        self._now = order.now
        self._dice = random.Random(order.n_done)  # noqa: S311 - no secret

    def go(self, every: Sequence[ticks.Tick]) -> None:
        for n, tick in enumerate(every):
            if n >= self._order.n_done:
                self._follow(tick, n)

    def _follow(self, tick: ticks.Tick, n: int) -> None:
        """Try until it is done."""
        fault = self._order.plan.trials.get(tick.name, "")
        for _ in range(PATIENCE):
            self._now = self._awake(max(self._now, tick.at))
            answer, pause = self._try(tick, fault)
            self._say(n + (not answer), fault, answer)
            if not answer:
                return
            self._now, fault = self._now + pause, ""
        message = f"{tick.name} was tried {PATIENCE} times"
        raise RuntimeError(message)

    def _try(self, tick: ticks.Tick, fault: str) -> tuple[str, dt.timedelta]:
        """What a try ended with, and how long to wait then."""
        now = self._now
        if fault == faults.BACK:
            now -= self._dice.choice(faults.BACKWARDS)
        try:
            with (
                freeze_time(now.astimezone(dt.UTC)),
                faults.befalling(fault, self._life.where, self._dice),
                warehouse.opened(self._life.where.database),
            ):
                self._life.follow(tick)
        except errors.SourceError as fault_found:
            return str(fault_found), PAUSE
        except errors.TurbomodeError as fault_found:
            return str(fault_found), A_MINUTE
        except DagsterUnknownPartitionError as fault_found:
            # A clock that jumped back over the turn of a month: it is yet to come.
            return str(fault_found), A_MINUTE
        return "", A_MINUTE

    def _awake(self, now: dt.datetime) -> dt.datetime:
        """The same moment, or the end of an outage it lies in."""
        return max(
            [now, *(end for off, end in self._order.plan.off if off <= now < end)]
        )

    def _say(self, n_done: int, fault: str, answer: str) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self._line.send(
            Said(
                n_done=n_done,
                now=self._now,
                fault=fault,
                answer=answer,
                peak_mb=used,
            )
        )
