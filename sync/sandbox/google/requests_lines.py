"""Batch requests on rows and columns."""

from __future__ import annotations

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import check_cells, check_insert
from sync.sandbox.google.book import Sheet, check_columns, need_sheet
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.follow import follow_everything
from sync.sandbox.google.lines import insert_columns, insert_rows, move_columns, move_rows, resize_columns, resize_rows
from sync.sandbox.google.masks import mask_paths, merge_update, update_mask
from sync.sandbox.google.requests_sheets import cut_lines
from sync.sandbox.google.schema import check_update_mask
from sync.sandbox.google.shows import show
from sync.sandbox.google.spans import Deleted, Inserted, Moved
from sync.sandbox.google.view import COLUMN_PIXELS, ROW_PIXELS
from sync.sandbox.google.widths import text_pixels


def need_lines(desk: Desk, lines: Json, *, bounded: bool = False) -> tuple[Sheet, str, int, int]:
    """Return tab, dimension, start and end of a DimensionRange in a request; open ends reach the grid's."""
    sheet = need_sheet(desk.book, lines.get("sheetId", 0))
    dimension = lines.get("dimension")
    if dimension not in {"ROWS", "COLUMNS"}:
        raise invalid("Must specify a dimension.")
    start, end = lines.get("startIndex"), lines.get("endIndex")
    if bounded and (start is None or end is None):
        raise invalid("range must be bounded: both startIndex and endIndex are needed.")
    count = sheet.count(dimension)
    start, end = start or 0, count if end is None else end
    if start < 0:
        raise invalid(f"startIndex[{start}] must not be negative.")
    if end < start or (end == start and bounded):
        raise invalid(f"endIndex[{end}] must be after startIndex[{start}]")
    return sheet, dimension, start, end


def insert_dimension(desk: Desk, body: Json) -> Json:
    """Insert rows or columns. Beyond the grid is refused: see the guesses."""
    sheet, dimension, start, end = need_lines(desk, body.get("range", {}), bounded=True)
    before = body.get("inheritFromBefore", False)
    total = sheet.count(dimension)
    if before and start == 0:
        raise invalid("inheritFromBefore cannot be true if inserting at index 0.")
    if start > total:
        raise invalid(f"range.startIndex is larger than current grid size ({total})")
    if start == total and not before:
        raise invalid(f"range.startIndex must be less than the grid size ({total}) if inheritFromBefore is false.")
    check_insert(desk.book, sheet, (dimension, start), desk.caller)
    look_of = start - 1 if before else start
    add_lines(desk, sheet, dimension, Inserted(start, end - start), look_of=look_of)
    return {}


def add_lines(desk: Desk, sheet: Sheet, dimension: str, new: Inserted, *, look_of: int | None) -> None:
    """Insert rows or columns with all that follows from it."""
    at, count = new.at, new.count
    grid, other = sheet.grid, "COLUMNS" if dimension == "ROWS" else "ROWS"
    desk.book.check_cells(count * sheet.count(other))
    if dimension == "COLUMNS":
        check_columns(grid.n_columns + count)
    old_size = sheet.sizes(dimension).get(look_of) if look_of is not None else None
    (insert_rows if dimension == "ROWS" else insert_columns)(grid, at, count, look_of=look_of)
    follow_everything(desk.book, sheet, dimension, new)
    frozen = "frozenRowCount" if dimension == "ROWS" else "frozenColumnCount"
    if at < sheet.grid_properties.get(frozen, 0):
        sheet.grid_properties[frozen] += count
    if old_size:
        sheet.sizes(dimension).update({index: dict(old_size) for index in range(at, at + count)})


def append_dimension(desk: Desk, body: Json) -> Json:
    """Add rows or columns at the end, without formats."""
    sheet = need_sheet(desk.book, body.get("sheetId", 0))
    dimension, length = body.get("dimension"), body.get("length", 0)
    if dimension not in {"ROWS", "COLUMNS"}:
        raise invalid("Must specify a dimension.")
    if length < 1:
        raise invalid("length must be greater than 0.")
    grid = sheet.grid
    desk.book.check_cells(length * (grid.n_columns if dimension == "ROWS" else grid.n_rows))
    if dimension == "ROWS":
        resize_rows(grid, grid.n_rows + length)
    else:
        check_columns(grid.n_columns + length)
        resize_columns(grid, grid.n_columns + length)
    return {}


