"""A tiny HTTP server that plays a list of answers, for tests of the client."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """One answer; `cut` closes the connection after so many bytes of the body that the headers promise.

    `drip_s` waits so long after every byte.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    cut: int | None = None
    hang_up: bool = False
    drip_s: float = 0.0


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


@dataclass
class Asked:
    path: str
    headers: dict[str, str]


@dataclass
class ScriptedServer:
    url: str
    script: Callable[[int], Answer]
    asked: list[Asked] = field(default_factory=list)

    def play(self, *answers: Answer) -> None:
        """Give these answers in turn; the last one for ever."""
        start = len(self.asked)
        self.script = lambda n: answers[min(n - start, len(answers) - 1)]


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    server = ScriptedServer("", lambda n: Answer())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.asked.append(Asked(self.path, dict(self.headers)))
            answer = server.script(len(server.asked) - 1)
            self.close_connection = True
            if answer.hang_up:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response_only(answer.status)
            names = {name.lower() for name in answer.headers}
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "content-length" not in names:
                self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.send_body(answer)

        def send_body(self, answer: Answer) -> None:
            body = answer.body if answer.cut is None else answer.body[: answer.cut]
            for part in [body[n : n + 1] for n in range(len(body))] if answer.drip_s else [body]:
                try:
                    self.wfile.write(part)
                except OSError:
                    return  # the client had enough
                time.sleep(answer.drip_s)

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
