"""The Sharpe ratio of independent holding periods, its error, and what luck would give.

Periods that overlap are one trial seen several times: whoever asks brings periods that
stand apart. Annualizing and costs do not belong here.
"""

import dataclasses
import math

import polars as pl

_FEWEST = 4  # periods from which a fourth moment can be had
_EULER = 0.5772156649015329


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sharpe:
    """Mean over standard deviation of a period; None where it cannot be told.

    `deflated` is the chance that the true ratio exceeds what the best of `n_trials`
    worthless strategies would have shown.
    """

    n_periods: int
    ratio: float | None
    standard_error: float | None
    deflated: float | None


def sharpe(returns: pl.Series, n_trials: int) -> Sharpe:
    """Sharpe ratio of a period with its error.

    Parameters
    ----------
    returns
        One excess return for each independent period, as a fraction, without nulls.
    n_trials
        Strategies that were tried before this one was shown, itself included; >= 1.

    Returns
    -------
    Sharpe
        Of one period; all None below four periods, or where returns do not vary.

    References
    ----------
    D. H. Bailey and M. Lopez de Prado, "The Deflated Sharpe Ratio", Journal of
    Portfolio Management 40(5), 2014; the error is E. Mertens's of 2002. The variance of
    the ratio among trials is what worthless ones have, 1 / (n - 1).
    """
    n, spread = returns.len(), returns.std()
    if n < _FEWEST or not isinstance(spread, float) or spread == 0:
        return Sharpe(n_periods=n, ratio=None, standard_error=None, deflated=None)
    ratio = float(returns.mean()) / spread  # type: ignore[arg-type]
    skew, kurtosis = returns.skew(), returns.kurtosis(fisher=False)
    assert skew is not None  # noqa: S101 - returns vary
    assert kurtosis is not None  # noqa: S101
    error = math.sqrt(
        (1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2) / (n - 1)
    )
    luck = _best_of(n_trials) / math.sqrt(n - 1)
    deflated = _normal(float((ratio - luck) / error))
    return Sharpe(n_periods=n, ratio=ratio, standard_error=error, deflated=deflated)


def _best_of(n_trials: int) -> float:
    """Expected maximum of as many standard normal draws; 0 for one."""
    if n_trials < 2:  # noqa: PLR2004 - one trial is no choice
        return 0.0
    from scipy import special  # noqa: PLC0415 - a report needs it, a night does not

    low, high = (special.ndtri(1.0 - 1.0 / (n_trials * e)) for e in (1.0, math.e))
    return float((1.0 - _EULER) * low + _EULER * high)


def _normal(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))
