"""What the user interface shows of a verdict, and the alert of a fall."""

import base64
import datetime as dt
import xml.etree.ElementTree as ET

import dagster as dg
import polars as pl

from turbomode_assets import tables
from turbomode_assets.defs import gate_report
from turbomode_assets.defs.assets import learning
from turbomode_assets.promotion import gate


def criterion(name: str, observed: float) -> gate.Criterion:
    return gate.Criterion(
        name=name,
        observed=observed,
        required=0.5,
        is_passed=observed >= 0.5,
        sentence=f"{name} says {observed}",
    )


def shown(*observed: float) -> dg.AssetCheckResult:
    criteria = tuple(criterion(f"c{n}", value) for n, value in enumerate(observed))
    verdict = gate.Verdict(criteria=criteria, against="v1")
    return gate_report.result(verdict, learning.CHALLENGER, learning.PROMOTION_GATE)


def test_a_refusal_is_an_error_that_says_why() -> None:
    result = shown(0.7, 0.4)
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.ERROR
    assert result.description == "c1 says 0.4"


def test_every_criterion_is_a_row_and_a_bar() -> None:
    result = shown(0.7, 0.4, 0.6)
    table = str(result.metadata["criteria"].value)
    rows = table.splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == ["| c0", "| c1", "| c2"]
    assert [("**failed**" in row) for row in rows] == [False, True, False]
    coded = str(result.metadata["chart"].value).split("base64,")[1].rstrip(")")
    drawn = ET.fromstring(base64.b64decode(coded))  # noqa: S314 - drawn here
    texts = {element.text for element in drawn.iter() if element.text}
    assert {"c0", "c1", "c2"} <= texts


def test_a_fall_is_an_alert_that_names_the_successor() -> None:
    row = {"desk": "swing", "month": dt.date(2024, 6, 1), "version": "v2"}
    row |= {
        "n_sessions": 200,
        "against": "the base rate",
        "gain": -0.01,
        "observed": 12.0,
        "required": 10.0,
    }
    row |= {"is_passed": False, "successor": "v1"}
    rows = pl.DataFrame([row], schema=tables.STANDINGS.schema())
    result = gate_report.stands(rows, learning.CHAMPION_STANDS)
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.ERROR
    assert "Followed by v1" in str(result.description)
    assert gate_report.stands(rows[:0], learning.CHAMPION_STANDS).passed
