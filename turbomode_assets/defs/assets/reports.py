"""What the home has to say about itself: figures kept, and a report to be looked at.

A report adds no fact: it is made of tables that others wrote and can be made again.
What it says is computed in ``reports/``, what it reads in ``defs/arms.py``.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg

from turbomode_assets import report_tables, tables
from turbomode_assets.defs import arms, gate_report, metadata, partitions, table_io
from turbomode_assets.defs.resources import RegistryResource, WarehouseResource
from turbomode_assets.models import scoring
from turbomode_assets.reports import (
    learning,
    learning_charts,
    learning_page,
    learning_rows,
)


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition]:
    """Assets that report."""
    table = report_tables.LEARNING
    read = (tables.OUTCOMES, tables.SIGNALS, tables.SAMPLES, tables.STANDINGS)

    @dg.asset(
        **metadata.declared(table, metadata.REPORTS, "polars"),
        partitions_def=grains.monthly,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        deps=[
            dg.AssetDep(metadata.key(one), partition_mapping=partitions.known_before())
            for one in read
        ],
        check_specs=[table_io.schema_check(table)],
        pool=metadata.POOL,
    )
    def learning_report(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        models: RegistryResource,
    ) -> table_io.Written:
        """Whether retraining did any good: the product beside its arms; one row each.

        Challengers are kept, so the arms `always_newest` and `frozen` can still be
        asked what they would have said; `turbomode replay` asks the same of history.
        """
        month = partitions.parsed(context.partition_key)
        with warehouse.opened() as store:
            report = learning.learning(
                arms.lived(store, lambda sha: scoring.load(models.load(sha)), month)
            )
            rows = learning_rows.rows(report, month)
            store.replace(table, rows, month, month)
            window = partitions.Window(month, month)
            check = table_io.schema_result(store, table, window)
        return table_io.result(context, table, rows, [check], _shown(report))

    return [learning_report]


def _shown(report: learning.Learning) -> dict[str, Any]:
    if not report.arms:
        return {"what_the_evidence_supports": "Nothing that was said has matured."}
    told = "\n".join(f"* {line}" for line in learning_page.verdict_in_words(report))
    words = f"{told}\n\n{learning_page.cost_in_words(report.cost)}"
    return {
        "what_the_evidence_supports": dg.MetadataValue.md(words),
        "arms": _table(
            learning_page.ARM_HEAD, map(learning_page.arm_cells, report.arms)
        ),
        "silence_as_base_rate": _table(
            learning_page.PAIR_HEAD, map(learning_page.pair_cells, report.whole)
        ),
        "skill": gate_report.as_image(learning_charts.skills(report)),
        "decisions": gate_report.as_image(learning_charts.decisions(report)),
        "paper_books": gate_report.as_image(learning_charts.books(report)),
    }


def _table(
    head: Sequence[str], rows: Iterable[Iterable[object]]
) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(learning_page.as_markdown(head, rows))
