"""The implied volatility of any strike and life, between the quotes of one chain.

Each expiry is a parabola of total variance over log-moneyness, with straight wings
beyond the quotes, through the contracts out of the money. It is made flatter until its
density is nowhere negative (no butterfly costs less than nothing); a longer life has at
least the total variance of a shorter one (nor does a calendar spread). An expiry with
too few quotes is flat. Between expiries total variance is linear in time. Before the
first the volatility stays; after the last that of the forward does, and what bends the
slice is spread over the longer life, as it would else allow a butterfly.

Where a chain has no sound quote there is no surface: the model's volatility
(`quotes.realized_vol`) is then all there is, and ``basis`` says so.

References
----------
J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces", Quantitative
Finance 14(1), 2014.
"""

import dataclasses
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

Reals = npt.NDArray[np.float64]

_FEWEST = 5
_REACH = 1.0
_LEAST = 1e-8
_HALVINGS = 40


@dataclasses.dataclass(frozen=True)
class Slice:
    """Total variance of one expiry over log-moneyness ln(strike / forward)."""

    years: float
    level: float
    skew: float
    curve: float
    low: float
    high: float

    def variance(self, moneyness: Reals) -> Reals:
        """Total variance: squared volatility times years."""
        within = np.clip(moneyness, self.low, self.high)
        slope = self.skew + 2 * self.curve * within
        inner = self.level + self.skew * within + self.curve * within**2
        total: Reals = np.maximum(inner + slope * (moneyness - within), _LEAST)
        return total

    @property
    def has_butterfly(self) -> bool:
        """Whether the density it implies is negative somewhere near the quotes."""
        k = np.linspace(self.low - _REACH, self.high + _REACH, 401)
        within = np.clip(k, self.low, self.high)
        slope = self.skew + 2 * self.curve * within
        bend = np.where(k == within, 2 * self.curve, 0.0)
        total = self.variance(k)
        if (total <= _LEAST).any():
            return True
        density = (1 - k * slope / (2 * total)) ** 2
        density -= slope**2 / 4 * (1 / total + 0.25) - bend / 2
        return bool((density < 0).any())

    def flattened(self) -> Self:
        """The nearest slice without a butterfly, by halving skew and curve."""
        found = self
        for _ in range(_HALVINGS):
            if not found.has_butterfly:
                return found
            found = dataclasses.replace(
                found, skew=found.skew / 2, curve=found.curve / 2
            )
        return dataclasses.replace(found, skew=0.0, curve=0.0)


@dataclasses.dataclass(frozen=True)
class Surface:
    """Slices of one chain, by ascending years."""

    slices: tuple[Slice, ...]

    def vol(self, moneyness: Reals, years: Reals) -> Reals:
        """Annual volatility at each log-moneyness and life.

        Parameters
        ----------
        moneyness
            ln(strike / forward) at the expiry asked for.
        years
            Life, above zero.

        Returns
        -------
        ndarray
            Fractions, of the shape of `moneyness`.
        """
        lives = np.array([one.years for one in self.slices])
        each = np.array([one.variance(moneyness) for one in self.slices])
        grown = np.maximum.accumulate(each, axis=0)
        least = np.maximum(years, lives[0])
        within = np.minimum(least, lives[-1])
        after = np.searchsorted(lives, within)
        before = np.maximum(after - 1, 0)
        column = np.arange(moneyness.size)
        near, far = grown[before, column], grown[after, column]
        width = np.where(after > before, lives[after] - lives[before], 1.0)
        between = near + (within - lives[before]) / width * (far - near)
        at_forward = max(one.variance(np.zeros(1))[0] for one in self.slices)
        beyond = at_forward * (least / within - 1)
        found: Reals = np.sqrt((between + beyond) / least)
        return found


def fit(chain: pl.DataFrame) -> Surface | None:
    """Surface of one chain; None without a sound quote out of the money.

    Parameters
    ----------
    chain
        Rows of `options_tables.QUOTES` of one symbol and moment.
    """
    carry = (pl.col("rate") - pl.col("dividend_yield")) * pl.col("years")
    money = (pl.col("strike") / pl.col("spot")).log() - carry
    is_out = pl.when(pl.col("right") == "call").then(money >= 0).otherwise(money <= 0)
    sound = chain.filter(pl.col("finding").is_null() & pl.col("vol").is_not_null())
    used = sound.with_columns(
        money=money, total=pl.col("vol") ** 2 * pl.col("years")
    ).filter(is_out)
    slices = [
        slice_of(part["years"][0], part["money"].to_numpy(), part["total"].to_numpy())
        for _, part in used.sort("years").group_by("years", maintain_order=True)
    ]
    return Surface(tuple(slices)) if slices else None


def slice_of(years: float, money: Reals, total: Reals) -> Slice:
    """Slice through the quotes of one expiry, without a butterfly.

    Parameters
    ----------
    years
        Life, above zero.
    money, total
        ln(strike / forward) and total variance of each quote; at least one.
    """
    low, high = float(money.min()), float(money.max())
    if np.unique(money).size < _FEWEST:
        return Slice(years, float(np.median(total)), 0.0, 0.0, low, high)
    # A cent matters less where a contract is dear: weigh by nearness to the money.
    weight = np.exp(-(money**2) / (2 * 4 * max(float(np.median(total)), _LEAST)))
    curve, skew, level = np.polyfit(money, total, 2, w=weight)
    if curve < 0 or level <= 0:
        skew, level = np.polyfit(money, total, 1, w=weight)
        curve = 0.0
    fitted = Slice(
        years, max(float(level), _LEAST), float(skew), float(curve), low, high
    )
    return fitted.flattened()
