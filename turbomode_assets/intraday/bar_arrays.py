"""Bars as arrays over rounds and sessions: what snapshots are cut out of.

Turns rows of `intraday_tables.BARS` and ``.DAILY_BARS`` into arrays by name, field and
round or session, and splits into the shares that one share has become. What may be seen
at a moment is not known here (`snapshot.py`).
"""

import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import rounds, sessions

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

FIELDS = ("open", "high", "low", "close", "volume")
"""Order of the fields of a bar."""


def grid(
    bars: pl.DataFrame, daily: pl.DataFrame, lookback_sessions: int
) -> pl.DataFrame:
    """Rounds that bars are laid out over.

    Parameters
    ----------
    bars
        Rows of `intraday_tables.BARS`, at least one.
    daily
        Rows of `intraday_tables.DAILY_BARS`.
    lookback_sessions
        Sessions a snapshot reaches back, with its own.

    Returns
    -------
    pl.DataFrame
        Columns of `rounds.between`; earlier than the first bar only as far as its
        snapshot reaches.
    """
    first: dt.date = bars["session"].min()  # type: ignore[assignment]
    last: dt.date = bars["session"].max()  # type: ignore[assignment]
    before = daily["session"].min()
    if isinstance(before, dt.date) and before < first:
        first = max(before, sessions.shift(first, 1 - lookback_sessions))
    return rounds.between(first, last)


def of_rounds(names: tuple[str, ...], bars: pl.DataFrame, grid: pl.DataFrame) -> Floats:
    """Bars of rounds; NaN where nothing traded.

    Parameters
    ----------
    names
        Symbols, in the order wanted.
    bars
        Rows of `intraday_tables.BARS`; of several revisions the last known counts.
    grid
        As `grid` returns it.

    Returns
    -------
    ndarray of shape (n_names, 5, n_rounds)
    """
    raw = np.full((len(names), len(FIELDS), grid.height), np.nan)
    rows = bars.sort("known_at").join(
        pl.DataFrame({"symbol": names}).with_row_index("row"), on="symbol"
    )
    column = rounds.numbers(rows) - int(grid["round"][0])
    for i, field in enumerate(FIELDS):
        raw[rows["row"].to_numpy(), i, column] = rows[field].to_numpy()
    return raw


def so_far(raw: Floats, minute: npt.NDArray[np.int64]) -> Floats:
    """Bars of rounds to bars of their session up to the end of each round."""
    found = raw.copy()
    for step in range(2, rounds.FULL_SESSION + 1):
        now = np.flatnonzero(minute == step * rounds.MINUTES)
        before, here = found[:, :, now - 1], raw[:, :, now]
        opened, closed = before[:, 0], here[:, 3]
        found[:, 0, now] = np.where(np.isnan(opened), here[:, 0], opened)
        found[:, 1, now] = np.fmax(before[:, 1], here[:, 1])
        found[:, 2, now] = np.fmin(before[:, 2], here[:, 2])
        found[:, 3, now] = np.where(np.isnan(closed), before[:, 3], closed)
        both = np.stack([before[:, 4], here[:, 4]])
        total: Floats = np.nansum(both, axis=0)
        found[:, 4, now] = np.where(np.isnan(both).all(axis=0), np.nan, total)
    return found


def of_days(names: tuple[str, ...], daily: pl.DataFrame, days: pl.Series) -> Floats:
    """Bars of sessions as traded; NaN where there is none.

    Parameters
    ----------
    names
        Symbols, in the order wanted.
    daily
        Rows of `intraday_tables.DAILY_BARS`; of several revisions the last counts.
    days
        Sessions, ascending.

    Returns
    -------
    ndarray of shape (n_names, 5, n_sessions)
    """
    values = np.full((len(names), len(FIELDS), len(days)), np.nan)
    rows = _placed(names, daily, days)
    for i, field in enumerate(FIELDS):
        values[rows["row"].to_numpy(), i, rows["column"].to_numpy()] = rows[field]
    return values


def shares(names: tuple[str, ...], bars: list[pl.DataFrame], days: pl.Series) -> Floats:
    """Shares that one share before the first session has become by each session.

    Parameters
    ----------
    names
        Symbols, in the order wanted.
    bars
        Rows with the columns symbol, session, known_at and split_ratio; where several
        frames speak of a session, the last of them counts.
    days
        Sessions, ascending.

    Returns
    -------
    ndarray of shape (n_names, n_sessions)
        1 until a split is known.
    """
    ratios: Floats = np.ones((len(names), len(days)))
    for frame in bars:
        rows = _placed(names, frame, days)
        ratios[rows["row"].to_numpy(), rows["column"].to_numpy()] = rows["split_ratio"]
    return ratios.cumprod(axis=1)


def _placed(
    names: tuple[str, ...], daily: pl.DataFrame, days: pl.Series
) -> pl.DataFrame:
    rows = pl.DataFrame({"symbol": names}).with_row_index("row")
    columns = pl.DataFrame({"session": days}).with_row_index("column")
    placed = daily.join(rows, on="symbol").join(columns, on="session")
    return placed.sort("known_at", maintain_order=True)


def mark(
    place: Places, has_own: npt.NDArray[np.bool_], closing: npt.NDArray[np.intp]
) -> None:
    """Note where sessions with a daily bar alone closed, for the rounds after them.

    Parameters
    ----------
    place
        Shape (n_names, n_rounds), changed here: each round's own place where it has a
        bar, else less than it.
    has_own
        Shape (n_names, n_sessions): sessions with a daily bar alone.
    closing
        Place of the last round of each session.
    """
    row, day = np.nonzero(has_own[:, :-1])
    after = closing[day] + 1
    place[row, after] = np.maximum(place[row, after], closing[day])
