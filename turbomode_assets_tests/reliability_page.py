"""The page ``docs/reliability.md``, made of what the commands it names have counted.

Each command hands over its part, which is kept in ``docs/reliability.json``; the page
is written anew from all of them, each figure beside the command that counted it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock

from turbomode_assets.invariants import verification
from turbomode_assets_tests.contracts import test_every_invariant

DOCS = Path(__file__).parents[1] / "docs"
PAGE, COUNTED = DOCS / "reliability.md", DOCS / "reliability.json"

MAKE = (
    "turbomode run --home HOME --symbols 16 --edge 8 --from 2021-05-03 "
    "--live-from 2024-01-02 --to 2024-03-08"
)
KILL = "python -m turbomode_assets_tests.crashes.report --home HOME"
FUZZ = "python -m turbomode_assets_tests.fuzzing"
SOAK = "python -m turbomode_assets_tests.soak FOLDER"

Counted = dict[str, Any]


def counted() -> Counted:
    """What was counted last, by part."""
    found: Counted = json.loads(COUNTED.read_text()) if COUNTED.exists() else {}
    return found


def tell(part: str, name: str, found: object) -> None:
    """Keep what a command counted under a name, and write the page."""
    with filelock.FileLock(COUNTED.with_suffix(".lock")):
        told = counted()
        told[part] = told.get(part, {}) | {name: found}
        COUNTED.write_text(json.dumps(told, indent=1) + "\n")
        PAGE.write_text(page(told))


def page(told: Counted) -> str:
    """The page, in Markdown; a part that nobody counted yet is left out."""
    parts = {"kills": _killed, "soak": _lived, "inputs": _fed}
    found = [part(told[name]) for name, part in parts.items() if name in told]
    return "\n".join([_summary(told), *found, _elsewhere()])


def _summary(told: Counted) -> str:
    n_plants = len(test_every_invariant.PLANTED)
    rows = [*_figures(told)]
    rows.append(f"| invariants | {len(verification.ALL)} | `turbomode verify` |")
    planted = "`pytest -k test_every_invariant`"
    rows.append(f"| violations of them, planted and found | {n_plants} | {planted} |")
    return f"""# What a home survives

Made of what the commands beside the figures have counted, which is kept in
`docs/reliability.json`; `make reliability` runs them all.

| | | by |
|---|---|---|
{chr(10).join(rows)}
"""


def _figures(told: Counted) -> Iterator[str]:
    kills, inputs = told.get("kills", {}).values(), told.get("inputs", {}).values()
    if kills:
        yield f"| SIGKILLs at random moments | {_sum(kills, 'kills'):,} | `{KILL}` |"
        n_boundaries = _sum(kills, "boundaries")
        yield f"| statement boundaries killed at | {n_boundaries:,} | the same |"
        yield f"| of all these, with a row wrong | {_sum(kills, 'wrong')} | the same |"
    for life in told.get("soak", {}).values():
        yield f"| years lived day by day | {life['years']} | `{SOAK}` |"
        n_faults = sum(life["faults"].values())
        yield f"| faults injected in them | {n_faults:,} | the same |"
        yield f"| rows wrong after them | {len(life['wrong'])} | the same |"
    if inputs:
        yield f"| inputs fed | {_sum(inputs, 'inputs'):,} | `{FUZZ}` |"


def _sum(rows: Any, name: str) -> int:
    return sum(row[name] for row in rows)


def _killed(kills: Counted) -> str:
    names = ("boundaries", "states", "kills", "wrong")
    rows = [
        f"| {story} | {' | '.join(str(one[name]) for name in names)} |"
        for story, one in kills.items()
    ]
    return f"""## Killed

Stories were killed in two ways. In every state that the statements to DuckDB and
the changes of files pass through: the files of the home are looked at before and after
each, and copied whenever they differ from before, which is what SIGKILL leaves there.
And by SIGKILL to a process at seeded random moments. Each time every invariant was held
against what was left at once; then the story was resumed, every invariant held again,
and every table compared with that of a life that was not disturbed. Wrong is what was
lost, doubled or changed.

| story | statement boundaries | states on disk | SIGKILLs | wrong |
|---|---|---|---|---|
{chr(10).join(rows)}

