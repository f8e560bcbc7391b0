"""Every number of a desk's page, made again by SQL and by another library."""

import datetime as dt
import functools
import html.parser

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn import calibration, metrics

from turbomode_assets import policy
from turbomode_assets.reports import desk_page, desk_sheet, learning_lines
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
        connection.register("oof", tables().ledger.oof.to_arrow())
        connection.register("rankings", tables().rankings.to_arrow())
        connection.register("quarantine", tables().quarantine.to_arrow())
        return connection.sql(query).fetchall()


def test_counts_are_those_of_sql() -> None:
    card = sheet().card
    ((n, n_sessions),) = sql("SELECT count(*), count(DISTINCT session) FROM signals")
    ((n_open,),) = sql(
        "SELECT count(*) FROM signals ANTI JOIN outcomes USING (symbol, session)"
    )
    assert (card.n_signals, card.n_sessions, card.n_open) == (n, n_sessions, n_open)
    assert sheet().generation == 2


def test_the_champion_is_the_last_of_its_generation() -> None:
    assert (sheet().card.champion, sheet().reigns_from) == (
        "v2023",
        dt.date(2023, 1, 3),
    )
    assert "<b>generation 2</b><span>v2023, since 2023-01-03</span>" in page()


@pytest.mark.parametrize(
    ("grade", "side", "label"),
    [
        ("symmetric_10pct", "buy", "up"),
        ("symmetric_10pct", "sell", "down"),
        ("seed_10pct", "buy", "up"),
        ("seed_10pct", "sell", "not_up"),
    ],
)
def test_hits_and_their_base_rate_are_those_of_sql(
    grade: str, side: str, label: str
) -> None:
    (row,) = (r for r in sheet().card.sides if (r.side, r.grade) == (side, grade))
    counted = sql(
        f"""
        WITH blind AS (SELECT session, avg((label_{grade} = '{label}')::INT) AS usual
                       FROM outcomes GROUP BY session)
        SELECT count(*), sum((label_{grade} = '{label}')::INT), avg(usual)
        FROM signals JOIN outcomes USING (symbol, session) JOIN blind USING (session)
        WHERE signals.side = '{side}'
        """  # noqa: S608 - names of this file
    )
    assert [(row.n_matured, row.n_hits, row.base_rate)] == [pytest.approx(counted[0])]
    spans = sql(
        f"SELECT DISTINCT outcomes.entry_on, outcomes.matures_on {GRADED} "
        f"AND signals.side = '{side}'"
    )
    assert row.n_effective == apart(spans)


def apart(spans: list[tuple[object, ...]]) -> int:
    """Holding periods that do not overlap, the one that ends first taken first."""
    n, free_from = 0, dt.date.min
    for begins, ends in sorted(spans, key=lambda span: span[::-1]):
        if begins > free_from:  # type: ignore[operator]
            n, free_from = n + 1, ends  # type: ignore[assignment]
    return n


def test_the_week_is_that_of_sql() -> None:
    told = sql(
        f"SELECT symbol, session, realized_return {GRADED} AND matures_on > "
        f"DATE '{LAST}' - 7 AND matures_on <= DATE '{LAST}' ORDER BY matures_on DESC, 1"
    )
    shown = sheet().week.select("symbol", "session", "realized_return").rows()
    assert sorted(shown) == sorted(told)
    assert len(told) > 0
    (expected,) = sql(
        f"""
        WITH blind AS (SELECT session, avg((label_symmetric_10pct = 'up')::INT) AS buy,
                       avg((label_symmetric_10pct = 'down')::INT) AS sell
                       FROM outcomes GROUP BY session)
        SELECT avg(CASE signals.side WHEN 'buy' THEN buy ELSE sell END)
        FROM signals JOIN outcomes USING (symbol, session) JOIN blind USING (session)
        WHERE signals.side != 'hold' AND matures_on > DATE '{LAST}' - 7
        AND matures_on <= DATE '{LAST}'
        """  # noqa: S608 - names of this file
    )[0]
    assert sheet().week["base_rate"].mean() == pytest.approx(expected)


def judged() -> pl.DataFrame:
    """Signals beside their outcomes, from the day on which the first matured.

    Before that there is no base rate to be held against.
    """
    ledger = tables().ledger
    rows = ledger.signals.join(ledger.outcomes, on=["symbol", "session"])
    return rows.filter(pl.col("session") > ledger.outcomes["matures_on"].min())


def losses(rows: pl.DataFrame, suffix: str, label: str) -> list[float]:
    """Mean log-loss of each session by scikit-learn."""
    names = [f"p_{name}{suffix}" for name in ("down", "flat", "up")]
    return [
        metrics.log_loss(part[label], part.select(names), labels=["down", "flat", "up"])
        for part in rows.partition_by("session", maintain_order=True)
    ]


def test_the_losses_are_those_of_scikit_learn() -> None:
    live, base, volatility = sheet().card.skills
    own = losses(judged(), "", "label_symmetric_10pct")
    assert live.loss == pytest.approx(sum(own) / len(own))
    folds = tables().ledger.oof
    said = losses(folds, "", "label")
    for row in (base, volatility):
        usual = losses(folds, f"_{row.reference}", "label")
        assert row.loss == pytest.approx(sum(said) / len(said))
        assert row.reference_loss == pytest.approx(sum(usual) / len(usual))
        assert row.skill == pytest.approx(1 - sum(said) / sum(usual))


