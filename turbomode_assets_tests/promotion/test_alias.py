"""Who reigned: the last champion whose first session is not later."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turbomode_assets import tables
from turbomode_assets.promotion import alias

JUNE, JULY = dt.date(2024, 6, 3), dt.date(2024, 7, 1)
NOON = dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC)


def champions(*reigns: tuple[str, str, dt.date]) -> pl.DataFrame:
    """History of champions from desk, version and first session."""
    rows = [
        {"desk": desk, "version": version, "effective_from": day}
        | {"reason": "by hand", "decided_at": NOON}
        for desk, version, day in reigns
    ]
    return pl.DataFrame(rows, schema=tables.CHAMPIONS.schema())


HISTORY = champions(
    ("swing", "v2", JULY), ("swing", "v1", JUNE), ("intraday", "other", JUNE)
)


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (dt.date(2024, 5, 31), None),
        (JUNE, "v1"),
        (dt.date(2024, 6, 28), "v1"),
        (JULY, "v2"),
        (dt.date(2030, 1, 2), "v2"),
    ],
)
def test_a_reign_lasts_until_the_next_begins(
    session: dt.date, expected: str | None
) -> None:
    assert alias.reigning(HISTORY, "swing", session) == expected


def test_desks_have_champions_of_their_own() -> None:
    assert alias.reigning(HISTORY, "intraday", JULY) == "other"
    assert alias.reigning(HISTORY, "nobody", JULY) is None


def test_nobody_reigns_where_nobody_was_crowned() -> None:
    assert alias.reigning(tables.CHAMPIONS.empty(), "swing", JULY) is None


def test_a_version_may_return() -> None:
    august = dt.date(2024, 8, 1)
    returned = pl.concat([HISTORY, champions(("swing", "v1", august))])
    assert alias.reigning(returned, "swing", dt.date(2024, 7, 31)) == "v2"
    assert alias.reigning(returned, "swing", august) == "v1"


@settings(deadline=None)
@given(session=st.dates(JUNE, dt.date(2024, 12, 31)), later=st.integers(1, 99))
def test_a_coronation_never_changes_who_reigned_before(
    session: dt.date, later: int
) -> None:
    crowned = champions(("swing", "v3", session + dt.timedelta(days=later)))
    after = pl.concat([HISTORY, crowned])
    assert alias.reigning(after, "swing", session) == alias.reigning(
        HISTORY, "swing", session
    )
