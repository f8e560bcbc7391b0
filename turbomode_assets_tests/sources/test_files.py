"""The file source: what it accepts, what it derives, and what it refuses at once."""

import datetime as dt
import json
import os
from pathlib import Path

import polars as pl
import pytest

from turbomode_assets import errors, sessions
from turbomode_assets.sources import base, file_panel
from turbomode_assets.sources.files import Files

SHARED = Path(os.environ.get("TURBOMODE_SHARED_DATA", "../shared/data"))
DAYS = sessions.sessions_between(dt.date(2024, 1, 2), dt.date(2024, 2, 29))
NOW = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)

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


def delivered(
    source: Files,
    first: dt.date = DAYS[0],
    last: dt.date = DAYS[-1],
    now: dt.datetime = NOW,
) -> pl.DataFrame:
    asked = base.Request(first=first, last=last, now=now, since=first)
    parts = [delivery.rows for delivery in source.fetch(asked)]
    return pl.concat(parts).sort("symbol", "session", "fault", "volume")


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


def test_every_row_is_delivered_and_only_sound_ones_are_bars(tmp_path: Path) -> None:
    unsound = [
        panel().head(2),
        panel("bad symbol").head(1),
        panel("SAT", [dt.date(2024, 1, 6)]),
        panel("LOW").head(3).with_columns(high=pl.lit(8.0)),
        panel("NEG").head(1).with_columns(open=pl.lit(-1.0)),
        panel("NAN").head(1).with_columns(close=pl.lit(float("nan"))),
    ]
    source = Files(write(pl.concat([panel(), *unsound]), tmp_path))
    assert delivered(source).height == len(DAYS) + 9
    assert source.panel.select("symbol", "session").equals(
        panel().select("symbol", "session")
    )


def test_a_table_without_rows_is_no_error(tmp_path: Path) -> None:
    panel("^VIX").head(1).write_parquet(tmp_path / "index.parquet")
    panel().head(0).drop("symbol").write_csv(tmp_path / "abc.csv")
    source = Files(tmp_path)
    asked = base.Request(first=DAYS[0], last=DAYS[1], now=NOW, since=DAYS[0])
    assert list(source.fetch(asked)) == []
    assert source.panel.is_empty()
    assert source.universe(DAYS[-1]).is_empty()


def test_parts_hold_whole_symbols(tmp_path: Path) -> None:
    names = [f"S{i:03d}" for i in range(file_panel.SYMBOLS_IN_PART + 2)]
    frame = pl.concat([panel(name, DAYS[:2]) for name in [*names, "^VIX"]])
    source = Files(write(frame.sample(fraction=1, shuffle=True, seed=1), tmp_path))
    asked = base.Request(first=DAYS[0], last=DAYS[1], now=NOW, since=DAYS[0])
    parts = [delivery.rows["symbol"].to_list() for delivery in source.fetch(asked)]
    assert [len(part) for part in parts] == [2 * file_panel.SYMBOLS_IN_PART, 4]
    assert sorted(name for part in parts for name in part) == sorted(2 * names)


def test_a_row_without_symbol_or_day_is_delivered(tmp_path: Path) -> None:
    unnamed = panel().head(1).with_columns(symbol=pl.lit(None, pl.String))
    undated = panel().head(1).with_columns(session=pl.lit(None, pl.Date))
    source = Files(write(pl.concat([panel().head(1), unnamed, undated]), tmp_path))
    faults = delivered(source)["fault"].drop_nulls().sort().to_list()
    lost = "missing or unreadable: "
    assert faults == [f"{lost}`session`", f"{lost}`symbol`"]


def test_what_lies_outside_the_request_is_not_asked_for(tmp_path: Path) -> None:
    frame = pl.concat([panel("OLD", [dt.date(1962, 1, 5)]), panel()])
    rows = delivered(Files(write(frame, tmp_path)), DAYS[3], DAYS[5])
    assert rows["session"].to_list() == DAYS[3:6]


def test_an_open_session_is_not_delivered(tmp_path: Path) -> None:
    early = dt.datetime.combine(DAYS[-1], dt.time(20, 59), dt.UTC)
    source = Files(write(panel(), tmp_path))
    assert delivered(source, now=early)["session"].max() == DAYS[-2]


def test_tables_without_columns_are_refused_together(tmp_path: Path) -> None:
    panel("ONE").drop("close", "volume").write_csv(tmp_path / "one.csv")
    panel("TWO").with_columns(Ticker=pl.lit("TWO")).write_csv(tmp_path / "two.csv")
    with pytest.raises(errors.SourceError) as raised:
        _ = Files(tmp_path).panel
    message = str(raised.value)
    assert "one.csv: no column for `close`" in message
    assert "one.csv: no column for `volume`" in message
    assert "two.csv: columns ['symbol', 'Ticker'] all mean `symbol`" in message
    assert "Nothing was loaded" in message


def test_a_cell_that_is_no_number_is_delivered_as_it_came(tmp_path: Path) -> None:
    text = panel().head(3).with_columns(pl.Series("open", ["10", "ten", None]))
    text.write_csv(tmp_path / "abc.csv")
    rows = delivered(Files(tmp_path))
    assert rows["open"].to_list() == [10.0, None, None]
    assert rows["fault"].to_list() == [None, *["missing or unreadable: `open`"] * 2]
    came = json.loads(rows["row"][1])
    assert (came["open"], came["close"]) == ("ten", "11.0")


