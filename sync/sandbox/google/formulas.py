"""References in formulas: found, followed when rows and columns move, and shifted when a formula is copied."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from sync.sandbox.google.a1 import Box, column_index, column_name, quote_title
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.grid import set_extra
from sync.sandbox.google.spans import Change, new_span

CORNER = r"\$?[A-Za-z]{1,3}\$?[1-9]\d*"
REFERENCE = re.compile(
    r'"(?:[^"]|"")*"'
    r"|(?P<title>'(?:[^']|'')*'!|[A-Za-z_][\w.]*!)?"
    rf"(?P<cells>{CORNER}(?::(?:{CORNER}|\$?[A-Za-z]{{1,3}}(?![A-Za-z\d])|\$?[1-9]\d*))?"
    r"|\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}(?![\w(])|\$?[1-9]\d*:\$?[1-9]\d*)(?![\w(])"
)
PART = re.compile(r"(\$?)([A-Za-z]{1,3})?(\$?)([1-9]\d*)?\Z")
GONE = "#REF!"


@dataclass(frozen=True, slots=True)
class Corner:
    """One end of a reference; a missing row or column is open. `$` marks what copying leaves alone."""

    column: int | None
    row: int | None
    fixed_column: bool
    fixed_row: bool

    def text(self) -> str:
        """Write it back."""
        column = "" if self.column is None else ("$" if self.fixed_column else "") + column_name(self.column)
        row = "" if self.row is None else ("$" if self.fixed_row else "") + str(self.row + 1)
        return column + row


def read_corner(text: str) -> Corner:
    """Read `$A$1`, `A` or `1`."""
    found = PART.match(text)
    if found is None:
        raise ValueError(text)
    mark, letters, row_mark, digits = found.groups()
    if letters is None:
        return Corner(None, int(digits) - 1, False, bool(mark or row_mark))
    return Corner(column_index(letters), int(digits) - 1 if digits else None, bool(mark), bool(row_mark))


def title_of(reference: str) -> str:
    """Return the tab title in front of a reference, unquoted."""
    text = reference[:-1]
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def rewrite(formula: str, change: Callable[[str | None, str], str]) -> str:
    """Replace every reference by what `change(title with mark or None, cells)` returns."""

    def each(found: re.Match[str]) -> str:
        cells = found.group("cells")
        if cells is None:
            return found.group(0)
        return change(found.group("title"), cells)

    return REFERENCE.sub(each, formula)


def canonical(book: Book, formula: str) -> str:
    """Return a formula as it is kept when it is entered: references in capitals, in order, titles as they are."""

    def reference(title: str | None, cells: str) -> str:
        found = book.find_title(title_of(title)) if title else None
        return (quote_title(found.title) + "!" if found else title or "") + _in_order(cells)

    return rewrite(formula, reference)


def _in_order(cells: str) -> str:
    corners = [read_corner(part) for part in cells.split(":")]
    first, last = corners[0], corners[-1]
    if None not in {first.row, last.row} and (first.row or 0) > (last.row or 0):
        first, last = (
            replace(first, row=last.row, fixed_row=last.fixed_row),
            replace(last, row=first.row, fixed_row=first.fixed_row),
        )
    if None not in {first.column, last.column} and (first.column or 0) > (last.column or 0):
        first, last = (
            replace(first, column=last.column, fixed_column=last.fixed_column),
            replace(last, column=first.column, fixed_column=first.fixed_column),
        )
    single = len(corners) == 1 or (first == last and None not in {first.row, first.column})
    return first.text() if single else f"{first.text()}:{last.text()}"


def follow_formulas(book: Book, changed: Sheet, dimension: str, change: Change) -> None:
    """Let every formula of a spreadsheet follow lines that were inserted, deleted or moved in one tab."""
    _each_formula(book, lambda sheet, formula: followed_formula(book, sheet, formula, (changed, dimension, change)))


def followed_formula(book: Book, sheet: Sheet, formula: str, what: tuple[Sheet, str, Change]) -> str:
    """Return a formula of one tab as it reads after lines of a tab were inserted, deleted or moved."""
    changed, dimension, change = what

    def reference(title: str | None, cells: str) -> str:
        target = book.find_title(title_of(title)) if title else sheet
        if target is not changed:
            return (title or "") + cells
        followed = _followed(cells, dimension, change)
        return followed if followed == GONE else (title or "") + followed

    return rewrite(formula, reference)


def follow_title(book: Book, old: str, new: str) -> None:
    """Let every formula of a spreadsheet follow a tab that was renamed."""

    def reference(title: str | None, cells: str) -> str:
        if title and title_of(title).casefold() == old.casefold():
            return quote_title(new) + "!" + cells
        return (title or "") + cells

    _each_formula(book, lambda _, formula: rewrite(formula, reference))


def follow_cut(book: Book, source: tuple[Sheet, Box], target: tuple[Sheet, Box]) -> None:
    """Let formulas that refer to nothing but cells which were cut refer to where these are now."""
    (old, box), (new, place) = source, target
    rows, columns = place.top - box.top, place.left - box.left

    def change(owner: Sheet, formula: str) -> str:
        def reference(title: str | None, cells: str) -> str:
            meant = book.find_title(title_of(title)) if title else owner
            corners = [read_corner(part) for part in cells.split(":")]
            if meant is not old or not all(_inside(corner, box) for corner in corners):
                return (title or "") + cells
            moved = [replace(one, row=(one.row or 0) + rows, column=(one.column or 0) + columns) for one in corners]
            mark = title or "" if new is old else "" if new is owner else quote_title(new.title) + "!"
            return mark + ":".join(corner.text() for corner in moved)

        return rewrite(formula, reference)

    _each_formula(book, change)


def _inside(corner: Corner, box: Box) -> bool:
    if corner.row is None or corner.column is None:
        return False
    return box.top <= corner.row < box.bottom and box.left <= corner.column < box.right


def _each_formula(book: Book, change: Callable[[Sheet, str], str]) -> None:
    for sheet in book.sheets:
        if not sheet.grid.n_formulas:
            continue
        for row, extras in enumerate(sheet.grid.extras):
            for column, extra in list((extras or {}).items()):
                if extra.formula is not None:
                    set_extra(sheet.grid, row, column, replace(extra, formula=change(sheet, extra.formula)))


def _followed(cells: str, dimension: str, change: Change) -> str:
    first_text, colon, last_text = cells.partition(":")
    first = read_corner(first_text)
    last = read_corner(last_text) if colon else first
    name = "row" if dimension == "ROWS" else "column"
    start, end = getattr(first, name), getattr(last, name)
    if start is None and end is None:
        return cells
    span = new_span(start or 0, None if end is None else end + 1, change)
    if span is None:
        return GONE
    if start is not None:
        first = _placed(first, name, span[0])
    if span[1] is not None:
        last = _placed(last, name, span[1] - 1)
    return first.text() + (colon + last.text() if colon else "")


def _placed(corner: Corner, name: str, index: int) -> Corner:
    return replace(corner, row=index) if name == "row" else replace(corner, column=index)


def shift_formula(formula: str, rows: int, columns: int) -> str:
    """Return a formula as it reads when copied this many rows down and columns to the right."""

    def reference(title: str | None, cells: str) -> str:
        corners = [_shifted(read_corner(part), rows, columns) for part in cells.split(":")]
        if None in corners:
            return GONE
        return (title or "") + ":".join(corner.text() for corner in corners if corner)

    return rewrite(formula, reference) if rows or columns else formula


def _shifted(corner: Corner, rows: int, columns: int) -> Corner | None:
    row, column = corner.row, corner.column
    if row is not None and not corner.fixed_row:
        row += rows
    if column is not None and not corner.fixed_column:
        column += columns
    if (row is not None and row < 0) or (column is not None and column < 0):
        return None
    return replace(corner, row=row, column=column)
