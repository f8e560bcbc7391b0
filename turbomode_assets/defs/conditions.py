"""Conditions: when a table is made again because what it rests on was, or changed.

Each condition is named here once and labelled, so that the user interface explains an
evaluation in words. None of them makes a partition for the first time: that is the
timetable's (``automation.py``), and a bare ``eager`` would ask for every partition at
once on its first evaluation, and look at none but the latest afterwards.

https://docs.dagster.io/guides/automate/declarative-automation
"""

from typing import Any

import dagster as dg

from turbomode_assets import market_tables, tables
from turbomode_assets.defs import metadata, roles


def made_again(upstream: dg.AssetKey) -> dg.AutomationCondition[Any]:
    """Whatever exists already is made again after `upstream` was, however far back."""
    condition = dg.AutomationCondition
    news = condition.any_deps_updated().allow(dg.AssetSelection.assets(upstream))
    busy = condition.any_deps_in_progress() | condition.in_progress()
    return (
        news.since_last_handled().with_label(f"{upstream.path[-1]} were made again")
        & (~condition.missing()).with_label("was made before")
        & (~busy).with_label("nothing it rests on is being made")
    ).with_label(f"again after {upstream.path[-1]}")


def made_otherwise() -> dg.AutomationCondition[Any]:
    """Whatever exists already is made again, once, after its code version changed."""
    condition = dg.AutomationCondition
    changed = condition.code_version_changed() & ~condition.missing()
    return changed.with_label("again after its code version changed")


CONDITIONS = {
    metadata.key(tables.FEATURES): made_otherwise(),
    metadata.key(tables.UNIVERSE): made_again(metadata.key(market_tables.CURATIONS)),
    metadata.key(tables.OUTCOMES): made_again(metadata.key(tables.SIGNALS)),
    metadata.key(tables.SAMPLES): made_again(metadata.key(tables.OUTCOMES)),
}
"""Condition of each asset that has one.

Features follow their catalog, whose version is their code version; the universe follows
a curation at once and not only with the next scan; outcomes graded before a late signal
learn what it said; samples follow restated outcomes. Features and outcomes of restated
bars are not here: which sessions a changed bar reaches is known to the sensor
`restated_bars` and not to any mapping.
"""


def attach(spec: dg.AssetSpec) -> dg.AssetSpec:
    """The same asset, with its condition if it has one."""
    found = CONDITIONS.get(spec.key)
    return (
        spec if found is None else spec.replace_attributes(automation_condition=found)
    )


def build_sensor(role: str, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """Sensor that evaluates every condition.

    Parameters
    ----------
    role
        What the machine computes.
    status
        Whether it runs where nobody has switched it.
    """
    return dg.AutomationConditionSensorDefinition(
        "made_again",
        target=dg.AssetSelection.assets(*roles.computed(role, CONDITIONS)),
        default_status=status,
        description="Makes again what rests on something made again, or on other code.",
    )
