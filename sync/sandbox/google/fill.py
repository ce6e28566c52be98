"""How a series of cells goes on: numbers in steps, dates by days, texts by their last number, the rest in turn."""

from __future__ import annotations

import re
from dataclasses import replace

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.formats import is_time
from sync.sandbox.google.formulas import shift_formula
from sync.sandbox.google.grid import Extra, Value, change_looks, set_cell, set_extra, tidy_number

TRAILING_NUMBER = re.compile(r"(.*?)(\d+)\Z", re.DOTALL)
Place = tuple[int, int]


def fill_on(book: Book, sheet: Sheet, source: Box, target: Box, *, alternate: bool) -> None:
    """Fill a rectangle beside another, line by line, away from it. `alternate` takes the other way to go on."""
    down = target.left == source.left and target.right == source.right
    backwards = target.top < source.top or target.left < source.left
    outer = range(source.left, source.right) if down else range(source.top, source.bottom)
    inner = range(source.top, source.bottom) if down else range(source.left, source.right)
    steps = range(target.top, target.bottom) if down else range(target.left, target.right)
    for line in outer:
        given = [(index, line) if down else (line, index) for index in inner]
        wanted = [(index, line) if down else (line, index) for index in steps]
        if backwards:
            given, wanted = given[::-1], wanted[::-1]
        _fill_line(sheet, given, wanted, alternate=alternate)
    book.touch()


def _fill_line(sheet: Sheet, given: list[Place], wanted: list[Place], *, alternate: bool) -> None:
    grid = sheet.grid
    step = _step([grid.value(*place) for place in given], timed=is_time(grid.look(*given[0])), alternate=alternate)
    for n, place in enumerate(wanted):
        origin = given[n % len(given)]
        extra, value = grid.extra(*origin), grid.value(*origin)
        turns = n // len(given) + 1
        if extra is not None and extra.formula is not None:
            shifted = shift_formula(extra.formula, place[0] - origin[0], place[1] - origin[1])
            set_cell(grid, place, None, shifted)
        elif step is not None:
            last = grid.value(*given[-1])
            set_cell(grid, place, tidy_number(float(last or 0) + step * (n + 1)))
        else:
            set_cell(grid, place, value if alternate else _counted_on(value, turns * len(given)))
        if extra is not None and extra.runs:
            set_extra(grid, *place, replace(extra, formula=None, note=None))
        elif grid.extra(*place) is not None and grid.extra(*place) == Extra():
            set_extra(grid, *place, None)
        look = grid.look(*origin)
        row, column = place
        change_looks(grid, Box(row, row + 1, column, column + 1), lambda _, look=look: look)  # type: ignore[misc]


def _step(values: list[Value], *, timed: bool, alternate: bool) -> float | None:
    """Return the step of a series of numbers; None when the cells just repeat."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) != len(values) or not numbers:
        return None
    if len(numbers) == 1:
        return 1 if timed != alternate else None
    if alternate:
        return None
    return (numbers[-1] - numbers[0]) / (len(numbers) - 1)


def _counted_on(value: Value, n: int) -> Value:
    """Return a text with its last number moved on; anything else as it is."""
    found = TRAILING_NUMBER.match(value) if isinstance(value, str) else None
    if found is None:
        return value
    digits = str(int(found.group(2)) + n)
    return found.group(1) + digits.zfill(len(found.group(2)))
