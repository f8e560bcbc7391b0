"""Entrances for what trades: files of prices and members, and answers of Yahoo.

What is delivered is judged as an intake does: every row is believed or kept with its
reason, and what is believed could have traded.
"""

import datetime as dt
import io
import json
from pathlib import Path

import polars as pl

from turbomode_assets import (
    intraday_policy,
    market_loop,
    market_tables,
    rounds,
    sessions,
    tables,
)
from turbomode_assets.intraday import bars, context
from turbomode_assets.sources import (
    files,
    intraday_file_context,
    intraday_files,
    intraday_yahoo,
    membership_file,
    yahoo_chart,
    yahoo_news,
    yahoo_options,
    yahoo_rows,
)
from turbomode_assets.sources.base import Request
from turbomode_assets_tests.fuzzing.documents import in_a_folder, text
from turbomode_assets_tests.fuzzing.guided import Entrance
from turbomode_assets_tests.loopback import desk_world, reply, world

DAYS = sessions.sessions_between(dt.date(2024, 6, 20), dt.date(2024, 7, 3))
DAY = DAYS[-1]
RUNNING = dt.datetime(2024, 7, 3, 15, 0, 20, tzinfo=dt.UTC)
LATER = dt.datetime(2024, 7, 3, 23, tzinfo=dt.UTC)
LABELS = {"symbol": "RTX", "known_at": RUNNING, "source": "fuzzed"}
RULES = intraday_policy.INTRADAY.quality

PRICES = pl.col("open", "high", "low", "close")


def require_judged(delivered: pl.DataFrame) -> None:
    """Every row is believed or refused, and what is believed could have traded."""
    found = market_loop.judge_bars(delivered, tables.BARS.empty())
    assert found.accepted.height + found.refused.height >= delivered.height
    assert found.accepted.height <= delivered.height
    _require_possible(found.accepted)
    assert market_tables.BAR_REVISIONS.violations(found.accepted) == []


def _require_possible(accepted: pl.DataFrame) -> None:
    possible = PRICES.is_finite() & (PRICES > 0) & (pl.col("low") <= pl.col("high"))
    assert accepted.select(pl.all_horizontal(possible).all()).item()


def read_prices(folder: Path, content: bytes, suffix: str) -> None:
    """A file of daily bars."""
    path = folder / f"panel.{suffix}"
    path.write_bytes(content)
    source = files.Files(path)
    request = Request(first=DAYS[0], last=DAY, now=LATER, since=DAYS[0])
    for delivery in source.fetch(request):
        require_judged(delivery.rows)
    source.universe(DAY)


def read_csv(folder: Path, content: bytes) -> None:
    """The same as text."""
    read_prices(folder, content, "csv")


def read_parquet(folder: Path, content: bytes) -> None:
    """The same as Parquet."""
    read_prices(folder, content, "parquet")


def read_members(folder: Path, content: bytes) -> None:
    """A list of members."""
    path = folder / "members.csv"
    path.write_bytes(content)
    found = membership_file.members(path, DAYS[0])
    assert tables.UNIVERSE.violations(found) == []


def read_minutes(folder: Path, content: bytes, suffix: str) -> None:
    """A file of minutes."""
    path = folder / f"minutes.{suffix}"
    path.write_bytes(content)
    source = intraday_files.IntradayFiles(path)
    delivery = source.fetch_rounds(DAY, DAY, LATER)
    _require_rounds(delivery.bars, LATER)


def read_minutes_csv(folder: Path, content: bytes) -> None:
    """The same as text."""
    read_minutes(folder, content, "csv")


def read_minutes_parquet(folder: Path, content: bytes) -> None:
    """The same as Parquet."""
    read_minutes(folder, content, "parquet")


def read_headlines_file(folder: Path, content: bytes) -> None:
    """A file of headlines."""
    path = folder / "headlines.csv"
    path.write_bytes(content)
    rows = intraday_file_context.read_headlines(path, "fuzzed")
    kept = context.inspect_headlines(rows.with_columns(known_at=pl.lit(RUNNING)))
    assert kept.accepted.height + kept.refused.height == rows.height


def read_chains_file(folder: Path, content: bytes) -> None:
    """A file of option quotes."""
    path = folder / "chains.csv"
    path.write_bytes(content)
    rows = intraday_file_context.read_chains(path, "fuzzed")
    kept = context.inspect_chains(rows)
    assert kept.accepted.height + kept.refused.height == rows.height


def _require_rounds(delivered: pl.DataFrame, now: dt.datetime) -> None:
    found = bars.inspect(delivered, RULES, now)
    _require_possible(found.accepted)
    assert found.accepted["n_parts"].sum() + found.refused.height <= delivered.height


def read_chart(content: bytes) -> None:
    """Yahoo's daily bars."""
    chart = yahoo_chart.parse(text(content))
    if yahoo_chart.explanation(chart):
        return
    span = yahoo_rows.Span.until(DAY, LATER)
    rows = yahoo_rows.rebuild(yahoo_chart.read(chart, "RTX"), span)
    table = market_tables.DELIVERED
    labeled = rows.with_columns(pl.lit(v).alias(name) for name, v in LABELS.items())
    require_judged(table.empty().vstack(labeled.select(table.column_names)))


