"""The cells of one tab, stored by row so that rows can be inserted, deleted, moved and sorted cheaply.

Three lists run in parallel, one entry a row: values, looks (formats and validations), extras (formulas and notes). Row
entries are never changed in place: a write replaces the entry. That makes a copy one of three lists, and lets a batch
that may be refused note the few entries that it replaces, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.errors import Json

Scalar = str | int | float | bool
Value = Scalar | None
Row = list[Value]
MAX_EXACT_INTEGER = 2**53


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A format and a validation rule, shared by all cells that have the same."""

    format: Json
    validation: Json | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """What few cells have: a formula, a note, formats of stretches of their text, a pivot table anchored there.

    `shown` is what a pivot table shows in the cell: a value, and the look that it brings along.
    """

    formula: str | None = None
    note: str | None = None
    runs: tuple[Json, ...] = ()
    pivot: Json | None = None
    shown: tuple[Value, Look | None] | None = None

    @property
    def has_value(self) -> bool:
        """Whether the cell shows something that is no stored value."""
        return self.formula is not None or self.shown is not None or self.pivot is not None


Looks = tuple[Look | None, ...]
Lists = tuple[list[Row | None], list["Looks | None"], list[dict[int, Extra] | None]]
"""Values, looks and extras of some rows."""
MAX_NOTED_ROWS = 5_000  # to copy all lists costs less than to note more rows than this
_known_looks: dict[bytes, Look] = {}
_formula_rules: set[bytes] = set()  # those of them whose validation has a formula, which follows rows and columns


def make_look(cell_format: Json, validation: Json | None = None) -> Look | None:
    """Return the one shared look with this content; None when there is nothing to keep."""
    if not cell_format and not validation:
        return None
    key = orjson.dumps([cell_format, validation], option=orjson.OPT_SORT_KEYS)
    if validation and b'"=' in key:
        _formula_rules.add(key)
    return _known_looks.setdefault(key, Look(cell_format, validation))


def has_formula_rules() -> bool:
    """Tell whether any cell anywhere may have a validation that refers to cells; most worlds have none."""
    return bool(_formula_rules)


@dataclass(slots=True)
class Undo:
    """What a grid was before a batch: the entries replaced since, or all of it from the first large change on."""

    n_columns: int
    n_formulas: int
    steps: list[tuple[int, int, Lists]] = field(default_factory=list)
    whole: Lists | None = None


@dataclass(slots=True)
class Grid:
    """Values, looks and extras of `len(cells)` rows by `n_columns`. Stored rows may end before the grid does."""

    n_columns: int
    cells: list[Row | None] = field(default_factory=list)
    looks: list[Looks | None] = field(default_factory=list)
    extras: list[dict[int, Extra] | None] = field(default_factory=list)
    n_formulas: int = 0
    undo: Undo | None = None

    @property
    def n_rows(self) -> int:
        """How many rows the grid has."""
        return len(self.cells)

    def copy(self) -> Grid:
        """Return a snapshot that shares the rows."""
        return Grid(self.n_columns, self.cells[:], self.looks[:], self.extras[:], self.n_formulas)

    def value(self, row: int, column: int) -> Value:
        """Return the stored value of one cell, None when it is empty or holds a formula."""
        stored = self.cells[row]
        return stored[column] if stored is not None and column < len(stored) else None

    def look(self, row: int, column: int) -> Look | None:
        """Return format and validation of one cell."""
        looks = self.looks[row]
        return looks[column] if looks is not None and column < len(looks) else None

    def shown_look(self, row: int, column: int) -> Look | None:
        """Return the look by which a cell shows: its own, or what a pivot table brings when it has no format."""
        look, extra = self.look(row, column), self.extra(row, column)
        brought = extra.shown[1] if extra is not None and extra.shown is not None else None
        if brought is None or look is None:
            return look or brought
        return make_look(brought.format | look.format, look.validation)

    def extra(self, row: int, column: int) -> Extra | None:
        """Return formula and note of one cell."""
        extras = self.extras[row]
        return extras.get(column) if extras else None


def begin_undo(grid: Grid) -> Undo:
    """Note from now on what is replaced."""
    grid.undo = Undo(grid.n_columns, grid.n_formulas)
    return grid.undo


def put_back(grid: Grid, undo: Undo) -> None:
    """Make a grid what it was when `undo` began."""
    if undo.whole is not None:
        grid.cells, grid.looks, grid.extras = undo.whole
    for start, n_now, (cells, looks, extras) in reversed(undo.steps):
        end = start + n_now
        grid.cells[start:end], grid.looks[start:end], grid.extras[start:end] = cells, looks, extras
    grid.n_columns, grid.n_formulas, grid.undo = undo.n_columns, undo.n_formulas, None


