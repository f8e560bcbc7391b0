"""What the models are worth on real prices: one walk-forward, all on the same rows.

``python benchmarks/real_skill.py [--panel PANEL --universe CSV] [--from DAY]
[--fold-sessions 63] [--qlib PYTHON] [--forecast NAME=FILE ...]`` takes the panel in
``TURBOMODE_SHARED_DATA`` if none is named. It trains quarter after quarter, or after as
many sessions as are said, each time on what was known, and prints Markdown: a table of
every base model, the meta-learner, the calibrated stack and the baselines, whether the
stack beats them, how alike the models are and what each of them adds, and what the
probabilities mean.

With ``--qlib`` two forecasts of Qlib's LightGBM on Alpha158 join, see
``qlib_lightgbm.py``; what they are made of stays in the folder ``--work``. Any other
forecast of somebody else's joins as a Parquet file with columns symbol, session, p_up,
p_flat and p_down; it is scored on the rows it shares, and must hold all of them.
"""

import argparse
import dataclasses
import datetime as dt
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from turbomode_assets import loop, policy, tables
from turbomode_assets.features import catalog
from turbomode_assets.models import base, challenger, diagnostics, layout
from turbomode_assets.prices import adjustment
from turbomode_assets.samples import splits
from turbomode_assets.sources import files
from turbomode_assets.stats import (
    classification,
    ranking,
    resampling,
    retrieval,
)

DATA = Path(os.environ.get("TURBOMODE_SHARED_DATA", "../shared/data"))
USUAL = policy.TrainingPolicy()
GATE = policy.GatePolicy(n_resamples=1000)
BASELINES = {"base_rate": "_base_rate", "volatility_only": "_volatility"} | {
    "momentum_rule": "_momentum"
}
STACKED, FINAL = "stacked", "calibrated"
HEADS = ("model", "log-loss", "skill, %", "90 % interval", "AUC up", "AP up")
MORE_HEADS = ("precision@5", "rank IC", "HAC error")


@dataclasses.dataclass(frozen=True)
class Panel:
    """Real bars and what the loop makes of them."""

    bars: pl.DataFrame
    samples: pl.DataFrame


def gather(options: argparse.Namespace, feature_set: str = catalog.DEFAULT) -> Panel:
    """Bars and samples of the whole panel, by the arrows of the loop."""
    rules = policy.Policy(features=policy.FeaturePolicy(feature_set=feature_set))
    source = files.Files(options.panel, universe=options.universe)
    days = source.panel["session"]
    first, last = days.min(), days.max()
    assert isinstance(first, dt.date)  # noqa: S101
    assert isinstance(last, dt.date)  # noqa: S101
    bars, silent = source.bars(first, last), tables.SIGNALS.empty()
    periods = loop.maturing(first, last).filter(pl.col("session") >= first)
    members = source.universe(last)
    outcomes = loop.resolve_outcomes(bars, members, silent, periods)
    features = loop.compute_features(bars, members, first, last, rules)
    return Panel(bars, loop.gather_samples(outcomes, features, silent, rules))


def cut(
    samples: pl.DataFrame, first: dt.date, fold_sessions: int = USUAL.fold_sessions
) -> tuple[policy.TrainingPolicy, list[splits.Fold]]:
    """Folds from `first` on and one before, which only teaches the meta-learner."""
    periods = samples.select("session", "entry_on", "matures_on").unique()
    n_sessions = periods.filter(pl.col("session") >= first).height
    n_folds = n_sessions // fold_sessions + 1
    training = policy.TrainingPolicy(n_folds=n_folds, fold_sessions=fold_sessions)
    return training, splits.walk_forward(periods, training)


def walk(
    samples: pl.DataFrame,
    training: policy.TrainingPolicy,
    folds: Sequence[splits.Fold],
    feature_set: str = catalog.DEFAULT,
) -> pl.DataFrame:
    """Out-of-sample rows of every forecast, the base models' on `feature_set`."""
    columns = layout.Columns(
        features=catalog.learned(feature_set),
        volatility=catalog.names("volatility"),
        momentum=training.momentum_feature,
    )
    trained = challenger.train(
        samples, folds, columns, training, lambda step: print(step, flush=True)
    )
    names = base.line_up(training.line_up)
    flat = [
        pl.col("base_probabilities").list.get(3 * n + code).alias(f"p_{label}_{name}")
        for n, name in enumerate(names)
        for code, label in enumerate(base.CLASSES)
    ]
    returns = samples.select("symbol", "session", "realized_return")
    rows = trained.oof.with_columns(flat)
    return rows.join(returns, on=["symbol", "session"]).sort("session", "symbol")


