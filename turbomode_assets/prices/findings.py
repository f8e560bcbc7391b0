"""What can be wrong with a delivered row: every kind of finding and its sentence.

Turns rows into frames that say which finding each row has: what a row shows by itself,
what rows of the same session show together, and what the neighbors in time show
(`sequence`, then the others). No verdict here: `quality.py` decides what becomes of a
row and in which order is asked.

A finding is a row with the columns `number`, which tells delivered rows apart, and
`finding`, a key of `REFUSALS`.
"""

import math

import polars as pl

from turbomode_assets import market_tables, policy, sessions, tables

REFUSALS = {
    "unreadable": "A value is missing, or is no finite number.",
    "no_session": f"{sessions.EXCHANGE} did not trade that day.",
    "bad_symbol": f"The symbol does not match {tables.SYMBOL_PATTERN}.",
    "not_positive": "A price is zero or negative.",
    "negative_volume": "The volume is negative.",
    "high_below_low": "The high lies below the low.",
    "outside_range": "Open or close lies outside low and high.",
    "absurd_price": "The price is out of all proportion to its neighbors, or too high.",
    "bad_split": "The split ratio is not positive, or the price denies the split.",
    "bad_dividend": "The dividend is negative, eats the price, or the price denies it.",
    "duplicate": "Another row of this session says the same, or counts more volume.",
    "conflict": "Rows of this session disagree on the close.",
    "frozen": "The bar repeats itself without volume: nothing traded.",
    "doubled_dividend": "The same dividend stands in a session close by.",
    "unconfirmed_jump": "The price jumped without an action: waits for a second look.",
}
"""Findings that refuse a row, and what they mean."""

WARNINGS = {
    "gap": "Sessions are missing before this one.",
    "zero_volume": "Nothing traded.",
    "unexplained_jump": "The price jumped, and no action explains it.",
    "confirmed_jump": "The price jumped without an action, and stayed there.",
    "symbol_reuse": "Another price level after a long silence: perhaps a new company.",
    "withdrawn": "The source delivered this bar before and delivers it no more.",
}
"""Findings that refuse nothing."""

VALUES = tuple(column.name for column in market_tables.BAR_COLUMNS)
KEY = ("symbol", "session")

CALENDAR = pl.DataFrame(
    {"session": sessions.sessions_between(sessions.FIRST_DAY, sessions.LAST_DAY)}
).select("session", place=pl.int_range(pl.len(), dtype=pl.Int32))
"""Every session, and its place among all of them."""

_PRICES = ("open", "high", "low", "close")
_NUMBERS = (*VALUES, "later_splits")


def own(rules: policy.QualityPolicy) -> pl.Expr:
    """First finding that a row shows by itself; null where there is none."""
    some = 1 + rules.range_tolerance
    exact = 1 + rules.same_within
    tests = {
        "unreadable": pl.any_horizontal(
            pl.col("fault").is_not_null(),
            pl.any_horizontal(pl.col(*KEY, "source").is_null()),
            ~pl.all_horizontal(pl.col(_NUMBERS).is_finite().fill_null(value=False)),
        ),
        "no_session": pl.col("place").is_null(),
        "bad_symbol": ~pl.col("symbol").str.contains(tables.SYMBOL_PATTERN),
        "not_positive": pl.min_horizontal(_PRICES) <= 0,
        "negative_volume": pl.col("volume") < 0,
        "high_below_low": pl.col("high") * exact < pl.col("low"),
        "outside_range": (pl.col("high") * some < pl.max_horizontal("open", "close"))
        | (pl.col("low") > pl.min_horizontal("open", "close") * some),
        "absurd_price": pl.max_horizontal(_PRICES) > rules.max_price,
        "bad_split": pl.min_horizontal("split_ratio", "later_splits") <= 0,
        "bad_dividend": pl.col("dividend") < 0,
    }
    return pl.coalesce(
        pl.when(is_found).then(pl.lit(kind)) for kind, is_found in tests.items()
    )


