"""Every number of the intraday desk's page, made again by SQL and another library."""

import datetime as dt
import functools

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn import calibration, metrics

from turbomode_assets import intraday_policy, rounds
from turbomode_assets.reports import intraday_page, intraday_sheet, learning_lines
from turbomode_assets_tests.reports import rounds_tables

FIRST, LAST = dt.date(2023, 12, 1), dt.date(2024, 6, 28)
GATE = intraday_policy.INTRADAY.gate
LINES = [(symbol, name) for symbol in ("LMT", "RTX") for name in rounds.HORIZONS]


@functools.cache
def tables() -> intraday_sheet.Tables:
    """Seven months of two symbols."""
    return rounds_tables.made(FIRST, LAST)


@functools.cache
def sheet() -> intraday_sheet.Sheet:
    """Their numbers."""
    return intraday_sheet.sheet(tables(), LAST, GATE)


@functools.cache
def page() -> str:
    """Their page."""
    return intraday_page.render(sheet())


def sql(query: str, *values: object) -> list[tuple[object, ...]]:
    """Answer of DuckDB about the tables."""
    with duckdb.connect() as connection:
        connection.register("signals", tables().signals.to_arrow())
        connection.register("outcomes", tables().outcomes.to_arrow())
        return connection.execute(query, values).fetchall()


def final(symbol: str, horizon: str) -> pl.DataFrame:
    """Judged signals of a line, in order of time."""
    rows = tables().signals.join(
        tables().outcomes.drop("side"), on=["symbol", "session", "minute", "horizon"]
    )
    mine = rows.filter(symbol=symbol, horizon=horizon, maturity="final")
    return mine.sort("session", "minute")


def losses(rows: pl.DataFrame, column: str) -> list[float]:
    """Mean log-loss of each session by scikit-learn."""
    return [
        metrics.log_loss(part["is_up"], part[column], labels=[False, True])
        for part in rows.partition_by("session", maintain_order=True)
    ]


def apart(rows: pl.DataFrame, horizon: str) -> int:
    """Signals whose horizons do not overlap, one after another."""
    n, free_from = 0, -1
    for number in rounds.numbers(rows).tolist():
        if number + 1 > free_from:
            n, free_from = n + 1, int(rounds.exits(np.array([number]), horizon)[0])
    return n


def test_counts_are_those_of_sql() -> None:
    ((n, n_pending),) = sql(
        "SELECT count(*), sum((maturity = 'pending')::INT) FROM signals "
        "JOIN outcomes USING (symbol, session, minute, horizon)"
    )
    assert (sheet().n_signals, sheet().n_pending) == (n, n_pending)
    assert (sheet().champion, sheet().generation) == ("w2", 2)


@pytest.mark.parametrize(("place", "line"), list(enumerate(LINES))[::2])
def test_worth_is_that_of_scikit_learn_and_scipy(
    place: int, line: tuple[str, str]
) -> None:
    found, rows = sheet().worths[place], final(*line)
    own, usual = (losses(rows, column) for column in ("p_up", "p_base"))
    order = [
        stats.spearmanr(part["p_up"], part["realized_return"]).statistic
        for part in rows.partition_by("session")
        if part.height > 2
    ]
    assert (found.symbol, found.horizon) == line
    assert found.n == rows.height
    assert found.n_effective == apart(rows, line[1])
    assert found.loss == pytest.approx(sum(own) / len(own))
    assert found.base_loss == pytest.approx(sum(usual) / len(usual))
    assert found.skill == pytest.approx(1 - sum(own) / sum(usual))
    assert found.rank_ic.mean == pytest.approx(sum(order) / len(order))
    assert found.interval is not None
    assert found.interval[0] < found.skill < found.interval[1]


def test_hits_and_blind_picks_are_those_of_sql() -> None:
    told = sql(
        """
        WITH blind AS (
            SELECT symbol, horizon, session, avg((realized_return > 0)::INT) AS up,
                avg((realized_return < 0)::INT) AS down
            FROM outcomes WHERE maturity = 'final' GROUP BY ALL)
        SELECT symbol, horizon, side, count(*), avg(is_hit::INT),
            avg(if(side = 'buy', up, down))
        FROM outcomes JOIN blind USING (symbol, horizon, session)
        WHERE maturity = 'final' AND side <> 'hold' GROUP BY ALL
        """
    )
    shown = {(one.symbol, one.horizon, one.side): one for one in sheet().hits}
    assert len(told) == len(shown) == 12
    for symbol, horizon, side, n, hit_share, base_rate in told:
        one = shown[str(symbol), str(horizon), str(side)]
        rows = final(str(symbol), str(horizon)).filter(side=str(side))
        assert one.n == n
        assert one.n_effective == apart(rows, str(horizon))
        assert one.hit_share == pytest.approx(hit_share)
        assert one.base_rate == pytest.approx(base_rate)


