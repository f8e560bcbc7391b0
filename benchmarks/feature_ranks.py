"""Rank IC of every feature on a panel of real prices, as a Markdown page.

``python benchmarks/feature_ranks.py --panel PANEL [--universe CSV] > page`` orders the
names of each session by a feature and correlates that order with what they then
returned until maturity. Horizons overlap, so errors are Newey and West's. A mean
beyond `SUSPECT` asks for an explanation before anybody believes it.
"""

import argparse
import datetime as dt
import statistics
from pathlib import Path

import polars as pl

from turbomode_assets import loop, policy, tables
from turbomode_assets.features import catalog
from turbomode_assets.sources import files
from turbomode_assets.stats import ranking

RULES = policy.Policy(features=policy.FeaturePolicy(feature_set="full"))
SUSPECT = 0.05
STRONG = 1.96
CHANCE = 0.05


def gather(panel: Path, universe: Path | None) -> pl.DataFrame:
    """Every feature beside the return that followed, one row per symbol and session."""
    source = files.Files(panel, universe=universe)
    days = source.panel["session"]
    first, last = days.min(), days.max()
    assert isinstance(first, dt.date)  # noqa: S101
    assert isinstance(last, dt.date)  # noqa: S101
    bars, members = source.bars(first, last), source.universe(last)
    periods = loop.maturing(first, last).filter(pl.col("session") >= first)
    silent = tables.SIGNALS.empty()
    outcomes = loop.resolve_outcomes(bars, members, silent, periods)
    features = loop.compute_features(bars, members, first, last, RULES)
    returns = outcomes.select("symbol", "session", "realized_return").drop_nulls()
    return features.join(returns, on=["symbol", "session"])


def rank(rows: pl.DataFrame) -> pl.DataFrame:
    """Mean rank IC of each feature with its HAC error, strongest first.

    Null where the feature is the same for every symbol of a session: it orders nobody.
    """
    found = []
    for feature in catalog.features("full"):
        series = ranking.rank_ic(rows, score=feature.name)["rank_ic"]
        estimate = ranking.mean_with_hac(series, loop.HELD_SESSIONS)
        mean, error = estimate.mean, estimate.standard_error
        t_value = mean / error if mean is not None and error else None
        found.append((feature.name, feature.family, series.len(), mean, error, t_value))
    heads = ["feature", "family", "sessions", "rank IC", "HAC error", "t"]
    table = pl.DataFrame(found, schema=heads, orient="row")
    # Features that mirror each other differ in the last bit, which may vary.
    size = pl.col("rank IC").abs().round(9)
    return table.sort(-size, "feature", nulls_last=True)


def number(value: float | None, digits: str) -> str:
    """A signed number, or a dash for what cannot be had."""
    return "-" if value is None else f"{value:{digits}}"


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panel", type=Path, required=True)
    parser.add_argument("--universe", type=Path)
    options = parser.parse_args()
    rows = gather(options.panel, options.universe)
    table = rank(rows)
    first, last = rows.select(pl.min("session"), last=pl.max("session")).row(0)
    n_suspect = table.filter(pl.col("rank IC").abs() > SUSPECT).height
    n_strong = table.filter(pl.col("t").abs() > STRONG).height
    print("# Rank IC of every feature on real prices\n")
    print(f"{rows.height:,} rows of {rows['symbol'].n_unique()} symbols,")
    print(f"{first} to {last}; returns over fourteen days. Written by")
    print(
        "`benchmarks/feature_ranks.py`. Chosen from survivors: every figure flatters.\n"
    )
    print(
        f"{n_suspect} of {table.height} lie beyond {SUSPECT} in size; {n_strong} have"
    )
    print(
        f"|t| above {STRONG}, where {table.height * 0.05:.0f} would by chance alone if"
    )
    print("features were independent, which they are not.")
    able = table.drop_nulls("t")
    sure = statistics.NormalDist().inv_cdf(1 - CHANCE / 2 / able.height)
    largest = able["t"].abs().to_numpy().max()
    print(f"The largest |t| is {largest:.1f}; so that any of {able.height}")
    print(f"reached it by chance in {CHANCE:.0%} of such panels at most, it would have")
    print(f"to be {sure:.1f} (Bonferroni).\n")
    for row in able.filter(pl.col("rank IC").abs() > SUSPECT).iter_rows(named=True):
        print(f"`{row['feature']}` asks for an explanation before it is believed.")
    print("| " + " | ".join(table.columns) + " |")
    print("|---|---|---|---|---|---|")
    for name, family, n_sessions, mean, error, t_value in table.iter_rows():
        figures = number(mean, "+.4f"), number(error, ".4f"), number(t_value, "+.1f")
        print(f"| `{name}` | {family} | {n_sessions} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
