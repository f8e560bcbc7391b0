"""Every limit blocks, alone, on its side of the bound and not on the other."""

import dataclasses
from typing import Any

import pytest

from turbomode_assets.options import risk
from turbomode_assets.options_policy import RiskPolicy
from turbomode_assets_tests.options import paper


def _decided(standing: dict[str, Any], **proposal: Any) -> risk.Decision:
    stood = dataclasses.replace(paper.AT_EASE, **standing)
    return risk.decide(stood, paper.propose(**proposal), paper.RULES)


def test_what_no_limit_blocks_is_sized_by_the_smallest_budget() -> None:
    """200 USD of a trade and 200 of the expectancy buy two contracts of 90.65."""
    assert _decided({}) == risk.Decision(2, ())


@pytest.mark.parametrize(
    ("limit", "standing", "proposal"),
    [
        ("quote", {}, {"bid": None}),
        ("quote", {}, {"bid": 0.0}),
        ("quote", {}, {"bid": 0.91}),
        ("quote", {}, {"quote_age_minutes": None}),
        ("quote", {}, {"quote_age_minutes": 61.0}),
        ("conviction", {}, {"conviction_rank": 0.849}),
        ("conviction", {}, {"conviction_rank": None}),
        ("expectancy", {}, {"kelly_fraction": 0.09}),
        ("expectancy", {}, {"kelly_fraction": 0.0}),
        ("expectancy", {}, {"kelly_fraction": None}),
        ("trade_usd", {"equity_usd": 3e3, "cash_usd": 3e3}, {"ask": 2.0, "bid": 1.9}),
        ("trade_share", {"equity_usd": 450.0}, {"kelly_fraction": 1.0}),
        ("capital", {"cash_usd": 90.0}, {}),
        ("stop", {}, {"bid": 0.45}),
        ("trades_month", {"n_trades_month": 4}, {}),
        ("positions", {"n_positions": 2}, {}),
        ("daily_loss", {"session_loss_usd": 50.0}, {}),
        ("pause", {"losses_in_a_row": 3, "sessions_since_loss": 5}, {}),
    ],
)
def test_each_limit_blocks_alone(
    limit: str, standing: dict[str, Any], proposal: dict[str, Any]
) -> None:
    assert _decided(standing, **proposal) == risk.Decision(0, (limit,))


@pytest.mark.parametrize(
    ("standing", "proposal"),
    [
        ({}, {"quote_age_minutes": 60.0}),
        ({}, {"conviction_rank": 0.85}),
        ({}, {"kelly_fraction": 0.0907}),
        ({}, {"ask": 1.99, "bid": 1.9}),
        ({"equity_usd": 454.0}, {"kelly_fraction": 1.0}),
        ({"cash_usd": 91.0}, {}),
        ({}, {"bid": 0.46}),
        ({"n_trades_month": 3}, {}),
        ({"n_positions": 1}, {}),
        ({"session_loss_usd": 49.99}, {}),
        ({"losses_in_a_row": 3, "sessions_since_loss": 6}, {}),
        ({"losses_in_a_row": 2, "sessions_since_loss": 0}, {}),
    ],
)
def test_just_within_every_limit_something_is_bought(
    standing: dict[str, Any], proposal: dict[str, Any]
) -> None:
    assert _decided(standing, **proposal).n_contracts >= 1


def test_every_limit_that_blocks_is_told_in_order() -> None:
    found = _decided({"n_positions": 2}, bid=None, conviction_rank=0.0)
    assert found.blocked_by == ("quote", "conviction", "positions")


def test_every_limit_is_reached_by_a_test() -> None:
    """A limit added later needs a case above."""
    told = {
        limit
        for mark in test_each_limit_blocks_alone.pytestmark
        for limit, _, _ in mark.args[1]
    }
    assert told == set(risk.LIMITS)


def test_without_asking_for_expectancy_the_other_limits_size() -> None:
    rules = RiskPolicy(is_expectancy_asked=False)
    proposal = paper.propose(kelly_fraction=None)
    assert risk.decide(paper.AT_EASE, proposal, rules) == risk.Decision(2, ())
