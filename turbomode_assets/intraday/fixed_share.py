"""Weights of experts that learn from what forecasts cost, with a bound on the regret.

Fixed-Share on log loss: after each outcome an expert's weight is multiplied by the
probability it gave to what happened, and a small share of all weight is then given out
again by the start weights, so that an expert that was wrong for long can come back.

Outcomes are late. With at most m rounds from a forecast to its outcome, m copies run
side by side, and copy ``round % m`` forecasts and learns alone: by its next turn it
knows the outcome of its last one, as the theorem asks.

The bound is a theorem, not an estimate: of one copy, over n rounds, the mixture loses
at most ``ln(1 / p) + (n - 1) ln(1 / (1 - share + share p))`` more than any one expert
with start weight p; copies add up. Nothing here knows a voter, a price or a table.

References
----------
M. Herbster and M. K. Warmuth, "Tracking the Best Expert", Machine Learning 32, 1998.
P. Joulani, A. György and C. Szepesvári, "Online Learning under Delayed Feedback", ICML
2013 (interleaved copies).
"""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(kw_only=True, eq=False)
class Streams:
    """Interleaved copies of one learner; `learn` changes it in place.

    Arrays have one row per copy.
    """

    prior: Floats
    """Start weights, shape (n_experts,); positive, summing to one."""

    share: float
    """Part of the weight given out again after each outcome, in [0, 1)."""

    weights: Floats
    """Shape (n_streams, n_experts); each row sums to one."""

    loss: Floats
    """Log loss of each expert so far in nats, shape (n_streams, n_experts)."""

    mixture_loss: Floats
    """Log loss of the mixture so far in nats, shape (n_streams,)."""

    n_rounds: npt.NDArray[np.int64]
    """Rounds learned from, shape (n_streams,)."""

    @classmethod
    def begin(cls, prior: Floats, n_streams: int, share: float) -> "Streams":
        """Copies that have learned nothing."""
        return cls(
            prior=prior,
            share=share,
            weights=np.tile(prior, (n_streams, 1)),
            loss=np.zeros((n_streams, prior.size)),
            mixture_loss=np.zeros(n_streams),
            n_rounds=np.zeros(n_streams, dtype=np.int64),
        )

    def mix(self, number: int, probabilities: Floats) -> float:
        """Forecast for round `number`: the experts' probabilities by their weights."""
        return float(self.weights[number % len(self.weights)] @ probabilities)

    def learn(self, number: int, probabilities: Floats, *, is_up: bool) -> None:
        """Take in what happened after round `number`, and what was forecast for it."""
        stream = number % len(self.weights)
        given = probabilities if is_up else 1.0 - probabilities
        weighted = self.weights[stream] * given
        total = float(weighted.sum())
        self.loss[stream] -= np.log(given)
        self.mixture_loss[stream] -= math.log(total)
        kept = (1.0 - self.share) / total * weighted
        self.weights[stream] = kept + self.share * self.prior
        self.n_rounds[stream] += 1

    @property
    def best(self) -> int:
        """Place of the expert whose forecasts cost least so far."""
        return int(self.loss.sum(axis=0).argmin())

    @property
    def regret(self) -> float:
        """What the mixture lost beyond the best expert, in nats."""
        return float(self.mixture_loss.sum() - self.loss.sum(axis=0).min())

    @property
    def bound(self) -> float:
        """What `regret` cannot exceed, whatever happens, in nats."""
        start = float(self.prior[self.best])
        begun = self.n_rounds[self.n_rounds > 0]
        stay = -math.log(1.0 - self.share + self.share * start)
        return float(-math.log(start) * begun.size + stay * (begun - 1).sum())
