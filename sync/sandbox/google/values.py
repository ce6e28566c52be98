"""Reading and writing rectangles of values, the core of all `values` methods. Made to be fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sync.sandbox.google.a1 import Box, column_name
from sync.sandbox.google.access import Caller, check_cells
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.errors import MAX_CELL_CHARACTERS, TOO_LONG, Json, invalid
from sync.sandbox.google.formats import is_time, number_format, show
from sync.sandbox.google.grid import (
    Grid,
    Look,
    Row,
    Value,
    change_looks,
    clear_values,
    make_look,
    set_cell,
    set_row,
    tidy_number,
)
from sync.sandbox.google.parse import read_typed
from sync.sandbox.google.targets import Target

PLAIN = {str, int, float, bool, type(None)}
Rows = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """Where a write went and what it touched."""

    target: Target
    box: Box
    rows: set[int]
    columns: set[int]
    n_cells: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A write that was checked and can no longer fail."""

    target: Target
    box: Box
    rows: Rows


def transpose(rows: Rows) -> Rows:
    """Turn columns into rows; missing cells become null, which means untouched."""
    width = max((len(row) for row in rows), default=0)
    return [[row[index] if index < len(row) else None for row in rows] for index in range(width)]


def plan_write(target: Target, rows: Rows, *, by_columns: bool) -> Planned:
    """Check that data fits its place and that its cells are acceptable."""
    if by_columns:
        rows = transpose(rows)
    _check_rows(rows)
    box, bound = target.to_read(), target.bound()
    height, width = len(rows), max((len(row) for row in rows), default=0)
    if not target.is_origin:
        if width > bound.right - bound.left:
            raise _beyond_range(target, bound, f"column [{column_name(bound.right)}]")
        if height > bound.bottom - bound.top:
            raise _beyond_range(target, bound, f"row [{bound.bottom + 1}]")
    data = Box(box.top, box.top + height, box.left, box.left + width)
    if data.bottom > target.sheet.grid.n_rows or data.right > target.sheet.grid.n_columns:
        raise _beyond_grid(target, data)
    return Planned(target, box if data.empty else data, rows)


def _beyond_range(target: Target, box: Box, where: str) -> Exception:
    return invalid(f"Requested writing within range [{target.text(box)}], but tried writing to {where}")


def _beyond_grid(target: Target, data: Box) -> Exception:
    grid = target.sheet.grid
    size = f"Max rows: {grid.n_rows}, max columns: {grid.n_columns}"
    return invalid(f"Range ({target.text(data)}) exceeds grid limits. {size}")


def _check_rows(rows: Rows) -> None:
    for index, row in enumerate(rows):
        kinds = set(map(type, row))
        if not kinds <= PLAIN:
            raise _bad_cell(index, row)
        if str in kinds:
            for value in row:
                if (
                    type(value) is str
                    and len(value) > MAX_CELL_CHARACTERS // 2
                    and utf16_length(value) > MAX_CELL_CHARACTERS
                ):
                    raise invalid(TOO_LONG)


