"""What a skeptic asks of a challenger, from its out-of-sample rows alone.

How good each base model is, how alike their errors are, what each of them adds, whether
probabilities mean what they say, and how much of the gain is direction. Plain numbers
for the model card; nothing is judged, fitted or drawn.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import policy
from turbomode_assets.models import base, layout
from turbomode_assets.stats import classification, reliability, skill_split

DIGITS = 6
"""Decimals kept: sums may round differently with the number of threads."""

_BASELINES = {
    "base_rate": "_base_rate",
    "volatility_only": "_volatility",
    "momentum_rule": "_momentum",
}
_N_CLASSES = len(base.CLASSES)

Floats = npt.NDArray[np.float64]


def diagnose(
    oof: pl.DataFrame, line_up: Sequence[str], gate: policy.GatePolicy
) -> dict[str, Any]:
    """Diagnostics of one challenger, ready for JSON.

    Parameters
    ----------
    oof
        As `challenger.Challenger.oof`.
    line_up
        Base models, in the order of base_probabilities.
    gate
        Gives the bootstrap of the skill split.

    Returns
    -------
    dict
        ``log_loss`` in nats by forecast, means over rows; ``error_correlation`` of
        each pair of base models, of losses beyond the base rate's; ``adds``: nats the
        equal-weight pool loses without each; ``calibration``: slope and error of up
        and down; ``skill_split`` over both baselines.
    """
    losses = member_losses(oof, len(line_up))
    return {
        "log_loss": _by_forecast(oof, line_up, losses),
        "error_correlation": _correlation(oof, line_up, losses),
        "adds": _named(line_up, added(oof, len(line_up))),
        "calibration": calibration(oof),
        "skill_split": {
            name: _rounded(dataclasses.asdict(skill_split.split(oof, suffix, gate)))
            for name, suffix in list(_BASELINES.items())[:2]
        },
    }


def _chances(oof: pl.DataFrame, n_models: int) -> Floats:
    """Shape (n, n_models, 3): base probabilities."""
    flat = oof["base_probabilities"].explode().to_numpy()
    chances: Floats = flat.reshape(-1, n_models, _N_CLASSES)
    return chances


def member_losses(oof: pl.DataFrame, n_models: int) -> Floats:
    """Log-loss of every base model, row by row; shape (n, n_models), in nats."""
    codes = layout.class_codes(oof["label"])
    chances = _chances(oof, n_models)
    happened: Floats = np.take_along_axis(chances, codes[:, None, None], axis=2)
    return -np.log(happened[:, :, 0])


def added(oof: pl.DataFrame, n_models: int) -> Floats:
    """Nats a row the equal-weight logarithmic pool loses without each base model.

    The pool stands for the meta-learner, which stays close to it: leaving a model out
    of a sum is exact, refitting the meta-learner eight times over is not worth it.

    Returns
    -------
    ndarray of shape (n_models,)
        Positive where the model helps; NaN for a line-up of one.
    """
    logs, codes = np.log(_chances(oof, n_models)), layout.class_codes(oof["label"])
    total, rows = logs.sum(axis=1), np.arange(len(codes))

    def loss(pooled: Floats) -> float:
        return -float(np.log(base.softmax(pooled)[rows, codes]).mean())

    if n_models == 1:
        return np.full(1, np.nan)
    whole = loss(total / n_models)
    return np.array(
        [loss((total - logs[:, n]) / (n_models - 1)) - whole for n in range(n_models)]
    )


def calibration(oof: pl.DataFrame) -> dict[str, float | None]:
    """Slope and expected error of p_up and p_down, after calibration and before.

    Returns
    -------
    dict
        ``slope_up``, ``error_up`` and so on, with ``_stacked`` for what was stacked
        and not yet calibrated. A slope is None where none exists.
    """
    found: dict[str, float | None] = {}
    for suffix in ("", "_stacked"):
        for name in ("up", "down"):
            binned = reliability.binned_means(oof, name, suffix)
            error = reliability.calibration_error(binned)
            slope = reliability.calibration_slope(oof, name, suffix)
            found[f"error_{name}{suffix}"] = round(error, DIGITS)
            found[f"slope_{name}{suffix}"] = slope and round(slope, DIGITS)
    return found


def _by_forecast(
    oof: pl.DataFrame, line_up: Sequence[str], losses: Floats
) -> dict[str, float]:
    suffixes = {"calibrated": "", "stacked": "_stacked", **_BASELINES}
    scored = oof.select(
        classification.log_loss(s).alias(n) for n, s in suffixes.items()
    )
    others = {name: float(scored[name].to_numpy().mean()) for name in suffixes}
    rounded = {name: round(value, DIGITS) for name, value in others.items()}
    return _named(line_up, losses.mean(axis=0)) | rounded


def _correlation(
    oof: pl.DataFrame, line_up: Sequence[str], losses: Floats
) -> dict[str, dict[str, float]]:
    reference = oof.select(classification.log_loss("_base_rate")).to_series().to_numpy()
    found = np.corrcoef(losses - reference[:, None], rowvar=False).reshape(
        len(line_up), len(line_up)
    )
    return {
        name: _named(line_up, row) for name, row in zip(line_up, found, strict=True)
    }


def _named(names: Sequence[str], values: Floats) -> dict[str, float]:
    rounded: list[float] = np.round(values, DIGITS).tolist()
    return dict(zip(names, rounded, strict=True))


def _rounded(value: Any) -> Any:
    """The same nested numbers with `DIGITS` decimals."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [_rounded(part) for part in value]
    return value if value is None else round(value, DIGITS)
