"""The learned model of the intraday desk: taught, judged and crowned as the other."""

import dataclasses
import datetime as dt
import functools
import subprocess
import sys

import polars as pl
import pytest

from turbomode_assets import desks, errors, intraday_policy, intraday_replay
from turbomode_assets.intraday import (
    consensus,
    learned_model,
    learning,
    loop,
    model_card,
    outcomes,
    replay,
    samples,
)
from turbomode_assets.sources import intraday_simulated
from turbomode_assets.stats import classification
from turbomode_assets_tests.intraday import simulated_desk

FIRST, LAST = dt.date(2018, 1, 2), dt.date(2018, 10, 31)
DAY = dt.date(2018, 9, 4)
QUICK = intraday_policy.LearningPolicy(
    kinds=("ranked_logistic", "sklearn_mlp"),
    n_folds=4,
    min_train_sessions=40,
    every_weeks=4,
)
RULES = dataclasses.replace(
    simulated_desk.RULES,
    learning=QUICK,
    gate=dataclasses.replace(
        intraday_policy.INTRADAY.gate,
        min_sessions=63,
        min_paired_sessions=40,
        n_resamples=500,
    ),
)


@functools.cache
def world(edge: float) -> replay.World:
    source = intraday_simulated.IntradaySimulated(edge=edge)
    delivery = source.fetch_rounds(FIRST, LAST, simulated_desk.EVER)
    return replay.world_of(delivery, simulated_desk.EVER, RULES)


def known(lived: replay.World) -> pl.DataFrame:
    votes = replay.cast(lived, FIRST, LAST, RULES)
    features = samples.features_of(votes, lived.bars, RULES.desk)
    ends = outcomes.resolve(features.select("symbol", "session", "minute"), lived.bars)
    return samples.gather(features, ends)


@pytest.fixture(scope="module")
def taught() -> pl.DataFrame:
    return known(world(6.0))


@pytest.fixture(scope="module")
def challenger(taught: pl.DataFrame) -> learning.Challenger:
    return loop.train_challenger(taught, DAY, RULES)


def test_what_matured_later_leaves_no_trace(
    taught: pl.DataFrame, challenger: learning.Challenger
) -> None:
    known_then = loop.known_before(taught, DAY, RULES)
    assert known_then.filter(pl.col("matures_on") >= DAY).is_empty()
    turned = taught.with_columns(
        label=pl.when(pl.col("matures_on") >= DAY)
        .then(pl.lit("up"))
        .otherwise(pl.col("label"))
    )
    again = loop.train_challenger(turned.sample(fraction=1.0, shuffle=True), DAY, RULES)
    assert again.artifact == challenger.artifact
    assert again.oof.equals(challenger.oof)


def test_no_fold_learns_from_what_its_rounds_are_judged_by(
    taught: pl.DataFrame, challenger: learning.Challenger
) -> None:
    """Labels of the last fold turned around change its own loss and no prediction."""
    last = challenger.oof.filter(pl.col("fold") == pl.col("fold").max())
    day, said = (
        last["session"].min(),
        [name for name in last.columns if name[:2] == "p_"],
    )
    other = (
        pl.when(pl.col("label") == "up").then(pl.lit("down")).otherwise(pl.lit("up"))
    )
    is_late = pl.col("session") >= day
    turned = taught.with_columns(
        label=pl.when(is_late).then(other).otherwise(pl.col("label"))
    )
    again = loop.train_challenger(turned, DAY, RULES)
    found = again.oof.filter(pl.col("fold") == pl.col("fold").max())
    assert found.select(said).equals(last.select(said))
    assert not found["label"].equals(last["label"])


