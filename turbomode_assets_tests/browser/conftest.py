"""A home that has lived three weeks, served by a real ``turbomode up``, and a browser.

Skipped where Playwright (``pip install '.[browser]'``) or Chromium is not there. Every
page a test looked at is kept as a picture in ``build/screenshots``.
"""

import dataclasses
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from turbomode_assets import schema
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import serving

PICTURES = Path(__file__).parents[2] / "build" / "screenshots"

MARKET = ["--symbols", "16", "--edge", "8", "--from", "2021-05-03"]
LIVED = ["--live-from", "2024-01-02", "--to", "2024-01-19"]

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
"""A browser that speaks to nobody but the server."""

PATIENCE_MS = 120_000
"""How long a page may take on a machine that is busy with other tests."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright.

    Its event loop runs as long as it does, and Dagster's cannot meanwhile: it ends with
    the tests that look through it.
    """
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="needs the extra `browser`"
    )
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


@pytest.fixture(scope="module")
def served(
    browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[serving.Served]:
    """The home, lived by the command line and then up."""
    del browser  # asked for first: without one, nothing is lived in vain
    folder = tmp_path_factory.mktemp("browsed") / "home"
    command = [*serving.COMMAND, "run", "--home", str(folder), *MARKET, *LIVED]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    with serving.up(folder, "--paused") as served:
        yield served


@dataclasses.dataclass(frozen=True)
class Desk:
    """A person before a page of a home."""

    served: serving.Served
    page: Any

    def visit(self, path: str) -> Any:
        """The page at a path."""
        self.page.goto(self.served.url(path))
        return self.page

    def unfold(self, name: str) -> Any:
        """Dialog that shows the Markdown beside the metadata called `name`."""
        rows = self.page.locator("tr").filter(
            has=self.page.get_by_text(name, exact=True)
        )
        rows.first.get_by_text("[Show Markdown]").click()
        dialog = self.page.get_by_role("dialog")
        dialog.wait_for()
        return dialog

    def group(self, key: dg.AssetKey) -> str:
        """Group of an asset, as the server tells it."""
        path = json.dumps(list(key.path))
        query = f"{{assetNodeOrError(assetKey:{{path:{path}}})"
        answer = self.served.ask(query + "{... on AssetNode{groupName}}}")
        return str(answer["data"]["assetNodeOrError"]["groupName"])

    def rows(self, table: schema.Table) -> Any:
        """Rows of a table, read as soon as no run writes."""
        with warehouse.opened(home.Home(self.served.home).warehouse) as store:
            return store.read(table)


@pytest.fixture
def desk(
    browser: Any, served: serving.Served, request: pytest.FixtureRequest
) -> Iterator[Desk]:
    """A fresh page; its last sight is kept."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE_MS)
    yield Desk(served, page)
    PICTURES.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_")).strip("_")
    page.screenshot(path=PICTURES / f"{name}.png")
    page.close()
