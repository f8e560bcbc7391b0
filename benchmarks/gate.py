"""How often the gate promotes a challenger that is no better, and one that is.

``python benchmarks/gate.py --panel PATH --universe CSV [--cache FOLDER]`` trains one
long walk-forward on real prices (once; the cache keeps its predictions), takes the
losses per session of the challenger and of what it is held against, removes their
mean difference, and redraws them in blocks of a quarter: autocorrelation and tails
stay, and who is better is known. Without a panel the simulated market is used.

`GAINS` says how much better the challenger is made, in standard errors of a year.
The last rows hold a bootstrap test to the error of the shipped rule: its threshold is
set on equal challengers so that it promotes as many of them.
"""

import argparse
import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import loop, policy, replay_world
from turbomode_assets.sources import base, files, simulated
from turbomode_assets.stats import classification, e_process

Floats = npt.NDArray[np.float64]
GATE = policy.SWING.gate
LENGTHS = (21, 63, 126, 252, 756)
GAINS = (0.0, 1.0, 2.0, -1.0)
N_SYMBOLS = (82, 300)
SEEDS = (1, 2)
N_MONTHS = 24
MONTH = 21
YEAR = 252
QUARTER = 63
MONTHS = range(YEAR, YEAR + N_MONTHS * MONTH, MONTH)
REDRAWN_BLOCK = 2 * GATE.min_block_sessions
N_RESAMPLES = 500
ONE_SIDED = 1.645
STRICT = 0.996


