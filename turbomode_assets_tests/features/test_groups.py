"""The sector of a bar against a plain look at every membership."""

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from turbomode_assets.features import groups

DAYS = [dt.date(2024, 1, day) for day in range(1, 11)]
SCHEMA = {
    "symbol": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "sector": pl.String,
}
MEMBERS = st.lists(
    st.tuples(
        st.sampled_from("ABX"),
        st.sampled_from(DAYS),
        st.none() | st.sampled_from(DAYS),
        st.sampled_from(["Tech", "Energy", groups.NO_SECTOR]),
    )
)
Member = tuple[str, dt.date, dt.date | None, str]


def looked_up(members: list[Member], symbol: str, day: dt.date) -> str:
    begun = [each for each in members if each[0] == symbol and each[1] <= day]
    if not begun:
        return groups.NO_SECTOR
    latest = max(range(len(begun)), key=lambda place: (begun[place][1], place))
    _, _, until, sector = begun[latest]
    return sector if until is None or day <= until else groups.NO_SECTOR


@given(members=MEMBERS, n_bars=st.tuples(st.integers(1, 10), st.integers(1, 10)))
@settings(deadline=None)
def test_a_bar_has_the_sector_of_the_latest_membership(
    members: list[Member], n_bars: tuple[int, int]
) -> None:
    keys = [("A", day) for day in DAYS[: n_bars[0]]]
    keys += [("B", day) for day in DAYS[-n_bars[1] :]]
    bars = pl.DataFrame(keys, {"symbol": pl.String, "session": pl.Date}, orient="row")
    universe = pl.DataFrame(members, SCHEMA, orient="row")
    found = groups.sector_codes(bars, universe).tolist()
    named = [looked_up(members, symbol, day) for symbol, day in keys]
    assert len(set(zip(found, named, strict=True))) == len(set(found))
    assert len(set(found)) == len(set(named))
