"""What becomes of a delivered row: planted dirt, and what must hold for any dirt."""

import dataclasses
import datetime as dt
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from turbomode_assets import market_policy, market_tables, sessions, tables
from turbomode_assets.prices import adjustment, findings, quality

RULES = market_policy.QualityPolicy()
DAYS = sessions.sessions_between(dt.date(2024, 1, 2), dt.date(2024, 3, 28))
KNOWN = tables.BARS.empty()

Cells = dict[str, Any]


def delivery(
    changes: dict[int, Cells] | None = None,
    n: int = 12,
    symbol: str = "ABC",
    extra: list[Cells] | None = None,
) -> pl.DataFrame:
    """Twelve sound rows of a quiet stock, some cells of some rows changed."""
    rows: list[Cells] = [
        {
            "symbol": symbol,
            "session": DAYS[i],
            "known_at": sessions.close_at(DAYS[i]),
            "open": 100.0,
            "high": 102.0,
            "low": 99.0,
            "close": 101.0 - i % 2,
            "volume": 1000.0 + i,
            "dividend": 0.0,
            "split_ratio": 1.0,
            "later_splits": 1.0,
            "source": "test",
            "row": None,
            "fault": None,
            **(changes or {}).get(i, {}),
        }
        for i in range(n)
    ]
    rows += [{**rows[0], **cells} for cells in extra or []]
    return pl.DataFrame(rows, schema=market_tables.DELIVERED.schema())


def inspect(
    rows: pl.DataFrame, known: pl.DataFrame = KNOWN, *, is_revising: bool = False
) -> quality.Inspection:
    found = quality.inspect(rows, known, RULES, is_revising=is_revising)
    assert rows.height == found.accepted.height + found.refused.height
    return found


def bars(accepted: pl.DataFrame) -> pl.DataFrame:
    return tables.BARS.conform(accepted.select(tables.BARS.column_names))


def reasons(found: quality.Inspection) -> dict[dt.date | None, str]:
    return dict(found.refused.select("session", "reason").iter_rows())


def kinds(found: quality.Inspection) -> dict[dt.date, str]:
    return dict(found.warnings.select("session", "kind").iter_rows())


def flat(price: float, **cells: float) -> Cells:
    return dict.fromkeys(("open", "high", "low", "close"), price) | cells


def test_sound_rows_are_accepted_as_they_are() -> None:
    rows = delivery()
    found = inspect(rows)
    columns = market_tables.BAR_REVISIONS.column_names
    assert_frame_equal(found.accepted, rows.select(columns))
    assert found.warnings.is_empty()


ROW: dict[str, Cells] = {
    "unreadable": {"close": None},
    "no_session": {"session": dt.date(2024, 1, 6)},
    "bad_symbol": {"symbol": "../ABC"},
    "not_positive": {"low": 0.0},
    "negative_volume": {"volume": -1.0},
    "high_below_low": {"high": 98.0},
    "outside_range": {"open": 103.0},
    "absurd_price": flat(2e6),
    "bad_split": {"split_ratio": 0.0},
    "bad_dividend": {"dividend": -0.1},
}


@pytest.mark.parametrize("kind", ROW)
@pytest.mark.parametrize("is_revising", [False, True])
def test_a_row_is_refused_for_what_it_shows(kind: str, *, is_revising: bool) -> None:
    found = inspect(delivery({5: ROW[kind]}), is_revising=is_revising)
    assert found.refused["reason"].to_list() == [kind]
    assert found.refused["sentence"].to_list() == [findings.REFUSALS[kind]]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
@pytest.mark.parametrize("name", [*findings.VALUES, "later_splits"])
def test_no_unreadable_value_is_accepted(name: str, value: float | None) -> None:
    assert reasons(inspect(delivery({5: {name: value}}))) == {DAYS[5]: "unreadable"}


