"""Blocks, refusals, and the market every symbol is held against."""

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest

from turbomode_assets import errors, policy, sessions, tables
from turbomode_assets.features import catalog, engine, ranks

FIRST, LAST = dt.date(2022, 1, 3), dt.date(2022, 6, 30)
(BLOCK,) = engine.blocks(FIRST, LAST)
(EVENING,) = engine.blocks(LAST, LAST)
NOBODY = tables.UNIVERSE.empty()


def adjusted_bars(symbols: str, seed: int = 1) -> pl.DataFrame:
    days = sessions.sessions_between(dt.date(2021, 9, 1), LAST)
    draw, n = np.random.default_rng(seed), len(days) * len(symbols)
    close = pl.Series(100 * np.exp(draw.normal(0, 0.02, n)))
    return pl.DataFrame(
        {
            "symbol": [symbol for symbol in symbols for _ in days],
            "session": days * len(symbols),
            "open": close,
            "high": close * 1.01,
            "low": close * 0.99,
            "close": close,
            "volume": pl.Series(draw.uniform(1e5, 2e5, n)),
        }
    )


def test_blocks_cover_the_range_without_overlap() -> None:
    found = engine.blocks(dt.date(2019, 5, 5), dt.date(2022, 3, 3))
    assert [block.first.year for block in found] == [2019, 2020, 2021, 2022]
    assert found[0].first == dt.date(2019, 5, 5)
    assert found[-1].last == dt.date(2022, 3, 3)
    one_day = dt.timedelta(days=1)
    pairs = itertools.pairwise(found)
    assert all(a.last + one_day == b.first for a, b in pairs)


@pytest.mark.parametrize("year", [1998, 2002, 2013, 2024, 2030])
def test_a_year_is_loaded_from_one_session_whatever_is_asked(year: int) -> None:
    one, other = dt.date(year, 7, 1), dt.date(year, 12, 31)
    anchors = {b.load_from for b in engine.blocks(one, one) + engine.blocks(one, other)}
    (anchor,) = anchors
    earlier = sessions.sessions_between(anchor, dt.date(year, 1, 1))
    assert sessions.is_session(anchor)
    assert len(earlier) > catalog.lookback()


def test_the_first_year_is_loaded_from_the_first_day() -> None:
    (block,) = engine.blocks(dt.date(1996, 2, 1), dt.date(1996, 3, 1))
    assert block.load_from == sessions.FIRST_DAY


def test_bars_before_the_block_are_refused() -> None:
    early = BLOCK.load_from - dt.timedelta(days=1)
    bars = adjusted_bars("A").with_columns(session=pl.lit(early)).head(1)
    with pytest.raises(errors.TableError, match="1 rows lie before"):
        engine.compute(bars, NOBODY, BLOCK, "full")


def test_no_bars_give_no_rows_but_every_column() -> None:
    empty = engine.compute(adjusted_bars("A").clear(), NOBODY, BLOCK, "full")
    assert empty.height == 0
    assert empty.schema == tables.FEATURES.schema(
        tuple(catalog.names(feature_set="full"))
    )


def test_order_of_rows_does_not_matter() -> None:
    bars = adjusted_bars("ABC")
    shuffled = bars.sample(fraction=1.0, shuffle=True, seed=3)
    expected = engine.compute(bars, NOBODY, BLOCK, "full")
    assert engine.compute(shuffled, NOBODY, BLOCK, "full").equals(expected)
    assert expected.select("symbol", "session").equals(
        bars.filter(pl.col("session") >= FIRST).select("symbol", "session")
    )


def test_a_lone_symbol_is_its_own_market() -> None:
    row = engine.compute(adjusted_bars("A"), NOBODY, EVENING, "full").row(0, named=True)
    assert row["market_beta_60"] == pytest.approx(1.0)
    assert row["market_correlation_60"] == pytest.approx(1.0)
    assert row["relative_return_20"] == pytest.approx(0.0, abs=1e-12)
    assert row["market_vol_20"] == pytest.approx(row["close_vol_20"])
    assert row["trailing_return_20_rank"] == 0.5


