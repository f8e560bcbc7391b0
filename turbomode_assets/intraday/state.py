"""What a learner knows at the end of a session, as rows, and back again.

The rows are what a restart goes on from: the same numbers, bit for bit. Nothing is
learned and nothing is forecast here.
"""

import numpy as np
import polars as pl

from turbomode_assets import errors, rounds
from turbomode_assets.intraday import consensus, fixed_share, track_record

_BASE = ("base_rate", "any")
"""Voter and level under which all rounds together are counted."""


def weights(learner: consensus.Learner) -> pl.DataFrame:
    """Columns stream, expert, weight, loss, mixture_loss and n_rounds."""
    streams = learner.streams
    n_streams, n_experts = streams.weights.shape
    names = consensus.experts(learner.voters)
    return pl.DataFrame(
        {
            "stream": np.repeat(np.arange(n_streams), n_experts),
            "expert": list(names) * n_streams,
            # A copy: a frame shares memory with its array, which goes on learning.
            "weight": streams.weights.flatten(),
            "loss": np.maximum(streams.loss, 0.0).ravel(),
            "mixture_loss": np.repeat(np.maximum(streams.mixture_loss, 0.0), n_experts),
            "n_rounds": np.repeat(streams.n_rounds, n_experts),
        }
    )


def track_records(learner: consensus.Learner) -> pl.DataFrame:
    """Columns voter, level, trials and ups; all rounds together last."""
    record, levels = learner.record, track_record.LEVELS
    return pl.DataFrame(
        {
            "voter": [*np.repeat(learner.voters, len(levels)), _BASE[0]],
            "level": [*list(levels) * len(learner.voters), _BASE[1]],
            "trials": [*record.trials.ravel(), record.base[0]],
            "ups": [*record.ups.ravel(), record.base[1]],
        }
    )


def restore(
    learner: consensus.Learner, weighed: pl.DataFrame, recorded: pl.DataFrame
) -> None:
    """Make a learner what it was at the end of a session.

    Parameters
    ----------
    learner
        A learner that has seen nothing; changed in place.
    weighed, recorded
        Rows of `intraday_tables.WEIGHTS` and ``.TRACK_RECORDS`` of one symbol, horizon
        and session; without rows nothing had been learned, and nothing is done. Copies
        without a round stay at their start weights, as do all with the method fixed.

    Raises
    ------
    errors.MissingUpstream
        Where the rows name other experts than there are now: what a newcomer would
        have said is not in them.
    """
    if weighed.is_empty():
        return
    names = consensus.experts(learner.voters)
    if set(weighed["expert"]) != set(names):
        message = (
            f"weights of the experts {sorted(names)} are needed, found those of "
            f"{sorted(set(weighed['expert']))}: learn them again from the first session"
        )
        raise errors.MissingUpstream(message)
    place = pl.col("expert").replace_strict({n: i for i, n in enumerate(names)})
    rows = weighed.sort("stream", place)
    if learner.rules.method == "learned":
        _restore_streams(learner.streams, rows)
    _restore_record(learner, recorded)
    session = rows["session"][0]
    learner.learned_to = int(rounds.between(session, session)["round"][-1])


def _restore_streams(streams: fixed_share.Streams, rows: pl.DataFrame) -> None:
    shape = streams.weights.shape
    streams.n_rounds = rows["n_rounds"].to_numpy()[:: shape[1]].copy()
    weights = rows["weight"].to_numpy().reshape(shape)
    has_learned = streams.n_rounds[:, None] > 0
    streams.weights = np.where(has_learned, weights, streams.weights)
    streams.loss = rows["loss"].to_numpy().reshape(shape).copy()
    streams.mixture_loss = rows["mixture_loss"].to_numpy()[:: shape[1]].copy()


def _restore_record(learner: consensus.Learner, recorded: pl.DataFrame) -> None:
    counts = {
        (voter, level): (trials, ups)
        for voter, level, trials, ups in recorded.select(
            "voter", "level", "trials", "ups"
        ).iter_rows()
    }
    cells = [
        [counts[voter, level] for level in track_record.LEVELS]
        for voter in learner.voters
    ]
    both = np.array(cells)
    learner.record.trials, learner.record.ups = both[..., 0].copy(), both[..., 1].copy()
    learner.record.base = np.array(counts[_BASE])
