"""A life to be killed, in a process of its own.

Processes are forked from one that has read most libraries but done nothing, so that a
kill costs the life and not the reading.
"""

import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import polars as pl

from turbomode_assets.store import home
from turbomode_assets_tests.crashes import stories

PATIENCE_SECONDS = 300.0
"""How long a life may take to begin on a machine that is busy."""

FORKS = multiprocessing.get_context("forkserver")
# Nothing that begins the threads of Polars: they do not outlive a fork.
FORKS.set_forkserver_preload(["dagster", "turbomode_assets.loop"])


def _live(root: Path, story: str, begins: Connection) -> None:
    pl.select(pl.lit(1).sum())
    begins.send(None)
    stories.live(home.Home(root), story)


def begun(root: Path, story: str) -> ForkServerProcess:
    """A process that lives a story in a home, from now on."""
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_live, args=(root, story, there))
    process.start()
    there.close()
    if not here.poll(PATIENCE_SECONDS):
        process.kill()
        message = f"expected {story} to begin, found a process that stands still"
        raise RuntimeError(message)
    here.recv()
    return process
