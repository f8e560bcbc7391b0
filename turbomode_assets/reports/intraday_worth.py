"""What signals and the options book of the intraday desk were worth.

Rows of one symbol and horizon in, since signals of several overlap and never add up;
records out. What of it a page shows stands in ``intraday_sheet.py``.
"""

import dataclasses

import polars as pl

from turbomode_assets import policy, rounds
from turbomode_assets.reports import learning_lines
from turbomode_assets.stats import overlap, ranking, resampling, sharpe

_KEY = ["symbol", "session", "minute", "horizon"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Worth:
    """What signals of one symbol and horizon were worth beside the base rate."""

    symbol: str
    horizon: str
    n: int
    n_effective: int
    n_sessions: int
    loss: float
    base_loss: float
    skill: float
    interval: tuple[float, float] | None
    """Of 90 %, sessions redrawn in blocks; None where there are too few."""
    rank_ic: ranking.Estimate
    """Of p_up and the return that followed, over the rounds of each session."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hits:
    """How often one side of a symbol and horizon was right, beside blind picks."""

    symbol: str
    horizon: str
    side: str
    n: int
    n_effective: int
    hit_share: float
    base_rate: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Book:
    """What the options book was worth; None where it never closed a session."""

    total_return: float | None
    shares_return: float | None
    drawdown: float | None
    turnover: float | None
    """Value traded a session, in shares of the capital."""
    sharpe: sharpe.Sharpe
    """Of a session's return."""


def graded(signals: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Signals beside what followed and their log-loss, in nats, in order of time.

    Parameters
    ----------
    signals
        `_KEY`, mode, side, p_up and p_base, what the base rate said in the same round.
    outcomes
        Rows of `intraday_tables.OUTCOMES`; only final ones count.
    """
    final = outcomes.filter(pl.col("maturity") == "final").drop("side")
    said = signals.join(final, on=_KEY).sort("session", "minute", "symbol")
    p, base = pl.col("p_up"), pl.col("p_base")
    return said.with_columns(
        label=pl.when("is_up").then(pl.lit("up")).otherwise(pl.lit("down")),
        loss=-pl.when("is_up").then(p).otherwise(1.0 - p).log(),
        base_loss=-pl.when("is_up").then(base).otherwise(1.0 - base).log(),
    )


def _by_session(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Mean losses of the signals and of the base rate, a session each."""
    means = rows.group_by("session").agg(
        pl.len().cast(pl.Int64).alias("n_rows"), pl.col("loss", "base_loss").mean()
    )
    own = means.sort("session").select("session", "n_rows", "loss")
    usual = means.sort("session").select("session", "n_rows", loss="base_loss")
    return own, usual


def worth(rows: pl.DataFrame, gate: policy.GatePolicy) -> Worth:
    """Skill over the base rate of one symbol and horizon.

    Parameters
    ----------
    rows
        As `graded` returns them.
    gate
        Gives the bootstrap.
    """
    own, usual = _by_session(rows)
    loss, base = (float(one["loss"].to_numpy().mean()) for one in (own, usual))
    ends = resampling.interval(usual["loss"] - own["loss"], gate)
    ic = ranking.rank_ic(rows, "p_up")["rank_ic"]
    return Worth(
        symbol=rows["symbol"][0],
        horizon=rows["horizon"][0],
        n=rows.height,
        n_effective=n_effective(rows),
        n_sessions=own.height,
        loss=loss,
        base_loss=base,
        skill=1.0 - loss / base,
        interval=(ends[0] / base, ends[1] / base) if ends else None,
        rank_ic=ranking.mean_with_hac(ic, gate.min_block_sessions),
    )


def n_effective(rows: pl.DataFrame) -> int:
    """Signals of one symbol and horizon whose horizons do not overlap."""
    numbers = rounds.numbers(rows)
    ends = rounds.exits(numbers, rows["horizon"][0])
    spans = pl.DataFrame({"entry_on": numbers + 1, "matures_on": ends})
    return overlap.keep_apart(spans).height


def sided(rows: pl.DataFrame) -> pl.DataFrame:
    """Sides that were taken, and in `usual` the hits of blind picks of the session."""
    made = pl.col("realized_return")
    by = ["symbol", "horizon", "session"]
    usual = rows.group_by(by).agg(buy=(made > 0).mean(), sell=(made < 0).mean())
    taken = rows.filter(pl.col("side") != "hold").join(usual, on=by)
    share = pl.when(pl.col("side") == "buy").then("buy").otherwise("sell")
    return taken.with_columns(usual=share).sort("session", "minute", "symbol")


def hits(rows: pl.DataFrame) -> Hits:
    """Hits of one symbol, horizon and side.

    Parameters
    ----------
    rows
        As `sided` returns them.
    """
    return Hits(
        symbol=rows["symbol"][0],
        horizon=rows["horizon"][0],
        side=rows["side"][0],
        n=rows.height,
        n_effective=n_effective(rows),
        hit_share=rows.select(pl.col("is_hit").mean()).item(),
        base_rate=rows.select(pl.col("usual").mean()).item(),
    )


def line(rows: pl.DataFrame, gate: policy.GatePolicy) -> pl.DataFrame:
    """Skill over time of one horizon, see `learning_lines.rolling_skill`."""
    return learning_lines.rolling_skill(*_by_session(rows), gate)


def book(lines: pl.DataFrame, traded: float, n_trials: int) -> Book:
    """Worth of the options book.

    Parameters
    ----------
    lines
        session, and equity of book and shares; both begin at 1.
    traded
        Value of all purchases and sales, in shares of the capital.
    n_trials
        Models that were tried, see `sharpe.sharpe`.
    """
    equity, is_empty = lines["book"], lines.is_empty()
    peak = pl.max_horizontal(pl.col("book").cum_max(), 1.0)
    made = equity / equity.shift(1, fill_value=1.0) - 1.0
    return Book(
        total_return=None if is_empty else equity[-1] - 1.0,
        shares_return=None if is_empty else lines["shares"][-1] - 1.0,
        drawdown=lines.select((1.0 - pl.col("book") / peak).max()).item(),
        turnover=None if is_empty else traded / lines.height,
        sharpe=sharpe.sharpe(made, n_trials),
    )
