"""Any partition and any range can be made by hand; what must come first is said."""

import datetime as dt
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import dagster as dg
import pytest

from turbomode_assets import errors, sessions, tables
from turbomode_assets.defs.assets import intraday, options
from turbomode_assets.store import home
from turbomode_assets_tests import lakes
from turbomode_assets_tests.defs import by_hand
from turbomode_assets_tests.defs.by_hand import Hands

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

UNIVERSE = CHAIN[2]
"""The one among them without partitions."""

CHALLENGER = ("learning/challenger", "learning/oof_predictions", "learning/verdicts")
"""What a training makes at once."""

TRAINED = {*CHALLENGER, "learning/champion"}
"""What needs more history than a home of a month has: see the home that has lived."""

FIRST = {
    "market/bars": f"materialize market/bar_revisions {DAYS[5]}",
    "swing/features": f"materialize market/bars {DAYS[0]}...{DAYS[5]} first",
    "swing/outcomes": f"materialize market/bars {DAYS[0]}...{DAYS[5]} first",
    "swing/samples": "materialize market/bars first",
    **dict.fromkeys(CHALLENGER, "expected samples .* make them first"),
    "learning/champion": "train one first",
}
"""What an empty home says of an asset; the others find nothing, which is no fault."""

RANGED = {
    **{asset: [str(day) for day in DAYS[5:9]] for asset in CHAIN if asset != UNIVERSE},
    "swing/samples": ["2024-01-14", "2024-01-21", "2024-01-28"],
}
"""Assets that take ranges, and neighboring partitions."""

MONTHLY = {
    "learning/standings": "2024-02-01",
    "market/curations": "2024-04-01",
    "market/rankings": "2024-02-01",
    "reports/learning": "2024-02-01",
    "swing/feature_reports": "2024-02-01",
}
"""Assets that are made one partition a run, and a partition."""

EVERY = (
    {asset: keys[0] for asset, keys in RANGED.items()}
    | MONTHLY
    | dict.fromkeys(TRAINED, "2024-02-01")
)
"""Every asset with partitions, and one of them."""


@pytest.fixture
def hands(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    """Before an empty home."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    yield from by_hand.before(tmp_path, SETTINGS)


@pytest.fixture(scope="module")
def chained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hands]:
    """Before a home with a month of everything that needs no training."""
    with pytest.MonkeyPatch.context() as environment:
        root = tmp_path_factory.mktemp("chained")
        environment.setenv("DAGSTER_HOME", str(root))
        for hands in by_hand.before(root, SETTINGS):
            hands.make(str(DAYS[0]), str(DAYS[-1]), *CHAIN)
            yield hands


def test_nothing_that_has_partitions_is_left_out(hands: Hands) -> None:
    graph = hands.job.asset_layer.asset_graph
    found = {
        key
        for key in graph.materializable_asset_keys
        if graph.get(key).is_partitioned
        # Those of the other desk are asked for in `test_desk_by_hand`.
        if graph.get(key).group_name not in {intraday.GROUP, options.GROUP}
    }
    assert {key.to_user_string() for key in found} == EVERY.keys()


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


@pytest.mark.parametrize("asset", FIRST)
def test_an_empty_home_says_what_must_come_first(hands: Hands, asset: str) -> None:
    made_at_once = CHALLENGER if asset in CHALLENGER else (asset,)
    with pytest.raises(errors.TurbomodeError, match=FIRST[asset]):
        hands.make(EVERY[asset], EVERY[asset], *made_at_once)
    assert not any(hands.stored(table) for table in tables.ALL)


@pytest.mark.parametrize("asset", sorted(EVERY.keys() - FIRST.keys()))
def test_what_needs_nothing_is_made_in_an_empty_home(hands: Hands, asset: str) -> None:
    hands.make(EVERY[asset], EVERY[asset], asset)
    (made,) = hands.instance.get_materialized_partitions(dg.AssetKey(asset.split("/")))
    assert made == EVERY[asset]


@pytest.mark.parametrize("asset", RANGED)
def test_one_partition_after_another_and_a_range_are_the_same(
    chained: Hands, asset: str
) -> None:
    table, keys = tables.find(asset.replace("/", ".")), RANGED[asset]
    for key in keys:
        chained.make(key, key, asset)
    one_by_one = chained.read(table)
    chained.make(keys[0], keys[-1], asset)
    assert chained.read(table).equals(one_by_one)


@pytest.mark.parametrize("asset", MONTHLY)
def test_a_month_is_made_by_itself(chained: Hands, asset: str) -> None:
    chained.make(MONTHLY[asset], MONTHLY[asset], asset)


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
    lakes.prepare(home.Home(tmp_path), SETTINGS)
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
