"""What must hold in a home that has lived through months of the loop."""

import datetime as dt
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import (
    loop,
    market_tables,
    replay,
    report_tables,
    schema,
    sessions,
    tables,
)
from turbomode_assets.defs import catching_up, driver, metadata
from turbomode_assets.defs.assets import learning
from turbomode_assets.promotion import alias
from turbomode_assets.store import warehouse
from turbomode_assets_tests import conftest
from turbomode_assets_tests.conftest import Lived

pytestmark = pytest.mark.xdist_group("lived")

SPOTLESS = (
    market_tables.QUARANTINE,
    market_tables.FETCHES,
    market_tables.RESTATEMENTS,
    report_tables.MESSAGES,
    report_tables.DELIVERIES,
)
"""Tables that stay empty where the source is never wrong and nobody is to be told."""

STORED = [
    table
    for table in tables.ALL
    if table is not tables.UNIVERSE
    if table not in SPOTLESS
]


def test_a_challenger_was_promoted_and_one_was_judged_each_month(lived: Lived) -> None:
    verdicts = [t.verdict for t in lived.taken if t.step.kind is driver.Kind.RETRAINING]
    assert len(verdicts) == 3
    assert verdicts[0] == "promoted"


def test_a_refused_challenger_is_no_failure(lived: Lived) -> None:
    refused = [one for one in lived.taken if one.verdict.startswith("refused")]
    asked = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])
    failed = lived.instance.get_runs(asked)
    assert len(failed) == len(refused) > 0
    assert all(catching_up.is_refusal(lived.instance, run) for run in failed)


def test_nothing_is_signaled_before_the_first_champion(lived: Lived) -> None:
    first = lived.read(tables.CHAMPIONS)["effective_from"].min()
    assert lived.read(tables.SIGNALS)["session"].min() == first


def test_every_signal_is_its_champions(lived: Lived) -> None:
    champions = lived.read(tables.CHAMPIONS)
    spoken = lived.read(tables.SIGNALS).select("session", "champion_version").unique()
    for session, version in spoken.iter_rows():
        assert alias.reigning(champions, loop.DESK, session) == version


def test_every_symbol_is_signaled_every_session(lived: Lived) -> None:
    features = lived.read(tables.FEATURES).select("symbol", "session")
    signals = lived.read(tables.SIGNALS).select("symbol", "session")
    since = features.filter(pl.col("session") >= signals["session"].min())
    assert signals.equals(since)


def test_every_matured_signal_is_graded_once_and_none_early(lived: Lived) -> None:
    outcomes = lived.read(tables.OUTCOMES)
    periods = loop.maturing(conftest.SETTINGS.first, conftest.LAST)
    signals = lived.read(tables.SIGNALS).join(periods, on="session")
    graded = outcomes.filter(pl.col("side").is_not_null())
    assert graded.height == signals.height > 0
    assert outcomes.filter(pl.col("matures_on") > conftest.LAST).is_empty()


def test_entry_and_exit_are_stored_bars(lived: Lived) -> None:
    bars = lived.read(tables.BARS).select("symbol", "session", "open", "close")
    outcomes = lived.read(tables.OUTCOMES).drop_nulls(["entry", "exit"])
    entries = outcomes.join(
        bars, left_on=["symbol", "entry_on"], right_on=["symbol", "session"]
    )
    exits = outcomes.join(
        bars, left_on=["symbol", "exit_on"], right_on=["symbol", "session"]
    )
    assert entries.height == exits.height == outcomes.height
    assert (entries["entry"] == entries["open"]).all()
    assert (exits["exit"] == exits["close"]).all()


def test_no_challenger_knew_a_label_of_its_own_month(lived: Lived) -> None:
    cards = lived.read(tables.MODELS)
    assert (cards["labels_known_on"] < cards["month"]).all()


def test_a_challenger_saw_every_label_known_before_its_month(lived: Lived) -> None:
    samples = lived.read(tables.SAMPLES)
    for card in lived.read(tables.MODELS).iter_rows(named=True):
        eve = sessions.shift(card["month"], -1)
        assert card["labels_known_on"] == eve
        known = samples.filter(pl.col("matures_on") < card["month"])
        assert card["n_samples"] == known.height


