"""The home: one folder with everything an installation keeps.

``TURBOMODE_HOME`` (default ``./.turbomode``) holds ``settings.toml``,
``dagster.yaml``, the warehouse, the models and the reports. No other setting is
needed to start. Settings say where data comes from; numbers that a person might argue
about are policy and do not belong here.
"""

import contextlib
import dataclasses
import datetime as dt
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from turbomode_assets import errors, intraday_policy, sessions
from turbomode_assets.store import address

VARIABLE = "TURBOMODE_HOME"
"""Environment variable that names the home."""

PAUSED = "TURBOMODE_PAUSED"
"""Environment variable that, if not empty, leaves schedules and sensors switched off
until somebody switches them on."""

DEFAULT = ".turbomode"
"""Folder used where ``TURBOMODE_HOME`` is not set, in the working directory."""

SOURCES = ("simulated", "files", "yahoo")
"""Sources a home can be set up with."""

_NO_SETTINGS = (
    tomllib.TOMLDecodeError,
    UnicodeError,
    TypeError,
    OSError,
    RecursionError,
)
"""What comes of a file that holds none."""

LATER = {
    *("is_intraday", "intraday_path", "intraday_symbols", "intraday_weights"),
    *("role", "exchange"),
    *("warehouse", "lake_path", "partitions_per_run"),
}
"""Settings that may be changed in the file of a home that has lived."""

ROLES = ("all", "serve", "train")
"""Parts of the loop a machine may run: all of it, what must never stop, or learning."""

EARLIEST = dt.date(1998, 1, 2)
"""Earliest first session: two years after the calendar begins, for look-backs."""

_DAGSTER_YAML = """\
# Written by turbomode; yours to change.
telemetry:
  enabled: false
event_log_storage:  # Dagster's own, four times as fast: see the module
  module: turbomode_assets.defs.event_log
  class: PooledSqliteEventLog
  config: {}
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 2
  pools:
    default_limit: 1
    granularity: op
run_launcher:  # Dagster's own, told which runs died with the machine: see the module
  module: turbomode_assets.defs.lifeline
  class: WatchedRunLauncher
run_monitoring:
  enabled: true
  poll_interval_seconds: 60
  start_timeout_seconds: 180
  max_runtime_seconds: 43200
  free_slots_after_run_end_seconds: 60
code_servers:  # else they outlive `turbomode up` by some seconds
  wait_for_local_processes_on_shutdown: true
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the data of a home comes from, and from which session on."""

    source: str = "simulated"
    """One of `SOURCES`."""

    path: str = ""
    """Panel or folder of the file source."""

    universe: str = ""
    """Optional CSV of symbols and sectors; without it the file source takes every
    symbol, and Yahoo the default list."""

    pace_seconds: float = 1.0
    """Seconds between two requests to Yahoo: its limits are not published, and one a
    second is what a patient person could do."""

    seed: int = 7
    """Seed of the simulated market."""

    edge: float = 2.0
    """Strength of what can be predicted in the simulated market: 0 is pure noise, and
    2 shows within the one year of evidence a gate asks for."""

    n_symbols: int = 100
    """Symbols of the simulated market."""

    first: dt.date = dt.date(2020, 1, 2)
    """First session of history; the first partition of every daily asset."""

    is_intraday: bool = True
    """Whether the intraday desk works beside the nightly one."""

    intraday_path: str = ""
    """Bars of minutes for the intraday desk of the file source; without them the desk
    has nothing to look at, and rests."""

    intraday_symbols: str = ""
    """Symbols the intraday desk predicts, separated by commas; empty: those of its
    policy, or of the simulated market."""

    intraday_weights: str = "learned"
    """How the intraday desk weighs its voters: one of `intraday_policy.METHODS`."""

    role: str = "all"
    """One of `ROLES`; a machine that serves and one that trains share the loop."""

    exchange: str = ""
    """URL both of them reach, see `remote.opened`; empty where there is one machine."""

    warehouse: str = ""
    """URL of the warehouse, see `address.parse`; empty: a file in the home."""

    lake_path: str = ""
    """Folder or bucket for the files of a lake, where the warehouse is one."""

    partitions_per_run: int = 0
    """Partitions of a backfill that one run takes, so that many machines share it; 0:
    all of them, which costs one machine the least."""

    @property
    def is_living(self) -> bool:
        """Whether the source goes on with the calendar, session after session."""
        return self.source == "yahoo"

    def __post_init__(self) -> None:
        """Refuse what no source can serve."""
        _require_known("source", self.source, SOURCES)
        _require_known("role", self.role, ROLES)
        methods = intraday_policy.METHODS
        _require_known("intraday_weights", self.intraday_weights, methods)
        is_there = bool(self.path) and Path(self.path).exists()
        if self.source == "files" and not is_there:
            message = f"expected a file or folder at path {self.path!r}, found nothing"
            raise errors.SettingsError(message)
        if self.intraday_path and not Path(self.intraday_path).exists():
            message = f"expected a file or folder at {self.intraday_path!r}, found none"
            raise errors.SettingsError(message)
        errors.require("n_symbols", self.n_symbols, 1, 100_000)
        if self.first < EARLIEST:
            message = f"history must begin on {EARLIEST} or later, was {self.first}"
            raise errors.SettingsError(message)
        if not sessions.is_session(self.first):
            nearest = sessions.on_or_after(self.first)
            message = f"`first` must be a session, was {self.first}; try {nearest}"
            raise errors.SettingsError(message)


