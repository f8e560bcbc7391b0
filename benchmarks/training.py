"""Time, memory and loss of one challenger, beside the straightforward way.

``python benchmarks/training.py [--symbols 82] [--years 7] [--features 284] [--alone]
[--larger]`` trains the same eight models twice on the same generated samples, each way
in a process of its own:

* ours: bins shared over folds and models, every third session, two fits of one thread
  side by side; a fixed number of rounds, so nothing is stopped early;
* straightforward: each library's own scikit-learn interface with the same parameters,
  each fold and model from the raw frame and every session, two threads a fit.

``--alone`` leaves the straightforward way out, ``--spare`` spares it the final refit, a
sixth of its work, and ``--alike`` makes its penalties heavier as its rows are more.
``--larger`` adds ours at 500 symbols and 10 years, and the exponent. ``--seeds N``
trains ours under N seeds, since another seed alone moves the loss: the standard error
of the difference then holds what either side draws as well.
``--keep FOLDER`` keeps what was measured there and does not measure it again.
Samples are random walks with clustering volatility and a planted edge: only their shape
resembles a market.
"""

import argparse
import dataclasses
import datetime as dt
import json
import math
import multiprocessing
import os
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import straightforward  # type: ignore[import-not-found]

from turbomode_assets import policy, sessions
from turbomode_assets.models import challenger, layout, scoring
from turbomode_assets.samples import splits
from turbomode_assets.stats import classification, ranking

