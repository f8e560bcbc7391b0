"""Every number a person chose for the options book, with its reason.

Under the rules of ``policy.py``. Money is in USD, a share of a contract's price is a
fraction. The book is on paper: nothing in the project can place an order.
"""

import dataclasses
import hashlib
import json

from turbomode_assets import errors

TRADING = False
"""Whether orders may be placed: never. There is no code that could; where this is on,
the book refuses to be walked."""

SHARES = 100
"""Shares a contract is for: that of every listed option on a share."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelPolicy:
    """What is assumed where nothing is quoted; every such value says so."""

    rate: float = 0.04
    """Annual rate: about that of three-month bills in 2023 to 2026. A point more moves
    the price of a month's contract at the money by a thirtieth."""

    vol_sessions: int = 21
    """Sessions of realized volatility that the implied one is modeled on: a month, the
    life of the contracts looked at."""

    vol_premium: float = 1.1
    """Implied over realized volatility: sellers of single shares ask about a tenth."""

    spread: float = 0.05
    """Spread as a share of the mid: that of the predecessor's check values, and the
    median of liquid quotes of RTX in July 2026."""

    least_spread_usd: float = 0.02
    """Spread of a contract that is worth little: two ticks."""

    strike_step: float = 0.025
    """Distance of listed strikes as a share of the price: 2.50 at 100."""

    n_strikes: int = 6
    """Strikes on each side of the price: as far as the delta band reaches."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("rate", self.rate, -0.05, 0.25)
        errors.require("vol_sessions", self.vol_sessions, 2, 252)
        errors.require("vol_premium", self.vol_premium, 0.5, 3.0)
        errors.require("spread", self.spread, 0.0, 1.0)
        errors.require("least_spread_usd", self.least_spread_usd, 0.0, 1.0)
        errors.require("strike_step", self.strike_step, 0.001, 0.2)
        errors.require("n_strikes", self.n_strikes, 1, 100)


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuotePolicy:
    """When a quote is a finding and cannot be acted on."""

    max_age_minutes: float = 60.0
    """Session minutes after which a quote is stale: chains come every hour."""

    min_vol: float = 0.03
    """Implied volatility below which a quote is absurd: no share is that quiet."""

    max_vol: float = 3.0
    """Implied volatility above which a quote is absurd."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("max_age_minutes", self.max_age_minutes, 0.0, 390.0)
        errors.require("min_vol", self.min_vol, 0.0, 1.0)
        errors.require("max_vol", self.max_vol, self.min_vol, 20.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SelectionPolicy:
    """Which contract stands for a signal; the bounds are the predecessor's."""

    min_days: int = 7
    """Calendar days to expiry at the least: below, an hour's decay eats the move."""

    max_days: int = 45
    """Calendar days to expiry at the most: above, the premium exceeds the limit."""

    target_days: int = 21
    """Life preferred among those allowed: that of the predecessor's check values."""

    max_spread: float = 0.20
    """Spread as a share of the mid at the most."""

    min_traded: float = 50.0
    """Contracts traded in the session from which a contract is liquid."""

    min_open_interest: float = 100.0
    """Contracts open from which it is liquid as well."""

    min_delta: float = 0.25
    """Delta without its sign at the least: cheaper ones are lottery tickets."""

    max_delta: float = 0.65
    """Delta at the most: dearer ones are the share itself."""

    target_delta: float = 0.45
    """Delta preferred: next to the money, where spreads are smallest."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("min_days", self.min_days, 1, 365)
        errors.require("max_days", self.max_days, self.min_days, 365)
        errors.require("target_days", self.target_days, self.min_days, self.max_days)
        errors.require("max_spread", self.max_spread, 0.0, 2.0)
        errors.require("min_traded", self.min_traded, 0.0, 1e6)
        errors.require("min_open_interest", self.min_open_interest, 0.0, 1e6)
        errors.require("min_delta", self.min_delta, 0.0, 1.0)
        errors.require("max_delta", self.max_delta, self.min_delta, 1.0)
        errors.require(
            "target_delta", self.target_delta, self.min_delta, self.max_delta
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class RiskPolicy:
    """What the book may do; where no reason is given, the predecessor's number."""

    capital_usd: float = 1000.0
    """Cash the book begins with. It is never filled up again."""

    max_trade_usd: float = 200.0
    """Cost of a trade at the most, commission included."""

    max_trade_share: float = 0.20
    """The same as a share of the book's equity, so that it shrinks with it."""

    stop_share: float = 0.50
    """Loss of the price paid at which a position is closed."""

    max_trades_month: int = 4
    """Trades opened in a calendar month."""

    conviction_quantile: float = 0.85
    """Conviction asked for, as a quantile: at least that share of the symbol's and
    horizon's earlier signals were less convinced. As a probability 0.85 is out of
    reach, which is why the predecessor never traded."""

    min_earlier_signals: int = 260
    """Earlier signals from which a quantile is told: two weeks of rounds."""

    daily_loss_usd: float = 50.0
    """Loss of a session, marks included, from which nothing more is opened in it."""

    max_losses: int = 3
    """Losses in a row after which the book pauses."""

    pause_sessions: int = 5
    """Sessions it pauses for: a week, for whatever caused them to be looked at."""

    max_positions: int = 2
    """Positions held at once: more are one bet on the same share."""

    max_quote_age_minutes: float = 60.0
    """Age of a quote above which nothing is opened on it."""

    is_expectancy_asked: bool = True
    """Whether only what has paid so far is traded, and sized by it."""

    min_outcomes: int = 30
    """Earlier outcomes that do not overlap, from which an expectancy is told."""

    expectancy_z: float = 1.645
    """Standard errors the bound of the expectancy lies below the mean: 95 %."""

    kelly_share: float = 0.25
    """Share of the growth-optimal size: a quarter, as the bound is itself uncertain."""

    commission_usd: float = 0.65
    """Commission a contract, each way: what retail brokers take."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("capital_usd", self.capital_usd, 1.0, 1e9)
        errors.require("max_trade_usd", self.max_trade_usd, 0.0, self.capital_usd)
        errors.require("max_trade_share", self.max_trade_share, 0.0, 1.0)
        errors.require("stop_share", self.stop_share, 0.01, 1.0)
        errors.require("max_trades_month", self.max_trades_month, 0, 1000)
        errors.require("conviction_quantile", self.conviction_quantile, 0.0, 1.0)
        errors.require("min_earlier_signals", self.min_earlier_signals, 1, 1e6)
        errors.require("daily_loss_usd", self.daily_loss_usd, 0.0, self.capital_usd)
        errors.require("max_losses", self.max_losses, 1, 1000)
        errors.require("pause_sessions", self.pause_sessions, 1, 252)
        errors.require("max_positions", self.max_positions, 0, 100)
        errors.require("max_quote_age_minutes", self.max_quote_age_minutes, 0.0, 390.0)
        errors.require("min_outcomes", self.min_outcomes, 2, 10_000)
        errors.require("expectancy_z", self.expectancy_z, 0.0, 5.0)
        errors.require("kelly_share", self.kelly_share, 0.0, 1.0)
        errors.require("commission_usd", self.commission_usd, 0.0, 10.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetricsPolicy:
    """What figures are held against, and how sure they are told."""

    win_rate: float = 0.40
    """Target: the predecessor's, as are the other three."""

    profit_factor: float = 2.5
    """Target of gains over losses."""

    mean_winner: float = 1.5
    """Target of the mean return of those that gained."""

    mean_loser: float = -0.5
    """Target of the mean return of those that lost: the stop."""

    n_resamples: int = 1000
    """Redrawn series: the ends of an interval then move by a tenth of its width."""

    block: int = 26
    """Mean length of a block of neighbors: a session of signals."""

    week: int = 5
    """The same in sessions, for the equity: longer than a position is held."""

    confidence: float = 0.90
    """Coverage of an interval, as everywhere in the project."""

    seed: int = 20240701
    """Same seed, same intervals."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("win_rate", self.win_rate, 0.0, 1.0)
        errors.require("profit_factor", self.profit_factor, 0.0, 100.0)
        errors.require("mean_winner", self.mean_winner, 0.0, 100.0)
        errors.require("mean_loser", self.mean_loser, -0.9999, 0.0)
        errors.require("n_resamples", self.n_resamples, 10, 1e6)
        errors.require("block", self.block, 1, 10_000)
        errors.require("week", self.week, 1, 10_000)
        errors.require("confidence", self.confidence, 0.5, 0.999)
        errors.require("seed", self.seed, 0, 2**32)

    @property
    def targets(self) -> dict[str, float]:
        """Target of each figure that has one."""
        names = ("win_rate", "profit_factor", "mean_winner", "mean_loser")
        return {name: getattr(self, name) for name in names}


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptionsPolicy:
    """All choices of the options book in force together."""

    model: ModelPolicy = ModelPolicy()
    """What is assumed where nothing is quoted."""

    quotes: QuotePolicy = QuotePolicy()
    """When a quote is a finding."""

    selection: SelectionPolicy = SelectionPolicy()
    """Which contract stands for a signal."""

    risk: RiskPolicy = RiskPolicy()
    """What the book may do."""

    metrics: MetricsPolicy = MetricsPolicy()
    """What figures are held against."""

    @property
    def version(self) -> str:
        """Twelve hex digits that change with any chosen number."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


OPTIONS = OptionsPolicy()
"""The policy of the options book in force."""
