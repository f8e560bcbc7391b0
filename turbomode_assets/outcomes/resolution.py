"""What each symbol did after each session: raw bars into graded holding periods.

1. `_members` finds the rows: universe members with a bar in the session.
2. `_Grid` lays the bars out as arrays of symbols by calendar sessions.
3. `_Walk` follows one share from the open of entry_on to its exit.
4. `resolve` names the labels (``labels.py``); `grade` adds what was signaled.

A value depends on the bars of its own window and on nothing after its maturity, bit
for bit: every sum runs along the held sessions of one row, never across rows. No
threshold, no probability and no side may enter before `grade`.
"""

import dataclasses
import datetime as dt
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import errors, policy, sessions, tables
from turbomode_assets.outcomes import labels

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
_Side = Literal["left", "right"]


def resolve(
    bars: pl.DataFrame,
    universe: pl.DataFrame,
    periods: pl.DataFrame,
    horizon: policy.HorizonPolicy,
) -> pl.DataFrame:
    """Outcome of every symbol that belonged and traded at a session.

    Parameters
    ----------
    bars
        Rows of `market.bars`, raw: the holding periods and
        ``horizon.barrier_vol_sessions + 1`` sessions before them. Later rows change
        nothing; fewer earlier rows leave label_triple_barrier_vol null.
    universe
        Rows of `market.universe`.
    periods
        Columns session, entry_on, matures_on, as `sessions.holding_periods` or
        `sessions.maturing_between` return them; matured only.
    horizon
        Size of a large move and of the volatility barriers.

    Returns
    -------
    pl.DataFrame
        Columns of `swing.outcomes` without side and is_hit, sorted by symbol and
        session. Status final: the exit is the close of matures_on, member or not.
        Delisted: delisted_on lies before it, so the exit is the last close up to that
        session. Unavailable: no entry or no exit price; prices, returns and
        labels are null.

    Raises
    ------
    errors.MissingUpstream
        Where a period matures after the last bar.

    Notes
    -----
    Total return of one share bought at the open of entry_on:
    ``(exit * S + sum(D_i * S_i)) / entry - 1``, where S is the product of the splits
    after entry_on up to the exit, D_i a dividend per share as paid and S_i the splits
    up to its ex session; cash is not reinvested. Actions of entry_on itself are
    already in its open. Excursions follow highs and lows from entry_on to the exit.
    """
    rows = _members(bars, universe, periods)
    if rows.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    _require_matured(bars, rows)
    grid = _Grid.lay_out(bars, rows, horizon.barrier_vol_sessions)
    walk = _Walk.follow(grid, rows)
    sigma = grid.daily_vol(rows, horizon.barrier_vol_sessions)
    barrier = horizon.barrier_sigmas * sigma * np.sqrt(walk.n_held)
    barrier = np.where(walk.is_available, barrier, np.nan)
    label = labels.triple_barrier_vol(walk.highs, walk.lows, barrier)
    outcomes = pl.concat([rows, walk.to_frame(grid)], how="horizontal")
    named = outcomes.with_columns(
        labels.symmetric_10pct(horizon.large_move).alias("label_symmetric_10pct"),
        labels.seed_10pct(horizon.large_move).alias("label_seed_10pct"),
        label.alias("label_triple_barrier_vol"),
    )
    return named.select(list(_SCHEMA))


