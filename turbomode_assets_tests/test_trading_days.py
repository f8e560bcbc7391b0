"""Notes of the exchange's days, held against the library they were taken from."""

from pathlib import Path

from turbomode_assets import trading_days


def test_the_notes_are_what_the_library_says() -> None:
    assert trading_days.NOTES.read_text("ascii") == trading_days.taken()


def test_days_and_hours_by_the_notes_are_those_of_the_library() -> None:
    assert trading_days.hours().equals(trading_days.asked())


def test_notes_of_another_version_are_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("4.0\n2024-07-03,shut\n", "ascii")
    assert trading_days.known(path).equals(trading_days.asked())
