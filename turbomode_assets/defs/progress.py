"""Progress: what a home has done, by what its Dagster instance recorded.

A partition counts as made when its materialization is recorded, which happens after
its rows are stored: what was interrupted in between is made again, and is the same.
Only a retraining is known by its verdict, because a refused challenger ends a run too.
When anything should be done stands in ``automation.py``.
"""

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence

import dagster as dg
import polars as pl

from turbomode_assets import sessions, tables
from turbomode_assets.defs import metadata, partitions, ticks
from turbomode_assets.defs.assets import learning
from turbomode_assets.defs.resources import WarehouseResource

SIGNALS, OUTCOMES, SAMPLES = map(
    metadata.key, (tables.SIGNALS, tables.OUTCOMES, tables.SAMPLES)
)


class Progress:
    """What was materialized in a home; each asset is looked up once.

    Parameters
    ----------
    instance
        Dagster instance of the home.
    warehouse
        Its warehouse, opened only for verdicts.
    """

    def __init__(
        self, instance: dg.DagsterInstance, warehouse: WarehouseResource
    ) -> None:
        """Look nothing up yet."""
        self.instance, self._warehouse = instance, warehouse
        self._looked_up: dict[dg.AssetKey, dict[str, int]] = {}

    def made(self, key: dg.AssetKey) -> dict[str, int]:
        """Newest materialization of each partition, by an ever-growing number."""
        if key not in self._looked_up:
            self._looked_up[key] = dict(
                self.instance.get_latest_storage_id_by_partition(
                    key, dg.DagsterEventType.ASSET_MATERIALIZATION
                )
            )
        return self._looked_up[key]

    @functools.cached_property
    def verdicts(self) -> dict[dt.date, str]:
        """How the latest challenger of each month ended, see `endings`."""
        with self._warehouse.opened(1.0) as store:
            return endings(
                store.read(tables.MODELS),
                store.read(tables.VERDICTS),
                store.read(tables.CHAMPIONS),
            )


def endings(
    cards: pl.DataFrame, verdicts: pl.DataFrame, champions: pl.DataFrame
) -> dict[dt.date, str]:
    """How the latest challenger of each month ended.

    Parameters
    ----------
    cards, verdicts, champions
        Rows of `tables.MODELS`, `tables.VERDICTS` and `tables.CHAMPIONS`.

    Returns
    -------
    dict of date to str
        Promoted, or refused and what the first criterion that did says; no entry while
        neither is known.
    """
    failed = verdicts.filter(~pl.col("is_passed")).sort("position")
    crowned = set(champions["version"])
    found = {}
    for month, version in cards.sort("trained_at").select("month", "version").rows():
        reasons = failed.filter(version=version)["sentence"].to_list()
        ending = "promoted" if version in crowned else ""
        found[month] = refused(reasons) if reasons else ending
    return {month: ending for month, ending in found.items() if ending}


def refused(reasons: Sequence[str]) -> str:
    """How a challenger ended that failed, by the sentences of what it failed."""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"refused, {reasons[0]}{more}"


def is_made(*keys: dg.AssetKey) -> Callable[[Progress, ticks.Tick], bool]:
    """Whether a tick's partition of every one of these assets was materialized."""

    def judge(progress: Progress, tick: ticks.Tick) -> bool:
        return all(tick.key in progress.made(key) for key in keys)

    return judge


def is_sampled(progress: Progress, tick: ticks.Tick) -> bool:
    """Whether a week was sampled after the last outcome graded before the tick."""
    sunday = partitions.parsed(tick.key)
    last = min(sunday + dt.timedelta(days=6), tick.at.date() - dt.timedelta(days=1))
    days = map(partitions.key, sessions.sessions_between(sunday, last))
    return sampled_since(
        progress.made(SAMPLES).get(tick.key, 0), days, progress.made(OUTCOMES)
    )


def sampled_since(sampled: int, days: Iterable[str], graded: Mapping[str, int]) -> bool:
    """Whether a week's materialization `sampled` came after that of every day."""
    return sampled > max((graded.get(day, 0) for day in days), default=0)


def is_retrained(progress: Progress, tick: ticks.Tick) -> bool:
    """Whether a month's challenger was promoted or refused, or a later one trained."""
    month = partitions.parsed(tick.key)
    is_overtaken = any(key > tick.key for key in progress.made(learning.CHALLENGER))
    return is_overtaken or month in progress.verdicts
