"""Corrections count from when they came, and first bars whenever they were fetched."""

import datetime as dt

import polars as pl

from turbomode_assets import intraday_tables, rounds
from turbomode_assets.intraday import knowledge

DAY, EVE = dt.date(2024, 7, 3), dt.date(2024, 7, 2)
MOMENTS = rounds.between(DAY, DAY).select(
    pl.lit("ABC").alias("symbol"), "session", "minute"
)
NO_DAYS = intraday_tables.DAILY_BARS.empty()


def bar(session: dt.date, minute: int, close: float, known: str) -> dict[str, object]:
    return {
        "symbol": "ABC",
        "session": session,
        "minute": minute,
        "known_at": dt.datetime.fromisoformat(f"{known}+00:00"),
        **dict.fromkeys(("open", "high", "low", "close"), close),
        "volume": 1.0,
        "split_ratio": 1.0,
        "n_parts": 1,
        "coverage": 1.0,
        "source": "test",
    }


def seen(rows: list[dict[str, object]]) -> dict[int, list[float]]:
    """Closes that are known, by minute of the moment."""
    bars = pl.DataFrame(rows, schema=intraday_tables.BARS.schema())
    parts = list(knowledge.at(MOMENTS, bars, NO_DAYS))
    found = {
        minute: part.bars["close"].to_list()
        for part in parts
        for minute in part.moments["minute"]
    }
    assert sum(part.moments.height for part in parts) == MOMENTS.height == len(found)
    return found


def test_a_first_bar_is_known_whenever_it_was_fetched() -> None:
    found = seen([bar(EVE, 390, 1.0, "2024-09-01T00:00")])
    assert set(map(tuple, found.values())) == {(1.0,)}


def test_a_correction_is_known_from_the_round_on_that_ends_after_it() -> None:
    # The session opens at 13:30; rounds end at 13:45, 14:00, ...
    found = seen(
        [
            bar(EVE, 390, 1.0, "2024-07-02T20:01"),
            bar(EVE, 390, 2.0, "2024-07-03T14:00"),
            bar(EVE, 390, 3.0, "2024-07-03T14:01"),
            bar(EVE, 390, 4.0, "2024-07-05T14:00"),
        ]
    )
    assert found[15] == [1.0]
    assert found[30] == [1.0, 2.0]
    assert found[45] == found[210] == [1.0, 2.0, 3.0]


def test_without_moments_everything_is_handed_on() -> None:
    bars = pl.DataFrame(
        [bar(EVE, 390, 1.0, "2024-07-02T20:01")], schema=intraday_tables.BARS.schema()
    )
    (part,) = knowledge.at(MOMENTS.clear(), bars, NO_DAYS)
    assert part.bars.equals(bars)
