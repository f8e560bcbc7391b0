"""Indicators of daily prices with a finite memory, as NumPy functions.

Arrays run from the oldest to the newest session; each function looks at the last ones
only and never at more than it says, so that a value does not depend on where a history
begins. Unit-free unless said. No threshold and no vote here.
"""

import functools
import itertools
import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def average(closes: Floats, n: int) -> float:
    """Mean of the last `n` closes, in dollars."""
    return float(closes[-n:].mean())


def z_score(closes: Floats, n: int) -> float:
    """Distance of the last close from the mean of the last `n`, in their deviations.

    0 where they do not move.
    """
    window = closes[-n:]
    spread = float(window.std())
    return float(window[-1] - window.mean()) / spread if spread > 0 else 0.0


def daily_vol(closes: Floats, n: int) -> float:
    """Standard deviation of the last `n` daily log returns, a fraction."""
    return float(np.diff(np.log(closes[-n - 1 :])).std())


def log_return(closes: Floats, n: int) -> float:
    """Log return over the last `n` sessions."""
    return math.log(closes[-1] / closes[-n - 1])


def strength(closes: Floats, n: int) -> float:
    """Relative strength in [0, 100]: share of rises in the last `n` moves.

    Cutler's, with plain means: Wilder's smoothing never forgets where it began. 50
    where nothing moves.
    """
    moves = np.diff(closes[-n - 1 :])
    rises, all_moves = moves[moves > 0].sum(), np.abs(moves).sum()
    return float(100.0 * rises / all_moves) if all_moves > 0 else 50.0


def williams(bars: Floats, n: int) -> float:
    """Where the last close lies in the range of `n` sessions: 0 its low, 1 its high.

    Williams' %R plus one hundred, over one hundred; a half where there is no range.
    """
    high, low = float(bars[1, -n:].max()), float(bars[2, -n:].min())
    return float((bars[3, -1] - low) / (high - low)) if high > low else 0.5


def crossing(closes: Floats, fast: int, slow: int, signal: int) -> float:
    """Moving average convergence less its signal line, in dollars.

    Exponential averages over the closes there are, weights summing to one.
    """
    kernel = _crossing_kernel(fast, slow, signal, closes.size)
    # Against the newest, so that the level of the price does not matter.
    return float(kernel @ (closes - closes[-1]))


@functools.cache
def _crossing_kernel(fast: int, slow: int, signal: int, n: int) -> Floats:
    """Weights of `n` closes, the newest last."""
    line = _decay(fast, n) - _decay(slow, n)
    smooth = _decay(signal, n)
    # The signal line averages the line of earlier sessions, which see fewer closes.
    lagged = np.convolve(smooth, line)[:n]
    kernel: Floats = (line - lagged)[::-1].copy()
    return kernel


def _decay(span: int, n: int) -> Floats:
    """Exponential weights of span `span` on `n` values, the newest first, sum one."""
    weights = (1.0 - 2.0 / (span + 1.0)) ** np.arange(n, dtype=np.float64)
    shares: Floats = weights / weights.sum()
    return shares


def close_to_close(bars: Floats, n: int) -> float:
    """Variance of the last `n` daily log returns around zero."""
    return float((np.diff(np.log(bars[3, -n - 1 :])) ** 2).mean())


def parkinson(bars: Floats, n: int) -> float:
    """Daily variance from the ranges of the last `n` sessions.

    References
    ----------
    M. Parkinson, "The Extreme Value Method for Estimating the Variance of the Rate of
    Return", Journal of Business 53(1), 1980.
    """
    ranges = np.log(bars[1, -n:] / bars[2, -n:])
    return float((ranges**2).mean() / (4.0 * math.log(2.0)))


def garman_klass(bars: Floats, n: int) -> float:
    """Daily variance from open, high, low and close of the last `n` sessions.

    References
    ----------
    M. Garman and M. Klass, "On the Estimation of Security Price Volatilities from
    Historical Data", Journal of Business 53(1), 1980.
    """
    ranges = np.log(bars[1, -n:] / bars[2, -n:])
    bodies = np.log(bars[3, -n:] / bars[0, -n:])
    terms = 0.5 * ranges**2 - (2.0 * math.log(2.0) - 1.0) * bodies**2
    return float(max(terms.mean(), 0.0))


def outpacing(pair: Floats, windows: tuple[int, ...]) -> Floats:
    """Return beyond another's in neighboring windows, newest first, each in deviations.

    Parameters
    ----------
    pair
        Shape (2, n): closes of the symbol and of the other, of the same sessions.
    windows
        Lengths in sessions of windows that follow each other back in time, so that no
        session counts twice.
    """
    n = sum(windows)
    beyond = np.diff(np.log(pair[0, -n - 1 :] / pair[1, -n - 1 :]))
    spread = float(beyond.std()) or 1.0
    ends = n - np.cumsum((0, *windows))
    return np.array(
        [
            beyond[start:end].sum() / (spread * math.sqrt(end - start))
            for end, start in itertools.pairwise(ends)
        ]
    )


def correlation(pair: Floats, n: int) -> float:
    """Correlation of the last `n` daily returns of two symbols, given as (2, n) closes.

    0 where either does not move.
    """
    returns = np.diff(np.log(pair[:, -n - 1 :]), axis=1)
    spreads = returns.std(axis=1)
    if spreads.min() <= 0:
        return 0.0
    centered = returns - returns.mean(axis=1, keepdims=True)
    return float((centered[0] * centered[1]).mean() / spreads.prod())
