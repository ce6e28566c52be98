"""Faults that only make sense for JustCall: pages that repeat or move, and records whose fields change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from sync.sandbox.call_book import CallBook
from sync.sandbox.exchange import Answer, Asked, CarryOut, Reply
from sync.sandbox.faults import Action, Fault, Play
from sync.sandbox.justcall import error_body

Change = Callable[[Fault, dict[str, Any]], None]

_MESSAGES = {
    400: ("Bad request.", "BAD_REQUEST"),
    401: ("Invalid API key or secret.", ""),
    403: ("Your plan does not include API access.", "FORBIDDEN"),
    404: ("Resource not found.", "NOT_FOUND"),
    422: ("Unprocessable request.", "INVALID_VALUE"),
    429: ("Rate limit exceeded.", "RATE_LIMIT_EXCEEDED"),
    500: ("Internal server error.", "INTERNAL_ERROR"),
    502: ("Bad gateway.", "BAD_GATEWAY"),
    503: ("Service unavailable.", "SERVICE_UNAVAILABLE"),
}


def justcall_error(_asked: Asked, status: int, message: str) -> Answer:
    """Make the vendor's own error answer."""
    usual, code = _MESSAGES.get(status, ("Request failed.", "ERROR"))
    body = orjson.dumps(error_body(message or usual, code))
    return Answer(status=status, headers=((b"content-type", b"application/json"),), body=b"").with_body(body)


def justcall_plays(book: CallBook) -> Mapping[str, Play]:
    """Return the actions by their names."""

    async def arrive(fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
        book.arrive(int(fault.settings.get("n", 1)))
        return await go_on(asked)

    return {
        "arrive": Play(arrive, takes=("n",)),
        "repeat_page": Play(_repeat_page),
        "drop_field": Play(_changing(_drop_field), needs=("field",)),
        "rename_field": Play(_changing(_rename_field), needs=("field", "to")),
        "retype_field": Play(_changing(_retype_field), needs=("field",)),
        "wrong_total": Play(_changing(_wrong_total), takes=("delta",)),
    }


async def _repeat_page(_fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
    """Answer with the page before, word for word; the first page has none before it and repeats nothing."""
    page = re.search(r"(?:^|&)page=(\d+)", asked.query)
    if page is None or int(page[1]) < 2:
        return await go_on(asked)
    query = asked.query[: page.start(1)] + str(int(page[1]) - 1) + asked.query[page.end(1) :]
    return await go_on(asked.with_query(query))


def _changing(change: Change) -> Action:
    async def action(fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
        reply = await go_on(asked)
        if reply is None or reply.status != 200:
            return reply
        body = orjson.loads(reply.body)
        change(fault, body)
        return reply.with_body(orjson.dumps(body))

    return action


def _drop_field(fault: Fault, body: dict[str, Any]) -> None:
    for record in body["data"]:
        record.pop(fault.settings["field"], None)


def _rename_field(fault: Fault, body: dict[str, Any]) -> None:
    name, to = fault.settings["field"], fault.settings["to"]
    body["data"] = [{to if key == name else key: value for key, value in record.items()} for record in body["data"]]


def _retype_field(fault: Fault, body: dict[str, Any]) -> None:
    """Send text where a number, truth or list was, and an object where a text was."""
    name = fault.settings["field"]
    for record in body["data"]:
        value = record.get(name)
        record[name] = {"value": value} if isinstance(value, str) else f"about {value}"


def _wrong_total(fault: Fault, body: dict[str, Any]) -> None:
    delta = int(fault.settings.get("delta", 1))
    body["count"] += delta
    body["total_pages"] = max(0, body["total_pages"] + delta)
