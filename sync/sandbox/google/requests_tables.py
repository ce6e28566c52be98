"""Batch requests on tables: a named range of rows with a header, whose columns have types.

The name of a column is what its header cell says. What is kept of a column is its type and its list of choices.
"""

from __future__ import annotations

from typing import Any

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import check_cells
from sync.sandbox.google.book import Book, Sheet, box_range, close_rect, grid_rect, need_sheet, range_box
from sync.sandbox.google.colours import eight_bits
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.grid import clear_values, set_cell
from sync.sandbox.google.lines import resize_rows
from sync.sandbox.google.masks import below, mask_paths, merge_update, update_mask, wants
from sync.sandbox.google.requests_objects import BANDED
from sync.sandbox.google.schema import check_update_mask
from sync.sandbox.google.tables import show_table

FILLED = {"BOOLEAN": False, "RATINGS_CHIP": 0}
NO_HEADER = "Table header row cell must have a value."


def add_table(desk: Desk, body: Json) -> Json:
    """Make a table of a range; header cells without a text get one."""
    new = body.get("table", {})
    sheet, box = _place(desk, new)
    name = new.get("name") or _free_name(desk.book)
    _check_name(desk.book, name, None)
    table_id = new.get("tableId") or str(desk.new_id())
    if find_table(desk.book, table_id) is not None:
        raise invalid(f"A table with id {table_id} already exists.")
    table: Json = {"tableId": table_id, "name": name, "range": box_range(sheet.sheet_id, box)}
    if "rowsProperties" in new:
        table["rowsProperties"] = eight_bits(new["rowsProperties"])
        _settle_footer(desk, sheet, table, had=False)
    columns = _columns(new.get("columnProperties", []), box)
    _write_headers(desk, sheet, box, columns, named=False)
    table["columns"] = _kept(columns, box)
    _fill_typed(sheet, box, table["columns"])
    sheet.objects["tables"].append(table)
    return {"addTable": {"table": show_table(desk.book, sheet, table)}}


def _place(desk: Desk, new: Json, own: Json | None = None) -> tuple[Sheet, Box]:
    if "range" not in new:
        raise invalid("Table must have a range.")
    sheet = need_sheet(desk.book, new["range"].get("sheetId", 0))
    box = close_rect(sheet, grid_rect(new["range"]), clip=False)
    if box.bottom - box.top < 2 or box.right <= box.left:
        raise invalid("A table must have a header row and at least one row below it.")
    check_cells(desk.book, sheet, box, desk.caller)
    for other in sheet.objects["tables"]:
        if other is not own and range_box(sheet, other["range"]).overlaps(box):
            raise invalid("A table cannot overlap another table.")
    if any(range_box(sheet, banding["range"]).overlaps(box) for banding in sheet.objects["bandedRanges"]):
        raise invalid(BANDED)
    return sheet, box


def has_footer(table: Json) -> bool:
    """Tell whether the last row of a table is a footer, which it is when it has a colour."""
    return "footerColorStyle" in table.get("rowsProperties", {})


def _settle_footer(desk: Desk, sheet: Sheet, table: Json, *, had: bool) -> None:
    """Let a table grow by a row for a new footer, or shrink by the row of one that is gone."""
    change = has_footer(table) - had
    bottom = table["range"]["endRowIndex"] + change
    if bottom > sheet.grid.n_rows:
        desk.book.check_cells(sheet.grid.n_columns)
        resize_rows(sheet.grid, bottom)
    table["range"] = table["range"] | {"endRowIndex": bottom}


def _free_name(book: Book) -> str:
    taken = {table["name"].casefold() for sheet in book.sheets for table in sheet.objects["tables"]}
    number = 1
    while f"table{number}" in taken:
        number += 1
    return f"Table{number}"


def _check_name(book: Book, name: str, own: Json | None) -> None:
    for sheet in book.sheets:
        for table in sheet.objects["tables"]:
            if table is not own and table["name"].casefold() == name.casefold():
                raise invalid(f'A table with the name "{name}" already exists. Please enter another name.')


def find_table(book: Book, table_id: str) -> tuple[Sheet, Json] | None:
    """Return a table and its tab."""
    for sheet in book.sheets:
        for table in sheet.objects["tables"]:
            if table["tableId"] == table_id:
                return sheet, table
    return None


def need_table(book: Book, table_id: Any) -> tuple[Sheet, Json]:
    """Return a table and its tab, or refuse."""
    found = find_table(book, table_id)
    if found is None:
        raise invalid(f"No table with id: {table_id}")
    return found


