"""What the intraday desk was worth: every rate beside its base rate and its n.

Signals overlap: those of a day share most of their horizon. `n_effective` counts the
ones that stand apart, and significance is told session by session. Nothing is decided
here and nothing is drawn.
"""

import polars as pl

from turbomode_assets import intraday_tables, rounds
from turbomode_assets.intraday import ballot, consensus, state
from turbomode_assets.intraday_policy import ConsensusPolicy
from turbomode_assets.stats import diebold_mariano, overlap

_KEY = list(intraday_tables.SIGNALS.key)


def of_signals(signals: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Scores of each symbol and horizon.

    Parameters
    ----------
    signals
        Columns of `intraday_tables.SIGNALS`; mode and emitted_at are not needed.
    outcomes
        Rows of `intraday_tables.OUTCOMES` of the same signals.

    Returns
    -------
    pl.DataFrame
        One row per symbol and horizon with final outcomes. Losses are mean log-losses
        in nats; `skill` is the share of the base rate's loss saved, `p_value` that of
        Diebold and Mariano's test on sessions, null where it cannot be told.
        `movement_rank` is the rank correlation of the views of movement with the size
        of the return.
    """
    final = signals.join(
        outcomes.filter(pl.col("maturity") == "final").drop("side"), on=_KEY
    )
    rows = [
        {"symbol": symbol, "horizon": horizon} | _scores(part, str(horizon))
        for (symbol, horizon), part in final.group_by(
            "symbol", "horizon", maintain_order=True
        )
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _scores(rows: pl.DataFrame, horizon: str) -> dict[str, object]:
    said = rows.sort("session", "minute").with_columns(
        loss=_log_loss(pl.col("p_up")),
        **{
            name: _log_loss(pl.col("expert_probabilities").list.get(place))
            for place, name in enumerate(consensus.BASELINES)
        },
    )
    taken = said.filter(pl.col("side") != "hold")
    convinced = said.filter("is_convinced")
    saved = said.group_by("session", maintain_order=True).agg(
        gain=(pl.col("base_rate") - pl.col("loss")).mean()
    )
    overlap_sessions = 1 + rounds.HORIZONS[horizon] // rounds.FULL_SESSION
    base, loss = said["base_rate"].mean(), said["loss"].mean()
    return {
        "n": said.height,
        "n_effective": n_effective(said, horizon),
        "up_share": said["is_up"].mean(),
        "loss": loss,
        "base_loss": base,
        "equal_loss": said["equal_weight"].mean(),
        "learned_loss": said["learned_model"].mean(),
        "skill": 1 - loss / base,  # type: ignore[operator]
        "p_value": diebold_mariano.p_value(saved["gain"], overlap_sessions),
        "n_taken": taken.height,
        "n_taken_effective": n_effective(taken, horizon),
        "hit_share": taken["is_hit"].mean(),
        "n_convinced": convinced.height,
        "n_convinced_effective": n_effective(convinced, horizon),
        "convinced_hit_share": convinced["is_hit"].mean(),
        "movement_rank": said.select(
            pl.corr("volatility", pl.col("realized_return").abs(), method="spearman")
        ).item(),
    }


def _log_loss(p_up: pl.Expr) -> pl.Expr:
    return -pl.when("is_up").then(p_up).otherwise(1 - p_up).log()


def of_voters(votes: pl.DataFrame) -> pl.DataFrame:
    """How often each voter really spoke, and why it last did not.

    Parameters
    ----------
    votes
        Rows of `intraday_tables.VOTES`.

    Returns
    -------
    pl.DataFrame
        Columns voter, n, spoken_share (either channel), direction_share,
        movement_share, confidence (mean where it spoke) and last_excuse, null where it
        never abstained.
    """
    abstains = pl.col("is_abstaining")
    return (
        votes.sort("session", "minute")
        .group_by("voter")
        .agg(
            n=pl.len().cast(pl.Int64),
            spoken_share=1 - abstains.mean(),
            direction_share=pl.col("score").is_not_null().mean(),
            movement_share=pl.col("volatility").is_not_null().mean(),
            confidence=pl.col("confidence").filter(~abstains).mean(),
            last_excuse=pl.col("reason").filter(abstains).last(),
        )
        .sort("voter")
    )


def by_horizon(weights: pl.DataFrame) -> pl.DataFrame:
    """Mean weight of each expert after the last session.

    Parameters
    ----------
    weights
        Rows of `intraday_tables.WEIGHTS`, at least one.

    Returns
    -------
    pl.DataFrame
        Columns symbol, expert and one for each horizon, shortest first.
    """
    newest = weights.filter(pl.col("session") == pl.col("session").max())
    key = ["symbol", "expert"]
    mean = newest.group_by(*key, "horizon").agg(pl.col("weight").mean())
    wide = mean.pivot("horizon", index=key, values="weight", aggregate_function=None)
    horizons = [name for name in rounds.HORIZONS if name in wide.columns]
    return wide.sort(key).select(*key, *horizons)


def of_experts(weights: pl.DataFrame) -> pl.DataFrame:
    """What each voter weighs after the last session, and what its forecasts saved.

    Parameters
    ----------
    weights
        Rows of `intraday_tables.WEIGHTS`; may be empty.

    Returns
    -------
    pl.DataFrame
        Columns voter, weight (the mean over symbols, horizons and streams) and skill,
        the share of the base rate's log-loss that its own probabilities saved in all
        rounds learned from; null where none was.
    """
    base = consensus.BASELINES[0]
    newest = weights.filter(_is_newest())
    summed = newest.group_by("expert").agg(
        pl.col("weight").mean(), pl.col("loss").sum()
    )
    usual = summed.filter(expert=base)["loss"].sum()
    skill = pl.when(pl.lit(usual) > 0).then(1.0 - pl.col("loss") / usual)
    voters = summed.filter(~pl.col("expert").is_in(consensus.BASELINES))
    return voters.select("weight", voter="expert", skill=skill).sort("voter")


def _is_newest() -> pl.Expr:
    return pl.col("session") == pl.col("session").max().over("symbol", "horizon")


def n_effective(moments: pl.DataFrame, horizon: str) -> int:
    """Moments whose horizons do not overlap, as many as can be; of one symbol."""
    numbers = rounds.numbers(moments)
    held = pl.DataFrame(
        {"entry_on": numbers + 1, "matures_on": rounds.exits(numbers, horizon)}
    )
    return overlap.keep_apart(held).height


def regrets(
    weights: pl.DataFrame, track_records: pl.DataFrame, rules: ConsensusPolicy
) -> pl.DataFrame:
    """Regret beside its bound, after the last session of each symbol and horizon.

    Parameters
    ----------
    weights, track_records
        Rows of `intraday_tables.WEIGHTS` and ``.TRACK_RECORDS``.
    rules
        Policy they were learned under.

    Returns
    -------
    pl.DataFrame
        Columns symbol, horizon, best (the expert whose forecasts cost least), regret
        and bound in nats, and n_rounds.
    """
    rows = []
    key = ["symbol", "horizon"]
    newest = pl.col("session") == pl.col("session").max().over(key)
    recorded = track_records.filter(newest)
    voters = tuple(ballot.discover())
    for (symbol, horizon), part in weights.filter(newest).group_by(
        key, maintain_order=True
    ):
        is_own = (pl.col("symbol") == symbol) & (pl.col("horizon") == horizon)
        learner = consensus.Learner.begin(str(horizon), voters, rules)
        state.restore(learner, part, recorded.filter(is_own))
        streams = learner.streams
        rows.append(
            {
                "symbol": symbol,
                "horizon": horizon,
                "best": consensus.experts(voters)[streams.best],
                "regret": streams.regret,
                "bound": streams.bound,
                "n_rounds": int(streams.n_rounds.sum()),
            }
        )
    return pl.DataFrame(rows)
