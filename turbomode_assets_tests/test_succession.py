"""Who follows whom, on tables in memory."""

import datetime as dt

import polars as pl
import pytest

from turbomode_assets import (
    errors,
    loop,
    policy,
    replay,
    report_policy,
    sessions,
    succession,
    tables,
)

NOON = dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC)
MONTH = dt.date(2024, 6, 1)


def champions(*versions: str) -> pl.DataFrame:
    """One reign a month, the last in May 2024."""
    months = [dt.date(2024, 6 - n, 1) for n in range(len(versions), 0, -1)]
    rows = [
        {"desk": "swing", "version": version, "reason": "promoted by the gate"}
        | {"effective_from": sessions.on_or_after(month), "decided_at": NOON}
        for version, month in zip(versions, months, strict=True)
    ]
    return pl.DataFrame(rows, schema=tables.CHAMPIONS.schema())


def shelf(*versions: str) -> replay.Shelf:
    return replay.Shelf({tables.CHAMPIONS.name: champions(*versions)})


def standing(version: str, successor: str, *, is_passed: bool) -> pl.DataFrame:
    row = {"desk": "swing", "month": MONTH, "version": version, "n_sessions": 200}
    row |= {
        "against": "the base rate",
        "gain": -0.01,
        "observed": 12.0,
        "required": 10.0,
    }
    row |= {"is_passed": is_passed, "successor": successor}
    return pl.DataFrame([row], schema=tables.STANDINGS.schema())


def test_a_fallen_champion_is_followed_by_its_successor() -> None:
    store, found = shelf("v1", "v2"), standing("v2", "v1", is_passed=False)
    rows = succession.unseat(store, found, NOON)
    assert rows["version"].to_list() == ["v1"]
    assert rows["reason"][0].startswith("demoted: v2")
    store.append(tables.CHAMPIONS, rows)
    assert succession.unseat(store, found, NOON).is_empty()


def test_a_champion_that_stands_stays() -> None:
    found = standing("v2", "", is_passed=True)
    assert succession.unseat(shelf("v1", "v2"), found, NOON).is_empty()


def test_a_challenger_must_beat_whoever_followed_a_fallen_champion() -> None:
    store = shelf("v1", "v2")
    assert succession.judged_against(store, MONTH) == "v2"
    store.append(tables.STANDINGS, standing("v2", "v1", is_passed=False))
    assert succession.judged_against(store, MONTH) == "v1"


@pytest.mark.parametrize(("to", "expected"), [(None, "v2"), ("v1", "v1"), ("", "")])
def test_rolling_back_appends(to: str | None, expected: str) -> None:
    store = shelf("v1", "v2", "v3")
    row = succession.roll_back(store, to, NOON.date(), NOON)
    assert row["version"].to_list() == [expected]
    assert row["effective_from"].to_list() == [dt.date(2024, 6, 3)]


@pytest.mark.parametrize("to", ["v3", "v9"])
def test_only_a_former_champion_can_be_called_back(to: str) -> None:
    with pytest.raises(errors.PromotionRefused, match="choose one of v1, v2, v3"):
        succession.roll_back(shelf("v1", "v2", "v3"), to, NOON.date(), NOON)


def test_where_nobody_reigned_nobody_is_called_back() -> None:
    with pytest.raises(errors.PromotionRefused, match="run the loop first"):
        succession.roll_back(replay.Shelf({}), None, NOON.date(), NOON)


def test_a_version_is_crowned_once() -> None:
    again = loop.Crowning(version="v1", month=MONTH, decided_at=NOON)
    assert succession.crown(shelf("v1", "v2"), again).is_empty()
    new = loop.Crowning(version="v3", month=MONTH, decided_at=NOON)
    assert succession.crown(shelf("v1", "v2"), new)["version"].to_list() == ["v3"]


def test_nobody_reigns_nobody_is_assessed() -> None:
    assert succession.assess_champion(replay.Shelf({}), MONTH).is_empty()


def cards(*versions: str) -> pl.DataFrame:
    """Model cards, one trained each hour; the address of each is its version."""
    texts = ("data_fingerprint", "feature_version", "policy_version", "importance")
    days = ("window_from", "window_to", "labels_known_on")
    row: dict[str, object] = {"desk": "swing", "n_samples": 1}
    row |= dict.fromkeys((*texts, "parameters", "metrics"), "{}")
    row |= dict.fromkeys(days, MONTH)
    rows = [
        row
        | {"version": version, "artifact_sha256": version}
        | {"month": dt.date(2024, 1 + n % 12, 1), "began_at": NOON}
        | {"trained_at": NOON + dt.timedelta(hours=n)}
        for n, version in enumerate(versions)
    ]
    return pl.DataFrame(rows, schema=tables.MODELS.schema())


@pytest.mark.parametrize("n_kept", [1, 2, 5, 30])
def test_only_old_challengers_that_never_reigned_are_superseded(n_kept: int) -> None:
    trained = [f"m{n:02}" for n in range(20)]
    store = shelf("m00", "m03", "")
    store.append(tables.MODELS, cards(*trained))
    rules = policy.Policy(
        registry=report_policy.RegistryPolicy(kept_challengers=n_kept)
    )
    old = [version for version in trained[:-n_kept] if version not in ("m00", "m03")]
    assert succession.superseded(store, rules.registry) == old


def test_an_artifact_of_a_former_champion_stays_under_any_version() -> None:
    store = shelf("v1")
    twice = cards("v1", "again", "v3").with_columns(
        artifact_sha256=pl.Series(["same", "same", "other"])
    )
    store.append(tables.MODELS, twice)
    rules = policy.Policy(registry=report_policy.RegistryPolicy(kept_challengers=1))
    assert succession.superseded(store, rules.registry) == []
