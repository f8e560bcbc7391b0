"""Rank correlation and its standard error beside SciPy and a direct formula."""

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.regression import linear_model

from turbomode_assets.stats import ranking


def panel(n_names: int = 40, n_sessions: int = 5) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    n = n_names * n_sessions
    edge = rng.normal(size=n).round(1)
    columns = {
        "session": np.repeat(np.arange(n_sessions), n_names),
        "edge": edge,
        "realized_return": edge + rng.normal(size=n),
    }
    return pl.DataFrame(columns)


def test_rank_ic_agrees_with_scipy() -> None:
    rows = panel()
    found = ranking.rank_ic(rows)
    for session, n_rows, ic in found.iter_rows():
        one = rows.filter(pl.col("session") == session)
        expected = stats.spearmanr(one["edge"], one["realized_return"]).statistic
        assert (n_rows, ic) == (40, pytest.approx(expected))
    assert found.height == 5


def test_sessions_without_an_order_are_left_out() -> None:
    constant = panel(n_sessions=1).with_columns(edge=pl.lit(0.5))
    unknown = panel(n_sessions=1).with_columns(
        realized_return=pl.lit(None, dtype=pl.Float64)
    )
    for rows in (constant, unknown, panel()[:2], panel()[:0]):
        assert ranking.rank_ic(rows).is_empty()


@pytest.mark.parametrize("n_lags", [0, 4, 10])
def test_hac_error_agrees_with_statsmodels(n_lags: int) -> None:
    noise = np.random.default_rng(2).normal(size=309)
    values = np.convolve(noise, np.ones(10) / 10, "valid")
    fitted = linear_model.OLS(values, np.ones(values.size)).fit(
        cov_type="HAC", cov_kwds={"maxlags": n_lags, "use_correction": False}
    )
    found = ranking.mean_with_hac(pl.Series(values), n_lags)
    assert found.mean == pytest.approx(fitted.params[0])
    assert found.standard_error == pytest.approx(fitted.bse[0])


def test_overlap_widens_the_error() -> None:
    noise = np.random.default_rng(3).normal(size=509)
    values = pl.Series(np.convolve(noise, np.ones(10) / 10, "valid"))
    plain = ranking.mean_with_hac(values, 0).standard_error
    honest = ranking.mean_with_hac(values, 10).standard_error
    assert plain is not None
    assert honest is not None
    assert honest > 2 * plain


def test_too_few_sessions_have_no_error() -> None:
    one = ranking.mean_with_hac(pl.Series([0.5]), 10)
    none = ranking.mean_with_hac(pl.Series([], dtype=pl.Float64), 10)
    assert (one.mean, one.standard_error, one.n_sessions) == (0.5, None, 1)
    assert (none.mean, none.standard_error, none.n_sessions) == (None, None, 0)
