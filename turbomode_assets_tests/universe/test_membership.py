"""Curated intervals, session by session, and what a drop does to outcomes."""

import datetime as dt

import hypothesis
import polars as pl
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from turbomode_assets import loop, market_loop, market_tables, sessions, tables
from turbomode_assets.sources import simulated
from turbomode_assets.universe import membership

QUARTERS = [dt.date(2020, 1, 1), dt.date(2020, 4, 1), dt.date(2020, 10, 1)]
"""The third quarter of the year was never curated."""

DAYS = sessions.sessions_between(dt.date(2019, 11, 1), dt.date(2020, 12, 31))


def candidates(*intervals: tuple[str, dt.date, dt.date | None]) -> pl.DataFrame:
    schema = {"symbol": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}
    return tables.UNIVERSE.conform(
        pl.DataFrame(intervals, schema, orient="row").with_columns(
            delisted_on=pl.lit(None, pl.Date),
            sector=pl.lit("Energy"),
            cap_class=pl.lit("unknown"),
            reason=pl.lit("listed"),
            is_point_in_time=pl.lit(value=True),
        )
    )


def decisions(rows: list[tuple[dt.date, str, bool]]) -> pl.DataFrame:
    columns = ["quarter", "symbol", "is_member"]
    frame = pl.DataFrame(rows, columns, orient="row")
    effective = [sessions.on_or_after(day) for day in frame["quarter"]]
    said = pl.when("is_member").then(pl.lit("kept")).otherwise(pl.lit("dropped"))
    return market_tables.CURATIONS.conform(
        frame.with_columns(
            decision=said,
            effective_from=pl.Series(effective),
            reason=pl.format("decided in {}", pl.col("quarter")),
            sector=pl.lit("Energy"),
            volume_class=pl.lit("mid"),
            close=pl.lit(1.0),
            dollar_volume_usd=pl.lit(1.0),
            traded_share=pl.lit(1.0),
        )
    )


def inside(universe: pl.DataFrame, symbol: str, day: dt.date) -> bool:
    until = pl.col("valid_to").fill_null(sessions.LAST_DAY)
    is_in = pl.lit(day).is_between(pl.col("valid_from"), until)
    found = universe.filter(pl.col("symbol") == symbol, is_in).height
    assert found <= 1, "intervals overlap"
    return found == 1


def let_in(curations: pl.DataFrame, symbol: str, day: dt.date) -> bool:
    """Whether the decision in force on a day lets a symbol in."""
    in_force = curations.filter(pl.col("effective_from") <= day)
    if in_force.is_empty():
        return True
    latest = in_force.filter(pl.col("quarter") == in_force["quarter"].max())
    own = latest.filter(pl.col("symbol") == symbol)["is_member"]
    return bool(own.len() and own.item())


said = st.sampled_from([True, False, None])


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(st.lists(said, min_size=6, max_size=6))
def test_agrees_with_every_session_looked_up(answers: list[bool | None]) -> None:
    asked = [(quarter, symbol) for quarter in QUARTERS for symbol in "AB"]
    rows = [
        (*ask, yes) for ask, yes in zip(asked, answers, strict=True) if yes is not None
    ]
    known = candidates(
        ("A", DAYS[0], dt.date(2020, 2, 20)),
        ("A", dt.date(2020, 6, 1), None),
        ("B", dt.date(2020, 1, 15), dt.date(2020, 11, 3)),
    )
    others = [(quarter, "OTHER", True) for quarter in QUARTERS]
    curations = decisions([*rows, *others])
    found = membership.curated(known, curations)
    for symbol in "AB":
        for day in DAYS[::5]:
            expected = inside(known, symbol, day) and let_in(curations, symbol, day)
            assert inside(found, symbol, day) == expected, (symbol, day)


def test_without_curations_every_candidate_belongs() -> None:
    known = candidates(("A", DAYS[0], None))
    assert_frame_equal(
        membership.curated(known, market_tables.CURATIONS.empty()), known
    )


def test_who_is_dropped_leaves_the_session_before_and_may_come_back() -> None:
    answers = [True, False, True]
    rows = [(q, "A", yes) for q, yes in zip(QUARTERS, answers, strict=True)]
    found = membership.curated(candidates(("A", DAYS[0], None)), decisions(rows))
    assert found["valid_from"].to_list() == [DAYS[0], dt.date(2020, 10, 1)]
    assert found["valid_to"].to_list() == [dt.date(2020, 3, 31), None]
    assert found["reason"].to_list() == [
        "listed; dropped: decided in 2020-04-01",
        "listed",
    ]
    assert found["cap_class"].to_list() == ["unknown", "mid"]


def test_an_interval_that_ended_by_itself_was_not_dropped() -> None:
    rows = [(QUARTERS[0], "A", True), (QUARTERS[1], "A", False)]
    known = candidates(("A", DAYS[0], dt.date(2020, 2, 3)))
    found = membership.curated(known, decisions(rows))
    assert found.select("valid_to", "reason").rows() == [
        (dt.date(2020, 2, 3), "listed")
    ]


def test_a_later_decision_only_ends_what_was_open() -> None:
    rows = [(q, "A", yes) for q, yes in zip(QUARTERS, (True, True, False), strict=True)]
    known, as_of = candidates(("A", DAYS[0], None)), dt.date(2020, 9, 30)
    early = market_loop.admit(known, decisions(rows), as_of)
    assert_frame_equal(early, market_loop.admit(known, decisions(rows[:2]), as_of))
    late = market_loop.admit(known, decisions(rows), dt.date(2020, 10, 1))
    assert (early["valid_to"].item(), late["valid_to"].item()) == (None, as_of)


def test_a_drop_neither_loses_nor_changes_what_was_signaled_before() -> None:
    source = simulated.Simulated(n_symbols=4)
    bars = source.bars(dt.date(2019, 9, 3), dt.date(2020, 6, 30))
    known = source.universe(dt.date(2020, 6, 30))
    rows = [(QUARTERS[1], symbol, symbol != "SIM001") for symbol in known["symbol"]]
    curated = membership.curated(known, decisions(rows))
    periods = loop.maturing(dt.date(2020, 3, 2), dt.date(2020, 6, 26))
    before, after = (
        loop.resolve_outcomes(bars, members, tables.SIGNALS.empty(), periods)
        for members in (known, curated)
    )
    is_lost = (pl.col("symbol") == "SIM001") & (pl.col("session") >= QUARTERS[1])
    assert_frame_equal(after, before.filter(~is_lost))
    assert after.filter(pl.col("symbol") == "SIM001").height > 0
