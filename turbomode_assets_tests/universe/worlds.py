"""Worlds for ranking: overlapping outcomes whose hit shares are known.

Each symbol walks at random with a share of the market's step; a signal is a hit where
its walk over the holding period ends above a bar. Signals of neighboring sessions
therefore share most of what decides them, as real ones do. Nothing is asserted here.
"""

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from turbomode_assets import sessions

MONTH = dt.date(2024, 7, 1)

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class World:
    """Outcomes and signals of symbols with known chances.

    Parameters
    ----------
    seed
        Seed of every step.
    chances
        Chance of a hit per symbol; or per session and symbol, with a row for each of
        `days`.
    market
        Correlation of any two symbols, in [0, 1).
    last
        Last session with a signal.
    """

    seed: int
    chances: Floats
    market: float = 0.0
    first: dt.date = dt.date(2023, 3, 1)
    last: dt.date = dt.date(2024, 6, 28)

    @property
    def days(self) -> list[dt.date]:
        """Sessions with a signal."""
        return sessions.sessions_between(self.first, self.last)

    @property
    def symbols(self) -> list[str]:
        """One name per chance."""
        return [f"S{n:04}" for n in range(self.chances.shape[-1])]

    def outcomes(self, silent: int = 0) -> pl.DataFrame:
        """Outcomes of every session; the last `silent` symbols have no signal."""
        periods = sessions.holding_periods(self.days, 14)
        is_hit = self._hits(periods)
        said = np.arange(is_hit.shape[1]) < is_hit.shape[1] - silent
        n = len(self.symbols)
        return pl.DataFrame(
            {
                "symbol": self.symbols * len(self.days),
                **{c: periods[c].to_numpy().repeat(n) for c in periods.columns},
                "label_symmetric_10pct": np.where(is_hit, "up", "flat").ravel(),
                "side": np.tile(np.where(said, "buy", "hold"), len(self.days)),
                "is_hit": is_hit.ravel(),
            }
        ).with_columns(is_hit=pl.when(pl.col("side") == "buy").then("is_hit"))

    def signals(self, mode: str = "live") -> pl.DataFrame:
        """Signals of every session, all of one mode."""
        days = pl.DataFrame({"session": self.days, "mode": mode})
        return days.join(pl.DataFrame({"symbol": self.symbols}), how="cross")

    def _hits(self, periods: pl.DataFrame) -> npt.NDArray[np.bool_]:
        rng = np.random.default_rng(self.seed)
        calendar = sessions.sessions_between(self.first, periods["matures_on"].max())  # type: ignore[arg-type]
        shape = (len(calendar), self.chances.shape[-1])
        own, common = rng.normal(size=shape), rng.normal(size=(len(calendar), 1))
        steps = np.sqrt(self.market) * common + np.sqrt(1 - self.market) * own
        walk = np.vstack([np.zeros(shape[1]), np.cumsum(steps, axis=0)])
        days = pl.Series(calendar)
        start = days.search_sorted(periods["entry_on"]).to_numpy()
        end = days.search_sorted(periods["matures_on"]).to_numpy() + 1
        apart = (walk[end] - walk[start]) / np.sqrt(end - start)[:, None]
        bar: Floats = stats.norm.ppf(1 - self.chances)
        hits: npt.NDArray[np.bool_] = apart > bar
        return hits