def grade(outcomes: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """Outcomes beside the side that was signaled.

    Parameters
    ----------
    outcomes
        As `resolve` returns them.
    signals
        Rows of `swing.signals`; rows of other sessions are ignored.

    Returns
    -------
    pl.DataFrame
        Rows of `swing.outcomes`. Side is null where no signal was emitted; is_hit is
        whether a buy ended up or a sell ended down by label_symmetric_10pct, null
        for holds, for rows without a signal and for unavailable ones.
    """
    sides = signals.select("symbol", "session", "side")
    hoped = {"buy": "up", "sell": "down"}
    wanted = pl.col("side").replace_strict(
        hoped, default=None, return_dtype=pl.String()
    )
    graded = outcomes.join(sides, on=["symbol", "session"], how="left")
    is_hit = (wanted == pl.col("label_symmetric_10pct")).alias("is_hit")
    return tables.OUTCOMES.conform(graded.with_columns(is_hit))


_SCHEMA = {
    name: dtype
    for name, dtype in tables.OUTCOMES.schema().items()
    if name not in {"side", "is_hit"}
}

_FIELDS = ("open", "high", "low", "close", "dividend", "split_ratio")


def _members(
    bars: pl.DataFrame, universe: pl.DataFrame, periods: pl.DataFrame
) -> pl.DataFrame:
    traded = bars.select("symbol", "session").join(periods, on="session")
    spans = universe.select("symbol", "valid_from", "valid_to", "delisted_on")
    is_member = pl.col("session").is_between(
        "valid_from", pl.col("valid_to").fill_null(sessions.LAST_DAY)
    )
    return (
        traded.join(spans, on="symbol").filter(is_member).sort("symbol", "session")
    ).drop("valid_from", "valid_to")


def _require_matured(bars: pl.DataFrame, rows: pl.DataFrame) -> None:
    last: dt.date = bars["session"].max()  # type: ignore[assignment]
    early = rows.filter(pl.col("matures_on") > last)["session"].unique()
    if early.len():
        message = (
            f"bars must reach matures_on of every period, end on {last}; "
            f"{early.len()} sessions mature later, the last is {early.max()!s}: "
            "resolve them once those bars are there"
        )
        raise errors.MissingUpstream(message)


@dataclasses.dataclass(frozen=True)
class _Grid:
    """Bars of shape (n_symbols, n_sessions) per field; NaN where nothing traded."""

    symbols: pl.Series
    days: npt.NDArray[np.datetime64]
    fields: dict[str, Floats]

    @classmethod
    def lay_out(cls, bars: pl.DataFrame, rows: pl.DataFrame, n_back: int) -> "_Grid":
        first: dt.date = rows["session"].min()  # type: ignore[assignment]
        last: dt.date = rows["matures_on"].max()  # type: ignore[assignment]
        # Two calendar days and a fortnight cover any run of sessions and holidays.
        start = max(first - dt.timedelta(days=2 * n_back + 14), sessions.FIRST_DAY)
        days = pl.Series("session", sessions.sessions_between(start, last))
        symbols = rows["symbol"].unique().sort()
        placed = bars.join(symbols.to_frame().with_row_index("row"), on="symbol").join(
            days.to_frame().with_row_index("column"), on="session"
        )
        at = placed["row"].to_numpy(), placed["column"].to_numpy()
        fields = {}
        for name in _FIELDS:
            fields[name] = np.full((symbols.len(), days.len()), np.nan)
            fields[name][at] = placed[name].to_numpy()
        return cls(symbols, days.to_numpy().astype("datetime64[D]"), fields)

    def row_of(self, rows: pl.DataFrame) -> Places:
        return self.symbols.search_sorted(rows["symbol"]).to_numpy().astype(np.int64)

    def column_of(self, dates: pl.Series, side: _Side = "left") -> Places:
        days = dates.to_numpy().astype("datetime64[D]")
        return np.searchsorted(self.days, days, side=side)

    def daily_vol(self, rows: pl.DataFrame, n_back: int) -> Floats:
        """Standard deviation of the last daily total returns up to the session."""
        columns = self.column_of(rows["session"])[:, None] + np.arange(-n_back, 1)
        at = self.row_of(rows)[:, None], np.maximum(columns, 0)
        close, cash = self.fields["close"][at], self.fields["dividend"][at]
        worth = (close[:, 1:] + cash[:, 1:]) * self.fields["split_ratio"][at][:, 1:]
        spread = np.std(worth / close[:, :-1] - 1, axis=1, ddof=1)
        return np.where(columns[:, 0] >= 0, spread, np.nan)


@dataclasses.dataclass(frozen=True)
class _Walk:
    """One share per row followed through its held sessions, from entry to exit.

    `highs` and `lows` have shape (n_rows, n_held) and hold total returns since
    entry; NaN past the exit and where nothing traded.
    """

    entry: Floats
    exit: Floats
    exit_at: Places
    realized: Floats
    highs: Floats
    lows: Floats
    n_held: Places
    is_available: npt.NDArray[np.bool_]
    is_delisted: npt.NDArray[np.bool_]

    @classmethod
    def follow(cls, grid: _Grid, rows: pl.DataFrame) -> "_Walk":
        first, last = (grid.column_of(rows[c]) for c in ("entry_on", "matures_on"))
        n_held = last - first + 1
        steps = np.arange(n_held.max())
        at = (
            grid.row_of(rows)[:, None],
            np.minimum(first[:, None] + steps, grid.days.size - 1),
        )
        path = {name: field[at] for name, field in grid.fields.items()}
        end, is_delisted = _find_exit(grid, rows, path["close"], n_held)
        is_held = (steps <= end[:, None]) & np.isfinite(path["close"])
        shares, cash = _hold(path, is_held)
        entry, picked = path["open"][:, 0], (np.arange(end.size), np.maximum(end, 0))

        def grown(field: str) -> Floats:
            earned = (path[field] * shares + cash) / entry[:, None] - 1
            return np.where(is_held, earned, np.nan)

        return cls(
            entry=entry,
            exit=path["close"][picked],
            exit_at=first + picked[1],
            realized=grown("close")[picked],
            highs=grown("high"),
            lows=grown("low"),
            n_held=n_held,
            is_available=np.isfinite(entry) & (end >= 0),
            is_delisted=is_delisted,
        )

    def to_frame(self, grid: _Grid) -> pl.DataFrame:
        known = self.is_available
        closed = np.where(self.is_delisted, "delisted", "final")
        exit_on = np.where(known, grid.days[self.exit_at], np.datetime64("NaT"))
        prices = {
            "entry": self.entry,
            "exit": self.exit,
            "realized_return": self.realized,
            "best_excursion": np.fmax.reduce(self.highs, axis=1),
            "worst_excursion": np.fmin.reduce(self.lows, axis=1),
        }
        columns = {name: np.where(known, of, np.nan) for name, of in prices.items()}
        waiting = np.where(np.isfinite(self.entry), "pending", "unavailable")
        status = np.where(known, closed, waiting).astype(np.str_)
        frame = pl.DataFrame(columns, nan_to_null=True)
        return frame.with_columns(
            pl.Series("exit_on", exit_on.astype("datetime64[D]"), dtype=pl.Date),
            pl.Series("status", status),
        )


def _find_exit(
    grid: _Grid, rows: pl.DataFrame, close: Floats, n_held: Places
) -> tuple[Places, npt.NDArray[np.bool_]]:
    """Steps from entry to exit, -1 where there is none, and whether by delisting."""
    rank = np.arange(n_held.size)
    gone = rows["delisted_on"].fill_null(sessions.LAST_DAY)
    first = grid.column_of(rows["entry_on"])
    is_traded = np.isfinite(close[rank, n_held - 1])
    is_delisted = ~is_traded & (gone <= rows["matures_on"]).to_numpy()
    listed = grid.column_of(gone, "right") - first
    steps = np.arange(close.shape[1])
    is_last_price = np.isfinite(close) & (steps < listed[:, None])
    final = np.where(is_last_price, steps, -1).max(axis=1)
    return np.where(
        is_traded, n_held - 1, np.where(is_delisted, final, -1)
    ), is_delisted


def _hold(
    path: dict[str, Floats], is_held: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Shares and cash after each held session; sequential sums keep rows apart."""
    is_held = is_held.copy()
    is_held[:, 0] = False
    splits: Floats = np.where(is_held, path["split_ratio"], 1.0)
    shares = np.cumprod(splits, axis=1, dtype=np.float64)
    paid: Floats = np.where(is_held, path["dividend"] * shares, 0.0)
    return shares, np.cumsum(paid, axis=1)
