"""What several replays say together: each market is one trial, by Student's t.

Rows of one replay stand in ``learning.py``. Markets drawn from different seeds are
independent; sessions of one market are not, and are never counted as if they were.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from turbomode_assets.reports import learning


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pooled:
    """Mean of one figure over several replays."""

    name: str
    n_replays: int
    mean: float
    interval: tuple[float, float] | None
    """95 %; None with fewer than two replays, or where all agree exactly."""
    p: float | None
    """Two-sided, of a mean this far from zero by chance."""


def pooled(name: str, figures: Sequence[float]) -> Pooled:
    """Mean of a figure, with its interval and p.

    Parameters
    ----------
    name
        What is pooled.
    figures
        One per replay; at least one.

    Examples
    --------
    >>> pooled("gain", [1.0, 2.0, 3.0]).mean
    2.0
    """
    found = np.array(figures)
    n, mean = found.size, float(found.mean())
    error = float(found.std(ddof=1) / math.sqrt(n)) if n > 1 else 0.0
    reach = float(special.stdtrit(n - 1, 0.975)) * error if error else 0.0
    return Pooled(
        name=name,
        n_replays=n,
        mean=mean,
        interval=(mean - reach, mean + reach) if error else None,
        p=float(2 * special.stdtr(n - 1, -abs(mean) / error)) if error else None,
    )


def by_market(
    reports: Sequence[learning.Learning],
) -> dict[str, list[learning.Learning]]:
    """Reports by their market: only those of one may be pooled."""
    found: dict[str, list[learning.Learning]] = {}
    for report in reports:
        found.setdefault(report.market, []).append(report)
    return found


def pool(reports: Sequence[learning.Learning]) -> tuple[Pooled, ...]:
    """Gains of the product on every session, and skill and direction of each arm.

    Parameters
    ----------
    reports
        One per replay, all of one market: with an edge and without one are two.
    """
    found: dict[str, list[float]] = {}
    for report in reports:
        for pair in report.whole:
            found.setdefault(f"{pair.better} over {pair.than}", []).append(pair.gain)
    for report in reports:
        for arm in report.arms:
            if arm.skill is not None and arm.direction is not None:
                found.setdefault(f"{arm.arm}: skill", []).append(arm.skill)
                found.setdefault(f"{arm.arm}: direction", []).append(arm.direction)
    kept = {name: [x for x in xs if math.isfinite(x)] for name, xs in found.items()}
    return tuple(pooled(name, figures) for name, figures in kept.items() if figures)
