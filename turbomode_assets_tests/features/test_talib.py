"""Feature values against TA-Lib, wherever it knows the same indicator.

TA-Lib smooths some indicators forever; those are checked elsewhere, in the form with
plain means that a finite look-back demands.
"""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from turbomode_assets_tests.features import one_symbol
from turbomode_assets_tests.features.one_symbol import Frame

talib: Any = importlib.import_module("talib")
"""Its annotations miss the arrays its functions take."""

Array = npt.NDArray[np.float64]


def arrays(b: Frame, *names: str) -> list[Array]:
    return [b[name].to_numpy(dtype=float) for name in names]


def mean(values: Array, n: int) -> Array:
    return np.asarray(talib.SMA(values, n))


def stochastic(b: Frame) -> Array:
    prices = arrays(b, "high", "low", "close")
    slow, _ = talib.STOCH(*prices, fastk_period=14, slowk_period=3, slowd_period=1)
    return np.asarray(slow) / 100


def balance_trend(b: Frame) -> Array:
    balance = np.asarray(talib.OBV(*arrays(b, "close", "volume")))
    return np.asarray(talib.CORREL(balance, np.arange(len(b), dtype=float), 20))


def band_width(b: Frame) -> Array:
    upper, middle, lower = talib.BBANDS(*arrays(b, "close"), 20, 2, 2)
    # TA-Lib divides the variance by n.
    width: Array = (upper - lower) / middle
    return width * float((20 / 19) ** 0.5)


def aroon_like(b: Frame, place: Callable[..., Array], name: str) -> Array:
    values = arrays(b, name)[0]
    index = np.asarray(place(values, 20), dtype=float)
    return (index - np.arange(len(b)) + 20) / 20


def strength(b: Frame) -> Array:
    # Without smoothing, the momentum oscillator is RSI stretched to -100..100.
    gains = np.diff(arrays(b, "close")[0], prepend=np.nan)
    rises, falls = np.maximum(gains, 0), np.maximum(-gains, 0)
    risen, fallen = (talib.SUM(np.nan_to_num(each), 14) for each in (rises, falls))
    return np.asarray(risen / (risen + fallen))


ORACLES: dict[str, Callable[[Frame], Array]] = {
    "trailing_return_10": lambda b: talib.ROCP(*arrays(b, "close"), 10),
    "earlier_price_10": lambda b: 1 / talib.ROCR(*arrays(b, "close"), 10),
    "mean_to_price_20": lambda b: mean(b.close.to_numpy(), 20) / b.close,
    "mean_gap_12_26": lambda b: (
        mean(b.close.to_numpy(), 12) / mean(b.close.to_numpy(), 26) - 1
    ),
    "slope_20": lambda b: talib.LINEARREG_SLOPE(*arrays(b, "close"), 20) / b.close,
    "off_line_20": lambda b: 1 - talib.LINEARREG(*arrays(b, "close"), 20) / b.close,
    "highest_to_price_20": lambda b: talib.MAX(*arrays(b, "high"), 20) / b.close,
    "lowest_to_price_20": lambda b: talib.MIN(*arrays(b, "low"), 20) / b.close,
    "high_recency_20": lambda b: aroon_like(b, talib.MAXINDEX, "high"),
    "low_recency_20": lambda b: aroon_like(b, talib.MININDEX, "low"),
    "typical_to_close": lambda b: (
        talib.TYPPRICE(*arrays(b, "high", "low", "close")) / b.close
    ),
    "relative_strength_14": strength,
    "stochastic_14_3": stochastic,
    "williams_range_14": lambda b: (
        talib.WILLR(*arrays(b, "high", "low", "close"), 14) / 100
    ),
    "commodity_channel_20": lambda b: (
        talib.CCI(*arrays(b, "high", "low", "close"), 20) * 0.015
    ),
    "ultimate_7_14_28": lambda b: (
        talib.ULTOSC(*arrays(b, "high", "low", "close"), 7, 14, 28) / 100
    ),
    "balance_of_power_14": lambda b: mean(
        talib.BOP(*arrays(b, "open", "high", "low", "close")), 14
    ),
    "money_flow_14": lambda b: (
        talib.MFI(*arrays(b, "high", "low", "close", "volume"), 14) / 100
    ),
    "band_width_20": band_width,
    "balance_trend_20": balance_trend,
    "price_volume_correlation_20": lambda b: talib.CORREL(
        b.close.to_numpy(), np.log1p(b.volume.to_numpy()), 20
    ),
}


@pytest.fixture(scope="module")
def bars() -> Frame:
    return one_symbol.bars(n=300)


@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_talib(name: str, bars: Frame) -> None:
    one_symbol.assert_same(name, bars, ORACLES[name](bars))
