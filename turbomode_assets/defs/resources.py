"""Resources: what an asset may reach for, configured from the home's settings.

Deployment values live here and in the settings file; numbers a person might argue
about are policy.

https://docs.dagster.io/guides/build/external-resources
"""

import contextlib
import dataclasses
import datetime as dt
import functools
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
from dagster_duckdb import DuckDBResource

from turbomode_assets import errors, intraday_policy
from turbomode_assets.defs import lifeline
from turbomode_assets.sources import (
    base,
    files,
    headline_tones,
    intraday_base,
    intraday_files,
    intraday_simulated,
    intraday_yahoo,
    language_model,
    membership_file,
    simulated,
    yahoo,
)
from turbomode_assets.store import address, home, registry, warehouse
from turbomode_assets.universe import default_list


class Stopwatch:
    """Adds up the time assets spend with the warehouse open: our own work.

    What is left of a run's time is Dagster's bookkeeping.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.seconds = 0.0
        self._began = self._lapped = time.monotonic()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Count for as long as the context lasts."""
        self._began = began = time.monotonic()
        try:
            yield
        finally:
            self.seconds += time.monotonic() - began

    def lap(self) -> float:
        """Seconds since the warehouse was opened last, or since the lap before."""
        now, since = time.monotonic(), max(self._began, self._lapped)
        self._lapped = now
        return round(now - since, 3)


STOPWATCH = Stopwatch()
"""The stopwatch of this process."""


class WarehouseResource(DuckDBResource):
    """The warehouse of the home: a DuckDB file under our own lock, or a lake.

    The stock resource opens without a lock of its own, leaks its connection on errors
    and retries corrupt files for minutes; this one shares a connection within the
    process and names the holder when it has to wait too long.
    """

    root: str = ""
    lake_path: str = ""

    @property
    def home(self) -> home.Home:
        """The home; that of a file lies around it unless it is named."""
        return home.Home(Path(self.root or Path(self.database).parent))

    @property
    def address(self) -> address.Address:
        """Where the warehouse lies."""
        if self.database.startswith(address.LAKE):
            return address.parse(self.database, self.lake_path, self.home.database)
        return Path(self.database)

    @contextlib.contextmanager
    def yield_for_execution(
        self, context: dg.InitResourceContext
    ) -> Iterator["WarehouseResource"]:
        """Itself, with the run's lifeline and lake held; a tick has neither."""
        with contextlib.ExitStack() as alive:
            if context.run:
                root, run_id = self.home.root, context.run.run_id
                alive.enter_context(lifeline.held(root, run_id))
                if context.instance:
                    lifeline.bury(context.instance, root)
                if isinstance(self.address, address.Lake):
                    # Nobody waits for it, and to open it takes longer than a step.
                    alive.enter_context(warehouse.opened(self.address))
            yield self

    @contextlib.contextmanager
    def opened(
        self, wait_seconds: float = warehouse.WAIT_SECONDS
    ) -> Iterator[warehouse.Warehouse]:
        """Open the warehouse for as long as the context lasts.

        Parameters
        ----------
        wait_seconds
            How long to wait for another process.
        """
        where = self.address
        with STOPWATCH.running(), warehouse.opened(where, wait_seconds) as store:
            yield store


class MarketResource(dg.ConfigurableResource[base.Source]):
    """Where bars come from."""

    kind: str
    first: str
    path: str = ""
    universe: str = ""
    cache: str = ""
    pace_seconds: float = 1.0
    seed: int = 7
    edge: float = 1.0
    n_symbols: int = 100

    def source(self) -> base.Source:
        """Source these settings describe; a file is read once in a process."""
        if self.kind == "files":
            return _files(self.path, self.universe)
        if self.kind == "yahoo":
            listed = self._listed()
            return yahoo.Yahoo(listed, Path(self.cache), self.pace_seconds)
        return simulated.Simulated(self.seed, self.edge, self.n_symbols)

    def _listed(self) -> pl.DataFrame:
        """Members by the universe file, or the default list."""
        if not self.universe:
            return default_list.members(self.since())
        return membership_file.members(Path(self.universe), self.since())

    def since(self) -> dt.date:
        """First session of history."""
        return dt.date.fromisoformat(self.first)


