"""Adjusted bars into feature rows, the same bytes whatever range is asked for.

1. `blocks` cuts a range into calendar years. The bars of a year are always loaded from
   the same session on, so whatever adds up since the first bar rounds in the same place
   whether one session is computed or twenty years.
2. `compute` sorts the bars of a block and takes the returns of market and sectors
   (`groups`), which need all symbols at once.
3. The formulas of the feature set, brought into an order once (`program`), are
   evaluated symbol by symbol (`machine`).
4. What is to be ranked is ranked within each session (`ranks`).

Which features exist is the catalog's; adjusting and loading bars is the caller's.
"""

import dataclasses
import datetime as dt
import functools
import itertools
from collections.abc import Iterator

import numpy as np
import polars as pl

from turbomode_assets import errors, sessions
from turbomode_assets.features import catalog, groups, machine, program, ranks, season
from turbomode_assets.features.bars import INPUTS
from turbomode_assets.features.groups import Array, Codes

_MARGIN_SESSIONS = 21
"""Sessions loaded beyond the longest look-back: a month of a symbol's missing bars."""

_LARGEST_KEPT = 31 * 2**20
"""Bytes, a little less than the 32 MB up to which glibc learns from what is freed."""

_ROWS_AT_ONCE = 24_000
"""Rows of which the values of all features fit into memory that is kept."""

_KEY = ("symbol", "session")
_GIVEN = ("open", "high", "low", "close", "volume")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Block:
    """A stretch of one calendar year and the session its bars are loaded from."""

    load_from: dt.date
    first: dt.date
    last: dt.date


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
    bars = _ordered(adjusted.filter(pl.col("session") <= block.last))
    is_asked = bars["session"] >= block.first
    keys = pl.DataFrame([bars[name].filter(is_asked) for name in _KEY])
    version = pl.lit(catalog.feature_version(feature_set))
    wide = keys.with_columns(feature_version=version)
    if keys.is_empty():
        names = catalog.names(feature_set=feature_set)
        return wide.hstack([pl.Series(name, [], pl.Float32) for name in names])
    panel = _panel(bars, universe, is_asked, feature_set)
    return wide.hstack(_values(panel, keys, feature_set))


def _values(
    panel: machine.Panel, keys: pl.DataFrame, feature_set: str
) -> list[pl.Series]:
    """One column per feature, a value per row of `keys`."""
    found = pl.concat(_parts(panel, feature_set))
    ranked = {
        feature.name: np.array(found[feature.name])
        for feature in catalog.features(feature_set)
        if feature.over == "session"
    }
    day, _ = _numbered(keys["session"])
    ranks.replace_by_ranks(ranked.values(), day)
    return [
        pl.Series(each.name, ranked[each.name], nan_to_null=True)
        if each.name in ranked
        else each
        for each in found
    ]


def _parts(panel: machine.Panel, feature_set: str) -> Iterator[pl.DataFrame]:
    """Values of all features, of some symbols at a time."""
    chosen, steps = catalog.features(feature_set), _program(feature_set)
    _let_memory_be_reused()
    part = panel.n_asked.cumsum() // _ROWS_AT_ONCE
    bounds = np.flatnonzero(np.diff(part, prepend=-1, append=part[-1] + 1))
    for first, last in itertools.pairwise(bounds):
        n_asked = panel.n_asked[first:last]
        values = np.empty((len(chosen), n_asked.sum()), dtype=np.float32)
        some = machine.Panel(panel.given, panel.start[first : last + 1], n_asked)
        n_missing = machine.run(steps, some, values)
        yield pl.DataFrame(
            [
                pl.Series(feature.name, line, nan_to_null=n > 0)
                for feature, line, n in zip(chosen, values, n_missing, strict=True)
            ]
        )


def _let_memory_be_reused() -> None:
    # Freeing a large array teaches glibc to keep freed memory instead of giving it back
    # to the system, which would take a third of the time of every panel.
    np.empty(_LARGEST_KEPT, dtype=np.uint8)


def _require_block(adjusted: pl.DataFrame, block: Block) -> None:
    n_early = (adjusted["session"] < block.load_from).sum()
    if n_early:
        message = f"bars must start at {block.load_from}, {n_early} rows lie before: "
        message += "adjust and pass the bars of one block only"
        raise errors.TableError(message)


def _ordered(bars: pl.DataFrame) -> pl.DataFrame:
    """Sorted by symbol and session; looking costs a fifth of sorting anew."""
    symbol, session = bars["symbol"], bars["session"]
    earlier = symbol.shift(1)
    is_later = (symbol == earlier) & (session > session.shift(1))
    is_ordered = ((symbol > earlier) | is_later).all()
    return bars if is_ordered else bars.sort("symbol", "session")


def _panel(
    bars: pl.DataFrame, universe: pl.DataFrame, is_asked: pl.Series, feature_set: str
) -> machine.Panel:
    n_bars = bars["symbol"].rle().struct.field("len").to_numpy()
    start = np.append(0, n_bars.cumsum(dtype=np.int64))
    needed = {name for each in catalog.features(feature_set) for name in each.inputs}
    values = {name: bars[name].cast(pl.Float64).to_numpy() for name in _GIVEN}
    if not needed <= values.keys():
        values |= _derived(bars, universe, start[:-1])
    given = np.empty((len(INPUTS), bars.height))
    for name in needed:
        given[INPUTS.index(name)] = values[name]
    return machine.Panel(
        given=given,
        start=start,
        n_asked=np.add.reduceat(is_asked.to_numpy().astype(np.int64), start[:-1]),
    )


def _derived(
    bars: pl.DataFrame, universe: pl.DataFrame, first: Codes
) -> dict[str, Array]:
    """Returns and calendar of each bar; `first` are the rows symbols begin with."""
    log_return = np.diff(np.log(bars["close"].to_numpy()), prepend=np.nan)
    log_return[first] = np.nan
    day, days = _numbered(bars["session"])
    sector = groups.sector_codes(bars, universe)
    calendar = season.columns(days)
    return {
        "log_return": log_return,
        "market_log_return": groups.group_returns(log_return, day, 0 * day),
        "sector_log_return": groups.group_returns(log_return, day, sector),
        **{name: each[day] for name, each in calendar.items()},
    }


def _numbered(session: pl.Series) -> tuple[Codes, pl.Series]:
    """Sessions numbered in order, from 0, without gaps; and those there are."""
    since_epoch = session.to_physical().to_numpy().astype(np.int64)
    since_first = since_epoch - since_epoch.min()
    occurs = np.zeros(since_first.max() + 1, dtype=np.int64)
    occurs[since_first] = 1
    number: Codes = np.cumsum(occurs)[since_first]
    days = np.flatnonzero(occurs) + since_epoch.min()
    return number - 1, pl.Series(days).cast(pl.Int32).cast(session.dtype)


@functools.cache
def _program(feature_set: str) -> program.Program:
    return program.compiled([f.formula for f in catalog.features(feature_set)])
