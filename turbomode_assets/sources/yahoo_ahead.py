"""A client that is asked for the next chart while the last one is read.

Wraps a `yahoo_client.Client`, which knows one question at a time. Who comes next, and
when a question may begin, is the caller's; no judging.
"""

import datetime as dt

from turbomode_assets.sources.yahoo_client import Answer, Client, Pending

_Question = tuple[str, dt.date]


class Ahead:
    """One question at a time, begun before its answer is wanted or when it is.

    Parameters
    ----------
    client
        Who is asked.
    """

    def __init__(self, client: Client) -> None:
        """Keep the client; nothing is asked yet."""
        self.client = client
        self._under_way: tuple[_Question, Pending] | None = None
        self._answers: dict[_Question, Answer] = {}

    def begin(self, symbol: str, since: dt.date) -> None:
        """Ask without waiting; nothing where the question has begun already."""
        if not self.has_begun(symbol, since):
            self._settle()
            self._under_way = (symbol, since), self.client.begin(symbol, since)

    def has_begun(self, symbol: str, since: dt.date) -> bool:
        """Whether the question was begun and its answer not collected."""
        question = (symbol, since)
        last = self._under_way[0] if self._under_way is not None else None
        return question == last or question in self._answers

    def ask(self, symbol: str, since: dt.date) -> Answer:
        """Chart of `symbol` from `since` to now, waited for."""
        self.begin(symbol, since)
        if (symbol, since) not in self._answers:
            self._settle()
        return self._answers.pop((symbol, since))

    def _settle(self) -> None:
        """Wait for the answer that is under way, and keep it."""
        if self._under_way is not None:
            question, pending = self._under_way
            self._under_way = None
            self._answers[question] = pending()
