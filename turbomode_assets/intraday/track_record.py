"""What has followed when a voter spoke like this: votes into calibrated probabilities.

A vote falls into one of five levels by score x confidence. For each voter and level it
is counted how often the price rose afterwards; old rounds count less, and few rounds
are shrunk to the base rate. So a voter is believed as far as it was right, also where
it is right by being wrong, and one that abstains says the base rate.

Only outcomes known at the time may be counted: the caller's duty.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from turbomode_assets import rounds
from turbomode_assets.intraday_policy import ConsensusPolicy

Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int64]

SILENT = -1
"""Level of a voter without a view of the direction."""

LEVELS = ("strongly_down", "down", "neutral", "up", "strongly_up")
"""Names of the levels, in order."""


@dataclasses.dataclass(kw_only=True, eq=False)
class TrackRecord:
    """Counts of what followed; `learn` changes it in place."""

    n_streams: int
    """Rounds that hold one independent outcome."""

    trials: Floats
    """Rounds by voter and level, old ones counting less; shape (n_voters, 5)."""

    ups: Floats
    """Of those, the ones after which the price rose."""

    base: Floats
    """Trials and ups of all rounds, shape (2,)."""

    @classmethod
    def begin(cls, n_voters: int, n_streams: int) -> "TrackRecord":
        """Counts of nothing."""
        shape = (n_voters, len(LEVELS))
        return cls(
            n_streams=n_streams,
            trials=np.zeros(shape),
            ups=np.zeros(shape),
            base=np.zeros(2),
        )

    def base_rate(self, rules: ConsensusPolicy) -> float:
        """Share of rounds after which the price rose, shrunk to one half."""
        strength = rules.shrink_outcomes * self.n_streams
        return float((self.base[1] + strength / 2) / (self.base[0] + strength))

    def probabilities(self, levels: Levels, rules: ConsensusPolicy) -> Floats:
        """p_up of each voter, by its level; the base rate where it is silent."""
        strength, base = rules.shrink_outcomes * self.n_streams, self.base_rate(rules)
        place = (np.arange(levels.size), np.maximum(levels, 0))
        said = (self.ups[place] + strength * base) / (self.trials[place] + strength)
        return np.where(levels == SILENT, base, said)

    def learn(self, levels: Levels, rules: ConsensusPolicy, *, is_up: bool) -> None:
        """Count what followed one round."""
        kept = 0.5 ** (1.0 / (rules.half_life_sessions * rounds.FULL_SESSION))
        self.trials *= kept
        self.ups *= kept
        self.base *= kept
        spoke = np.flatnonzero(levels != SILENT)
        self.trials[spoke, levels[spoke]] += 1.0
        self.ups[spoke, levels[spoke]] += float(is_up)
        self.base += (1.0, float(is_up))


def levels_of(scores: Floats, confidences: Floats, rules: ConsensusPolicy) -> Levels:
    """Level of each vote; `SILENT` where the score is NaN."""
    said = np.searchsorted(rules.level_edges, scores * confidences, side="right")
    levels: Levels = np.where(np.isnan(scores), SILENT, said).astype(np.int64)
    return levels
