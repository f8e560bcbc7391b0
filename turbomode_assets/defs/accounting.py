"""Rows in, rows out and rows lost by reason, as every stage reports them.

Counts only. Whether too many were lost is for checks, why a row is refused for the
stages.
"""

from collections.abc import Mapping

UNEXPLAINED = "rows_lost_unexplained"
"""Rows that no reason accounts for: a fault of the stage, which a test refuses."""


def account(n_in: int, n_out: int, lost: Mapping[str, int]) -> dict[str, int]:
    """Metadata of a materialization that accounts for every row it was given.

    Parameters
    ----------
    n_in
        Rows of the window the stage was given.
    n_out
        Rows it made of them.
    lost
        The others, by reason; reasons that took nothing are left out.

    Returns
    -------
    dict of str to int

    Examples
    --------
    >>> account(10, 7, {"pending": 3, "unavailable": 0})
    {'rows_in': 10, 'rows_lost': 3, 'rows_lost_pending': 3}
    >>> account(10, 7, {"pending": 2})["rows_lost_unexplained"]
    1
    """
    named = {f"rows_lost_{reason}": n for reason, n in lost.items() if n}
    unexplained = n_in - n_out - sum(lost.values())
    return (
        {"rows_in": n_in, "rows_lost": n_in - n_out}
        | named
        | ({UNEXPLAINED: unexplained} if unexplained else {})
    )
