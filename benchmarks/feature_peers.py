"""The same indicators by the libraries people use, for `features.py` beside this file.

Each function lays bars out as its library wants them and returns what is timed: a call
that computes everything and returns the number of cells. Values are made scale-free
(divided by the close) wherever the catalog does so. Nothing is measured here.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

WINDOWS = (5, 10, 20, 30, 60)
"""Windows of Qlib's Alpha158, given to every library."""

FIELDS = ("open", "high", "low", "close", "volume")

AT_ONCE = 10
"""Symbols of which TA-Lib's values become one frame: it was fastest so."""

Arrays = dict[str, np.ndarray[Any, np.dtype[np.float64]]]
Formulas = Callable[[Any, Arrays], list[Any]]


NOT_IN_TALIB = ("QTLU", "QTLD", "RANK")
"""Windowed formulas of Alpha158 that TA-Lib cannot compute."""


def talib(bars: pl.DataFrame) -> Callable[[], int]:
    """TA-Lib in a loop over symbols: what of Alpha158 it can do, and more.

    Ends where the catalog ends: in frames, let go as they would be stored.
    """
    return _talib(bars, (_talib_windows, _talib_more, _talib_once))


def talib_matched(bars: pl.DataFrame) -> Callable[[], int]:
    """TA-Lib in a loop over symbols: the windowed formulas of Alpha158 it has."""
    return _talib(bars, (_talib_windows,))


def talib_dropped(bars: pl.DataFrame) -> Callable[[], int]:
    """As `talib`, but every value is forgotten at once: arithmetic, and no table."""
    lib = importlib.import_module("talib")
    symbols = _by_symbol(bars)
    made = (_talib_windows, _talib_more, _talib_once)
    return lambda: sum(_cells(make(lib, b)) for b in symbols for make in made)


def _talib(bars: pl.DataFrame, made: tuple[Formulas, ...]) -> Callable[[], int]:
    lib = importlib.import_module("talib")
    symbols = _by_symbol(bars)
    groups = [symbols[i : i + AT_ONCE] for i in range(0, len(symbols), AT_ONCE)]

    def run() -> int:
        return sum(_talib_frame(lib, group, made) for group in groups)

    return run


def _talib_frame(lib: Any, symbols: list[Arrays], made: tuple[Formulas, ...]) -> int:
    """Cells of the frame of some symbols: 32 bits each, null for NaN."""
    ends = np.cumsum([b["close"].size for b in symbols])
    columns: list[Any] = []
    for end, b in zip(ends, symbols, strict=True):
        found = [values for make in made for values in make(lib, b)]
        columns = columns or [np.empty(ends[-1], np.float32) for _ in found]
        for column, values in zip(columns, found, strict=True):
            column[end - values.size : end] = values
    named = enumerate(columns)
    frame = pl.DataFrame([pl.Series(str(n), c, nan_to_null=True) for n, c in named])
    return frame.height * frame.width


def _talib_more(lib: Any, b: Arrays) -> list[Any]:
    high, low, close, volume = b["high"], b["low"], b["close"], b["volume"]
    moved = np.append(np.nan, np.diff(np.log(close)))
    return [
        values
        for n in WINDOWS
        for values in (
            lib.STDDEV(moved, n),
            lib.CCI(high, low, close, n),
            lib.MFI(high, low, close, volume, n),
            lib.WILLR(high, low, close, n),
            lib.ATR(high, low, close, n) / close,
        )
    ]


