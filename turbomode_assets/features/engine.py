"""Adjusted bars into feature rows, the same bytes whatever range is asked for.

1. `blocks` cuts a range into calendar years. The bars of a year are always loaded from
   the same session on, so running totals start, and round, in the same place whether
   one session is computed or twenty years.
2. `compute` sorts the bars of a block and takes the returns of market and sectors
   (`groups`), which need all symbols at once.
3. Symbols with rows that are asked for are then laid side by side, a few at a time, in
   a `panel.Panel`, and every kernel of the feature set is run on it.
4. What is to be ranked is ranked within each session, in one pass at the end.

Which features exist is the catalog's; adjusting and loading bars is the caller's.
"""

import dataclasses
import datetime as dt
import math

import numpy as np
import polars as pl

from turbomode_assets import errors, sessions
from turbomode_assets.features import catalog, groups, panel, season
from turbomode_assets.features.declaration import Feature
from turbomode_assets.features.groups import Codes, Singles
from turbomode_assets.features.track import Column
from turbomode_assets.features.windows import Array

_MARGIN_SESSIONS = 21
"""Sessions loaded beyond the longest look-back: a month of a symbol's missing bars."""

_MOST_AT_ONCE = 44
"""Symbols of a panel at most: what is kept of two years of them then stays below the
64 MB that are reused without asking the system."""

_LARGEST_KEPT = 31 * 2**20
"""Bytes, a little less than the 32 MB up to which glibc learns from what is freed."""

_GIVEN = ("open", "high", "low", "close", "volume")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Block:
    """A stretch of one calendar year and the session its bars are loaded from."""

    load_from: dt.date
    first: dt.date
    last: dt.date


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Bars of a block sorted by symbol and session, as arrays of one length."""

    values: dict[str, Array]
    start: Codes
    """Row of each symbol's first bar, and one past the last row."""

    n_asked: Codes
    """Rows of each symbol that are asked for; always its last."""


def blocks(first: dt.date, last: dt.date) -> list[Block]:
    """Blocks that cover `first` to `last`, one per calendar year touched.

    Parameters
    ----------
    first, last
        Calendar days, both included; they need not be sessions.

    Returns
    -------
    list of Block
        Ascending; `load_from` depends on the year alone.

    Examples
    --------
    >>> found = blocks(dt.date(2023, 12, 1), dt.date(2024, 2, 1))
    >>> [(str(block.load_from), str(block.last)) for block in found]
    [('2021-12-02', '2023-12-31'), ('2022-11-30', '2024-02-01')]
    """
    return [
        Block(
            load_from=_anchor(year),
            first=max(first, dt.date(year, 1, 1)),
            last=min(last, dt.date(year, 12, 31)),
        )
        for year in range(first.year, last.year + 1)
    ]


def _anchor(year: int) -> dt.date:
    # Of the whole catalog: the anchor must not move with the set in force.
    n_sessions = catalog.lookback("full") + _MARGIN_SESSIONS
    new_year = dt.date(year, 1, 1)
    # Twice as many calendar days hold enough sessions, however holidays fall.
    earliest = new_year - dt.timedelta(days=2 * n_sessions)
    if earliest <= sessions.FIRST_DAY:
        return sessions.FIRST_DAY
    return sessions.sessions_between(earliest, new_year)[-n_sessions]


def compute(
    adjusted: pl.DataFrame,
    universe: pl.DataFrame,
    block: Block,
    feature_set: str = catalog.DEFAULT,
) -> pl.DataFrame:
    """Feature rows of the sessions of a block.

    Parameters
    ----------
    adjusted
        What `prices.adjustment.adjust` returns for every bar of the block, `load_from`
        to `last`; rows after `last` are not looked at.
    universe
        Rows of `tables.UNIVERSE`: the sector of each symbol, point in time.
    block
        One of `blocks`, whole or cut to the sessions asked for.
    feature_set
        Name of a set of the catalog.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.FEATURES`, one per bar from `first` to `last`, sorted by symbol
        and session; features in catalog order, null until their look-back is filled
        and where they are not finite.

    Raises
    ------
    errors.TableError
        Where bars begin before the block.
    """
    _require_block(adjusted, block)
    bars = adjusted.filter(pl.col("session") <= block.last).sort("symbol", "session")
    is_asked = bars["session"] >= block.first
    keys = bars.select("symbol", "session").filter(is_asked)
    chosen = catalog.features(feature_set)
    _let_memory_be_reused()
    values = np.empty((len(chosen), keys.height), dtype=np.float32)
    if keys.height:
        # Cells without enough past divide by zero; they are blanked below.
        with np.errstate(all="ignore"):
            _evaluate(_rows(bars, universe, is_asked), chosen, values)
            _rank_within(keys["session"], chosen, values)
    version = pl.lit(catalog.feature_version(feature_set)).alias("feature_version")
    named = zip(chosen, values, strict=True)
    return keys.with_columns(version, *(_nullable(f.name, line) for f, line in named))


