"""Beside the loop: what features were worth before each month, and which drift.

A partition looks at what was known before its month and at nothing else, however late
it runs; models are those of earlier months.
"""

import dagster as dg

from turbomode_assets import policy, report_tables, tables
from turbomode_assets.defs import feature_report, metadata, partitions, table_io
from turbomode_assets.defs.assets import learning
from turbomode_assets.defs.resources import WarehouseResource
from turbomode_assets.reports import features as reports

LOOK_BACK_MONTHS = 12 * policy.SWING.training.max_years
"""Months of the window features are held against."""


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition]:
    """Assets of this report."""
    mapping = partitions.before(LOOK_BACK_MONTHS)

    @dg.asset(
        **metadata.declared(report_tables.FEATURE_REPORTS, metadata.REPORTS, "polars"),
        partitions_def=grains.monthly,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        deps=[
            dg.AssetDep(metadata.key(tables.BARS), partition_mapping=mapping),
            dg.AssetDep(metadata.key(tables.UNIVERSE)),
            dg.AssetDep(metadata.key(tables.FEATURES), partition_mapping=mapping),
            dg.AssetDep(metadata.key(tables.OUTCOMES), partition_mapping=mapping),
            dg.AssetDep(learning.CHALLENGER, partition_mapping=mapping),
        ],
        check_specs=[
            table_io.schema_check(report_tables.FEATURE_REPORTS),
            feature_report.drift_spec(grains.monthly),
        ],
        pool=metadata.POOL,
    )
    def feature_reports(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> table_io.Written:
        """What each feature was worth, and whether it drifts; one row per feature."""
        table = report_tables.FEATURE_REPORTS
        month = partitions.parsed(context.partition_key)
        window = partitions.Window(month, month)
        with warehouse.opened() as store:
            known = feature_report.gather(store, month)
            rows = reports.report(known, policy.SWING)
            store.replace(table, rows, month, month)
            check = table_io.schema_result(store, table, window)
        found = [check, feature_report.drift_result(rows)]
        shown = feature_report.notes(rows, known.cards)
        return table_io.result(context, table, rows, found, shown)

    return [feature_reports]
