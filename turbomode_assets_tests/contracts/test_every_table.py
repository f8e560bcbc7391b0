"""What every declared table has in common: keys, sentences, names that say a unit."""

import itertools

import polars as pl
import pytest

from turbomode_assets import (
    desks,
    exchange_tables,
    intraday_tables,
    options_tables,
    schema,
    tables,
)

EVERY = (
    *tables.ALL,
    *intraday_tables.ALL,
    *desks.TABLES,
    *options_tables.ALL,
    exchange_tables.INCREMENTS,
)
COLUMNS = [(table, column) for table in EVERY for column in table.columns]

PLAIN_DATES = {
    "session",
    "month",
    "quarter",
    "valid_from",
    "valid_to",
    "window_from",
    "window_to",
    "effective_from",
    "day",
}
"""Dates whose name says more than a suffix would."""

PLAIN_COUNTS = {
    "attempt",
    "rank",
    "place",
    "fold",
    "position",
    "minute",
    "stream",
    "fill",
    "opened_by",
    "part",
    "sequence",
}
"""Whole numbers that are places in an order, not counts."""

SCHEMAS = {"market", "swing", "learning", "reports", "intraday", "options", "exchange"}
"""DuckDB schemas: what a table belongs to."""

MARKET_TIMES = {"published_at"}
"""Moments that a source says, the same in every run."""

SEALED_TIMES = {"place", "link"}
"""What follows from the order and the moments in which signals were emitted."""


def _named(table_and_column: tuple[schema.Table, schema.Column]) -> str:
    table, column = table_and_column
    return f"{table.name}.{column.name}"


@pytest.mark.parametrize("table", EVERY, ids=lambda table: table.name)
def test_the_key_is_declared_and_never_null(table: schema.Table) -> None:
    columns = {column.name: column for column in table.columns}
    assert table.key
    assert [name for name in table.key if columns[name].nullable] == []


@pytest.mark.parametrize("table", EVERY, ids=lambda table: table.name)
def test_a_partition_column_is_a_declared_date(table: schema.Table) -> None:
    columns = {column.name: column for column in table.columns}
    if table.partition_column:
        column = columns[table.partition_column]
        assert column.dtype == pl.Date()
        assert not column.nullable


@pytest.mark.parametrize("table", EVERY, ids=lambda table: table.name)
def test_a_table_says_what_it_is(table: schema.Table) -> None:
    assert table.grain
    assert table.sentence.endswith(".")
    assert table.schema_name in SCHEMAS
    assert table.base_name.isidentifier()


@pytest.mark.parametrize("table", EVERY, ids=lambda table: table.name)
def test_column_names_are_unique_within_a_table(table: schema.Table) -> None:
    assert len(set(table.column_names)) == len(table.columns)


@pytest.mark.parametrize("declared", COLUMNS, ids=_named)
def test_a_column_has_a_sentence(declared: tuple[schema.Table, schema.Column]) -> None:
    _, column = declared
    assert column.sentence.endswith(".")
    assert len(column.sentence) > len("A word.")


@pytest.mark.parametrize("declared", COLUMNS, ids=_named)
def test_a_name_follows_its_dtype(
    declared: tuple[schema.Table, schema.Column],
) -> None:
    _, column = declared
    assert (column.dtype == pl.Date()) == (
        column.name.endswith("_on") or column.name in PLAIN_DATES
    )
    assert column.dtype.is_integer() == (
        column.name.startswith("n_") or column.name in PLAIN_COUNTS
    )
    assert (column.dtype == pl.Boolean()) == column.name.startswith("is_")
    assert (column.dtype.base_type() == pl.Datetime) == column.name.endswith("_at")


@pytest.mark.parametrize("declared", COLUMNS, ids=_named)
def test_only_a_wall_clock_says_when_something_ran(
    declared: tuple[schema.Table, schema.Column],
) -> None:
    _, column = declared
    is_moment = column.name.endswith("_at")
    is_clock = is_moment and column.name not in MARKET_TIMES
    assert column.is_wall_clock == (is_clock or column.name in SEALED_TIMES)
    assert (column.unit == "UTC") == is_moment


@pytest.mark.parametrize("declared", COLUMNS, ids=_named)
def test_a_probability_lies_between_0_and_1(
    declared: tuple[schema.Table, schema.Column],
) -> None:
    _, column = declared
    if column.name.startswith("p_"):
        assert (column.low, column.high) == (0.0, 1.0)


def test_the_same_name_has_the_same_dtype_and_unit_everywhere() -> None:
    by_name = sorted((column for _, column in COLUMNS), key=lambda column: column.name)
    for name, same in itertools.groupby(by_name, key=lambda column: column.name):
        kinds = {(str(column.dtype), column.unit) for column in same}
        assert len(kinds) == 1, f"{name}: {kinds}"


def test_the_same_name_has_the_same_levels_wherever_it_has_any() -> None:
    levels: dict[str, set[tuple[str, ...]]] = {}
    for _, column in COLUMNS:
        if column.levels:
            levels.setdefault(column.name, set()).add(column.levels)
    assert {name for name, found in levels.items() if len(found) > 1} == set()


def test_table_names_are_unique() -> None:
    names = [table.name for table in EVERY]
    assert len(set(names)) == len(names) > 0
