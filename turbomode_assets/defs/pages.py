"""The desks' pages of a home, kept fresh: after each night, and with each daily report.

Which desks there are and what each reads stands in their own files. Written outside of
every run, so a page that fails holds up nothing.
"""

import datetime as dt
from pathlib import Path
from typing import Any

import dagster as dg

from turbomode_assets import errors
from turbomode_assets.defs import (
    daily_report,
    intraday_page,
    restating,
    swing_page,
)
from turbomode_assets.defs.resources import ClockResource, WarehouseResource
from turbomode_assets.store import home, warehouse

DESKS = {"swing": swing_page, "intraday": intraday_page}
"""Desks that have a page."""

EVERY_SECONDS = 300
"""How often it is looked whether anything is new."""


def write(
    where: home.Home, store: warehouse.Warehouse, desk: str | None = None
) -> dict[str, tuple[Path, dt.date]]:
    """Write the page of each desk that has spoken, up to its newest session.

    Parameters
    ----------
    where
        The home.
    store
        Its open warehouse.
    desk
        Only this one; null for all.

    Returns
    -------
    dict of str to tuple
        By desk, the file and the day it reaches.
    """
    found = {}
    for name in [desk] if desk else DESKS:
        as_of = DESKS[name].newest_day(store)
        if as_of is not None:
            found[name] = (DESKS[name].write(where, store, as_of), as_of)
    return found


def build_sensor(where: home.Home, status: dg.DefaultSensorStatus) -> Any:
    """Sensor `pages` of a home.

    Parameters
    ----------
    where
        The home.
    status
        Whether it runs where nobody has switched it.
    """

    @dg.sensor(
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=status,
        description="Writes the pages of the desks when a session or a day is new.",
    )
    def pages(
        context: dg.SensorEvaluationContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.SkipReason:
        try:
            with warehouse.opened(restating.BUSY_SECONDS) as store:
                days = [desk.newest_day(store) for desk in DESKS.values()]
                shown = f"{days} {daily_report.due(clock.now())}"
                if shown == context.cursor:
                    return dg.SkipReason("Nothing is new.")
                written = write(where, store)
        except errors.WarehouseBusy as obstacle:
            return dg.SkipReason(str(obstacle))
        context.update_cursor(shown)
        names = ", ".join(str(path) for path, _ in written.values())
        return dg.SkipReason(f"Written: {names or 'none, no desk has spoken'}.")

    return pages
