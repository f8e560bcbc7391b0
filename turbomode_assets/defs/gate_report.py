"""What the user interface shows of a verdict and of a champion's standing.

Turns what the gate decided into check results with a table and a chart; decides
nothing.
"""

import base64

import dagster as dg
import polars as pl

from turbomode_assets import tables
from turbomode_assets.defs import metadata
from turbomode_assets.promotion import gate
from turbomode_assets.reports import learning_charts


def result(verdict: gate.Verdict, asset: dg.AssetKey, name: str) -> dg.AssetCheckResult:
    """Check result of a verdict: its criteria as a table and as a chart.

    Parameters
    ----------
    verdict
        Of the gate.
    asset, name
        The asset the check belongs to, and the check.
    """
    rows = [
        f"| {c.name} | {c.observed:.4g} | {c.required:.4g} | "
        f"{'passed' if c.is_passed else '**failed**'} | {c.sentence} |"
        for c in verdict.criteria
    ]
    head = ["| criterion | observed | required | | |", "|---|---|---|---|---|"]
    failed = [c.sentence for c in verdict.criteria if not c.is_passed]
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=verdict.is_passed,
        description="; ".join(failed) or "Every criterion holds.",
        metadata={
            "criteria": dg.MetadataValue.md("\n".join([*head, *rows])),
            "chart": as_image(learning_charts.verdict(verdict.criteria)),
            "against": verdict.against or "no champion yet",
        },
    )


def as_image(svg: str) -> dg.MarkdownMetadataValue:
    """A chart as a Markdown image that needs no file."""
    coded = base64.b64encode(svg.encode()).decode()
    return dg.MetadataValue.md(f"![chart](data:image/svg+xml;base64,{coded})")


def stands(rows: pl.DataFrame, name: str) -> dg.AssetCheckResult:
    """Alert that fails in the month a champion loses its seat.

    Parameters
    ----------
    rows
        Rows of `tables.STANDINGS` of one month; none where nobody reigns.
    name
        The check.
    """
    told = [
        f"{row['version']} against {row['against']}: evidence that it is worse "
        f"{row['observed']:.4g}, it falls at {row['required']:.4g}; "
        f"{row['n_sessions']} sessions. "
        + ("" if row["is_passed"] else f"Followed by {row['successor'] or 'nobody'}.")
        for row in rows.iter_rows(named=True)
    ]
    return dg.AssetCheckResult(
        asset_key=metadata.key(tables.STANDINGS),
        check_name=name,
        passed=bool(rows["is_passed"].all()),
        description=" ".join(told) or "Nobody reigns.",
    )
