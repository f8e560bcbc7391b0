"""What a vote is.

Direction and volatility are separate channels: that prices will move more than usual
says nothing about where to. A voter that lacks what it needs abstains and says why.
What votes are worth is learned elsewhere (`consensus.py`), and who votes stands in
``voters/``.
"""

import dataclasses

import numpy as np
import numpy.typing as npt


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vote:
    """What one voter says at one moment.

    Null in both channels is an abstention.
    """

    score: float | None = None
    """Direction in [-1, 1], above zero for up; null where it has no view of it."""

    volatility: float | None = None
    """Movement in [-1, 1], above zero for more than usual; null without a view."""

    confidence: float = 0.0
    """How much of what it looks for it found, in [0, 1]; 0 of an abstention."""

    staleness: float = 0.0
    """Age in minutes of the newest thing it looked at."""

    reason: str
    """One sentence with what it saw."""

    @property
    def is_abstaining(self) -> bool:
        """Whether it said nothing."""
        return self.score is None and self.volatility is None


def squashed(value: float) -> float:
    """Any number as a score in (-1, 1): the hyperbolic tangent."""
    return float(np.tanh(value))


def too_few(name: str, found: npt.NDArray[np.float64], needed: int) -> Vote | None:
    """Abstention where a symbol has fewer daily bars than needed, else None."""
    n = found.shape[-1]
    if n >= needed:
        return None
    return Vote(reason=f"{name} has {n} daily bars, {needed} are needed.")
