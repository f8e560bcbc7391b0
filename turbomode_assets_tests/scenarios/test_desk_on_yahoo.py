"""The intraday desk lives three rounds on Yahoo, and misses one of them."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import intraday_tables, rounds, sessions
from turbomode_assets.defs import desk, resources
from turbomode_assets.defs.partitions import Window
from turbomode_assets.intraday import loop
from turbomode_assets.sources.intraday_yahoo import IntradayYahoo
from turbomode_assets.sources.yahoo_client import Child
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.defs.desk_life import Life
from turbomode_assets_tests.loopback import desk_world, faults, world
from turbomode_assets_tests.loopback.server import Server, reached
from turbomode_assets_tests.loopback.yahoo import IMPATIENT

pytestmark = pytest.mark.xdist_group("yahoo_client")

DAY = dt.date(2024, 7, 2)
MOMENTS = [world.at(DAY, *clock) for clock in ((10, 46), (11, 1), (11, 16))]
"""A minute after the rounds that end 75, 90 and 105 minutes into the session."""

BEGINS = sessions.shift(DAY, -100)


@dataclasses.dataclass(frozen=True)
class Lived:
    """A life, and the market it was lived in."""

    life: Life
    market: desk_world.DeskWorld


def live(root: Path, faulty: Sequence[int]) -> Lived:
    """Three rounds; in the `faulty` ones Yahoo fails when asked for bars of RTX."""
    market = resources.RoundsResource(kind="yahoo", cache=str(root / "cache"))
    where = home.Home(root)
    lakes.prepare(where, home.Settings(source="yahoo"))
    life = Life(where, market)
    rules = market.rules()
    yahoo = desk_world.DeskWorld(rules.desk.names, BEGINS, MOMENTS[0])
    window = Window(DAY, DAY)
    with (
        reached(yahoo.daily, yahoo.answer) as server,
        Child(root / "cache", IMPATIENT) as client,
    ):
        source = IntradayYahoo(rules.desk, root, 0.0, IMPATIENT, client)
        for place, yahoo.now in enumerate(MOMENTS):
            _plan(server, is_faulty=place in faulty)
            with warehouse.opened(life.where.warehouse) as store:
                life.take_in(store, window, yahoo.now, source)
                desk.vote(store, window, rules)
                desk.speak(store, window, yahoo.now, rules)
    return Lived(life, yahoo)


def _plan(server: Server, *, is_faulty: bool) -> None:
    server.heal()
    if is_faulty:
        server.plan("rounds:RTX", faults.Plan(faults.server_error))


@pytest.fixture(scope="module")
def smooth(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return live(tmp_path_factory.mktemp("smooth"), [])


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return live(tmp_path_factory.mktemp("rough"), [1])


def modes(lived: Lived) -> dict[int, str]:
    """Mode of the signals of each round since the life began."""
    signals = lived.life.read(intraday_tables.SIGNALS)
    since = signals.filter(pl.col("minute") >= 75)
    return dict(since.select("minute", "mode").unique().iter_rows())


def test_the_desk_speaks_in_every_round_from_the_first_day_on(smooth: Lived) -> None:
    assert modes(smooth) == {75: "live", 90: "live", 105: "live"}
    votes = smooth.life.read(intraday_tables.VOTES)
    # Quotes and stories of the rounds before its life began nobody can fetch.
    silent = votes.filter("is_abstaining", pl.col("minute") >= 75)
    assert silent["reason"].to_list() == []
    for table in intraday_tables.ALL:
        assert table.violations(smooth.life.read(table)) == [], table.name


def test_voters_look_back_on_what_really_traded(smooth: Lived) -> None:
    read = smooth.life.read
    rules = smooth.life.market.rules()
    daily, bars = read(intraday_tables.DAILY_BARS), read(intraday_tables.BARS)
    assert set(daily["session"]).isdisjoint(bars["session"])
    told, quoted = read(intraday_tables.HEADLINES), read(intraday_tables.CHAINS)
    history = loop.lay_out(bars, told, quoted, rules, daily)
    number = int(rounds.between(DAY, DAY)["round"][6])
    for symbol in ("RTX", "LMT", "SPY", "DX-Y.NYB"):
        closes = history.at("RTX", number).closes(symbol)
        truth = smooth.market.days(symbol)["close"].to_numpy()
        assert closes.size == rules.desk.lookback_sessions
        np.testing.assert_allclose(closes, truth[-closes.size :], rtol=1e-12)


def test_a_missed_round_is_named_and_made_up_for(smooth: Lived, rough: Lived) -> None:
    of_bars = rough.life.read(intraday_tables.FETCHES).filter(
        symbol="RTX", about="rounds", asked_at=MOMENTS[1]
    )
    assert of_bars["result"].to_list() == ["unreachable"] * 2
    assert modes(rough) == {75: "live", 90: "replay", 105: "live"}
    # Of the volatility index, which runs late, more is known a round later.
    seeing = pl.col("voter") != "market_regime"
    made_up, expected = (
        each.life.read(intraday_tables.VOTES).filter(seeing) for each in (rough, smooth)
    )
    assert_frame_equal(made_up, expected)


def test_what_yahoo_repeats_is_stored_once(smooth: Lived) -> None:
    bars = smooth.life.read(intraday_tables.BARS)
    key = ["symbol", "session", "minute"]
    assert bars.select(key).is_unique().all()
    headlines = smooth.life.read(intraday_tables.HEADLINES)
    assert headlines.select("title").is_unique().all()
    chains = smooth.life.read(intraday_tables.CHAINS)
    assert chains["minute"].unique().sort().to_list() == [75, 90, 105]
