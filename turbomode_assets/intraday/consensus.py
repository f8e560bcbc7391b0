"""From votes to p_up, a side and a conviction; one learner per symbol and horizon.

In a round:

1. every outcome that is known by now is learned from      `Learner.learn`
2. each expert says its probability                        `Learner.probabilities`
3. the weighted mean of the experts is p_up                `fixed_share.Streams.mix`
4. a side is taken beyond the abstain band, where enough
   voters lean the same way                                `decide`

Experts are the base rate, the mean of the voters who speak, the learned model where a
champion reigns, and each voter by its track record. `Learner.follow` walks through
rounds in order: a single live round and five years of them are the same walk, so they
give the same bytes.
"""

import collections
import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import rounds
from turbomode_assets.intraday import fixed_share, track_record
from turbomode_assets.intraday_policy import ConsensusPolicy

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

BASELINES = ("base_rate", "equal_weight", "learned_model")
"""Experts that are no voters, in the order in which they stand before these. Where no
learned model reigns, that one says the base rate."""


def experts(voters: tuple[str, ...]) -> tuple[str, ...]:
    """Names of all experts, in the order of every array of probabilities."""
    return BASELINES + voters


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Walked:
    """Rounds of one symbol and horizon, ascending; one row each.

    `probabilities` is filled in by `Learner.follow` where it is NaN.
    """

    numbers: Numbers
    """Numbers of the rounds."""

    exits: Numbers
    """Round at whose end each is judged."""

    levels: Numbers
    """Shape (n_rounds, n_voters), as `track_record.levels_of`."""

    learned: Floats
    """p_up by the learned model; NaN where none reigns."""

    probabilities: Floats
    """Shape (n_rounds, n_experts); NaN in rows still to be forecast."""

    mixture: Floats
    """p_up of each row, NaN in rows still to be forecast."""

    is_up: Floats
    """1 or 0; NaN where the outcome is not final. Read once its exit has ended."""


