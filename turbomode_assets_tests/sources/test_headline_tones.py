"""Tones by a language model: by a schema, kept by hash, never from its own past."""

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from turbomode_assets import errors, intraday_tables
from turbomode_assets.intraday import context
from turbomode_assets.sources import (
    headline_tones,
    intraday_base,
    intraday_simulated,
    language_model,
)
from turbomode_assets_tests.loopback import chat

NOW = dt.datetime(2024, 7, 3, 15, 1, tzinfo=dt.UTC)
TODAY = NOW.date()
CUTOFF = dt.date(2024, 7, 1)
TITLES = ("RTX wins a contract", "RTX is sued", "RTX names a director")


@pytest.fixture
def endpoint() -> Iterator[chat.Chat]:
    with chat.listening() as found:
        yield found


def reader(endpoint: chat.Chat, folder: Path, **changes: str) -> language_model.Model:
    environment = {
        "TURBOMODE_LLM_URL": endpoint.url,
        "TURBOMODE_LLM_MODEL": chat.MODEL,
        "TURBOMODE_LLM_CUTOFF": CUTOFF.isoformat(),
        "TURBOMODE_LLM_KEY": chat.KEY,
    } | changes
    found = language_model.opened(folder / "tones", environment)
    assert found is not None
    return found


def delivery(*days: dt.date) -> intraday_base.Delivery:
    """One headline a day, at noon."""
    rows = [
        {
            "symbol": "RTX",
            "published_at": dt.datetime.combine(day, dt.time(12), dt.UTC),
            "known_at": NOW,
            "title": title,
            "source": "test",
        }
        for day, title in zip(days, TITLES, strict=False)
    ]
    told = pl.DataFrame(rows, schema=intraday_tables.DELIVERED_HEADLINES.schema())
    return intraday_base.Delivery(intraday_tables.DELIVERED.empty(), headlines=told)


def test_a_tone_comes_with_the_model_that_told_it(
    endpoint: chat.Chat, tmp_path: Path
) -> None:
    endpoint.says[TITLES[0]] = '{"tone": 0.8}'
    found = headline_tones.told(reader(endpoint, tmp_path), delivery(TODAY), TODAY, NOW)
    columns = [column.name for column in intraday_tables.TONES]
    assert found.headlines.select(columns).rows() == [(0.8, chat.MODEL, CUTOFF)]
    attempt = found.attempts.select("about", "symbol", "result", "n_rows").row(0)
    assert attempt == ("tones", "RTX", "complete", 1)
    assert intraday_tables.FETCHES.violations(found.attempts) == []
    request = endpoint.asked[0]
    assert request["model"] == chat.MODEL
    assert request["response_format"]["type"] == "json_schema"


def test_what_was_told_is_never_asked_again(
    endpoint: chat.Chat, tmp_path: Path
) -> None:
    days = (TODAY, TODAY, TODAY)
    first = headline_tones.told(reader(endpoint, tmp_path), delivery(*days), TODAY, NOW)
    endpoint.status = 500
    again = headline_tones.told(reader(endpoint, tmp_path), delivery(*days), TODAY, NOW)
    assert again.headlines.equals(first.headlines)
    assert endpoint.headlines == list(TITLES)
    assert again.attempts.is_empty()
    other = reader(endpoint, tmp_path, TURBOMODE_LLM_MODEL="other")
    assert headline_tones.told(other, delivery(TODAY), TODAY, NOW).headlines[
        "tone"
    ].to_list() == [None]


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_headline_of_its_past_is_neither_asked_about_nor_remembered(
    endpoint: chat.Chat, tmp_path: Path, *, is_kept: bool
) -> None:
    """As in a replay: its cut-off day, the day before, and the first it may read."""
    days = (CUTOFF - dt.timedelta(1), CUTOFF, CUTOFF + dt.timedelta(1))
    if is_kept:
        early = reader(endpoint, tmp_path, TURBOMODE_LLM_CUTOFF="2020-01-01")
        headline_tones.told(early, delivery(*days), TODAY, NOW)
        endpoint.asked.clear()
    found = headline_tones.told(
        reader(endpoint, tmp_path), delivery(*days), TODAY, NOW
    ).headlines
    assert found["tone"].is_not_null().to_list() == [False, False, True]
    assert endpoint.headlines == ([] if is_kept else [TITLES[2]])