def _talib_windows(lib: Any, b: Arrays) -> list[Any]:
    high, low, close, volume = b["high"], b["low"], b["close"], b["volume"]
    up, down = _rises(close), _rises(-close)
    more, less = _rises(volume), _rises(-volume)
    logs, moved = np.log1p(volume), np.append(np.nan, np.diff(np.log(close)))
    growth = np.log1p(np.append(np.nan, volume[1:] / volume[:-1]))
    weighted = np.abs(moved) * volume
    found = []
    for n in WINDOWS:
        highest, lowest = lib.MAX(high, n), lib.MIN(low, n)
        risen, fallen = lib.SUM(up, n), lib.SUM(down, n)
        gained, lost = lib.SUM(more, n), lib.SUM(less, n)
        slope, last = lib.LINEARREG_SLOPE(close, n), lib.LINEARREG(close, n)
        rank_up, rank_down = lib.SMA(np.sign(up), n), lib.SMA(np.sign(down), n)
        place_high, place_low = lib.MAXINDEX(high, n), lib.MININDEX(low, n)
        found += [
            lib.ROCP(close, n),
            lib.SMA(close, n) / close,
            lib.STDDEV(close, n) / close,
            slope / close,
            np.square(lib.CORREL(close, np.arange(close.size, dtype=float), n)),
            (close - last) / close,
            highest / close,
            lowest / close,
            (close - lowest) / (highest - lowest),
            place_high / n,
            place_low / n,
            (place_high - place_low) / n,
            lib.CORREL(close, logs, n),
            lib.CORREL(moved, growth, n),
            rank_up,
            rank_down,
            rank_up - rank_down,
            risen / (risen + fallen),
            fallen / (risen + fallen),
            (risen - fallen) / (risen + fallen),
            lib.SMA(volume, n) / volume,
            lib.STDDEV(volume, n) / volume,
            lib.STDDEV(weighted, n) / lib.SMA(weighted, n),
            gained / (gained + lost),
            lost / (gained + lost),
            (gained - lost) / (gained + lost),
        ]
    return found


def _talib_once(lib: Any, b: Arrays) -> list[Any]:
    high, low, close, volume = b["high"], b["low"], b["close"], b["volume"]
    return [
        *lib.BBANDS(close, 20),
        lib.ADX(high, low, close, 14),
        lib.AROONOSC(high, low, 25),
        lib.ULTOSC(high, low, close),
        lib.OBV(close, volume),
        lib.BOP(b["open"], high, low, close),
        lib.TRANGE(high, low, close),
        *lib.STOCH(high, low, close),
        *lib.MACD(close),
    ]


def _rises(values: Any) -> Any:
    return np.append(np.nan, np.maximum(np.diff(values), 0.0))


def pandas_ta_classic(bars: pl.DataFrame) -> Callable[[], int]:
    """pandas-ta-classic without TA-Lib, in a loop over symbols."""
    ta = importlib.import_module("pandas_ta_classic")
    symbols = _pandas_by_symbol(bars)
    return lambda: sum(_cells(_pandas_ta(ta, b)) for b in symbols)


def _pandas_ta(ta: Any, b: Any) -> list[Any]:
    high, low, close, volume = b.high, b.low, b.close, b.volume
    found: list[Any] = []
    for n in WINDOWS:
        found += [
            ta.sma(close, n, talib=False) / close,
            ta.stdev(close, n, talib=False) / close,
            high.rolling(n).max() / close,
            low.rolling(n).min() / close,
            ta.roc(close, n, talib=False),
            ta.rsi(close, n, talib=False),
            ta.willr(high, low, close, n, talib=False),
            ta.mfi(high, low, close, volume, n, talib=False),
            ta.atr(high, low, close, n, talib=False) / close,
            ta.sma(volume, n, talib=False) / volume,
            ta.stdev(volume, n, talib=False) / volume,
        ]
    found += [ta.bbands(close, 20, talib=False), ta.adx(high, low, close, 14)]
    found += [ta.obv(close, volume, talib=False), ta.macd(close, talib=False)]
    found += [ta.stoch(high, low, close), ta.cci(high, low, close, 20, talib=False)]
    return found


def ta(bars: pl.DataFrame) -> Callable[[], int]:
    """`ta`, in a loop over symbols."""
    lib = {
        name: importlib.import_module(f"ta.{name}")
        for name in ("momentum", "trend", "volatility", "volume")
    }
    symbols = _pandas_by_symbol(bars)
    return lambda: sum(_cells(_ta(lib, b)) for b in symbols)


