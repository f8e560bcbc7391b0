"""What an option bought on each signal would have made, and why.

Bought at the ask of the first price one could act at, sold at the bid when the horizon
ends, with both commissions. Between the two the share moves, time passes and implied
volatility moves as the chains say; where no chain is fresh at the exit it stays. Prices
between quotes are the pricer's at the quote's own volatility, and the spread keeps its
share of the price. What is lost can never exceed what was paid.

The return is told apart by the Greeks at the entry; what they do not explain is a
residual, and the parts add up to the whole. No book and no limit belongs here.
"""

import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import options_tables, rounds
from turbomode_assets.options import lives, pricing, surface
from turbomode_assets.options_policy import OPTIONS, SHARES, OptionsPolicy

PARTS = ("delta", "gamma", "theta", "vega", "cost", "residual")
"""What a return is made of; they add up to it."""

_ROUND = dt.timedelta(minutes=rounds.MINUTES) / dt.timedelta(days=365)
_HORIZON_KEY = ["symbol", "session", "minute", "horizon"]


def held(positions: pl.DataFrame, rules: OptionsPolicy = OPTIONS) -> pl.DataFrame:
    """Positions with what they made.

    Parameters
    ----------
    positions
        Columns `pricing.TERMS` and vol at the entry, spread_share (of the mid),
        exit_spot, exit_years, exit_vol and exit_yield, and dividends_usd, what was paid
        of the dividends expected.
    rules
        Gives the commission and the least spread.

    Returns
    -------
    pl.DataFrame
        The same rows with paid_usd, got_usd, option_return and a return per part of
        `PARTS`; null where an input is.

    Notes
    -----
    Continuous and monotone in the exit price of the share: ever better for a call, ever
    worse for a put.
    """
    commission = rules.risk.commission_usd / SHARES
    entry = pricing.value(positions)
    moved = positions.select(
        "right",
        "strike",
        "rate",
        dividend_yield="exit_yield",
        spot="exit_spot",
        years="exit_years",
        vol="exit_vol",
    )
    worth = pricing.value(moved)["price"]
    expired = _paid_at_expiry(moved)
    late = pl.when(pl.col("exit_years") <= 0).then(expired).otherwise(worth)
    half, least = pl.col("spread_share") / 2, rules.model.least_spread_usd / 2
    in_half = pl.max_horizontal(pl.col("price") * half, least)
    out_half = pl.max_horizontal(pl.col("_worth") * half, least)
    sold = entry.with_columns(_worth=late).with_columns(
        paid_usd=pl.col("price") + in_half,
        # Null must stay null: what is unknown at the exit is not worthless.
        got_usd=(pl.col("_worth") - out_half).clip(0.0),
    )
    outlay = pl.col("paid_usd") + commission
    proceeds = (pl.col("got_usd") - commission).clip(0.0)
    told = sold.with_columns(option_return=proceeds / outlay - 1)
    return _attributed(told, outlay).drop("_worth", *pricing.GREEKS)


def _paid_at_expiry(moved: pl.DataFrame) -> pl.Series:
    sign = pl.when(pl.col("right") == "call").then(1.0).otherwise(-1.0)
    return moved.select(
        (sign * (pl.col("spot") - pl.col("strike"))).clip(0)
    ).to_series()


def _attributed(told: pl.DataFrame, outlay: pl.Expr) -> pl.DataFrame:
    """Returns by the Greeks at the entry, cost and residual."""
    # A dividend that was expected falls off the share and not off its forward.
    shift = pl.col("exit_spot") + pl.col("dividends_usd") - pl.col("spot")
    days = (pl.col("years") - pl.col("exit_years")) * 365
    points = (pl.col("exit_vol") - pl.col("vol")) * 100
    gained = pl.col("_worth") - pl.col("price")
    usd = {
        "delta": pl.col("delta") * shift,
        "gamma": pl.col("gamma") * shift**2 / 2,
        "theta": pl.col("theta") * days,
        "vega": pl.col("vega") * points,
    }
    parts = {f"{name}_return": value / outlay for name, value in usd.items()}
    whole = pl.col("option_return")
    explained = told.with_columns(cost_return=whole - gained / outlay, **parts)
    rest = whole - pl.sum_horizontal(
        [f"{name}_return" for name in PARTS if name != "residual"], ignore_nulls=False
    )
    return explained.with_columns(residual_return=rest)


