"""Numbers chosen for what looks at the loop: reports, explanations, kept artifacts.

Part of `policy.Policy`, which has the numbers of the loop itself and says what counts
as policy.
"""

import dataclasses

from turbomode_assets import errors


@dataclasses.dataclass(frozen=True, kw_only=True)
class DriftPolicy:
    """When a feature's last month is unlike the window a challenger learns from."""

    n_bins: int = 10
    """Bins of the stability index: deciles, as it is usually read."""

    alarm_rate: float = 0.05
    """Nominal chance of naming any feature in a month in which none has changed; with
    seven years of window it leaves room for three unlike months. Measured 0.5 to 9 %:
    the more, the longer values remember, see docs/feature_drift.md."""

    after_sessions: int = 252
    """Sessions after a stretch that it is not held against: the longest look-back, and
    so how long values remember."""

    min_sessions: int = 504
    """Fewest sessions a month is held against: twice as long as values remember."""

    min_filled: float = 0.5
    """Values of a stretch, as a share of the usual, below which it is not compared:
    half empty, as while a look-back fills, it would be unlike any other."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("n_bins", self.n_bins, 2, 100)
        errors.require("alarm_rate", self.alarm_rate, 0.001, 0.5)
        errors.require("after_sessions", self.after_sessions, 0, 1260)
        errors.require("min_sessions", self.min_sessions, 63, 5040)
        errors.require("min_filled", self.min_filled, 0.0, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaperPolicy:
    """The paper book a replay keeps of each arm."""

    n_names: int = 5
    """Symbols bought, and symbols sold, each session: a twentieth of the universe on
    either side."""

    cost: float = 0.0010
    """Cost of a side of a trade, as a fraction of its value: half a spread of 10 basis
    points and 5 of slippage at the open, for large companies."""

    tranches: int = 11
    """Parts of the capital, one for each session of a holding period: the book is
    never more than fully invested."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("n_names", self.n_names, 1, 1000)
        errors.require("cost", self.cost, 0.0, 0.1)
        errors.require("tranches", self.tranches, 1, 252)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RegistryPolicy:
    """Which artifacts are kept."""

    kept_challengers: int = 120
    """Latest challengers whose files stay, champion or not: ten years of them, at two
    megabytes each, since the learning report asks each what it would have said. Every
    former champion stays as well."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("kept_challengers", self.kept_challengers, 1, 10_000)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExplanationPolicy:
    """What a signal is held against when it is taken apart."""

    background_samples: int = 100
    """Samples, evenly spread over those learned from: the mean forecast of a hundred is
    within a tenth of its spread of the mean of all, in half a second."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("background_samples", self.background_samples, 1, 100_000)
