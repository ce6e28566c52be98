"""Dials: which requests meet a fault, and what the fault does. Wraps every service, knows none from inside.

A fault counts the requests that match it from the moment it is set, and is played on the `nth` of them and the
`times` - 1 after it; with a `share`, on that share of them from the `nth` on, drawn at random. When several strike the
same request they are nested in the order in which they were set.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from sync.sandbox.exchange import (
    Answer,
    Asked,
    CarryOut,
    Reply,
    RequestLog,
    carry_out,
    deliver,
    raw_path,
    read_whole,
)

HTML_502 = b"""<!DOCTYPE html>
<html lang=en><meta charset=utf-8><title>Error 502 (Server Error)!!1</title>
<p><b>502.</b> <ins>That&rsquo;s an error.</ins>
<p>The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.
"""


_COMMON = ("service", "kind", "path", "nth", "times", "share", "seed")
_NO_END = 10**9


class BadFault(Exception):
    """A fault that cannot be set; the text says why."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One dial. `settings` are the parts that belong to its action."""

    id: int
    do: str
    service: str | None = None
    kind: str | None = None
    path: str | None = None
    nth: int = 1
    times: int = 1
    share: float = 1.0
    seed: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    n_matched: int = 0
    n_played: int = 0
    chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def strikes(self, asked: Asked) -> bool:
        """Count a request that matches, and tell whether this is one to play at."""
        if self.service not in {None, asked.service} or self.kind not in {None, asked.kind}:
            return False
        whole = f"{asked.path}?{asked.query}" if asked.query else asked.path
        if self.path is not None and not (re.search(self.path, asked.path) or re.search(self.path, whole)):
            return False
        self.n_matched += 1
        struck = self.n_matched >= self.nth and self.n_played < self.times
        struck = struck and (self.share >= 1 or self.chance.random() < self.share)
        self.n_played += struck
        return struck


