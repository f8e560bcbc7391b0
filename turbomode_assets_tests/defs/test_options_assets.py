"""The options book as Dagster runs it: after the close, in order, once."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import errors, intraday_tables, options_policy, options_tables
from turbomode_assets.defs import desk_due, options_desk
from turbomode_assets.defs.partitions import Window
from turbomode_assets.options import book
from turbomode_assets.store import address, home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.defs import desk_life
from turbomode_assets_tests.defs.desk_life import EVE, HALF_DAY
from turbomode_assets_tests.defs.test_intraday_assets import Run

BOTH = Window(EVE, HALF_DAY)
DARING = dataclasses.replace(
    options_policy.OPTIONS,
    risk=options_policy.RiskPolicy(
        capital_usd=20_000.0,
        max_trade_usd=4_000.0,
        is_expectancy_asked=False,
        min_earlier_signals=1,
        conviction_quantile=0.0,
    ),
)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A home in which the desk lived two sessions, and their evening."""
    where = home.Home(tmp_path_factory.mktemp("book"))
    lakes.prepare(where, desk_life.SETTINGS)
    with dg.DagsterInstance.ephemeral() as instance:
        made = Run(where, instance)
        made.job(desk_due.ROUND, BOTH)
        made.job(desk_due.WEIGHING, BOTH)
        yield made


def _rows(place: address.Address) -> dict[str, pl.DataFrame]:
    with warehouse.opened(place) as store:
        return {table.name: store.read(table) for table in options_tables.ALL}


def test_the_evening_makes_every_table_of_the_book(lived: Run) -> None:
    for table in options_tables.ALL:
        key = dg.AssetKey(table.name.split("."))
        made = lived.instance.get_materialized_partitions(key)
        assert made == {str(EVE), str(HALF_DAY)}


def test_the_book_starts_with_its_capital_and_asks_for_expectancy(lived: Run) -> None:
    """Nothing has paid yet in two sessions, so nothing is bought."""
    rows = _rows(lived.where.warehouse)
    assert rows["options.positions"]["value_usd"].to_list() == [1000.0, 1000.0]
    assert rows["options.fills"].is_empty()
    blocked = rows["options.proposals"]["blocked_by"]
    assert (blocked != "").all()
    assert rows["options.quotes"]["basis"].unique().to_list() == ["quoted"]


def test_a_second_evening_changes_nothing(lived: Run) -> None:
    before = _rows(lived.where.warehouse)
    notes = lived.job(desk_due.WEIGHING, Window(HALF_DAY, HALF_DAY))
    assert notes["options/quotes"]["rows_added"] == 0
    assert notes["options/positions"]["equity_usd"] == 1000.0
    assert notes["options/outcomes"]["feasible_share"] == 0.0
    assert "unaffordable" in notes["options/outcomes"]["feasibility"]
    told = {"outcomes": "figures", "proposals": "accuracy", "positions": "drawdown"}
    for table, name in told.items():
        assert "n_effective" in notes[f"options/{table}"][name]
    assert "image/svg" in notes["options/positions"]["chart"]
    after = _rows(lived.where.warehouse)
    assert all(after[name].equals(rows) for name, rows in before.items())


def _begun(run: Run, root: Path) -> address.Address:
    """What the desk stored, in a warehouse without a book, had it always bought."""
    place = lakes.place(root / "book.duckdb")
    with warehouse.opened(run.where.warehouse) as store:
        rows = {table: store.read(table) for table in intraday_tables.ALL}
    with warehouse.opened(place) as store:
        for table, stored in rows.items():
            is_sided = "side" in stored.columns
            sided = stored.with_columns(side=pl.lit("buy")) if is_sided else stored
            store.append(table, sided)
        options_desk.quote(store, BOTH)
    return place


def test_a_session_at_a_time_is_a_range(lived: Run, tmp_path: Path) -> None:
    """Also of a book that buys, which is restored for its second session."""
    stored = []
    for name, windows in (("one", [BOTH]), ("two", [Window(EVE, EVE), BOTH])):
        (tmp_path / name).mkdir()
        place = _begun(lived, tmp_path / name)
        for window in windows:
            with warehouse.opened(place) as store:
                options_desk.trade(store, window, DARING)
        stored.append(_rows(place))
    assert stored[0]["options.fills"].height > 0
    assert all(stored[0][name].equals(rows) for name, rows in stored[1].items())
    restored = book.restore(stored[0]["options.fills"], DARING.risk)
    assert len(restored.fills) == stored[0]["options.fills"].height


def test_no_session_is_walked_before_the_one_before(lived: Run, tmp_path: Path) -> None:
    place = _begun(lived, tmp_path)
    with warehouse.opened(place) as store:
        options_desk.trade(store, Window(EVE, EVE), DARING)
        said = store.read(intraday_tables.SIGNALS, HALF_DAY, HALF_DAY)
        later = HALF_DAY + dt.timedelta(days=2)
        store.append(
            intraday_tables.SIGNALS, said.with_columns(session=pl.lit(later)).head(1)
        )
        with pytest.raises(errors.MissingUpstream, match="to have been walked through"):
            options_desk.trade(store, Window(later, later), DARING)


def test_a_book_that_is_to_trade_is_refused(
    lived: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options_policy, "TRADING", True)
    with (
        warehouse.opened(lived.where.warehouse) as store,
        pytest.raises(errors.PolicyError, match="places no order"),
    ):
        options_desk.trade(store, BOTH)


def test_quotes_are_asked_for_before_the_book_is_walked(
    lived: Run, tmp_path: Path
) -> None:
    place = _begun(lived, tmp_path)
    with warehouse.opened(place) as store:
        store.replace(
            options_tables.QUOTES, options_tables.QUOTES.empty(), EVE, HALF_DAY
        )
        with pytest.raises(errors.MissingUpstream, match="materialize options/quotes"):
            options_desk.trade(store, BOTH, DARING)
