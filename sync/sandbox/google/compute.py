"""Values of simple formulas: arithmetic, references, and common functions over ranges. Anything else is `#NAME?`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sync.sandbox.google.a1 import Box, parse_cells
from sync.sandbox.google.book import Book, Sheet, close_rect, grid_rect
from sync.sandbox.google.errors import GoogleError
from sync.sandbox.google.formulas import CORNER, title_of
from sync.sandbox.google.functions import call
from sync.sandbox.google.grid import Scalar, Value, tidy_number
from sync.sandbox.google.operands import Broken, FormulaError, Matrix, to_number, to_text

TOKENS = re.compile(
    r'\s*(?:(?P<text>"(?:[^"]|"")*")|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)(?![A-Za-z:])'
    r"|(?P<reference>(?:'(?:[^']|'')*'!|[A-Za-z_][\w.]*!)?"
    rf"(?:{CORNER}(?::\$?[A-Za-z]{{0,3}}\$?\d*)?|\$?[A-Za-z]{{1,3}}:\$?[A-Za-z]{{1,3}}|\d+:\d+))(?![\w(])"
    r"|(?P<name>#?[A-Za-z_][\w.!?]*)|(?P<sign><=|>=|<>|[-+*/^&=<>(),;%]))"
)
ERRORS = ("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#N/A", "#NUM!", "#ERROR!")


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}


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
        return sheet.grid.value(row, column) if extra is None or extra.shown is None else extra.shown[0]
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


def split_formula(formula: str) -> list[tuple[str, str]]:
    """Return the parts of a formula, each with its kind."""
    return _tokens(formula[1:])


def target_of(book: Book, sheet: Sheet, reference: str) -> tuple[Sheet, Box]:
    """Return the cells that a reference on a tab means, as far as the grid reaches."""
    mark, cells = reference.rfind("!"), reference.rsplit("!", 1)[-1].replace("$", "")
    owner = book.find_title(title_of(reference[: mark + 1])) if mark >= 0 else sheet
    rect = parse_cells(cells)
    if owner is None or rect is None:
        raise FormulaError("#REF!")
    return owner, close_rect(owner, rect, clip=True)


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
        self.now = datetime.now(_zone(book.timezone)).replace(tzinfo=None)

    def whole(self) -> Operand:
        result = self._comparison()
        if self.at < len(self.tokens):
            raise FormulaError("#ERROR!")
        return result

    def scalar(self, operand: Operand) -> Value:
        if not isinstance(operand, Area):
            return operand
        if operand.box.bottom - operand.box.top == 1 and operand.box.right - operand.box.left == 1:
            value = self._cell(operand.sheet, operand.box.top, operand.box.left)
            if isinstance(value, Broken):
                raise FormulaError(value.error)
            found: Value = value
            return found
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
        try:
            return Area(*target_of(self.book, self.sheet, text))
        except GoogleError:
            return None if ":" not in text.rsplit("!", 1)[-1] else _fail("#REF!")

    def _named(self, name: str) -> Operand:
        upper = name.upper()
        if name in ERRORS:
            raise FormulaError(name)
        if not self._take("("):
            return upper == "TRUE" if upper in {"TRUE", "FALSE"} else self._named_range(name)
        arguments: list[Any] = []
        while not self._take(")"):
            arguments.append(self._argument())
            if not self._take(",", ";") and self._peek() != ")":
                raise FormulaError("#ERROR!")
        return call(upper, arguments, self.now)

    def _named_range(self, name: str) -> Operand:
        for named in self.book.named_ranges:
            if named["name"].casefold() == name.casefold():
                sheet = self.book.find_id(named["range"].get("sheetId", 0))
                if sheet is not None:
                    return Area(sheet, close_rect(sheet, grid_rect(named["range"]), clip=True))
        return _fail("#NAME?")

    def _argument(self) -> Any:
        """Return an argument; one that is an error stays one, as some functions can do with it."""
        start = self.at
        try:
            operand = self._comparison()
            return self._matrix(operand) if isinstance(operand, Area) else operand
        except FormulaError as error:
            if str(error) == "#ERROR!":
                raise
            self._skip(start)
            return Broken(str(error))

    def _skip(self, start: int) -> None:
        """Go on behind the argument that begins at a token."""
        depth, self.at = 0, start
        while self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            if kind == "sign" and depth == 0 and text in {",", ";", ")"}:
                return
            depth += {"(": 1, ")": -1}.get(text, 0) if kind == "sign" else 0
            self.at += 1
        raise FormulaError("#ERROR!")

    def _matrix(self, area: Area) -> Matrix:
        box, grid = area.box, area.sheet.grid
        width = box.right - box.left
        rows: list[list[Any]] = []
        for row in range(box.top, box.bottom):
            if grid.extras[row]:
                rows.append([self._cell(area.sheet, row, column) for column in range(box.left, box.right)])
                continue
            stored = (grid.cells[row] or [])[box.left : box.right]
            rows.append(stored + [None] * (width - len(stored)))
        return Matrix(rows, box.top, box.left)

    def _cell(self, sheet: Sheet, row: int, column: int) -> Any:
        value = cell_value(self.book, sheet, row, column)
        extra = sheet.grid.extra(row, column)
        return Broken(str(value)) if extra is not None and extra.formula is not None and value in ERRORS else value


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _fail(error: str) -> Operand:
    raise FormulaError(error)


def _apply(sign: str, left: Value, right: Value) -> Value:
    if sign == "&":
        return to_text(left) + to_text(right)
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
