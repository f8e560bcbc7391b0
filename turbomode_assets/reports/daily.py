"""The daily report: what was said, what came of it, and what may be believed of it.

Numbers of the last day, week and month in, plain text out, for a phone. Every rate
stands beside its base rate and its n; words follow from rules below and from nothing
else. Who looked at the health of the home is not known here.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from turbomode_assets.stats import overlap

SPANS = (1, 7, 30)
"""Days the report looks back: the predecessor's."""

EXCELLENT, GOOD = 0.65, 0.55
"""Hit shares from which the predecessor called a month excellent, and good. Kept to be
comparable; what they are worth says the sentence beside them."""

FEWEST = 30
"""Independent outcomes below which a rate is called too few to believe: its 90 % range
is then thirty points wide."""

_KEY = ["symbol", "session"]
_RIGHT = {"buy": "up", "sell": "down"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Graded:
    """Signals of a span: said in it, and matured in it; None without any."""

    days: int
    n_said: int
    n_matured: int
    n_effective: int
    hit_share: float | None
    base_rate: float | None
    """Hits as many names picked blindly in the same sessions would have had."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Daily:
    """Everything a report says."""

    day: dt.date
    price: str
    """Where prices stand, in words."""
    champion: str | None
    evidence: str
    """What is shown of skill, see `desk_page.supported`."""
    swing: Sequence[Graded]
    intraday: Sequence[tuple[int, pl.DataFrame]]
    """Days, and a row per horizon as `intraday.scorecard.of_signals` returns them."""
    voters: pl.DataFrame
    """voter, n, spoken_share and last_excuse of the last week, and weight and skill,
    what its own forecasts saved of the base rate's loss; see `intraday.scorecard`."""
    options: Sequence[tuple[int, pl.DataFrame]]
    """Days, and a row per basis: n, n_effective, value (the mean return), low, high."""
    health: Sequence[tuple[str, bool, str]]
    """Name, whether it is well, and what was seen."""


def graded(
    signals: pl.DataFrame, outcomes: pl.DataFrame, as_of: dt.date, days: int
) -> Graded:
    """Signals and grades of the days that end with `as_of`.

    Parameters
    ----------
    signals
        Columns symbol, session and side.
    outcomes
        Rows of `tables.OUTCOMES`.
    as_of
        Last day that counts.
    days
        Calendar days that count.
    """
    since = as_of - dt.timedelta(days=days)
    taken = signals.filter(pl.col("side") != "hold")
    known = outcomes.drop_nulls("label_symmetric_10pct")
    label = pl.col("label_symmetric_10pct")
    blind = known.group_by("session").agg(
        (label == right).mean().alias(side) for side, right in _RIGHT.items()
    )
    in_span = pl.col("matures_on").is_between(since, as_of, closed="right")
    rows = taken.join(known.filter(in_span).drop("side"), on=_KEY).join(
        blind, on="session"
    )
    rows = rows.with_columns(
        is_right=label == pl.col("side").replace_strict(_RIGHT),
        usual=pl.when(pl.col("side") == "buy").then("buy").otherwise("sell"),
    )
    said = pl.col("session").is_between(since, as_of, closed="right")
    return Graded(
        days=days,
        n_said=taken.filter(said).height,
        n_matured=rows.height,
        n_effective=overlap.keep_apart(rows).height,
        hit_share=rows.select(pl.col("is_right").mean()).item(),
        base_rate=rows.select(pl.col("usual").mean()).item(),
    )


def status(hit_share: float | None) -> str:
    """The predecessor's word for a hit share.

    Examples
    --------
    >>> [status(share) for share in (0.7, 0.65, 0.6, 0.2, None)]
    ['excellent', 'excellent', 'good', 'learning', 'learning']
    """
    if hit_share is None or hit_share < GOOD:
        return "learning"
    return "excellent" if hit_share >= EXCELLENT else "good"


def insights(daily: Daily) -> list[str]:
    """What follows from the numbers, a sentence each, what to do first.

    Parameters
    ----------
    daily
        The numbers.
    """
    return [*_of_health(daily), *_of_swing(daily), *_of_voters(daily)]


def text(daily: Daily) -> str:
    """The report as plain text.

    Parameters
    ----------
    daily
        The numbers.
    """
    return "\n".join(_lines(daily))


def title(daily: Daily) -> str:
    """The report in a line: the word of the month, and whether the home is well."""
    month = daily.swing[-1]
    amiss = [name for name, is_well, _ in daily.health if not is_well]
    well = f"amiss: {', '.join(amiss)}" if amiss else "all well"
    return f"Daily report {daily.day}: {status(month.hit_share)}, {well}"


def _lines(daily: Daily) -> Iterator[str]:
    yield daily.price
    yield f"Champion: {daily.champion or 'nobody'}."
    yield f"Status: {status(daily.swing[-1].hit_share)} by hits. {daily.evidence}"
    yield ""
    yield "Swing, buys and sells:"
    yield from map(_span, daily.swing)
    if any(rows.height for _, rows in daily.intraday):
        yield ""
        yield "Intraday, by horizon:"
        for days, rows in daily.intraday:
            yield from (_horizon(days, row) for row in rows.iter_rows(named=True))
    yield from _options(daily)
    if daily.voters.height:
        yield ""
        yield "Voters, last 7 days:"
        yield from map(_voter, daily.voters.iter_rows(named=True))
    told = insights(daily)
    if told:
        yield ""
        yield "What follows:"
        yield from (f"- {sentence}" for sentence in told)
    yield ""
    yield "Health:"
    for name, is_well, seen in daily.health:
        yield f"- {name}: {'well' if is_well else 'AMISS'}. {seen}"


def _span(span: Graded) -> str:
    rate = (
        f"{span.hit_share:.0%} hit, {span.base_rate:.0%} blindly"
        if span.hit_share is not None and span.base_rate is not None
        else "none matured"
    )
    counts = f"{span.n_matured} matured, effective n {span.n_effective}"
    return f"- {span.days} d: {span.n_said} said; {rate} ({counts})"


def _horizon(days: int, row: dict[str, object]) -> str:
    shares = [_share(row[name]) for name in ("hit_share", "up_share", "skill")]
    return (
        f"- {days} d, {row['symbol']} {row['horizon']}: {shares[0]} of "
        f"{row['n_taken']} hit (effective n {row['n_taken_effective']}), {shares[1]} "
        f"went up; skill {shares[2]} of {row['n']} (effective n {row['n_effective']})"
    )


def _options(daily: Daily) -> Iterator[str]:
    if any(rows.height for _, rows in daily.options):
        yield ""
        yield "Options bought on each intraday signal, after costs:"
        for days, rows in daily.options:
            for row in rows.iter_rows(named=True):
                yield _option(days, row)


def _option(days: int, row: dict[str, object]) -> str:
    kind = "model-based" if row["basis"] == "model" else row["basis"]
    mean, low, high = (_share(row[name]) for name in ("value", "low", "high"))
    return (
        f"- {days} d, {kind}: mean return {mean} ({low}..{high}) of {row['n']} "
        f"(effective n {row['n_effective']})"
    )


def _voter(row: dict[str, object]) -> str:
    spoke = f"- {row['voter']}: spoke in {_share(row['spoken_share'])} of {row['n']}"
    if row["skill"] is None:
        return spoke
    return f"{spoke}; weight {_share(row['weight'])}, skill {row['skill']:.1%}"


def _share(value: object) -> str:
    return f"{value:.0%}" if isinstance(value, float) else "-"


def _of_health(daily: Daily) -> Iterator[str]:
    if daily.champion is None:
        yield "Nothing is signaled until a challenger passes the gate."
    amiss = [name for name, is_well, _ in daily.health if not is_well]
    if amiss:
        yield f"Look at {', '.join(amiss)} first: turbomode status."


def _of_swing(daily: Daily) -> Iterator[str]:
    month = daily.swing[-1]
    if month.hit_share is None or month.base_rate is None:
        return
    if month.n_effective < FEWEST:
        yield (
            f"Effective n is {month.n_effective}: below {FEWEST} no hit share can be "
            "believed."
        )
    if month.hit_share <= month.base_rate:
        yield "Of late the signals hit no more often than blind picks."


def _of_voters(daily: Daily) -> Iterator[str]:
    for row in daily.voters.filter(pl.col("spoken_share") == 0).iter_rows(named=True):
        yield f"{row['voter']} has been silent for a week: {row['last_excuse']}"
