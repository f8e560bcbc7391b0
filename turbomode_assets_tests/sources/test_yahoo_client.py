"""The real yfinance in its child process, against a server it takes for Yahoo."""

import dataclasses
import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from turbomode_assets import errors, market_tables
from turbomode_assets.sources import yahoo_client, yahoo_round
from turbomode_assets.sources.yahoo_client import Child, Patience
from turbomode_assets.sources.yahoo_question import Question
from turbomode_assets.sources.yahoo_rows import Span
from turbomode_assets_tests.loopback import faults, fixtures, mutants, reply, world
from turbomode_assets_tests.loopback.server import CRUMB, Server, reached
from turbomode_assets_tests.loopback.yahoo import IMPATIENT

pytestmark = pytest.mark.xdist_group("yahoo_client")

SINCE = dt.date(2024, 1, 2)
AAA = Question(symbol="AAA", since=SINCE)
NOW = world.at(dt.date(2024, 3, 1), 18)
SPAN = Span(last=NOW.date(), now=NOW)
MARKET = world.World([world.Listing(symbol="AAA", first=SINCE)], NOW)

RECORDED = Path(os.environ.get("TURBOMODE_SHARED_DATA", "../shared/data"))
RECORDED /= "yahoo_fixtures"
NODE = RECORDED / "node-yahoo-finance2"
TODAY = Span(last=dt.date(2025, 2, 20), now=dt.datetime(2025, 2, 21, tzinfo=dt.UTC))

needs_recordings = pytest.mark.skipif(
    not RECORDED.exists(), reason=f"no recorded answers in {RECORDED}"
)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Child]]:
    """Server and a child that reaches it, for all tests of this file."""
    folder = tmp_path_factory.mktemp("yahoo") / "cache"
    with (
        reached(MARKET.answer) as server,
        Child(folder, IMPATIENT) as child,
    ):
        yield server, child


@pytest.fixture
def yahoo(line: tuple[Server, Child]) -> tuple[Server, Child]:
    """The same, with nothing planned."""
    line[0].heal()
    line[0].market = MARKET.answer
    return line


def test_the_child_hands_over_what_yahoo_said(yahoo: tuple[Server, Child]) -> None:
    server, child = yahoo
    answer = child.begin(AAA)()
    second = int(world.at(SINCE, 0, 0).timestamp())
    assert answer.body == MARKET.answer("AAA", second).body.decode()
    assert (answer.status, answer.error, answer.is_limited) == (200, "", False)
    assert f"/v8/finance/chart/AAA?period1={second}&" in server.asked[-1]


def test_one_symbol_costs_one_request(yahoo: tuple[Server, Child]) -> None:
    server, child = yahoo
    child.begin(AAA)()
    before = len(server.asked)
    child.begin(AAA)()
    assert len(server.asked) == before + 1


def test_a_second_answer_is_never_remembered(yahoo: tuple[Server, Child]) -> None:
    _, child = yahoo
    early = world.World(MARKET.listings, world.at(dt.date(2024, 2, 1), 18))
    yahoo[0].market = early.answer
    first = child.begin(AAA)()
    yahoo[0].market = MARKET.answer
    assert child.begin(AAA)().body != first.body


def test_a_hanging_child_is_killed_and_another_takes_over(
    yahoo: tuple[Server, Child], tmp_path: Path
) -> None:
    server, _ = yahoo
    server.plan("AAA", faults.Plan(faults.slow, last=1))
    patience = Patience(request_seconds=60.0, answer_seconds=1.0)
    with Child(tmp_path / "cache", patience) as child:
        late = child.begin(AAA)()
        assert late.is_late
        assert "killed" in late.error
        # Its own wait ends with the deadline of a fresh child, which is not slow.
        assert child.begin(AAA)().status == 200


@pytest.mark.usefixtures("yahoo")
def test_a_dead_child_is_an_answer_and_another_takes_over(
    tmp_path: Path,
) -> None:
    with Child(tmp_path / "cache", IMPATIENT) as child:
        assert child.begin(AAA)().status == 200
        child._process.kill()  # type: ignore[union-attr]  # noqa: SLF001
        died = child.begin(AAA)()
        assert died.status is None
        assert "exit status -9" in died.error
        assert child.begin(AAA)().status == 200


def test_a_rate_limited_crumb_does_not_poison_later_questions(
    yahoo: tuple[Server, Child], tmp_path: Path
) -> None:
    server, _ = yahoo
    server.plan(CRUMB, faults.Plan(faults.rate_limit, last=1))
    with Child(tmp_path / "cache", IMPATIENT) as child:
        assert child.begin(AAA)().is_limited
        n_before = len(server.asked)
        assert child.begin(AAA)().status == 200
    crumbs = [each for each in server.asked[n_before:] if "crumb=" in each]
    assert [each for each in crumbs if "Too" in each] == []


def test_a_slow_crumb_is_done_without(
    yahoo: tuple[Server, Child], tmp_path: Path
) -> None:
    server, _ = yahoo
    server.plan(CRUMB, faults.Plan(faults.slow))
    with Child(tmp_path / "cache", IMPATIENT) as child:
        assert child.begin(AAA)().status == 200
    assert "crumb=" not in server.asked[-1]