def _let_memory_be_reused() -> None:
    # Freeing a large array teaches glibc to keep freed memory instead of giving it back
    # to the system, which would take a third of the time of every panel.
    np.empty(_LARGEST_KEPT, dtype=np.uint8)


def _require_block(adjusted: pl.DataFrame, block: Block) -> None:
    n_early = adjusted.filter(pl.col("session") < block.load_from).height
    if n_early:
        message = f"bars must start at {block.load_from}, {n_early} rows lie before: "
        message += "adjust and pass the bars of one block only"
        raise errors.TableError(message)


def _nullable(name: str, line: Singles) -> pl.Series:
    is_finite = np.isfinite(line)
    if is_finite.all():
        return pl.Series(name, line)
    line = np.where(is_finite, line, np.float32(np.nan))
    return pl.Series(name, line, nan_to_null=True)


def _rows(bars: pl.DataFrame, universe: pl.DataFrame, is_asked: pl.Series) -> _Rows:
    new = (bars["symbol"] != bars["symbol"].shift(1)).fill_null(value=True).to_numpy()
    start = np.append(np.flatnonzero(new), bars.height)
    values = {name: bars[name].cast(pl.Float64).to_numpy() for name in _GIVEN}
    log_close = np.log(values["close"])
    log_return = np.where(new, np.nan, np.diff(log_close, prepend=0.0))
    days = bars["session"].unique().sort()
    day = days.search_sorted(bars["session"]).to_numpy().astype(np.int64)
    sector = groups.sector_codes(bars, universe)
    values |= {
        "log_return": log_return,
        "market_log_return": groups.group_returns(log_return, day, 0 * day),
        "sector_log_return": groups.group_returns(log_return, day, sector),
    }
    calendar = season.columns(days.to_list())
    values |= {name: each[day] for name, each in calendar.items()}
    n_asked = np.add.reduceat(is_asked.to_numpy().astype(np.int64), start[:-1])
    return _Rows(values, start, n_asked)


def _evaluate(rows: _Rows, features: tuple[Feature, ...], out: Singles) -> None:
    """Write the values of `features` into `out`, one row per feature."""
    asked = np.flatnonzero(rows.n_asked)
    n_panels = math.ceil(asked.size / _MOST_AT_ONCE)
    # An even number of symbols, which `track.Column.totals` adds up faster.
    at_once = 2 * math.ceil(asked.size / n_panels / 2)
    first = 0
    for begin in range(0, asked.size, at_once):
        symbols = asked[begin : begin + at_once]
        n_asked = rows.n_asked[symbols]
        last = first + int(n_asked.sum())
        _evaluate_together(_panel(rows, symbols), n_asked, features, out[:, first:last])
        first = last


def _evaluate_together(
    of: panel.Panel, n_asked: Codes, features: tuple[Feature, ...], out: Singles
) -> None:
    is_row = np.arange(of.n_rows)[:, None] >= of.n_rows - n_asked
    # Symbol by symbol, as places in an array whose columns are symbols.
    places = np.arange(is_row.size).reshape(is_row.shape).T[is_row.T]
    age = of.age[-of.n_rows :].take(places)
    youngest, shape = age.min(), is_row.T.shape
    for feature, line in zip(features, out, strict=True):
        found = feature.kernel(of)
        if line.size == found.size:
            line.reshape(shape)[:] = found.T
        else:
            line[:] = found.take(places)
        if youngest < feature.lookback_sessions:
            line[age < feature.lookback_sessions] = np.nan


def _panel(rows: _Rows, symbols: Codes) -> panel.Panel:
    start, end = rows.start[symbols], rows.start[symbols + 1]
    n_rows = int(rows.n_asked[symbols].max())
    height = max(int((end - start).max()), n_rows + catalog.lookback("full") + 1)
    row = np.arange(height)[:, None] + (end - height)
    age = (row - start).astype(float)
    row = np.maximum(row, start)
    columns = {
        name: Column(rows.values[name][row], age, int(name.endswith("_return")))
        for name in panel.INPUTS
    }
    return panel.Panel(columns, age, n_rows)


def _rank_within(
    session: pl.Series, features: tuple[Feature, ...], out: Singles
) -> None:
    """Replace values by their ranks within each session, where that is asked for."""
    day = session.rank("dense").to_numpy().astype(np.int64) - 1
    place = groups.place_within(day)
    for feature, line in zip(features, out, strict=True):
        if feature.over == "session":
            line[:] = groups.ranks_within(line, day, place)
