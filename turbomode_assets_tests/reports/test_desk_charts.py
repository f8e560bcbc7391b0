"""Charts of a desk over any span: drawn without a warning, and dated sparsely."""

import datetime as dt
import re

import polars as pl
import pytest

from turbomode_assets.reports import desk_charts

FIRST = dt.date(2019, 1, 2)


@pytest.mark.parametrize("n_days", [1, 3, 90, 400, 1500, 4000])
def test_a_book_of_any_length_has_few_dates(n_days: int) -> None:
    days = [FIRST + dt.timedelta(days=n) for n in range(n_days)]
    lines = pl.DataFrame({"session": days, "book": 1.0, "equal": 1.01})
    svg = desk_charts.book(lines, desk_charts.BOOKS, "books")
    assert 1 <= len(re.findall(r'id="xtick_\d+"', svg)) <= 12
    assert all(f">{name}<" in svg for name in desk_charts.BOOKS.values())


def test_a_picture_without_anything_says_so() -> None:
    line = pl.DataFrame(
        schema=dict.fromkeys(("skill", "low", "high"), pl.Float64())
        | {"session": pl.Date()}
    )
    lines = pl.DataFrame(
        schema={"session": pl.Date(), "book": pl.Float64(), "equal": pl.Float64()}
    )
    assert desk_charts.picture(line, lines).startswith(b"\x89PNG")
