"""What ``turbomode verify`` says of a home that a test has made."""

import time

from turbomode_assets.invariants import base, verification
from turbomode_assets.store import home, warehouse


def broken(where: home.Home) -> dict[str, tuple[str, ...]]:
    """Invariants that are broken, each with the first rows that break it."""
    with warehouse.opened(where.warehouse) as store:
        place = base.Place(store, where)
        found = list(verification.verify(place, time.monotonic))
    return {one.invariant.name: one.examples for one in found if not one.holds}