def note_rows(grid: Grid, start: int, end: int, n_after: int | None = None) -> None:
    """Note rows that are about to change; `n_after` says how many will stand in their place, if not as many."""
    undo = grid.undo
    if undo is None or undo.whole is not None:
        return
    if end - start > MAX_NOTED_ROWS or len(undo.steps) > MAX_NOTED_ROWS:
        undo.whole = (grid.cells[:], grid.looks[:], grid.extras[:])
        return
    lists = (grid.cells[start:end], grid.looks[start:end], grid.extras[start:end])
    undo.steps.append((start, end - start if n_after is None else n_after, lists))


def note_all(grid: Grid) -> None:
    """Note that any row may change."""
    note_rows(grid, 0, grid.n_rows)


def new_grid(n_rows: int, n_columns: int) -> Grid:
    """Make an empty grid."""
    return Grid(n_columns, [None] * n_rows, [None] * n_rows, [None] * n_rows)


def set_cell(grid: Grid, place: tuple[int, int], value: Value, formula: str | None = None) -> None:
    """Give one cell a value or a formula; neither clears it. The note stays."""
    row, column = place
    set_row(grid, row, column, [value])
    old = grid.extra(row, column)
    if formula is not None:
        set_extra(grid, row, column, replace(old or Extra(), formula=formula))


def set_extra(grid: Grid, row: int, column: int, extra: Extra | None) -> None:
    """Replace formula and note of one cell."""
    note_rows(grid, row, row + 1)
    extras = dict(grid.extras[row] or {})
    old = extras.pop(column, None)
    grid.n_formulas += bool(extra and extra.formula) - bool(old and old.formula)
    if extra is not None and (extra.has_value or extra.note or extra.runs):
        extras[column] = extra
    grid.extras[row] = extras or None


def set_row(grid: Grid, row: int, left: int, values: Row) -> None:
    """Put values into one row from a column on. None empties a cell; formulas below go."""
    note_rows(grid, row, row + 1)
    old = grid.cells[row]
    right = left + len(values)
    if old is None or (left == 0 and right >= len(old)):
        new: Row = [None] * left + values if left else list(values)
    else:
        new = old + [None] * (left - len(old)) if left > len(old) else old[:]
        new[left:right] = values
    while new and new[-1] is None:
        new.pop()
    grid.cells[row] = new or None
    if grid.extras[row]:
        drop_formulas(grid, row, left, right)


def drop_formulas(grid: Grid, row: int, left: int, right: int) -> None:
    """Forget formulas, pivot tables, and formats of parts of texts, of a stretch of one row; notes stay."""
    for column, extra in list((grid.extras[row] or {}).items()):
        if left <= column < right and (extra.has_value or extra.runs):
            set_extra(grid, row, column, Extra(note=extra.note))


def clear_values(grid: Grid, box: Box) -> None:
    """Empty the cells of a rectangle; formats and notes stay."""
    for row in range(box.top, box.bottom):
        stored = grid.cells[row]
        if stored is not None and len(stored) > box.left:
            set_row(grid, row, box.left, [None] * (min(box.right, len(stored)) - box.left))
        if grid.extras[row]:
            drop_formulas(grid, row, box.left, box.right)


def change_looks(grid: Grid, box: Box, change: Callable[[Look | None], Look | None]) -> None:
    """Apply a change to the look of every cell of a rectangle. Rows with equal looks are worked out once."""
    note_rows(grid, box.top, box.bottom)
    known: dict[int, tuple[Looks | None, Looks | None]] = {}
    looks = grid.looks
    for row in range(box.top, box.bottom):
        old = looks[row]
        found = known.get(id(old))
        if found is None:
            found = (old, _changed(old, box, change))
            known[id(old)] = found
        looks[row] = found[1]


def _changed(old: Looks | None, box: Box, change: Callable[[Look | None], Look | None]) -> Looks | None:
    row = list(old or ()) + [None] * max(0, box.right - len(old or ()))
    for column in range(box.left, box.right):
        row[column] = change(row[column])
    while row and row[-1] is None:
        row.pop()
    return tuple(row) or None


def last_data_row(grid: Grid, left: int = 0, right: int | None = None, *, before: int | None = None) -> int:
    """Return the index after the last row with a value or a formula between two columns, and before a row."""
    for row in range((grid.n_rows if before is None else before) - 1, -1, -1):
        if row_has_data(grid, row, left, grid.n_columns if right is None else right):
            return row + 1
    return 0


def row_has_data(grid: Grid, row: int, left: int, right: int) -> bool:
    """Tell whether a stretch of one row shows anything."""
    stored, extras = grid.cells[row], grid.extras[row]
    if stored is not None and any(value is not None for value in stored[left:right]):
        return True
    return bool(extras) and any(left <= c < right and e.has_value for c, e in (extras or {}).items())


def has_data(grid: Grid, row: int, column: int) -> bool:
    """Tell whether one cell shows anything."""
    return row_has_data(grid, row, column, column + 1)


def tidy_number(value: Any) -> Scalar:
    """Return a number as the service keeps it: a double, written without a fraction when it has none."""
    if isinstance(value, float):
        if value.is_integer() and abs(value) <= MAX_EXACT_INTEGER:
            return int(value)
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_EXACT_INTEGER:
        return float(value)
    kept: Scalar = value
    return kept
