"""A snapshot holds what the tables said up to its moment, and nothing else."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from turbomode_assets import errors, intraday_policy, intraday_tables, rounds
from turbomode_assets.intraday import snapshot

DESK = intraday_policy.DeskPolicy(
    symbols=("AAA",),
    peers=("BBB",),
    indices=("III",),
    volatility_index="^V",
    dollar_index="D",
)
FRIDAY, MONDAY = dt.date(2024, 7, 5), dt.date(2024, 7, 8)
GRID = rounds.between(dt.date(2024, 7, 2), MONDAY)
EMPTY = (intraday_tables.HEADLINES.empty(), intraday_tables.CHAINS.empty())


def bars(symbol: str, start: float = 10.0) -> pl.DataFrame:
    """Bars whose close is `start` and the number of rounds since the beginning."""
    close = start + pl.int_range(pl.len()).cast(pl.Float64)
    rows = GRID.with_columns(
        symbol=pl.lit(symbol),
        open=close - 0.5,
        high=close + 1,
        low=close - 1,
        close=close,
        volume=pl.lit(100.0),
        known_at="ends_at",
        n_parts=pl.lit(1, pl.Int64),
        coverage=pl.lit(1.0),
        split_ratio=pl.lit(1.0),
        source=pl.lit("test"),
    )
    return intraday_tables.BARS.conform(rows.select(intraday_tables.BARS.column_names))


def headline(moment: str, title: str) -> dict[str, object]:
    at = dt.datetime.fromisoformat(f"{moment}:00+00:00")
    number = rounds.first_ending_after(pl.Series([at]))
    named = rounds.named(number).row(0, named=True)
    return {
        "symbol": "AAA",
        "session": named["session"],
        "minute": named["minute"],
        "published_at": at,
        "known_at": at,
        "title": title,
        "source": "test",
    }


def at(history: snapshot.History, session: dt.date, minute: int) -> snapshot.Snapshot:
    where = pl.DataFrame({"session": [session], "minute": [minute]})
    return history.at("AAA", int(rounds.numbers(where)[0]))


def test_the_last_column_is_the_session_so_far() -> None:
    history = snapshot.History.of(DESK, bars("AAA"), *EMPTY)
    found = at(history, FRIDAY, 45).bars("AAA")
    # Two sessions before it, of 26 and of 14 rounds; the close counts rounds.
    assert found[3].tolist() == [35.0, 49.0, 52.0]
    assert found[:, -1].tolist() == [49.5, 53.0, 49.0, 52.0, 300.0]
    assert at(history, FRIDAY, 45).whole("AAA")[3].tolist() == [35.0, 49.0]


def test_a_bar_is_the_sum_of_its_rounds() -> None:
    draw = np.random.default_rng(8).uniform(5, 15, (GRID.height, 2))
    noisy = bars("AAA").with_columns(
        high=pl.Series(draw.max(axis=1)), low=pl.Series(draw.min(axis=1))
    )
    history = snapshot.History.of(DESK, noisy, *EMPTY)
    for minute in (15, 200 // 15 * 15, 390):
        so_far = noisy.filter(pl.col("session") == MONDAY, pl.col("minute") <= minute)
        found = at(history, MONDAY, minute).bars("AAA")[:, -1]
        assert found[1] == so_far["high"].max()
        assert found[2] == so_far["low"].min()
        assert found[4] == so_far["volume"].sum()


def test_a_missing_round_ages_and_a_missing_symbol_has_no_bars() -> None:
    gap = pl.col("minute").is_between(30, 60) & (pl.col("session") == MONDAY)
    history = snapshot.History.of(DESK, bars("AAA").filter(~gap), *EMPTY)
    seen = at(history, MONDAY, 60)
    assert seen.age("AAA") == 45.0
    assert seen.closes("AAA")[-1] == at(history, MONDAY, 15).closes("AAA")[-1]
    assert seen.closes("BBB").size == 0
    assert seen.age("BBB") == seen.age("?") == np.inf
    assert seen.together("AAA", "BBB").shape == (2, 0)


def test_the_last_known_revision_counts() -> None:
    first = bars("AAA")
    later = pl.col("known_at") + pl.duration(days=1)
    other = first.with_columns(known_at=later, close=pl.col("close") + 0.25)
    both = pl.concat([other, first])
    history = snapshot.History.of(DESK, both, *EMPTY)
    assert at(history, MONDAY, 15).closes("AAA")[-1] == 10.0 + 66 + 0.25


def test_on_the_day_of_a_split_the_past_is_in_new_shares() -> None:
    is_after = pl.col("session") >= MONDAY
    prices = ("open", "high", "low", "close")
    split = bars("AAA").with_columns(
        *(pl.when(is_after).then(pl.col(p) / 2).otherwise(p).alias(p) for p in prices),
        split_ratio=pl.when(is_after).then(2.0).otherwise(1.0),
    )
    plain = snapshot.History.of(DESK, bars("AAA"), *EMPTY)
    history = snapshot.History.of(DESK, split, *EMPTY)
    before, after = (at(history, day, 15).bars("AAA") for day in (FRIDAY, MONDAY))
    assert np.array_equal(before, at(plain, FRIDAY, 15).bars("AAA"))
    expected = at(plain, MONDAY, 15).bars("AAA")
    assert np.array_equal(after[:4], expected[:4] / 2)
    assert after[4].tolist() == [*(2 * expected[4, :-1]), expected[4, -1]]


def test_headlines_appear_when_they_are_out_and_grow_old() -> None:
    rows = [
        headline("2024-07-05T14:00", "a"),
        headline("2024-07-05T14:01", "b"),
        headline("2024-07-08T12:00", "c"),
    ]
    news = pl.DataFrame(rows, schema=intraday_tables.HEADLINES.schema())
    history = snapshot.History.of(DESK, bars("AAA"), news, EMPTY[1])
    assert [h.title for h in at(history, FRIDAY, 30).headlines] == ["a"]
    found = at(history, FRIDAY, 45).headlines
    assert [(h.title, h.age) for h in found] == [("b", 14.0), ("a", 15.0)]
    assert [h.title for h in at(history, MONDAY, 15).headlines] == ["c"]


def test_the_newest_chain_is_seen_from_its_round_on() -> None:
    quotes = pl.DataFrame(
        {
            "symbol": "AAA",
            "session": FRIDAY,
            "minute": minute,
            "expires_on": dt.date(2024, 7, 12),
            "strike": strike,
            "right": "call",
            "known_at": dt.datetime(2024, 7, 5, 15, tzinfo=dt.UTC),
            "bid": 1.0,
            "ask": 1.2,
            "last": None,
            "traded": 5.0,
            "open_interest": 7.0,
            "implied_vol": 0.2,
            "source": "test",
        }
        for minute, strike in ((60, 50.0), (60, 55.0), (120, 60.0))
    ).cast(dict(intraday_tables.CHAINS.schema()))  # type: ignore[arg-type]
    history = snapshot.History.of(DESK, bars("AAA"), EMPTY[0], quotes)
    assert at(history, FRIDAY, 45).chain is None
    chain = at(history, FRIDAY, 90).chain
    assert chain is not None
    assert (chain.strike.tolist(), chain.age) == ([50.0, 55.0], 30.0)
    assert chain.days.tolist() == [7.0, 7.0]
    assert np.isnan(chain.last).all()
    newer = at(history, MONDAY, 15).chain
    assert newer is not None
    assert (newer.strike.tolist(), newer.days.tolist()) == ([60.0], [4.0])


def test_a_snapshot_does_not_reach_back_for_ever() -> None:
    long = rounds.between(dt.date(2024, 1, 2), MONDAY)
    rows = long.with_columns(
        symbol=pl.lit("AAA"),
        known_at="ends_at",
        volume=pl.lit(1.0),
        n_parts=pl.lit(1, pl.Int64),
        coverage=pl.lit(1.0),
        split_ratio=pl.lit(1.0),
        source=pl.lit("test"),
        **dict.fromkeys(("open", "high", "low", "close"), pl.lit(5.0)),
    )
    history = snapshot.History.of(DESK, rows, *EMPTY)
    assert at(history, MONDAY, 15).daily.shape == (5, 5, DESK.lookback_sessions)


def test_without_bars_there_is_no_history() -> None:
    with pytest.raises(errors.MissingUpstream, match="fetch them first"):
        snapshot.History.of(DESK, intraday_tables.BARS.empty(), *EMPTY)
