"""Whatever Yahoo does, nothing is lost, doubled or passed over in silence."""

import pytest

from turbomode_assets_tests.loopback import desk_matrix, fault_matrix
from turbomode_assets_tests.loopback.fault_matrix import Course

NO_STORY = ("no rows", "headlines")

pytestmark = pytest.mark.xdist_group("yahoo_faults")


@pytest.fixture(scope="module")
def courses() -> list[Course]:
    """Every fault, in a first fetch and in a nightly update."""
    return fault_matrix.run()


@pytest.fixture(scope="module")
def desk() -> list[desk_matrix.Course]:
    """Every fault, in a round of the intraday desk."""
    return desk_matrix.run()


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


def test_a_desk_gets_everything_or_a_name_for_what_is_missing(
    desk: list[desk_matrix.Course],
) -> None:
    # That nothing was written is all that an empty search says.
    told = [each for each in desk if (each.fault, each.about) != NO_STORY]
    assert len(told) == len(desk) - len(desk_matrix.LASTS)
    assert [each for each in told if each.missing[0] and not each.is_named] == []


def test_a_passing_fault_of_a_round_loses_nothing(
    desk: list[desk_matrix.Course],
) -> None:
    passing = [each for each in desk if each.lasts == "one attempt"]
    repeated = [each for each in passing if len(set(each.results)) > 1]
    assert len(repeated) > 25
    assert [each for each in repeated if each.missing[0]] == []


def test_the_next_round_heals_everything(desk: list[desk_matrix.Course]) -> None:
    assert [each for each in desk if each.missing[1] or each.n_doubled] == []


def test_the_page_says_what_happens(
    courses: list[Course], desk: list[desk_matrix.Course]
) -> None:
    expected = f"{fault_matrix.render(courses)}\n{desk_matrix.render(desk)}"
    command = "python -m turbomode_assets_tests.loopback.fault_matrix"
    assert fault_matrix.PAGE.read_text(encoding="utf-8") == expected, command
