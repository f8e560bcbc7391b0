"""What can be wrong with a delivered row: every kind of finding and its sentence.

Turns rows into what they show by themselves (`own`) and together with other rows of
the same session (`repeated`). What their neighbors in time show stands in
`neighbors.py`, and what becomes of a row in `quality.py`.

A finding is a row with the columns `number`, which tells delivered rows apart, and
`finding`, a key of `REFUSALS`.
"""

import polars as pl

from turbomode_assets import market_policy, market_tables, sessions, tables

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
PRICES = ("open", "high", "low", "close")

CALENDAR = pl.DataFrame(
    {"session": sessions.sessions_between(sessions.FIRST_DAY, sessions.LAST_DAY)}
).select("session", place=pl.int_range(pl.len(), dtype=pl.Int32))
"""Every session, and its place among all of them."""

_NUMBERS = (*VALUES, "later_splits")


def own(rules: market_policy.QualityPolicy) -> pl.Expr:
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
        "not_positive": pl.min_horizontal(PRICES) <= 0,
        "negative_volume": pl.col("volume") < 0,
        "high_below_low": pl.col("high") * exact < pl.col("low"),
        "outside_range": (pl.col("high") * some < pl.max_horizontal("open", "close"))
        | (pl.col("low") > pl.min_horizontal("open", "close") * some),
        "absurd_price": pl.max_horizontal(PRICES) > rules.max_price,
        "bad_split": pl.min_horizontal("split_ratio", "later_splits") <= 0,
        "bad_dividend": pl.col("dividend") < 0,
    }
    return pl.coalesce(
        pl.when(is_found).then(pl.lit(kind)) for kind, is_found in tests.items()
    )


def repeated(
    rows: pl.DataFrame,
    rules: market_policy.QualityPolicy,
    key: tuple[str, ...] = KEY,
) -> pl.DataFrame:
    """Rows that are one too many for their symbol and session, or for another `key`.

    Where the closes agree, the row with the greatest volume stays: the others were
    written before the day had been counted. Where they do not, none is believed.
    """
    doubled = rows.filter(pl.struct(*key).is_duplicated())
    spread = (pl.col("close").max() / pl.col("close").min() - 1).over(key)
    best_first = doubled.sort("volume", *VALUES, "known_at", descending=True)
    is_best = pl.struct(*key).is_first_distinct()
    kind = pl.when(spread > rules.range_tolerance).then(pl.lit("conflict"))
    return best_first.select(
        "number",
        finding=kind.otherwise(pl.when(~is_best).then(pl.lit("duplicate"))),
    ).drop_nulls()
