"""Seconds per step of training one challenger, on generated samples.

Run as ``python benchmarks/training.py``. Samples are random walks with clustering
volatility and a planted edge: only their shape resembles a market. CPU seconds stand
beside wall seconds, since the machine may be shared.
"""

import datetime as dt
import itertools
import resource
import time

import numpy as np
import polars as pl

from turbomode_assets import policy, sessions
from turbomode_assets.models import base, challenger, layout, scoring
from turbomode_assets.samples import splits

N_SYMBOLS = 100
N_FEATURES = 45
LARGE = policy.HorizonPolicy().large_move
VOLATILITY = tuple(f"volatility_{sessions}" for sessions in (5, 20, 60))


def draw_samples(years: int) -> pl.DataFrame:
    """Samples of `N_SYMBOLS` symbols with `N_FEATURES` features each."""
    rng = np.random.default_rng(0)
    days = sessions.sessions_between(dt.date(2016, 1, 4), dt.date(2016 + years, 1, 3))
    shape = (len(days), N_SYMBOLS)
    shocks = rng.normal(scale=0.05, size=shape)
    level = np.zeros(shape)
    for day in range(1, len(days)):
        level[day] = 0.98 * level[day - 1] + shocks[day]
    sigma = 0.017 * np.exp(level + rng.normal(scale=0.2, size=N_SYMBOLS))
    noise = rng.normal(size=(*shape, N_FEATURES - len(VOLATILITY)))
    move = np.sqrt(10) * sigma * (rng.standard_t(5, size=shape) + 0.2 * noise[..., 0])
    features = {f"feature_{n:02}": noise[..., n] for n in range(noise.shape[2])}
    for name in VOLATILITY:
        features[name] = sigma * np.exp(rng.normal(scale=0.2, size=shape))
    periods = sessions.holding_periods(days, 14)
    symbols = pl.DataFrame({"symbol": [f"SIM{n:03}" for n in range(N_SYMBOLS)]})
    columns = {name: values.ravel() for name, values in features.items()}
    label = np.select([move >= LARGE, move <= -LARGE], ["up", "down"], "flat").ravel()
    return periods.join(symbols, how="cross", maintain_order="left").with_columns(
        pl.Series("label", label),
        pl.lit(0.1 / N_SYMBOLS).alias("sample_weight"),
        *[pl.Series(k, v).cast(pl.Float32) for k, v in columns.items()],
    )


def log_loss(oof: pl.DataFrame, suffix: str) -> float:
    """Mean log loss of the three columns that end in `suffix`, in nats."""
    chances = oof.select(f"p_{label}{suffix}" for label in base.CLASSES).to_numpy()
    right = layout.class_codes(oof["label"])
    return float(-np.log(chances[np.arange(oof.height), right]).mean())


def measure(years: int) -> None:
    """Train one challenger of `years` years and print what each step took."""
    samples, training = draw_samples(years), policy.TrainingPolicy()
    features = [c for c in samples.columns if c.startswith(("feature", "volatility"))]
    columns = layout.Columns(features=features, volatility=VOLATILITY)
    clock = [("folds", time.perf_counter(), time.process_time())]

    def note(step: str) -> None:
        clock.append((step, time.perf_counter(), time.process_time()))

    periods = samples.select("session", "entry_on", "matures_on").unique()
    folds = splits.walk_forward(periods, training)
    trained = challenger.train(samples, folds, columns, training, note)
    note("loading and scoring one session")
    scoring.load(trained.artifact).score(samples.tail(N_SYMBOLS))
    note("end")
    print(f"\n{N_SYMBOLS} symbols x {years} years, {samples.height:,} samples")
    for (step, wall, cpu), (_, end, cpu_end) in itertools.pairwise(clock):
        print(f"  {step:32} {end - wall:6.2f} s wall {cpu_end - cpu:6.2f} s CPU")
    total, cpu = clock[-1][1] - clock[0][1], clock[-1][2] - clock[0][2]
    print(f"  {'all':32} {total:6.2f} s wall {cpu:6.2f} s CPU")
    rate = log_loss(trained.oof, "_base_rate")
    for name, suffix in (("stacked", ""), ("volatility only", "_volatility")):
        skill = 1 - log_loss(trained.oof, suffix) / rate
        print(f"  log-loss skill, {name:16} {skill:.4f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"  peak memory {peak:.2f} GB")


if __name__ == "__main__":
    for n_years in (4, 7):
        measure(n_years)
