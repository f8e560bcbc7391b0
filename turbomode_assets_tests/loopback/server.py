"""An HTTPS server on the own machine that an unmodified yfinance takes for Yahoo.

How to use it:

1. build a market: a `world.World`, or `fixtures.Fixtures`, or any `reply.Answering`
2. ``with reached(market.answer) as server``: this process, and every one it starts
   within, Dagster's included, reaches Yahoo through the server and nothing else
3. plan faults by symbol: ``server.plan("AAA", faults.Plan(faults.cut, last=2))``
4. look at `server.asked` for what was asked

It is a proxy that ends TLS itself, with a certificate authority made for the occasion:
no address, session or function of the client is replaced. Cookie, consent and crumb
are answered as Yahoo does; a stale crumb is refused.
"""

import abc
import collections
import contextlib
import http.server
import os
import pathlib
import socketserver
import ssl
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator
from typing import Self, TypeVar

import trustme

from turbomode_assets_tests.loopback import faults, reply

CHART = "/v8/finance/chart/"
"""Path of charts, followed by the symbol."""

OPTIONS = "/v7/finance/options/"
"""Path of options, followed by the symbol; refused without a crumb."""

SEARCH = "/v1/finance/search"
"""Path of the search that finds stories; its query names the symbol."""

CRUMB = "/v1/test/getcrumb"
"""Path of the crumb."""

HOSTS = (
    "query1.finance.yahoo.com",
    "query2.finance.yahoo.com",
    "fc.yahoo.com",
    "guce.yahoo.com",
    "consent.yahoo.com",
    "finance.yahoo.com",
)
"""Every host yfinance speaks to for prices."""

Host = TypeVar("Host", bound="Loopback")

_CONSENT = (
    '<html><input name="csrfToken" value="t"><input name="sessionId" value="s"></html>'
)


@contextlib.contextmanager
def reached(
    market: reply.Answering, desk: reply.DeskAnswering | None = None
) -> Iterator["Server"]:
    """Server that this process and its children take for Yahoo."""
    with led_to(Server(market, desk)) as server:
        yield server


@contextlib.contextmanager
def led_to(host: Host) -> Iterator[Host]:
    """Let this process and its children take a server for what it stands for."""
    with host as server:
        before = dict(os.environ)
        os.environ.update(server.environment)
        try:
            yield server
        finally:
            os.environ.clear()
            os.environ.update(before)


class Loopback(abc.ABC):
    """A host of the internet on the own machine, for as long as the context lasts.

    Parameters
    ----------
    *hosts
        Names it answers to.

    Attributes
    ----------
    environment : dict of str to str
        Variables that lead a process here.
    asked : list of str
        Host and path of every request, in order.
    errors : list of BaseException
        What failed in the server itself; raised when the context ends.
    """

    def __init__(self, *hosts: str) -> None:
        """Keep the names; nothing listens yet."""
        self.hosts = hosts
        self.asked: list[str] = []
        self.environment: dict[str, str] = {}
        self.errors: list[BaseException] = []

    @abc.abstractmethod
    def answer(self, host: str, target: str, sent: reply.Sent) -> reply.Reply:
        """What the host says to a request."""

    def is_reachable(self) -> bool:
        """Whether the next connection is let through."""
        return True

    def __enter__(self) -> Self:
        """Listen."""
        self._folder = tempfile.TemporaryDirectory()
        authority = trustme.CA()
        bundle = pathlib.Path(self._folder.name) / "authority.pem"
        authority.cert_pem.write_to_path(str(bundle))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*self.hosts).configure_cert(context)
        self._listener = _Listener(self, context)
        self._thread = threading.Thread(target=self._listener.serve_forever)
        self._thread.start()
        proxy = f"http://127.0.0.1:{self._listener.server_address[1]}"
        names = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
        self.environment = {
            **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy),
            **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
            **dict.fromkeys(names, str(bundle)),
        }
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()
        self._folder.cleanup()
        if self.errors:
            message = "the loopback server itself failed"
            raise BaseExceptionGroup(message, self.errors)


