"""An address of this machine that alerts and heartbeats go to, and that remembers them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came: alerts as Apprise posts them, and the paths that were asked for; `status` is the answer to all."""

    host: str = ""
    status: int = 200
    alerts: list[dict[str, Any]] = field(default_factory=list)
    beats: list[str] = field(default_factory=list)

    @property
    def titles(self) -> list[str]:
        """The titles of the alerts, in their order."""
        return [alert["title"] for alert in self.alerts]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listen on a free port during the block."""
    there = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if there.status < 400:
                there.alerts.append(json.loads(body))
            self._answer()

        def do_GET(self) -> None:
            there.beats.append(self.path)
            self._answer()

        def _answer(self) -> None:
            self.send_response(there.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
