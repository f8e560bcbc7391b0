"""Whether probabilities mean what they say, class by class.

A forecast is calibrated where, of all rows given a probability of a tenth, a tenth
comes true. Names of a session move together and horizons overlap, so what is compared
is bracketed by redrawing whole blocks of sessions. What is good enough is policy; how
it is drawn belongs to the reports.
"""

import math

import numpy as np
import polars as pl

from turbomode_assets import policy
from turbomode_assets.stats import classification, resampling

N_BINS = 10
"""Bins of a reliability table: tenths of the rows."""

_MAX_STEPS = 50


def reliability(
    rows: pl.DataFrame, name: str, gate: policy.GatePolicy, suffix: str = ""
) -> pl.DataFrame:
    """Predicted beside observed frequency of one class, in bins of equal size.

    Parameters
    ----------
    rows
        Columns symbol, session, label and the probability, without nulls.
    name
        Class, one of `classification.CLASSES`.
    gate
        Gives the bootstrap and the confidence of each end of a band.
    suffix
        Whose probabilities, as for `classification.log_loss`.

    Returns
    -------
    pl.DataFrame
        Columns n_rows, predicted, observed, low and high; at most `N_BINS` rows,
        ascending. Ties stay together. low and high are where the observed frequency
        may lie.
    """
    low, high = _bands(_binned(rows, name, suffix), gate)
    bands = [pl.Series("low", low), pl.Series("high", high)]
    return binned_means(rows, name, suffix).with_columns(bands)


def binned_means(rows: pl.DataFrame, name: str, suffix: str = "") -> pl.DataFrame:
    """`reliability` without its bands, which take a bootstrap."""
    table = (
        _binned(rows, name, suffix)
        .group_by("bin", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("n_rows"),
            (pl.col("p").sum() / pl.len()).alias("predicted"),
            (pl.col("y").sum() / pl.len()).alias("observed"),
        )
    )
    return table.sort("bin").drop("bin")


def _binned(rows: pl.DataFrame, name: str, suffix: str) -> pl.DataFrame:
    ordered = rows.sort("session", "symbol").select(
        "session",
        pl.col(f"p_{name}{suffix}").alias("p"),
        (pl.col("label") == name).cast(pl.Float64).alias("y"),
    )
    edges = np.quantile(ordered["p"].to_numpy(), np.arange(1, N_BINS) / N_BINS)
    bins = np.searchsorted(np.unique(edges), ordered["p"].to_numpy(), side="left")
    return ordered.with_columns(pl.Series("bin", bins))


def _bands(binned: pl.DataFrame, gate: policy.GatePolicy) -> tuple[list[float], ...]:
    """Ends of the observed frequency of each bin, sessions redrawn in blocks."""
    from arch import bootstrap  # noqa: PLC0415

    sums = binned.group_by("session", "bin").agg(pl.col("y").sum(), n=pl.len())
    wide = sums.pivot("bin", index="session", values=["y", "n"]).sort("session")
    bins = sorted(binned["bin"].unique())
    names = [f"{kind}_{number}" for kind in ("y", "n") for number in bins]
    table = wide.select(names).fill_null(0).cast(pl.Float64).to_numpy()
    error = binned.group_by("session").agg((pl.col("y") - pl.col("p")).mean())
    length = resampling.block_sessions(error.sort("session")["y"], gate)

    def observed(drawn: resampling.Floats) -> resampling.Floats:
        hits, n = np.split(drawn.sum(axis=0), 2)
        # A bin that was not drawn has no frequency; it is left out below.
        shares: resampling.Floats = np.full(len(n), math.nan)
        shares[n > 0] = hits[n > 0] / n[n > 0]
        return shares

    redrawn = bootstrap.StationaryBootstrap(length, table, seed=gate.seed)
    found = redrawn.apply(observed, gate.n_resamples)
    tail = 1.0 - gate.confidence
    low, high = np.nanquantile(found, [tail, 1.0 - tail], axis=0)
    return low.tolist(), high.tolist()


def calibration_error(table: pl.DataFrame) -> float:
    """Mean distance of predicted and observed frequency, weighted by rows, in [0, 1].

    Parameters
    ----------
    table
        As `reliability` returns it.

    References
    ----------
    C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (expected
    calibration error).
    """
    apart = (table["predicted"] - table["observed"]).abs().to_numpy()
    n_rows = table["n_rows"].to_numpy()
    return float((apart * n_rows).sum() / n_rows.sum())


def mean_calibration_error(rows: pl.DataFrame) -> float:
    """`calibration_error` averaged over the classes that happened; NaN without rows."""
    if rows.is_empty():
        return math.nan
    tables = (binned_means(rows, name) for name in classification.occurring(rows))
    return float(np.mean([calibration_error(table) for table in tables]))


def calibration_slope(rows: pl.DataFrame, name: str, suffix: str = "") -> float | None:
    """Slope of what happened on the log odds of what was said: 1 is calibrated.

    Below one the forecast is too bold, above one too timid.

    Parameters
    ----------
    rows, name, suffix
        As for `reliability`.

    Returns
    -------
    float or None
        None where the class never happened, always happened, or was always given the
        same probability.

    References
    ----------
    D. R. Cox, "Two Further Applications of a Model for Binary Regression", Biometrika
    45(3/4), 1958.
    """
    ordered = rows.sort("session", "symbol")
    happened = (ordered["label"] == name).cast(pl.Float64).to_numpy()
    clip = classification.CLIP
    said = np.clip(ordered[f"p_{name}{suffix}"].to_numpy(), clip, 1.0 - clip)
    odds = np.log(said / (1.0 - said))
    if not 0.0 < happened.mean() < 1.0 or np.ptp(odds) == 0:
        return None
    center = odds.mean()
    return _logistic_slope(odds - center, happened)


def pooled_slope(rows: pl.DataFrame) -> float | None:
    """`calibration_slope` of the classes that happened at once: a row counts for each.

    In a year of few large moves the slope of one class is mostly chance.

    Parameters
    ----------
    rows
        As for `reliability`.

    Returns
    -------
    float or None
        None where no slope exists.
    """
    each = [
        rows.select(
            "session",
            "symbol",
            pl.col(f"p_{name}").alias("p_it"),
            pl.when(pl.col("label") == name).then(pl.lit("it")).alias("label"),
        )
        for name in classification.occurring(rows)
    ]
    stacked = pl.concat(each).with_columns(pl.col("label").fill_null("another"))
    return calibration_slope(stacked, "it")


def _logistic_slope(x: resampling.Floats, y: resampling.Floats) -> float | None:
    """Newton's method; None where the two kinds are separated and no slope exists."""
    intercept, slope = math.log(y.mean() / (1.0 - y.mean())), 0.0
    for _ in range(_MAX_STEPS):
        chance = 1.0 / (1.0 + np.exp(-(intercept + slope * x)))
        weight, rest = chance * (1.0 - chance), y - chance
        bent = np.array([weight.sum(), (weight * x).sum(), (weight * x * x).sum()])
        determinant = float(bent[0] * bent[2] - bent[1] ** 2)
        if not determinant > 0:
            return None
        pull = rest.sum(), (rest * x).sum()
        step = (bent[0] * pull[1] - bent[1] * pull[0]) / determinant
        intercept += (bent[2] * pull[0] - bent[1] * pull[1]) / determinant
        slope += step
        if abs(step) < 1e-10 * max(1.0, abs(slope)):
            return float(slope)
    return None
