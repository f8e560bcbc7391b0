"""One challenger, start to end, on a market small enough for a test."""

import dataclasses
import datetime as dt
import functools

import numpy as np
import polars as pl
import pytest

from turbomode_assets import errors, policy, sessions
from turbomode_assets.models import base, calibration, challenger, layout, scoring
from turbomode_assets.samples import splits

FEATURES = ("momentum", "noise_1", "noise_2", "volatility")
COLUMNS = layout.Columns(
    features=FEATURES, volatility=("volatility",), momentum="momentum"
)
TRAINING = policy.TrainingPolicy(
    stride_sessions=2,
    n_folds=3,
    fold_sessions=30,
    embargo_sessions=2,
    min_train_sessions=40,
)
N_SESSIONS, N_SYMBOLS = 180, 25


@functools.cache
def world(*, edge: float = 2.0) -> pl.DataFrame:
    """Samples in which volatility spreads the label and momentum tilts it."""
    rng = np.random.default_rng(3)
    days = sessions.sessions_between(dt.date(2021, 1, 4), dt.date(2022, 1, 1))
    periods = sessions.holding_periods(days[:N_SESSIONS], 14)
    symbols = pl.DataFrame({"symbol": [f"SIM{n:03}" for n in range(N_SYMBOLS)]})
    rows = periods.join(symbols, how="cross")
    drawn = rng.normal(size=(rows.height, 4))
    drawn[:, 3] = np.exp(drawn[:, 3])
    tilted = edge * drawn[:, 0] + rng.normal(size=rows.height)
    move = tilted * np.sqrt(drawn[:, 3]) if edge else tilted
    label = np.select([move > 1.5, move < -1.5], ["up", "down"], "flat")
    drawn[rng.random(drawn.shape) < 0.01] = np.nan
    features = pl.DataFrame(drawn, schema=list(FEATURES)).cast(pl.Float32)
    weight = pl.lit(0.1 / N_SYMBOLS).alias("sample_weight")
    labeled = rows.with_columns(pl.Series("label", label), weight)
    return labeled.hstack(features.fill_nan(None).get_columns())


def folds_of(samples: pl.DataFrame) -> list[splits.Fold]:
    periods = samples.select("session", "entry_on", "matures_on").unique()
    return splits.walk_forward(periods, TRAINING)


@functools.cache
def trained(*, edge: float = 2.0) -> challenger.Challenger:
    samples = world(edge=edge)
    return challenger.train(samples, folds_of(samples), COLUMNS, TRAINING)


def log_loss(oof: pl.DataFrame, suffix: str) -> float:
    names = [f"p_{label}{suffix}" for label in base.CLASSES]
    chances = oof.select(names).to_numpy()
    right = layout.class_codes(oof["label"])
    return float(-np.log(chances[np.arange(oof.height), right]).mean())


def test_shuffled_rows_and_columns_give_the_same_bytes() -> None:
    samples = world().sample(fraction=1.0, shuffle=True, seed=1)
    turned = dataclasses.replace(COLUMNS, features=FEATURES[::-1])
    again = challenger.train(samples, folds_of(samples), turned, TRAINING)
    assert again.artifact == trained().artifact
    assert again.oof.equals(trained().oof)


def test_evidence_covers_every_row_of_every_fold_but_the_first() -> None:
    first, *judged = folds_of(world())
    days = [day for fold in judged for day in fold.test_sessions]
    expected = world().filter(pl.col("session").is_in(days))
    oof = trained().oof
    keys = ["session", "symbol"]
    assert oof.select(keys).rows() == expected.sort(keys).select(keys).rows()
    assert oof["fold"].unique().sort().to_list() == [1, 2]
    assert not set(first.test_sessions) & set(oof["session"])


def test_each_trio_of_probabilities_sums_to_one() -> None:
    for suffix in ("", "_stacked", "_base_rate", "_volatility", "_momentum"):
        names = [f"p_{label}{suffix}" for label in base.CLASSES]
        sums = trained().oof.select(pl.sum_horizontal(names)).to_series()
        assert (sums - 1).abs().max() == pytest.approx(0, abs=1e-12)


def test_a_planted_edge_beats_both_baselines() -> None:
    oof = trained().oof
    assert log_loss(oof, "_volatility") < log_loss(oof, "_base_rate")
    assert log_loss(oof, "") < 0.9 * log_loss(oof, "_volatility")


def test_noise_is_not_taken_for_skill() -> None:
    oof = trained(edge=0.0).oof
    ratio = log_loss(oof, "") / log_loss(oof, "_base_rate")
    assert 0.995 < ratio < 1.02


