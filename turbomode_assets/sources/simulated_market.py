"""How one year of the simulated market comes about.

Turns a market's parameters and the state at the end of one year into the bars,
listings, departures and state of the next. A year is always built whole, from a
generator of its own and the state carried over, so asking for more years never
changes earlier ones, bit for bit.

The latent score of a symbol leaves footprints at the close of t: more volume, a close
nearer to the high of the bar, a larger overnight share of the variance. None of them
moves a price. With an edge, the returns after t lean towards drift x score.

Nothing here caches, slices or knows what a source is: `simulated.py` does.
"""

import dataclasses
import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import sessions
from turbomode_assets.sources import simulated_cast as cast
from turbomode_assets.sources import simulated_processes as processes
from turbomode_assets.sources.simulated_cast import Counts, Days, Reals

SECTORS = (
    "Communication Services",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Financials",
    "Health Care",
    "Industrials",
    "Information Technology",
    "Materials",
    "Real Estate",
    "Utilities",
)
"""The sectors of the Global Industry Classification Standard."""

CAP_CLASSES = ("large", "mid", "small")
"""Capitalization classes; smaller ones trade less and move more."""

SPLIT_PRICE, REVERSE_SPLIT_PRICE, USUAL_PRICE = 140.0, 4.0, 60.0
"""Closes in USD above and below which shares are split or merged, and where to."""

SCORE_VOLUME, SCORE_RANGE, SCORE_OVERNIGHT = 0.16, 0.28, 0.30
"""Footprints per unit of score: log volume, log length of the part of the bar beyond
open and close, log odds of the overnight share."""

SESSIONS_A_QUARTER = 63
"""Sessions between two dividends of a symbol."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Year:
    """One year of the market."""

    bars: pl.DataFrame
    """Columns of `tables.BARS`; one row per session and symbol alive."""

    listings: pl.DataFrame
    """symbol, valid_from, sector and cap_class of whoever listed this year."""

    departures: pl.DataFrame
    """symbol, valid_to and reason of whoever left this year."""

    state: cast.State
    """What the next year starts from."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Closes:
    """Closes as traded and the actions behind them, (n_sessions, n_symbols)."""

    log_close: Reals
    log_previous: Reals
    split_ratio: Reals
    payout: Reals


def build_year(market: cast.Market, year: int, before: cast.State | None) -> Year:
    """Bars, listings, departures and closing state of `year`.

    Parameters
    ----------
    market
        Parameters of the market.
    year
        Calendar year.
    before
        State at the end of the year before; None opens the market.

    Returns
    -------
    Year
        The same for the same arguments, bit for bit.
    """
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    days = np.array(sessions.sessions_between(first, last), dtype="datetime64[D]")
    opening = before or cast.opening_state(market)
    walk = processes.walk(market, days, opening)
    closes = _closes(walk, opening.log_close)
    number = _numbers(walk.events, opening.number, days.size)
    columns = _bar_columns(market.generator(year, 1), walk, closes)
    bars = pl.DataFrame(
        {
            "symbol": _symbols(number),
            "session": days.repeat(market.n_symbols),
            **{name: values.ravel() for name, values in columns.items()},
        }
    )
    return Year(
        bars=bars,
        listings=_listings(walk, number, days, opens=before is None),
        departures=_departures(walk.events, number, days),
        state=dataclasses.replace(
            walk.closing, log_close=closes.log_close[-1], number=number[-1]
        ),
    )


def _closes(walk: processes.Walk, log_before: Reals) -> _Closes:
    """Prices from returns: dividends first, then newcomers, then splits.

    A symbol goes ex on neither its first session nor a possible split session, so
    that every action stands alone.
    """
    traits, events = walk.traits, walk.events
    row = np.arange(len(walk.returns))[:, None]
    is_ex = (row - traits.ex_offset) % SESSIONS_A_QUARTER == 0
    is_ex &= (row != events.splits_at) & (row != events.leaves_at + 1)
    payout = is_ex * traits.quarterly_yield
    log_close = log_before + np.cumsum(walk.returns + np.log1p(-payout), axis=0)
    is_new = row > events.leaves_at
    place = np.arange(log_close.shape[1])
    left_at = np.minimum(events.leaves_at, len(row) - 1)
    log_close += is_new * (events.log_debut - log_close[left_at, place])
    price = np.exp(log_close[events.splits_at - 1, place])
    ratio = np.where(price > SPLIT_PRICE, np.rint(price / USUAL_PRICE), 1.0)
    ratio = np.where(price < REVERSE_SPLIT_PRICE, 0.1, ratio)
    ratio = np.where(events.splits_at == events.leaves_at + 1, 1.0, ratio)
    log_close -= (row >= events.splits_at) * np.log(ratio)
    return _Closes(
        log_close=log_close,
        log_previous=np.vstack([log_before, log_close[:-1]]),
        split_ratio=np.where(row == events.splits_at, ratio, 1.0),
        payout=payout,
    )


