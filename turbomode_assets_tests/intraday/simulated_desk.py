"""The intraday desk set up on a simulated market."""

import dataclasses
import datetime as dt

import polars as pl

from turbomode_assets import intraday_policy
from turbomode_assets.intraday import bars, context, snapshot
from turbomode_assets.sources import intraday_simulated

EVER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True)
class Stored:
    """Accepted rows of each kind."""

    bars: pl.DataFrame
    headlines: pl.DataFrame
    chains: pl.DataFrame

    def laid_out(self) -> snapshot.History:
        """The rows as a history of the desk."""
        return snapshot.History.of(RULES.desk, self.bars, self.headlines, self.chains)

    def filter(self, is_kept: pl.Expr) -> "Stored":
        """Rows of each kind that are kept."""
        kinds = (self.bars, self.headlines, self.chains)
        return Stored(*(rows.filter(is_kept) for rows in kinds))


def rules_of(
    source: intraday_simulated.IntradaySimulated,
) -> intraday_policy.IntradayPolicy:
    """Policy in force, on the symbols of a simulated market."""
    return dataclasses.replace(intraday_policy.INTRADAY, desk=source.desk)


RULES = rules_of(intraday_simulated.IntradaySimulated())


def stored(
    source: intraday_simulated.IntradaySimulated, first: dt.date, last: dt.date
) -> Stored:
    """What is accepted of the sessions from `first` to `last`."""
    delivery = source.fetch_rounds(first, last, EVER)
    return Stored(
        bars.inspect(delivery.bars, RULES.quality, EVER).accepted,
        context.inspect_headlines(delivery.headlines).accepted,
        context.inspect_chains(delivery.chains).accepted,
    )
