"""Which faults befall a home, and when: drawn by a seed, a handful every four weeks.

Some befall the machine and take time (`Plan.off`, `Plan.down`), some a single tick of
the timetable (`Plan.trials`), and some end the process (`Plan.kills`). What the source
corrects (`Plan.corrections`) it corrects in a life without faults, too.
"""

import contextlib
import dataclasses
import datetime as dt
import random
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence

from turbomode_assets import sessions
from turbomode_assets.defs import ticks
from turbomode_assets.store import home
from turbomode_assets_tests.store.test_opening import no_handles_left

ROUND = dt.timedelta(days=28)
"""From one round of faults to the next; begins on a Sunday."""

FULL, HANDLES, HELD, BACK = "full disk", "no file handle", "foreign lock", "clock back"

TRIALS = (FULL, HANDLES, HELD, BACK)
"""What may befall a single tick."""

HELD_SECONDS = 0.5

ROOM = (0, 4096, 65536, 300_000, 2_000_000)
"""How large a file may still become where the disk is full, in bytes."""

BACKWARDS = (dt.timedelta(minutes=5), dt.timedelta(hours=3), dt.timedelta(days=3))
"""How far the clock jumps back for a tick."""

Span = tuple[dt.datetime, dt.datetime]


@dataclasses.dataclass
class Plan:
    """Every fault of a life."""

    off: list[Span] = dataclasses.field(default_factory=list)
    """The machine stands still."""

    down: list[Span] = dataclasses.field(default_factory=list)
    """The source fails."""

    kills: list[dt.datetime] = dataclasses.field(default_factory=list)
    """SIGKILL in the first tick after that."""

    trials: dict[str, str] = dataclasses.field(default_factory=dict)
    """By tick: what befalls it at first."""

    corrections: list[list[str]] = dataclasses.field(default_factory=list)
    """Fields of `troubled_market.Correction`."""


def drawn(seed: int, timetable: Sequence[ticks.Tick]) -> Plan:
    """The faults of a life.

    Parameters
    ----------
    seed
        Draws them.
    timetable
        Every tick of the life, ascending.
    """
    dice, plan = random.Random(seed), Plan()  # noqa: S311 - no secret is drawn
    begin, end = timetable[0].at, timetable[-1].at
    while begin + ROUND <= end:
        _draw_spans(dice, plan, begin)
        within = [tick for tick in timetable if begin <= tick.at < begin + ROUND]
        for kind, tick in zip(TRIALS, dice.sample(within, len(TRIALS)), strict=True):
            plan.trials[tick.name] = kind
        begin += ROUND
    return plan


def _draw_spans(dice: random.Random, plan: Plan, begin: dt.datetime) -> None:
    """A week with a source that is down, one with a correction, one that is off."""
    plan.down.append(_span(dice, begin + dt.timedelta(days=1)))
    if dice.random() < 1 / 3:
        known = (begin + dt.timedelta(days=8)).replace(hour=20)
        session = sessions.on_or_before(known.date() - dt.timedelta(days=20))
        plan.corrections.append([str(session), "SIM003", "1.2", known.isoformat()])
    plan.off.append(_span(dice, begin + dt.timedelta(days=14)))
    plan.kills.append(begin + dt.timedelta(days=dice.uniform(0, 28)))


def _span(dice: random.Random, since: dt.datetime) -> Span:
    since += dt.timedelta(days=dice.uniform(0, 2))
    return since, since + dt.timedelta(days=dice.uniform(0.5, 4))


@contextlib.contextmanager
def befalling(kind: str, where: home.Home, dice: random.Random) -> Iterator[None]:
    """Let a fault of the machine last as long as the context."""
    if kind == FULL:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (dice.choice(ROOM), most))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    elif kind == HANDLES:
        with no_handles_left():
            yield
    elif kind == HELD:
        with _held_elsewhere(where):
            yield
    else:
        yield


_HOLDER = """
import fcntl, sys, time
with open(sys.argv[1], "a") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print(flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextlib.contextmanager
def _held_elsewhere(where: home.Home) -> Iterator[None]:
    """Another process has the warehouse's lock, for a while."""
    lock = f"{where.database}.lock"
    command = [sys.executable, "-c", _HOLDER, lock, str(HELD_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:  # noqa: S603
        assert other.stdout is not None
        other.stdout.readline()
        yield
