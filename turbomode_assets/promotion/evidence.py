"""What is known about a challenger before it is judged.

1. The challenger's out-of-sample rows carry the label and three forecasts: its own,
   the trailing base rate's and the volatility-only model's.
2. Every earlier decision is graded by what happened after it. In the time between one
   training and the next, the challenger of that time and the champion it was held
   against both face sessions neither has learned from; what either says of them is
   compared, whoever spoke.
3. Losses are averaged over the names of each session.

So a champion is not asked whether some folds beat it, but whether retraining would
have: folds are refitted once a quarter, and late wherever a market turns.

Numbers only. What they must reach stands in ``gate.py`` and `policy.GatePolicy`.
"""

import dataclasses
import math

import polars as pl

from turbomode_assets import errors
from turbomode_assets.stats import classification, reliability

_FORECASTS = {
    "challenger": "",
    "base_rate": "_base_rate",
    "volatility": "_volatility",
}

GRADED = pl.Schema(
    {"symbol": pl.String(), "session": pl.Date(), "label": pl.String()}
    | {"version": pl.String(), "against": pl.String()}
    | {f"p_{name}": pl.Float64() for name in classification.CLASSES}
    | {f"p_{name}_champion": pl.Float64() for name in classification.CLASSES}
)
"""Columns of what followed earlier decisions: what the challenger of the time said,
version, and what the champion it was held against would have, against."""

_LOSSES = {
    "loss": classification.log_loss(),
    "loss_champion": classification.log_loss("_champion"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """Out-of-sample record of a challenger beside its baselines and the champion.

    `losses` has one row per session, ascending: n_rows and mean log-loss in nats of
    challenger, base_rate and volatility.
    """

    version: str
    against: str
    """Version of the reigning champion; empty where none reigns."""
    n_new_samples: int
    accuracy: float
    weighted_precision: float
    weighted_recall: float
    rarest_call: float
    """Share of rows that hold a class likelier, or less likely, than the base rate, of
    the class and the side of which that is rarest."""
    calibration_slope: float
    """Slope of what happened on the log odds of what was said, all classes at once."""
    calibration_error: float
    """Mean distance of predicted and observed frequency, over bins and classes."""
    losses: pl.DataFrame
    gains: pl.DataFrame
    """One row per session after an earlier decision, ascending: against, the champion
    then, and gain, by how much the challenger of the time lost less, in nats."""


def gather(
    challenger_oof: pl.DataFrame,
    graded: pl.DataFrame,
    against: str,
    n_new_samples: int | None,
) -> Evidence:
    """Evidence for one challenger.

    Parameters
    ----------
    challenger_oof
        Rows of `learning.oof_predictions` of the challenger, one version.
    graded
        Columns of `GRADED`; a row per symbol and session at the most.
    against
        Version that reigns; empty where nobody does.
    n_new_samples
        Samples matured since the champion was fitted, all where none reigns; None
        where nobody counted.

    Returns
    -------
    Evidence
        Same rows, same bits, in whatever order they come.

    Raises
    ------
    errors.MissingEvidence
        Naming everything that is missing: rows, labels, a forecast with null or NaN,
        the count of new samples. No graded decision is not missing: the gate says
        what follows.
    errors.TableError
        Where rows of several versions are mixed.
    """
    version = _version_of(challenger_oof)
    missing = _missing(challenger_oof)
    missing += ["n_new_samples"] if n_new_samples is None else []
    if missing or n_new_samples is None:
        whose = version or "the challenger"
        message = f"evidence for {whose} must be complete, lacks {', '.join(missing)}"
        raise errors.MissingEvidence(message)
    predicted = challenger_oof.select(classification.likeliest()).to_series()
    truth = challenger_oof["label"]
    slope = reliability.pooled_slope(challenger_oof)
    losses = challenger_oof.with_columns(
        classification.log_loss(suffix).alias(name)
        for name, suffix in _FORECASTS.items()
    )
    return Evidence(
        version=version,
        against=against,
        n_new_samples=n_new_samples,
        accuracy=classification.accuracy(truth, predicted),
        weighted_precision=classification.weighted_precision(truth, predicted),
        weighted_recall=classification.weighted_recall(truth, predicted),
        rarest_call=classification.rarest_call(challenger_oof),
        calibration_slope=math.nan if slope is None else slope,
        calibration_error=reliability.mean_calibration_error(challenger_oof),
        losses=classification.session_means(losses, *_FORECASTS),
        gains=_gains(graded),
    )


def rows(challenger_oof: pl.DataFrame, graded: pl.DataFrame) -> pl.DataFrame:
    """Every row a verdict rests on.

    Parameters
    ----------
    challenger_oof, graded
        As for `gather`.

    Returns
    -------
    pl.DataFrame
        Rows of the challenger with columns of `learning.oof_predictions`, and those of
        graded decisions with what the champion then said (against, p_up_champion,
        p_flat_champion, p_down_champion); the log-loss of either in nats (loss,
        loss_champion), and is_bet_on, whether the row is among the gains. By session,
        symbol and version.
    """
    own = challenger_oof.with_columns(_LOSSES["loss"].alias("loss"), is_bet_on=False)
    bets = graded.with_columns(is_bet_on=True, **_LOSSES)
    listed = pl.concat([own, bets], how="diagonal")
    return listed.sort("session", "symbol", "is_bet_on", "version")


def _version_of(oof: pl.DataFrame) -> str:
    versions = oof["version"].unique().sort().to_list()
    if len(versions) > 1:
        message = f"evidence takes one version at a time, was given {versions}"
        raise errors.TableError(message)
    return str(versions[0]) if versions else ""


def _gains(graded: pl.DataFrame) -> pl.DataFrame:
    gain = _LOSSES["loss_champion"] - _LOSSES["loss"]
    means = classification.session_means(graded.with_columns(gain=gain), "gain")
    held = graded.select("session", "against").unique("session").sort("session")
    return means.with_columns(held["against"]).select("session", "against", "gain")


def _missing(oof: pl.DataFrame) -> list[str]:
    if oof.is_empty():
        return ["out-of-sample rows"]
    is_class = oof["label"].is_in(classification.CLASSES).fill_null(value=False)
    missing = [] if is_class.all() else ["labels"]
    for name, suffix in _FORECASTS.items():
        probabilities = [pl.col(f"p_{c}{suffix}") for c in classification.CLASSES]
        is_known = (p.is_finite().fill_null(value=False).all() for p in probabilities)
        if not all(oof.select(is_known).row(0)):
            missing.append(f"probabilities of {name}")
    return missing
