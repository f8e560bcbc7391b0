"""Storing beside fetching: nothing lost, nothing doubled, and both end together."""

import contextlib
import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from turbomode_assets import errors, market_tables
from turbomode_assets.defs import intake
from turbomode_assets.sources import base, simulated
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import verifying

FIRST, LAST = dt.date(2024, 7, 1), dt.date(2024, 7, 3)
NOW = dt.datetime(2024, 7, 4, tzinfo=dt.UTC)
REQUEST = base.Request(first=FIRST, last=LAST, now=NOW, since=FIRST)
PATIENCE_SECONDS = 30.0


class InParts(simulated.Simulated):
    """A market that delivers symbol by symbol, and something happens before the n-th.

    `before` is called with the number of the delivery that is fetched next.
    """

    def __init__(self, before: Callable[[int], None]) -> None:
        """Keep what happens."""
        super().__init__(n_symbols=4)
        self.before = before

    def fetch(self, request: base.Request) -> Iterator[base.Delivery]:
        """One delivery a symbol."""
        bars = self.bars(request.first, request.last)
        for number, part in enumerate(bars.partition_by("symbol")):
            self.before(number)
            yield base.Delivery(base.delivered(part))


def take_in(
    folder: Path, before: Callable[[int], None], progress: Callable[[str], None]
) -> intake.Taken:
    with warehouse.opened(folder / "w.duckdb") as store:
        return intake.take_in(store, InParts(before), REQUEST, progress)


def n_stored(folder: Path) -> int:
    """Symbols with bars in the warehouse."""
    with warehouse.opened(folder / "w.duckdb") as store:
        rows = store.read(market_tables.BAR_REVISIONS)
    assert rows.height == 3 * rows["symbol"].n_unique()
    return rows["symbol"].n_unique()


def ignore(_: object) -> None:
    """Nothing happens."""


def test_the_next_delivery_is_fetched_while_one_is_stored(tmp_path: Path) -> None:
    is_next = threading.Event()
    waited = []

    def note(number: int) -> None:
        if number == 1:
            is_next.set()

    def wait(_: str) -> None:
        waited.append(is_next.wait(PATIENCE_SECONDS))

    taken = take_in(tmp_path, note, wait)
    assert waited == [True] * 4
    assert (taken.n_delivered, taken.n_new, n_stored(tmp_path)) == (12, 12, 4)


def test_progress_is_told_delivery_by_delivery(tmp_path: Path) -> None:
    said: list[str] = []
    take_in(tmp_path, ignore, said.append)
    assert [each.split()[0] for each in said] == ["3", "6", "9", "12"]


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_what_came_before_a_failed_fetch_is_stored(
    tmp_path: Path, kind: type[BaseException]
) -> None:
    def fail(number: int) -> None:
        if number == 2:
            raise kind

    with pytest.raises(kind):
        take_in(tmp_path, fail, ignore)
    assert n_stored(tmp_path) == 2


def test_a_failed_storing_ends_the_fetch(tmp_path: Path) -> None:
    asked: list[int] = []

    def fail(sentence: str) -> None:
        raise errors.TableError(sentence)

    with pytest.raises(errors.TableError, match="3 rows delivered"):
        take_in(tmp_path, asked.append, fail)
    assert (asked, n_stored(tmp_path)) == ([0, 1], 1)


def test_no_thread_is_left_behind(tmp_path: Path) -> None:
    before = threading.active_count()
    take_in(tmp_path, ignore, ignore)
    assert threading.active_count() == before


def test_taken_in_again_nothing_is_new(tmp_path: Path) -> None:
    take_in(tmp_path, ignore, ignore)
    taken = take_in(tmp_path, ignore, ignore)
    assert (taken.n_new, taken.n_known) == (0, 12)


def test_parts_store_what_the_whole_would(tmp_path: Path) -> None:
    take_in(tmp_path, ignore, ignore)
    with (
        warehouse.opened(tmp_path / "w.duckdb") as parts,
        warehouse.opened(tmp_path / "whole.duckdb") as whole,
    ):
        intake.take_in(whole, simulated.Simulated(n_symbols=4), REQUEST, ignore)
        revisions = market_tables.BAR_REVISIONS
        assert parts.read(revisions).equals(whole.read(revisions))


class Logged(InParts):
    """Delivers every symbol with the attempt it took, and one row it could not read."""

    def fetch(self, request: base.Request) -> Iterator[base.Delivery]:
        """One delivery a symbol."""
        for delivery in super().fetch(request):
            rows = delivery.rows
            is_torn = (pl.int_range(pl.len()) == 0) & (pl.col("symbol") == "SIM002")
            torn = pl.when(is_torn).then(pl.lit("no number"))
            said = {
                "source": [rows["source"][0]],
                "symbol": [rows["symbol"][0]],
                "session": [request.last],
                "asked_at": [request.now],
                "attempt": [1],
                "ended_at": [request.now],
                "result": ["complete"],
                "detail": [""],
                "n_rows": [rows.height],
            }
            attempts = pl.DataFrame(said, schema=market_tables.ATTEMPTS.schema())
            yield base.Delivery(rows.with_columns(fault=torn), attempts)


def test_what_became_of_every_row_stands_in_the_log(tmp_path: Path) -> None:
    where = home.Home(tmp_path)
    home.prepare(where, home.Settings())
    later = dataclasses.replace(REQUEST, now=NOW + dt.timedelta(days=1))
    with warehouse.opened(where.warehouse) as store:
        for request in (REQUEST, later):
            intake.take_in(store, Logged(ignore), request, ignore)
        log = store.read(market_tables.FETCHES).sort("asked_at", "symbol")
    told = log.select("n_rows", "n_new", "n_known", "n_refused", "n_quarantined")
    sound, torn = (3, 3, 0, 0, 0), (3, 2, 0, 1, 1)
    again, torn_again = (3, 0, 3, 0, 0), (3, 0, 2, 1, 0)
    assert told.rows() == [
        *(sound, torn, sound, sound),
        *(again, torn_again, again, again),
    ]
    assert verifying.broken(where) == {}
    with (
        warehouse.opened(where.warehouse) as store,
        contextlib.closing(store.cursor()) as sql,
    ):
        sql.execute("DELETE FROM market.quarantine")
    assert verifying.broken(where).keys() == {"every_row_accounted"}
