"""Trading days and hours of the exchange, as exchange_calendars has them.

That library takes half a second to import, as long as everything else of a night. So
what it says is noted in a file beside this module, the days on which the exchange is
shut or closes early, and the notes are read while the installed library is of the
version they were taken from; with any other the library is asked itself.
``python -m turbomode_assets.trading_days`` takes the notes anew. What sessions mean to
the loop is the business of `sessions`.
"""

import datetime as dt
import functools
import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

import polars as pl

EXCHANGE = "XNYS"
"""Market identifier code of the exchange whose sessions partition everything."""

FIRST_DAY = dt.date(1996, 1, 2)
"""First session the calendar covers: where the known membership data begin."""

LAST_DAY = dt.date(2040, 12, 31)
"""Last day the calendar covers; fixed, so that no result depends on the day."""

NOTES = Path(__file__).with_name("trading_days.csv")
"""The library's version, then a line per weekday that is no full session."""

_SHUT, _EARLY = "shut", "early"
_NEW_YORK, _FRIDAY = "America/New_York", 5
_OPENS, _CLOSES, _CLOSES_EARLY = dt.time(9, 30), dt.time(16), dt.time(13)


@functools.cache
def hours() -> pl.DataFrame:
    """Opening and closing time of every session.

    Returns
    -------
    pl.DataFrame
        Columns session, opens_at and closes_at (UTC), ascending.
    """
    return known(NOTES)


def known(path: Path) -> pl.DataFrame:
    """See `hours`; by the notes at `path` if they are of the installed version."""
    taken_from, *notes = path.read_text("ascii").splitlines()
    return noted(notes) if taken_from == _version() else asked()


def _version() -> str:
    return importlib.metadata.version("exchange_calendars")


def noted(notes: Iterable[str]) -> pl.DataFrame:
    """See `hours`; weekdays but for what the notes say."""
    day = pl.col("session")
    kinds = dict(note.split(",") for note in notes)
    shut, early = (
        [dt.date.fromisoformat(date) for date, kind in kinds.items() if kind == chosen]
        for chosen in (_SHUT, _EARLY)
    )
    closes = pl.when(day.is_in(early)).then(_CLOSES_EARLY).otherwise(_CLOSES)
    clocks = {"opens_at": pl.lit(_OPENS), "closes_at": closes}
    return (
        pl.select(session=pl.date_range(FIRST_DAY, LAST_DAY))
        .filter(day.dt.weekday() <= _FRIDAY, ~day.is_in(shut))
        .with_columns(
            day.dt.combine(clock)
            .dt.replace_time_zone(_NEW_YORK)
            .dt.convert_time_zone("UTC")
            .alias(name)
            for name, clock in clocks.items()
        )
    )


def asked() -> pl.DataFrame:
    """See `hours`; from the library itself."""
    # Imported late: this import is what the notes are for.
    import exchange_calendars  # noqa: PLC0415

    calendar = exchange_calendars.get_calendar(EXCHANGE, start=FIRST_DAY, end=LAST_DAY)
    moments = {"opens_at": calendar.opens, "closes_at": calendar.closes}
    columns = {
        name: pl.Series(each.dt.tz_localize(None).to_numpy())
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone("UTC")
        for name, each in moments.items()
    }
    days = calendar.sessions.to_numpy().astype("datetime64[D]")
    return pl.DataFrame({"session": pl.Series(days)} | columns)


def taken() -> str:
    """Notes of what the library says, as `NOTES` has them."""
    said = asked()
    closes = pl.col("closes_at").dt.convert_time_zone(_NEW_YORK).dt.time()
    every = set(noted([])["session"])
    shut = dict.fromkeys(every.difference(said["session"]), _SHUT)
    early = said.filter(closes == _CLOSES_EARLY)["session"]
    kinds = shut | dict.fromkeys(early, _EARLY)
    lines = [f"{day},{kinds[day]}" for day in sorted(kinds)]
    return "\n".join([_version(), *lines]) + "\n"


if __name__ == "__main__":
    NOTES.write_text(taken(), "ascii")
