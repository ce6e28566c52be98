"""Faults on lists of records, the same for every vendor: pages that repeat or move, records whose fields change.

A field may be named by its path, such as `call_info.type`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from sync.sandbox.exchange import Asked, CarryOut, Reply
from sync.sandbox.faults import Action, Fault, Play
from sync.sandbox.vendor import VendorDesk

Desks = Mapping[str, VendorDesk]
Change = Callable[[VendorDesk, Fault, Any], None]


def list_plays(desks: Desks) -> Mapping[str, Play]:
    """Return the actions by their names; each is played at the vendor that was asked."""

    async def arrive(fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
        desks[asked.service].arrive(str(fault.settings.get("kind_of", "calls")), int(fault.settings.get("n", 1)))
        return await go_on(asked)

    async def repeat_page(_fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
        """Answer with the page before, word for word; the first page has none before it and repeats nothing."""
        return await go_on(desks[asked.service].lists.page_before(asked) or asked)

    return {
        "arrive": Play(arrive, takes=("n", "kind_of")),
        "repeat_page": Play(repeat_page),
        "drop_field": Play(_changing(desks, _drop_field), needs=("field",)),
        "rename_field": Play(_changing(desks, _rename_field), needs=("field", "to")),
        "retype_field": Play(_changing(desks, _retype_field), needs=("field",)),
        "wrong_total": Play(_changing(desks, _wrong_total), takes=("delta",)),
    }


def _changing(desks: Desks, change: Change) -> Action:
    async def action(fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
        reply = await go_on(asked)
        if reply is None or reply.status != 200:
            return reply
        body = orjson.loads(reply.body)
        change(desks[asked.service], fault, body)
        return reply.with_body(orjson.dumps(body))

    return action


def _holders(desk: VendorDesk, fault: Fault, body: Any) -> tuple[list[dict[str, Any]], str]:
    """Return the objects that hold the field, in every record, and its name there."""
    *path, name = str(fault.settings["field"]).split(".")
    found = [record for record in desk.lists.records_in(body) if isinstance(record, dict)]
    for step in path:
        found = [inner for record in found if isinstance(inner := record.get(step), dict)]
    return found, name


def _drop_field(desk: VendorDesk, fault: Fault, body: Any) -> None:
    holders, name = _holders(desk, fault, body)
    for holder in holders:
        holder.pop(name, None)


def _rename_field(desk: VendorDesk, fault: Fault, body: Any) -> None:
    holders, name = _holders(desk, fault, body)
    for holder in holders:
        renamed = {fault.settings["to"] if key == name else key: value for key, value in holder.items()}
        holder.clear()
        holder.update(renamed)


def _retype_field(desk: VendorDesk, fault: Fault, body: Any) -> None:
    """Send text where a number, truth or list was, and an object where a text was."""
    holders, name = _holders(desk, fault, body)
    for holder in holders:
        value = holder.get(name)
        holder[name] = {"value": value} if isinstance(value, str) else f"about {value}"


def _wrong_total(desk: VendorDesk, fault: Fault, body: Any) -> None:
    desk.lists.shift_total(body, int(fault.settings.get("delta", 1)))
