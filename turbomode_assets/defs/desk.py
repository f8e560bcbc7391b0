"""The intraday desk between its tables and its loop: read, call the arrow, append.

1. `keep`       what a source delivered    -> bars, headlines, chains, quarantine,
                                              and an account of every row
2. `vote`       moments without votes      -> votes
3. `speak`      moments without signals    -> signals
4. `grade`      signals and bars           -> outcomes
5. `weigh`      a session that has ended   -> weights, track records

Each looks at whole sessions and adds what is missing in them, oldest round first, in
one transaction. So a round, a session, a range of them and a second try after a kill
are the same call, and give the same rows. Votes and signals are written once, outcomes
and weights follow from what is stored. What is computed stands in ``intraday/loop.py``.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable

import polars as pl

from turbomode_assets import errors, intraday_tables, rounds, schema, sessions
from turbomode_assets.defs import desk_accounts
from turbomode_assets.defs.partitions import Window
from turbomode_assets.intraday import bars, knowledge, loop, walk
from turbomode_assets.intraday_policy import IntradayPolicy
from turbomode_assets.prices import revisions
from turbomode_assets.sources import intraday_base
from turbomode_assets.store.warehouse import Warehouse

PENDING_SESSIONS = 42
"""Sessions for which a pending outcome is looked at again: two months, as for the
other desk."""

_MOMENT = ["symbol", "session", "minute"]

Ask = Callable[[pl.DataFrame], pl.DataFrame]
"""From votes to what the learned model says of them; columns of `walk.LEARNED`."""


def nobody(votes: pl.DataFrame) -> pl.DataFrame:
    """What is said of votes where no learned model reigns: nothing."""
    del votes
    return walk.LEARNED.to_frame()


@dataclasses.dataclass(frozen=True)
class Taken:
    """What became of a delivery.

    Parameters
    ----------
    added
        Rows added, by name of the table.
    refused
        Rows of `market_tables.QUARANTINE`, whether seen before or not.
    account
        Rows of `intraday_tables.INTAKES`: what became of every row delivered.
    """

    added: dict[str, int]
    refused: pl.DataFrame
    account: pl.DataFrame


def require_begun(window: Window, now: dt.datetime) -> None:
    """Refuse sessions of which no round has ended.

    Raises
    ------
    errors.MissingUpstream
        Says when the first round ends.
    """
    grid = rounds.between(window.first, window.last)
    ends_at = grid["ends_at"][0]
    if ends_at > now:
        message = (
            f"expected a round of {window.first} that has ended, the first ends at "
            f"{ends_at:%Y-%m-%d %H:%M} UTC; ask again then"
        )
        raise errors.MissingUpstream(message)


def require_ended(window: Window, now: dt.datetime) -> None:
    """Refuse sessions that have not closed: what was learned is stored at their end.

    Raises
    ------
    errors.MissingUpstream
        Says when the last of them closes.
    """
    closes_at = sessions.close_at(window.last)
    if closes_at > now:
        message = (
            f"expected sessions that have closed, {window.last} closes at "
            f"{closes_at:%Y-%m-%d %H:%M} UTC; ask again then"
        )
        raise errors.MissingUpstream(message)


def fetched_from(store: Warehouse, window: Window, rules: IntradayPolicy) -> dt.date:
    """First day to fetch for a window: its own, or where voters look back to.

    The latter where nothing is stored of the sessions in between.
    """
    since = _looked_back(window.first, rules)
    before = store.columns(
        intraday_tables.BARS, ["session"], since, window.first - dt.timedelta(days=1)
    )
    return since if before.is_empty() else window.first


def keep(
    store: Warehouse,
    delivery: intraday_base.Delivery,
    window: Window,
    now: dt.datetime,
    rules: IntradayPolicy,
) -> Taken:
    """Judge and store what a source delivered; what is stored already stays.

    Parameters
    ----------
    store
        The open warehouse.
    delivery
        What was fetched, from `fetched_from` to the end of the window.
    window
        Sessions it was fetched for.
    now
        Present moment, UTC.
    rules
        Policy in force.
    """
    judged = loop.judge_bars(delivery.bars, now, rules)
    whole = loop.judge_days(delivery.daily, rules)
    told = loop.judge_headlines(delivery.headlines)
    quoted = loop.judge_chains(delivery.chains)
    news = _news(store, judged.accepted, now, rules)
    of_days = _daily_news(store, whole.accepted, rules)
    lots = [
        desk_accounts.Lot("rounds", delivery.bars, judged, news),
        desk_accounts.Lot("daily", delivery.daily, whole, of_days),
        desk_accounts.Lot("headlines", delivery.headlines, told, told.accepted),
        desk_accounts.Lot("options", delivery.chains, quoted, quoted.accepted),
    ]
    with store.transaction():
        account, added = desk_accounts.keep(store, lots, window.last, now)
        n_asked = store.append(intraday_tables.FETCHES, delivery.attempts)
    added[intraday_tables.FETCHES.name] = n_asked
    return Taken(added, pl.concat(lot.judged.refused for lot in lots), account)


def _news(
    store: Warehouse, accepted: pl.DataFrame, now: dt.datetime, rules: IntradayPolicy
) -> pl.DataFrame:
    known = store.read(intraday_tables.BARS, *_span(accepted))
    return bars.changed(accepted, known, now, rules.quality)


def _daily_news(
    store: Warehouse, accepted: pl.DataFrame, rules: IntradayPolicy
) -> pl.DataFrame:
    known = store.read(intraday_tables.DAILY_BARS, *_span(accepted))
    newest = known.sort("known_at").unique(["symbol", "session"], keep="last")
    return revisions.changed(accepted, newest, rules.quality.same_within)


def _span(rows: pl.DataFrame) -> tuple[dt.date, dt.date]:
    """First and last session of rows; the calendar's first where there is none."""
    first, last = rows["session"].min(), rows["session"].max()
    none = sessions.FIRST_DAY
    return first or none, last or none  # type: ignore[return-value]


