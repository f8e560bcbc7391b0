"""What each feature is worth, and whether it is still what it was.

Turns what was known before a month into rows of `report_tables.FEATURE_REPORTS`, one
per feature: coverage, drift, importance and rank IC. Drawing stands in
``features_charts.py``; nothing is read, stored or decided here.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping

import polars as pl

from turbomode_assets import policy, report_tables, sessions
from turbomode_assets.stats import drift, ranking

KEY = ["symbol", "session"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Known:
    """What was known of features before a month began.

    Rows beyond the month's eve, or of another version of the catalog, do not belong
    here: the caller leaves them out.
    """

    month: dt.date
    """First day of the month; the report looks at the month before it."""

    feature_version: str
    """Hash of the catalog that all rows of `features` stem from."""

    lookbacks: Mapping[str, int]
    """Features reported on, and how many earlier bars each needs."""

    features: pl.DataFrame
    """Rows of `tables.FEATURES` of the training window and the month before."""

    expected: pl.DataFrame
    """As `expect` returns it for the sessions of the month before."""

    returns: pl.DataFrame
    """Columns symbol, session and realized_return; what has matured."""

    cards: pl.DataFrame
    """Rows of `tables.MODELS` of earlier months."""

    n_lags: int
    """Sessions by which the holding periods behind the returns overlap."""


def expect(
    bars: pl.DataFrame, universe: pl.DataFrame, first: dt.date, last: dt.date
) -> pl.DataFrame:
    """Who must have features in a stretch of sessions, and how much past each has.

    Parameters
    ----------
    bars
        Rows of `tables.BARS`, from the one features are computed from on.
    universe
        Rows of `tables.UNIVERSE`.
    first, last
        Days, both included.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session and n_earlier: bars of the symbol before the session.
        A member without a bar in a session is expected all the same.
    """
    days = pl.DataFrame({"session": sessions.sessions_between(first, last)})
    ends = pl.col("valid_to").fill_null(sessions.LAST_DAY)
    members = universe.join(days, how="cross").filter(
        pl.col("session").is_between(pl.col("valid_from"), ends)
    )
    counted = bars.select(KEY).sort(KEY)
    counted = counted.with_columns(
        n_earlier=pl.int_range(1, pl.len() + 1).over("symbol")
    )
    return (
        members.select(KEY)
        .unique()
        .sort("session", "symbol")
        .join_asof(
            counted.sort("session", "symbol"),
            on="session",
            by="symbol",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .with_columns(pl.col("n_earlier").fill_null(0))
    )


def report(known: Known, rules: policy.Policy) -> pl.DataFrame:
    """Report on every feature for one month.

    Parameters
    ----------
    known
        What was known before it.
    rules
        Policy in force: the drift.

    Returns
    -------
    pl.DataFrame
        Rows of `report_tables.FEATURE_REPORTS`; none where the month before has no
        features at all.
    """
    since = sessions.month_start(known.month - dt.timedelta(days=1))
    names = list(known.lookbacks)
    if known.features.filter(pl.col("session") >= since).is_empty():
        return report_tables.FEATURE_REPORTS.empty()
    parts = (
        cover(known),
        drift.measure(known.features, names, since, rules.drift),
        newest(generations(known.cards), names),
        rank(known),
    )
    rows = pl.DataFrame({"feature": names})
    for part in parts:
        rows = rows.join(part, on="feature", how="left", validate="1:1")
    told = {
        "month": pl.lit(known.month),
        "feature_version": pl.lit(known.feature_version),
    }
    wanted = report_tables.FEATURE_REPORTS.column_names
    return report_tables.FEATURE_REPORTS.conform(
        rows.with_columns(**told).select(wanted)
    )


def cover(known: Known) -> pl.DataFrame:
    """Columns feature, n_due and coverage of the expected rows.

    A row is due once its look-back is filled; a due row without a value, or that is
    missing altogether, is not covered. Coverage is null where no row is due.
    """
    names = list(known.lookbacks)
    rows = known.expected.join(
        known.features.select(*KEY, *names), on=KEY, how="left", validate="1:1"
    )
    found = []
    for name, lookback in known.lookbacks.items():
        due = rows.filter(pl.col("n_earlier") >= lookback)[name]
        share = due.is_not_null().mean() if due.len() else None
        found.append((name, due.len(), share))
    schema = {"feature": pl.String, "n_due": pl.Int64, "coverage": pl.Float64}
    return pl.DataFrame(found, schema, orient="row")


def generations(cards: pl.DataFrame) -> pl.DataFrame:
    """Importance of each feature in each model.

    Parameters
    ----------
    cards
        Rows of `tables.MODELS`.

    Returns
    -------
    pl.DataFrame
        Columns month, version, feature and importance_share, in [0, 1]; models in the
        order in which they were trained, a month's last one only.
    """
    latest = cards.sort("month", "trained_at").group_by("month", maintain_order=True)
    rows = [
        (month, version, feature, float(share))
        for month, version, text in latest.last()
        .select("month", "version", "importance")
        .iter_rows()
        for feature, share in json.loads(text).items()
    ]
    schema = {
        "month": pl.Date,
        "version": pl.String,
        "feature": pl.String,
        "importance_share": pl.Float64,
    }
    return pl.DataFrame(rows, schema, orient="row")


def newest(shares: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Columns feature and importance_share of the last of `generations`."""
    last = shares.filter(pl.col("month") == pl.col("month").max())
    return last.filter(pl.col("feature").is_in(names)).select(
        "feature", "importance_share"
    )


def rank(known: Known) -> pl.DataFrame:
    """Columns feature, rank_ic, rank_ic_error and n_sessions.

    Null where no session has an order, as for what is the same for every symbol.
    """
    returns = known.returns.select(*KEY, "realized_return").drop_nulls()
    rows = known.features.join(returns, on=KEY, validate="1:1")
    found = []
    for name in known.lookbacks:
        series = ranking.rank_ic(rows.select("session", name, "realized_return"), name)
        estimate = ranking.mean_with_hac(series["rank_ic"], known.n_lags)
        found.append(
            (name, estimate.mean, estimate.standard_error, estimate.n_sessions)
        )
    schema = {
        "feature": pl.String,
        "rank_ic": pl.Float64,
        "rank_ic_error": pl.Float64,
        "n_sessions": pl.Int64,
    }
    return pl.DataFrame(found, schema, orient="row")


def drifting(rows: pl.DataFrame) -> list[str]:
    """Features that drift, those farthest beyond their bar first.

    Parameters
    ----------
    rows
        Rows of `report_tables.FEATURE_REPORTS` of one month; null is no drift.

    Returns
    -------
    list of str
        Names; empty where nothing drifts or nothing can be said.
    """
    beyond = pl.col("psi") / pl.col("psi_bar")
    found = rows.filter(pl.col("is_drifting")).sort(-beyond, "feature")
    return found["feature"].to_list()
