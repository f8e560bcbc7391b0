"""The loop is closed: what came of a signal teaches, and what was taught speaks.

A month through Dagster, its clock set to each night. A signal is emitted live, a bar
its outcome rests on is corrected, nobody reigns for a session, and the challenger that
learned from all of it wins the seat by the gate and speaks in the next scan.
"""

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Iterator

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import loop, market_tables, policy, sessions, succession, tables
from turbomode_assets.defs import assembly, driver, resources
from turbomode_assets.models import card, scoring
from turbomode_assets.store import home, registry, warehouse
from turbomode_assets_tests import conftest, lakes
from turbomode_assets_tests.defs import test_promotion

pytestmark = pytest.mark.xdist_group("closed_loop")

NEW_YORK, SYMBOL = "America/New_York", "SIM005"
JANUARY, FEBRUARY = dt.date(2024, 1, 1), dt.date(2024, 2, 1)
LIVE_ON, MATURED_ON, SILENT_ON = (
    dt.date(2024, 1, 2),
    dt.date(2024, 1, 17),
    dt.date(2024, 1, 31),
)
SPOKEN_BY, KEY = "champion_version", ["symbol", "session"]
N_OLD = policy.SWING.registry.kept_challengers + 1
FIRST_OLD = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
OLD = {f"old{n:03}": FIRST_OLD + dt.timedelta(days=n) for n in range(N_OLD)}


@dataclasses.dataclass(frozen=True)
class Story:
    """What the month left behind."""

    kept: test_promotion.Store
    old: list[str]
    """Addresses of challengers trained before, the oldest first."""

    before: pl.DataFrame
    """Matrix of February's challenger as it was before the correction."""

    verdicts: list[str]
    """Of January's challenger and of February's."""

    def matrix(self) -> pl.DataFrame:
        """What February's challenger learned from."""
        return loop.known_before(self.kept.read(tables.SAMPLES), FEBRUARY)

    def version(self, month: dt.date) -> str:
        """Challenger of a month."""
        cards = self.kept.read(tables.MODELS).filter(pl.col("month") == month)
        return str(cards["version"][-1])


def live(
    where: home.Home, instance: dg.DagsterInstance, steps: list[driver.Step]
) -> list[driver.Taken]:
    """Take steps at 23:00 New York time of the last of their sessions."""
    night = sessions.on_or_before(steps[-1].last)
    scan = dt.datetime.combine(night, dt.time(23), zoneinfo.ZoneInfo(NEW_YORK))
    clock = resources.ClockResource(fixed_at=scan.astimezone(dt.UTC).isoformat())
    settled = assembly.assemble(where, conftest.SETTINGS, {"clock": clock})
    return list(driver.Driver(where, settled, instance).live(steps))


def nights(first: dt.date, last: dt.date) -> list[driver.Step]:
    return [driver.Step(driver.Kind.SESSION, first, last)]


def month(day: dt.date) -> list[driver.Step]:
    return [driver.Step(driver.Kind.RETRAINING, day, day)]


def weeks(first: dt.date, last: dt.date) -> list[driver.Step]:
    begin, end = sessions.week_start(first), sessions.week_start(last)
    return [driver.Step(driver.Kind.SAMPLING, begin, end)]


def correct(kept: test_promotion.Store) -> None:
    """A close of half as much again, known two weeks later."""
    bars = kept.read(tables.BARS).filter(
        pl.col("symbol") == SYMBOL, pl.col("session") == MATURED_ON
    )
    raised = (pl.max_horizontal("open", "close") * 1.5).alias("close")
    late = bars.with_columns(raised, high=2 * pl.col("high"), later_splits=pl.lit(1.0))
    moment = dt.datetime.combine(SILENT_ON, dt.time(12), dt.UTC)
    known = late.with_columns(pl.lit(moment).dt.cast_time_unit("us").alias("known_at"))
    names = market_tables.BAR_REVISIONS.column_names
    kept.write(market_tables.BAR_REVISIONS, known.select(names))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    where = home.Home(tmp_path_factory.mktemp("closed_loop"))
    lakes.prepare(where, conftest.SETTINGS)
    past = driver.plan(conftest.SETTINGS.first, LIVE_ON, LIVE_ON)
    with dg.DagsterInstance.ephemeral() as instance:
        definitions = assembly.assemble(where, conftest.SETTINGS)
        kept = test_promotion.Store(where, definitions, instance)
        old = [kept.train(v, at, dt.date(2020, 1, 1)) for v, at in OLD.items()]
        first = live(where, instance, past[:-1])
        live(where, instance, nights(sessions.shift(LIVE_ON, 1), dt.date(2024, 1, 30)))
        live(where, instance, weeks(LIVE_ON, SILENT_ON))
        before = loop.known_before(kept.read(tables.SAMPLES), FEBRUARY)
        with warehouse.opened(where.warehouse) as store:
            moment = dt.datetime.combine(SILENT_ON, dt.time(12), dt.UTC)
            nobody = succession.roll_back(store, "", SILENT_ON, moment)
        kept.write(tables.CHAMPIONS, nobody)
        correct(kept)
        live(where, instance, nights(SILENT_ON, SILENT_ON))
        live(where, instance, weeks(SILENT_ON, SILENT_ON))
        second = live(where, instance, month(FEBRUARY))
        live(where, instance, nights(FEBRUARY, FEBRUARY))
        verdicts = [one.verdict for one in first + second if one.verdict]
        yield Story(kept, old, before, verdicts)


