"""The functions that people's formulas use most. Pure: what a function gives depends on its operands and the clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sync.sandbox.google.formats import EPOCH
from sync.sandbox.google.grid import Value, tidy_number
from sync.sandbox.google.operands import (
    Broken,
    FormulaError,
    Matrix,
    Operand,
    each,
    holds,
    is_number,
    key_of,
    matcher,
    numbers_in,
    one,
    same_text,
    sound,
    to_number,
    to_text,
    to_truth,
)

Function = Callable[[list[Operand], datetime], Any]


def call(name: str, arguments: list[Operand], now: datetime) -> Value:
    """Return what a function gives. Raises FormulaError, `#NAME?` for a function that is not known here."""
    known = FUNCTIONS.get(name)
    if known is None:
        raise FormulaError("#NAME?")
    function, least, most = known
    if not least <= len(arguments) <= most:
        raise FormulaError("#N/A")
    if name not in TOLERANT:
        for argument in arguments:
            sound(argument)
    try:
        result = function(arguments, now)
    except (ValueError, OverflowError):
        raise FormulaError("#NUM!") from None
    except ZeroDivisionError:
        raise FormulaError("#DIV/0!") from None
    return tidy_number(one(result)) if result is not None else None


def _mean(numbers: Iterable[float]) -> float:
    kept = list(numbers)
    if not kept:
        raise FormulaError("#DIV/0!")
    return math.fsum(kept) / len(kept)


def _matrix(operand: Operand) -> Matrix:
    return operand if isinstance(operand, Matrix) else Matrix([[one(operand)]], 0, 0)


def _chosen(pairs: list[Operand], n_cells: int) -> list[bool]:
    """Return which cells meet every pair of range and criterion."""
    if len(pairs) % 2:
        raise FormulaError("#N/A")
    kept = [True] * n_cells
    for cells, criterion in zip(pairs[::2], pairs[1::2], strict=True):
        values, test = _matrix(cells).flat, matcher(criterion)
        if len(values) != n_cells:
            raise FormulaError("#VALUE!")
        kept = [keep and test(value) for keep, value in zip(kept, values, strict=True)]
    return kept


def _of_chosen(target: Operand, pairs: list[Operand]) -> list[float]:
    values = _matrix(target).flat
    kept = _chosen(pairs, len(values))
    return [value for value, keep in zip(values, kept, strict=True) if keep and is_number(sound(value))]


def _if_pairs(arguments: list[Operand]) -> tuple[Operand, list[Operand]]:
    """Return target and pair of SUMIF and AVERAGEIF, which know one range only."""
    return (arguments[2] if len(arguments) > 2 else arguments[0]), arguments[:2]


def _round(arguments: list[Operand], how: Callable[[float], float]) -> float:
    power = 10.0 ** (to_number(arguments[1]) if len(arguments) > 1 else 0)
    number = to_number(arguments[0])
    return math.copysign(how(round(abs(number) * power, 9)) / power, number)


def _lookup(arguments: list[Operand], _: datetime) -> Any:
    wanted, table, column = one(arguments[0]), _matrix(arguments[1]), int(to_number(arguments[2]))
    if column < 1 or column > len(table.rows[0]):
        raise FormulaError("#VALUE!" if column < 1 else "#REF!")
    near = len(arguments) < 4 or to_truth(arguments[3])
    at = _position([row[0] for row in table.rows], wanted, 1 if near else 0)
    return table.rows[at][column - 1]


def _position(values: list[Any], wanted: Any, order: float) -> int:
    if not order:
        test = matcher(wanted) if not isinstance(wanted, str) else same_text(wanted, None)
        found = next((index for index, value in enumerate(values) if test(value)), -1)
    else:
        sign = "<=" if order > 0 else ">="
        kind = str if isinstance(wanted, str) else (int, float)
        fits = [isinstance(value, kind) and holds(sign, key_of(value)[1], key_of(wanted)[1]) for value in values]
        found = max((index for index, fit in enumerate(fits) if fit), default=-1)
    if found < 0:
        raise FormulaError("#N/A")
    return found


def _index(arguments: list[Operand], _: datetime) -> Any:
    table = _matrix(arguments[0])
    row = int(to_number(arguments[1])) if len(arguments) > 1 else 1
    column = int(to_number(arguments[2])) if len(arguments) > 2 else 1
    if len(table.rows) == 1 and len(arguments) == 2:
        row, column = 1, row
    if not (1 <= row <= len(table.rows) and 1 <= column <= len(table.rows[0])):
        raise FormulaError("#REF!")
    return table.rows[row - 1][column - 1]


def _moment(operand: Operand) -> datetime:
    return EPOCH + timedelta(days=to_number(operand))


def _serial(moment: datetime) -> float:
    return (moment - EPOCH) / timedelta(days=1)


def _date(arguments: list[Operand], _: datetime) -> float:
    year, month, day = (int(to_number(argument)) for argument in arguments)
    years, months = divmod(month - 1, 12)
    return (datetime(year + years, months + 1, 1) - EPOCH).days + day - 1


def _if(arguments: list[Operand], _: datetime) -> Any:
    if to_truth(arguments[0]):
        return sound(arguments[1])
    return sound(arguments[2]) if len(arguments) > 2 else False


def _unless(kinds: set[str] | None) -> Function:
    def function(arguments: list[Operand], _: datetime) -> Any:
        first = arguments[0]
        first = first.rows[0][0] if isinstance(first, Matrix) and len(first.flat) == 1 else first
        if isinstance(first, Broken) and (kinds is None or first.error in kinds):
            return one(arguments[1]) if len(arguments) > 1 else None
        return sound(first)

    return function


def _is(test: Callable[[Any], bool]) -> Function:
    def function(arguments: list[Operand], _: datetime) -> bool:
        first = arguments[0]
        return test(first.rows[0][0] if isinstance(first, Matrix) else first)

    return function


def _join(arguments: list[Operand], _: datetime) -> str:
    parts = [to_text(value) for value in each(arguments[2:])]
    return to_text(arguments[0]).join(part for part in parts if part or not to_truth(arguments[1]))


def _middle(arguments: list[Operand], _: datetime) -> str:
    start, length = (int(to_number(argument)) for argument in arguments[1:])
    return to_text(arguments[0])[max(0, start - 1) : max(0, start - 1) + max(0, length)]


def _right(arguments: list[Operand], _: datetime) -> str:
    text, length = to_text(arguments[0]), int(to_number(arguments[1])) if len(arguments) > 1 else 1
    return text[max(0, len(text) - length) :]


def _product(arguments: list[Operand], _: datetime) -> float:
    columns = [[value if is_number(sound(value)) else 0 for value in _matrix(part).flat] for part in arguments]
    if len({len(column) for column in columns}) != 1:
        raise FormulaError("#VALUE!")
    return math.fsum(math.prod(values) for values in zip(*columns, strict=True))


ANY = 255
TOLERANT = {"IF", "IFERROR", "IFNA", "ISERROR", "ISNA", "ISBLANK", "ISNUMBER", "ISTEXT", "COUNT", "COUNTA"}
FUNCTIONS: dict[str, tuple[Function, int, int]] = {
    "SUM": (lambda a, _: math.fsum(numbers_in(a)), 1, ANY),
    "AVERAGE": (lambda a, _: _mean(numbers_in(a)), 1, ANY),
    "COUNT": (lambda a, _: sum(map(is_number, each(a))), 1, ANY),
    "COUNTA": (lambda a, _: sum(value is not None for value in each(a)), 1, ANY),
    "COUNTBLANK": (lambda a, _: sum(value in {None, ""} for value in each(a)), 1, ANY),
    "COUNTUNIQUE": (lambda a, _: len({key_of(value) for value in each(a) if value is not None}), 1, ANY),
    "MIN": (lambda a, _: min(numbers_in(a), default=0), 1, ANY),
    "MAX": (lambda a, _: max(numbers_in(a), default=0), 1, ANY),
    "MEDIAN": (lambda a, _: median(numbers_in(a)), 1, ANY),
    "PRODUCT": (lambda a, _: math.prod(numbers_in(a)), 1, ANY),
    "SUMPRODUCT": (_product, 1, ANY),
    "COUNTIF": (lambda a, _: sum(_chosen(a, len(_matrix(a[0]).flat))), 2, 2),
    "COUNTIFS": (lambda a, _: sum(_chosen(a, len(_matrix(a[0]).flat))), 2, ANY),
    "SUMIF": (lambda a, _: math.fsum(_of_chosen(*_if_pairs(a))), 2, 3),
    "SUMIFS": (lambda a, _: math.fsum(_of_chosen(a[0], a[1:])), 3, ANY),
    "AVERAGEIF": (lambda a, _: _mean(_of_chosen(*_if_pairs(a))), 2, 3),
    "AVERAGEIFS": (lambda a, _: _mean(_of_chosen(a[0], a[1:])), 3, ANY),
    "ROUND": (lambda a, _: _round(a, lambda number: math.floor(number + 0.5)), 1, 2),
    "ROUNDUP": (lambda a, _: _round(a, math.ceil), 1, 2),
    "ROUNDDOWN": (lambda a, _: _round(a, math.floor), 1, 2),
    "INT": (lambda a, _: math.floor(to_number(a[0])), 1, 1),
    "ABS": (lambda a, _: abs(to_number(a[0])), 1, 1),
    "MOD": (lambda a, _: to_number(a[0]) % to_number(a[1]), 2, 2),
    "SQRT": (lambda a, _: math.sqrt(to_number(a[0])), 1, 1),
    "IF": (_if, 2, 3),
    "IFERROR": (_unless(None), 1, 2),
    "IFNA": (_unless({"#N/A"}), 1, 2),
    "AND": (lambda a, _: all(to_truth(value) for value in each(a) if value is not None), 1, ANY),
    "OR": (lambda a, _: any(to_truth(value) for value in each(a) if value is not None), 1, ANY),
    "NOT": (lambda a, _: not to_truth(a[0]), 1, 1),
    "TRUE": (lambda _a, _: True, 0, 0),
    "FALSE": (lambda _a, _: False, 0, 0),
    "ISBLANK": (_is(lambda value: value is None), 1, 1),
    "ISNUMBER": (_is(is_number), 1, 1),
    "ISTEXT": (_is(lambda value: isinstance(value, str)), 1, 1),
    "ISERROR": (_is(lambda value: isinstance(value, Broken)), 1, 1),
    "ISNA": (_is(lambda value: value == Broken("#N/A")), 1, 1),
    "LEN": (lambda a, _: len(to_text(a[0])), 1, 1),
    "UPPER": (lambda a, _: to_text(a[0]).upper(), 1, 1),
    "LOWER": (lambda a, _: to_text(a[0]).lower(), 1, 1),
    "TRIM": (lambda a, _: " ".join(to_text(a[0]).split()), 1, 1),
    "LEFT": (lambda a, _: to_text(a[0])[: int(to_number(a[1])) if len(a) > 1 else 1], 1, 2),
    "RIGHT": (_right, 1, 2),
    "MID": (_middle, 3, 3),
    "CONCATENATE": (lambda a, _: "".join(map(to_text, each(a))), 1, ANY),
    "CONCAT": (lambda a, _: to_text(a[0]) + to_text(a[1]), 2, 2),
    "TEXTJOIN": (_join, 3, ANY),
    "SUBSTITUTE": (lambda a, _: to_text(a[0]).replace(to_text(a[1]), to_text(a[2])), 3, 3),
    "EXACT": (lambda a, _: to_text(a[0]) == to_text(a[1]), 2, 2),
    "VALUE": (lambda a, _: to_number(a[0]), 1, 1),
    "HYPERLINK": (lambda a, _: one(a[-1]), 1, 2),
    "TODAY": (lambda _a, now: math.floor(_serial(now)), 0, 0),
    "NOW": (lambda _a, now: _serial(now), 0, 0),
    "DATE": (_date, 3, 3),
    "YEAR": (lambda a, _: _moment(a[0]).year, 1, 1),
    "MONTH": (lambda a, _: _moment(a[0]).month, 1, 1),
    "DAY": (lambda a, _: _moment(a[0]).day, 1, 1),
    "HOUR": (lambda a, _: _moment(a[0]).hour, 1, 1),
    "WEEKDAY": (lambda a, _: _moment(a[0]).isoweekday() % 7 + 1, 1, 1),
    "VLOOKUP": (_lookup, 3, 4),
    "MATCH": (lambda a, _: _position(_matrix(a[1]).flat, one(a[0]), to_number(a[2]) if len(a) > 2 else 1) + 1, 2, 3),
    "INDEX": (_index, 1, 3),
    "ROWS": (lambda a, _: len(_matrix(a[0]).rows), 1, 1),
    "COLUMNS": (lambda a, _: len(_matrix(a[0]).rows[0]), 1, 1),
    "ROW": (lambda a, _: _matrix(a[0]).top + 1, 1, 1),
    "COLUMN": (lambda a, _: _matrix(a[0]).left + 1, 1, 1),
}