@dataclasses.dataclass(kw_only=True, eq=False)
class Learner:
    """What one symbol and horizon has learned; `follow` changes it in place."""

    rules: ConsensusPolicy
    voters: tuple[str, ...]
    streams: fixed_share.Streams
    record: track_record.TrackRecord
    learned_to: int = -1
    """Round up to whose end every known outcome has been learned from."""

    @classmethod
    def begin(
        cls, horizon: str, voters: tuple[str, ...], rules: ConsensusPolicy
    ) -> "Learner":
        """A learner that has seen nothing."""
        n_streams = rounds.HORIZONS[horizon]
        share = n_streams / (rounds.FULL_SESSION * rules.shift_sessions)
        prior = start_weights(voters, rules)
        return cls(
            rules=rules,
            voters=voters,
            streams=fixed_share.Streams.begin(prior, n_streams, min(share, 0.5)),
            record=track_record.TrackRecord.begin(len(voters), n_streams),
        )

    def follow(
        self,
        walked: Walked,
        closings: Sequence[int] = (),
        at_close: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Walk through the rounds in order, learn what is known and forecast the rest.

        Parameters
        ----------
        walked
            Rounds to forecast, and before them those whose outcome this learner has
            not learned from yet; filled in place.
        closings
            Last rounds of sessions, up to whose end outcomes are learned as well.
        at_close
            Called with each of them once they are.
        """
        due = np.argsort(walked.exits, kind="stable")
        waiting = collections.deque(due[walked.exits[due] > self.learned_to].tolist())
        rows = np.flatnonzero(np.isnan(walked.mixture)).tolist()
        events = [(int(walked.numbers[row]), row) for row in rows]
        # Sorts behind the forecast of the same round.
        events += [(closing, walked.numbers.size) for closing in closings]
        for now, row in sorted(events):
            while waiting and walked.exits[waiting[0]] <= now:
                self._learn(walked, waiting.popleft())
            self.learned_to = now
            if row < walked.numbers.size:
                self._forecast(walked, row)
            else:
                at_close(now)

    def _forecast(self, walked: Walked, row: int) -> None:
        found = self.probabilities(walked.levels[row], float(walked.learned[row]))
        walked.probabilities[row] = found
        walked.mixture[row] = self.streams.mix(int(walked.numbers[row]), found)

    def probabilities(self, levels: Numbers, learned: float = np.nan) -> Floats:
        """p_up of each expert, in the order of `experts`, within the bounds.

        Parameters
        ----------
        levels
            Level of each voter.
        learned
            p_up by the learned model; NaN where none reigns.
        """
        base = self.record.base_rate(self.rules)
        voters = self.record.probabilities(levels, self.rules)
        speaking = voters[levels != track_record.SILENT]
        mean = speaking.mean() if speaking.size else base
        low = self.rules.min_probability
        model = base if np.isnan(learned) else learned
        said = np.concatenate([[base, mean, model], voters])
        within: Floats = np.clip(said, low, 1.0 - low)
        return within

    def _learn(self, walked: Walked, row: int) -> None:
        happened = walked.is_up[row]
        if np.isnan(happened):
            return
        number, is_up = int(walked.numbers[row]), bool(happened)
        self.record.learn(walked.levels[row], self.rules, is_up=is_up)
        if self.rules.method == "learned":
            self.streams.learn(number, walked.probabilities[row], is_up=is_up)


def start_weights(voters: tuple[str, ...], rules: ConsensusPolicy) -> Floats:
    """Weight of each expert before anything was learned; sums to one.

    Experts that are no voters share `baseline_share`; voters share the rest as the
    policy says. With the method ``fixed`` the voters have all of it but a thousandth.
    """
    chosen = dict(rules.start_weights)
    weights = np.array([chosen.get(name, rules.newcomer_weight) for name in voters])
    baselines = rules.baseline_share if rules.method == "learned" else 0.001
    own = (1.0 - baselines) * weights / weights.sum()
    each = np.full(len(BASELINES), baselines / len(BASELINES))
    return np.concatenate([each, own])


def decide(signals: pl.DataFrame, rules: ConsensusPolicy) -> pl.DataFrame:
    """Signals with side, conviction and whether they are convinced.

    Parameters
    ----------
    signals
        Columns p_up and n_agreeing, never null; others are kept.
    rules
        Abstain band, agreement and conviction.

    Returns
    -------
    pl.DataFrame
        Same rows in the same order.

    Examples
    --------
    >>> said = pl.DataFrame({"p_up": [0.56, 0.51, 0.4], "n_agreeing": [3, 8, 2]})
    >>> decide(said, ConsensusPolicy())["side"].to_list()
    ['buy', 'hold', 'hold']
    """
    edge = pl.col("p_up") - 0.5
    conviction = 0.5 + edge.abs()
    is_taken = (edge.abs() >= rules.min_edge) & (edge != 0)
    is_taken &= pl.col("n_agreeing") >= rules.min_agreeing
    direction = pl.when(edge > 0).then(pl.lit("buy")).otherwise(pl.lit("sell"))
    return signals.with_columns(
        side=pl.when(is_taken).then(direction).otherwise(pl.lit("hold")),
        conviction=conviction,
        is_convinced=is_taken & (conviction >= rules.min_conviction),
    )


def agreement(walked: Walked) -> tuple[Numbers, Numbers]:
    """Voters with a view of the direction, and those that lean with p_up, by round.

    A voter leans to where its own probability lies from the base rate.
    """
    speaks = walked.levels != track_record.SILENT
    lean = walked.probabilities[:, len(BASELINES) :] - walked.probabilities[:, :1]
    side = np.sign(walked.mixture - 0.5)[:, None]
    agrees = speaks & (np.sign(lean) == side) & (lean != 0)
    return speaks.sum(axis=1).astype(np.int64), agrees.sum(axis=1).astype(np.int64)
