"""The hash chain over the signals: an append-only, tamper-evident track record.

Each session that is emitted becomes a link: a SHA-256 over the link before it and every
value of the session's signals, the moment of emission and the frozen features included.
Whoever kept a link can show later that no signal emitted up to it was changed, added,
removed or moved in time, since every later link would differ. The chain cannot protect
itself from somebody who may write the warehouse and makes all of it anew: that is what
links kept elsewhere are for, such as the one in the metadata of each night's run.

Frames in, frames out; what is stored, and when, is not decided here.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import proof_tables, tables

ORIGIN = ""
"""What the first link rests on."""

Places = npt.NDArray[np.int64]

Spoken = tuple[int, str]
"""How many signals a session has, and a digest of them."""

_LINKS = proof_tables.SIGNAL_CHAIN
_SIGNALS = tables.SIGNALS


def digests(signals: pl.DataFrame) -> dict[dt.date, Spoken]:
    """How many signals each session has, and a SHA-256 over every value of them.

    Parameters
    ----------
    signals
        Rows of `tables.SIGNALS`, in any order.

    Returns
    -------
    dict of date to (int, str)
        Sessions ascending. Rows are taken in order of their symbol, columns as
        declared; numbers as little-endian bytes, texts in UTF-8 and lists behind
        their lengths. A null in a list counts as not a number.
    """
    rows = signals.select(_SIGNALS.column_names).sort("session", "symbol")
    parts = [part for column in rows.iter_columns() for part in _as_bytes(column)]
    spans = rows.group_by("session", maintain_order=True).len()
    ends = [0, *spans["len"].cum_sum()]
    return {
        session: (
            last - first,
            _sha256(content[at[first] : at[last]] for content, at in parts),
        )
        for session, first, last in zip(spans["session"], ends, ends[1:], strict=False)
    }


def _as_bytes(column: pl.Series) -> Iterator[tuple[memoryview, Places]]:
    """A column as bytes, and where those of each row begin."""
    if column.dtype == pl.String():
        sizes = column.str.len_bytes().to_numpy().astype("<u8")
        yield _fixed(sizes)
        yield memoryview("".join(column).encode()), _begins(sizes)
    elif isinstance(column.dtype, pl.List):
        lengths = column.list.len().to_numpy().astype("<u8")
        yield _fixed(lengths)
        exploded = column.list.explode(empty_as_null=False, keep_nulls=False)
        values = exploded.fill_null(float("nan")).to_numpy()
        yield _fixed(values)[0], _begins(lengths * values.itemsize)
    else:
        yield _fixed(column.to_physical().to_numpy())


def _fixed(values: npt.NDArray[Any]) -> tuple[memoryview, Places]:
    content = values.astype(values.dtype.newbyteorder("<")).tobytes()
    return memoryview(content), np.arange(values.size + 1) * values.itemsize


def _begins(sizes: npt.NDArray[Any]) -> Places:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _sha256(parts: Iterable[memoryview]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def link(before: str, session: dt.date, spoken: Spoken) -> str:
    """Link of a session.

    Parameters
    ----------
    before
        The link it rests on; `ORIGIN` for the first.
    session
        The session.
    spoken
        Its signals, by `digests`.
    """
    sealed = f"{before} {session.isoformat()} {spoken[0]} {spoken[1]}"
    return hashlib.sha256(sealed.encode()).hexdigest()


def extend(chain: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """Links that seal sessions of signals, in order of the sessions.

    Parameters
    ----------
    chain
        Rows of `proof_tables.SIGNAL_CHAIN` so far.
    signals
        Rows of `tables.SIGNALS`; each of their sessions is whole, and not in the chain.

    Returns
    -------
    pl.DataFrame
        Rows of `proof_tables.SIGNAL_CHAIN`, one per session.
    """
    before, rows = last_link(chain), []
    for place, (session, spoken) in enumerate(digests(signals).items(), chain.height):
        before = link(before, session, spoken)
        rows.append((session, place, spoken[0], before))
    return _LINKS.conform(pl.DataFrame(rows, _LINKS.schema(), orient="row"))


def last_link(chain: pl.DataFrame) -> str:
    """Newest link, the one worth keeping elsewhere; `ORIGIN` of an empty chain."""
    return str(chain.sort("place")["link"][-1]) if chain.height else ORIGIN


def breaks(chain: pl.DataFrame, stored: dict[dt.date, Spoken]) -> pl.DataFrame:
    """Where the chain does not fit the signals.

    Parameters
    ----------
    chain
        Rows of `proof_tables.SIGNAL_CHAIN`.
    stored
        All signals, by `digests`.

    Returns
    -------
    pl.DataFrame
        Columns session and fault, in words. Every link is held against the one stored
        before it, so that only the sessions that were touched are named.
    """
    unlinked, found, before = dict(stored), [], ORIGIN
    for place, row in enumerate(chain.sort("place").iter_rows(named=True)):
        session = row["session"]
        spoken = unlinked.pop(session, (0, ""))
        if row["place"] != place:
            found.append((session, f"stands at {row['place']}, expected at {place}"))
        elif row["link"] != link(before, session, spoken):
            found.append((session, f"{spoken[0]} signals do not fit their link"))
        before = row["link"]
    found += [(session, "signals without a link") for session in unlinked]
    return pl.DataFrame(found, {"session": pl.Date, "fault": pl.String}, orient="row")
