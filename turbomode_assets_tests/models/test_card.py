"""A fingerprint tells what was learned, not how the rows came into memory."""

import io

import polars as pl

from turbomode_assets.models import card

WHOLE = {
    "place": list(range(30_000)),
    "label_version": ["a_label_of_many_letters"] * 15_000
    + ["another_of_many"] * 15_000,
}


def stored(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as they come back from a file."""
    file = io.BytesIO()
    rows.write_parquet(file)
    file.seek(0)
    return pl.read_parquet(file)


def test_a_fingerprint_depends_on_rows_alone() -> None:
    whole, is_first = pl.DataFrame(WHOLE), pl.col("place") < 10_000
    part = stored(whole).filter(is_first).sort("place")
    alone = stored(whole.filter(is_first)).sort("place")
    assert part.equals(alone)
    assert card.fingerprint(part) == card.fingerprint(alone)


def test_one_changed_letter_changes_the_fingerprint() -> None:
    rows = pl.DataFrame(WHOLE)
    other = rows.with_columns(pl.col("label_version").str.replace("letters", "lettres"))
    assert card.fingerprint(rows) != card.fingerprint(other)
