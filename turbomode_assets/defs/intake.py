"""From a source to stored revisions: fetch, judge, append, count, check.

In order:

1. `take_in`      each delivery is judged and stored while the next is fetched
2. `result`       rows by what became of them, and the checks that count them
3. `refresh`      bars are what the newest revisions say, whenever they came
4. `bar_checks`   whether the stored bars look like a market

Computes nothing about prices: judging stands in ``prices/quality.py``.
"""

import collections
import dataclasses
import datetime as dt
import logging
from collections.abc import Callable, Iterator
from concurrent import futures

import dagster as dg
import polars as pl

from turbomode_assets import market_loop, market_tables, policy, sessions, tables
from turbomode_assets.defs import metadata, partitions
from turbomode_assets.defs.resources import STOPWATCH
from turbomode_assets.prices import accounts, health, quality
from turbomode_assets.sources import base
from turbomode_assets.store import bitemporal, warehouse

REVISIONS = metadata.key(market_tables.BAR_REVISIONS)
"""Asset of the revisions."""

BARS = metadata.key(tables.BARS)
"""Asset of the bars."""

CHECKS = [
    dg.AssetCheckSpec(
        "all_rows_accounted",
        asset=REVISIONS,
        blocking=True,
        description="Rows delivered = rows new + rows known before + rows refused.",
    ),
    dg.AssetCheckSpec(
        "symbols_fetched",
        asset=REVISIONS,
        blocking=True,
        description="Symbols that could not be fetched; blocks where too many failed.",
    ),
    dg.AssetCheckSpec(
        "rows_refused",
        asset=REVISIONS,
        description="Rows sent to quarantine for the first time, by reason.",
    ),
    dg.AssetCheckSpec(
        "rows_suspect",
        asset=REVISIONS,
        description="Rows accepted with a warning, by kind.",
    ),
]
"""Checks on what was taken in."""

BAR_CHECKS = [
    dg.AssetCheckSpec(
        "coverage",
        asset=BARS,
        blocking=True,
        description="Nearly every symbol of the session before has a bar.",
    ),
    dg.AssetCheckSpec(
        "moving",
        asset=BARS,
        blocking=True,
        description="The source is not stuck: few bars repeat the session before.",
    ),
]
"""Checks on the bars of a window."""

_SOUND = ("complete", "empty", "unknown_symbol")


@dataclasses.dataclass
class Taken:
    """What became of everything a source delivered for a window."""

    n_delivered: int = 0
    n_new: int = 0
    n_known: int = 0
    n_refused: int = 0
    n_quarantined: int = 0
    """Of the refused, those not refused before."""

    refused: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    suspect: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    results: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    """Result and detail of the last attempt of each symbol."""

    @property
    def sentence(self) -> str:
        """Where the intake stands, in words."""
        symbols = f"{len(self.results)} symbols asked for, " if self.results else ""
        return (
            f"{symbols}{self.n_delivered} rows delivered: {self.n_new} new, "
            f"{self.n_known} known before, {self.n_refused} refused"
        )


def request(
    store: warehouse.Warehouse,
    window: partitions.Window,
    since: dt.date,
    now: dt.datetime,
) -> base.Request:
    """What is asked of a source for a window, given what is stored."""
    return base.Request(
        first=window.first,
        last=window.last,
        now=now,
        since=since,
        stored=store.newest(market_tables.BAR_REVISIONS, "symbol", "session"),
    )


def take_in(
    store: warehouse.Warehouse,
    source: base.Source,
    request: base.Request,
    progress: Callable[[str], None],
    rules: policy.Policy = policy.SWING,
) -> Taken:
    """Judge and store what `source` delivers, one delivery after another.

    Meanwhile the source fetches the next, and only that: a failure on either side, or
    an interrupt, ends both with whole deliveries stored.

    Parameters
    ----------
    store
        The open warehouse.
    source
        Where bars come from.
    request
        What is asked of it.
    progress
        Called with a sentence after each delivery.
    rules
        Policy in force.

    Returns
    -------
    Taken
        Everything that was delivered, counted.
    """
    taken = Taken()

    def keep(delivery: base.Delivery) -> None:
        judged, n_new, n_quarantined = _store(store, source, request, delivery, rules)
        _count(taken, delivery, judged, n_new)
        taken.n_quarantined += n_quarantined
        progress(taken.sentence)
        logging.getLogger(__name__).info(taken.sentence)

    # The source stays in this thread, where an interrupt reaches it at once.
    with futures.ThreadPoolExecutor(max_workers=1) as beside:
        keeping = beside.submit(lambda: None)
        for delivery in source.fetch(request):
            keeping.result()
            keeping = beside.submit(keep, delivery)
        keeping.result()
    return taken


