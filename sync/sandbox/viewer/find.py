"""Where a text stands in a tab: the cell that shows it next after another one, around the end and on from the start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.formula_looks import look_of
from sync.sandbox.google.grid import Value
from sync.sandbox.google.hiding import hidden_lines, hidden_rows
from sync.sandbox.google.shows import show

MAX_WANTED_CHARACTERS = 1_000
Place = tuple[int, int]


def find_cell(book: Book, sheet: Sheet, text: str, *, after: Place | None, back: bool = False) -> Place | None:
    """Return the (row, column) of the next cell in which a text shows, whatever its case; None when no cell has it.

    Cells are read row by row, or backwards; `after` itself comes last. Hidden rows and columns are passed over.
    """
    wanted = text[:MAX_WANTED_CHARACTERS].casefold()
    if not wanted:
        return None
    seeker = _Seeker(book, sheet, wanted, back=back)
    start = after or ((sheet.grid.n_rows - 1, sheet.grid.n_columns) if back else (0, -1))
    return next(iter(seeker.places(start)), None)


class _Seeker:
    def __init__(self, book: Book, sheet: Sheet, wanted: str, *, back: bool) -> None:
        self._book, self._sheet, self._wanted, self._step = book, sheet, wanted, -1 if back else 1
        self._rows = hidden_rows(book, sheet)
        self._columns = hidden_lines(sheet.column_sizes)

    def places(self, start: Place) -> Iterator[Place]:
        """Yield the cells that have the text, the ones beyond `start` first."""
        n_rows, step = self._sheet.grid.n_rows, self._step
        row = min(start[0], n_rows - 1)
        yield from self._within(row, lambda column: (column - start[1]) * step > 0)
        for n in range(1, n_rows):
            yield from self._within((row + n * step) % n_rows)
        yield from self._within(row, lambda column: (column - start[1]) * step <= 0)

    def _within(self, row: int, is_wanted: Callable[[int], bool] | None = None) -> Iterator[Place]:
        if row in self._rows:
            return
        for column in self._filled(row):
            if column in self._columns or (is_wanted and not is_wanted(column)):
                continue
            value = cell_value(self._book, self._sheet, row, column)
            if self._shows(value, row, column):
                yield row, column

    def _filled(self, row: int) -> Iterable[int]:
        grid = self._sheet.grid
        width = max(len(grid.cells[row] or ()), max(grid.extras[row] or (-1,)) + 1)
        return range(width)[:: self._step]

    def _shows(self, value: Value, row: int, column: int) -> bool:
        if value is None:
            return False
        look = look_of(self._book, self._sheet, row, column)
        text = value if isinstance(value, str) and look is None else show(value, look, self._book.locale)
        return self._wanted in text.casefold()
