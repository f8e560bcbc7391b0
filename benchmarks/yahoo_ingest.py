"""Whose time it is to take in a hundred symbols and ten years from Yahoo, and a night.

``python benchmarks/yahoo_ingest.py [--symbols N] [--years N]`` lets the real yfinance
fetch from a server on the own machine, without pace, and prints how long a question
was under way, server and client at work, and what came on top: reading charts and
waiting for the store while no question was. Rows are judged and stored beside the
client; how long that takes alone stands below. A second night follows, and how many
rows it wrote.
"""

import argparse
import contextlib
import dataclasses
import datetime as dt
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent import futures
from multiprocessing import connection

sys.path.append(str(pathlib.Path(__file__).parents[1]))

from turbomode_assets import market_tables, sessions
from turbomode_assets.defs import intake
from turbomode_assets.sources import base, yahoo, yahoo_client, yahoo_question
from turbomode_assets.store import warehouse
from turbomode_assets_tests.loopback import reply, server, world
from turbomode_assets_tests.loopback.yahoo import members

LAST = dt.date(2024, 6, 27)


class Timed:
    """A client that notes how long its questions were under way."""

    def __init__(self, client: yahoo_client.Client) -> None:
        """Keep the client."""
        self.client = client
        self.seconds = 0.0
        # Hears an answer when it comes, not when the source is ready for it.
        self.listening = futures.ThreadPoolExecutor(max_workers=1)

    def begin(self, question: yahoo_question.Question) -> yahoo_client.Pending:
        """The client's question."""
        began = time.monotonic()
        pending = self.client.begin(question)
        return self.listening.submit(self._hear, pending, began).result

    def _hear(self, pending: yahoo_client.Pending, began: float) -> yahoo_client.Answer:
        answer = pending()
        self.seconds += time.monotonic() - began
        return answer


class Fetched(yahoo.Yahoo):
    """The source with deliveries it already has."""

    def __init__(self, deliveries: list[base.Delivery]) -> None:
        """Keep the deliveries."""
        super().__init__(members([]), pathlib.Path())
        self.deliveries = deliveries

    def fetch(self, request: base.Request) -> Iterator[base.Delivery]:  # noqa: ARG002
        """The deliveries, at once."""
        return iter(self.deliveries)


class Prepared:
    """A market whose charts are rendered before anybody asks for them."""

    def __init__(self, market: world.World, symbols: list[str], since: dt.date) -> None:
        """Render every chart."""
        second = int(world.at(since, 0, 0).timestamp())
        self.replies = {symbol: market.answer(symbol, second) for symbol in symbols}

    def answer(self, symbol: str, since: int) -> reply.Reply:  # noqa: ARG002
        """The chart, as rendered."""
        return self.replies[symbol]


def main() -> None:
    """Take in the history and one more night, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--years", type=int, default=10)
    options = parser.parse_args()
    symbols = [f"S{number:04}" for number in range(options.symbols)]
    since = LAST.replace(year=LAST.year - options.years)
    listings = [world.Listing(symbol=symbol, first=since) for symbol in symbols]
    night = sessions.shift(LAST, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for day, first in ((LAST, since), (night, night)):
            market = world.World(listings, world.at(day, 20))
            window = since if first == since else first - yahoo.OVERLAP
            prepared = Prepared(market, symbols, window)
            asked = base.Request(first=first, last=day, now=market.now, since=since)
            with _served(prepared):
                _take_in(folder, symbols, asked)
                plain = _plain(folder, symbols, window)
            print(f"  plain yfinance, frames in memory and nothing else: {plain:.2f} s")


@contextlib.contextmanager
def _served(prepared: Prepared) -> Iterator[None]:
    """Server in a process of its own, as Yahoo's is, reached by variables."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(prepared, theirs))
    process.start()
    before = dict(os.environ)
    os.environ.update(ours.recv())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        ours.send(None)
        process.join()


def _serve(prepared: Prepared, line: connection.Connection) -> None:
    with server.Server(prepared.answer) as running:
        line.send(running.environment)
        line.recv()


def _take_in(folder: pathlib.Path, symbols: list[str], asked: base.Request) -> None:
    """Time storing alone, and the whole."""
    warehouse_file = folder / "warehouse.duckdb"
    with warehouse.opened(warehouse_file) as store:
        newest = store.newest(market_tables.BAR_REVISIONS, "symbol", "session")
    request = dataclasses.replace(asked, stored=newest)
    shutil.copy(warehouse_file, folder / "copy.duckdb")
    with _source(folder, symbols) as (source, _):
        fetched = list(source.fetch(request))
    with warehouse.opened(folder / "copy.duckdb") as store:
        began = time.monotonic()
        intake.take_in(store, Fetched(fetched), request, lambda _: None)
        storing = time.monotonic() - began
    with (
        warehouse.opened(warehouse_file) as store,
        _source(folder, symbols) as (source, client),
    ):
        began = time.monotonic()
        taken = intake.take_in(store, source, request, lambda _: None)
        whole = time.monotonic() - began
    _print(asked, taken, storing, whole, client.seconds)
    n_fetched = sum(each.rows.height for each in fetched)
    if n_fetched != taken.n_delivered:
        message = f"{n_fetched} rows fetched, then {taken.n_delivered} delivered"
        raise RuntimeError(message)


PLAIN = """
import datetime as dt, sys, time
import yfinance
yfinance.set_tz_cache_location(sys.argv[1])
day = dt.date.fromisoformat(sys.argv[2])
began = time.monotonic()
for symbol in sys.argv[3:]:
    ticker = yfinance.Ticker(symbol)
    assert len(ticker.history(start=day, auto_adjust=False, actions=True)) > 9
print(time.monotonic() - began)
"""


def _plain(folder: pathlib.Path, symbols: list[str], since: dt.date) -> float:
    """Seconds plain yfinance takes for the same charts, its import not counted."""
    command = [sys.executable, "-c", PLAIN, str(folder / "peer"), str(since), *symbols]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return float(done.stdout)


@contextlib.contextmanager
def _source(
    folder: pathlib.Path, symbols: list[str]
) -> Iterator[tuple[yahoo.Yahoo, Timed]]:
    """Source with a child process of its own, as each night has one."""
    patience = yahoo_client.Patience()
    with yahoo_client.Child(folder / "cache", patience) as child:
        client = Timed(child)
        yield yahoo.Yahoo(members(symbols), folder, 0.0, patience, client), client


def _print(
    asked: base.Request, taken: intake.Taken, storing: float, whole: float, busy: float
) -> None:
    rows = {"server and client at work": busy, "ours alone": whole - busy}
    print(f"\n{asked.first} to {asked.last}: {taken.sentence}, {whole:.2f} s")
    for name, seconds in rows.items():
        print(f"  {name:<25}{seconds:8.2f} s {seconds / whole:6.1%}")
    print(f"  judging and storing, alone {storing:.2f} s, ran beside the client")
    paced = max(busy, float(len(taken.results)))
    share = paced / (paced + whole - busy)
    print(f"  at one symbol a second, server and client take {share:.1%}")


if __name__ == "__main__":
    main()
