"""A home that serves and one that trains, and the place both reach, in one folder.

The ledger goes one way, what was learned comes back and is seated, and who reigns goes
the first way again.
"""

import datetime as dt
import shutil

import fsspec

from turbomode_assets import tables
from turbomode_assets.defs import exchanging
from turbomode_assets.store import exchange, home, remote, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.crashes import world
from turbomode_assets_tests.crashes.world import Story, Tables

NOW = dt.datetime(2024, 3, 9, 12, tzinfo=dt.UTC)

_LEARNED = (tables.STANDINGS, tables.MODELS, tables.OOF_PREDICTIONS, tables.VERDICTS)


def _trainer(where: home.Home) -> home.Home:
    return home.Home(where.root / "trainer")


def _prepare(where: home.Home) -> None:
    """The serving home forgets what it learned; the other one knows nothing else."""
    trainer = _trainer(where)
    lakes.prepare(trainer, home.Settings())
    with warehouse.opened(where.warehouse) as store:
        learned = {table: store.read(table) for table in _LEARNED}
    with warehouse.opened(trainer.warehouse) as store:
        for table, rows in learned.items():
            store.append(table, rows)
    shutil.move(where.models, trainer.models)
    world.forget(where)


def _live(where: home.Home) -> None:
    """Both ways once, and the first way again."""
    # By a name of its own: a copy of both homes finds the copy of their place by it.
    files, folder = fsspec.filesystem("file"), str(where.root / "place")
    place = remote.FsspecRemote(files, folder, "place")
    serving, training = (
        exchange.Side(where=end, remote=place, now=NOW)
        for end in (where, _trainer(where))
    )
    for sender, to, by in (
        ("serve", training, serving),
        ("train", serving, training),
        ("serve", training, serving),
    ):
        receiver = {"serve": "train", "train": "serve"}[sender]
        for _ in exchanging.push(by, sender):
            pass
        for _ in exchanging.pull(to, receiver, lambda _: None):
            pass


def _told(where: home.Home) -> Tables:
    return {
        f"{role}: {name}": rows
        for role, end in (("serves", where), ("trains", _trainer(where)))
        for name, rows in world.of_the_loop(end).items()
    }


EXCHANGE = Story(
    live=_live,
    prepare=_prepare,
    told=_told,
    homes=lambda where: [where, _trainer(where)],
)
