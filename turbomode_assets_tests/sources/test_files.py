"""The file source: what it accepts, what it derives, and what it refuses at once."""

import datetime as dt
import os
import time
from pathlib import Path

import polars as pl
import pytest

from turbomode_assets import errors, sessions
from turbomode_assets.sources.files import Files

SHARED = Path(os.environ.get("TURBOMODE_SHARED_DATA", "../shared/data"))
DAYS = sessions.sessions_between(dt.date(2024, 1, 2), dt.date(2024, 2, 29))

needs_real_panel = pytest.mark.skipif(
    not (SHARED / "dev_panel.parquet").exists(), reason=f"no real panel in {SHARED}"
)


def panel(symbol: str = "ABC", days: list[dt.date] = DAYS) -> pl.DataFrame:
    return pl.DataFrame({"session": days}).select(
        "session",
        symbol=pl.lit(symbol),
        open=pl.lit(10.0),
        high=pl.lit(12.0),
        low=pl.lit(9.0),
        close=pl.lit(11.0),
        volume=pl.lit(1000),
    )


def write(frame: pl.DataFrame, folder: Path) -> Path:
    path = folder / "panel.parquet"
    frame.write_parquet(path)
    return path


def test_yfinance_spelling_is_read(tmp_path: Path) -> None:
    (tmp_path / "abc.csv").write_text(
        "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits\n"
        "2024-01-02 00:00:00-05:00,10,12,9,11,5,1000,0.0,0.0\n"
        "2024-01-03 00:00:00-05:00,5,6,4.5,5.5,5,2000,0.1,2.0\n"
    )
    bars = Files(tmp_path).bars(DAYS[0], DAYS[-1])
    assert bars["symbol"].to_list() == ["ABC", "ABC"]
    assert bars["session"].to_list() == DAYS[:2]
    assert bars["split_ratio"].to_list() == [1.0, 2.0]
    assert bars["dividend"].to_list() == [0.0, 0.1]


def test_a_folder_of_files_is_one_panel(tmp_path: Path) -> None:
    panel().drop("symbol").write_csv(tmp_path / "abc.csv")
    renamed = panel("XYZ").rename({"symbol": "Ticker", "session": "DATE"})
    renamed.write_parquet(tmp_path / "others.parquet")
    bars = Files(tmp_path).bars(DAYS[0], DAYS[-1])
    assert bars["symbol"].unique().sort().to_list() == ["ABC", "XYZ"]
    assert bars.height == 2 * len(DAYS)


def test_dividends_are_derived_from_adjusted_closes(tmp_path: Path) -> None:
    adjusted = [9.9, 9.9003, 11.0]  # noise below half a basis point, then 10 % of 11
    frame = panel(days=DAYS[:3]).with_columns(adj_close=pl.Series(adjusted))
    bars = Files(write(frame, tmp_path)).panel
    expected = 11.0 * (1 - 9.9003 / 11.0)
    assert bars["dividend"].to_list() == pytest.approx([0.0, 0.0, expected])
    assert bars["split_ratio"].to_list() == [1.0, 1.0, 1.0]


def test_indices_are_left_out_and_counted(tmp_path: Path) -> None:
    source = Files(write(pl.concat([panel(), panel("^VIX")]), tmp_path))
    assert source.panel["symbol"].unique().to_list() == ["ABC"]
    assert source.universe(DAYS[-1])["symbol"].to_list() == ["ABC"]
    assert source.left_out == {"^VIX": len(DAYS)}


def test_zero_volume_is_accepted(tmp_path: Path) -> None:
    bars = Files(write(panel().with_columns(volume=pl.lit(0)), tmp_path)).panel
    assert bars["volume"].sum() == 0


