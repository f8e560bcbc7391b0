"""A source corrects the past: what follows is made again, what was said stays said."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import market_tables, schema, sessions, tables
from turbomode_assets.defs import assembly, partitions, resources, restating
from turbomode_assets.sources import base, simulated
from turbomode_assets.store import bitemporal, home, warehouse
from turbomode_assets_tests import conftest, lakes, verifying
from turbomode_assets_tests.conftest import Lived

pytestmark = pytest.mark.xdist_group("lived")

TONIGHT = sessions.shift(conftest.LAST, 1)
NOW = sessions.close_at(TONIGHT) + dt.timedelta(hours=7)
CHANGED_ON = dt.date(2024, 1, 31)
FACTOR = 1.5


class Correcting:
    """The simulated market, but for one close it had wrong until tonight."""

    name = "simulated"
    is_revising = True

    def __init__(self, market: simulated.Simulated, symbol: str) -> None:
        self._market, self._symbol = market, symbol

    def fetch(self, request: base.Request) -> Iterator[base.Delivery]:
        """Tonight's bars, and the correction."""
        wrong = self._market.bars(CHANGED_ON, CHANGED_ON).filter(
            pl.col("symbol") == self._symbol
        )
        right = wrong.with_columns(
            pl.col("close", "high") * FACTOR, known_at=pl.lit(request.now)
        )
        yield from self._market.fetch(request)
        yield base.Delivery(base.delivered(right))

    def universe(self, as_of: dt.date) -> pl.DataFrame:
        """Unchanged."""
        return self._market.universe(as_of)


class CorrectingMarket(resources.MarketResource):
    """Resource of that source."""

    symbol: str

    def source(self) -> base.Source:
        """The correcting source."""
        market = simulated.Simulated(self.seed, self.edge, self.n_symbols)
        return Correcting(market, self.symbol)  # type: ignore[return-value]


@dataclasses.dataclass(frozen=True)
class Night:
    """A lived home on the night of the correction."""

    where: home.Home
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    symbol: str

    @property
    def warehouse(self) -> resources.WarehouseResource:
        """Its warehouse."""
        return resources.stored(self.where)

    def read(self, table: schema.Table) -> pl.DataFrame:
        """Rows of a table."""
        with warehouse.opened(self.where.warehouse) as store:
            return store.read(table)

    def tick(self) -> dg.RunRequest | dg.SkipReason:
        """What the sensor asks for."""
        parts = {
            "warehouse": self.warehouse,
            "clock": resources.ClockResource(fixed_at=NOW.isoformat()),
        }
        with dg.build_sensor_context(
            instance=self.instance, definitions=self.definitions, resources=parts
        ) as context:
            asked = self.definitions.resolve_sensor_def("restated_bars")(context)
        assert isinstance(asked, dg.RunRequest | dg.SkipReason)
        return asked

    def run(self, job: str, tags: dict[str, str] | None = None, key: str = "") -> None:
        """Run a job to its end."""
        result = self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance, partition_key=key or None, tags=tags or {}
        )
        assert result.success


@pytest.fixture(scope="module")
def night(lived: Lived, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    where = home.Home(tmp_path_factory.mktemp("corrected") / "home")
    lakes.copy_tree(lived.where.root, where.root)
    settings = conftest.SETTINGS
    symbol = lived.read(tables.SIGNALS).sort("rank")["symbol"][0]
    market = CorrectingMarket(
        kind="simulated",
        first=str(settings.first),
        seed=settings.seed,
        edge=settings.edge,
        n_symbols=settings.n_symbols,
        symbol=symbol,
    )
    clock = resources.ClockResource(fixed_at=NOW.isoformat())
    definitions = assembly.assemble(where, settings, {"market": market, "clock": clock})
    with dg.DagsterInstance.ephemeral() as instance:
        here = Night(where, definitions, instance, symbol)
        assert isinstance(here.tick(), dg.SkipReason)
        here.run("scan", key=partitions.key(TONIGHT))
        yield here


@pytest.fixture(scope="module")
def restated(night: Night) -> tuple[Night, dict[str, pl.DataFrame]]:
    before = {t.name: night.read(t) for t in (tables.SIGNALS, tables.FEATURES)}
    asked = night.tick()
    assert isinstance(asked, dg.RunRequest)
    night.run("restatement", tags=dict(asked.tags))
    return night, before


def test_the_bar_is_corrected_and_what_was_known_is_kept(night: Night) -> None:
    with warehouse.opened(night.where.warehouse) as store:
        then = bitemporal.as_of(
            store, NOW - dt.timedelta(seconds=1), CHANGED_ON, CHANGED_ON
        )
    now = night.read(tables.BARS).filter(pl.col("session") == CHANGED_ON)
    ours = pl.col("symbol") == night.symbol
    assert now.filter(~ours).equals(then.filter(~ours))
    ratio = now.filter(ours)["close"].item() / then.filter(ours)["close"].item()
    assert ratio == pytest.approx(FACTOR)


def test_nothing_emitted_is_rewritten(
    restated: tuple[Night, dict[str, pl.DataFrame]],
) -> None:
    night, before = restated
    assert night.read(tables.SIGNALS).equals(before[tables.SIGNALS.name])


def test_features_from_the_changed_session_on_are_made_again(
    restated: tuple[Night, dict[str, pl.DataFrame]],
) -> None:
    night, before = restated
    old, new = before[tables.FEATURES.name], night.read(tables.FEATURES)
    earlier = pl.col("session") < CHANGED_ON
    assert new.filter(earlier).equals(old.filter(earlier))
    ours = (pl.col("session") == CHANGED_ON) & (pl.col("symbol") == night.symbol)
    assert not new.filter(ours).equals(old.filter(ours))


def test_what_would_have_flipped_is_counted(
    restated: tuple[Night, dict[str, pl.DataFrame]],
) -> None:
    night, _ = restated
    row = night.read(market_tables.RESTATEMENTS).row(0, named=True)
    signals = night.read(tables.SIGNALS).filter(
        pl.col("symbol") == night.symbol, pl.col("session") >= CHANGED_ON
    )
    assert (row["symbol"], row["session"]) == (night.symbol, CHANGED_ON)
    assert (row["n_bars"], row["n_late"], row["changed"]) == (1, 0, "high close")
    assert row["n_signals"] == signals.height > 0
    assert 0 < row["n_sides_flipped"] <= row["n_signals"]
    assert 0 < row["n_labels_flipped"] <= row["n_outcomes"]


def test_the_sensor_is_quiet_again(
    restated: tuple[Night, dict[str, pl.DataFrame]],
) -> None:
    night, _ = restated
    assert isinstance(night.tick(), dg.SkipReason)


def test_what_must_hold_holds(night: Night) -> None:
    assert verifying.broken(night.where) == {}


def test_samples_follow_the_outcomes(
    restated: tuple[Night, dict[str, pl.DataFrame]],
) -> None:
    night, _ = restated
    run = night.instance.get_runs(dg.RunsFilter(job_name="restatement"))[0]
    window = restating.weeks(partitions.tagged_window(run.tags))
    night.run("sampling", tags=partitions.range_tags(window))
    labels = night.read(tables.SAMPLES).join(
        night.read(tables.OUTCOMES), on=["symbol", "session"], suffix="_graded"
    )
    assert (labels["label"] == labels["label_symmetric_10pct"]).all()
