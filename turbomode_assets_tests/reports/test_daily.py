"""The daily report by SQL, its words by hand, and that no rule speaks out of turn."""

import dataclasses
import datetime as dt
import functools

import duckdb
import polars as pl
import pytest

from turbomode_assets.reports import daily, desk_sheet
from turbomode_assets_tests.reports import desk_tables

AS_OF = dt.date(2023, 6, 30)


SAID = "SELECT count(*) FROM signals WHERE side <> 'hold' AND session > ?"

HIT = """
    WITH blind AS (
        SELECT session, avg((label_symmetric_10pct = 'up')::INT) AS up,
            avg((label_symmetric_10pct = 'down')::INT) AS down
        FROM outcomes GROUP BY session
    )
    SELECT count(*),
        avg((label_symmetric_10pct = if(s.side = 'buy', 'up', 'down'))::INT),
        avg(if(s.side = 'buy', up, down))
    FROM signals s JOIN outcomes USING (symbol, session) JOIN blind USING (session)
    WHERE s.side <> 'hold' AND matures_on > ?
"""


@functools.cache
def tables() -> desk_sheet.Tables:
    """Half a year of twenty symbols."""
    return desk_tables.made(dt.date(2023, 1, 3), AS_OF, 20)


def span(**changes: object) -> daily.Graded:
    """A month in which hits are above their base rate, with enough behind them."""
    known = {
        "days": 30,
        "n_said": 90,
        "n_matured": 80,
        "n_effective": 40,
        "hit_share": 0.5,
        "base_rate": 0.1,
    }
    return daily.Graded(**(known | changes))  # type: ignore[arg-type]


VOTERS = pl.DataFrame(
    {
        "voter": ["momentum", "news"],
        "n": [26, 26],
        "spoken_share": [0.5, 1.0],
        "weight": [0.12, None],
        "skill": [-0.004, None],
        "last_excuse": ["flat", None],
    }
)

OPTIONS = pl.DataFrame(
    {
        "basis": ["model", "quoted"],
        "n": [90, 4],
        "n_effective": [9, 4],
        "value": [-0.07, 0.02],
        "low": [-0.09, None],
        "high": [-0.05, None],
    }
)

WELL = daily.Daily(
    day=AS_OF,
    price="Prices.",
    champion="v1",
    evidence="Not shown.",
    swing=[span(days=1), span(days=7), span()],
    intraday=[],
    voters=VOTERS,
    options=[],
    health=[("disk", True, "41 GB free.")],
)


@pytest.mark.parametrize("days", daily.SPANS)
def test_grades_are_those_of_sql(days: int) -> None:
    ledger = tables().ledger
    found = daily.graded(ledger.signals, ledger.outcomes, AS_OF, days)
    since = [AS_OF - dt.timedelta(days=days)]
    with duckdb.connect() as connection:
        connection.register("signals", ledger.signals.to_arrow())
        connection.register("outcomes", ledger.outcomes.to_arrow())
        ((n_said,),) = connection.execute(SAID, since).fetchall()
        ((n, hits, usual),) = connection.execute(HIT, since).fetchall()
    assert (found.n_said, found.n_matured) == (n_said, n)
    assert found.hit_share == pytest.approx(hits)
    assert found.base_rate == pytest.approx(usual)


def test_a_well_home_with_enough_evidence_is_told_nothing_to_do() -> None:
    assert daily.insights(WELL) == []
    assert daily.title(WELL) == "Daily report 2023-06-30: learning, all well"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"champion": None}, "Nothing is signaled until"),
        ({"health": [("disk", False, "full")]}, "Look at disk first"),
        ({"swing": [span(n_effective=29)]}, "Effective n is 29"),
        ({"swing": [span(hit_share=0.1)]}, "no more often than blind picks"),
        (
            {"voters": VOTERS.with_columns(spoken_share=pl.Series([0.0, 1.0]))},
            "momentum has been silent for a week: flat",
        ),
    ],
)
def test_each_rule_speaks_when_it_should(changes: dict[str, object], told: str) -> None:
    (said,) = daily.insights(dataclasses.replace(WELL, **changes))  # type: ignore[arg-type]
    assert told in said


def test_nothing_matured_is_no_reason_to_speak() -> None:
    silent = span(hit_share=None, base_rate=None, n_matured=0, n_effective=0)
    quiet = dataclasses.replace(WELL, swing=[silent])
    assert daily.insights(quiet) == []
    assert "- 30 d: 90 said; none matured" in daily.text(quiet)


def test_every_part_is_in_the_text() -> None:
    rows = pl.DataFrame(
        {
            "symbol": ["RTX"],
            "horizon": ["1h"],
            "n": [26],
            "n_effective": [6],
            "up_share": [0.5],
            "skill": [0.01],
            "n_taken": [4],
            "n_taken_effective": [2],
            "hit_share": [0.75],
        }
    )
    full = dataclasses.replace(
        WELL, intraday=[(1, rows)], options=[(1, OPTIONS), (7, OPTIONS.clear())]
    )
    text = daily.text(full)
    assert "- 7 d: 90 said; 50% hit, 10% blindly (80 matured, effective n 40)" in text
    assert "- 1 d, RTX 1h: 75% of 4 hit (effective n 2), 50% went up; skill 1%" in text
    assert (
        "- 1 d, model-based: mean return -7% (-9%..-5%) of 90 (effective n 9)" in text
    )
    assert "- 1 d, quoted: mean return 2% (-..-) of 4 (effective n 4)" in text
    assert "- momentum: spoke in 50% of 26; weight 12%, skill -0.4%" in text
    assert "- news: spoke in 100% of 26\n" in text
    assert "- disk: well. 41 GB free." in text
