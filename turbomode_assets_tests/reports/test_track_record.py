"""What emitted signals were worth: against sums done by hand, and drawn."""

import datetime as dt
import math

import polars as pl
import pytest

from turbomode_assets import sessions
from turbomode_assets.reports import track_record, track_record_charts

DAYS = sessions.sessions_between(dt.date(2024, 1, 2), dt.date(2024, 6, 28))


def rows(p_up: float) -> pl.DataFrame:
    """One symbol that always rises, signaled with `p_up` beside even chances."""
    even = {f"p_{name}_base_rate": 1 / 3 for name in ("up", "flat", "down")}
    rest = (1 - p_up) / 2
    said = {"p_up": p_up, "p_flat": rest, "p_down": rest, "label": "up"} | even
    return pl.DataFrame({"symbol": "A", "session": DAYS} | said)


@pytest.mark.parametrize("p_up", [0.2, 1 / 3, 0.8])
def test_skill_is_the_share_of_the_log_loss_saved(p_up: float) -> None:
    found = track_record.skill(rows(p_up))
    expected = 1 - math.log(p_up) / math.log(1 / 3)
    shown = found.drop_nulls("skill")
    assert found["session"].to_list() == DAYS
    assert shown.height == len(DAYS) - track_record.FEWEST_SESSIONS + 1
    assert shown["skill"].to_list() == pytest.approx([expected] * shown.height)


def test_a_signal_is_held_against_what_was_known_before_it() -> None:
    keys = {"symbol": ["A", "B"], "session": [DAYS[0], DAYS[20]]}
    said = pl.DataFrame(
        keys | {"mode": "live", "p_up": 0.5, "p_flat": 0.3, "p_down": 0.2}
    )
    then = {"matures_on": [DAYS[11], DAYS[31]], "realized_return": [0.2, None]}
    labels = {"label_symmetric_10pct": ["up", None]}
    graded = pl.DataFrame(keys | then | labels)
    found = track_record.matured(said, graded)
    assert found["symbol"].to_list() == ["A"]
    assert found["p_up_base_rate"].to_list() == [None]


def test_charts_name_every_mode_and_survive_an_empty_ledger() -> None:
    skills = {
        "live": track_record.skill(rows(0.8)),
        "replay": track_record.skill(rows(0.2)),
    }
    svg = track_record_charts.skill(skills)
    assert ">live<" in svg
    assert ">replay<" in svg
    assert "nothing yet" in track_record_charts.skill({})
    assert "nothing yet" in track_record_charts.equity({})