def delete_dimension(desk: Desk, body: Json) -> Json:
    """Delete rows or columns."""
    sheet, dimension, start, end = need_lines(desk, body.get("range", {}))
    total = sheet.count(dimension)
    if start >= total:
        raise invalid(
            f"Cannot delete a {dimension[:-1].lower()} that doesn't exist. Tried to delete {dimension[:-1].lower()} "
            f"index {start} but there are only {total} {dimension.lower()}."
        )
    if end > total:
        raise invalid(
            f"Cannot delete a {dimension[:-1].lower()} that doesn't exist. Tried to delete {dimension[:-1].lower()} "
            f"index {end - 1} but there are only {total} {dimension.lower()}."
        )
    if end > start:
        cut_lines(desk, sheet, dimension, Deleted(start, end))
    return {}


def move_dimension(desk: Desk, body: Json) -> Json:
    """Move rows or columns; the destination counts before they leave their place."""
    sheet, dimension, start, end = need_lines(desk, body.get("source", {}))
    to, total = body.get("destinationIndex", 0), sheet.count(dimension)
    if to > total:
        raise invalid(f"destinationIndex[{to}] is after last {dimension[:-1].lower()}[{total}]")
    if end > total:
        raise invalid(f"source[{start}-{end}] is outside the grid.")
    if start <= to <= end:
        raise invalid(f"destinationIndex[{to}] must be outside the requested range[{start}-{end}]")
    first, last = min(start, to), max(end, to)
    grid = sheet.grid
    box = Box(first, last, 0, grid.n_columns) if dimension == "ROWS" else Box(0, grid.n_rows, first, last)
    check_cells(desk.book, sheet, box, desk.caller)
    (move_rows if dimension == "ROWS" else move_columns)(grid, start, end, to)
    follow_everything(desk.book, sheet, dimension, Moved(start, end, to))
    return {}


def update_dimension_properties(desk: Desk, body: Json) -> Json:
    """Set size or visibility of rows or columns."""
    mask = update_mask(body.get("fields"), root="properties")
    check_update_mask(mask_paths(mask), "DimensionProperties")
    sheet, dimension, start, end = need_lines(desk, body.get("range", {}))
    if end > sheet.count(dimension):
        raise invalid(f"range[{start}-{end}] is outside the grid.")
    if "developerMetadata" in mask:
        raise invalid("Developer metadata cannot be set with updateDimensionProperties.")
    if body.get("properties", {}).get("pixelSize", 1) < 1:
        raise invalid("pixelSize must be greater than 0.")
    sizes = sheet.sizes(dimension)
    for index in range(start, end):
        size = merge_update(sizes.get(index, {}), body.get("properties", {}), mask)
        kept = {name: value for name, value in size.items() if value is not False}
        sizes.pop(index, None)
        if kept:
            sizes[index] = kept
    return {}


def auto_resize_dimensions(desk: Desk, body: Json) -> Json:
    """Fit columns to their texts; rows go back to the usual height."""
    sheet, dimension, start, end = need_lines(desk, body.get("dimensions", {}))
    if end > sheet.count(dimension):
        raise invalid(f"dimensions[{start}-{end}] is outside the grid.")
    sizes = sheet.sizes(dimension)
    for index in range(start, end):
        pixels = ROW_PIXELS if dimension == "ROWS" else _column_pixels(sheet, index)
        sizes[index] = sizes.get(index, {}) | {"pixelSize": pixels}
    return {}


def _column_pixels(sheet: Sheet, column: int) -> int:
    grid = sheet.grid
    widest = 0
    for index, row in enumerate(grid.cells):
        value = row[column] if row is not None and column < len(row) else None
        if value is not None:
            widest = max(widest, text_pixels(show(value, grid.look(index, column))))
    return widest or COLUMN_PIXELS
