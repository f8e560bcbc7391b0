"""The desk's page in a real browser: it draws, asks nobody, and fits a phone."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from turbomode_assets import policy
from turbomode_assets.reports import desk_page, desk_sheet
from turbomode_assets_tests.browser.conftest import PICTURES
from turbomode_assets_tests.reports import desk_tables

pytestmark = pytest.mark.xdist_group("browser")

LAST = dt.date(2023, 6, 30)
CHOSEN = policy.Policy(gate=policy.GatePolicy(n_resamples=200))

SIZES = {"phone": (390, 844), "desktop": (1280, 900)}

READABLE, SMALLEST = 500, 9
"""Width of a chart and height of its words, in pixels, that can still be read."""

OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
DARKNESS = "getComputedStyle(document.body).backgroundColor"
CONTRAST = "document.querySelector('figure svg') && getComputedStyle(\
document.querySelector('figure svg')).filter"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a year of twelve symbols."""
    tables = desk_tables.made(dt.date(2022, 7, 1), LAST, 12)
    drawn = desk_page.render(desk_sheet.sheet(tables, LAST, CHOSEN))
    where = tmp_path_factory.mktemp("page") / "swing.html"
    where.write_text(drawn, encoding="utf-8")
    return where


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_page_draws_asks_nobody_and_fits(
    browser: Any, page_file: Path, size: str, scheme: str
) -> None:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    boxes = [chart.bounding_box() for chart in page.locator("figure svg").all()]
    frames = [frame.bounding_box() for frame in page.locator("figure").all()]
    words = [word.bounding_box() for word in page.locator("figure svg text").all()]
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"desk_{size}_{scheme}.png", full_page=True)
    overflow, paper = page.evaluate(OVERFLOW), page.evaluate(DARKNESS)
    is_inverted = "invert" in str(page.evaluate(CONTRAST))
    context.close()
    assert said == []
    assert asked == [page_file.as_uri()]
    assert len(boxes) == 4
    assert all(box["width"] > READABLE for box in boxes)
    assert all(frame["width"] <= width for frame in frames)
    assert min(word["height"] for word in words) >= SMALLEST
    assert overflow <= 0
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    assert is_inverted == (scheme == "dark")
