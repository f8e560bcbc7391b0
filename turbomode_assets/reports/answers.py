"""Answers to what people ask by message: how it is, what is signaled, the report.

What may be asked stands in `COMMANDS`: each reads, and none of them does anything.
Words only; what they are made of is read in ``defs/answering.py``.
"""

from collections.abc import Iterable

import polars as pl

COMMANDS = {
    "status": "whether the home is well, and who reigns",
    "signals": "the largest edges of the newest session",
    "report": "the newest daily report",
}
"""Everything that is understood."""

HELP = "I understand:\n" + "\n".join(
    f"/{name} - {what}" for name, what in COMMANDS.items()
)
"""Answer to a command that is none."""


def command(text: str) -> str | None:
    """Name of what is asked; empty for a command that is none, null for mere talk.

    Examples
    --------
    >>> [command(text) for text in ("/status@my_bot now", "Signals", "/rollback", "hi")]
    ['status', 'signals', '', None]
    """
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    name = word.removeprefix("/").partition("@")[0].lower()
    if name in COMMANDS:
        return name
    return "" if word.startswith("/") else None


def status(health: Iterable[tuple[str, bool, str]], champion: str | None) -> str:
    """How a home is.

    Parameters
    ----------
    health
        Name, whether it is well, and what was seen, of each probe.
    champion
        Who reigns; null where nobody does.
    """
    lines = (
        f"- {name}: {'well' if is_well else 'AMISS'}. {seen}"
        for name, is_well, seen in health
    )
    return "\n".join([f"Champion: {champion or 'nobody'}.", *lines])


def signals(tonight: pl.DataFrame) -> str:
    """The largest edges of a session.

    Parameters
    ----------
    tonight
        As `desk_sheet.tonight` returns them.
    """
    if tonight.is_empty():
        return "No symbol is bought or sold."
    lines = (
        f"- {row['symbol']}: {row['side']}, up {row['p_up']:.1%}, "
        f"down {row['p_down']:.1%}"
        for row in tonight.iter_rows(named=True)
    )
    return "\n".join([f"Of {tonight['session'][0]}:", *lines])
