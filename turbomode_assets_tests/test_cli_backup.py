"""A home is kept while it lives, and brought back as it was, or not at all."""

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from turbomode_assets import cli, errors, tables
from turbomode_assets.store import backup, copying, home, warehouse
from turbomode_assets_tests.conftest import Lived
from turbomode_assets_tests.store.test_warehouse import MONDAY, TUESDAY, bars

pytestmark = pytest.mark.xdist_group("lived")


def small(root: Path) -> home.Home:
    """A home with a session, a setting and an artifact of one file."""
    where = home.Home(root)
    home.prepare(where, home.Settings())
    with warehouse.opened(where.warehouse) as store:
        store.append(tables.BARS, bars(MONDAY, "AAA"))
    where.models.mkdir()
    (where.models / "one").write_bytes(b"artifact")
    return where


def prints(where: home.Home) -> backup.Prints:
    with warehouse.opened(where.warehouse) as store:
        return copying.fingerprints(store)


def kept(where: home.Home, to: Path) -> Path:
    with backup.written(where, to, 60):
        pass
    return to


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_a_lived_home_comes_back_as_it_was(lived: Lived, tmp_path: Path) -> None:
    there, again = str(tmp_path / "kept"), tmp_path / "again"
    assert cli.main(["backup", there, "--home", str(lived.where.root)]) == 0
    assert cli.main(["restore", there, "--home", str(again)]) == 0
    assert prints(home.Home(again)) == prints(lived.where)
    both = [
        {str(path.relative_to(root)) for path in (root / "models").rglob("*")}
        for root in (again, lived.where.root)
    ]
    assert both[0] == both[1]


def test_what_is_written_later_is_not_in_it(tmp_path: Path) -> None:
    where = small(tmp_path / "home")
    before = prints(where)
    kept(where, tmp_path / "kept")
    with warehouse.opened(where.warehouse) as store:
        store.append(tables.BARS, bars(TUESDAY, "AAA"))
    again = home.Home(tmp_path / "again")
    with backup.restored(tmp_path / "kept", again) as (copy, wanted):
        assert prints(copy) == wanted == before
    assert prints(again) == before != prints(where)


@pytest.mark.parametrize("name", ["models/one", "settings.toml", "turbomode.duckdb"])
def test_a_backup_that_was_changed_is_refused(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there = kept(small(tmp_path / "home"), tmp_path / "kept")
    content = (there / name).read_bytes()
    (there / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert cli.main(["restore", str(there), "--home", str(tmp_path / "again")]) == 1
    assert f"found otherwise: ['{name}']" in told(capsys)
    assert not (tmp_path / "again").exists()


def test_a_file_too_few_or_too_many_is_refused(tmp_path: Path) -> None:
    there = kept(small(tmp_path / "home"), tmp_path / "kept")
    (there / "models" / "one").rename(there / "models" / "two")
    with pytest.raises(errors.BackupError, match=r"models/one.*models/two"):
        backup.require_whole(there)


@pytest.mark.parametrize("content", ["", "{}", '{"files": {}}', "[1]"])
def test_a_folder_that_is_no_backup_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / backup.MANIFEST).write_text(content)
    with pytest.raises(errors.BackupError, match="expected a backup"):
        backup.require_whole(tmp_path)


def test_a_backup_of_a_later_version_is_refused(tmp_path: Path) -> None:
    there = kept(small(tmp_path / "home"), tmp_path / "kept")
    manifest = json.loads((there / backup.MANIFEST).read_text())
    (there / backup.MANIFEST).write_text(json.dumps(manifest | {"version": 99}))
    with pytest.raises(errors.BackupError, match="version 99"):
        backup.require_whole(there)


def test_nothing_is_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = small(tmp_path / "home")
    there = kept(where, tmp_path / "kept")
    assert cli.main(["backup", str(there), "--home", str(where.root)]) == 1
    assert cli.main(["restore", str(there), "--home", str(where.root)]) == 1
    assert told(capsys).count("name a folder that is not there") == 2


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    where = small(tmp_path / "home")

    def fail() -> None:
        with backup.written(where, tmp_path / "kept", 60):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_link_leads_nowhere(tmp_path: Path) -> None:
    where = small(tmp_path / "home")
    (where.models / "passwords").symlink_to("/etc/passwd")
    there = kept(where, tmp_path / "kept")
    assert not (there / "models" / "passwords").exists()


WRITER = """
import pathlib, sys, datetime as dt
from turbomode_assets import tables
from turbomode_assets.store import warehouse
from turbomode_assets_tests.store.test_warehouse import bars
print(flush=True)
for n in range(1, 10**5):  # none of them the one session that is there
    day = dt.date(2024, 7, 1) + dt.timedelta(days=n)
    with warehouse.opened(pathlib.Path(sys.argv[1])) as store, store.transaction():
        store.append(tables.BARS, bars(day, "AAA", "BBB"))
        store.append(tables.UNIVERSE, tables.UNIVERSE.empty())
"""


def test_a_home_is_kept_while_another_process_writes(tmp_path: Path) -> None:
    where = small(tmp_path / "home")
    command = [sys.executable, "-c", WRITER, str(where.database)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as writer,  # noqa: S603
        contextlib.ExitStack() as ending,
    ):
        ending.callback(writer.kill)
        assert writer.stdout is not None
        writer.stdout.readline()
        for n in range(3):
            there = kept(where, tmp_path / str(n))
            shutil.rmtree(there / "history", ignore_errors=True)
            with warehouse.opened(there / "turbomode.duckdb") as store:
                rows = store.read(tables.BARS)
            assert set(rows.filter(symbol="BBB")["session"]) == set(
                rows.filter(rows["session"] != MONDAY, symbol="AAA")["session"]
            )
