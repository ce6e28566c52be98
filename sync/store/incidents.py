"""Incidents: what went wrong and is not well again, so that each is told once, over restarts and several daemons.

Knows nothing of what they mean, nor of how they are told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, insert, select, update

from sync.store.db import Store
from sync.store.instants import from_us, to_us
from sync.store.tables import incidents

_QUEUE = "incidents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that is wrong, with the sheets that it concerns ("" in place of a sheet for the whole process).

    `told_at` is when people were told of it, `recovery_told_at` when they were told that it is well again.
    """

    number: int = 0
    key: str
    kind: str
    sheets: tuple[str, ...]
    message: str
    hint: str
    opened_at: datetime
    closed_at: datetime | None = None
    told_at: datetime | None = None
    recovery_told_at: datetime | None = None


def open_incident(store: Store, incident: Incident) -> bool:
    """Note an incident; one that is open under the same key only takes over sheets and words. Tell if it is new."""
    with store.begin(queues=[_QUEUE]) as connection:
        is_this = (incidents.c.key == incident.key, incidents.c.closed_at_us.is_(None))
        row = connection.execute(select(incidents).where(*is_this)).first()
        if row is None:
            connection.execute(insert(incidents).values(_to_values(incident)))
            return True
        known = orjson.loads(row.sheets)
        sheets = [*known, *(sheet for sheet in incident.sheets if sheet not in known)]
        words = {"sheets": orjson.dumps(sheets).decode(), "message": incident.message, "hint": incident.hint}
        connection.execute(update(incidents).where(incidents.c.number == row.number).values(words))
        return False


def settle(
    store: Store, sheet: str, *, at: datetime, concerns: Callable[[Incident], bool], quietly: bool = False
) -> None:
    """Note that open incidents, of those that `concerns` accepts, are over for a sheet.

    An incident is closed when that was its last sheet; `quietly` when there is no good news in it.
    """
    if not any(sheet in incident.sheets and concerns(incident) for incident in open_incidents(store)):
        return
    with store.begin(queues=[_QUEUE]) as connection:
        for incident in _open(connection):
            if sheet in incident.sheets and concerns(incident):
                left = [name for name in incident.sheets if name != sheet]
                closed: dict[str, Any] = {"closed_at_us": to_us(at)}
                if quietly:
                    closed["recovery_told_at_us"] = to_us(at)
                over = {"sheets": orjson.dumps(left).decode()} if left else closed
                connection.execute(update(incidents).where(incidents.c.number == incident.number).values(over))


def open_incidents(store: Store) -> list[Incident]:
    """Return what is wrong now, oldest first."""
    with store.read() as connection:
        return _open(connection)


def untold(store: Store) -> list[Incident]:
    """Return what people have still to hear: open incidents, and the end of those that they had heard of."""
    is_news = incidents.c.closed_at_us.is_(None) & incidents.c.told_at_us.is_(None)
    is_over = (
        incidents.c.closed_at_us.is_not(None)
        & incidents.c.told_at_us.is_not(None)
        & incidents.c.recovery_told_at_us.is_(None)
    )
    with store.read() as connection:
        rows = connection.execute(select(incidents).where(is_news | is_over).order_by(incidents.c.number)).all()
    return [_to_incident(row) for row in rows]


def mark_told(store: Store, numbers: Sequence[int], *, at: datetime, recovery: bool = False) -> None:
    """Note that people have heard of these incidents, or of their end."""
    column = incidents.c.recovery_told_at_us if recovery else incidents.c.told_at_us
    with store.begin(queues=[_QUEUE]) as connection:
        told = update(incidents).where(incidents.c.number.in_(list(numbers)), column.is_(None))
        connection.execute(told.values({column: to_us(at)}))


def forget_incidents(store: Store, *, before: datetime) -> int:
    """Remove incidents that ended before that instant; return how many."""
    with store.begin(queues=[_QUEUE]) as connection:
        return connection.execute(delete(incidents).where(incidents.c.closed_at_us < to_us(before))).rowcount


def _open(connection: Connection) -> list[Incident]:
    query = select(incidents).where(incidents.c.closed_at_us.is_(None)).order_by(incidents.c.number)
    return [_to_incident(row) for row in connection.execute(query)]


def _to_values(incident: Incident) -> dict[str, Any]:
    return {
        "key": incident.key,
        "kind": incident.kind,
        "sheets": orjson.dumps(list(incident.sheets)).decode(),
        "message": incident.message,
        "hint": incident.hint,
        "opened_at_us": to_us(incident.opened_at),
    }


def _to_incident(row: Row[Any]) -> Incident:
    return Incident(
        number=row.number,
        key=row.key,
        kind=row.kind,
        sheets=tuple(orjson.loads(row.sheets)),
        message=row.message,
        hint=row.hint,
        opened_at=from_us(row.opened_at_us),
        closed_at=_instant(row.closed_at_us),
        told_at=_instant(row.told_at_us),
        recovery_told_at=_instant(row.recovery_told_at_us),
    )


def _instant(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)
