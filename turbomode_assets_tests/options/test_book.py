"""The book follows from its fills; none gets into it around the risk engine."""

import dataclasses
import datetime as dt
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import errors, options_tables
from turbomode_assets.options import book, risk
from turbomode_assets.options_policy import RiskPolicy
from turbomode_assets_tests.options import paper


def test_cash_pays_for_contracts_and_commissions() -> None:
    """Two at 0.90 and 0.65 each cost 181.30; sold at 1.20 they bring 238.70."""
    now, _ = book.enter(book.begin(paper.RULES), paper.ALLOWED)
    assert now.cash_usd == pytest.approx(1000 - 181.30)
    assert now.equity_usd == pytest.approx(now.cash_usd + 2 * 85.0)
    assert paper.traded(1.20).cash_usd == pytest.approx(1000 + 57.40)


def test_what_is_worthless_costs_no_commission() -> None:
    """No more can be lost than was paid, and cash never falls below nothing."""
    assert paper.traded(0.0).cash_usd == pytest.approx(1000 - 181.30)


def test_a_blocked_proposal_leaves_the_book_as_it_was() -> None:
    before = paper.traded(1.0)
    after, decision = book.enter(before, paper.propose(bid=None))
    assert decision.blocked_by == ("quote",)
    assert (after.fills, after.positions) == (before.fills, before.positions)


def test_three_losses_in_a_row_pause_for_a_week() -> None:
    lost = paper.traded(0.5, 0.5, 0.5)
    last = lost.last_loss_on
    assert last == paper.DAY + dt.timedelta(days=15)
    soon = book.enter(lost, paper.propose(session=last + dt.timedelta(days=7)))[1]
    later = book.enter(lost, paper.propose(session=dt.date(2024, 8, 1)))[1]
    assert "pause" in soon.blocked_by
    assert later.blocked_by == ()
    assert paper.traded(0.5, 1.5, 0.5).losses_in_a_row == 1


def test_a_loss_within_the_session_blocks_the_rest_of_it() -> None:
    """Marked 30 cents lower, two contracts have lost more than 50 USD."""
    held, _ = book.enter(book.begin(paper.RULES), paper.ALLOWED)
    fallen = book.mark(held, {1: (0.55, "quoted")})
    assert book.enter(fallen, paper.ALLOWED)[1].blocked_by == ("daily_loss",)
    tomorrow = paper.propose(session=paper.DAY + dt.timedelta(days=1))
    assert book.enter(fallen, tomorrow)[1].blocked_by == ()


def test_the_fifth_trade_of_a_month_is_blocked() -> None:
    full = paper.traded(1.0, 1.0, 1.0, 1.0)
    again = paper.propose(session=dt.date(2024, 7, 30))
    assert book.enter(full, again)[1].blocked_by == ("trades_month",)
    august = paper.propose(session=dt.date(2024, 8, 1))
    assert book.enter(full, august)[1].blocked_by == ()


def test_a_book_is_restored_from_its_fills() -> None:
    before = paper.traded(0.5, 1.5, 0.4)
    held, _ = book.enter(before, paper.propose(session=dt.date(2024, 7, 29)))
    again = book.restore(book.fills_of(held), paper.RULES)
    assert_frame_equal(book.fills_of(again), book.fills_of(held), check_exact=True)
    assert again.cash_usd == held.cash_usd
    assert [one.opened_by for one in again.positions] == [7]
    assert (again.losses_in_a_row, again.last_loss_on) == (1, held.last_loss_on)


FORGED: dict[str, dict[str, Any]] = {
    "more contracts": {"n_contracts": 3},
    "no conviction": {"conviction_rank": 0.1},
    "no quote": {"quote_age_minutes": 500.0},
    "no expectancy": {"kelly_fraction": 0.0},
    "a cheaper price": {"ask": 0.86},
    "more cash": {"cash_usd": 5000.0},
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_a_fill_made_around_the_engine_is_found(change: dict[str, Any]) -> None:
    """Whatever is written into the stored fills by other hands."""
    fills = book.fills_of(paper.traded(1.0, 1.0))
    forged = fills.with_columns(
        pl.when(pl.col("fill") == 3).then(pl.lit(value)).otherwise(name).alias(name)
        for name, value in change.items()
    )
    with pytest.raises(errors.BookBroken):
        book.restore(options_tables.FILLS.conform(forged), paper.RULES)


def test_a_fifth_fill_of_the_month_is_found() -> None:
    """Made by a book with laxer rules."""
    lax = dataclasses.replace(paper.RULES, max_trades_month=5)
    full = paper.traded(1.0, 1.0, 1.0, 1.0, rules=lax)
    more, _ = book.enter(full, paper.propose(session=dt.date(2024, 7, 30)))
    assert len(more.fills) == 9
    with pytest.raises(errors.BookBroken, match="blocked by"):
        book.restore(book.fills_of(more), paper.RULES)


def test_a_fill_taken_away_is_found() -> None:
    fills = book.fills_of(paper.traded(0.2, 1.0))
    with pytest.raises(errors.BookBroken, match="one is gone"):
        book.restore(fills.filter(pl.col("fill") != 2), paper.RULES)


def test_a_position_cannot_be_sold_twice() -> None:
    sale = book.Sale(
        opened_by=1,
        session=paper.DAY,
        minute=60,
        reason="horizon",
        price_usd=1.0,
        basis="quoted",
    )
    with pytest.raises(errors.BookBroken, match="sell each only once"):
        book.leave(paper.traded(1.0), sale)


def test_nothing_gets_into_the_book_where_the_engine_says_no() -> None:
    """Under rules that allow nothing no public function makes a fill."""
    closed = book.begin(RiskPolicy(max_positions=0))
    for session in range(1, 20):
        day = dt.date(2024, 7, 1) + dt.timedelta(days=session)
        closed, decision = book.enter(closed, paper.propose(session=day))
        assert decision.blocked_by == ("positions",)
        closed = book.mark(book.in_session(closed, day), {1: (9.0, "quoted")})
    assert closed.fills == ()
    assert closed.equity_usd == 1000.0


def test_positions_are_told_with_the_cash() -> None:
    held, _ = book.enter(book.begin(paper.RULES), paper.ALLOWED)
    told = book.positions_of(held, paper.DAY)
    assert told["value_usd"].to_list() == pytest.approx([818.70, 170.0])
    again = book.remark(book.restore(book.fills_of(held), paper.RULES), told)
    assert again.equity_usd == pytest.approx(held.equity_usd)
    assert isinstance(again.standing(paper.DAY), risk.Standing)
