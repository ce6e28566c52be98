"""Batch requests that move or copy cells: sorting, pasting, shifting, merging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sync.sandbox.google.a1 import Box, Rect
from sync.sandbox.google.access import check_cells
from sync.sandbox.google.book import Sheet, need_box, outside
from sync.sandbox.google.compute import ERRORS, cell_value
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.formulas import shift_formula
from sync.sandbox.google.grid import Extra, Look, Value, change_looks, note_rows, set_extra, set_row


@dataclass(frozen=True, slots=True)
class Block:
    """Cells lifted out of a rectangle, row by row."""

    values: list[list[Value]]
    looks: list[list[Look | None]]
    extras: list[dict[int, Extra]]

    @property
    def height(self) -> int:
        """How many rows."""
        return len(self.values)

    @property
    def width(self) -> int:
        """How many columns."""
        return len(self.values[0]) if self.values else 0

    @property
    def has_pivot(self) -> bool:
        """Whether a pivot table is anchored in it."""
        return any(extra.pivot is not None for row in self.extras for extra in row.values())


def lift(sheet: Sheet, box: Box) -> Block:
    """Copy the cells of a rectangle."""
    grid, columns = sheet.grid, range(box.left, box.right)
    rows = range(box.top, box.bottom)
    extras = [
        {column - box.left: extra for column, extra in (grid.extras[row] or {}).items() if column in columns}
        for row in rows
    ]
    return Block(
        [[grid.value(row, column) for column in columns] for row in rows],
        [[grid.look(row, column) for column in columns] for row in rows],
        [{column: replace(extra, shown=None) for column, extra in found.items()} for found in extras],
    )


def lift_shown(sheet: Sheet, box: Box) -> Block:
    """Copy the cells of a rectangle, and what pivot tables show there as plain values."""
    block = lift(sheet, box)
    for row, values in enumerate(block.values):
        for column, extra in (sheet.grid.extras[box.top + row] or {}).items():
            if extra.shown is not None and box.left <= column < box.right:
                values[column - box.left] = extra.shown[0]
                block.extras[row][column - box.left] = replace(extra, shown=None, pivot=None)
    return block


def put_values(sheet: Sheet, top: int, left: int, block: Block, *, shift: tuple[int, int] = (0, 0)) -> None:
    """Write values, formulas and notes of a block; formulas read as if copied by `shift`."""
    for offset in range(block.height):
        row = top + offset
        set_row(sheet.grid, row, left, block.values[offset])
        for column in range(block.width):
            extra = block.extras[offset].get(column)
            old = sheet.grid.extra(row, left + column)
            if extra is not None and extra.formula is not None:
                extra = replace(extra, formula=shift_formula(extra.formula, *shift))
            if extra is not None or old is not None:
                set_extra(sheet.grid, row, left + column, extra)


def put_looks(
    sheet: Sheet, place: tuple[int, int], block: Block, keep: Callable[[Look | None, Look | None], Any]
) -> None:
    """Write the looks of a block; `keep(old, new)` decides what of both stays."""
    top, left = place
    for offset in range(block.height):
        for column in range(block.width):
            new = block.looks[offset][column]
            old = sheet.grid.look(top + offset, left + column)
            chosen = keep(old, new)
            if chosen is not old:
                row, at = top + offset, left + column
                change_looks(sheet.grid, Box(row, row + 1, at, at + 1), lambda _, look=chosen: look)  # type: ignore[misc]


def sort_range(desk: Desk, body: Json) -> Json:
    """Sort rows; formats, notes and formulas go along, metadata does not. Empty cells come last either way."""
    book = desk.book
    sheet, box = need_box(book, body.get("range", {}))
    check_cells(book, sheet, box, desk.caller)
    order = list(range(box.top, box.bottom))
    for spec in reversed(body.get("sortSpecs", [])):
        column = spec.get("dimensionIndex", 0)
        if not box.left <= column < box.right:
            raise invalid(f"sortSpec.dimensionIndex[{column}] must be within the range.")
        descending = spec.get("sortOrder") == "DESCENDING"
        values = {row: cell_value(book, sheet, row, column) for row in order}
        broken = {row for row in order if is_broken(sheet, (row, column), values[row])}
        filled = [row for row in order if values[row] is not None]
        blank = [row for row in order if values[row] is None]
        filled.sort(key=lambda row: (row in broken, sort_key(values[row])), reverse=descending)
        order = filled + blank
    reorder(sheet, box, order)
    return {}


def is_broken(sheet: Sheet, place: tuple[int, int], value: Value) -> bool:
    """Tell whether a cell shows an error, which is no text: only formulas and pivot tables do."""
    extra = sheet.grid.extra(*place)
    return extra is not None and extra.has_value and value in ERRORS


def sort_key(value: Value) -> tuple[int, float, str]:
    """Order cells as a person sees it: numbers, then texts without regard to case, then booleans."""
    if isinstance(value, bool):
        return 2, float(value), ""
    if isinstance(value, str):
        return 1, 0.0, value.casefold()
    return 0, float(value or 0), ""


def reorder(sheet: Sheet, box: Box, order: list[int]) -> None:
    """Put the rows of a rectangle into another order: values, formats, notes and formulas."""
    grid = sheet.grid
    if box.left == 0 and box.right == grid.n_columns:
        moved_formulas = grid.n_formulas
        note_rows(grid, box.top, box.bottom)
        grid.cells[box.top : box.bottom] = [grid.cells[row] for row in order]
        grid.looks[box.top : box.bottom] = [grid.looks[row] for row in order]
        grid.extras[box.top : box.bottom] = [grid.extras[row] for row in order]
        if moved_formulas:
            _shift_sorted(sheet, box, order)
        return
    block = lift(sheet, box)
    places = [row - box.top for row in order]
    block = Block(*([part[place] for place in places] for part in (block.values, block.looks, block.extras)))  # type: ignore[arg-type]
    put_values(sheet, box.top, box.left, block)
    put_looks(sheet, (box.top, box.left), block, lambda _, new: new)
    _shift_sorted(sheet, box, order)


def _shift_sorted(sheet: Sheet, box: Box, order: list[int]) -> None:
    for row, source in enumerate(order, start=box.top):
        for column, extra in list((sheet.grid.extras[row] or {}).items()):
            if extra.formula is not None and row != source and box.left <= column < box.right:
                followed = shift_formula(extra.formula, row - source, 0)
                set_extra(sheet.grid, row, column, replace(extra, formula=followed))


def insert_range(desk: Desk, body: Json) -> Json:
    """Insert empty cells, shifting others down or right; what is pushed out of the grid must be empty."""
    sheet, box, by_rows = _shift_box(desk, body)
    rest = (
        Box(box.top, sheet.grid.n_rows, box.left, box.right)
        if by_rows
        else Box(box.top, box.bottom, box.left, sheet.grid.n_columns)
    )
    check_cells(desk.book, sheet, rest, desk.caller)
    count = box.bottom - box.top if by_rows else box.right - box.left
    _slide(sheet, rest, count, by_rows=by_rows)
    return {}


def delete_range(desk: Desk, body: Json) -> Json:
    """Delete cells, pulling others up or left."""
    sheet, box, by_rows = _shift_box(desk, body)
    rest = (
        Box(box.top, sheet.grid.n_rows, box.left, box.right)
        if by_rows
        else Box(box.top, box.bottom, box.left, sheet.grid.n_columns)
    )
    check_cells(desk.book, sheet, rest, desk.caller)
    count = box.bottom - box.top if by_rows else box.right - box.left
    _slide(sheet, rest, -count, by_rows=by_rows)
    return {}


def _shift_box(desk: Desk, body: Json) -> tuple[Sheet, Box, bool]:
    sheet, box = need_box(desk.book, body.get("range", {}))
    dimension = body.get("shiftDimension")
    if dimension not in {"ROWS", "COLUMNS"}:
        raise invalid("Must specify a shiftDimension.")
    return sheet, box, dimension == "ROWS"


def _slide(sheet: Sheet, rest: Box, count: int, *, by_rows: bool) -> None:
    """Shift the cells of a strip by `count`, away from its start or towards it."""
    block = lift(sheet, rest)
    values, looks, extras = block.values, block.looks, block.extras
    if by_rows:
        n = abs(count)
        gap: list[Any] = [[None] * block.width for _ in range(n)]
        holes: list[dict[int, Extra]] = [{} for _ in range(n)]
        if count > 0:
            _need_empty(values[-n:])
            moved = Block((gap + values)[:-n], (gap + looks)[:-n], (holes + extras)[:-n])
        else:
            moved = Block(values[n:] + gap, looks[n:] + gap, extras[n:] + holes)
    else:
        if count > 0:
            _need_empty([row[-count:] for row in values])
        moved = Block(
            [_slid(row, count) for row in values],
            [_slid(row, count) for row in looks],
            [_slid_extras(row, count, block.width) for row in extras],
        )
    put_values(sheet, rest.top, rest.left, moved)
    put_looks(sheet, (rest.top, rest.left), moved, lambda _, new: new)


def _need_empty(rows: list[list[Value]]) -> None:
    if any(value is not None for row in rows for value in row):
        raise invalid("Inserting this range would push data off the sheet.")


def _slid(row: list[Any], count: int) -> list[Any]:
    return [None] * count + row[:-count] if count > 0 else row[-count:] + [None] * -count


def _slid_extras(extras: dict[int, Extra], count: int, width: int) -> dict[int, Extra]:
    moved = {column + count: extra for column, extra in extras.items() if count > 0 or column >= -count}
    return {column: extra for column, extra in moved.items() if column < width}


def need_inside(sheet: Sheet, box: Box) -> None:
    """Refuse a rectangle that reaches beyond the grid."""
    if box.bottom > sheet.grid.n_rows or box.right > sheet.grid.n_columns:
        raise outside(sheet, Rect(box.top, box.bottom, box.left, box.right))