def test_the_market_is_the_mean_return_of_those_that_traded() -> None:
    bars = adjusted_bars("ABC")
    rows = engine.compute(bars, NOBODY, EVENING, "full")
    close = bars.pivot("symbol", index="session", values="close").drop("session")
    mean = close.select(pl.all().pct_change()).mean_horizontal()
    market = mean.log1p().tail(5).sum()
    own = close.select(pl.all().log().diff(5).tail(1)).row(0)
    assert rows["relative_return_5"].to_list() == pytest.approx(
        [value - market for value in own], rel=1e-4
    )


def test_a_missed_session_is_compared_with_the_market_over_the_same_gap() -> None:
    bars = adjusted_bars("ABC")
    missed = sessions.shift(LAST, -1)
    traded = ~((pl.col("symbol") == "A") & (pl.col("session") == missed))
    row = engine.compute(bars.filter(traded), NOBODY, EVENING, "full").row(
        0, named=True
    )
    close = bars.pivot("symbol", index="session", values="close").tail(7)
    gain = close.select((pl.col("A", "B", "C") / pl.col("A", "B", "C").shift(1)) - 1)
    others = gain.select((pl.col("B") + pl.col("C")) / 2).to_series()
    before = gain.select((pl.col("A") + pl.col("B") + pl.col("C")) / 3).to_series()
    # A returns over two sessions on the last: its mean with B's and C's of one.
    two = close["A"][-1] / close["A"][-3] - 1
    last = (two + gain["B"][-1] + gain["C"][-1]) / 3
    market = np.log1p([*before[1:5], others[5], last]).sum()
    own = np.log(close["A"][-1] / close["A"][0])
    assert row["relative_return_5"] == pytest.approx(own - market, rel=1e-4)


def membership(*rows: tuple[str, dt.date, str]) -> pl.DataFrame:
    symbol, valid_from, sector = zip(*rows, strict=True)
    held = {"symbol": symbol, "valid_from": valid_from, "sector": sector}
    return pl.DataFrame(held).with_columns(valid_to=pl.lit(None, pl.Date))


def test_a_sector_is_the_mean_of_its_members_at_the_time() -> None:
    bars, moved = adjusted_bars("ABCD"), sessions.shift(LAST, -1)
    early = [(symbol, dt.date(2020, 1, 2), "Tech") for symbol in "ABC"]
    universe = membership(*early, ("C", moved, "Energy"), ("D", moved, "Energy"))
    rows = engine.compute(bars, universe, EVENING, "full")
    close = bars.pivot("symbol", index="session", values="close").tail(6)
    gain = close.select((pl.col("A", "B", "C", "D").pct_change()) + 1).drop_nulls()
    whole = gain[:3].select((pl.col("A") + pl.col("B") + pl.col("C")) / 3)
    rest = gain[3:].select((pl.col("A") + pl.col("B")) / 2)
    sector = float(np.log(pl.concat([whole, rest]).to_numpy()).sum())
    own = float(np.log(gain["A"].to_numpy()).sum())
    assert rows["sector_relative_return_5"][0] == pytest.approx(own - sector, rel=1e-4)


def test_symbols_outside_the_universe_are_a_sector_of_their_own() -> None:
    bars, since = adjusted_bars("ABC"), dt.date(2020, 1, 2)
    alone = engine.compute(bars, membership(("A", since, "Tech")), EVENING, "full")
    pair = engine.compute(bars.filter(pl.col("symbol") != "A"), NOBODY, EVENING, "full")
    assert alone["sector_relative_return_20"][0] == pytest.approx(0.0, abs=1e-12)
    assert alone["sector_relative_return_20"][1:].equals(
        pair["sector_relative_return_20"]
    )


