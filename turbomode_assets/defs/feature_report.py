"""What a feature report is made from, and what the user interface shows of it.

Reads the warehouse for ``reports/features.py``, which computes, and turns its rows into
a check, a table and charts; decides nothing.
"""

import datetime as dt
from typing import Any

import dagster as dg
import polars as pl

from turbomode_assets import (
    loop,
    policy,
    report_policy,
    report_tables,
    sessions,
    tables,
)
from turbomode_assets.defs import gate_report, metadata
from turbomode_assets.features import catalog
from turbomode_assets.reports import features, features_charts
from turbomode_assets.store import warehouse

DRIFT = "drift"
"""Name of the check on the report; it only warns: drift is answered by training."""

_DAY = dt.timedelta(days=1)


def gather(
    store: warehouse.Warehouse, month: dt.date, rules: policy.Policy = policy.SWING
) -> features.Known:
    """What was known before a month.

    Parameters
    ----------
    store
        The open warehouse.
    month
        First day of the month.
    rules
        Policy in force: the training window and the set of features.
    """
    feature_set = rules.features.feature_set
    version = catalog.feature_version(feature_set)
    window_from = month.replace(year=month.year - rules.training.max_years)
    since, eve = sessions.month_start(month - _DAY), month - _DAY
    stored = store.read(tables.FEATURES, window_from, eve)
    bars = store.read(tables.BARS, loop.bars_for_features(since), eve)
    cards = store.read(tables.MODELS, last=eve, match={"desk": loop.DESK})
    return features.Known(
        month=month,
        feature_version=version,
        lookbacks={f.name: f.lookback_sessions for f in catalog.features(feature_set)},
        features=stored.filter(pl.col("feature_version") == version),
        expected=features.expect(bars, store.read(tables.UNIVERSE), since, eve),
        returns=store.read(tables.OUTCOMES, window_from, eve),
        cards=cards,
        n_lags=loop.HELD_SESSIONS,
    )


def drift_spec(grain: dg.PartitionsDefinition) -> dg.AssetCheckSpec:
    """Check of the report, month by month."""
    return dg.AssetCheckSpec(
        DRIFT,
        asset=metadata.key(report_tables.FEATURE_REPORTS),
        partitions_def=grain,
        description="No feature of the month before is unlike its training window.",
    )


def drift_result(
    rows: pl.DataFrame, rules: report_policy.DriftPolicy = policy.SWING.drift
) -> dg.AssetCheckResult:
    """Check result that names the features that drift.

    Parameters
    ----------
    rows
        Rows of `report_tables.FEATURE_REPORTS` of one month.
    rules
        Says how often an alarm is false.
    """
    found = features.drifting(rows)
    n_compared = rows["is_drifting"].count()
    told = (
        f"{len(found)} of {n_compared} features drift. While none changes, about a "
        f"month in {1 / rules.alarm_rate:.0f} names any. {', '.join(found)}"
    )
    return dg.AssetCheckResult(
        check_name=DRIFT,
        asset_key=metadata.key(report_tables.FEATURE_REPORTS),
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description=told.strip(),
        metadata={
            "drifting": len(found),
            "compared": n_compared,
            "not_comparable": rows.height - n_compared,
        },
    )


def notes(rows: pl.DataFrame, cards: pl.DataFrame) -> dict[str, Any]:
    """Metadata of a materialization: the whole table, and four charts.

    Parameters
    ----------
    rows
        Rows of `report_tables.FEATURE_REPORTS` of one month.
    cards
        Rows of `tables.MODELS` of earlier months.
    """
    if rows.is_empty():
        return {"features": "Nothing was stored in the month before."}
    shares = features.generations(cards)
    shown = rows.drop("month", "feature_version")
    table = metadata.markdown_table(shown.columns, shown.iter_rows())
    charts = {
        "drift": features_charts.drift(rows),
        "rank_ic": features_charts.rank_ic(rows),
        "coverage": features_charts.coverage(rows),
        "importance": features_charts.importance(shares),
    }
    images = {name: gate_report.as_image(svg) for name, svg in charts.items()}
    return {"features": dg.MetadataValue.md(table), **images}
