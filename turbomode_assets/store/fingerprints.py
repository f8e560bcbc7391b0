"""What a table holds, partition by partition, in a few characters each.

Two fingerprints are equal where the rows are, whatever order they lie in: a count and a
sum of hashes, taken where the rows lie. DuckDB's hash is not promised to be the same in
its next version; then everything merely looks changed. Nothing here writes.
"""

import datetime as dt

from turbomode_assets import schema
from turbomode_assets.store import clauses
from turbomode_assets.store.warehouse import Warehouse

WHOLE = ""
"""Name of the one partition of a table that has none."""


def fingerprints(store: Warehouse, table: schema.Table) -> dict[str, str]:
    """Fingerprint of each stored partition, by its day; of `WHOLE` where it has none.

    Parameters
    ----------
    store
        The open warehouse.
    table
        A declared table.

    Returns
    -------
    dict of str to str
        ``rows:sum``; empty where nothing was ever written.
    """
    column = table.partition_column
    day = f"{clauses.quoted(column)}::VARCHAR" if column else "''"
    sql = (
        f"SELECT {day}, count(*) || ':' || sum(hash(t)::HUGEINT)::VARCHAR "  # noqa: S608
        f"FROM {clauses.relation(table)} t GROUP BY 1 ORDER BY 1"
    )
    found = store.select(sql, [table])
    return {} if found is None else dict(found.iter_rows())


def n_rows(fingerprint: str) -> int:
    """Rows behind a fingerprint.

    Examples
    --------
    >>> n_rows("82:1234567890123456789012")
    82
    """
    return int(fingerprint.partition(":")[0])


def day_of(partition: str) -> dt.date | None:
    """Day of a partition; null for `WHOLE`."""
    return dt.date.fromisoformat(partition) if partition else None
