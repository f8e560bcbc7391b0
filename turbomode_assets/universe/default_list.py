"""The shipped list of US stocks, for whoever has no list of their own.

Eighty symbols chosen in our days from companies that still exist: every number earned
on their past is too good, so `is_point_in_time` is false and every report says so.
Nothing is decided here; `curation` decides.
"""

import datetime as dt

import polars as pl

from turbomode_assets import sessions, tables

BENCHMARK = "SPY"
"""The market itself: a fund, so never a candidate and in no universe. A source may
fetch it first as a canary: where even this fails, the network has, not a symbol."""

_LISTED = """
Information Technology | AAPL MSFT NVDA GOOGL META | ADSK TEAM CRWD | SMCI
Financials             | JPM BAC WFC GS            | SCHW ALLY      | GBCI CATY
Health Care            | JNJ UNH LLY ABBV          | DXCM EXAS      | TMDX KRYS
Consumer Discretionary | AMZN TSLA HD MCD          | LULU DECK      | SHAK BOOT
Communication Services | DIS NFLX                  | MTCH           | CARS SIRI
Industrials            | CAT GE BA HON             | UBER XPO       | CVCO ASTE
Consumer Staples       | PG KO PEP WMT             | GIS            | CHEF CASY
Energy                 | XOM CVX COP SLB           | FANG           | MTDR CTRA
Materials              | LIN APD SHW NEM           | CF MOS         | IOSP
Real Estate            | AMT PLD EQIX SPG          | REXR           | TRNO STAG
Utilities              | NEE DUK SO                | AES            | NRG MGEE
"""
"""Sector, then large, mid and small as the predecessor sorted them: 42, 18 and 20.

A label of the list and not a capitalization of today; how much of a symbol trades is
measured every quarter."""


def members(first: dt.date) -> pl.DataFrame:
    """The list as a universe that begins with session `first`.

    Parameters
    ----------
    first
        First session of the home.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.UNIVERSE`; a symbol that lists later simply has no bars until
        then.

    Examples
    --------
    >>> members(dt.date(2020, 1, 2)).height
    80
    """
    rows = [
        (symbol, sector.strip(), cap_class)
        for sector, *classes in (line.split("|") for line in _LISTED.split("\n")[1:-1])
        for cap_class, symbols in zip(("large", "mid", "small"), classes, strict=True)
        for symbol in symbols.split()
    ]
    listed = pl.DataFrame(rows, ["symbol", "sector", "cap_class"], orient="row")
    return tables.UNIVERSE.conform(
        listed.with_columns(
            valid_from=pl.lit(sessions.on_or_after(first)),
            valid_to=pl.lit(None, pl.Date),
            delisted_on=pl.lit(None, pl.Date),
            reason=pl.lit("shipped list"),
            is_point_in_time=pl.lit(value=False),
        )
    )