def _require_known(kind: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise errors.SettingsError(errors.unknown_name(kind, name, known))


@dataclasses.dataclass(frozen=True)
class Home:
    """Paths inside one home."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """Where the settings stand."""
        return self.root / "settings.toml"

    @property
    def database(self) -> Path:
        """The DuckDB file of a home that names no other warehouse."""
        return self.root / "turbomode.duckdb"

    @property
    def warehouse(self) -> address.Address:
        """Where the warehouse lies, by the settings."""
        written = _written(self)
        url, files = (str(written.get(n, "")) for n in ("warehouse", "lake_path"))
        return address.parse(url, files, self.database)

    def require_warehouse(self) -> None:
        """Refuse a home without the file of its warehouse; a lake is made if absent.

        Raises
        ------
        errors.SettingsError
            Names the file.
        """
        where = self.warehouse
        if isinstance(where, Path) and not where.is_file():
            message = f"expected a warehouse at {where}, found none; run first"
            raise errors.SettingsError(message)

    @property
    def models(self) -> Path:
        """Folder of the model artifacts."""
        return self.root / "models"


def locate(environment: Mapping[str, str] = os.environ) -> Home:
    """Home named by ``TURBOMODE_HOME``, or the default in the working directory.

    Examples
    --------
    >>> locate({"TURBOMODE_HOME": "/srv/turbomode"}).database.name
    'turbomode.duckdb'
    """
    return Home(Path(environment.get(VARIABLE, DEFAULT)).resolve())


def existing(root: Path | None) -> Home:
    """Home a person names, else that of the environment; one that is there.

    Raises
    ------
    errors.SettingsError
        Where there is none.
    """
    found = Home(root.resolve()) if root else locate()
    if not (found.settings_file.exists() or found.database.exists()):
        message = (
            f"expected a home at {found.root}, found none; begin with: turbomode run"
        )
        raise errors.SettingsError(message)
    return found


def is_paused(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether schedules and sensors wait until somebody switches them on.

    Examples
    --------
    >>> is_paused({}), is_paused({"TURBOMODE_PAUSED": "1"})
    (False, True)
    """
    return bool(environment.get(PAUSED))


def with_first(settings: Settings, first: dt.date) -> Settings:
    """Same settings, with history beginning at session `first`."""
    return dataclasses.replace(settings, first=first)


def read_settings(home: Home) -> Settings:
    """Settings of a home; the defaults where none were written.

    Raises
    ------
    errors.SettingsError
        Where the file cannot be read or names an unknown setting.
    """
    with _explained(home):
        return Settings(**_written(home))


def _written(home: Home) -> dict[str, Any]:
    """What stands in the settings file; nothing where there is none."""
    with _explained(home):
        if not home.settings_file.exists():
            return {}
        return tomllib.loads(home.settings_file.read_text())


@contextlib.contextmanager
def _explained(home: Home) -> Iterator[None]:
    try:
        yield
    except _NO_SETTINGS as fault:
        message = f"{home.settings_file} cannot be read: {fault}"
        raise errors.SettingsError(message) from fault


def prepare(home: Home, settings: Settings) -> None:
    """Create a home, or make sure that it was created with the same settings.

    Raises
    ------
    errors.SettingsError
        Where the home was set up differently; lists every difference.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    if not (home.root / "dagster.yaml").exists():
        (home.root / "dagster.yaml").write_text(_DAGSTER_YAML)
    if not home.settings_file.exists():
        home.settings_file.write_text(_as_toml(settings))
        return
    differing = _differences(read_settings(home), settings)
    if differing:
        message = (
            f"{home.root} was set up differently: {'; '.join(differing)}. "
            "Use another --home, or the settings it has"
        )
        raise errors.SettingsError(message)


def _differences(kept: Settings, asked: Settings) -> list[str]:
    """Settings asked for otherwise; those of `LATER` only where not the default."""
    found = []
    for field in dataclasses.fields(Settings):
        old, new = getattr(kept, field.name), getattr(asked, field.name)
        is_asked = field.name not in LATER or new != field.default
        if old != new and is_asked:
            found.append(f"{field.name} is {old}, asked for {new}")
    return found


def join(home: Home, role: str, exchange: str) -> Settings:
    """Give a home its role and the place it exchanges with; its settings then.

    Parameters
    ----------
    home
        A home, or a folder that becomes one.
    role
        One of `ROLES`.
    exchange
        URL both machines reach; empty where there is one machine.
    """
    prepare(home, read_settings(home))
    return _changed(home, role=role, exchange=exchange)


def point(home: Home, warehouse: str, lake_path: str) -> Settings:
    """Point a home at another warehouse, which is not looked at; its settings then.

    Parameters
    ----------
    home
        The home.
    warehouse, lake_path
        As in `Settings`.
    """
    return _changed(home, warehouse=warehouse, lake_path=lake_path)


def _changed(home: Home, **values: Any) -> Settings:
    settings = dataclasses.replace(read_settings(home), **values)
    aside = home.settings_file.with_suffix(".new")
    aside.write_text(_as_toml(settings))
    aside.replace(home.settings_file)
    return settings


def _as_toml(settings: Settings) -> str:
    def literal(value: object) -> str:
        text = str(value)
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        if isinstance(value, bool):
            return text.lower()
        return f'"{quoted}"' if isinstance(value, str) else text

    fields = dataclasses.asdict(settings)
    lines = [f"{name} = {literal(value)}" for name, value in fields.items()]
    return "\n".join(["# Written by turbomode; one home, one market.", *lines, ""])
