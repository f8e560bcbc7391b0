"""What a table declaration is made of, and how a frame is held against it.

The records behind ``tables.py``. No table is declared here, nothing reads or writes.
"""

import dataclasses

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
        """Columns that say when something ran, the only ones two runs may differ in."""
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
            With every missing, unknown, mistyped, null or doubled thing at once.
        """
        further = tuple(c for c in frame.columns if c not in set(self.column_names))
        faults = [] if self.further or not further else [f"unknown columns {further}"]
        wanted = self.schema(further if self.further else ())
        missing = [name for name in wanted if name not in frame.columns]
        faults += [f"missing columns {missing}"] if missing else []
        faults += [
            f"`{name}` must be {dtype}, was {frame.schema[name]}"
            for name, dtype in wanted.items()
            if name in frame.columns and frame.schema[name] != dtype
        ]
        if not faults:
            faults = self._value_faults(frame)
        if faults:
            raise errors.TableError(f"{self.name}: " + "; ".join(faults))
        return frame.select(list(wanted)).sort(self.key)

    def _value_faults(self, frame: pl.DataFrame) -> list[str]:
        required = [column for column in self.columns if not column.nullable]
        counts = frame.select(pl.col(c.name).null_count() for c in required)
        nulls = (
            dict(zip(counts.columns, counts.row(0), strict=True)) if required else {}
        )
        faults = [f"`{name}` has {n} nulls" for name, n in nulls.items() if n]
        doubled = (
            frame.height - frame.select(self.key).n_unique() if frame.height else 0
        )
        return faults + ([f"{doubled} doubled keys {self.key}"] if doubled else [])

    def empty(self) -> pl.DataFrame:
        """Frame without rows and with the declared columns."""
        return pl.DataFrame(schema=self.schema())
