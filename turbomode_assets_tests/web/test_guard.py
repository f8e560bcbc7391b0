"""Who is let through to an application that has no login."""

import asyncio
from typing import Any

import pytest

from turbomode_assets.web import guard

HOME = {"host": "127.0.0.1:3000"}
OWN = {**HOME, "origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-origin"}

ALLOWED = [
    ("GET", "/", HOME),
    ("GET", "/", {"host": "localhost:3000"}),
    ("GET", "/", {"host": "LOCALHOST"}),
    ("GET", "/", {"host": "[::1]:3000"}),
    ("GET", "/", {"host": "signals.example.org"}),
    ("GET", "/runs?view=all", HOME),
    ("GET", "/graphql", HOME),
    ("POST", "/graphql", HOME),
    ("POST", "/graphql", OWN),
    ("POST", "/report_asset_materialization/a", OWN),
    ("GET", "/", {**HOME, "sec-fetch-site": "none", "sec-fetch-mode": "navigate"}),
    (
        "GET",
        "/",
        {**HOME, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ),
]

REFUSED = [
    ("GET", "/", {}, 403),
    ("GET", "/", {"host": ""}, 403),
    ("GET", "/", {"host": "evil.example"}, 403),
    ("GET", "/", {"host": "127.0.0.1.evil.example"}, 403),
    ("GET", "/", {"host": "localhost.evil.example:3000"}, 403),
    ("GET", "/", {"host": "[::1].evil.example"}, 403),
    ("POST", "/graphql", {**HOME, "origin": "http://evil.example"}, 403),
    ("POST", "/graphql", {**HOME, "origin": "null"}, 403),
    ("POST", "/graphql", {**HOME, "origin": "http://127.0.0.1:8000"}, 403),
    ("POST", "/graphql", {**HOME, "origin": "http://localhost:3000"}, 403),
    ("POST", "/graphql", {**HOME, "origin": "http://127.0.0.1:3000.evil.example"}, 403),
    ("POST", "/graphql", {**HOME, "sec-fetch-site": "cross-site"}, 403),
    ("POST", "/graphql", {**HOME, "sec-fetch-site": "same-site"}, 403),
    (
        "POST",
        "/graphql",
        {**HOME, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        403,
    ),
    ("GET", "/logo.png", {**HOME, "sec-fetch-site": "cross-site"}, 403),
    ("GET", "/graphql?query=mutation", HOME, 405),
    ("GET", "/graphql/?query=mutation", HOME, 405),
    ("HEAD", "/graphql?query=mutation", HOME, 405),
    ("GET", "/dagster/graphql?query={version}", OWN, 405),
]


def answered(scope: dict[str, Any]) -> list[dict[str, Any]]:
    """What a browser is sent; the application behind says that it was reached."""
    sent: list[dict[str, Any]] = []

    async def reached(_scope: Any, _receive: Any, send: guard.Send) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(guard.Guard(reached, ["signals.example.org"])(scope, receive, send))
    return sent


def request(method: str, address: str, headers: dict[str, str]) -> dict[str, Any]:
    path, _, query = address.partition("?")
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    parts = {"path": path, "query_string": query.encode(), "headers": raw}
    return {"type": "http", "method": method, **parts}


@pytest.mark.parametrize(("method", "address", "headers"), ALLOWED)
def test_what_is_let_through(
    method: str, address: str, headers: dict[str, str]
) -> None:
    assert answered(request(method, address, headers))[0]["status"] == 200


@pytest.mark.parametrize(("method", "address", "headers", "status"), REFUSED)
def test_what_is_refused(
    method: str, address: str, headers: dict[str, str], status: int
) -> None:
    start, body = answered(request(method, address, headers))
    assert start["status"] == status
    assert b"turbomode: " in body["body"]


def test_a_host_that_is_named_twice_is_refused() -> None:
    scope = request("GET", "/", HOME)
    scope["headers"].append((b"host", b"evil.example"))
    assert answered(scope)[0]["status"] == 403


def test_a_foreign_page_opens_no_socket() -> None:
    scope = request("GET", "/graphql", {**HOME, "origin": "http://evil.example"})
    socket = {**scope, "type": "websocket"}
    assert answered(socket)[0]["type"] == "websocket.close"


def test_what_is_no_request_passes() -> None:
    assert answered({"type": "lifespan"})[0]["status"] == 200
