"""The intraday desk's page of a home: read, computed, written beside the warehouse.

What it shows is decided in ``reports/intraday_sheet.py``; here is only what it reads,
as far as it was known at a moment.
"""

import datetime as dt
from pathlib import Path

import polars as pl

from turbomode_assets import (
    desks,
    intraday_policy,
    intraday_tables,
    market_tables,
    options_tables,
    sessions,
)
from turbomode_assets.defs import swing_page
from turbomode_assets.intraday import consensus, scorecard
from turbomode_assets.options import metrics
from turbomode_assets.options_policy import OPTIONS, SHARES
from turbomode_assets.reports import intraday_page, intraday_sheet
from turbomode_assets.store import home, warehouse

WEEK = dt.timedelta(days=6)
"""Before a day, how far back it is asked how often each voter spoke."""

_SAID = (
    *intraday_tables.SIGNALS.key,
    *("mode", "side", "p_up", "conviction", "n_speaking", "n_agreeing"),
    "expert_probabilities",
)


_PREDICTED = tuple(n for n in desks.PREDICTIONS.column_names if n != "fold")


def read(store: warehouse.Warehouse, as_of: dt.date) -> intraday_sheet.Tables:
    """Tables of the intraday desk, up to a day.

    Parameters
    ----------
    store
        The open warehouse.
    as_of
        Last day anything was known of.
    """
    said = store.columns(intraday_tables.SIGNALS, _SAID, last=as_of)
    place = consensus.BASELINES.index("base_rate")
    base = pl.col("expert_probabilities").list.get(place, null_on_oob=True)
    signals = said.with_columns(p_base=base).drop("expert_probabilities")
    votes = _votes(store, as_of)
    champions = store.read(desks.CHAMPIONS)
    verdicts = store.columns(desks.VERDICTS, ("version",), last=as_of)
    fills = store.read(options_tables.FILLS, last=as_of)
    paid = fills["n_contracts"] * fills["price_usd"] * SHARES
    return intraday_sheet.Tables(
        signals=signals,
        outcomes=store.read(intraday_tables.OUTCOMES, last=as_of),
        votes=_newest_round(votes),
        voters=voters(store, as_of),
        weights=_weights(store, as_of),
        champions=champions.filter(pl.col("effective_from") <= as_of),
        oof=store.columns(desks.PREDICTIONS, _PREDICTED, last=as_of),
        n_judged=verdicts["version"].n_unique(),
        equity=_equity(store, as_of),
        traded=float(paid.sum()) / OPTIONS.risk.capital_usd,
        quarantine=_refused(store, signals, as_of),
        newest=[
            (table.name, max(swing_page.known(store, table, as_of), default=None))
            for table in (
                intraday_tables.BARS,
                intraday_tables.SIGNALS,
                intraday_tables.WEIGHTS,
                options_tables.POSITIONS,
            )
        ],
    )


def voters(store: warehouse.Warehouse, as_of: dt.date) -> pl.DataFrame:
    """How often each voter spoke in a week, its weight, and what its forecasts saved.

    Parameters
    ----------
    store
        The open warehouse.
    as_of
        Last day of the week.

    Returns
    -------
    pl.DataFrame
        Columns of `scorecard.of_voters`, and weight and skill of
        `scorecard.of_experts`, null where nothing was learned yet.
    """
    spoke = scorecard.of_voters(_votes(store, as_of))
    days = swing_page.known(store, intraday_tables.WEIGHTS, as_of)
    newest = days[-1] if days else as_of
    weights = store.read(intraday_tables.WEIGHTS, newest, newest)
    return spoke.join(
        scorecard.of_experts(weights), on="voter", how="left", maintain_order="left"
    )


def _votes(store: warehouse.Warehouse, as_of: dt.date) -> pl.DataFrame:
    return store.read(intraday_tables.VOTES, as_of - WEEK, as_of)


def newest_day(store: warehouse.Warehouse) -> dt.date | None:
    """Last session anything was said in; null where the desk never spoke."""
    return max(store.partitions(intraday_tables.SIGNALS), default=None)


def write(where: home.Home, store: warehouse.Warehouse, as_of: dt.date) -> Path:
    """Write the page of a day, in one step; its path.

    Parameters
    ----------
    where
        The home.
    store
        Its open warehouse.
    as_of
        Day of the page.
    """
    gate = intraday_policy.INTRADAY.gate
    numbers = intraday_sheet.sheet(read(store, as_of), as_of, gate)
    return swing_page.kept(where, "intraday", intraday_page.render(numbers))


def _newest_round(votes: pl.DataFrame) -> pl.DataFrame:
    for name in ("session", "minute"):
        votes = votes.filter(pl.col(name) == pl.col(name).max().over("symbol"))
    return votes


def _weights(store: warehouse.Warehouse, as_of: dt.date) -> pl.DataFrame:
    """Weights after the newest session that was learned from; none before."""
    days = swing_page.known(store, intraday_tables.WEIGHTS, as_of)
    if not days:
        return pl.DataFrame()
    return scorecard.by_horizon(store.read(intraday_tables.WEIGHTS, days[-1], days[-1]))


def _equity(store: warehouse.Warehouse, as_of: dt.date) -> pl.DataFrame:
    """Book and shares at the end of each session, beginning at 1 before the first."""
    positions = store.read(options_tables.POSITIONS, last=as_of)
    made = metrics.equity(positions).select(
        "session", book=pl.col("equity_usd") / OPTIONS.risk.capital_usd
    )
    if made.is_empty():
        return made.with_columns(shares=pl.lit(None, pl.Float64()))
    first = made["session"][0]
    since = sessions.shift(first, -1)
    symbols = store.columns(intraday_tables.SIGNALS, ("symbol",), first, as_of)
    names = ("symbol", "session", "minute", "known_at", "close", "split_ratio")
    bars = store.columns(intraday_tables.BARS, names, since, as_of)
    shares = _shares(bars.join(symbols.unique(), on="symbol", how="semi"))
    return made.join(shares, on="session", how="left", maintain_order="left")


def _shares(bars: pl.DataFrame) -> pl.DataFrame:
    """Equal parts of the shares held from the first close on, splits kept out."""
    closes = (
        bars.sort("session", "minute", "known_at")
        .group_by("symbol", "session", maintain_order=True)
        .agg(pl.col("close").last(), pl.col("split_ratio").last())
    )
    held = pl.col("close") * pl.col("split_ratio").cum_prod()
    grown = (held / held.first()).over("symbol", order_by="session")
    together = closes.with_columns(grown=grown).group_by("session")
    return together.agg(shares=pl.col("grown").mean()).sort("session")


def _refused(
    store: warehouse.Warehouse, signals: pl.DataFrame, as_of: dt.date
) -> pl.DataFrame:
    names = ("seen_on", "reason", "symbol")
    rows = store.columns(market_tables.QUARANTINE, names, last=as_of)
    return rows.join(signals.select("symbol").unique(), on="symbol", how="semi")
