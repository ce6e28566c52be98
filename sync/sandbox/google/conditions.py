"""Conditions of conditional formats and filters, as tests of one cell. What is unknown here holds for no cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.compute import compute
from sync.sandbox.google.formats import EPOCH, is_time
from sync.sandbox.google.formulas import shift_formula
from sync.sandbox.google.grid import Look, Value
from sync.sandbox.google.parse import read_typed
from sync.sandbox.google.shows import show

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_URL = re.compile(r"(https?://)?[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}(:\d+)?(/\S*)?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Subject:
    """One cell under test: its place, its value, and its look, by which it shows."""

    row: int
    column: int
    value: Value
    look: Look | None
    locale: str = "en_US"

    @property
    def text(self) -> str:
        """What a person reads in the cell."""
        return "" if self.value is None else show(self.value, self.look, self.locale)

    @property
    def number(self) -> float | None:
        """The value when it is a number."""
        return None if isinstance(self.value, bool | str) else self.value

    @property
    def day(self) -> float | None:
        """The whole day when the cell shows a date."""
        return None if self.number is None or not is_time(self.look) else self.number // 1


Test = Callable[[Subject], bool]
Operands = Callable[[Subject], list[Value]]


def make_test(book: Book, sheet: Sheet, condition: Mapping[str, Any], *, anchor: tuple[int, int]) -> Test:
    """Return the test of a BooleanCondition; references in its formulas are meant for the cell `anchor`."""
    kind = condition.get("type", "")
    operands = _operands(book, sheet, condition.get("values") or [], anchor)
    if kind == "CUSTOM_FORMULA":
        return lambda cell: _is_true((operands(cell) or [None])[0])
    compare = _TESTS.get(kind)
    if compare is None:
        return lambda _: False
    return lambda cell: compare(cell, operands(cell))


def _is_true(value: Value) -> bool:
    return value is True or (isinstance(value, int | float) and not isinstance(value, bool) and value != 0)


def _operands(book: Book, sheet: Sheet, values: list[Mapping[str, Any]], anchor: tuple[int, int]) -> Operands:
    readers = [_operand(book, sheet, value, anchor) for value in values]
    return lambda cell: [read(cell) for read in readers]


def _operand(book: Book, sheet: Sheet, value: Mapping[str, Any], anchor: tuple[int, int]) -> Callable[[Subject], Value]:
    if "relativeDate" in value:
        first = _relative_day(book, value["relativeDate"])
        return lambda _: first
    text = str(value.get("userEnteredValue", ""))
    if text.startswith("=") and len(text) > 1:
        top, left = anchor
        return lambda cell: compute(book, sheet, shift_formula(text, cell.row - top, cell.column - left))
    entered = read_typed(text, locale=book.locale, plain_text=False).value
    return lambda _: entered


def _relative_day(book: Book, name: str) -> int:
    today = datetime.now(ZoneInfo(book.timezone)).date()
    days = {"PAST_YEAR": 365, "PAST_MONTH": 30, "PAST_WEEK": 7, "YESTERDAY": 1, "TODAY": 0, "TOMORROW": -1}
    return _serial(today - timedelta(days=days.get(name, 0)))


def _serial(day: date) -> int:
    return (day - EPOCH.date()).days


def _number(value: Value) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _numbers(compare: Callable[..., bool], count: int = 1) -> Callable[[Subject, list[Value]], bool]:
    def test(cell: Subject, operands: list[Value]) -> bool:
        wanted = [_number(value) for value in operands[:count]]
        return cell.number is not None and len(wanted) == count and None not in wanted and compare(cell.number, *wanted)

    return test


def _dates(compare: Callable[..., bool], count: int = 1) -> Callable[[Subject, list[Value]], bool]:
    def test(cell: Subject, operands: list[Value]) -> bool:
        wanted = [_number(value) for value in operands[:count]]
        return cell.day is not None and len(wanted) == count and None not in wanted and compare(cell.day, *wanted)

    return test


def _texts(compare: Callable[[str, str], bool]) -> Callable[[Subject, list[Value]], bool]:
    def test(cell: Subject, operands: list[Value]) -> bool:
        return any(compare(cell.text.casefold(), _text(cell, value).casefold()) for value in operands)

    return test


def _text(cell: Subject, value: Value) -> str:
    return "" if value is None else show(value, None, cell.locale)


def _between(number: float, low: float, high: float) -> bool:
    return min(low, high) <= number <= max(low, high)


def _is_blank(cell: Subject, _operands: list[Value]) -> bool:
    return cell.value is None or cell.value == ""


def _equal(cell: Subject, operands: list[Value]) -> bool:
    return any(_text(cell, value).casefold() == cell.text.casefold() or value == cell.value for value in operands)


_TESTS: dict[str, Callable[[Subject, list[Value]], bool]] = {
    "NUMBER_GREATER": _numbers(lambda number, wanted: number > wanted),
    "NUMBER_GREATER_THAN_EQ": _numbers(lambda number, wanted: number >= wanted),
    "NUMBER_LESS": _numbers(lambda number, wanted: number < wanted),
    "NUMBER_LESS_THAN_EQ": _numbers(lambda number, wanted: number <= wanted),
    "NUMBER_EQ": _numbers(lambda number, wanted: number == wanted),
    "NUMBER_NOT_EQ": _numbers(lambda number, wanted: number != wanted),
    "NUMBER_BETWEEN": _numbers(_between, 2),
    "NUMBER_NOT_BETWEEN": _numbers(lambda *three: not _between(*three), 2),
    "TEXT_CONTAINS": _texts(lambda text, part: part in text),
    "TEXT_NOT_CONTAINS": _texts(lambda text, part: part not in text),
    "TEXT_STARTS_WITH": _texts(str.startswith),
    "TEXT_ENDS_WITH": _texts(str.endswith),
    "TEXT_EQ": _equal,
    "TEXT_NOT_EQ": lambda cell, operands: not _equal(cell, operands),
    "TEXT_IS_EMAIL": lambda cell, _: bool(_EMAIL.match(cell.text)),
    "TEXT_IS_URL": lambda cell, _: bool(_URL.match(cell.text)),
    "ONE_OF_LIST": _equal,
    "DATE_EQ": _dates(lambda day, wanted: day == wanted // 1),
    "DATE_NOT_EQ": _dates(lambda day, wanted: day != wanted // 1),
    "DATE_BEFORE": _dates(lambda day, wanted: day < wanted // 1),
    "DATE_ON_OR_BEFORE": _dates(lambda day, wanted: day <= wanted // 1),
    "DATE_AFTER": _dates(lambda day, wanted: day > wanted // 1),
    "DATE_ON_OR_AFTER": _dates(lambda day, wanted: day >= wanted // 1),
    "DATE_BETWEEN": _dates(_between, 2),
    "DATE_NOT_BETWEEN": _dates(lambda *three: not _between(*three), 2),
    "DATE_IS_VALID": lambda cell, _: cell.day is not None,
    "BLANK": _is_blank,
    "NOT_BLANK": lambda cell, operands: not _is_blank(cell, operands),
    "BOOLEAN": lambda cell, operands: isinstance(cell.value, bool) or cell.value in operands,
}
