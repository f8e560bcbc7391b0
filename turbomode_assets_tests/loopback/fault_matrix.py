"""Every fault of `faults` in a first fetch and a nightly update, and what comes of it.

``python -m turbomode_assets_tests.loopback.fault_matrix`` rewrites
`docs/fault_matrix.md`; a test holds the page against what happens. How it comes about:

1. `cases`   every fault, once or all night long, in the first night or the second;
   each has a symbol of its own, so that one night serves them all
2. `run`     three nights of the real client against the loopback server: the faults
   of the first night, those of the second, and a night without any
3. `render`  the first table of the page; the second is the desk's (`desk_matrix`)

The fetched rows stand for a store here: the last readable row of a bar counts.
"""

import dataclasses
import datetime as dt
import pathlib
import tempfile

import polars as pl

from turbomode_assets import sessions
from turbomode_assets.sources import base
from turbomode_assets.sources.yahoo import Yahoo
from turbomode_assets_tests.loopback import desk_matrix, faults, world
from turbomode_assets_tests.loopback.faults import Plan, Program
from turbomode_assets_tests.loopback.server import Server, reached
from turbomode_assets_tests.loopback.yahoo import IMPATIENT, members

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "fault_matrix.md"

SINCE = dt.date(2024, 4, 1)
NIGHTS = sessions.sessions_between(dt.date(2024, 7, 2), dt.date(2024, 7, 5))
"""Three sessions; the second is a half day, a holiday follows."""

REFUSALS: dict[str, Program] = {
    "429": faults.rate_limit,
    "429 with Retry-After": faults.rate_limit_with_time,
    "500": faults.server_error,
    "404, unknown symbol": faults.unknown_symbol,
    "401, changed crumb": faults.stale_crumb,
}
"""Faults yfinance itself meets with a second request."""

SPOILED: dict[str, Program] = {
    "slow": faults.slow,
    "cut response": faults.cut,
    "truncated JSON": faults.truncated,
    "HTML instead of JSON": faults.page,
    "empty result": faults.empty_result,
    "chart without rows": faults.no_rows,
    "null rows": faults.null_rows,
    "text for a price": faults.text_prices,
    "another symbol's prices": faults.other_symbol,
}
"""Faults that yfinance takes for an answer."""

SPLIT = "split between the fetches"
"""No fault, and yet every stored price differs from what is delivered next."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One fault that comes over one symbol in one night."""

    symbol: str
    fault: str
    night: int
    plan: Plan | None
    lasts: str


@dataclasses.dataclass
class Course:
    """What became of a case.

    `missing` counts the bars not stored, or not stored as they traded, after the night
    of the fault and after the next one.
    """

    case: Case
    results: list[str] = dataclasses.field(default_factory=list)
    n_refused: int = 0
    n_doubled: int = 0
    missing: list[int] = dataclasses.field(default_factory=list)

    @property
    def is_named(self) -> bool:
        """Whether the night of the fault says that something is missing, and what."""
        return self.results[-1] != "complete" or self.n_refused >= self.missing[0]


def cases() -> list[Case]:
    """Every fault, once and all night, in both nights; and the split."""
    found = [Case("SPLIT", SPLIT, 1, None, "-")]
    for fault, program in {**REFUSALS, **SPOILED}.items():
        once = Plan(program, last=2 if fault in REFUSALS else 1)
        for night in (0, 1):
            for lasts, plan in {
                "one attempt": once,
                "all night": Plan(program),
            }.items():
                symbol = f"T{len(found):03}"
                found.append(Case(symbol, fault, night, plan, lasts))
    return found


def run() -> list[Course]:
    """What became of every case."""
    courses = {case.symbol: Course(case) for case in cases()}
    listings = [world.Listing(symbol=symbol, first=SINCE) for symbol in courses]
    split = (world.Split(NIGHTS[1], 2.0),)
    listings[0] = world.Listing(symbol="SPLIT", first=SINCE, splits=split)
    market = world.World(
        [*listings, world.Listing(symbol="SPY", first=SINCE)], world.NEVER
    )
    stored = pl.DataFrame()
    with tempfile.TemporaryDirectory() as folder, reached(market.answer) as server:
        source = Yahoo(members(courses), pathlib.Path(folder) / "cache", 0.0, IMPATIENT)
        for night, day in enumerate(NIGHTS):
            market.now = world.at(day, 20)
            _plan(server, courses, night)
            found = list(source.fetch(_request(stored, night, market.now)))
            rows = pl.concat(delivery.rows for delivery in found)
            attempts = pl.concat(delivery.attempts for delivery in found)
            stored = pl.concat([stored, rows.filter(pl.col("fault").is_null())])
            for course in courses.values():
                _note(course, night, rows, attempts)
                _compare(course, night, stored, market)
    return list(courses.values())


def _plan(server: Server, courses: dict[str, Course], night: int) -> None:
    server.heal()
    for symbol, course in courses.items():
        if course.case.plan is not None and course.case.night == night:
            server.plan(symbol, course.case.plan)


def _request(stored: pl.DataFrame, night: int, now: dt.datetime) -> base.Request:
    latest = {}
    if stored.height:
        latest = dict(
            stored.group_by("symbol").agg(pl.col("session").max()).iter_rows()
        )
    first = NIGHTS[night] if night else SINCE
    return base.Request(
        first=first, last=NIGHTS[night], now=now, since=SINCE, stored=latest
    )


def _note(
    course: Course, night: int, rows: pl.DataFrame, attempts: pl.DataFrame
) -> None:
    """Attempts and refused rows of the night of the fault; doubled ones of any."""
    of_symbol = rows.filter(pl.col("symbol") == course.case.symbol)
    course.n_doubled += of_symbol.height - of_symbol["session"].n_unique()
    if night == course.case.night:
        mine = attempts.filter(pl.col("symbol") == course.case.symbol)
        course.results = mine.sort("attempt")["result"].to_list()
        course.n_refused = of_symbol["fault"].count()


def _compare(
    course: Course, night: int, stored: pl.DataFrame, market: world.World
) -> None:
    """Bars that are not stored as they traded."""
    if night not in (course.case.night, course.case.night + 1):
        return
    truth = market.truth(course.case.symbol)
    latest = stored.unique(["symbol", "session"], keep="last", maintain_order=True)
    same = truth.join(latest.select(truth.columns), on=truth.columns, how="semi")
    course.missing.append(truth.height - same.height)


def render(courses: list[Course]) -> str:
    """The page."""
    lines = [
        "# What becomes of a fault",
        "",
        "The real yfinance against a server on the own machine that fails on purpose:",
        "in a first fetch of three months and in a nightly update, for one attempt or",
        "all night, with two attempts a symbol. *Missing* counts bars not delivered as",
        "they traded, that night and after the next; *refused* counts rows delivered",
        "with the reason why they cannot be read. Written by",
        "`python -m turbomode_assets_tests.loopback.fault_matrix`; a test holds it",
        "against what happens.",
        "",
        "| fault | lasts | fetch | attempts | refused | missing | later | doubled |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for course in courses:
        case = course.case
        cells = [
            case.fault,
            case.lasts,
            ("first", "nightly")[case.night],
            ", ".join(course.results),
            course.n_refused,
            *course.missing,
            course.n_doubled,
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    page = f"{render(run())}\n{desk_matrix.render(desk_matrix.run())}"
    PAGE.write_text(page, encoding="utf-8")