def test_the_store_refuses_a_tone_of_hindsight() -> None:
    told = delivery(CUTOFF, TODAY).headlines.with_columns(
        tone=pl.lit(0.5), tone_model=pl.lit("m"), tone_cutoff_on=pl.lit(CUTOFF)
    )
    found = context.inspect_headlines(told)
    assert found.refused["reason"].to_list() == ["hindsight"]
    assert found.accepted["title"].to_list() == [TITLES[1]]
    unsaid = told.with_columns(tone_cutoff_on=pl.lit(None, pl.Date))
    assert context.inspect_headlines(unsaid).accepted.is_empty()


@pytest.mark.parametrize(
    "content",
    [
        "very good",
        "{}",
        '{"tone": 1.2}',
        '{"tone": "0.5"}',
        '{"tone": null}',
        '{"tone": 0.5, "order": "buy"}',
        '[{"tone": 0.5}]',
    ],
)
def test_what_is_not_by_the_schema_is_left_to_the_lexicon(
    endpoint: chat.Chat, tmp_path: Path, content: str
) -> None:
    endpoint.says[TITLES[0]] = content
    found = headline_tones.told(
        reader(endpoint, tmp_path), delivery(TODAY, TODAY), TODAY, NOW
    )
    assert found.headlines["tone"].is_null().to_list() == [True, False]
    assert found.attempts["result"].to_list() == ["unreadable", "complete"]


def test_a_torn_file_of_the_cache_is_asked_for_again(
    endpoint: chat.Chat, tmp_path: Path
) -> None:
    one = reader(endpoint, tmp_path)
    first = headline_tones.told(one, delivery(TODAY), TODAY, NOW)
    (file,) = one.cache.iterdir()
    file.write_bytes(file.read_bytes()[:5])
    assert headline_tones.told(one, delivery(TODAY), TODAY, NOW).headlines.equals(
        first.headlines
    )
    assert json.loads(file.read_text()) == {"tone": first.headlines["tone"][0]}


@pytest.mark.parametrize(
    ("status", "result"),
    [(401, "unavailable"), (429, "rate_limited"), (503, "unreachable")],
)
def test_after_a_refusal_nothing_more_is_asked(
    endpoint: chat.Chat, tmp_path: Path, status: int, result: str
) -> None:
    endpoint.status = status
    found = headline_tones.told(
        reader(endpoint, tmp_path), delivery(TODAY, TODAY), TODAY, NOW
    )
    assert found.headlines["tone"].is_null().all()
    assert found.attempts.select("result", "detail").rows() == [
        (result, f"status {status}")
    ]


def test_silence_and_absence_are_told_apart(
    endpoint: chat.Chat, tmp_path: Path
) -> None:
    endpoint.delay_seconds = 0.5
    one = reader(endpoint, tmp_path)
    slow = dataclasses.replace(one, timeout_seconds=0.1)
    assert slow.ask(headline_tones.FORM, "{}").result == "timed_out"
    nobody = dataclasses.replace(one, url="http://127.0.0.1:1/v1")
    assert nobody.ask(headline_tones.FORM, "{}").result == "unreachable"


def test_the_key_is_never_said(endpoint: chat.Chat, tmp_path: Path) -> None:
    one = reader(endpoint, tmp_path)
    assert chat.KEY not in repr(one)
    wrong = reader(endpoint, tmp_path, TURBOMODE_LLM_KEY="sk-other")
    found = headline_tones.told(wrong, delivery(TODAY), TODAY, NOW)
    assert found.attempts.select("result").item() == "unavailable"
    assert "sk-other" not in str(found.attempts.rows())


@pytest.mark.parametrize(
    ("variable", "value"),
    [("URL", "ftp://x"), ("MODEL", ""), ("CUTOFF", ""), ("CUTOFF", "soon")],
)
def test_a_model_that_is_half_named_is_refused(
    endpoint: chat.Chat, tmp_path: Path, variable: str, value: str
) -> None:
    with pytest.raises(errors.SettingsError, match=f"TURBOMODE_LLM_{variable}"):
        reader(endpoint, tmp_path, **{f"TURBOMODE_LLM_{variable}": value})


def test_a_simulated_delivery_has_room_for_tones(
    endpoint: chat.Chat, tmp_path: Path
) -> None:
    source = intraday_simulated.IntradaySimulated()
    rows = source.fetch_rounds(TODAY, TODAY, NOW)
    found = headline_tones.told(reader(endpoint, tmp_path), rows, TODAY, NOW).headlines
    assert found.schema == intraday_tables.DELIVERED_HEADLINES.schema()
    assert found["tone"].is_not_null().all()
