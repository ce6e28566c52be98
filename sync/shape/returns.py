"""Which calls that nobody answered were returned, by whichever vendor. Pure.

A call is returned when both sides spoke later: somebody of the company called the number and was answered, or its
owner called again and was answered.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from sync.shape.all_calls import END_DIGITS, NUMBER_END, OF_RETURNS

FIELDS = ("caller", "direction", "answered", "started_at", NUMBER_END)
"""What is looked at."""
_COUNTRY_DIGITS = 3  # the longest code of a country
_SCHEMA = {"returned": pl.Boolean(), "returned_at": pl.Datetime("us", "UTC"), "attempts": pl.Int64()}


def with_returns(calls: pl.DataFrame) -> pl.DataFrame:
    """Return calls with the fields of OF_RETURNS worked out of each other."""
    found: dict[str, list[object]] = {name: [None] * calls.height for name in OF_RETURNS}
    by_end: dict[str, list[int]] = defaultdict(list)
    for n, end in enumerate(calls[NUMBER_END].to_list()):
        if end is not None:
            by_end[end].append(n)
    numbers, at = calls["caller"].to_list(), calls["started_at"].to_list()
    is_out, answered = (calls["direction"] == "outbound").to_list(), calls["answered"].to_list()
    for places in by_end.values():
        if all(is_out[n] or answered[n] for n in places):
            continue
        for same in _persons(places, numbers):
            person = _Person()
            for n in same:
                person.add(at[n], is_out=bool(is_out[n]), answered=bool(answered[n]))
            person.sort()
            for n in same:
                if not is_out[n] and not answered[n]:
                    returned_at, n_attempts = person.after(at[n])
                    values = (returned_at is not None, returned_at, n_attempts)
                    for name, value in zip(OF_RETURNS, values, strict=True):
                        found[name][n] = value
    series = [pl.Series(name, values, dtype=_SCHEMA[name]) for name, values in found.items()]
    return calls.drop([name for name in OF_RETURNS if name in calls.columns]).with_columns(series)


@dataclass(slots=True)
class _Person:
    """The calls with one number: when both sides spoke, and when it was called."""

    spoken: list[datetime] = field(default_factory=list)
    called: list[datetime] = field(default_factory=list)

    def add(self, at: datetime, *, is_out: bool, answered: bool) -> None:
        """Hear of one call."""
        if answered:
            self.spoken.append(at)
        if is_out:
            self.called.append(at)

    def sort(self) -> None:
        """Be done with hearing."""
        self.spoken.sort()
        self.called.sort()

    def after(self, at: datetime) -> tuple[datetime | None, int]:
        """Return when both sides spoke first after an instant, and how often the number was called until then."""
        n = bisect_right(self.spoken, at)
        until = self.spoken[n] if n < len(self.spoken) else None
        last = len(self.called) if until is None else bisect_right(self.called, until)
        return until, last - bisect_right(self.called, at)


def _persons(places: Sequence[int], numbers: Sequence[str]) -> Iterator[list[int]]:
    """Divide calls whose numbers end alike by whose number it is."""
    by_number: dict[str, list[int]] = defaultdict(list)
    for n in places:
        by_number[numbers[n]].append(n)
    groups: list[tuple[list[str], list[int]]] = []
    for number, of_it in by_number.items():
        mine = next((group for group in groups if any(is_same_number(number, other) for other in group[0])), None)
        if mine is None:
            groups.append(([number], of_it))
        else:
            mine[0].append(number)
            mine[1].extend(of_it)
    yield from (of_it for _, of_it in groups)


def is_same_number(one: str, other: str) -> bool:
    """Tell whether two texts are one phone number: with + they are compared whole, else the country may be missing."""
    (digits, is_whole), (others, is_other_whole) = _digits_of(one), _digits_of(other)
    if digits == others:
        return True
    if is_whole and is_other_whole:
        return False
    short, long = sorted((digits, others), key=len)
    short = short.lstrip("0")
    return len(short) >= END_DIGITS and long.endswith(short) and len(long) - len(short) <= _COUNTRY_DIGITS


def _digits_of(number: str) -> tuple[str, bool]:
    """Return the digits of a number, and whether they are known to begin with the country."""
    text = re.sub(r"\(0\)", "", number.strip())  # as in +44 (0) 20: not dialled after the country
    digits = re.sub(r"\D", "", text)
    if text.startswith("+"):
        return digits, True
    return (digits[2:], True) if digits.startswith("00") else (digits, False)
