"""Monthly ranking: on which symbols were out-of-sample signals right, and how surely.

In order:

1. `beside_blind`   signals that matured, each beside the base rate of its session
2. `_trials`        hits per symbol and window, counted as trials that do not overlap
3. `_Prior`         what is usual, fitted to all symbols together
4. `_bounds`        each symbol shrunk towards it, minus its base rate: the skill
5. `_trend`         hits of the longest window against what those before foretell

Live and replayed signals are ranked apart. Whether the ranking is worth anything is
measured in ``ranking_value.py``; who may be scored does not depend on it.
"""

import dataclasses
import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import market_policy, market_tables
from turbomode_assets.stats import beta_binomial, overlap

_SIDES = {"buy": "up", "sell": "down"}

_NEVER_CERTAIN = (0.005, 0.995)
"""Hit shares a prior may expect: a beta law needs room on both sides."""


def outcomes_from(month: dt.date, rules: market_policy.RankingPolicy) -> dt.date:
    """First maturity the ranking of `month` looks at."""
    return month - dt.timedelta(days=rules.long_days + rules.trend_days)


def rank(
    outcomes: pl.DataFrame,
    signals: pl.DataFrame,
    rules: market_policy.RankingPolicy,
    month: dt.date,
) -> pl.DataFrame:
    """Symbols by the lower bound of the skill of the signals on them.

    Parameters
    ----------
    outcomes
        Rows of `tables.OUTCOMES`, without a signal as well: they are the base rate.
        Only those that matured from `outcomes_from` on and before the month count.
    signals
        Rows of `tables.SIGNALS` of the same sessions; give the mode.
    rules
        Windows, weights and bounds.
    month
        First day of the month.

    Returns
    -------
    pl.DataFrame
        Rows of `market_tables.RANKINGS`; symbols without a matured buy or sell in the
        longest window have none.

    Notes
    -----
    Skill is the posterior hit share minus the base rate of the same sides in the same
    sessions. The prior of a symbol has the mean *its base rate + the skill of all
    symbols together* and the strength under which the trials that do not overlap are
    likeliest. Overlapping signals share a hit share, and count as one trial per
    horizon. Windows are nested; their bounds are averaged as if they erred together,
    which is the cautious end.
    """
    known = outcomes.filter(
        pl.col("matures_on").is_between(
            outcomes_from(month, rules), month, closed="left"
        )
    )
    matured = beside_blind(known, signals).with_columns(
        age=(pl.lit(month) - pl.col("matures_on")).dt.total_days()
    )
    parts = [
        _ranked(rows, rules).with_columns(mode=pl.lit(mode))
        for (mode,), rows in matured.group_by("mode", maintain_order=True)
    ]
    if not parts:
        return market_tables.RANKINGS.empty()
    ranked = pl.concat(parts).with_columns(month=pl.lit(month))
    return market_tables.RANKINGS.conform(ranked)


