"""A client that is asked the next question while the last answer is read.

Wraps a `yahoo_client.Client`, which knows one question at a time. Who comes next, and
when a question may begin, is the caller's; no judging.
"""

from turbomode_assets.sources.yahoo_client import Answer, Client, Pending
from turbomode_assets.sources.yahoo_question import Question


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
        self._under_way: tuple[Question, Pending] | None = None
        self._answers: dict[Question, Answer] = {}

    def begin(self, question: Question) -> None:
        """Ask without waiting; nothing where the question has begun already."""
        if not self.has_begun(question):
            self._settle()
            self._under_way = question, self.client.begin(question)

    def has_begun(self, question: Question) -> bool:
        """Whether the question was begun and its answer not collected."""
        last = self._under_way[0] if self._under_way is not None else None
        return question == last or question in self._answers

    def ask(self, question: Question) -> Answer:
        """The answer, waited for."""
        self.begin(question)
        if question not in self._answers:
            self._settle()
        return self._answers.pop(question)

    def _settle(self) -> None:
        """Wait for the answer that is under way, and keep it."""
        if self._under_way is not None:
            question, pending = self._under_way
            self._under_way = None
            self._answers[question] = pending()
