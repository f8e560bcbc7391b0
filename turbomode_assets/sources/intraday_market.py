"""How one year of the simulated intraday market comes about.

Turns a market's parameters and the state at the end of one year into prices of every
round, stories and option flow of the next. A year is always built whole, from a
generator of its own, so asking for more years never changes earlier ones.

Two things are planted in what moves the price, and nothing in any voter:

* *stories*: every session a story breaks, good or bad, and for a session of rounds
  afterwards the price leans its way. Headlines tell it, some of them wrongly.
* *flow*: in every session someone trades options on one side. The price leans with
  that side, and from `Market.turns_every` to `Market.turns_every` sessions against it.

Nothing else foretells a direction. No frame, no file and no text here: the rows that a
source delivers are made in `intraday_rows.py`.
"""

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import errors, rounds

Reals = npt.NDArray[np.float64]

MARKET_VOL, SECTOR_VOL, OWN_VOL = 0.008, 0.005, 0.012
"""Daily volatility of market, sector and each company in calm times, as fractions."""

OVERNIGHT_SHARE = 0.2
"""Part of the daily variance that falls on the night before the session."""

VOL_PERSISTENCE, VOL_SPREAD = 0.97, 0.35
"""Daily autocorrelation and standard deviation of the common log-volatility."""

DOLLAR_VOL, INDEX_NOISE = 0.004, 0.02
"""Daily volatility of the dollar, and noise of the volatility index."""

LEAN = 0.12
"""Drift of a round per story or flow of one, at edge 1, in units of the company's own
volatility: with one of them, four prices out of seven end its way an hour later."""

STORY_ROUNDS = rounds.FULL_SESSION
"""Rounds for which the price leans towards a story."""

INDEX_BETAS = (1.0, 1.2, 0.9)
"""Market exposure of the three index funds."""