def test_text_among_rows_is_delivered_line_by_line(tmp_path: Path) -> None:
    good = "2024-01-02,10,12,9,11,1000\n2024-01-03,10,12,9,11,1000\n"
    junk = '{\n    "code": "Unauthorized",\n    "description": "Invalid cookie"\n}\n'
    header = "Date,Open,High,Low,Close,Volume\n"
    (tmp_path / "abc.csv").write_text(junk + header + junk + good + junk)
    rows = delivered(Files(tmp_path))
    assert rows["row"].drop_nulls().sort().to_list() == sorted(3 * junk.splitlines())
    assert rows.filter(pl.col("fault").is_null())["session"].to_list() == DAYS[:2]


def test_bytes_that_are_no_text_are_delivered(tmp_path: Path) -> None:
    panel().head(1).write_csv(tmp_path / "abc.csv")
    with (tmp_path / "abc.csv").open("ab") as file:
        file.write(b"2024-01-03,\xff\xfe,10,12,9,11,1000\n")
    rows = delivered(Files(tmp_path))
    assert rows.height == 2
    assert rows["symbol"].to_list() == ["ABC", "\ufffd\ufffd"]


def test_a_file_of_text_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text('{"Note": "5 calls per minute"}')
    with pytest.raises(errors.SourceError, match="no file has a line that names"):
        _ = Files(tmp_path).panel
    panel().write_parquet(tmp_path / "panel.parquet")
    source = Files(tmp_path)
    assert source.panel.height == len(DAYS)
    text = delivered(source).filter(pl.col("session").is_null())
    assert text.select("symbol", "row").rows() == [
        ("CRM", '{"Note": "5 calls per minute"}')
    ]


def test_a_split_is_no_dividend(tmp_path: Path) -> None:
    prices = {"open": pl.lit(6.0), "high": pl.lit(12.0), "low": pl.lit(5.0)}
    frame = pl.DataFrame({"date": DAYS[:2], "close": [11.0, 5.5], "split": [1.0, 2.0]})
    frame = frame.with_columns(adj_close=5.5, volume=9, symbol=pl.lit("ABC"), **prices)
    bars = Files(write(frame, tmp_path)).panel
    assert bars["dividend"].to_list() == [0.0, 0.0]
    assert bars["split_ratio"].to_list() == [1.0, 2.0]


def test_prices_divided_by_later_splits_are_multiplied_back(tmp_path: Path) -> None:
    splits = {"Stock Splits": [0.0, 2.0, 0.0, 3.0], "Dividends": [0.3, 0.0, 0.0, 0.2]}
    frame = panel().head(4).with_columns(**{k: pl.Series(v) for k, v in splits.items()})
    rows = delivered(Files(write(frame, tmp_path)))
    assert rows["close"].to_list() == pytest.approx([66.0, 33.0, 33.0, 11.0])
    assert rows["later_splits"].to_list() == pytest.approx([6.0, 3.0, 3.0, 1.0])
    assert rows["volume"].to_list() == pytest.approx([1000 / 6, *[1000 / 3] * 2, 1000])
    assert rows["dividend"].to_list() == pytest.approx([1.8, 0.0, 0.0, 0.2])


def test_a_doubled_row_does_not_double_its_split(tmp_path: Path) -> None:
    splits = pl.Series("split", [1.0, 2.0, 2.0])
    frame = panel(days=[DAYS[0], DAYS[1], DAYS[1]]).with_columns(splits)
    rows = delivered(Files(write(frame, tmp_path)))
    assert rows["close"].to_list() == [22.0, 11.0, 11.0]


def test_no_dividend_gets_lost_in_an_unreadable_cell(tmp_path: Path) -> None:
    text = panel().head(2).with_columns(Dividends=pl.Series(["n/a", None]))
    text.write_csv(tmp_path / "abc.csv")
    faults = delivered(Files(tmp_path / "abc.csv"))["fault"].to_list()
    assert faults == ["missing or unreadable: `dividend`", None]
    adjusted = (
        panel()
        .head(4)
        .with_columns(adj_close=pl.Series([11.0, None, -1.0, float("-inf")]))
    )
    rows = delivered(Files(write(adjusted, tmp_path)))
    assert rows["fault"].null_count() == 1


def test_a_dividend_is_derived_across_an_unreadable_row(tmp_path: Path) -> None:
    adjusted = panel().head(3).with_columns(adj_close=pl.Series([9.9, None, 11.0]))
    rows = delivered(Files(write(adjusted, tmp_path)))
    paid = rows.filter(pl.col("fault").is_null())["dividend"].to_list()
    assert paid == pytest.approx([0.0, 11.0 * (1 - 9.9 / 11.0)])


def test_a_dividend_below_zero_is_not_hidden(tmp_path: Path) -> None:
    frame = panel(days=DAYS[:2]).with_columns(adj_close=pl.Series([11.0, 10.0]))
    source = Files(write(frame, tmp_path))
    assert delivered(source)["dividend"][1] == pytest.approx(-1.1)
    assert source.panel["session"].to_list() == DAYS[:1]


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
def test_a_real_panel_loads_whole() -> None:
    source = Files(SHARED / "dev_panel.parquet", SHARED / "dev_universe.csv")
    assert source.panel["symbol"].n_unique() == 99
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