def test_a_refused_row_is_kept_as_it_came() -> None:
    cells = {"close": float("nan")}
    text = json.loads(inspect(delivery({5: cells})).refused["row"][0])
    assert (text["close"], text["open"], text["volume"]) == ("NaN", "100.0", "1005.0")
    told = {"fault": "text", "row": "{", "session": None}
    refused = inspect(delivery({5: told})).refused
    assert refused.select("row", "sentence").row(0) == ("{", "text")


def test_rounding_is_no_finding() -> None:
    cells = {"open": 102.00001, "low": 100.0000001, "high": 102.0, "close": 101.0}
    assert inspect(delivery({5: cells})).refused.is_empty()


def test_of_equal_rows_one_stays() -> None:
    rows = delivery()
    found = inspect(pl.concat([rows, rows.head(2), rows.head(1)]))
    assert bars(found.accepted).equals(bars(rows))
    assert found.refused["reason"].to_list() == ["duplicate"] * 3
    assert found.refused["row_id"].n_unique() == 3


def test_of_rows_that_agree_on_the_close_the_fullest_stays() -> None:
    later = {"volume": 1500.0, "high": 102.5}
    found = inspect(delivery(extra=[later, {"volume": 700.0}]))
    assert found.accepted.select("volume", "high").row(0) == (1500.0, 102.5)
    assert found.refused["reason"].to_list() == ["duplicate"] * 2


def test_rows_that_disagree_on_the_close_are_both_refused() -> None:
    found = inspect(delivery(extra=[{"close": 100.2}]))
    assert found.refused["reason"].to_list() == ["conflict"] * 2


def test_a_repetition_without_volume_is_refused_from_the_fifth_on() -> None:
    found = inspect(delivery({i: flat(101.0, volume=0.0) for i in range(3, 11)}))
    assert reasons(found) == dict.fromkeys(DAYS[7:11], "frozen")
    assert kinds(found) == dict.fromkeys(DAYS[3:7], "zero_volume") | {DAYS[11]: "gap"}


def test_a_repetition_that_pays_is_a_bar() -> None:
    frozen = {i: flat(101.0, volume=0.0) for i in range(3, 11)}
    found = inspect(delivery(frozen | {9: flat(101.0, volume=0.0, dividend=0.5)}))
    assert reasons(found) == dict.fromkeys(DAYS[7:9], "frozen")


@pytest.mark.parametrize("is_revising", [False, True])
def test_mixed_up_units_are_refused(*, is_revising: bool) -> None:
    found = inspect(delivery({5: flat(1.01)}), is_revising=is_revising)
    assert reasons(found) == {DAYS[5]: "absurd_price"}


def test_two_sessions_in_other_units_are_seen_looking_back_on_them() -> None:
    found = inspect(delivery({4: flat(1e4), 5: flat(1e4)}), is_revising=True)
    assert reasons(found) == dict.fromkeys(DAYS[4:6], "absurd_price")


@pytest.mark.parametrize(("is_revising", "n_refused"), [(False, 1), (True, 0)])
def test_a_level_that_stays_is_believed(n_refused: int, *, is_revising: bool) -> None:
    rows = delivery({i: flat(2.5) for i in range(6, 12)})
    found = inspect(rows, is_revising=is_revising)
    assert found.refused.height == n_refused
    assert {"unexplained_jump", "confirmed_jump"} & set(kinds(found).values())


def test_a_split_the_price_denies_is_refused() -> None:
    found = inspect(delivery({5: {"split_ratio": 2.0}}))
    assert reasons(found) == {DAYS[5]: "bad_split"}
    halved = {i: flat(50.0) for i in range(6, 12)}
    told = inspect(delivery(halved | {5: flat(50.0, split_ratio=2.0)}))
    assert told.refused.is_empty()
    assert told.warnings.is_empty()


@pytest.mark.parametrize("dividend", [100.0, 5000.0, 60.0])
@pytest.mark.parametrize("is_revising", [False, True])
def test_a_dividend_the_price_denies_is_refused(
    dividend: float, *, is_revising: bool
) -> None:
    found = inspect(delivery({5: {"dividend": dividend}}), is_revising=is_revising)
    assert reasons(found) == {DAYS[5]: "bad_dividend"}


