"""Every invariant holds in a home that has lived, and finds what is planted."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from turbomode_assets import report_tables
from turbomode_assets.invariants import base, everywhere, verification
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes, verifying
from turbomode_assets_tests.conftest import Lived
from turbomode_assets_tests.contracts.test_every_table import EVERY

pytestmark = pytest.mark.xdist_group("lived")

ONE = "WHERE symbol = 'SIM005' AND session = DATE '2024-01-17'"
"""What `@one` stands for."""

TORN = "torn artifact"

FILLED = """
CREATE SCHEMA IF NOT EXISTS options;
CREATE TABLE options.fills AS SELECT 1::BIGINT AS fill, 'RTX' AS symbol,
    DATE '2024-01-17' AS session, 60::BIGINT AS minute, DATE '2024-02-16' AS expires_on,
    90.0::DOUBLE AS strike, 'call' AS right, 1::BIGINT AS opened_by, 'signal' AS reason,
    '60_minutes' AS horizon, 'buy' AS side, 9::BIGINT AS n_contracts,
    1.0::DOUBLE AS price_usd, 5.85::DOUBLE AS commission_usd,
    94.15::DOUBLE AS cash_usd, 'quoted' AS basis, 1.0::DOUBLE AS ask,
    0.9::DOUBLE AS bid, 0.0::DOUBLE AS quote_age_minutes,
    1.0::DOUBLE AS conviction_rank, 1.0::DOUBLE AS kelly_fraction,
    1000.0::DOUBLE AS equity_usd, 0.0::DOUBLE AS session_loss_usd
"""
"""Nine contracts at once, for which the engine is not asked."""

FETCHED = (
    "INSERT INTO market.fetches SELECT source, symbol, DATE '2024-01-17', now(), 1,"
    " now(), 'complete', '', {n_rows}, {fates} FROM (SELECT source, symbol, count(*) AS"
    " n FROM market.bar_revisions WHERE symbol = 'SIM005' GROUP BY ALL)"
)
"""A fetch of as many rows as there are revisions, and one more."""

CASHED = """
CREATE SCHEMA IF NOT EXISTS options;
CREATE TABLE options.positions AS SELECT DATE '2024-01-17' AS session,
    0::BIGINT AS opened_by, NULL::VARCHAR AS symbol, NULL::DATE AS expires_on,
    NULL::DOUBLE AS strike, NULL::VARCHAR AS right, 0::BIGINT AS n_contracts,
    NULL::DOUBLE AS mark_usd, 5000.0::DOUBLE AS value_usd, NULL::VARCHAR AS basis
"""
"""Cash that no fill explains."""

TAKEN_IN = """
CREATE SCHEMA IF NOT EXISTS intraday;
CREATE TABLE intraday.bars AS SELECT 'minutes' AS source FROM range({n_kept});
CREATE TABLE intraday.daily_bars AS SELECT 'minutes' AS source LIMIT 0;
CREATE TABLE intraday.headlines AS SELECT 'minutes' AS source LIMIT 0;
CREATE TABLE intraday.chains AS SELECT 'minutes' AS source LIMIT 0;
CREATE TABLE intraday.intakes AS SELECT 'minutes' AS source, 'rounds' AS about,
    DATE '2024-01-17' AS session, now() AS asked_at, 1::BIGINT AS attempt,
    {n_rows}::BIGINT AS n_rows, 6::BIGINT AS n_used, {n_refused}::BIGINT AS n_refused,
    2::BIGINT AS n_waiting, 2::BIGINT AS n_new, {n_refused}::BIGINT AS n_quarantined
