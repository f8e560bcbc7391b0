"""A champion that confuses up and down falls in a home as it falls in a replay."""

import datetime as dt
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest

from turbomode_assets import errors, loop, replay, schema, sessions, succession, tables
from turbomode_assets.defs import assembly, metadata
from turbomode_assets.promotion import alias
from turbomode_assets.stats import classification
from turbomode_assets.store import home, registry, warehouse
from turbomode_assets_tests import lakes

CLASSES = classification.CLASSES
DAYS = sessions.sessions_between(dt.date(2020, 1, 2), dt.date(2022, 12, 30))
REIGN_FROM, BREAK_AT, N_NAMES = 252, 300, 30
NOON = dt.datetime(2024, 1, 2, 12, tzinfo=dt.UTC)
USUAL = np.array([0.1, 0.8, 0.1])


def forecast(suffix: str, p: np.ndarray) -> list[pl.Series]:
    return [pl.Series(f"p_{name}{suffix}", p[:, i]) for i, name in enumerate(CLASSES)]


def rows_as(table: schema.Table, rows: pl.DataFrame, **same: object) -> pl.DataFrame:
    """Rows of a table; columns that nothing here depends on are all the same."""
    absent = {
        column.name: pl.lit(same.get(column.name, _some(column)), column.dtype)
        for column in table.columns
        if column.name not in rows.columns
    }
    return table.conform(rows.with_columns(**absent).select(table.column_names))


def _some(column: schema.Column) -> object:
    usual = {pl.String(): column.levels[0] if column.levels else "x", pl.Int64(): 1}
    usual |= {pl.Float64(): 0.0, pl.Datetime("us", "UTC"): NOON, pl.Date(): DAYS[0]}
    usual |= {pl.List(pl.Float64()): [0.3], pl.List(pl.Float32()): [0.3]}
    return None if column.nullable else usual[column.dtype]


def ledger() -> dict[schema.Table, pl.DataFrame]:
    """Two champions; the second speaks, and from a session on it is wrong."""
    rng = np.random.default_rng(1)
    truth = rng.dirichlet(USUAL * 4, len(DAYS) * N_NAMES)
    drawn = (rng.random((len(truth), 1)) > truth.cumsum(axis=1)).sum(axis=1)
    said = 0.5 * truth + 0.5 * USUAL
    said[BREAK_AT * N_NAMES :] = said[BREAK_AT * N_NAMES :, ::-1]
    days = [day for day in DAYS for _ in range(N_NAMES)]
    keys = pl.DataFrame(
        {"symbol": [f"S{n:02}" for n in range(N_NAMES)] * len(DAYS), "session": days}
    )
    label = pl.Series([CLASSES[min(place, 2)] for place in drawn])
    spoken = keys.with_columns(*forecast("", said))
    reigns, early = pl.col("session") >= DAYS[REIGN_FROM], DAYS[REIGN_FROM - 15]
    usual = np.tile(USUAL, (len(days), 1))
    others = [*forecast("_base_rate", usual), *forecast("_volatility", usual)]
    known = spoken.with_columns(*others, *forecast("_momentum", usual), label=label)
    return {
        tables.CHAMPIONS: rows_as(
            tables.CHAMPIONS,
            pl.DataFrame({"version": ["v1", "v2"], "effective_from": DAYS[251:253]}),
            desk=loop.DESK,
        ),
        tables.SIGNALS: rows_as(
            tables.SIGNALS, spoken.filter(reigns), champion_version="v2"
        ),
        tables.OOF_PREDICTIONS: rows_as(
            tables.OOF_PREDICTIONS,
            known.filter(pl.col("session") < early),
            version="v2",
            month=dt.date(2021, 1, 1),
        ),
        tables.OUTCOMES: rows_as(
            tables.OUTCOMES,
            keys.with_columns(
                pl.Series("matures_on", [sessions.shift(day, 11) for day in days]),
                label_symmetric_10pct=label,
            ),
            status="final",
        ),
    }


LEDGER = ledger()
MONTHS = [dt.date(2021, 4, 1), dt.date(2022, 4, 1)]


def replayed() -> replay.Shelf:
    shelf = replay.Shelf({table.name: rows for table, rows in LEDGER.items()})
    for month in MONTHS:
        found = succession.assess_champion(shelf, month)
        shelf.append(tables.STANDINGS, found)
        shelf.append(tables.CHAMPIONS, succession.unseat(shelf, found, NOON))
    return shelf


def test_a_fall_is_lived_as_it_is_replayed(tmp_path: Path) -> None:
    where, settings = home.Home(tmp_path), home.Settings()
    lakes.prepare(where, settings)
    with warehouse.opened(where.warehouse) as store:
        for table, rows in LEDGER.items():
            store.append(table, rows)
    job = assembly.assemble(where, settings).resolve_job_def("retraining")
    keys = [metadata.key(tables.STANDINGS)]
    with dg.DagsterInstance.ephemeral() as instance:
        for month in MONTHS:
            job.execute_in_process(
                instance=instance, partition_key=str(month), asset_selection=keys
            )
    shelf = replayed()
    with warehouse.opened(where.warehouse) as store:
        for table in (tables.STANDINGS, tables.CHAMPIONS):
            alike = pl.exclude(table.wall_clock_columns)
            assert (
                store.read(table).select(alike).equals(shelf.read(table).select(alike))
            )


def test_a_damaged_successor_is_not_seated(tmp_path: Path) -> None:
    where, settings = home.Home(tmp_path), home.Settings()
    lakes.prepare(where, settings)
    address = registry.save(where.models, {"card.json": b"v1"})
    (where.models / address / "card.json").write_bytes(b"other")
    row = pl.DataFrame({"version": ["v1"], "artifact_sha256": [address]})
    cards = rows_as(tables.MODELS, row, desk=loop.DESK, month=DAYS[0])
    with warehouse.opened(where.warehouse) as store:
        for table, rows in (LEDGER | {tables.MODELS: cards}).items():
            store.append(table, rows)
    job = assembly.assemble(where, settings).resolve_job_def("retraining")
    keys, month = [metadata.key(tables.STANDINGS)], str(MONTHS[-1])
    with (
        dg.DagsterInstance.ephemeral() as instance,
        pytest.raises(errors.ArtifactError, match=r"card\.json must have sha256"),
    ):
        job.execute_in_process(
            instance=instance, partition_key=month, asset_selection=keys
        )
    with warehouse.opened(where.warehouse) as store:
        assert store.read(tables.STANDINGS).is_empty()
        assert store.read(tables.CHAMPIONS).equals(LEDGER[tables.CHAMPIONS])


def test_the_fallen_is_followed_by_its_predecessor() -> None:
    shelf = replayed()
    assert shelf.read(tables.STANDINGS)["is_passed"].to_list() == [True, False]
    champions = shelf.read(tables.CHAMPIONS)
    assert alias.reigning(champions, loop.DESK, sessions.shift(DAYS[-1], 1)) == "v1"
    assert champions["reason"][-1].startswith(f"{alias.DEMOTED}v2")
