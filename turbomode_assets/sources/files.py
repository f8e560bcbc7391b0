"""The file source: bars from Parquet or CSV files that already lie somewhere.

Turns a panel, or a folder of panels or per-symbol files, into bars and a universe.
`file_panel.COLUMNS` is the convention for column names. Reading stands in
`file_panel.py`; nothing here judges, repairs, adjusts or downloads.
"""

import datetime as dt
import functools
import os
import pathlib
from collections.abc import Iterator
from typing import ClassVar, Self

import polars as pl

from turbomode_assets import market_tables, sessions, tables
from turbomode_assets.sources import base, file_panel, membership_file, simulated

UNKNOWN = "unknown"
"""Sector and capitalization class of a symbol nothing is known about."""

SILENT_SESSIONS = 10
"""Sessions without a bar after which a symbol counts as gone: longer than any
trading halt that is usual, shorter than a horizon of fourteen days and its entry."""


class Files:
    """Bars from a file or folder, read once per instance when first asked for.

    Every row is delivered, readable or not; the prices stage judges. A panel with
    `adj_close` and without dividends is taken to be adjusted for splits, as free data
    vendors deliver it: dividends are derived from the adjustment, and without split
    ratios price levels depend on when the panel was downloaded. Where most split
    ratios leave no trace in the close, as in a download from Yahoo, prices, volumes and
    dividends are multiplied back to what traded.

    Parameters
    ----------
    path
        File ending in .parquet or .csv, or a folder of such files.
    universe
        CSV with columns symbol, sector and optionally cap_class, or membership
        intervals (`membership_file.COLUMNS`). Symbols not listed are left out of bars
        and universe. Without it every symbol of the panel
        belongs, with sector and capitalization class unknown.

    Attributes
    ----------
    panel : pl.DataFrame
        All bars.
    left_out : dict of str to int
        Rows left out by symbol: indices, which start with ^, and symbols the universe
        does not list.

    Examples
    --------
    >>> import tempfile
    >>> day = dt.date(2024, 7, 3)
    >>> row = {"Date": day, "Open": 9, "High": 11, "Low": 8, "Close": 10, "Volume": 500}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pl.DataFrame([row]).write_csv(f"{folder}/abc.csv")
    ...     Files(folder).bars(day, day).select("symbol", "close", "split_ratio").rows()
    [('ABC', 10.0, 1.0)]
    """

    name: ClassVar[str] = "files"
    is_revising: ClassVar[bool] = False
    _source: ClassVar[pl.Expr] = pl.lit(name)

    def __init__(
        self,
        path: str | os.PathLike[str],
        universe: str | os.PathLike[str] | None = None,
    ) -> None:
        """Keep the paths; nothing is read yet."""
        self.path = pathlib.Path(path)
        self.universe_path = None if universe is None else pathlib.Path(universe)

    @classmethod
    def example(cls, folder: pathlib.Path) -> Self:
        """Panel of twelve artificial symbols, written to `folder`."""
        market = simulated.Simulated(n_symbols=12)
        bars = market.bars(dt.date(2020, 1, 1), dt.date(2022, 12, 31))
        bars.drop("source", "known_at").write_parquet(folder / "panel.parquet")
        return cls(folder)

    @functools.cached_property
    def panel(self) -> pl.DataFrame:
        """Rows that can be read as bars, rows of `tables.BARS`."""
        rows = pl.concat(file_panel.sound(part) for part in self._loaded[0])
        return base.known_at_close(rows.with_columns(source=self._source))

    @functools.cached_property
    def _traded(self) -> pl.DataFrame:
        """Columns symbol and session of `panel`, which may be large."""
        return pl.concat(
            file_panel.sound(part).select("symbol", "session")
            for part in self._loaded[0]
        )

    @functools.cached_property
    def left_out(self) -> dict[str, int]:
        """Rows left out, by symbol."""
        return self._loaded[1]

    @functools.cached_property
    def _loaded(self) -> tuple[list[pl.DataFrame], dict[str, int]]:
        """Parts as `file_panel.read_panel` has them, and rows left out by symbol."""
        parts, left_out = file_panel.read_panel(self.path)
        if self.universe_path is not None:
            listed = pl.col("symbol").is_in(self._listed["symbol"].to_list())
            for i, rows in enumerate(parts):
                unlisted = rows.filter(~listed)["symbol"].value_counts(sort=True)
                left_out |= dict(unlisted.iter_rows())
                parts[i] = rows.filter(listed.fill_null(value=True))
        return parts, left_out

    @functools.cached_property
    def _listed(self) -> pl.DataFrame:
        """Columns symbol, sector and cap_class; without rows where no file is given."""
        wanted = ("symbol", "sector", "cap_class")
        if self.universe_path is None:
            return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
        if self._intervals is not None:
            return self._intervals.select(wanted)
        return membership_file.read_list(self.universe_path).select(wanted)

    @functools.cached_property
    def _intervals(self) -> pl.DataFrame | None:
        """Membership as recorded day by day; null where the file lists symbols only."""
        path = self.universe_path
        if path is None or not membership_file.holds_intervals(path):
            return None
        return membership_file.read(path)

    def bars(self, first: dt.date, last: dt.date) -> pl.DataFrame:
        """What traded from `first` to `last`; rows of `tables.BARS`."""
        return self.panel.filter(pl.col("session").is_between(first, last))

    def fetch(self, request: base.Request) -> Iterator[base.Delivery]:
        """What traded, in parts of whole symbols; see `base.Source.fetch`.

        A row whose day cannot be read is delivered with every request, as known at its
        end: it may belong to any.
        """
        day = pl.col("session").fill_null(request.last)
        for part in self._loaded[0]:
            asked = part.filter(day.is_between(request.first, request.last))
            known_at = _known_at(asked.select(day=day.unique()))
            known = asked.join(known_at, left_on=day, right_on="day")
            rows = known.filter(pl.col("known_at") <= request.now)
            if rows.height:
                whole = file_panel.complete(rows).with_columns(source=self._source)
                yield base.Delivery(whole.select(market_tables.DELIVERED.column_names))

    def universe(self, as_of: dt.date) -> pl.DataFrame:
        """Who belonged, as known at `as_of`; see `base.Source.universe`.

        A symbol belongs from its first bar. It has left, as of its last bar, once it
        was silent for more than `SILENT_SESSIONS` sessions up to `as_of`, or up to the
        panel's end where that comes first. Where the universe file holds intervals,
        these say who belonged, and silence only says who was delisted.
        """
        known = self._traded.filter(pl.col("session") <= as_of)
        if known.is_empty():
            return tables.UNIVERSE.empty()
        end = min(as_of, self._traded.select(pl.col("session").max()).item())
        silent_since = sessions.shift(sessions.on_or_before(end), -SILENT_SESSIONS)
        last = pl.col("last")
        spans = known.group_by("symbol").agg(
            valid_from=pl.col("session").min(), last=pl.col("session").max()
        )
        left = last < silent_since
        if self._intervals is not None:
            gone = spans.filter(left).select("symbol", delisted_on="last")
            return membership_file.known(self._intervals, as_of, gone)
        return tables.UNIVERSE.conform(
            spans.join(self._listed, on="symbol", how="left").select(
                "symbol",
                "valid_from",
                pl.col("sector", "cap_class").fill_null(UNKNOWN),
                pl.when(left).then(last).alias("valid_to"),
                pl.when(left).then(last).alias("delisted_on"),
                pl.lit(value=False).alias("is_point_in_time"),
                pl.when(left)
                .then(pl.lit("stopped trading"))
                .otherwise(pl.lit("traded"))
                .alias("reason"),
            )
        )


def _known_at(days: pl.DataFrame) -> pl.DataFrame:
    """Columns day and known_at, the close of the last session up to that day."""
    closes = [
        sessions.close_at(sessions.on_or_before(day)) for day in days["day"].to_list()
    ]
    return days.with_columns(
        pl.Series("known_at", closes, dtype=pl.Datetime("us", "UTC"))
    )
