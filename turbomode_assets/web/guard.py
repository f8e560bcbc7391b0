"""A guard before a web application that has no login: who may ask it for what.

Dagster's web server answers whoever reaches it. On the machine of a person that is not
only the person: every web page that is open in the browser may send requests to
127.0.0.1, and a page whose name is made to point there may read the answers. So a
request is refused unless

1. it calls the server by a name the server has (against rebound names),
2. it comes from the server's own pages, or from no page at all (against other pages),
3. it asks GraphQL by POST (a link or an image sends a GET, and says nothing of itself).

It decides by headers that a page cannot set. It knows no users: whoever may start
programs on the machine, or reaches a port that was opened to a network, is let in. Pure
ASGI; nothing of Dagster belongs here.

https://owasp.org/www-community/attacks/csrf
"""

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names every server has."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+)(?::\d+)?", re.IGNORECASE)

FORBIDDEN = 403
METHOD_NOT_ALLOWED = 405


class Guard:
    """An application behind the guard.

    Parameters
    ----------
    app
        Where requests go that are let through.
    names
        Names of the server beside those of the loopback, without a port.
    """

    def __init__(self, app: App, names: Iterable[str] = ()) -> None:
        """Keep the application and its names."""
        self._app = app
        self._names = {name.lower() for name in (*LOOPBACK, *names)}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or say why not."""
        refused = self._refusal(scope)
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _answer(send, *refused)

    def _refusal(self, scope: Message) -> tuple[int, str] | None:
        """Status and sentence for a request that is refused; null for the others."""
        if scope["type"] not in {"http", "websocket"}:
            return None
        host, origin, site, mode = (
            _header(scope, name)
            for name in ("host", "origin", "sec-fetch-site", "sec-fetch-mode")
        )
        if _hostname(host) not in self._names:
            known = ", ".join(sorted(self._names))
            return FORBIDDEN, f"expected a host named {known}, found {host!r}"
        if origin and origin.partition("://")[2].lower() != host.lower():
            return FORBIDDEN, f"expected a page of {host}, found one of {origin}"
        is_visit = mode == "navigate" and scope.get("method") == "GET"
        if site in {"cross-site", "same-site"} and not is_visit:
            return FORBIDDEN, f"expected a page of {host}, found one of another site"
        if _is_hidden_query(scope):
            return METHOD_NOT_ALLOWED, "GraphQL is asked by POST here"
        return None


def _header(scope: Message, name: str) -> str:
    """Value of a header; empty where it is absent, unlike any name where doubled."""
    found = [value for key, value in scope["headers"] if key.lower() == name.encode()]
    return b",".join(found).decode("latin-1").strip()


def _hostname(host: str) -> str:
    """Name in a host header, without port and brackets; empty where it is not one.

    Examples
    --------
    >>> [_hostname(host) for host in ("localhost:3000", "[::1]:3000", "Here.lan")]
    ['localhost', '::1', 'here.lan']
    """
    whole = _HOST.fullmatch(host)
    return whole[1].strip("[]").lower() if whole else ""


def _is_hidden_query(scope: Message) -> bool:
    """Whether an address asks GraphQL; that of the page to explore it does not."""
    is_graphql = scope["path"].rstrip("/").endswith("/graphql")
    is_post = scope["type"] == "websocket" or scope["method"] == "POST"
    return is_graphql and not is_post and bool(scope["query_string"])


async def _answer(send: Send, status: int, sentence: str) -> None:
    content = f"turbomode: {sentence}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(content)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
