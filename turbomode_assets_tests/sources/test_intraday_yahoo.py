"""What the desk asks Yahoo for, and what of the answers is delivered."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from turbomode_assets import errors, sessions
from turbomode_assets.intraday import bars, context, loop
from turbomode_assets.intraday_policy import INTRADAY, DeskPolicy
from turbomode_assets.sources import intraday_base, intraday_yahoo, yahoo_client
from turbomode_assets.sources.intraday_yahoo import IntradayYahoo
from turbomode_assets.sources.yahoo_client import Answer, Pending
from turbomode_assets.sources.yahoo_question import Question
from turbomode_assets_tests.loopback import desk_world, mutants, reply, world
from turbomode_assets_tests.loopback.server import Server, reached
from turbomode_assets_tests.loopback.yahoo import IMPATIENT

pytestmark = pytest.mark.xdist_group("yahoo_client")

SINCE, DAY = dt.date(2024, 2, 1), dt.date(2024, 7, 2)
DESK = DeskPolicy(
    symbols=("RTX",), peers=("GD",), indices=("SPY",), dollar_index="DX-Y.NYB"
)
FIRST_KEPT = dt.date(2024, 5, 4)
RUNNING = world.at(DAY, 11, 7)
"""Seven minutes into a round."""


class Direct:
    """A client that asks a world without a network, and keeps the questions."""

    def __init__(self, market: desk_world.DeskWorld) -> None:
        """Keep the world; daily bars are those of another one."""
        self.market = market
        listed = [world.Listing(symbol=s, first=SINCE) for s in market.symbols]
        self.daily = world.World(listed, market.now)
        self.asked: list[Question] = []

    def begin(self, question: Question) -> Pending:
        """Answer of the world."""
        self.asked.append(question)
        query = {"period2": "0"}
        if question.since is not None:
            query["period1"] = str(int(world.at(question.since, 0, 0).timestamp()))
        if question.about == "daily":
            said = self.daily.answer(question.symbol, int(query["period1"]))
            return lambda: Answer(status=said.status, body=said.body.decode())
        if question.expires_on is not None:
            at = dt.datetime.combine(question.expires_on, dt.time(), dt.UTC)
            query["date"] = str(int(at.timestamp()))
        said = self.market.answer(
            reply.Asked(about=question.about, symbol=question.symbol, query=query)
        )
        return lambda: Answer(status=said.status, body=said.body.decode())


def fetch(
    first: dt.date, last: dt.date, now: dt.datetime
) -> tuple[intraday_base.Delivery, list[Question]]:
    client = Direct(desk_world.DeskWorld(DESK.names, dt.date(2024, 3, 1), now))
    source = IntradayYahoo(DESK, Path("cache"), 0.0, IMPATIENT, client)
    return source.fetch_rounds(first, last, now), client.asked


@pytest.fixture(scope="module")
def yahoo() -> Iterator[tuple[Server, desk_world.DeskWorld]]:
    """Server that has a desk, with one split the day before."""
    split = {DAY: 2.0}
    market = desk_world.DeskWorld(DESK.names, dt.date(2024, 6, 28), RUNNING, split)
    with reached(lambda *_: reply.unknown(), market.answer) as server:
        yield server, market


def test_the_real_client_brings_what_is_over_as_it_traded(
    yahoo: tuple[Server, desk_world.DeskWorld], tmp_path: Path
) -> None:
    market = yahoo[1]
    source = IntradayYahoo(DESK, tmp_path / "cache", 0.0, IMPATIENT)
    delivery = source.fetch_rounds(dt.date(2024, 6, 28), DAY, RUNNING)
    assert set(delivery.attempts["result"]) == {"complete"}
    found = bars.inspect(delivery.bars, INTRADAY.quality, RUNNING)
    assert found.refused.is_empty()
    for symbol in DESK.names:
        own = found.accepted.filter(symbol=symbol)
        truth = market.bars(symbol)
        assert own.height == truth.height
        for name in ("open", "high", "low", "close", "volume"):
            assert own[name].to_list() == pytest.approx(truth[name].to_list())
    newest = found.accepted.group_by("symbol").agg(pl.col("minute").last())
    late = {"RTX": 90, "GD": 90, "SPY": 90, "^VIX": 75, "DX-Y.NYB": 90}
    assert dict(newest.iter_rows()) == late


def test_quotes_and_stories_of_the_real_client_are_sound(
    yahoo: tuple[Server, desk_world.DeskWorld], tmp_path: Path
) -> None:
    market = yahoo[1]
    source = IntradayYahoo(DESK, tmp_path / "cache", 0.0, IMPATIENT)
    delivery = source.fetch_rounds(DAY, DAY, RUNNING)
    quotes = context.inspect_chains(delivery.chains)
    stories = context.inspect_headlines(delivery.headlines)
    assert quotes.refused.is_empty()
    assert stories.refused.is_empty()
    assert quotes.accepted.select("session", "minute").unique().rows() == [(DAY, 90)]
    assert quotes.accepted["expires_on"].n_unique() == len(desk_world.EXPIRIES)
    assert stories.accepted["title"].to_list() == [t for _, t in market.told("RTX")]


def test_one_round_asks_every_name_once_and_each_expiry_once() -> None:
    _, asked = fetch(DAY, DAY, RUNNING)
    assert [each.symbol for each in asked[:5]] == list(DESK.names)
    assert [each.about for each in asked[5:]] == ["options"] * 4 + ["headlines"]
    expiries = [each.expires_on for each in asked[5:9]]
    days = [dt.datetime.fromtimestamp(s, dt.UTC).date() for s in desk_world.EXPIRIES]
    assert expiries == [None, *days[1:]]


def test_the_past_is_asked_for_as_far_as_yahoo_keeps_it() -> None:
    delivery, asked = fetch(dt.date(2024, 3, 1), DAY, RUNNING)
    assert {each.since for each in asked if each.about == "rounds"} == {FIRST_KEPT}
    lost = delivery.attempts.filter(result="unavailable")
    assert set(lost["symbol"]) == set(DESK.names)
    assert lost["detail"][0].startswith("2024-03-01 to 2024-05-03: Yahoo keeps")
    sound = delivery.attempts.filter(pl.col("result") != "unavailable")
    assert set(sound["result"]) == {"complete"}
    assert delivery.bars["stamped_at"].min() == world.at(dt.date(2024, 5, 6))


def test_days_out_of_reach_come_as_daily_bars_and_no_day_twice() -> None:
    delivery, _ = fetch(dt.date(2024, 3, 1), DAY, RUNNING)
    days = sessions.sessions_between(dt.date(2024, 3, 1), FIRST_KEPT)
    found = loop.judge_days(delivery.daily)
    assert found.refused.is_empty()
    for own in found.accepted.partition_by("symbol"):
        assert own["session"].to_list() == days
    listed = [world.Listing(symbol="RTX", first=SINCE)]
    truth = world.World(listed, RUNNING).truth("RTX")
    asked_for = truth.filter(pl.col("session").is_in(days))
    for name in ("open", "close", "volume"):
        values = found.accepted.filter(symbol="RTX")[name].to_list()
        assert values == pytest.approx(asked_for[name].to_list())


def test_what_is_out_of_reach_as_a_whole_is_not_asked_for() -> None:
    delivery, asked = fetch(dt.date(2024, 3, 1), dt.date(2024, 3, 8), RUNNING)
    assert {each.about for each in asked} == {"daily"}
    assert delivery.bars.is_empty()
    assert delivery.daily["session"].max() == dt.date(2024, 3, 8)
    lost = delivery.attempts.filter(result="unavailable")
    assert lost["detail"].str.starts_with("2024-03-01 to 2024-03-08").all()


def test_a_day_too_many_is_refused_by_yahoo() -> None:
    market = desk_world.DeskWorld(DESK.names, dt.date(2024, 3, 1), RUNNING)
    early = Question(symbol="RTX", about="rounds", since=dt.date(2024, 5, 3))
    said = Direct(market).begin(early)()
    assert said.status == 422
    span = intraday_yahoo.Span(dt.date(2024, 5, 3), DAY, RUNNING)
    assert (RUNNING - world.at(span.since, 0, 0)).days < 60
    assert (RUNNING - world.at(dt.date(2024, 5, 3), 0, 0)).days == 60


@pytest.mark.parametrize(
    ("hour", "first", "quotes", "stories"),
    [
        (8, DAY, 0, 2),  # before the open the last session's quotes are the newest
        (11, DAY, 24, 4),
        (22, DAY, 24, 6),
        (11, dt.date(2024, 7, 1), 24, 4),
        (8, dt.date(2024, 7, 1), 24, 2),
    ],
)
def test_quotes_belong_to_the_last_round_and_stories_to_the_next(
    hour: int, first: dt.date, quotes: int, stories: int
) -> None:
    now = world.at(DAY, hour, 7)
    delivery, _ = fetch(first, DAY, now)
    assert (delivery.chains.height, delivery.headlines.height) == (quotes, stories)
    ends = delivery.chains.select("session", "minute").unique().rows()
    expected = {8: (dt.date(2024, 7, 1), 390), 11: (DAY, 90), 22: (DAY, 390)}[hour]
    assert ends == ([expected] if quotes else [])


def test_the_present_is_not_asked_about_for_the_past() -> None:
    delivery, asked = fetch(dt.date(2024, 6, 24), dt.date(2024, 6, 28), RUNNING)
    assert {each.about for each in asked} == {"rounds"}
    days = delivery.bars["stamped_at"].dt.date()
    assert (days.min(), days.max()) == (dt.date(2024, 6, 24), dt.date(2024, 6, 28))


def test_a_symbol_that_would_alter_the_address_is_refused() -> None:
    desk = DeskPolicy(symbols=("RTX?range=max",))
    with pytest.raises(errors.SettingsError, match="symbols must match"):
        IntradayYahoo(desk, Path("cache"))


class Saying:
    """A client with one answer to one kind of question, and none to others."""

    def __init__(self, about: str, body: str) -> None:
        """Keep them."""
        self.about, self.body = about, body

    def begin(self, question: Question) -> Pending:
        """The answer; of what was not meant, one that is none."""
        is_meant = question.about == self.about and question.expires_on is None
        answer = Answer(status=200, body=self.body if is_meant else "")
        return lambda: answer


def judged(about: str, delivery: intraday_base.Delivery) -> tuple[int, int]:
    """Rows that are believed, and rows that are refused."""
    if about == "rounds":
        found = bars.inspect(delivery.bars, INTRADAY.quality, RUNNING)
        return int(found.accepted["n_parts"].sum()), found.refused.height
    if about == "options":
        kept = context.inspect_chains(delivery.chains)
    else:
        kept = context.inspect_headlines(delivery.headlines)
    return kept.accepted.height, kept.refused.height


@pytest.mark.parametrize("about", ["rounds", "options", "headlines"])
def test_no_mutant_of_an_answer_is_half_believed(about: str) -> None:
    market = desk_world.DeskWorld(DESK.names, DAY, RUNNING)
    query = {"period1": "1719892800", "period2": "0"}
    asked = reply.Asked(about=about, symbol="RTX", query=query)
    whole = desk_world.body(market.answer(asked))
    once = yahoo_client.Patience(attempts=1)
    one = DeskPolicy(symbols=("RTX",), peers=(), indices=())
    desk = dataclasses.replace(one, volatility_index="RTX", dollar_index="RTX")
    results: dict[str, int] = {}
    for seed in range(60):
        client = Saying(about, mutants.mutant(whole, seed))
        source = IntradayYahoo(desk, Path("cache"), 0.0, once, client)
        delivery = source.fetch_rounds(DAY, DAY, RUNNING)
        first = delivery.attempts.filter(about=about, attempt=1).row(0, named=True)
        assert sum(judged(about, delivery)) == first["n_rows"], seed
        results[first["result"]] = results.get(first["result"], 0) + 1
    assert set(results) <= {"complete", "empty", "unreadable", "unknown_symbol"}
    assert min(results["complete"], results["unreadable"]) > 5
