"""How often a challenger passes the skill criteria where there is nothing to find.

``python benchmarks/null_market.py [--edge 0] [--seeds 10]`` builds simulated markets,
trains the monthly challengers of half a year in each and judges them as the first
champion would be. At edge 0 both skill criteria together should pass nowhere.
"""

import argparse
import datetime as dt

import polars as pl

from turbomode_assets import loop, tables
from turbomode_assets.promotion import evidence, gate
from turbomode_assets.sources import simulated

FIRST = dt.date(2020, 1, 2)
MONTHS = [dt.date(2024, month, 1) for month in range(1, 7)]
SKILL = ("skill_over_base_rate", "skill_over_volatility")


def main() -> None:
    """Judge every challenger of every seed and print who passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=float, default=0.0)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--months", type=int, default=len(MONTHS))
    options = parser.parse_args()
    n_clean = 0
    for seed in range(1, options.seeds + 1):
        samples = _samples(seed, options.edge)
        months = MONTHS[: options.months]
        verdicts = [_judged(samples, month) for month in months]
        passed = [month for month, ok in zip(months, verdicts, strict=True) if ok]
        n_clean += not passed
        found = ", ".join(f"{month:%Y-%m}" for month in passed) or "none"
        print(f"seed {seed}: skill in {found}", flush=True)
    print(f"{n_clean} of {options.seeds} seeds without a challenger that shows skill")


def _samples(seed: int, edge: float) -> pl.DataFrame:
    last = MONTHS[-1]
    source = simulated.Simulated(seed=seed, edge=edge)
    bars = source.bars(FIRST, last)
    periods = loop.maturing(FIRST, last).filter(pl.col("session") >= FIRST)
    silent = tables.SIGNALS.empty()
    universe = source.universe(last)
    outcomes = loop.resolve_outcomes(bars, universe, silent, periods)
    features = loop.compute_features(bars, universe, FIRST, last)
    return loop.gather_samples(outcomes, features, silent)


def _judged(samples: pl.DataFrame, month: dt.date) -> bool:
    trained = loop.train_challenger(samples, month)
    oof = trained.oof.with_columns(version=pl.lit("challenger"), month=pl.lit(month))
    found = evidence.gather(oof, evidence.GRADED.to_frame(), "", samples.height)
    verdict = loop.judge_challenger(found)
    criteria = {criterion.name: criterion for criterion in verdict.criteria}
    _print_skill(month, [criteria[name] for name in SKILL])
    return all(criteria[name].is_passed for name in SKILL)


def _print_skill(month: dt.date, criteria: list[gate.Criterion]) -> None:
    bounds = ", ".join(f"{c.name} {c.observed:+.4f}" for c in criteria)
    print(f"  {month:%Y-%m}: lower bounds {bounds}", flush=True)


if __name__ == "__main__":
    main()
