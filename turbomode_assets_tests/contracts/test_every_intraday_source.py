"""What every source of intraday data promises, asked of each one discovered."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import intraday_tables, market_policy, rounds
from turbomode_assets.intraday import bars, context
from turbomode_assets.sources import intraday_base

FIRST, MIDDLE, LAST = dt.date(2024, 3, 1), dt.date(2024, 3, 12), dt.date(2024, 3, 22)
EVENING = dt.datetime(2024, 3, 22, 23, 0, tzinfo=dt.UTC)
NOON = dt.datetime(2024, 3, 12, 16, 2, tzinfo=dt.UTC)

every_source = pytest.mark.parametrize("kind", sorted(intraday_base.discover()))


def build(kind: str, folder: Path) -> intraday_base.IntradaySource:
    return intraday_base.discover()[kind].example(folder)


def judged(
    source: intraday_base.IntradaySource, last: dt.date, now: dt.datetime
) -> bars.Inspection:
    rows = source.fetch_rounds(FIRST, last, now).bars
    assert rows.schema == intraday_tables.DELIVERED.schema()
    return bars.inspect(rows, market_policy.QualityPolicy(), now)


@every_source
def test_every_round_of_the_range_has_a_sound_bar(kind: str, tmp_path: Path) -> None:
    found = judged(build(kind, tmp_path), LAST, EVENING)
    assert found.refused.is_empty()
    assert found.gaps.is_empty()
    grid = rounds.between(FIRST, LAST).select("session", "minute")
    for of_one in found.accepted.partition_by("symbol"):
        assert_frame_equal(of_one.select("session", "minute"), grid)


@every_source
def test_nothing_is_delivered_before_it_happened(kind: str, tmp_path: Path) -> None:
    found = judged(build(kind, tmp_path), MIDDLE, NOON).accepted
    ends = rounds.named(rounds.numbers(found))["ends_at"]
    assert ends.max() == dt.datetime(2024, 3, 12, 16, 0, tzinfo=dt.UTC)
    assert found["known_at"].is_between(ends, pl.Series([NOON])).all()


@every_source
def test_a_later_request_changes_no_earlier_bar(kind: str, tmp_path: Path) -> None:
    source = build(kind, tmp_path)
    early = judged(source, MIDDLE, NOON).accepted
    late = judged(source, LAST, EVENING).accepted
    is_over = rounds.named(rounds.numbers(late))["ends_at"] <= NOON
    # A source that is asked again knows the same bar from another moment on.
    assert_frame_equal(late.filter(is_over).drop("known_at"), early.drop("known_at"))


@every_source
def test_headlines_and_quotes_are_sound_and_of_the_past(
    kind: str, tmp_path: Path
) -> None:
    delivery = build(kind, tmp_path).fetch_rounds(FIRST, LAST, EVENING)
    told = context.inspect_headlines(delivery.headlines)
    quoted = context.inspect_chains(delivery.chains)
    for found in (told, quoted):
        assert found.refused.is_empty()
        assert found.accepted["session"].is_between(FIRST, LAST).all()
        assert (found.accepted["known_at"] <= EVENING).all()
    assert (told.accepted["published_at"] <= EVENING).all()


@every_source
def test_every_question_asked_is_accounted_for(kind: str, tmp_path: Path) -> None:
    delivery = build(kind, tmp_path).fetch_rounds(FIRST, LAST, EVENING)
    found = delivery.attempts
    assert_frame_equal(found, intraday_tables.FETCHES.conform(found))
    kinds = (delivery.bars, delivery.headlines, delivery.chains, delivery.daily)
    if found.height:
        assert found["n_rows"].sum() == sum(rows.height for rows in kinds)


@every_source
def test_two_fresh_instances_agree(kind: str, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one, two = (
        build(kind, folder).fetch_rounds(FIRST, LAST, NOON) for folder in folders
    )
    for name in ("bars", "headlines", "chains"):
        assert_frame_equal(getattr(one, name), getattr(two, name))
