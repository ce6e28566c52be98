"""The conditions of `where`: read from text, and turned into what polars computes. Pure.

Text is compared without regard to case. A record without a value passes `!=`, `not in` and `is empty`, nothing else.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync import clock
from sync.later import Later
from sync.records import FieldType, StreamSpec
from sync.shape.cells import as_text

if TYPE_CHECKING:
    import polars as pl
else:
    pl = Later("polars")

_CONDITION = re.compile(r"\s*(\S+)\s+(==|=|!=|<=|<|>=|>|in|not\s+in|contains|is)\s+(\S.*?)\s*", re.DOTALL)
_ORDERED = ("<", "<=", ">", ">=")
_ORDERED_TYPES = (FieldType.INTEGER, FieldType.NUMBER, FieldType.INSTANT, FieldType.DATE)
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}
ALLOWED_FORMS = 'a field, a comparison and a value, such as "duration >= 10"'

Operand = str | float | bool | datetime | date


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; `op` is one of = != < <= > >= contains empty filled, several values are alternatives."""

    field: str
    op: str
    values: tuple[str, ...]
    negated: bool = False


def parse_condition(text: str) -> Condition:
    """Read "duration >= 10", "status in completed, voicemail" or "notes is not empty".

    Raises:
        ValueError: with "allowed: ..." when the text is no condition.

    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(f"allowed: {ALLOWED_FORMS}")
    field, op, rest = match[1], " ".join(match[2].split()), match[3]
    if op == "is":
        word = " ".join(rest.lower().split())
        if word not in ("empty", "not empty"):
            raise ValueError('allowed: "is empty" or "is not empty"')
        return Condition(field, "filled" if word.startswith("not") else "empty", ())
    if op in ("in", "not in"):
        (values,) = csv.reader([rest.replace("\n", " ")], skipinitialspace=True)
        return Condition(field, "=", tuple(value.strip() for value in values), negated=op == "not in")
    value = rest[1:-1].replace('""', '"') if len(rest) > 1 and rest[0] == rest[-1] == '"' else rest
    return Condition(field, {"==": "=", "!=": "="}.get(op, op), (value,), negated=op == "!=")


def find_mistake(text: str, spec: StreamSpec) -> str:
    """Say what is allowed where a condition cannot be carried out on a stream; "" when it can."""
    try:
        condition = parse_condition(text)
        declared = spec.field_named(condition.field)
        if declared is None:
            return ""
        if condition.op in _ORDERED and declared.type not in _ORDERED_TYPES:
            return f"allowed: =, !=, in, not in, contains, is empty or is not empty for {declared.type} fields"
        if condition.op != "contains":
            for value in condition.values:
                _operand(value, declared.type, ZoneInfo("UTC"))
    except ValueError as error:
        return str(error)
    return ""


def fields_of(conditions: Iterable[Condition]) -> tuple[str, ...]:
    """Return the fields that conditions test, each once."""
    return tuple(dict.fromkeys(condition.field for condition in conditions))


def passes(conditions: Sequence[Condition], schema: Mapping[str, pl.DataType], zone: ZoneInfo) -> pl.Expr:
    """Return whether a record of a frame passes all conditions. A field that the frame lacks is empty."""
    return pl.all_horizontal([pl.lit(True), *(_one(condition, schema, zone) for condition in conditions)])


def _one(condition: Condition, schema: Mapping[str, pl.DataType], zone: ZoneInfo) -> pl.Expr:
    dtype = schema.get(condition.field)
    value = pl.lit(None, dtype=pl.String) if dtype is None else pl.col(condition.field)
    kind = _kind(dtype)
    if condition.op in ("empty", "filled"):
        text = value if kind is not FieldType.TEXT or dtype is None else as_text(value, dtype)
        is_empty = text.is_null() | ((text == "") if kind is FieldType.TEXT else pl.lit(False))
        return is_empty if condition.op == "empty" else ~is_empty
    if kind is FieldType.TEXT:
        text = (as_text(value, dtype) if dtype is not None else value).str.to_lowercase()
        items = _items(value, dtype)
        found = [_of_text(condition.op, text, one.lower(), items=items) for one in condition.values]
    else:
        compare = _COMPARE[condition.op]
        found = [compare(value, pl.lit(_operand(one, kind, zone))) for one in condition.values]
    passed = pl.any_horizontal(found).fill_null(value=False)
    return ~passed if condition.negated else passed


def _items(value: pl.Expr, dtype: pl.DataType | None) -> pl.Expr | None:
    if isinstance(dtype, pl.List) and not dtype.inner.is_nested():
        return value.cast(pl.List(pl.String)).list.eval(pl.element().str.to_lowercase())
    return None


def _of_text(op: str, text: pl.Expr, wanted: str, *, items: pl.Expr | None) -> pl.Expr:
    """Compare text; of a list, its items are compared one by one as well as all together."""
    if items is not None:
        return items.list.contains(wanted) | (text == wanted)
    return text.str.contains(wanted, literal=True) if op == "contains" else _COMPARE[op](text, pl.lit(wanted))


_COMPARE: Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "contains": lambda a, b: a == b,
}


def _kind(dtype: pl.DataType | None) -> FieldType:
    if dtype is None:
        return FieldType.TEXT
    if dtype.is_numeric():
        return FieldType.NUMBER
    if dtype == pl.Boolean:
        return FieldType.BOOLEAN
    if isinstance(dtype, pl.Datetime):
        return FieldType.INSTANT
    return FieldType.DATE if dtype == pl.Date else FieldType.TEXT


def _operand(text: str, kind: FieldType, zone: ZoneInfo) -> Operand:
    """Read a value as the type of the field that it is compared with."""
    if kind in (FieldType.INTEGER, FieldType.NUMBER):
        try:
            return float(text)
        except ValueError:
            raise ValueError("allowed: a number") from None
    if kind is FieldType.BOOLEAN:
        if text.lower() not in _TRUTH:
            raise ValueError("allowed: true or false")
        return _TRUTH[text.lower()]
    if kind in (FieldType.INSTANT, FieldType.DATE):
        return _moment(text, kind, zone)
    return text


def _moment(text: str, kind: FieldType, zone: ZoneInfo) -> datetime | date:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError('allowed: a date or time such as "2026-03-31" or "2026-03-31 09:00"') from None
    if kind is FieldType.DATE:
        return at.date()
    return at if at.tzinfo else clock.to_instant(at, zone)