"""
"""An intake of six rows in two bars, and of two that wait."""

TOLD = (
    "INSERT INTO reports.messages VALUES"
    " ('one', DATE '2024-01-17', 'daily_report', '', '', NULL, now())"
)

DELIVERED = (
    "INSERT INTO reports.deliveries"
    " SELECT 'one', DATE '2024-01-17', 'phone', 1, n, event, '', '', 0.0, false, now()"
    " FROM (VALUES {events}) log(n, event)"
)
"""What became of a message."""

TWICE = "(0, 'queued'), (1, 'sent'), (2, 'sent')"
UNASKED = "(1, 'sent')"

PLANTS = {
    "keys_unique": ["INSERT INTO market.bars SELECT * FROM market.bars LIMIT 1"],
    "values_as_declared": [
        "UPDATE swing.signals SET p_up = 1.5 @one",
        "UPDATE swing.signals SET edge = 'nan'::DOUBLE @one",
        "UPDATE swing.outcomes SET status = 'lost' @one",
    ],
    "bars_stand_in_revisions": ["UPDATE market.bars SET close = close + 1 @one"],
    "bars_are_possible": [
        "UPDATE market.bar_revisions SET low = 2 * high @one",
        "UPDATE market.bar_revisions SET open = 'infinity'::DOUBLE @one",
    ],
    "deliveries_left_a_trace": [
        (
            "INSERT INTO market.fetches VALUES ('yahoo', 'LOST', DATE '2024-01-17',"
            " now(), 1, now(), 'complete', '', 5, NULL, NULL, NULL, NULL)"
        )
    ],
    "every_row_accounted": [
        FETCHED.format(n_rows="n + 1", fates="n, 0, 0, 0"),
        FETCHED.format(n_rows="n + 1", fates="n + 1, 0, 0, 0"),
        FETCHED.format(n_rows="n + 1", fates="n, 0, 1, 1"),
    ],
    "every_intraday_row_accounted": [
        TAKEN_IN.format(n_rows=9, n_refused=0, n_kept=2),
        TAKEN_IN.format(n_rows=9, n_refused=1, n_kept=2),
        TAKEN_IN.format(n_rows=8, n_refused=0, n_kept=1),
        TAKEN_IN.format(n_rows=8, n_refused=0, n_kept=3),
    ],
    "quarantine_as_it_came": [
        (
            "INSERT INTO market.quarantine VALUES ('aa', DATE '2024-01-17', 'SIM005',"
            " DATE '2024-01-17', now(), 'files', 'frozen', 'Nothing traded.', 'row')"
        )
    ],
    "signals_are_the_champions": [
        "UPDATE swing.signals SET champion_version = 'somebody' @one",
        "DELETE FROM learning.champions",
    ],
    "signals_know_no_later_label": [
        "UPDATE learning.models SET labels_known_on = DATE '2024-06-03'"
    ],
    "probabilities_add_up": [
        "UPDATE swing.signals SET p_flat = p_flat / 2 @one",
        "UPDATE swing.signals SET edge = edge / 2 @one",
    ],
    "signals_on_members_only": [
        "DELETE FROM market.universe WHERE symbol = 'SIM005'",
        "UPDATE market.universe SET valid_to = DATE '2024-01-16'",
    ],
    "features_stayed_frozen": [
        "UPDATE swing.signals SET features = list_reverse(features) @one"
    ],
    "chain_unbroken": [
        "UPDATE swing.signals SET side = 'hold' @one",
        "UPDATE swing.signals SET mode = 'live' @one",
        "UPDATE swing.signals SET emitted_at = emitted_at - INTERVAL 1 DAY @one",
        "UPDATE swing.signals SET features = list_reverse(features) @one",
        "DELETE FROM swing.signals @one",
        "DELETE FROM swing.signals WHERE session = DATE '2024-01-17'",
        (
            "INSERT INTO swing.signals SELECT * REPLACE ('NEW' AS symbol)"
            " FROM swing.signals @one"
        ),
        (
            "INSERT INTO swing.signals SELECT * REPLACE (DATE '2023-06-01' AS session)"
            " FROM swing.signals @one"
        ),
        "DELETE FROM swing.signal_chain WHERE place = 0",
        "DELETE FROM swing.signal_chain WHERE place = 3",
        "UPDATE swing.signal_chain SET place = 7 - place WHERE place IN (3, 4)",
    ],
    "matured_signals_are_graded": ["DELETE FROM swing.outcomes @one"],
    "no_outcome_before_maturity": [
        "UPDATE swing.outcomes SET matures_on = matures_on - 1 @one",
        "UPDATE swing.outcomes SET entry_on = session @one",
        "DELETE FROM market.bars WHERE session > DATE '2024-02-01'",
    ],
    "entry_and_exit_are_stored": [
        "UPDATE swing.outcomes SET entry = entry + 1 @one",
        "UPDATE swing.outcomes SET exit = exit + 1 @one",
        "UPDATE swing.outcomes SET exit_on = exit_on - 1 @one",
    ],
    "labels_follow_returns": [
        "UPDATE swing.outcomes SET label_symmetric_10pct = 'wide' @one",
        "UPDATE swing.outcomes SET status = 'pending' @one",
    ],
    "hits_follow_labels": [
        "UPDATE swing.outcomes SET is_hit = NOT is_hit WHERE is_hit IS NOT NULL",
        "UPDATE swing.outcomes SET is_hit = true WHERE side = 'hold'",
    ],
    "sides_as_signaled": [
        (
            "UPDATE swing.outcomes SET side = CASE side WHEN 'buy'"
            " THEN 'sell' ELSE 'buy' END @one"
        )
    ],
    "samples_have_an_outcome": [
        "UPDATE swing.samples SET matures_on = matures_on - 7 @one",
        "DELETE FROM swing.outcomes @one",
    ],
    "samples_carry_frozen_features": [
        "UPDATE swing.samples SET trailing_return_20 = 9 @one"
    ],
    "windows_end_before_their_month": [
        "UPDATE learning.models SET labels_known_on = month",
        "UPDATE learning.models SET window_to = labels_known_on",
    ],
    "challengers_are_judged": [
        "DELETE FROM learning.verdicts",
        "DELETE FROM learning.models",
    ],
    "verdict_before_champion": [
        "DELETE FROM learning.verdicts",
        "UPDATE learning.verdicts SET is_passed = false",
    ],
    "predictions_have_a_card": [
        "DELETE FROM learning.models",
        "UPDATE learning.models SET window_to = window_from",
    ],
    "artifacts_match_manifests": [TORN],
    "paper_book_within_its_limits": [FILLED, CASHED],
    "delivered_once": [
        DELIVERED.format(events="(0, 'queued'), (1, 'sent')"),
        f"{TOLD}; {DELIVERED.format(events=TWICE)}",
        f"{TOLD}; {DELIVERED.format(events=UNASKED)}",
    ],
}
"""What breaks each invariant: statements, each of which it must find alone."""

BY_NAME = {one.name: one for one in verification.ALL}
PLANTED = [
    (name, plant.replace("@one", ONE))
    for name, plants in PLANTS.items()
    for plant in plants
]


@pytest.fixture(scope="module")
def copied(lived: Lived, tmp_path_factory: pytest.TempPathFactory) -> home.Home:
    """Copy of the lived home, to be broken; nobody has the original open."""
    root = tmp_path_factory.mktemp("copied")
    where = home.Home(root)
    lakes.copy(lived.where, where)
    shutil.copytree(lived.where.models, where.models)
    with warehouse.opened(where.warehouse) as store:
        for table in (report_tables.MESSAGES, report_tables.DELIVERIES):
            store.replace(table, table.empty())
    return where


@pytest.fixture
def connection(copied: home.Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The copy, in a transaction that is given up after the test."""
    with (
        warehouse.opened(copied.warehouse) as store,
        contextlib.closing(store.cursor()) as connection,
    ):
        connection.begin()
        yield connection
        connection.rollback()


