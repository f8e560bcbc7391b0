"""What kills leave behind, counted story by story for ``docs/reliability.md``.

A story that goes wrong is printed, and the command fails.
"""

import argparse
import dataclasses
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from turbomode_assets.store import home
from turbomode_assets_tests import reliability_page
from turbomode_assets_tests.crashes import kills, stories, sweep


@dataclasses.dataclass(frozen=True, kw_only=True)
class Effort:
    """How often a story is killed at random moments, and for how long at the most."""

    n_kills: int
    seconds: float


def tell(lived: home.Home, folder: Path, story: str, effort: Effort) -> bool:
    """Sweep a story, then kill it at random moments; whether nothing was wrong."""
    where = stories.prepared(lived, folder / f"{story}-swept", story)
    states = folder / f"{story}-states"
    found = sweep.record(where, lambda: stories.live(where, story), states)
    expected = stories.told(where, story)
    wrong = [stories.complaints(each, story, expected) for each in found.states]
    shutil.rmtree(states)
    killer = kills.prepare(lived, folder, story)
    dice = random.Random(story)  # noqa: S311 - seeded, so that it can be repeated
    until = time.monotonic() + effort.seconds
    while killer.n_kills < effort.n_kills and time.monotonic() < until:
        killer.kill_a_life(folder, dice)
    problems = [each for each in (*wrong, *killer.wrong) if each]
    sys.stdout.write(f"{story}: {killer.n_kills} kills, wrong: {problems}\n")
    sys.stdout.flush()
    counted = {
        "boundaries": found.n_boundaries,
        "states": len(found.states),
        "kills": killer.n_kills,
        "wrong": len(problems),
    }
    reliability_page.tell("kills", story, counted)
    return not problems


def main() -> None:
    """Tell every story, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=100, help="of each story")
    parser.add_argument("--seconds", type=float, default=3600, help="for each story")
    parser.add_argument("--stories", nargs="+", default=list(stories.ALL))
    asked = parser.parse_args()
    lived = home.Home(asked.home.resolve())
    effort = Effort(n_kills=asked.kills, seconds=asked.seconds)
    with tempfile.TemporaryDirectory() as place:
        went_well = [tell(lived, Path(place), story, effort) for story in asked.stories]
    sys.exit(not all(went_well))


if __name__ == "__main__":
    main()
