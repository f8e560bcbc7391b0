"""Where a warehouse lies: one DuckDB file, or a lake that many machines write at once.

An address is written as a URL, ``duckdb:///path`` or ``ducklake:postgres:WORDS``; the
words are those of libpq, such as ``dbname=turbomode host=db``. Nothing here opens it.
"""

import dataclasses
import re
from pathlib import Path

from turbomode_assets import errors

FILE = "duckdb://"
"""How the URL of a file begins."""

LAKE = "ducklake:postgres:"
"""How the URL of a lake begins."""


@dataclasses.dataclass(frozen=True)
class Lake:
    """Parquet files that a catalog in PostgreSQL keeps in order.

    Parameters
    ----------
    catalog
        Words of libpq that lead to the catalog, without a password.
    files
        Folder, or ``s3://bucket/prefix``, that every machine reaches; asked for where
        a lake is made, afterwards the catalog knows it.
    """

    catalog: str
    files: str = ""

    def __str__(self) -> str:
        """URL of the lake."""
        return LAKE + self.catalog


Address = Path | Lake
"""Of a warehouse."""


def parse(url: str, files: str, default: Path) -> Address:
    """Address a URL stands for.

    Parameters
    ----------
    url
        As above; empty for `default`.
    files
        Where the files of a lake lie.
    default
        File of a home that names no other.

    Raises
    ------
    errors.SettingsError
        Where it is of neither kind, leads from nowhere or carries a password.

    Examples
    --------
    >>> parse("duckdb:///srv/turbomode.duckdb", "", Path("else")).name
    'turbomode.duckdb'
    >>> parse("ducklake:postgres:dbname=lake host=db", "s3://lake", Path("else")).files
    's3://lake'
    """
    if not url:
        return default
    if url.startswith(FILE + "/"):
        return Path(url.removeprefix(FILE))
    if not url.startswith(LAKE):
        message = f"expected {FILE}/path or {LAKE}dbname=..., found {url!r}"
        raise errors.SettingsError(message)
    if re.search(r"password|://[^/@]*:", url.removeprefix(LAKE)):
        message = (
            "expected the address of a lake without a password, found one; put it into "
            "the file that PGPASSFILE names, or into PGPASSWORD"
        )
        raise errors.SettingsError(message)
    return Lake(url.removeprefix(LAKE), files)