def broken(
    connection: duckdb.DuckDBPyConnection,
    where: home.Home,
    *invariants: base.Invariant,
) -> dict[str, int]:
    """Rows that break each invariant, of those that are broken."""
    place = base.Place(warehouse.Warehouse(connection, {}), where)
    found = verification.verify(place, time.monotonic, invariants)
    return {one.invariant.name: one.n_rows for one in found if not one.holds}


def test_every_invariant_has_something_planted_for_it() -> None:
    assert BY_NAME.keys() == PLANTS.keys()
    assert len(BY_NAME) == len(verification.ALL)
    assert all(one.sentence.endswith(".") for one in verification.ALL)


def test_a_lived_home_keeps_every_invariant(
    connection: duckdb.DuckDBPyConnection, copied: home.Home
) -> None:
    assert broken(connection, copied, *verification.ALL) == {}


@pytest.mark.parametrize(("name", "plant"), PLANTED)
def test_what_is_planted_is_found(
    connection: duckdb.DuckDBPyConnection, copied: home.Home, name: str, plant: str
) -> None:
    if plant == TORN:
        file = next(path for path in copied.models.rglob("*") if path.is_file())
        whole = file.read_bytes()
        file.write_bytes(whole[:-1])
        assert broken(connection, copied, BY_NAME[name]) == {name: 1}
        file.write_bytes(whole)
    else:
        connection.execute(plant)
        assert broken(connection, copied, BY_NAME[name]).keys() == {name}


def test_every_table_is_looked_at(tmp_path: Path) -> None:
    with warehouse.opened(tmp_path / "turbomode.duckdb") as store:
        for table in everywhere.STORED:
            store.replace(table, table.empty())
    assert {table.name for table in EVERY} == {one.name for one in everywhere.STORED}
    assert verifying.broken(home.Home(tmp_path)) == {}
