"""Invariants of every table, derived from what ``tables.py`` declares."""

import polars as pl

from turbomode_assets import (
    desks,
    exchange_tables,
    intraday_tables,
    options_tables,
    proof_tables,
    schema,
    tables,
)
from turbomode_assets.invariants import base
from turbomode_assets.store import clauses

STORED = (
    *tables.ALL,
    *intraday_tables.ALL,
    *desks.TABLES,
    *options_tables.ALL,
    exchange_tables.INCREMENTS,
)
"""Every table a home may hold."""


def _doubled(place: base.Place) -> pl.DataFrame:
    counts = [(table.name, place.store.doubled_keys(table)) for table in STORED]
    return base.listed(["table", "rows"], [count for count in counts if count[1]])


KEYS_UNIQUE = base.Invariant(
    name="keys_unique",
    sentence="No table holds a key twice.",
    table=proof_tables.SIGNAL_CHAIN,
    find=_doubled,
)


def _undeclared(place: base.Place) -> pl.DataFrame:
    found = [
        (table.name, *row)
        for table in STORED
        for row in _counted(place, table).iter_rows()
    ]
    return base.listed(["table", "column", "rows"], found)


def _counted(place: base.Place, table: schema.Table) -> pl.DataFrame:
    """Columns with values outside of their declaration, and how many each has."""
    tests = {column.name: _test(column) for column in table.columns}
    asked = [
        f"count_if({test}) AS {clauses.quoted(name)}"
        for name, test in tests.items()
        if test
    ]
    sql = f"SELECT {', '.join(asked)} FROM {clauses.relation(table)}"  # noqa: S608
    counts = place.store.select(sql, [table]) if asked else None
    if counts is None:
        return pl.DataFrame({"column": [], "rows": []})
    return counts.unpivot(variable_name="column", value_name="rows").filter(
        pl.col("rows") > 0
    )


def _test(column: schema.Column) -> str:
    """Condition on a value that its declaration refuses; empty where none does."""
    name = clauses.quoted(column.name)
    tests = [] if column.nullable else [f"{name} IS NULL"]
    tests += [f"isnan({name})"] * column.dtype.is_float()
    tests += [f"{name} < {column.low}"] * (column.low is not None)
    tests += [f"{name} > {column.high}"] * (column.high is not None)
    if column.levels:
        tests.append(
            f"{name} NOT IN ({', '.join(map(clauses.literal, column.levels))})"
        )
    return " OR ".join(tests)


VALUES_AS_DECLARED = base.Invariant(
    name="values_as_declared",
    sentence="Values lie within their declared bounds and levels; none is missing.",
    table=proof_tables.SIGNAL_CHAIN,
    find=_undeclared,
)

ALL = (KEYS_UNIQUE, VALUES_AS_DECLARED)
"""Invariants of this file."""
