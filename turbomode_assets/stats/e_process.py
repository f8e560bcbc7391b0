"""Evidence that may be looked at every month: an e-process on paired differences.

A gambler bets that the differences are positive, with stakes fixed before each is
drawn. Where they are not, the expected capital never grows, so that the chance of ever
multiplying it by 1 / alpha is at most alpha, however often one looks. That holds for
no p-value. What capital is enough is policy and does not belong here.
"""

import numpy as np
import numpy.typing as npt

from turbomode_assets import policy

Floats = npt.NDArray[np.float64]

_SURVIVABLE = 0.99  # share of the capital one bet can lose
_SMALLEST = 1e-12  # nats; a series without any spread still needs a unit


def path(differences: npt.ArrayLike, gate: policy.GatePolicy, first: int = 0) -> Floats:
    """Capital of a gambler who bets that differences are positive; begins at 1.

    1. `bet_block_sessions` differences in a row are averaged: a fortnight is less
       noisy than its days.
    2. A mean is measured in standard deviations of those known before its first day.
       It is cut off at `bet_bound` above, and below only where the stake would lose
       everything: the hypothesis is about this bounded difference, and cutting off
       more of the gains than of the losses errs on the safe side. The first
       `bet_warm_up_sessions` only set the unit.
    3. Horizons overlap, so means that lie a block and `lag_sessions` apart make a
       stream of their own: each outcome of it is known before the next stake is set.
    4. Each stream stakes the share `stake`; the streams' capitals are averaged.

    Parameters
    ----------
    differences
        Array of shape (..., n_sessions), ascending in time and finite; positive where
        the one who is to be shown better was.
    gate
        Gives lag, block, warm-up, bound and stake.
    first
        Place from which bets are allowed; blocks that begin before it are not bet on.

    Returns
    -------
    ndarray of shape (..., n_sessions)
        Capital once each session's outcome is known; positive.

    Notes
    -----
    Each stream is a supermartingale under the hypothesis, so that Ville's inequality
    holds for it, and Markov's for the mean of all at any one time. For a decision to
    stop at a record of the mean the exact reading would be one lag later; that reading
    it at once keeps the error below alpha too is measured, not proven.

    References
    ----------
    Y. J. Choe and A. Ramdas, "Comparing Sequential Forecasters", Operations Research
    72(4), 2024. S. Arnold, A. Henzi and J. Ziegel, "Sequentially Valid Tests for
    Forecast Calibration", Annals of Applied Statistics 17(3), 2023.

    Examples
    --------
    >>> gains = np.tile([0.01, 0.02, -0.005], 300)
    >>> float(path(gains, policy.GatePolicy())[-1]) > 100
    True
    >>> float(path(-gains, policy.GatePolicy())[-1]) < 1
    True
    """
    values = np.asarray(differences, dtype=np.float64)
    bounded = _bounded(_block_means(values, gate.bet_block_sessions), gate)
    bounded[..., : first + gate.bet_block_sessions - 1] = 0.0
    n_sessions, apart = values.shape[-1], gate.bet_block_sessions + gate.lag_sessions
    streams = np.zeros_like(values)
    for phase in range(apart):
        stream = np.cumprod(1.0 + gate.stake * bounded[..., phase::apart], axis=-1)
        held = np.repeat(stream, apart, axis=-1)[..., : max(n_sessions - phase, 0)]
        streams[..., :phase] += 1.0
        streams[..., phase:] += held
    return streams / apart


def _block_means(values: Floats, length: int) -> Floats:
    """Mean of the `length` differences up to each session; 0 before there are any."""
    begun = np.zeros((*values.shape[:-1], 1))
    sums = np.cumsum(np.concatenate([begun, values], axis=-1), axis=-1)
    means = np.zeros_like(values)
    if values.shape[-1] < length:
        return means
    means[..., length - 1 :] = (sums[..., length:] - sums[..., :-length]) / length
    return means


def _bounded(means: Floats, gate: policy.GatePolicy) -> Floats:
    """Means in units known before their first session, cut off; 0 in the warm-up."""
    places = np.arange(means.shape[-1])
    known = np.maximum(places - gate.bet_block_sessions - gate.lag_sessions, 0)
    unit = np.maximum(_spread(means, gate.bet_block_sessions)[..., known], _SMALLEST)
    ratio = np.clip(means / unit, -_SURVIVABLE / gate.stake, gate.bet_bound)
    return np.where(places < gate.bet_warm_up_sessions, 0.0, ratio)


def _spread(means: Floats, length: int) -> Floats:
    """Standard deviation of block means up to each session, from block to block.

    From one block to the next, so that a level that shifts once does not pass for
    noise (von Neumann's ratio).
    """
    first = min(2 * length - 1, means.shape[-1])
    moves = np.zeros_like(means)
    moves[..., first:] = (
        means[..., first:] - means[..., first - length : -length]
    ) ** 2
    n_known = np.maximum(np.arange(means.shape[-1]) - first + 1, 1)
    spread: Floats = np.sqrt(np.cumsum(moves, axis=-1) / (2.0 * n_known))
    return spread


def capital(differences: npt.ArrayLike, gate: policy.GatePolicy) -> float:
    """Last value of `path`; 1 without sessions."""
    walked = path(differences, gate)
    return float(walked[-1]) if walked.size else 1.0


def capital_of_a_break(
    differences: npt.ArrayLike, gate: policy.GatePolicy, first: int
) -> float:
    """Capital where nobody knows since when differences are positive.

    Gamblers begin `demotion_start_sessions` apart, within the last
    `demotion_window_sessions` and not before place `first`; their capitals are
    averaged, so that old credit does not hide a new failure.

    Parameters
    ----------
    differences, gate
        As for `path`, of one series.
    first
        Place from which bets are allowed; what lies before sets the unit.

    Returns
    -------
    float
        1 where there is nothing to bet on. Markov's inequality holds at each look.
    """
    values = np.asarray(differences, dtype=np.float64)
    earliest = max(first, values.size - gate.demotion_window_sessions)
    starts = range(earliest, values.size, gate.demotion_start_sessions)
    capitals = [path(values, gate, start)[-1] for start in starts]
    return float(np.mean(capitals)) if capitals else 1.0