@pytest.mark.parametrize("reference", desk_sheet.REFERENCES)
def test_skill_over_time_is_that_of_scikit_learn(reference: str) -> None:
    folds, n = tables().ledger.oof, learning_lines.ROLLING_SESSIONS
    said, usual = (losses(folds, s, "label")[-n:] for s in ("", f"_{reference}"))
    line = sheet().folds[reference]
    assert line["skill"][-1] == pytest.approx(1 - sum(said) / sum(usual))
    low, high = line.select("low", "high").row(-1)
    assert low < line["skill"][-1] < high


def test_the_order_is_that_of_scikit_learn_and_scipy() -> None:
    rows = tables().ledger.signals.join(
        tables().ledger.outcomes, on=["symbol", "session"]
    )
    found = sheet().card.orders[0]
    is_up = rows["label_symmetric_10pct"] == "up"
    assert found.auc_up == pytest.approx(metrics.roc_auc_score(is_up, rows["p_up"]))
    order = [
        stats.spearmanr(part["edge"], part["realized_return"]).statistic
        for part in rows.partition_by("session")
    ]
    assert found.rank_ic.mean == pytest.approx(sum(order) / len(order))


@pytest.mark.parametrize("name", ["up", "down"])
def test_the_reliability_is_that_of_scikit_learn(name: str) -> None:
    ledger = tables().ledger
    rows = ledger.signals.join(ledger.outcomes, on=["symbol", "session"])
    happened = rows["label_symmetric_10pct"] == name
    observed, predicted = calibration.calibration_curve(
        happened, rows[f"p_{name}"], n_bins=10, strategy="quantile"
    )
    found = sheet().calibration[name]
    assert found["predicted"].to_list() == pytest.approx(list(predicted), abs=1e-3)
    assert found["observed"].to_list() == pytest.approx(list(observed), abs=0.01)


BOOK = """
    WITH placed AS (
        SELECT session, outcomes.matures_on, realized_return, row_number() OVER (
            PARTITION BY session ORDER BY signals.edge DESC, symbol) AS place
        FROM signals JOIN outcomes USING (symbol, session)),
    cohorts AS (
        SELECT session, matures_on,
            avg(realized_return) FILTER (place <= 5) - 0.002 AS book,
            avg(realized_return) AS equal
        FROM placed GROUP BY ALL),
    daily AS (
        SELECT matures_on, sum(book) AS book, sum(equal) AS equal
        FROM cohorts GROUP BY matures_on)
    SELECT matures_on, 1 + sum(book) OVER w / 11, 1 + sum(equal) OVER w / 11
    FROM daily WINDOW w AS (ORDER BY matures_on) ORDER BY matures_on
"""


def test_the_book_is_that_of_sql() -> None:
    found, told = sheet().book, sql(BOOK)
    assert found.lines["session"].to_list() == [row[0] for row in told]
    for place, own in enumerate(found.worth, start=1):
        equity = np.array([row[place] for row in told], dtype=float)
        assert found.lines[own.name].to_list() == pytest.approx(equity)
        peak = np.maximum.accumulate(np.maximum(equity, 1.0))
        assert own.drawdown == pytest.approx(float((1 - equity / peak).max()))
        assert own.total_return == pytest.approx(equity[-1] - 1)


def test_the_ratio_of_the_book_is_that_of_scipy() -> None:
    cohorts = BOOK.partition("daily AS")[0].rstrip().rstrip(",")
    begun = "(SELECT DISTINCT session, entry_on FROM outcomes)"
    spans = f"cohorts JOIN {begun} USING (session) ORDER BY matures_on, entry_on"
    rows = sql(f"{cohorts} SELECT entry_on, matures_on, book FROM {spans}")  # noqa: S608
    kept, free_from = [], dt.date.min
    for begins, ends, gain in rows:
        if begins > free_from:  # type: ignore[operator]
            kept.append(gain)
            free_from = ends  # type: ignore[assignment]
    made = np.array(kept, dtype=float)
    ratio, n = made.mean() / made.std(ddof=1), len(made)
    skew, kurtosis = stats.skew(made), stats.kurtosis(made, fisher=False)
    error = np.sqrt((1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / (n - 1))
    trials = tables().ledger.verdicts["version"].n_unique()
    ends = stats.norm.ppf([1 - 1 / trials, 1 - 1 / (trials * np.e)])
    luck = float(ends @ [1 - np.euler_gamma, np.euler_gamma]) / np.sqrt(n - 1)
    found = sheet().book.worth[0].sharpe
    assert found.n_periods == n
    assert found.ratio == pytest.approx(ratio)
    assert found.standard_error == pytest.approx(error)
    assert found.deflated == pytest.approx(stats.norm.cdf((ratio - luck) / error))


def test_ranking_and_refused_rows_are_those_of_sql() -> None:
    told = sql(
        "SELECT symbol, skill, skill_lower, skill_upper FROM rankings WHERE mode = "
        "'live' AND month = (SELECT max(month) FROM rankings) ORDER BY rank LIMIT 20"
    )
    shown = sheet().ranking.select("symbol", "skill", "skill_lower", "skill_upper")
    assert shown.rows() == told
    counted = sql("SELECT reason, count(*) FROM quarantine GROUP BY 1 ORDER BY 1")
    assert sheet().refused.rows() == counted


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
    assert reader.tags.count("figure") == 6
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
            oof=ledger.oof.clear(),
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
    assert "<figure" not in drawn
