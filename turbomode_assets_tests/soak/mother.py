"""Whoever starts the processes of a life, kills them, and looks at what they leave.

After every kill each invariant must hold. At the turn of a year the home is measured,
backed up and restored, and it is the restored one that lives on.
"""

import contextlib
import dataclasses
import datetime as dt
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from turbomode_assets.store import backup, home, warehouse
from turbomode_assets_tests import verifying
from turbomode_assets_tests.contracts.test_every_table import EVERY
from turbomode_assets_tests.crashes.victim import FORKS
from turbomode_assets_tests.soak import life

KILL_WITHIN_SECONDS = 1.0
"""Of life after the moment a kill was planned for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Year:
    """A home at the end of a year."""

    year: int
    n_rows: int
    database_mb: float
    home_mb: float
    peak_mb: float
    """Of the largest of its processes."""
    seconds: float


@dataclasses.dataclass
class Life:
    """A home and what befell it.

    Parameters
    ----------
    order
        What is still to be lived.
    tell
        Called with a line now and then.
    """

    order: life.Order
    tell: Callable[[str], None]
    faults: Counter[str] = dataclasses.field(default_factory=Counter)
    answers: dict[str, str] = dataclasses.field(default_factory=dict)
    """By fault: the newest sentence it was answered with."""
    wrong: list[str] = dataclasses.field(default_factory=list)
    years: list[Year] = dataclasses.field(default_factory=list)
    peak_mb: float = 0.0
    n_looks: int = 0
    """How often every invariant was held against it."""

    @property
    def where(self) -> home.Home:
        """The home."""
        return home.Home(self.order.root)

    def go_on(self, until: dt.datetime, dice: random.Random) -> None:
        """Live to a moment, through every kill that is planned until then."""
        end = len(life.timetable(self.order.begin, until))
        kills = [at for at in self.order.plan.kills if self.order.now <= at < until]
        while self.order.n_done < end:
            kill_at = next((at for at in kills if at >= self.order.now), None)
            self._live(until, kill_at, dice)

    def _live(
        self, until: dt.datetime, kill_at: dt.datetime | None, dice: random.Random
    ) -> None:
        """One process, to its end or to its death."""
        here, there = FORKS.Pipe(duplex=False)
        order = dataclasses.replace(self.order, until=until)
        process = FORKS.Process(target=life.live, args=(order, there))
        process.start()
        there.close()
        with contextlib.suppress(EOFError):
            while kill_at is None or self.order.now < kill_at:
                self._note(here.recv())
            time.sleep(dice.uniform(0, KILL_WITHIN_SECONDS))
            process.kill()
            while True:
                self._note(here.recv())
        process.join()
        if process.exitcode == -signal.SIGKILL:
            self.faults["SIGKILL"] += 1
            self.order = dataclasses.replace(
                self.order, now=max(self.order.now, kill_at or self.order.now)
            )
        elif process.exitcode:
            message = f"{self.order.now}: a process ended with {process.exitcode}"
            raise RuntimeError(message)
        self.look()

    def _note(self, said: life.Said) -> None:
        if said.fault:
            self.faults[said.fault] += 1
        if said.answer:
            name = said.fault or "source down"
            self.faults[name] += not said.fault
            self.answers[name] = said.answer
        self.peak_mb = max(self.peak_mb, said.peak_mb)
        self.order = dataclasses.replace(self.order, n_done=said.n_done, now=said.now)

    def look(self) -> None:
        """Hold every invariant against the home."""
        self.n_looks += 1
        for name, rows in verifying.broken(self.where).items():
            self.wrong.append(f"{self.order.now}: {name}: {rows}")
            self.tell(self.wrong[-1])

    def measure(self, year: int, seconds: float) -> None:
        """Look at what a year has left."""
        files = [path for path in self.where.root.rglob("*") if path.is_file()]
        with warehouse.opened(self.where.database) as store:
            n_rows = sum(store.columns(table, table.key).height for table in EVERY)
        found = Year(
            year=year,
            n_rows=n_rows,
            database_mb=self.where.database.stat().st_size / 1e6,
            home_mb=sum(path.stat().st_size for path in files) / 1e6,
            peak_mb=self.peak_mb,
            seconds=seconds,
        )
        self.years.append(found)
        self.peak_mb = 0.0
        self.tell(f"{found} {dict(self.faults)}")

    def restore(self, folder: Path) -> None:
        """Back the home up, and live on in what is restored of it."""
        kept, again = folder / "kept", home.Home(folder / "again")
        with backup.written(self.where, kept, 60):
            pass
        with backup.restored(kept, again):
            pass
        shutil.rmtree(self.where.root)
        shutil.rmtree(kept)
        again.root.rename(self.where.root)
        self.faults["backup and restore"] += 1
        self.look()
