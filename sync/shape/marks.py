"""Which cells stand out: a condition of the config as a formula that a spreadsheet of any locale understands. Pure.

A formula has no comma and no decimal point, which locales write differently: 0.2 is 20/100, both conditions of two are
a product. Numbers and text of the config alone stand in it, never anything of a vendor.
"""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction

from sync.records import Column, FieldType
from sync.shape.cells import serial_of_date
from sync.shape.conditions import Condition, parse_condition

_NUMBERS = (FieldType.INTEGER, FieldType.NUMBER)
_TIMES = (FieldType.INSTANT, FieldType.DATE)
_ORDERED = ("<", "<=", ">", ">=")
_LONGEST = 500


def make_test(when: str, column: Column) -> str:
    """Return the formula that holds where the cell {c0} of a column passes; {h0} is its header, {c1} the first column.

    Raises:
        ValueError: the condition cannot be read or does not fit the column; says what is allowed.

    """
    try:
        condition = parse_condition(f"x {when}")
    except ValueError:
        raise ValueError('allowed: "> 20", "= missed", "in a, b", "contains x", "is empty", "is not empty"') from None
    if column.mask and condition.op not in ("filled", "empty"):
        raise ValueError('allowed: "is empty" or "is not empty" for a masked column')
    if condition.op == "filled":
        return "(LEN({c0})>0)*({c0}<>{h0})"
    if condition.op == "empty":
        return "(LEN({c0})=0)*(LEN({c1})>0)"
    tests = [_one(condition, value.strip(), column) for value in condition.values]
    passed = tests[0] if len(tests) == 1 else f"({'+'.join(f'({test})' for test in tests)}>0)"
    if condition.negated:
        return f"(LEN({{c1}})>0)*({{c0}}<>{{h0}})*NOT({passed})"
    return passed


def _one(condition: Condition, value: str, column: Column) -> str:
    op = condition.op
    if op == "contains":
        pattern = re.sub(r"([~*?])", r"~\1", value)
        return f"({{c0}}<>{{h0}})*(COUNTIF({{c0}};{_quoted(f'*{pattern}*')})>0)"
    if column.type in _NUMBERS and not column.as_text:
        return f"ISNUMBER({{c0}})*({{c0}}{op}{_number(value, column.divisor)})"
    if column.type in _TIMES:
        return f"ISNUMBER({{c0}})*(INT({{c0}}){op}{_day(value)})"
    if op in _ORDERED:
        raise ValueError(f"allowed: =, !=, in, not in, contains, is empty or is not empty for {column.type.value}")
    if column.type is FieldType.BOOLEAN:
        return f"{{c0}}={'TRUE' if value.lower() in ('true', 'yes') else 'FALSE'}"
    return f"({{c0}}={_quoted(value)})*({{c0}}<>{{h0}})"


def _quoted(text: str) -> str:
    if len(text) > _LONGEST or not text.isprintable():
        raise ValueError(f"allowed: a text of at most {_LONGEST} characters")
    return '"' + text.replace('"', '""').replace("{", "{{").replace("}", "}}") + '"'


def _number(text: str, divisor: int) -> str:
    """Write a number as the cell holds it: one out of 100 where the cell is a share, seconds where it is a day."""
    try:
        found = Fraction(text.removesuffix("%").strip()) / divisor
    except (ValueError, ZeroDivisionError):
        raise ValueError('allowed: a number, such as "> 20"') from None
    return str(found.numerator) if found.denominator == 1 else f"{found.numerator}/{found.denominator}"


def _day(text: str) -> str:
    try:
        return str(serial_of_date(date.fromisoformat(text.strip('"'))))
    except ValueError:
        raise ValueError('allowed: a day, such as "< 2026-01-31"') from None
