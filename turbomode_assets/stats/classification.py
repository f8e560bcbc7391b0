"""How good probabilities of up, flat and down are, row by row and in total.

Losses are Polars expressions over the columns ``p_up``, ``p_flat``, ``p_down`` and
``label``; shares and ranks are functions of columns. Whether a difference can be
chance is the business of ``resampling.py``, and what it must be is policy.
"""

import numpy as np
import polars as pl

CLASSES = ("up", "flat", "down")
"""The classes, in the order of every probability column."""

CLIP = 1e-6
"""Smallest probability scored: one certain and wrong row costs 13.8 nats, not
infinity."""


def occurring(rows: pl.DataFrame) -> list[str]:
    """Classes that happened in some row, in the order of `CLASSES`.

    Where a desk knows no flat, nothing can be said of it.
    """
    happened = rows["label"].unique().to_list()
    return [name for name in CLASSES if name in happened]


def log_loss(suffix: str = "", label: str = "label") -> pl.Expr:
    """Logarithmic loss of each row, in nats, in [0, 13.9].

    Probabilities are raised to at least `CLIP` and divided by their sum.

    Parameters
    ----------
    suffix
        Whose probabilities: ``""``, ``"_base_rate"`` or ``"_volatility"``.
    label
        Column with the class that happened.

    Returns
    -------
    pl.Expr
        Null where the label or a probability is null, or the label is no class.

    References
    ----------
    I. J. Good, "Rational Decisions", Journal of the Royal Statistical Society B
    14(1), 1952.

    Examples
    --------
    >>> row = {"p_up": [0.5], "p_flat": [0.25], "p_down": [0.25], "label": ["up"]}
    >>> pl.DataFrame(row).select(log_loss()).item().__round__(4)
    0.6931
    """
    clipped = [pl.col(f"p_{name}{suffix}").clip(lower_bound=CLIP) for name in CLASSES]
    total = clipped[0] + clipped[1] + clipped[2]
    return -(_of_class(clipped, label) / total).log()


def brier(suffix: str = "", label: str = "label") -> pl.Expr:
    """Brier score of each row: squared error summed over the classes, in [0, 2].

    Parameters
    ----------
    suffix, label
        As for `log_loss`.

    Returns
    -------
    pl.Expr
        Null where the label or a probability is null.

    References
    ----------
    G. W. Brier, "Verification of Forecasts Expressed in Terms of Probability",
    Monthly Weather Review 78(1), 1950.
    """
    up, flat, down = (
        (pl.col(f"p_{name}{suffix}") - (pl.col(label) == name).cast(pl.Float64)) ** 2
        for name in CLASSES
    )
    return up + flat + down


def likeliest(suffix: str = "") -> pl.Expr:
    """Most probable class of each row; ties go to the earlier of `CLASSES`.

    Examples
    --------
    >>> row = {"p_up": [0.4, 0.1], "p_flat": [0.4, 0.2], "p_down": [0.2, 0.7]}
    >>> pl.DataFrame(row).select(likeliest()).to_series().to_list()
    ['up', 'down']
    """
    up, flat, down = (pl.col(f"p_{name}{suffix}") for name in CLASSES)
    is_up = (up >= flat) & (up >= down)
    named = pl.when(is_up).then(pl.lit("up"))
    return named.when(flat >= down).then(pl.lit("flat")).otherwise(pl.lit("down"))


