"""Measures of the top of a list, against scikit-learn and counts by hand."""

import hypothesis
import hypothesis.strategies as st
import polars as pl
import pytest
import sklearn.metrics

from turbomode_assets.stats import retrieval


@hypothesis.given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40)
)
def test_average_precision_agrees_with_scikit_learn(
    rows: list[tuple[bool, int]],
) -> None:
    hits, scores = ([row[place] for row in rows] for place in (0, 1))
    found = retrieval.average_precision(pl.Series(hits), pl.Series(scores))
    if not any(hits):
        assert found is None
    else:
        oracle = sklearn.metrics.average_precision_score(hits, scores)
        assert found == pytest.approx(oracle)


def test_precision_counts_the_best_of_each_session() -> None:
    rows = pl.DataFrame(
        {
            "symbol": ["A", "B", "C", "A", "B"],
            "session": [2, 2, 2, 1, 1],
            "p": [0.1, 0.3, 0.2, 0.5, 0.5],
            "up": [True, True, False, False, True],
        }
    )
    assert retrieval.precision_at(rows, 2, "p", "up").to_list() == [0.5, 0.5]
    assert retrieval.precision_at(rows, 1, "p", "up").to_list() == [0.0, 1.0]
    assert retrieval.precision_at(rows, 9, "p", "up").to_list() == [0.5, 2 / 3]