def beside_blind(outcomes: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """Matured buys and sells, each with the hits a blind pick would have had.

    Parameters
    ----------
    outcomes
        Rows of `tables.OUTCOMES`, with and without a signal.
    signals
        Rows of `tables.SIGNALS`; give the mode.

    Returns
    -------
    pl.DataFrame
        Columns mode, symbol, session, entry_on, matures_on, is_hit and base_rate (the
        share of all symbols of the session that moved as the side had hoped).
    """
    label = pl.col("label_symmetric_10pct")
    blind = outcomes.group_by("session").agg(
        (label == moved).mean().alias(moved) for moved in _SIDES.values()
    )
    usual = pl.when(pl.col("side") == "buy").then("up").otherwise("down")
    return (
        outcomes.filter(
            pl.col("side").is_in(list(_SIDES)), pl.col("is_hit").is_not_null()
        )
        .join(blind, on="session")
        .join(signals.select("symbol", "session", "mode"), on=["symbol", "session"])
        .select(
            "mode",
            "symbol",
            "session",
            "entry_on",
            "matures_on",
            "is_hit",
            base_rate=usual,
        )
        .sort("mode", "symbol", "session")
    )


def _ranked(matured: pl.DataFrame, rules: market_policy.RankingPolicy) -> pl.DataFrame:
    """Rows of one mode, but for mode and month; none where nothing matured lately."""
    recent = matured.filter(pl.col("age") <= rules.long_days)
    seen = _tally(recent)
    prior = _Prior.fit(_apart(matured, _tally(matured)), rules)
    windows = {
        "short": (rules.short_days, rules.short_weight),
        "middle": (rules.middle_days, rules.middle_weight),
        "long": (rules.long_days, 1.0 - rules.short_weight - rules.middle_weight),
    }
    skills = {
        name: _bounds(_trials(recent.filter(pl.col("age") <= days), seen), prior, rules)
        for name, (days, _) in windows.items()
    }
    lower, mean, upper = np.sum(
        [weight * skills[name] for name, (_, weight) in windows.items()], axis=0
    )
    before = _apart(matured.filter(pl.col("age") > rules.long_days), seen)
    ranked = seen.with_columns(
        trend=_trend(_apart(recent, seen), before, prior, rules),
        skill=pl.Series(mean),
        skill_lower=pl.Series(lower),
        skill_upper=pl.Series(upper),
        **{f"skill_{name}": pl.Series(found[1]) for name, found in skills.items()},
    )
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    ordered = ranked.sort("skill_lower", "symbol", descending=[True, False])
    return ordered.with_columns(rank=place, is_top=place <= rules.n_top)


def _tally(matured: pl.DataFrame) -> pl.DataFrame:
    """Columns symbol, n_signals, hit_share, base_rate and n_effective, by symbol."""
    counts = matured.group_by("symbol").agg(
        n_signals=pl.len().cast(pl.Int64),
        hit_share=pl.col("is_hit").mean(),
        base_rate=pl.col("base_rate").mean(),
    )
    apart = overlap.keep_apart(matured, ["symbol"]).group_by("symbol")
    n_apart = apart.agg(n_effective=pl.len().cast(pl.Int64))
    return counts.join(n_apart, on="symbol").sort("symbol")


@dataclasses.dataclass(frozen=True)
class _Trials:
    """By symbol: trials that do not overlap, their hits, and the share blind picks hit.

    Hits are a share of all signals times the trials, and may then be fractions.
    """

    n: beta_binomial.Counts
    hits: beta_binomial.Floats
    base: beta_binomial.Floats


def _trials(matured: pl.DataFrame, seen: pl.DataFrame) -> _Trials:
    """Trials of every symbol of `seen`; none, at its usual base rate, where silent."""
    found = seen.select("symbol", usual="base_rate").join(
        _tally(matured), on="symbol", how="left", maintain_order="left"
    )
    n = found["n_effective"].fill_null(0).to_numpy()
    share = found["hit_share"].fill_null(0.0).to_numpy()
    base = found.select(pl.coalesce("base_rate", "usual")).to_series().to_numpy()
    return _Trials(n, share * n, base)


def _apart(matured: pl.DataFrame, seen: pl.DataFrame) -> _Trials:
    """As `_trials`, of signals that do not overlap alone: hits are whole numbers."""
    found = _trials(overlap.keep_apart(matured, ["symbol"]), seen)
    return dataclasses.replace(found, hits=np.rint(found.hits))


@dataclasses.dataclass(frozen=True)
class _Prior:
    """What is usual: the skill of all together, and how many trials it is worth."""

    skill: float
    strength: float

    @classmethod
    def fit(cls, trials: _Trials, rules: market_policy.RankingPolicy) -> "_Prior":
        expected = trials.n * trials.base
        skill = float((trials.hits - expected).sum() / trials.n.sum())
        bounds = rules.min_prior_strength, rules.max_prior_strength
        means = cls(skill, bounds[0]).means(trials.base)
        return cls(
            skill, beta_binomial.fit_strength(trials.hits, trials.n, means, bounds)
        )

    def means(self, base: beta_binomial.Floats) -> beta_binomial.Floats:
        return np.clip(base + self.skill, *_NEVER_CERTAIN)


def _bounds(
    trials: _Trials, prior: _Prior, rules: market_policy.RankingPolicy
) -> beta_binomial.Floats:
    """Lower bound, mean and upper bound of the skill, shape (3, n_symbols)."""
    means = prior.means(trials.base)
    a, b = beta_binomial.posterior(trials.hits, trials.n, means, prior.strength)
    lower = beta_binomial.quantile(a, b, 1.0 - rules.credibility)
    upper = beta_binomial.quantile(a, b, rules.credibility)
    return np.array([lower, a / (a + b), upper]) - trials.base


def _trend(
    recent: _Trials, before: _Trials, prior: _Prior, rules: market_policy.RankingPolicy
) -> pl.Series:
    """Whether recent trials hit more or less often than those before foretell.

    Each side has half of ``alarm_rate``; as hits are whole and trials few, the true
    rate is smaller. Trials do not overlap, or nothing of this would hold.
    """
    usual = prior.means(before.base)
    a, b = beta_binomial.posterior(before.hits, before.n, usual, prior.strength)
    expected = np.clip(a / (a + b) + recent.base - before.base, *_NEVER_CERTAIN)
    more, fewer = beta_binomial.tails(
        recent.hits, recent.n, (a + b) * expected, (a + b) * (1.0 - expected)
    )
    half = rules.alarm_rate / 2
    words = np.where(more <= half, "improving", "steady")
    return pl.Series(np.where(fewer <= half, "deteriorating", words).astype(np.str_))
