"""Whether a champion still earns its seat: its own signals against the base rate.

The mirror of the gate: the same betting, on losses of the champion, with the same
error rate. Who follows a fallen champion stands in ``alias.py``.
"""

import dataclasses

import polars as pl

from turbomode_assets import policy
from turbomode_assets.stats import base_rate, classification, e_process

_KEY = ["symbol", "session"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """What a champion's signals have been worth since it reigns."""

    n_sessions: int
    gain: float | None
    """Mean log-loss gain over the base rate per session, in nats; None without any."""
    observed: float
    """Capital won by betting that the champion is worse than the base rate."""
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
    realized = _losses_to(base_rate.beside(said, labeled))
    before = _losses_to(oof.join(said, on="session", how="anti"))
    both = pl.concat([before, realized])
    mean = realized["excess"].mean()
    return Standing(
        n_sessions=realized.height,
        gain=-mean if isinstance(mean, float) else None,
        observed=e_process.capital_of_a_break(both["excess"], gate, before.height),
        required=1.0 / gate.error_rate,
    )


def _losses_to(rows: pl.DataFrame) -> pl.DataFrame:
    """Mean loss beyond the base rate's, session by session."""
    excess = classification.log_loss() - classification.log_loss("_base_rate")
    known = rows.with_columns(excess=excess).drop_nulls("excess")
    return classification.session_means(known, "excess").select("session", "excess")
