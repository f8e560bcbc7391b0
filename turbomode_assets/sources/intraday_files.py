"""The intraday file source: bars of minutes from a Parquet or CSV file.

Turns a panel with the columns of `COLUMNS`, and optionally `source`, into deliveries;
bars of the interval 1d are those of whole sessions. In a folder the panel is called
``bars``, and ``headlines`` and ``chains`` may lie beside it
(`intraday_file_context.py`).

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

from turbomode_assets import (
    errors,
    intraday_tables,
    market_tables,
    rounds,
    sessions,
)
from turbomode_assets.sources import intraday_base, intraday_file_context

COLUMNS = ("symbol", "ts_utc", "interval", "open", "high", "low", "close", "volume")
"""Columns a panel must have; ``ts_utc`` is a moment in UTC and ``interval`` a length in
minutes, hours or one day, as in 1m, 15m, 1h or 1d."""

DAILY = "1d"
"""Interval of bars of whole sessions; the day of their stamp is the session."""

_CLOCK = pl.Datetime("us", "UTC")
_NUMBERS = COLUMNS[3:]
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class IntradayFiles:
    """Bars of minutes from one file, read once per instance when first asked for.

    Parameters
    ----------
    path
        File ending in .parquet or .csv, or a folder of such files.
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
        """Two artificial symbols in bars of five minutes, with a story and a quote."""
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
        panel.write_parquet(folder / "bars.parquet")
        at = dt.datetime(2024, 3, 8, 15, 20, tzinfo=dt.UTC)
        story = {"symbol": ["ABC"], "published_at": [at], "title": ["ABC wins a case"]}
        pl.DataFrame(story).write_parquet(folder / "headlines.parquet")
        contract = {"expires_on": [dt.date(2024, 3, 15)], "strike": [50.0]}
        quote = {"symbol": ["ABC"], "quoted_at": [at], "right": ["call"], "bid": [1.0]}
        pl.DataFrame(quote | contract).write_parquet(folder / "chains.parquet")
        return cls(folder)

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
        span = intraday_file_context.Span(first, last, now)
        return intraday_base.Delivery(
            rows.select(intraday_tables.DELIVERED.column_names),
            headlines=self._headlines_of(span),
            chains=self._chains_of(span),
            daily=self._days_of(span),
        )

    def _headlines_of(self, span: intraday_file_context.Span) -> pl.DataFrame:
        rows = self._headlines.filter(span.holds("published_at"))
        known_at = pl.coalesce("known_at", "published_at", pl.lit(span.now))
        told = rows.with_columns(known_at.cast(_CLOCK))
        return told.filter(pl.col("known_at") <= span.now)

    def _chains_of(self, span: intraday_file_context.Span) -> pl.DataFrame:
        rows = self._chains.filter(span.holds("known_at"))
        return rows.with_columns(pl.col("known_at").fill_null(span.now))

    def _days_of(self, span: intraday_file_context.Span) -> pl.DataFrame:
        day, known_at = pl.col("session"), pl.col("known_at")
        is_asked = day.is_between(span.first, span.last) & (known_at <= span.now)
        rows = self._days.filter(is_asked | day.is_null())
        return rows.with_columns(known_at.fill_null(span.now))

    @functools.cached_property
    def _headlines(self) -> pl.DataFrame:
        file = self._beside("headlines")
        if file is None:
            return intraday_tables.DELIVERED_HEADLINES.empty()
        return self._own(intraday_file_context.read_headlines(file, self.name))

    @functools.cached_property
    def _chains(self) -> pl.DataFrame:
        file = self._beside("chains")
        if file is None:
            return intraday_tables.DELIVERED_CHAINS.empty()
        return self._own(intraday_file_context.read_chains(file, self.name))

    @functools.cached_property
    def _days(self) -> pl.DataFrame:
        """Columns of `market_tables.DELIVERED`; known when their session closed."""
        rows = self._rows.filter(pl.col("interval") == DAILY)
        hours = sessions.trading_hours(sessions.FIRST_DAY, sessions.LAST_DAY)
        days = rows.with_columns(session=pl.col("stamped_at").dt.date()).join(
            hours.select("session", known_at="closes_at"), on="session", how="left"
        )
        whole = days.with_columns(dividend=pl.lit(0.0), later_splits=pl.lit(1.0))
        return whole.select(market_tables.DELIVERED.column_names)

    def _beside(self, kind: str) -> pathlib.Path | None:
        """File of a kind in the folder, if there is one."""
        places = [self.path / f"{kind}{ending}" for ending in (".parquet", ".csv")]
        return next((place for place in places if place.exists()), None)

    def _own(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of the symbols that are delivered, and of none that can be read."""
        if not self.symbols:
            return rows
        is_own = pl.col("symbol").is_in(self.symbols).fill_null(value=True)
        return rows.filter(is_own)

    @functools.cached_property
    def _panel(self) -> pl.DataFrame:
        """Columns of `intraday_tables.DELIVERED` but for known_at."""
        is_within = pl.col("interval").ne_missing(DAILY)
        return _stamping(self._rows.filter(is_within))

    @functools.cached_property
    def _rows(self) -> pl.DataFrame:
        """Every row of the panel, typed; null where a cell cannot be read."""
        raw = self._read()
        cells = {name: pl.col(name).cast(pl.Float64, strict=False) for name in _NUMBERS}
        rows = raw.select(
            symbol=pl.col("symbol").cast(pl.String),
            interval=pl.col("interval").cast(pl.String),
            stamped_at=intraday_file_context.moment(raw, "ts_utc"),
            n_minutes=_minutes(),
            **cells,
            split_ratio=pl.lit(1.0),
            source=pl.col("source").cast(pl.String),
            row=intraday_file_context.as_text(raw),
        )
        is_daily = pl.col("interval").eq_missing(DAILY)
        is_read = pl.all_horizontal(pl.all().exclude("row", "n_minutes").is_not_null())
        is_read &= is_daily | pl.col("n_minutes").is_not_null()
        return rows.with_columns(
            row=pl.when(~is_read).then("row"),
            fault=pl.when(~is_read).then(pl.lit("A value is missing or unreadable.")),
        )

    def _read(self) -> pl.DataFrame:
        panel = self._beside("bars") if self.path.is_dir() else self.path
        if panel is None:
            message = f"{self.path} holds no bars.parquet and no bars.csv; add one"
            raise errors.SourceError(message)
        raw = intraday_file_context.read(panel, COLUMNS)
        if "source" not in raw.collect_schema():
            raw = raw.with_columns(source=pl.lit(self.name))
        if self.symbols:
            raw = raw.filter(pl.col("symbol").is_in(self.symbols))
        wanted = raw.select(*COLUMNS, "source")
        return intraday_file_context.collected(wanted, panel)


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
