"""Membership files: what is read, what is refused, and the S&P 500 on known days."""

import datetime as dt
import os
import pathlib

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import errors, sessions, tables
from turbomode_assets.sources import files, membership_file, simulated

SHARED = pathlib.Path(os.environ.get("TURBOMODE_SHARED_DATA", "../shared/data"))
SP500 = SHARED / "membership" / "sp500_membership_intervals.csv"
needs_sp500 = pytest.mark.skipif(not SP500.exists(), reason="needs the shared S&P 500")

LISTED = {
    "symbol": ["abc", "ABC", "XYZ"],
    "valid_from": ["2020-01-02", "2021-05-01", "2019-12-25"],
    "valid_to": ["2020-07-05", "", "2020-01-03"],
    "sector": ["Energy", "Energy", ""],
}


def written(folder: pathlib.Path, **changes: list[str]) -> pathlib.Path:
    path = folder / "members.csv"
    pl.DataFrame(LISTED | changes).write_csv(path)
    return path


def members(intervals: pl.DataFrame, day: dt.date) -> set[str]:
    """Who belongs on a day, as known on it."""
    known = membership_file.known(intervals, day)
    return set(known.filter(pl.col("valid_to").is_null())["symbol"])


def test_days_move_inwards_to_sessions(tmp_path: pathlib.Path) -> None:
    found = membership_file.read(written(tmp_path))
    assert found.rows() == [
        ("ABC", dt.date(2020, 1, 2), dt.date(2020, 7, 2), "Energy", "unknown"),
        ("ABC", dt.date(2021, 5, 3), None, "Energy", "unknown"),
        ("XYZ", dt.date(2019, 12, 26), dt.date(2020, 1, 3), "unknown", "unknown"),
    ]


def test_an_end_date_is_the_first_day_outside(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "public.csv"
    rows = {"ticker": ["ABC"], "start_date": ["2020-01-02"], "end_date": ["2020-07-06"]}
    pl.DataFrame(rows).write_csv(path)
    assert membership_file.read(path)["valid_to"].to_list() == [dt.date(2020, 7, 2)]


def test_parquet_says_the_same_as_csv(tmp_path: pathlib.Path) -> None:
    csv = written(tmp_path)
    parquet = tmp_path / "members.parquet"
    dates = pl.col("valid_from", "valid_to").str.to_date(strict=False)
    pl.read_csv(csv, infer_schema=False).with_columns(dates).write_parquet(parquet)
    assert_frame_equal(membership_file.read(csv), membership_file.read(parquet))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"valid_to": ["2021-06-01", "", ""]}, "overlap with the interval before: 1"),
        ({"valid_to": ["", "", ""]}, "overlap with the interval before: 1 rows, first"),
        ({"valid_to": ["2019-01-02", "", ""]}, "an end before its beginning: 1"),
        ({"valid_from": ["soon", "2021-05-03", "2020-01-02"]}, "cannot be read: 1"),
        ({"valid_from": ["", "2021-05-03", "2019-12-26"]}, "no first day: 1 rows"),
        ({"symbol": ["A B", "ABC", ""]}, "no symbol: 1 rows"),
        ({"symbol": ["A B", "ABC", "XYZ"]}, "that cannot be one: 1 rows, first A B"),
        ({"cap_class": ["huge", "mid", "small"]}, "a size outside large, mid"),
        ({"sectr": ["", "", ""]}, "unknown column 'sectr'. Did you mean 'sector'"),
        ({"end_date": ["", "", ""]}, "expected one of `valid_to` and `end_date`"),
        ({"ticker": ["A", "B", "C"]}, "two columns that mean `symbol`"),
    ],
)
def test_a_faulty_file_is_refused_with_its_fault(
    tmp_path: pathlib.Path, changes: dict[str, list[str]], words: str
) -> None:
    with pytest.raises(errors.SourceError, match="is no membership") as refused:
        membership_file.read(written(tmp_path, **changes))
    assert words in str(refused.value)


def test_every_fault_is_listed_at_once(tmp_path: pathlib.Path) -> None:
    ends = ["2019-01-02", "", "x"]
    path = written(tmp_path, symbol=["ABC", "ABC", "X Y"], valid_to=ends)
    with pytest.raises(errors.SourceError) as refused:
        membership_file.read(path)
    assert str(refused.value).count("\n- ") == 3


