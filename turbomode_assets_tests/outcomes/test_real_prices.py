"""Total returns from raw prices and actions beside a vendor's adjusted prices."""

import datetime as dt
import os
import pathlib

import polars as pl
import pytest

from turbomode_assets import policy, sessions
from turbomode_assets.outcomes import resolution

SHARED = pathlib.Path(os.environ.get("TURBOMODE_SHARED_DATA", "../shared/data"))
PANEL = SHARED / "dev_raw_wiki_2005_2018.parquet"


@pytest.mark.skipif(not PANEL.exists(), reason="needs the shared raw price panel")
def test_agrees_with_adjusted_prices() -> None:
    bars = pl.read_parquet(PANEL).rename({"date": "session"})
    bars = bars.filter(pl.col("symbol").is_in(bars["symbol"].unique().sort()[:10]))
    members = bars.group_by("symbol").agg(valid_from=pl.col("session").min())
    unknown = pl.lit(None, dtype=pl.Date)
    members = members.with_columns(valid_to=unknown, delisted_on=unknown)
    days = sessions.sessions_between(dt.date(2012, 3, 1), dt.date(2018, 2, 1))
    periods = sessions.holding_periods(days, 14)
    found = resolution.resolve(bars, members, periods, policy.HorizonPolicy())
    entry = bars.select("symbol", "adj_open", entry_on="session")
    final = bars.select("symbol", "adj_close", matures_on="session")
    both = found.join(entry, on=["symbol", "entry_on"]).join(
        final, on=["symbol", "matures_on"]
    )
    vendor = both["adj_close"] / both["adj_open"] - 1
    apart = (vendor - both["realized_return"]).abs()
    # The vendor reinvests dividends, which is worth a few basis points in a horizon.
    assert both.height > 10_000
    assert apart.median() < 1e-12  # type: ignore[operator]
    assert apart.quantile(0.99) < 0.001  # type: ignore[operator]
