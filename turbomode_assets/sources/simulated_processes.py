"""What moves the simulated market: volatility and returns.

Turns who takes part (`simulated_cast.py`) and a carried state into arrays of shape
(n_sessions, n_symbols) for one year. `walk` does it in order: how strongly prices move
(`draw_volatility`) and how they move (`draw_returns`), leaning towards the latent
score of the session before by as much as `drift` says.

No price, no frame and no file here: `simulated_market.py` makes bars of it.
"""

import dataclasses

import numpy as np

from turbomode_assets.sources import simulated_cast as cast
from turbomode_assets.sources.simulated_cast import Days, Flags, Reals

SCORE_PERSISTENCE = 0.5**0.1
"""Daily autocorrelation of the latent score: its half-life is ten sessions."""

SCORE_RETURN = 0.15
"""Lean of the next session's return, per unit of score, drift and own volatility."""

MARKET_VOL, SECTOR_VOL = 0.0075, 0.0045
"""Daily volatility of market and sector in calm times, as fractions."""

COMMON_PERSISTENCE, COMMON_SPREAD = 0.985, 0.28
"""Daily autocorrelation and standard deviation of the common log-volatility."""

OWN_PERSISTENCE = 0.98
"""Daily autocorrelation of each symbol's own log-volatility."""

TAIL_FREEDOM = 5.0
"""Degrees of freedom of Student's t behind market and own returns: fat tails."""

STRESS_ENTRY, STRESS_EXIT, STRESS_LOG_VOL = 1 / 300, 1 / 45, 0.55
"""Daily chances that stress begins and ends, and what it adds to log-volatility."""

