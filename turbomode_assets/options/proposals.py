"""What is proposed to the risk engine: each signal with its contract and its evidence.

Two figures are told of every signal, both from what was known when it was emitted:
the rank of its conviction among the earlier signals of its symbol and horizon, and the
share of the equity that a lower bound of what such signals have made so far allows.
Nothing is decided here (``risk.py``).
"""

import bisect
import math
from collections import defaultdict

import polars as pl

from turbomode_assets import rounds
from turbomode_assets.options_policy import OPTIONS, OptionsPolicy, RiskPolicy

_KEY = ["symbol", "session", "minute", "horizon"]


def of_signals(
    signals: pl.DataFrame,
    chosen: pl.DataFrame,
    made: pl.DataFrame,
    rules: OptionsPolicy = OPTIONS,
) -> pl.DataFrame:
    """Proposals in the order in which they are made.

    Parameters
    ----------
    signals
        Columns symbol, session, minute, horizon, side and conviction, holds included.
    chosen
        As `selection.choose` returns them.
    made
        Rows of `options_tables.OUTCOMES` of the signals with a side.
    rules
        Policy in force.

    Returns
    -------
    pl.DataFrame
        Columns of `risk.Proposal`, refusal, and the rounds number (of the signal) and
        exit_number; one row per signal with a side.
    """
    ranked = signals.with_columns(conviction_rank(signals, rules.risk))
    spread = chosen.select(
        "symbol",
        "session",
        "minute",
        "side",
        "quote_age_minutes",
        spread="ask" if chosen.is_empty() else pl.col("ask") - pl.col("bid"),
    )
    known = made.select(
        *_KEY,
        "refusal",
        "expires_on",
        "strike",
        "right",
        "basis",
        "paid_usd",
        "option_return",
    )
    rows = (
        ranked.filter(pl.col("side") != "hold")
        .join(known, on=_KEY, how="left")
        .join(spread, on=["symbol", "session", "minute", "side"], how="left")
        .with_columns(
            ask="paid_usd",
            bid=(pl.col("paid_usd") - pl.col("spread")).clip(0.0),
        )
    )
    numbered = _numbered(rows).sort("number", "symbol", "horizon")
    # No quote is fresh after a night, however little session time has passed.
    age = pl.when(~_is_last_round(numbered)).then("quote_age_minutes")
    numbered = numbered.with_columns(quote_age_minutes=age)
    return numbered.with_columns(kelly_fraction(numbered, rules.risk))


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    numbers = rounds.numbers(rows)
    exits = numbers.copy()
    for horizon in rounds.HORIZONS:
        is_own = (rows["horizon"] == horizon).to_numpy()
        exits[is_own] = rounds.exits(numbers[is_own], horizon)
    return rows.with_columns(
        number=pl.Series(numbers, dtype=pl.Int64),
        exit_number=pl.Series(exits, dtype=pl.Int64),
    )


def _is_last_round(numbered: pl.DataFrame) -> pl.Series:
    following = rounds.named(numbered["number"].to_numpy() + 1)
    return following["session"] != numbered["session"]


def conviction_rank(signals: pl.DataFrame, rules: RiskPolicy) -> pl.Series:
    """Share of earlier signals of the symbol and horizon that were less convinced.

    Parameters
    ----------
    signals
        Columns symbol, session, minute, horizon and conviction.
    rules
        Gives min_earlier_signals; with fewer the rank is null.

    Returns
    -------
    pl.Series
        Fractions named conviction_rank, in the order of the rows.
    """
    earlier: dict[tuple[str, str], list[float]] = defaultdict(list)
    found: list[float | None] = [None] * signals.height
    ordered = signals.with_row_index().sort(*_KEY)
    for place, symbol, horizon, conviction in ordered.select(
        "index", "symbol", "horizon", "conviction"
    ).iter_rows():
        known = earlier[symbol, horizon]
        if len(known) >= rules.min_earlier_signals:
            found[place] = bisect.bisect_left(known, conviction) / len(known)
        bisect.insort(known, conviction)
    return pl.Series("conviction_rank", found, dtype=pl.Float64)


def kelly_fraction(rows: pl.DataFrame, rules: RiskPolicy) -> pl.Series:
    """Share of the equity that what such signals made so far allows to be spent.

    Parameters
    ----------
    rows
        Columns symbol, horizon, side, number, exit_number, conviction_rank and
        option_return, sorted by number.
    rules
        Gives the quantile of conviction, the fewest outcomes, the bound and the share.

    Returns
    -------
    pl.Series
        Fractions named kelly_fraction, in the order of the rows: the policy's share of
        bound / mean square, where the bound lies below the mean return of the convinced
        outcomes that had ended and do not overlap. Zero where the bound is not above
        zero, null while there are too few.
    """
    streams: dict[tuple[str, ...], _Stream] = defaultdict(_Stream)
    found = []
    names = ("symbol", "horizon", "side", "number", "exit_number")
    for *key, number, ends, rank, made in rows.select(
        *names, "conviction_rank", "option_return"
    ).iter_rows():
        stream = streams[tuple(key)]
        stream.learn_until(number)
        found.append(stream.fraction(rules))
        if made is not None and rank is not None and rank >= rules.conviction_quantile:
            stream.expect(number, ends, made)
    return pl.Series("kelly_fraction", found, dtype=pl.Float64)


class _Stream:
    """Outcomes of one symbol, horizon and side, as they become known."""

    def __init__(self) -> None:
        self._pending: list[tuple[int, float]] = []
        self._known: list[float] = []
        self._free_from = -1

    def expect(self, number: int, ends: int, made: float) -> None:
        """An outcome that will be known, unless it overlaps the one before."""
        if number >= self._free_from:
            self._pending.append((ends, made))
            self._free_from = ends

    def learn_until(self, number: int) -> None:
        """What ended by the end of round `number` is known."""
        while self._pending and self._pending[0][0] <= number:
            self._known.append(self._pending.pop(0)[1])

    def fraction(self, rules: RiskPolicy) -> float | None:
        """See `kelly_fraction`."""
        n = len(self._known)
        if n < rules.min_outcomes:
            return None
        mean = math.fsum(self._known) / n
        square = math.fsum(one * one for one in self._known) / n
        if square == 0:
            return 0.0
        error = math.sqrt(max(square - mean**2, 0.0) / (n - 1))
        bound = mean - rules.expectancy_z * error
        return max(bound, 0.0) / square * rules.kelly_share
