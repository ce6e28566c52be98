"""What the status lines in spreadsheets said when they were last written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from sync.store.db import Store, insert_or_update
from sync.store.instants import from_us, to_us
from sync.store.tables import status_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusLine:
    """One line: where it stands, the state that it tells of, its words, and when it was written.

    `refusal` says why it was not, "" when it was.
    """

    cell: str
    state: str
    text: str
    written_at: datetime
    refusal: str = ""


def load(store: Store, spreadsheet_id: str, uid: str) -> StatusLine | None:
    """Return the line of a tab as it was last written, or None."""
    of_tab = (status_lines.c.spreadsheet_id == spreadsheet_id, status_lines.c.uid == uid)
    with store.read() as connection:
        row = connection.execute(select(status_lines).where(*of_tab)).first()
    if row is None:
        return None
    at = from_us(row.written_at_us)
    return StatusLine(cell=row.cell, state=row.state, text=row.text, written_at=at, refusal=row.refusal)


def save(store: Store, spreadsheet_id: str, lines: Mapping[str, StatusLine]) -> None:
    """Remember lines that were written, by the uid of their tab."""
    rows = [
        {
            "spreadsheet_id": spreadsheet_id,
            "uid": uid,
            "cell": line.cell,
            "state": line.state,
            "text": line.text,
            "refusal": line.refusal,
            "written_at_us": to_us(line.written_at),
        }
        for uid, line in lines.items()
    ]
    if not rows:
        return
    with store.begin() as connection:
        connection.execute(insert_or_update(connection, status_lines, key=("spreadsheet_id", "uid")), rows)
