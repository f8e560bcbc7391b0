"""Who votes: the voters found by discovery, and all their votes on one snapshot."""

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol, cast

from turbomode_assets.intraday import snapshot, voters
from turbomode_assets.intraday.votes import Vote
from turbomode_assets.voter_policy import VoterPolicy


class Voter(Protocol):
    """What a module of `voters` must offer."""

    def vote(self, seen: snapshot.Snapshot, rules: VoterPolicy) -> Vote:
        """What it says of `seen`; the same for the same arguments."""


@functools.cache
def discover() -> Mapping[str, Voter]:
    """Every voter by name, in the order of names.

    Examples
    --------
    >>> len(discover())
    8
    """
    names = sorted(module.name for module in pkgutil.iter_modules(voters.__path__))
    return {
        name: cast("Voter", importlib.import_module(f"{voters.__name__}.{name}"))
        for name in names
    }


def cast_votes(seen: snapshot.Snapshot, rules: VoterPolicy) -> dict[str, Vote]:
    """Vote of every voter, by name."""
    return {name: voter.vote(seen, rules) for name, voter in discover().items()}
