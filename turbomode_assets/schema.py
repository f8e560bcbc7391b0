"""What a table declaration is made of, and how a frame is held against it.

The records behind ``tables.py``. No table is declared here, nothing reads or writes.
"""

import dataclasses
from typing import Any

import polars as pl

from turbomode_assets import errors


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Fractions carry no unit; null means unknown, and only a nullable column has it.
    """

    name: str
    dtype: pl.DataType
    sentence: str
    unit: str = ""
    nullable: bool = False
    is_wall_clock: bool = False
    low: float | None = None
    high: float | None = None
    levels: tuple[str, ...] = ()


UNREADABLE = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What comes of a file that cannot be read; in a torn one Polars itself may panic."""

REAL = pl.Float64()
"""Dtype of prices, fractions and durations."""


def column(name: str, dtype: pl.DataType, sentence: str, **options: Any) -> Column:
    """Column of any dtype; options are those of `Column`."""
    return Column(name=name, dtype=dtype, sentence=sentence, **options)


def text(name: str, sentence: str, **options: Any) -> Column:
    """Column of strings."""
    return column(name, pl.String(), sentence, **options)


def real(name: str, sentence: str, **options: Any) -> Column:
    """Column of 64-bit reals."""
    return column(name, pl.Float64(), sentence, **options)


def date(name: str, sentence: str, **options: Any) -> Column:
    """Column of days."""
    return column(name, pl.Date(), sentence, **options)


def count(name: str, sentence: str, **options: Any) -> Column:
    """Column of whole numbers."""
    return column(name, pl.Int64(), sentence, **options)


def clock(name: str, sentence: str) -> Column:
    """Column of moments in UTC that say when something ran; two runs differ in it."""
    dtype = pl.Datetime("us", "UTC")
    return column(name, dtype, sentence, is_wall_clock=True, unit="UTC")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """One table of the warehouse; its name is also its Dagster asset key."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    sentence: str
    partition_column: str = ""
    further: Column | None = None

    @property
    def schema_name(self) -> str:
        """DuckDB schema: the part of the name before the dot."""
        return self.name.partition(".")[0]

    @property
    def base_name(self) -> str:
        """DuckDB table: the part of the name after the dot."""
        return self.name.partition(".")[2]

    @property
    def column_names(self) -> list[str]:
        """Names of the declared columns, in order."""
        return [column.name for column in self.columns]

    @property
    def wall_clock_columns(self) -> list[str]:
        """Columns that follow from when something ran: two runs differ in no other."""
        return [column.name for column in self.columns if column.is_wall_clock]

    def schema(self, further: tuple[str, ...] = ()) -> dict[str, pl.DataType]:
        """Polars schema, with the names that extend an open table.

        Parameters
        ----------
        further
            Names of further columns; only where the table declares `further`.

        Returns
        -------
        dict of str to pl.DataType
            In declared order, further columns last.
        """
        if further and self.further is None:
            message = f"{self.name} takes no further columns, was given {further}"
            raise errors.TableError(message)
        declared = {column.name: column.dtype for column in self.columns}
        extra = (
            {} if self.further is None else dict.fromkeys(further, self.further.dtype)
        )
        return declared | extra

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows of `frame` in declared column order, or an error that lists every fault.

        Parameters
        ----------
        frame
            Any frame; an open table takes further columns of its declared dtype.

        Returns
        -------
        pl.DataFrame
            Same rows, sorted by key; declared columns first.

        Raises
        ------
        errors.TableError
            With every missing, unknown, mistyped, null, doubled or absurd thing.
        """
        faults = self.violations(frame)
        if faults:
            raise errors.TableError(f"{self.name}: " + "; ".join(faults))
        return frame.select(list(self.schema(self._further_names(frame)))).sort(
            self.key
        )

    def violations(self, frame: pl.DataFrame) -> list[str]:
        """Every way in which `frame` departs from the declaration.

        Returns
        -------
        list of str
            A sentence each; empty where the frame is sound. Values are only looked
            at where names and dtypes are right.
        """
        further = self._further_names(frame)
        unknown = [f"unknown columns {list(further)}"] if further else []
        wanted = self.schema(further if self.further else ())
        missing = sorted(wanted.keys() - set(frame.columns), key=list(wanted).index)
        faults = [] if self.further else unknown
        faults += [f"missing columns {missing}"] if missing else []
        found = frame.schema
        faults += [
            f"`{name}` must be {dtype}, was {found[name]}"
            for name, dtype in wanted.items()
            if name in found and found[name] != dtype
        ]
        return faults or (self._value_faults(frame) if frame.height else [])

    def _further_names(self, frame: pl.DataFrame) -> tuple[str, ...]:
        declared = set(self.column_names)
        return tuple(name for name in frame.columns if name not in declared)

    def _value_faults(self, frame: pl.DataFrame) -> list[str]:
        tests = [test for column in self.columns for test in _tests(column)]
        tests += [
            (f"`{name}` has {{}} values that are not numbers", pl.col(name).is_nan())
            for name in self._further_names(frame)
        ]
        counts = frame.select(
            expr.sum().alias(str(i)) for i, (_, expr) in enumerate(tests)
        ).row(0)
        found = zip(tests, counts, strict=True)
        faults = [sentence.format(n) for (sentence, _), n in found if n]
        doubled = frame.height - frame.select(self.key).n_unique()
        return faults + ([f"{doubled} doubled keys {self.key}"] if doubled else [])

    def empty(self) -> pl.DataFrame:
        """Frame without rows and with the declared columns."""
        return pl.DataFrame(schema=self.schema())


def _tests(column: Column) -> list[tuple[str, pl.Expr]]:
    """Sentences with a place for a count, and the rows they count."""
    value = pl.col(column.name)
    name = f"`{column.name}` has {{}} "
    tests = [] if column.nullable else [(name + "nulls", value.is_null())]
    if column.dtype.is_float():
        tests.append((name + "values that are not numbers", value.is_nan()))
    if column.low is not None:
        tests.append((name + f"values below {column.low}", value < column.low))
    if column.high is not None:
        tests.append((name + f"values above {column.high}", value > column.high))
    if column.levels:
        strange = value.is_not_null() & ~value.is_in(column.levels)
        tests.append((name + f"values outside {list(column.levels)}", strange))
    return tests
