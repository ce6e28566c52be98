"""Batch requests that work on what cells say: trimming, splitting, pasting text, filling on, dropping duplicates."""

from __future__ import annotations

import csv
import io
import random
from typing import Any

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import check_cells
from sync.sandbox.google.book import Sheet, need_box, need_sheet
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.fill import fill_on
from sync.sandbox.google.grid import Value, row_has_data, set_cell
from sync.sandbox.google.lines import resize_columns
from sync.sandbox.google.requests_moves import Block, lift, need_inside, put_looks, put_values, reorder
from sync.sandbox.google.values import type_into

DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "PERIOD": ".", "SPACE": " "}


def trim_whitespace(desk: Desk, body: Json) -> Json:
    """Take blanks off both ends of texts, and leave one where there were several."""
    sheet, box = need_box(desk.book, body.get("range", {}))
    check_cells(desk.book, sheet, box, desk.caller)
    n_changed = 0
    for row in range(box.top, box.bottom):
        for column in range(box.left, box.right):
            value = sheet.grid.value(row, column)
            if isinstance(value, str) and (trimmed := " ".join(value.split())) != value:
                set_cell(sheet.grid, (row, column), trimmed or None)
                n_changed += 1
    return {"trimWhitespace": {"cellsChangedCount": n_changed} if n_changed else {}}


def delete_duplicates(desk: Desk, body: Json) -> Json:
    """Take out rows of a range that say what an earlier one says, without regard to case; those below move up."""
    sheet, box = need_box(desk.book, body.get("range", {}))
    check_cells(desk.book, sheet, box, desk.caller)
    columns = _compared(box, body.get("comparisonColumns", []))
    seen: set[Any] = set()
    kept = []
    for row in range(box.top, box.bottom):
        key = tuple(_folded(cell_value(desk.book, sheet, row, column)) for column in columns)
        if key not in seen:
            seen.add(key)
            kept.append(row - box.top)
    n_gone = box.bottom - box.top - len(kept)
    if n_gone:
        _keep_rows(sheet, box, kept, n_gone)
    return {"deleteDuplicates": {"duplicatesRemovedCount": n_gone} if n_gone else {}}


def _compared(box: Box, ranges: list[Json]) -> list[int]:
    columns = []
    for part in ranges:
        if part.get("dimension") != "COLUMNS":
            raise invalid("comparisonColumns must be ranges of columns.")
        start, end = part.get("startIndex", 0), part.get("endIndex", box.right)
        if start < box.left or end > box.right:
            raise invalid("comparisonColumns must be within the range.")
        columns += list(range(start, end))
    return columns or list(range(box.left, box.right))


def _folded(value: Value) -> Any:
    return value.casefold() if isinstance(value, str) else (type(value) is bool, value)


def _keep_rows(sheet: Sheet, box: Box, kept: list[int], n_gone: int) -> None:
    block = lift(sheet, box)
    gap: list[list[Any]] = [[None] * block.width for _ in range(n_gone)]
    left = Block(
        [block.values[row] for row in kept] + gap,
        [block.looks[row] for row in kept] + gap,
        [block.extras[row] for row in kept] + [{} for _ in range(n_gone)],
    )
    put_values(sheet, box.top, box.left, left)
    put_looks(sheet, (box.top, box.left), left, lambda _, new: new)


def randomize_range(desk: Desk, body: Json) -> Json:
    """Put the rows of a range into a random order."""
    sheet, box = need_box(desk.book, body.get("range", {}))
    check_cells(desk.book, sheet, box, desk.caller)
    order = list(range(box.top, box.bottom))
    random.shuffle(order)
    reorder(sheet, box, order)
    return {}


def text_to_columns(desk: Desk, body: Json) -> Json:
    """Split the texts of one column over the columns from there on, as if each part was typed."""
    sheet, box = need_box(desk.book, body.get("source", {}))
    if box.right - box.left != 1:
        raise invalid("source must be exactly one column wide.")
    delimiter = _delimiter(sheet, box, body)
    parts = {}
    for row in range(box.top, box.bottom):
        value = sheet.grid.value(row, box.left)
        if isinstance(value, str) and delimiter in value:
            parts[row] = (
                next(csv.reader([value], delimiter=delimiter)) if len(delimiter) == 1 else value.split(delimiter)
            )
    width = max(map(len, parts.values()), default=1)
    missing = box.left + width - sheet.grid.n_columns
    check_cells(desk.book, sheet, Box(box.top, box.bottom, box.left, box.left + width), desk.caller)
    if missing > 0:
        desk.book.check_cells(missing * sheet.grid.n_rows)
        resize_columns(sheet.grid, sheet.grid.n_columns + missing)
    for row, texts in parts.items():
        for column, text in enumerate(texts, start=box.left):
            type_into(sheet.grid, row, column, text, book=desk.book)
    return {}


