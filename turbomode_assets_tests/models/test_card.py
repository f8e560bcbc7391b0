"""A fingerprint tells what was learned, not how the rows came into memory."""

import io
import json

import polars as pl
import pytest

from turbomode_assets.models import (
    base,
    calibration,
    card,
    matrix,
    ranked_logistic,
    sklearn_extra_trees,
    stacking,
    xgboost_native,
)

WHOLE = {
    "place": list(range(30_000)),
    "label_version": ["a_label_of_many_letters"] * 15_000
    + ["another_of_many"] * 15_000,
}


def stored(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as they come back from a file."""
    file = io.BytesIO()
    rows.write_parquet(file)
    file.seek(0)
    return pl.read_parquet(file)


def test_a_fingerprint_depends_on_rows_alone() -> None:
    whole, is_first = pl.DataFrame(WHOLE), pl.col("place") < 10_000
    part = stored(whole).filter(is_first).sort("place")
    alone = stored(whole.filter(is_first)).sort("place")
    assert part.equals(alone)
    assert card.fingerprint(part) == card.fingerprint(alone)


def test_one_changed_letter_changes_the_fingerprint() -> None:
    rows = pl.DataFrame(WHOLE)
    other = rows.with_columns(pl.col("label_version").str.replace("letters", "lettres"))
    assert card.fingerprint(rows) != card.fingerprint(other)


@pytest.mark.parametrize("name", base.LINE_UPS)
def test_every_chosen_number_of_a_line_up_is_on_the_card(name: str) -> None:
    found = card.chosen(base.line_up(name), 240)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert set(base.line_up(name)) <= set(found)
    assert all(found[model] for model in base.line_up(name))
    assert found["matrix"]["N_BINS"] == matrix.N_BINS
    for part in (stacking, calibration):
        short = part.__name__.rpartition(".")[2]
        assert found[short]["PENALTY_SESSIONS"] == part.PENALTY_SESSIONS


def test_numbers_are_those_that_are_passed_on() -> None:
    found = card.chosen(base.line_up("diverse_eight"), 240)
    assert found["ranked_logistic"] == {"PENALTY": ranked_logistic.PENALTY}
    assert found["xgboost_native"]["HESSIAN_SHARE"] == xgboost_native.HESSIAN_SHARE
    forest = found["sklearn_extra_trees"]
    assert forest["max_features"] == base.DRAWN_FEATURES / 240
    assert forest["PRIOR_ROWS"] == sklearn_extra_trees.PRIOR_ROWS
