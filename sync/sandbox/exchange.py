"""One request and its answer in the sandbox, whole in memory; the log of all; and how a connection is really cut."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

TRANSPORT = "callsheet.transport"
"""Where the scope carries the connection, so that a fault can close it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request with its whole body. `path` is as it came over the wire: percent signs are not decoded."""

    service: str
    kind: str
    scope: Scope
    body: bytes

    @property
    def method(self) -> str:
        """The HTTP method."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The raw path."""
        return raw_path(self.scope)

    @property
    def query(self) -> str:
        """The raw query, without the question mark."""
        return bytes(self.scope["query_string"]).decode("latin-1")

    def with_query(self, query: str) -> Asked:
        """Return the same request with another query."""
        return replace(self, scope={**self.scope, "query_string": query.encode("latin-1")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. `keep` bytes of the body are sent before the connection is closed; None: all, not closed.

    `stall_s` is how long the sending stands still in the middle of the body.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    keep: int | None = None
    stall_s: float = 0.0

    def with_body(self, body: bytes) -> Answer:
        """Return the same answer with another body, and the length that belongs to it."""
        headers = [pair for pair in self.headers if pair[0].lower() != b"content-length"]
        return replace(self, body=body, headers=(*headers, (b"content-length", str(len(body)).encode())))


Reply = Answer | None
"""None: the connection is closed without an answer."""


def raw_path(scope: Scope) -> str:
    """Return the path as it came over the wire."""
    return bytes(scope.get("raw_path") or str(scope["path"]).encode()).decode("latin-1")


async def read_whole(receive: Receive) -> bytes | None:
    """Return the body of a request; None when the client left before it was whole."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def carry_out(app: ASGIApp, asked: Asked) -> Answer:
    """Let the app answer, whether or not anybody still listens."""
    messages: list[Message] = []
    waiting = [{"type": "http.request", "body": asked.body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(asked.scope, receive, send)
    body = b"".join(bytes(message.get("body", b"")) for message in messages[1:])
    return Answer(status=messages[0]["status"], headers=tuple(messages[0]["headers"]), body=body)


async def deliver(scope: Scope, send: Send, reply: Reply) -> None:
    """Send an answer, or as much of it as is meant to arrive, and close the connection if that is the fault."""
    if reply is None:
        await _hang_up(scope, at_once=True)
        return
    await send({"type": "http.response.start", "status": reply.status, "headers": list(reply.headers)})
    if reply.stall_s:
        half = len(reply.body) // 2
        await send({"type": "http.response.body", "body": reply.body[:half], "more_body": True})
        await asyncio.sleep(reply.stall_s)
        await send({"type": "http.response.body", "body": reply.body[half:]})
        return
    if reply.keep is None:
        await send({"type": "http.response.body", "body": reply.body})
        return
    await send({"type": "http.response.body", "body": reply.body[: reply.keep], "more_body": True})
    await _hang_up(scope, at_once=False)


async def _hang_up(scope: Scope, *, at_once: bool) -> None:
    """Close the TCP connection; what was written before is sent first unless `at_once`."""
    transport: asyncio.Transport = scope[TRANSPORT]
    if at_once:
        transport.abort()
    else:
        transport.close()
    await asyncio.sleep(0.01)  # until the server has noticed, else it complains of an answer that is not complete


class OpenHandedProtocol(H11Protocol):
    """HTTP/1.1 that hands its connection to the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection in the scope of every request that comes over it."""
        super().connection_made(transport)
        # Headers and body are two writes: without this each answer waits 40 ms for the client's acknowledgement.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        app = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = with_transport


@dataclass(slots=True, kw_only=True)
class LogEntry:
    """One request. `status` is None while it is held, and 0 when the connection was closed without an answer.

    `n_bytes` is the size of the request's body, `n_bytes_out` that of the answer's. `n_cells` counts what the
    service says it wrote or read, `n_quota` how many units of its quota that cost. `fault` names what was played,
    joined by "+".
    """

    n: int
    service: str
    kind: str
    method: str
    path: str
    query: str
    status: int | None = None
    fault: str | None = None
    n_cells: int = 0
    n_quota: int = 0
    n_bytes: int = 0
    n_bytes_out: int = 0
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())


class RequestLog:
    """The requests since the last clearing, in the order in which they came; the newest 100,000."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=100_000)
        self._n = 0

    def note(self, asked: Asked) -> LogEntry:
        """Write down a request that has just come."""
        self._n += 1
        entry = LogEntry(
            n=self._n,
            service=asked.service,
            kind=asked.kind,
            method=asked.method,
            path=asked.path,
            query=asked.query,
            n_bytes=len(asked.body),
        )
        self._entries.append(entry)
        return entry

    def entries(self) -> list[dict[str, Any]]:
        """Return all as plain values."""
        return [asdict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget all and count from one again."""
        self._entries.clear()
        self._n = 0


CarryOut = Callable[[Asked], Awaitable[Reply]]
"""Goes on with a request: to the next fault, or to the service."""
