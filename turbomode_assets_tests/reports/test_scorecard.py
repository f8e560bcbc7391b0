"""The scorecard by hand, and standing where there is nothing yet to count."""

import datetime as dt

import polars as pl
import pytest

from turbomode_assets import policy, sessions, tables
from turbomode_assets.reports import scorecard
from turbomode_assets.stats import ranking

DAYS = sessions.sessions_between(dt.date(2023, 1, 3), dt.date(2023, 6, 30))
NAMES = ["A", "B", "C", "D"]
LABELS = ["up", "flat", "flat", "down"]
RETURNS = [0.2, 0.01, -0.01, -0.2]
CHOSEN = policy.Policy(gate=policy.GatePolicy(n_resamples=200))
MONTH = dt.date(2023, 3, 1)


def outcomes() -> pl.DataFrame:
    """Every session A goes up by a fifth, D down by a fifth, B and C nowhere."""
    periods = sessions.holding_periods(DAYS, 14)
    what = pl.DataFrame(
        {
            "symbol": NAMES,
            "label_symmetric_10pct": LABELS,
            "label_seed_10pct": ["up", "not_up", "not_up", "not_up"],
            "realized_return": RETURNS,
        }
    )
    return periods.join(what, how="cross")


def signals(first: int, last: int, mode: str = "live") -> pl.DataFrame:
    """From session `first` to `last`: A and B are bought, D sold, C held."""
    what = pl.DataFrame(
        {
            "symbol": NAMES,
            "side": ["buy", "buy", "hold", "sell"],
            "p_up": [0.5, 0.4, 0.2, 0.1],
            "p_flat": [0.4, 0.5, 0.6, 0.4],
            "p_down": [0.1, 0.1, 0.2, 0.5],
            "edge": [0.4, 0.3, 0.0, -0.4],
        }
    )
    days = pl.DataFrame({"session": DAYS[first:last], "mode": mode})
    return days.join(what, how="cross")


def folds(version: str = "v1") -> pl.DataFrame:
    own = (
        signals(0, 60)
        .drop("side", "edge", "mode")
        .with_columns(version=pl.lit(version))
    )
    labels = outcomes().select("symbol", "session", label="label_symmetric_10pct")
    thirds = (
        pl.lit(1 / 3).alias(f"p_{name}_{who}")
        for name in ("up", "flat", "down")
        for who in ("base_rate", "volatility")
    )
    return own.join(labels, on=["symbol", "session"]).with_columns(*thirds)


