"""What a person finds in the user interface of a home that has lived."""

import re
import time

import pytest

from turbomode_assets import tables
from turbomode_assets.defs import lineage, views
from turbomode_assets_tests.browser.conftest import Desk

pytestmark = pytest.mark.xdist_group("browser")

LOOP = ["prices", "features", "signals", "outcomes", "samples", "learning"]
"""Groups in the order of the loop, from left to right."""

CHALLENGER = "/assets/learning/challenger"

BOOTSTRAP = (
    "mutation{launchRun(executionParams:{selector:{"
    'repositoryName:"__repository__",'
    'repositoryLocationName:"turbomode_assets.definitions",'
    'pipelineName:"bootstrap"},mode:"default",runConfigData:'
    "\"{ops: {live: {config: {live_from: '2024-01-02', to: '2024-01-19'}}}}\""
    "}){... on LaunchRunSuccess{run{runId}}}}"
)
"""The job with what the home has lived already."""

BACKFILLS = "{partitionBackfillsOrError{... on PartitionBackfills{results{status}}}}"

WIDE = {"width": 1600, "height": 800}
"""Wide enough for every group's name to be read."""

IS_DRAWN = "images => images.length > 0 && images.every(i => i.naturalWidth > 100)"
"""A picture the browser could not draw has no width."""


def test_the_lineage_page_shows_the_loop_in_order(desk: Desk) -> None:
    desk.page.set_viewport_size(WIDE)
    graph = desk.visit("/asset-groups").locator("foreignObject")
    boxes = [graph.get_by_text(name, exact=True).bounding_box() for name in LOOP]
    places = [box["x"] for box in boxes]
    assert places == sorted(places)
    assert len(set(places)) == len(LOOP)


@pytest.mark.parametrize("view", views.ALL, ids=lambda view: view.name)
def test_a_view_shows_its_tables_and_no_other(desk: Desk, view: views.View) -> None:
    page = desk.visit(view.path)
    graph = page.locator("foreignObject")
    graph.first.wait_for()
    page.get_by_text("(fetching statuses)").first.wait_for(state="detached")
    # A folded group is followed by the number of its assets; one alone is unfolded.
    shown = {re.sub(r"\d.*", "", text).strip() for text in graph.all_text_contents()}
    keys = {lineage.holder(table.name) for table in view.tables}
    groups = {desk.group(key) for key in keys}
    assert shown == (groups if len(groups) > 1 else {key.path[-1] for key in keys})


def test_a_challenger_shows_how_well_it_is_calibrated(desk: Desk) -> None:
    desk.visit(f"{CHALLENGER}?view=partitions&partition=2024-01-01")
    picture = desk.unfold("calibration").locator("img")
    picture.first.wait_for()
    assert picture.evaluate_all(IS_DRAWN)


def test_a_night_shows_whose_bars_came(desk: Desk) -> None:
    desk.visit("/assets/market/bars?view=partitions&partition=2024-01-19")
    picture = desk.unfold("coverage").locator("img")
    picture.first.wait_for()
    assert picture.evaluate_all(IS_DRAWN)


def test_the_gate_shows_what_it_asked_for(desk: Desk) -> None:
    desk.visit(f"{CHALLENGER}?view=checks&checkDetail=promotion_gate")
    shown = desk.unfold("criteria").inner_text()
    verdicts = desk.rows(tables.VERDICTS)
    assert verdicts.height > 3
    for name, sentence in verdicts.select("criterion", "sentence").iter_rows():
        assert name in shown
        assert sentence in shown


def test_a_signal_leads_to_its_champions_card(desk: Desk) -> None:
    version = desk.rows(tables.CHAMPIONS)["version"][-1]
    page = desk.visit("/assets/swing/signals?view=partitions&partition=2024-01-19")
    page.get_by_role("link", name="model card").click()
    page.wait_for_url(f"**{CHALLENGER}?**partition=2024-01-01**")
    page.get_by_text(version, exact=True).first.wait_for()
    assert lineage.holder(tables.MODELS.name).path[-1] in page.url


def test_a_range_backfilled_by_hand_changes_nothing(desk: Desk) -> None:
    before = desk.rows(tables.FEATURES)
    page = desk.visit("/assets/swing/features")
    page.get_by_role("button", name="Materialize…").first.click()
    page.get_by_text("Show all partitions").click()
    chosen = page.get_by_role("dialog").locator("input[type=text]").first
    chosen.fill("[2024-01-08...2024-01-12]")
    chosen.press("Enter")
    page.get_by_text("5 partitions").wait_for()
    page.get_by_role("button", name="Launch backfill").click()
    assert _ending(desk) == ["COMPLETED_SUCCESS"]
    assert desk.rows(tables.FEATURES).equals(before)


def _ending(desk: Desk) -> list[str]:
    """How every backfill ended; as far as they are, after five minutes."""
    statuses: list[str] = []
    for _ in range(300):
        found = desk.served.ask(BACKFILLS)["data"]["partitionBackfillsOrError"]
        statuses = [each["status"] for each in found["results"]]
        if statuses and not any(s in ("REQUESTED", "COMPLETING") for s in statuses):
            break
        time.sleep(1)
    return statuses


def test_a_home_that_has_lived_is_brought_nowhere(desk: Desk) -> None:
    before = desk.rows(tables.SIGNALS)
    run = desk.served.ask(BOOTSTRAP)["data"]["launchRun"]["run"]["runId"]
    page = desk.visit(f"/runs/{run}")
    page.get_by_text("Success", exact=True).first.wait_for()
    log = desk.served.ask(
        f'{{logsForRun(runId:"{run}"){{... on EventConnection{{events'
        "{... on MessageEvent{message}}}}}"
    )
    assert "0 steps taken" in str(log)
    assert desk.rows(tables.SIGNALS).equals(before)
