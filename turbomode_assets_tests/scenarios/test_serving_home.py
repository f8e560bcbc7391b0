"""A home that serves makes tonight's signals without what only training needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from turbomode_assets.store import home
from turbomode_assets_tests import conftest, lakes

pytestmark = pytest.mark.xdist_group("lived")

NIGHT = "2024-03-11"

SCAN = """
import json, pathlib, sys
from turbomode_assets import tables
from turbomode_assets.defs import assembly, driver
from turbomode_assets.store import home, warehouse
where = home.Home(pathlib.Path(sys.argv[1]))
definitions = assembly.assemble(where, home.read_settings(where))
with driver.open_instance(where) as instance:
    job = definitions.resolve_job_def("scan")
    job.execute_in_process(instance=instance, partition_key=sys.argv[2])
with warehouse.opened(where.warehouse) as store:
    newest = store.columns(tables.SIGNALS, ["symbol", "session"])["session"].max()
teachers = {"lightgbm", "xgboost", "catboost", "sklearn", "arch", "statsmodels"}
print(json.dumps({"newest": str(newest),
    "teachers": sorted(teachers & {name.partition(".")[0] for name in sys.modules})}))
"""


def test_a_scan_needs_no_library_that_trains(
    lived: conftest.Lived, tmp_path: Path
) -> None:
    where = home.Home(tmp_path / "serve")
    lakes.copy_tree(lived.where.root, where.root)
    home.join(where, "serve", str(tmp_path / "place"))
    command = [sys.executable, "-c", SCAN, str(where.root), NIGHT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["newest"], found["teachers"]) == (NIGHT, [])