def test_a_stored_model_says_the_same_whatever_stands_beside_a_row(
    taught: pl.DataFrame, challenger: learning.Challenger
) -> None:
    scorer = learned_model.load(challenger.artifact)
    rows = taught.filter(session=DAY)
    together = scorer.score(rows)
    alone = pl.concat(scorer.score(rows[place]) for place in range(rows.height))
    assert alone.sort(desks.INTRADAY.key).equals(together)
    spoken = scorer.directions(
        rows.select("symbol", "session", "minute", *samples.names()).unique()
    )
    assert spoken["p_up"].is_between(0.0, 1.0).all()
    assert together["p_flat"].to_numpy().max() < 0.001


def test_a_planted_edge_is_learned_within_the_hour(
    challenger: learning.Challenger,
) -> None:
    rows = challenger.oof.filter(horizon="60_minutes")
    losses = {
        whose: rows.select(classification.log_loss(whose)).to_series().to_numpy().mean()
        for whose in ("", "_base_rate", "_volatility", "_momentum")
    }
    own = losses.pop("")
    assert own < 0.98 * min(losses.values())


def test_the_model_at_work_imports_no_library_that_trains() -> None:
    code = (
        "import sys; from turbomode_assets.intraday import learned_model; "
        "from turbomode_assets.models import sklearn_mlp; "
        "print([n for n in ('sklearn', 'xgboost', 'torch') if n in sys.modules])"
    )
    found = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_too_little_history_is_said(taught: pl.DataFrame) -> None:
    with pytest.raises(errors.NotEnoughHistory, match="found none"):
        loop.train_challenger(taught, FIRST, RULES)
    with pytest.raises(errors.NotEnoughHistory, match="must learn from at least 40"):
        loop.train_challenger(taught, dt.date(2018, 4, 2), RULES)


@pytest.fixture(scope="module")
def planted() -> intraday_replay.Lived:
    return intraday_replay.run(world(6.0), FIRST, LAST, RULES)


def test_a_challenger_that_shows_it_becomes_champion_and_speaks(
    planted: intraday_replay.Lived,
) -> None:
    champions = planted.ledger.read(desks.CHAMPIONS)
    assert champions.height >= 1
    since = champions["effective_from"][0]
    place = consensus.BASELINES.index("learned_model")
    said = pl.col("expert_probabilities").list
    is_own = said.get(place) != said.get(0)
    own = planted.replayed.signals.select("session", is_own=is_own)
    assert not own.filter(pl.col("session") < since)["is_own"].any()
    assert own.filter(pl.col("session") >= since)["is_own"].mean() > 0.9  # type: ignore[operator]


def test_evidence_lists_the_rows_of_every_verdict(
    planted: intraday_replay.Lived,
) -> None:
    cards = planted.ledger.read(desks.MODELS)
    rows = planted.ledger.read(desks.PREDICTIONS)
    assert set(rows["version"]) == set(cards["version"])
    for version, known_on in cards.select("version", "labels_known_on").iter_rows():
        own = rows.filter(version=version)
        assert own["session"].n_unique() == 63
        assert own["session"].max() <= known_on
        assert own.select(desks.INTRADAY.key).is_unique().all()


def test_on_noise_the_gate_refuses() -> None:
    lived = world(0.0)
    gated = intraday_replay.Gated(lived, replay.cast(lived, FIRST, LAST, RULES), RULES)
    verdicts = [gated.live(day) for day in (DAY, dt.date(2018, 10, 1))]
    assert [verdict is not None and verdict.is_passed for verdict in verdicts] == [
        False,
        False,
    ]
    assert gated.speak(FIRST, LAST).is_empty()


def test_a_card_says_what_was_chosen(
    taught: pl.DataFrame, challenger: learning.Challenger
) -> None:
    record = model_card.Record(
        trained=challenger,
        known=loop.known_before(taught, DAY, RULES),
        month=DAY,
        address="0" * 64,
    )
    now = dt.datetime(2018, 9, 4, tzinfo=dt.UTC)
    row = record.card({}, RULES, (now, now)).row(0, named=True)
    assert row["version"].startswith("2018-09-04-")
    assert all(kind in QUICK.kinds for kind in challenger.kinds.values())
    assert sum(challenger.importance.values()) == pytest.approx(1.0)