def _looked_back(day: dt.date, rules: IntradayPolicy) -> dt.date:
    """First session a snapshot of a day reaches back to."""
    return sessions.shift(sessions.on_or_after(day), 1 - rules.desk.lookback_sessions)


def vote(store: Warehouse, window: Window, rules: IntradayPolicy) -> pl.DataFrame:
    """Let every voter speak at the moments of some sessions without votes.

    Returns
    -------
    pl.DataFrame
        The rows of `intraday_tables.VOTES` that were added.
    """
    since = _looked_back(window.first, rules)
    known, told, quoted, daily = (
        store.read(table, since, window.last)
        for table in (
            intraday_tables.BARS,
            intraday_tables.HEADLINES,
            intraday_tables.CHAINS,
            intraday_tables.DAILY_BARS,
        )
    )
    moments = loop.moments_of(known, window.first, window.last, rules)
    voted = _moments(store, intraday_tables.VOTES, window)
    missing = moments.join(voted, on=_MOMENT, how="anti", maintain_order="left")
    parts = [intraday_tables.VOTES.empty()]
    for then in knowledge.at(missing, known, daily):
        history = loop.lay_out(then.bars, told, quoted, rules, then.daily)
        parts.append(loop.cast_votes(history, then.moments, rules))
    votes = pl.concat(parts).sort(intraday_tables.VOTES.key)
    store.append(intraday_tables.VOTES, votes)
    return votes


def speak(
    store: Warehouse,
    window: Window,
    now: dt.datetime,
    rules: IntradayPolicy,
    ask: Ask = nobody,
) -> pl.DataFrame:
    """Say what the desk thinks at the voted moments of some sessions without signals.

    Parameters
    ----------
    store
        The open warehouse.
    window
        The sessions.
    now
        Present moment, UTC.
    rules
        Policy in force.
    ask
        What the learned model says of votes, as `desk_learning.ask` has it.

    Returns
    -------
    pl.DataFrame
        The rows of `intraday_tables.SIGNALS` that were added.
    """
    votes = store.read(intraday_tables.VOTES, window.first, window.last)
    said = _moments(store, intraday_tables.SIGNALS, window)
    silent = votes.join(said, on=_MOMENT, how="anti", maintain_order="left")
    if silent.is_empty():
        return intraday_tables.SIGNALS.empty()
    spoken = _walked(store, votes, window, rules, ask(silent))
    signals = loop.stamp(spoken.signals, now)
    store.append(intraday_tables.SIGNALS, signals)
    return signals


def grade(store: Warehouse, window: Window) -> list[dt.date]:
    """Resolve the signals of some sessions, and those before that wait for an end.

    Returns
    -------
    list of dt.date
        Sessions whose outcomes changed, ascending.
    """
    since = _graded_from(store, window)
    signals = store.read(intraday_tables.SIGNALS, since, window.last)
    if signals.is_empty():
        return []
    rows = loop.resolve_outcomes(signals, store.read(intraday_tables.BARS, since))
    before = store.read(intraday_tables.OUTCOMES, since, window.last)
    store.replace(intraday_tables.OUTCOMES, rows, since, window.last)
    changed = rows.join(before, on=rows.columns, how="anti", nulls_equal=True)
    return changed["session"].unique().sort().to_list()