def test_samples_of_signals_carry_the_frozen_features(lived: Lived) -> None:
    names = list(tables.FEATURES.schema())
    samples = lived.read(tables.SAMPLES).filter(pl.col("origin") == "replay")
    values = samples.select(pl.exclude(tables.SAMPLES.column_names))
    frozen = samples.select("symbol", "session").join(
        lived.read(tables.SIGNALS), on=["symbol", "session"], maintain_order="left"
    )
    assert samples.height > 0
    assert names[0] == "symbol"
    assert (
        values.select(pl.concat_list(pl.all()))
        .to_series()
        .equals(frozen["features"], check_names=False)
    )


def test_a_refused_challenger_never_became_champion(lived: Lived) -> None:
    crowned = lived.instance.get_materialized_partitions(learning.CHAMPION)
    verdicts = [t.verdict for t in lived.taken if t.step.kind is driver.Kind.RETRAINING]
    assert any(verdict.startswith("refused") for verdict in verdicts)
    for taken in lived.taken:
        if taken.step.kind is driver.Kind.RETRAINING:
            is_crowned = str(taken.step.first) in crowned
            assert is_crowned == (taken.verdict == "promoted")


def test_a_second_run_has_nothing_to_do(lived: Lived) -> None:
    assert len(lived.again) == len(lived.taken)
    assert all(taken.was_done for taken in lived.again)


def test_an_interrupted_run_ends_with_the_same_bytes(
    lived: Lived, tmp_path: Path
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        conftest.live(tmp_path, instance, stop_after=4)
        conftest.live(tmp_path, instance, stop_after=33)
        resumed = conftest.live(tmp_path, instance)
    for table in tables.ALL:
        assert resumed.read(table).equals(lived.read(table)), table.name


@pytest.mark.parametrize("table", STORED, ids=lambda table: table.name)
def test_stored_rows_are_as_declared(lived: Lived, table: schema.Table) -> None:
    with warehouse.opened(lived.where.warehouse) as store:
        rows = store.read(table)
    assert rows.height > 0
    assert table.violations(rows) == []


@pytest.mark.parametrize("table", SPOTLESS, ids=lambda table: table.name)
def test_a_source_without_fault_leaves_no_trace_of_one(
    lived: Lived, table: schema.Table
) -> None:
    assert lived.read(table).is_empty()


@pytest.mark.parametrize("job", ["history", "session"])
def test_single_sessions_and_ranges_store_the_same_bytes(
    lived: Lived, job: str
) -> None:
    before = {table.name: lived.read(table) for table in tables.ALL}
    days = sessions.sessions_between(dt.date(2024, 2, 27), conftest.LAST)
    definition = lived.definitions.resolve_job_def(job)
    for day in days[:2]:
        definition.execute_in_process(instance=lived.instance, partition_key=str(day))
    definition.execute_in_process(
        instance=lived.instance,
        tags={
            "dagster/asset_partition_range_start": str(days[1]),
            "dagster/asset_partition_range_end": str(days[-1]),
        },
    )
    for table in tables.ALL:
        assert lived.read(table).equals(before[table.name]), table.name


def test_signals_are_written_once(lived: Lived) -> None:
    job = lived.definitions.resolve_job_def("scan")
    result = job.execute_in_process(instance=lived.instance, partition_key="2024-03-04")
    events = result.get_asset_materialization_events()
    written = {event.asset_key: event.materialization.metadata for event in events}
    notes = written[metadata.key(tables.SIGNALS)]
    assert notes["rows_emitted"].value == 0
    assert notes["rows_kept"].value == conftest.SETTINGS.n_symbols


def test_the_learning_report_is_shown_where_it_was_made(lived: Lived) -> None:
    made = lived.instance.get_latest_materialization_event(
        metadata.key(report_tables.LEARNING)
    )
    assert made is not None
    assert made.asset_materialization is not None
    shown = {
        name: one.value for name, one in made.asset_materialization.metadata.items()
    }
    rows = lived.read(report_tables.LEARNING)
    assert shown["dagster/row_count"] == rows.height == len(replay.ARMS)
    assert all(f"| {arm} |" in str(shown["arms"]) for arm in rows["arm"])
    charts = [str(shown[name]) for name in ("skill", "decisions", "paper_books")]
    assert all("data:image/svg+xml" in chart for chart in charts)
    assert max(map(len, charts)) < 100_000
