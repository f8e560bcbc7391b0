"""Years of a desk that never was: every table a page is made of, drawn from a seed.

Probabilities that know a little, outcomes that follow them, one champion a year. Used
where the numbers of a page are made again, and where pages are timed and looked at.
"""

import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import market_tables, sessions, tables
from turbomode_assets.reports import desk_sheet, scorecard

CLASSES = np.array(["up", "flat", "down"])


def made(first: dt.date, last: dt.date, n_symbols: int) -> desk_sheet.Tables:
    """Tables of a desk that spoke in every session from `first` to `last`."""
    draws = np.random.default_rng(11)
    days = sessions.sessions_between(first, last)
    rows = _rows(draws, days, n_symbols)
    matured = rows.filter(pl.col("matures_on") <= last)
    ledger = scorecard.Ledger(
        outcomes=matured.drop("p_up", "p_flat", "p_down", "edge", "rank", "mode"),
        signals=rows.drop("entry_on", "matures_on", "realized_return", "is_hit").drop(
            [name for name in rows.columns if name.startswith("label_")]
        ),
        oof=_folds(rows, f"v{days[-1].year}"),
        verdicts=_verdicts(days),
        champions=_champions(days),
    )
    return desk_sheet.Tables(
        ledger=ledger,
        rankings=_rankings(draws, rows),
        quarantine=pl.DataFrame({"seen_on": [last] * 3, "reason": ["a", "a", "b"]}),
        newest=[("market.bars", last), ("swing.signals", last)],
    )


def _rows(
    draws: np.random.Generator, days: list[dt.date], n_symbols: int
) -> pl.DataFrame:
    periods = sessions.holding_periods(days, 14)
    names = pl.DataFrame({"symbol": [f"S{n:03d}" for n in range(n_symbols)]})
    rows = periods.join(names, how="cross").sort("session", "symbol")
    n = rows.height
    said = draws.dirichlet([2.0, 20.0, 2.0], n)
    lot = (said.cumsum(axis=1) < draws.random((n, 1))).sum(axis=1).clip(0, 2)
    label = CLASSES[lot]
    size = np.where(label == "flat", draws.normal(0, 0.04, n).clip(-0.09, 0.09), 0.12)
    gained = np.where(label == "down", -size, size)
    edge = said[:, 0] - said[:, 2]
    side = np.select([edge > 0.1, edge < -0.1], ["buy", "sell"], "hold")
    hit = np.where(side == "buy", gained >= 0.1, gained < 0.1)
    return rows.with_columns(
        **{f"p_{name}": pl.Series(said[:, k]) for k, name in enumerate(CLASSES)},
        edge=pl.Series(edge),
        side=pl.Series(side),
        mode=pl.lit("live"),
        champion_version=pl.format("v{}", pl.col("session").dt.year()),
        realized_return=pl.Series(gained),
        label_symmetric_10pct=pl.Series(label),
        label_seed_10pct=pl.Series(np.where(label == "up", "up", "not_up")),
        is_hit=pl.when(pl.lit(pl.Series(side)) != "hold").then(pl.lit(pl.Series(hit))),
    ).with_columns(
        rank=(-pl.col("edge")).rank("ordinal").over("session").cast(pl.Int64)
    )


def _folds(rows: pl.DataFrame, version: str) -> pl.DataFrame:
    """What the last champion said out of sample in a year, three references beside it.

    The base rate says the same of every row, volatility alone nearly what the champion
    says, and momentum the base rate.
    """
    usual = {"up": 0.08, "flat": 0.84, "down": 0.08}
    blurred = {name: 0.7 * pl.col(f"p_{name}") + 0.3 * p for name, p in usual.items()}
    named = rows.with_columns(
        version=pl.lit(version),
        month=sessions.month_start(max(rows["session"].to_list())),
        fold=pl.lit(0, pl.Int64),
        label="label_symmetric_10pct",
        **{f"p_{name}_base_rate": pl.lit(p) for name, p in usual.items()},
        **{f"p_{name}_volatility": said for name, said in blurred.items()},
        **{f"p_{name}_momentum": pl.lit(p) for name, p in usual.items()},
    )
    days = rows["session"].unique().sort().tail(252)
    within = named.filter(pl.col("session").is_in(days.implode()))
    return within.select(tables.OOF_PREDICTIONS.column_names)


def _champions(days: list[dt.date]) -> pl.DataFrame:
    years = sorted({day.year for day in days})
    first = {year: next(day for day in days if day.year == year) for year in years}
    rows = [
        {
            "desk": "swing",
            "effective_from": day,
            "version": f"v{year}",
            "reason": "promoted by the gate",
            "decided_at": dt.datetime.combine(day, dt.time(), dt.UTC),
        }
        for year, day in first.items()
    ]
    return pl.DataFrame(rows, schema=tables.CHAMPIONS.schema())


def _verdicts(days: list[dt.date]) -> pl.DataFrame:
    months = sorted({day.replace(day=1) for day in days})
    rows = [
        {
            "desk": "swing",
            "version": f"c{month:%Y%m}",
            "month": month,
            "position": 0,
            "criterion": "skill",
            "observed": 0.0,
            "required": 0.1,
            "is_passed": False,
            "sentence": "skill <too> low",
            "against": "",
        }
        for month in months
    ]
    return pl.DataFrame(rows, schema=tables.VERDICTS.schema())


def _rankings(draws: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    symbols = rows["symbol"].unique().sort()
    middle = draws.normal(0.0, 0.02, symbols.len())
    month = sessions.month_start(max(rows["session"].to_list()))
    blank = {
        "month": month,
        "mode": "live",
        "is_top": False,
        "trend": "steady",
        "n_signals": 9,
        "n_effective": 3,
        "hit_share": 0.1,
        "base_rate": 0.1,
    }
    skills = ("skill", "skill_short", "skill_middle", "skill_long")
    return (
        pl.DataFrame({"symbol": symbols})
        .with_columns(**{name: pl.lit(value) for name, value in blank.items()})
        .with_columns(**{name: pl.Series(middle) for name in skills})
        .with_columns(
            skill_lower=pl.col("skill") - 0.03,
            skill_upper=pl.col("skill") + 0.03,
            rank=(-pl.col("skill")).rank("ordinal").cast(pl.Int64),
        )
        .select(market_tables.RANKINGS.column_names)
    )
