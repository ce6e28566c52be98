"""The groups of a pivot table: which bucket a source value falls into, and the lines that one side of it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sync.sandbox.google.errors import Json
from sync.sandbox.google.formats import EPOCH
from sync.sandbox.google.grid import Value, tidy_number
from sync.sandbox.google.languages import day_names, month_names

Rank = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Bucket:
    """What values are counted together: how it is called, and its place in the order."""

    shown: Value
    rank: Rank


@dataclass(frozen=True, slots=True)
class Line:
    """A row or column of the body: the buckets that lead to it, its records, and whether it is the total of these."""

    path: tuple[Bucket, ...]
    records: tuple[int, ...]
    is_total: bool = False


Worth = Callable[[Json, tuple[int, ...]], float]
"""What a group that is sorted by values sorts by: its description and records to a number."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One side of a pivot table: its groups, the source column of each, and how to weigh records."""

    groups: list[Json]
    columns: list[list[Value]]
    language: str
    worth: Worth

    def lines(self, records: tuple[int, ...]) -> list[Line]:
        """Return the lines in the order in which they show, totals behind what they sum up."""
        return list(self._below((), records))

    def _below(self, path: tuple[Bucket, ...], records: tuple[int, ...]) -> Iterator[Line]:
        depth = len(path)
        if depth == len(self.groups):
            yield Line(path, records)
            return
        kept: list[int] = []
        for bucket, inside in self._buckets(depth, records):
            kept.extend(inside)
            yield from self._below((*path, bucket), inside)
        if self.groups[depth].get("showTotals"):
            yield Line(path, tuple(kept), is_total=True)

    def _buckets(self, depth: int, records: tuple[int, ...]) -> list[tuple[Bucket, tuple[int, ...]]]:
        group, column = self.groups[depth], self.columns[depth]
        bucket_of = partial(find_bucket, group.get("groupRule", {}), language=self.language)
        found: dict[tuple[str, Value], tuple[Bucket, list[int]]] = {}
        for record in records:
            bucket = bucket_of(column[record])
            found.setdefault((type(bucket.shown).__name__, bucket.shown), (bucket, []))[1].append(record)
        buckets = [(bucket, tuple(inside)) for bucket, inside in found.values()]
        buckets.sort(key=lambda pair: pair[0].rank)
        if "valueBucket" in group:
            buckets.sort(key=lambda pair: self.worth(group["valueBucket"], pair[1]))
        if group.get("sortOrder") == "DESCENDING":
            buckets.reverse()
        limit = group.get("groupLimit", {}).get("countLimit")
        return buckets if limit is None else buckets[:limit]


def find_bucket(rule: Json, value: Value, *, language: str) -> Bucket:
    """Return the bucket of a value; a value that a rule says nothing of is one of its own."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if "manualRule" in rule:
        return _by_hand(rule["manualRule"], value)
    if "histogramRule" in rule and number is not None:
        return _of_size(rule["histogramRule"], number)
    if "dateTimeRule" in rule and number is not None:
        return _of_time(rule["dateTimeRule"].get("type", ""), number, language)
    return Bucket(value, _rank(value))


def _rank(value: Value) -> Rank:
    """Order values: blanks, numbers, texts without regard to case, booleans."""
    if value is None or value == "":
        return (-1,)
    if isinstance(value, bool):
        return 2, value
    return (1, value.casefold(), value) if isinstance(value, str) else (0, value)


def entered(value: Json) -> Value:
    """Return what an ExtendedValue says."""
    found: Value = next(iter(value.values()), None)
    return found


def _by_hand(rule: Json, value: Value) -> Bucket:
    for group in rule.get("groups", ()):
        for item in group.get("items", ()):
            wanted = entered(item)
            if wanted == value and isinstance(wanted, bool) == isinstance(value, bool):
                name = entered(group.get("groupName", {}))
                return Bucket(name, _rank(name))
    return Bucket(value, _rank(value))


def _of_size(rule: Json, number: float) -> Bucket:
    start, end, size = rule.get("start"), rule.get("end"), rule["interval"]
    if start is not None and number < start:
        return Bucket(f"< {_short(start)}", (0, float("-inf")))
    if end is not None and number > end:
        return Bucket(f"> {_short(end)}", (0, float("inf")))
    first = start or 0
    low = first + (number - first) // size * size
    if end is not None and low >= end:
        low -= size
    high = low + size if end is None else min(end, low + size)
    return Bucket(f"{_short(low)}-{_short(high)}", (0, low))


def _short(number: float) -> str:
    return str(tidy_number(float(f"{number:.10g}")))


def _of_time(kind: str, serial: float, language: str) -> Bucket:
    moment = EPOCH + timedelta(seconds=round(serial * 86400))
    made = _TIMES.get(kind)
    if made is None:
        return Bucket(serial, (0, serial))
    shown, rank = made(moment, language)
    return Bucket(shown, (0, *rank))


def _short_month(moment: datetime, language: str) -> str:
    return month_names(language)[moment.month - 1][:3]


def _quarter(moment: datetime) -> int:
    return (moment.month + 2) // 3


Timed = Callable[[datetime, str], tuple[Value, Rank]]
_TIMES: dict[str, Timed] = {
    "SECOND": lambda at, _: (at.second, (at.second,)),
    "MINUTE": lambda at, _: (at.minute, (at.minute,)),
    "HOUR": lambda at, _: (at.hour, (at.hour,)),
    "HOUR_MINUTE": lambda at, _: (f"{at.hour:02d}:{at.minute:02d}", (at.hour, at.minute)),
    "HOUR_MINUTE_AMPM": lambda at, _: (
        f"{at.hour % 12 or 12}:{at.minute:02d} {'PM' if at.hour >= 12 else 'AM'}",
        (at.hour, at.minute),
    ),
    "DAY_OF_WEEK": lambda at, language: (day_names(language)[at.weekday()], (at.isoweekday() % 7,)),
    "DAY_OF_YEAR": lambda at, _: (at.timetuple().tm_yday, (at.timetuple().tm_yday,)),
    "DAY_OF_MONTH": lambda at, _: (at.day, (at.day,)),
    "DAY_MONTH": lambda at, language: (f"{at.day}-{_short_month(at, language)}", (at.month, at.day)),
    "MONTH": lambda at, language: (_short_month(at, language), (at.month,)),
    "QUARTER": lambda at, _: (f"Q{_quarter(at)}", (_quarter(at),)),
    "YEAR": lambda at, _: (at.year, (at.year,)),
    "YEAR_MONTH": lambda at, language: (f"{at.year}-{_short_month(at, language)}", (at.year, at.month)),
    "YEAR_QUARTER": lambda at, _: (f"{at.year} Q{_quarter(at)}", (at.year, _quarter(at))),
    "YEAR_MONTH_DAY": lambda at, _: (f"{at:%Y-%m-%d}", (at.year, at.month, at.day)),
}