def session_means(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Mean of each column over the names of each session.

    Sums run in the order of symbols within a session, so that equal rows give equal
    bytes in whatever order they come.

    Parameters
    ----------
    rows
        Columns symbol, session and `columns`; no nulls in those.
    *columns
        Names of float columns.

    Returns
    -------
    pl.DataFrame
        Columns session, n_rows and `columns`; one row per session, ascending.
    """
    ordered = rows.sort("session", "symbol")
    runs = ordered["session"].rle().struct.unnest()
    counts = runs["len"].cast(pl.Int64)
    starts = (counts.cum_sum() - counts).to_numpy()
    means = {
        name: np.add.reduceat(ordered[name].to_numpy(), starts) / counts.to_numpy()
        for name in (columns if runs.height else ())
    }
    empty = {name: pl.Series(name, [], dtype=pl.Float64) for name in columns}
    return pl.DataFrame(
        {"session": runs["value"], "n_rows": counts, **(means or empty)}
    )


def accuracy(labels: pl.Series, predicted: pl.Series) -> float:
    """Share of rows whose predicted class happened, in [0, 1]; NaN without rows."""
    if labels.is_empty():
        return float("nan")
    return int((labels == predicted).sum()) / labels.len()


def weighted_precision(labels: pl.Series, predicted: pl.Series) -> float:
    """Precision of each class, averaged by how often the class happened, in [0, 1].

    A class that is never predicted has precision 0.

    Parameters
    ----------
    labels, predicted
        Classes that happened and that were predicted, of one length, without nulls.

    Returns
    -------
    float
        NaN without rows.
    """
    total = 0.0
    for name in labels.unique().sort():
        n_predicted = int((predicted == name).sum())
        n_right = int(((predicted == name) & (labels == name)).sum())
        precision = n_right / n_predicted if n_predicted else 0.0
        total += precision * int((labels == name).sum())
    return total / labels.len() if labels.len() else float("nan")


def weighted_recall(labels: pl.Series, predicted: pl.Series) -> float:
    """Recall of each class, averaged by how often the class happened, in [0, 1].

    Weights cancel the denominators: this *is* accuracy, and is kept because the
    predecessor's floors name both.
    """
    return accuracy(labels, predicted)


def rarest_call(rows: pl.DataFrame, reference: str = "_base_rate") -> float:
    """Rarest call: how often a class is held likelier, or less likely, than usual.

    Usual is what the reference says of the row; of the six shares of rows the smallest
    counts, and of a class that never happened none. A forecaster that always says the
    same, or never sees one of the classes coming, has 0; none has more than a half.

    Parameters
    ----------
    rows
        Labels and both forecasts, without nulls.
    reference
        Suffix of what is usual, as for `log_loss`.

    Returns
    -------
    float
        In [0, 0.5]; NaN without rows.

    Examples
    --------
    >>> said = {"p_up": [0.3, 0.1], "p_flat": [0.6, 0.7], "p_down": [0.1, 0.2]}
    >>> usual = {"p_up": [0.2, 0.2], "p_flat": [0.65, 0.65], "p_down": [0.15, 0.15]}
    >>> usual = {f"{name}_base_rate": values for name, values in usual.items()}
    >>> rarest_call(pl.DataFrame(said | usual | {"label": ["up", "flat"]}))
    0.5
    """
    if rows.is_empty():
        return float("nan")
    classes = occurring(rows)
    apart = [pl.col(f"p_{name}") - pl.col(f"p_{name}{reference}") for name in classes]
    calls = [call for gap in apart for call in ((gap > 0).sum(), (gap < 0).sum())]
    return float(rows.select(pl.min_horizontal(calls)).item()) / rows.height


def skill(loss: float, reference: float) -> float | None:
    """Share of the reference's loss that is saved: 1 - loss / reference.

    Returns
    -------
    float or None
        At most 1, 0 for no better than the reference; None where that has no loss.

    Examples
    --------
    >>> skill(0.4, 0.5).__round__(6), skill(0.4, 0.0)
    (0.2, None)
    """
    return 1.0 - loss / reference if reference > 0 else None


def auc(is_positive: pl.Series, score: pl.Series) -> float | None:
    """Chance that a positive row outscores a negative one, in [0, 1]; ties half.

    Parameters
    ----------
    is_positive, score
        Booleans and numbers of one length, without nulls.

    Returns
    -------
    float or None
        None where one of the two kinds does not occur.

    References
    ----------
    J. A. Hanley and B. J. McNeil, "The Meaning and Use of the Area under a ROC
    Curve", Radiology 143(1), 1982.

    Examples
    --------
    >>> auc(pl.Series([True, False, False]), pl.Series([0.5, 0.5, 0.1]))
    0.75
    """
    n_positive = int(is_positive.sum())
    n_negative = is_positive.len() - n_positive
    if not (n_positive and n_negative):
        return None
    ranks = float(score.rank("average").filter(is_positive).sum())
    return (ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def _of_class(values: list[pl.Expr], label: str) -> pl.Expr:
    happened = pl.col(label)
    up, flat, down = values
    named = pl.when(happened == "up").then(up).when(happened == "flat").then(flat)
    return named.when(happened == "down").then(down)
