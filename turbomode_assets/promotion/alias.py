"""The champion alias: who reigned when, and who follows whoever loses the seat.

The history is append-only; the last row whose first session is not later than a
session says who reigned in it. Who deserves to reign is the gate's business.
"""

import datetime as dt

import polars as pl

NOBODY = ""
"""Version of a reign in which nobody speaks."""

DEMOTED = "demoted: "
"""How the reason of a demotion begins."""


def reigning(champions: pl.DataFrame, desk: str, session: dt.date) -> str | None:
    """Version that reigned over `desk` in `session`.

    Parameters
    ----------
    champions
        Rows of `tables.CHAMPIONS`.
    desk
        The desk.
    session
        A session.

    Returns
    -------
    str or None
        Null before the first champion, and after one lost its seat to nobody.

    Examples
    --------
    >>> rows = {"desk": "swing", "version": "v1", "effective_from": dt.date(2024, 7, 1)}
    >>> champions = pl.DataFrame([rows])
    >>> reigning(champions, "swing", dt.date(2024, 7, 2))
    'v1'
    >>> reigning(champions, "swing", dt.date(2024, 6, 28)) is None
    True
    """
    begun = history(champions, desk).filter(pl.col("effective_from") <= session)
    return (begun["version"][-1] or None) if begun.height else None


def reign_began(champions: pl.DataFrame, desk: str, session: dt.date) -> dt.date | None:
    """First session of the reign `session` lies in; null where nobody reigns."""
    if reigning(champions, desk, session) is None:
        return None
    begun = history(champions, desk).filter(pl.col("effective_from") <= session)
    day: dt.date = begun["effective_from"][-1]
    return day


def history(champions: pl.DataFrame, desk: str) -> pl.DataFrame:
    """Reigns of `desk`, ascending."""
    return champions.filter(pl.col("desk") == desk).sort("effective_from")


def predecessor(champions: pl.DataFrame, desk: str) -> str:
    """Whom the last champion followed, of those that were not removed themselves.

    A version that is called back takes its old place: whoever reigned after it was
    removed, by a demotion or by hand. Where nobody reigned, everybody was.

    Parameters
    ----------
    champions
        Rows of `tables.CHAMPIONS`.
    desk
        The desk.

    Returns
    -------
    str
        `NOBODY` where there is none.

    Examples
    --------
    >>> rows = {"desk": ["swing"] * 3, "version": ["v1", "v2", "v3"]}
    >>> days = [dt.date(2024, month, 1) for month in (7, 8, 9)]
    >>> predecessor(pl.DataFrame(rows | {"effective_from": days}), "swing")
    'v2'
    """
    line: list[str] = [NOBODY]
    for version in history(champions, desk)["version"]:
        kept = line.index(version) if version in line else len(line)
        line = [*line[:kept], version]
    return line[-2] if len(line) > 1 else NOBODY
