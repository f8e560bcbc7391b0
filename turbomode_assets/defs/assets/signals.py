"""Stage 3 of the loop: what the champion of each session said.

The loop closes here: signals depend on the external asset
``learning/champion_in_force``, whose events only the promotion of a champion reports,
and ask the champions table who reigned in their session.
"""

import datetime as dt
from collections.abc import Sequence

import dagster as dg
import polars as pl

from turbomode_assets import loop, proof_tables, sessions, tables
from turbomode_assets.defs import (
    accounting,
    auditing,
    metadata,
    model_card,
    partitions,
    table_io,
    upstream,
)
from turbomode_assets.defs.assets import learning
from turbomode_assets.defs.resources import (
    ClockResource,
    RegistryResource,
    WarehouseResource,
)
from turbomode_assets.models import scoring
from turbomode_assets.promotion import alias
from turbomode_assets.signals import chain, ledger
from turbomode_assets.store import warehouse as warehouses

GROUP = "signals"
"""Group of this stage."""

LIVE_WITHIN = dt.timedelta(hours=12)
"""A signal emitted later than this after its close is a replay: the next session's
open, at which it could have been acted on, is then near or past."""


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Assets of this stage."""

    @dg.asset(
        **metadata.declared(tables.SIGNALS, GROUP, "polars"),
        partitions_def=grains.daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(metadata.key(tables.FEATURES)),
            dg.AssetDep(metadata.key(tables.UNIVERSE)),
            dg.AssetDep(learning.CHAMPION_IN_FORCE),
        ],
        check_specs=[
            table_io.schema_check(tables.SIGNALS),
            auditing.spec(tables.SIGNALS, auditing.MEMBERS_ONLY),
        ],
        pool=metadata.POOL,
    )
    def signals(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        models: RegistryResource,
        clock: ClockResource,
    ) -> table_io.Written:
        """What the champion of the session said; one row per symbol, written once."""
        window = partitions.session_window(list(context.partition_keys))
        with warehouse.opened() as store:
            missing = _missing_sessions(store, window)
            fresh = [
                _spoken(store, models, clock, version, reign)
                for version, reign in _reigns(store, missing)
            ]
            n_emitted = emit(store, fresh)
            rows = store.read(tables.SIGNALS, window.first, window.last)
            check = table_io.schema_result(store, tables.SIGNALS, window)
            audited = auditing.signals(store, window)
            account = _account(store, window, rows)
            spoke = model_card.links(store, rows["champion_version"].unique())
            sealed = store.read(proof_tables.SIGNAL_CHAIN)
        notes = {
            "rows_emitted": n_emitted,
            "rows_kept": rows.height - n_emitted,
            **account,
            "champions": spoke,
            "chain_link": chain.last_link(sealed),
        }
        return table_io.result(context, tables.SIGNALS, rows, [check, audited], notes)

    return [signals, _chain()]


def _chain() -> dg.AssetSpec:
    return dg.AssetSpec(
        **metadata.declared(proof_tables.SIGNAL_CHAIN, GROUP),
        description="The hash chain over the signals, written together with them.",
        deps=[metadata.key(tables.SIGNALS)],
    )


def emit(store: warehouses.Warehouse, fresh: Sequence[pl.DataFrame]) -> int:
    """Store signals of sessions that had none, and seal them, in one transaction.

    Parameters
    ----------
    store
        The open warehouse; signals from before there was a chain are sealed first.
    fresh
        Rows of `tables.SIGNALS`.

    Returns
    -------
    int
        Signals stored.
    """
    rows = pl.concat([tables.SIGNALS.empty(), *fresh])
    with store.transaction():
        if not store.holds(proof_tables.SIGNAL_CHAIN):
            rows_before = store.read(tables.SIGNALS)
            empty = proof_tables.SIGNAL_CHAIN.empty()
            store.append(proof_tables.SIGNAL_CHAIN, chain.extend(empty, rows_before))
        n_emitted = store.append(tables.SIGNALS, rows)
        links = chain.extend(store.read(proof_tables.SIGNAL_CHAIN), rows)
        store.append(proof_tables.SIGNAL_CHAIN, links)
    return n_emitted


def _account(
    store: warehouses.Warehouse, window: partitions.Window, rows: pl.DataFrame
) -> dict[str, int]:
    """Sessions in which nobody reigned are silent; strangers are not signaled."""
    key = ["symbol", "session"]
    known = store.columns(tables.FEATURES, key, window.first, window.last)
    heard = known.join(rows.select("session").unique(), on="session", how="semi")
    strangers = heard.join(rows, on=key, how="anti").height
    lost = {"silent": known.height - heard.height, "not_a_member": strangers}
    return accounting.account(known.height, rows.height, lost)


def _missing_sessions(
    store: warehouses.Warehouse, window: partitions.Window
) -> list[dt.date]:
    emitted = store.read(tables.SIGNALS, window.first, window.last)["session"]
    asked = sessions.sessions_between(window.first, window.last)
    return sorted(set(asked) - set(emitted.unique()))


def _reigns(
    store: warehouses.Warehouse, missing: list[dt.date]
) -> list[tuple[str, list[dt.date]]]:
    """Champion versions and the missing sessions of each; none before the first."""
    champions = store.read(tables.CHAMPIONS)
    spoken_by: dict[str, list[dt.date]] = {}
    for session in missing:
        version = alias.reigning(champions, loop.DESK, session)
        if version is not None:
            spoken_by.setdefault(version, []).append(session)
    return list(spoken_by.items())


def _spoken(
    store: warehouses.Warehouse,
    models: RegistryResource,
    clock: ClockResource,
    version: str,
    reign: list[dt.date],
) -> pl.DataFrame:
    upstream.require_features(store, reign)
    features = store.read(tables.FEATURES, reign[0], reign[-1])
    features = features.filter(pl.col("session").is_in(reign))
    card = store.read(tables.MODELS, match={"version": version}).row(0, named=True)
    scorer = scoring.load(models.load(card["artifact_sha256"]))
    champion = loop.Champion(version=version, scorer=scorer)
    said = loop.emit_signals(features, upstream.require_universe(store), champion)
    return ledger.stamp(said, clock.now(), LIVE_WITHIN)
