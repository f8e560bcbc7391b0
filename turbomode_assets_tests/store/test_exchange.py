"""Whatever is sent arrives once, whole and in order; whatever else lies there does not.

Cut, torn, changed, left out, repeated, exchanged, older, full, gone: nothing changes at
the receiving end, and the next try goes on from there.
"""

import datetime as dt
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from turbomode_assets import errors, tables
from turbomode_assets.store import exchange, manifest, receiving, registry, warehouse
from turbomode_assets.store.warehouse import opened
from turbomode_assets_tests.store import exchanged
from turbomode_assets_tests.store.exchanged import DAYS, LEDGER, MODELS, Pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two homes; the one that serves has bars of three sessions."""
    both = exchanged.pair(tmp_path)
    for day in DAYS[:3]:
        exchanged.put(both.serving, tables.BARS, exchanged.bars(day))
    return both


def same(pair: Pair) -> bool:
    """Whether the trainer has what the server has."""
    found = [exchanged.read(w, tables.BARS) for w in (pair.serving, pair.training)]
    return found[0].equals(found[1])


def places(pair: Pair) -> list[manifest.Place]:
    return manifest.places(pair.place.names("ledger"))


def file_of(tmp_path: Path, place: manifest.Place) -> Path:
    return tmp_path / "place" / "ledger" / place.name


def test_what_is_sent_arrives_once(pair: Pair) -> None:
    assert (pair.push(), pair.pull()) == ([1], [1])
    assert same(pair)
    assert (pair.push(), pair.pull()) == ([], [])


def test_only_what_changed_is_sent_again(pair: Pair) -> None:
    pair.push()
    exchanged.put(pair.serving, tables.BARS, exchanged.bars(DAYS[1], close=11.0))
    exchanged.put(pair.serving, tables.BARS, exchanged.bars(DAYS[3]))
    assert pair.push() == [2]
    newest = manifest.parse(
        pair.place.read(f"ledger/{places(pair)[-1].name}"), places(pair)[-1], "ledger"
    )
    sent = [(part.first, part.last, part.n_rows) for part in newest.parts]
    assert sent == [(DAYS[1], DAYS[1], 3), (DAYS[3], DAYS[3], 3)]
    assert newest.watermark == DAYS[3]
    assert pair.pull() == [1, 2]
    assert same(pair)


def test_a_partition_that_is_gone_goes_at_the_other_end_too(pair: Pair) -> None:
    pair.push()
    pair.pull()
    with warehouse.opened(pair.serving.warehouse) as store:
        store.replace(tables.BARS, tables.BARS.empty(), DAYS[1], DAYS[1])
    assert (pair.push(), pair.pull()) == ([2], [2])
    assert same(pair)


def test_the_first_machine_to_ask_may_come_late(pair: Pair) -> None:
    pair.push()
    exchanged.put(pair.serving, tables.BARS, exchanged.bars(DAYS[3]))
    pair.push()
    assert pair.pull() == [1, 2]
    assert same(pair)


def lived_through(pair: Pair, link: exchanged.Cut | None) -> int:
    """A push, a pull, a challenger and its way back; 1 where a cut came between."""
    try:
        for step in (pair.push, pair.pull, pair.give_back, pair.take_back):
            step(link)
    except errors.ExchangeFailed:
        return 1
    return 0


@pytest.mark.parametrize("is_done", [False, True])
def test_a_link_cut_at_any_step_costs_nothing(tmp_path: Path, *, is_done: bool) -> None:
    n_cuts, step = 0, 0
    while step == n_cuts:
        step += 1
        both = exchanged.pair(tmp_path / str(step))
        for day in DAYS[:3]:
            exchanged.put(both.serving, tables.BARS, exchanged.bars(day))
        address = exchanged.teach(both.training, "v1", dt.date(2024, 7, 1))
        link = exchanged.Cut(both.place, step, is_done=is_done)
        # Held open: what is closed and opened again between two steps costs seconds.
        with opened(both.serving.warehouse), opened(both.training.warehouse):
            n_cuts += lived_through(both, link)
            taken = set(exchanged.read(both.training, tables.BARS)["session"])
            assert taken in (set(), set(DAYS[:3]))
            assert lived_through(both, None) == 0
            assert same(both)
        assert registry.is_intact(both.serving.models, address)
        assert exchanged.read(both.serving, tables.MODELS).height == 1
        assert [place.sequence for place in places(both)] == [1]
    assert n_cuts > 15


def test_an_increment_recorded_and_not_published_is_published_as_it_was(
    pair: Pair,
) -> None:
    # Its steps: both listings, the blobs, one file; then the manifest.
    with pytest.raises(errors.ExchangeFailed):
        pair.push(exchanged.Cut(pair.place, 5, is_done=False))
    assert places(pair) == []
    exchanged.put(pair.serving, tables.BARS, exchanged.bars(DAYS[0], close=12.0))
    assert pair.push() == [1, 2]
    assert pair.pull() == [1, 2]
    assert same(pair)


def refused(pair: Pair, sentence: str) -> None:
    """Nothing is taken over, and the reason is said."""
    before = exchanged.read(pair.training, tables.BARS)
    with pytest.raises(errors.ExchangeRefused, match=sentence):
        pair.pull()
    assert exchanged.read(pair.training, tables.BARS).equals(before)


def test_a_torn_manifest_is_refused_until_it_is_whole(
    pair: Pair, tmp_path: Path
) -> None:
    pair.push()
    file = file_of(tmp_path, places(pair)[0])
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    refused(pair, "is torn")
    file.write_bytes(whole)
    assert pair.pull() == [1]


@pytest.mark.parametrize("content", [b"", b"other"])
def test_a_file_with_another_checksum_is_refused(
    pair: Pair, tmp_path: Path, content: bytes
) -> None:
    pair.push()
    for blob in (tmp_path / "place" / "blobs").iterdir():
        blob.write_bytes(content)
    refused(pair, "has SHA-256")


def test_a_manifest_copied_to_the_next_place_is_refused(
    pair: Pair, tmp_path: Path
) -> None:
    pair.push()
    pair.pull()
    file = file_of(tmp_path, places(pair)[0])
    shutil.copy(file, file.with_name(file.name.replace("00000001", "00000002")))
    refused(pair, "copied to another place")


def test_increments_that_are_left_out_are_missed(pair: Pair, tmp_path: Path) -> None:
    for day in DAYS[3:5]:
        pair.push()
        exchanged.put(pair.serving, tables.BARS, exchanged.bars(day))
    pair.push()
    file_of(tmp_path, places(pair)[1]).unlink()
    refused(pair, r"increments 1 to 2 of ledger, found \[1, 3\]")


def test_another_home_cannot_publish_in_the_same_place(
    pair: Pair, tmp_path: Path
) -> None:
    pair.push()
    other = Pair(exchanged.pair(tmp_path / "b").serving, pair.training, pair.place)
    exchanged.put(other.serving, tables.BARS, exchanged.bars(DAYS[0]))
    with pytest.raises(errors.ExchangeRefused, match="another home publishes there"):
        other.push()


def test_a_place_that_changed_hands_is_refused(pair: Pair, tmp_path: Path) -> None:
    pair.push()
    pair.pull()
    shutil.rmtree(tmp_path / "place")
    other = Pair(exchanged.pair(tmp_path / "b").serving, pair.training, pair.place)
    exchanged.put(other.serving, tables.BARS, exchanged.bars(DAYS[0], close=1.0))
    other.push()
    refused(other, "is not the one this home knows")


def test_a_chain_that_begins_elsewhere_is_refused(pair: Pair, tmp_path: Path) -> None:
    pair.push()
    pair.pull()
    other = exchanged.pair(tmp_path / "b")
    for day in DAYS[:2]:
        exchanged.put(other.serving, tables.BARS, exchanged.bars(day, close=1.0))
        other.push()
    second = places(other)[1]
    for folder, name in (("ledger", second.name), ("blobs", "")):
        source = tmp_path / "b" / "place" / folder
        for file in [source / name] if name else source.iterdir():
            shutil.copy(file, tmp_path / "place" / folder)
    refused(pair, "another home publishes there")


def test_an_older_schema_is_refused_and_both_are_named(pair: Pair) -> None:
    pair.push()
    newer = exchange.Channel(
        name="ledger",
        tables=LEDGER.tables,
        paced_by=LEDGER.paced_by,
        is_append=False,
        features="f2",
    )
    versions = f"{LEDGER.schema_version}.*{newer.schema_version}"
    with pytest.raises(errors.ExchangeRefused, match=versions):
        list(receiving.receive(pair.side(pair.training), newer))
    assert exchanged.read(pair.training, tables.BARS).is_empty()


def test_a_place_that_lost_increments_is_not_written_to(
    pair: Pair, tmp_path: Path
) -> None:
    for day in DAYS[3:5]:
        pair.push()
        exchanged.put(pair.serving, tables.BARS, exchanged.bars(day))
    file_of(tmp_path, places(pair)[0]).unlink()
    with pytest.raises(errors.ExchangeRefused, match="has lost 1 of 2"):
        pair.push()


def test_a_peer_that_is_gone_is_named(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "place").write_text("no folder")
    with pytest.raises(errors.ExchangeFailed, match=f"{tmp_path}/place"):
        pair.push()
    (tmp_path / "place").unlink()
    assert pair.push() == [1]


FULL = """
import resource, signal, sys
from pathlib import Path
from turbomode_assets import errors
from turbomode_assets_tests.store import exchanged
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
both = exchanged.Pair(*(exchanged.home.Home(Path(a)) for a in sys.argv[1:3]),
                      exchanged.remote.opened(sys.argv[3]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]),) * 2)