def test_every_fault_is_listed_once_with_its_count(tmp_path: Path) -> None:
    good = panel()
    faulty = [
        good,
        good.head(2),
        panel("bad symbol").head(1),
        panel("SAT", [dt.date(2024, 1, 6)]),
        panel("OLD", [dt.date(1990, 1, 5)]),
        panel("LOW").head(3).with_columns(high=pl.lit(8.0)),
        panel("NEG").head(1).with_columns(open=pl.lit(-1.0)),
        panel("NAN").head(1).with_columns(close=pl.lit(float("nan"))),
    ]
    with pytest.raises(errors.SourceError) as raised:
        _ = Files(write(pl.concat(faulty), tmp_path)).panel
    message, rows = (
        str(raised.value),
        f"of {sum(frame.height for frame in faulty)} rows",
    )
    assert f"symbol and session doubled: 4 {rows}, first ABC 2024-01-02" in message
    assert "symbol does not match" in message
    assert "not a session of XNYS" in message
    assert f"high below low: 3 {rows}, first LOW 2024-01-02" in message
    assert f"`open` no finite positive number: 1 {rows}, first NEG" in message
    assert f"`close` no finite positive number: 1 {rows}, first NAN" in message
    assert "Nothing was loaded" in message


def test_columns_and_types_are_refused_in_the_same_error(tmp_path: Path) -> None:
    panel("ONE").drop("close", "volume").write_csv(tmp_path / "one.csv")
    panel("TWO").with_columns(Ticker=pl.lit("TWO")).write_csv(tmp_path / "two.csv")
    text = panel("ABC").head(3).with_columns(pl.Series("open", ["10", "ten", None]))
    text.write_csv(tmp_path / "abc.csv")
    with pytest.raises(errors.SourceError) as raised:
        _ = Files(tmp_path).panel
    message = str(raised.value)
    assert "one.csv: no column for `close`" in message
    assert "one.csv: no column for `volume`" in message
    assert "two.csv: columns ['symbol', 'Ticker'] all mean `symbol`" in message
    assert "`open` no finite positive number: 1 of 3 rows, first ABC" in message
    assert "`open` empty or unreadable: 1 of 3 rows, first ABC 2024-01-04" in message


def test_a_split_is_no_dividend(tmp_path: Path) -> None:
    prices = {"open": pl.lit(6.0), "high": pl.lit(12.0), "low": pl.lit(5.0)}
    frame = pl.DataFrame({"date": DAYS[:2], "close": [11.0, 5.5], "split": [1.0, 2.0]})
    frame = frame.with_columns(adj_close=5.5, volume=9, symbol=pl.lit("ABC"), **prices)
    bars = Files(write(frame, tmp_path)).panel
    assert bars["dividend"].to_list() == [0.0, 0.0]
    assert bars["split_ratio"].to_list() == [1.0, 2.0]


def test_a_split_of_adjusted_prices_is_refused(tmp_path: Path) -> None:
    splits = pl.Series([0.0, 2.0])
    frame = panel().head(2).with_columns(splits.alias("Stock Splits"))
    with pytest.raises(
        errors.SourceError, match=r"adjusted for splits .*: 1 of 2 rows"
    ):
        _ = Files(write(frame, tmp_path)).panel


def test_no_dividend_gets_lost_in_an_unreadable_cell(tmp_path: Path) -> None:
    text = panel().head(2).with_columns(Dividends=pl.Series(["n/a", None]))
    text.write_csv(tmp_path / "abc.csv")
    with pytest.raises(errors.SourceError, match=r"`dividend` .*: 1 of 2 rows"):
        _ = Files(tmp_path / "abc.csv").panel
    gap = panel().head(2).with_columns(adj_close=pl.Series([11.0, None]))
    with pytest.raises(errors.SourceError, match=r"`adj_close` .*: 1 of 2 rows"):
        _ = Files(write(gap, tmp_path)).panel


def test_a_dividend_below_zero_is_not_derived_silently(tmp_path: Path) -> None:
    frame = panel(days=DAYS[:2]).with_columns(adj_close=pl.Series([11.0, 10.0]))
    with pytest.raises(errors.SourceError, match="`dividend` negative"):
        _ = Files(write(frame, tmp_path)).panel