def main() -> None:
    """Print one table for each kind of difference and number of symbols."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panel", type=Path)
    parser.add_argument("--universe", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".turbomode/gate"))
    parser.add_argument("--paths", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    oof = _predictions(options)
    for other in ("volatility", "base_rate", "other_seed"):
        rows = _differences(oof, other)
        series = _session_means(rows)
        lags = ", ".join(f"{_autocorrelation(series, n):.2f}" for n in (1, 5, 9, 10))
        drawn = _resampled(series, options, max(*LENGTHS, *MONTHS))
        error = drawn[:, :YEAR].mean(axis=1).std()
        print(f"\nChallenger against {other}: {series.size} sessions, ", end="")
        print(f"autocorrelation {lags} at lags 1, 5, 9, 10; ", end="")
        print(f"standard error of a year {error:.4f} nats")
        for n_symbols in N_SYMBOLS:
            scale = _scale(rows, n_symbols)
            _print_table(drawn * scale, n_symbols, float(error))


def _predictions(options: argparse.Namespace) -> pl.DataFrame:
    stored = [options.cache / f"oof{seed}.parquet" for seed in SEEDS]
    if not all(path.exists() for path in stored):
        samples = replay_world.build_world(*_market(options)).samples
        n_folds = 36 if options.panel else 16
        for seed, path in zip(SEEDS, stored, strict=True):
            _long_walk(samples, n_folds, seed).write_parquet(path)
    first, second = (pl.read_parquet(path) for path in stored)
    names = {f"p_{name}": f"p_{name}_other_seed" for name in classification.CLASSES}
    other = second.select("symbol", "session", *names).rename(names)
    return first.join(other, on=["symbol", "session"])


def _long_walk(samples: pl.DataFrame, n_folds: int, seed: int) -> pl.DataFrame:
    """Out-of-sample predictions of years, by one recipe and seed."""
    long = dataclasses.replace(
        policy.SWING.training, n_folds=n_folds, max_years=20, seed=seed
    )
    rules = dataclasses.replace(policy.SWING, training=long)
    after = samples["matures_on"].to_list()[-1].year + 1
    return loop.train_challenger(samples, dt.date(after, 1, 1), rules, print).oof


def _market(
    options: argparse.Namespace,
) -> tuple[base.Source, replay_world.Span, dt.datetime]:
    now = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    if options.panel is None:
        days = (dt.date(2016, 1, 4), dt.date(2023, 12, 1), dt.date(2023, 12, 29))
        source: base.Source = simulated.Simulated(seed=1, edge=2.0)
    else:
        source = files.Files(options.panel, universe=options.universe)
        first, last = source.panel["session"].min(), source.panel["session"].max()
        days = (first, last, last)  # type: ignore[assignment]
    return (
        source,
        replay_world.Span(first=days[0], live_from=days[1], last=days[2]),
        now,
    )


def _differences(oof: pl.DataFrame, other: str) -> pl.DataFrame:
    """Loss of the other less that of the challenger, row by row."""
    gain = classification.log_loss(f"_{other}") - classification.log_loss()
    return oof.select("symbol", "session", "label", gain=gain).drop_nulls()


def _session_means(rows: pl.DataFrame) -> Floats:
    means: Floats = classification.session_means(rows, "gain")["gain"].to_numpy()
    centered: Floats = means - means.mean()
    return centered


def _scale(rows: pl.DataFrame, n_symbols: int) -> float:
    """Factor to the spread of a mean over another number of names.

    The spread of the mean has a part all names share and one that shrinks with their
    number; halves of the names tell them apart.
    """
    names = np.random.default_rng(0).permutation(rows["symbol"].unique().sort())
    halves = [names[::2].tolist(), names[1::2].tolist()]
    parts = [
        _session_means(rows.filter(pl.col("symbol").is_in(half))) for half in halves
    ]
    n, whole = len(names), float(_session_means(rows).var())
    own = max((float(np.mean([part.var() for part in parts])) - whole) * n, 0.0)
    return float(np.sqrt((whole - own / n + own / n_symbols) / whole))


def _autocorrelation(series: Floats, lag: int) -> float:
    return float((series[lag:] @ series[:-lag]) / (series @ series))


def _resampled(series: Floats, options: argparse.Namespace, length: int) -> Floats:
    """Paths of blocks of random length, a quarter on average."""
    places = _places(series.size, (options.paths, length), QUARTER, options.seed)
    drawn: Floats = series[places]
    return drawn


def _places(
    n_sessions: int, shape: tuple[int, int], block: int, seed: int
) -> npt.NDArray[np.int64]:
    """Places of a stationary bootstrap with a mean block."""
    rng = np.random.default_rng(seed)
    begins = rng.random(shape) < 1.0 / block
    begins[:, 0] = True
    places = rng.integers(0, n_sessions, shape)
    for day in range(1, shape[1]):
        on = (places[:, day - 1] + 1) % n_sessions
        places[:, day] = np.where(begins[:, day], places[:, day], on)
    return places


def _t_value(paths: Floats, n_lags: int) -> Floats:
    apart = paths - paths.mean(axis=1, keepdims=True)
    variance = (apart**2).sum(axis=1)
    for lag in range(1, min(n_lags, paths.shape[1] - 1) + 1):
        weight = 2.0 * (1.0 - lag / (n_lags + 1))
        variance = variance + weight * (apart[:, lag:] * apart[:, :-lag]).sum(axis=1)
    error = np.sqrt(np.maximum(variance, 1e-18)) / paths.shape[1]
    t_value: Floats = paths.mean(axis=1) / error
    return t_value


def _redrawn_means(paths: Floats) -> Floats:
    """Means of `resampling.resampled_means`, with draws shared by all paths."""
    length = paths.shape[1]
    places = _places(length, (N_RESAMPLES, length), REDRAWN_BLOCK, GATE.seed)
    counts = np.array([np.bincount(row, minlength=length) for row in places])
    means: Floats = counts @ paths.T / length
    return means


def _lower_bound(paths: Floats, confidence: float = GATE.confidence) -> Floats:
    bound: Floats = np.quantile(_redrawn_means(paths), 1.0 - confidence, axis=0)
    return bound


def _bootstrap_score(paths: Floats) -> Floats:
    score: Floats = paths.mean(axis=1) / _redrawn_means(paths).std(axis=0)
    return score


def _is_shipped(paths: Floats) -> npt.NDArray[np.bool_]:
    """Whether the criteria against the champion hold, judged on what they look at."""
    seen = paths[:, -GATE.evidence_window_sessions :]
    if seen.shape[1] < GATE.min_paired_sessions:
        return np.zeros(len(paths), dtype=bool)
    late = seen[:, -GATE.recent_sessions :].mean(axis=1)
    capital = e_process.path(seen, GATE)[:, -1]
    is_better = (capital >= 1.0 / GATE.error_rate) & (late > 0)
    is_better[is_better] = _lower_bound(seen[is_better]) > -GATE.non_inferiority_margin
    decided: npt.NDArray[np.bool_] = is_better
    return decided


Rule = Callable[[Floats], npt.NDArray[np.bool_]]

RULES: dict[str, Rule] = {
    "point estimate better": lambda paths: paths.mean(axis=1) > 0,
    "iid t, 5 %": lambda paths: _t_value(paths, 0) > ONE_SIDED,
    "HAC t, 5 %": lambda paths: _t_value(paths, GATE.lag_sessions) > ONE_SIDED,
    "block bootstrap, 5 %": lambda paths: _lower_bound(paths) > 0,
    "block bootstrap, 0.4 %": lambda paths: _lower_bound(paths, STRICT) > 0,
    "shipped": _is_shipped,
}


def _print_table(drawn: Floats, n_symbols: int, error: float) -> None:
    print(f"\n{n_symbols} symbols\n")
    lengths = " | ".join(map(str, LENGTHS))
    print(f"| rule | gain | {lengths} | any of {N_MONTHS} months |")
    print("|---|---|" + "---|" * (len(LENGTHS) + 1))
    for name, rule in RULES.items():
        for gain in GAINS:
            shares = _shares(rule, drawn + gain * error, is_whole=name == "shipped")
            _print_row(name, gain, shares)
    sizes = _shares(_is_shipped, drawn, is_whole=True)
    levels = _levels(drawn, sizes)
    for gain in GAINS[1:]:
        scores = _scores(drawn + gain * error)
        shares = [float((s > x).mean()) for s, x in zip(scores, levels, strict=True)]
        _print_row("bootstrap, same errors", gain, shares)


def _print_row(name: str, gain: float, shares: list[float]) -> None:
    cells = " | ".join(f"{share:.1%}" for share in shares)
    print(f"| {name} | {gain:+.0f} SE | {cells} |", flush=True)


def _shares(rule: Rule, paths: Floats, *, is_whole: bool) -> list[float]:
    """Shares promoted, at each of `LENGTHS` and in any of `MONTHS`.

    The shipped rule sees all of a reign, the others the last year, as is common.
    """
    single = [float(rule(paths[:, :n]).mean()) for n in LENGTHS]
    seen = [paths[:, 0 if is_whole else n - YEAR : n] for n in MONTHS]
    return [*single, float(np.any([rule(part) for part in seen], axis=0).mean())]


def _scores(paths: Floats) -> list[Floats]:
    """Scores of a bootstrap test at each of `LENGTHS`, and the best of `MONTHS`."""
    monthly = [_bootstrap_score(paths[:, n - YEAR : n]) for n in MONTHS]
    single = [_bootstrap_score(paths[:, :n]) for n in LENGTHS]
    return [*single, np.max(monthly, axis=0)]


def _levels(equal: Floats, sizes: list[float]) -> list[float]:
    """Thresholds at which the bootstrap test promotes that share of the equal."""
    pairs = zip(_scores(equal), sizes, strict=True)
    return [float(np.quantile(score, 1.0 - size)) for score, size in pairs]


if __name__ == "__main__":
    main()
