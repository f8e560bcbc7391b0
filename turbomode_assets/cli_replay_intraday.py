"""``turbomode replay --desk intraday``: the rounds of some months, and their worth.

Turns options into a source, a desk and a replay, and shows how far it is and what came
of it. Everything is in memory: the ledger of a home is neither read nor written, and
nothing is computed here.
"""

import argparse
import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from turbomode_assets import (
    cli_output,
    errors,
    intraday_policy,
    intraday_replay,
    sessions,
)
from turbomode_assets.defs import resources
from turbomode_assets.intraday import replay, scorecard
from turbomode_assets.intraday_policy import IntradayPolicy
from turbomode_assets.sources import intraday_simulated
from turbomode_assets.store import home

MEANING = """\
A replay asks what the desk would have said: it begins with nothing learned, takes
round after round, and in each sees what was known when it ended. Prices fetched later
count as known then; headlines and option quotes are there only if somebody recorded
them. Signals overlap, so n_eff counts those that stand apart. Nothing is stored."""
"""What replaying means, in words."""

_SCORES = {
    "symbol": "",
    "horizon": "",
    "n": ",",
    "n_effective": ",",
    "up_share": ".1%",
    "loss": ".4f",
    "base_loss": ".4f",
    "skill": ".2%",
    "p_value": ".2g",
    "n_taken": ",",
    "n_taken_effective": ",",
    "hit_share": ".1%",
}
_REGRETS = {
    "symbol": "",
    "horizon": "",
    "best": "",
    "regret": ".1f",
    "bound": ".1f",
    "n_rounds": ",",
}
_HEALTH = {"voter": "", "spoken_share": ".1%", "confidence": ".2f", "last_excuse": ""}
_HEADS = {"n_effective": "n_eff", "n_taken_effective": "n_eff", "hit_share": "right"}


def add(parser: argparse.ArgumentParser) -> None:
    """Options that only this desk has."""
    parser.add_argument(
        "--intraday-symbols",
        default="",
        help="intraday: predicted, as in RTX,LMT (default: those of its policy)",
    )
    parser.add_argument(
        "--weights",
        choices=intraday_policy.METHODS,
        default="learned",
        help="intraday: of the voters; fixed: the predecessor's (default: %(default)s)",
    )
    parser.add_argument(
        "--learned", action="store_true", help="intraday: train challengers on the way"
    )


def run(options: argparse.Namespace, console: Console) -> int:
    """Replay every market asked for, one after another."""
    beside, told = cli_output.aside(options, console), {}
    for name, market in _markets(options):
        beside.print(f"[bold]{name}[/bold]")
        shown = _tables(_replayed(market, options, beside), market.rules())
        told[name] = {title: rows.to_dicts() for title, rows, _ in shown}
        for title, rows, forms in () if cli_output.is_asked(options) else shown:
            console.print(_table(title, rows, forms))
    if cli_output.is_asked(options):
        cli_output.say(console, told)
    else:
        console.print(MEANING, soft_wrap=True)
    return 0


def _markets(
    options: argparse.Namespace,
) -> Iterator[tuple[str, resources.RoundsResource]]:
    """Markets asked for, by name; only the simulated one has seeds and edges."""
    where = home.Home((options.home or home.locate().root).resolve())
    settings = home.Settings(
        source=options.source,
        path=str(Path(options.path).resolve()) if options.path else "",
        intraday_path=str(Path(options.path).resolve()) if options.path else "",
        intraday_symbols=options.intraday_symbols,
        intraday_weights=options.weights,
    )
    if options.source != "simulated":
        yield f"{options.source} {options.path}", resources.rounds(where, settings)
        return
    for edge in options.edges:
        for seed in options.seeds:
            one = dataclasses.replace(settings, edge=edge, seed=seed)
            name = f"simulated market, edge {edge:g}, seed {seed}"
            yield name, resources.rounds(where, one)


def _replayed(
    market: resources.RoundsResource, options: argparse.Namespace, console: Console
) -> replay.Replayed:
    first, last, rules = options.live_from, options.last, market.rules()
    if first > last:
        message = f"expected --from before --to, found {first} and {last}"
        raise errors.SettingsError(message)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("fetching", total=1.0)
        world = _world(market, first, last, rules)
        bar.update(task, description="voting")
        parts = []
        for share, votes in replay.cast_by_month(world, first, last, rules):
            parts.append(votes)
            bar.update(task, completed=share)
        if not parts:
            symbols = ", ".join(rules.desk.symbols)
            message = (
                f"expected bars of {symbols} from {first} to {last}, found none; name "
                "other days, or other symbols with --intraday-symbols"
            )
            raise errors.MissingUpstream(message)
        voted, learned = pl.concat(parts), None
        if options.learned:
            learned = _taught(world, voted, (first, last), rules, bar)
        bar.update(task, description="weighing")
        return replay.speak(world, voted, rules, learned)


def _world(
    market: resources.RoundsResource,
    first: dt.date,
    last: dt.date,
    rules: IntradayPolicy,
) -> replay.World:
    """What is known of the sessions asked for, and of those voters look back on."""
    now = resources.ClockResource().now()
    back = 1 - rules.desk.lookback_sessions
    since = sessions.shift(sessions.on_or_after(first), back)
    if market.kind == "simulated":
        since = max(since, intraday_simulated.EPOCH)
    return replay.world_of(market.fetch(since, last, now), now, rules)


def _taught(
    world: replay.World,
    votes: pl.DataFrame,
    span: tuple[dt.date, dt.date],
    rules: IntradayPolicy,
    bar: Progress,
) -> pl.DataFrame:
    """What champions say that were trained and judged on the way."""
    days = intraday_replay.training_days(*span, rules.learning.every_weeks)
    task = bar.add_task("training", total=len(days))
    gated = intraday_replay.Gated(world, votes, rules)
    for day in days:
        verdict = gated.live(day)
        ending = "promoted" if verdict and verdict.is_passed else "refused"
        bar.console.print(f"{day}: challenger {ending if verdict else 'not trained'}")
        bar.advance(task)
    return gated.speak(*span)


def _tables(
    found: replay.Replayed, rules: IntradayPolicy
) -> list[tuple[str, pl.DataFrame, Mapping[str, str]]]:
    """Title, rows, and how each of their columns is written."""
    scores = scorecard.of_signals(found.signals, found.outcomes)
    regrets = scorecard.regrets(found.weights, found.track_records, rules.consensus)
    weights = scorecard.by_horizon(found.weights)
    horizons = dict.fromkeys(weights.columns[2:], ".3f")
    return [
        ("Worth beside the base rate", scores, _SCORES),
        ("Regret beside its bound, in nats", regrets, _REGRETS),
        ("Weights at the end", weights, {"symbol": "", "expert": "", **horizons}),
        ("Voters", scorecard.of_voters(found.votes), _HEALTH),
    ]


def _table(title: str, rows: pl.DataFrame, forms: Mapping[str, str]) -> Table:
    table = Table(title=title, title_justify="left")
    for name, form in forms.items():
        justify = "right" if form else "left"
        head = _HEADS.get(name, name).replace("_", " ")
        table.add_column(head, justify=justify)  # type: ignore[arg-type]
    for row in rows.select(*forms).iter_rows():
        table.add_row(*_cells(row, list(forms.values())))
    return table


def _cells(row: Sequence[object], forms: Sequence[str]) -> list[str]:
    pairs = zip(row, forms, strict=True)
    return ["-" if value is None else format(value, form) for value, form in pairs]