@pytest.mark.parametrize(
    "name", ["absent.csv", "absent", "prices.xlsx", "torn.parquet"]
)
def test_what_cannot_be_opened_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(errors.SourceError, match=name):
        _ = Files(tmp_path / name).panel


def test_who_stops_is_gone_only_after_ten_silent_sessions(tmp_path: Path) -> None:
    frame = pl.concat([panel(), panel("GONE", DAYS[:20])])
    source = Files(write(frame, tmp_path))
    gone = pl.col("symbol") == "GONE"
    before = source.universe(DAYS[29]).filter(gone)
    assert before.select("valid_to", "reason").row(0) == (None, "traded")
    after = source.universe(DAYS[30]).filter(gone)
    assert after.select("valid_to", "reason").row(0) == (DAYS[19], "stopped trading")


def test_the_end_of_the_panel_is_no_departure(tmp_path: Path) -> None:
    source = Files(write(pl.concat([panel(), panel("GONE", DAYS[:35])]), tmp_path))
    assert source.universe(dt.date(2024, 12, 31))["valid_to"].to_list() == [None, None]


def test_the_universe_is_empty_before_the_first_bar(tmp_path: Path) -> None:
    assert Files(write(panel(), tmp_path)).universe(dt.date(2023, 6, 1)).is_empty()


def test_a_universe_file_says_who_belongs(tmp_path: Path) -> None:
    listed = tmp_path / "universe.csv"
    listed.write_text("Symbol,name,Sector\nABC,A B C,Energy\n")
    source = Files(write(pl.concat([panel(), panel("SPY")]), tmp_path), listed)
    row = source.universe(DAYS[-1]).row(0, named=True)
    assert (row["symbol"], row["sector"]) == ("ABC", "Energy")
    assert row["cap_class"] == "unknown"
    assert source.left_out == {"SPY": len(DAYS)}
    assert source.panel["symbol"].unique().to_list() == ["ABC"]


def test_a_universe_file_without_sectors_is_refused(tmp_path: Path) -> None:
    listed = tmp_path / "universe.csv"
    listed.write_text("symbol,name\nABC,A B C\n")
    with pytest.raises(errors.SourceError, match="no column `sector`"):
        _ = Files(write(panel(), tmp_path), listed).panel


@needs_real_panel
def test_a_real_panel_loads_fast_and_whole() -> None:
    sessions.sessions_between(*DAYS[:2])  # the calendar is not what is timed
    began = time.perf_counter()
    source = Files(SHARED / "dev_panel.parquet", SHARED / "dev_universe.csv")
    assert source.panel["symbol"].n_unique() == 99
    assert time.perf_counter() - began < 2.0
    assert set(source.left_out) == {"^VIX", "SPY", "QQQ", "IWM"}
    assert source.universe(dt.date(2023, 12, 29))["sector"].n_unique() == 11


@needs_real_panel
def test_real_prices_as_traded_are_read_with_their_splits() -> None:
    bars = Files(SHARED / "dev_raw_wiki_2005_2018.parquet").panel
    assert bars["symbol"].n_unique() == 87
    assert bars.filter(pl.col("split_ratio") != 1).height > 20
    assert bars.filter(pl.col("dividend") > 0).height > 1000


@needs_real_panel
def test_derived_dividends_are_the_ones_paid() -> None:
    derived = Files(SHARED / "dev_panel.parquet").panel.filter(pl.col("dividend") > 0)
    actions = pl.read_parquet(SHARED / "dev_actions.parquet")
    paid = actions.filter(pl.col("dividend") > 0).rename({"date": "session"})
    both = derived.join(paid, on=["symbol", "session"], how="inner")
    assert both.height == paid.height == derived.height
    error = (both["dividend"] / both["dividend_right"] - 1).abs()
    assert (error < 0.001).to_numpy().mean() > 0.99
