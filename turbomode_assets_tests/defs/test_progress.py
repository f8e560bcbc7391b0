"""How a challenger ended, in one line for people."""

import datetime as dt

import polars as pl

from turbomode_assets.defs import progress

MONTH = dt.date(2024, 6, 1)
CARDS = pl.DataFrame({"month": MONTH, "version": "v2", "trained_at": MONTH})
CHAMPIONS = pl.DataFrame({"version": ["v1"]})


def ended(*failed: str) -> dict[dt.date, str]:
    """Endings where these sentences stand against the challenger, and one for it."""
    rows = [(n + 1, sentence, False) for n, sentence in enumerate(failed)]
    verdicts = pl.DataFrame(
        [*reversed(rows), (0, "samples: 200, at least 100", True)],
        schema=["position", "sentence", "is_passed"],
        orient="row",
    )
    return progress.endings(
        CARDS, verdicts.with_columns(version=pl.lit("v2")), CHAMPIONS
    )


def test_a_refusal_is_told_by_its_first_reason_in_words() -> None:
    few = "sessions compared: 10, at least 126"
    assert ended(few) == {MONTH: f"refused, {few}"}
    assert ended(few, "another", "and one") == {MONTH: f"refused, {few} (and 2 more)"}
    assert ended() == {}
