"""One tab as CSV or TSV, as Drive exports it: shown texts, CRLF between lines and none at the end, UTF-8, no mark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.formula_looks import look_of
from sync.sandbox.google.shows import show

LINES_AT_ONCE = 500


def text_lines(book: Book, sheet: Sheet, delimiter: str) -> Iterator[bytes]:
    """Yield the file in pieces. Rows end with the last one that shows anything, and all are equally wide.

    Cells stand as they show. A text that begins with an equals sign is not changed: the file says what the tab says.
    """
    n_rows, n_columns = used_size(book, sheet)
    first = True
    for top in range(0, n_rows, LINES_AT_ONCE):
        piece = io.StringIO()
        writer = csv.writer(piece, delimiter=delimiter, lineterminator="\r\n")
        for row in range(top, min(top + LINES_AT_ONCE, n_rows)):
            texts = shown_row(book, sheet, row, n_columns)
            if texts == [""]:
                piece.write("\r\n")  # an empty line, for which the library would write two quotes
            else:
                writer.writerow(texts)
        yield (("" if first else "\r\n") + piece.getvalue().removesuffix("\r\n")).encode("utf-8", "replace")
        first = False


def shown_row(book: Book, sheet: Sheet, row: int, n_columns: int) -> list[str]:
    """Return the texts of one row as a person reads them."""
    values = (cell_value(book, sheet, row, column) for column in range(n_columns))
    return [
        "" if value is None else show(value, look_of(book, sheet, row, column), book.locale)
        for column, value in enumerate(values)
    ]


def used_size(book: Book, sheet: Sheet) -> tuple[int, int]:
    """Return how many rows and columns hold all that shows."""
    grid = sheet.grid
    n_rows = n_columns = 0
    for row in range(grid.n_rows):
        stored, extras = grid.cells[row], grid.extras[row]
        width = _shown_width(stored) if stored else 0
        if extras:
            shown = (column for column in extras if cell_value(book, sheet, row, column) not in (None, ""))
            width = max(width, max(shown, default=-1) + 1)
        if width:
            n_rows, n_columns = row + 1, max(n_columns, width)
    return n_rows, n_columns


def _shown_width(stored: list[object] | list[str | int | float | bool | None]) -> int:
    width = len(stored)
    while width and stored[width - 1] in (None, ""):
        width -= 1
    return width