def utf16_length(text: str) -> int:
    """Count characters as the service does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _bad_cell(index: int, row: list[Any]) -> Exception:
    for column, value in enumerate(row):
        if type(value) not in PLAIN:
            kind = "list_value" if isinstance(value, list) else "struct_value"
            return invalid(f"Invalid values[{index}][{column}]: {kind} {{\n}}\n")
    return invalid("Invalid values")


def write(book: Book, planned: Planned, *, typed: bool, caller: Caller) -> Written:
    """Carry out a planned write, RAW or as if typed."""
    sheet, box = planned.target.sheet, planned.box
    check_cells(book, sheet, box, caller)
    store = _typed_row(book, sheet) if typed else _raw_row(sheet.grid)
    touched, columns, n_cells = set(), _Columns(), 0
    for offset, row in enumerate(planned.rows):
        if not row:
            continue
        n = store(box.top + offset, box.left, row)
        if n:
            touched.add(box.top + offset)
            columns.note(row, n)
            n_cells += n
    book.touch()
    return Written(planned.target, box, touched, columns.indexes(box.left), n_cells)


class _Columns:
    """Collects which columns were touched, cheaply for rows without gaps."""

    def __init__(self) -> None:
        self.width = 0
        self.loose: set[int] = set()

    def note(self, row: list[Any], n: int) -> None:
        if n == len(row):
            self.width = max(self.width, n)
        else:
            self.loose.update(index for index, value in enumerate(row) if value is not None)

    def indexes(self, left: int) -> set[int]:
        return {left + index for index in self.loose.union(range(self.width))}


def _raw_row(grid: Grid) -> Callable[[int, int, list[Any]], int]:
    def store(index: int, left: int, row: list[Any]) -> int:
        kinds = set(map(type, row))
        if kinds != {str}:
            if type(None) in kinds:
                return _store_gaps(grid, index, left, row)
            row = [value if type(value) is str else tidy_number(value) for value in row]
        set_row(grid, index, left, [None if value == "" else value for value in row] if "" in row else row)
        return len(row)

    return store


def _store_gaps(grid: Grid, index: int, left: int, row: list[Any]) -> int:
    """Write the stretches between nulls, so that formulas below nulls stay."""
    n = start = 0
    for column in range(len(row) + 1):
        if column == len(row) or row[column] is None:
            if column > start:
                stretch: Row = [None if value == "" else tidy_number(value) for value in row[start:column]]
                set_row(grid, index, left + start, stretch)
                n += column - start
            start = column + 1
    return n


def _typed_row(book: Book, sheet: Sheet) -> Callable[[int, int, list[Any]], int]:
    def store(index: int, left: int, row: list[Any]) -> int:
        n = 0
        for column, value in enumerate(row, start=left):
            if value is not None:
                type_into(sheet.grid, index, column, value, locale=book.locale)
                n += 1
        return n

    return store


def type_into(grid: Grid, row: int, column: int, value: Any, *, locale: str) -> None:
    """Put one value into a cell as if a person typed it."""
    if value == "" and isinstance(value, str):
        set_cell(grid, (row, column), None)
        return
    old = grid.look(row, column)
    chosen = number_format(old)
    entered = read_typed(value, locale=locale, plain_text=bool(chosen and chosen.get("type") == "TEXT"))
    set_cell(grid, (row, column), entered.value, entered.formula)
    if entered.format is not None and _replaces(chosen, entered.format):
        added = entered.format
        change_looks(grid, Box(row, row + 1, column, column + 1), lambda look: _with_format(look, added))


def _replaces(old: Json | None, entered: Json) -> bool:
    """Tell whether a typed format takes the place of an old one: not when both are of one type (a guess)."""
    new = entered.get("numberFormat")
    return new is None or old is None or old.get("type") != new["type"]


def _with_format(look: Look | None, added: dict[str, Any]) -> Look | None:
    return make_look((look.format if look else {}) | added, look.validation if look else None)


def clear(book: Book, target: Target, caller: Caller) -> Box:
    """Empty a place; formats stay. Return what was cleared."""
    box = target.to_read()
    check_cells(book, target.sheet, box, caller)
    clear_values(target.sheet.grid, box)
    book.touch()
    return box


def read(book: Book, sheet: Sheet, box: Box, *, render: str, formatted_times: bool) -> Rows:
    """Read a rectangle; empty cells and rows at the ends are cut."""
    grid = sheet.grid
    convert = _converter(book, sheet, render, formatted_times)
    rows: Rows = []
    for index in range(box.top, box.bottom):
        stored = grid.cells[index]
        if grid.extras[index] or (stored is not None and convert is not None):
            rows.append(_read_row(sheet, box, index, convert or _unformatted(book, sheet)))
            continue
        row = stored[box.left : box.right] if stored is not None else []
        if None in row:
            row = _filled(row)
        rows.append(row)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _filled(row: Row) -> Row:
    while row and row[-1] is None:
        row.pop()
    return ["" if value is None else value for value in row]


Converter = Callable[[int, int], Value]


def _read_row(sheet: Sheet, box: Box, index: int, convert: Converter) -> Row:
    stored, extras = sheet.grid.cells[index], sheet.grid.extras[index]
    end = max(len(stored or ()), max(extras or (-1,)) + 1)
    row = [convert(index, column) for column in range(box.left, min(box.right, end))]
    while row and row[-1] in (None, ""):
        row.pop()
    return ["" if value is None else value for value in row]


def _unformatted(book: Book, sheet: Sheet) -> Converter:
    return lambda row, column: cell_value(book, sheet, row, column)


def _converter(book: Book, sheet: Sheet, render: str, formatted_times: bool) -> Converter | None:
    """Return how to read one cell; None when stored values are the answer, formulas apart."""
    grid = sheet.grid

    def formatted(row: int, column: int) -> Value:
        value = cell_value(book, sheet, row, column)
        return value if value is None or type(value) is str else show(value, grid.look(row, column))

    def with_times(row: int, column: int) -> Value:
        value = cell_value(book, sheet, row, column)
        if value is None or isinstance(value, str | bool) or not is_time(grid.look(row, column)):
            return value
        return show(value, grid.look(row, column))

    def formula(row: int, column: int) -> Value:
        extra = grid.extra(row, column)
        return extra.formula if extra and extra.formula is not None else grid.value(row, column)

    if render == "FORMATTED_VALUE":
        return formatted
    if render == "FORMULA":
        return formula
    return with_times if formatted_times else None


def cut_columns(rows: Rows) -> Rows:
    """Turn rows into columns, empty cells and columns at the ends cut."""
    width = max((len(row) for row in rows), default=0)
    columns: Rows = []
    for index in range(width):
        column = [row[index] if index < len(row) else "" for row in rows]
        while column and column[-1] == "":
            column.pop()
        columns.append(column)
    while columns and not columns[-1]:
        columns.pop()
    return columns
