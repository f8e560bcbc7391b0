"""A frame that departs from its declaration is told every way in which it does."""

import datetime as dt

import polars as pl
import pytest

from turbomode_assets import errors, tables

ROW = {
    "symbol": "AAA",
    "session": dt.date(2024, 7, 1),
    "open": 1.0,
    "high": 1.0,
    "low": 1.0,
    "close": 1.0,
    "volume": 1.0,
    "dividend": 0.0,
    "split_ratio": 1.0,
    "known_at": dt.datetime(2024, 7, 1, 20, tzinfo=dt.UTC),
    "source": "test",
}
SOUND = pl.DataFrame([ROW], schema=tables.BARS.schema())


def test_a_sound_frame_is_put_in_declared_order() -> None:
    shuffled = SOUND.select(sorted(SOUND.columns))
    assert tables.BARS.conform(shuffled).equals(SOUND)


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (SOUND.drop("close"), "missing columns ['close']"),
        (SOUND.with_columns(extra=1), "unknown columns ['extra']"),
        (SOUND.cast({"volume": pl.Int64()}), "`volume` must be Float64, was Int64"),
        (SOUND.with_columns(close=pl.lit(None, pl.Float64())), "`close` has 1 nulls"),
        (SOUND.with_columns(low=pl.lit(-1.0)), "`low` has 1 values below 0.0"),
        (SOUND.with_columns(low=pl.lit(float("nan"))), "`low` has 1 values that are"),
        (pl.concat([SOUND, SOUND]), "1 doubled keys ('symbol', 'session')"),
    ],
)
def test_each_departure_has_its_sentence(broken: pl.DataFrame, sentence: str) -> None:
    with pytest.raises(errors.TableError) as raised:
        tables.BARS.conform(broken)
    assert sentence in str(raised.value)


def test_all_departures_are_listed_at_once() -> None:
    broken = SOUND.drop("close").with_columns(extra=1)
    assert len(tables.BARS.violations(broken)) == 2


def test_levels_are_closed() -> None:
    champions = pl.DataFrame(
        {
            "desk": "swim",
            "effective_from": dt.date(2024, 7, 1),
            "version": "v",
            "reason": "",
            "decided_at": dt.datetime(2024, 7, 1, tzinfo=dt.UTC),
        },
        schema=tables.CHAMPIONS.schema(),
    )
    expected = ["`desk` has 1 values outside ['swing', 'intraday']"]
    assert tables.CHAMPIONS.violations(champions) == expected


def test_an_unknown_table_names_the_nearest() -> None:
    with pytest.raises(errors.TableError, match=r"Did you mean 'market\.bars'"):
        tables.find("market.bar")