class RoundsResource(dg.ConfigurableResource[intraday_base.IntradaySource]):
    """Where the bars, headlines and option chains of the intraday desk come from."""

    kind: str
    is_working: bool = True
    path: str = ""
    symbols: str = ""
    cache: str = ""
    tones: str = ""
    weights: str = "learned"
    pace_seconds: float = 1.0
    seed: int = 7
    edge: float = 1.0

    @property
    def why_resting(self) -> str:
        """Sentence about a desk without a source; empty where it has one."""
        if not self.is_working:
            return "The intraday desk is switched off in settings.toml: is_intraday"
        if self.kind != "files" or self.path:
            return ""
        return (
            "The intraday desk rests: prices come from a file, and no file of minutes "
            "is named in settings.toml: intraday_path"
        )

    def source(self) -> intraday_base.IntradaySource:
        """Source these settings describe; a file is read once in a process.

        Raises
        ------
        errors.SettingsError
            Where the desk rests.
        """
        if self.why_resting:
            raise errors.SettingsError(self.why_resting)
        desk = self.rules().desk
        if self.kind == "files":
            return _minutes(self.path, desk.names)
        if self.kind == "yahoo":
            cache = Path(self.cache)
            return intraday_yahoo.IntradayYahoo(desk, cache, self.pace_seconds)
        return self._simulated()

    def fetch(
        self, first: dt.date, last: dt.date, now: dt.datetime
    ) -> intraday_base.Delivery:
        """What the source delivers, with the tones a language model tells, if any.

        Raises
        ------
        errors.SettingsError
            Where the desk rests, or the model in the environment is half named.
        """
        reader = language_model.opened(Path(self.tones))
        delivery = self.source().fetch_rounds(first, last, now)
        if reader is None:
            return delivery
        return headline_tones.told(reader, delivery, last, now)

    def rules(self) -> intraday_policy.IntradayPolicy:
        """Policy in force, on the symbols asked for."""
        stock = intraday_policy.INTRADAY
        desk = stock.desk
        if self.kind == "simulated":
            desk = self._simulated().desk
        elif self.symbols:
            desk = dataclasses.replace(desk, symbols=_split(self.symbols))
        consensus = dataclasses.replace(stock.consensus, method=self.weights)
        return dataclasses.replace(stock, desk=desk, consensus=consensus)

    def _simulated(self) -> intraday_simulated.IntradaySimulated:
        stock = intraday_simulated.SYMBOLS
        symbols = _split(self.symbols) if self.symbols else stock
        return intraday_simulated.IntradaySimulated(self.seed, self.edge, symbols)


def _split(symbols: str) -> tuple[str, ...]:
    return tuple(symbol.strip().upper() for symbol in symbols.split(","))


@functools.lru_cache(maxsize=4)
def _minutes(path: str, names: tuple[str, ...]) -> intraday_files.IntradayFiles:
    return intraday_files.IntradayFiles(path, names)


@functools.lru_cache(maxsize=4)
def _files(path: str, universe: str) -> files.Files:
    return files.Files(Path(path), universe=Path(universe) if universe else None)


class RegistryResource(dg.ConfigurableResource[None]):
    """Folder of the model artifacts."""

    root: str

    def save(self, artifact: dict[str, bytes]) -> str:
        """Store an artifact; its content address."""
        return registry.save(Path(self.root), artifact)

    def load(self, address: str) -> dict[str, bytes]:
        """Bytes of an artifact, verified."""
        return registry.load(Path(self.root), address)

    def prune(self, addresses: list[str]) -> list[str]:
        """Remove artifacts that are kept; their addresses."""
        return registry.prune(Path(self.root), addresses)


class ClockResource(dg.ConfigurableResource[None]):
    """The only clock: it stamps rows and tells live signals from replayed ones.

    A test sets `fixed_at` to an ISO time and lives there.
    """

    fixed_at: str = ""

    def now(self) -> dt.datetime:
        """Present moment in UTC."""
        if self.fixed_at:
            return dt.datetime.fromisoformat(self.fixed_at)
        return dt.datetime.now(dt.UTC)  # noqa: TID251


def market(where: home.Home, settings: home.Settings) -> MarketResource:
    """Market these settings describe."""
    return MarketResource(
        kind=settings.source,
        first=settings.first.isoformat(),
        path=settings.path,
        universe=settings.universe,
        cache=str(where.root / "yahoo"),
        pace_seconds=settings.pace_seconds,
        seed=settings.seed,
        edge=settings.edge,
        n_symbols=settings.n_symbols,
    )


def rounds(where: home.Home, settings: home.Settings) -> RoundsResource:
    """Intraday source these settings describe."""
    return RoundsResource(
        kind=settings.source,
        is_working=settings.is_intraday,
        path=settings.intraday_path,
        symbols=settings.intraday_symbols,
        cache=str(where.root / "yahoo-intraday"),
        tones=str(where.root / "tones"),
        weights=settings.intraday_weights,
        pace_seconds=settings.pace_seconds,
        seed=settings.seed,
        edge=settings.edge,
    )


def stored(where: home.Home) -> WarehouseResource:
    """Warehouse of a home."""
    found = where.warehouse
    return WarehouseResource(
        database=str(found),
        root=str(where.root),
        lake_path="" if isinstance(found, Path) else found.files,
    )


def build(where: home.Home, settings: home.Settings) -> dict[str, object]:
    """Resources of a home by name.

    Parameters
    ----------
    where
        The home.
    settings
        Its settings.

    Returns
    -------
    dict of str to resource
    """
    return {
        "warehouse": stored(where),
        "market": market(where, settings),
        "rounds": rounds(where, settings),
        "models": RegistryResource(root=str(where.models)),
        "clock": ClockResource(),
    }
