"""Evidence compares on the same rows, and says what it lacks."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from turbomode_assets import errors, policy, sessions, tables
from turbomode_assets.promotion import evidence, gate
from turbomode_assets.stats import classification

CLASSES = classification.CLASSES
DAYS = sessions.sessions_between(dt.date(2022, 1, 3), dt.date(2023, 1, 31))
USUAL = np.array([0.06, 0.88, 0.06])
KEY = ["symbol", "session"]


def market(seed: int = 1, n_names: int = 20) -> tuple[pl.DataFrame, np.ndarray]:
    """Rows with labels, and the probabilities they were drawn from."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(USUAL * 5, len(DAYS) * n_names)
    drawn = (rng.random((len(truth), 1)) > truth.cumsum(axis=1)).sum(axis=1)
    names = [f"S{place:02}" for place in range(n_names)]
    columns = {
        "symbol": names * len(DAYS),
        "session": [day for day in DAYS for _ in names],
        "label": [CLASSES[min(place, 2)] for place in drawn],
    }
    return pl.DataFrame(columns), truth


def forecast(suffix: str, p: np.ndarray) -> list[pl.Series]:
    return [pl.Series(f"p_{name}{suffix}", p[:, i]) for i, name in enumerate(CLASSES)]


def oof(version: str, insight: float, seed: int = 1) -> pl.DataFrame:
    """Out-of-sample rows that know `insight` of the truth; volatility knows 0.3."""
    rows, truth = market(seed)
    known = {"": insight, "_base_rate": 0.0, "_volatility": 0.3, "_momentum": 0.1}
    mixed = (
        series
        for suffix, share in known.items()
        for series in forecast(suffix, share * truth + (1 - share) * USUAL)
    )
    fixed = {"version": version, "month": dt.date(2023, 3, 1), "fold": 1}
    frame = rows.with_columns(*mixed, **{k: pl.lit(v) for k, v in fixed.items()})
    schema = tables.OOF_PREDICTIONS.schema()
    typed = frame.select(pl.col(name).cast(kind) for name, kind in schema.items())
    return tables.OOF_PREDICTIONS.conform(typed)


def graded(
    challenger: float, champion: float, against: str = "v1", version: str = "v2"
) -> pl.DataFrame:
    """What followed decisions: two that know so much of the truth."""
    p = ["p_up", "p_flat", "p_down"]
    own = oof(version, challenger).select(*KEY, "label", "version", *p)
    other = oof(against, champion).select(*KEY, *p)
    beside = other.rename({name: f"{name}_champion" for name in p})
    return own.join(beside, on=KEY).with_columns(against=pl.lit(against))


NONE = oof("v1", 0.5)[:0]
NOTHING = graded(0.5, 0.5)[:0]


def test_a_first_challenger_stands_against_nobody() -> None:
    found = evidence.gather(oof("v1", 0.9), NOTHING, "", 500)
    assert (found.version, found.against, found.gains.height) == ("v1", "", 0)
    assert found.losses.height == len(DAYS)
    means = found.losses.select("challenger", "volatility", "base_rate").mean().row(0)
    assert means == tuple(sorted(means))


def test_losses_are_means_over_the_names_of_a_session() -> None:
    rows = oof("v1", 0.9)
    found = evidence.gather(rows, NOTHING, "", 500)
    loss = classification.log_loss("_volatility").mean().alias("mean")
    expected = rows.group_by("session").agg(loss).sort("session")["mean"]
    assert found.losses["volatility"].to_list() == pytest.approx(expected.to_list())


def test_a_gain_is_what_the_champion_of_the_time_lost_more() -> None:
    rows = graded(0.9, 0.4)
    found = evidence.gather(oof("v3", 0.9), rows, "v1", 500).gains
    gain = classification.log_loss("_champion") - classification.log_loss()
    expected = rows.group_by("session").agg(gain.mean().alias("gain")).sort("session")
    assert found["session"].to_list() == DAYS
    assert found["gain"].to_list() == pytest.approx(expected["gain"].to_list())
    assert found["gain"].mean() > 0  # type: ignore[operator]