LARGE = policy.HorizonPolicy().large_move
VOLATILITY = tuple(f"volatility_{n}" for n in (5, 20, 60))
MOMENTUM = "feature_000"
SEED = policy.TrainingPolicy().seed
OVERLAP = 10
"""Sessions by which neighboring labels overlap."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """How much to learn from."""

    symbols: int
    years: int
    features: int

    @property
    def columns(self) -> layout.Columns:
        """Names of the generated features."""
        n_noise = self.features - len(VOLATILITY)
        noise = [f"feature_{n:03}" for n in range(n_noise)]
        return layout.Columns(
            features=[*noise, *VOLATILITY], volatility=VOLATILITY, momentum=MOMENTUM
        )


def slow(rng: np.random.Generator, shape: tuple[int, int], rate: float) -> np.ndarray:
    """Columns that forget with `rate` a session, of variance one."""
    drawn = rng.standard_normal(shape, dtype=np.float32)
    drawn[1:] *= math.sqrt(1 - rate**2)
    for day in range(1, len(drawn)):
        drawn[day] += rate * drawn[day - 1]
    return drawn


def draw_samples(size: Size) -> pl.DataFrame:
    """Samples of the given size; feature_000 tilts the label, volatility spreads it."""
    rng = np.random.default_rng(0)
    days = sessions.sessions_between(
        dt.date(2013, 1, 2), dt.date(2013 + size.years, 1, 1)
    )
    shape = (len(days), size.symbols)
    level = slow(rng, shape, 0.98) * 0.25
    sigma = 0.017 * np.exp(level + rng.normal(scale=0.2, size=size.symbols))
    symbols = pl.DataFrame({"symbol": [f"SIM{n:03}" for n in range(size.symbols)]})
    periods = sessions.holding_periods(days, policy.HorizonPolicy().calendar_days)
    rows = periods.join(symbols, how="cross", maintain_order="left")
    columns: dict[str, np.ndarray] = {}
    for name in size.columns.features:
        noise = slow(rng, shape, 0.9)
        columns[name] = noise if name not in VOLATILITY else sigma * np.exp(0.2 * noise)
    # Labels overlap as true ones do: each holds the shocks of the sessions after it.
    shocks = sigma * (rng.standard_t(5, size=shape) + 0.08 * columns[MOMENTUM])
    paths = np.cumsum(np.vstack([np.zeros(size.symbols), shocks]), axis=0)
    ends = np.minimum(np.arange(len(days)) + 1 + OVERLAP, len(days))
    move = paths[ends] - paths[np.arange(len(days)) + 1]
    label = np.select([move >= LARGE, move <= -LARGE], ["up", "down"], "flat").ravel()
    drawn = [pl.Series(k, v.ravel().astype(np.float32)) for k, v in columns.items()]
    weight = pl.lit(0.1 / size.symbols).alias("sample_weight")
    return rows.with_columns(pl.Series("label", label), weight, *drawn)


def run(way: str, size: Size, seed: int, answer: Any) -> None:
    """Train one way in this process; seconds, peak memory and session losses."""
    samples = draw_samples(size)
    training = policy.TrainingPolicy(seed=seed)
    periods = samples.select("session", "entry_on", "matures_on").unique()
    folds = splits.walk_forward(periods, training)
    began, began_cpu = time.perf_counter(), time.process_time()
    if way == "ours":
        trained = challenger.train(samples, folds, size.columns, training, print)
        oof = trained.oof
    else:
        oof = straightforward.train(
            samples,
            folds,
            size.columns.features,
            print,
            straightforward.Way(
                refits="not refitted" not in way, is_alike="alike" in way
            ),
        )
    found = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - began_cpu,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
        "n_rows": samples.height,
    }
    scored = oof.with_columns(loss=classification.log_loss())
    by_session = classification.session_means(scored, "loss")
    if way == "ours":
        scoring.load(trained.artifact).score(samples.tail(size.symbols))
    answer.put((found, by_session))


def measure(
    way: str, size: Size, kept: Path | None = None, seed: int = SEED
) -> tuple[dict[str, float], pl.DataFrame]:
    """`run` in a fresh process, whose memory is its own, unless it is kept."""
    name = "-".join([way, *map(str, dataclasses.astuple(size))])
    name += f"-seed-{seed}" if seed != SEED else ""
    if kept and (kept / f"{name}.json").exists():
        found = json.loads((kept / f"{name}.json").read_text())
        return found, pl.read_parquet(kept / f"{name}.parquet")
    found, losses = started(way, size, seed)
    told = f"{way} at {dataclasses.asdict(size)}, seed {seed}"
    print(f"{told}: {json.dumps(found)}", flush=True)
    if kept:
        losses.write_parquet(kept / f"{name}.parquet")
        (kept / f"{name}.json").write_text(json.dumps(found))
    return found, losses


def started(way: str, size: Size, seed: int) -> tuple[dict[str, float], pl.DataFrame]:
    """What `run` answers from a process of its own."""
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=run, args=(way, size, seed, answer))
    process.start()
    found, losses = answer.get()
    process.join()
    return {name: round(value, 2) for name, value in found.items()}, losses


def compare(
    size: Size, kept: Path | None, other: str, n_seeds: int
) -> dict[str, float]:
    """Print both ways side by side; what ours took."""
    ours, losses = measure("ours", size, kept)
    plain, plain_losses = measure(other, size, kept)
    both = losses.join(plain_losses, on="session", suffix="_plain")
    means = [float(both[name].to_numpy().mean()) for name in ("loss", "loss_plain")]
    gain = ranking.mean_with_hac(both["loss_plain"] - both["loss"], OVERLAP)
    print(
        f"{plain['seconds'] / ours['seconds']:.1f} times as fast, "
        f"{plain['cpu'] / ours['cpu']:.1f} by CPU seconds; out-of-fold log loss "
        f"{means[0]:.5f} against {means[1]:.5f}: "
        f"gain {gain.mean:+.5f}, standard error {gain.standard_error:.5f}"
    )
    if n_seeds:
        spread = drawn(size, kept, n_seeds)
        error = math.hypot(gain.standard_error or math.nan, math.sqrt(2) * spread)
        print(f"standard error with what both ways draw: {error:.5f}")
    return ours


def drawn(size: Size, kept: Path | None, n_seeds: int) -> float:
    """How far another seed moves the loss of ours: its standard deviation."""
    means = []
    for seed in range(SEED, SEED + n_seeds):
        _, losses = measure("ours", size, kept, seed)
        means.append(float(losses["loss"].to_numpy().mean()))
    spread = float(np.std(means, ddof=1))
    told = ", ".join(f"{mean:.5f}" for mean in means)
    print(f"ours, seed by seed: {told}; standard deviation {spread:.5f}")
    return spread


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=82)
    parser.add_argument("--years", type=int, default=7)
    parser.add_argument("--features", type=int, default=284)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--spare", action="store_true")
    parser.add_argument("--alike", action="store_true")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--larger", action="store_true")
    options = parser.parse_args()
    # Threads that wait must not burn what others compute with on a shared machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    size = Size(symbols=options.symbols, years=options.years, features=options.features)
    kept = options.keep
    other = "straightforward"
    other += ", alike" if options.alike else ""
    other += ", not refitted" if options.spare else ""
    if options.alone:
        small, _ = measure("ours", size, kept)
    else:
        small = compare(size, kept, other, options.seeds)
    if options.larger:
        larger = dataclasses.replace(size, symbols=500, years=10)
        large, _ = measure("ours", larger, kept)
        growth = math.log(large["cpu"] / small["cpu"])
        exponent = growth / math.log(large["n_rows"] / small["n_rows"])
        print(f"CPU seconds grow with rows to the power of {exponent:.2f}")


if __name__ == "__main__":
    main()
