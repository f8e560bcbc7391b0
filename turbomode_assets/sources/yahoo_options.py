"""Yahoo's option quotes: one expiry of one symbol.

Turns the text of an answer into rows of `intraday_tables.DELIVERED_CHAINS`, and the
expiries that can be asked for. An answer about another symbol is an error; a contract
that cannot be read is a row with its fault. No judgment whether a quote is possible.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from turbomode_assets import errors, intraday_tables
from turbomode_assets.sources import yahoo_reading
from turbomode_assets.sources.yahoo_reading import real, second
from turbomode_assets.sources.yahoo_round import Reading

QUOTED = {
    "bid": "bid",
    "ask": "ask",
    "last": "lastPrice",
    "traded": "volume",
    "open_interest": "openInterest",
    "implied_vol": "impliedVolatility",
}
"""Columns of a quote, and what Yahoo calls them; what is not known it leaves out."""

_SIDES = {"call": "calls", "put": "puts"}


def read(body: str, symbol: str, labels: Mapping[str, object]) -> Reading:
    """What an answer says.

    Parameters
    ----------
    body
        Its text.
    symbol
        Symbol as Yahoo spells it.
    labels
        Cells of columns that are the same for every row: symbol, session, minute,
        known_at and source.

    Returns
    -------
    Reading
        `further` holds every expiry Yahoo knows, ascending.

    Raises
    ------
    errors.SourceError
        Where the answer as a whole cannot be believed.
    """
    found = yahoo_reading.parse(body, "an option chain")
    refusal = yahoo_reading.refusal(found, "optionChain")
    table = intraday_tables.DELIVERED_CHAINS
    if refusal:
        return Reading(rows=table.empty(), refusal=refusal)
    result = _result(found, symbol)
    rows = [{**labels, **cells} for cells in _contracts(result)]
    listed = result.get("expirationDates")
    expiries = {_day(each) for each in listed} if isinstance(listed, list) else set()
    return Reading(
        rows=pl.DataFrame(rows, schema=table.schema()),
        further=tuple(sorted(day for day in expiries if day is not None)),
    )


def _result(found: dict[str, Any], symbol: str) -> dict[str, Any]:
    chain = found.get("optionChain")
    results = chain.get("result") if isinstance(chain, dict) else None
    if not (isinstance(results, list) and results and isinstance(results[0], dict)):
        message = f"expected one result in the option chain, found {str(chain)[:60]}"
        raise errors.SourceError(message)
    result = results[0]
    if result.get("underlyingSymbol") != symbol:
        other = result.get("underlyingSymbol")
        message = f"expected options of {symbol}, found those of {other!r}"
        raise errors.SourceError(message)
    return result


def _contracts(result: dict[str, Any]) -> Iterator[dict[str, object]]:
    """Cells of every contract; nothing where the symbol has no options."""
    pages = result.get("options")
    for page in pages if isinstance(pages, list) else []:
        for right, name in _SIDES.items():
            listed = page.get(name) if isinstance(page, dict) else None
            if not isinstance(listed, list):
                message = f"expected a list of {name}, found {str(page)[:60]}"
                raise errors.SourceError(message)
            for contract in listed:
                yield {"right": right, **_cells(contract)}


def _cells(contract: object) -> dict[str, object]:
    said = contract if isinstance(contract, dict) else {}
    cells: dict[str, object] = {
        "expires_on": _day(said.get("expiration")),
        "strike": real(said.get("strike")),
        **{column: real(said.get(name)) for column, name in QUOTED.items()},
    }
    needed = ["expires_on", "strike"]
    needed += [column for column, name in QUOTED.items() if said.get(name) is not None]
    missing = [name for name in needed if cells[name] is None]
    terms = (said.get("contractSize"), said.get("currency"))
    fault = f"no value in {', '.join(missing)}" if missing else None
    if fault is None and terms != ("REGULAR", "USD"):
        fault = f"a contract over 100 shares in dollars is needed, found {terms}"
    return cells | {"row": json.dumps(contract) if fault else None, "fault": fault}


def _day(value: object) -> dt.date | None:
    moment = second(value)
    return dt.datetime.fromtimestamp(moment, dt.UTC).date() if moment else None
