"""Sessions of an intraday desk that never was: every table its page is made of.

Probabilities that know a little and returns that follow them, drawn from a seed. Used
where the numbers of a page are made again, and where pages are looked at.
"""

import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import desks, intraday_tables, rounds, sessions
from turbomode_assets.reports import intraday_sheet


def made(
    first: dt.date, last: dt.date, symbols: tuple[str, ...] = ("LMT", "RTX")
) -> intraday_sheet.Tables:
    """Tables of a desk that spoke in every round from `first` to `last`."""
    draws = np.random.default_rng(3)
    rows = _rows(draws, rounds.between(first, last), symbols)
    days = sessions.sessions_between(first, last)
    outcomes = rows.select(intraday_tables.OUTCOMES.column_names)
    signals = rows.drop(
        *("exit_on", "maturity", "entry", "exit", "realized_return", "is_up", "is_hit"),
        *("round", "ends_at"),
        strict=False,
    )
    gains = draws.normal(0.001, 0.02, (len(days), 2)).cumsum(axis=0) + 1.0
    return intraday_sheet.Tables(
        signals=signals,
        outcomes=outcomes,
        votes=_votes(rows, symbols),
        voters=_voters(),
        weights=_weights(symbols),
        champions=_champions(days),
        oof=_folds(rows),
        n_judged=7,
        equity=pl.DataFrame(
            {"session": days, "book": gains[:, 0], "shares": gains[:, 1]}
        ),
        traded=2.0 * len(days),
        quarantine=pl.DataFrame({"seen_on": [last] * 3, "reason": ["a", "a", "b"]}),
        newest=[("intraday.bars", last), ("intraday.signals", last)],
    )


def _rows(
    draws: np.random.Generator, moments: pl.DataFrame, symbols: tuple[str, ...]
) -> pl.DataFrame:
    """Signals beside their outcomes; those that end after the last round pend."""
    lines = pl.DataFrame({"symbol": symbols}).join(
        pl.DataFrame({"horizon": list(rounds.HORIZONS)}), how="cross"
    )
    rows = moments.join(lines, how="cross").sort("symbol", "horizon", "round")
    n = rows.height
    p = draws.beta(60, 56, n)
    is_up = draws.random(n) < p
    made_of = np.where(is_up, 1.0, -1.0) * draws.gamma(2.0, 0.002, n)
    side = np.select([p > 0.54, p < 0.46], ["buy", "sell"], "hold")
    exits = np.concatenate(
        [
            rounds.exits(part["round"].to_numpy(), part["horizon"][0])
            for part in rows.partition_by("symbol", "horizon", maintain_order=True)
        ]
    )
    is_over = exits <= moments["round"].max()
    final = pl.lit(pl.Series(is_over))
    hit = np.where(side == "buy", made_of > 0, made_of < 0)
    return rows.with_columns(
        mode=pl.lit("live"),
        side=pl.Series(side),
        p_up=pl.Series(p),
        p_base=pl.lit(0.517),
        conviction=pl.Series(np.maximum(p, 1 - p)),
        n_speaking=pl.lit(8, pl.Int64),
        n_agreeing=pl.lit(5, pl.Int64),
        exit_on=rounds.named(exits)["session"],
        maturity=pl.when(final).then(pl.lit("final")).otherwise(pl.lit("pending")),
        entry=pl.lit(100.0),
        exit=pl.when(final).then(100.0 * (1.0 + pl.Series(made_of))),
        realized_return=pl.when(final).then(pl.Series(made_of)),
        is_up=pl.when(final).then(pl.Series(made_of) > 0),
        is_hit=pl.when(final & pl.Series(side != "hold")).then(pl.Series(hit)),
    )


def _folds(rows: pl.DataFrame) -> pl.DataFrame:
    """What the last champion said out of sample in a year: volatility says half."""
    days = rows["session"].unique().sort().tail(252)
    judged = rows.filter(pl.col("session").is_in(days.implode()), maturity="final")
    said = judged.with_columns(
        version=pl.lit("w2"),
        month=pl.col("session").max(),
        label=pl.when("is_up").then(pl.lit("up")).otherwise(pl.lit("down")),
        **_both("", pl.col("p_up")),
        **_both("_base_rate", pl.col("p_base")),
        **_both("_volatility", (pl.col("p_up") + pl.col("p_base")) / 2),
        **_both("_momentum", pl.col("p_base")),
    )
    return said.select(n for n in desks.PREDICTIONS.column_names if n != "fold")


def _both(suffix: str, p_up: pl.Expr) -> dict[str, pl.Expr]:
    """Columns of a forecast of direction."""
    return {
        f"p_up{suffix}": p_up,
        f"p_flat{suffix}": pl.lit(0.0),
        f"p_down{suffix}": 1.0 - p_up,
    }


def _votes(rows: pl.DataFrame, symbols: tuple[str, ...]) -> pl.DataFrame:
    """Votes of the newest round: a strong one, a weak one, and one who abstains."""
    day, minute = rows.select("session", "minute").row(-1)
    said = [("momentum", 0.8, 0.9), ("news", -0.2, 0.5), ("flow", None, 0.0)]
    return pl.DataFrame(
        [
            {
                "symbol": symbol,
                "session": day,
                "minute": minute,
                "voter": voter,
                "score": score,
                "confidence": confidence,
                "reason": f"{voter} <saw> it.",
            }
            for symbol in symbols
            for voter, score, confidence in said
        ]
    )


def _voters() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "voter": ["momentum", "news"],
            "n": [130, 130],
            "spoken_share": [1.0, 0.5],
            "weight": [0.4, None],
            "skill": [0.012, None],
            "last_excuse": [None, "No headline."],
        }
    )


def _weights(symbols: tuple[str, ...]) -> pl.DataFrame:
    rows = [
        {"symbol": symbol, "expert": name, "60_minutes": share, "1_session": share}
        for symbol in symbols
        for name, share in (("base_rate", 0.6), ("momentum", 0.4))
    ]
    return pl.DataFrame(rows)


def _champions(days: list[dt.date]) -> pl.DataFrame:
    rows = [
        {
            "desk": "intraday",
            "effective_from": day,
            "version": f"w{place}",
            "reason": "promoted by the gate",
            "decided_at": dt.datetime.combine(day, dt.time(), dt.UTC),
        }
        for place, day in enumerate((days[0], days[-1]), start=1)
    ]
    return pl.DataFrame(rows, schema=desks.CHAMPIONS.schema())