CALM_AFTER_OFFER = 0.1
"""What is left of the volatility between an offer and the takeover."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Volatility:
    """Daily volatilities of shape (n_sessions, n_symbols), and where they come from."""

    common: Reals
    own: Reals
    total: Reals
    own_log_vol: Reals
    common_log_vol: Reals
    is_stressed: Flags


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """One year of what moves prices; arrays of shape (n_sessions, n_symbols)."""

    traits: cast.Traits
    events: cast.Events
    returns: Reals
    """Total log returns from close to close."""

    vol: Reals
    """Standard deviation of the same, known to the market only."""

    score: Reals
    """Latent score at each close: standard normal, independent of returns so far."""

    closing: cast.State
    """As the year before left it, but for `log_close` and `number`."""


def walk(market: cast.Market, days: Days, before: cast.State) -> Walk:
    """One year of returns, continued from the state before it.

    Parameters
    ----------
    market
        Parameters of the market.
    days
        All sessions of one calendar year.
    before
        State at the end of the year before.

    Returns
    -------
    Walk
        The same for the same arguments, bit for bit.
    """
    rng = market.generator(days[0].item().year)
    traits = cast.draw_traits(market)
    events = cast.draw_events(rng, (days.size, market.n_symbols))
    vol = draw_volatility(rng, traits, before, days.size)
    score = _autoregression(rng, SCORE_PERSISTENCE, before.score, days.size)
    strength = market.edge * SCORE_RETURN * drift(days, market.seed)
    if market.breaks_on is not None:
        strength = np.where(days < np.datetime64(market.breaks_on), 1, -1) * strength
    lean = strength[:, None] * np.vstack([before.score, score[:-1]])
    row = np.arange(days.size)[:, None]
    is_bought = (row > events.jumps_at) & (row <= events.leaves_at)
    calm = np.where(is_bought, CALM_AFTER_OFFER, 1.0)
    returns = calm * draw_returns(rng, traits, vol, lean)
    closing = dataclasses.replace(
        before,
        score=score[-1],
        own_log_vol=vol.own_log_vol[-1],
        common_log_vol=vol.common_log_vol[-1],
        is_stressed=bool(vol.is_stressed[-1]),
    )
    return Walk(
        traits=traits,
        events=events,
        returns=returns + np.where(row == events.jumps_at, events.jump, 0.0),
        vol=calm * vol.total,
        score=score,
        closing=closing,
    )


def draw_volatility(
    rng: np.random.Generator, traits: cast.Traits, before: cast.State, n_sessions: int
) -> Volatility:
    """Volatility that clusters: regimes, a common and an own part.

    The regime is a two-state Markov chain: one uniform number a session either forces
    a state or keeps the last one.
    """
    own_log_vol = cast.OWN_SPREAD * _autoregression(
        rng, OWN_PERSISTENCE, before.own_log_vol / cast.OWN_SPREAD, n_sessions
    )
    common_log_vol = COMMON_SPREAD * _autoregression(
        rng, COMMON_PERSISTENCE, before.common_log_vol / COMMON_SPREAD, n_sessions
    )
    uniform = rng.random(n_sessions)
    is_forced = (uniform < STRESS_ENTRY) | (uniform > 1.0 - STRESS_EXIT)
    last_forced = np.maximum.accumulate(np.where(is_forced, np.arange(n_sessions), -1))
    is_stressed = np.where(
        last_forced < 0, before.is_stressed, uniform[last_forced] < STRESS_ENTRY
    )
    common = np.exp(common_log_vol + STRESS_LOG_VOL * is_stressed[:, None])
    own = traits.vol * np.sqrt(common) * np.exp(own_log_vol)
    shared = common**2 * ((traits.beta * MARKET_VOL) ** 2 + SECTOR_VOL**2)
    return Volatility(
        common=common,
        own=own,
        total=np.sqrt(shared + own**2),
        own_log_vol=own_log_vol,
        common_log_vol=common_log_vol,
        is_stressed=is_stressed,
    )


def draw_returns(
    rng: np.random.Generator, traits: cast.Traits, vol: Volatility, lean: Reals
) -> Reals:
    """Total log returns from close to close, before departures.

    Parameters
    ----------
    rng
        Generator of the year.
    traits
        Who is who.
    vol
        Volatility of the year.
    lean
        Planted part in units of own volatility, of shape (n_sessions, n_symbols).

    Returns
    -------
    ndarray of shape (n_sessions, n_symbols)
        Log returns; their expectation without a lean is zero.
    """
    n_sessions, n = vol.own.shape
    scale = np.sqrt((TAIL_FREEDOM - 2.0) / TAIL_FREEDOM)
    market = MARKET_VOL * scale * rng.standard_t(TAIL_FREEDOM, (n_sessions, 1))
    sectors = SECTOR_VOL * rng.normal(size=(n_sessions, cast.N_SECTORS))
    own = vol.own * (scale * rng.standard_t(TAIL_FREEDOM, (n_sessions, n)) + lean)
    returns: Reals = (
        vol.common * (traits.beta * market + sectors[:, traits.sector]) + own
    )
    return returns


def drift(days: Days, seed: int) -> Reals:
    """Sign and strength of the planted part in [-1, 1], at edge 1.

    Parameters
    ----------
    days
        Sessions, of shape (n_sessions,).
    seed
        Seed of the market; it only shifts the wave. Seed 7 turns positive late in
        2018 and negative in mid-2025, so that the years shown most lie between.

    Returns
    -------
    ndarray of shape (n_sessions,)
        A smooth, squashed wave of ten years, positive for 6.9 and negative for 3.1 of
        them, whose strength breathes by a quarter.

    Examples
    --------
    >>> days = np.array(["2016-06-01", "2022-06-01"], dtype="datetime64[D]")
    >>> np.sign(drift(days, 7)).tolist()
    [-1.0, 1.0]
    """
    golden = (np.sqrt(5.0) - 1.0) / 2.0
    years = (days - np.datetime64("2022-03-15")).astype(np.float64) / 365.25
    years = years + 10.0 * ((seed - 7) * golden % 1.0)
    wave = np.tanh(2.0 * (np.cos(2.0 * np.pi * years / 10.0) + 0.55))
    strength = 0.875 + 0.125 * np.cos(2.0 * np.pi * years / 2.7)
    planted: Reals = wave * strength
    return planted


def _autoregression(
    rng: np.random.Generator, persistence: float, last: Reals, n_sessions: int
) -> Reals:
    """Continue a first-order autoregression of unit variance from `last`."""
    scale = float(np.sqrt(1.0 - persistence**2))
    path = rng.normal(0.0, scale, (n_sessions, last.size))
    for row, before in enumerate([last, *path[:-1]]):
        path[row] += persistence * before
    return path
