"""Two homes with nothing but tables, and a link that can be cut at any step."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from turbomode_assets import errors, schema, tables
from turbomode_assets.store import (
    exchange,
    home,
    receiving,
    registry,
    remote,
    sending,
    warehouse,
)
from turbomode_assets_tests import lakes

NOW = dt.datetime(2024, 7, 10, 3, tzinfo=dt.UTC)
DAYS = [dt.date(2024, 7, day) for day in (1, 2, 3, 5, 8, 9)]

LEDGER = exchange.Channel(
    name="ledger",
    tables=(tables.UNIVERSE, tables.BARS),
    paced_by=(tables.BARS,),
    is_append=False,
    features="f1",
)
MODELS = exchange.Channel(
    name="models",
    tables=(tables.MODELS, tables.VERDICTS),
    paced_by=(tables.MODELS,),
    is_append=True,
    features="f1",
)


def bars(session: dt.date, n_symbols: int = 3, close: float = 10.0) -> pl.DataFrame:
    """Bars of a session."""
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    rest = {"volume": 1e6, "dividend": 0.0, "split_ratio": 1.0, "source": "test"}
    row = {"session": session, "known_at": NOW, **prices, **rest}
    rows = [{"symbol": f"SIM{n:03d}", **row} for n in range(n_symbols)]
    return pl.DataFrame(rows, schema=tables.BARS.schema())


def card(version: str, month: dt.date, address: str) -> pl.DataFrame:
    """Model card of a version."""
    text = dict.fromkeys(("data_fingerprint", "feature_version", "policy_version"), "0")
    day = dt.date(2024, 1, 2)
    row = {"desk": "swing", "version": version, "month": month, "n_samples": 1, **text}
    row |= {"window_from": day, "window_to": day, "labels_known_on": day}
    row |= dict.fromkeys(("parameters", "metrics", "importance"), "{}")
    row |= {"artifact_sha256": address, "began_at": NOW, "trained_at": NOW}
    return pl.DataFrame([row], schema=tables.MODELS.schema())


class Cut:
    """A place behind a link that fails once, at one step, before or after it is done.

    Parameters
    ----------
    inner
        The place.
    at_step
        Step that fails; the first is 1.
    is_done
        Whether the step is done and only its answer is lost.
    """

    def __init__(self, inner: remote.Remote, at_step: int, *, is_done: bool) -> None:
        """Count from 1."""
        self._inner, self._left, self._is_done = inner, at_step, is_done
        self.place = inner.place

    def _step(self) -> bool:
        self._left -= 1
        if self._left == 0 and not self._is_done:
            self._answer(is_cut=True)
        return self._left == 0

    def _answer(self, *, is_cut: bool) -> None:
        if is_cut:
            message = f"{self.place}: the link was cut"
            raise errors.ExchangeFailed(message)

    def names(self, folder: str) -> list[str]:
        """As the place says."""
        return list(self.sizes(folder))

    def sizes(self, folder: str) -> dict[str, int]:
        """As the place says."""
        is_cut = self._step()
        found = self._inner.sizes(folder)
        self._answer(is_cut=is_cut)
        return found

    def read(self, name: str) -> bytes:
        """As the place says."""
        is_cut = self._step()
        found = self._inner.read(name)
        self._answer(is_cut=is_cut)
        return found

    def write(self, name: str, content: bytes) -> None:
        """As the place does."""
        is_cut = self._step()
        self._inner.write(name, content)
        self._answer(is_cut=is_cut)


@dataclasses.dataclass(frozen=True)
class Pair:
    """A home that serves, one that trains, and the place both reach."""

    serving: home.Home
    training: home.Home
    place: remote.Remote

    def side(
        self, where: home.Home, through: remote.Remote | None = None
    ) -> exchange.Side:
        """End of the exchange."""
        return exchange.Side(where=where, remote=through or self.place, now=NOW)

    def push(self, through: remote.Remote | None = None) -> list[int]:
        """Send the ledger; sequences sent."""
        sent = sending.publish(self.side(self.serving, through), LEDGER)
        return [found.sequence for found in sent]

    def pull(self, through: remote.Remote | None = None) -> list[int]:
        """Take the ledger over; sequences taken over."""
        taken = receiving.receive(self.side(self.training, through), LEDGER)
        return [found.sequence for found in taken]

    def give_back(self, through: remote.Remote | None = None) -> list[int]:
        """Send the models; sequences sent."""
        sent = sending.publish(self.side(self.training, through), MODELS)
        return [found.sequence for found in sent]

    def take_back(self, through: remote.Remote | None = None) -> list[int]:
        """Take the models over; sequences taken over."""
        taken = receiving.receive(self.side(self.serving, through), MODELS)
        return [found.sequence for found in taken]


def pair(root: Path, url: str = "") -> Pair:
    """Two empty homes in a folder, and a place there or at a URL."""
    serving, training = (home.Home(root / name) for name in ("serving", "training"))
    for where in (serving, training):
        lakes.prepare(where, home.Settings())
    return Pair(serving, training, remote.opened(url or str(root / "place")))


def put(where: home.Home, table: schema.Table, rows: pl.DataFrame) -> None:
    """Replace the partitions the rows lie in."""
    days = rows[table.partition_column] if table.partition_column else None
    first, last = (days.min(), days.max()) if days is not None else (None, None)
    with warehouse.opened(where.warehouse) as store:
        store.replace(table, rows, first, last)  # type: ignore[arg-type]


def read(where: home.Home, table: schema.Table) -> pl.DataFrame:
    """Every row of a table."""
    with warehouse.opened(where.warehouse) as store:
        return store.read(table)


def teach(
    where: home.Home,
    version: str,
    month: dt.date,
    artifact: Mapping[str, bytes] | None = None,
) -> str:
    """A challenger in a home, with its artifact; the address."""
    files = artifact or {"card.json": version.encode()}
    address = registry.save(where.models, {**files, "version": version.encode()})
    put(where, tables.MODELS, card(version, month, address))
    return address
