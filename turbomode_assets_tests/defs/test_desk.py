"""The intraday desk on its tables: one round or many, once or twice, the same rows."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import errors, intraday_tables, market_tables, sessions
from turbomode_assets.defs import desk, resources
from turbomode_assets.defs.partitions import Window
from turbomode_assets.sources import intraday_base
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests.defs import desk_life
from turbomode_assets_tests.defs.desk_life import EVE, HALF_DAY, Life, evening
from turbomode_assets_tests.loopback import chat

BOTH = Window(EVE, HALF_DAY)
DAY = Window(HALF_DAY, HALF_DAY)
UNASKED = {intraday_tables.DAILY_BARS, intraday_tables.FETCHES}
"""Tables of a source that forgets or fails; the simulated one does neither."""

COMPARED = [each for each in intraday_tables.ALL if each is not intraday_tables.INTAKES]
"""Tables that do not tell how often a source was asked."""

OPEN_ISH = dt.datetime(2024, 7, 3, 13, 46, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The eve at once, and then round by round."""
    life = desk_life.begun(tmp_path_factory.mktemp("lived"))
    life.speak(Window(EVE, EVE), evening(EVE))
    life.weigh(Window(EVE, EVE))
    life.live(HALF_DAY, HALF_DAY)
    return life


def test_a_range_stores_what_its_rounds_store_one_by_one(
    lived: Life, tmp_path: Path
) -> None:
    at_once = desk_life.begun(tmp_path)
    at_once.speak(BOTH, evening(HALF_DAY))
    at_once.weigh(BOTH)
    for table in COMPARED:
        assert lived.read(table).is_empty() == (table in UNASKED)
        assert_frame_equal(at_once.said(table), lived.said(table), check_exact=True)


def test_every_round_was_live_and_every_row_is_as_declared(lived: Life) -> None:
    signals = lived.read(intraday_tables.SIGNALS).filter(session=HALF_DAY)
    assert set(signals["mode"]) == {"live"}
    assert signals.select("minute").n_unique() == 14
    for table in intraday_tables.ALL:
        assert table.violations(lived.read(table)) == []


def test_what_was_said_is_not_said_again(lived: Life) -> None:
    before = [lived.read(table) for table in COMPARED]
    assert lived.speak(BOTH, evening(HALF_DAY)).is_empty()
    lived.weigh(DAY)
    for table, rows in zip(COMPARED, before, strict=True):
        assert lived.read(table).equals(rows), table.name


def test_weights_are_a_checkpoint_and_nothing_more(lived: Life, tmp_path: Path) -> None:
    """Without those of the eve the next session says the same."""
    forgetful = desk_life.begun(tmp_path)
    forgetful.speak(Window(EVE, EVE), evening(EVE))
    forgetful.speak(DAY, evening(HALF_DAY))
    forgetful.weigh(DAY)
    of_day = pl.col("session") == HALF_DAY
    for table in (intraday_tables.SIGNALS, intraday_tables.WEIGHTS):
        expected = lived.said(table).filter(of_day)
        found = forgetful.said(table).filter(of_day)
        assert_frame_equal(found, expected, check_exact=True)


def test_two_symbols_are_what_each_is_alone(lived: Life, tmp_path: Path) -> None:
    both = desk_life.begun(tmp_path, symbols="sim, sam")
    both.speak(DAY, OPEN_ISH)
    assert set(both.read(intraday_tables.SIGNALS)["symbol"]) == {"SIM", "SAM"}
    votes = both.read(intraday_tables.VOTES)
    assert votes.group_by("symbol").len()["len"].to_list() == [8, 8]
    assert set(lived.read(intraday_tables.SIGNALS)["symbol"]) == {"SIM"}


def test_sessions_voters_look_back_on_are_fetched_at_the_start(lived: Life) -> None:
    found = lived.read(intraday_tables.BARS)["session"].unique()
    since = sessions.shift(EVE, -90)
    assert set(found) == set(sessions.sessions_between(since, HALF_DAY))


def test_outcomes_wait_are_due_and_come(tmp_path: Path) -> None:
    life, later = desk_life.begun(tmp_path), Window(EVE, EVE)
    life.speak(later, dt.datetime(2024, 7, 2, 14, 1, tzinfo=dt.UTC))
    assert set(life.read(intraday_tables.OUTCOMES)["maturity"]) == {"pending"}
    with warehouse.opened(life.where.warehouse) as store:
        assert not desk.is_due(store, BOTH)
        life.take_in(store, BOTH, evening(HALF_DAY))
        assert desk.is_due(store, BOTH)
        assert desk.grade(store, DAY) == [EVE]
        assert not desk.is_due(store, BOTH)
    assert set(life.read(intraday_tables.OUTCOMES)["maturity"]) == {"final"}