class Server(Loopback):
    """Yahoo as far as yfinance sees it, for as long as the context lasts.

    Parameters
    ----------
    market
        Answers for daily charts.
    desk
        Answers for everything else; without one, nothing else is known.

    Attributes
    ----------
    crumb : str
        Only crumb that is accepted; change it, and the client must fetch it anew.
    """

    def __init__(
        self, market: reply.Answering, desk: reply.DeskAnswering | None = None
    ) -> None:
        """Keep the market; nothing listens yet."""
        super().__init__(*HOSTS)
        self.market = market
        self.desk = desk or (lambda _: reply.unknown())
        self.crumb = "crumb.1"
        self._plans: dict[str, faults.Plan] = {}
        self._counts: collections.Counter[str] = collections.Counter()

    def plan(self, symbol: str, plan: faults.Plan) -> None:
        """Let `plan` come over the next requests for `symbol`, or for `CRUMB`.

        Of a desk's symbol, ``about:symbol``: rounds:RTX, options:RTX, headlines:RTX.
        """
        self._plans[symbol] = plan
        self._counts[symbol] = 0

    def heal(self) -> None:
        """Drop every plan."""
        self._plans.clear()

    def answer(
        self,
        host: str,
        target: str,
        sent: reply.Sent,  # noqa: ARG002 - Yahoo is told nothing
    ) -> reply.Reply:
        """What Yahoo says to a request."""
        address = urllib.parse.urlsplit(target)
        path = urllib.parse.unquote(address.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        if path.startswith(CHART):
            return self._chart(path.removeprefix(CHART), query)
        if path.startswith(OPTIONS):
            return self._options(path.removeprefix(OPTIONS), query)
        if path == SEARCH:
            return self._of_desk("headlines", query.get("q", ""), query)
        if path == CRUMB:
            return self._spoiled(CRUMB, reply.as_text(self.crumb))
        if host == "guce.yahoo.com" and path == "/consent":
            return reply.as_text(_CONSENT)
        cookie = "A3=d=1; Domain=.yahoo.com; Path=/; Max-Age=31557600; Secure"
        return reply.as_text("", Set_Cookie=cookie)

    def _chart(self, symbol: str, query: dict[str, str]) -> reply.Reply:
        if query.get("crumb", self.crumb) != self.crumb:
            return faults.stale_crumb(reply.unknown())
        if query.get("interval") != "1d":
            return self._of_desk("rounds", symbol, query)
        return self._spoiled(symbol, self.market(symbol, int(query.get("period1", 0))))

    def _options(self, symbol: str, query: dict[str, str]) -> reply.Reply:
        if query.get("crumb") != self.crumb:
            return faults.stale_crumb(reply.unknown())
        return self._of_desk("options", symbol, query)

    def _of_desk(self, about: str, symbol: str, query: dict[str, str]) -> reply.Reply:
        asked = reply.Asked(about=about, symbol=symbol, query=query)
        return self._spoiled(f"{about}:{symbol}", self.desk(asked))

    def _spoiled(self, about: str, said: reply.Reply) -> reply.Reply:
        """The reply, or what is planned in its place."""
        self._counts[about] += 1
        plan = self._plans.get(about)
        if plan is None or not plan.first <= self._counts[about] <= plan.last:
            return said
        if plan.program is faults.stale_crumb:
            self.crumb = f"crumb.{len(self.asked)}"
        return plan.program(said)


class _Listener(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self, owner: Loopback, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner, self.context = owner, context

    def handle_error(self, *_: object) -> None:
        """Keep what went wrong here; clients may hang up, faults make them."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.owner.errors.append(error)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms
    server: _Listener
    host = ""

    def do_CONNECT(self) -> None:
        if not self.server.owner.is_reachable():
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        self.host = self.path.partition(":")[0]
        self.connection = self.server.context.wrap_socket(
            self.connection, server_side=True
        )
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes) -> None:
        owner = self.server.owner
        owner.asked.append(self.host + self.path)
        sent = reply.Sent(self.headers.get("Content-Type", ""), body)
        self._send(owner.answer(self.host, self.path, sent))

    def _send(self, said: reply.Reply) -> None:
        time.sleep(said.delay_seconds)
        self.send_response(said.status)
        headers = {"Content-Type": "text/html", **said.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body[: len(said.body) // 2] if said.is_cut else said.body)
        self.close_connection = said.is_cut

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: `Server.asked` is the log."""
