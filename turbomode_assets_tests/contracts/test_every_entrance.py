"""Whatever is put into an entrance is understood, or refused in a sentence.

Each entrance is fed thousands of mutants of what it is meant for: what comes out is
right, or an error of our own, never a traceback that explains nothing.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turbomode_assets import tables
from turbomode_assets.store import bitemporal, warehouse
from turbomode_assets_tests.fuzzing import documents, entrances, guided
from turbomode_assets_tests.fuzzing.__main__ import SEED
from turbomode_assets_tests.store.test_warehouse import MONDAY, bars

TEXT = st.text(max_size=40) | st.sampled_from(
    ["../../etc/passwd", "A'; DROP TABLE market.bars; --", "AAA\n", "20240628"]
)


@pytest.mark.parametrize("entrance", entrances.ALL, ids=lambda entrance: entrance.name)
def test_whatever_comes_is_understood_or_refused(entrance: guided.Entrance) -> None:
    fed = guided.Guided(entrance, SEED)
    fed.feed(entrance.n_inputs)
    assert fed.n_inputs == entrance.n_inputs
    assert len(fed.kept) > 1


def test_all_of_it_is_a_hundred_thousand_inputs() -> None:
    assert sum(entrance.n_inputs for entrance in entrances.ALL) >= 100_000


def test_what_reaches_further_is_kept() -> None:
    """Mutants run lines that what they were made of does not."""
    entrance = guided.Entrance(
        name="a key", seeds=(b"x",), feed=documents.read_partition_key, n_inputs=0
    )
    blind, led = (guided.Guided(entrance, seed) for seed in (1, 2))
    blind.feed(1)
    led.feed(2_000)
    assert led.n_lines > blind.n_lines
    assert len(led.kept) > 1


@settings(max_examples=200, deadline=None, database=None)
@given(content=st.binary(max_size=400))
def test_bytes_without_any_sense_are_refused(content: bytes) -> None:
    for entrance in documents.ALL:
        if entrance.name in {"settings", "backups", "exchange manifests"}:
            guided.Guided(
                guided.Entrance(
                    name=entrance.name, seeds=(content,), feed=entrance.feed, n_inputs=1
                ),
                SEED,
            ).feed(1)


def test_a_symbol_reaches_no_statement(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("asked") / "w.duckdb"
    with warehouse.opened(path) as store:
        store.append(tables.BARS, bars(MONDAY, "AAA"))

        @settings(max_examples=200, deadline=None, database=None)
        @given(texts=st.lists(TEXT, max_size=3))
        def asked(texts: list[str]) -> None:
            known = bitemporal.known_since(store, texts, MONDAY)
            assert set(known["symbol"]) <= set(texts)
            assert store.read(tables.BARS, match={"symbol": "'"}).is_empty()

        asked()
        assert store.read(tables.BARS).height == 1
