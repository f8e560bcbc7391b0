"""Prices, Greeks and implied volatilities of option contracts, by QuantLib.

QuantLib (BSD, kept up since 2000, one wheel for every Python from 3.9) rather than
vollib, which knows no American exercise and takes four times as long; the tests hold
the European figures of both against each other. How one contract is priced stands in
``european.py`` and ``american.py``. Dividends come as a yield over the life
(`lives.dividend_yield`).

Nothing here knows a quote, a moment or a policy.
"""

from types import ModuleType
from typing import Any, Literal

import polars as pl

Exercise = Literal["american", "european"]
"""When a holder may exercise: at any moment, or on the last day only."""

GREEKS = ("price", "delta", "gamma", "theta", "vega", "rho")
"""What `value` finds: price and delta per share, gamma per USD, theta per calendar
day, vega per point of volatility (0.01), rho per point of the rate."""

TERMS = ("right", "spot", "strike", "years", "rate", "dividend_yield")
"""Columns every function here reads: call or put; USD; USD; years to expiry, above
zero; continuous annual rate and dividend yield, as fractions."""


def value(contracts: pl.DataFrame, exercise: Exercise = "american") -> pl.DataFrame:
    """Contracts with what they are worth, and how that moves.

    Parameters
    ----------
    contracts
        Columns `TERMS` and vol, annual volatility as a fraction.
    exercise
        Kind of every contract.

    Returns
    -------
    pl.DataFrame
        The same rows with the columns `GREEKS`; null where a term is null, or where
        vol or years is not above zero.

    Examples
    --------
    >>> terms = dict(spot=100.0, strike=100.0, years=0.25, rate=0.04, dividend_yield=0)
    >>> both = pl.DataFrame([{"right": r, "vol": 0.2} | terms for r in ("call", "put")])
    >>> value(both)["price"].round(2).to_list()
    [4.49, 3.57]
    """
    terms, pricer = _pricer(exercise)
    rows = [
        pricer.greeks(terms(*cells)) if _is_priceable(cells) else (None,) * len(GREEKS)
        for cells in contracts.select(*TERMS, "vol").iter_rows()
    ]
    schema = dict.fromkeys(GREEKS, pl.Float64())
    return contracts.with_columns(pl.DataFrame(rows, schema=schema, orient="row"))


def imply(contracts: pl.DataFrame, exercise: Exercise = "american") -> pl.DataFrame:
    """Contracts with the volatility at which they are worth their price, and Greeks.

    Parameters
    ----------
    contracts
        Columns `TERMS` and price, in USD per share.
    exercise
        Kind of every contract.

    Returns
    -------
    pl.DataFrame
        The same rows with the columns vol and `GREEKS`; null but for the price where no
        volatility explains it, such as one at or below what exercise pays.
    """
    terms, pricer = _pricer(exercise)
    rows = []
    for cells in contracts.select(*TERMS, "price").iter_rows():
        found = None
        if _is_priceable(cells):
            found = pricer.implied(terms(*cells), cells[-1])
        rows.append(found or _UNKNOWN)
    schema = dict.fromkeys(("vol", *GREEKS[1:]), pl.Float64())
    return contracts.with_columns(pl.DataFrame(rows, schema=schema, orient="row"))


_UNKNOWN = (None,) * len(GREEKS)


def _pricer(exercise: Exercise) -> tuple[type, ModuleType]:
    """Terms of a contract, and the module that prices it."""
    # Imported here: QuantLib takes 33 MB, and a machine that scans prices nothing.
    from turbomode_assets.options import american, european  # noqa: PLC0415

    return european.Terms, {"american": american, "european": european}[exercise]


def _is_priceable(cells: tuple[Any, ...]) -> bool:
    """Whether all is known, and spot, strike, life and the last cell are positive."""
    if None in cells:
        return False
    _, spot, strike, years, _, _, last = cells
    return bool(min(spot, strike, years, last) > 0)
