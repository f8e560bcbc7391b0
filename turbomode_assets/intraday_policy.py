"""Every number a person chose for the intraday desk, with its reason.

Under the rules of ``policy.py``, whose numbers it leaves alone: a choice for one desk
does not change the version of the other. The voters' numbers stand in
``voter_policy.py``; the length of a round and the horizons in ``rounds.py``.
"""

import dataclasses
import hashlib
import json

from turbomode_assets import errors, market_policy, voter_policy


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeskPolicy:
    """What the desk predicts, what it looks at beside, and how far back."""

    symbols: tuple[str, ...] = ("RTX",)
    """Symbols predicted: the predecessor's."""

    peers: tuple[str, ...] = ("LMT", "NOC", "GD", "BA", "TXT")
    """Companies of the same sector: the predecessor's."""

    indices: tuple[str, ...] = ("SPY", "QQQ", "DIA")
    """Funds on the market; the first stands for it."""

    volatility_index: str = "^VIX"
    """Expected volatility of the market in percent a year."""

    dollar_index: str = "DX-Y.NYB"
    """Value of the dollar, by its name at Yahoo."""

    lookback_sessions: int = 91
    """Sessions a snapshot reaches back, with the one it stands in: the longest look of
    a voter is a quarter and one move, the predecessor's 90 leave room."""

    headline_hours: float = 24.0
    """Age at which a headline is no news: the predecessor's."""

    n_headlines: int = 10
    """Newest headlines looked at: the predecessor's."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("symbols", len(self.symbols), 1, 1000)
        errors.require("lookback_sessions", self.lookback_sessions, 91, 1000)
        errors.require("headline_hours", self.headline_hours, 0.25, 1000.0)
        errors.require("n_headlines", self.n_headlines, 1, 1000)

    @property
    def names(self) -> tuple[str, ...]:
        """Every symbol looked at, each once."""
        shared = (*self.indices, self.volatility_index, self.dollar_index)
        return tuple(dict.fromkeys((*self.symbols, *self.peers, *shared)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class IntradayPolicy:
    """All choices of the intraday desk in force together."""

    desk: DeskPolicy = DeskPolicy()
    """What it predicts and looks at."""

    quality: market_policy.QualityPolicy = market_policy.QualityPolicy()
    """When a delivered row is refused."""

    voters: voter_policy.VoterPolicy = voter_policy.VoterPolicy()
    """The voters' own numbers."""

    @property
    def version(self) -> str:
        """Twelve hex digits that change with any chosen number."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


INTRADAY = IntradayPolicy()
"""The policy of the intraday desk in force."""
