"""A life to be killed: ``python -m turbomode_assets_tests.crashes.victim HOME STORY``.

Lives a story in a home, says when it begins to, and is killed by whoever started it.
"""

import sys
from pathlib import Path

from turbomode_assets.store import home
from turbomode_assets_tests.crashes import world

BEGINS = "begins"

if __name__ == "__main__":
    sys.stdout.write(f"{BEGINS}\n")
    sys.stdout.flush()
    world.live(home.Home(Path(sys.argv[1])), sys.argv[2])