def _columns(sent: list[Json], box: Box) -> dict[int, Json]:
    columns: dict[int, Json] = {}
    for column in sent:
        index = column.get("columnIndex", 0)
        if not 0 <= index < box.right - box.left:
            raise invalid(f"Table column index {index} is outside the table.")
        if index in columns:
            raise invalid(f"Table column index {index} is given twice.")
        condition = column.get("dataValidationRule", {}).get("condition")
        if column.get("columnType") == "DROPDOWN":
            if not condition:
                raise invalid("Condition must be set for dropdown column type.")
            if condition.get("type") != "ONE_OF_LIST" or not condition.get("values"):
                raise invalid("The condition of a dropdown column must be ONE_OF_LIST with values.")
        elif condition:
            raise invalid("Cannot set condition for non-dropdown column type.")
        columns[index] = column
    return columns


def _write_headers(desk: Desk, sheet: Sheet, box: Box, columns: dict[int, Json], *, named: bool) -> None:
    """Write the names of columns into the header; `named` refuses an entry without one."""
    seen: set[str] = set()
    n_unnamed = 0
    for index in range(box.right - box.left):
        place = (box.top, box.left + index)
        sent = columns.get(index, {}).get("columnName")
        if named and index in columns and not sent:
            raise invalid(NO_HEADER)
        value = cell_value(desk.book, sheet, *place)
        extra = sheet.grid.extra(*place)
        text = sent or (value if isinstance(value, str) and not (extra and extra.formula) else "")
        if not text or (index in columns and not sent):
            n_unnamed += 1
            text = f"Column {n_unnamed}"
        while text.casefold() in seen:
            n_unnamed += 1
            text = f"Column {n_unnamed}"
        seen.add(text.casefold())
        if value != text:
            set_cell(sheet.grid, place, text)


def _kept(columns: dict[int, Json], box: Box) -> list[Json]:
    names = ("columnType", "dataValidationRule")
    kept = []
    for index in range(box.right - box.left):
        column = columns.get(index, {})
        kept.append({name: column[name] for name in names if column.get(name) not in (None, "COLUMN_TYPE_UNSPECIFIED")})
    return kept


def _fill_typed(sheet: Sheet, box: Box, columns: list[Json]) -> None:
    """Give cells of checkbox and rating columns that hold something else the empty value of the type."""
    for index, column in enumerate(columns):
        empty = FILLED.get(column.get("columnType", ""))
        if empty is None:
            continue
        for row in range(box.top + 1, box.bottom):
            if type(sheet.grid.value(row, box.left + index)) is not type(empty):
                set_cell(sheet.grid, (row, box.left + index), empty)


def update_table(desk: Desk, body: Json) -> Json:
    """Change a table. Columns are replaced whole: those that are not sent lose their types."""
    mask = update_mask(body.get("fields"), root="table")
    check_update_mask(mask_paths(mask), "Table")
    new = body.get("table", {})
    sheet, table = need_table(desk.book, new.get("tableId"))
    changed = dict(table)
    if wants(mask, "name") and new.get("name"):
        _check_name(desk.book, new["name"], table)
        changed["name"] = new["name"]
    if wants(mask, "range") and "range" in new:
        other, box = _place(desk, new, own=table)
        if other is not sheet:
            raise invalid("A table cannot move to another sheet.")
        changed["range"] = box_range(sheet.sheet_id, box)
        changed["columns"] = (table["columns"] + [{}] * (box.right - box.left))[: box.right - box.left]
    if wants(mask, "rowsProperties"):
        rows = merge_update(
            table.get("rowsProperties", {}), new.get("rowsProperties", {}), below(mask, "rowsProperties")
        )
        changed["rowsProperties"] = eight_bits(rows)
        _settle_footer(desk, sheet, changed, had=has_footer(table))
        if not rows:
            del changed["rowsProperties"]
    box = range_box(sheet, changed["range"])
    if wants(mask, "columnProperties") and (mask or "columnProperties" in new):
        columns = _columns(new.get("columnProperties", []), box)
        _write_headers(desk, sheet, box, columns, named=True)
        changed["columns"] = _kept(columns, box)
        _fill_typed(sheet, box, changed["columns"])
    tables = sheet.objects["tables"]
    tables[tables.index(table)] = changed
    return {}


def delete_table(desk: Desk, body: Json) -> Json:
    """Remove a table with what its cells say, and what conditional rules say of them."""
    sheet, table = need_table(desk.book, body.get("tableId"))
    box = range_box(sheet, table["range"])
    check_cells(desk.book, sheet, box, desk.caller)
    clear_values(sheet.grid, box)
    _forget_rules(sheet, box)
    sheet.objects["tables"] = [other for other in sheet.objects["tables"] if other is not table]
    return {}


def _forget_rules(sheet: Sheet, box: Box) -> None:
    """Take the cells of a table out of conditional rules; a rule that is left with none is gone."""
    kept = []
    for rule in sheet.objects["conditionalFormats"]:
        ranges = [part for part in rule["ranges"] if not box.contains(range_box(sheet, part))]
        if ranges:
            kept.append(rule if len(ranges) == len(rule["ranges"]) else rule | {"ranges": ranges})
    sheet.objects["conditionalFormats"] = kept