def _store(
    store: warehouse.Warehouse,
    source: base.Source,
    request: base.Request,
    delivery: base.Delivery,
    rules: policy.Policy,
) -> tuple[quality.Inspection, int, int]:
    """How a delivery was judged, and how many rows are new and newly in quarantine."""
    known = _known(store, delivery.rows, request)
    judged = market_loop.judge_bars(
        delivery.rows, known, rules, is_revising=source.is_revising
    )
    fresh = market_loop.revise_bars(judged.accepted, known, rules)
    seen_on = pl.lit(sessions.on_or_before(request.last))
    with store.transaction():
        unseen = _unseen(store, judged.refused)
        fetches = accounts.counted(delivery.attempts, judged, fresh, unseen)
        store.append(market_tables.BAR_REVISIONS, fresh)
        store.append(market_tables.QUARANTINE, unseen.with_columns(seen_on=seen_on))
        store.append(market_tables.FETCHES, fetches)
    return judged, fresh.height, unseen.height


def _unseen(store: warehouse.Warehouse, refused: pl.DataFrame) -> pl.DataFrame:
    """Rows that were not refused before."""
    if refused.is_empty():
        return refused
    kept = store.columns(market_tables.QUARANTINE, ["row_id"])
    return refused.join(kept, on="row_id", how="anti")


def _known(
    store: warehouse.Warehouse, rows: pl.DataFrame, request: base.Request
) -> pl.DataFrame:
    """Bars known of the delivered symbols, from well before the delivered rows.

    A symbol that was silent for longer brings its last bars, however old.
    """
    earliest: dt.date | None = rows.select(pl.col("session").min()).item()
    first = min(request.first, earliest or request.first)
    since = market_loop.bars_for_judging(first)
    symbols = rows["symbol"].drop_nulls().unique().sort()
    recent = bitemporal.known_since(store, symbols.to_list(), since)
    heard = recent.filter(pl.col("session") < first)["symbol"].unique()
    silent = symbols.filter(~symbols.is_in(heard)).to_list()
    n_bars = market_loop.JUDGED_BESIDE_SESSIONS
    older = bitemporal.last_known(store, silent, since, n_bars)
    return pl.concat([older, recent])


def _count(
    taken: Taken, delivery: base.Delivery, judged: quality.Inspection, n_new: int
) -> None:
    taken.n_delivered += delivery.rows.height
    taken.n_new += n_new
    taken.n_known += judged.accepted.height - n_new
    taken.n_refused += judged.refused.height
    taken.refused.update(judged.refused["reason"].to_list())
    taken.suspect.update(judged.warnings["kind"].to_list())
    for row in delivery.attempts.sort("attempt").iter_rows(named=True):
        taken.results[row["symbol"]] = (row["result"], row["detail"])


def result(
    taken: Taken, check: dg.AssetCheckResult, rules: policy.Policy = policy.SWING
) -> dg.MaterializeResult[None]:
    """What the asset of the revisions reports."""
    counts = {
        "rows_delivered": taken.n_delivered,
        "rows_new": taken.n_new,
        "rows_known_before": taken.n_known,
        "rows_refused": taken.n_refused,
        "seconds": STOPWATCH.lap(),
    } | {f"rows_refused_{reason}": n for reason, n in taken.refused.items()}
    checks = [check, _accounted(taken), _fetched(taken, rules), *_findings(taken)]
    return dg.MaterializeResult(
        asset_key=REVISIONS, metadata=counts, check_results=checks
    )


