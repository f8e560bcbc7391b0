"""Curation by hand, without flicker, and blind to the quarter it decides on."""

import dataclasses
import datetime as dt
import itertools

import hypothesis
import polars as pl
import pytest
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from turbomode_assets import errors, market_policy, market_tables, sessions, tables
from turbomode_assets.universe import curation

RULES = market_policy.CurationPolicy(lookback_sessions=10)
QUARTER = dt.date(2024, 4, 1)
DAYS = sessions.sessions_between(dt.date(2023, 12, 1), dt.date(2024, 4, 30))
NONE = market_tables.CURATIONS.empty()

# Close as traded, shares a session: dollar volume is 1 M x the price.
PRICES = {"HIGH": 200.0, "MID": 40.0, "BAND": 4.5, "LOW": 3.0}


def bars(prices: dict[str, float], days: list[dt.date] = DAYS) -> pl.DataFrame:
    rows = [(name, day, price, 1e6) for name, price in prices.items() for day in days]
    columns = ["symbol", "session", "close", "volume"]
    return pl.DataFrame(rows, columns, orient="row")


def candidates(*symbols: str, valid_to: dt.date | None = None) -> pl.DataFrame:
    return tables.UNIVERSE.conform(
        pl.DataFrame(
            {"symbol": symbols, "valid_from": [DAYS[0]] * len(symbols)}
        ).with_columns(
            valid_to=pl.lit(valid_to, pl.Date),
            delisted_on=pl.lit(None, pl.Date),
            sector=pl.lit("Energy"),
            cap_class=pl.lit("unknown"),
            reason=pl.lit("listed"),
            is_point_in_time=pl.lit(value=True),
        )
    )


def before(**is_member: bool) -> pl.DataFrame:
    """Decisions of the quarter before."""
    quarter = dt.date(2024, 1, 1)
    return market_tables.CURATIONS.conform(
        pl.DataFrame(
            {"symbol": list(is_member), "is_member": list(is_member.values())}
        ).with_columns(
            quarter=pl.lit(quarter),
            effective_from=pl.lit(sessions.on_or_after(quarter)),
            decision=pl.when("is_member")
            .then(pl.lit("kept"))
            .otherwise(pl.lit("refused")),
            reason=pl.lit("as before"),
            sector=pl.lit("Energy"),
            volume_class=pl.lit("mid"),
            close=pl.lit(1.0),
            dollar_volume_usd=pl.lit(1.0),
            traded_share=pl.lit(1.0),
        )
    )


def decided(
    prices: dict[str, float],
    previous: pl.DataFrame,
    rules: market_policy.CurationPolicy = RULES,
) -> dict[str, str]:
    found = curation.curate(bars(prices), candidates(*prices), previous, rules, QUARTER)
    return dict(found.select("symbol", "decision").iter_rows())


def test_members_are_held_to_the_lower_floors() -> None:
    nobody = before(HIGH=False, MID=False, BAND=False, LOW=False)
    everybody = before(HIGH=True, MID=True, BAND=True, LOW=True)
    assert decided(PRICES, nobody) == {
        "HIGH": "added",
        "MID": "added",
        "BAND": "refused",
        "LOW": "refused",
    }
    assert decided(PRICES, everybody) == {
        "HIGH": "kept",
        "MID": "kept",
        "BAND": "kept",
        "LOW": "dropped",
    }


def test_before_the_first_curation_everybody_is_a_member() -> None:
    everybody = before(HIGH=True, MID=True, BAND=True, LOW=True)
    assert decided(PRICES, NONE) == decided(PRICES, everybody)


def test_a_decision_says_what_was_observed() -> None:
    found = curation.curate(bars(PRICES), candidates(*PRICES), NONE, RULES, QUARTER)
    low = found.filter(pl.col("symbol") == "LOW").row(0, named=True)
    assert low["reason"] == "close of 3.0 USD below 4.0"
    assert (low["close"], low["dollar_volume_usd"], low["traded_share"]) == (3, 3e6, 1)
    assert low["effective_from"] == sessions.on_or_after(QUARTER)
    classes = dict(found.select("symbol", "volume_class").iter_rows())
    assert classes == {"HIGH": "large", "MID": "mid", "BAND": "small", "LOW": "small"}


def test_every_floor_missed_is_named() -> None:
    silent = DAYS[:-32]
    rows = bars({"A": 2.0}, [*silent, *DAYS[-25:-22]])
    both = pl.concat([rows, bars({"B": 50.0})])
    found = curation.curate(both, candidates("A", "B"), NONE, RULES, QUARTER)
    reason = found.filter(pl.col("symbol") == "A")["reason"].item()
    assert reason.split("; ") == [
        "close of 2.0 USD below 4.0",
        "dollar volume of 2.0 M below 3.0 M",
        "traded in 0.3 of the sessions, below 0.8",
    ]


def test_who_never_traded_or_left_is_decided_on_too() -> None:
    eve = sessions.shift(QUARTER, -1)
    gone = candidates("GONE", valid_to=sessions.shift(eve, -3))
    listed = pl.concat([candidates("A", "NEVER"), gone])
    previous = before(A=True, GONE=True)
    found = curation.curate(bars({"A": 50.0}), listed, previous, RULES, QUARTER)
    rows = {row["symbol"]: row for row in found.iter_rows(named=True)}
    assert rows["NEVER"]["decision"] == "refused"
    assert rows["GONE"]["decision"] == "dropped"
    assert rows["GONE"]["reason"].startswith("no longer a candidate")