@pytest.mark.parametrize("horizon", rounds.HORIZONS)
def test_skill_over_time_and_reliability_are_those_of_scikit_learn(
    horizon: str,
) -> None:
    rows = pl.concat([final(symbol, horizon) for symbol in ("LMT", "RTX")])
    rows = rows.sort("session")
    n = learning_lines.ROLLING_SESSIONS
    own, usual = (losses(rows, column)[-n:] for column in ("p_up", "p_base"))
    line = sheet().lines[horizon]
    assert line["skill"][-1] == pytest.approx(1 - sum(own) / sum(usual))
    observed, predicted = calibration.calibration_curve(
        rows["is_up"], rows["p_up"], n_bins=10, strategy="quantile"
    )
    found = sheet().calibration[horizon]
    assert found["predicted"].to_list() == pytest.approx(list(predicted), abs=1e-3)
    assert found["observed"].to_list() == pytest.approx(list(observed), abs=0.01)


def test_the_learned_model_is_judged_as_scikit_learn_judges() -> None:
    rows = tables().oof.with_columns(is_up=pl.col("label") == "up").sort("session")
    own = losses(rows, "p_up")
    for found in sheet().fold_skills:
        usual = losses(rows, f"p_up_{found.reference}")
        assert found.skill == pytest.approx(1 - sum(own) / sum(usual), rel=1e-3)
        line = sheet().folds[found.reference]
        n = learning_lines.ROLLING_SESSIONS
        last = 1 - sum(own[-n:]) / sum(usual[-n:])
        assert line["skill"][-1] == pytest.approx(last, rel=1e-3)


def test_the_week_is_that_of_sql() -> None:
    told = sql(
        """
        SELECT exit_on, horizon, count(*), sum(is_hit::INT), avg(realized_return)
        FROM outcomes WHERE maturity = 'final' AND side <> 'hold'
            AND exit_on > ?::DATE - 7 AND exit_on <= ?
        GROUP BY ALL ORDER BY exit_on DESC, horizon
        """,
        LAST,
        LAST,
    )
    for shown, row in zip(sheet().week.rows(), told, strict=True):
        assert shown[:4] == row[:4]
        assert shown[4] == pytest.approx(row[4])


def test_the_newest_round_has_the_weightiest_reasons() -> None:
    last = (
        tables().signals.select("session", "minute").sort("session", "minute").row(-1)
    )
    shown = sheet().newest_signals
    assert set(shown.select("session", "minute").rows()) == {last}
    assert shown.select("symbol", "horizon").rows() == LINES
    assert sheet().reasons == dict.fromkeys(
        ("LMT", "RTX"), "momentum 0.8: momentum <saw> it; news -0.2: news <saw> it"
    )
    assert "momentum &lt;saw&gt; it" in page()


def test_the_book_is_that_of_numpy() -> None:
    equity, found = tables().equity["book"].to_numpy(), sheet().book
    made = equity / np.concatenate([[1.0], equity[:-1]]) - 1.0
    peak = np.maximum.accumulate(np.maximum(equity, 1.0))
    assert found.total_return == pytest.approx(equity[-1] - 1)
    assert found.drawdown == pytest.approx(float((1 - equity / peak).max()))
    assert found.turnover == pytest.approx(2.0)
    assert found.sharpe.n_periods == len(made)
    assert found.sharpe.ratio == pytest.approx(made.mean() / made.std(ddof=1))


def test_the_same_numbers_give_the_same_page() -> None:
    again = intraday_sheet.sheet(tables(), LAST, GATE)
    assert intraday_page.render(again) == page()
    assert "<script" not in page()
    assert page().count("<figure") == 7


def test_a_desk_that_never_spoke_has_a_page_that_says_so() -> None:
    full = tables()
    empty = intraday_sheet.Tables(
        signals=full.signals.clear(),
        outcomes=full.outcomes.clear(),
        votes=full.votes.clear(),
        voters=full.voters.clear(),
        weights=full.weights.clear(),
        champions=full.champions.clear(),
        oof=full.oof.clear(),
        n_judged=0,
        equity=full.equity.clear(),
        traded=0.0,
        quarantine=full.quarantine.clear(),
        newest=[("intraday.bars", None)],
    )
    drawn = intraday_page.render(intraday_sheet.sheet(empty, LAST, GATE))
    assert "Too little was judged" in drawn
    assert "Nothing was said yet." in drawn
    assert "<figure" not in drawn