def repeated(rows: pl.DataFrame, rules: policy.QualityPolicy) -> pl.DataFrame:
    """Rows that are one too many for their symbol and session.

    Where the closes agree, the row with the greatest volume stays: the others were
    written before the day had been counted. Where they do not, none is believed.
    """
    doubled = rows.filter(pl.struct(*KEY).is_duplicated())
    spread = (pl.col("close").max() / pl.col("close").min() - 1).over(KEY)
    best_first = doubled.sort("volume", *VALUES, "known_at", descending=True)
    is_best = pl.struct(*KEY).is_first_distinct()
    kind = pl.when(spread > rules.range_tolerance).then(pl.lit("conflict"))
    return best_first.select(
        "number",
        finding=kind.otherwise(pl.when(~is_best).then(pl.lit("duplicate"))),
    ).drop_nulls()


def sequence(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Delivered and known bars as one history, sorted by symbol and session.

    Parameters
    ----------
    rows
        Delivered rows, each symbol and session once, with `number` and `place`.
    known
        Rows of `tables.BARS`.

    Returns
    -------
    pl.DataFrame
        Columns number (null where only known), place, known_at, those of a bar, and
        known_dividend, null where the bar was not known; a delivered row stands for
        the known one.
    """
    fresh = rows.select("number", "place", "known_at", *KEY, *VALUES)
    before = known.select(*KEY, known_dividend="dividend")
    past = known.join(fresh, on=KEY, how="anti").join(CALENDAR, on="session")
    return pl.concat(
        [
            fresh.join(before, on=KEY, how="left"),
            past.select("place", *KEY, *VALUES, known_dividend="dividend"),
        ],
        how="diagonal",
    ).sort(KEY)


def moved(history: pl.DataFrame) -> pl.DataFrame:
    """History with what happened from each symbol's bar before.

    Returns
    -------
    pl.DataFrame
        Also sessions_since (1 from session to session), paid (dividend as a fraction
        of the close before, per old share), log_move (of the close as traded) and
        log_action (that of split and dividend together, infinite where the dividend
        eats the price); null in a symbol's first row.
    """
    close = _before("close")
    paid = pl.col("dividend") * pl.col("split_ratio") / close
    kept = (1 - paid).clip(lower_bound=0.0)
    return history.with_columns(
        sessions_since=pl.col("place") - _before("place"),
        paid=paid,
        log_move=(pl.col("close") / close).log(),
        log_action=pl.col("split_ratio").log() - kept.log(),
    )


def _before(name: str, steps: int = 1) -> pl.Expr:
    is_same = pl.col("symbol") == pl.col("symbol").shift(steps)
    return pl.when(is_same).then(pl.col(name).shift(steps))


def total() -> pl.Expr:
    """Log total return from the bar before, in a frame of `moved`."""
    return pl.col("log_move") + pl.col("log_action")


def is_jump(rules: policy.QualityPolicy) -> pl.Expr:
    """Whether the total return from the bar before is large."""
    return (total().exp() - 1).abs() > rules.max_jump


def frozen(history: pl.DataFrame, rules: policy.QualityPolicy) -> pl.DataFrame:
    """Bars without volume or action that repeat the ones before, from the n-th on."""
    is_repeated = pl.all_horizontal(
        *(pl.col(name) == _before(name) for name in (*_PRICES, "volume")),
        pl.col("volume") == 0,
        (pl.col("dividend") == 0) & (pl.col("split_ratio") == 1),
    ).fill_null(value=False)
    line = pl.int_range(pl.len())
    begun = pl.when(~is_repeated).then(line).forward_fill()
    return _found(
        history.filter(
            pl.col("volume") == 0, line - begun + 1 >= rules.frozen_sessions
        ),
        pl.lit("frozen"),
    )


def _found(rows: pl.DataFrame, kind: pl.Expr) -> pl.DataFrame:
    delivered = rows.filter(pl.col("number").is_not_null())
    return delivered.select("number", finding=kind)


def out_of_scale(history: pl.DataFrame, rules: policy.QualityPolicy) -> pl.DataFrame:
    """Bars that leave the level of the bars around them and are alone in it.

    Looks ahead: the level is the median of the bars on both sides.
    """
    far = math.log(rules.min_scale)
    # A dividend that eats the price must not take every later level with it.
    step = pl.when(total().is_finite()).then(total()).otherwise("log_move")
    steps = moved(history).with_columns(step=step.fill_null(0.0))
    suspects = steps.filter(pl.col("step").abs() >= far)["symbol"].unique()
    level = pl.col("step").cum_sum()
    median = level.rolling_median(
        2 * rules.absurd_sessions + 1, min_samples=1, center=True
    )
    rows = steps.filter(pl.col("symbol").is_in(suspects.implode()))
    return _found(
        rows.filter(((level - median).abs() >= far).over("symbol")),
        pl.lit("absurd_price"),
    )


def misplaced(
    history: pl.DataFrame, rules: policy.QualityPolicy, *, is_revising: bool
) -> pl.DataFrame:
    """First bar of each symbol that does not follow from the bars before it.

    Only the first, because what it says must not be held against the next: take it out
    and ask again. Looks back, but for a dividend that a revising source posts again
    sessions later. A source that never revises is not believed when it leaves the
    scale from one session to the next; one that does is judged by `out_of_scale`.
    """
    moves = moved(history)
    move, action = pl.col("log_move"), pl.col("log_action")
    is_denied = (action.abs() > rules.large_action) & (
        move.abs() < (move + action).abs()
    )
    is_far = (total().abs() >= math.log(rules.min_scale)) & (
        pl.col("sessions_since") == 1
    )
    is_split = 2 * pl.col("split_ratio").log().abs() > action.abs()
    tests = {
        "bad_dividend": (pl.col("paid") >= 1) | (is_denied & ~is_split),
        "bad_split": is_denied,
        "absurd_price": pl.lit(value=not is_revising) & is_far,
    }
    kind = pl.coalesce(pl.when(test).then(pl.lit(kind)) for kind, test in tests.items())
    found = moves.select("symbol", "place", "number", finding=kind)
    doubled = _doubled(history, rules, is_revising=is_revising)
    both = pl.concat([found.drop_nulls(), doubled])  # known bars are not judged again
    return both.sort("symbol", "place", "finding").unique("symbol", keep="first")


def _doubled(
    history: pl.DataFrame, rules: policy.QualityPolicy, *, is_revising: bool
) -> pl.DataFrame:
    """Dividends posted twice: the later one, unless the source may know better now."""
    was_known = pl.col("number").is_null() | (pl.col("known_dividend") > 0)
    paying = history.filter(pl.col("dividend") > 0).with_columns(
        was_known=was_known.fill_null(value=False)
    )
    is_doubled = _is_paid_again(rules, 1)
    if is_revising:
        is_first_new = _is_paid_again(rules, -1) & ~pl.col("was_known")
        is_doubled = is_first_new | (is_doubled & _before("was_known"))
    doubled = paying.filter(is_doubled, pl.col("number").is_not_null())
    return doubled.select(
        "symbol", "place", "number", finding=pl.lit("doubled_dividend")
    )


def _is_paid_again(rules: policy.QualityPolicy, steps: int) -> pl.Expr:
    """Whether the dividend before, or after at -1, is the same and close by."""
    difference = (pl.col("dividend") - _before("dividend", steps)).abs()
    distance = (pl.col("place") - _before("place", steps)).abs()
    return (difference <= rules.same_within * pl.col("dividend")) & (
        distance <= rules.doubled_sessions
    )


def unconfirmed(history: pl.DataFrame, rules: policy.QualityPolicy) -> pl.DataFrame:
    """Newest bars that jumped without an action, fetched before the next close."""
    newest = moved(history).filter(
        pl.col("symbol") != pl.col("symbol").shift(-1, fill_value="")
    )
    jumps = newest.filter(
        is_jump(rules), pl.col("log_action") == 0, pl.col("number").is_not_null()
    )
    is_fresh = [
        sessions.close_at(sessions.shift(session, 1)) > known_at
        for session, known_at in jumps.select("session", "known_at").iter_rows()
    ]
    return _found(
        jumps.filter(pl.Series(is_fresh, dtype=pl.Boolean)), pl.lit("unconfirmed_jump")
    )
