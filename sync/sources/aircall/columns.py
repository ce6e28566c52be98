"""Which column of an export is which field: by the names of the header, in any order and in any of several spellings.

No page tells the headers of an export. Names are compared without case, signs and blanks, so that `Call ID (internal)`,
`callIdInternal` and `call_id_internal` are one; the connection may say which column is which; what nobody knows is kept
under its own header. Two columns never share a name, and none is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from sync import clock
from sync.errors import ContractBroken
from sync.records import Field
from sync.sources.aircall.values import READERS, Read, Reading, read_duration, read_whole_seconds, unit_of

MAX_COLUMNS = 2_000
_UNIT = re.compile(r"_(?:in_)?(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)$")
_ZONE = re.compile(r"\(([A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+|UTC|GMT)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A declared field and the header names by which it is known, the best first; its own name is one of them.

    `else_names` are taken where none of the names is there, even from a column that is another field's as well.
    """

    field: Field
    names: tuple[str, ...] = ()
    else_names: tuple[str, ...] = ()
    read: Read | None = None
    day_and_time: tuple[tuple[str, str], ...] = ()  # pairs of columns that make an instant together

    @property
    def reader(self) -> Read:
        """How a text of this column is read."""
        return self.read or READERS[self.field.type]

    @property
    def is_duration(self) -> bool:
        """Whether it holds lengths of time, whose unit the header may tell."""
        return self.read in (read_duration, read_whole_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Where a field is found, and how its texts are read; `at_time` is a second column with the time of a day."""

    name: str
    at: int
    read: Read
    reading: Reading
    by_else: bool = False
    at_time: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A whole header: the fields that it has, by name, and the columns that we do not know, with the name of each."""

    header: tuple[str, ...]
    bound: Mapping[str, Bound]
    unknown: tuple[tuple[int, str], ...]

    def key_origin(self, names: Sequence[str]) -> list[str]:
        """Return from which kind of column each key field comes, so that a change of it is noticed."""
        origins = []
        for name in names:
            bound = self.bound.get(name)
            other = f" ({plain_name(self.header[bound.at])})" if bound and bound.by_else else ""
            origins.append(f"{name}{other}" if bound else "")
        return origins

    def in_words(self) -> list[str]:
        """Say for each column of the file which field it is."""
        fields: dict[int, list[str]] = {}
        for bound in self.bound.values():
            for at in (bound.at, bound.at_time):
                if at is not None:
                    fields.setdefault(at, []).append(bound.name)
        kept = dict(self.unknown)
        lines = []
        for at, text in enumerate(self.header):
            what = f"is {' and '.join(fields[at])}" if at in fields else f'is not known, and kept as "{kept[at]}"'
            lines.append(f'"{text.strip()[:80]}" {what}')
        return lines


Wanted = Mapping[str, str | Sequence[str]]
"""Which header a field has, as the connection says."""


def plain_name(header: str) -> str:
    """Return a header without case, signs and blanks, such as call_id_internal for `Call ID (internal)`."""
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", header.strip().lstrip("\ufeff"))
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text).lower().replace("%", " percent ").replace("#", " number ")
    return re.sub(r"[^\w]+|_+", "_", text).strip("_")


def bind(
    header: Sequence[str], columns: Sequence[Column], wanted: Wanted, *, reading: Reading, declared: Collection[str]
) -> Binding:
    """Find each field in a header; what the connection says goes first. No unknown column gets a `declared` name."""
    if len(header) > MAX_COLUMNS:
        raise ContractBroken(f"the file has {len(header):,} columns, which is no report")
    binder = _Binder(header, reading)
    for column in columns:
        name = wanted.get(column.field.name)
        if name:
            binder.bind_named(column, [name] if isinstance(name, str) else name)
    for column in columns:
        binder.bind_known(column)
    for column in columns:
        binder.bind_else(column)
    return binder.binding(declared)