def test_a_planted_edge_passes_and_the_same_model_does_not() -> None:
    rules, better = policy.GatePolicy(n_resamples=300), oof("v3", 0.9)
    found = evidence.gather(better, graded(0.9, 0.4), "v1", 500)
    assert gate.judge(found, rules).is_passed
    verdict = gate.judge(evidence.gather(better, graded(0.9, 0.9), "v1", 500), rules)
    failed = [c.name for c in verdict.criteria if not c.is_passed]
    assert failed == ["better_point_estimate", "surely_better"]


def test_what_was_gained_under_one_champion_speaks_under_the_next() -> None:
    first = graded(0.9, 0.4).filter(pl.col("session") < DAYS[200])
    second = graded(0.9, 0.8, "v2", "v3").filter(pl.col("session") >= DAYS[200])
    found = evidence.gather(oof("v4", 0.9), pl.concat([second, first]), "v2", 500)
    assert found.gains["session"].to_list() == DAYS
    assert found.gains["against"].to_list() == ["v1"] * 200 + ["v2"] * (len(DAYS) - 200)


@pytest.mark.parametrize("known", [0.2, 0.3])
def test_knowing_only_volatility_is_no_edge(known: float) -> None:
    found = evidence.gather(oof("v1", known), NOTHING, "", 500)
    verdict = gate.judge(found, policy.GatePolicy(n_resamples=300))
    failed = [c.name for c in verdict.criteria if not c.is_passed]
    assert failed == ["skill_over_volatility"]


def test_row_order_changes_no_bit() -> None:
    rows, bets = oof("v2", 0.9), graded(0.9, 0.5)
    found = evidence.gather(rows, bets, "v1", 500)
    mixed, others = (
        frame.sample(fraction=1, shuffle=True, seed=1) for frame in (rows, bets)
    )
    again = evidence.gather(mixed, others, "v1", 500)
    assert found.losses.equals(again.losses)
    assert found.gains.equals(again.gains)


def test_everything_missing_is_named_at_once() -> None:
    torn = oof("v2", 0.9).with_columns(
        pl.lit(None, dtype=pl.Float64).alias("p_up_volatility"),
        pl.lit(float("nan")).alias("p_down_base_rate"),
        label=pl.lit("not_up"),
    )
    with pytest.raises(errors.MissingEvidence) as caught:
        evidence.gather(torn, NOTHING, "v1", None)
    for lack in ("labels", "base_rate", "volatility", "n_new_samples"):
        assert lack in str(caught.value)
    assert "of challenger" not in str(caught.value)


def test_no_rows_are_missing_rows() -> None:
    with pytest.raises(errors.MissingEvidence, match="out-of-sample rows"):
        evidence.gather(NONE, NOTHING, "", 500)


def test_versions_do_not_mix() -> None:
    both = pl.concat([oof("v1", 0.5)[:5], oof("v2", 0.5)[5:9]])
    with pytest.raises(errors.TableError, match=r"v1.*v2"):
        evidence.gather(both, NOTHING, "", 500)


def test_listed_rows_give_what_was_judged() -> None:
    challenger, bets = oof("v3", 0.9), graded(0.9, 0.4)[:4000]
    listed = evidence.rows(challenger, bets)
    found = evidence.gather(challenger, bets, "v1", 500)
    own = listed.filter(~pl.col("is_bet_on"))
    means = own.group_by("session").agg(pl.col("loss").mean()).sort("session")
    assert own.select(KEY).sort(KEY).equals(challenger.select(KEY).sort(KEY))
    assert means["loss"].to_list() == pytest.approx(
        found.losses["challenger"].to_list()
    )
    gain = (pl.col("loss_champion") - pl.col("loss")).mean().alias("gain")
    judged = listed.filter("is_bet_on").group_by("session").agg(gain).sort("session")
    assert judged["session"].equals(found.gains["session"])
    assert judged["gain"].to_list() == pytest.approx(found.gains["gain"].to_list())


def test_a_forecast_that_is_always_the_same_has_no_call() -> None:
    constant = evidence.gather(oof("v1", 0.0), NOTHING, "", 500)
    assert constant.rarest_call == 0.0


def test_measures_of_calibration_tell_an_honest_forecast_from_a_bold_one() -> None:
    honest = evidence.gather(oof("v1", 1.0), NOTHING, "", 500)
    assert honest.rarest_call > 0.2
    assert honest.calibration_slope == pytest.approx(1.0, abs=0.15)
    assert honest.calibration_error < 0.02
