"""The paper book of options over the intraday desk's signals, and what came of it.

``python benchmarks/options_book.py`` replays the book on every stretch of real minutes
of one company in ``TURBOMODE_SHARED_DATA``, where no option was quoted: all of that is
model-based. ``--simulated YEARS [--edge E]`` takes the simulated market, whose chains
are quoted, instead. Each is told twice, under the policy in force and by a book that
does not ask for expectancy. Markdown.
"""

import argparse
import dataclasses
import datetime as dt
import pathlib
import sys
import time

import polars as pl

sys.path.append(str(pathlib.Path(__file__).parents[1]))

from turbomode_assets import intraday_policy, options_policy
from turbomode_assets.intraday import replay as intraday_replay
from turbomode_assets.options import metrics, outcomes, replay, selection
from turbomode_assets.sources import intraday_simulated
from turbomode_assets_tests.oracles import real, real_desk

EVER = dt.datetime(2035, 1, 1, tzinfo=dt.UTC)
COMPANY = ("UTX", "RTX")
"""Its symbols; options on a fund are another matter."""

RATES = {2015: 0.002, 2019: 0.022, 2022: 0.04}
"""About the rate of three-month bills in the year a stretch begins."""


def main() -> None:
    """Replay and print every market."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulated", type=int, default=0)
    parser.add_argument("--edge", type=float, default=1.0)
    options = parser.parse_args()
    if options.simulated:
        title = f"simulated, edge {options.edge:g}"
        world = _simulated(options.simulated, options.edge)
        _tell(title, world, options_policy.OPTIONS)
        return
    if not real_desk.MINUTES.exists():
        print(f"no real bars in {real_desk.MINUTES}: set TURBOMODE_SHARED_DATA")
        return
    for name, stretch in real_desk.STRETCHES.items():
        if stretch.symbol not in COMPANY:
            continue
        model = options_policy.ModelPolicy(rate=RATES[stretch.first.year])
        rules = dataclasses.replace(options_policy.OPTIONS, model=model)
        _tell(f"{name}, model-based", _real(stretch), rules)


def _real(stretch: real_desk.Stretch) -> replay.World:
    stored = real_desk.world(stretch)
    said = intraday_replay.replay(stored, stretch.first, stretch.last, stretch.rules)
    world = _world(stored, said, (stretch.symbol,))
    return dataclasses.replace(world, paid=real_desk.paid(stretch))


def _simulated(years: int, edge: float) -> replay.World:
    source = intraday_simulated.IntradaySimulated(edge=edge)
    rules = dataclasses.replace(intraday_policy.INTRADAY, desk=source.desk)
    first = intraday_simulated.EPOCH
    last = first.replace(year=first.year + years) - dt.timedelta(days=2)
    stored = intraday_replay.world_of(
        source.fetch_rounds(first, last, EVER), EVER, rules
    )
    said = intraday_replay.replay(stored, first, last, rules)
    return _world(stored, said, source.desk.symbols)


def _world(
    stored: intraday_replay.World,
    said: intraday_replay.Replayed,
    symbols: tuple[str, ...],
) -> replay.World:
    is_own = pl.col("symbol").is_in(symbols)
    return replay.World(
        signals=said.signals,
        outcomes=said.outcomes,
        bars=stored.bars.filter(is_own),
        chains=stored.chains.filter(is_own),
        daily_bars=stored.daily_bars.filter(is_own),
    )


def _tell(title: str, world: replay.World, rules: options_policy.OptionsPolicy) -> None:
    began = time.process_time()
    strict = replay.run(world, rules)
    used = time.process_time() - began
    lax = options_policy.RiskPolicy(is_expectancy_asked=False)
    daring = replay.run(world, dataclasses.replace(rules, risk=lax))
    said = strict.walked.proposals
    print(f"\n## {title}\n\n{world.signals.height} signals, {used:.0f} s of CPU\n")
    print(real.as_table(_rounded(selection.feasibility(strict.chosen))), "\n")
    sure = metrics.convinced(strict.outcomes, said)
    for name, made in (("All signals", strict.outcomes), ("Convinced", sure)):
        print(f"### {name}\n\n{real.as_table(_figures(made))}\n")
    hits = _rounded(metrics.accuracy(world.outcomes, said).drop("target"))
    print(f"### Accuracy of the convinced\n\n{real.as_table(hits)}\n")
    print(f"### Parts\n\n{real.as_table(_rounded(_parts(strict.outcomes)))}\n")
    for name, found in (("In force", strict), ("Without expectancy", daring)):
        _tell_book(name, found)


def _figures(made: pl.DataFrame) -> pl.DataFrame:
    """Figures side by side, each with its interval."""
    if made["option_return"].null_count() == made.height:
        return pl.DataFrame({"n": [0]})
    told = metrics.of_returns(made, ["horizon", "side"])
    cell = pl.format(
        "{} ({}..{})", *(pl.col(name).round(2) for name in ("value", "low", "high"))
    )
    short = pl.col("value").round(2).cast(pl.String)
    return told.with_columns(cell=pl.coalesce(cell, short)).pivot(
        on="figure",
        index=["basis", "horizon", "side", "n", "n_effective"],
        values="cell",
    )


def _parts(made: pl.DataFrame) -> pl.DataFrame:
    """Mean return by horizon, and what it is made of."""
    names = [f"{name}_return" for name in outcomes.PARTS]
    return (
        made.group_by("horizon", maintain_order=True)
        .agg(pl.col("option_return", *names).mean())
        .sort("horizon")
    )


def _tell_book(name: str, found: replay.Replayed) -> None:
    walked = found.walked
    closed = metrics.trades(walked.fills)
    last = walked.book.equity_usd
    print(f"### Book: {name}\n\n{closed.height} trades, equity {last:.2f} USD\n")
    fallen = metrics.drawdown(walked.positions).drop("target")
    print(real.as_table(_rounded(fallen)), "\n")
    print(real.as_table(_rounded(metrics.refusals(walked.proposals))), "\n")
    if closed.height:
        kinds = closed.group_by("basis", "reason").agg(
            n=pl.len(), profit_usd=pl.col("profit_usd").sum()
        )
        print(real.as_table(_rounded(kinds.sort("n"))), "\n")


def _rounded(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col(pl.Float64).round(3))


if __name__ == "__main__":
    main()
