"""The figures of a learning report as rows of `report_tables.LEARNING`.

Nothing is computed and nothing is written.
"""

import datetime as dt

import polars as pl

from turbomode_assets import report_tables
from turbomode_assets.reports import learning


def rows(report: learning.Learning, month: dt.date) -> pl.DataFrame:
    """One row per arm that spoke.

    Parameters
    ----------
    report
        On what had matured before the month.
    month
        First day of the month.
    """
    against = {pair.than: pair for pair in report.whole}
    found = [_row(arm, against.get(arm.arm)) | {"month": month} for arm in report.arms]
    table = report_tables.LEARNING
    return table.conform(pl.DataFrame(found, schema=table.schema()))


def _row(arm: learning.ArmRow, pair: learning.PairRow | None) -> dict[str, object]:
    skill_low, skill_high = arm.interval or (None, None)
    direction_low, direction_high = arm.direction_interval or (None, None)
    return {
        "arm": arm.arm,
        "n_sessions": arm.n_sessions,
        "n_rows": arm.n_rows,
        "loss": arm.loss,
        "skill": arm.skill,
        "skill_low": skill_low,
        "skill_high": skill_high,
        "direction": arm.direction,
        "direction_low": direction_low,
        "direction_high": direction_high,
        "equity": arm.equity,
        "product_gain": pair.gain if pair else None,
        "product_p": pair.p if pair else None,
    }
