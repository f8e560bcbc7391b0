"""Every number of a desk's page, made again by SQL and by another library."""

import datetime as dt
import functools
import html.parser

import duckdb
import polars as pl
import pytest
from sklearn import metrics

from turbomode_assets import policy
from turbomode_assets.reports import desk_page, desk_sheet
from turbomode_assets_tests.reports import desk_tables

FIRST, LAST = dt.date(2022, 7, 1), dt.date(2023, 6, 30)
CHOSEN = policy.Policy(gate=policy.GatePolicy(n_resamples=200))

GRADED = """
    FROM signals JOIN outcomes USING (symbol, session)
    WHERE signals.side <> 'hold'
"""


@functools.cache
def tables() -> desk_sheet.Tables:
    """A year of twelve symbols."""
    return desk_tables.made(FIRST, LAST, 12)


@functools.cache
def sheet() -> desk_sheet.Sheet:
    """Its numbers."""
    return desk_sheet.sheet(tables(), LAST, CHOSEN)


@functools.cache
def page() -> str:
    """Its page."""
    return desk_page.render(sheet())


def sql(query: str) -> list[tuple[object, ...]]:
    """Answer of DuckDB about the tables."""
    with duckdb.connect() as connection:
        connection.register("signals", tables().ledger.signals.to_arrow())
        connection.register("outcomes", tables().ledger.outcomes.to_arrow())
        return connection.sql(query).fetchall()


def test_counts_are_those_of_sql() -> None:
    card = sheet().card
    ((n, n_sessions),) = sql("SELECT count(*), count(DISTINCT session) FROM signals")
    ((n_open,),) = sql(
        "SELECT count(*) FROM signals ANTI JOIN outcomes USING (symbol, session)"
    )
    assert (card.n_signals, card.n_sessions, card.n_open) == (n, n_sessions, n_open)
    assert sheet().generation == 2


def test_hits_by_side_are_those_of_sql() -> None:
    found = {
        row.side: (row.n_matured, row.n_hits)
        for row in sheet().card.sides
        if row.grade == "symmetric_10pct"
    }
    for side, label in (("buy", "up"), ("sell", "down")):
        counted = sql(
            f"SELECT count(*), sum((label_symmetric_10pct = '{label}')::INT) {GRADED} "
            f"AND signals.side = '{side}'"
        )
        assert [found[side]] == counted


def test_the_week_is_that_of_sql() -> None:
    told = sql(
        f"SELECT symbol, session, realized_return {GRADED} AND matures_on > "
        f"DATE '{LAST}' - 7 AND matures_on <= DATE '{LAST}' ORDER BY matures_on DESC, 1"
    )
    shown = sheet().week.select("symbol", "session", "realized_return").rows()
    assert sorted(shown) == sorted(told)
    assert len(told) > 0


def test_the_loss_is_that_of_scikit_learn() -> None:
    ledger = tables().ledger
    rows = ledger.signals.join(ledger.outcomes, on=["symbol", "session"])
    first = ledger.outcomes["matures_on"].min()
    # Before anything had matured there is no base rate to be held against.
    rows = rows.filter(pl.col("session") > first)
    losses = [
        metrics.log_loss(
            part["label_symmetric_10pct"],
            part.select("p_down", "p_flat", "p_up").to_numpy(),
            labels=["down", "flat", "up"],
        )
        for part in rows.partition_by("session")
    ]
    (row,) = sheet().card.skills
    assert row.loss == pytest.approx(sum(losses) / len(losses))


def test_tonight_are_the_largest_edges_of_the_last_session() -> None:
    told = sql(
        "SELECT symbol, edge FROM signals WHERE side <> 'hold' AND session = "
        "(SELECT max(session) FROM signals) ORDER BY abs(edge) DESC, symbol LIMIT 10"
    )
    assert sheet().tonight.select("symbol", "edge").rows() == told
    assert told


def test_what_changed_is_what_sql_counts() -> None:
    ((n_turned, n),) = sql(
        """
        WITH days AS (SELECT DISTINCT session FROM signals ORDER BY 1 DESC LIMIT 2),
        today AS (SELECT * FROM signals
                  WHERE session = (SELECT max(session) FROM days)),
        eve AS (SELECT * FROM signals
                WHERE session = (SELECT min(session) FROM days))
        SELECT sum((today.side <> eve.side)::INT), count(*) FROM today
        JOIN eve USING (symbol)
        """
    )
    assert sheet().changes[0].startswith(f"{n_turned} of {n} symbols changed sides")


class Reader(html.parser.HTMLParser):
    """Collects tags and what they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one tag."""
        self.tags.append(tag)
        named = ("href", "src", "xlink:href", "action")
        self.sources += [str(value) for name, value in attrs if name in named]


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    reader = Reader()
    reader.feed(page())
    assert "script" not in reader.tags
    assert [source for source in reader.sources if not source.startswith("#")] == []
    assert reader.tags.count("figure") == 4
    assert "url(" not in page().replace("url(#", "")


def test_the_same_numbers_give_the_same_page() -> None:
    assert desk_page.render(desk_sheet.sheet(tables(), LAST, CHOSEN)) == page()


def test_a_desk_that_never_spoke_has_a_page_that_says_so() -> None:
    full = tables()
    ledger = full.ledger
    empty = desk_sheet.Tables(
        ledger=type(ledger)(
            outcomes=ledger.outcomes.clear(),
            signals=ledger.signals.clear(),
            oof=ledger.oof,
            verdicts=ledger.verdicts.clear(),
            champions=ledger.champions.clear(),
        ),
        rankings=full.rankings.clear(),
        quarantine=full.quarantine.clear(),
        newest=[("market.bars", None)],
    )
    drawn = desk_page.render(desk_sheet.sheet(empty, LAST, CHOSEN))
    assert "No champion reigns." in drawn
    assert "Too little has matured" in drawn
    assert "<figure>" not in drawn