Action = Callable[[Fault, Asked, CarryOut], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Play:
    """An action, the settings that it needs, and those that it takes besides."""

    action: Action
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


ErrorForm = Callable[[Asked, int, str], Answer]
"""Makes a service's own error answer to a request from a status and a message ("" for its usual one)."""


class Faults:
    """The dials as they are set, and the requests that are held."""

    def __init__(self, *, error_forms: Mapping[str, ErrorForm], plays: Mapping[str, Play]) -> None:
        self._error_forms = dict(error_forms)
        self._plays = {
            "refuse": Play(self._refuse, takes=("status", "message", "retry_after")),
            "html": Play(_html),
            "delay": Play(_delay, takes=("seconds",)),
            "cut_before": Play(_cut_before),
            "cut_after": Play(_cut_after),
            "cut_body": Play(_cut_body),
            "stall": Play(_stall, takes=("seconds",)),
            "truncate": Play(_truncate),
            "hold": Play(self._hold),
            **plays,
        }
        self._set: list[Fault] = []
        self._n = 0
        self._held: list[asyncio.Future[bool]] = []

    def add(self, wanted: Mapping[str, Any]) -> Fault:
        """Set a dial. Raises BadFault when something of it is not understood."""
        settings = dict(wanted)
        do = settings.pop("do", None)
        play = self._plays.get(str(do))
        if play is None:
            raise BadFault(f"do is {do!r}; allowed: {', '.join(sorted(self._plays))}")
        common: dict[str, Any] = {name: settings.pop(name) for name in _COMMON if name in settings}
        _check(common, services=sorted(self._error_forms))
        if "share" in common:
            common.setdefault("times", _NO_END)
        if missing := [name for name in play.needs if name not in settings]:
            raise BadFault(f"{do} also needs {', '.join(missing)}")
        if unknown := sorted(set(settings) - {*play.needs, *play.takes}):
            raise BadFault(f"{do} does not take {', '.join(unknown)}; allowed: {', '.join(play.needs + play.takes)}")
        self._n += 1
        fault = Fault(id=self._n, do=str(do), settings=settings, **common)
        self._set.append(fault)
        return fault

    def listed(self) -> list[Fault]:
        """Return the dials that are set, oldest first."""
        return list(self._set)

    def clear(self) -> None:
        """Take all dials back. Requests that are held stay held."""
        self._set.clear()

    def release(self) -> int:
        """Let every held request be carried out, and return how many there were."""
        return self._end_holding(carry_on=True)

    def drop_held(self) -> int:
        """Cut every held request without carrying it out, and return how many there were."""
        return self._end_holding(carry_on=False)

    def striking(self, asked: Asked) -> list[Fault]:
        """Count this request at every dial and return those that play."""
        return [fault for fault in self._set if fault.strikes(asked)]

    def wrap(self, faults: list[Fault], app: ASGIApp) -> CarryOut:
        """Return a way to carry a request out through these faults."""

        async def service(asked: Asked) -> Reply:
            return await carry_out(app, asked)

        way: CarryOut = service
        for fault in reversed(faults):
            way = _through(self._plays[fault.do].action, fault, way)
        return way

    def _end_holding(self, *, carry_on: bool) -> int:
        held, self._held = self._held, []
        for future in held:
            if not future.done():
                future.set_result(carry_on)
        return len(held)

    async def _hold(self, _fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._held.append(future)
        return await go_on(asked) if await future else None

    async def _refuse(self, fault: Fault, asked: Asked, _go_on: CarryOut) -> Reply:
        make = self._error_forms[asked.service]
        answer = make(asked, int(fault.settings.get("status", 503)), str(fault.settings.get("message", "")))
        if (wait := fault.settings.get("retry_after")) is not None:
            header = (b"retry-after", str(wait).encode())
            return Answer(status=answer.status, headers=(*answer.headers, header), body=answer.body)
        return answer


class FaultsMiddleware:
    """Takes every request of a service through the log and the dials; leaves admin and viewer alone."""

    def __init__(
        self, app: ASGIApp, *, faults: Faults, log: RequestLog, classify: Callable[[str, str], tuple[str, str] | None]
    ) -> None:
        self.app = app
        self.faults = faults
        self.log = log
        self.classify = classify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = self.classify(scope["method"], raw_path(scope)) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        body = await read_whole(receive)
        if body is None:
            return
        await self._play(Asked(service=found[0], kind=found[1], scope=scope, body=body), send)

    async def _play(self, asked: Asked, send: Send) -> None:
        entry = self.log.note(asked)
        striking = self.faults.striking(asked)
        entry.fault = "+".join(fault.do for fault in striking) or None
        asked.scope.setdefault("state", {})
        reply = await self.faults.wrap(striking, self.app)(asked)
        entry.status = reply.status if reply else 0
        entry.n_bytes_out = len(reply.body) if reply else 0
        entry.n_cells = int(asked.scope["state"].get("n_cells", 0))
        entry.n_quota = int(asked.scope["state"].get("n_quota", 0))
        await deliver(asked.scope, send, reply)


def _through(action: Action, fault: Fault, way: CarryOut) -> CarryOut:
    async def carry(asked: Asked) -> Reply:
        return await action(fault, asked, way)

    return carry


def _check(common: Mapping[str, Any], *, services: list[str]) -> None:
    if common.get("service") not in {None, *services}:
        raise BadFault(f"service is {common['service']!r}; allowed: {', '.join(services)}, null")
    for name in ("nth", "times"):
        if not isinstance(common.get(name, 1), int) or common.get(name, 1) < 1:
            raise BadFault(f"{name} is {common[name]!r}; allowed: a whole number from 1")
    share, seed = common.get("share", 1), common.get("seed")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise BadFault(f"share is {share!r}; allowed: a number above 0, up to 1")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise BadFault(f"seed is {seed!r}; allowed: a whole number, null")
    if common.get("kind") not in {None, "read", "write", "other"}:
        raise BadFault(f"kind is {common['kind']!r}; allowed: read, write, other, null")
    try:
        re.compile(common.get("path") or "")
    except (re.error, TypeError) as wrong:
        raise BadFault(f"path is {common['path']!r}: {wrong}") from wrong


async def _html(_fault: Fault, _asked: Asked, _go_on: CarryOut) -> Reply:
    headers = ((b"content-type", b"text/html; charset=UTF-8"), (b"content-length", str(len(HTML_502)).encode()))
    return Answer(status=502, headers=headers, body=HTML_502)


async def _delay(fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
    await asyncio.sleep(float(fault.settings.get("seconds", 1)))
    return await go_on(asked)


async def _cut_before(_fault: Fault, _asked: Asked, _go_on: CarryOut) -> Reply:
    return None


async def _cut_after(_fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
    await go_on(asked)
    return None


async def _cut_body(_fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
    reply = await go_on(asked)
    if reply is None:
        return None
    whole = reply.with_body(reply.body)  # the promised length is what makes the cut visible
    return Answer(status=whole.status, headers=whole.headers, body=whole.body, keep=len(whole.body) // 2)


async def _stall(fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
    """Carried out; half the body is sent, and the rest only after a while."""
    reply = await go_on(asked)
    return replace(reply, stall_s=float(fault.settings.get("seconds", 1))) if reply else None


async def _truncate(_fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
    reply = await go_on(asked)
    return reply.with_body(reply.body[: len(reply.body) // 2]) if reply else None
