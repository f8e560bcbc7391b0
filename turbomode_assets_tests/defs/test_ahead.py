"""A challenger is trained ahead of the month for a reason, on enough that is new."""

import datetime as dt
import pathlib
from collections.abc import Iterator

import polars as pl
import pytest

from turbomode_assets import policy, report_tables, tables
from turbomode_assets.defs import ahead
from turbomode_assets.store import warehouse
from turbomode_assets_tests import lakes

NOW = dt.datetime(2024, 6, 18, 15, tzinfo=dt.UTC)
FITTED = dt.date(2024, 5, 31)
ENOUGH = policy.SWING.gate.min_new_samples


@pytest.fixture
def store(tmp_path: pathlib.Path) -> Iterator[warehouse.Warehouse]:
    with warehouse.opened(lakes.place(tmp_path / "turbomode.duckdb")) as found:
        yield found


def _rows(table: object, rows: list[dict[str, object]]) -> pl.DataFrame:
    schema = table.schema()  # type: ignore[attr-defined]
    blanks = {
        name: {pl.Date: FITTED, pl.String: "", pl.Int64: 1, pl.Float64: 0.5}.get(
            dtype.base_type(), NOW
        )
        for name, dtype in schema.items()
    }
    return pl.DataFrame([blanks | row for row in rows], schema=schema)


def _reign(store: warehouse.Warehouse) -> None:
    row = {"desk": "swing", "version": "v1", "effective_from": dt.date(2024, 6, 3)}
    store.append(tables.CHAMPIONS, _rows(tables.CHAMPIONS, [row]))


def _drift(store: warehouse.Warehouse, month: dt.date) -> None:
    table = report_tables.FEATURE_REPORTS
    found = {"return_5": (0.6, True), "return_21": (0.9, True), "season": (0.1, False)}
    rows = [
        {"month": month, "feature": name, "psi": psi, "is_drifting": is_drifting}
        for name, (psi, is_drifting) in found.items()
    ]
    store.append(table, _rows(table, rows))


def _fit(store: warehouse.Warehouse, known_on: dt.date = FITTED) -> None:
    row = {"month": dt.date(2024, 6, 1), "labels_known_on": known_on, "desk": "swing"}
    store.append(tables.MODELS, _rows(tables.MODELS, [row]))


def _teach(
    store: warehouse.Warehouse, n_samples: int, day: dt.date = dt.date(2024, 6, 10)
) -> None:
    row = {"session": day, "matures_on": day, "origin": "live"}
    rows = [row | {"symbol": f"S{n:04}"} for n in range(n_samples)]
    store.append(tables.SAMPLES, _rows(tables.SAMPLES, rows))


def test_a_vacant_seat_and_enough_samples_are_an_occasion(
    store: warehouse.Warehouse,
) -> None:
    _fit(store)
    _teach(store, ENOUGH)
    found = ahead.occasion(store, NOW)
    assert isinstance(found, ahead.Occasion)
    assert (found.month, found.until) == (dt.date(2024, 6, 1), dt.date(2024, 6, 16))
    assert found.reason == f"{ENOUGH} new samples, and nobody reigns"


def test_too_few_samples_are_not(store: warehouse.Warehouse) -> None:
    _fit(store)
    _teach(store, ENOUGH - 1)
    assert (
        ahead.occasion(store, NOW) == f"{ENOUGH - 1} new samples, {ENOUGH} are needed."
    )


def test_a_champion_needs_more_than_samples(store: warehouse.Warehouse) -> None:
    _fit(store)
    _teach(store, ENOUGH)
    _reign(store)
    assert "no reason to train ahead" in str(ahead.occasion(store, NOW))


@pytest.mark.parametrize(
    ("day", "fitted", "month", "is_due"),
    [
        ("2024-06-24", FITTED, "2024-06-01", True),
        ("2024-06-22", FITTED, "2024-06-01", False),
        ("2024-06-30", dt.date(2024, 6, 17), "2024-06-01", False),
        ("2024-06-24", FITTED, "2024-05-01", False),
    ],
    ids=["can be learned", "has not matured", "was learned", "is of another month"],
)
def test_drift_is_a_reason_once_all_of_the_drifted_month_can_be_learned(
    store: warehouse.Warehouse, day: str, fitted: dt.date, month: str, *, is_due: bool
) -> None:
    _fit(store, fitted)
    _teach(store, ENOUGH, dt.date(2024, 6, 10))
    _teach(store, ENOUGH, dt.date(2024, 6, 20))
    _reign(store)
    _drift(store, dt.date.fromisoformat(month))
    told = str(ahead.occasion(store, dt.datetime.fromisoformat(f"{day}T15:00+00:00")))
    assert ("and 2 features drifted, most of all return_21" in told) is is_due


def test_a_challenger_of_this_week_is_enough(store: warehouse.Warehouse) -> None:
    _fit(store, dt.date(2024, 6, 12))
    assert "knows every label up to 2024-06-12" in str(ahead.occasion(store, NOW))


def test_the_first_challenger_is_the_months_own(store: warehouse.Warehouse) -> None:
    _teach(store, ENOUGH)
    assert "No challenger was trained yet" in str(ahead.occasion(store, NOW))


def test_a_month_that_has_just_turned_trains_its_own(
    store: warehouse.Warehouse,
) -> None:
    just_turned = dt.datetime(2024, 8, 2, 15, tzinfo=dt.UTC)
    assert "just turned" in str(ahead.occasion(store, just_turned))
