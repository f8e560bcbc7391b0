"""Intraday files: real panels of four vendors, and files that cannot be read."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from turbomode_assets import errors, market_policy, rounds
from turbomode_assets.intraday import bars, context, loop, replay
from turbomode_assets.sources import intraday_files
from turbomode_assets_tests.oracles import real

PANEL = real.FOLDER / "intraday" / "dev_intraday.parquet"
needed = pytest.mark.skipif(not PANEL.exists(), reason=f"no real bars in {PANEL}")
EVER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
RULES = market_policy.QualityPolicy()

Span = tuple[dt.date, dt.date]
MINUTES_2015 = (dt.date(2015, 10, 12), dt.date(2016, 4, 1))
BOTH_2019 = (dt.date(2019, 2, 11), dt.date(2019, 2, 15))


def delivered(symbol: str, span: Span) -> pl.DataFrame:
    source = intraday_files.IntradayFiles(PANEL, symbols=(symbol,))
    return source.fetch_rounds(*span, EVER).bars


@needed
def test_each_vendors_stamps_are_understood() -> None:
    source = intraday_files.IntradayFiles(PANEL, symbols=("MSFT", "SPY"))
    rows = source.fetch_rounds(dt.date(1998, 1, 1), dt.date(2022, 12, 31), EVER).bars
    vendor = pl.col("source").str.split("(").list.first()
    found = rows.group_by(vendor).agg(pl.col("is_end_stamped").unique())
    assert dict(found.iter_rows()) == {
        "alphavantage": [True],
        "google-finance": [True],
        "quantconnect-lean": [False],
        "yahoo": [False],
    }


@needed
def test_minutes_add_up_to_what_the_vendor_itself_calls_a_quarter_hour() -> None:
    rows = delivered("SPY", BOTH_2019)
    quarter, minutes = (
        bars.inspect(rows.filter(pl.col("n_minutes") == n), RULES, EVER).accepted
        for n in (15, 1)
    )
    both = minutes.join(quarter, on=["session", "minute"], suffix="_own")
    assert both.height == quarter.height == 5 * 26
    for name in ("open", "high", "low", "close"):
        off = np.abs(both[name].to_numpy() / both[f"{name}_own"].to_numpy() - 1)
        assert np.quantile(off, 0.95) < 1e-4, name
    traded = both.select(pl.col("volume").sum() / pl.col("volume_own").sum()).item()
    assert traded == pytest.approx(1, abs=0.01)


@needed
def test_hours_by_the_clock_make_up_the_daily_bars_of_another_vendor() -> None:
    span = (dt.date(2012, 1, 3), dt.date(2018, 12, 31))
    found = bars.inspect(delivered("SPY", span), RULES, EVER)
    assert set(found.accepted["minute"]) == {30, 90, 150, 210, 270, 330, 390}
    days = (
        found.accepted.sort("session", "minute")
        .group_by("session", maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
        )
    )
    panel = pl.read_parquet(real.FOLDER / "dev_panel.parquet").filter(symbol="SPY")
    both = days.join(panel, left_on="session", right_on="date", suffix="_daily")
    assert both.height > 1700
    for name in ("open", "high", "low", "close"):
        off = np.abs(both[name].to_numpy() / both[f"{name}_daily"].to_numpy() - 1)
        assert np.quantile(off, 0.95) < 5e-4, name


@needed
def test_doubled_minutes_of_a_real_panel_are_refused_once() -> None:
    rows = delivered("UTX", MINUTES_2015)
    found = bars.inspect(rows, RULES, EVER)
    doubled = rows.height - rows.select("stamped_at").n_unique()
    assert doubled == 1767
    assert found.refused["reason"].value_counts().rows() == [("duplicate", doubled)]
    assert found.accepted["session"].n_unique() == 115
    assert found.accepted.height == 113 * 26 + 2 * 14  # two half days
    assert found.gaps["coverage"].min() > 0  # type: ignore[operator]
    assert found.accepted["n_parts"].sum() + doubled == rows.height


def test_a_cell_that_cannot_be_read_is_delivered_with_its_row(tmp_path: Path) -> None:
    header = "symbol,ts_utc,interval,open,high,low,close,volume\n"
    torn = "ABC,2024-03-08T14:30:00,1m,1,1,1,one,5\n"
    (tmp_path / "p.csv").write_text(header + torn + torn.replace("one", "1"))
    source = intraday_files.IntradayFiles(tmp_path / "p.csv")
    rows = source.fetch_rounds(dt.date(2024, 3, 8), dt.date(2024, 3, 8), EVER).bars
    assert rows["fault"].is_not_null().to_list() == [True, False]
    found = bars.inspect(rows, RULES, EVER)
    assert '"close":"one"' in found.refused["row"][0]
    assert found.accepted["n_parts"].to_list() == [1]


def test_a_file_that_is_no_panel_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("symbol,ts_utc\nABC,2024-03-08T14:30:00\n")
    source = intraday_files.IntradayFiles(tmp_path / "p.csv")
    with pytest.raises(errors.SourceError, match=r"lacks the columns \['interval'"):
        source.fetch_rounds(dt.date(2024, 3, 8), dt.date(2024, 3, 8), EVER)
    with pytest.raises(errors.SourceError, match="cannot be read"):
        intraday_files.IntradayFiles(tmp_path / "no.csv").fetch_rounds(
            dt.date(2024, 3, 8), dt.date(2024, 3, 8), EVER
        )


def test_a_folder_holds_days_headlines_and_quotes_beside_minutes(
    tmp_path: Path,
) -> None:
    header = "symbol,ts_utc,interval,open,high,low,close,volume\n"
    minute = "ABC,2024-03-08T14:30:00,1m,1,1,1,1,5\n"
    day = "ABC,2024-03-07T00:00:00,1d,1,2,1,2,900\nXYZ,2024-03-07T00:00:00,1d,x,,,,\n"
    (tmp_path / "bars.csv").write_text(header + minute + day)
    (tmp_path / "headlines.csv").write_text(
        "symbol,published_at,title,known_at\n"
        "ABC,2024-03-08T14:31:00,ABC wins,\n"
        "ABC,2024-03-08T14:32:00,ABC loses,2024-03-08T18:00:00\n"
        "ABC,yesterday,ABC waits,\n"
    )
    (tmp_path / "chains.csv").write_text(
        "symbol,quoted_at,expires_on,strike,right,bid,ask\n"
        "ABC,2024-03-08T14:46:00,2024-03-15,50,call,1.0,1.1\n"
        "ABC,2024-03-08T14:46:00,2024-03-15,50,either,1.0,1.1\n"
        "ABC,2024-03-08T20:00:00,2024-03-15,50,put,1.0,1.1\n"
    )
    source = intraday_files.IntradayFiles(tmp_path)
    noon = dt.datetime(2024, 3, 8, 17, 0, tzinfo=dt.UTC)
    found = source.fetch_rounds(dt.date(2024, 3, 7), dt.date(2024, 3, 8), noon)
    assert found.bars["stamped_at"].to_list() == [
        dt.datetime(2024, 3, 8, 14, 30, tzinfo=dt.UTC)
    ]
    days = loop.judge_days(found.daily)
    assert days.accepted.select("symbol", "session", "close").rows() == [
        ("ABC", dt.date(2024, 3, 7), 2.0)
    ]
    assert days.refused["symbol"].to_list() == ["XYZ"]
    told = context.inspect_headlines(found.headlines)
    assert told.accepted.select("title", "minute").rows() == [("ABC wins", 15)]
    assert '"published_at":"yesterday"' in told.refused["row"][0]
    quoted = context.inspect_chains(found.chains)
    assert quoted.accepted.select("minute", "right", "ask").rows() == [
        (30, "call", 1.1)
    ]
    assert '"right":"either"' in quoted.refused["row"][0]


CHAINS = real.FOLDER / "options" / "dev_option_chains.parquet"


@pytest.mark.skipif(not CHAINS.exists(), reason=f"no real quotes in {CHAINS}")
def test_real_quotes_of_rtx_are_read_and_voted_on(tmp_path: Path) -> None:
    taken = pl.read_parquet(CHAINS).filter(pl.col("underlying") == "RTX")
    named = taken.select(
        pl.col("snapshot_ts").str.to_datetime(time_zone="UTC").alias("quoted_at"),
        pl.col("strike", "right", "bid", "ask", "last", "open_interest"),
        symbol="underlying",
        expires_on="expiration",
        traded="volume",
        implied_vol="iv",
    )
    day = named["quoted_at"].max().date()  # type: ignore[union-attr]
    named.write_parquet(tmp_path / "chains.parquet")
    ends = rounds.between(day, day)["ends_at"]
    starts = ends.dt.offset_by("-15m").dt.replace_time_zone(None)
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), 194.8)
    bars_of_day = {"ts_utc": starts, "symbol": "RTX", "interval": "15m"} | prices
    pl.DataFrame(bars_of_day).write_parquet(tmp_path / "bars.parquet")
    source = intraday_files.IntradayFiles(tmp_path)
    world = replay.world_of(source.fetch_rounds(day, day, EVER), EVER)
    assert world.chains.height > 0.9 * taken.height / taken["snapshot_ts"].n_unique()
    votes = replay.cast(world, day, day).filter(voter="options_flow")
    spoken = votes.filter(~pl.col("is_abstaining")).sort("minute")
    assert spoken["minute"][0] == world.chains["minute"].min()
    assert spoken["reason"].str.contains("contracts were bought for a rise").all()


def test_a_folder_without_bars_is_refused(tmp_path: Path) -> None:
    source = intraday_files.IntradayFiles(tmp_path)
    with pytest.raises(errors.SourceError, match=r"holds no bars.parquet"):
        source.fetch_rounds(dt.date(2024, 3, 8), dt.date(2024, 3, 8), EVER)
