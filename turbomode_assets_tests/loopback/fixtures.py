"""Recorded answers of Yahoo, replayed as they came.

The recordings lie outside of the repository; nothing of them is copied here.
"""

import json
import pathlib
from collections.abc import Sequence
from typing import Any

from turbomode_assets_tests.loopback import reply


class Fixtures:
    """A market that answers each symbol with one recorded file.

    Parameters
    ----------
    files
        Recorded charts: bare bodies, or envelopes that hold status and body; the
        symbol is the one in the answer.
    """

    def __init__(self, files: Sequence[pathlib.Path]) -> None:
        """Read the files."""
        self.replies = dict(map(_read, files))

    def answer(self, symbol: str, since: int) -> reply.Reply:  # noqa: ARG002 - as it came
        """The recorded answer, whatever days are asked for."""
        return self.replies.get(symbol, reply.unknown())


def _read(file: pathlib.Path) -> tuple[str, reply.Reply]:
    content = json.loads(file.read_text(encoding="utf-8"))
    status, body = 200, content
    if "response" in content:
        status, body = content["response"]["status"], content["response"]["bodyJson"]
    return _symbol(body), reply.as_json(body, status)


def _symbol(body: dict[str, Any]) -> str:
    symbol: str = body["chart"]["result"][0]["meta"]["symbol"]
    return symbol
