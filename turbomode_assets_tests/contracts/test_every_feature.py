"""What every feature of the catalog must do; a new one is covered by being listed."""

import datetime as dt
import inspect
import re

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from turbomode_assets import loop, policy, sessions, tables
from turbomode_assets.features import catalog, engine
from turbomode_assets.features.declaration import Feature

FIRST, LAST = dt.date(2021, 1, 4), dt.date(2022, 12, 30)
CUT = dt.date(2022, 8, 31)
SINGLE = [dt.date(2021, 1, 4), dt.date(2021, 12, 31), dt.date(2022, 1, 3), CUT]
RANGE = (dt.date(2021, 11, 15), dt.date(2022, 2, 15))
LISTED, STOPPED, FROZEN = dt.date(2021, 3, 1), dt.date(2022, 3, 1), dt.date(2021, 6, 1)
MOVED = dt.date(2022, 5, 2)
PRICES = ("open", "high", "low", "close")

EVERY = pytest.mark.parametrize("feature", catalog.CATALOG, ids=lambda f: f.name)


def one_symbol(symbol: str, seed: int) -> pl.DataFrame:
    days = sessions.sessions_between(dt.date(2019, 11, 1), LAST)
    draw, n = np.random.default_rng(seed), len(days)
    close = 50 * np.exp(draw.normal(0, 0.02, n).cumsum())
    opened = close * np.exp(draw.normal(0, 0.01, n))
    frame = pl.DataFrame({"symbol": [symbol] * n, "session": days, "open": opened})
    return frame.with_columns(
        high=np.maximum(opened, close) * np.exp(draw.exponential(0.005, n)),
        low=np.minimum(opened, close) * np.exp(-draw.exponential(0.005, n)),
        close=close,
        volume=np.exp(draw.normal(13, 0.5, n)).round(),
        dividend=pl.lit(0.0),
        split_ratio=pl.lit(1.0),
        source=pl.lit("test"),
    )


def freeze(bars: pl.DataFrame, is_frozen: pl.Expr) -> pl.DataFrame:
    still = [pl.when(is_frozen).then(40.0).otherwise(c).alias(c) for c in PRICES]
    quiet = pl.when(is_frozen).then(0.0).otherwise("volume").alias("volume")
    return bars.with_columns(*still, quiet)


def market() -> pl.DataFrame:
    session = pl.col("session")
    late = one_symbol("LATE", 1).filter(session >= LISTED)
    gone = one_symbol("GONE", 2).filter(session <= STOPPED)
    halt = freeze(one_symbol("HALT", 3), session >= FROZEN)
    gaps = one_symbol("GAPS", 4).filter(session.dt.day() != 13)
    paid = pl.when(session.dt.day() == 10).then(0.4).otherwise(0.0)
    split = pl.when(session == dt.date(2022, 2, 8)).then(4.0).otherwise(1.0)
    acts = one_symbol("ACTS", 5).with_columns(dividend=paid, split_ratio=split)
    return pl.concat([late, gone, halt, gaps, acts, one_symbol("PLAIN", 6)])


UNIVERSE = pl.DataFrame(
    {
        "symbol": ["LATE", "GONE", "HALT", "GAPS", "ACTS", "ACTS", "PLAIN"],
        "valid_from": [dt.date(2019, 1, 2)] * 5 + [MOVED, dt.date(2021, 9, 1)],
        "valid_to": [None] * 4 + [MOVED, None, None],
        "sector": ["Energy", "Energy", "Tech", "Tech", "Tech", "Energy", "Energy"],
    },
    schema_overrides={"valid_to": pl.Date},
)


def features_of(bars: pl.DataFrame, first: dt.date, last: dt.date) -> pl.DataFrame:
    found = loop.compute_features(bars, UNIVERSE, first, last, FULL)
    return found.sort("symbol", "session")


FULL = policy.Policy(features=policy.FeaturePolicy(feature_set="full"))


def bits(frame: pl.DataFrame, name: str) -> npt.NDArray[np.uint32]:
    return frame[name].to_numpy().astype(np.float32).view(np.uint32)


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    return market()


@pytest.fixture(scope="module")
def history(bars: pl.DataFrame) -> pl.DataFrame:
    return features_of(bars, FIRST, LAST)


@pytest.fixture(scope="module")
def stretch(bars: pl.DataFrame) -> pl.DataFrame:
    return features_of(bars, *RANGE)


