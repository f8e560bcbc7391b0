"""What options made of signals: each figure with its n, its interval and its target.

Of any returns of positions, the book's trades or the outcomes of all signals. Signals
overlap, so that beside n stands how many do not, and intervals redraw whole blocks of
neighbors. Quoted and modeled returns are never put together. Nothing is decided here.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import rounds
from turbomode_assets.options_policy import (
    OPTIONS,
    SHARES,
    MetricsPolicy,
    OptionsPolicy,
)
from turbomode_assets.stats import overlap

Reals = npt.NDArray[np.float64]

FIGURES = ("win_rate", "profit_factor", "mean_winner", "mean_loser", "expectancy")
"""What is told of returns, in this order: share above zero; sum of gains over sum of
losses; means of those above and not above zero; mean of all. Fractions; not a number
where there is nothing to divide by."""

_KEY = ["symbol", "session", "minute", "horizon"]


def figures(returns: Reals) -> Reals:
    """`FIGURES` of returns.

    Examples
    --------
    >>> figures(np.array([1.0, -0.5, -0.5])).round(2).tolist()
    [0.33, 1.0, 1.0, -0.5, 0.0]
    """
    won, lost = returns[returns > 0], returns[returns <= 0]
    shares = (
        (won.size, returns.size),
        (won.sum(), -lost.sum()),
        (won.sum(), won.size),
        (lost.sum(), lost.size),
        (returns.sum(), returns.size),
    )
    return np.array([part / whole if whole else np.nan for part, whole in shares])


def of_returns(
    made: pl.DataFrame, by: list[str], rules: OptionsPolicy = OPTIONS
) -> pl.DataFrame:
    """Figures of each group of returns, beside the targets.

    Parameters
    ----------
    made
        Columns symbol, session, minute, horizon, basis and option_return, and those of
        `by`; rows without a return are left out.
    by
        Columns that make a group, beside basis.
    rules
        Gives the targets and the resampling.

    Returns
    -------
    pl.DataFrame
        Columns basis, those of `by`, n, n_effective, figure, value, low and high (the
        interval; null of fewer positions than two blocks) and target (null for
        expectancy); a row per group and figure.
    """
    keys = ["basis", *by]
    known = made.filter(pl.col("option_return").is_not_null()).sort(*keys, *_KEY)
    rows = []
    for key, part in known.group_by(keys, maintain_order=True):
        returns = part["option_return"].to_numpy()
        found = figures(returns)
        low, high = _interval(returns, figures, rules.metrics, rules.metrics.block)
        named = dict(zip(keys, key, strict=True))
        counts = {"n": part.height, "n_effective": n_effective(part)}
        for place, figure in enumerate(FIGURES):
            told = {
                "figure": figure,
                "value": found[place],
                "low": low[place],
                "high": high[place],
                "target": rules.metrics.targets.get(figure),
            }
            rows.append(named | counts | told)
    return _as_table(rows, known.select(keys))


def accuracy(
    ends: pl.DataFrame, proposals: pl.DataFrame, rules: OptionsPolicy = OPTIONS
) -> pl.DataFrame:
    """How often the share went the way of the signals the engine would let pass.

    Parameters
    ----------
    ends
        Rows of `intraday_tables.OUTCOMES`; those that have not ended are left out.
    proposals
        Rows of `options_tables.PROPOSALS`, for the rank of each conviction.
    rules
        Gives that rank, and the resampling.

    Returns
    -------
    pl.DataFrame
        As of `of_returns`, by horizon and side, with the figure accuracy; no option is
        in it, so that basis is missing.
    """
    hits = convinced(ends.filter(pl.col("side") != "hold"), proposals, rules)
    signed = 2.0 * pl.col("is_hit").cast(pl.Float64) - 1.0
    told = of_returns(
        hits.with_columns(basis=pl.lit(""), option_return=signed),
        ["horizon", "side"],
        rules,
    )
    own = told.filter(figure="win_rate").drop("basis")
    return own.with_columns(figure=pl.lit("accuracy"), target=pl.lit(None, pl.Float64))


def drawdown(positions: pl.DataFrame, rules: OptionsPolicy = OPTIONS) -> pl.DataFrame:
    """Deepest fall of the equity from its highest, and how sure that is.

    Parameters
    ----------
    positions
        Rows of `options_tables.POSITIONS`.
    rules
        Gives the resampling.

    Returns
    -------
    pl.DataFrame
        One row as of `of_returns`, with the figure drawdown: a fraction, zero or below,
        over n sessions of which n_effective moved the equity. The interval redraws the
        sessions in blocks; null of fewer than two.
    """
    ends = equity(positions)["equity_usd"]
    moved = ends.log().diff().drop_nulls().to_numpy()
    low, high = _interval(moved, _deepest, rules.metrics, rules.metrics.week)
    row = {
        "n": moved.size,
        "n_effective": int(np.count_nonzero(moved)),
        "figure": "drawdown",
        "value": _deepest(moved)[0],
        "low": low[0],
        "high": high[0],
        "target": None,
    }
    return _as_table([row], pl.DataFrame())


def _deepest(moved: Reals) -> Reals:
    path = np.concatenate([[0.0], np.cumsum(moved)])
    return np.array([np.expm1((path - np.maximum.accumulate(path)).min())])


def _as_table(rows: list[dict[str, Any]], keys: pl.DataFrame) -> pl.DataFrame:
    reals = dict.fromkeys(("value", "low", "high", "target"), pl.Float64())
    counts = {"n": pl.Int64(), "n_effective": pl.Int64(), "figure": pl.String()}
    schema = dict(keys.schema) | counts | reals
    return pl.DataFrame(rows, schema=schema).with_columns(
        pl.col(pl.Float64).fill_nan(None)
    )


def n_effective(rows: pl.DataFrame) -> int:
    """Positions whose horizons do not overlap, as many as can be, summed by symbol."""
    numbers = rounds.numbers(rows)
    ends = np.zeros_like(numbers)
    for horizon in rounds.HORIZONS:
        is_own = (rows["horizon"] == horizon).to_numpy()
        ends[is_own] = rounds.exits(numbers[is_own], horizon)
    spans = pl.DataFrame(
        {"symbol": rows["symbol"], "entry_on": numbers + 1, "matures_on": ends}
    )
    return overlap.keep_apart(spans, ["symbol"]).height


def _interval(
    series: Reals, told: Callable[[Reals], Reals], rules: MetricsPolicy, block: int
) -> tuple[Reals, Reals]:
    """Ends of the interval of each figure; not numbers of fewer than two blocks."""
    if series.size < 2 * block:
        unknown = np.full_like(told(series), np.nan)
        return unknown, unknown
    # Imported late: arch draws in statsmodels and matplotlib.
    from arch import bootstrap  # noqa: PLC0415

    drawn = bootstrap.StationaryBootstrap(block, series, seed=rules.seed)
    tail = (1 - rules.confidence) / 2
    columns = [one[np.isfinite(one)] for one in drawn.apply(told, rules.n_resamples).T]
    ends = [
        np.quantile(one, [tail, 1 - tail]) if one.size else [np.nan, np.nan]
        for one in columns
    ]
    low, high = np.array(ends).T
    return low, high


def trades(fills: pl.DataFrame) -> pl.DataFrame:
    """Closed trades of a book.

    Parameters
    ----------
    fills
        Rows of `options_tables.FILLS`.

    Returns
    -------
    pl.DataFrame
        Columns of the purchase, reason of the sale, profit_usd and option_return after
        commissions; basis is ``model`` unless both prices were quoted.
    """
    bought = fills.filter(pl.col("reason") == "signal")
    sold = fills.filter(pl.col("reason") != "signal").select(
        "opened_by",
        "reason",
        closed_on="session",
        sold_usd="price_usd",
        sold_basis="basis",
        sold_commission_usd="commission_usd",
    )
    size = pl.col("n_contracts") * SHARES
    spent = pl.col("price_usd") * size + pl.col("commission_usd")
    got = pl.col("sold_usd") * size - pl.col("sold_commission_usd")
    is_quoted = (pl.col("basis") == "quoted") & (pl.col("sold_basis") == "quoted")
    return (
        bought.drop("reason")
        .join(sold, on="opened_by")
        .with_columns(
            profit_usd=got - spent,
            option_return=got / spent - 1,
            basis=pl.when(is_quoted).then(pl.lit("quoted")).otherwise(pl.lit("model")),
        )
        .sort("fill")
    )


def equity(positions: pl.DataFrame) -> pl.DataFrame:
    """Equity at the end of each session, and how far it lies below its highest.

    Parameters
    ----------
    positions
        Rows of `options_tables.POSITIONS`.

    Returns
    -------
    pl.DataFrame
        Columns session, equity_usd and drawdown (a fraction, zero or below).
    """
    summed = positions.group_by("session").agg(equity_usd=pl.col("value_usd").sum())
    drawdown = pl.col("equity_usd") / pl.col("equity_usd").cum_max() - 1
    return summed.sort("session").with_columns(drawdown=drawdown)


def refusals(proposals: pl.DataFrame) -> pl.DataFrame:
    """How often each limit blocked, alone or with others.

    Parameters
    ----------
    proposals
        Rows of `options_tables.PROPOSALS`.

    Returns
    -------
    pl.DataFrame
        Columns limit (empty for what was allowed), n and share of the proposals.
    """
    counted = (
        proposals.select(limit=pl.col("blocked_by").str.split(","))
        .explode("limit")
        .group_by("limit")
        .agg(n=pl.len().cast(pl.Int64))
    )
    share = pl.col("n") / max(proposals.height, 1)
    return counted.with_columns(share=share).sort("n", "limit", descending=True)


def convinced(
    made: pl.DataFrame, proposals: pl.DataFrame, rules: OptionsPolicy = OPTIONS
) -> pl.DataFrame:
    """Outcomes of the signals whose conviction the engine would have let pass."""
    rank = proposals.filter(
        pl.col("conviction_rank") >= rules.risk.conviction_quantile
    ).select(_KEY)
    return made.join(rank, on=_KEY, how="semi")
