"""How tables show, and how their columns follow when columns of the tab are inserted, deleted or moved."""

from __future__ import annotations

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book, Sheet, range_box
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.errors import Json
from sync.sandbox.google.grid import set_cell
from sync.sandbox.google.shows import show
from sync.sandbox.google.spans import Change, Deleted, follow_range, new_index


def show_table(book: Book, sheet: Sheet, table: Json) -> Json:
    """Write a table as answers do: with the name of each column as its header says it."""
    box = range_box(sheet, table["range"])
    columns = []
    for index, kept in enumerate(table["columns"]):
        value = cell_value(book, sheet, box.top, box.left + index)
        name = show(value, sheet.grid.look(box.top, box.left + index), book.locale) if value is not None else ""
        place = {"columnIndex": index} if index else {}
        columns.append(place | {"columnName": name or f"Column {index + 1}"} | kept)
    shown = {name: value for name, value in table.items() if name != "columns"}
    shown["range"] = {name: value for name, value in table["range"].items() if name != "sheetId" or value}
    return shown | {"columnProperties": columns}


def settle_headers(sheet: Sheet, box: Box) -> None:
    """Replace formulas that were written into the header of a table: by "Column" and the column's place in it."""
    for table in sheet.objects["tables"]:
        place = range_box(sheet, table["range"])
        if not box.top <= place.top < box.bottom:
            continue
        for column in range(max(box.left, place.left), min(box.right, place.right)):
            extra = sheet.grid.extra(place.top, column)
            if extra is not None and extra.formula is not None:
                set_cell(sheet.grid, (place.top, column), f"Column {column - place.left + 1}")


def band_of(table: Json) -> Json:
    """Write the alternating colours of a table as a banded range, which is known by the table's id."""
    rows = table.get("rowsProperties", {})
    names = {
        "headerColorStyle": "headerColorStyle",
        "firstBandColorStyle": "firstBandColorStyle",
        "secondBandColorStyle": "secondBandColorStyle",
        "footerColorStyle": "footerColorStyle",
    }
    colours = {name: rows[source] for name, source in names.items() if source in rows}
    place = {name: value for name, value in table["range"].items() if name != "sheetId" or value}
    return {"bandedRangeReference": table["tableId"], "range": place, "rowProperties": colours}


def follow_tables(sheet: Sheet, dimension: str, change: Change) -> None:
    """Let the tables of a tab follow; one whose header is gone is gone."""
    kept = []
    for table in sheet.objects["tables"]:
        place = follow_range(table["range"], dimension, change)
        if place is None or _header_gone(table["range"], dimension, change):
            continue
        changed = table | {"range": place}
        if dimension == "COLUMNS":
            changed["columns"] = _follow_columns(table, place, change)
        kept.append(changed)
    sheet.objects["tables"] = kept


def _header_gone(place: Json, dimension: str, change: Change) -> bool:
    if dimension != "ROWS" or not isinstance(change, Deleted):
        return False
    top: int = place["startRowIndex"]
    return change.start <= top < change.end


def _follow_columns(table: Json, place: Json, change: Change) -> list[Json]:
    old = table["range"]["startColumnIndex"]
    first, last = place["startColumnIndex"], place["endColumnIndex"]
    found: dict[int, Json] = {}
    for index, column in enumerate(table["columns"], start=old):
        at = new_index(index, change)
        if at is not None:
            found[at] = column
    return [found.get(index, {}) for index in range(first, last)]