try:
    both.pull()
except errors.TurbomodeError as fault:
    print(fault)
    sys.exit(1)
"""


@pytest.mark.parametrize("n_bytes", [1_000, 20_000, 300_000])
def test_a_full_disk_changes_nothing(pair: Pair, n_bytes: int) -> None:
    for day in DAYS[:3]:
        exchanged.put(pair.serving, tables.BARS, exchanged.bars(day, n_symbols=9_000))
    pair.push()
    assert exchanged.read(pair.training, tables.BARS).is_empty()
    where = [str(home.root) for home in (pair.serving, pair.training)]
    command = [sys.executable, "-c", FULL, *where, pair.place.place, str(n_bytes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, bool(done.stdout)) == (1, True), done.stderr
    assert exchanged.read(pair.training, tables.BARS).is_empty()
    assert pair.pull() == [1]
    assert same(pair)


def test_a_damaged_artifact_is_not_taken_over(pair: Pair, tmp_path: Path) -> None:
    address = exchanged.teach(pair.training, "v1", dt.date(2024, 7, 1))
    pair.give_back()
    blob = tmp_path / "place" / "blobs" / address
    manifest_of = blob.read_bytes()
    blob.write_bytes(manifest_of.replace(b"card", b"cart"))
    with pytest.raises(errors.ExchangeRefused, match="torn or changed"):
        pair.take_back()
    assert exchanged.read(pair.serving, tables.MODELS).is_empty()
    blob.write_bytes(manifest_of)
    assert pair.take_back() == [1]
    assert registry.load(pair.serving.models, address)["version"] == b"v1"


def test_models_are_added_and_nothing_is_taken_away(pair: Pair) -> None:
    own = exchanged.teach(pair.serving, "own", dt.date(2024, 7, 1))
    exchanged.teach(pair.training, "v1", dt.date(2024, 7, 1))
    told = []
    pair.give_back()
    taken = receiving.receive(
        pair.side(pair.serving),
        MODELS,
        lambda _, new: told.append(new[tables.MODELS.name]["version"].to_list()),
    )
    assert len(list(taken)) == 1
    versions = exchanged.read(pair.serving, tables.MODELS)["version"]
    assert sorted(versions) == ["own", "v1"]
    assert (told, registry.is_intact(pair.serving.models, own)) == ([["v1"]], True)


def test_one_exchange_of_a_home_at_a_time(pair: Pair) -> None:
    with (
        exchange.alone(pair.serving),
        pytest.raises(errors.HomeBusy, match="let it end"),
    ):
        pair.push()


def test_status_counts_what_waits(pair: Pair) -> None:
    here, there = pair.side(pair.serving), pair.side(pair.training)
    assert exchange.standing(here, LEDGER, "sent").n_waiting == 3
    pair.push()
    sent = exchange.standing(here, LEDGER, "sent")
    assert (sent.sequence, sent.watermark, sent.n_waiting) == (1, DAYS[2], 0)
    assert exchange.standing(there, LEDGER, "received").n_waiting == 1
    pair.pull()
    taken = exchange.standing(there, LEDGER, "received")
    assert (taken.sequence, taken.exchanged_at, taken.n_waiting) == (
        1,
        exchanged.NOW,
        0,
    )
