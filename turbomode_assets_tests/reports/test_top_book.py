"""The book of the largest edges against one kept by hand."""

import datetime as dt
import random
from typing import Any

import polars as pl
import pytest

from turbomode_assets import report_policy, sessions
from turbomode_assets.reports import top_book

PAPER = report_policy.PaperPolicy(n_names=2, cost=0.001, tranches=11)
DAYS = sessions.sessions_between(dt.date(2024, 1, 2), dt.date(2024, 6, 28))
NAMES = ["A", "B", "C", "D", "E"]


def signals(seed: int = 1) -> list[dict[str, Any]]:
    """Graded signals of five symbols."""
    draws = random.Random(seed)  # noqa: S311 - no secret is drawn
    return [
        {
            "symbol": name,
            "session": day,
            "entry_on": DAYS[place + 1],
            "matures_on": DAYS[place + 11],
            "edge": draws.choice([-0.1, 0.0, 0.1, 0.2]),
            "realized_return": draws.gauss(0.005, 0.05),
        }
        for place, day in enumerate(DAYS[:-11])
        for name in NAMES
    ]


def by_hand(rows: list[dict[str, Any]]) -> tuple[dict[dt.date, float], float]:
    """Equity at each maturity, and the turnover, with lists and loops."""
    earned: dict[dt.date, float] = {}
    before: set[str] = set()
    turned = []
    for day in sorted({row["session"] for row in rows}):
        own = [row for row in rows if row["session"] == day]
        own.sort(key=lambda row: (-row["edge"], row["symbol"]))
        held = own[:2]
        gain = sum(row["realized_return"] for row in held) / 2 - 0.002
        end = held[0]["matures_on"]
        earned[end] = earned.get(end, 0.0) + gain / 11
        names = {row["symbol"] for row in held}
        if before:
            turned.append(len(names - before) / 2)
        before = names
    total, equity = 1.0, {}
    for day, gain in sorted(earned.items()):
        total += gain
        equity[day] = total
    return equity, sum(turned) / len(turned)


def test_the_book_is_the_one_kept_by_hand() -> None:
    rows = signals()
    found = top_book.top_book(pl.DataFrame(rows).sample(fraction=1, seed=2), PAPER, 1)
    equity, turnover = by_hand(rows)
    assert found.lines["session"].to_list() == list(equity)
    assert found.lines["book"].to_list() == pytest.approx(list(equity.values()))
    own = found.worth[0]
    peak, fall = 1.0, 0.0
    for value in equity.values():
        peak = max(peak, value)
        fall = max(fall, 1 - value / peak)
    assert own.turnover == pytest.approx(turnover)
    assert own.drawdown == pytest.approx(fall)
    assert own.total_return == pytest.approx(list(equity.values())[-1] - 1)


def test_equal_weight_holds_every_name_at_no_cost() -> None:
    rows = pl.DataFrame(signals())
    found = top_book.top_book(rows, PAPER, 1)
    mean = rows.group_by("session").agg(pl.col("realized_return").mean())
    total = 1 + mean["realized_return"].sum() / 11
    assert found.lines["equal"][-1] == pytest.approx(total)
    assert found.worth[1].turnover == 0


def test_periods_that_are_told_of_stand_apart() -> None:
    found = top_book.top_book(pl.DataFrame(signals()), PAPER, 1)
    n_sessions = len(DAYS) - 11
    assert found.worth[0].sharpe.n_periods == pytest.approx(n_sessions / 10, abs=1)


def test_nothing_matured_is_worth_nothing() -> None:
    empty = pl.DataFrame(signals()).clear()
    found = top_book.top_book(empty, PAPER, 1)
    assert [one.total_return for one in found.worth] == [None, None]
    assert [one.turnover for one in found.worth] == [None, None]
