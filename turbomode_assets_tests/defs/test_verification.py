"""Every invariant is an asset check, asked by one job and by no other."""

import pytest

from turbomode_assets.defs import automation, verification
from turbomode_assets.invariants import verification as verifying
from turbomode_assets_tests.conftest import Lived
from turbomode_assets_tests.contracts.test_every_asset import DEFINITIONS, SPECS

pytestmark = pytest.mark.xdist_group("lived")

EVERY = {verification.key(one) for one in verifying.ALL}


def steps(job: str) -> list[str]:
    """Names of what a job runs."""
    return [node.name for node in DEFINITIONS.resolve_job_def(job).nodes]


def test_every_invariant_is_a_check_on_an_asset() -> None:
    checks = DEFINITIONS.resolve_asset_graph().asset_check_keys
    assert checks >= EVERY
    assert len(EVERY) == len(verifying.ALL)
    assert {key.asset_key for key in EVERY} <= SPECS.keys()


@pytest.mark.parametrize("job", automation.JOBS)
def test_a_job_that_makes_tables_asks_none(job: str) -> None:
    (asking,) = steps(verification.JOB)
    assert asking not in steps(job)


def test_the_job_asks_all_of_them_in_a_lived_home(lived: Lived) -> None:
    job = lived.definitions.resolve_job_def(verification.JOB)
    done = job.execute_in_process(instance=lived.instance)
    found = done.get_asset_check_evaluations()
    assert {one.asset_check_key for one in found} == EVERY
    assert [one.check_name for one in found if not one.passed] == []
