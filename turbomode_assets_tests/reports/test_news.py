"""What people are told of the loop, and that nothing is told twice or left out."""

import datetime as dt

import polars as pl

from turbomode_assets.reports import news

NOW = dt.datetime(2024, 7, 1, 9, tzinfo=dt.UTC)
SINCE = NOW - dt.timedelta(days=7)

CHAMPIONS = pl.DataFrame(
    {
        "desk": ["swing"] * 4,
        "effective_from": [dt.date(2024, 6, day) for day in (3, 26, 27, 28)],
        "version": ["old", "new", "", "old"],
        "reason": [
            "promoted by the gate",
            "promoted by the gate",
            "demoted: new fell below the base rate",
            "rolled back by hand",
        ],
        "decided_at": [NOW - dt.timedelta(days=n) for n in (28, 5, 4, 3)],
    }
)

VERDICTS = pl.DataFrame(
    {
        "desk": ["swing"] * 4,
        "version": ["new", "bad", "bad", "long ago"],
        "month": [dt.date(2024, 7, 1)] * 4,
        "position": [0, 1, 0, 0],
        "criterion": ["skill", "slope", "skill", "skill"],
        "is_passed": [True, False, False, False],
        "sentence": ["skill is enough", "slope too low", "skill too low", "too low"],
    }
)
CARDS = pl.DataFrame(
    {
        "version": ["new", "bad", "long ago"],
        "trained_at": [NOW, NOW, SINCE - dt.timedelta(days=1)],
    }
)

DRIFT = pl.DataFrame(
    {
        "month": [dt.date(2024, 7, 1), dt.date(2024, 7, 1), dt.date(2024, 6, 1)],
        "feature": ["rsi", "beta", "rsi"],
        "psi": [0.5, 0.01, 0.7],
        "psi_bar": [0.1, 0.1, 0.1],
        "is_drifting": [True, False, True],
    }
)


def test_each_reign_since_then_is_told_by_what_made_it() -> None:
    found = list(news.crownings(CHAMPIONS, SINCE))
    assert [one.kind for one in found] == ["promotion", "demotion", "demotion"]
    assert "new reigns from 2024-06-26" in found[0].title
    assert "nobody reigns" in found[1].title
    assert "fell below the base rate" in found[1].text
    assert len({one.name for one in found}) == 3


def test_a_refusal_names_every_criterion_in_order() -> None:
    (found,) = news.refusals(VERDICTS, CARDS, SINCE)
    assert found.name == "refusal swing bad"
    assert found.text.splitlines()[1:] == [
        "- skill: skill too low",
        "- slope: slope too low",
    ]


def test_only_this_months_drifts_are_told() -> None:
    (found,) = news.drifts(DRIFT, dt.date(2024, 7, 1))
    assert found.title == "Drift: 1 features unlike the training window"
    assert found.text == "- rsi: stability index 0.500, drift from 0.100"
    assert list(news.drifts(DRIFT, dt.date(2024, 8, 1))) == []


def test_data_are_stale_once_a_session() -> None:
    day = dt.date(2024, 6, 28)
    assert list(news.staleness([], day)) == []
    (found,) = news.staleness(["bars reach 2024-06-26"], day)
    assert found.name == "stale_data 2024-06-28"
