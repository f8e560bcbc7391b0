"""Every invariant held against a home.

Finds the invariants in the modules of this folder, searches, and says what was found
and how long it took. How that is shown stands in ``cli_verify.py``.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator

from turbomode_assets.invariants import (
    base,
    everywhere,
    learning,
    market,
    outcomes,
    paper,
    reports,
    signals,
)

ALL: tuple[base.Invariant, ...] = (
    *everywhere.ALL,
    *market.ALL,
    *signals.ALL,
    *outcomes.ALL,
    *learning.ALL,
    *paper.ALL,
    *reports.ALL,
)
"""Every invariant, in the order of the loop."""

SHOWN = 3
"""Rows that are shown of those that break an invariant."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """What came of a search."""

    invariant: base.Invariant
    n_rows: int
    """Rows that break it."""

    examples: tuple[str, ...]
    """The first of them."""

    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return self.n_rows == 0


def verify(
    place: base.Place,
    clock: Callable[[], float],
    invariants: Iterable[base.Invariant] = ALL,
) -> Iterator[Finding]:
    """Hold invariants against a home, one after another.

    Parameters
    ----------
    place
        The home, its warehouse open.
    clock
        Seconds since some moment, to measure with.
    invariants
        What to hold against it.
    """
    for invariant in invariants:
        began = clock()
        rows = invariant.find(place)
        yield Finding(
            invariant=invariant,
            n_rows=rows.height,
            examples=tuple(map(_in_words, rows.head(SHOWN).iter_rows(named=True))),
            seconds=clock() - began,
        )


def _in_words(row: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())
