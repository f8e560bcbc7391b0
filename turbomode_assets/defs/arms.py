"""What the arms of a replay would have said in a home that lives.

Challengers are kept for years, so whoever was not crowned can still be asked: nothing
is trained here but the volatility baseline, which takes a second.
Reads the warehouse and the registry; writes neither.
"""

import datetime as dt
from collections.abc import Iterator

import polars as pl

from turbomode_assets import replay, replay_world, sessions, succession, tables
from turbomode_assets.features import catalog
from turbomode_assets.reports import learning


def lived(
    store: succession.Ledger, load: succession.ScorerOf, month: dt.date
) -> learning.Lived:
    """Arms of a home, on everything that had matured before a month.

    Parameters
    ----------
    store
        Tables of the home.
    load
        Loads the scorer with a content address.
    month
        First day of the month.

    Returns
    -------
    learning.Lived
        Signals of the product as it emitted them; of every other arm what it would
        have said in the same sessions, with the features stored for them. No arms where
        no challenger with the present features was trained before the month.
    """
    cards, eve = _cards(store, month), sessions.shift(month, -1)
    began = sessions.on_or_after(min(cards["month"], default=month))
    span = replay_world.Span(first=began, live_from=began, last=eve)
    world = replay_world.World(
        universe=store.read(tables.UNIVERSE),
        features=store.read(tables.FEATURES, began, eve),
        outcomes=store.read(tables.OUTCOMES, last=eve),
        samples=store.read(tables.SAMPLES, last=eve),
    )
    told = _trainings(cards, world, load)
    arms = replay.speak(world, span, told, store) if cards.height else {}
    took = (cards["trained_at"] - cards["began_at"]).dt.total_seconds()
    return learning.Lived(
        name=f"lived from {began} to {eve}",
        arms={arm: rows for arm, rows in arms.items() if arm != replay.OLDER},
        older=arms.get(replay.OLDER, tables.SIGNALS.empty()),
        verdicts=store.read(tables.VERDICTS, last=eve),
        standings=store.read(tables.STANDINGS, last=eve),
        cost=learning.Cost(
            n_trainings=cards.height,
            training_seconds=float(took.sum()),
            cpu_seconds=None,
            seconds=None,
            days=(eve - began).days,
        ),
    )


def _cards(store: succession.Ledger, month: dt.date) -> pl.DataFrame:
    """The latest challenger of each month before that can still be asked.

    That is one with the present features and files that are kept.
    """
    gone = succession.superseded(store)
    cards = store.read(tables.MODELS, last=month).filter(
        pl.col("month") < month,
        pl.col("feature_version") == catalog.feature_version(),
        ~pl.col("artifact_sha256").is_in(gone),
    )
    ordered = cards.sort("month", "trained_at")
    return ordered.unique("month", keep="last", maintain_order=True)


def _trainings(
    cards: pl.DataFrame, world: replay_world.World, load: succession.ScorerOf
) -> Iterator[replay.Training]:
    for card in cards.iter_rows(named=True):
        yield replay.Training(
            month=card["month"],
            version=card["version"],
            scorer=load(card["artifact_sha256"]),
            volatility=replay.fit_volatility(world.samples, card["month"]),
        )
