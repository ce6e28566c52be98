"""Batch requests that write cells."""

from __future__ import annotations

import re

from sync.sandbox.google.a1 import Box, Rect
from sync.sandbox.google.access import check_cells, check_insert
from sync.sandbox.google.book import Sheet, close_rect, need_box, need_sheet, outside, range_box
from sync.sandbox.google.cells import check_cell, read_entered, write_cell, write_look
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.formulas import canonical, shift_formula
from sync.sandbox.google.grid import last_data_row, set_cell, set_row
from sync.sandbox.google.lines import resize_rows
from sync.sandbox.google.masks import Mask, mask_paths, update_mask, wants
from sync.sandbox.google.pivots import checked_pivot
from sync.sandbox.google.requests_lines import add_lines
from sync.sandbox.google.requests_tables import has_footer, need_table
from sync.sandbox.google.schema import check_update_mask
from sync.sandbox.google.shows import show
from sync.sandbox.google.spans import Inserted
from sync.sandbox.google.tables import settle_headers
from sync.sandbox.google.values import type_into


def cell_mask(text: str | None, root: str = "") -> Mask:
    """Read and check the `fields` of a request on cells."""
    mask = update_mask(text, root=root)
    check_update_mask(mask_paths(mask), "CellData")
    return mask


def update_cells(desk: Desk, body: Json) -> Json:
    """Write cells, from a start or over a range; what a range has beyond the sent rows is cleared."""
    mask = cell_mask(body.get("fields"))
    rows = _sent_rows(desk, body)
    if "range" in body:
        sheet, box = need_box(desk.book, body["range"])
        _check_size(box, rows)
        check_cells(desk.book, sheet, box, desk.caller)
        _fill_range(sheet, box, rows, mask)
        settle_headers(sheet, box)
        return {}
    start = body.get("start")
    if start is None:
        raise invalid("Must specify either start or range.")
    sheet = need_sheet(desk.book, start.get("sheetId", 0))
    top, left = start.get("rowIndex", 0), start.get("columnIndex", 0)
    width = max((len(row) for row in rows), default=0)
    box = Box(top, top + len(rows), left, left + width)
    _check_start(sheet, box)
    check_cells(desk.book, sheet, box, desk.caller)
    put_cells(sheet, (top, left), rows, mask)
    settle_headers(sheet, box)
    return {}


def _sent_rows(desk: Desk, body: Json) -> list[list[Json]]:
    rows: list[list[Json]] = [row.get("values", []) for row in body.get("rows", [])]
    for row in rows:
        for cell in row:
            tidy(desk, cell)
    return rows


def tidy(desk: Desk, cell: Json) -> None:
    """Bring formula and pivot table of a CellData into the form in which they are kept."""
    if "pivotTable" in cell:
        cell["pivotTable"] = checked_pivot(desk.book, cell["pivotTable"])
    entered = cell.get("userEnteredValue", {})
    if "formulaValue" in entered:
        entered["formulaValue"] = canonical(desk.book, entered["formulaValue"])


def _check_start(sheet: Sheet, box: Box) -> None:
    grid = sheet.grid
    if box.top >= grid.n_rows or box.left >= grid.n_columns:
        raise outside(sheet, Rect(box.top, box.top + 1, box.left, box.left + 1))
    if box.right > grid.n_columns:
        raise invalid(
            f"Attempting to write column: {grid.n_columns}, beyond the last requested column of: {grid.n_columns - 1}"
        )
    if box.bottom > grid.n_rows:
        raise invalid(f"Attempting to write row: {grid.n_rows}, beyond the last requested row of: {grid.n_rows - 1}")


def _check_size(box: Box, rows: list[list[Json]]) -> None:
    width = max((len(row) for row in rows), default=0)
    if len(rows) > box.bottom - box.top:
        raise invalid(f"Attempting to write row: {box.bottom}, beyond the last requested row of: {box.bottom - 1}")
    if width > box.right - box.left:
        raise invalid(f"Attempting to write column: {box.right}, beyond the last requested column of: {box.right - 1}")


def _fill_range(sheet: Sheet, box: Box, rows: list[list[Json]], mask: Mask) -> None:
    """Write what was sent, clear the rest of the range: whole stretches at once, as these can be large."""
    put_cells(sheet, (box.top, box.left), rows, mask)
    for offset, row in enumerate(rows):
        _clear(sheet, Box(box.top + offset, box.top + offset + 1, box.left + len(row), box.right), mask)
    _clear(sheet, Box(box.top + len(rows), box.bottom, box.left, box.right), mask)


