"""Homes of the stories on whichever kind of warehouse the suite is asked to run.

``pytest --lake`` gives each home a lake of its own; without it a home has its file.
"""

import dataclasses
import os
import shutil
from pathlib import Path

from turbomode_assets.store import address, home
from turbomode_assets_tests import postgres

VARIABLE = "TURBOMODE_TESTS_CLUSTER"
"""Environment variable with the folder of the server that keeps the catalogs."""


def are_asked_for() -> bool:
    """Whether homes have lakes."""
    return VARIABLE in os.environ


def _cluster() -> postgres.Cluster:
    return postgres.Cluster(os.environ[VARIABLE])


def place(file: Path) -> address.Address:
    """A warehouse that does not exist yet: the file, or a lake in its place."""
    if not are_asked_for():
        return file
    cluster = _cluster()
    return address.Lake(cluster.words(cluster.create()), str(file.with_suffix(".lake")))


def prepare(where: home.Home, settings: home.Settings) -> None:
    """Create a home, as `home.prepare` does."""
    if are_asked_for() and not where.settings_file.exists():
        lake = place(where.database)
        assert isinstance(lake, address.Lake)
        settings = dataclasses.replace(
            settings, warehouse=str(lake), lake_path=lake.files
        )
    home.prepare(where, settings)


def copy(lived: home.Home, where: home.Home) -> None:
    """Copy settings and warehouse of a home that nobody has open."""
    where.root.mkdir(parents=True, exist_ok=True)
    for file in (lived.settings_file, lived.database):
        if file.exists():
            shutil.copy(file, where.root)
    _part(where)


def copy_tree(folder: Path, to: Path) -> None:
    """Copy a folder and every home in it that nobody has open."""
    shutil.copytree(folder, to)
    for file in to.rglob("settings.toml"):
        _part(home.Home(file.parent))


def _part(where: home.Home) -> None:
    """Part the lake of a copied home from that of the first; a file came along.

    The files of a lake are never changed, so that one folder does for both.
    """
    lake = where.warehouse
    if isinstance(lake, address.Lake):
        cluster = _cluster()
        words = cluster.words(cluster.copied(lake.catalog))
        home.point(where, address.LAKE + words, lake.files)