def ask_qlib(
    python: str, panel: Panel, stride: int, folds: Sequence[splits.Fold], folder: Path
) -> list[str]:
    """Forecasts of Qlib's LightGBM, by ``qlib_lightgbm.py`` in its own environment."""
    learned = panel.samples["session"].unique().sort().gather_every(stride).implode()
    parts = [
        pl.DataFrame({"session": days}).with_columns(
            fold=pl.lit(fold.number), role=pl.lit(role)
        )
        for fold in folds
        for role, days in (
            ("learned", fold.train_sessions),
            ("asked", fold.test_sessions),
        )
    ]
    is_used = (pl.col("role") == "asked") | pl.col("session").is_in(learned)
    pl.concat(parts).filter(is_used).write_parquet(folder / "folds.parquet")
    adjustment.adjust(panel.bars).write_parquet(folder / "bars.parquet")
    names = ["symbol", "session", "label", "realized_return"]
    panel.samples.select(names).write_parquet(folder / "samples.parquet")
    script = Path(__file__).resolve().with_name("qlib_lightgbm.py")
    command = [python, str(script), str(folder.resolve())]
    subprocess.run(command, check=True, cwd=folder)  # noqa: S603
    made = sorted(folder.glob("qlib_*.parquet"))
    return [f"{path.stem}={path}" for path in made]


def joined(rows: pl.DataFrame, forecasts: Sequence[str]) -> pl.DataFrame:
    """Rows with the forecasts of others; refuses one that lacks a row."""
    for forecast in forecasts:
        name, _, path = forecast.partition("=")
        theirs = pl.read_parquet(path).select(
            "symbol",
            "session",
            *(pl.col(f"p_{c}").alias(f"p_{c}_{name}") for c in base.CLASSES),
        )
        found = rows.join(theirs, on=["symbol", "session"], how="left")
        n_lacking = found[f"p_up_{name}"].null_count()
        if n_lacking:
            message = f"{path} must hold {rows.height} rows, lacks {n_lacking} of them"
            raise SystemExit(message)
        rows = found
    return rows


def gains(rows: pl.DataFrame, suffix: str, reference: str) -> pl.Series:
    """Log-loss gained over the reference, session by session."""
    gain = classification.log_loss(reference) - classification.log_loss(suffix)
    scored = rows.with_columns(gain=gain)
    return classification.session_means(scored, "gain")["gain"]


def row_of(rows: pl.DataFrame, name: str, suffix: str) -> str:
    """One line of the table."""
    scored = rows.with_columns(
        loss=classification.log_loss(suffix),
        reference=classification.log_loss("_base_rate"),
        up=pl.col("label") == "up",
        edge=pl.col(f"p_up{suffix}") - pl.col(f"p_down{suffix}"),
    )
    means = classification.session_means(scored, "loss", "reference")
    loss, reference = (float(means[c].to_numpy().mean()) for c in means.columns[2:])
    ends = resampling.interval(means["reference"] - means["loss"], GATE) or (0.0, 0.0)
    low, high = (100 * end / reference for end in ends)
    score = scored[f"p_up{suffix}"]
    ic = ranking.mean_with_hac(ranking.rank_ic(scored)["rank_ic"], n_lags=10)
    picked = retrieval.precision_at(scored, 5, f"p_up{suffix}", "up")
    cells = [
        name,
        f"{loss:.4f}",
        f"{100 * (1 - loss / reference):.2f}",
        f"{low:.2f} to {high:.2f}",
        f"{classification.auc(scored['up'], score) or 0.5:.3f}",
        f"{retrieval.average_precision(scored['up'], score) or 0:.3f}",
        f"{float(picked.to_numpy().mean()):.3f}",
        "" if ic.mean is None else f"{ic.mean:+.4f}",
        "" if ic.standard_error is None else f"{ic.standard_error:.4f}",
    ]
    return f"| {' | '.join(cells)} |"


