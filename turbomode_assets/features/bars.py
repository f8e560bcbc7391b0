"""The bars of a symbol, as formulas: what every feature is made from.

Values of a symbol are taken bar after bar; a session it missed is not there. Which
features exist is said in the family files, where the columns come from in `engine`.
"""

from turbomode_assets.features.formula import Formula, covariance, given

INPUTS = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "log_return",
    "market_log_return",
    "sector_log_return",
    "weekday",
    "sessions_into_month",
    "sessions_to_month_end",
    "sessions_to_expiry",
)
"""Columns every symbol is given: adjusted bars, log returns since the symbol's previous
bar (of its own close, of the equal-weight market, of its sector), and the calendar."""

LEAST_VOL = 1e-6
"""Volatility per session below which a price stood still: a hundredth of a basis
point, far below one tick and far above the rounding of a sum."""

LEAST_RANGE = 1e-9
"""Range or movement, as a fraction of the close, below which there was none."""


def column(name: str) -> Formula:
    """A column of `INPUTS`; returns are missing in the symbol's first bar."""
    return given(INPUTS.index(name), lookback=int(name.endswith("_return")))


class Bars:
    """Columns of the bars of one symbol."""

    open = column("open")
    """First price."""

    high = column("high")
    """Highest price."""

    low = column("low")
    """Lowest price."""

    close = column("close")
    """Last price."""

    volume = column("volume")
    """Shares traded."""

    log_return = column("log_return")
    """Log return of the close since the symbol's previous bar."""

    market = column("market_log_return")
    """Log return of the equal-weight market since the symbol's previous bar."""

    sector = column("sector_log_return")
    """Log return of the symbol's sector since the symbol's previous bar."""

    session_of_week = column("weekday")
    """Day of the week of the session: 0 is Monday, 4 is Friday."""

    sessions_into_month = column("sessions_into_month")
    sessions_to_month_end = column("sessions_to_month_end")
    sessions_to_expiry = column("sessions_to_expiry")


def correlation(one: Formula, other: Formula, n: int) -> Formula:
    """Correlation of the last `n` values; 0 where either stood still."""
    scale = one.variance(n) * other.variance(n)
    found = covariance(one, other, n) / scale.root
    return found.where(scale, exceeds=LEAST_VOL**4).clip(-1.0, 1.0)