A night is bars, universe, features, signals and outcomes of a session; a backfill the
same for a week in one range; a restatement a night in which a source corrects a bar
three weeks old, and the samples of the weeks that reaches; a training a challenger, its
verdict and its promotion; a delivery the daily report, put into a letter box; an
exchange two homes, the ledger that goes one way and the champion that comes back. A
range is stored in as few transactions as a session: so many states, however long it is.
A story that has no line was not counted to its end.

```
{MAKE}
{KILL}
```

`--stories`, `--kills` and `--seconds` make less of it. The night is killed at every
boundary in every run of the tests.

The sweep is tested by three mistakes that it must find: the marker of a session in a
transaction of its own, a model card stored before its artifact, and a flag that says
what was done in the place of looking for the rows
(`turbomode_assets_tests/scenarios/test_crashes.py`).
"""


def _lived(soak: Counted) -> str:
    life = soak["life"]
    befell = [f"| {name} | {n:,} |" for name, n in life["faults"].items()]
    years = [
        f"| {one['year']} | {one['n_rows']:,} | {one['database_mb']:.1f} | "
        f"{one['home_mb']:.1f} | {one['peak_mb']:,.0f} |"
        for one in life["by_year"]
    ]
    return f"""## Lived day by day

A home of eight symbols that learns lives {life["sessions"]:,} sessions, its history
included, tick by tick of its timetable, {life["ticks"]:,} of them, with faults drawn by
seed {life["seed"]}. Every invariant was held against it {life["looks"]} times, after
each kill and at each turn of a year, when it is also backed up and the restored home
lives on. At the end of each year its bars, features, outcomes and samples were the same
as those of a home that computed all years in one range, and no session in which a
champion reigned was without a signal. Wrong: {len(life["wrong"])}.

| fault | times |
|---|---|
{chr(10).join(befell)}

| at the end of | rows | database, MB | home, MB | largest process, MB |
|---|---|---|---|---|
{chr(10).join(years)}

```
{SOAK}
```

It writes what it has counted at the end of each year.
"""


def _fed(inputs: Counted) -> str:
    rows = [
        f"| {name} | {one['inputs']:,} | {one['understood']:,} | {one['kept']} | "
        f"{one['lines']} |"
        for name, one in inputs.items()
    ]
    return f"""## Fed

Every entrance was fed mutants of what it is meant for. An input that ran a line of the
package that none had run before became a parent of later ones. Each was understood or
refused by an error of our own with a sentence; every row delivered was believed or kept
with the reason it was refused for, and what was believed could have traded.

| entrance | inputs | understood | kept as parents | lines reached |
|---|---|---|---|---|
{chr(10).join(rows)}

```
{FUZZ}
```

The tests feed the same inputs in every run
(`turbomode_assets_tests/contracts/test_every_entrance.py`); `--times 10` feeds ten
times as many. Beside these, thousands of mutants go through the real yfinance
(`turbomode_assets_tests/sources/test_yahoo_client.py`).
"""


ELSEWHERE = {
    "a full disk at every write, a read-only one, no file handles, a foreign program": (
        "store/test_opening.py"
    ),
    "kills at system calls and within writes, a torn log, a lost lock: what a DuckDB "
    "must survive before the lock names it": "store/test_duckdb_canary.py",
    "a second `turbomode up`, and SIGTERM to it": "test_cli_up.py",
    "SIGTERM to a run": "test_cli.py",
    "a machine that dies, sleeps, or loses its source for days, under Dagster's own "
    "daemons": "scenarios/test_nights.py",
    "a desk that is killed in the midst of a day": "scenarios/test_killed_desk.py",
    "a link that is cut at every step": "store/test_exchange.py",
    "a chat that answers late, wrongly or not at all": "notify/test_outbox.py",
}
"""What is told by tests alone, and where."""


def _elsewhere() -> str:
    rows = [
        f"| {what} | `turbomode_assets_tests/{where}` |"
        for what, where in ELSEWHERE.items()
    ]
    return f"""## Told by tests alone

| what | where |
|---|---|
{chr(10).join(rows)}
"""
