"""What the user interface shows of every asset: by discovery, so of new ones too."""

import dagster as dg
import pytest

from turbomode_assets import desks, intraday_tables, schema, tables
from turbomode_assets.defs import accounting, automation, lineage, views
from turbomode_assets_tests.contracts.test_every_asset import (
    BY_NAME,
    DEFINITIONS,
    HOLDERS,
    SPECS,
)

LEARNED = (intraday_tables.WEIGHTS, intraday_tables.TRACK_RECORDS)
GRAPH = DEFINITIONS.resolve_asset_graph()

ORDER = [
    "prices",
    "universe",
    "in_force",
    "features",
    "signals",
    "outcomes",
    "samples",
    "learning",
    "intraday",
    "options",
]
"""Groups in the order of the loop; the door stands before what it opens for."""

DECLARED = [
    (table, column, source)
    for table, columns in lineage.SOURCES.items()
    for column, sources in columns.items()
    for source in sources
]

every_key = pytest.mark.parametrize(
    "key", sorted(SPECS), ids=lambda key: key.to_user_string()
)


def columns(table_name: str) -> set[str]:
    """Columns a table may have, the open one by its placeholder."""
    table = BY_NAME[table_name]
    return {*table.column_names, *([table.further.name] if table.further else [])}


def test_groups_stand_in_the_order_of_the_loop() -> None:
    place = {name: n for n, name in enumerate([*ORDER, "reports"])}
    for spec in SPECS.values():
        for dep in spec.deps:
            before = SPECS[dep.asset_key].group_name
            assert place[str(before)] <= place[str(spec.group_name)], spec.key


def test_nothing_in_the_loop_reads_a_report() -> None:
    reports = {key for key, spec in SPECS.items() if spec.group_name == "reports"}
    for spec in SPECS.values():
        if spec.key not in reports:
            assert not reports & {dep.asset_key for dep in spec.deps}


@pytest.mark.parametrize(
    ("table", "column", "source"), DECLARED, ids=lambda one: getattr(one, "name", one)
)
def test_lineage_names_columns_that_exist(
    table: schema.Table, column: str, source: str
) -> None:
    upstream, _, name = source.rpartition(".")
    assert column in columns(table.name)
    assert name in columns(upstream)
    assert lineage.holder(upstream) in SPECS


@every_key
def test_lineage_follows_the_graph(key: dg.AssetKey) -> None:
    found = SPECS[key].metadata.get("dagster/column_lineage")
    if key not in HOLDERS or not GRAPH.get(key).parent_keys:
        assert found is None
        return
    ancestors = {key, *GRAPH.get_ancestor_asset_keys(key)}
    # Champion and weights reach the signals through a door alone.
    learned = (tables.CHAMPIONS, desks.CHAMPIONS, *LEARNED)
    ancestors |= {lineage.holder(table.name) for table in learned}
    assert isinstance(found, dg.TableColumnLineage)
    named = {dep.asset_key for deps in found.deps_by_column.values() for dep in deps}
    assert named <= ancestors


@pytest.mark.parametrize("view", views.ALL, ids=lambda view: view.name)
def test_a_view_selects_its_tables(view: views.View) -> None:
    wanted = {lineage.holder(table.name) for table in view.tables}
    tagged = {key for key, spec in SPECS.items() if view.tag in spec.tags}
    chosen = dg.AssetSelection.from_string(f'tag:"{view.tag}"').resolve(GRAPH)
    assert tagged == wanted
    # Selected in Python are those that can be materialized; the page shows all.
    assert chosen == wanted & HOLDERS.keys()


def test_every_asset_is_in_a_view_or_beside_the_loop() -> None:
    seen = {lineage.holder(table.name) for view in views.ALL for table in view.tables}
    beside = {key.to_user_string() for key in SPECS.keys() - seen}
    assert beside == {
        "intraday/champion_in_force",
        "intraday/weights_in_force",
        "learning/champion_in_force",
        "market/curations",
        "market/rankings",
        "reports/deliveries",
        "reports/messages",
    }


def test_every_job_says_what_it_does() -> None:
    jobs = [
        job
        for job in DEFINITIONS.get_repository_def().get_all_jobs()
        if not job.name.startswith("__")
    ]
    assert {"bootstrap", "replay", *automation.JOBS} <= {job.name for job in jobs}
    assert [job.name for job in jobs if not (job.description or "").strip()] == []


def test_an_account_names_what_no_reason_explains() -> None:
    found = accounting.account(10, 7, {"pending": 2})
    assert found[accounting.UNEXPLAINED] == 1
    assert accounting.UNEXPLAINED not in accounting.account(10, 7, {"pending": 3})
