"""Samples as arrays: rows in order, binned once, thinned for learning.

Turns rows of `tables.SAMPLES` into what the models read. No fold is cut and no model
is fitted here.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import errors
from turbomode_assets.models import base, matrix


@dataclasses.dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns of the samples are learned from; their order is irrelevant."""

    features: Sequence[str]
    """Features of the base models."""

    volatility: Sequence[str]
    """Volatility features of the volatility-only baseline; their sign is ignored."""

    momentum: str
    """Trailing return of the momentum rule."""

    key: Sequence[str] = ("symbol", "session")
    """What names a row; the session is among them."""

    classes: Sequence[str] = base.CLASSES
    """Labels that must occur wherever something is learned."""


@dataclasses.dataclass(frozen=True, eq=False)
class View:
    """One set of columns: of all rows, and of the rows learned from."""

    values: matrix.Values
    """Shape (n, n_columns), all rows."""

    learned: matrix.Matrix
    """The rows of every `stride`-th session."""


@dataclasses.dataclass(frozen=True, eq=False)
class Layout:
    """All samples in the order of sessions, within one in that of their keys."""

    columns: Columns
    """What was laid out."""

    keys: pl.DataFrame
    """Columns of the key, and label."""

    sessions: npt.NDArray[np.datetime64]
    """Shape (n,): session of each row."""

    labels: npt.NDArray[np.int32]
    """Shape (n,): positions in `base.CLASSES`."""

    weights: npt.NDArray[np.float64]
    """Shape (n,): sample weights as given."""

    is_learned: npt.NDArray[np.bool_]
    """Shape (n,): whether the row is among those learned from."""

    borders: matrix.Borders
    """Borders of the bin codes."""

    binned: View
    """Bin codes of all features."""

    volatility: View
    """Raw volatility features."""

    momentum: View
    """The raw trailing return of the momentum rule, one column."""

    def rows(self, sessions: Sequence[dt.date]) -> matrix.Rows:
        """Positions of all rows of `sessions`."""
        return np.flatnonzero(_is_among(self.sessions, sessions))

    def learned_rows(self, sessions: Sequence[dt.date]) -> matrix.Rows:
        """Positions, within the learned rows, of those of `sessions`.

        Raises
        ------
        errors.NotEnoughHistory
            Where a class never occurs among them.
        """
        among = _is_among(self.sessions[self.is_learned], sessions)
        found = np.flatnonzero(among)
        codes = np.unique(self.labels[self.is_learned][found])
        occurring = [base.CLASSES[code] for code in codes]
        if not set(self.columns.classes) <= set(occurring):
            names = ", ".join(occurring) or "none"
            message = (
                f"every class of {', '.join(self.columns.classes)} must occur among "
                f"the training rows, found {names} in {len(found)} rows: load earlier "
                "history (--from) or more symbols (--symbols, --universe)"
            )
            raise errors.NotEnoughHistory(message)
        return found


def _is_among(
    days: npt.NDArray[np.datetime64], sessions: Sequence[dt.date]
) -> npt.NDArray[np.bool_]:
    return np.isin(days, np.array(sessions, dtype="datetime64[D]"))


def as_values(frame: pl.DataFrame, names: Sequence[str]) -> matrix.Values:
    """Columns `names` of `frame` as a float32 array, null as NaN."""
    # Column by column: for a night's few rows a query costs more than the rows.
    values = np.empty((frame.height, len(names)), dtype=np.float32, order="F")
    for position, name in enumerate(names):
        values[:, position] = frame[name].to_numpy()
    return values


def class_codes(labels: pl.Series) -> npt.NDArray[np.int32]:
    """Positions of `labels` in `base.CLASSES`.

    Raises
    ------
    errors.TableError
        Where a label is null or none of the classes; names them all.
    """
    strange = labels.filter(~labels.is_in(base.CLASSES).fill_null(value=False))
    if len(strange):
        message = (
            f"labels must be one of {', '.join(base.CLASSES)}, found "
            f"{strange.unique().sort().to_list()}: choose a label of three classes"
        )
        raise errors.TableError(message)
    codes: npt.NDArray[np.int32] = labels.replace_strict(
        base.CLASSES, range(len(base.CLASSES)), return_dtype=pl.Int32
    ).to_numpy()
    return codes


def lay_out(
    samples: pl.DataFrame, columns: Columns, first: Sequence[dt.date], stride: int
) -> Layout:
    """Sort, thin and bin `samples`.

    Parameters
    ----------
    samples
        Rows of `tables.SAMPLES`, in any order.
    columns
        Features to lay out; they are sorted by name, so that no library's column
        sampling can depend on the order they came in.
    first
        Training sessions of the first fold: the only ones borders are learned from.
    stride
        Every `stride`-th session of the samples is learned from.

    Returns
    -------
    Layout

    Raises
    ------
    errors.TableError
        Where a label is none of `base.CLASSES`.
    """
    frame = samples.sort("session", *columns.key)
    days = frame["session"].to_numpy().astype("datetime64[D]")
    is_learned = np.isin(days, np.unique(days)[::stride])
    names = sorted(columns.features)
    features = as_values(frame, names)
    seen = is_learned & _is_among(days, first)
    borders = matrix.learn_borders(names, features[seen])
    labels = class_codes(frame["label"])
    weights = frame["sample_weight"].cast(pl.Float64).to_numpy()

    def view(values: matrix.Values) -> View:
        chosen = weights[is_learned]
        learned = matrix.Matrix(
            np.ascontiguousarray(values[is_learned]),
            labels[is_learned],
            chosen / chosen.mean(),
        )
        return View(values, learned)

    return Layout(
        columns=columns,
        keys=frame.select(*columns.key, "label"),
        sessions=days,
        labels=labels,
        weights=weights,
        is_learned=is_learned,
        borders=borders,
        binned=view(borders.encode(features)),
        volatility=view(as_values(frame, sorted(columns.volatility))),
        momentum=view(as_values(frame, [columns.momentum])),
    )
