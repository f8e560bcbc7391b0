"""Our event log keeps Dagster's files: each reads what the other wrote."""

import pathlib
from collections.abc import Callable

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from turbomode_assets.defs import event_log
from turbomode_assets.store import home

STOCK = "telemetry:\n  enabled: false\n"


@dg.asset
def nothing() -> None:
    """Asset that stands for any other."""


KEY = nothing.key

Opener = Callable[[pathlib.Path], dg.DagsterInstance]


@pytest.fixture
def ours(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Folder of a home with our event log."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    home.prepare(home.Home(tmp_path), home.Settings())
    return tmp_path


def stock(root: pathlib.Path) -> dg.DagsterInstance:
    """Instance on the same folder that has never heard of our event log."""
    (root / "stock.yaml").write_text(STOCK)
    return dg.DagsterInstance.from_config(str(root), "stock.yaml")


def pooled(root: pathlib.Path) -> dg.DagsterInstance:
    """Instance as the home names it."""
    return dg.DagsterInstance.from_config(str(root))


def run(instance: dg.DagsterInstance) -> str:
    """Run the asset; the run's identifier."""
    result = dg.materialize([nothing], instance=instance)
    assert result.success
    return result.run_id


def told(instance: dg.DagsterInstance, run_id: str) -> list[tuple[object, str]]:
    """Everything the log says of a run."""
    return [
        (entry.dagster_event_type, entry.user_message)
        for entry in instance.all_logs(run_id)
    ]


@pytest.mark.parametrize(
    ("writes", "reads", "storage"),
    [
        (pooled, stock, event_log.PooledSqliteEventLog),
        (stock, pooled, SqliteEventLogStorage),
    ],
    ids=["ours", "stock"],
)
def test_what_one_wrote_the_other_reads(
    ours: pathlib.Path, writes: Opener, reads: Opener, storage: type
) -> None:
    with writes(ours) as instance:
        run_id = run(instance)
        written = told(instance, run_id)
        assert type(instance.event_log_storage) is storage
    with reads(ours) as other:
        event = other.get_latest_materialization_event(KEY)
        assert type(other.event_log_storage) is not storage
        assert told(other, run_id) == written
        assert event is not None
        assert event.run_id == run_id


def test_more_runs_than_files_are_kept_open(
    ours: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "MAX_ENGINES", 2)
    with pooled(ours) as instance:
        run_ids = [run(instance) for _ in range(4)]
        lengths = {len(told(instance, run_id)) for run_id in run_ids}
        found = instance.fetch_materializations(KEY, limit=5).records
    assert len(lengths) == 1
    assert [record.run_id for record in found] == run_ids[::-1]
