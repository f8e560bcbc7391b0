"""``turbomode verify``: whether everything that must hold does, on any home.

Shows each invariant with what was found; what they are stands in ``invariants``.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from turbomode_assets import cli_options, cli_output, proof_tables
from turbomode_assets.invariants import base, verification
from turbomode_assets.signals import chain
from turbomode_assets.store import copying, warehouse

BROKEN = 1
"""Exit code where an invariant is broken."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.set_defaults(command=run)
    cli_options.add_home(parser)
    cli_output.add(parser)
    parser.add_argument(
        "--link",
        help="a link of the signal chain that was kept elsewhere: it must be in it",
    )


def run(options: argparse.Namespace, console: Console) -> int:
    """Hold every invariant against a home; 0 where all hold, else `BROKEN`.

    Raises
    ------
    errors.SettingsError
        Where there is no warehouse to look at.
    """
    where = cli_options.home_of(options)
    where.require_warehouse()
    is_json = cli_output.is_asked(options)
    with warehouse.opened(where.warehouse) as store:
        found = list(verification.verify(base.Place(store, where), time.monotonic))
        links = store.read(proof_tables.SIGNAL_CHAIN)
        prints = copying.fingerprints(store) if is_json else {}
    is_known = options.link in [None, *links["link"]]
    newest = chain.last_link(links)
    if is_json:
        said = {"newest_link": newest, "is_link_known": is_known, "tables": prints}
        cli_output.say(console, said | _as_dict(found))
    else:
        console.print(_drawn(found))
        console.print(_closing(found, newest), soft_wrap=True)
        if not is_known:
            console.print(f"No link of the chain is {options.link}.", soft_wrap=True)
    return 0 if is_known and all(one.holds for one in found) else BROKEN


def _as_dict(found: Sequence[verification.Finding]) -> dict[str, Any]:
    rows = [
        {
            "name": one.invariant.name,
            "sentence": one.invariant.sentence,
            "table": one.invariant.table.name,
            "holds": one.holds,
            "n_rows": one.n_rows,
            "examples": one.examples,
            "seconds": round(one.seconds, 3),
        }
        for one in found
    ]
    return {"holds": all(one.holds for one in found), "invariants": rows}


def _drawn(found: Sequence[verification.Finding]) -> Table:
    drawn = Table("", "invariant", "found")
    for one in found:
        mark = "[green]holds[/]" if one.holds else "[red]broken[/]"
        rows = f"{one.n_rows} rows, such as {'; '.join(one.examples)}"
        drawn.add_row(mark, one.invariant.sentence, "" if one.holds else rows)
    return drawn


def _closing(found: Sequence[verification.Finding], newest: str) -> str:
    n_broken = sum(not one.holds for one in found)
    seconds = sum(one.seconds for one in found)
    looked = f"{len(found)} invariants in {seconds:.1f} s, {n_broken} broken."
    if not newest:
        return looked
    return (
        f"{looked}\nNewest link of the signal chain: {newest}\n"
        "Kept elsewhere, it shows later that no signal up to it was changed."
    )
