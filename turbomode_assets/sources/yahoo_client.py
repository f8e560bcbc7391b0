"""Who is asked: a child process that speaks to Yahoo, under a deadline.

Turns a `Question` into an `Answer` that holds Yahoo's words, and turns a child
that hangs or dies into an answer that says so. yfinance can hang for minutes, remembers
failures and is poisoned by a single rate limit as long as its process lives; killing
the process is the one cure for all three. No judging, no retries, no reading.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Protocol

from turbomode_assets import errors
from turbomode_assets.sources.yahoo_question import Question

WORKER = "turbomode_assets.sources.yahoo_worker"
"""Module the child process runs."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the source waits for Yahoo, and how often it comes back.

    Yahoo publishes no limits; these are what its users have found to be tolerated.
    """

    request_seconds: float = 10.0
    """Longest time one HTTP request may take: an answer usually takes 0.1 s."""

    answer_seconds: float = 45.0
    """Longest time a symbol may take before the child is killed: four requests, for
    cookie, crumb, data and its repetition, and a margin."""

    start_seconds: float = 60.0
    """Longest time a child may take to start: one second, on a busy machine ten."""

    fetch_seconds: float = 7200.0
    """Time after which a fetch leaves the rest for the next one: what lies between the
    scan at 23:00 and the grading at 02:00, less a margin."""

    attempts: int = 3
    """Times a symbol is asked for before it counts as failed tonight."""

    retry_seconds: float = 2.0
    """Wait before the second attempt; doubled for each further one."""

    limited_seconds: float = 60.0
    """The same after a rate limit: shorter waits were seen to prolong it."""

    longest_wait_seconds: float = 900.0
    """Longest wait, whatever Yahoo asks for: the next night comes anyway."""

    failures_in_a_row: int = 3
    """Failed symbols in a row after which the canary is asked, and the rest skipped if
    it fails as well: with three attempts each, about ten minutes of waiting."""

    chunk_symbols: int = 10
    """Symbols delivered together. A killed run fetches again what it was fetching, and
    at worst what it was storing."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back when a question was asked.

    `status` is null where no response to the question itself arrived.
    """

    status: int | None = None
    """HTTP status of the response."""

    body: str = ""
    """Its text."""

    error: str = ""
    """What failed on the way, in words; empty if nothing did."""

    is_late: bool = False
    """Whether a time limit ended it."""

    is_limited: bool = False
    """Whether any response, also of cookie or crumb, was a rate limit."""

    retry_after: float = 0.0
    """Seconds Yahoo asked to wait; 0 if it did not say."""


Pending = Callable[[], Answer]
"""Waits for the answer to a question; to be called once."""


class Client(Protocol):
    """Something that can be asked what Yahoo knows."""

    def begin(self, question: Question) -> Pending:
        """Ask, without waiting for the answer.

        Must not be called before the answer to the last question was waited for.
        """


class Child(contextlib.AbstractContextManager["Child"]):
    """A client in a process of its own, started when first asked.

    Parameters
    ----------
    cache
        Folder for cookies, created and closed to others: yfinance unpickles them.
    patience
        Deadlines.

    Raises
    ------
    errors.SourceError
        From `begin`, where the process cannot even start.
    """

    def __init__(self, cache: pathlib.Path, patience: Patience) -> None:
        """Keep the settings; nothing is started yet."""
        self.cache = cache
        self.patience = patience
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    def begin(self, question: Question) -> Pending:
        """Ask; see `Client.begin`."""
        process = self._process or self._start()
        self._say(process, question)
        return self._hear

    def _hear(self) -> Answer:
        try:
            line = self._lines.get(timeout=self.patience.answer_seconds)
        except queue.Empty:
            self.close()
            limit = f"{self.patience.answer_seconds:g} s"
            return Answer(error=f"no answer within {limit}: killed", is_late=True)
        if not line.endswith("\n"):
            return Answer(error=f"the child process died: {self._last_words()}")
        found = Answer(**json.loads(line))
        if found.is_limited:
            self.close()
        return found

    def close(self) -> None:
        """End the process; the next question starts another, which knows nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        # What was never sent dies with the process it was meant for.
        with contextlib.suppress(BrokenPipeError):
            if process.stdin is not None:
                process.stdin.close()

    def _start(self) -> subprocess.Popen[str]:
        self.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.cache.chmod(0o700)
        command = [sys.executable, "-m", WORKER, os.fspath(self.cache)]
        with self._log.open("w", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [*command, str(self.patience.request_seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
            )
        self._process, self._lines = process, queue.SimpleQueue()
        reader = (process.stdout, self._lines)
        threading.Thread(target=_pump, args=reader, daemon=True).start()
        self._await_start()
        return process

    def _await_start(self) -> None:
        with contextlib.suppress(queue.Empty):
            if self._lines.get(timeout=self.patience.start_seconds):
                return
        message = (
            "the process that speaks to Yahoo did not start within "
            f"{self.patience.start_seconds:g} s: {self._last_words()}; "
            f"try `{sys.executable} -m {WORKER} {self.cache} 10`"
        )
        raise errors.SourceError(message)

    def _say(self, process: subprocess.Popen[str], question: Question) -> None:
        # A dead child shows itself as the end of its answers.
        with contextlib.suppress(BrokenPipeError):
            if process.stdin is not None:
                said = json.dumps(dataclasses.asdict(question), default=str)
                process.stdin.write(said + "\n")
                process.stdin.flush()

    def _last_words(self) -> str:
        """How the process ended, and the last line it wrote to its log."""
        process = self._process
        self.close()
        status = process.returncode if process is not None else None
        said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return f"exit status {status}, {said[-1] if said else 'nothing logged'!r}"

    @property
    def _log(self) -> pathlib.Path:
        return self.cache / "worker.log"


def _pump(stream: IO[str], lines: queue.SimpleQueue[str]) -> None:
    """Copy lines to the queue; an empty one marks the end."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put("")
