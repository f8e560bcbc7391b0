"""A change of the feature catalog makes stored features again, once and only those."""

import pathlib

import dagster as dg
import pytest

from turbomode_assets import tables
from turbomode_assets.defs import assembly, metadata
from turbomode_assets.features import catalog
from turbomode_assets.store import home

FEATURES = metadata.key(tables.FEATURES)
STORED = {"2024-01-02", "2024-01-03"}

# Assembling opens and writes nothing; the folder only has to be named.
PRESENT = assembly.assemble(home.Home(pathlib.Path("never-written")), home.Settings())


def with_catalog(version: str) -> dg.Definitions:
    """The same definitions as another catalog would make them."""

    def change(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(code_version=version)

    return PRESENT.map_resolved_asset_specs(func=change, selection=[FEATURES])


def test_the_code_version_is_the_version_of_the_catalog() -> None:
    spec = PRESENT.resolve_asset_graph().get(FEATURES)
    assert spec.code_version == catalog.feature_version()


# The definitions are built anew, with the partitioned checks of other assets.
@pytest.mark.filterwarnings("ignore::dagster.PreviewWarning")
@pytest.mark.parametrize("version", [catalog.feature_version(), "another"])
def test_another_catalog_makes_what_is_stored_again_and_once(version: str) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for key in STORED:
            event = dg.AssetMaterialization(FEATURES, partition=key)
            instance.report_runless_asset_event(event)
        asked, cursor = [], None
        for definitions in (PRESENT, with_catalog(version), with_catalog(version)):
            found = dg.evaluate_automation_conditions(
                definitions, instance, cursor=cursor
            )
            cursor = found.cursor
            asked.append(found.get_requested_partitions(FEATURES))
    is_changed = version != catalog.feature_version()
    assert asked == [set(), STORED if is_changed else set(), set()]
