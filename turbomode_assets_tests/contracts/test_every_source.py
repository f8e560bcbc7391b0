"""What every source promises, asked of each one that is discovered."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import sessions, tables
from turbomode_assets.sources import base

FIRST, MIDDLE, LAST = dt.date(2020, 3, 2), dt.date(2021, 8, 14), dt.date(2022, 6, 30)

every_source = pytest.mark.parametrize("kind", sorted(base.discover()))


def build(kind: str, folder: Path) -> base.Source:
    return base.discover()[kind].example(folder)


def bars_of(source: base.Source, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Sound rows a fresh asker gets, on the evening of `last`."""
    now = dt.datetime.combine(last, dt.time(23, 59), dt.UTC)
    request = base.Request(first=first, last=last, now=now, since=first)
    rows = [tables.BARS.empty()]
    for delivery in source.fetch(request):
        sound = delivery.rows.filter(pl.col("fault").is_null())
        rows.append(sound.select(tables.BARS.column_names))
    return pl.concat(rows).sort(tables.BARS.key)


@every_source
def test_bars_are_rows_of_the_table_inside_the_range(kind: str, tmp_path: Path) -> None:
    bars = bars_of(build(kind, tmp_path), FIRST, LAST)
    assert_frame_equal(bars, tables.BARS.conform(bars))
    assert bars.height > 0
    assert bars["session"].is_between(FIRST, LAST).all()
    assert set(bars["session"]) <= set(sessions.sessions_between(FIRST, LAST))


@every_source
def test_bars_are_possible(kind: str, tmp_path: Path) -> None:
    bars = bars_of(build(kind, tmp_path), FIRST, LAST)
    ends = ("open", "close")
    is_low = pl.col("low").is_between(0.01, pl.min_horizontal(ends))
    is_high = pl.col("high") >= pl.max_horizontal(ends)
    assert bars.select((is_low & is_high).all()).item()
    assert bars["symbol"].str.contains(tables.SYMBOL_PATTERN).all()
    assert bars["source"].unique().to_list() == [kind]


@every_source
def test_a_later_end_adds_bars_and_changes_none(kind: str, tmp_path: Path) -> None:
    source = build(kind, tmp_path)
    # What is fetched later is known later, and nothing else differs.
    longer = bars_of(source, FIRST, LAST).drop("known_at")
    shorter = bars_of(source, FIRST, MIDDLE).drop("known_at")
    assert_frame_equal(longer.filter(pl.col("session") <= MIDDLE), shorter)
    assert longer.height > shorter.height


@every_source
def test_a_later_start_only_drops_bars(kind: str, tmp_path: Path) -> None:
    source = build(kind, tmp_path)
    later = bars_of(source, MIDDLE, LAST)
    assert_frame_equal(
        bars_of(source, FIRST, LAST).filter(pl.col("session") >= MIDDLE), later
    )


@every_source
def test_a_weekend_has_no_bars(kind: str, tmp_path: Path) -> None:
    bars = bars_of(build(kind, tmp_path), dt.date(2021, 8, 14), dt.date(2021, 8, 15))
    assert_frame_equal(bars, tables.BARS.empty())


@every_source
def test_two_fresh_instances_agree(kind: str, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one, two = (build(kind, folder) for folder in folders)
    assert_frame_equal(bars_of(one, FIRST, LAST), bars_of(two, FIRST, LAST))
    assert_frame_equal(one.universe(LAST), two.universe(LAST))


@every_source
def test_universe_never_knows_the_future(kind: str, tmp_path: Path) -> None:
    source = build(kind, tmp_path)
    for as_of in (FIRST, MIDDLE, LAST):
        known = source.universe(as_of)
        assert_frame_equal(known, tables.UNIVERSE.conform(known))
        assert known["valid_from"].le(as_of).all()
        assert known["valid_to"].drop_nulls().le(as_of).all()
        later = source.universe(LAST).filter(pl.col("valid_from") <= as_of)
        assert later["symbol"].to_list() == known["symbol"].to_list()


@every_source
def test_whoever_trades_belongs(kind: str, tmp_path: Path) -> None:
    source = build(kind, tmp_path)
    members = source.universe(LAST)
    joined = bars_of(source, FIRST, LAST).join(members, on="symbol", how="left")
    is_member = pl.col("session") >= pl.col("valid_from")
    is_member &= pl.col("session") <= pl.col("valid_to").fill_null(LAST)
    assert joined.select(is_member.fill_null(value=False).all()).item()
