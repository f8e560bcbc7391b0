"""Saved views of the asset graph: the questions people come with, a link each.

Dagster keeps saved selections in its paid edition. The open one has tags and links
that select by tag: a view is a tag on its tables, and the link that asks for it.
Which tables there are, and what they hold, is not decided here.

https://docs.dagster.io/guides/build/assets/asset-selection-syntax
"""

import dataclasses
import urllib.parse

from turbomode_assets import (
    desks,
    intraday_tables,
    market_tables,
    options_tables,
    proof_tables,
    report_tables,
    schema,
    tables,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """Tables that answer one question together."""

    name: str
    sentence: str
    tables: tuple[schema.Table, ...]

    @property
    def tag(self) -> str:
        """Tag of the assets that hold these tables."""
        return f"turbomode/{self.name}"

    @property
    def path(self) -> str:
        """Place of the view in the user interface, after the host.

        Examples
        --------
        >>> TONIGHT.path
        '/asset-groups~tag%3A%22turbomode%2Ftonight%22/'
        """
        chosen = urllib.parse.quote(f'tag:"{self.tag}"', safe="")
        return f"/asset-groups~{chosen}/"


TONIGHT = View(
    name="tonight",
    sentence="From tonight's bars to tonight's signals.",
    tables=(
        market_tables.BAR_REVISIONS,
        tables.BARS,
        tables.UNIVERSE,
        tables.FEATURES,
        tables.SIGNALS,
        proof_tables.SIGNAL_CHAIN,
    ),
)
"""What the 23:00 scan makes."""

LEARNING = View(
    name="learning",
    sentence="What was learned, who was judged, and who reigns.",
    tables=(
        tables.OUTCOMES,
        tables.SAMPLES,
        tables.STANDINGS,
        tables.MODELS,
        tables.OOF_PREDICTIONS,
        tables.VERDICTS,
        tables.CHAMPIONS,
        report_tables.FEATURE_REPORTS,
        report_tables.LEARNING,
    ),
)
"""What the month's turn makes, and what it learns from."""

DATA_QUALITY = View(
    name="data-quality",
    sentence="What came, what was refused, and what was changed afterwards.",
    tables=(
        market_tables.FETCHES,
        market_tables.BAR_REVISIONS,
        market_tables.QUARANTINE,
        tables.BARS,
        market_tables.RESTATEMENTS,
    ),
)
"""What to look at when a number looks wrong."""

INTRADAY = View(
    name="intraday",
    sentence="What the intraday desk saw, said, and learned.",
    tables=(*intraday_tables.ALL, *desks.TABLES),
)
"""The rounds of the running session."""

OPTIONS = View(
    name="options",
    sentence="What options on those signals made, and the paper book.",
    tables=options_tables.ALL,
)
"""The options book."""

ALL = (TONIGHT, LEARNING, DATA_QUALITY, INTRADAY, OPTIONS)
"""Every view."""


def tags(table: schema.Table) -> dict[str, str]:
    """Tags of the asset that holds a table: the views it belongs to.

    Examples
    --------
    >>> tags(tables.BARS)
    {'turbomode/tonight': '', 'turbomode/data-quality': ''}
    """
    return {view.tag: "" for view in ALL if table in view.tables}