def test_a_session_without_volume_is_no_session_traded() -> None:
    still = bars({"A": 50.0}).with_columns(
        volume=pl.when(pl.col("session") >= sessions.shift(QUARTER, -5))
        .then(0.0)
        .otherwise("volume")
    )
    both = pl.concat([still, bars({"B": 50.0})])
    found = curation.curate(both, candidates("A", "B"), NONE, RULES, QUARTER)
    assert found["traded_share"].to_list() == [0.5, 1.0]
    assert found["decision"].to_list() == ["dropped", "kept"]


def test_without_enough_history_nothing_is_decided() -> None:
    short = bars(PRICES, sessions.sessions_between(dt.date(2024, 3, 20), QUARTER))
    found = curation.curate(short, candidates(*PRICES), NONE, RULES, QUARTER)
    assert_frame_equal(found, NONE)


def test_a_quota_keeps_the_largest_and_lets_members_lag_a_little() -> None:
    rules = dataclasses.replace(RULES, max_per_sector=2, sector_buffer=1)
    prices = {"A": 400.0, "B": 300.0, "C": 200.0, "D": 100.0}
    newcomers = dict.fromkeys(prices, False)
    assert decided(prices, before(**newcomers), rules) == {
        "A": "added",
        "B": "added",
        "C": "refused",
        "D": "refused",
    }
    third = decided(prices, before(**newcomers | {"C": True}), rules)
    assert third == {"A": "added", "B": "refused", "C": "kept", "D": "refused"}
    fourth = decided(prices, before(**newcomers | {"D": True}), rules)
    assert fourth["D"] == "dropped"


def test_unknown_sectors_have_no_quota() -> None:
    rules = dataclasses.replace(RULES, max_per_sector=1)
    unknown = candidates("A", "B").with_columns(sector=pl.lit("unknown"))
    found = curation.curate(bars({"A": 9.0, "B": 8.0}), unknown, NONE, rules, QUARTER)
    assert found["is_member"].all()


def test_the_quarter_itself_changes_nothing() -> None:
    whole = bars(PRICES)
    wild = pl.col("session") >= QUARTER
    changed = whole.with_columns(close=pl.when(wild).then(0.01).otherwise("close"))
    versions = [whole, changed, whole.filter(~wild)]
    late = candidates("NEW").with_columns(
        valid_from=pl.lit(sessions.on_or_after(QUARTER))
    )
    listed = candidates(*PRICES)
    found = [
        curation.curate(one, also, NONE, RULES, QUARTER)
        for one, also in zip(
            versions, [listed, pl.concat([listed, late]), listed], strict=True
        )
    ]
    for other in found[1:]:
        assert_frame_equal(found[0], other)


def test_ends_told_later_change_nothing() -> None:
    eve = sessions.shift(QUARTER, -1)
    as_known = candidates("A", "B")
    for day in (eve, sessions.shift(QUARTER, 5)):
        told = pl.concat([candidates("A"), candidates("B", valid_to=day)])
        found, expected = (
            curation.curate(bars({"A": 9.0, "B": 9.0}), one, NONE, RULES, QUARTER)
            for one in (told, as_known)
        )
        assert_frame_equal(found, expected)


def test_later_decisions_change_nothing() -> None:
    later = before(HIGH=False).with_columns(quarter=pl.lit(dt.date(2024, 7, 1)))
    both = pl.concat([before(BAND=False), later])
    assert decided(PRICES, both) == decided(PRICES, before(BAND=False))


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(st.lists(st.floats(4.0, 4.99), min_size=2, max_size=6), st.booleans())
def test_inside_the_bands_nothing_ever_moves(
    path: list[float],
    is_member: bool,  # noqa: FBT001
) -> None:
    state = before(A=is_member)
    for place, price in enumerate(path):
        quarter = dt.date(2024 + place, 4, 1)
        days = sessions.sessions_between(quarter - dt.timedelta(days=30), quarter)
        state = curation.curate(
            bars({"A": price}, days), candidates("A"), state, RULES, quarter
        )
        assert state["is_member"].to_list() == [is_member]


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(st.lists(st.floats(3.0, 6.0), min_size=2, max_size=8))
def test_a_name_moves_only_when_it_crossed_the_whole_band(path: list[float]) -> None:
    state, members = before(A=True), [True]
    for place, price in enumerate(path):
        quarter = dt.date(2024 + place, 4, 1)
        days = sessions.sessions_between(quarter - dt.timedelta(days=30), quarter)
        state = curation.curate(
            bars({"A": price}, days), candidates("A"), state, RULES, quarter
        )
        members.append(state["is_member"].item())
    for price, (was, is_in) in zip(path, itertools.pairwise(members), strict=True):
        crossed = (
            price < RULES.exit_price_usd if was else price >= RULES.enter_price_usd
        )
        assert (was != is_in) == crossed


@pytest.mark.parametrize(
    "upside_down",
    [
        {"exit_price_usd": 6.0},
        {"exit_dollar_volume_usd": 6e6},
        {"exit_traded_share": 0.99},
        {"mid_dollar_volume_usd": 2e8},
    ],
)
def test_a_band_that_is_upside_down_is_refused(upside_down: dict[str, float]) -> None:
    with pytest.raises(errors.PolicyError, match=next(iter(upside_down))):
        market_policy.CurationPolicy(**upside_down)  # type: ignore[arg-type]
