"""The chain is what its definition says, byte by byte."""

import datetime as dt
import hashlib
import struct

import polars as pl

from turbomode_assets import proof_tables, tables
from turbomode_assets.signals import chain

MONDAY, TUESDAY = dt.date(2024, 7, 1), dt.date(2024, 7, 2)
SPOKEN_AT = dt.datetime(2024, 7, 2, 3, 4, 5, 6, tzinfo=dt.UTC)
EPOCH = dt.date(1970, 1, 1)


def signals(session: dt.date, *symbols: str) -> pl.DataFrame:
    row = {
        "session": session,
        "p_up": 0.5,
        "p_flat": 0.3,
        "p_down": 0.2,
        "base_probabilities": [0.5, 0.3, 0.2],
        "edge": 0.3,
        "side": "buy",
        "rank": 1,
        "champion_version": "v1",
        "policy_version": "p1",
        "feature_version": "f1",
        "features": [1.5, None],
        "features_hash": "aa",
        "mode": "live",
        "emitted_at": SPOKEN_AT,
    }
    rows = [{"symbol": symbol, **row} for symbol in symbols]
    return pl.DataFrame(rows, schema=tables.SIGNALS.schema())


def text(values: list[str]) -> bytes:
    return struct.pack(f"<{len(values)}Q", *map(len, values)) + "".join(values).encode()


def by_hand(session: dt.date, *symbols: str) -> str:
    """The digest, spelled out with nothing but the standard library."""
    n = len(symbols)
    micros = (SPOKEN_AT - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(
        microseconds=1
    )
    columns = {
        "symbol": text(sorted(symbols)),
        "session": struct.pack("<i", (session - EPOCH).days) * n,
        "p_up": struct.pack("<d", 0.5) * n,
        "p_flat": struct.pack("<d", 0.3) * n,
        "p_down": struct.pack("<d", 0.2) * n,
        "base_probabilities": struct.pack("<Q", 3) * n
        + struct.pack("<3d", 0.5, 0.3, 0.2) * n,
        "edge": struct.pack("<d", 0.3) * n,
        "side": text(["buy"] * n),
        "rank": struct.pack("<q", 1) * n,
        "champion_version": text(["v1"] * n),
        "policy_version": text(["p1"] * n),
        "feature_version": text(["f1"] * n),
        "features": struct.pack("<Q", 2) * n
        + struct.pack("<2f", 1.5, float("nan")) * n,
        "features_hash": text(["aa"] * n),
        "mode": text(["live"] * n),
        "emitted_at": struct.pack("<q", micros) * n,
    }
    assert list(columns) == tables.SIGNALS.column_names
    return hashlib.sha256(b"".join(columns.values())).hexdigest()


def test_a_digest_is_what_its_definition_says() -> None:
    both = pl.concat([signals(TUESDAY, "B"), signals(MONDAY, "LONG", "A")])
    assert chain.digests(both) == {
        MONDAY: (2, by_hand(MONDAY, "A", "LONG")),
        TUESDAY: (1, by_hand(TUESDAY, "B")),
    }


def test_a_link_rests_on_the_one_before() -> None:
    empty = proof_tables.SIGNAL_CHAIN.empty()
    both = pl.concat([signals(MONDAY, "A"), signals(TUESDAY, "A")])
    found = chain.extend(empty, both)
    first = f" 2024-07-01 1 {by_hand(MONDAY, 'A')}"
    before = hashlib.sha256(first.encode()).hexdigest()
    second = f"{before} 2024-07-02 1 {by_hand(TUESDAY, 'A')}"
    assert found["link"].to_list() == [
        before,
        hashlib.sha256(second.encode()).hexdigest(),
    ]


def test_sessions_sealed_one_by_one_are_sealed_like_a_range() -> None:
    empty = proof_tables.SIGNAL_CHAIN.empty()
    both = pl.concat([signals(MONDAY, "A"), signals(TUESDAY, "A")])
    one = chain.extend(empty, signals(MONDAY, "A"))
    two = chain.extend(one, signals(TUESDAY, "A"))
    assert pl.concat([one, two]).equals(chain.extend(empty, both))


def test_nothing_said_extends_nothing() -> None:
    empty = proof_tables.SIGNAL_CHAIN.empty()
    assert chain.extend(empty, tables.SIGNALS.empty()).is_empty()
    assert chain.breaks(empty, {}).is_empty()
    assert chain.last_link(empty) == chain.ORIGIN
