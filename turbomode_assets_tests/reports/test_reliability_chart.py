"""The reliability diagram: well-formed, complete, and with points in their place."""

import base64
import xml.etree.ElementTree as ET

import polars as pl
import pytest

from turbomode_assets.reports import reliability_chart

SVG = "{http://www.w3.org/2000/svg}"
TABLE = pl.DataFrame(
    {
        "predicted": [0.1, 0.2],
        "observed": [0.2, 0.2],
        "low": [0.1, 0.1],
        "high": [0.3, 0.4],
    }
)


def points(svg: bytes) -> list[tuple[float, float]]:
    circles = ET.fromstring(svg).iter(f"{SVG}circle")  # noqa: S314
    return [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in circles]


def test_a_calibrated_point_lies_on_the_diagonal() -> None:
    off, on = points(reliability_chart.draw({"up": TABLE}))
    left, bottom = reliability_chart.MARGIN, reliability_chart.MARGIN
    bottom += reliability_chart.SIDE
    assert on[0] - left == pytest.approx(bottom - on[1], abs=0.11)
    assert off[0] - left < bottom - off[1]


def test_every_class_has_its_panel_and_the_same_tables_the_same_bytes() -> None:
    both = {"up": TABLE, "down": TABLE}
    svg = reliability_chart.draw(both)
    assert len(points(svg)) == 4
    assert svg == reliability_chart.draw(both)
    packed = reliability_chart.as_markdown(svg).partition("base64,")[2].rstrip(")")
    assert base64.b64decode(packed) == svg
