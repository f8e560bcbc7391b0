"""Roles: which assets a machine computes, and which it knows from another one.

`serve` must never stop: it takes in bars, makes features and signals, grades them, and
says who is champion. `train` learns from that ledger and may be off. `all` does both.
An asset another machine computes is shown as an external one, so that every machine
draws the whole loop. How tables travel stands in ``exchanging.py``.

https://docs.dagster.io/guides/build/assets/external-assets
"""

from collections.abc import Iterable

import dagster as dg

from turbomode_assets import report_tables, tables
from turbomode_assets.defs import metadata
from turbomode_assets.defs.assets import learning

LEARNED = frozenset(
    {
        metadata.key(tables.SAMPLES),
        metadata.key(tables.STANDINGS),
        learning.CHALLENGER,
        metadata.key(tables.OOF_PREDICTIONS),
        metadata.key(tables.VERDICTS),
        metadata.key(report_tables.LEARNING),
    }
)
"""Assets of the machine that trains."""

HANDED_OVER = frozenset({learning.CHAMPION})
"""Assets of two machines together: one finds a champion, the other seats it."""


def computes(role: str, key: dg.AssetKey) -> bool:
    """Whether a machine with this role computes an asset."""
    if role == "serve":
        return key not in LEARNED | HANDED_OVER
    return role == "all" or key in LEARNED


def computed(role: str, keys: Iterable[dg.AssetKey]) -> list[dg.AssetKey]:
    """Those of these assets that a machine with this role computes."""
    return [key for key in keys if computes(role, key)]


def assign(
    role: str, assets: Iterable[dg.AssetsDefinition | dg.AssetSpec]
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Assets as a machine with this role sees them.

    Parameters
    ----------
    role
        One of `home.ROLES`.
    assets
        All of them.

    Returns
    -------
    list of dg.AssetsDefinition or dg.AssetSpec
        Same order; what another machine computes as its specs alone.
    """
    seen: list[dg.AssetsDefinition | dg.AssetSpec] = []
    for asset in assets:
        if isinstance(asset, dg.AssetSpec) or all(
            computes(role, key) for key in asset.keys
        ):
            seen.append(asset)
        else:
            seen += [_external(spec) for spec in asset.specs]
    return seen


def _external(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Spec of an asset made elsewhere: how partitions map is known there alone."""
    upstream = {dep.asset_key for dep in spec.deps} - {spec.key}
    return spec.replace_attributes(
        deps=sorted(upstream), automation_condition=None, freshness_policy=None
    )