@dataclass(slots=True)
class _Binder:
    """Hands out columns, each once."""

    header: Sequence[str]
    reading: Reading
    bound: dict[str, Bound] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    plain: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.plain = [plain_name(text) for text in self.header]

    def bind_named(self, column: Column, names: Sequence[str]) -> None:
        """Take the column that the connection names; two of them are a day and a time."""
        at, *more = (self._find(column, name) for name in names)
        self._take(column, at, at_time=more[0] if more else None)

    def _find(self, column: Column, name: str) -> int:
        exact = [at for at, text in enumerate(self.header) if text.strip() == name.strip()]
        alike = [at for at, text in enumerate(self.plain) if text == plain_name(name)]
        if not exact and not alike:
            raise ContractBroken(
                f"export_columns says that {column.field.name} is in the column {name!r}, which the file does not have",
                hint=f"Its columns are: {headers_in_words(self.header)}.",
            )
        return (exact or alike)[0]

    def bind_known(self, column: Column) -> None:
        if column.field.name in self.bound:
            return
        for name in (column.field.name, *column.names):
            for at, plain in enumerate(self.plain):
                if at not in self.taken and self._is(column, at, plain, name):
                    day, time = self._pair_with(column, plain) or (at, None)
                    self._take(column, day, at_time=time)
                    return

    def _pair_with(self, column: Column, plain: str) -> tuple[int, int] | None:
        """Return where day and time stand, if a name is one of the two and the other is there too."""
        for day, time in column.day_and_time:
            if plain in (day, time) and day in self.plain and time in self.plain:
                return self.plain.index(day), self.plain.index(time)
        return None

    def bind_else(self, column: Column) -> None:
        if column.field.name in self.bound:
            return
        for name in column.else_names:
            if name in self.plain:
                self._take(column, self.plain.index(name), by_else=True)
                return

    def _is(self, column: Column, at: int, plain: str, name: str) -> bool:
        if plain == name:
            return True
        if column.is_duration and _UNIT.sub("", plain) == name:
            return True
        return bool(_ZONE.search(self.header[at])) and plain_name(_ZONE.sub("", self.header[at])) == name

    def _take(self, column: Column, at: int, *, by_else: bool = False, at_time: int | None = None) -> None:
        self.bound[column.field.name] = Bound(
            name=column.field.name,
            at=at,
            read=column.reader,
            reading=self._reading_at(column, at),
            by_else=by_else,
            at_time=at_time,
        )
        self.taken.add(at)
        if at_time is not None:
            self.taken.add(at_time)

    def _reading_at(self, column: Column, at: int) -> Reading:
        unit, zone = _UNIT.search(self.plain[at]), _zone_in(self.header[at], self.plain[at])
        reading = replace(self.reading, zone=zone) if zone else self.reading
        return replace(reading, unit_s=unit_of(unit[1])) if unit and column.is_duration else reading

    def binding(self, declared: Collection[str]) -> Binding:
        names: dict[str, int] = {}
        unknown = []
        for at, text in enumerate(self.header):
            if at not in self.taken:
                unknown.append((at, _own_name(text, at, names, declared)))
        return Binding(header=tuple(self.header), bound=self.bound, unknown=tuple(unknown))


def _zone_in(header: str, plain: str) -> ZoneInfo | None:
    match = _ZONE.search(header)
    name = match[1] if match else "UTC" if plain.endswith(("_utc", "_gmt")) else ""
    try:
        return clock.zone(name) if name else None
    except ValueError:
        return None


def _own_name(text: str, at: int, names: dict[str, int], declared: Collection[str]) -> str:
    """Return the name under which an unknown column is kept: its header; a second one of a name gets a number."""
    name = text.strip().lstrip("\ufeff").lstrip("_")[:200] or f"column {at + 1}"
    names[name] = names.get(name, 1 if name in declared else 0) + 1
    return name if names[name] == 1 else f"{name} ({names[name]})"


def headers_in_words(header: Sequence[str]) -> str:
    """Write headers into a sentence, not too many."""
    shown = ", ".join(f'"{text.strip()[:60]}"' for text in header[:60])
    return shown + (f" and {len(header) - 60:,} more" if len(header) > 60 else "") if header else "none"


Derive = Callable[[dict[str, Any]], None]
"""Fills the fields of a record that no column holds."""