def _bar_columns(
    rng: np.random.Generator, walk: processes.Walk, closes: _Closes
) -> dict[str, Reals]:
    """Open, high, low, volume and actions around the closes.

    The overnight part is a Brownian bridge to the day's return, so that overnight and
    intraday parts are uncorrelated whatever share of the variance each has.
    """
    shape, score = walk.score.shape, walk.score
    share = 1.0 / (1.0 + np.exp(1.1 - SCORE_OVERNIGHT * score))
    bridge = np.sqrt(share * (1.0 - share)) * walk.vol * rng.normal(size=shape)
    log_open = closes.log_close - (1.0 - share) * walk.returns + bridge
    reach = 0.45 * walk.vol * np.abs(rng.normal(size=(2, *shape)))
    top = np.maximum(log_open, closes.log_close)
    bottom = np.minimum(log_open, closes.log_close)
    surprise = np.abs(walk.returns) / walk.vol
    usual = np.log(walk.vol / walk.traits.vol)
    log_volume = walk.traits.log_turnover - closes.log_close + 0.4 * usual
    log_volume += 0.3 * np.minimum(surprise, 5.0) + SCORE_VOLUME * score
    log_volume += 0.3 * rng.normal(size=shape)
    return {
        "open": _cents(log_open),
        "high": _cents(top + reach[0] * np.exp(-SCORE_RANGE * score)),
        "low": _cents(bottom - reach[1] * np.exp(SCORE_RANGE * score)),
        "close": _cents(closes.log_close),
        "volume": np.rint(np.exp(log_volume)),
        "dividend": np.round(closes.payout * _cents(closes.log_previous), 4),
        "split_ratio": closes.split_ratio,
    }


def _cents(log_price: Reals) -> Reals:
    price: Reals = np.maximum(np.round(np.exp(log_price), 2), 0.01)
    return price


def _numbers(events: cast.Events, before: Counts, n_sessions: int) -> Counts:
    """Number of the symbol in each place; newcomers count on in order of arrival."""
    arrival = np.argsort(np.argsort(events.leaves_at, kind="stable"), kind="stable")
    row = np.arange(n_sessions)[:, None]
    return np.where(row > events.leaves_at, before.max() + 1 + arrival, before)


def _symbols(number: Counts) -> pl.Series:
    digits = pl.Series("symbol", number.ravel()).cast(pl.String).str.zfill(3)
    return "SIM" + digits


def _listings(
    walk: processes.Walk, number: Counts, days: Days, *, opens: bool
) -> pl.DataFrame:
    leaves = np.flatnonzero(walk.events.leaves_at < days.size)
    place = np.arange(number.shape[1])
    places = np.append(place, leaves) if opens else leaves
    since = np.append(np.zeros_like(place), walk.events.leaves_at[leaves] + 1)
    since = since if opens else since[place.size :]
    return pl.DataFrame(
        {
            "symbol": _symbols(number[since, places]),
            "valid_from": days[since],
            "sector": [SECTORS[i] for i in walk.traits.sector[places]],
            "cap_class": [CAP_CLASSES[i] for i in walk.traits.cap_class[places]],
        },
        schema_overrides={"sector": pl.String, "cap_class": pl.String},
    )


def _departures(events: cast.Events, number: Counts, days: Days) -> pl.DataFrame:
    leaves = np.flatnonzero(events.leaves_at < days.size)
    last = events.leaves_at[leaves]
    reasons = np.where(events.is_crash[leaves], "delisted after a crash", "taken over")
    return pl.DataFrame(
        {
            "symbol": _symbols(number[last, leaves]),
            "valid_to": days[last],
            "reason": reasons.tolist(),
        },
        schema_overrides={"reason": pl.String},
    )
