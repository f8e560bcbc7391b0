"""The whole book over a simulated market, quoted and modeled, within its limits."""

import dataclasses
import datetime as dt

import polars as pl
import pytest

from turbomode_assets import options_policy
from turbomode_assets.intraday import replay as intraday_replay
from turbomode_assets.options import book, metrics, outcomes, quotes, replay, risk
from turbomode_assets.sources import intraday_simulated
from turbomode_assets_tests.intraday import simulated_desk

FIRST, LAST = dt.date(2018, 1, 2), dt.date(2018, 3, 29)
DARING = dataclasses.replace(
    options_policy.OPTIONS,
    risk=options_policy.RiskPolicy(is_expectancy_asked=False, min_earlier_signals=100),
)


@pytest.fixture(scope="module")
def world() -> replay.World:
    """Two months of the desk on a market with something planted."""
    source = intraday_simulated.IntradaySimulated(edge=3.0, turns_every=1000)
    stored = intraday_replay.world_of(
        source.fetch_rounds(FIRST, LAST, simulated_desk.EVER),
        simulated_desk.EVER,
        simulated_desk.RULES,
    )
    said = intraday_replay.replay(stored, FIRST, LAST, simulated_desk.RULES)
    traded = stored.bars.filter(pl.col("symbol").is_in(source.desk.symbols))
    return replay.World(
        signals=said.signals,
        outcomes=said.outcomes,
        bars=traded,
        chains=stored.chains,
    )


@pytest.fixture(scope="module")
def found(world: replay.World) -> replay.Replayed:
    return replay.run(world, DARING)


def test_simulated_quotes_have_the_volatility_they_were_made_with(
    world: replay.World,
) -> None:
    """Made without rate or dividends, so asked for under a policy without them."""
    free = dataclasses.replace(DARING, model=options_policy.ModelPolicy(rate=0.0))
    few = world.chains.filter(pl.col("session") == FIRST)
    found = quotes.of_chains(few, world.bars, quotes.NO_DIVIDENDS, free)
    both = found.join(few, on=list(found.columns[:6]))
    sound = both.filter(pl.col("finding").is_null() & (pl.col("vega") > 0.02))
    assert sound.height > 50
    assert (sound["vol"] - sound["implied_vol"]).abs().max() < 0.01  # type: ignore[operator]


def test_trades_are_made_within_every_limit(found: replay.Replayed) -> None:
    fills = found.walked.fills
    bought = fills.filter(pl.col("reason") == "signal")
    rules = DARING.risk
    assert bought.height > 2
    cost = bought["price_usd"] * 100 * bought["n_contracts"] + bought["commission_usd"]
    assert (cost <= 200.0 + 1e-9).all()
    assert (cost <= 0.2 * bought["equity_usd"] + 1e-9).all()
    assert bought.group_by(pl.col("session").dt.truncate("1mo")).len()["len"].max() <= 4  # type: ignore[operator]
    assert (bought["conviction_rank"] >= rules.conviction_quantile).all()
    assert (bought["session_loss_usd"] < rules.daily_loss_usd).all()
    assert book.restore(fills, rules).cash_usd == found.walked.book.cash_usd


def test_the_equity_is_what_the_trades_made(found: replay.Replayed) -> None:
    closed = metrics.trades(found.walked.fills)
    ends = metrics.equity(found.walked.positions)
    held = sum(
        one.value_usd
        - one.bought["price_usd"] * 100 * one.bought["n_contracts"]
        - one.bought["commission_usd"]
        for one in found.walked.book.positions
    )
    made = closed["profit_usd"].sum() + held
    assert ends["equity_usd"][-1] == pytest.approx(1000.0 + made)


def test_every_proposal_is_answered(
    found: replay.Replayed, world: replay.World
) -> None:
    """With a limit, a missing contract, or a fill."""
    told = found.walked.proposals
    sided = world.signals.filter(pl.col("side") != "hold")
    assert told.height == sided.height
    limits = metrics.refusals(told)["limit"].to_list()
    plain = {one for one in limits if not one.startswith("no contract")}
    assert plain <= {*risk.LIMITS, ""}
    bought = found.walked.fills.filter(pl.col("reason") == "signal")
    assert told.filter(pl.col("n_contracts") > 0).height == bought.height


def test_parts_of_every_outcome_add_up(found: replay.Replayed) -> None:
    known = found.outcomes.filter(pl.col("option_return").is_not_null())
    parts = pl.sum_horizontal(f"{name}_return" for name in outcomes.PARTS)
    off = known.select((parts - pl.col("option_return")).abs().max()).item()
    assert known.height > 500
    assert off < 1e-9


def test_expectancy_is_asked_for_and_hardly_ever_given(world: replay.World) -> None:
    """By default nothing is bought before thirty outcomes have paid."""
    strict = dataclasses.replace(options_policy.OPTIONS)
    modeled = dataclasses.replace(world, chains=world.chains.clear())
    found = replay.run(modeled, strict)
    assert found.quotes["basis"].unique().to_list() == ["model"]
    early = found.walked.proposals.filter(pl.col("session") < dt.date(2018, 2, 15))
    assert early["n_contracts"].max() == 0
    assert set(found.outcomes["basis"].drop_nulls()) == {"model"}


def test_the_same_rows_give_the_same_bytes(
    found: replay.Replayed, world: replay.World
) -> None:
    again = replay.run(world, DARING)
    assert again.walked.fills.equals(found.walked.fills)
    assert again.outcomes.equals(found.outcomes)
