"""What follows when a source changes the past: which sessions, and what flipped.

Reads the warehouse for ``restatement.py``, which counts, and tells sensors and the
driver which sessions to make again.
"""

import dataclasses
import datetime as dt

import dagster as dg
import polars as pl

from turbomode_assets import loop, market_tables, restatement, sessions, tables
from turbomode_assets.defs import catching_up, partitions
from turbomode_assets.defs.resources import RegistryResource, WarehouseResource
from turbomode_assets.models import scoring
from turbomode_assets.store import bitemporal, warehouse

BUSY_SECONDS = 1.0
"""How long a sensor waits for the warehouse; while a run writes, there is no news."""

_BEFORE = dt.timedelta(microseconds=1)


@dataclasses.dataclass(frozen=True)
class Stale:
    """Sessions that rest on changed bars, and when the newest change was seen."""

    window: partitions.Window
    known_at: dt.datetime

    @property
    def name(self) -> str:
        """What tries to make them again are counted by."""
        return f"restatement {self.known_at.isoformat()}"


def found(warehouse: WarehouseResource) -> Stale | None:
    """Sessions to make again, asked by a sensor; see `stale`.

    Raises
    ------
    errors.WarehouseBusy
        Where a run keeps the warehouse for longer than `BUSY_SECONDS`.
    """
    with warehouse.opened(BUSY_SECONDS) as store:
        return stale(store)


def is_pending(
    instance: dg.DagsterInstance, warehouse: WarehouseResource, now: dt.datetime
) -> bool:
    """Whether bars changed and what rests on them has not failed too often."""
    changed = found(warehouse)
    if changed is None:
        return False
    tried = catching_up.attempts(instance, changed.name, now)
    return len(tried) < catching_up.PATIENCE


def stale(store: warehouse.Warehouse) -> Stale | None:
    """Sessions to make again; null where nothing changed that was not measured.

    Only where features were computed already: what was never made is not stale.
    """
    changed = bitemporal.surprises(store)
    made = store.partitions(tables.FEATURES)
    if changed.is_empty() or not made:
        return None
    first, changed_to = changed["session"].min(), changed["session"].max()
    if not isinstance(first, dt.date) or not isinstance(changed_to, dt.date):
        return None
    last = restatement.reach(first, changed_to, made[-1])
    begin = max(first, made[0])
    return Stale(partitions.Window(begin, max(begin, last)), _newest(changed))


def _newest(changed: pl.DataFrame) -> dt.datetime:
    newest: dt.datetime = changed.select(pl.col("known_at").max()).item()
    return newest


def measured(store: warehouse.Warehouse, models: RegistryResource) -> pl.DataFrame:
    """Rows of `market_tables.RESTATEMENTS` for all that changed and was not measured.

    Parameters
    ----------
    store
        The open warehouse; features and outcomes are those made from the bars as
        known now.
    models
        Where the champions lie.
    """
    found = bitemporal.surprises(store)
    if found.is_empty():
        return market_tables.RESTATEMENTS.empty()

    def speak(features: pl.DataFrame, version: str) -> pl.DataFrame:
        card = store.read(tables.MODELS, match={"version": version}).row(0, named=True)
        scorer = scoring.load(models.load(card["artifact_sha256"]))
        champion = loop.Champion(version=version, scorer=scorer)
        return loop.emit_signals(features, store.read(tables.UNIVERSE), champion)

    return restatement.measure(_past(store, found), speak)


def _past(store: warehouse.Warehouse, found: pl.DataFrame) -> restatement.Past:
    first: dt.date = found.select(pl.col("session").min()).item()
    begin = loop.bars_for_outcomes(first)
    last = store.partitions(tables.BARS)[-1]
    told: dt.datetime = found.select(pl.col("known_at").min()).item()
    return restatement.Past(
        found=found,
        before=bitemporal.as_of(store, told - _BEFORE, begin, last),
        after=store.read(tables.BARS, begin, last),
        universe=store.read(tables.UNIVERSE),
        signals=store.read(tables.SIGNALS, first),
        features=store.read(tables.FEATURES, first),
    )


def notes(rows: pl.DataFrame) -> dict[str, float | str]:
    """Metadata of the asset: how much changed, and how much of it mattered."""
    counted = ("n_bars", "n_late", "n_signals", "n_sides_flipped", "n_labels_flipped")
    totals: dict[str, float | str] = {name: int(rows[name].sum()) for name in counted}
    return totals


def weeks(window: partitions.Window) -> partitions.Window:
    """First and last week whose samples rest on the outcomes of a window."""
    return partitions.Window(
        sessions.week_start(window.first), sessions.week_start(window.last)
    )
