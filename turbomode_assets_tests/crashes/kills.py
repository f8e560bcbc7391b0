"""Real kills, at seeded random moments.

A process lives a story in a copy of its eve and gets SIGKILL at a moment drawn between
its beginning and the end an undisturbed process takes. What it left must keep every
invariant; the next process goes on in the same home and is killed in its turn. In the
end the story is resumed to its end and held against the life that was not disturbed.
How often this is done, and what is written of it, stands in ``report.py``.
"""

import dataclasses
import random
import shutil
import signal
import time
from pathlib import Path

from turbomode_assets.store import home
from turbomode_assets_tests import lakes
from turbomode_assets_tests.crashes import stories, victim
from turbomode_assets_tests.crashes.world import Tables

KILLS_PER_LIFE = 8
"""Kills of one home before it may live its story to the end."""


@dataclasses.dataclass
class Killer:
    """Kills lives of a story, and keeps what was wrong with what they left.

    Parameters
    ----------
    eve
        Home on the eve of the story.
    story
        The story.
    seconds
        How long an undisturbed life takes.
    expected
        Its tables.
    """

    eve: home.Home
    story: str
    seconds: float
    expected: Tables
    n_kills: int = 0
    wrong: list[dict[str, object]] = dataclasses.field(default_factory=list)

    def kill_a_life(self, folder: Path, dice: random.Random) -> None:
        """Live and be killed several times in a copy of the eve, then to the end."""
        root = folder / f"{self.story}-{self.n_kills}"
        lakes.copy_tree(self.eve.root, root)
        for _ in range(KILLS_PER_LIFE):
            if not self._is_killed(root, dice.uniform(0, self.seconds)):
                break
            self.n_kills += 1
            found = stories.broken(home.Home(root), self.story)
            self.wrong += [dict(found)] * bool(found)
        found_at_last = stories.complaints(root, self.story, self.expected)
        self.wrong += [found_at_last] * bool(found_at_last)
        shutil.rmtree(root)

    def _is_killed(self, root: Path, seconds: float) -> bool:
        """Whether the process was killed before it ended."""
        process = victim.begun(root, self.story)
        process.join(seconds)
        process.kill()
        process.join()
        return process.exitcode == -signal.SIGKILL


def prepare(lived: home.Home, folder: Path, story: str) -> Killer:
    """A story's eve, its undisturbed end, and how long that took."""
    eve = stories.prepared(lived, folder / f"{story}-eve", story)
    calm = folder / f"{story}-calm"
    lakes.copy_tree(eve.root, calm)
    began = time.monotonic()
    stories.live(home.Home(calm), story)
    seconds = time.monotonic() - began
    return Killer(eve, story, seconds, stories.told(home.Home(calm), story))
