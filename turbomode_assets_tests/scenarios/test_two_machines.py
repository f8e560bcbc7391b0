"""One quarter on two machines, over a link that is cut again and again.

The machine that serves lives session by session; the one that trains wakes up when a
month turns. Whatever is exchanged is first tried over a link that is cut, each time one
step later, then again. In the end every table is that of one machine that lived alone.
"""

import dataclasses
import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import errors, schema, tables
from turbomode_assets.defs import assembly, driver, exchanging, training
from turbomode_assets.invariants import base, verification
from turbomode_assets.promotion import alias
from turbomode_assets.store import exchange, home, manifest, registry, remote, warehouse
from turbomode_assets_tests import conftest, lakes
from turbomode_assets_tests.store import exchanged, sftp_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

LAST = dt.date(2024, 4, 1)
"""First session of the next quarter: its month turns as well."""

SHARED = (
    tables.SIGNALS,
    tables.OUTCOMES,
    tables.CHAMPIONS,
    tables.MODELS,
    tables.VERDICTS,
    tables.STANDINGS,
    tables.OOF_PREDICTIONS,
)
"""Tables that must be those of one machine."""


@dataclasses.dataclass(frozen=True)
class Machine:
    """A home with a role, and the Dagster instance it lives on."""

    where: home.Home
    role: str
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def side(self, place: remote.Remote) -> exchange.Side:
        """Its end of the exchange."""
        now = dt.datetime(2024, 7, 1, tzinfo=dt.UTC)
        return exchange.Side(where=self.where, remote=place, now=now)

    def send(self, place: remote.Remote) -> Iterator[manifest.Manifest]:
        """Push."""
        return exchanging.push(self.side(place), self.role)

    def take(self, place: remote.Remote) -> Iterator[manifest.Manifest]:
        """Pull."""
        return exchanging.pull(self.side(place), self.role, lambda _: None)


def machine(root: Path, role: str, instance: dg.DagsterInstance) -> Machine:
    where, settings = home.Home(root / role), conftest.SETTINGS
    lakes.prepare(where, settings)
    settings = home.join(where, role, str(root / "place"))
    return Machine(where, role, assembly.assemble(where, settings), instance)


class Exchanges:
    """Counts the steps of the protocol, and cuts each of them once, before and after.

    `n_cuts` links were cut so far.
    """

    def __init__(self, place: remote.Remote, serving: Machine) -> None:
        """Nothing was cut yet."""
        self._place, self._serving = place, serving
        self.n_cuts = 0

    def whole(self, go: Callable[[remote.Remote], Iterator[manifest.Manifest]]) -> None:
        """Exchange over a link that is cut, until it is not; then all is through."""
        step, is_done = 1, False
        while True:
            link = exchanged.Cut(self._place, step, is_done=is_done)
            try:
                list(go(link))
            except errors.ExchangeFailed:
                self.n_cuts += 1
                require_a_verified_champion(self._serving)
                step, is_done = (step + 1, False) if is_done else (step, True)
            else:
                return


def require_a_verified_champion(serving: Machine) -> None:
    """Whoever reigns has an intact artifact, at every moment."""
    with warehouse.opened(serving.where.warehouse) as store:
        reigns = alias.history(store.read(tables.CHAMPIONS), "swing")
        for version in reigns["version"].tail(1):
            card = store.read(tables.MODELS, match={"version": version})
            assert registry.is_intact(serving.where.models, card["artifact_sha256"][0])


def read(machine: Machine, table: schema.Table) -> pl.DataFrame:
    with warehouse.opened(machine.where.warehouse) as store:
        return store.read(table).drop(table.wall_clock_columns)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[remote.Remote]:
    """A folder behind a real OpenSSH server; without one, the folder itself."""
    root = tmp_path_factory.mktemp("place")
    if sftp_server.program() is None or os.geteuid() != 0:
        yield remote.opened(str(root / "place"))
        return
    server = sftp_server.start(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(root))
        server.know(server.port)
        yield remote.opened(server.url(root / "place"))
    server.process.terminate()
    server.process.wait()


def test_two_machines_live_the_quarter_of_one(
    place: remote.Remote, tmp_path: Path
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        alone = conftest.live(tmp_path / "alone", instance, last=LAST)
    with dg.DagsterInstance.ephemeral() as one, dg.DagsterInstance.ephemeral() as other:
        serving = machine(tmp_path, "serve", one)
        teaching = machine(tmp_path, "train", other)
        exchanges = Exchanges(place, serving)
        live(serving, teaching, exchanges, place)
        for table in SHARED:
            assert read(serving, table).equals(alone.read(table)), table.name
        for each in (serving, teaching):
            assert broken(each) == []
    assert exchanges.n_cuts > 50


def live(
    serving: Machine, teaching: Machine, exchanges: Exchanges, place: remote.Remote
) -> None:
    """Live what the one machine lived, month by month."""
    agent = driver.Driver(serving.where, serving.definitions, serving.instance)
    steps = driver.plan(conftest.SETTINGS.first, conftest.LIVE_FROM, LAST)
    for step in steps:
        if step.kind is driver.Kind.RETRAINING:
            exchanges.whole(serving.send)
            exchanges.whole(teaching.take)
            list(
                training.learn(
                    teaching.where,
                    teaching.definitions,
                    teaching.instance,
                    teaching.side(place),
                )
            )
            exchanges.whole(teaching.send)
            exchanges.whole(serving.take)
        list(agent.live(agent.possible([step])))


def broken(machine: Machine) -> list[str]:
    """Invariants that do not hold in a home."""
    with warehouse.opened(machine.where.warehouse) as store:
        found = verification.verify(base.Place(store, machine.where), lambda: 0.0)
        return [one.invariant.name for one in found if not one.holds]
