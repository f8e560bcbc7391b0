"""Slices, taken one after the other, bring the other end to what is here."""

import datetime as dt

import hypothesis as hp
import hypothesis.strategies as st

from turbomode_assets.store import changes, fingerprints, manifest

NOW = dt.datetime(2024, 7, 10, tzinfo=dt.UTC)
DAYS = [str(dt.date(2024, 7, day)) for day in range(1, 9)]

STORED = st.dictionaries(
    st.sampled_from(DAYS),
    st.builds("{}:{}".format, st.integers(0, 9), st.integers(0, 2)),
)
KNOWN = st.fixed_dictionaries({"a.daily": STORED, "b.daily": STORED})


def increment(here: changes.Known, taken: dict[str, list[str]]) -> manifest.Manifest:
    """Manifest of a slice, as it is sent."""
    parts = [
        manifest.Part(
            table=table,
            first=fingerprints.day_of(first),
            last=fingerprints.day_of(last),
            n_rows=0,
            n_bytes=0,
            sha256="0" * 64,
            partitions={d: p for d, p in here[table].items() if first <= d <= last},
        )
        for table, days in taken.items()
        for first, last in changes.runs(days, here[table])
    ]
    return manifest.Manifest(
        channel="ledger",
        sequence=1,
        previous="",
        schema="",
        program="",
        watermark=None,
        published_at=NOW,
        parts=parts,
        artifacts=[],
    )


@hp.given(KNOWN, KNOWN, st.integers(1, 30))
def test_slices_end_where_both_sides_agree(
    here: changes.Known, before: changes.Known, most: int
) -> None:
    everything = {table: list(days) for table, days in before.items() if days}
    sent, previous = [increment(before, everything)], ""
    while differing := changes.changed(here, changes.sent(sent)):
        taken, left = changes.next_slice(differing, here, most)
        days = [day for each in taken.values() for day in each]
        assert previous <= min(days)
        assert left is None or max(days) < left
        sent.append(increment(here, taken))
        previous = max(days)
    agreed = {table: days for table, days in changes.sent(sent).items() if days}
    assert agreed == {table: days for table, days in here.items() if days}


def test_a_slice_ends_with_a_day() -> None:
    here = {"a": {DAYS[0]: "5:1", DAYS[1]: "5:1"}, "b": {DAYS[0]: "9:1"}}
    taken, left = changes.next_slice(changes.changed(here, {}), here, most=3)
    assert (taken, left) == ({"a": [DAYS[0]], "b": [DAYS[0]]}, DAYS[1])


def test_a_range_holds_no_partition_that_is_not_wanted() -> None:
    wanted = [DAYS[0], DAYS[1], DAYS[3], DAYS[4], DAYS[7]]
    ranges = changes.runs(wanted, DAYS)
    within = [day for first, last in ranges for day in DAYS if first <= day <= last]
    assert within == wanted
