"""Reading and writing rectangles of values, the core of all `values` methods. Made to be fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sync.sandbox.google.a1 import Box, column_name
from sync.sandbox.google.access import Caller, check_cells
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.errors import MAX_CELL_CHARACTERS, TOO_LONG, Json, invalid, proto_text
from sync.sandbox.google.formats import is_time, number_format
from sync.sandbox.google.formula_looks import look_of
from sync.sandbox.google.formulas import canonical
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
from sync.sandbox.google.parse import is_plain, read_text, read_typed
from sync.sandbox.google.shows import show, shower, writes_texts
from sync.sandbox.google.tables import settle_headers
from sync.sandbox.google.targets import Target

SAFE_DIGITS = 16
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
            return invalid(f"Invalid values[{index}][{column}]: {proto_text(value)}")
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
    if sheet.objects["tables"]:
        settle_headers(sheet, box)
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
    """Return how to write a row as if typed: what needs no second thought is written at once, the rest cell by cell."""
    grid, locale = sheet.grid, book.locale

    def store(index: int, left: int, row: list[Any]) -> int:
        looks = grid.looks[index]
        values: Row = []
        special: list[tuple[int, Any]] = []
        for column, value in enumerate(row, start=left):
            kind = value.__class__
            if kind is str:
                look = looks[column] if looks is not None and column < len(looks) else None
                if value == "":
                    values.append(None)
                    continue
                if look is None and is_plain(value, locale):
                    values.append(value)
                    continue
                if look is None and len(value) < SAFE_DIGITS and value.isdigit() and value.isascii():
                    values.append(int(value))
                    continue
                entered = read_text(value, locale, is_text(look))
                if entered.formula is not None or entered.format is not None:
                    special.append((column, value))
                values.append(entered.value)
            elif value is None:
                return _typed_gaps(grid, (index, left), row, book)
            else:
                values.append(tidy_number(value))
        set_row(grid, index, left, values)
        for column, value in special:
            type_into(grid, index, column, value, book=book)
        return len(row)

    return store


def _typed_gaps(grid: Grid, place: tuple[int, int], row: list[Any], book: Book) -> int:
    """Type a row with nulls, which leave their cells alone."""
    n = 0
    for column, value in enumerate(row, start=place[1]):
        if value is not None:
            type_into(grid, place[0], column, value, book=book)
            n += 1
    return n


def is_text(look: Look | None) -> bool:
    """Tell whether a look keeps everything as text."""
    chosen = number_format(look)
    return bool(chosen and chosen.get("type") == "TEXT")


def type_into(grid: Grid, row: int, column: int, value: Any, *, book: Book) -> None:
    """Put one value into a cell as if a person typed it."""
    if value == "" and isinstance(value, str):
        set_cell(grid, (row, column), None)
        return
    old = grid.look(row, column)
    chosen = number_format(old)
    entered = read_typed(value, locale=book.locale, plain_text=is_text(old))
    formula = entered.formula if entered.formula is None else canonical(book, entered.formula)
    set_cell(grid, (row, column), entered.value, formula)
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
    fast = _fast_converter(book, box, render, formatted_times)
    rows: Rows = []
    for index in range(box.top, box.bottom):
        stored = grid.cells[index]
        if grid.extras[index]:
            rows.append(_read_row(sheet, box, index, convert))
            continue
        row = stored[box.left : box.right] if stored is not None else []
        if row and row[-1] is None:
            while row and row[-1] is None:
                row.pop()
        if row:
            row = fast(grid.looks[index], row) if fast is not None else row
            if None in row:
                row = ["" if value is None else value for value in row]
        rows.append(row)
    while rows and not rows[-1]:
        rows.pop()
    return rows


Converter = Callable[[int, int], Value]
Fast = Callable[[Any, Row], Row]


def _fast_converter(book: Book, box: Box, render: str, formatted_times: bool) -> Fast | None:
    """Return how to read a row without formulas; None when stored values are the answer."""
    formatted = render == "FORMATTED_VALUE"
    if not formatted and not (formatted_times and render == "UNFORMATTED_VALUE"):
        return None
    known: dict[int, tuple[Any, list[Any], bool]] = {}
    usual = shower(None, book.locale)
    width = range(box.left, box.right)

    def showers(looks: Any) -> tuple[Any, list[Any], bool]:
        found = known.get(id(looks))
        if found is None:
            row = [looks[column] if looks is not None and column < len(looks) else None for column in width]
            made: list[Any] = [
                (shower(look, book.locale) if look else usual) if formatted or is_time(look) else None for look in row
            ]
            # the looks are kept beside what was made of them, so that their identity is not given to others
            found = known[id(looks)] = (looks, made, formatted and any(map(writes_texts, row)))
        return found

    def format_row(looks: Any, row: Row) -> Row:
        _, made, with_texts = showers(looks)
        if with_texts:
            return [None if value is None else shown(value) for value, shown in zip(row, made, strict=False)]
        return [
            value if value.__class__ is str or value is None else shown(value)
            for value, shown in zip(row, made, strict=False)
        ]

    if formatted:
        return format_row
    return lambda looks, row: [
        value if shown is None or value.__class__ in PLAIN_IN_TIMES else shown(value)
        for value, shown in zip(row, showers(looks)[1], strict=False)
    ]


PLAIN_IN_TIMES = {str, bool, type(None)}


def _read_row(sheet: Sheet, box: Box, index: int, convert: Converter) -> Row:
    stored, extras = sheet.grid.cells[index], sheet.grid.extras[index]
    end = max(len(stored or ()), max(extras or (-1,)) + 1)
    row = [convert(index, column) for column in range(box.left, min(box.right, end))]
    while row and row[-1] in (None, ""):
        row.pop()
    return ["" if value is None else value for value in row]


def _converter(book: Book, sheet: Sheet, render: str, formatted_times: bool) -> Converter:
    """Return how to read one cell."""
    grid = sheet.grid

    def formatted(row: int, column: int) -> Value:
        value = cell_value(book, sheet, row, column)
        return value if value is None else show(value, look_of(book, sheet, row, column), book.locale)

    def with_times(row: int, column: int) -> Value:
        value = cell_value(book, sheet, row, column)
        if value is None or isinstance(value, str | bool) or not is_time(look_of(book, sheet, row, column)):
            return value
        return show(value, look_of(book, sheet, row, column), book.locale)

    def formula(row: int, column: int) -> Value:
        extra = grid.extra(row, column)
        return extra.formula if extra and extra.formula is not None else cell_value(book, sheet, row, column)

    if render == "FORMATTED_VALUE":
        return formatted
    if render == "FORMULA":
        return formula
    return with_times if formatted_times else (lambda row, column: cell_value(book, sheet, row, column))


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
