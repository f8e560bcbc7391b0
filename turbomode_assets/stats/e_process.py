"""Evidence that may be looked at every month: an e-process on paired differences.

A gambler bets that the differences are positive. Where they are not, the expected
capital does not grow, so that the chance of ever multiplying it by 1 / alpha is at most
alpha, however often one looks. That holds for no p-value. What capital is enough is
policy and does not belong here.
"""

import numpy as np
import numpy.typing as npt

from turbomode_assets import policy

Floats = npt.NDArray[np.float64]

_SMALLEST = 1e-12  # nats; a series without any spread still needs a unit
_YEAR = 252  # sessions


def path(differences: npt.ArrayLike, gate: policy.GatePolicy, first: int = 0) -> Floats:
    """Capital of a gambler who bets that differences are positive; begins at 1.

    1. `bet_block_sessions` differences in a row are averaged: outcomes of two blocks
       hardly share a session.
    2. A block's unit is the spread of the blocks just before it whose outcomes are
       known. The block counts in proportion to its unit's root, so that a crisis
       neither rules the sum nor is left out of it. Gains are cut off at `bet_bound`
       units, losses never: cutting off only gains errs on the safe side.
    3. The sum of the blocks is divided by the root of their sum of squares. The capital
       is what a bet on the standardized sum wins, averaged over stakes that are
       half-normal with variance `bet_spread` a year (Robbins' mixture).

    Parameters
    ----------
    differences
        Array of shape (..., n_sessions), ascending in time and finite; positive where
        the one who is to be shown better was.
    gate
        Gives block, lag, units, bound and spread.
    first
        Place from which bets are allowed; what lies before only gives units.

    Returns
    -------
    ndarray of shape (..., n_sessions)
        Capital once each session's outcome is known; positive. It changes when a block
        is complete, and is 1 until there are enough of them for a unit.

    Notes
    -----
    For independent blocks Ville's inequality holds in the limit of many of them; few
    blocks err on the safe side, since the standardized sum of n cannot exceed the root
    of n. What dependence from block to block does to the error is measured, not proven.

    References
    ----------
    I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy and A. Ramdas, "Time-uniform
    Central Limit Theory and Asymptotic Confidence Sequences", Annals of Statistics
    52(6), 2024. V. de la Pena, T. L. Lai and Q.-M. Shao, "Self-Normalized Processes",
    Springer, 2009.

    Examples
    --------
    >>> gains = np.tile([0.01, 0.02, -0.005], 300)
    >>> float(path(gains, policy.GatePolicy())[-1]) > 100
    True
    >>> float(path(-gains, policy.GatePolicy())[-1]) < 1
    True
    """
    values = np.asarray(differences, dtype=np.float64)
    length = gate.bet_block_sessions
    blocks = _block_means(values[..., first % length :], length)
    bets = _weighted(blocks, gate)
    bets[..., : first // length] = 0.0
    places = np.arange(blocks.shape[-1])
    n_bets = np.maximum(places + 1 - first // length, 0)
    won = _mixture(bets, gate.bet_spread * n_bets * length / _YEAR)
    won[..., : gate.bet_unit_blocks] = 1.0
    begun = np.ones((*values.shape[:-1], 1))
    n_complete = (np.arange(values.shape[-1]) + 1 - first % length) // length
    held: Floats = np.concatenate([begun, won], axis=-1)[..., np.maximum(n_complete, 0)]
    return held


def _block_means(values: Floats, length: int) -> Floats:
    """Means of runs of `length` sessions; what is left over at the end waits."""
    n_blocks = values.shape[-1] // length
    whole = values[..., : n_blocks * length]
    means: Floats = whole.reshape(*values.shape[:-1], n_blocks, length).mean(axis=-1)
    return means


def _weighted(blocks: Floats, gate: policy.GatePolicy) -> Floats:
    """Blocks over the root of their unit, gains cut off."""
    units = _units(blocks, gate)
    return np.minimum(blocks, gate.bet_bound * units) / np.sqrt(units)


def _units(blocks: Floats, gate: policy.GatePolicy) -> Floats:
    """Spread known before each block; the first that is known serves those before it.

    From one block to the next, so that a level that shifts once does not pass for
    noise (von Neumann's ratio).
    """
    n_blocks, n_moves = blocks.shape[-1], gate.bet_unit_blocks
    if n_blocks <= n_moves:
        return np.ones_like(blocks)
    moves = np.diff(blocks, axis=-1) ** 2 / 2.0
    spread = np.sqrt(
        np.lib.stride_tricks.sliding_window_view(moves, n_moves, axis=-1).mean(axis=-1)
    )
    behind = n_moves - (-gate.lag_sessions // gate.bet_block_sessions)
    known = np.clip(np.arange(n_blocks) - behind, 0, spread.shape[-1] - 1)
    units: Floats = np.maximum(spread[..., known], _SMALLEST)
    return units


def _mixture(bets: Floats, spread: Floats) -> Floats:
    """Mean of exp(stake z - stake^2 / 2) over positive stakes, z standardized."""
    # Imported late: a process that only predicts shall not pay for it.
    from scipy import special  # noqa: PLC0415

    size = np.sqrt(np.cumsum(bets**2, axis=-1))
    z = np.cumsum(bets, axis=-1) / np.where(size > 0, size, 1.0)
    share = spread / (1.0 + spread)
    gained = share * z**2 / 2.0 + special.log_ndtr(np.sqrt(share) * z)
    won: Floats = 2.0 * np.exp(gained) / np.sqrt(1.0 + spread)
    return won


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