N_PEERS = 5
"""Companies of the same sector beside those that are traded."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Market:
    """Parameters of a simulated intraday market."""

    seed: int
    edge: float
    symbols: tuple[str, ...]
    turns_every: int

    def __post_init__(self) -> None:
        """Refuse what no market can be made of."""
        if self.seed < 0 or self.edge < 0 or self.turns_every < 1 or not self.symbols:
            message = (
                "a simulated market needs a seed and an edge from 0, turns_every from "
                f"1 and at least one symbol, was {self}"
            )
            raise errors.SettingsError(message)

    @property
    def peers(self) -> tuple[str, ...]:
        """Companies of the same sector."""
        return tuple(f"PEER{i + 1}" for i in range(N_PEERS))

    @property
    def indices(self) -> tuple[str, ...]:
        """Index funds."""
        return ("INDEX1", "INDEX2", "INDEX3")

    volatility_index = "^SIMVOL"
    dollar_index = "SIMDOLLAR"

    @property
    def companies(self) -> tuple[str, ...]:
        """Traded symbols and their peers."""
        return self.symbols + self.peers

    @property
    def names(self) -> tuple[str, ...]:
        """Every symbol, in the order of the columns of `Year`."""
        shared = (*self.indices, self.volatility_index, self.dollar_index)
        return self.companies + shared


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Year:
    """One year of the market; arrays of shape (n_rounds, n_names)."""

    grid: pl.DataFrame
    """Columns of `rounds.between`."""

    opens: Reals
    closes: Reals
    vol: Reals
    """Standard deviation of a company's log return in each round, (n_rounds,)."""

    daily_vol: Reals
    """The same of the whole session around it, night included."""

    story: npt.NDArray[np.int64]
    """Side of the story that breaks in a round, else 0; (n_rounds, n_symbols)."""

    flow: npt.NDArray[np.int64]
    """Side of the option flow of the session; (n_rounds, n_symbols)."""

    state: "State"
    """What the next year starts from."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """What one year hands to the next."""

    log_close: Reals
    log_vol: float
    recent_story: npt.NDArray[np.int64]
    """Side of the story of each of the last `STORY_ROUNDS` rounds."""

    n_sessions: int


def opening(market: Market) -> State:
    """State before the first session."""
    start = np.full(len(market.names), np.log(100.0))
    recent = np.zeros((STORY_ROUNDS, len(market.symbols)), dtype=np.int64)
    return State(log_close=start, log_vol=0.0, recent_story=recent, n_sessions=0)


def build_year(market: Market, year: int, before: State) -> Year:
    """Prices, stories and flow of `year`, continued from the state before it."""
    rng = np.random.default_rng((market.seed, year))
    grid = rounds.between(dt.date(year, 1, 1), dt.date(year, 12, 31))
    day = (grid["session"].rank("dense").to_numpy() - 1).astype(np.int64)
    log_vol = _log_vol(rng, before.log_vol, int(day[-1]) + 1)
    level = np.exp(log_vol)[day]
    story, flow = _stories(rng, grid, market), _flow(rng, day, market)
    turns = 1 - 2 * ((before.n_sessions + day) // market.turns_every % 2)
    lean = _alive(story, before.recent_story) + turns[:, None] * flow
    vol = level * _round_share(grid)
    moves = _draw(rng, vol, market)
    moves[:, : len(market.symbols)] += (
        market.edge * LEAN * OWN_VOL * lean * vol[:, None]
    )
    is_first = (grid["minute"] == rounds.MINUTES).to_numpy()
    night = _draw(rng, np.where(is_first, level * OVERNIGHT_SHARE**0.5, 0.0), market)
    log_close = before.log_close + np.cumsum(moves + night, axis=0)
    opens, closes = np.exp(log_close - moves), np.exp(log_close)
    at = market.names.index(market.volatility_index)
    closes[:, at] = _index_level(rng, level)
    opens[:, at] = np.concatenate([closes[:1, at], closes[:-1, at]])
    total = (MARKET_VOL**2 + SECTOR_VOL**2 + OWN_VOL**2) ** 0.5
    return Year(
        grid=grid,
        opens=opens,
        closes=closes,
        vol=vol * total,
        daily_vol=level * total,
        story=story,
        flow=flow,
        state=State(
            log_close=log_close[-1],
            log_vol=float(log_vol[-1]),
            recent_story=np.concatenate([before.recent_story, story])[-STORY_ROUNDS:],
            n_sessions=before.n_sessions + int(day[-1]) + 1,
        ),
    )


def _log_vol(rng: np.random.Generator, last: float, n_days: int) -> Reals:
    path = rng.normal(0.0, VOL_SPREAD * np.sqrt(1.0 - VOL_PERSISTENCE**2), n_days)
    for i in range(n_days):
        path[i] += VOL_PERSISTENCE * last
        last = path[i]
    return path


def _round_share(grid: pl.DataFrame) -> Reals:
    """Standard deviation of each round as a share of the session's: U-shaped."""
    ends = np.arange(1, rounds.FULL_SESSION + 1) / rounds.FULL_SESSION
    full = 1.0 + 2.0 * (ends - 0.55) ** 2
    share = full * np.sqrt((1.0 - OVERNIGHT_SHARE) / (full**2).sum())
    within: Reals = share[grid["minute"].to_numpy() // rounds.MINUTES - 1]
    return within


def _index_level(rng: np.random.Generator, level: Reals) -> Reals:
    """Annual volatility of the market in percent, as the index quotes it."""
    noise = np.exp(INDEX_NOISE * rng.normal(size=level.size))
    quoted: Reals = 100.0 * np.sqrt(252.0) * MARKET_VOL * level * noise
    return quoted


def _stories(
    rng: np.random.Generator, grid: pl.DataFrame, market: Market
) -> npt.NDArray[np.int64]:
    """Side of the story that breaks: one a session, half of them overnight."""
    minute = grid["minute"].to_numpy()
    first = np.flatnonzero(minute == rounds.MINUTES)
    lengths = np.diff(np.append(first, len(minute)))
    story = np.zeros((len(minute), len(market.symbols)), dtype=np.int64)
    for column in range(len(market.symbols)):
        side = rng.choice([-1, 1], first.size)
        later = rng.integers(0, lengths) * rng.integers(0, 2, first.size)
        story[first + later, column] = side
    return story


def _alive(
    story: npt.NDArray[np.int64], recent: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Side of the stories that broke in the rounds before each, at most one."""
    whole = np.cumsum(np.concatenate([recent, story]), axis=0)
    whole = np.concatenate([np.zeros_like(whole[:1]), whole])
    n = len(story)
    # Up to the round before: a round does not know a story that breaks within it.
    told = whole[STORY_ROUNDS : STORY_ROUNDS + n] - whole[:n]
    alive: npt.NDArray[np.int64] = np.clip(told, -1, 1)
    return alive


def _flow(
    rng: np.random.Generator, day: npt.NDArray[np.int64], market: Market
) -> npt.NDArray[np.int64]:
    sides = rng.choice([-1, 1], (int(day[-1]) + 1, len(market.symbols)))
    flow: npt.NDArray[np.int64] = sides[day].astype(np.int64)
    return flow


def _draw(rng: np.random.Generator, vol: Reals, market: Market) -> Reals:
    """Log return of each name for each row of `vol`, a share of daily volatility."""
    n = len(market.companies)
    beta = np.array([1.0] * n + [*INDEX_BETAS, 0.0, 0.0])
    sector = np.array([1.0] * n + [0.0] * 5)
    own = np.array([1.0] * n + [0.1] * 3 + [0.0, DOLLAR_VOL / OWN_VOL])
    returns: Reals = vol[:, None] * (
        MARKET_VOL * beta * rng.normal(size=(vol.size, 1))
        + SECTOR_VOL * sector * rng.normal(size=(vol.size, 1))
        + OWN_VOL * own * rng.normal(size=(vol.size, own.size))
    )
    return returns
