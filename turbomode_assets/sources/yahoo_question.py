"""What Yahoo can be asked for: one question is one answer to be judged.

Passed on word for word to the child process (`yahoo_worker`), which knows how each is
put to yfinance. No address and no judging here.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Literal

import polars as pl

from turbomode_assets import errors, tables

About = Literal["daily", "rounds", "options", "headlines"]
"""Daily bars, bars of fifteen minutes, option quotes of one expiry, newest stories."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """One thing to ask about a symbol.

    Examples
    --------
    >>> Question(symbol="RTX", since=dt.date(2024, 7, 3)).about
    'daily'
    """

    symbol: str
    """Symbol as Yahoo spells it."""

    about: About = "daily"
    """What is asked for."""

    since: dt.date | None = None
    """First day of the bars asked for, which always run to now: only then does the
    answer hold every split they were divided by, and no cache holds the answer."""

    expires_on: dt.date | None = None
    """Expiry of the options asked for; None for the nearest, whose answer lists all."""


def require_addressable(symbols: Sequence[str]) -> None:
    """Refuse what would alter an address: symbols stand in it as they are.

    Raises
    ------
    errors.SettingsError
        Names every symbol that cannot stand in an address.
    """
    named = pl.Series(symbols, dtype=pl.String)
    is_odd = ~named.str.contains(tables.SYMBOL_PATTERN) | named.str.contains(r"\.\.")
    if is_odd.any():
        odd = ", ".join(map(repr, named.filter(is_odd)))
        message = (
            f"symbols must match {tables.SYMBOL_PATTERN} without '..', found {odd}"
        )
        raise errors.SettingsError(message)
