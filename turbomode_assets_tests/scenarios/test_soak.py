"""Three weeks day by day under every fault; for ten years, ``soak/__main__.py``."""

import datetime as dt
import random
from pathlib import Path

import pytest

from turbomode_assets.store import home
from turbomode_assets_tests.conftest import Lived
from turbomode_assets_tests.crashes import world
from turbomode_assets_tests.scenarios.simulated_time import new_york
from turbomode_assets_tests.soak import faults, life, mother

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("lived")]

BEGIN = new_york("2024-03-10 12:00")


def test_weeks_of_faults_leave_a_home_whole(lived: Lived, tmp_path: Path) -> None:
    where = home.Home(tmp_path / "home")
    world.copied(lived.where, where)
    timetable = life.timetable(BEGIN, BEGIN + faults.ROUND + dt.timedelta(days=2))
    plan = faults.drawn(1, timetable)
    order = life.Order(root=where.root, begin=BEGIN, until=BEGIN, plan=plan, now=BEGIN)
    one = mother.Life(order, tell=lambda _: None)
    until = BEGIN + dt.timedelta(days=21)
    one.go_on(until, random.Random(1))  # noqa: S311 - no secret
    one.restore(tmp_path)
    assert one.wrong == []
    assert one.order.n_done == len(life.timetable(BEGIN, until))
    assert {"SIGKILL", "source down"} <= one.faults.keys()