def report(context: dg.AssetExecutionContext, taken: Taken) -> None:
    """Materializations of the tables written beside the revisions, if any row was."""
    written = {
        market_tables.QUARANTINE: taken.n_quarantined,
        market_tables.FETCHES: len(taken.results),
    }
    for table, n_rows in written.items():
        if n_rows:
            key, notes = metadata.key(table), {"rows_added": n_rows}
            context.log_event(dg.AssetMaterialization(key, metadata=notes))


def _accounted(taken: Taken) -> dg.AssetCheckResult:
    kept = taken.n_new + taken.n_known + taken.n_refused
    return dg.AssetCheckResult(
        check_name="all_rows_accounted",
        asset_key=REVISIONS,
        passed=kept == taken.n_delivered,
        description=f"{taken.n_delivered} rows came, {kept} are accounted for.",
    )


def _fetched(taken: Taken, rules: policy.Policy) -> dg.AssetCheckResult:
    failed = {
        symbol: f"{result}: {detail}"
        for symbol, (result, detail) in sorted(taken.results.items())
        if result not in _SOUND
    }
    n_allowed = (1 - rules.quality.min_coverage) * len(taken.results)
    is_outage = len(failed) > n_allowed
    return dg.AssetCheckResult(
        check_name="symbols_fetched",
        asset_key=REVISIONS,
        passed=not failed,
        severity=_severity(is_error=is_outage),
        description=_listed("symbols failed", failed),
        metadata={"failed": dg.JsonMetadataValue(failed)},
    )


def _severity(*, is_error: bool) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN


def _listed(what: str, found: dict[str, str]) -> str:
    shown = "; ".join(f"{name}: {text}" for name, text in list(found.items())[:5])
    return f"{len(found)} {what}. {shown}".strip()


def _findings(taken: Taken) -> Iterator[dg.AssetCheckResult]:
    yield dg.AssetCheckResult(
        check_name="rows_refused",
        asset_key=REVISIONS,
        passed=not taken.n_quarantined,
        description=f"{taken.n_quarantined} rows newly in quarantine.",
        metadata=dict(taken.refused),
    )
    yield dg.AssetCheckResult(
        check_name="rows_suspect",
        asset_key=REVISIONS,
        passed=not taken.suspect,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{taken.suspect.total()} rows accepted with a warning.",
        metadata=dict(taken.suspect),
    )


def refresh(
    store: warehouse.Warehouse, window: partitions.Window
) -> tuple[pl.DataFrame, list[dt.date]]:
    """Make the stored bars what the newest revisions say.

    Parameters
    ----------
    store
        The open warehouse.
    window
        Sessions to replace in any case.

    Returns
    -------
    rows : pl.DataFrame
        Rows of `tables.BARS` of the window.
    others : list of dt.date
        Sessions outside the window that had revisions newer than their bars, and were
        replaced as well.
    """
    rows = _replace(store, window.first, window.last)
    stale = bitemporal.outdated_sessions(store)
    for first, last in sessions.spans(stale):
        _replace(store, first, last)
    return rows, stale


def _replace(store: warehouse.Warehouse, first: dt.date, last: dt.date) -> pl.DataFrame:
    rows = market_loop.latest_bars(store.read(market_tables.BAR_REVISIONS, first, last))
    store.replace(tables.BARS, rows, first, last)
    return rows


def bar_checks(
    store: warehouse.Warehouse,
    window: partitions.Window,
    rules: policy.Policy = policy.SWING,
) -> list[dg.AssetCheckResult]:
    """Outcome of `BAR_CHECKS` on the stored bars of a window."""
    before = sessions.shift(sessions.on_or_after(window.first), -1)
    bars = store.read(tables.BARS, before, window.last)
    expected = sessions.sessions_between(window.first, window.last)
    thin = health.thin_sessions(bars, expected, rules.quality)
    stuck = health.stuck_sessions(bars, expected, rules.quality)
    return [_bar_check("coverage", thin), _bar_check("moving", stuck)]


def _bar_check(name: str, found: dict[dt.date, str]) -> dg.AssetCheckResult:
    by_session = {str(session): text for session, text in found.items()}
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=BARS,
        passed=not found,
        description=_listed("sessions", by_session),
        metadata={"sessions": dg.JsonMetadataValue(by_session)},
    )