def _clear(sheet: Sheet, box: Box, mask: Mask) -> None:
    if box.empty:
        return
    grid = sheet.grid
    for row in range(box.top, box.bottom):
        if wants(mask, "userEnteredValue") and (grid.cells[row] or grid.extras[row]):
            set_row(grid, row, box.left, [None] * (box.right - box.left))
        sparse: Mask = {name: {} for name in ("note", "textFormatRuns", "pivotTable") if wants(mask, name)}
        if sparse and grid.extras[row]:
            for column in [index for index in grid.extras[row] or {} if box.left <= index < box.right]:
                write_cell(sheet, (row, column), {}, sparse)
    if wants(mask, "userEnteredFormat") or wants(mask, "dataValidation"):
        write_look(grid, box, {}, mask)


def put_cells(sheet: Sheet, place: tuple[int, int], rows: list[list[Json]], mask: Mask) -> None:
    """Write CellData row by row; rows may differ in length."""
    top, left = place
    for row, cells in enumerate(rows, start=top):
        for column, cell in enumerate(cells, start=left):
            write_cell(sheet, (row, column), cell, mask)


def append_cells(desk: Desk, body: Json) -> Json:
    """Write rows after the last row with data; rows are added to the grid, columns are not."""
    mask = cell_mask(body.get("fields"))
    rows = _sent_rows(desk, body)
    if "tableId" in body:
        return _append_to_table(desk, body["tableId"], rows, mask)
    sheet = need_sheet(desk.book, body.get("sheetId", 0))
    top, width = last_data_row(sheet.grid), max((len(row) for row in rows), default=0)
    if width > sheet.grid.n_columns:
        last = sheet.grid.n_columns
        raise invalid(f"Attempting to write column: {last}, beyond the last requested column of: {last - 1}")
    missing = top + len(rows) - sheet.grid.n_rows
    if missing > 0:
        desk.book.check_cells(missing * sheet.grid.n_columns)
        resize_rows(sheet.grid, sheet.grid.n_rows + missing)
    check_cells(desk.book, sheet, Box(top, top + len(rows), 0, width), desk.caller)
    put_cells(sheet, (top, 0), rows, mask)
    return {}


def _append_to_table(desk: Desk, table_id: str, rows: list[list[Json]], mask: Mask) -> Json:
    """Write rows after the last filled row of a table; the table grows, and pushes down what is below."""
    sheet, table = need_table(desk.book, table_id)
    box = range_box(sheet, table["range"])
    box = Box(box.top, box.bottom - has_footer(table), box.left, box.right)
    width = max((len(row) for row in rows), default=0)
    if width > box.right - box.left:
        raise invalid(f"Attempting to write column: {box.right}, beyond the last requested column of: {box.right - 1}")
    top = max(box.top + 1, min(box.bottom, last_data_row(sheet.grid, box.left, box.right, before=box.bottom)))
    missing = top + len(rows) - box.bottom
    if missing > 0:
        desk.book.check_cells(missing * sheet.grid.n_columns)
        check_insert(desk.book, sheet, ("ROWS", box.bottom), desk.caller)
        add_lines(desk, sheet, "ROWS", Inserted(box.bottom, missing), look_of=box.bottom - 1)
        table = need_table(desk.book, table_id)[1]
        table["range"]["endRowIndex"] = box.bottom + missing + has_footer(table)
    check_cells(desk.book, sheet, Box(top, top + len(rows), box.left, box.right), desk.caller)
    put_cells(sheet, (top, box.left), rows, mask)
    return {}


def repeat_cell(desk: Desk, body: Json) -> Json:
    """Give every cell of a range the same fields; formulas are shifted as if copied."""
    mask = cell_mask(body.get("fields"), root="cell")
    sheet, box = need_box(desk.book, body.get("range", {}))
    check_cells(desk.book, sheet, box, desk.caller)
    if box.empty:
        return {}
    cell = body.get("cell", {})
    tidy(desk, cell)
    check_cell(cell, mask)
    write_look(sheet.grid, box, cell, mask)
    if wants(mask, "userEnteredValue"):
        _repeat_value(sheet, box, cell)
    sparse: Mask = {name: {} for name in ("note", "textFormatRuns", "pivotTable") if wants(mask, name)}
    for row in range(box.top, box.bottom):
        if sparse and (sheet.grid.extras[row] or any(name in cell for name in sparse)):
            for column in range(box.left, box.right):
                write_cell(sheet, (row, column), cell, sparse)
    return {}