def _ta(lib: dict[str, Any], b: Any) -> list[Any]:
    high, low, close, volume = b.high, b.low, b.close, b.volume
    momentum, trend = lib["momentum"], lib["trend"]
    found: list[Any] = []
    for n in WINDOWS:
        found += [
            trend.sma_indicator(close, n) / close,
            close.rolling(n).std() / close,
            momentum.roc(close, n),
            momentum.rsi(close, n),
            momentum.williams_r(high, low, close, n),
            lib["volatility"].average_true_range(high, low, close, n) / close,
            lib["volatility"].donchian_channel_hband(high, low, close, n) / close,
            lib["volatility"].donchian_channel_lband(high, low, close, n) / close,
            lib["volume"].chaikin_money_flow(high, low, close, volume, n),
        ]
    found += [lib["volume"].on_balance_volume(close, volume), trend.macd(close)]
    found += [trend.adx(high, low, close, 14), trend.cci(high, low, close, 20)]
    return found


def polars_ta(bars: pl.DataFrame) -> Callable[[], int]:
    """polars-ta, as expressions over symbols."""
    lib = importlib.import_module("polars_ta.ta")
    high, low, close, volume = map(pl.col, FIELDS[1:])
    found: list[pl.Expr] = []
    for n in WINDOWS:
        found += [
            lib.SMA(close, n) / close,
            lib.STDDEV(close, n) / close,
            lib.MAX(high, n) / close,
            lib.MIN(low, n) / close,
            lib.MAXINDEX(high, n),
            lib.MININDEX(low, n),
            lib.ROCP(close, n),
            lib.RSI(close, n),
            lib.WILLR(high, low, close, n),
            lib.CORREL(close, volume.log1p(), n),
            lib.ATR(high, low, close, n) / close,
            lib.SMA(volume, n) / volume,
            lib.STDDEV(volume, n) / volume,
        ]
    keyed = bars.with_columns(
        pl.col("symbol").cast(pl.Enum(sorted(set(bars["symbol"]))))
    )
    wanted = [e.over("symbol").alias(str(i)) for i, e in enumerate(found)]
    return lambda: keyed.select(wanted).width * bars.height


def write_qlib(bars: pl.DataFrame, folder: Path) -> None:
    """Bars as the files that Qlib reads, for `feature_qlib.py` beside this file."""
    days = [str(day) for day in bars["session"].unique().sort()]
    for name in ("calendars", "instruments", "features"):
        (folder / name).mkdir()
    (folder / "calendars" / "day.txt").write_text("\n".join(days))
    lines = [f"{s}\t{days[0]}\t{days[-1]}" for s in sorted(set(bars["symbol"]))]
    (folder / "instruments" / "all.txt").write_text("\n".join(lines))
    typical = (pl.col("high") + pl.col("low") + pl.col("close")) / 3
    priced = bars.with_columns(vwap=typical)
    for (symbol,), one in priced.group_by("symbol", maintain_order=True):
        home = folder / "features" / str(symbol).lower()
        home.mkdir()
        for name in (*FIELDS, "vwap"):
            values = np.concatenate([[0.0], one[name].to_numpy()])
            values.astype("<f4").tofile(home / f"{name}.day.bin")


def _by_symbol(bars: pl.DataFrame) -> list[Arrays]:
    return [
        {name: one[name].to_numpy() for name in FIELDS}
        for one in bars.partition_by("symbol")
    ]


def _pandas_by_symbol(bars: pl.DataFrame) -> list[Any]:
    pandas = importlib.import_module("pandas")
    return [
        pandas.DataFrame(each, index=pandas.DatetimeIndex(one["session"].to_numpy()))
        for each, one in zip(_by_symbol(bars), bars.partition_by("symbol"), strict=True)
    ]


def _cells(found: list[Any]) -> int:
    return sum(int(np.size(each)) for each in found)


PEERS = {
    "talib": talib,
    "talib_dropped": talib_dropped,
    "talib_matched": talib_matched,
    "polars_ta": polars_ta,
    "pandas_ta_classic": pandas_ta_classic,
    "ta": ta,
}
"""Libraries by the name they are imported with."""
