"""Time and memory of one live round, as the process that a round is.

``python benchmarks/intraday_round.py`` fills a temporary home with a year of rounds of
the simulated market, trains a champion on them, whatever the gate says of it, and takes
the last round of a session in a process of its own, as the job of a round does: fetch
from files, judge and store, eight votes, consensus with the learned model, outcomes
that are due. It prints what each step cost, and the most memory that process needed.
"""

import argparse
import dataclasses
import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from turbomode_assets import desks, intraday_tables, rounds, sessions, succession
from turbomode_assets import loop as swing_loop
from turbomode_assets.defs import desk, desk_learning, resources
from turbomode_assets.defs.partitions import Window
from turbomode_assets.intraday_policy import INTRADAY
from turbomode_assets.sources import intraday_simulated
from turbomode_assets.store import warehouse

DAY = dt.date(2024, 7, 2)
"""Session whose last round is taken."""

N_GRADED = 230
"""Sessions spoken in before it: a few more than the 210 a challenger needs."""

EVER = dt.datetime(2035, 1, 1, tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True)
class Place:
    """A home as far as a round needs one."""

    root: Path

    @property
    def database(self) -> Path:
        """The warehouse."""
        return self.root / "turbomode.duckdb"

    @property
    def market(self) -> resources.RoundsResource:
        """Files of minutes, headlines and quotes."""
        return resources.RoundsResource(kind="files", path=str(self.root / "market"))

    @property
    def models(self) -> resources.RegistryResource:
        """Where the champion lies."""
        return resources.RegistryResource(root=str(self.root / "models"))


def main() -> None:
    """Fill a home, or take one round in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-home", type=Path)
    options = parser.parse_args()
    if options.in_home:
        print(json.dumps(_take_round(Place(options.in_home))))
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        _write_market(place.root / "market")
        champion = _live(place)
        print(f"{N_GRADED} sessions stored, champion {champion}\n")
        _print(place)


def _print(place: Place) -> None:
    command = [sys.executable, __file__, "--in-home", str(place.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    found = json.loads(done.stdout)
    print("| step | wall | CPU |\n|---|---|---|")
    for name, wall, own in found["steps"]:
        print(f"| {name} | {wall:.2f} s | {own:.2f} s |")
    wall, own = (sum(step[i] for step in found["steps"]) for i in (1, 2))
    print(f"| together | {wall:.2f} s | {own:.2f} s |")
    print(f"\n{found['n_signals']} signals; at the most {found['peak']:.0f} MB, of")
    print(f"which {found['imported']:.0f} MB are imports ({found['import_own']:.1f} s)")


def _write_market(folder: Path) -> None:
    """The simulated market under the names that the desk looks at."""
    folder.mkdir()
    source = intraday_simulated.IntradaySimulated(edge=4.0)
    names = dict(zip(source.desk.names, INTRADAY.desk.names, strict=False))
    since = sessions.shift(DAY, -N_GRADED - INTRADAY.desk.lookback_sessions)
    told = source.fetch_rounds(since, DAY, EVER)
    symbol = pl.col("symbol").replace(names)
    told.bars.with_columns(symbol, interval=pl.lit("15m")).rename(
        {"stamped_at": "ts_utc"}
    ).write_parquet(folder / "bars.parquet")
    told.headlines.with_columns(symbol).drop("row", "fault").write_parquet(
        folder / "headlines.parquet"
    )
    told.chains.with_columns(symbol).rename({"known_at": "quoted_at"}).write_parquet(
        folder / "chains.parquet"
    )


def _live(place: Place) -> str:
    """Everything but the last round; version of the champion."""
    rules, eve = place.market.rules(), sessions.shift(DAY, -1)
    window = Window(sessions.shift(DAY, -N_GRADED), DAY)
    now = _now() - dt.timedelta(minutes=rounds.MINUTES)
    with warehouse.opened(place.database) as store:
        since = desk.fetched_from(store, window, rules)
        desk.keep(store, place.market.fetch(since, DAY, now), window, now, rules)
        desk.vote(store, window, rules)
        desk.speak(store, window, now, rules)
        desk.grade(store, window)
        desk.weigh(store, Window(window.first, eve), rules)
        week = sessions.week_start(DAY)
        judged = desk_learning.teach(store, place.models, week, lambda: now, rules)
        for table, rows in judged.rows.items():
            store.append(table, rows)
        card = judged.rows[desks.INTRADAY.models]
        to = swing_loop.Crowning(
            version=str(card["version"][0]), month=week, decided_at=now
        )
        crowned = succession.crown(store, to, desks.INTRADAY)
        # It reigns in the round that is measured, though the session has begun.
        crowned = crowned.with_columns(effective_from=pl.lit(DAY))
        store.append(desks.INTRADAY.champions, crowned)
    return to.version


def _now() -> dt.datetime:
    """A minute after the last round."""
    ends_at: dt.datetime = rounds.between(DAY, DAY)["ends_at"][-1]
    return ends_at + dt.timedelta(minutes=1)


def _take_round(place: Place) -> dict[str, object]:
    """The steps of one round, by name, wall and processor seconds."""
    imported, import_own = _megabytes(), time.process_time()
    window, now, rules = Window(DAY, DAY), _now(), place.market.rules()
    steps: list[tuple[str, float, float]] = []

    def timed(name: str, action: Callable[[], object]) -> object:
        began, used = time.monotonic(), time.process_time()
        found = action()
        steps.append((name, time.monotonic() - began, time.process_time() - used))
        return found

    delivery = timed("fetch from files", lambda: place.market.fetch(DAY, DAY, now))
    with warehouse.opened(place.database) as store:
        champions = desk_learning.Champions(store, place.models, rules)
        timed("judge, store", lambda: desk.keep(store, delivery, window, now, rules))  # type: ignore[arg-type]
        timed("snapshot, eight votes", lambda: desk.vote(store, window, rules))
        timed(
            "consensus, learned model",
            lambda: desk.speak(store, window, now, rules, champions.ask),
        )
        timed("due outcomes", lambda: desk.grade(store, window))
        said = store.read(intraday_tables.SIGNALS, DAY, DAY)
    return {
        "steps": steps,
        "imported": imported,
        "import_own": import_own,
        "peak": _megabytes(),
        "n_signals": said.filter(minute=rounds.FULL_SESSION * rounds.MINUTES).height,
    }


def _megabytes() -> float:
    """Most memory so far; `getrusage` would count what the parent had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [each for each in status.splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) / 1e3


if __name__ == "__main__":
    main()
