"""The walk sells at stops, horizons and expiries, at prices one could have had."""

import dataclasses
import datetime as dt
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import intraday_tables, options_policy, options_tables, rounds
from turbomode_assets.options import book, lives, marks, quotes, risk, walk
from turbomode_assets_tests.options import paper

DAYS = [dt.date(2024, 7, 1), dt.date(2024, 7, 2), dt.date(2024, 7, 3)]
CONTRACT = {"expires_on": dt.date(2024, 7, 19), "strike": 102.0, "right": "call"}
Prices = dict[tuple[int, int], tuple[float, float]]


def bars(moves: Prices) -> pl.DataFrame:
    """Bars at 100, but for the low and close told from a day's minute on."""
    known_at = dt.datetime(2024, 8, 1, tzinfo=dt.UTC)
    rows, close = [], 100.0
    for place, day in enumerate(DAYS):
        for minute in rounds.between(day, day)["minute"]:
            began = close
            low, close = moves.get((place, minute), (close, close))
            rows.append(
                {
                    "symbol": "RTX",
                    "session": day,
                    "minute": minute,
                    "known_at": known_at,
                    "open": began,
                    "high": max(began, close),
                    "low": min(low, began, close),
                    "close": close,
                    "volume": 1e5,
                    "n_parts": 15,
                    "coverage": 1.0,
                    "split_ratio": 1.0,
                    "source": "test",
                }
            )
    return pl.DataFrame(rows, schema=intraday_tables.BARS.schema())


def proposed(*changes: dict[str, Any]) -> pl.DataFrame:
    """Proposals that are allowed, but for the changes told."""
    rows = []
    for change in changes:
        named = paper.propose(**(CONTRACT | change))
        row = dataclasses.asdict(named) | {"refusal": None}
        moment = pl.DataFrame([{n: row[n] for n in ("session", "minute")}])
        number = rounds.numbers(moment)
        rows.append(row | {"number": int(number[0])})
    schema = options_tables.PROPOSALS.schema() | {
        "basis": pl.String(),
        "refusal": pl.String(),
        "number": pl.Int64(),
    }
    names = [*rows[0]]
    return pl.DataFrame(rows, schema={name: schema[name] for name in names})


def walked(
    moves: Prices, *changes: dict[str, Any], quoted: pl.DataFrame | None = None
) -> walk.Walked:
    """The walk of a fresh book through the three sessions."""
    known = options_tables.QUOTES.empty() if quoted is None else quoted
    marker = marks.Marker(bars(moves), known, quotes.NO_DIVIDENDS)
    begun = book.begin(paper.RULES)
    return walk.through(begun, proposed(*changes), marker, DAYS[0], DAYS[-1])


def _sold(found: walk.Walked) -> dict[str, Any]:
    assert found.fills["reason"].to_list()[0] == "signal"
    return found.fills.row(1, named=True)


def test_a_position_is_sold_at_the_bid_when_its_horizon_ends() -> None:
    """Nothing moved: an hour later the spread and a little time are gone."""
    sold = _sold(walked({}, {}))
    assert (sold["reason"], sold["session"], sold["minute"]) == (
        "horizon",
        DAYS[0],
        120,
    )
    assert 0.83 < sold["price_usd"] < 0.85
    assert sold["basis"] == "model"


@pytest.mark.parametrize("close", [97.0, 100.0])
def test_a_stop_is_sold_at_the_worst_bid_of_the_round(close: float) -> None:
    """Whether the share stays down or comes back by the close."""
    sold = _sold(walked({(0, 90): (97.0, close)}, {}))
    assert (sold["reason"], sold["minute"]) == ("stop", 90)
    assert 0 < sold["price_usd"] < 0.45


def test_a_gap_is_not_sold_at_the_price_of_the_stop() -> None:
    """Overnight the share falls by a tenth: the contract is all but worthless."""
    overnight = {"minute": 375, "horizon": "1_session"}
    sold = _sold(walked({(1, 15): (90.0, 90.0)}, overnight))
    assert (sold["reason"], sold["session"]) == ("stop", DAYS[1])
    assert sold["price_usd"] < 0.05
    assert sold["price_usd"] < risk.stop_price(0.90, paper.RULES) / 5


