"""Every story, by name, and what may be done with it.

A new story is a line here: the sweep, the kills and the page take it up.
"""

from pathlib import Path

from turbomode_assets.store import home
from turbomode_assets_tests import verifying
from turbomode_assets_tests.crashes import delivery, two_homes, world

ALL = {
    **world.STORIES,
    "delivery": delivery.DELIVERY,
    "exchange": two_homes.EXCHANGE,
}


def prepared(lived: home.Home, root: Path, story: str) -> home.Home:
    """Copy of a lived home on the eve of a story; nobody has it open."""
    where = home.Home(root)
    world.copied(lived, where)
    ALL[story].prepare(where)
    return where


def live(where: home.Home, story: str) -> None:
    """Live a story to its end, or to the end of the process."""
    ALL[story].live(where)


def told(where: home.Home, story: str) -> world.Tables:
    """Everything that must come out the same."""
    return ALL[story].told(where)


def broken(where: home.Home, story: str) -> dict[str, tuple[str, ...]]:
    """Invariants that are broken in a home of a story, each with the first rows."""
    found: dict[str, tuple[str, ...]] = {}
    for one in ALL[story].homes(where):
        found |= verifying.broken(one)
    return found


def complaints(state: Path, story: str, expected: world.Tables) -> dict[str, object]:
    """What is wrong with a home killed in a state, or with what becomes of it.

    Parameters
    ----------
    state
        The home; the story is resumed in it.
    story
        What was lived.
    expected
        What came of the life that was not disturbed.

    Returns
    -------
    dict of str to object
        Broken invariants at once and in the end, and tables that differ; empty where
        nothing was lost, doubled or changed.
    """
    where = home.Home(state)
    found: dict[str, object] = dict(broken(where, story))
    live(where, story)
    found |= {f"{name}, resumed": at for name, at in broken(where, story).items()}
    ended = told(where, story)
    return found | {
        name: f"{ended[name].height} rows, expected {rows.height}"
        for name, rows in expected.items()
        if not rows.equals(ended[name])
    }
