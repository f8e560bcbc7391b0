"""Partitions are sessions, weeks and months; mappings cover what assets depend on."""

import datetime as dt

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context

from turbomode_assets import loop, market_loop, sessions
from turbomode_assets.defs import partitions
from turbomode_assets.defs.assets import universe
from turbomode_assets.features import catalog

FIRST = dt.date(2020, 1, 2)
NOW = dt.datetime(2024, 7, 3, 1, tzinfo=dt.UTC)
GRAINS = partitions.grains(FIRST)


def upstream(
    mapping: dg.TimeWindowPartitionMapping,
    of: dg.TimeWindowPartitionsDefinition,
    grain: dg.TimeWindowPartitionsDefinition,
    key: str,
) -> list[str]:
    subset = grain.subset_with_partition_keys([key])
    with partition_loading_context(effective_dt=NOW):
        found = mapping.get_upstream_mapped_partitions_result_for_partitions(
            subset, grain, of
        )
    return sorted(found.partitions_subset.get_partition_keys())


def test_daily_partitions_are_the_exchange_sessions() -> None:
    expected = sessions.sessions_between(FIRST, dt.date(2024, 7, 2))
    found = GRAINS.daily.get_partition_keys(NOW)
    assert found == [partitions.key(session) for session in expected]


@pytest.mark.parametrize(
    ("utc", "newest"),
    [
        (dt.datetime(2024, 7, 2, 23, 59, tzinfo=dt.UTC), "2024-07-01"),
        (dt.datetime(2024, 7, 3, 0, 0, tzinfo=dt.UTC), "2024-07-02"),
        (dt.datetime(2024, 7, 6, 12, 0, tzinfo=dt.UTC), "2024-07-05"),
        (dt.datetime(2024, 7, 8, 12, 0, tzinfo=dt.UTC), "2024-07-05"),
    ],
)
def test_a_session_exists_from_the_evening_on(utc: dt.datetime, newest: str) -> None:
    assert GRAINS.daily.get_partition_keys(utc)[-1] == newest


def test_weeks_run_sunday_to_saturday_and_include_the_open_one() -> None:
    keys = GRAINS.weekly.get_partition_keys(NOW)
    assert (keys[0], keys[-1]) == ("2019-12-29", "2024-06-30")
    assert {partitions.parsed(key).strftime("%a") for key in keys} == {"Sun"}


def test_months_include_the_one_that_has_begun() -> None:
    keys = GRAINS.monthly.get_partition_keys(NOW)
    assert (keys[0], keys[-1]) == ("2020-01-01", "2024-07-01")


def test_quarters_include_the_one_that_has_begun() -> None:
    keys = GRAINS.quarterly.get_partition_keys(NOW)
    assert (keys[0], keys[1], keys[-1]) == ("2020-01-01", "2020-04-01", "2024-07-01")


@pytest.mark.parametrize("first", [FIRST, dt.date(2021, 3, 1), dt.date(2023, 10, 2)])
def test_coarser_grains_start_no_later_than_finer_ones(first: dt.date) -> None:
    grains = partitions.grains(first)
    starts = [
        partitions.parsed(g.get_first_partition_key() or "")
        for g in (
            grains.quarterly,
            grains.monthly,
            grains.weekly,
            grains.daily,
        )
    ]
    assert max(starts[:3]) <= starts[3] == first


def test_an_outcome_sees_every_session_it_depends_on() -> None:
    daily = sessions.sessions_between(FIRST, dt.date(2024, 7, 2))
    periods = loop.maturing(FIRST, daily[-1])
    for session, _, matures_on in periods.iter_rows():
        assert sessions.shift(matures_on, -loop.HELD_SESSIONS) <= session


def test_the_held_sessions_bound_is_tight_enough_to_be_true() -> None:
    periods = loop.maturing(sessions.FIRST_DAY, dt.date(2040, 11, 30))
    counts = [
        len(sessions.sessions_between(session, matures_on)) - 1
        for session, _, matures_on in periods.iter_rows()
    ]
    assert max(counts) <= loop.HELD_SESSIONS


@pytest.mark.parametrize("n_back", [loop.HELD_SESSIONS, catalog.lookback()])
def test_looking_back_counts_sessions(n_back: int) -> None:
    key = "2024-06-20"
    daily = GRAINS.daily
    found = upstream(partitions.looking_back(n_back), daily, daily, key)
    oldest = sessions.shift(dt.date(2024, 6, 20), -n_back)
    assert (found[0], found[-1]) == (partitions.key(oldest), key)
    assert len(found) == n_back + 1


def test_samples_see_every_session_they_are_made_of() -> None:
    mapping = partitions.looking_back(loop.SAMPLE_WEEKS)
    for key in GRAINS.weekly.get_partition_keys(NOW)[4:-1:7]:
        window = partitions.week_window([key])
        made_of = loop.maturing(window.first, window.last)["session"]
        seen = upstream(mapping, GRAINS.daily, GRAINS.weekly, key)
        assert {partitions.key(session) for session in made_of} <= set(seen)


def test_a_challenger_sees_the_week_that_straddles_its_month() -> None:
    found = upstream(
        partitions.known_before(), GRAINS.weekly, GRAINS.monthly, "2024-06-01"
    )
    assert (found[0], found[-1]) == ("2024-04-28", "2024-05-26")


def test_a_curation_sees_every_session_it_looks_at() -> None:
    mapping = partitions.before(universe.LOOK_BACK_QUARTERS)
    for key in GRAINS.quarterly.get_partition_keys(NOW)[3:]:
        since = market_loop.bars_for_curation(partitions.parsed(key))
        seen = upstream(mapping, GRAINS.daily, GRAINS.quarterly, key)
        eve = sessions.shift(partitions.parsed(key), -1)
        assert seen[0] <= partitions.key(since) <= seen[-1] == partitions.key(eve)


def test_a_ranking_sees_every_signal_it_looks_at() -> None:
    mapping = partitions.before(universe.LOOK_BACK_MONTHS)
    for key in GRAINS.monthly.get_partition_keys(NOW)[18:]:
        since = market_loop.outcomes_for_ranking(partitions.parsed(key))
        oldest = loop.signals_maturing_from(since)
        seen = upstream(mapping, GRAINS.daily, GRAINS.monthly, key)
        eve = sessions.shift(partitions.parsed(key), -1)
        assert seen[0] <= partitions.key(oldest) <= seen[-1] == partitions.key(eve)


def test_windows_are_hulls_of_their_keys() -> None:
    window = partitions.session_window(["2024-07-05", "2024-07-02"])
    assert window == partitions.Window(dt.date(2024, 7, 2), dt.date(2024, 7, 5))
    week = partitions.week_window(["2024-06-30"])
    assert week == partitions.Window(dt.date(2024, 6, 30), dt.date(2024, 7, 6))