def test_a_file_that_is_none_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(errors.SourceError, match=r"absent\.csv could not be opened"):
        membership_file.read(tmp_path / "absent.csv")


def test_what_ended_before_the_calendar_is_left_out(tmp_path: pathlib.Path) -> None:
    starts = ["1957-03-04", "1980-01-02", "1957-03-04"]
    ends = ["1970-01-02", "1990-01-02", ""]
    found = membership_file.read(written(tmp_path, valid_from=starts, valid_to=ends))
    assert found.select("symbol", "valid_from").rows() == [("XYZ", sessions.FIRST_DAY)]


def test_an_end_is_told_once_it_has_passed(tmp_path: pathlib.Path) -> None:
    intervals = membership_file.read(written(tmp_path))
    last = dt.date(2020, 7, 2)
    before, after = (
        membership_file.known(intervals, day).filter(pl.col("symbol") == "ABC")
        for day in (last, sessions.shift(last, 1))
    )
    assert (before["valid_to"].item(), after["valid_to"].item()) == (None, last)
    assert_frame_equal(before, tables.UNIVERSE.conform(before))
    assert before["is_point_in_time"].all()


def test_the_file_source_takes_its_members_from_intervals(
    tmp_path: pathlib.Path,
) -> None:
    source = files.Files.example(tmp_path)
    symbols = source.panel["symbol"].unique().sort()[:2].to_list()
    rows = {"symbol": symbols, "valid_from": ["2020-02-03", "2021-02-01"]}
    listed = tmp_path / "universe" / "members.csv"
    listed.parent.mkdir()
    pl.DataFrame(rows | {"valid_to": ["2020-12-31", ""]}).write_csv(listed)
    chosen = files.Files(tmp_path / "panel.parquet", universe=listed)
    found = chosen.universe(dt.date(2021, 3, 1))
    assert found["symbol"].to_list() == symbols
    assert found["valid_to"].to_list() == [dt.date(2020, 12, 31), None]
    assert found["is_point_in_time"].all()
    assert set(chosen.panel["symbol"]) == set(symbols)


def test_the_file_source_knows_a_delisting_from_silence(
    tmp_path: pathlib.Path,
) -> None:
    day = dt.date(2020, 6, 30)
    bars = simulated.Simulated(n_symbols=2).bars(dt.date(2020, 1, 2), day)
    silent = (pl.col("symbol") == "SIM001") & (pl.col("session") > dt.date(2020, 4, 1))
    bars.filter(~silent).drop("source", "known_at").write_parquet(
        tmp_path / "p.parquet"
    )
    rows = {"symbol": ["SIM001", "SIM002"], "valid_from": ["2020-01-02"] * 2}
    pl.DataFrame(rows | {"valid_to": ["2020-03-02"] * 2}).write_csv(tmp_path / "m.csv")
    source = files.Files(tmp_path / "p.parquet", universe=tmp_path / "m.csv")
    assert source.universe(day)["delisted_on"].to_list() == [dt.date(2020, 4, 1), None]


@needs_sp500
def test_the_sp500_on_days_everybody_knows() -> None:
    intervals = membership_file.read(SP500)
    assert intervals.height == 1230
    eve, day = dt.date(2020, 12, 18), dt.date(2020, 12, 21)
    assert members(intervals, day) - members(intervals, eve) == {"TSLA"}
    assert "AIV" in members(intervals, eve)
    renamed = dt.date(2020, 4, 3)
    assert {"UTX", "RTX"} & members(intervals, sessions.shift(renamed, -1)) == {"UTX"}
    assert "RTX" in members(intervals, renamed)


@needs_sp500
def test_the_sp500_has_about_five_hundred_members_on_every_first_session() -> None:
    intervals = membership_file.read(SP500)
    until = pl.col("valid_to").fill_null(sessions.LAST_DAY)
    for year in range(1996, 2026):
        day = sessions.on_or_after(dt.date(year, 1, 2))
        inside = pl.lit(day).is_between(pl.col("valid_from"), until)
        assert 485 <= intervals.filter(inside).height <= 510, year
