"""A cluster in small: PostgreSQL, Redis, a daemon and two workers on one lake."""

import contextlib
import datetime as dt
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from turbomode_assets import schema, sessions, tables
from turbomode_assets.defs import assembly, metadata, partitions
from turbomode_assets.store import address, home, warehouse
from turbomode_assets_tests import postgres

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.xdist_group("servers"),
]

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "cluster"
SETTINGS = home.Settings(
    n_symbols=6, first=dt.date(2024, 1, 2), is_intraday=False, partitions_per_run=42
)
LAST = dt.date(2024, 6, 28)
BARS = ("market/bar_revisions", "market/bars")
THEN: tuple[tuple[str, ...], ...] = (("swing/features",), ("swing/outcomes",))
"""What Dagster backfills together must lie on one path of what was chosen."""
WRITTEN = (tables.BARS, tables.FEATURES, tables.OUTCOMES)
N_WORKERS = 2
PATIENCE_SECONDS = 60


@contextlib.contextmanager
def started(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Process for as long as the context lasts; what it says is kept."""
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - programs of the cluster
            command, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:  # a daemon may wait for its code server
                process.kill()
                process.wait()


@pytest.fixture
def where(
    cluster: postgres.Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[home.Home]:
    """Home on a lake, and a broker; Dagster keeps its own in PostgreSQL."""
    redis = shutil.which("redis-server")
    if redis is None:
        pytest.skip("needs the package redis-server")
    pytest.importorskip("dagster_celery", reason="needs turbomode-assets[cluster]")
    found = home.Home(tmp_path / "home")
    home.prepare(found, SETTINGS)
    url = address.LAKE + cluster.words(cluster.create())
    home.point(found, url, str(tmp_path / "lake"))
    shutil.copy(DEPLOY / "dagster.yaml", found.root)
    socket = tmp_path / "redis.sock"
    kept = f"{postgres.USER}@/{cluster.create()}?host={cluster.folder}"
    names = {
        home.VARIABLE: str(found.root),
        home.PAUSED: "1",
        "DAGSTER_HOME": str(found.root),
        "DAGSTER_EVENT_BATCH_SIZE": "500",
        "TURBOMODE_DAGSTER_URL": f"postgresql+psycopg2://{kept}",
        "TURBOMODE_BROKER_URL": f"redis+socket://{socket}",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, DEPLOY))),
    }
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    broker = [redis, "--port", "0", "--unixsocket", str(socket), "--save", ""]
    with started(broker, tmp_path / "redis.log"):
        yield found


@contextlib.contextmanager
def working(folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Daemon and workers; the workers."""
    python = [sys.executable, "-m"]
    daemon = [*python, "dagster._daemon", "run", "-m", "turbomode_assets.definitions"]
    worker = [*python, "celery", "-A", "dagster_celery.app", "worker", "-Q", "dagster"]
    with contextlib.ExitStack() as running:
        running.enter_context(started(daemon, folder / "daemon.log"))
        yield [
            running.enter_context(
                started(
                    [*worker, "-c", "1", "-n", f"w{number}@%h"],
                    folder / f"worker{number}.log",
                )
            )
            for number in range(N_WORKERS)
        ]


def backfill(
    instance: dg.DagsterInstance, definitions: dg.Definitions, assets: Sequence[str]
) -> list[dg.DagsterRun]:
    """Have the daemon backfill some assets; the runs it took."""
    name = assets[0].partition("/")[2]
    days = sessions.sessions_between(SETTINGS.first, LAST)
    instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            backfill_id=name,
            asset_graph=definitions.resolve_asset_graph(),
            partition_names=list(map(partitions.key, days)),
            asset_selection=[dg.AssetKey(asset.split("/")) for asset in assets],
            backfill_timestamp=time.time(),
            tags={},
            dynamic_partitions_store=instance,
            all_partitions=False,
            title=None,
            description=None,
            run_config=None,
        )
    )
    waiting = (BulkActionStatus.REQUESTED, BulkActionStatus.FAILING)
    while (found := instance.get_backfill(name)) is None or found.status in waiting:
        time.sleep(1.0)
    assert found.status is BulkActionStatus.COMPLETED_SUCCESS, found.error
    return list(instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": name})))


def materialize(
    instance: dg.DagsterInstance,
    definitions: dg.Definitions,
    assets: Sequence[dg.AssetKey],
    tags: dict[str, str],
) -> None:
    """Materialize assets in this process."""
    job = definitions.resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(instance=instance, asset_selection=assets, tags=tags)
    assert done.success


def process_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """Process that executed a run, as Dagster says it."""
    said = [entry.message for entry in instance.all_logs(run.run_id)]
    return next(line for line in said if "in process (pid: " in line).rpartition(" ")[2]


def read(where: home.Home, table: schema.Table) -> pl.DataFrame:
    with warehouse.opened(where.warehouse) as store:
        assert store.doubled_keys(table) == 0
        return store.read(table).drop(table.wall_clock_columns)


def test_a_backfill_spread_over_workers_ends_with_the_tables_of_one_machine(
    where: home.Home, tmp_path: Path
) -> None:
    definitions = assembly.assemble(where, home.read_settings(where))
    universe = metadata.key(tables.UNIVERSE)
    with dg.DagsterInstance.get() as instance, working(tmp_path):
        runs = backfill(instance, definitions, BARS)
        materialize(instance, definitions, [universe], {})
        for assets in THEN:
            runs += backfill(instance, definitions, assets)
        workers = {process_of(instance, run) for run in runs}
    assert len(runs) > N_WORKERS
    assert len(workers) == N_WORKERS
    alone = home.Home(tmp_path / "alone")
    home.prepare(alone, SETTINGS)
    definitions = assembly.assemble(alone, SETTINGS)
    days = partitions.range_tags(partitions.Window(SETTINGS.first, LAST))
    with dg.DagsterInstance.ephemeral() as instance:
        for assets, tags in ((BARS, days), ((), {}), *((one, days) for one in THEN)):
            keys = [dg.AssetKey(asset.split("/")) for asset in assets] or [universe]
            materialize(instance, definitions, keys, tags)
    for table in WRITTEN:
        assert read(where, table).equals(read(alone, table)), table.name
