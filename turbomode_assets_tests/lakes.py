"""Homes of the stories on whichever kind of warehouse the suite is asked to run.

``pytest --lake`` gives each home a lake of its own; without it a home has its file.
"""

import dataclasses
import os

from turbomode_assets.store import address, home
from turbomode_assets_tests import postgres

VARIABLE = "TURBOMODE_TESTS_CLUSTER"
"""Environment variable with the folder of the server that keeps the catalogs."""


def prepare(where: home.Home, settings: home.Settings) -> None:
    """Create a home, as `home.prepare` does."""
    folder = os.environ.get(VARIABLE)
    if folder and not where.settings_file.exists():
        cluster = postgres.Cluster(folder)
        settings = dataclasses.replace(
            settings,
            warehouse=address.LAKE + cluster.words(cluster.create()),
            lake_path=str(where.root / "lake"),
        )
    home.prepare(where, settings)
