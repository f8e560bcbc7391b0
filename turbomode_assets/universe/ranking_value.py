"""What a ranking was worth: whether its order foretold the hits of its own month.

The order of each stored ranking is held against the signals emitted in its own month,
which it could not know, and against random orders of the same symbols. How symbols
are ranked stands in ``ranking.py``.
"""

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy

from turbomode_assets import market_policy
from turbomode_assets.universe import ranking

Floats = npt.NDArray[np.float64]

_FEWEST_SYMBOLS = 3
"""Fewest symbols with an order worth the word: two are a coin toss."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Month:
    """One ranking and what followed.

    `rank_ic` is the rank correlation in [-1, 1] between skill_lower and the hits
    beyond base rate of the symbols signaled in the month; `top_excess` and
    `all_excess` are mean hits beyond base rate of the top list and of all of them.
    The top's is None where none of it was signaled.
    """

    month: dt.date
    n_symbols: int
    rank_ic: float
    top_excess: float | None
    all_excess: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Value:
    """Worth of the rankings of one mode, beside what random orders are worth.

    `rank_ic` averages the months. Random orders of the same symbols lie between
    `random_low` and `random_high` with the policy's credibility on each side, and are
    at least as good with a chance of `p_random`.
    """

    mode: str
    months: tuple[Month, ...]
    rank_ic: float
    random_low: float
    random_high: float
    p_random: float


def months_from(month: dt.date, rules: market_policy.RankingPolicy) -> dt.date:
    """First month whose ranking is still looked at when `month` begins."""
    years, months = divmod(month.year * 12 + month.month - 1 - rules.judged_months, 12)
    return dt.date(years, months + 1, 1)


def predictive_value(
    rankings: pl.DataFrame,
    outcomes: pl.DataFrame,
    signals: pl.DataFrame,
    rules: market_policy.RankingPolicy,
) -> tuple[Value, ...]:
    """Worth of past rankings, live and replayed apart.

    Parameters
    ----------
    rankings
        Rows of `market_tables.RANKINGS`.
    outcomes
        Rows of `tables.OUTCOMES` of sessions in their months, with and without a
        signal; what has not matured yet is simply absent.
    signals
        Rows of `tables.SIGNALS` of the same sessions; give the mode.
    rules
        Gives the resampling; same seed, same bytes.

    Returns
    -------
    tuple of Value
        By mode; none for a mode without a month in which three ranked symbols were
        signaled and differ in both rank and hits.

    Notes
    -----
    Shuffling within a month keeps what its symbols share, so the chance holds however
    strongly they move together; it does assume that months do not repeat each other.
    """
    both = _followed(rankings, outcomes, signals)
    found = (
        _value(mode, rows, rules)
        for (mode,), rows in both.group_by("mode", maintain_order=True)
    )
    return tuple(value for value in found if value)


def _followed(
    rankings: pl.DataFrame, outcomes: pl.DataFrame, signals: pl.DataFrame
) -> pl.DataFrame:
    """Ranked symbols with the hits beyond base rate of the month they ranked for."""
    # Rounded, so that equal hits tie in whatever order they were added.
    hits = (pl.col("is_hit").cast(pl.Float64) - pl.col("base_rate")).mean().round(12)
    matured = ranking.beside_blind(outcomes, signals)
    emitted_in = pl.col("session").dt.month_start().alias("month")
    excess = matured.group_by("mode", "symbol", emitted_in).agg(excess=hits)
    ranked = rankings.select("mode", "month", "symbol", "skill_lower", "is_top")
    both = ranked.join(excess, on=["mode", "month", "symbol"])
    return both.sort("mode", "month", "symbol")


def _value(
    mode: object, rows: pl.DataFrame, rules: market_policy.RankingPolicy
) -> Value | None:
    rng = np.random.default_rng(rules.seed)
    months, random = [], []
    for _, one in rows.group_by("month", maintain_order=True):
        scores, hits = (_standard_ranks(one[c]) for c in ("skill_lower", "excess"))
        if one.height < _FEWEST_SYMBOLS or not (scores.any() and hits.any()):
            continue
        months.append(_month(one, float(scores @ hits)))
        shuffled = rng.permuted(np.tile(scores, (rules.n_permutations, 1)), axis=1)
        random.append(shuffled @ hits)
    if not months:
        return None
    observed = float(np.mean([month.rank_ic for month in months]))
    means = np.mean(random, axis=0)
    low, high = np.quantile(means, [1.0 - rules.credibility, rules.credibility])
    n_as_good = int((means >= observed - 1e-12).sum())
    return Value(
        mode=str(mode),
        months=tuple(months),
        rank_ic=observed,
        random_low=float(low),
        random_high=float(high),
        p_random=(1 + n_as_good) / (1 + rules.n_permutations),
    )


def _standard_ranks(values: pl.Series) -> Floats:
    """Ranks with mean 0 and length 1, so that a product is a correlation."""
    ranks = scipy.stats.rankdata(values.to_numpy())
    apart: Floats = ranks - ranks.mean()
    length = float(np.linalg.norm(apart))
    return apart / length if length else apart


def _month(one: pl.DataFrame, rank_ic: float) -> Month:
    top = one.filter("is_top")["excess"].to_numpy()
    return Month(
        month=one["month"][0],
        n_symbols=one.height,
        rank_ic=rank_ic,
        top_excess=float(top.mean()) if top.size else None,
        all_excess=float(one["excess"].to_numpy().mean()),
    )
