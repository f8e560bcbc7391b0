"""What a challenger learned from is found again by its card, long afterwards."""

import datetime as dt

import polars as pl
import pytest

from turbomode_assets import loop, sessions
from turbomode_assets.features import catalog

MONTH = dt.date(2024, 6, 1)
MATURED = sessions.sessions_between(dt.date(2024, 5, 20), dt.date(2024, 6, 28))
SAMPLES = pl.DataFrame(
    {
        "symbol": "AA",
        "session": [sessions.shift(day, -14) for day in MATURED],
        "matures_on": MATURED,
        "feature_version": catalog.feature_version(),
    }
)
"""One sample matures in each session; those of late June came after every training."""


@pytest.mark.parametrize("day", [1, 10, 17, 24])
def test_its_samples_are_those_known_when_it_was_asked_for(day: int) -> None:
    known = loop.known_before(SAMPLES, MONTH.replace(day=day))
    card = {"month": MONTH, "labels_known_on": known["matures_on"].max()}
    assert loop.learned_from(SAMPLES, card).equals(known)
    assert 0 < known.height < SAMPLES.height
