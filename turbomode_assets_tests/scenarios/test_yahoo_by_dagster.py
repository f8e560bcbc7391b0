"""An unmodified Dagster process takes bars from Yahoo, led there by variables alone."""

import datetime as dt
import os
import pathlib
import subprocess
import sys

import polars as pl
import pytest

from turbomode_assets import market_tables, sessions, tables
from turbomode_assets.defs import resources
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes, verifying
from turbomode_assets_tests.loopback import faults, server
from turbomode_assets_tests.loopback.world import Listing, Split, World

NOW = resources.ClockResource().now()
# The partition of a session is there when its day is over in UTC.
LAST = sessions.on_or_before(NOW.date() - dt.timedelta(days=1))
SINCE = sessions.shift(LAST, -60)
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
MARKET = World(
    [
        Listing(symbol="SPY", first=SINCE),
        Listing(
            symbol="AAA", first=SINCE, splits=[Split(sessions.shift(LAST, -20), 4.0)]
        ),
        *(Listing(symbol=symbol, first=SINCE) for symbol in SYMBOLS[1:]),
    ],
    NOW,
)
ASSETS = "market/bar_revisions,market/bars"


def materialize(root: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Ask Dagster's own command line for the last twenty sessions."""
    first = sessions.shift(LAST, -20)
    module = ["-m", "turbomode_assets.definitions", "--select", ASSETS]
    window = ["--partition-range", f"{first}...{LAST}"]
    names = {"DAGSTER_HOME": str(root), home.VARIABLE: str(root)}
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "dagster", "asset", "materialize", *module, *window],
        env=os.environ | names,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    listed = tmp_path / "universe.csv"
    rows = {"symbol": SYMBOLS, "sector": ["unknown"] * len(SYMBOLS)}
    pl.DataFrame(rows).write_csv(listed)
    settings = home.Settings(
        source="yahoo", first=SINCE, universe=str(listed), pace_seconds=0.0
    )
    lakes.prepare(home.Home(tmp_path), settings)
    return tmp_path


def test_bars_arrive_as_traded_and_a_failed_symbol_is_named(
    root: pathlib.Path,
) -> None:
    with server.reached(MARKET.answer) as yahoo:
        yahoo.plan("FFF", faults.Plan(faults.server_error))
        done = materialize(root)
    assert done.returncode == 0, done.stderr[-3000:]
    with warehouse.opened(home.Home(root).warehouse) as store:
        bars, fetches = store.read(tables.BARS), store.read(market_tables.FETCHES)
    for symbol in ("AAA", "BBB"):
        found = bars.filter(pl.col("symbol") == symbol)
        truth = MARKET.truth(symbol).filter(pl.col("session") <= LAST)
        assert found["close"].to_list() == pytest.approx(
            truth["close"].to_list(), 1e-12
        )
    assert "FFF" not in set(bars["symbol"])
    failed = fetches.filter(pl.col("symbol") == "FFF")
    assert set(failed["result"]) == {"unreachable"}
    assert fetches["n_new"].sum() == bars.height
    assert verifying.broken(home.Home(root)) == {}
