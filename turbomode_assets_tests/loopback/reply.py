"""What a loopback server is sent and sends back, and Yahoo's ways of saying no.

Nothing here knows a market or a socket.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reply:
    """One HTTP response and how it travels."""

    status: int = 200
    """HTTP status."""

    body: bytes = b""
    """Content."""

    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Headers beyond type and length."""

    delay_seconds: float = 0.0
    """Wait before the first byte."""

    is_cut: bool = False
    """Whether the connection breaks halfway through the content."""


@dataclasses.dataclass(frozen=True)
class Sent:
    """Content of a request, and its type."""

    kind: str
    body: bytes


Answering = Callable[[str, int], Reply]
"""What a market does: a symbol and the first second asked for, to the daily chart."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that is not for a daily chart."""

    about: str
    """rounds, options or headlines."""

    symbol: str

    query: Mapping[str, str]
    """Parameters of the address."""


DeskAnswering = Callable[[Asked], Reply]
"""What a market does that has quarters of an hour, options and stories as well."""


def chart(result: Mapping[str, Any]) -> Reply:
    """Chart that Yahoo gives."""
    return as_json({"chart": {"result": [result], "error": None}})


def refusal(status: int, code: str, description: str) -> Reply:
    """Chart that Yahoo refuses, in its own words."""
    error = {"code": code, "description": description}
    return as_json({"chart": {"result": None, "error": error}}, status)


def unknown() -> Reply:
    """What Yahoo says of a symbol it does not know."""
    return refusal(404, "Not Found", "No data found, symbol may be delisted")


def as_json(content: object, status: int = 200) -> Reply:
    """JSON content."""
    headers = {"Content-Type": "application/json;charset=utf-8"}
    return Reply(status=status, body=json.dumps(content).encode(), headers=headers)


def as_text(text: str, status: int = 200, **headers: str) -> Reply:
    """Text or HTML content; `_` in the name of a header is a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=text.encode(), headers=named)