@pytest.mark.parametrize("n_symbols", [20, ranks.FEW + 50])
def test_ranks_agree_with_polars_ties_included(n_symbols: int) -> None:
    draw, n_rows = np.random.default_rng(1), 20 * n_symbols
    values = draw.integers(-4, 5, n_rows) * 10.0 ** draw.integers(-30, 30, n_rows)
    values = values.astype(np.float32)
    values[::17], values[::19] = np.nan, -0.0
    day = np.repeat(np.arange(20), n_symbols)
    found = values.copy()
    ranks.replace_by_ranks([found], day)
    frame = pl.DataFrame({"day": day, "x": values}).with_columns(
        pl.col("x").fill_nan(None)
    )
    rank = (pl.col("x").rank("average") - 0.5) / pl.col("x").count()
    expected = frame.select(rank.over("day")).to_series().to_numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_frozen_price_after_a_lively_one_shows_no_trend() -> None:
    still = pl.col("session") > dt.date(2022, 3, 15)
    prices = ("open", "high", "low", "close")
    frozen = adjusted_bars("AB").with_columns(
        pl.when(still & (pl.col("symbol") == "A")).then(55.5).otherwise(c).alias(c)
        for c in prices
    )
    row = engine.compute(frozen, NOBODY, EVENING, "full").row(0, named=True)
    at_rest = ("trend_correlation_20", "reversal_5_60", "market_correlation_60")
    assert [row[name] for name in at_rest] == pytest.approx([0.0] * 3, abs=1e-3)
    assert row["vol_ratio_5_60"] == pytest.approx(0.0, abs=1e-3)
    assert row["position_in_range_20"] == row["close_location_20"] == 0.0


def test_a_halt_without_trades_stays_finite() -> None:
    is_halted = pl.col("session") > dt.date(2022, 3, 1)
    quiet = pl.when(is_halted).then(0.0).otherwise("volume").alias("volume")
    row = engine.compute(
        adjusted_bars("A").with_columns(quiet), NOBODY, EVENING, "full"
    )
    assert row["volume_surprise_5_60"][0] == pytest.approx(np.log(0.01))
    assert row["mean_volume_ratio_5"][0] == 0.0


@pytest.mark.parametrize("feature_set", policy.FEATURE_SETS)
def test_a_set_is_a_choice_of_columns_and_changes_no_value(feature_set: str) -> None:
    bars = adjusted_bars("ABC")
    everything = engine.compute(bars, NOBODY, EVENING, "full")
    found = engine.compute(bars, NOBODY, EVENING, feature_set)
    names = catalog.names(feature_set=feature_set)
    assert found.columns[3:] == names
    assert found.select(names).equals(everything.select(names))


def test_the_catalog_is_broad_and_its_names_are_unique() -> None:
    names = catalog.names(feature_set="full")
    assert len(set(names)) == len(names) >= 200
    families = {feature.family for feature in catalog.CATALOG}
    assert len(families) == 12
    assert all(len(catalog.names(name, "full")) >= 4 for name in families)


def test_no_set_names_a_feature_that_does_not_exist() -> None:
    known = set(catalog.names(feature_set="full"))
    assert {name: chosen - known for name, chosen in catalog.SETS.items()} == {
        name: set() for name in policy.FEATURE_SETS
    }


def test_baselines_add_no_column_to_sets_that_have_them() -> None:
    added = {name: catalog.SETS[name] - catalog.LEARNED[name] for name in catalog.SETS}
    assert added["full"] == added["compact"] == set()
    assert added["seed"] == {"skipped_return_250_20"}
    assert added["alpha158"] == {"skipped_return_250_20", "close_vol_20"}


def test_versions_tell_sets_apart() -> None:
    versions = {catalog.feature_version(name) for name in policy.FEATURE_SETS}
    assert len(versions) == len(policy.FEATURE_SETS)
    assert set(catalog.SETS) == set(policy.FEATURE_SETS)


def test_the_version_sees_numbers_and_overlooks_words() -> None:
    code = "def f(x):\n    return x.mean(20)\n"
    explained = code.replace("    return", "    # why\n    return")
    assert catalog.formulas(explained) == catalog.formulas(code)
    assert catalog.formulas(code.replace("20", "21")) != catalog.formulas(code)


def test_unknown_family_names_the_nearest() -> None:
    with pytest.raises(errors.SettingsError, match="Did you mean 'volume'"):
        catalog.names("volumes")


def test_unknown_set_names_the_nearest() -> None:
    with pytest.raises(errors.SettingsError, match="Did you mean 'seed'"):
        catalog.features("sede")