def test_labels_of_the_last_fold_change_no_evidence_but_their_own() -> None:
    is_last = pl.col("session").is_in(folds_of(world())[-1].test_sessions)
    turned = pl.when(is_last).then(pl.lit("up")).otherwise("label").alias("label")
    samples = world().with_columns(turned)
    other = challenger.train(samples, folds_of(samples), COLUMNS, TRAINING).oof
    assert other.drop("label").equals(trained().oof.drop("label"))


def test_permuted_labels_are_not_taken_for_skill() -> None:
    labels = world()["label"].sample(fraction=1.0, shuffle=True, seed=1)
    samples = world().with_columns(label=labels)
    oof = challenger.train(samples, folds_of(samples), COLUMNS, TRAINING).oof
    ratio = log_loss(oof, "") / log_loss(oof, "_base_rate")
    assert 0.995 < ratio < 1.02


def test_a_planted_edge_has_the_right_sign() -> None:
    scorer = scoring.load(trained().artifact)
    fixed = pl.DataFrame({"noise_1": [0.0, 0.0], "noise_2": 0.0, "volatility": 1.0})
    keys = {"symbol": ["WINNER", "LOSER"], "session": [dt.date(2022, 1, 3)] * 2}
    momentum = pl.Series("momentum", [1.5, -1.5])
    scored = scorer.score(fixed.with_columns(momentum).hstack(pl.DataFrame(keys)))
    edge = (scored["p_up"] - scored["p_down"]).to_list()
    assert edge[0] > 0.1 > -0.1 > edge[1]


def test_every_fold_is_calibrated_by_earlier_folds_alone() -> None:
    oof, last = trained().oof, folds_of(world())[-1]
    names = [f"p_{label}" for label in base.CLASSES]
    first = oof.filter(pl.col("fold") == 1)
    stacked = [f"{name}_stacked" for name in names]
    unchanged = first.select(names).to_numpy() - first.select(stacked).to_numpy()
    assert np.abs(unchanged).max() < 1e-12
    known = first.filter(pl.col("session").is_in(last.train_sessions))
    weights = np.full(known.height, 0.1 / N_SYMBOLS)
    calibrator = calibration.fit(
        known.select(stacked).to_numpy(),
        layout.class_codes(known["label"]),
        weights,
        known["session"].n_unique(),
    )
    then = oof.filter(pl.col("fold") == last.number)
    expected = calibrator.predict(then.select(stacked).to_numpy())
    np.testing.assert_allclose(then.select(names).to_numpy(), expected, atol=1e-9)


def test_the_line_up_of_the_predecessor_learns_too() -> None:
    chosen = dataclasses.replace(TRAINING, line_up="seed_eight")
    learned = challenger.train(world(), folds_of(world()), COLUMNS, chosen)
    scorer = scoring.load(learned.artifact)
    assert scorer.line_up == base.line_up("seed_eight")
    assert log_loss(learned.oof, "") < 0.9 * log_loss(learned.oof, "_base_rate")
    assert scorer.score(world().head(3)).height == 3


def test_scores_of_one_session_equal_those_of_a_range() -> None:
    scorer = scoring.load(trained().artifact)
    features = world().sort("session", "symbol").tail(3 * N_SYMBOLS)
    parts = [scorer.score(part) for part in features.partition_by("session")]
    assert pl.concat(parts).equals(scorer.score(features))


def test_scores_carry_every_base_model_in_the_order_of_the_line_up() -> None:
    scorer = scoring.load(trained().artifact)
    scored = scorer.score(world().head(5))
    assert scorer.line_up == base.line_up("diverse_eight")
    assert scored.schema["base_probabilities"] == pl.List(pl.Float64)
    chances = np.array(scored["base_probabilities"].to_list()).reshape(5, 8, 3)
    np.testing.assert_allclose(chances.sum(axis=2), 1.0)
    assert scorer.score(world().head(0)).schema == scored.schema


def test_missing_features_are_all_named() -> None:
    scorer = scoring.load(trained().artifact)
    with pytest.raises(errors.TableError, match="momentum, volatility"):
        scorer.score(world().drop("momentum", "volatility"))


def test_a_torn_artifact_is_refused() -> None:
    torn = {k: v for k, v in trained().artifact.items() if k != "serving.npz"}
    with pytest.raises(errors.ArtifactError, match=r"serving\.npz"):
        scoring.load(torn)


def test_steps_are_announced_in_order() -> None:
    steps: list[str] = []
    with pytest.raises(errors.TableError, match="not_up"):
        challenger.train(
            world().with_columns(label=pl.lit("not_up")),
            folds_of(world()),
            COLUMNS,
            TRAINING,
            steps.append,
        )
    assert steps == ["shared matrix"]


def test_a_class_that_never_occurs_is_too_little_history() -> None:
    samples = world().filter(pl.col("label") != "down")
    with pytest.raises(errors.NotEnoughHistory, match="found up, flat in"):
        challenger.train(samples, folds_of(samples), COLUMNS, TRAINING)
