"""Every fault in a round of the intraday desk, and what comes of it.

How it comes about:

1. `PROGRAMS`  each fault, as it shows in bars, option quotes and stories
2. `run`       two rounds of the real client against the loopback server: the faults
   come over the first; each has symbols of its own, so that one round serves them all
3. `render`    the second table of `docs/fault_matrix.md`, written by `fault_matrix`
"""

import dataclasses
import datetime as dt
import itertools
import json
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any

import polars as pl

from turbomode_assets.intraday_policy import DeskPolicy
from turbomode_assets.sources import intraday_base
from turbomode_assets.sources.intraday_yahoo import IntradayYahoo
from turbomode_assets.sources.yahoo_options import QUOTED
from turbomode_assets_tests.loopback import desk_world, faults, reply, world
from turbomode_assets_tests.loopback.faults import Plan, Program
from turbomode_assets_tests.loopback.reply import Reply
from turbomode_assets_tests.loopback.server import Server, reached
from turbomode_assets_tests.loopback.yahoo import IMPATIENT

DAY = dt.date(2024, 7, 2)
ROUNDS = (world.at(DAY, 10, 46), world.at(DAY, 11, 1))
"""A minute after two rounds of a session."""

KINDS = ("rounds", "options", "headlines")
LASTS = ("one attempt", "all round")
PRICES = ("open", "high", "low", "close", "volume")


def _changed(change: Callable[[dict[str, Any]], object]) -> Program:
    def spoil(said: Reply) -> Reply:
        content = json.loads(said.body)
        change(content)
        return dataclasses.replace(said, body=json.dumps(content).encode())

    return spoil


def _unknown(said: Reply) -> Reply:  # noqa: ARG001 - says nothing of it
    error = {"code": "Not Found", "description": "No data found"}
    return reply.as_json({"finance": {"result": None, "error": error}}, 404)


