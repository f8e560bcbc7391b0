"""What a round teaches: votes, context and calendar, with the direction that followed.

`features_of` looks at what had ended when a round did, `gather` adds what came after.
Frozen votes and stored bars give the same rows at any time, so samples are made when
they are needed and never stored. No model here.
"""

import hashlib

import polars as pl

from turbomode_assets import rounds
from turbomode_assets.intraday import ballot, outcomes
from turbomode_assets.intraday_policy import DeskPolicy

_MOMENT = ["symbol", "session", "minute"]
_SPANS = tuple(rounds.HORIZONS.values())
_SAME_MINUTE = 20

VOLATILITY = ("volatility_1", "volatility_5", "expected_volatility")
"""Features that know a size and no direction: all the volatility-only baseline sees."""

CONTEXT = (
    *(f"return_{span}" for span in _SPANS),
    *VOLATILITY[:2],
    "volume_surprise",
    *(f"market_return_{span}" for span in _SPANS),
    VOLATILITY[2],
    "expected_volatility_change",
)
"""Features of bars: log returns over 4, 16 and 26 rounds of the symbol and the market;
standard deviation of the log returns of the rounds of one and five sessions; log of the
volume over its mean at the same minute of the last 20 sessions; log of the volatility
index, and its change over 26 rounds."""

CALENDAR = ("minute_of_session", "weekday")
"""Features of the moment itself: session minutes since the open, Monday as 1."""


def momentum_of(horizon: str) -> str:
    """Feature whose sign the baseline of persistence goes by: as long as the horizon.

    Examples
    --------
    >>> momentum_of("60_minutes")
    'return_4'
    """
    return f"return_{rounds.HORIZONS[horizon]}"


def names() -> tuple[str, ...]:
    """Every feature: each voter's two channels, context and calendar."""
    voters = ballot.discover()
    views = [f"{channel}_{voter}" for voter in voters for channel in ("lean", "stir")]
    return (*views, *CONTEXT, *CALENDAR)


def feature_version() -> str:
    """Twelve hex digits that change with the list of features."""
    return hashlib.sha256(",".join(names()).encode()).hexdigest()[:12]


def features_of(
    votes: pl.DataFrame, bars: pl.DataFrame, desk: DeskPolicy
) -> pl.DataFrame:
    """Features of every moment that was voted on.

    Parameters
    ----------
    votes
        Rows of `intraday_tables.VOTES`.
    bars
        Rows of `intraday_tables.BARS`, of several revisions the last known counts;
        bars after a moment change nothing there.
    desk
        Which symbols stand for the market and its expected volatility.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, minute and `names`, null where unknown; by moment.
    """
    latest = bars.sort("known_at").unique(_MOMENT, keep="last", maintain_order=True)
    own = _of_bars(latest.sort(_MOMENT))
    market = _of_market(own, desk)
    rows = (
        _views(votes)
        .join(own, on=_MOMENT, how="left")
        .join(market, on=_MOMENT[1:], how="left")
        .with_columns(
            minute_of_session=pl.col("minute").cast(pl.Float64),
            weekday=pl.col("session").dt.weekday().cast(pl.Float64),
        )
    )
    return rows.select(*_MOMENT, *names()).sort(_MOMENT)


def gather(features: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Samples: features of a round, and the direction that followed it.

    Parameters
    ----------
    features
        As `features_of` returns them.
    ends
        Columns of `intraday_tables.OUTCOMES`; those that are not final teach nothing.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, minute, horizon, entry_on, matures_on, label (up or
        down), sample_weight, feature_version and `names`; sorted.
    """
    final = ends.filter(pl.col("maturity") == "final")
    happened = final.select(
        *_MOMENT,
        "horizon",
        entry_on=pl.col("session"),
        matures_on=pl.col("exit_on"),
        label=pl.when("is_up").then(pl.lit("up")).otherwise(pl.lit("down")),
        sample_weight=pl.lit(1.0),
        feature_version=pl.lit(feature_version()),
    )
    return happened.join(features, on=_MOMENT).sort(*_MOMENT, "horizon")


def _views(votes: pl.DataFrame) -> pl.DataFrame:
    """Each voter's view of direction and of movement, times its confidence."""
    said = {"lean": pl.col("score"), "stir": pl.col("volatility")}
    by_voter = [
        (view * pl.col("confidence"))
        .filter(pl.col("voter") == voter)
        .first()
        .alias(f"{channel}_{voter}")
        for voter in ballot.discover()
        for channel, view in said.items()
    ]
    return votes.group_by(_MOMENT).agg(by_voter)


def _of_bars(latest: pl.DataFrame) -> pl.DataFrame:
    """What a symbol's own bars say; rounds without a bar are passed over."""
    price = (pl.col("close") * pl.col("shares")).log()
    usual = pl.col("volume").rolling_mean(_SAME_MINUTE).over("symbol", "minute")
    told = (
        latest.join(
            outcomes.shares_of(latest),
            on=["symbol", "session"],
            maintain_order="left",
        )
        .with_columns(level=price, volume=pl.col("volume") / pl.col("shares"))
        .with_columns(step=pl.col("level").diff().over("symbol"))
    )
    return told.select(
        *_MOMENT,
        "level",
        *(pl.col("level").diff(n).over("symbol").alias(f"return_{n}") for n in _SPANS),
        *(
            pl.col("step")
            .rolling_std(days * rounds.FULL_SESSION)
            .over("symbol")
            .alias(f"volatility_{days}")
            for days in (1, 5)
        ),
        volume_surprise=pl.when(usual > 0)
        .then((pl.col("volume") / usual).log())
        .replace(-float("inf"), None),
    )


def _of_market(own: pl.DataFrame, desk: DeskPolicy) -> pl.DataFrame:
    """Returns of the market, and what is expected of its volatility, by round."""
    longest = f"return_{_SPANS[-1]}"
    market = own.filter(pl.col("symbol") == desk.indices[0]).select(
        *_MOMENT[1:],
        *(pl.col(f"return_{n}").alias(f"market_return_{n}") for n in _SPANS),
    )
    expected = own.filter(pl.col("symbol") == desk.volatility_index).select(
        *_MOMENT[1:],
        expected_volatility="level",
        expected_volatility_change=longest,
    )
    return market.join(expected, on=_MOMENT[1:], how="full", coalesce=True)
