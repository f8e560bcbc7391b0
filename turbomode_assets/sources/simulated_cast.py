"""Who takes part in the simulated market, and what happens to them in a year.

The parameters, the state one year hands to the next, and the random draws that are
not paths: traits that never change, departures and splits. No return and no price
here; those follow in `simulated_processes.py` and `simulated_market.py`.
"""

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt

from turbomode_assets import errors

Reals = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]

N_SECTORS = 11
"""Sectors of the Global Industry Classification Standard."""

OWN_VOL, OWN_SPREAD = 0.0120, 0.38
"""Daily volatility of the median symbol's own part, as a fraction, and the standard
deviation of its logarithm over time: with the market's and the sector's they give the
base rate of +10 % in 14 days that large United States stocks had."""

LEAVE_CHANCE, CRASH_SHARE = 0.03, 0.4
"""Yearly chance that a symbol leaves, and the share that leaves by a crash; the
others are taken over."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Market:
    """The parameters that, with a year, determine every bar."""

    seed: int
    """Seed of every draw; not negative."""

    edge: float
    """Strength of the planted part; 0 plants nothing but footprints."""

    n_symbols: int
    """Symbols alive in every session: who leaves is replaced in the next one."""

    breaks_on: dt.date | None = None
    """Session from which the planted part means the opposite; None for never."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        least = {"seed": 0, "edge": 0.0, "n_symbols": 1}
        faults = [
            f"`{name}` must be at least {low}, was {getattr(self, name)}"
            for name, low in least.items()
            if not getattr(self, name) >= low
        ]
        if faults:
            raise errors.SettingsError("; ".join(faults))

    def generator(self, *stream: int) -> np.random.Generator:
        """Random numbers of one stream, such as a year; streams are independent."""
        entropy = np.random.SeedSequence(self.seed, spawn_key=stream)
        return np.random.default_rng(entropy)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """What one year hands to the next; arrays of shape (n_symbols,)."""

    log_close: Reals
    score: Reals
    own_log_vol: Reals
    common_log_vol: Reals
    is_stressed: bool
    number: Counts


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Traits:
    """What never changes about a place in the market; arrays of shape (n_symbols,)."""

    sector: Counts
    cap_class: Counts
    beta: Reals
    vol: Reals
    log_turnover: Reals
    quarterly_yield: Reals
    ex_offset: Counts


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Events:
    """When something happens this year, as row numbers; arrays of shape (n_symbols,).

    Where `leaves_at` and `jumps_at` equal the number of sessions, the symbol stays.
    """

    leaves_at: Counts
    jumps_at: Counts
    jump: Reals
    is_crash: Flags
    splits_at: Counts
    log_debut: Reals


def opening_state(market: Market) -> State:
    """State before the first session, drawn from where the processes settle."""
    rng, n = market.generator(1), market.n_symbols
    return State(
        log_close=_log_debuts(rng, n),
        score=rng.normal(size=n),
        own_log_vol=rng.normal(0.0, OWN_SPREAD, size=n),
        common_log_vol=np.zeros(1),
        is_stressed=False,
        number=np.arange(1, n + 1),
    )


def draw_traits(market: Market) -> Traits:
    """Sector, size, risk and payout of each place in the market."""
    rng, n = market.generator(0), market.n_symbols
    cap_class = np.arange(n) // N_SECTORS % 3
    pays = rng.random(n) < 0.6 - 0.1 * cap_class
    return Traits(
        sector=np.arange(n) % N_SECTORS,
        cap_class=cap_class,
        beta=rng.normal(1.0, 0.25, n).clip(0.3, 1.8),
        vol=OWN_VOL * np.exp(0.12 * (cap_class - 1) + rng.normal(0.0, 0.40, n)),
        log_turnover=rng.normal(19.0, 0.5, n) - 1.2 * cap_class,
        quarterly_yield=pays * rng.uniform(0.002, 0.009, n),
        ex_offset=rng.integers(5, 60, n),
    )


def draw_events(rng: np.random.Generator, shape: tuple[int, int]) -> Events:
    """Departures, their jumps, and the session in which a split may fall."""
    n_sessions, n = shape
    leaves = rng.random(n) < LEAVE_CHANCE
    leaves_at = rng.integers(40, n_sessions - 5, n)
    is_crash = rng.random(n) < CRASH_SHARE
    premium = np.log1p(rng.uniform(0.12, 0.35, n))
    loss = np.log1p(-rng.uniform(0.4, 0.8, n))
    offered_at = leaves_at - rng.integers(5, 25, n)
    jumps_at = np.where(is_crash, leaves_at, offered_at)
    return Events(
        leaves_at=np.where(leaves, leaves_at, n_sessions),
        jumps_at=np.where(leaves, jumps_at, n_sessions),
        jump=np.where(is_crash, loss, premium),
        is_crash=is_crash,
        splits_at=rng.integers(1, n_sessions, n),
        log_debut=_log_debuts(rng, n),
    )


def _log_debuts(rng: np.random.Generator, n: int) -> Reals:
    return rng.normal(np.log(45.0), 0.45, n)
