"""What the intraday desk is worth on real bars, and what its voters could not see.

``python benchmarks/intraday_real.py`` replays the desk on every stretch of minutes
there is of one company in ``TURBOMODE_SHARED_DATA``, each by a desk that begins with
nothing learned, and prints Markdown: skill beside the number of outcomes that stand
apart, the weights at the end, the regret beside its bound, and how often each voter
spoke. Without the data it says so.
"""

import pathlib
import sys

import polars as pl

sys.path.append(str(pathlib.Path(__file__).parents[1]))

from turbomode_assets import rounds
from turbomode_assets.intraday import replay, scorecard
from turbomode_assets_tests.oracles import real, real_desk


def main() -> None:
    """Replay and print every stretch."""
    if not real_desk.MINUTES.exists():
        print(f"no real bars in {real_desk.MINUTES}: set TURBOMODE_SHARED_DATA")
        return
    told = {name: _replayed(each) for name, each in real_desk.STRETCHES.items()}
    for title, table in (("Worth", _worth), ("Weights", _weights), ("Voters", _voters)):
        parts = [
            table(found, real_desk.STRETCHES[name]).select(
                pl.lit(name).alias("stretch"), pl.all()
            )
            for name, found in told.items()
        ]
        print(f"\n## {title}\n\n{real.as_table(pl.concat(parts))}")


def _replayed(stretch: real_desk.Stretch) -> replay.Replayed:
    world = real_desk.world(stretch)
    return replay.replay(world, stretch.first, stretch.last, stretch.rules)


def _worth(found: replay.Replayed, stretch: real_desk.Stretch) -> pl.DataFrame:
    scores = scorecard.of_signals(found.signals, found.outcomes)
    regrets = scorecard.regrets(
        found.weights, found.track_records, stretch.rules.consensus
    )
    return scores.join(regrets, on=["symbol", "horizon"]).select(
        "horizon",
        "n",
        "n_effective",
        pl.col("up_share", "base_loss", "loss").round(4),
        skill=pl.col("skill").round(4),
        p=pl.col("p_value").round(3),
        taken="n_taken",
        taken_effective="n_taken_effective",
        hits=pl.col("hit_share").round(3),
        regret=pl.col("regret").round(2),
        bound=pl.col("bound").round(0),
    )


def _weights(found: replay.Replayed, stretch: real_desk.Stretch) -> pl.DataFrame:  # noqa: ARG001
    """Mean weight of each expert after the last session, an hour ahead and so on."""
    last = found.weights.filter(pl.col("session") == pl.col("session").max())
    mean = last.group_by("expert", "horizon").agg(pl.col("weight").mean().round(3))
    wide = mean.pivot("horizon", index="expert", values="weight").sort("expert")
    return wide.select("expert", *rounds.HORIZONS)


def _voters(found: replay.Replayed, stretch: real_desk.Stretch) -> pl.DataFrame:  # noqa: ARG001
    health = scorecard.of_voters(found.votes)
    return health.select(
        "voter",
        pl.col("direction_share", "movement_share", "confidence").round(2),
        "last_excuse",
    )


if __name__ == "__main__":
    main()