def _page(content: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = content["optionChain"]["result"][0]
    return options


def _quote(content: dict[str, Any]) -> dict[str, list[Any]]:
    arrays: dict[str, list[Any]]
    (arrays,) = content["chart"]["result"][0]["indicators"]["quote"]
    return arrays


def _null_row(content: dict[str, Any]) -> None:
    for values in _quote(content).values():
        values[1] = None


def _text_price(content: dict[str, Any]) -> None:
    close = _quote(content)["close"]
    close[1] = str(close[1])


def _no_contracts(content: dict[str, Any]) -> None:
    _page(content)["options"] = []


def _text_strike(content: dict[str, Any]) -> None:
    _page(content)["options"][0]["calls"][0]["strike"] = "95"


def _other_options(content: dict[str, Any]) -> None:
    _page(content)["underlyingSymbol"] = "OTHER"


def _text_moment(content: dict[str, Any]) -> None:
    content["news"][-1]["providerPublishTime"] = "today"


PROGRAMS: dict[str, dict[str, Program]] = {
    "429": dict.fromkeys(KINDS, faults.rate_limit),
    "500": dict.fromkeys(KINDS, faults.server_error),
    "404, unknown symbol": {
        "rounds": faults.unknown_symbol,
        "options": _unknown,
        "headlines": _unknown,
    },
    "401, changed crumb": dict.fromkeys(KINDS, faults.stale_crumb),
    "slow": dict.fromkeys(KINDS, faults.slow),
    "cut response": dict.fromkeys(KINDS, faults.cut),
    "truncated JSON": dict.fromkeys(KINDS, faults.truncated),
    "HTML instead of JSON": dict.fromkeys(KINDS, faults.page),
    "empty result": {
        "rounds": faults.empty_result,
        "options": _changed(lambda all_: all_["optionChain"].update(result=[])),
        "headlines": _changed(dict.clear),
    },
    "no rows": {
        "rounds": faults.no_rows,
        "options": _changed(_no_contracts),
        "headlines": _changed(lambda all_: all_.update(news=[])),
    },
    "null row": {"rounds": _changed(_null_row)},
    "text for a number": {
        "rounds": _changed(_text_price),
        "options": _changed(_text_strike),
        "headlines": _changed(_text_moment),
    },
    "another symbol's": {
        "rounds": faults.other_symbol,
        "options": _changed(_other_options),
    },
}
"""How each fault shows in an answer of each kind."""

REFUSALS = ("429", "500", "404, unknown symbol", "401, changed crumb")
"""Faults yfinance itself meets with a second request."""


@dataclasses.dataclass
class Course:
    """What became of one fault in the questions of one kind about one symbol."""

    symbol: str
    fault: str
    lasts: str
    about: str
    results: list[str] = dataclasses.field(default_factory=list)
    n_refused: int = 0
    n_doubled: int = 0
    missing: list[int] = dataclasses.field(default_factory=list)

    @property
    def is_named(self) -> bool:
        """Whether the round of the fault says that something is missing, and what."""
        return set(self.results) != {"complete"} or self.n_refused >= self.missing[0]


def run() -> list[Course]:
    """What became of every fault."""
    every = itertools.product(PROGRAMS, LASTS)
    courses = [
        Course(f"T{place:02}", fault, lasts, about)
        for place, (fault, lasts) in enumerate(every)
        for about in PROGRAMS[fault]
    ]
    symbols = tuple(dict.fromkeys(course.symbol for course in courses))
    desk = DeskPolicy(
        symbols=symbols, peers=(), indices=("SPY",), volatility_index="^VIX"
    )
    market = desk_world.DeskWorld(desk.names, DAY, ROUNDS[0])
    with (
        tempfile.TemporaryDirectory() as folder,
        reached(lambda *_: reply.unknown(), market.answer) as server,
    ):
        source = IntradayYahoo(desk, pathlib.Path(folder) / "cache", 0.0, IMPATIENT)
        _plan(server, courses)
        for market.now in ROUNDS:
            delivery = source.fetch_rounds(DAY, DAY, market.now)
            for course in courses:
                _note(course, delivery, market)
            server.heal()
    return courses


def _plan(server: Server, courses: list[Course]) -> None:
    for course in courses:
        n_requests = 2 if course.fault in REFUSALS else 1
        program = PROGRAMS[course.fault][course.about]
        is_once = course.lasts == LASTS[0]
        plan = Plan(program, last=n_requests) if is_once else Plan(program)
        server.plan(f"{course.about}:{course.symbol}", plan)


def _note(
    course: Course, delivery: intraday_base.Delivery, market: desk_world.DeskWorld
) -> None:
    delivered = {
        "rounds": delivery.bars,
        "options": delivery.chains,
        "headlines": delivery.headlines,
    }
    own = delivered[course.about].filter(pl.col("symbol") == course.symbol)
    sound = set(_rows(course.about, own.filter(pl.col("fault").is_null())))
    truth = _truth(course, market)
    if not course.missing:
        made = delivery.attempts.filter(symbol=course.symbol, about=course.about)
        course.results = made.sort("attempt")["result"].to_list()
        course.n_refused = own["fault"].count()
    course.n_doubled += own["fault"].null_count() - len(sound)
    course.missing.append(len(truth - sound))


def _rows(about: str, rows: pl.DataFrame) -> list[tuple[object, ...]]:
    columns = {
        "rounds": ("stamped_at", *PRICES),
        "options": ("expires_on", "strike", "right", *QUOTED),
        "headlines": ("published_at", "title"),
    }
    return rows.select(columns[about]).rows()


def _truth(course: Course, market: desk_world.DeskWorld) -> set[tuple[object, ...]]:
    if course.about == "rounds":
        bars = market.bars(course.symbol).with_columns(
            pl.from_epoch("stamp").dt.replace_time_zone("UTC")
        )
        return set(bars.select("stamp", *PRICES).rows())
    if course.about == "headlines":
        return {(_moment(at), title) for at, title in market.told(course.symbol)}
    return {
        (
            _moment(expiry).date(),
            contract["strike"],
            contract["right"],
            *(contract.get(name) for name in QUOTED.values()),
        )
        for expiry in desk_world.EXPIRIES
        for contract in market.contracts(course.symbol, expiry)
    }


def _moment(second: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(second, dt.UTC)


def render(courses: list[Course]) -> str:
    """The table, and what stands above it."""
    lines = [
        "## In a round of the intraday desk",
        "",
        "The same for bars of fifteen minutes, option quotes and headlines, two rounds",
        "one after the other. *Later* counts what the next round is missing: bars and",
        "headlines come again, the quotes of a missed moment never do. A search that",
        "finds no story is an answer: most hours have none.",
        "",
        "| fault | lasts | asked | attempts | refused | missing | later | doubled |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for course in courses:
        cells = [
            course.fault,
            course.lasts,
            {"rounds": "bars", "options": "quotes"}.get(course.about, course.about),
            _in_short(course.results),
            course.n_refused,
            *course.missing,
            course.n_doubled,
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def _in_short(results: list[str]) -> str:
    counted = [(result, len(list(same))) for result, same in itertools.groupby(results)]
    return ", ".join(f"{r} x {n}" if n > 1 else r for r, n in counted)
