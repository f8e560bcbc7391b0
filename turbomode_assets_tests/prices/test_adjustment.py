"""Forward total-return adjustment, by hand and against published prices."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turbomode_assets import errors
from turbomode_assets.prices import adjustment
from turbomode_assets_tests.oracles import adjusted, real

DAY = dt.date(2024, 1, 2)


def bars_of(columns: dict[str, list[float]], symbol: str = "AAA") -> pl.DataFrame:
    n = len(columns["close"])
    flat = dict.fromkeys(("open", "high", "low"), columns["close"])
    rest = {"volume": [100.0] * n, "dividend": [0.0] * n, "split_ratio": [1.0] * n}
    key = {
        "symbol": [symbol] * n,
        "session": [DAY + dt.timedelta(days=i) for i in range(n)],
    }
    return pl.DataFrame({**key, **flat, **rest, **columns, "source": ["test"] * n})


def test_without_actions_nothing_changes() -> None:
    bars = bars_of({"close": [10.1, 11.3, 9.7]})
    adjusted = adjustment.adjust(bars)
    assert adjusted.equals(bars.select(adjusted.columns))


def test_a_dividend_is_reinvested_at_the_previous_close() -> None:
    adjusted = adjustment.adjust(
        bars_of({"close": [100.0, 95.0], "dividend": [0.0, 5.0]})
    )
    assert adjusted["close"].to_list() == pytest.approx([100.0, 100.0])
    assert adjusted["volume"].to_list() == [100.0, 100.0]


def test_a_split_scales_prices_and_shares() -> None:
    bars = bars_of({"close": [90.0, 30.0, 33.0], "split_ratio": [1.0, 3.0, 1.0]})
    adjusted = adjustment.adjust(bars)
    assert adjusted["high"].to_list() == pytest.approx([90.0, 90.0, 99.0])
    assert adjusted["volume"].to_list() == pytest.approx([100.0, 100 / 3, 100 / 3])


def test_a_split_and_a_dividend_in_one_session_compound() -> None:
    bars = bars_of(
        {"close": [100.0, 48.0], "dividend": [0.0, 2.0], "split_ratio": [1.0, 2.0]}
    )
    # One old share became two, each worth 48 and paid 2: reinvested at 100.
    expected = 48.0 * 2.0 / (1 - 2.0 * 2.0 / 100.0)
    assert adjustment.adjust(bars)["close"][1] == pytest.approx(expected)


def test_actions_before_the_first_price_count_for_nothing() -> None:
    bars = bars_of(
        {"close": [10.0, 11.0], "dividend": [9.9, 0.0], "split_ratio": [5.0, 1.0]}
    )
    assert adjustment.adjust(bars)["close"].to_list() == [10.0, 11.0]


def test_symbols_do_not_touch_each_other() -> None:
    one = bars_of({"close": [10.0, 5.0], "split_ratio": [1.0, 2.0]}, "AAA")
    two = bars_of({"close": [20.0, 21.0]}, "BBB")
    both = adjustment.adjust(pl.concat([two, one]))
    assert both.equals(pl.concat([adjustment.adjust(one), adjustment.adjust(two)]))


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.sampled_from([0.5, 1.0, 2.0]))))
def test_factors_are_those_of_a_plain_loop_to_the_last_bit(
    actions: list[tuple[float, float]],
) -> None:
    dividends, splits = zip((0.0, 1.0), *actions, strict=True)
    close = [10.0 + n for n in range(len(splits))]
    columns = {"close": close, "dividend": [*dividends], "split_ratio": [*splits]}
    factor, expected = 1.0, [close[0]]
    for n in range(1, len(splits)):
        kept = 1 - dividends[n] * splits[n] / close[n - 1] if dividends[n] else 1.0
        factor *= splits[n] / kept
        expected.append(close[n] * factor)
    assert adjustment.adjust(bars_of(columns))["close"].to_list() == expected


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"dividend": [0.0, 100.0]}, "previous close"),
        ({"dividend": [0.0, -1.0]}, "previous close"),
        ({"split_ratio": [1.0, 0.0]}, "split ratios"),
        ({"low": [0.0, 1.0]}, "prices must be positive"),
    ],
)
def test_impossible_actions_are_refused(
    fault: dict[str, list[float]], sentence: str
) -> None:
    with pytest.raises(errors.SourceError, match=f"{sentence}.*1 rows, first AAA"):
        adjustment.adjust(bars_of({"close": [100.0, 90.0], **fault}))


def test_every_fault_is_listed_at_once() -> None:
    bars = bars_of(
        {"close": [100.0, 90.0], "dividend": [0.0, 100.0], "low": [0.0, 1.0]}
    )
    with pytest.raises(errors.SourceError, match=r"prices.*dividends"):
        adjustment.adjust(bars)


@settings(max_examples=30, deadline=None)
@given(
    closes=st.lists(st.floats(5.0, 500.0), min_size=3, max_size=12),
    cut=st.integers(1, 11),
    dividend=st.floats(0.0, 4.0),
    split=st.sampled_from([0.1, 0.5, 1.0, 1.589, 2.0, 7.0]),
)
def test_a_later_action_moves_no_earlier_value(
    closes: list[float], cut: int, dividend: float, split: float
) -> None:
    n, cut = len(closes), min(cut, len(closes) - 1)
    late = [i >= cut for i in range(n)]
    actions = {
        "dividend": [dividend / split * 0.9 if is_late else 0.0 for is_late in late],
        "split_ratio": [split if is_late else 1.0 for is_late in late],
    }
    bars = bars_of({"close": closes, **actions})
    plain = adjustment.adjust(bars_of({"close": closes})).head(cut)
    assert adjustment.adjust(bars).head(cut).equals(plain)


@real.needed
def test_returns_match_a_publisher_of_raw_prices() -> None:
    rows = adjusted.raw()
    apart = rows["kind"].value_counts().drop_nulls()
    assert rows.height > 250_000
    assert dict(apart.iter_rows()) == {"dividend missing": 3, "step back": 4}


@real.needed
def test_returns_match_a_panel_adjusted_for_splits() -> None:
    rows = adjusted.panel()
    apart = rows["kind"].value_counts().drop_nulls()
    assert rows.height > 300_000
    assert dict(apart.iter_rows()) == {"refused": 1, "after refused": 1}


@real.needed
def test_a_spin_off_is_a_return_and_not_a_loss() -> None:
    rtx = adjusted.panel().filter(
        pl.col("symbol") == "RTX", pl.col("session") == dt.date(2020, 4, 3)
    )
    # 86.01 the day before: two companies left the price that day.
    assert rtx["raw"].item() == pytest.approx(49.93, abs=0.005)
    assert rtx["ours"].item() == pytest.approx(49.93 * 1.589 / 86.01 - 1, abs=1e-4)
    assert rtx["published"].item() == pytest.approx(rtx["ours"].item(), abs=1e-5)


@real.needed
def test_the_page_shows_what_is_measured() -> None:
    command = "python -m turbomode_assets_tests.oracles.adjusted"
    assert adjusted.PAGE.read_text(encoding="utf-8") == adjusted.render(), command
