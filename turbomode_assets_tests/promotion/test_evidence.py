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


def said(rows: pl.DataFrame, version: str) -> pl.DataFrame:
    return rows.select(
        *KEY, "p_up", "p_flat", "p_down", champion_version=pl.lit(version)
    )


NONE = oof("v1", 0.5)[:0]
SILENCE = said(NONE, "v1")


def test_a_first_challenger_stands_against_nobody() -> None:
    found = evidence.gather(oof("v1", 0.9), NONE, SILENCE, 500)
    assert (found.version, found.against, found.paired.height) == ("v1", "", 0)
    assert found.losses.height == len(DAYS)
    means = found.losses.select("challenger", "volatility", "base_rate").mean().row(0)
    assert means == tuple(sorted(means))


def test_losses_are_means_over_the_names_of_a_session() -> None:
    rows = oof("v1", 0.9)
    found = evidence.gather(rows, NONE, SILENCE, 500)
    loss = classification.log_loss("_volatility").mean().alias("mean")
    expected = rows.group_by("session").agg(loss).sort("session")["mean"]
    assert found.losses["volatility"].to_list() == pytest.approx(expected.to_list())


def test_the_champion_is_compared_on_shared_rows_only() -> None:
    challenger, champion = oof("v2", 0.9), oof("v1", 0.4)
    early = champion.filter(pl.col("session") < DAYS[200], pl.col("symbol") < "S05")
    late = champion.filter(pl.col("session") >= DAYS[240])
    found = evidence.gather(challenger, early, said(late, "v1"), 500)
    sizes = dict(found.losses.select("session", "n_paired").iter_rows())
    assert (sizes[DAYS[0]], sizes[DAYS[220]], sizes[DAYS[250]]) == (5, 0, 20)
    assert found.losses["champion"].null_count() == 40
    assert found.paired["champion"].mean() > found.paired["challenger_paired"].mean()  # type: ignore[operator]


def test_signals_of_other_versions_do_not_count() -> None:
    champion = oof("v1", 0.4)
    early = champion.filter(pl.col("session") < DAYS[100])
    found = evidence.gather(oof("v2", 0.9), early, said(champion, "v0"), 500)
    assert found.paired.height == 100


def test_what_was_said_live_stands_before_the_fold() -> None:
    folds, live = oof("v1", 0.2), oof("v1", 0.8)
    found = evidence.gather(oof("v2", 0.9), folds, said(live, "v1"), 500)
    alone = evidence.gather(oof("v2", 0.9), live, SILENCE, 500)
    assert found.losses.equals(alone.losses)


def test_a_planted_edge_passes_and_the_same_model_does_not() -> None:
    rules, better = policy.GatePolicy(n_resamples=300), oof("v2", 0.9)
    worse = oof("v1", 0.4)
    found = evidence.gather(better, worse, said(worse, "v1"), 500)
    assert gate.judge(found, rules).is_passed
    same = oof("v1", 0.9)
    verdict = gate.judge(evidence.gather(better, same, said(same, "v1"), 500), rules)
    failed = [c.name for c in verdict.criteria if not c.is_passed]
    assert failed == ["better_point_estimate", "surely_better"]


@pytest.mark.parametrize("known", [0.2, 0.3])
def test_knowing_only_volatility_is_no_edge(known: float) -> None:
    found = evidence.gather(oof("v1", known), NONE, SILENCE, 500)
    verdict = gate.judge(found, policy.GatePolicy(n_resamples=300))
    failed = [c.name for c in verdict.criteria if not c.is_passed]
    assert failed == ["skill_over_volatility"]


def test_row_order_changes_no_bit() -> None:
    rows, champion = oof("v2", 0.9), oof("v1", 0.5)
    mixed = rows.sample(fraction=1, shuffle=True, seed=1)
    found = evidence.gather(rows, champion, SILENCE, 500)
    assert found.losses.equals(evidence.gather(mixed, champion, SILENCE, 500).losses)


def test_everything_missing_is_named_at_once() -> None:
    torn = oof("v2", 0.9).with_columns(
        pl.lit(None, dtype=pl.Float64).alias("p_up_volatility"),
        pl.lit(float("nan")).alias("p_down_base_rate"),
        label=pl.lit("not_up"),
    )
    with pytest.raises(errors.MissingEvidence) as caught:
        evidence.gather(torn, oof("v1", 0.5), SILENCE, None)
    for lack in ("labels", "base_rate", "volatility", "n_new_samples"):
        assert lack in str(caught.value)
    assert "of challenger" not in str(caught.value)


