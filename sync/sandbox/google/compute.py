"""Values of simple formulas: arithmetic, references, and a few functions over ranges. Anything else is `#NAME?`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sync.sandbox.google.a1 import Box, parse_cells
from sync.sandbox.google.book import Book, Sheet, close_rect
from sync.sandbox.google.errors import GoogleError
from sync.sandbox.google.formulas import CORNER, title_of
from sync.sandbox.google.grid import Scalar, Value, tidy_number

TOKENS = re.compile(
    r'\s*(?:(?P<text>"(?:[^"]|"")*")|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)(?![A-Za-z:])'
    r"|(?P<reference>(?:'(?:[^']|'')*'!|[A-Za-z_][\w.]*!)?"
    rf"(?:{CORNER}(?::\$?[A-Za-z]{{0,3}}\$?\d*)?|\$?[A-Za-z]{{1,3}}:\$?[A-Za-z]{{1,3}}|\d+:\d+))(?![\w(])"
    r"|(?P<name>#?[A-Za-z_][\w.!?]*)|(?P<sign><=|>=|<>|[-+*/^&=<>(),%]))"
)
ERRORS = ("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#N/A", "#NUM!", "#ERROR!")


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}


class FormulaError(Exception):
    """A formula whose result is an error value such as `#DIV/0!`."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of one tab, as an operand."""

    sheet: Sheet
    box: Box


Operand = Scalar | Area | None


def cell_value(book: Book, sheet: Sheet, row: int, column: int) -> Value:
    """Return what a cell is worth: the stored value, or the result of its formula."""
    extra = sheet.grid.extra(row, column)
    if extra is None or extra.formula is None:
        return sheet.grid.value(row, column)
    key = (sheet.sheet_id, row, column)
    if key not in book.computed:
        book.computed[key] = "#REF!"  # a formula that depends on itself finds this
        book.computed[key] = compute(book, sheet, extra.formula)
    found: Value = book.computed[key]
    return found


def compute(book: Book, sheet: Sheet, formula: str) -> Value:
    """Return the result of a formula; errors are their texts."""
    try:
        reader = _Reader(book, sheet, formula[1:])
        return reader.scalar(reader.whole())
    except FormulaError as error:
        return str(error)
    except RecursionError:
        return "#REF!"


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = TOKENS.match(text, at)
        if found is None or found.end() == at:
            raise FormulaError("#ERROR!")
        tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
        at = found.end()
    return tokens


