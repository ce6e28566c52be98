"""Where `values.append` puts rows: below the table that it finds in a range."""

from __future__ import annotations

from typing import Any

from sync.sandbox.google.a1 import Box, Rect
from sync.sandbox.google.access import Caller, check_insert
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.grid import row_has_data
from sync.sandbox.google.lines import resize_rows
from sync.sandbox.google.requests_lines import add_lines
from sync.sandbox.google.spans import Inserted
from sync.sandbox.google.targets import Target
from sync.sandbox.google.values import Planned, plan_write, transpose


def place_rows(
    at: tuple[Book, Caller], target: Target, rows: list[list[Any]], *, insert: bool, by_columns: bool
) -> tuple[Box | None, Planned]:
    """Find the table, make room below it, and plan the write. Return the table, if one was found, and the plan."""
    book, caller = at
    if by_columns:
        rows = transpose(rows)
    sheet, box = target.sheet, target.to_read()
    table = find_table(sheet, box)
    top, left = (box.top, box.left) if table is None else (table.bottom, table.left)
    width = max((len(row) for row in rows), default=0)
    plan_columns(sheet, left, width, top)
    if insert and rows and top < sheet.grid.n_rows:
        check_insert(book, sheet, ("ROWS", top), caller)
        add_lines(Desk(book, caller), sheet, "ROWS", Inserted(top, len(rows)), look_of=top - 1 if top else None)
    missing = top + len(rows) - sheet.grid.n_rows
    if missing > 0:
        book.check_cells(missing * sheet.grid.n_columns)
        resize_rows(sheet.grid, sheet.grid.n_rows + missing)
    origin = Target(sheet, Rect(top, top + max(1, len(rows)), left, left + max(1, width)))
    return table, plan_write(origin, rows, by_columns=False)


def plan_columns(sheet: Sheet, left: int, width: int, top: int) -> None:
    """Refuse rows that run past the last column: appending never adds columns (a guess)."""
    if left + width > sheet.grid.n_columns:
        plan_write(Target(sheet, Rect(min(top, sheet.grid.n_rows - 1), None, left, left + width)), [], by_columns=False)


def find_table(sheet: Sheet, box: Box) -> Box | None:
    """Return the last table that touches a rectangle: a block of cells with nothing but blanks around it.

    A place of blanks inside a table belongs to the table; one beside it does not.
    """
    seed = _last_filled(sheet, box)
    if seed is not None:
        return _block(sheet, *seed)
    grid = sheet.grid
    wider = Box(max(0, box.top - 1), min(grid.n_rows, box.bottom + 1), max(0, box.left - 1), box.right + 1)
    seed = _last_filled(sheet, wider)
    around = _block(sheet, *seed) if seed is not None else None
    return around if around is not None and around.overlaps(box) else None


def _block(sheet: Sheet, row: int, column: int) -> Box:
    top, bottom, left, right = row, row + 1, column, column + 1
    grid = sheet.grid
    grown = True
    while grown:
        grown = False
        wide_left, wide_right = max(0, left - 1), min(grid.n_columns, right + 1)
        while top > 0 and row_has_data(grid, top - 1, wide_left, wide_right):
            top, grown = top - 1, True
        while bottom < grid.n_rows and row_has_data(grid, bottom, wide_left, wide_right):
            bottom, grown = bottom + 1, True
        tall = range(max(0, top - 1), min(grid.n_rows, bottom + 1))
        if left > 0 and any(row_has_data(grid, index, left - 1, left) for index in tall):
            left, grown = left - 1, True
        if right < grid.n_columns and any(row_has_data(grid, index, right, right + 1) for index in tall):
            right, grown = right + 1, True
    return Box(top, bottom, left, right)


def _last_filled(sheet: Sheet, box: Box) -> tuple[int, int] | None:
    for row in range(box.bottom - 1, box.top - 1, -1):
        if row_has_data(sheet.grid, row, box.left, box.right):
            for column in range(box.right - 1, box.left - 1, -1):
                if row_has_data(sheet.grid, row, column, column + 1):
                    return row, column
    return None
