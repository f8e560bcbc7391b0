"""Any partition and any range can be made by hand; what must come first is said."""

import dataclasses
import datetime as dt
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import dagster as dg
import pytest

from turbomode_assets import errors, schema, sessions, tables
from turbomode_assets.defs import assembly, partitions
from turbomode_assets.store import home, warehouse

SETTINGS = home.Settings(n_symbols=4, first=dt.date(2024, 1, 2))
LAST = dt.date(2024, 1, 31)
DAYS = sessions.sessions_between(SETTINGS.first, LAST)
CHAIN = (
    "market/bar_revisions",
    "market/bars",
    "market/universe",
    "swing/features",
    "swing/signals",
    "swing/outcomes",
)
"""Daily assets in the order of the loop."""

CHALLENGER = ("learning/challenger", "learning/oof_predictions", "learning/verdicts")
"""What a training makes at once."""


@dataclasses.dataclass(frozen=True)
class Hands:
    """An empty home and somebody who materializes as they like."""

    where: home.Home
    job: dg.JobDefinition
    instance: dg.DagsterInstance

    def make(self, first: str, last: str, *assets: str) -> None:
        """Materialize assets over a range, or one partition where the ends agree."""
        keys = [dg.AssetKey(asset.split("/")) for asset in assets]
        span = partitions.Window(*map(dt.date.fromisoformat, (first, last)))
        self.job.execute_in_process(
            instance=self.instance,
            asset_selection=keys,
            partition_key=first if first == last else None,
            tags=partitions.range_tags(span) if first != last else {},
        )

    def stored(self, table: schema.Table) -> list[dt.date]:
        """Partitions with rows."""
        with warehouse.opened(self.where.database) as store:
            return store.partitions(table)


@pytest.fixture
def hands(tmp_path: pathlib.Path) -> Iterator[Hands]:
    where = home.Home(tmp_path)
    home.prepare(where, SETTINGS)
    definitions = assembly.assemble(where, SETTINGS)
    job = definitions.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        yield Hands(where, job, instance)


def test_the_whole_chain_in_one_range(hands: Hands) -> None:
    hands.make(str(DAYS[0]), str(DAYS[-1]), *CHAIN)
    assert hands.stored(tables.FEATURES) == DAYS
    assert hands.stored(tables.SIGNALS) == []


def test_ranges_and_single_partitions_in_any_order_of_assets(hands: Hands) -> None:
    for asset in CHAIN[:3]:
        hands.make(str(DAYS[0]), str(DAYS[-1]), asset)
    hands.make(str(DAYS[-1]), str(DAYS[-1]), "swing/features")
    assert hands.stored(tables.FEATURES) == [DAYS[-1]]
    hands.make(str(DAYS[-2]), str(DAYS[-1]), "swing/outcomes")
    assert hands.stored(tables.OUTCOMES) == DAYS[-2:]


def test_a_single_session_of_an_empty_home(hands: Hands) -> None:
    hands.make(str(DAYS[0]), str(DAYS[0]), *CHAIN)
    assert hands.stored(tables.BARS) == hands.stored(tables.FEATURES) == [DAYS[0]]


@pytest.mark.parametrize("asset", ["swing/features", "swing/outcomes"])
def test_missing_bars_are_named(hands: Hands, asset: str) -> None:
    hands.make(str(DAYS[0]), str(DAYS[3]), *CHAIN[:3])
    message = f"market/bars {DAYS[4]}...{DAYS[9]} first"
    with pytest.raises(errors.MissingUpstream, match=message):
        hands.make(str(DAYS[9]), str(DAYS[9]), asset)


def test_a_missing_universe_is_named(hands: Hands) -> None:
    hands.make(str(DAYS[0]), str(DAYS[0]), *CHAIN[:2])
    with pytest.raises(errors.MissingUpstream, match="materialize market/universe"):
        hands.make(str(DAYS[0]), str(DAYS[0]), "swing/features")


def test_missing_outcomes_are_named(hands: Hands) -> None:
    hands.make(str(DAYS[0]), str(DAYS[-1]), *CHAIN[:4])
    with pytest.raises(errors.MissingUpstream, match=f"swing/outcomes {DAYS[-8]}"):
        hands.make("2024-01-21", "2024-01-21", "swing/samples")


def test_missing_samples_are_named(hands: Hands) -> None:
    hands.make(str(DAYS[0]), str(DAYS[-1]), *CHAIN)
    hands.make("2024-01-14", "2024-01-14", "swing/samples")
    with pytest.raises(errors.MissingUpstream, match="swing/samples 2024-01-21"):
        hands.make("2024-02-01", "2024-02-01", *CHALLENGER)


@pytest.mark.parametrize(
    ("window", "assets", "code", "said"),
    [
        (f"{DAYS[0]}...{DAYS[5]}", CHAIN, 0, "RUN_SUCCESS"),
        (f"{DAYS[5]}...{DAYS[5]}", CHAIN[3:4], 1, "materialize market/bars 2024-01-02"),
    ],
)
def test_the_command_line_of_dagster(
    tmp_path: pathlib.Path, window: str, assets: tuple[str, ...], code: int, said: str
) -> None:
    home.prepare(home.Home(tmp_path), SETTINGS)
    module = ["-m", "turbomode_assets.definitions", "--select", ",".join(assets)]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "dagster", "asset", "materialize"),
            *(*module, "--partition-range", window),
        ],
        env=os.environ | {"DAGSTER_HOME": str(tmp_path), home.VARIABLE: str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr[-3000:]
    assert said in done.stderr
