"""Numbers chosen for the voters of the intraday desk, a record each.

Most are the predecessor's or the textbook's: what a vote is worth is learned, so that
none of them is tuned. Part of ``intraday_policy.IntradayPolicy``, under the rules of
``policy.py``.
"""

import dataclasses

from turbomode_assets import errors


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewsPolicy:
    """How headlines are read."""

    half_life_minutes: float = 240.0
    """Age at which a headline counts half: four hours, the desk's middle horizon."""

    full_headlines: float = 2.0
    """Fresh telling headlines from which confidence is full: a second one confirms."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("half_life_minutes", self.half_life_minutes, 1.0, 10_000.0)
        errors.require("full_headlines", self.full_headlines, 0.1, 100.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TechnicalPolicy:
    """Averages, bands and oscillators; the textbook's values throughout."""

    fast_sessions: int = 20
    """Short moving average and Bollinger band: a trading month."""

    slow_sessions: int = 50
    """Long moving average: ten weeks."""

    strength_sessions: int = 14
    """Relative strength, as Wilder chose it."""

    low_strength: float = 30.0
    """Relative strength below which it is oversold."""

    high_strength: float = 70.0
    """Relative strength above which it is overbought."""

    band_sigmas: float = 2.0
    """Deviations from the average that a Bollinger band is away."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("fast_sessions", self.fast_sessions, 2, 60)
        errors.require("slow_sessions", self.slow_sessions, 2, 80)
        errors.require("strength_sessions", self.strength_sessions, 2, 60)
        errors.require("low_strength", self.low_strength, 1.0, 50.0)
        errors.require("high_strength", self.high_strength, 50.0, 99.0)
        errors.require("band_sigmas", self.band_sigmas, 0.5, 5.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlowPolicy:
    """Which option trades tell something."""

    min_days: float = 1.0
    """Days to expiry below which a contract is left out: on its last day it is traded
    for reasons of its own."""

    max_age_minutes: float = 390.0
    """Age at which quotes are too old: a session."""

    min_traded: float = 100.0
    """Contracts traded below which nothing is said: the predecessor's."""

    full_traded: float = 1000.0
    """Contracts traded from which confidence is full: ten times as many."""

    vol_sessions: int = 20
    """Sessions of the volatility that the implied one is held against: a month, about
    the life of the options looked at."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("min_days", self.min_days, 0.0, 365.0)
        errors.require("max_age_minutes", self.max_age_minutes, 15.0, 10_000.0)
        errors.require("min_traded", self.min_traded, 1.0, 1e6)
        errors.require("full_traded", self.full_traded, 1.0, 1e7)
        errors.require("vol_sessions", self.vol_sessions, 5, 80)


@dataclasses.dataclass(frozen=True, kw_only=True)
class VolatilityPolicy:
    """Which stretch of volatility is held against which."""

    short_sessions: int = 10
    """The stretch that is now: two weeks, the predecessor's shortest."""

    long_sessions: int = 60
    """The stretch that is usual: a quarter."""

    gain: float = 2.0
    """Factor on the log ratio before it is squashed: the two stretches differ by a
    quarter on a usual day, which is to be a score of about a half."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("short_sessions", self.short_sessions, 2, 60)
        errors.require("long_sessions", self.long_sessions, 2, 88)
        errors.require("gain", self.gain, 0.1, 20.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MomentumPolicy:
    """Over which stretches a price is said to move."""

    short_sessions: int = 5
    """A week, as the predecessor's."""

    long_sessions: int = 20
    """A month, as the predecessor's."""

    busy_ratio: float = 1.5
    """Volume of the last whole session over its monthly mean from which a move is
    confirmed: the predecessor's."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("short_sessions", self.short_sessions, 1, 60)
        errors.require("long_sessions", self.long_sessions, 2, 80)
        errors.require("busy_ratio", self.busy_ratio, 0.1, 20.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SectorPolicy:
    """How a company is held against its peers."""

    windows: tuple[int, ...] = (5, 5, 10)
    """Neighboring stretches in sessions, newest first: together the predecessor's 5, 10
    and 20 sessions, with no session counted twice."""

    min_peers: int = 2
    """Fewest peers with prices: one would be a bet on that one."""

    correlation_sessions: int = 60
    """Sessions of the correlations: a quarter, the predecessor's."""

    high_peer_correlation: float = 0.8
    """Correlation with the peers above which they say little: the predecessor's."""

    high_market_correlation: float = 0.9
    """Correlation with the market above which the sector says little."""

    peer_haircut: float = 0.9
    """Confidence left where the peers say little: the predecessor's."""

    market_haircut: float = 0.85
    """Confidence left where the sector says little: the predecessor's."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("windows", min(self.windows, default=0), 1, 60)
        errors.require("windows", sum(self.windows), 2, 80)
        errors.require("min_peers", self.min_peers, 1, 100)
        errors.require("correlation_sessions", self.correlation_sessions, 5, 80)
        errors.require("high_peer_correlation", self.high_peer_correlation, 0.0, 1.0)
        errors.require(
            "high_market_correlation", self.high_market_correlation, 0.0, 1.0
        )
        errors.require("peer_haircut", self.peer_haircut, 0.0, 1.0)
        errors.require("market_haircut", self.market_haircut, 0.0, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReversionPolicy:
    """From when on a price counts as stretched."""

    sessions: int = 20
    """Sessions of the mean it is held against: a month, the predecessor's."""

    oscillator_sessions: int = 14
    """Sessions of both oscillators: the textbook's."""

    stretched_sigmas: float = 2.0
    """Deviations from the mean that are a stretch: the predecessor's."""

    extreme_share: float = 0.05
    """Part of an oscillator's range at either end that is an extreme: the
    predecessor's for the band, and near its 80 and 20 for relative strength."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("sessions", self.sessions, 5, 80)
        errors.require("oscillator_sessions", self.oscillator_sessions, 2, 80)
        errors.require("stretched_sigmas", self.stretched_sigmas, 0.1, 10.0)
        errors.require("extreme_share", self.extreme_share, 0.001, 0.5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RegimePolicy:
    """What kind of market it is."""

    fast_sessions: int = 20
    """Short moving average of the indices: a month."""

    slow_sessions: int = 50
    """Long moving average: ten weeks, the predecessor's."""

    calm_level: float = 12.0
    """Volatility index at and below which the market is calm: the predecessor's."""

    usual_level: float = 20.0
    """Volatility index that is usual: the predecessor's, its long-run mean."""

    stressed_level: float = 30.0
    """Volatility index at and above which it is stressed: the predecessor's."""

    dollar_weight: float = 0.25
    """Part of the score that the dollar has, the rest is the trend of the indices: one
    of four things looked at."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("fast_sessions", self.fast_sessions, 2, 60)
        errors.require("slow_sessions", self.slow_sessions, 2, 80)
        errors.require("calm_level", self.calm_level, 1.0, 100.0)
        errors.require("usual_level", self.usual_level, 1.0, 100.0)
        errors.require("stressed_level", self.stressed_level, 1.0, 200.0)
        errors.require("dollar_weight", self.dollar_weight, 0.0, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class VoterPolicy:
    """The numbers of every voter together."""

    news: NewsPolicy = NewsPolicy()
    """How headlines are read."""

    technical: TechnicalPolicy = TechnicalPolicy()
    """Averages, bands and oscillators."""

    flow: FlowPolicy = FlowPolicy()
    """Which option trades tell something."""

    volatility: VolatilityPolicy = VolatilityPolicy()
    """Which volatility is held against which."""

    momentum: MomentumPolicy = MomentumPolicy()
    """Over which stretches a price moves."""

    sector: SectorPolicy = SectorPolicy()
    """How a company is held against its peers."""

    reversion: ReversionPolicy = ReversionPolicy()
    """From when on a price is stretched."""

    regime: RegimePolicy = RegimePolicy()
    """What kind of market it is."""