def of_signals(
    chosen: pl.DataFrame,
    ends: pl.DataFrame,
    quotes: pl.DataFrame,
    paid: pl.DataFrame,
    rules: OptionsPolicy = OPTIONS,
) -> pl.DataFrame:
    """Outcome in option terms of every signal with a side.

    Parameters
    ----------
    chosen
        As `selection.choose` returns them.
    ends
        Rows of `intraday_tables.OUTCOMES` of the same signals; holds are left out.
    quotes
        Rows of `options_tables.QUOTES`, for how implied volatility moved.
    paid
        Dividends, as `lives.dividend_yield` wants them.
    rules
        Policy in force.

    Returns
    -------
    pl.DataFrame
        Rows of `options_tables.OUTCOMES`.
    """
    moment = ["symbol", "session", "minute", "side"]
    asked = ends.filter(pl.col("side") != "hold").select(
        *_HORIZON_KEY, "side", "entry", "exit"
    )
    rows = asked.join(chosen, on=moment, how="left").sort(_HORIZON_KEY)
    if rows.is_empty():
        return options_tables.OUTCOMES.empty()
    mid = (pl.col("bid") + pl.col("ask")) / 2
    is_known = pl.col("refusal").is_null() & pl.col("entry").is_not_null()
    timed = _with_moments(rows).with_columns(
        spread_share=(pl.col("ask") - pl.col("bid")) / mid,
        spot=pl.when(is_known).then("entry"),
        exit_spot="exit",
    )
    timed = timed.with_columns(lives.dividends_left(timed, paid))
    moves = _vol_moves(timed, quotes, rules)
    positions = timed.with_columns(
        exit_vol=(pl.col("vol") + moves).clip(lower_bound=rules.quotes.min_vol)
    )
    found = held(positions, rules)
    told = ("expires_on", "strike", "right", "basis")
    taken = [
        pl.when(pl.col("refusal").is_null()).then(name).alias(name) for name in told
    ]
    return options_tables.OUTCOMES.conform(
        found.with_columns(taken).select(options_tables.OUTCOMES.column_names)
    )


def _with_moments(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the years left at entry and exit, and the rounds these are in."""
    numbers = rounds.numbers(rows)
    exits = np.zeros_like(numbers)
    for horizon in rounds.HORIZONS:
        is_own = (rows["horizon"] == horizon).to_numpy()
        exits[is_own] = rounds.exits(numbers[is_own], horizon)
    entered = rounds.named(numbers + 1).select("session", "minute")
    left = rounds.named(exits).select("session", "minute")
    last = left["session"].max()
    ends_on = rows.select(pl.col("expires_on").fill_null(pl.lit(last))).to_series()
    return rows.with_columns(
        years=lives.years_left(entered.with_columns(expires_on=ends_on)) + _ROUND,
        exit_years=lives.years_left(left.with_columns(expires_on=ends_on)),
        entered_on=entered["session"],
        left_on=left["session"],
        _entered=pl.Series(numbers),
        _left=pl.Series(exits),
    )


def _vol_moves(
    timed: pl.DataFrame, quotes: pl.DataFrame, rules: OptionsPolicy
) -> pl.Series:
    """Move of implied volatility at each contract while it is held.

    Parameters
    ----------
    timed
        Columns symbol, strike, spot, exit_spot, years, exit_years, rate,
        dividend_yield, exit_yield, and the rounds _entered and _left.
    quotes
        Rows of `options_tables.QUOTES`.
    rules
        Gives how old a chain may be.

    Returns
    -------
    pl.Series
        Fractions; zero where there is no fresh surface at either end.
    """
    surfaces = Surfaces.of(quotes, rules)
    before = surfaces.vols(timed, "spot", "years", "_entered")
    later = timed.with_columns(dividend_yield="exit_yield")
    after = surfaces.vols(later, "exit_spot", "exit_years", "_left")
    return pl.Series(np.nan_to_num(after - before))


class Surfaces:
    """Surfaces of every chain, each fitted when it is first asked for."""

    def __init__(self, chains: dict[tuple[str, int], pl.DataFrame], reach: int) -> None:
        """Chains by symbol and round; `reach` is how many rounds one stays fresh."""
        self._chains = chains
        self._reach = reach
        self._fitted: dict[tuple[str, int], surface.Surface | None] = {}

    @classmethod
    def of(cls, quotes: pl.DataFrame, rules: OptionsPolicy) -> "Surfaces":
        """Surfaces of rows of `options_tables.QUOTES`."""
        numbered = quotes.with_columns(
            _taken=pl.Series(rounds.numbers(quotes), dtype=pl.Int64)
        )
        parts = numbered.partition_by("symbol", "_taken", as_dict=True)
        reach = int(rules.quotes.max_age_minutes // rounds.MINUTES)
        return cls(
            {(str(key[0]), int(key[1])): part for key, part in parts.items()}, reach
        )

    def at(self, symbol: str, number: int) -> surface.Surface | None:
        """Surface of the newest fresh chain at the end of a round; None without one."""
        for taken in range(number, number - self._reach - 1, -1):
            key = (symbol, taken)
            if key in self._chains:
                if key not in self._fitted:
                    self._fitted[key] = surface.fit(self._chains[key])
                return self._fitted[key]
        return None

    def vols(
        self, rows: pl.DataFrame, spot: str, years: str, number: str
    ) -> surface.Reals:
        """Volatility at each row's contract; NaN where unknown.

        Parameters
        ----------
        rows
            Columns symbol, strike, rate, dividend_yield and those named.
        spot, years, number
            Names of the columns of the share's price, the life and the round.
        """
        carry = (pl.col("rate") - pl.col("dividend_yield")) * pl.col(years)
        money = (pl.col("strike") / pl.col(spot)).log() - carry
        asked = rows.select("symbol", number, money=money, years=years)
        found = np.full(rows.height, np.nan)
        for place, (symbol, at, moneyness, life) in enumerate(asked.iter_rows()):
            if moneyness is None or life is None or life <= 0:
                continue
            known = self.at(symbol, at)
            if known is not None:
                found[place] = known.vol(np.array([moneyness]), np.array([life]))[0]
        return found
