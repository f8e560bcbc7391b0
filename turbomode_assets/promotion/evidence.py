"""What is known about a challenger before it is judged.

1. The challenger's out-of-sample rows carry the label and three forecasts: its own,
   the trailing base rate's and the volatility-only model's.
2. The champion's own out-of-sample record is what it predicted in its folds and what
   it has signaled since; it is scored on the rows both have, by the same labels.
3. Losses are averaged over the names of each session.
4. Evidence against a champion adds up over the months it reigns: a session counts
   once, with what the first challenger that was judged against it had said, and only
   after the champion's training, with what it emitted or would have: its folds tell of
   its recipe, and fold against fold a recipe beats itself by where its folds happen to
   begin.

Numbers only. What they must reach stands in ``gate.py`` and `policy.GatePolicy`.
"""

import dataclasses
import math

import polars as pl

from turbomode_assets import errors
from turbomode_assets.stats import classification, reliability

_KEY = ["symbol", "session"]

_FORECASTS = {
    "challenger": "",
    "base_rate": "_base_rate",
    "volatility": "_volatility",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """Out-of-sample record of a challenger beside its baselines and the champion.

    `losses` has one row per session, ascending: n_rows and mean log-loss in nats of
    challenger, base_rate and volatility; n_paired rows the champion scored as well,
    and on those the mean log-loss of champion and challenger_paired, null where there
    is none.
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
    """One row per session, ascending: mean log-loss gain over the champion, in nats, of
    the first of its challengers that had the session out of sample."""

    @property
    def paired(self) -> pl.DataFrame:
        """Sessions that challenger and champion both scored."""
        return self.losses.filter(pl.col("n_paired") > 0)


def gather(
    challenger_oof: pl.DataFrame,
    champion_oof: pl.DataFrame,
    champion_signals: pl.DataFrame,
    n_new_samples: int | None,
    earlier_oof: pl.DataFrame | None = None,
) -> Evidence:
    """Evidence for one challenger.

    Parameters
    ----------
    challenger_oof
        Rows of `learning.oof_predictions` of the challenger, one version.
    champion_oof
        The same of the reigning champion; no rows where none reigns.
    champion_signals
        Rows of `swing.signals`, and what the champion would have said where it was
        silent. Only its own count; they stand before what it said in a fold.
    n_new_samples
        Samples matured since the champion was fitted, all where none reigns; None
        where nobody counted.
    earlier_oof
        Rows of `learning.oof_predictions` of the challengers that were judged against
        the same champion before.

    Returns
    -------
    Evidence
        Labels are the challenger's rows' own: both are held against one truth.

    Raises
    ------
    errors.MissingEvidence
        Naming everything that is missing: rows, labels, a forecast with null or NaN,
        the count of new samples. No row shared with the champion is not missing: the
        gate says what follows.
    errors.TableError
        Where rows of several versions are mixed.
    """
    version, against = _version_of(challenger_oof), _version_of(champion_oof)
    champion = _record(champion_oof, champion_signals, against)
    itself = _record(champion_oof.clear(), champion_signals, against)
    missing = _missing(challenger_oof)
    missing += ["n_new_samples"] if n_new_samples is None else []
    if missing or n_new_samples is None:
        whose = version or "the challenger"
        message = f"evidence for {whose} must be complete, lacks {', '.join(missing)}"
        raise errors.MissingEvidence(message)
    predicted = challenger_oof.select(classification.likeliest()).to_series()
    truth = challenger_oof["label"]
    slope = reliability.pooled_slope(challenger_oof)
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
        losses=_losses(challenger_oof, champion),
        gains=_gains(_first_said(challenger_oof, earlier_oof), itself),
    )


def rows(
    challenger_oof: pl.DataFrame,
    champion_oof: pl.DataFrame,
    champion_signals: pl.DataFrame,
    earlier_oof: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Every row a comparison rests on.

    Parameters
    ----------
    challenger_oof, champion_oof, champion_signals, earlier_oof
        As for `gather`.

    Returns
    -------
    pl.DataFrame
        Rows of the challenger, and those of earlier challengers that were bet on.
        Columns of `learning.oof_predictions`, what the champion said (p_up_champion,
        p_flat_champion, p_down_champion) and the log-loss of either in nats (loss,
        loss_champion), null where the champion said nothing, and is_bet_on: whether
        the row is among the gains. By session, symbol and month.
    """
    against = _version_of(champion_oof)
    champion = _record(champion_oof, champion_signals, against)
    itself = _record(champion_oof.clear(), champion_signals, against)
    spoken = ["version", *_KEY]
    bets = _first_said(challenger_oof, earlier_oof).join(itself, on=_KEY, how="semi")
    marked = bets.select(*spoken, is_bet_on=pl.lit(value=True))
    said = [challenger_oof]
    if earlier_oof is not None:
        said.append(earlier_oof.join(marked, on=spoken, how="semi"))
    losses = (
        classification.log_loss().alias("loss"),
        classification.log_loss("_champion").alias("loss_champion"),
        pl.col("is_bet_on").fill_null(value=False),
    )
    both = pl.concat(said, how="diagonal").join(champion, on=_KEY, how="left")
    listed = both.join(marked, on=spoken, how="left").with_columns(losses)
    return listed.sort("session", "symbol", "month")


def _version_of(oof: pl.DataFrame) -> str:
    versions = oof["version"].unique().sort().to_list()
    if len(versions) > 1:
        message = f"evidence takes one version at a time, was given {versions}"
        raise errors.TableError(message)
    return str(versions[0]) if versions else ""


def _record(oof: pl.DataFrame, signals: pl.DataFrame, version: str) -> pl.DataFrame:
    said = signals.filter(pl.col("champion_version") == version)
    keep = [*_KEY, *(f"p_{name}" for name in classification.CLASSES)]
    both = pl.concat([said.select(keep), oof.select(keep)])
    first = both.unique(_KEY, keep="first", maintain_order=True)
    return first.rename({f"p_{c}": f"p_{c}_champion" for c in classification.CLASSES})


def _first_said(oof: pl.DataFrame, earlier: pl.DataFrame | None) -> pl.DataFrame:
    rows = oof if earlier is None else pl.concat([earlier, oof], how="diagonal")
    keep = ["version", "month", *_KEY, "label"]
    ordered = rows.select(*keep, pl.col("^p_[a-z]+$")).sort(
        "month", maintain_order=True
    )
    return ordered.unique(_KEY, keep="first", maintain_order=True)


def _gains(said: pl.DataFrame, champion: pl.DataFrame) -> pl.DataFrame:
    gain = classification.log_loss("_champion") - classification.log_loss()
    shared = said.join(champion, on=_KEY)
    means = classification.session_means(shared.with_columns(gain=gain), "gain")
    return means.select("session", "gain")


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


def _losses(challenger_oof: pl.DataFrame, champion: pl.DataFrame) -> pl.DataFrame:
    scored = challenger_oof.with_columns(
        classification.log_loss(suffix).alias(name)
        for name, suffix in _FORECASTS.items()
    )
    every = classification.session_means(scored, *_FORECASTS)
    shared = scored.join(champion, on=_KEY).with_columns(
        classification.log_loss("_champion").alias("champion"),
        pl.col("challenger").alias("challenger_paired"),
    )
    paired = classification.session_means(shared, "champion", "challenger_paired")
    joined = every.join(paired.rename({"n_rows": "n_paired"}), on="session", how="left")
    return joined.with_columns(pl.col("n_paired").fill_null(0)).sort("session")
