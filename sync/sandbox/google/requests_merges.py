"""Batch requests that merge cells, and undo it."""

from __future__ import annotations

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import check_cells
from sync.sandbox.google.book import Sheet, box_range, need_box, range_box
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.grid import set_row


def merge_cells(desk: Desk, body: Json) -> Json:
    """Merge cells; only the value at the top left of each merge stays."""
    sheet, box = need_box(desk.book, body.get("range", {}), clip=False)
    check_cells(desk.book, sheet, box, desk.caller)
    kind = body.get("mergeType", "MERGE_ALL")
    parts = [box]
    if kind == "MERGE_COLUMNS":
        parts = [Box(box.top, box.bottom, column, column + 1) for column in range(box.left, box.right)]
    elif kind == "MERGE_ROWS":
        parts = [Box(row, row + 1, box.left, box.right) for row in range(box.top, box.bottom)]
    for part in parts:
        _check_frozen(sheet, part)
    remove_merges(sheet, box)
    for part in parts:
        if (part.bottom - part.top) * (part.right - part.left) > 1:
            sheet.objects["merges"].append(box_range(sheet.sheet_id, part))
            _keep_first(sheet, part)
    return {}


def _check_frozen(sheet: Sheet, box: Box) -> None:
    rows, columns = (sheet.grid_properties.get(name, 0) for name in ("frozenRowCount", "frozenColumnCount"))
    for start, edge, end, lines in ((box.top, rows, box.bottom, "rows"), (box.left, columns, box.right, "columns")):
        if start < edge < end:
            raise invalid(f"You can't merge frozen and non-frozen {lines}.")


def _keep_first(sheet: Sheet, box: Box) -> None:
    for row in range(box.top, box.bottom):
        left = box.left + (row == box.top)
        set_row(sheet.grid, row, left, [None] * (box.right - left))


def unmerge_cells(desk: Desk, body: Json) -> Json:
    """Undo the merges inside a range."""
    sheet, box = need_box(desk.book, body.get("range", {}))
    check_cells(desk.book, sheet, box, desk.caller)
    remove_merges(sheet, box)
    return {}


def remove_merges(sheet: Sheet, box: Box) -> None:
    """Undo the merges inside a rectangle; refuse one that it cuts through."""
    kept = []
    for merge in sheet.objects["merges"]:
        old = range_box(sheet, merge)
        if old.overlaps(box) and not box.contains(old):
            raise invalid("You must select all cells in a merged range to merge or unmerge them.")
        if not old.overlaps(box):
            kept.append(merge)
    sheet.objects["merges"] = kept
