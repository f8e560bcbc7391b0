"""The page ``docs/reliability.md``, written by the sweeps and kills it tells of.

The page ends with the commands that make a home to kill, and the page itself. A story
that goes wrong is printed, and the command fails.
"""

import argparse
import dataclasses
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from turbomode_assets.invariants import verification
from turbomode_assets.store import home
from turbomode_assets_tests.contracts import test_every_invariant
from turbomode_assets_tests.crashes import kills, sweep, world

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"

MAKE = (
    "turbomode run --home HOME --symbols 16 --edge 8 --from 2021-05-03 "
    "--live-from 2024-01-02 --to 2024-03-08"
)
COMMAND = "python -m turbomode_assets_tests.crashes.report --home HOME"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told:
    """What came of a story."""

    story: str
    n_boundaries: int
    n_states: int
    n_kills: int
    n_wrong: int

    @property
    def row(self) -> str:
        """Line of the table."""
        counts = (self.n_boundaries, self.n_states, self.n_kills, self.n_wrong)
        return f"| {self.story} | {' | '.join(map(str, counts))} |"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Effort:
    """How often a story is killed at random moments, and for how long at the most."""

    n_kills: int
    seconds: float


def tell(lived: home.Home, folder: Path, story: str, effort: Effort) -> Told:
    """Sweep a story, then kill it at random moments."""
    where = world.prepared(lived, folder / f"{story}-swept", story)
    states = folder / f"{story}-states"
    found = sweep.record(where, lambda: world.live(where, story), states)
    expected = world.told(where)
    wrong = [sweep.complaints(each, story, expected) for each in found.states]
    shutil.rmtree(states)
    killer = kills.prepare(lived, folder, story)
    dice = random.Random(story)  # noqa: S311 - seeded, so that it can be repeated
    until = time.monotonic() + effort.seconds
    while killer.n_kills < effort.n_kills and time.monotonic() < until:
        killer.kill_a_life(folder, dice)
    problems = [each for each in (*wrong, *killer.wrong) if each]
    sys.stdout.write(f"{story}: {killer.n_kills} kills, wrong: {problems}\n")
    return Told(
        story=story,
        n_boundaries=found.n_boundaries,
        n_states=len(found.states),
        n_kills=killer.n_kills,
        n_wrong=len(problems),
    )


def page(told: list[Told], seconds: float, options: list[str]) -> str:
    """The page, in Markdown."""
    asked = " ".join(options[2:])
    n_plants = len(test_every_invariant.PLANTED)
    return f"""# What a home survives

Written by the command at the end; every figure is what it counted.

{len(verification.ALL)} invariants hold in a home at every moment, also between the
steps of a night: `turbomode verify`. The tests plant {n_plants} violations, and each
invariant finds its own (`turbomode_assets_tests/contracts/test_every_invariant.py`).

Stories were killed in two ways: in every state that the statements to DuckDB and the
changes of files pass through, and by SIGKILL at seeded random moments. Each time every
invariant was held against what was left at once; then the story was resumed, every
invariant held against the home again, and every table with that of a life that was not
disturbed. Wrong is what was lost, doubled or changed.

| story | statement boundaries | states on disk | SIGKILLs | wrong |
|---|---|---|---|---|
{chr(10).join(one.row for one in told)}

A night is bars, universe, features, signals and outcomes of a session; a backfill the
same for a week in one range; a restatement a night in which a source corrects a bar
three weeks old; a training a challenger, its verdict and its promotion. A range is
stored in as few transactions as a session: so many states, however long it is.

The sweep is tested by three mistakes that it must find: the marker of a session in a
transaction of its own, a model card stored before its artifact, and a flag that says
what was done in the place of looking for the rows
(`turbomode_assets_tests/scenarios/test_crashes.py`). It has swept the night in every
run of the tests.

A full disk, a read-only one, no file handles, a file that is none, a foreign program
and a log left by a crash: `turbomode_assets_tests/store/test_opening.py`. A second
`turbomode up`, and SIGTERM to it: `turbomode_assets_tests/test_cli_up.py`. A machine
that dies, sleeps, or loses its source for days:
`turbomode_assets_tests/scenarios/test_nights.py`.

Measured in {seconds:.0f} s on two cores that were shared, by

```
{MAKE}
{COMMAND} {asked}
```

Without `--kills` and `--seconds` each story is killed 125 times.
"""


def main() -> None:
    """Tell every story, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=125, help="of each story")
    parser.add_argument("--seconds", type=float, default=3600, help="for each story")
    parser.add_argument("--stories", nargs="+", default=list(world.STORIES))
    asked = parser.parse_args()
    lived, began = home.Home(asked.home.resolve()), time.monotonic()
    effort = Effort(n_kills=asked.kills, seconds=asked.seconds)
    with tempfile.TemporaryDirectory() as place:
        told = [tell(lived, Path(place), story, effort) for story in asked.stories]
    PAGE.write_text(page(told, time.monotonic() - began, sys.argv[1:]))
    sys.exit(any(one.n_wrong for one in told))


if __name__ == "__main__":
    main()
