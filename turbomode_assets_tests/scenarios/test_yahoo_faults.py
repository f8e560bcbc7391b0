"""Whatever Yahoo does, nothing is lost, doubled or passed over in silence."""

import pytest

from turbomode_assets_tests.loopback import fault_matrix
from turbomode_assets_tests.loopback.fault_matrix import Course

pytestmark = pytest.mark.xdist_group("yahoo_faults")


@pytest.fixture(scope="module")
def courses() -> list[Course]:
    """Every fault, in a first fetch and in a nightly update."""
    return fault_matrix.run()


def test_a_fault_ends_with_all_bars_or_under_a_name(courses: list[Course]) -> None:
    assert [each for each in courses if each.missing[0] and not each.is_named] == []


def test_a_passing_fault_of_the_whole_answer_loses_nothing(
    courses: list[Course],
) -> None:
    passing = [each for each in courses if each.case.lasts == "one attempt"]
    # A symbol that Yahoo has never known is believed to be unknown until tomorrow.
    known = [each for each in passing if each.results != ["unknown_symbol"]]
    whole = [each for each in known if not each.n_refused]
    assert len(whole) > 20
    assert [each for each in whole if each.missing[0]] == []


def test_a_lasting_fault_is_missed(courses: list[Course]) -> None:
    lasting = [each for each in courses if each.case.lasts == "all night"]
    assert [each for each in lasting if not each.missing[0]] == []


def test_the_next_night_heals_everything(courses: list[Course]) -> None:
    assert [each for each in courses if each.missing[1]] == []


def test_no_bar_is_doubled(courses: list[Course]) -> None:
    assert [each for each in courses if each.n_doubled] == []


def test_the_page_says_what_happens(courses: list[Course]) -> None:
    expected = fault_matrix.render(courses)
    command = "python -m turbomode_assets_tests.loopback.fault_matrix"
    assert fault_matrix.PAGE.read_text(encoding="utf-8") == expected, command