def compare(rows: pl.DataFrame, name: str, suffix: str, reference: str) -> None:
    """Print what one forecast gains over another."""
    gain = gains(rows, suffix, reference)
    low, high = resampling.interval(gain, GATE) or (0.0, 0.0)
    mean = float(gain.to_numpy().mean())
    print(f"* {name}: {1e4 * mean:+.1f} ({1e4 * low:+.1f} to {1e4 * high:+.1f})")


def report(rows: pl.DataFrame, forecasts: dict[str, str]) -> None:
    """Print the table, the comparisons and the split of the skill."""
    n_sessions, heads = rows["session"].n_unique(), (*HEADS, *MORE_HEADS)
    share = float((rows["label"] == "up").to_numpy().mean())
    span = " to ".join(str(day) for day in rows["session"].sort()[[0, -1]])
    print(f"\n{rows.height:,} rows, {n_sessions} sessions, {span}; up {share:.3f}\n")
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name, suffix in forecasts.items():
        print(row_of(rows, name, suffix), flush=True)
    members = {k: v for k, v in forecasts.items() if k in base.line_up("diverse_eight")}
    best = max(members, key=lambda name: gains(rows, members[name], "_base_rate").sum())
    print("\nGain in nats / 10,000 a row, 90 % block-bootstrap interval:\n")
    others = {k: v for k, v in forecasts.items() if k.startswith("qlib")}
    against = {f"the best single model ({best})": members[best]} | others
    for name, suffix in (against | {"volatility only": "_volatility"}).items():
        for meta in (STACKED, FINAL):
            compare(rows, f"{meta} over {name}", forecasts[meta], suffix)
    compare(rows, "calibrated over stacked", "", "_stacked")
    explain(diagnostics.diagnose(rows, list(members), GATE))


def explain(found: dict[str, Any]) -> None:
    """Print the split of the skill, how alike the models are, and the calibration."""
    for reference, parts in found["skill_split"].items():
        for name in ("volatility", "direction"):
            low, high = parts[name]["interval"]
            print(
                f"* {name} part over {reference}: {1e4 * parts[name]['gain']:+.1f} "
                f"({1e4 * low:+.1f} to {1e4 * high:+.1f})"
            )
    names = list(found["adds"])
    alike = [
        found["error_correlation"][one][other]
        for place, one in enumerate(names)
        for other in names[:place]
    ]
    print(
        f"\nErrors beyond the base rate's correlate at {min(alike):.3f} to "
        f"{max(alike):.3f}, on average {sum(alike) / len(alike):.3f}. The equal pool "
        "loses without each, in nats / 10,000: "
        + ", ".join(f"{name} {1e4 * found['adds'][name]:+.1f}" for name in names)
    )
    print(
        "Calibration:", ", ".join(f"{k} {v}" for k, v in found["calibration"].items())
    )


def main() -> None:
    """Train, score and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panel", type=Path, default=DATA / "dev_panel.parquet")
    parser.add_argument("--universe", type=Path, default=DATA / "dev_universe.csv")
    parser.add_argument("--from", dest="first", default="2016-01-04")
    parser.add_argument("--fold-sessions", type=int, default=USUAL.fold_sessions)
    parser.add_argument("--forecast", action="append", default=[])
    parser.add_argument("--qlib", help="Python of an environment that has pyqlib")
    parser.add_argument("--work", type=Path, default=Path("qlib-work"))
    parser.add_argument("--keep", type=Path, help="Parquet file for the scored rows")
    options = parser.parse_args()
    if not options.panel.exists():
        print(f"no panel at {options.panel}; pass one with --panel")
        return
    panel = gather(options)
    first = dt.date.fromisoformat(options.first)
    training, folds = cut(panel.samples, first, options.fold_sessions)
    forecasts = list(options.forecast)
    if options.qlib:
        options.work.mkdir(exist_ok=True)
        stride = training.stride_sessions
        forecasts += ask_qlib(options.qlib, panel, stride, folds, options.work)
    rows = joined(walk(panel.samples, training, folds), forecasts)
    if options.keep:
        rows.write_parquet(options.keep)
    others = [forecast.partition("=")[0] for forecast in forecasts]
    members = (*base.line_up(policy.TrainingPolicy().line_up), *others)
    shown = {name: f"_{name}" for name in members}
    report(rows, shown | {STACKED: "_stacked", FINAL: ""} | BASELINES)


if __name__ == "__main__":
    main()