def test_both_challengers_won_their_seat_by_the_gate(story: Story) -> None:
    assert story.verdicts == ["promoted", "promoted"]
    reigns = story.kept.read(tables.CHAMPIONS).sort("effective_from")
    assert reigns.select("effective_from", "version").rows() == [
        (LIVE_ON, story.version(JANUARY)),
        (SILENT_ON, ""),
        (FEBRUARY, story.version(FEBRUARY)),
    ]
    assert story.kept.door() == {str(JANUARY), str(FEBRUARY)}


def test_a_live_signal_became_a_sample_with_its_frozen_features(story: Story) -> None:
    taught = story.matrix().filter(pl.col("origin") == "live")
    assert set(taught["session"]) == {LIVE_ON}
    assert taught.height == conftest.SETTINGS.n_symbols
    signals = story.kept.read(tables.SIGNALS).filter(pl.col("mode") == "live")
    frozen = taught.join(signals, on=KEY, maintain_order="left")["features"]
    names = [name for name in taught.columns if name not in tables.SAMPLES.column_names]
    seen = taught.select(pl.concat_list(names)).to_series()
    assert seen.equals(frozen, check_names=False)


def test_a_live_outcome_changes_the_next_training_matrix(story: Story) -> None:
    before, after = story.before, story.matrix()
    both = before.join(after, on=KEY, suffix="_now", maintain_order="left")
    assert both.height == before.height
    differing = {
        name: both.filter(pl.col(name).ne_missing(pl.col(f"{name}_now")))
        for name in before.columns
        if name not in KEY
    }
    changed = {name: rows for name, rows in differing.items() if rows.height}
    assert set(changed) == {"label", "realized_return"}
    assert changed["label"].select(*KEY, "label_now").rows() == [
        (SYMBOL, LIVE_ON, "up")
    ]
    assert set(changed["realized_return"]["matures_on"]) == {MATURED_ON}


def test_the_next_challenger_learned_from_exactly_that(story: Story) -> None:
    cards = story.kept.read(tables.MODELS).filter(pl.col("month") == FEBRUARY)
    assert cards["data_fingerprint"][0] == card.fingerprint(story.matrix())
    assert cards["data_fingerprint"][0] != card.fingerprint(story.before)
    assert cards["labels_known_on"][0] == SILENT_ON


def test_the_next_scan_speaks_with_the_promoted_version(story: Story) -> None:
    signals = story.kept.read(tables.SIGNALS)
    spoken = signals.group_by("session").agg(pl.col(SPOKEN_BY).unique())
    by_session = dict(spoken.iter_rows())
    assert by_session[dt.date(2024, 1, 30)] == [story.version(JANUARY)]
    assert SILENT_ON not in by_session
    assert by_session[FEBRUARY] == [story.version(FEBRUARY)]


def test_what_is_said_is_what_the_promoted_artifact_says(story: Story) -> None:
    cards = story.kept.read(tables.MODELS).filter(pl.col("month") == FEBRUARY)
    models = story.kept.where.models
    scorer = scoring.load(registry.load(models, cards["artifact_sha256"][0]))
    features = story.kept.read(tables.FEATURES).filter(pl.col("session") == FEBRUARY)
    said = story.kept.read(tables.SIGNALS).filter(pl.col("session") == FEBRUARY)
    scored = scorer.score(features)
    assert said.select(scored.columns).equals(scored)


def test_a_later_training_prunes_the_oldest_challengers(story: Story) -> None:
    states = [registry.state(story.kept.where.models, each) for each in story.old]
    assert states == ["pruned"] * 3 + ["kept"] * (N_OLD - 3)
    for address in story.kept.read(tables.MODELS).filter(pl.col("month") >= JANUARY)[
        "artifact_sha256"
    ]:
        assert registry.load(story.kept.where.models, address)
    assert story.kept.read(tables.MODELS).height == N_OLD + 2
