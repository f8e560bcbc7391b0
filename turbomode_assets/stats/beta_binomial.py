"""Hit shares of few trials, shrunk towards what is usual: the beta-binomial model.

A hit share is drawn from a beta law of a known mean and a *strength*, the number of
trials its mean is worth; hits given the share are binomial. Hits may be fractions,
where a share was seen on overlapping trials and counts for fewer. Who is shrunk
towards what is the caller's affair.

References
----------
B. Efron and C. Morris, "Data Analysis Using Stein's Estimator and its
Generalizations", Journal of the American Statistical Association 70(350), 1975.
"""

import numpy as np
import numpy.typing as npt
import scipy

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def log_likelihood(
    hits: Floats, trials: Counts, means: Floats, strength: float
) -> float:
    """Log-likelihood of all hits, up to a term without `means` and `strength`.

    Parameters
    ----------
    hits, trials, means
        One entry per symbol; 0 <= hits <= trials, means in (0, 1).
    strength
        Trials the prior counts for; positive.

    Returns
    -------
    float
        In nats.
    """
    a, b = strength * means, strength * (1.0 - means)
    terms = scipy.special.betaln(a + hits, b + trials - hits) - scipy.special.betaln(
        a, b
    )
    return float(terms.sum())


def fit_strength(
    hits: Floats, trials: Counts, means: Floats, bounds: tuple[float, float]
) -> float:
    """Strength under which the hits are likeliest: the empirical Bayes prior.

    Parameters
    ----------
    hits, trials, means
        As for `log_likelihood`.
    bounds
        Smallest and largest strength; the largest is returned, nearly, where the
        hits spread no more than chance spreads them.

    Returns
    -------
    float
        Within `bounds`.
    """
    found = scipy.optimize.minimize_scalar(
        lambda x: -log_likelihood(hits, trials, means, float(np.exp(x))),
        bounds=np.log(bounds),
        method="bounded",
    )
    return float(np.clip(np.exp(found.x), *bounds))


def posterior(
    hits: Floats, trials: Counts, means: Floats, strength: float
) -> tuple[Floats, Floats]:
    """Both parameters of the beta law of each share, after its hits."""
    return strength * means + hits, strength * (1.0 - means) + trials - hits


def quantile(a: Floats, b: Floats, probability: float) -> Floats:
    """Share that lies above the true one with `probability`."""
    found: Floats = scipy.stats.beta.ppf(probability, a, b)
    return found


def tails(hits: Floats, trials: Counts, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Chance of at least, and of at most, as many hits in trials yet to be seen.

    Parameters
    ----------
    hits, trials
        Whole numbers.
    a, b
        Beta law of each share beforehand.

    Returns
    -------
    at_least, at_most : ndarray
        In [0, 1]; both 1 without trials.
    """
    at_least = scipy.stats.betabinom.sf(hits - 1, trials, a, b)
    at_most = scipy.stats.betabinom.cdf(hits, trials, a, b)
    return np.where(trials > 0, at_least, 1.0), np.where(trials > 0, at_most, 1.0)
