"""How a series of cells goes on: numbers in steps, dates by days or months, texts by name or number, others in turn."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.formats import EPOCH, is_time
from sync.sandbox.google.formulas import shift_formula
from sync.sandbox.google.grid import Extra, Value, change_looks, set_cell, set_extra, tidy_number
from sync.sandbox.google.languages import day_names, month_names

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
        _fill_line(book, sheet, (given, wanted), alternate=alternate)
    book.touch()


def _fill_line(book: Book, sheet: Sheet, places: tuple[list[Place], list[Place]], *, alternate: bool) -> None:
    given, wanted = places
    grid = sheet.grid
    values = [grid.value(*place) for place in given]
    timed = is_time(grid.look(*given[0]))
    step = _step(values, timed=timed, alternate=alternate)
    named = None if alternate else _named_series(values, book.locale)
    months = _months_between(values) if timed and not alternate else 0
    for n, place in enumerate(wanted):
        origin = given[n % len(given)]
        extra, value = grid.extra(*origin), grid.value(*origin)
        turns = n // len(given) + 1
        if extra is not None and extra.formula is not None:
            shifted = shift_formula(extra.formula, place[0] - origin[0], place[1] - origin[1])
            set_cell(grid, place, None, shifted)
        elif named is not None:
            set_cell(grid, place, named(len(given) + n))
        elif months:
            set_cell(grid, place, _months_later(values[-1], months * (n + 1)))
        elif step is not None:
            last = values[-1]
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
        hour = 1 / 24 if timed and 0 <= numbers[0] < 1 else 1  # a time of the day goes on by hours
        return hour if timed != alternate else None
    if alternate:
        return None
    return (numbers[-1] - numbers[0]) / (len(numbers) - 1)


def _named_series(values: list[Value], locale: str) -> Callable[[int], str] | None:
    """Return the names of a series of days or months by their number; None when the cells are no such series."""
    texts = [value for value in values if isinstance(value, str)]
    if not texts or len(texts) != len(values):
        return None
    language = locale.partition("_")[0]
    for names in (day_names(language), month_names(language), day_names("en"), month_names("en")):
        for known in (list(names), [name[:3] for name in names]):
            found = [_index(known, text) for text in texts]
            if None in found:
                continue
            places = [place for place in found if place is not None]
            step = (places[1] - places[0]) % len(known) if len(places) > 1 else 1
            if all(place == (places[0] + step * n) % len(known) for n, place in enumerate(places)):
                return partial(_name_at, known, places[0], step, as_in=texts[0])
    return None


def _index(names: list[str], text: str) -> int | None:
    folded = [name.casefold() for name in names]
    return folded.index(text.casefold()) if text.casefold() in folded else None


def _name_at(names: list[str], first: int, step: int, n: int, *, as_in: str) -> str:
    name = names[(first + step * n) % len(names)]
    return name.upper() if as_in.isupper() else name.lower() if as_in.islower() else name


def _months_between(values: list[Value]) -> int:
    """Return how many months lie between dates on the same day of months; 0 when they are no such series."""
    days = [EPOCH + timedelta(days=value) for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(days) < 2 or len(days) != len(values) or len({day.day for day in days}) > 1:
        return 0
    counts = [day.year * 12 + day.month for day in days]
    steps = {later - earlier for earlier, later in pairwise(counts)}
    return steps.pop() if len(steps) == 1 else 0


def _months_later(value: Value, count: int) -> int:
    day = EPOCH + timedelta(days=float(value or 0))
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return (day.replace(year=year, month=month + 1, day=min(day.day, last)) - EPOCH).days


def _counted_on(value: Value, n: int) -> Value:
    """Return a text with its last number moved on; anything else as it is."""
    found = TRAILING_NUMBER.match(value) if isinstance(value, str) else None
    if found is None:
        return value
    digits = str(int(found.group(2)) + n)
    return found.group(1) + digits.zfill(len(found.group(2)))
