"""An endpoint of chat completions on the own machine, as far as it is used.

It asks for a key, reads the schema it is sent, and answers in the words of the real
one: a completion with usage and choices, or an error with a type. What the model says
is a plan: replies by title, else a tone it makes up from the title.
"""

import contextlib
import dataclasses
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

KEY = "sk-planted-secret"
MODEL = "small-1"


@dataclasses.dataclass
class Chat:
    """What the endpoint was asked, and what it is to say."""

    url: str = ""
    asked: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    says: dict[str, str] = dataclasses.field(default_factory=dict)
    """Content of the message, by headline."""

    status: int = 200
    delay_seconds: float = 0.0

    @property
    def headlines(self) -> list[str]:
        """Headlines asked about, in order."""
        return [_question(request)["headline"] for request in self.asked]

    def answer(self, request: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        """Status and content of an answer."""
        if key != f"Bearer {KEY}":
            return 401, _error("Incorrect API key provided", "invalid_request_error")
        if self.status != 200:
            return self.status, _error("The server is overloaded", "server_error")
        schema = request["response_format"]["json_schema"]["schema"]
        assert schema["required"] == ["tone"]
        assert schema["additionalProperties"] is False
        headline = _question(request)["headline"]
        made_up = json.dumps({"tone": round(len(headline) % 21 / 10 - 1, 1)})
        message = {"role": "assistant", "content": self.says.get(headline, made_up)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return 200, {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": request["model"],
            "choices": [choice],
            "usage": {"prompt_tokens": 90, "completion_tokens": 8},
        }


def _question(request: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = json.loads(request["messages"][-1]["content"])
    return found


def _error(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "code": None}}


@contextlib.contextmanager
def listening() -> Iterator[Chat]:
    """An endpoint for as long as the context lasts."""
    chat = Chat()

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/chat/completions"
            request = json.loads(content)
            chat.asked.append(request)
            time.sleep(chat.delay_seconds)
            key = self.headers.get("Authorization", "")
            status, said = chat.answer(request, key)
            body = json.dumps(said).encode()
            with contextlib.suppress(BrokenPipeError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing: `asked` is the log."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        chat.url = f"http://127.0.0.1:{listener.server_address[1]}/v1"
        yield chat
        listener.shutdown()
        thread.join()
