"""What every asset has in common: a stage, an owner, declared columns, a check."""

import pathlib

import dagster as dg
import pytest

from turbomode_assets import (
    desks,
    intraday_tables,
    market_tables,
    options_tables,
    proof_tables,
    report_tables,
    tables,
)
from turbomode_assets.defs import assembly, metadata, table_io
from turbomode_assets.defs.assets import intraday, intraday_learning, learning
from turbomode_assets.store import home

STAGES = {
    "prices",
    "universe",
    "features",
    "signals",
    "outcomes",
    "samples",
    "learning",
    "in_force",
    "reports",
    "intraday",
    "options",
}

DAILY = {
    market_tables.BAR_REVISIONS,
    tables.BARS,
    tables.FEATURES,
    tables.SIGNALS,
    tables.OUTCOMES,
    *intraday_tables.ALL,
    *options_tables.ALL,
}

EVERY = (*tables.ALL, *intraday_tables.ALL, *desks.TABLES, *options_tables.ALL)
BY_NAME = {table.name: table for table in EVERY}

WHOLE = {tables.UNIVERSE, market_tables.RESTATEMENTS}
"""Tables of assets without partitions."""

WRITTEN_BESIDE = {
    market_tables.QUARANTINE,
    market_tables.FETCHES,
    proof_tables.SIGNAL_CHAIN,
}
"""Tables the assets of the revisions and of the signals write in their transaction."""

BY_SENSOR = {report_tables.MESSAGES, report_tables.DELIVERIES}
"""Tables no asset writes but the sensor of the messages."""

# Assembling opens and writes nothing; the folder only has to be named.
HOME = home.Home(pathlib.Path("never-written"))
DEFINITIONS = assembly.assemble(HOME, home.Settings())

SPECS: dict[dg.AssetKey, dg.AssetSpec] = {
    spec.key: spec for spec in DEFINITIONS.resolve_all_asset_specs()
}
HOLDERS: dict[dg.AssetKey, dg.AssetsDefinition] = {
    key: asset
    for asset in DEFINITIONS.assets or ()
    if isinstance(asset, dg.AssetsDefinition)
    for key in asset.keys
}


def _name(key: dg.AssetKey) -> str:
    return key.to_user_string()


every_asset = pytest.mark.parametrize("key", sorted(SPECS), ids=_name)
every_stored_asset = pytest.mark.parametrize("key", sorted(HOLDERS), ids=_name)


def _table_name(key: dg.AssetKey) -> str:
    return str(SPECS[key].metadata["dagster/table_name"])


@every_asset
def test_an_asset_has_a_stage_an_owner_kinds_and_a_description(
    key: dg.AssetKey,
) -> None:
    spec = SPECS[key]
    assert spec.group_name in STAGES
    assert list(spec.owners) == [metadata.OWNER]
    assert "duckdb" in spec.kinds
    assert (spec.description or "").endswith(".")


@every_stored_asset
def test_the_columns_shown_are_the_columns_declared(key: dg.AssetKey) -> None:
    table = BY_NAME[_table_name(key)]
    shown = SPECS[key].metadata["dagster/column_schema"]
    further = [table.further.name] if table.further else []
    assert isinstance(shown, dg.TableSchema)
    assert [c.name for c in shown.columns] == [*table.column_names, *further]
    assert all(c.description for c in shown.columns)


@every_stored_asset
def test_a_blocking_check_holds_rows_against_the_declaration(
    key: dg.AssetKey,
) -> None:
    checks = {check.key: check for check in HOLDERS[key].check_specs}
    assert checks[dg.AssetCheckKey(key, table_io.SCHEMA_CHECK)].blocking


@every_stored_asset
def test_a_writer_waits_in_the_pool_of_the_warehouse(key: dg.AssetKey) -> None:
    assert HOLDERS[key].op.pool == metadata.POOL


def test_every_table_is_held_by_one_asset() -> None:
    written_beside = {table.name for table in WRITTEN_BESIDE}
    written_beside |= {table.name for table in BY_SENSOR}
    held = {_table_name(key) for key in HOLDERS}
    assert held | written_beside == {table.name for table in EVERY}
    assert len(held) == len(HOLDERS)
    assert not held & written_beside


def test_only_the_doors_of_the_loops_are_external() -> None:
    written_beside = {metadata.key(table) for table in WRITTEN_BESIDE}
    written_beside |= {metadata.key(table) for table in BY_SENSOR}
    found = SPECS.keys() - HOLDERS.keys() - written_beside
    assert found == {
        learning.CHAMPION_IN_FORCE,
        intraday.WEIGHTS_IN_FORCE,
        intraday_learning.CHAMPION_IN_FORCE,
    }


@every_stored_asset
def test_days_and_weeks_run_in_ranges_and_months_one_by_one(
    key: dg.AssetKey,
) -> None:
    asset, table = HOLDERS[key], BY_NAME[_table_name(key)]
    assert (asset.partitions_def is None) == (table in WHOLE)
    if table in {*WHOLE, *DAILY, tables.SAMPLES}:
        assert asset.backfill_policy == dg.BackfillPolicy.single_run()
    else:
        assert asset.backfill_policy == dg.BackfillPolicy.multi_run(1)


@every_stored_asset
def test_the_grain_of_an_asset_is_that_of_its_table(key: dg.AssetKey) -> None:
    table = BY_NAME[_table_name(key)]
    found = HOLDERS[key].partitions_def
    if table in WHOLE:
        return
    assert isinstance(found, dg.TimeWindowPartitionsDefinition)
    weekly = dict.fromkeys((tables.SAMPLES, *desks.TABLES), "0 0 * * 0")
    coarser = weekly | {market_tables.CURATIONS: "0 0 1 */3 *"}
    cron = "0 0 * * *" if table in DAILY else "0 0 1 * *"
    assert found.cron_schedule == coarser.get(table, cron)
    assert str(found.timezone) == "UTC"
