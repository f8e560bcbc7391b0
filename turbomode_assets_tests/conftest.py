"""A small home that has lived, built once for every story that looks at it."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import schema
from turbomode_assets.defs import assembly, driver
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes, postgres

SETTINGS = home.Settings(n_symbols=16, edge=8.0, first=dt.date(2021, 5, 3))
LIVE_FROM = dt.date(2024, 1, 2)
LAST = dt.date(2024, 3, 8)


@dataclasses.dataclass(frozen=True)
class Lived:
    """A home, its definitions and instance, and what came of each step.

    `again` is what came of the same steps right afterwards.
    """

    where: home.Home
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    taken: list[driver.Taken]
    again: list[driver.Taken] = dataclasses.field(default_factory=list)

    def read(self, table: schema.Table) -> pl.DataFrame:
        """Rows of a table without the columns that say when something ran."""
        with warehouse.opened(self.where.warehouse) as store:
            return store.read(table).drop(table.wall_clock_columns)


def live(
    root: Path,
    instance: dg.DagsterInstance,
    stop_after: int = 10**6,
    last: dt.date = LAST,
) -> Lived:
    """Live the small history in `root`, or as much of it as `stop_after` steps."""
    where = home.Home(root)
    lakes.prepare(where, SETTINGS)
    definitions = assembly.assemble(where, SETTINGS)
    steps = driver.plan(SETTINGS.first, LIVE_FROM, last)
    agent = driver.Driver(where, definitions, instance)
    taken = [one for _, one in zip(range(stop_after), agent.live(steps), strict=False)]
    return Lived(where, definitions, instance, taken)


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Home that lived without interruption."""
    with dg.DagsterInstance.ephemeral() as instance:
        root = tmp_path_factory.mktemp("lived")
        once = live(root, instance)
        # Other tests materialize by hand later, in any order.
        yield dataclasses.replace(once, again=live(root, instance).taken)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Kind of warehouse the stories run on."""
    text = "homes of the stories have lakes: a PostgreSQL server is started for them"
    parser.addoption("--lake", action="store_true", help=text)


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """Real PostgreSQL server."""
    if postgres.programs() is None:
        pytest.skip("there is no PostgreSQL server here")
    with postgres.running() as found:
        yield found


@pytest.fixture(scope="session", autouse=True)
def _lakes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Servers for the catalogs of lakes, where stories run on them."""
    with pytest.MonkeyPatch.context() as patch:
        if request.config.getoption("--lake"):
            cluster: postgres.Cluster = request.getfixturevalue("cluster")
            patch.setenv(lakes.VARIABLE, cluster.folder)
        yield