@pytest.mark.usefixtures("yahoo")
def test_the_folder_of_cookies_is_closed_to_others(
    tmp_path: Path,
) -> None:
    (tmp_path / "cache").mkdir(mode=0o755)
    with Child(tmp_path / "cache", IMPATIENT) as child:
        child.begin(AAA)()
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_a_child_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yahoo_client, "WORKER", "turbomode_assets.no_such_worker")
    with (
        Child(tmp_path / "cache", IMPATIENT) as child,
        pytest.raises(errors.SourceError, match="No module named"),
    ):
        child.begin(AAA)()


def verdict(
    yahoo: tuple[Server, Child], symbol: str, span: Span
) -> yahoo_round.Verdict:
    asked = Question(symbol=symbol, since=SINCE)
    return yahoo_round.judge(yahoo[1].begin(asked)(), symbol, span)


@needs_recordings
@pytest.mark.parametrize(
    ("file", "symbol", "n_rows"),
    [
        ("chart-AAPL-2020-08-31-to-2020-11-07", "AAPL", 49),
        (
            "historical-via-chart-MSFT-dividends-2021-02-01-to-2022-01-31.csv",
            "MSFT",
            252,
        ),
        ("historical-via-chart-dividends-TSLA-no-dividends", "TSLA", 3303),
        ("chart-QQQ-2020-01-01-to-2020-01-03", "QQQ", 1),
    ],
)
def test_recorded_charts_are_read_whole(
    yahoo: tuple[Server, Child], file: str, symbol: str, n_rows: int
) -> None:
    yahoo[0].market = fixtures.Fixtures([NODE / f"{file}.json"]).answer
    found = verdict(yahoo, symbol, TODAY)
    assert found.result == "complete"
    assert found.rows is not None
    assert found.rows.height == n_rows
    assert found.rows["fault"].null_count() == n_rows


@needs_recordings
def test_a_recorded_split_is_multiplied_back(yahoo: tuple[Server, Child]) -> None:
    file = NODE / "historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.csv.json"
    yahoo[0].market = fixtures.Fixtures([file]).answer
    rows = verdict(yahoo, "NVDA", TODAY).rows
    assert rows is not None
    ex_on = dt.date(2021, 7, 20)
    around = rows.filter(pl.col("session").is_between(dt.date(2021, 7, 19), ex_on))
    # Closed at 751.19 before and at 186.12 after its four-for-one split. The window
    # ends before the ten-for-one split of 2024, which therefore is still in the price.
    assert (around["close"] * 10).to_list() == pytest.approx([751.19, 186.12], rel=1e-4)
    assert around["split_ratio"].to_list() == [1, 4]


@needs_recordings
@pytest.mark.parametrize(
    ("file", "symbol", "reason"),
    [
        ("chart-WSU.DE-2023-08-04-to-2023-08-09", "WSU.DE", "currency"),
        ("chart-BTC-USD-2020-01-01-to-2020-01-03", "BTC-USD", "instrumentType"),
        ("chart-notimestamp-weird-quote.fake", "AAPL", "equal length"),
        ("chart-TSLA-2025-01-01-to-2025-01-02-interval-1h.fake", "TSLA", "Granularity"),
    ],
)
def test_recorded_charts_of_something_else_are_named(
    yahoo: tuple[Server, Child], file: str, symbol: str, reason: str
) -> None:
    yahoo[0].market = fixtures.Fixtures([NODE / f"{file}.json"]).answer
    found = verdict(yahoo, symbol, TODAY)
    assert found.result == "unreadable"
    assert reason in found.detail


def survive(yahoo: tuple[Server, Child], seeds: range) -> dict[str, int]:
    """How often each result came of the mutants; no row may be half believed."""
    server, child = yahoo
    counts: dict[str, int] = {}
    right = json.loads(MARKET.answer("AAA", 0).body)
    for seed in seeds:
        body = mutants.mutant(right, seed).encode()
        said = reply.Reply(status=200, body=body)
        server.market = lambda *_, said=said: said
        found = verdict(yahoo, "AAA", SPAN)
        counts[found.result] = counts.get(found.result, 0) + 1
        rows = market_tables.DELIVERED.empty() if found.rows is None else found.rows
        values = pl.col("open", "high", "low", "close", "volume")
        whole = rows.filter(pl.col("fault").is_null())
        assert whole.select(pl.all_horizontal(values.is_finite()).all()).item(), seed
        assert rows.filter(pl.col("fault").is_not_null())["row"].null_count() == 0, seed
        assert (whole["session"] <= SPAN.last).all(), seed
    assert child.begin(AAA)().status == 200
    return counts


def test_no_mutant_of_a_chart_gets_through_or_kills(
    yahoo: tuple[Server, Child],
) -> None:
    counts = survive(yahoo, range(300))
    assert set(counts) <= {"complete", "empty", "unreadable", "unknown_symbol"}
    assert min(counts["complete"], counts["unreadable"]) > 30


@pytest.mark.slow
def test_thousands_of_mutants_neither(yahoo: tuple[Server, Child]) -> None:
    assert sum(survive(yahoo, range(1000, 6000)).values()) == 5000


def test_patience_is_positive_and_ordered() -> None:
    rules = Patience()
    assert all(value > 0 for value in dataclasses.asdict(rules).values())
    assert rules.request_seconds < rules.answer_seconds < rules.fetch_seconds
