"""The one list of features, and nothing else.

A feature is a function in the file of its family that returns an expression, and an
entry here; name and family follow from the function. Expressions read these columns
of one symbol, ascending by session and never null unless said:

* open, high, low, close, volume: adjusted, see `prices.adjustment`;
* log_return: of the close since the symbol's previous bar; null in its first row;
* market_log_return: of the equal-weight market over the same bars; null likewise.

An expression holds no ``.over``, reads no later row, and hands rolling functions only
columns that are null in leading rows, so that a later row cannot change how an
earlier one is summed. How expressions are evaluated is the business of `engine`.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Callable
from typing import Literal

import polars as pl

from turbomode_assets import errors
from turbomode_assets.features import market, momentum, trend, volatility, volume


@dataclasses.dataclass(frozen=True, eq=False)
class Feature:
    """One column of `tables.FEATURES`."""

    name: str
    family: str
    expression: pl.Expr
    lookback_sessions: int
    """Earlier rows of the symbol needed: non-null from this row index on."""
    sentence: str
    source: str
    over: Literal["symbol", "session"] = "symbol"
    """Evaluated over the rows of a symbol, or over the symbols of a session."""

    @property
    def is_cross_sectional(self) -> bool:
        """Whether other symbols enter the value."""
        roots = self.expression.meta.root_names()
        return self.over == "session" or "market_log_return" in roots


_Window = int | tuple[int, ...]


def _each(
    function: Callable[..., pl.Expr],
    windows: list[_Window],
    sentence: str,
    source: str,
    extra_rows: int = 0,
) -> list[Feature]:
    tuples = [window if isinstance(window, tuple) else (window,) for window in windows]
    return [
        Feature(
            name="_".join([function.__name__, *map(str, window)]),
            family=function.__module__.rpartition(".")[2],
            expression=function(*window),
            lookback_sessions=max(window) + extra_rows,
            sentence=sentence.format(*window),
            source=source,
        )
        for window in tuples
    ]


_PER_SYMBOL = (
    *_each(
        momentum.trailing_return,
        [1, 5, 10, 20, 60, 120, 250],
        "Total return over a look-back of {}.",
        "Jegadeesh and Titman 1993",
    ),
    *_each(
        momentum.skipped_return,
        [(250, 20)],
        "Total return from {} to {} sessions ago.",
        "Jegadeesh and Titman 1993",
    ),
    *_each(
        momentum.reversal,
        [(5, 60)],
        "Negative log return over {} sessions, in standard deviations of {}.",
        "Lehmann 1990",
    ),
    *_each(
        momentum.overnight_share,
        [10, 20],
        "Overnight part of all movement over {} sessions.",
        "Lou, Polk and Skouras 2019",
    ),
    *_each(
        volatility.close_vol,
        [5, 20, 60],
        "Standard deviation of log returns over {} sessions.",
        "Close to close, per session",
    ),
    *_each(
        volatility.parkinson_vol,
        [20],
        "Volatility from high and low over {} sessions.",
        "Parkinson 1980",
        extra_rows=-1,
    ),
    *_each(
        volatility.garman_klass_vol,
        [20],
        "Volatility from open, high, low and close over {} sessions.",
        "Garman and Klass 1980",
        extra_rows=-1,
    ),
    *_each(
        volatility.downside_vol,
        [20],
        "Root mean square of falls over {} sessions.",
        "Sortino and van der Meer 1991",
    ),
    *_each(
        volatility.vol_ratio,
        [(5, 60)],
        "Volatility of {} sessions over that of {}.",
        "Close to close, short against long",
    ),
    *_each(
        volatility.max_drawdown,
        [60],
        "Deepest close of {0} sessions below its {0}-session high.",
        "Maximum drawdown against a trailing high",
        extra_rows=58,
    ),
    *_each(
        volatility.largest_move,
        [20],
        "Largest absolute log return of one session among {}.",
        "After Bali, Cakici and Whitelaw 2011, without the sign",
    ),
    *_each(
        volatility.market_vol,
        [20],
        "Standard deviation of the market's log returns over {} sessions.",
        "Equal-weight market of the universe",
    ),
    *_each(
        volume.volume_surprise,
        [(1, 60), (5, 60), (20, 60)],
        "Log of {}-session mean volume over the {}-session one.",
        "Gervais, Kaniel and Mingelgrin 2001",
        extra_rows=-1,
    ),
    *_each(
        volume.volume_trend,
        [20],
        "Correlation of log volume with time over {} sessions.",
        "Least-squares line",
        extra_rows=-1,
    ),
    *_each(
        volume.illiquidity_surprise,
        [(5, 60)],
        "Log of price move per dollar traded, {} sessions against {}.",
        "Amihud 2002, against the symbol's own habit",
    ),
    *_each(
        volume.close_location,
        [5, 10, 20],
        "Mean place of the close between low and high over {} sessions.",
        "Chaikin's close location value",
        extra_rows=-1,
    ),
    *_each(
        volume.signed_volume,
        [20],
        "Volume of rising less falling sessions, over all volume of {}.",
        "Granville 1963, made relative",
    ),
    *_each(
        trend.price_to_mean,
        [20, 50, 200],
        "Close over its mean of {} sessions, less one.",
        "Brock, Lakonishok and LeBaron 1992",
        extra_rows=-1,
    ),
    *_each(
        trend.trend_correlation,
        [20],
        "Correlation of log price with time over {} sessions.",
        "Root of R squared, with the sign of the slope",
        extra_rows=-1,
    ),
    *_each(
        trend.directional_movement,
        [25],
        "Upward less downward movement over both, {} sessions.",
        "Wilder 1978, plain sums",
    ),
    *_each(
        trend.directional_strength,
        [25],
        "Mean size of the directional movement over {} sessions.",
        "Wilder 1978, plain means",
        extra_rows=24,
    ),
    *_each(
        trend.position_in_range,
        [20, 60, 252],
        "Place of the close between low and high of {} sessions.",
        "George and Hwang 2004",
        extra_rows=-1,
    ),
    *_each(
        market.market_beta,
        [60],
        "Slope of log returns on the market's over {} sessions.",
        "Sharpe 1964",
    ),
    *_each(
        market.market_correlation,
        [60],
        "Correlation of log returns with the market's over {} sessions.",
        "Frazzini and Pedersen 2014",
    ),
    *_each(
        market.residual_momentum,
        [(20, 60)],
        "Log return of {} sessions unexplained by a beta of {}, in deviations.",
        "Blitz, Huij and Martens 2011",
    ),
    *_each(
        market.relative_return,
        [5, 20],
        "Log return over {} sessions less the market's.",
        "Equal-weight market of the universe",
    ),
)


def _ranked(name: str) -> Feature:
    (ranked,) = (feature for feature in _PER_SYMBOL if feature.name == name)
    return Feature(
        name=f"{name}_rank",
        family="market",
        expression=market.session_rank(name),
        lookback_sessions=ranked.lookback_sessions,
        sentence=f"Rank of {name} among the symbols of the session.",
        source="Cross-sectional rank, mean rank for ties",
        over="session",
    )


CATALOG: tuple[Feature, ...] = (
    *_PER_SYMBOL,
    _ranked("trailing_return_20"),
    _ranked("close_vol_20"),
    _ranked("volume_surprise_5_60"),
    _ranked("close_location_10"),
)
"""Every feature, in the order of the columns of `tables.FEATURES`."""


def names(family: str | None = None) -> list[str]:
    """Names of all features or of one family, in catalog order.

    Raises
    ------
    errors.SettingsError
        Where no feature has that family; names the nearest.

    Examples
    --------
    >>> names("trend")[0]
    'price_to_mean_20'
    """
    families = {feature.family for feature in CATALOG}
    if family is not None and family not in families:
        raise errors.SettingsError(errors.unknown_name("family", family, families))
    return [f.name for f in CATALOG if family in (None, f.family)]


def lookback() -> int:
    """Most earlier sessions any feature needs.

    Examples
    --------
    >>> lookback()
    251
    """
    return max(feature.lookback_sessions for feature in CATALOG)


@functools.cache
def feature_version() -> str:
    """Twelve hex digits that change with any feature's name, look-back or formula.

    The formula is hashed as Polars serializes it, so an upgrade of Polars may start a
    new version too: rounding may have changed with it.
    """
    digest = hashlib.sha256()
    for f in CATALOG:
        digest.update(f"{f.name} {f.family} {f.over} {f.lookback_sessions}".encode())
        digest.update(f.expression.meta.serialize())
    return digest.hexdigest()[:12]
