"""A home whose schedules and sensors are off: for those who want to look first.

Off is a default, not a deed: what was switched on or off in the user interface stays
so, and without the pause everything is again as ``automation.py`` and ``sensors.py``
declare it.
"""

import copy
from typing import Any

import dagster as dg
from dagster_shared import record


def pause(definitions: dg.Definitions) -> dg.Definitions:
    """Same definitions, with every schedule and sensor off unless switched on.

    Parameters
    ----------
    definitions
        Of a home.
    """
    return record.replace(
        definitions,
        schedules=[
            _stopped(each, dg.DefaultScheduleStatus.STOPPED)
            for each in definitions.schedules or ()
        ],
        sensors=[
            _stopped(each, dg.DefaultSensorStatus.STOPPED)
            for each in definitions.sensors or ()
        ],
    )


def _stopped(each: Any, status: object) -> Any:
    # Dagster has no way to declare a definition a second time with another status.
    same = copy.copy(each)
    same._default_status = status  # noqa: SLF001
    return same
