"""Rows that leave a tab: the batch that takes them out also lays them down whole in a hidden tab, the tray. Pure.

A delete by row number cannot be made safe against a sort in the same instant. So nothing is deleted for good until the
tray was read: rows that were meant go on from there (`emptying.py`), any other goes back. Copy and delete are one
atomic batch, and so are what becomes of the tray and its end, so that none of it can happen twice or by halves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

from sync.destination.book import COLUMN_KEY, TRAY_KEY
from sync.destination.change import Run, TabChange, runs_of

Request = dict[str, Any]
SLACK_COLUMNS = 8  # for columns that people insert between our look and the batch


def tray_id(uid: str) -> int:
    """Return the id of the tray of a tab: always the same, so that a second one is refused."""
    return int.from_bytes(blake2b(f"tray {uid}".encode(), digest_size=4).digest(), "big") % (2**31 - 1)


def make_leave(change: TabChange) -> Iterator[Request]:
    """Yield what lays the leaving rows into a new tray, those with something beside them first, and takes them out.

    The header comes first: it tells if people moved columns in the meantime. To the right of the whole rows stand, as
    bare values, the cells of people's columns: what their formulas show; and in the last column where each row stood.
    """
    spot = change.spot
    n_columns = spot.n_columns + len(change.new_columns)
    theirs = runs_of(set(range(n_columns)) - set(spot.indexes))
    tray, left = tray_id(change.shape.uid), n_columns + SLACK_COLUMNS
    width = left + sum(end - start for start, end in theirs) + 1
    grid = {"rowCount": len(change.leaving) + 1, "columnCount": width}
    title = f"Rows on their way out of {change.shape.title}"[:100]
    properties = {"sheetId": tray, "title": title, "hidden": True, "gridProperties": grid}
    yield {"addSheet": {"properties": properties}}
    yield tag({"sheetId": tray}, TRAY_KEY, change.shape.uid)
    for column, index in zip(change.shape.columns, spot.indexes, strict=True):
        place = {"sheetId": tray, "dimension": "COLUMNS", "startIndex": index, "endIndex": index + 1}
        yield tag({"dimensionRange": place}, COLUMN_KEY, column.name)
    yield _paste_rows(spot.sheet_id, (spot.header_row, spot.header_row + 1), tray, 0)
    runs = _in_order(change)
    origins = [{"values": [{"userEnteredValue": {"numberValue": row}}]} for run in runs for row in range(*run)]
    last = {"sheetId": tray, "rowIndex": 1, "columnIndex": width - 1}
    yield {"updateCells": {"start": last, "rows": origins, "fields": "userEnteredValue"}}
    at = 1
    for rows in runs:
        yield _paste_rows(spot.sheet_id, rows, tray, at)
        to = left
        for start, end in theirs:
            source = box(spot.sheet_id, rows, (start, end))
            yield paste(source, box(tray, (at, at + rows[1] - rows[0]), (to, to + end - start)), "PASTE_VALUES")
            to += end - start
        at += rows[1] - rows[0]
    for start, end in reversed(runs_of(change.leave_rows)):
        place = {"sheetId": spot.sheet_id, "dimension": "ROWS", "startIndex": start, "endIndex": end}
        yield {"deleteDimension": {"range": place}}


def _paste_rows(sheet_id: int, rows: Run, tray: int, at: int) -> Request:
    """Copy rows in whatever width they have by then; named by its first cell, the destination takes them all."""
    source = {"sheetId": sheet_id, "startRowIndex": rows[0], "endRowIndex": rows[1]}
    return paste(source, box(tray, (at, at + 1), (0, 1)), "PASTE_NORMAL")


def _in_order(change: TabChange) -> Sequence[Run]:
    return [
        *runs_of(row for row in change.leave_rows if row in change.annotated),
        *runs_of(row for row in change.leave_rows if row not in change.annotated),
    ]


def tag(location: dict[str, Any], key: str, value: str) -> Request:
    """Tag a tab, row or column."""
    metadata = {"metadataKey": key, "metadataValue": value, "location": location, "visibility": "DOCUMENT"}
    return {"createDeveloperMetadata": {"developerMetadata": metadata}}


def box(sheet_id: int, rows: Run, columns: Run) -> dict[str, int]:
    """Name a rectangle of cells."""
    return {
        "sheetId": sheet_id,
        "startRowIndex": rows[0],
        "endRowIndex": rows[1],
        "startColumnIndex": columns[0],
        "endColumnIndex": columns[1],
    }


def paste(source: dict[str, int], destination: dict[str, int], kind: str) -> Request:
    """Copy cells."""
    return {"copyPaste": {"source": source, "destination": destination, "pasteType": kind}}