def champions(*versions: str) -> pl.DataFrame:
    rows = [(MONTH + dt.timedelta(days=31 * i), v) for i, v in enumerate(versions)]
    schema = {"effective_from": pl.Date, "version": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def verdicts(**passed: list[bool]) -> pl.DataFrame:
    rows = [
        {
            "month": MONTH,
            "version": version,
            "position": position,
            "criterion": f"criterion_{position}",
            "is_passed": is_passed,
            "sentence": "seen 1, at least 2",
            "against": "v0",
        }
        for version, criteria in passed.items()
        for position, is_passed in enumerate(criteria)
    ]
    return pl.DataFrame(rows) if rows else tables.VERDICTS.empty()


def card(**changes: pl.DataFrame) -> scorecard.Scorecard:
    known = {
        "outcomes": outcomes(),
        "signals": signals(30, 90),
        "oof": folds(),
        "verdicts": verdicts(v1=[True]),
        "champions": champions("v1"),
    }
    return scorecard.scorecard(scorecard.Ledger(**(known | changes)), CHOSEN)


def test_hits_stand_beside_the_base_rate_of_their_sessions() -> None:
    rows = {(row.side, row.grade): row for row in card().sides}
    buy, sell = rows["buy", "symmetric_10pct"], rows["sell", "symmetric_10pct"]
    assert (buy.n_matured, buy.n_hits, buy.hit_share, buy.base_rate) == (
        120,
        60,
        0.5,
        0.25,
    )
    assert (sell.n_matured, sell.n_hits, sell.hit_share) == (60, 60, 1.0)
    assert rows["sell", "seed_10pct"].base_rate == 0.75


def test_effective_n_counts_horizons_that_do_not_overlap() -> None:
    assert {row.n_effective for row in card().sides} == {6}
    one = card(signals=signals(30, 31))
    assert {row.n_effective for row in one.sides} == {1}


def test_live_and_replay_are_never_added_up() -> None:
    both = pl.concat([signals(30, 40, "replay"), signals(40, 90, "live")])
    found = card(signals=both)
    sizes = {(row.mode, row.side): row.n_emitted for row in found.sides}
    assert (sizes["live", "sell"], sizes["replay", "sell"]) == (50, 10)
    sources = [row.source for row in found.orders]
    assert sources == ["live signals", "replay signals", "out of sample, v1"]


def test_open_signals_are_counted_apart() -> None:
    early = outcomes().filter(pl.col("matures_on") <= DAYS[80])
    found = card(outcomes=early)
    graded = signals(30, 90).join(early, on=["symbol", "session"]).height
    assert (found.n_signals, found.n_open) == (240, 240 - graded)


def test_skill_of_a_forecast_that_knows_more() -> None:
    rows = {(row.source, row.reference): row for row in card().skills}
    emitted = rows["live signals", "base_rate"]
    assert emitted.reference_loss == pytest.approx(1.0397, abs=1e-4)
    assert emitted.skill == pytest.approx(1 - emitted.loss / emitted.reference_loss)  # type: ignore[operator]
    assert emitted.interval == pytest.approx((emitted.skill, emitted.skill))
    assert ("out of sample, v1", "volatility") in rows
    assert ("live signals", "volatility") not in rows


def test_the_base_rate_knows_only_what_had_matured() -> None:
    """Signals of sessions before the first maturity have no reference."""
    first = sessions.holding_periods(DAYS[:1], 14)["matures_on"][0]
    found = card(signals=signals(0, 20))
    row = next(r for r in found.skills if r.source == "live signals")
    assert row.n_sessions == sum(day > first for day in DAYS[:20])


def test_order_of_a_good_forecast() -> None:
    live = card().orders[0]
    assert live.auc_up == 1.0
    assert live.rank_ic.mean == pytest.approx(1.0)
    assert live.rank_ic.standard_error == pytest.approx(0.0, abs=1e-9)


def test_challengers_with_the_first_reason() -> None:
    judged = verdicts(v1=[True, True], v2=[True, False, False], v3=[True, True])
    rows = {row.version: row for row in card(verdicts=judged).challengers}
    assert rows["v1"].decision == "promoted"
    assert rows["v2"].decision == "refused"
    assert rows["v2"].reason == "criterion_1: seen 1, at least 2"
    assert (rows["v3"].decision, rows["v3"].against) == ("passed", "v0")


def test_the_last_champion_is_shown() -> None:
    both = pl.concat([folds("v1"), folds("v2")[:40]])
    found = card(champions=champions("v1", "v2"), oof=both)
    last = found.orders[-1]
    assert (found.champion, last.source, last.n_rows) == (
        "v2",
        "out of sample, v2",
        40,
    )


def empty() -> dict[str, pl.DataFrame]:
    return {
        "outcomes": tables.OUTCOMES.empty(),
        "signals": tables.SIGNALS.empty(),
        "oof": tables.OOF_PREDICTIONS.empty(),
        "verdicts": tables.VERDICTS.empty(),
        "champions": tables.CHAMPIONS.empty(),
    }


def test_an_empty_loop_says_so() -> None:
    found = card(**empty())
    assert (found.champion, found.n_signals, found.n_open) == (None, 0, 0)
    rows = (*found.sides, *found.skills, *found.orders, *found.challengers)
    assert not rows
    assert any("no champion" in note for note in found.notes)


def test_signals_before_any_outcome_have_no_shares() -> None:
    found = card(outcomes=tables.OUTCOMES.empty())
    assert found.n_open == found.n_signals
    assert {(row.hit_share, row.base_rate) for row in found.sides} == {(None, None)}
    assert "no signal has matured yet" in found.notes


def test_folds_without_outcomes_have_no_order() -> None:
    found = card(**(empty() | {"oof": folds(), "champions": champions("v1")}))
    unknown = ranking.Estimate(mean=None, standard_error=None, n_sessions=0)
    assert [row.rank_ic for row in found.orders] == [unknown]


def members(*chosen: str) -> pl.DataFrame:
    is_recorded = [name not in chosen for name in NAMES]
    return pl.DataFrame({"symbol": NAMES, "is_point_in_time": is_recorded})


def test_symbols_chosen_in_hindsight_are_named_in_every_report() -> None:
    found = card(universe=members("B", "D"))
    assert any("2 of 4 symbols were chosen in hindsight" in n for n in found.notes)
    assert not any("survivorship" in note for note in card(universe=members()).notes)


def test_symbols_without_outcomes_flatter_nothing() -> None:
    only_a = outcomes().filter(pl.col("symbol") == "A")
    notes = card(universe=members("B"), outcomes=only_a).notes
    assert not any("survivorship" in note for note in notes)
