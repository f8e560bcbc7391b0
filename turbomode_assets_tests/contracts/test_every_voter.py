"""What every voter must do; a new one is covered by being in its folder."""

import ast
import dataclasses
import datetime as dt
import functools
import inspect
import sys
from typing import Any, cast

import numpy as np
import polars as pl
import pytest

from turbomode_assets import intraday_policy
from turbomode_assets.intraday import ballot, snapshot, votes
from turbomode_assets.sources import intraday_simulated
from turbomode_assets_tests.intraday import simulated_desk

FIRST, LAST = dt.date(2018, 1, 2), dt.date(2018, 6, 6)
CUT = dt.date(2018, 6, 4)
RULES = intraday_policy.INTRADAY

every_voter = pytest.mark.parametrize("name", sorted(ballot.discover()))


@pytest.fixture(scope="module")
def stored() -> simulated_desk.Stored:
    source = intraday_simulated.IntradaySimulated()
    return simulated_desk.stored(source, FIRST, LAST)


@pytest.fixture(scope="module")
def seen(stored: simulated_desk.Stored) -> list[snapshot.Snapshot]:
    """Every third round of the last four sessions."""
    history = stored.laid_out()
    numbers = history.grid["round"].to_list()[-104::3]
    return [history.at("SIM", number) for number in numbers]


def vote_of(name: str, one: snapshot.Snapshot) -> votes.Vote:
    return ballot.discover()[name].vote(one, RULES.voters)


@every_voter
def test_it_is_one_documented_function(name: str) -> None:
    module = cast("Any", ballot.discover()[name])
    assert module.__doc__
    assert inspect.getdoc(module.vote)
    public = [
        node.name
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    assert public == ["vote"]


@every_voter
def test_it_reads_nothing_but_what_it_is_given(name: str) -> None:
    module = cast("Any", ballot.discover()[name])
    imported = {
        alias.name if isinstance(node, ast.Import) else f"{node.module}"
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    own = {"turbomode_assets.intraday", "turbomode_assets.intraday.votes"}
    assert imported <= own | {"math", "numpy", "turbomode_assets.voter_policy"}


HEARD: list[str] = []
OUTSIDE = ("open", "os.", "socket.", "subprocess.", "import")
"""What events of the interpreter begin with that reach for the world."""


@functools.cache
def listen() -> list[bool]:
    """Hear what the interpreter does while the only entry is true."""
    is_on = [False]

    def hear(event: str, _: object) -> None:
        if is_on[0] and event.startswith(OUTSIDE):
            HEARD.append(event)

    sys.addaudithook(hear)
    return is_on


@every_voter
def test_it_reaches_for_nothing_outside(
    name: str, seen: list[snapshot.Snapshot]
) -> None:
    vote_of(name, seen[0])  # the lexicon and libraries are read once
    HEARD.clear()
    listen()[0] = True
    for one in seen:
        vote_of(name, one)
    listen()[0] = False
    assert HEARD == []


@every_voter
def test_a_vote_lies_in_its_range_and_gives_a_reason(
    name: str, seen: list[snapshot.Snapshot]
) -> None:
    found = [vote_of(name, one) for one in seen]
    assert not all(vote.is_abstaining for vote in found)
    for vote in found:
        channels = [c for c in (vote.score, vote.volatility) if c is not None]
        assert all(-1.0 <= channel <= 1.0 for channel in channels)
        assert 0.0 <= vote.confidence <= 1.0
        assert vote.staleness >= 0.0
        assert vote.reason.endswith(".")
        assert len(vote.reason) < 250


@every_voter
def test_it_says_the_same_of_the_same(name: str, seen: list[snapshot.Snapshot]) -> None:
    assert [vote_of(name, one) for one in seen] == [vote_of(name, one) for one in seen]
    spoken = {
        (vote.score, vote.volatility) for one in seen if (vote := vote_of(name, one))
    }
    assert len(spoken) > 1


@every_voter
def test_the_future_changes_nothing(name: str, stored: simulated_desk.Stored) -> None:
    prices = pl.col("open", "high", "low", "close")
    is_later = pl.col("session") > CUT
    absurd = pl.when(is_later).then(prices * 9).otherwise(prices)
    other = dataclasses.replace(stored, bars=stored.bars.with_columns(absurd))
    early = stored.filter(~is_later).laid_out()
    number = early.grid["round"].to_list()[-3]
    histories = (early, stored.laid_out(), other.laid_out())
    said = [vote_of(name, history.at("SIM", number)) for history in histories]
    assert said[0] == said[1] == said[2]


@every_voter
def test_without_any_past_it_abstains_and_says_why(
    name: str, seen: list[snapshot.Snapshot]
) -> None:
    nothing = dataclasses.replace(
        seen[0],
        daily=np.full_like(seen[0].daily[:, :, -1:], np.nan),
        ages=np.full_like(seen[0].ages, np.inf),
        headlines=(),
        chain=None,
    )
    vote = vote_of(name, nothing)
    assert vote.is_abstaining
    assert vote.confidence == 0.0
    assert vote.reason.endswith(".")


@every_voter
def test_the_level_of_prices_does_not_matter(
    name: str, seen: list[snapshot.Snapshot]
) -> None:
    one = seen[5]
    index = one.desk.names.index(one.desk.volatility_index)
    factor = np.full((len(one.desk.names), 5, 1), 7.5)
    factor[index] = 1.0  # quoted in percent, not in dollars
    factor[:, 4] = 1.0
    chain = one.chain
    assert chain is not None
    priced = {
        field: getattr(chain, field) * 7.5 for field in ("strike", "bid", "ask", "last")
    }
    other = dataclasses.replace(
        one, daily=one.daily * factor, chain=dataclasses.replace(chain, **priced)
    )
    here, there = vote_of(name, one), vote_of(name, other)
    assert there.score == pytest.approx(here.score)
    assert there.volatility == pytest.approx(here.volatility)
    assert there.confidence == pytest.approx(here.confidence)