def _graded_from(store: Warehouse, window: Window) -> dt.date:
    """First session at or before a window with an outcome that is not known."""
    first = sessions.on_or_after(window.first)
    since = sessions.shift(first, -PENDING_SESSIONS)
    names = ["session", "maturity"]
    stored = store.columns(intraday_tables.OUTCOMES, names, since, window.first)
    waiting = stored.filter(pl.col("maturity") == "pending")["session"]
    return min([window.first, *waiting])


def is_due(store: Warehouse, window: Window) -> bool:
    """Whether grading would tell more of the signals of a window than is stored."""
    key = list(intraday_tables.OUTCOMES.key)
    names = [*key, "maturity"]
    span = (window.first, window.last)
    stored = store.columns(intraday_tables.OUTCOMES, names, *span)
    settled = stored.filter(pl.col("maturity") != "pending")
    signals = store.read(intraday_tables.SIGNALS, *span)
    waiting = signals.join(settled, on=key, how="anti")
    if waiting.is_empty():
        return False
    known = store.read(intraday_tables.BARS, waiting["session"].min())  # type: ignore[arg-type]
    found = loop.resolve_outcomes(waiting, known)
    return not found.join(stored, on=names, how="anti").is_empty()


def weigh(
    store: Warehouse, window: Window, rules: IntradayPolicy
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Store what was learned by the end of some sessions.

    Returns
    -------
    tuple of pl.DataFrame
        Rows of `intraday_tables.WEIGHTS` and of `intraday_tables.TRACK_RECORDS`.

    Raises
    ------
    errors.MissingUpstream
        Where nothing was said in them.
    """
    votes = store.read(intraday_tables.VOTES, window.first, window.last)
    said = _moments(store, intraday_tables.SIGNALS, window)
    heard = votes.join(said, on=_MOMENT, how="semi", maintain_order="left")
    if heard.is_empty():
        message = (
            f"expected signals of {window.first} to {window.last} to learn from, found "
            "none; materialize intraday/signals first"
        )
        raise errors.MissingUpstream(message)
    spoken = _walked(store, heard, window, rules)
    is_asked = pl.col("session").is_between(window.first, window.last)
    learned = (spoken.weights.filter(is_asked), spoken.track_records.filter(is_asked))
    with store.transaction():
        store.replace(intraday_tables.WEIGHTS, learned[0], window.first, window.last)
        store.replace(
            intraday_tables.TRACK_RECORDS, learned[1], window.first, window.last
        )
    return learned


def _walked(
    store: Warehouse,
    votes: pl.DataFrame,
    window: Window,
    rules: IntradayPolicy,
    learned: pl.DataFrame | None = None,
) -> walk.Spoken:
    """Walk from what was learned before a window through votes in it."""
    newest = store.newest(
        intraday_tables.WEIGHTS, "symbol", "session", before=window.first
    )
    symbols = votes["symbol"].unique()
    is_learned = all(symbol in newest for symbol in symbols)
    since = _pending_from(min(newest[one] for one in symbols)) if is_learned else None
    said = store.read(intraday_tables.SIGNALS, since, window.last)
    voted = store.read(intraday_tables.VOTES, since, window.last)
    memory = walk.Memory(
        weights=_learned(store, intraday_tables.WEIGHTS, newest),
        track_records=_learned(store, intraday_tables.TRACK_RECORDS, newest),
        votes=voted.join(said, on=_MOMENT, how="semi", maintain_order="left"),
        signals=said,
    )
    # An outcome may rest on bars of the first session that is not learned from yet.
    first = pl.concat([memory.votes["session"], votes["session"]]).min()
    known = store.read(intraday_tables.BARS, first, window.last)  # type: ignore[arg-type]
    return loop.form_consensus(votes, known, memory, rules, learned)


def _pending_from(learned_to: dt.date) -> dt.date:
    """First session with signals that may not have ended with a session."""
    return sessions.shift(learned_to, 1 - rounds.HORIZON_SESSIONS)


def _learned(
    store: Warehouse, table: schema.Table, newest: dict[str, dt.date]
) -> pl.DataFrame:
    """Rows of the newest session of each symbol."""
    found = [
        store.read(table, day, day, {"symbol": symbol})
        for symbol, day in newest.items()
    ]
    return pl.concat([table.empty(), *found])


def _moments(store: Warehouse, table: schema.Table, window: Window) -> pl.DataFrame:
    return store.columns(table, _MOMENT, window.first, window.last).unique()
