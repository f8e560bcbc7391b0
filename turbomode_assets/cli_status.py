"""``turbomode status``: whether a home is well, by asking it; the exit code tells.

Health by real probes, who reigns, what runs next, what waits. Nothing is changed, and
nothing is computed here; the probes stand in ``defs/health.py``.
"""

import argparse
from typing import Any

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table

from turbomode_assets import cli_options, cli_output, report_tables, sessions, tables
from turbomode_assets.defs import (
    catching_up,
    driver,
    health,
    progress,
    resources,
    ticks,
)
from turbomode_assets.notify import outbox
from turbomode_assets.store import home, warehouse

N_RUNS, N_DELIVERIES = 5, 5
"""Runs and deliveries listed."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.set_defaults(command=run)
    cli_options.add_home(parser)
    cli_output.add(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Show the state of a home; 1 where a probe found something amiss.

    Raises
    ------
    errors.SettingsError
        Where there is no home.
    """
    where = home.existing(options.home)
    found = _found(where)
    if cli_output.is_asked(options):
        cli_output.say(console, found)
    else:
        _draw(found, console)
    return int(not all(probe["is_well"] for probe in found["health"]))


def _found(where: home.Home) -> dict[str, Any]:
    now, settings = resources.ClockResource().now(), home.read_settings(where)
    with (
        warehouse.opened(where.warehouse) as store,
        driver.open_instance(where) as instance,
    ):
        asked = health.probes(where, store, instance, now)
        n_late, n_open = health.overdue(store)
        champions = store.read(tables.CHAMPIONS).sort("effective_from")
        log = store.read(report_tables.DELIVERIES)
        newest = store.partitions(tables.SIGNALS)[-1:]
        kept = resources.stored(where)
        asleep = catching_up.why_asleep(progress.Progress(instance, kept), now)
    reign = champions.tail(1).to_dicts()
    sent = (
        log.filter(pl.col("event") == outbox.SENT)
        .sort("happened_at")
        .tail(N_DELIVERIES)
    )
    return {
        "home": str(where.root),
        "asked_at": now,
        "health": [vars(probe) for probe in asked],
        "champion": reign[0] if reign and reign[0]["version"] else None,
        "signals_reach": newest[0] if newest else None,
        "market_is_closed_by": sessions.closed_by(now),
        "pending_grades": {"overdue": n_late, "not_matured": n_open},
        "is_lived": health.is_lived(where),
        "asleep": asleep,
        "is_intraday_living": _has_rounds(where, settings),
        "next_runs": {}
        if asleep
        else dict(health.next_runs(settings.role, now)[:N_RUNS]),
        "deliveries": sent.select(
            "happened_at", "channel", "message", "part"
        ).to_dicts(),
    }


def _has_rounds(where: home.Home, settings: home.Settings) -> bool:
    """Whether the intraday desk has a source that goes on with the calendar."""
    is_followed = settings.source != "files" and settings.role != "train"
    return is_followed and not resources.rounds(where, settings).why_resting


def _draw(found: dict[str, Any], console: Console) -> None:
    reign = found["champion"]
    who = f"{reign['version']} since {reign['effective_from']}" if reign else "nobody"
    console.print(f"Home {found['home']}", soft_wrap=True)
    console.print(_probes(found["health"]))
    console.print(f"Champion: {who}. Signals reach {found['signals_reach'] or '-'}.")
    if found["asleep"]:
        console.print(f"No night is due: {found['asleep']}", soft_wrap=True)
    if found["asleep"] and found["is_intraday_living"]:
        console.print("The intraday desk follows the calendar all the same.")
    has_work = not found["asleep"] or found["is_intraday_living"]
    if has_work and not found["is_lived"]:
        console.print("Nothing runs by itself until somebody starts: turbomode up")
    for table in (_runs(found["next_runs"]), _deliveries(found["deliveries"])):
        if table.row_count:
            console.print(table)


def _probes(found: list[dict[str, Any]]) -> Table:
    drawn = Table("probe", "", "what it saw", box=box.SIMPLE)
    for probe in found:
        word = "well" if probe["is_well"] else "AMISS"
        drawn.add_row(probe["name"], word, probe["sentence"])
    return drawn


def _runs(found: dict[str, Any]) -> Table:
    drawn = Table("next run", "New York time", box=box.SIMPLE)
    for name, at in found.items():
        drawn.add_row(name, f"{at.astimezone(ticks.NEW_YORK):%a %Y-%m-%d %H:%M}")
    return drawn


def _deliveries(found: list[dict[str, Any]]) -> Table:
    drawn = Table("delivered at, UTC", "channel", "message", "part", box=box.SIMPLE)
    for row in found:
        at = f"{row['happened_at']:%Y-%m-%d %H:%M}"
        drawn.add_row(at, row["channel"], row["message"], str(row["part"]))
    return drawn