def _delimiter(sheet: Sheet, box: Box, body: Json) -> str:
    kind = body.get("delimiterType", "DELIMITER_TYPE_UNSPECIFIED")
    if kind == "CUSTOM":
        custom: str = body.get("delimiter", "")
        if not custom:
            raise invalid("A delimiter must be specified when delimiterType is CUSTOM.")
        return custom
    if kind in DELIMITERS:
        return DELIMITERS[kind]
    if kind != "AUTODETECT":
        raise invalid("Must specify a delimiterType.")
    texts = [str(sheet.grid.value(row, box.left) or "") for row in range(box.top, box.bottom)]
    return max([",", ";", "\t", "|", " "], key=lambda mark: sum(text.count(mark) for text in texts))


def paste_data(desk: Desk, body: Json) -> Json:
    """Put delimited text into cells, as if typed."""
    if "html" in body:
        raise invalid("pasteData.html is not in the sandbox.")
    start = body.get("coordinate", {})
    sheet = need_sheet(desk.book, start.get("sheetId", 0))
    delimiter = body.get("delimiter") or "\t"
    if len(delimiter) != 1:
        raise invalid("delimiter must be exactly one character.")
    kind = body.get("type", "PASTE_NORMAL")
    if kind not in {"PASTE_NORMAL", "PASTE_VALUES", "PASTE_NO_BORDERS", "PASTE_FORMULA"}:
        return {}  # plain text has no formats and no validation to paste
    rows = list(csv.reader(io.StringIO(body.get("data", ""), newline=""), delimiter=delimiter))
    top, left = start.get("rowIndex", 0), start.get("columnIndex", 0)
    width = max((len(row) for row in rows), default=0)
    whole = Box(top, top + len(rows), left, left + width)
    need_inside(sheet, whole)
    check_cells(desk.book, sheet, whole, desk.caller)
    for row, texts in enumerate(rows, start=top):
        for column, text in enumerate(texts, start=left):
            type_into(sheet.grid, row, column, text, book=desk.book)
    return {}


def auto_fill(desk: Desk, body: Json) -> Json:
    """Go on with a series of cells."""
    alternate = body.get("useAlternateSeries", False)
    if "sourceAndDestination" in body:
        asked = body["sourceAndDestination"]
        sheet, source = need_box(desk.book, asked.get("source", {}), clip=False)
        by_rows, length = asked.get("dimension", "ROWS") != "COLUMNS", asked.get("fillLength", 0)
    else:
        sheet, box = need_box(desk.book, body.get("range", {}), clip=False)
        source, by_rows, length = _source_in(sheet, box)
    if not length:
        return {}
    target = _filled_box(source, by_rows=by_rows, length=length)
    if target.top < 0 or target.left < 0:
        raise invalid("Cannot fill beyond the start of the sheet.")
    need_inside(sheet, target)
    check_cells(desk.book, sheet, target, desk.caller)
    fill_on(desk.book, sheet, source, target, alternate=alternate)
    return {}


def _filled_box(source: Box, *, by_rows: bool, length: int) -> Box:
    if by_rows:
        first = source.bottom if length > 0 else source.top + length
        return Box(first, first + abs(length), source.left, source.right)
    first = source.right if length > 0 else source.left + length
    return Box(source.top, source.bottom, first, first + abs(length))


def _source_in(sheet: Sheet, box: Box) -> tuple[Box, bool, int]:
    """Return the filled cells at the start of a range, which way to go on, and how far."""
    rows = [row for row in range(box.top, box.bottom) if row_has_data(sheet.grid, row, box.left, box.right)]
    columns = [
        column
        for column in range(box.left, box.right)
        if any(row_has_data(sheet.grid, row, column, column + 1) for row in rows)
    ]
    if not rows:
        return box, True, 0
    source = Box(rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
    if source.bottom < box.bottom:
        return Box(source.top, source.bottom, box.left, box.right), True, box.bottom - source.bottom
    if source.right < box.right:
        return Box(box.top, box.bottom, source.left, source.right), False, box.right - source.right
    return source, True, 0