def test_a_share_without_its_dividend_does_not_move_the_mark() -> None:
    """It falls by the 60 cents that were expected; the contract stays where it is."""
    ex_on = DAYS[1]
    sessions = [ex_on - lives.A_YEAR, ex_on]
    paid = pl.DataFrame({"symbol": "RTX", "session": sessions, "dividend": 0.6})
    bought = proposed({"minute": 360, "horizon": "1_session"})
    sold = []
    for moves, known in (({}, quotes.NO_DIVIDENDS), ({(1, 15): (99.4, 99.4)}, paid)):
        marker = marks.Marker(bars(moves), options_tables.QUOTES.empty(), known)
        found = walk.through(book.begin(paper.RULES), bought, marker, DAYS[0], DAYS[1])
        sold.append(_sold(found)["price_usd"])
    assert sold[1] == pytest.approx(sold[0], rel=0.03)


def test_an_expired_contract_brings_what_exercise_pays() -> None:
    """Bought on its last day, out of the money at first and four dollars in at last."""
    last_day = {"expires_on": DAYS[0], "horizon": "1_session", "minute": 300}
    sold = _sold(walked({(0, 315): (106.0, 106.0)}, last_day))
    assert (sold["reason"], sold["minute"]) == ("expiry", 390)
    assert sold["price_usd"] == pytest.approx(4.0)


def test_a_quoted_bid_goes_before_the_models() -> None:
    row = {
        **{
            name: getattr(paper.ALLOWED, name)
            for name in ("symbol", "session", "basis")
        },
        **CONTRACT,
        "minute": 120,
        "spot": 100.0,
        "bid": 0.70,
        "ask": 0.80,
        "age_minutes": 0.0,
        "years": 0.05,
        "rate": 0.04,
        "dividend_yield": 0.0,
        "vol": 0.2,
    }
    quoted = pl.DataFrame([row], schema=options_tables.QUOTES.schema())
    sold = _sold(walked({}, {}, quoted=quoted))
    assert (sold["price_usd"], sold["basis"]) == (0.70, "quoted")


def test_a_round_without_a_bar_changes_nothing() -> None:
    """The exit waits for the next bar."""
    gap = bars({}).filter(~pl.col("minute").is_between(105, 150))
    marker = marks.Marker(gap, options_tables.QUOTES.empty(), quotes.NO_DIVIDENDS)
    begun = book.begin(paper.RULES)
    found = walk.through(begun, proposed({}), marker, DAYS[0], DAYS[0])
    assert found.fills["minute"].to_list() == [60, 165]


SEVERAL: list[dict[str, Any]] = [
    {"minute": 60},
    {"minute": 300, "horizon": "1_session"},
    {"session": DAYS[1], "minute": 120, "horizon": "1_session"},
    {"session": DAYS[1], "minute": 135},
    {"session": DAYS[1], "minute": 390, "quote_age_minutes": None},
    {"session": DAYS[2], "minute": 60, "bid": None},
]
MOVES: Prices = {(0, 105): (100.5, 101.0), (1, 30): (100.0, 100.2), (2, 15): (97, 98)}


def test_a_restarted_book_ends_as_one_that_never_stopped() -> None:
    """Stopped after every session, restored from its fills and its last marks."""
    whole = walked(MOVES, *SEVERAL)
    rows = proposed(*SEVERAL)
    marker = marks.Marker(
        bars(MOVES), options_tables.QUOTES.empty(), quotes.NO_DIVIDENDS
    )
    now, positions = book.begin(paper.RULES), []
    for day in DAYS:
        own = rows.filter(pl.col("session") == day)
        part = walk.through(now, own, marker, day, day)
        positions.append(part.positions)
        now = book.remark(book.restore(part.fills, paper.RULES), part.positions)
    assert whole.fills["session"].n_unique() > 1
    assert_frame_equal(book.fills_of(now), whole.fills, check_exact=True)
    assert_frame_equal(pl.concat(positions), whole.positions, check_exact=True)


def test_what_was_decided_is_told_of_every_proposal() -> None:
    found = walked(MOVES, *SEVERAL).proposals
    assert found["blocked_by"].to_list()[-1] == "quote"
    allowed = found.filter(pl.col("n_contracts") > 0)
    assert allowed["blocked_by"].unique().to_list() == [""]
    assert found["equity_usd"].null_count() == 0


def test_equity_is_cash_and_marks() -> None:
    """At the end of each session, and never above what the fills explain."""
    found = walked(MOVES, *SEVERAL)
    ends = found.positions.group_by("session", maintain_order=True).agg(
        pl.col("value_usd").sum()
    )
    assert ends["session"].to_list() == DAYS
    assert ends["value_usd"][-1] == pytest.approx(found.book.equity_usd)
    assert options_policy.SHARES == 100