def read_rounds(content: bytes) -> None:
    """Yahoo's bars of fifteen minutes."""
    found = intraday_yahoo._read_rounds(text(content), LABELS, RUNNING)  # noqa: SLF001
    _require_rounds(found.rows, RUNNING)


def read_options(content: bytes) -> None:
    """Yahoo's option quotes."""
    found = yahoo_options.read(text(content), "RTX", _MOMENT)
    kept = context.inspect_chains(found.rows)
    assert kept.accepted.height + kept.refused.height == found.rows.height


def read_headlines(content: bytes) -> None:
    """Yahoo's stories."""
    found = yahoo_news.read(text(content), "RTX", LABELS)
    kept = context.inspect_headlines(found.rows)
    assert kept.accepted.height + kept.refused.height == found.rows.height


_MOMENT = LABELS | {"session": DAY, "minute": 90}


def _answers(about: str) -> bytes:
    market = desk_world.DeskWorld(("RTX",), DAY, RUNNING)
    query = {"period1": "1719892800", "period2": "0"}
    asked = reply.Asked(about=about, symbol="RTX", query=query)
    return market.answer(asked).body


def _chart() -> bytes:
    listed = [world.Listing(symbol="RTX", first=DAYS[0])]
    body: bytes = world.World(listed, LATER).answer("RTX", 0).body
    return body


def _daily() -> pl.DataFrame:
    price = [10.0 + n for n, _ in enumerate(DAYS)]
    columns = {"open": price, "high": price, "low": price, "close": price}
    named = {"date": DAYS, "symbol": ["RTX"] * len(DAYS), **columns}
    return pl.DataFrame(named | {"volume": [1e6] * len(DAYS)})


def _minutes() -> pl.DataFrame:
    starts = rounds.between(DAY, DAY)["ends_at"][:6] - dt.timedelta(minutes=15)
    price = [10.0 + n for n in range(6)]
    columns = {"open": price, "high": price, "low": price, "close": price}
    named = {"symbol": ["RTX"] * 6, "ts_utc": starts, "interval": ["15m"] * 6}
    return pl.DataFrame(named | columns | {"volume": [600.0] * 6})


def _parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


_MEMBERS = b"""symbol,valid_from,valid_to,sector
abc,2020-01-02,2020-07-05,Energy
XYZ,2019-12-25,,
"""

_HEADLINES = b"""symbol,published_at,title
RTX,2024-07-03T13:40:00Z,RTX wins contract
RTX,2024-07-03T14:10:00Z,RTX loses contract
"""

_CHAINS = b"""symbol,quoted_at,expires_on,strike,right,bid,ask
RTX,2024-07-03T14:00:00Z,2024-07-19,100,call,1.0,1.1
RTX,2024-07-03T14:00:00Z,2024-07-19,100,put,0.9,1.0
"""

_REFUSED = json.dumps(
    {"chart": {"error": {"code": "Not Found", "description": "No data found"}}}
).encode()

ALL = (
    Entrance(
        name="price files, CSV",
        seeds=(_daily().write_csv().encode(),),
        feed=in_a_folder(read_csv),
        n_inputs=300,
    ),
    Entrance(
        name="price files, Parquet",
        seeds=(_parquet(_daily()),),
        feed=in_a_folder(read_parquet),
        n_inputs=500,
    ),
    Entrance(
        name="files of members",
        seeds=(_MEMBERS, b"symbol,sector\nABC,Energy\n"),
        feed=in_a_folder(read_members),
        n_inputs=500,
    ),
    Entrance(
        name="files of minutes, CSV",
        seeds=(_minutes().write_csv().encode(),),
        feed=in_a_folder(read_minutes_csv),
        n_inputs=300,
    ),
    Entrance(
        name="files of minutes, Parquet",
        seeds=(_parquet(_minutes()),),
        feed=in_a_folder(read_minutes_parquet),
        n_inputs=300,
    ),
    Entrance(
        name="files of headlines",
        seeds=(_HEADLINES,),
        feed=in_a_folder(read_headlines_file),
        n_inputs=300,
    ),
    Entrance(
        name="files of option quotes",
        seeds=(_CHAINS,),
        feed=in_a_folder(read_chains_file),
        n_inputs=300,
    ),
    Entrance(
        name="Yahoo's charts",
        seeds=(_chart(), _REFUSED),
        feed=read_chart,
        n_inputs=1_000,
    ),
    Entrance(
        name="Yahoo's rounds",
        seeds=(_answers("rounds"), _REFUSED),
        feed=read_rounds,
        n_inputs=800,
    ),
    Entrance(
        name="option chains",
        seeds=(_answers("options"),),
        feed=read_options,
        n_inputs=1_500,
    ),
    Entrance(
        name="headlines",
        seeds=(_answers("headlines"),),
        feed=read_headlines,
        n_inputs=2_500,
    ),
)
"""Every entrance of this file."""
