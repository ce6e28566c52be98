"""What functions of formulas work on: values, broken values and matrices of both, and the criteria of COUNTIF."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sync.sandbox.google.grid import tidy_number

CRITERION = re.compile(r"(<=|>=|<>|<|>|=)?(.*)\Z", re.DOTALL)


class FormulaError(Exception):
    """A formula whose result is an error value such as `#DIV/0!`."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An operand that is an error."""

    error: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """The cells of a rectangle, all rows equally wide, and where its first cell stands."""

    rows: list[list[Any]]
    top: int
    left: int

    @property
    def flat(self) -> list[Any]:
        """All cells, row by row."""
        return [value for row in self.rows for value in row]


Operand = Any


def sound(operand: Operand) -> Operand:
    """Return an operand, or raise its error."""
    if isinstance(operand, Broken):
        raise FormulaError(operand.error)
    return operand


def one(operand: Operand) -> Any:
    """Return a single value; a matrix of one cell counts as that cell."""
    if isinstance(operand, Matrix):
        if len(operand.rows) != 1 or len(operand.rows[0]) != 1:
            raise FormulaError("#VALUE!")
        operand = operand.rows[0][0]
    return sound(operand)


def to_number(operand: Operand) -> float:
    """Return an operand as a number, as arithmetic takes it."""
    value = one(operand)
    if value is None:
        return 0
    if isinstance(value, str):
        try:
            return tidy_number(float(value))  # type: ignore[return-value]
        except ValueError:
            raise FormulaError("#VALUE!") from None
    return int(value) if isinstance(value, bool) else value


def to_text(operand: Operand) -> str:
    """Return an operand as a text."""
    value = one(operand)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "" if value is None else str(value)


def to_truth(operand: Operand) -> bool:
    """Return an operand as true or false."""
    value = one(operand)
    if isinstance(value, str):
        if value.upper() in {"TRUE", "FALSE"}:
            return value.upper() == "TRUE"
        raise FormulaError("#VALUE!")
    return bool(value)


def is_number(value: Any) -> bool:
    """Tell whether a cell holds a number; a checkbox does not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def each(arguments: list[Operand]) -> Iterator[Any]:
    """Give every value, cell by cell."""
    for argument in arguments:
        if isinstance(argument, Matrix):
            yield from argument.flat
        else:
            yield argument


def numbers_in(arguments: list[Operand]) -> list[float]:
    """Return the numbers among the operands: in cells only what is a number, else also what reads as one."""
    found: list[float] = []
    for argument in arguments:
        if isinstance(argument, Matrix):
            found += [value for value in argument.flat if is_number(sound(value))]
        elif argument is not None:
            found.append(to_number(argument))
    return found


def matcher(criterion: Operand) -> Callable[[Any], bool]:
    """Return the test of a COUNTIF criterion: `>5`, `<>x`, `ab*`, or a value."""
    wanted = one(criterion)
    if not isinstance(wanted, str):
        return lambda value: value is not None and not isinstance(value, Broken) and key_of(value) == key_of(wanted)
    sign, text = CRITERION.match(wanted).groups()  # type: ignore[union-attr]
    try:
        number: float | None = float(text)
    except ValueError:
        number = {"TRUE": None, "FALSE": None}.get(text.upper())
    if sign in {"<", ">", "<=", ">="}:
        return _ordered(sign, number, text)
    same = same_text(text, number)
    return (lambda value: not same(value)) if sign == "<>" else same


def same_text(text: str, number: float | None) -> Callable[[Any], bool]:
    """Return the test for a text with the wildcards `*` and `?`, or for the number that it reads as."""
    escaped = re.sub(r"\\\*", ".*", re.sub(r"\\\?", ".", re.escape(text).replace(r"\~\*", "\0").replace(r"\~\?", "\1")))
    pattern = re.compile(escaped.replace("\0", r"\*").replace("\1", r"\?") + r"\Z", re.IGNORECASE | re.DOTALL)

    def same(value: Any) -> bool:
        if isinstance(value, bool):
            return str(value).upper() == text.upper()
        if isinstance(value, str):
            return pattern.match(value) is not None
        if value is None or isinstance(value, Broken):
            return text == "" and value is None
        return number is not None and value == number

    return same


def _ordered(sign: str, number: float | None, text: str) -> Callable[[Any], bool]:
    def test(value: Any) -> bool:
        if number is not None:
            return is_number(value) and holds(sign, value, number)
        return isinstance(value, str) and holds(sign, value.casefold(), text.casefold())

    return test


def holds(sign: str, left: Any, right: Any) -> bool:
    """Tell how two values stand to each other."""
    return bool({"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign])


def key_of(value: Any) -> Any:
    """Return what makes values equal: texts without regard to case, and a checkbox is no number."""
    return (type(value) is bool, value.casefold() if isinstance(value, str) else value)
