"""Whether the latest values of features are like those before them.

1. `bin_counts` counts the values of each session in bins that hold equally many.
2. Every stretch of as many sessions as the latest, moved through the window session by
   session, is held against the others (`stability_index`). Sessions keep their order
   and their symbols, so stretches are as autocorrelated in time, and as alike across
   symbols and features, as the latest is. The latest has nothing after it to resemble;
   so that no stretch has an easier life, what follows each is left out for a while.
3. Roots of the index are brought to one scale for all features, and of every stretch
   the largest is kept (`_bars`). An unlike time has unlike stretches before and after
   it, the latest only before: counted one by one, the earlier would be too few. So the
   largest of each run of stretches, as many as share a session with the latest, stands
   for all of them, and the latest drifts in what exceeds all but a share of these. That
   share is the nominal chance of naming any feature at all, however many are looked at,
   while none has changed. Less often is named where sessions are independent, more
   often where values remember for much of the window.

A change stands out until it fills that share of the window: after it, it is the past.
Frames in, one row per feature out; what follows from drift does not belong here.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import report_policy

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_SCHEMA = {
    "feature": pl.String(),
    "psi": pl.Float64(),
    "psi_bar": pl.Float64(),
    "is_drifting": pl.Boolean(),
}


def measure(
    rows: pl.DataFrame,
    names: Sequence[str],
    since: dt.date,
    rules: report_policy.DriftPolicy,
) -> pl.DataFrame:
    """How far each feature has moved, and how far it would have to for an alarm.

    Parameters
    ----------
    rows
        Column session and one for each of `names`; nulls are no values.
    names
        Features.
    since
        First of the latest sessions; those before it are what they are held against.
    rules
        Bins, false alarms, and how much is needed.

    Returns
    -------
    pl.DataFrame
        Columns feature, psi (0 and more), psi_bar and is_drifting: psi above the bar.
        Psi is null where the latest sessions hold too few values, the bar where fewer
        than `rules.min_sessions` lie before them, and is_drifting where either is.

    References
    ----------
    P. H. Westfall and S. S. Young, "Resampling-Based Multiple Testing", Wiley, 1993
    (the largest of all). D. N. Politis and J. P. Romano, "A Circular Block-Resampling
    Procedure for Stationary Data", 1992 (stretches that keep their order).
    """
    days = rows["session"].unique().sort()
    n_latest = int((days >= since).sum())
    n_before = days.len() - n_latest
    unknown = [None] * len(names)
    if not n_latest or not n_before or not names:
        return pl.DataFrame([names, unknown, unknown, unknown], _SCHEMA)
    place = days.search_sorted(rows["session"]).to_numpy().astype(np.int64)
    counts = [bin_counts(rows[name], place, rules) for name in names]
    psi = np.column_stack([_stretches(each, n_latest, rules) for each in counts])
    bars = np.full(len(names), np.nan)
    if n_before >= rules.min_sessions:
        bars = _bars(psi, n_latest, rules.alarm_rate)
    found = [names, psi[-1], bars, psi[-1] > bars]
    return _blank_unknown(pl.DataFrame(found, _SCHEMA))


def stability_index(ours: Floats, others: Floats) -> Floats:
    """Population stability index between two groups of counts, 0 or more.

    Parameters
    ----------
    ours, others
        Counts by bin on the last axis; neither is all zero.

    Returns
    -------
    ndarray
        One axis less. Zero where both have the same shares. A value is added to each
        bin on average, spread like both together, so that an empty one stays finite.

    Notes
    -----
    Equals the symmetric divergence of H. Jeffreys, "An Invariant Form for the Prior
    Probability", 1946. Readings of .1 and .25 are folklore: what counts as large
    depends on how many values there are and how much sessions share.

    Examples
    --------
    >>> same = stability_index(np.array([10.0, 30.0]), np.array([20.0, 60.0]))
    >>> other = stability_index(np.array([30.0, 10.0]), np.array([20.0, 60.0]))
    >>> round(float(same), 12), round(float(other), 3)
    (0.0, 1.005)
    """
    n_bins = ours.shape[-1]
    # A bin that both leave empty adds nothing, but for a zero by zero.
    both = np.maximum(ours + others, 1e-9)
    prior = n_bins * both / both.sum(axis=-1, keepdims=True)
    p = (ours + prior) / (ours.sum(axis=-1, keepdims=True) + n_bins)
    q = (others + prior) / (others.sum(axis=-1, keepdims=True) + n_bins)
    found: Floats = ((p - q) * np.log(p / q)).sum(axis=-1)
    return found


def bin_counts(
    values: pl.Series, place: Places, rules: report_policy.DriftPolicy
) -> Floats:
    """Values of each session in bins that hold equally many, the outer ones open.

    Parameters
    ----------
    values
        One feature; nulls are not counted.
    place
        Place of each value's session, from 0 on without gaps.
    rules
        How many bins; fewer come of it where values are tied.

    Returns
    -------
    ndarray of shape (sessions, bins)
        No bin is empty in all sessions; one bin where there is no value.
    """
    is_known = values.is_not_null().to_numpy()
    known, where = values.drop_nulls().to_numpy(), place[is_known]
    edges = np.empty(0)
    if known.size:
        shares = np.arange(1, rules.n_bins) / rules.n_bins
        edges = np.unique(np.quantile(known, shares, method="inverted_cdf"))
        edges = edges[edges < known.max()]
    n_bins, n_days = edges.size + 1, int(place.max()) + 1
    cell = where * n_bins + np.searchsorted(edges, known, side="left")
    counts = np.bincount(cell, minlength=n_days * n_bins).reshape(n_days, n_bins)
    return counts.astype(np.float64)


def _stretches(
    counts: Floats, n_sessions: int, rules: report_policy.DriftPolicy
) -> Floats:
    """Index of every stretch of `n_sessions`, the latest last; NaN where too empty."""
    totals = np.concatenate([np.zeros((1, counts.shape[1])), counts.cumsum(axis=0)])
    first = np.arange(len(counts) - n_sessions + 1)
    compared_from = np.minimum(first + n_sessions + rules.after_sessions, len(counts))
    inside = totals[first + n_sessions] - totals[first]
    others = totals[first] + totals[-1] - totals[compared_from]
    n_values = np.minimum(inside.sum(axis=1), others.sum(axis=1))
    is_thin = n_values <= rules.min_filled * np.median(inside.sum(axis=1))
    index = np.full(first.size, np.nan)
    index[~is_thin] = stability_index(inside[~is_thin], others[~is_thin])
    return index


def _bars(psi: Floats, n_latest: int, alarm_rate: float) -> Floats:
    """Index each feature must exceed; NaN where it never moves."""
    # What shares a session with the latest is no other time.
    n_runs = len(psi) // n_latest - 1
    if n_runs < 1:
        return np.full(psi.shape[1], np.nan)
    before = psi[-(n_runs + 1) * n_latest : -n_latest]
    root = np.ma.masked_invalid(np.sqrt(np.maximum(before, 0.0)))
    center, spread = root.mean(axis=0), root.std(axis=0)
    scaled = (root - center) / np.ma.masked_equal(spread, 0.0)
    runs = scaled.reshape(n_runs, -1).max(axis=1)
    ordered = np.sort(runs.compressed())[::-1]
    n_allowed = int(alarm_rate * (ordered.size + 1)) - 1
    if n_allowed < 0:
        return np.full(psi.shape[1], np.nan)
    limit = ordered[n_allowed]
    bars: Floats = np.square((center + limit * spread).filled(np.nan))
    return bars


def _blank_unknown(found: pl.DataFrame) -> pl.DataFrame:
    blank = found.with_columns(pl.col("psi", "psi_bar").fill_nan(None))
    is_known = pl.all_horizontal(pl.col("psi", "psi_bar").is_not_null())
    return blank.with_columns(is_drifting=pl.when(is_known).then("is_drifting"))
