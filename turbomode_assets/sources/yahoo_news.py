"""Yahoo's newest stories about a symbol.

Turns the text of a search into rows of `intraday_tables.DELIVERED_HEADLINES`. The
search also finds stories of other companies and of none: only those that name the
symbol are its headlines. A story that cannot be read is a row with its fault.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping

import polars as pl

from turbomode_assets import errors, intraday_tables
from turbomode_assets.sources import yahoo_reading
from turbomode_assets.sources.yahoo_round import Reading


def read(body: str, symbol: str, labels: Mapping[str, object]) -> Reading:
    """What an answer says; no story is an answer, too.

    Parameters
    ----------
    body
        Its text.
    symbol
        Symbol as Yahoo spells it.
    labels
        Cells of columns that are the same for every row: symbol, known_at and source.

    Raises
    ------
    errors.SourceError
        Where the answer as a whole cannot be believed.
    """
    found = yahoo_reading.parse(body, "stories")
    refusal = yahoo_reading.refusal(found, "search")
    table = intraday_tables.DELIVERED_HEADLINES
    if refusal:
        return Reading(rows=table.empty(), refusal=refusal)
    stories = found.get("news")
    if not isinstance(stories, list):
        message = f"expected a list `news`, found {str(found)[:60]}"
        raise errors.SourceError(message)
    rows = [{**labels, **cells} for cells in _told(stories, symbol)]
    return Reading(rows=pl.DataFrame(rows, schema=table.schema()), may_be_empty=True)


def _told(stories: list[object], symbol: str) -> Iterator[dict[str, object]]:
    """Cells of the stories that name the symbol, and of those that cannot be read."""
    for story in stories:
        said = story if isinstance(story, dict) else {}
        title = said.get("title")
        moment = yahoo_reading.second(said.get("providerPublishTime"))
        if isinstance(title, str) and moment is not None:
            named = said.get("relatedTickers")
            if isinstance(named, list) and symbol in named:
                at = dt.datetime.fromtimestamp(moment, dt.UTC)
                yield {"published_at": at, "title": title}
        else:
            fault = "a title and a moment are needed"
            yield {"row": json.dumps(story), "fault": fault}
