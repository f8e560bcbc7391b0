"""Bars beside their neighbors in time, and what only that shows.

Turns delivered and known bars into one history (`sequence`), moves from bar to bar
(`moved`), and findings: what is `frozen`, `out_of_scale`, `misplaced` or `unconfirmed`.
The list of findings stands in `findings.py`; in which order they are asked for, and
what becomes of a row, in `quality.py`.
"""

import math

import polars as pl

from turbomode_assets import market_policy, sessions
from turbomode_assets.prices import findings


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
    fresh = rows.select("number", "place", "known_at", *findings.KEY, *findings.VALUES)
    before = known.select(*findings.KEY, known_dividend="dividend")
    past = known.join(fresh, on=findings.KEY, how="anti").join(
        findings.CALENDAR, on="session"
    )
    return pl.concat(
        [
            fresh.join(before, on=findings.KEY, how="left"),
            past.select(
                "place", *findings.KEY, *findings.VALUES, known_dividend="dividend"
            ),
        ],
        how="diagonal",
    ).sort(findings.KEY)


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


def is_jump(rules: market_policy.QualityPolicy) -> pl.Expr:
    """Whether the total return from the bar before is large."""
    return (total().exp() - 1).abs() > rules.max_jump


def frozen(history: pl.DataFrame, rules: market_policy.QualityPolicy) -> pl.DataFrame:
    """Bars without volume or action that repeat the ones before, from the n-th on."""
    is_repeated = pl.all_horizontal(
        *(pl.col(name) == _before(name) for name in (*findings.PRICES, "volume")),
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


def out_of_scale(
    history: pl.DataFrame, rules: market_policy.QualityPolicy
) -> pl.DataFrame:
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
    history: pl.DataFrame, rules: market_policy.QualityPolicy, *, is_revising: bool
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
    history: pl.DataFrame, rules: market_policy.QualityPolicy, *, is_revising: bool
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


def _is_paid_again(rules: market_policy.QualityPolicy, steps: int) -> pl.Expr:
    """Whether the dividend before, or after at -1, is the same and close by."""
    difference = (pl.col("dividend") - _before("dividend", steps)).abs()
    distance = (pl.col("place") - _before("place", steps)).abs()
    return (difference <= rules.same_within * pl.col("dividend")) & (
        distance <= rules.doubled_sessions
    )


def unconfirmed(
    history: pl.DataFrame, rules: market_policy.QualityPolicy
) -> pl.DataFrame:
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
