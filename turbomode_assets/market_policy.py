"""Every number a person chose about the market: quality, curation and ranking.

Part of ``policy.Policy``, under the same rules: frozen, keyword-only, each number with
its reason.
"""

import dataclasses

from turbomode_assets import errors


@dataclasses.dataclass(frozen=True, kw_only=True)
class QualityPolicy:
    """When a delivered row is refused, and when the source itself is not believed."""

    same_within: float = 1e-6
    """Relative difference up to which two prices are the same: a source that divides
    by later splits in single precision is off by up to 1e-7."""

    max_jump: float = 0.40
    """Return from close to close, as a fraction in either direction, beyond which a
    row without an action waits for a second look: splits are posted up to a night
    late, and a two-for-one split looks like a fall of 50 %."""

    min_scale: float = 20.0
    """Factor to the neighboring closes from which a price is absurd: vendors mix up
    dollars and cents (100), and no listed stock moved by twenty in a session."""

    absurd_sessions: int = 2
    """Bars on either side whose median is the level an absurd price is held against:
    mixed-up units last a day or two, and a real change of level is believed after as
    many."""

    max_price: float = 1e6
    """Price in dollars beyond which no share was ever listed: Berkshire Hathaway A,
    the dearest, trades below it. Prices divided by reverse splits lie beyond."""

    range_tolerance: float = 1e-3
    """Relative difference by which open and close may lie outside low and high, and
    by which closes of one session may differ: beyond rounding, below any real move."""

    large_action: float = 0.25
    """Log factor of a split or dividend from which the price must show it: five for
    four, more than a price moves on a usual day."""

    doubled_sessions: int = 3
    """Sessions within which the same dividend is not paid twice: shorter than the week
    between the payments of the most frequent payers."""

    silent_sessions: int = 20
    """Sessions without a bar after which another price level may mean another company:
    longer than a trading halt that is usual."""

    frozen_sessions: int = 5
    """Sessions without volume or any change from which a bar is no trade but a
    repetition: longer than a trading halt over a weekend."""

    min_coverage: float = 0.80
    """Share of the symbols that traded in the session before which must have a bar:
    where more than a fifth are missing, ranks and market features mean another
    market."""

    gone_sessions: int = 5
    """Sessions in a row in which the source must have denied a symbol, while it served
    others, before it counts as delisted: a trading week outlasts any outage that
    concerned one symbol alone."""

    max_repeated: float = 0.50
    """Share of bars equal to those of the session before from which the source is
    stuck."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("same_within", self.same_within, 0.0, 0.01)
        errors.require("max_jump", self.max_jump, 0.05, 1.0)
        errors.require("min_scale", self.min_scale, 2.0, 1000.0)
        errors.require("absurd_sessions", self.absurd_sessions, 1, 20)
        errors.require("max_price", self.max_price, 1e5, 1e8)
        errors.require("range_tolerance", self.range_tolerance, 0.0, 0.05)
        errors.require("large_action", self.large_action, 0.05, 1.0)
        errors.require("doubled_sessions", self.doubled_sessions, 1, 20)
        errors.require("silent_sessions", self.silent_sessions, 1, 252)
        errors.require("frozen_sessions", self.frozen_sessions, 2, 252)
        errors.require("min_coverage", self.min_coverage, 0.0, 1.0)
        errors.require("gone_sessions", self.gone_sessions, 1, 252)
        errors.require("max_repeated", self.max_repeated, 0.0, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CurationPolicy:
    """Which candidates belong for a quarter.

    Each number stands twice: what a newcomer must reach to enter, and what a member
    must fall below to leave. Between the two nothing moves, so names do not flicker.
    """

    lookback_sessions: int = 63
    """Sessions before the quarter that are looked at: one quarter."""

    enter_price_usd: float = 5.0
    """Last close as traded: the predecessor's floor, below which brokers restrict
    trading. Means nothing on prices that are not as traded."""

    exit_price_usd: float = 4.0
    """A fifth below entry: two to three weekly standard deviations."""

    enter_dollar_volume_usd: float = 5_000_000.0
    """Median dollar volume of a session: twice the predecessor's 500,000 shares at
    5 USD; a position of 1,000 USD is then a fiftieth of a percent of it."""

    exit_dollar_volume_usd: float = 3_000_000.0
    """Two fifths below entry: dollar volume varies by half from quarter to quarter."""

    enter_traded_share: float = 0.95
    """Share of the look-back's sessions in which it traded; also asks a newcomer for
    nearly a quarter of history."""

    exit_traded_share: float = 0.80
    """Two and a half weeks of halts in a quarter."""

    large_dollar_volume_usd: float = 150_000_000.0
    """Median dollar volume from which a symbol without a known size counts as large:
    nine of ten members of the S&P 500 reach it."""

    mid_dollar_volume_usd: float = 30_000_000.0
    """Median dollar volume from which it counts as mid."""

    max_per_sector: int = 0
    """Most members a sector may have, by dollar volume; 0 sets no quota, since whoever
    chose the candidates chose their sectors."""

    sector_buffer: int = 2
    """Places by which a member may rank below the quota and keep its place."""

    def __post_init__(self) -> None:
        """Refuse values without meaning, and bands that are upside down."""
        errors.require("lookback_sessions", self.lookback_sessions, 5, 252)
        errors.require("enter_price_usd", self.enter_price_usd, 0.0, 1e4)
        errors.require("exit_price_usd", self.exit_price_usd, 0.0, self.enter_price_usd)
        errors.require(
            "enter_dollar_volume_usd", self.enter_dollar_volume_usd, 0.0, 9e8
        )
        ceiling = self.enter_dollar_volume_usd
        errors.require(
            "exit_dollar_volume_usd", self.exit_dollar_volume_usd, 0.0, ceiling
        )
        errors.require("enter_traded_share", self.enter_traded_share, 0.0, 1.0)
        ceiling = self.enter_traded_share
        errors.require("exit_traded_share", self.exit_traded_share, 0.0, ceiling)
        errors.require(
            "large_dollar_volume_usd", self.large_dollar_volume_usd, 0.0, 9e8
        )
        ceiling = self.large_dollar_volume_usd
        errors.require(
            "mid_dollar_volume_usd", self.mid_dollar_volume_usd, 0.0, ceiling
        )
        errors.require("max_per_sector", self.max_per_sector, 0, 10_000)
        errors.require("sector_buffer", self.sector_buffer, 0, 1000)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RankingPolicy:
    """How the skill of past signals ranks the symbols."""

    short_days: int = 30
    """Calendar days of the shortest window: the predecessor's."""

    middle_days: int = 60
    """Calendar days of the middle window: the predecessor's."""

    long_days: int = 90
    """Calendar days of the longest window: the predecessor's."""

    short_weight: float = 0.5
    """Weight of the shortest window: the predecessor's."""

    middle_weight: float = 0.3
    """Weight of the middle window: the predecessor's; the longest has the rest."""

    credibility: float = 0.95
    """One-sided probability of the bounds on skill."""

    min_prior_strength: float = 4.0
    """Fewest trials the prior counts for, were symbols ever so different: more than
    the two or three that do not overlap in the shortest window."""

    max_prior_strength: float = 400.0
    """Most trials it counts for, where symbols do not differ: 100 symbols with five
    trials each cannot tell a larger number from infinity."""

    trend_days: int = 365
    """Days before the longest window whose hits foretell those in it. The predecessor
    held 30 days against 90, two trials against four: too few to tell anything."""

    alarm_rate: float = 0.10
    """Highest chance per symbol and month of being called improving or deteriorating
    where nothing has changed; half of it on each side."""

    n_top: int = 10
    """Symbols in the top list: the predecessor's."""

    judged_months: int = 12
    """Rankings whose own worth is looked at: a year, as for a challenger."""

    n_permutations: int = 2000
    """Random rankings the worth is held against: a 5 % quantile is then known to
    about half a point."""

    seed: int = 11
    """Seed of the random rankings."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("long_days", self.long_days, 1, 730)
        errors.require("middle_days", self.middle_days, 1, self.long_days)
        errors.require("short_days", self.short_days, 1, self.middle_days)
        errors.require("short_weight", self.short_weight, 0.0, 1.0)
        errors.require(
            "middle_weight", self.middle_weight, 0.0, 1.0 - self.short_weight
        )
        errors.require("credibility", self.credibility, 0.5, 0.9999)
        errors.require("max_prior_strength", self.max_prior_strength, 0.01, 1e6)
        ceiling = self.max_prior_strength
        errors.require("min_prior_strength", self.min_prior_strength, 0.01, ceiling)
        errors.require("trend_days", self.trend_days, 1, 3650)
        errors.require("alarm_rate", self.alarm_rate, 0.0, 0.5)
        errors.require("n_top", self.n_top, 1, 10_000)
        errors.require("judged_months", self.judged_months, 1, 600)
        errors.require("n_permutations", self.n_permutations, 100, 1_000_000)
