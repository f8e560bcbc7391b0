"""What two machines exchange, and what follows from it.

============  ===========================================  =====================
channel       goes                                         at the other end
============  ===========================================  =====================
``ledger``    from the machine that serves to the one      partitions replaced
              that trains
``models``    back, with cards, predictions, verdicts,     rows added; then
              standings and artifacts                      `seat` moves the alias
============  ===========================================  =====================

The serving machine alone says who is champion, when it pulls: between two runs, and
after everything was verified. How increments travel stands in ``store/exchange.py``,
who may follow whom in ``succession.py``.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg
import polars as pl

from turbomode_assets import (
    errors,
    loop,
    policy,
    proof_tables,
    report_tables,
    succession,
    tables,
)
from turbomode_assets.defs import progress
from turbomode_assets.defs.assets import learning
from turbomode_assets.features import catalog
from turbomode_assets.models import scoring
from turbomode_assets.promotion import alias
from turbomode_assets.store import (
    exchange,
    home,
    manifest,
    receiving,
    registry,
    remote,
    sending,
    warehouse,
)

_FEATURES = catalog.feature_version(policy.SWING.features.feature_set)

LEDGER = exchange.Channel(
    name="ledger",
    tables=(
        tables.UNIVERSE,
        tables.BARS,
        tables.FEATURES,
        tables.SIGNALS,
        proof_tables.SIGNAL_CHAIN,
        tables.OUTCOMES,
        report_tables.FEATURE_REPORTS,
        tables.CHAMPIONS,
    ),
    paced_by=(tables.BARS, tables.FEATURES, tables.OUTCOMES),
    is_append=False,
    features=_FEATURES,
)
"""Everything samples are made of and challengers are judged by."""

MODELS = exchange.Channel(
    name="models",
    tables=(tables.STANDINGS, tables.MODELS, tables.OOF_PREDICTIONS, tables.VERDICTS),
    paced_by=(tables.MODELS,),
    is_append=True,
    features=_FEATURES,
)
"""What was learned, with the evidence and the verdict."""

SENT = {"serve": LEDGER, "train": MODELS}
"""What a role sends."""

RECEIVED = {"serve": MODELS, "train": LEDGER}
"""What a role receives."""


def side(where: home.Home, settings: home.Settings, now: dt.datetime) -> exchange.Side:
    """End of the exchange a home is.

    Parameters
    ----------
    where
        The home.
    settings
        Its settings.
    now
        Present moment, UTC.

    Raises
    ------
    errors.SettingsError
        Where the home has nobody to exchange with.
    """
    if settings.role not in SENT or not settings.exchange:
        message = (
            f"expected a home that serves or trains and a place both reach, found role "
            f"{settings.role!r} and exchange {settings.exchange!r}; say so with: "
            "turbomode exchange join serve URL"
        )
        raise errors.SettingsError(message)
    return exchange.Side(where=where, remote=remote.opened(settings.exchange), now=now)


def push(here: exchange.Side, role: str) -> Iterator[manifest.Manifest]:
    """Send what the role has to send; raises as `sending.publish` does."""
    return sending.publish(here, SENT[role])


def pull(
    here: exchange.Side, role: str, say: Callable[[str], None]
) -> Iterator[manifest.Manifest]:
    """Take over what is there for a role; raises as `receiving.receive` does.

    Parameters
    ----------
    here
        This end.
    role
        ``serve`` or ``train``.
    say
        Called with a sentence on each challenger that arrived.
    """

    def follow(store: warehouse.Warehouse, new: Mapping[str, pl.DataFrame]) -> None:
        for sentence in seat(store, new, here):
            say(sentence)

    if role != "serve":
        return receiving.receive(here, RECEIVED[role])
    return receiving.receive(here, RECEIVED[role], follow)


def seat(
    store: warehouse.Warehouse, new: Mapping[str, pl.DataFrame], here: exchange.Side
) -> Iterator[str]:
    """Unseat and crown by what arrived, month by month, as the loop does.

    Parameters
    ----------
    store
        The open warehouse, with what arrived.
    new
        Rows that arrived, by table.
    here
        This end.

    Yields
    ------
    str
        What became of each fallen champion and each challenger.
    """
    standings, cards = new[tables.STANDINGS.name], new[tables.MODELS.name]
    for month in sorted({*standings["month"], *cards["month"]}):
        found = standings.filter(pl.col("month") == month)
        fallen = succession.unseat(store, found, here.now)
        store.append(tables.CHAMPIONS, fallen)
        yield from fallen["reason"]
        learned = cards.filter(pl.col("month") == month).sort("trained_at")
        for card in learned.iter_rows(named=True):
            yield f"{card['version']}: {_judged(store, card, here)}"


def _judged(
    store: warehouse.Warehouse, card: Mapping[str, Any], here: exchange.Side
) -> str:
    """Crown a challenger that may reign; what became of it."""
    verdict = store.read(tables.VERDICTS, match={"version": card["version"]})
    if verdict.is_empty():
        return "refused, no verdict came along"
    failed = verdict.filter(~pl.col("is_passed")).sort("position")
    if failed.height:
        return progress.refused(failed["sentence"].to_list())
    reigns = alias.history(store.read(tables.CHAMPIONS), loop.DESK)
    reigning = "".join(reigns["version"].tail(1))
    against = verdict["against"][0]
    if against != reigning:
        return (
            f"not crowned, it was held against {against or 'nobody'} and "
            f"{reigning or 'nobody'} reigns"
        )
    scoring.load(registry.load(here.where.models, card["artifact_sha256"]))
    to = loop.Crowning(
        version=card["version"], month=card["month"], decided_at=here.now
    )
    try:
        row = succession.crown(store, to)
    except errors.PromotionRefused as refusal:
        return f"not crowned, {refusal}"
    store.append(tables.CHAMPIONS, row)
    return "".join(f"reigns from {day}" for day in row["effective_from"]) or "reigned"


def tidy(store: warehouse.Warehouse, models: home.Home) -> list[str]:
    """Remove artifacts nobody will ask for; their addresses."""
    return registry.prune(models.models, succession.superseded(store))


def open_the_door(
    store: warehouse.Warehouse, instance: dg.DagsterInstance
) -> str | None:
    """Report who reigns, unless the door of the loop says so already.

    Asked after every pull, so that a crash between a crowning and its report is made
    good by the next one.

    Parameters
    ----------
    store
        The open warehouse.
    instance
        Instance of the home.

    Returns
    -------
    str or None
        Version reported; null where there was nothing to report.
    """
    reigns = alias.history(store.read(tables.CHAMPIONS), loop.DESK)
    if reigns.is_empty():
        return None
    last = reigns.row(-1, named=True)
    event = instance.get_latest_materialization_event(learning.CHAMPION_IN_FORCE)
    told = event.asset_materialization if event else None
    version: str = last["version"]
    if told and told.metadata["version"].value == (version or "nobody"):
        return None
    learning.report_door(instance, last["effective_from"], version)
    return version