def test_a_large_dividend_that_the_price_shows_is_accepted() -> None:
    paid = {i: flat(41.0) for i in range(5, 12)} | {5: flat(41.0, dividend=60.0)}
    assert inspect(delivery(paid)).refused.is_empty()


@pytest.mark.parametrize(("is_revising", "refused"), [(False, 6), (True, 5)])
def test_of_a_doubled_dividend_one_stays(refused: int, *, is_revising: bool) -> None:
    rows = delivery({5: {"dividend": 0.5}, 6: {"dividend": 0.5}})
    found = inspect(rows, is_revising=is_revising)
    assert reasons(found) == {DAYS[refused]: "doubled_dividend"}


def test_a_dividend_already_known_is_not_doubled_later() -> None:
    rows = delivery({5: {"dividend": 0.5}, 6: {"dividend": 0.5}})
    known = bars(rows.head(6))
    found = inspect(rows, known, is_revising=True)
    assert reasons(found) == {DAYS[6]: "doubled_dividend"}


def test_a_jump_waits_for_a_second_look_where_splits_come_late() -> None:
    rows = delivery({11: flat(50.0)})
    assert reasons(inspect(rows, is_revising=True)) == {DAYS[11]: "unconfirmed_jump"}
    assert kinds(inspect(rows)) == {DAYS[11]: "unexplained_jump"}
    seen_again = sessions.close_at(DAYS[12]) + dt.timedelta(hours=6)
    later = rows.with_columns(known_at=seen_again)
    assert inspect(later, is_revising=True).refused.is_empty()


def test_a_jump_that_stays_is_confirmed_by_a_later_row() -> None:
    found = inspect(delivery({10: flat(50.0), 11: flat(51.0)}), is_revising=True)
    assert found.refused.is_empty()
    assert kinds(found) == {DAYS[10]: "confirmed_jump"}


def test_a_split_that_was_posted_late_is_accepted() -> None:
    known = bars(delivery().head(11))
    posted = delivery({11: flat(50.0, split_ratio=2.0)})
    found = inspect(posted, known, is_revising=True)
    assert found.refused.is_empty()
    assert found.warnings.is_empty()


def test_a_single_row_is_judged_beside_what_is_known() -> None:
    known = bars(delivery().head(8))
    rows = delivery({10: flat(1.01)}).slice(10, 1)
    found = inspect(delivery({8: flat(1.01)}).slice(8, 1), known)
    assert reasons(found) == {DAYS[8]: "absurd_price"}
    assert kinds(inspect(rows, known, is_revising=False)) == {
        DAYS[10]: "unexplained_jump"
    }


def test_silence_and_another_price_may_be_another_company() -> None:
    rows = delivery({i: flat(7.0) for i in range(40, 45)}, n=45)
    found = inspect(rows.filter(~pl.col("session").is_in(DAYS[8:40])))
    assert found.refused.is_empty()
    assert set(found.warnings["kind"]) == {"gap", "symbol_reuse"}


def test_a_bar_that_is_no_longer_delivered_is_told() -> None:
    rows = delivery()
    found = inspect(rows.filter(pl.col("session") != DAYS[5]), bars(rows))
    assert found.warnings.is_empty()
    revising = inspect(
        rows.filter(pl.col("session") != DAYS[5]), bars(rows), is_revising=True
    )
    assert kinds(revising) == {DAYS[5]: "withdrawn"}


def test_nothing_delivered_is_nothing_judged() -> None:
    for is_revising in (False, True):
        found = inspect(delivery(n=0), bars(delivery()), is_revising=is_revising)
        assert found.accepted.is_empty()
        assert found.warnings.is_empty()


