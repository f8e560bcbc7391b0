"""Samples of the intraday desk: nothing of them lies ahead of its round."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import rounds
from turbomode_assets.intraday import ballot, loop, outcomes, samples
from turbomode_assets.sources import intraday_simulated
from turbomode_assets_tests.intraday import simulated_desk

FIRST, LAST = dt.date(2018, 1, 2), dt.date(2018, 3, 9)
MIDDLE = dt.date(2018, 2, 14)
RULES = simulated_desk.RULES


@pytest.fixture(scope="module")
def known() -> simulated_desk.Stored:
    return simulated_desk.stored(
        intraday_simulated.IntradaySimulated(edge=3.0), FIRST, LAST
    )


@pytest.fixture(scope="module")
def votes(known: simulated_desk.Stored) -> pl.DataFrame:
    moments = loop.moments_of(known.bars, MIDDLE, LAST, RULES)
    return loop.cast_votes(known.laid_out(), moments, RULES)


@pytest.fixture(scope="module")
def features(known: simulated_desk.Stored, votes: pl.DataFrame) -> pl.DataFrame:
    return samples.features_of(votes, known.bars, RULES.desk)


def test_every_moment_has_one_row_of_every_feature(
    features: pl.DataFrame, votes: pl.DataFrame
) -> None:
    assert features.height * len(ballot.discover()) == votes.height
    assert features.columns[3:] == list(samples.names())
    assert (
        not features.select(pl.exclude("symbol", "session")).to_numpy().dtype.hasobject
    )
    filled = features.select(pl.col(samples.CONTEXT).is_not_null().mean()).row(0)
    assert min(filled) > 0.9


def test_what_comes_later_changes_nothing(
    known: simulated_desk.Stored, votes: pl.DataFrame, features: pl.DataFrame
) -> None:
    for day, minute in ((MIDDLE, 15), (dt.date(2018, 2, 20), 195)):
        is_past = (pl.col("session") < day) | (
            (pl.col("session") == day) & (pl.col("minute") <= minute)
        )
        cut = known.bars.filter(is_past)
        now = votes.filter(session=day, minute=minute)
        then = samples.features_of(now, cut, RULES.desk)
        assert then.equals(features.filter(session=day, minute=minute))


def test_context_agrees_with_plain_arithmetic(
    known: simulated_desk.Stored, features: pl.DataFrame
) -> None:
    own = known.bars.filter(symbol="SIM").sort("session", "minute")
    at = int(rounds.numbers(own).searchsorted(rounds.between(LAST, LAST)["round"][7]))
    logs = np.log(own["close"].to_numpy()[: at + 1])
    row = features.filter(session=LAST, minute=8 * rounds.MINUTES).row(0, named=True)
    assert row["return_16"] == pytest.approx(logs[-1] - logs[-17])
    assert row["volatility_1"] == pytest.approx(np.diff(logs)[-26:].std(ddof=1))
    same = own.filter(minute=8 * rounds.MINUTES)["volume"].to_numpy()[-20:]
    assert row["volume_surprise"] == pytest.approx(np.log(same[-1] / same.mean()))
    assert row["weekday"] == LAST.isoweekday()


def test_a_split_moves_no_feature(
    known: simulated_desk.Stored, votes: pl.DataFrame, features: pl.DataFrame
) -> None:
    split_on = dt.date(2018, 2, 27)
    is_after = (pl.col("session") >= split_on) & (pl.col("symbol") == "SIM")
    split = known.bars.with_columns(
        pl.when(is_after).then(pl.col("close") / 2).otherwise("close").alias("close"),
        pl.when(is_after)
        .then(pl.col("volume") * 2)
        .otherwise("volume")
        .alias("volume"),
        split_ratio=pl.when(is_after & (pl.col("session") == split_on))
        .then(2.0)
        .otherwise(1.0),
    )
    found = samples.features_of(votes, split, RULES.desk)
    assert_frame_equal(found, features)


def test_only_final_outcomes_teach_and_the_label_is_the_direction(
    known: simulated_desk.Stored, features: pl.DataFrame
) -> None:
    moments = features.select("symbol", "session", "minute")
    ends = outcomes.resolve(moments, known.bars)
    found = samples.gather(features, ends)
    final = ends.filter(maturity="final")
    assert found.height == final.height < ends.height
    assert (found["label"] == "up").sum() == final["is_up"].sum()
    assert (found["matures_on"] >= found["session"]).all()
    assert found["feature_version"].unique().to_list() == [samples.feature_version()]
