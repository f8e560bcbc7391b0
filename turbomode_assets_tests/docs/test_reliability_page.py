"""The page of what a home survives says what was counted, and nothing else."""

from turbomode_assets_tests import reliability_page


def test_the_page_is_made_of_what_was_counted() -> None:
    page = reliability_page.page(reliability_page.counted())
    assert page == reliability_page.PAGE.read_text()


def test_nothing_that_was_counted_went_wrong() -> None:
    told = reliability_page.counted()
    assert sum(one["wrong"] for one in told.get("kills", {}).values()) == 0
    assert [one["wrong"] for one in told.get("soak", {}).values() if one["wrong"]] == []
