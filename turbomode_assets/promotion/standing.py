"""Whether a champion still earns its seat: its own signals against two baselines.

The mirror of the gate: the same betting, on losses of the champion, with the same
error rate. It falls where it is surely worse than the base rate, and where it is surely
worse than volatility alone, which it once had to beat: a champion that confuses up and
down while it still sees large moves coming stays better than the base rate for years.
Who follows a fallen champion stands in ``alias.py``.
"""

import dataclasses

import polars as pl

from turbomode_assets import policy
from turbomode_assets.stats import base_rate, classification, e_process

BASE_RATE, VOLATILITY = "the base rate", "volatility alone"

_KEY = ["symbol", "session"]
_SUFFIX = {BASE_RATE: "_base_rate", VOLATILITY: "_volatility"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """What a champion's signals have been worth since it reigns."""

    against: str
    """Baseline with the most evidence against the champion."""
    n_sessions: int
    gain: float | None
    """Mean log-loss gain over it per session, in nats; None without any."""
    observed: float
    """Capital won by betting that the champion is worse than it."""
    required: float
    """Capital at which it loses its seat."""

    @property
    def is_passed(self) -> bool:
        """Whether the champion keeps its seat."""
        return self.observed < self.required


def assess(
    signals: pl.DataFrame,
    oof: pl.DataFrame,
    outcomes: pl.DataFrame,
    volatility: pl.DataFrame,
    gate: policy.GatePolicy,
) -> Standing:
    """Standing of a champion.

    Parameters
    ----------
    signals
        Rows of `swing.signals` the champion emitted in its present reign.
    oof
        Its rows of `learning.oof_predictions`: what it lost before it reigned sets the
        unit, and is never bet on.
    outcomes
        Columns symbol, session, matures_on and label of everything matured so far.
    volatility
        Columns symbol, session, p_up, p_flat and p_down of a volatility-only model
        that learned when the champion did; rows it has not are not compared.
    gate
        Error rate and betting.

    Returns
    -------
    Standing
        Same rows, same bits, in whatever order they come.
    """
    labeled = outcomes.drop_nulls("label")
    said = signals.select(*_KEY, "p_up", "p_flat", "p_down").join(
        labeled.select(*_KEY, "label"), on=_KEY
    )
    renamed = {f"p_{name}": f"p_{name}_volatility" for name in classification.CLASSES}
    realized = {
        BASE_RATE: base_rate.beside(said, labeled),
        VOLATILITY: said.join(
            volatility.select(*_KEY, *renamed).rename(renamed), on=_KEY
        ),
    }
    before = oof.join(said, on="session", how="anti")
    found = [_against(name, before, rows, gate) for name, rows in realized.items()]
    compared = [one for one in found if one.n_sessions] or found[:1]
    return max(compared, key=lambda one: one.observed)


def _against(
    baseline: str, before: pl.DataFrame, realized: pl.DataFrame, gate: policy.GatePolicy
) -> Standing:
    told, lost = (_excess(rows, _SUFFIX[baseline]) for rows in (before, realized))
    mean = lost["excess"].mean()
    series = pl.concat([told, lost])["excess"]
    return Standing(
        against=baseline,
        n_sessions=lost.height,
        gain=-mean if isinstance(mean, float) else None,
        observed=e_process.capital_of_a_break(series, gate, told.height),
        required=1.0 / gate.error_rate,
    )


def _excess(rows: pl.DataFrame, suffix: str) -> pl.DataFrame:
    """Mean loss beyond a baseline's, session by session."""
    excess = classification.log_loss() - classification.log_loss(suffix)
    known = rows.with_columns(excess=excess).drop_nulls("excess")
    return classification.session_means(known, "excess").select("session", "excess")