def test_a_voter_reads_by_the_model_that_the_environment_names(
    lived: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headlines up to its cut-off by the lexicon, and those after it by the model."""
    told = lived.read(intraday_tables.HEADLINES)
    assert told["tone"].is_null().all()
    life, cutoff_on = desk_life.begun(tmp_path), sessions.shift(EVE, -30)
    with chat.listening() as endpoint:
        for name, value in {
            "URL": endpoint.url,
            "MODEL": chat.MODEL,
            "CUTOFF": cutoff_on.isoformat(),
            "KEY": chat.KEY,
        }.items():
            monkeypatch.setenv(f"TURBOMODE_LLM_{name}", value)
        life.speak(Window(EVE, EVE), evening(EVE))
    read = life.read(intraday_tables.HEADLINES)
    is_later = pl.col("published_at").dt.date() > cutoff_on
    assert read.filter(is_later)["tone"].is_not_null().all()
    assert read.filter(~is_later)["tone"].is_null().all()
    assert read.filter(~is_later).height > 0
    asked = life.read(intraday_tables.FETCHES)
    assert asked["n_rows"].sum() == len(endpoint.asked) > 0
    own, other = (
        one.read(intraday_tables.VOTES).filter(session=EVE, voter="news_sentiment")
        for one in (life, lived)
    )
    assert not own["score"].equals(other["score"])


class Corrected:
    """A market whose first round of the day is sold otherwise afterwards."""

    name = "corrected"

    def __init__(self, source: intraday_base.IntradaySource) -> None:
        self.source = source

    def fetch_rounds(
        self, first: dt.date, last: dt.date, now: dt.datetime
    ) -> intraday_base.Delivery:
        """The same rows, one with another volume and one that cannot be."""
        delivery = self.source.fetch_rounds(first, last, now)
        place = pl.int_range(pl.len())
        is_first = (pl.col("symbol") == "SIM") & (
            pl.col("stamped_at") == OPEN_ISH - dt.timedelta(minutes=16)
        )
        volume = pl.when(is_first).then(12.0).otherwise("volume")
        low = pl.when(place == pl.len() - 1).then(-1.0).otherwise("low")
        rows = delivery.bars.with_columns(volume=volume, low=low)
        return intraday_base.Delivery(rows)


def test_a_corrected_bar_is_a_revision_and_a_bad_row_goes_to_quarantine(
    tmp_path: Path,
) -> None:
    life, now = desk_life.begun(tmp_path), evening(HALF_DAY)
    corrected: Any = Corrected(life.market.source())
    with warehouse.opened(life.where.warehouse) as store:
        life.take_in(store, DAY, OPEN_ISH)
        taken = life.take_in(store, DAY, now, corrected)
        again = life.take_in(store, DAY, now, corrected)
        bars = store.read(intraday_tables.BARS, HALF_DAY, HALF_DAY)
        refused = store.read(market_tables.QUARANTINE)
    assert taken.account["n_refused"].sum() == refused.height == 1
    assert set(again.added.values()) == {0}
    first = bars.filter(symbol="SIM", minute=15).sort("known_at")
    assert first["known_at"].to_list()[1] == now
    assert first["volume"].to_list()[1] == 12.0


def test_a_round_that_is_made_up_for_sees_nothing_that_was_corrected_later(
    lived: Life, tmp_path: Path
) -> None:
    life, now = desk_life.begun(tmp_path), evening(HALF_DAY)
    with warehouse.opened(life.where.warehouse) as store:
        life.take_in(store, BOTH, now)
        eve = store.read(intraday_tables.BARS, EVE, EVE)
        dearer = eve.with_columns(
            pl.col("open", "high", "low", "close") * 1.5, known_at=pl.lit(now)
        )
        assert store.append(intraday_tables.BARS, dearer) == eve.height
        desk.vote(store, BOTH, life.market.rules())
        desk.speak(store, BOTH, now, life.market.rules())
    for table in (intraday_tables.VOTES, intraday_tables.SIGNALS):
        assert_frame_equal(life.said(table), lived.said(table), check_exact=True)


def test_a_session_without_a_round_is_refused() -> None:
    early = dt.datetime(2024, 7, 3, 13, 44, tzinfo=dt.UTC)
    with pytest.raises(errors.MissingUpstream, match="first ends at 2024-07-03 13:45"):
        desk.require_begun(DAY, early)
    desk.require_begun(DAY, OPEN_ISH)


def test_a_session_that_runs_is_not_learned_from() -> None:
    with pytest.raises(errors.MissingUpstream, match="closes at 2024-07-03 17:00"):
        desk.require_ended(DAY, OPEN_ISH)
    desk.require_ended(DAY, evening(HALF_DAY))


def test_nothing_said_is_nothing_learned(tmp_path: Path) -> None:
    life = desk_life.begun(tmp_path)
    with pytest.raises(errors.MissingUpstream, match="materialize intraday/signals"):
        life.weigh(DAY)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (home.Settings(is_intraday=False), "switched off in settings.toml"),
        (home.Settings(source="yahoo", is_intraday=False), "switched off"),
    ],
)
def test_a_resting_desk_says_why(
    tmp_path: Path, settings: home.Settings, sentence: str
) -> None:
    market = resources.rounds(home.Home(tmp_path), settings)
    assert sentence in market.why_resting
    with pytest.raises(errors.SettingsError, match=sentence):
        market.source()


def test_the_file_source_looks_at_the_symbols_asked_for(tmp_path: Path) -> None:
    kind = intraday_base.discover()["intraday_files"]
    kind.example(tmp_path)
    market = resources.RoundsResource(kind="files", path=str(tmp_path), symbols="abc")
    assert market.rules().desk.symbols == ("ABC",)
    delivery = market.source().fetch_rounds(
        dt.date(2024, 2, 1), dt.date(2024, 2, 2), evening(HALF_DAY)
    )
    assert set(delivery.bars["symbol"]) == {"ABC"}
    assert resources.RoundsResource(kind="files").why_resting.endswith("intraday_path")
