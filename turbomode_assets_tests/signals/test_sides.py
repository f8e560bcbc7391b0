"""Sides by hand, and an order that rows cannot disturb."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turbomode_assets import policy
from turbomode_assets.signals import sides

RULE = policy.SidePolicy(min_probability=0.12, min_edge=0.03)


def scored(*rows: tuple[float, float]) -> pl.DataFrame:
    names = [f"S{place}" for place in range(len(rows))]
    up, down = zip(*rows, strict=True)
    columns = {"symbol": names, "session": [1] * len(rows), "p_up": up, "p_down": down}
    return pl.DataFrame(columns)


@pytest.mark.parametrize(
    ("p_up", "p_down", "side"),
    [
        (0.20, 0.10, "buy"),
        (0.10, 0.20, "sell"),
        (0.20, 0.18, "hold"),
        (0.11, 0.01, "hold"),
        (0.12, 0.0, "buy"),
        (0.0, 0.12, "sell"),
    ],
)
def test_side(p_up: float, p_down: float, side: str) -> None:
    found = sides.choose_sides(scored((p_up, p_down)), RULE)
    assert found["side"].item() == side
    assert found["edge"].item() == pytest.approx(p_up - p_down)


def test_no_edge_is_no_side() -> None:
    free = policy.SidePolicy(min_probability=0.0, min_edge=0.0)
    assert sides.choose_sides(scored((0.3, 0.3)), free)["side"].item() == "hold"


def test_ranks_restart_every_session_and_ties_go_by_symbol() -> None:
    frame = scored((0.1, 0.0), (0.3, 0.0), (0.1, 0.0), (0.2, 0.0))
    frame = frame.with_columns(session=pl.Series([1, 1, 1, 2]))
    assert sides.choose_sides(frame, RULE)["rank"].to_list() == [2, 1, 3, 1]


@given(st.permutations(range(6)))
def test_row_order_changes_nothing(order: list[int]) -> None:
    frame = scored((0.2, 0.1), (0.1, 0.2), (0.5, 0.1), (0, 0), (0.2, 0.1), (0.3, 0.3))
    plain = sides.choose_sides(frame, RULE)
    mixed = sides.choose_sides(frame[order], RULE)
    assert mixed.sort("symbol").equals(plain)