@pytest.fixture(scope="module")
def singles(bars: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(features_of(bars, day, day) for day in SINGLE)


@pytest.fixture(scope="module")
def truncated(bars: pl.DataFrame) -> pl.DataFrame:
    return features_of(bars.filter(pl.col("session") <= CUT), FIRST, LAST)


@pytest.fixture(scope="module")
def mutated(bars: pl.DataFrame) -> pl.DataFrame:
    later = pl.col("session") > CUT
    other = freeze(bars, later & (pl.col("session").dt.month() != 10))
    split = pl.when(later).then(1.5).otherwise("split_ratio")
    return features_of(other.with_columns(split_ratio=split), FIRST, LAST)


@pytest.fixture(scope="module")
def scaled(bars: pl.DataFrame) -> pl.DataFrame:
    return features_of(bars.with_columns(pl.col(*PRICES, "dividend") * 37.3), *RANGE)


@pytest.fixture(scope="module")
def resplit(bars: pl.DataFrame) -> pl.DataFrame:
    """As if every symbol had split 4 to 1 in the middle of the stretch."""
    day = dt.date(2021, 12, 20)
    after, on = pl.col("session") >= day, pl.col("session") == day
    per_share = [
        pl.col(name) / pl.when(after).then(4.0).otherwise(1.0) for name in PRICES
    ]
    ratio = pl.col("split_ratio") * pl.when(on).then(4.0).otherwise(1.0)
    paid = pl.col("dividend") / pl.when(after).then(4.0).otherwise(1.0)
    shares = pl.col("volume") * pl.when(after).then(4.0).otherwise(1.0)
    return features_of(bars.with_columns(*per_share, paid, ratio, shares), *RANGE)


@pytest.fixture(scope="module")
def alone(bars: pl.DataFrame) -> pl.DataFrame:
    return features_of(bars.filter(pl.col("symbol") == "ACTS"), FIRST, LAST)


@EVERY
def test_is_documented(feature: Feature) -> None:
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", feature.name)
    assert feature.sentence.endswith(".")
    assert "`" not in feature.sentence
    assert len(feature.source) > 5
    assert feature.lookback_sessions >= 0
    assert feature.inputs


@EVERY
def test_any_range_gives_the_same_bytes(
    feature: Feature,
    history: pl.DataFrame,
    stretch: pl.DataFrame,
    singles: pl.DataFrame,
) -> None:
    within = history.filter(pl.col("session").is_between(*RANGE))
    assert np.array_equal(bits(within, feature.name), bits(stretch, feature.name))
    keys = singles.select("symbol", "session")
    same = keys.join(history, on=["symbol", "session"], maintain_order="left")
    assert np.array_equal(bits(same, feature.name), bits(singles, feature.name))


@EVERY
def test_the_future_changes_nothing(
    feature: Feature,
    history: pl.DataFrame,
    truncated: pl.DataFrame,
    mutated: pl.DataFrame,
) -> None:
    until = history.filter(pl.col("session") <= CUT)
    assert np.array_equal(bits(until, feature.name), bits(truncated, feature.name))
    other = mutated.filter(pl.col("session") <= CUT)
    assert np.array_equal(bits(until, feature.name), bits(other, feature.name))


@EVERY
def test_price_level_and_splits_do_not_matter(
    feature: Feature,
    stretch: pl.DataFrame,
    scaled: pl.DataFrame,
    resplit: pl.DataFrame,
) -> None:
    expected = stretch[feature.name]
    np.testing.assert_allclose(scaled[feature.name], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(resplit[feature.name], expected, rtol=1e-4, atol=1e-6)


@EVERY
def test_other_symbols_matter_only_where_said(
    feature: Feature, history: pl.DataFrame, alone: pl.DataFrame
) -> None:
    together = history.filter(pl.col("symbol") == "ACTS")
    is_same = np.array_equal(bits(together, feature.name), bits(alone, feature.name))
    assert is_same is not feature.is_cross_sectional


@EVERY
def test_null_exactly_until_the_look_back_is_filled(
    feature: Feature, bars: pl.DataFrame, history: pl.DataFrame
) -> None:
    n_earlier = pl.int_range(pl.len()).over("symbol")
    for block in engine.blocks(FIRST, LAST):
        loaded = bars.filter(pl.col("session").is_between(block.load_from, block.last))
        rows = loaded.with_columns(is_due=n_earlier >= feature.lookback_sessions)
        rows = rows.filter(pl.col("session") >= block.first)
        rows = rows.join(history, on=["symbol", "session"])
        assert (
            rows[feature.name].is_not_null().equals(rows["is_due"], check_names=False)
        )


@EVERY
def test_is_finite_and_within_its_declared_range(
    feature: Feature, history: pl.DataFrame
) -> None:
    values = history[feature.name].drop_nulls()
    low, high = feature.bounds
    assert values.dtype == pl.Float32
    assert values.is_finite().all()
    assert low is None or values.ge(np.float32(low)).all()
    assert values.abs().le(20.0).all() if high is None else values.le(high).all()
    assert values.n_unique() > 4
    if feature.family == "volatility":
        assert low == 0.0


def test_rows_conform_and_follow_the_catalog(history: pl.DataFrame) -> None:
    assert tables.FEATURES.conform(history).equals(history)
    assert history.columns[3:] == catalog.names(feature_set="full")
    assert history["feature_version"].unique().to_list() == [
        catalog.feature_version("full")
    ]


def test_every_listed_function_stands_in_the_table_of_its_family() -> None:
    for family in catalog.FAMILIES:
        listed = {kind.function for kind in family.KINDS}
        kernels = {
            function
            for name, function in inspect.getmembers(family, inspect.isfunction)
            if function.__module__ == family.__name__
            and "n" in inspect.signature(function).parameters
            and not name.startswith("_")
            and next(iter(inspect.signature(function).parameters)) == "of"
        }
        assert kernels <= listed
