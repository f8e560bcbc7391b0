"""Charts of a feature report, as SVG: drift, importance, rank IC and coverage.

Draws what ``features.py`` computed and computes nothing. Same rows, same bytes.
"""

from typing import Any

import polars as pl

from turbomode_assets.reports import drawing

SHOWN = 20
"""Features in a chart: those that stand out; the table has all."""

GENERATIONS = 24
"""Latest models in the chart of importance: two years of months."""

_HIGH = 4.2  # inches
_SURE = 1.96


def drift(rows: pl.DataFrame) -> str:
    """How far features moved, as a share of what would be a drift; an SVG element.

    Parameters
    ----------
    rows
        Rows of `report_tables.FEATURE_REPORTS` of one month.
    """
    beyond = (pl.col("psi") / pl.col("psi_bar")).alias("beyond")
    shown = _first(rows.filter(pl.col("psi_bar") > 0).with_columns(beyond), "beyond")
    figure, axes = drawing.figure("stability index / its bar", _HIGH)
    colors = [drawing.COLORS[int(is_far)] for is_far in shown["is_drifting"]]
    axes.barh(shown["feature"].to_list(), shown["beyond"].to_list(), color=colors)
    axes.axvline(1.0, color="black", linewidth=0.7)
    return drawing.svg(figure, axes, has_legend=False)


def rank_ic(rows: pl.DataFrame) -> str:
    """Mean rank IC of the clearest features with 95 % intervals; an SVG element."""
    known = rows.filter(pl.col("rank_ic_error") > 0)
    clear = (pl.col("rank_ic") / pl.col("rank_ic_error")).abs().alias("clear")
    shown = _first(known.with_columns(clear), "clear")
    figure, axes = drawing.figure("mean rank IC, 95 % by Newey and West", _HIGH)
    axes.errorbar(
        shown["rank_ic"].to_list(),
        shown["feature"].to_list(),
        xerr=_SURE * shown["rank_ic_error"],
        fmt="o",
        markersize=3,
        color=drawing.COLORS[0],
    )
    axes.axvline(0.0, color="black", linewidth=0.7)
    return drawing.svg(figure, axes, has_legend=False)


def coverage(rows: pl.DataFrame) -> str:
    """Share of due values that are there, least covered features; an SVG element."""
    known = rows.drop_nulls("coverage").with_columns(missing=1 - pl.col("coverage"))
    shown = _first(known, "missing")
    figure, axes = drawing.figure("coverage after the look-back", _HIGH)
    axes.barh(
        shown["feature"].to_list(),
        shown["coverage"].to_list(),
        color=drawing.COLORS[2],
    )
    axes.set_xlim(0.0, 1.0)
    return drawing.svg(figure, axes, has_legend=False)


def importance(shares: pl.DataFrame) -> str:
    """Share of features in the fit, model by model; an SVG element.

    Parameters
    ----------
    shares
        As `features.generations` returns them; those with the largest sum are shown.
    """
    months = shares["month"].unique().sort().tail(GENERATIONS)
    recent = shares.filter(pl.col("month").is_in(months.implode()))
    total = recent.group_by("feature").agg(pl.col("importance_share").sum())
    names = _first(total, "importance_share")["feature"].reverse().to_list()
    figure, axes = drawing.figure("importance in the models of each month", _HIGH)
    if names:
        _cells(figure, axes, recent, names, months)
    return drawing.svg(figure, axes, has_legend=False)


def _cells(
    figure: Any, axes: Any, recent: pl.DataFrame, names: list[str], months: pl.Series
) -> None:
    """Draw a cell for each of `names` and each month; empty where it was not used."""
    grid = pl.DataFrame({"feature": names}).join(
        pl.DataFrame({"month": months}), how="cross"
    )
    filled = grid.join(
        recent, on=["feature", "month"], how="left", maintain_order="left"
    )
    shares = filled["importance_share"].to_numpy().reshape(len(names), -1)
    drawn = axes.imshow(shares, aspect="auto", cmap="Blues", vmin=0.0)
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(range(len(months)), months.dt.strftime("%Y-%m"), rotation=60)
    figure.colorbar(drawn, ax=axes, format="{x:.1%}")


def _first(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """Rows with the largest values, the largest last: charts count from below."""
    return rows.sort(-pl.col(by), "feature").head(SHOWN).reverse()