class _Reader:
    """Reads one formula from left to right and works it out on the way."""

    def __init__(self, book: Book, sheet: Sheet, text: str) -> None:
        self.book = book
        self.sheet = sheet
        self.tokens = _tokens(text)
        self.at = 0

    def whole(self) -> Operand:
        result = self._comparison()
        if self.at < len(self.tokens):
            raise FormulaError("#ERROR!")
        return result

    def scalar(self, operand: Operand) -> Value:
        if not isinstance(operand, Area):
            return operand
        if operand.box.bottom - operand.box.top == 1 and operand.box.right - operand.box.left == 1:
            value = cell_value(self.book, operand.sheet, operand.box.top, operand.box.left)
            if isinstance(value, str) and value in ERRORS:
                raise FormulaError(value)
            return value
        raise FormulaError("#VALUE!")

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _take(self, *signs: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "sign" and self._peek() in signs:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def _chain(self, below: Callable[[], Operand], *signs: str) -> Operand:
        left = below()
        while sign := self._take(*signs):
            left = _apply(sign, self.scalar(left), self.scalar(below()))
        return left

    def _comparison(self) -> Operand:
        return self._chain(self._joined, "=", "<>", "<", ">", "<=", ">=")

    def _joined(self) -> Operand:
        return self._chain(self._sum, "&")

    def _sum(self) -> Operand:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Operand:
        return self._chain(self._power, "*", "/")

    def _power(self) -> Operand:
        return self._chain(self._signed, "^")

    def _signed(self) -> Operand:
        if self._take("-"):
            return -to_number(self.scalar(self._signed()))
        if self._take("+"):
            return self._signed()
        result = self._atom()
        while self._take("%"):
            result = to_number(self.scalar(result)) / 100
        return result

    def _atom(self) -> Operand:
        if self._take("("):
            inner = self._comparison()
            if not self._take(")"):
                raise FormulaError("#ERROR!")
            return inner
        if self.at >= len(self.tokens):
            raise FormulaError("#ERROR!")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            return text[1:-1].replace('""', '"')
        if kind == "number":
            return tidy_number(float(text))
        if kind == "reference":
            return self._reference(text)
        return self._named(text) if kind == "name" else _fail("#ERROR!")

    def _reference(self, text: str) -> Operand:
        mark, cells = text.rfind("!"), text.rsplit("!", 1)[-1].replace("$", "")
        sheet = self.book.find_title(title_of(text[: mark + 1])) if mark >= 0 else self.sheet
        rect = parse_cells(cells)
        if sheet is None or rect is None:
            raise FormulaError("#REF!")
        try:
            return Area(sheet, close_rect(sheet, rect, clip=True))
        except GoogleError:
            return None if ":" not in cells else _fail("#REF!")

    def _named(self, name: str) -> Operand:
        upper = name.upper()
        if name in ERRORS:
            raise FormulaError(name)
        if not self._take("("):
            return {"TRUE": True, "FALSE": False}[upper] if upper in {"TRUE", "FALSE"} else _fail("#NAME?")
        arguments: list[Operand] = []
        while not self._take(")"):
            if self.at >= len(self.tokens):
                raise FormulaError("#ERROR!")
            arguments.append(self._comparison())
            self._take(",")
        return self._call(upper, arguments)

    def _call(self, name: str, arguments: list[Operand]) -> Operand:
        if name in {"IF", "IFERROR", "ROUND", "HYPERLINK"}:
            return _plain_call(name, [self.scalar(argument) for argument in arguments])
        values = [value for argument in arguments for value in self._each(argument)]
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        return _aggregate(name, values, numbers)

    def _each(self, operand: Operand) -> Iterator[Value]:
        if not isinstance(operand, Area):
            yield operand
            return
        box = operand.box
        for row in range(box.top, box.bottom):
            for column in range(box.left, box.right):
                value = cell_value(self.book, operand.sheet, row, column)
                if value is not None:
                    yield value


def _fail(error: str) -> Operand:
    raise FormulaError(error)


def _aggregate(name: str, values: list[Value], numbers: list[float]) -> Value:
    if name == "COUNTA":
        return len(values)
    if name == "COUNT":
        return len(numbers)
    broken = next((value for value in values if isinstance(value, str) and value in ERRORS), None)
    if broken is not None:
        raise FormulaError(str(broken))
    if name == "SUM":
        return tidy_number(sum(numbers))
    if name == "AVERAGE":
        return tidy_number(sum(numbers) / len(numbers)) if numbers else str(_fail("#DIV/0!"))
    if name in {"MIN", "MAX"}:
        return min(numbers, default=0) if name == "MIN" else max(numbers, default=0)
    raise FormulaError("#NAME?")


def _plain_call(name: str, arguments: list[Value]) -> Value:
    padded = [*arguments, None, None, None]
    if name == "IF":
        return padded[1] if padded[0] else (padded[2] if len(arguments) > 2 else False)
    if name == "ROUND":
        return tidy_number(round(to_number(padded[0]), int(to_number(padded[1]))))
    return padded[1] if name == "HYPERLINK" and len(arguments) > 1 else padded[0]


def to_number(value: Value) -> float:
    """Return an operand as a number, as arithmetic takes it."""
    if value is None:
        return 0
    if isinstance(value, str):
        try:
            return tidy_number(float(value))  # type: ignore[return-value]
        except ValueError:
            raise FormulaError("#VALUE!") from None
    return int(value) if isinstance(value, bool) else value


def _apply(sign: str, left: Value, right: Value) -> Value:
    if sign == "&":
        return _as_text(left) + _as_text(right)
    if sign in {"=", "<>", "<", ">", "<=", ">="}:
        return _compare(sign, left, right)
    first, second = to_number(left), to_number(right)
    if sign == "/" and second == 0:
        raise FormulaError("#DIV/0!")
    try:
        result = ARITHMETIC[sign](float(first), float(second))
    except ZeroDivisionError:
        raise FormulaError("#DIV/0!") from None
    except OverflowError:
        raise FormulaError("#NUM!") from None
    if isinstance(result, complex):
        raise FormulaError("#NUM!")
    return tidy_number(result)


def _as_text(value: Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "" if value is None else str(value)


def _compare(sign: str, left: Value, right: Value) -> bool:
    first, second = _rank(left), _rank(right)
    results = {"=": first == second, "<": first < second, ">": first > second}
    results |= {"<>": not results["="], "<=": not results[">"], ">=": not results["<"]}
    return results[sign]


def _rank(value: Value) -> tuple[int, float, str]:
    if isinstance(value, bool):
        return 2, float(value), ""
    if isinstance(value, str):
        return 1, 0.0, value.casefold()
    return 0, float(value or 0), ""
