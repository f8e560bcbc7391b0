"""Real bars for the intraday desk: minutes of three vendors, daily bars before them.

What nobody recorded stays missing: headlines, option quotes, the dollar, and quarters
of an hour of the indices, which are known by their daily bars alone. Of SPY there are
bars of hours, by the clock, which end with every fourth round: it speaks at those.
"""

import dataclasses
import datetime as dt

import polars as pl
import pytest

from turbomode_assets import market_tables, sessions
from turbomode_assets.intraday import loop, replay
from turbomode_assets.intraday_policy import DeskPolicy, IntradayPolicy
from turbomode_assets.sources import intraday_files
from turbomode_assets_tests.oracles import real

MINUTES = real.FOLDER / "intraday" / "dev_intraday.parquet"
EVER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
PEERS = ("BA", "CAT", "GS", "JNJ")

needed = pytest.mark.skipif(not MINUTES.exists(), reason=f"no real bars in {MINUTES}")


@dataclasses.dataclass(frozen=True)
class Stretch:
    """Sessions without a gap, of one vendor; RTX was called UTX until April 2020."""

    symbol: str
    first: dt.date
    last: dt.date
    peers: tuple[str, ...] = PEERS

    @property
    def rules(self) -> IntradayPolicy:
        """Policy in force, on the symbols there are."""
        desk = DeskPolicy(
            symbols=(self.symbol,), peers=self.peers, indices=("SPY", "QQQ")
        )
        return IntradayPolicy(desk=desk)


STRETCHES = {
    "UTX by the minute": Stretch("UTX", dt.date(2015, 10, 12), dt.date(2016, 4, 1)),
    "UTX by 5 minutes": Stretch("UTX", dt.date(2019, 5, 31), dt.date(2019, 6, 20)),
    "RTX by the minute": Stretch("RTX", dt.date(2022, 10, 19), dt.date(2022, 11, 11)),
    "SPY by the hour": Stretch(
        "SPY", dt.date(2012, 4, 11), dt.date(2018, 12, 31), ("IWM", "QQQ")
    ),
}
"""Every stretch there is of the company, and of the market as long as there are daily
bars before it and of its neighbors, by name."""


def world(stretch: Stretch) -> replay.World:
    """What a desk would have stored of a stretch and the look-back before it."""
    files = intraday_files.IntradayFiles(MINUTES, (stretch.symbol, *stretch.peers))
    delivery = files.fetch_rounds(stretch.first, stretch.last, EVER)
    found = replay.world_of(delivery, EVER, stretch.rules)
    daily = loop.judge_days(daily_bars(stretch), stretch.rules)
    return dataclasses.replace(found, daily_bars=daily.accepted)


def daily_bars(stretch: Stretch) -> pl.DataFrame:
    """Columns of `market_tables.DELIVERED`: the panel, multiplied back as it traded."""
    since = sessions.shift(stretch.first, -stretch.rules.desk.lookback_sessions)
    own = {"UTX": "RTX"}.get(stretch.symbol, stretch.symbol)
    names = [*stretch.peers, "SPY", "QQQ", "^VIX", own]
    panel = pl.read_parquet(real.FOLDER / "dev_panel.parquet").filter(
        pl.col("symbol").is_in(names), pl.col("date").is_between(since, stretch.last)
    )
    days = panel.join(_later_splits(), on="symbol", how="left")
    later = pl.col("split_ratio").filter(pl.col("ex_on") > pl.col("date"))
    factors = days.group_by("symbol", "date").agg(later_splits=later.product())
    hours = sessions.trading_hours(since, stretch.last)
    traded = (
        panel.join(factors, on=["symbol", "date"])
        .join(hours.select(date="session", known_at="closes_at"), on="date")
        .with_columns(
            pl.col("open", "high", "low", "close") * pl.col("later_splits"),
            volume=pl.col("volume") / pl.col("later_splits"),
            symbol=pl.col("symbol").replace(own, stretch.symbol),
            session="date",
            dividend=pl.lit(0.0),
            split_ratio=pl.lit(1.0),
            row=pl.lit(None, pl.String),
            fault=pl.lit(None, pl.String),
        )
    )
    return traded.select(market_tables.DELIVERED.column_names)


def paid(stretch: Stretch) -> pl.DataFrame:
    """Dividends of the company as it paid them: symbol, session, dividend in USD."""
    actions = pl.read_parquet(real.FOLDER / "dev_actions.parquet")
    own = actions.filter(pl.col("symbol") == "RTX", pl.col("dividend") > 0)
    splits = _later_splits().filter(pl.col("symbol") == "RTX").drop("symbol")
    both = own.select("date", "dividend").join(splits, how="cross")
    later = pl.col("split_ratio").filter(pl.col("ex_on") > pl.col("date")).product()
    return (
        both.group_by("date", "dividend")
        .agg(factor=later)
        .sort("date")
        .select(
            symbol=pl.lit(stretch.symbol),
            session="date",
            dividend=pl.col("dividend") * pl.col("factor"),
        )
    )


def _later_splits() -> pl.DataFrame:
    """Splits and spin-offs the panel was divided by; none falls within a stretch."""
    actions = pl.read_parquet(real.FOLDER / "dev_actions.parquet")
    return actions.filter(pl.col("split_ratio") > 0).select(
        "symbol", "split_ratio", ex_on="date"
    )
