"""The label versions: what a holding period teaches, as functions of prices only.

Each function is one version of `policy.LABELS` and fills the column
``label_<name>`` of `swing.outcomes`. Nothing that was predicted may enter here, nor
the choice which version is learned.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]

ROUNDING = 1e-12
"""Slack of a threshold: 90 / 100 - 1 is a hair above -0.1 in binary fractions."""


def symmetric_10pct(large_move: float) -> pl.Expr:
    """Class of the total return: up, flat or down.

    Parameters
    ----------
    large_move
        Fraction from which on, itself included, a move is up; its negative is down.

    Returns
    -------
    pl.Expr
        Reads realized_return; null where that is null.

    Examples
    --------
    >>> returns = pl.DataFrame({"realized_return": [0.1, 0.02, -0.1, None]})
    >>> returns.select(symmetric_10pct(0.1)).to_series().to_list()
    ['up', 'flat', 'down', None]
    """
    realized = pl.col("realized_return")
    is_up = realized >= large_move - ROUNDING
    is_down = realized <= -large_move + ROUNDING
    named = pl.when(is_up).then(pl.lit("up")).when(is_down).then(pl.lit("down"))
    return named.when(realized.is_not_null()).then(pl.lit("flat"))


def seed_10pct(large_move: float) -> pl.Expr:
    """Grade of the predecessor: up, or not_up for everything else.

    A sell counts as right wherever the return is not up, 94 to 95 % of the time for
    large companies: show it beside its base rate or not at all.

    Parameters
    ----------
    large_move
        Fraction from which on, itself included, a move is up.

    Returns
    -------
    pl.Expr
        Reads realized_return; null where that is null.

    Examples
    --------
    >>> returns = pl.DataFrame({"realized_return": [0.1, 0.02, -0.1, None]})
    >>> returns.select(seed_10pct(0.1)).to_series().to_list()
    ['up', 'not_up', 'not_up', None]
    """
    realized = pl.col("realized_return")
    named = pl.when(realized >= large_move - ROUNDING).then(pl.lit("up"))
    return named.when(realized.is_not_null()).then(pl.lit("not_up"))


def triple_barrier_vol(highs: Floats, lows: Floats, barrier: Floats) -> pl.Series:
    """Barrier a path touches first: up, down, or flat where it touches none.

    One bar that spans both barriers counts as down: the order within a bar is
    unknown, and a stop is assumed to be hit first.

    Parameters
    ----------
    highs, lows
        Arrays of shape (n_rows, n_held): largest and smallest total return reached
        in each held session, as fractions of the entry; NaN where nothing traded.
    barrier
        Array of shape (n_rows,): half-width k sigma sqrt(h) as a fraction; NaN or 0
        where the volatility is unknown.

    Returns
    -------
    pl.Series
        Strings of length n_rows; null where the barrier is unknown.

    References
    ----------
    M. Lopez de Prado, "Advances in Financial Machine Learning", section 3.4, 2018.

    Examples
    --------
    >>> highs, lows = np.array([[0.01, 0.06]]), np.array([[-0.01, 0.02]])
    >>> triple_barrier_vol(highs, lows, np.array([0.05])).to_list()
    ['up']
    """
    up_at = _first_touch(highs >= barrier[:, None])
    down_at = _first_touch(lows <= -barrier[:, None])
    untouched = highs.shape[1]
    named = np.where(up_at < down_at, "up", "down")
    named = np.where(np.minimum(up_at, down_at) == untouched, "flat", named)
    labels = pl.DataFrame({"label": named.astype(np.str_), "is_known": barrier > 0})
    return labels.select(pl.when("is_known").then("label")).to_series()


def _first_touch(touched: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    first: npt.NDArray[np.int64] = np.argmax(touched, axis=1)
    first[~touched.any(axis=1)] = touched.shape[1]
    return first
