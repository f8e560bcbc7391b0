"""The page of features says what the catalog says."""

from pathlib import Path

from turbomode_assets.features import catalog, page

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def test_the_page_is_what_the_catalog_makes_of_it() -> None:
    again = "run `python -m turbomode_assets.features.page > docs/features.md`"
    assert PAGE.read_text("utf-8") == page.markdown(), again


def test_every_feature_has_a_row() -> None:
    rows = [line for line in page.markdown().splitlines() if line.startswith("| `")]
    named = [row.split("`")[1] for row in rows[len(catalog.SETS) :]]
    assert named == [feature.name for feature in catalog.CATALOG]