def _repeat_value(sheet: Sheet, box: Box, cell: Json) -> None:
    value, formula = read_entered(cell.get("userEnteredValue", {}))
    for row in range(box.top, box.bottom):
        if formula is None:
            set_row(sheet.grid, row, box.left, [value] * (box.right - box.left))
            continue
        for column in range(box.left, box.right):
            shifted = shift_formula(formula, row - box.top, column - box.left)
            set_cell(sheet.grid, (row, column), None, shifted)


def find_replace(desk: Desk, body: Json) -> Json:
    """Replace text in cells; formulas only when asked."""
    places = _places(desk, body)
    pattern = _pattern(body)
    replacement = _java_replacement(body.get("replacement", "")) if body.get("searchByRegex") else None
    try:
        pattern.sub(replacement or "", "")
    except (re.error, IndexError):
        raise invalid(f"Invalid replacement: {body.get('replacement', '')}") from None
    counts = dict.fromkeys(
        ("valuesChanged", "formulasChanged", "rowsChanged", "sheetsChanged", "occurrencesChanged"), 0
    )
    for sheet, box in places:
        check_cells(desk.book, sheet, box, desk.caller)
        rows = 0
        for row in range(box.top, box.bottom):
            changed = [
                _replace(desk, sheet, (row, column), (pattern, replacement, body, counts))
                for column in range(box.left, box.right)
                if sheet.grid.cells[row] or sheet.grid.extras[row]
            ]
            rows += any(changed)
        counts["rowsChanged"] += rows
        counts["sheetsChanged"] += bool(rows)
    return {"findReplace": {name: count for name, count in counts.items() if count}}


def _java_replacement(text: str) -> str:
    """Return a replacement of Java, with `$1` for groups and a backslash before literal signs, as Python reads it."""

    def part(found: re.Match[str]) -> str:
        literal, group, plain = found.groups()
        return f"\\g<{group}>" if group else "\\\\" if (literal or plain) == "\\" else literal or plain

    return re.sub(r"\\(.)|\$(\d)|(.)", part, text, flags=re.DOTALL)


def _places(desk: Desk, body: Json) -> list[tuple[Sheet, Box]]:
    if body.get("allSheets"):
        return [(sheet, sheet.box) for sheet in desk.book.sheets]
    if "range" in body:
        return [need_box(desk.book, body["range"])]
    if "sheetId" not in body:
        raise invalid("Must specify one of range, sheetId or allSheets.")
    sheet = need_sheet(desk.book, body["sheetId"])
    return [(sheet, close_rect(sheet, Rect(0, None, 0, None), clip=True))]


def _pattern(body: Json) -> re.Pattern[str]:
    text = body.get("find", "")
    if not text:
        raise invalid("Must specify a non-empty find.")
    try:
        source = text if body.get("searchByRegex") else re.escape(text)
        source = rf"\A(?:{source})\Z" if body.get("matchEntireCell") else source
        return re.compile(source, 0 if body.get("matchCase") else re.IGNORECASE)
    except re.error:
        raise invalid(f"Invalid regular expression: {text}") from None


Search = tuple[re.Pattern[str], str | None, Json, dict[str, int]]


def _replace(desk: Desk, sheet: Sheet, place: tuple[int, int], search: Search) -> bool:
    pattern, replacement, body, counts = search
    grid, (row, column) = sheet.grid, place
    extra, value = grid.extra(row, column), grid.value(row, column)
    formula = extra.formula if extra else None
    if formula is not None and not body.get("includeFormulas"):
        return False
    text = (
        formula
        if formula is not None
        else ("" if value is None else show(value, grid.look(row, column), desk.book.locale))
    )
    plain = body.get("replacement", "")
    new, n = pattern.subn(replacement if replacement is not None else lambda _: plain, text)
    if not n:
        return False
    type_into(grid, row, column, new, book=desk.book)
    counts["formulasChanged" if formula is not None else "valuesChanged"] += 1
    counts["occurrencesChanged"] += n
    return True
