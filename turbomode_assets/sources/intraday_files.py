"""The intraday file source: bars of minutes from a Parquet or CSV file.

Turns a panel with the columns of `COLUMNS`, and optionally `source`, into deliveries.
Stamps may be the start or the end of a bar: each source and interval in the panel is
taken to stamp the end where most of its sessions have a bar stamped at the very close,
since a bar that starts at the close does not exist.

A panel says nothing of splits, so its rows say that there were none.

Nothing here judges, resamples or repairs, and nothing knows a round.
"""

import datetime as dt
import functools
import os
import pathlib
from typing import ClassVar, Self

import polars as pl

from turbomode_assets import errors, intraday_tables, rounds, sessions
from turbomode_assets.sources import intraday_base

COLUMNS = ("symbol", "ts_utc", "interval", "open", "high", "low", "close", "volume")
"""Columns a panel must have; ``ts_utc`` is a moment in UTC and ``interval`` a length in
minutes or hours, as in 1m, 15m or 1h."""

_CLOCK = pl.Datetime("us", "UTC")
_NUMBERS = COLUMNS[3:]
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class IntradayFiles:
    """Bars of minutes from one file, read once per instance when first asked for.

    Parameters
    ----------
    path
        File ending in .parquet or .csv.
    symbols
        Symbols delivered; all of the panel where none is named.
    """

    name: ClassVar[str] = "intraday_files"

    def __init__(
        self, path: str | os.PathLike[str], symbols: tuple[str, ...] = ()
    ) -> None:
        """Keep the path; nothing is read yet."""
        self.path = pathlib.Path(path)
        self.symbols = symbols

    @classmethod
    def example(cls, folder: pathlib.Path) -> Self:
        """Two artificial symbols in bars of five minutes, written to `folder`."""
        grid = rounds.between(dt.date(2024, 2, 1), dt.date(2024, 3, 28))
        starts = grid.select(
            session="session",
            ts_utc=pl.concat_list(
                pl.col("ends_at") - pl.duration(minutes=n) for n in (15, 10, 5)
            ),
        ).explode("ts_utc")
        price = 50.0 + (pl.int_range(pl.len()) % 7) / 4
        panel = starts.select(
            symbol=pl.concat_list(pl.lit("ABC"), pl.lit("XYZ")),
            ts_utc="ts_utc",
            interval=pl.lit("5m"),
            open=price,
            high=price + 0.5,
            low=price - 0.5,
            close=price + 0.25,
            volume=pl.lit(1000.0),
        ).explode("symbol")
        panel.write_parquet(folder / "panel.parquet")
        return cls(folder / "panel.parquet")

    def fetch_rounds(
        self, first: dt.date, last: dt.date, now: dt.datetime
    ) -> intraday_base.Delivery:
        """See `intraday_base.IntradaySource.fetch_rounds`.

        A row without a readable moment is delivered with every request, as known when
        it is asked for: it may belong to any.
        """
        at = pl.col("stamped_at")
        day = at.dt.date().fill_null(last)
        asked = self._panel.filter(
            day.is_between(first, last), at.fill_null(_EPOCH) <= now
        )
        known_at = at.fill_null(now).cast(_CLOCK)
        rows = asked.with_columns(known_at=known_at)
        return intraday_base.Delivery(
            rows.select(intraday_tables.DELIVERED.column_names)
        )

    @functools.cached_property
    def _panel(self) -> pl.DataFrame:
        """Columns of `intraday_tables.DELIVERED` but for known_at."""
        raw = self._read()
        cells = {name: pl.col(name).cast(pl.Float64, strict=False) for name in _NUMBERS}
        rows = raw.select(
            symbol=pl.col("symbol").cast(pl.String),
            stamped_at=_moment(raw.schema["ts_utc"]),
            n_minutes=_minutes(),
            **cells,
            split_ratio=pl.lit(1.0),
            source=pl.col("source").cast(pl.String),
            row=pl.struct(pl.all().cast(pl.String)).struct.json_encode(),
        )
        is_read = pl.all_horizontal(pl.all().exclude("row").is_not_null())
        marked = rows.with_columns(
            row=pl.when(~is_read).then("row"),
            fault=pl.when(~is_read).then(pl.lit("A value is missing or unreadable.")),
        )
        return _stamping(marked)

    def _read(self) -> pl.DataFrame:
        try:
            if self.path.suffix == ".csv":
                frame = pl.scan_csv(self.path, infer_schema=False)
            else:
                frame = pl.scan_parquet(self.path)
            missing = [name for name in COLUMNS if name not in frame.collect_schema()]
        except (OSError, pl.exceptions.PolarsError) as error:
            message = f"{self.path} cannot be read as Parquet or CSV: {error}"
            raise errors.SourceError(message) from error
        if missing:
            message = f"{self.path} lacks the columns {missing}; it needs {COLUMNS}"
            raise errors.SourceError(message)
        if "source" not in frame.collect_schema():
            frame = frame.with_columns(source=pl.lit(self.name))
        if self.symbols:
            frame = frame.filter(pl.col("symbol").is_in(self.symbols))
        return frame.select(*COLUMNS, "source").collect()


def _moment(dtype: pl.DataType) -> pl.Expr:
    """Column ts_utc as a moment in UTC; null where it cannot be read."""
    at = pl.col("ts_utc")
    if dtype == pl.String:
        return at.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    if dtype.base_type() == pl.Datetime and getattr(dtype, "time_zone", None):
        return at.dt.convert_time_zone("UTC").cast(_CLOCK)
    return at.cast(pl.Datetime("us"), strict=False).dt.replace_time_zone("UTC")


def _minutes() -> pl.Expr:
    """Length of the bar in minutes; null where the interval cannot be read."""
    parts = pl.col("interval").cast(pl.String).str.extract_groups(r"^(\d+)([mh])$")
    n = parts.struct.field("1").cast(pl.Int64, strict=False)
    return n * pl.when(parts.struct.field("2") == "h").then(60).otherwise(1)


def _stamping(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with is_end_stamped, by source and interval."""
    group = ("source", "n_minutes")
    hours = sessions.trading_hours(sessions.FIRST_DAY, sessions.LAST_DAY)
    dated = rows.with_columns(session=pl.col("stamped_at").dt.date())
    at_close = (
        dated.join(hours, on="session")
        .group_by(*group, "symbol", "session")
        .agg(is_closing=(pl.col("stamped_at") == pl.col("closes_at")).any())
        .group_by(group)
        .agg(is_end_stamped=pl.col("is_closing").mean() > 0.5)  # noqa: PLR2004 - most
    )
    return dated.join(
        at_close, on=group, how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(pl.col("is_end_stamped").fill_null(value=False))