def test_every_kind_has_a_sentence_and_no_kind_two() -> None:
    assert not set(findings.REFUSALS) & set(findings.WARNINGS)
    sentences = [*findings.REFUSALS.values(), *findings.WARNINGS.values()]
    assert len(set(sentences)) == len(sentences)


PRICE = st.sampled_from([-1.0, 0.0, 0.01, 1.0, 50.0, 99.0, 101.0, 1e4, 3e6])
DIRT = st.one_of(
    st.builds(flat, PRICE, volume=st.sampled_from([0.0, 9.0])),
    st.fixed_dictionaries({"dividend": st.sampled_from([-1.0, 0.5, 60.0, 200.0])}),
    st.fixed_dictionaries({"split_ratio": st.sampled_from([0.0, 0.5, 2.0, 100.0])}),
    st.fixed_dictionaries({"close": st.sampled_from([None, float("nan"), 500.0])}),
    st.fixed_dictionaries({"session": st.sampled_from([None, DAYS[2], DAYS[7]])}),
    st.fixed_dictionaries({"symbol": st.sampled_from([None, "XYZ", "no such"])}),
)
DIRTY = st.dictionaries(st.integers(0, 17), DIRT, max_size=8)


def test_a_bar_that_waits_confirms_none_before_it() -> None:
    dirt = {16: flat(50.0, volume=0.0)}
    refused = inspect(delivery(dirt, n=18), is_revising=True).refused
    assert refused["session"].sort().to_list() == DAYS[16:18]
    assert set(refused["reason"]) == {"unconfirmed_jump"}


@settings(max_examples=40, deadline=None)
@given(dirt=DIRTY, order=st.randoms(), is_revising=st.booleans())
def test_any_order_of_rows_is_judged_alike(
    dirt: dict[int, Cells], order: Any, *, is_revising: bool
) -> None:
    rows = delivery(dirt, n=18)
    shuffled = rows[order.sample(range(18), 18)]
    one, other = (inspect(x, is_revising=is_revising) for x in (rows, shuffled))
    for field in dataclasses.fields(quality.Inspection):
        assert_frame_equal(getattr(one, field.name), getattr(other, field.name))


@settings(max_examples=40, deadline=None)
@given(dirt=DIRTY, is_revising=st.booleans())
def test_what_is_accepted_can_be_adjusted(
    dirt: dict[int, Cells], *, is_revising: bool
) -> None:
    accepted = inspect(delivery(dirt, n=18), is_revising=is_revising).accepted
    adjusted = adjustment.adjust(bars(accepted))
    assert adjusted.select((pl.col("close") > 0).all()).item()


@settings(max_examples=30, deadline=None)
@given(dirt=DIRTY, is_revising=st.booleans())
def test_asked_again_nothing_changes(
    dirt: dict[int, Cells], *, is_revising: bool
) -> None:
    accepted = inspect(delivery(dirt, n=18), is_revising=is_revising).accepted
    nothing = pl.lit(None, pl.String)
    again = accepted.with_columns(row=nothing, fault=nothing)
    known = bars(accepted)
    assert inspect(again, known, is_revising=is_revising).refused.is_empty()


@settings(max_examples=12, deadline=None)
@given(dirt=DIRTY)
def test_a_range_is_judged_like_its_sessions(dirt: dict[int, Cells]) -> None:
    rows = delivery(dirt, n=18).filter(pl.col("session").is_not_null())
    known, refused, warned = KNOWN, [], []
    for day in sorted(set(rows["session"])):
        found = inspect(rows.filter(pl.col("session") == day), known)
        known = pl.concat([known, bars(found.accepted)])
        refused.append(found.refused)
        warned.append(found.warnings)
    whole = inspect(rows)
    assert_frame_equal(known.sort(tables.BARS.key), bars(whole.accepted))
    assert_frame_equal(pl.concat(refused).sort("row_id"), whole.refused)
    assert_frame_equal(
        pl.concat(warned).sort("symbol", "session", "kind"), whole.warnings
    )