def test_no_rows_are_missing_rows() -> None:
    with pytest.raises(errors.MissingEvidence, match="out-of-sample rows"):
        evidence.gather(NONE, NONE, SILENCE, 500)


def test_versions_do_not_mix() -> None:
    both = pl.concat([oof("v1", 0.5)[:5], oof("v2", 0.5)[5:9]])
    with pytest.raises(errors.TableError, match=r"v1.*v2"):
        evidence.gather(both, NONE, SILENCE, 500)


def test_a_session_counts_once_with_what_was_said_of_it_first() -> None:
    champion, first, second = oof("v1", 0.4), oof("v2", 0.9), oof("v3", 0.5)
    early = first.filter(pl.col("session") < DAYS[200])
    early = early.with_columns(month=pl.lit(dt.date(2023, 2, 1)))
    late = second.filter(pl.col("session") >= DAYS[100])
    heard = said(champion, "v1")
    found = evidence.gather(late, champion, heard, 500, early)
    alone = evidence.gather(first, champion, heard, 500)
    assert found.gains["session"].to_list() == DAYS
    assert found.gains[:200].equals(alone.gains[:200])
    assert found.gains[200:].equals(
        evidence.gather(second, champion, heard, 500).gains[200:]
    )


def test_a_champion_that_shares_no_row_is_not_missing() -> None:
    elsewhere = oof("v1", 0.5).with_columns(symbol=pl.lit("X"))
    found = evidence.gather(oof("v2", 0.9), elsewhere, SILENCE, 500)
    assert (found.against, found.paired.height, found.gains.height) == ("v1", 0, 0)


def test_folds_of_the_champion_are_no_evidence_against_it() -> None:
    champion = oof("v1", 0.4)
    spoken = champion.filter(pl.col("session") >= DAYS[230])
    found = evidence.gather(oof("v2", 0.9), champion, said(spoken, "v1"), 500)
    assert found.paired.height == len(DAYS)
    assert found.gains["session"].to_list() == DAYS[230:]


def test_listed_rows_give_the_losses_that_were_judged() -> None:
    challenger, champion = oof("v2", 0.9), oof("v1", 0.4)[:3000]
    spoken = said(oof("v1", 0.8)[3000:4000], "v1")
    listed = evidence.rows(challenger, champion, spoken)
    found = evidence.gather(challenger, champion, spoken, 500).losses
    means = listed.group_by("session").agg(
        pl.col("loss", "loss_champion").mean(), n=pl.col("loss_champion").count()
    )
    means = means.sort("session")
    assert listed.select(KEY).sort(KEY).equals(challenger.select(KEY).sort(KEY))
    assert means["n"].to_list() == found["n_paired"].to_list()
    assert means["loss"].to_list() == pytest.approx(found["challenger"].to_list())
    shared = means.drop_nulls()["loss_champion"].to_list()
    assert shared == pytest.approx(found["champion"].drop_nulls().to_list())


def test_rows_bet_on_give_the_gains_that_were_judged() -> None:
    champion, second = oof("v1", 0.4), oof("v3", 0.5)[2000:]
    first = oof("v2", 0.9)[:4000].with_columns(month=pl.lit(dt.date(2023, 2, 1)))
    spoken = said(champion[1000:], "v1")
    listed = evidence.rows(second, champion, spoken, first)
    bets = listed.filter("is_bet_on")
    gain = (pl.col("loss_champion") - pl.col("loss")).mean().alias("gain")
    found = bets.group_by("session").agg(gain).sort("session")
    judged = evidence.gather(second, champion, spoken, 500, first).gains
    assert found["session"].equals(judged["session"])
    assert found["gain"].to_list() == pytest.approx(judged["gain"].to_list())
    said_first = dict(bets.group_by("version").len().iter_rows())
    assert said_first == {"v2": 3000, "v3": len(champion) - 4000}
    own = listed.filter(pl.col("version") == "v3")
    assert own.select(KEY).sort(KEY).equals(second.select(KEY).sort(KEY))


def test_a_forecast_that_is_always_the_same_has_no_call() -> None:
    constant = evidence.gather(oof("v1", 0.0), NONE, SILENCE, 500)
    assert constant.rarest_call == 0.0


def test_measures_of_calibration_tell_an_honest_forecast_from_a_bold_one() -> None:
    honest = evidence.gather(oof("v1", 1.0), NONE, SILENCE, 500)
    assert honest.rarest_call > 0.2
    assert honest.calibration_slope == pytest.approx(1.0, abs=0.15)
    assert honest.calibration_error < 0.02
