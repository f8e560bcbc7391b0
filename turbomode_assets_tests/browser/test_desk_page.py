"""The desks' pages in a real browser: they draw, ask nobody, and fit a phone."""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from turbomode_assets import policy
from turbomode_assets.reports import (
    desk_page,
    desk_sheet,
    intraday_page,
    intraday_sheet,
)
from turbomode_assets_tests.browser.conftest import PICTURES
from turbomode_assets_tests.reports import desk_tables, rounds_tables

pytestmark = pytest.mark.xdist_group("browser")

LAST = dt.date(2023, 6, 30)
CHOSEN = policy.Policy(gate=policy.GatePolicy(n_resamples=200))

SIZES = {"phone": (390, 844), "desktop": (1280, 900)}

READABLE, SMALLEST = 200, 9
"""Width of a chart and height of its words, in pixels, that can still be read."""

OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
DARKNESS = "getComputedStyle(document.body).backgroundColor"
CONTRAST = "document.querySelector('figure svg') && getComputedStyle(\
document.querySelector('figure svg')).filter"


DESKS = {"swing": 6, "intraday": 7}
"""Charts of each page."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of a year of twelve symbols, and of seven months of two."""
    nightly = desk_tables.made(dt.date(2022, 7, 1), LAST, 12)
    names = desk_sheet.tonight(nightly.ledger.signals)["symbol"]
    why = "up, points: +3.1 by volatility_21 = 0.41, +2.0 by range_21 = 0.05"
    nightly = dataclasses.replace(nightly, reasons=dict.fromkeys(names, why))
    rounds = rounds_tables.made(dt.date(2022, 12, 1), LAST)
    drawn = {
        "swing": desk_page.render(desk_sheet.sheet(nightly, LAST, CHOSEN)),
        "intraday": intraday_page.render(
            intraday_sheet.sheet(rounds, LAST, CHOSEN.gate)
        ),
    }
    where = tmp_path_factory.mktemp("pages")
    for name, page in drawn.items():
        (where / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: where / f"{name}.html" for name in drawn}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("desk", DESKS)
def test_a_page_draws_asks_nobody_and_fits(
    browser: Any, pages: dict[str, Path], desk: str, size: str, scheme: str
) -> None:
    page_file = pages[desk]
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
    page.screenshot(path=PICTURES / f"{desk}_{size}_{scheme}.png", full_page=True)
    overflow, paper = page.evaluate(OVERFLOW), page.evaluate(DARKNESS)
    is_inverted = "invert" in str(page.evaluate(CONTRAST))
    context.close()
    assert said == []
    assert asked == [page_file.as_uri()]
    assert len(boxes) == DESKS[desk]
    assert all(box["width"] > READABLE for box in boxes)
    # Nothing of a chart lies beyond the edge: none has to be scrolled.
    assert all(box["x"] + box["width"] <= width for box in (*boxes, *frames))
    assert min(word["height"] for word in words) >= SMALLEST
    assert overflow <= 0
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    assert is_inverted == (scheme == "dark")
