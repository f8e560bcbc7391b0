"""Which set of features a challenger should see: the same walk-forward with each.

``python benchmarks/feature_sets.py [--panel PANEL --universe CSV] [--from DAY]
[--fold-sessions 252] [SET ...]`` trains on every named set, year after year, and
prints out-of-fold log-loss, CPU seconds, what each set gains over the first, with its
90 % block-bootstrap interval, and their learning curves: log-loss year by year, each
year forecast by models of the years before it. ``--strongest N`` names instead the N
features on which models that knew all of them relied most before the first predicted
session.
"""

import argparse
import datetime as dt
import time
from pathlib import Path

import polars as pl
import real_skill  # type: ignore[import-not-found]

from turbomode_assets.features import catalog
from turbomode_assets.models import base, layout, lightgbm_extra_trees, lightgbm_gbdt
from turbomode_assets.stats import classification, resampling

SETS = ("compact", "full", "alpha158", "seed")
KEY = ("session", "symbol", "label")


def walk(
    samples: pl.DataFrame, options: argparse.Namespace, feature_set: str
) -> pl.DataFrame:
    """Calibrated probabilities of a challenger on `feature_set`; prints its losses."""
    first = dt.date.fromisoformat(options.first)
    training, folds = real_skill.cut(samples, first, options.fold_sessions)
    began = time.process_time()
    rows: pl.DataFrame = real_skill.walk(samples, training, folds, feature_set)
    seconds = time.process_time() - began
    means = [
        float(rows.select(classification.log_loss(f"_{name}")).to_numpy().mean())
        for name in base.line_up(training.line_up)
    ]
    final = float(rows.select(classification.log_loss()).to_numpy().mean())
    print(
        f"{feature_set}, {len(catalog.learned(feature_set))} features: "
        f"calibrated {final:.4f}, base models {min(means):.4f} to {max(means):.4f}, "
        f"{seconds:.0f} CPU seconds",
        flush=True,
    )
    return rows.select(*KEY, "p_up", "p_flat", "p_down")


def print_curves(walked: dict[str, pl.DataFrame]) -> None:
    """A line per year: the calibrated log-loss of each set."""
    year = pl.col("session").dt.year().alias("year")
    loss = classification.log_loss().mean()
    curves = pl.concat(
        [
            rows.group_by(year).agg(loss.alias(name)).sort("year")
            for name, rows in walked.items()
        ],
        how="align",
    )
    print(f"\n| {' | '.join(curves.columns)} |\n|{'---|' * curves.width}")
    for n, *losses in curves.iter_rows():
        print(f"| {n} | {' | '.join(f'{each:.4f}' for each in losses)} |")


def strongest(samples: pl.DataFrame, options: argparse.Namespace) -> list[str]:
    """Features on which models that knew all of them relied most, before `first`.

    Nothing that is predicted later has a part in it.
    """
    first, training = dt.date.fromisoformat(options.first), real_skill.USUAL
    early = samples.filter(pl.col("matures_on") < first)
    columns = layout.Columns(
        features=catalog.names(feature_set="full"),
        volatility=catalog.names("volatility"),
        momentum=training.momentum_feature,
    )
    days = early["session"].unique().sort().to_list()
    rows = layout.lay_out(early, columns, days, training.stride_sessions)
    fits = [
        model.fit(rows.binned.learned, rows.learned_rows(days), seed).importance()
        for model in (lightgbm_extra_trees, lightgbm_gbdt)
        for seed in range(3)
    ]
    relied = dict(zip(rows.borders.names, sum(fits), strict=True))
    return sorted(relied, key=lambda name: -relied[name])[: options.strongest]


def main() -> None:
    """Train, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    data = real_skill.DATA
    parser.add_argument("--panel", type=Path, default=data / "dev_panel.parquet")
    parser.add_argument("--universe", type=Path, default=data / "dev_universe.csv")
    parser.add_argument("--from", dest="first", default="2016-01-04")
    parser.add_argument("--fold-sessions", type=int, default=252)
    parser.add_argument("--strongest", type=int, default=0)
    parser.add_argument("sets", nargs="*", default=SETS)
    options = parser.parse_args()
    usual, *others = options.sets
    samples = real_skill.gather(options, "full").samples
    if options.strongest:
        print(" ".join(strongest(samples, options)))
        return
    walked = {usual: walk(samples, options, usual)}
    for name in others:
        walked[name] = walk(samples, options, name)
        rows = walked[name].join(walked[usual], on=KEY, suffix=f"_{usual}")
        gain = real_skill.gains(rows, "", f"_{usual}")
        low, high = resampling.interval(gain, real_skill.GATE) or (0.0, 0.0)
        print(
            f"* {name} over {usual}: {1e4 * float(gain.to_numpy().mean()):+.1f} "
            f"({1e4 * low:+.1f} to {1e4 * high:+.1f}) nats / 10,000",
            flush=True,
        )
    print_curves(walked)


if __name__ == "__main__":
    main()
