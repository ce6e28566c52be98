"""Which name of the vendor stands for which declared field, where nobody documents it or the documents may be wrong.

A field may be sent under one of several names, nested or not. What was found is kept in the notebook of the connection:
a name that stood in every one of the first rows must stand in every later one, so that a renamed field blanks no
cell. What no name fits is told once, with the names that are sent. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from sync.errors import ContractBroken
from sync.records import Field, FieldType, Record
from sync.sources.base import Notebook
from sync.sources.justcall.readers import READERS, Read, has_zone
from sync.sources.rows import Complaint, json_type

_MISSING: Any = object()
MAX_NAMED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A declared field and the names under which it may be sent, the likeliest first.

    A dot leads into an object; a plus joins two values by a blank, as a date and a time. Case and underlines make no
    difference. `read` is how a value is read, where the type alone does not say it.
    """

    field: Field
    names: tuple[str, ...]
    read: Read | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the rows of one stream are read: columns, those that a record must have, and how a row is named to people.

    `containers` are objects whose parts count as fields; None: every object is one. `is_guess` says that the names are
    not documented.
    """

    columns: tuple[Column, ...]
    needed: tuple[str, ...]
    containers: frozenset[str] | None = frozenset()
    is_guess: bool = False
    settles_after: int = 5  # rows seen; a field that all of them have is expected in every later one


@dataclass(slots=True)
class Found:
    """What was found: the vendor's name for each declared field, and the fields that every row has."""

    names: dict[str, str] = field(default_factory=dict)
    always: set[str] = field(default_factory=set)
    n_seen: int = 0


class FormBook:
    """Finds the names of one stream's fields, and keeps them over restarts."""

    def __init__(self, notebook: Notebook, stream: str, layout: Layout, chosen: Mapping[str, str]) -> None:
        self._notebook, self._name, self._layout = notebook, f"form {stream}", layout
        self._chosen = dict(chosen)
        self._stream = stream
        self.found = self._load()
        self.is_new = not self.found.names

    def _load(self) -> Found:
        text = self._notebook.read(self._name)
        kept = orjson.loads(text) if text else {}
        if not kept or kept["chosen"] != self._chosen:  # other names were chosen since: all is found anew
            return Found()
        return Found(names=kept["names"], always=set(kept["always"]), n_seen=kept["n_seen"])

    def learn(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Look for what is not found yet; ContractBroken when a record could not be found again tomorrow."""
        if not rows:
            return
        found = self.found
        sent = {_plain(name): name for row in rows for name in row}
        for column in self._layout.columns:
            if column.field.name not in found.names and (name := self._name_in(column, sent)):
                found.names[column.field.name] = name
        self._refuse_without_key(sent)
        if found.n_seen < self._layout.settles_after:
            here = {c for c, name in found.names.items() if all(_has(row, name) for row in rows)}
            found.always = here & found.always if found.n_seen else here
            found.n_seen += len(rows)
        self._save()

    def must_have(self, name: str) -> bool:
        """Tell whether a field that is absent has been renamed or dropped, and is not just nothing."""
        return name in self._layout.needed or (
            self.found.n_seen >= self._layout.settles_after and name in self.found.always
        )

    def _name_in(self, column: Column, sent: Mapping[str, str]) -> str:
        chosen = self._chosen.get(column.field.name)
        for name in (chosen,) if chosen else column.names:
            parts = [sent.get(_plain(part)) for part in name.split("+")]
            if all(parts):
                return "+".join(map(str, parts))
        return ""

    def _refuse_without_key(self, sent: Mapping[str, str]) -> None:
        lost = [name for name in self._layout.needed if name not in self.found.names]
        if not lost:
            return
        expected = next(c for c in self._layout.columns if c.field.name == lost[0]).names
        raise ContractBroken(
            f"{lost[0]} is missing: no field of what JustCall sends as {self._stream} could be it; "
            f"looked for {', '.join(expected)}; sent are {', '.join(sorted(sent.values())[:40])}",
            hint=f"If one of them is it, name it in the connection: "
            f'fields = {{ {self._stream} = {{ {lost[0]} = "the name" }} }}.',
        )

    def _save(self) -> None:
        found = self.found
        text = orjson.dumps(
            {
                "names": found.names,
                "always": sorted(found.always),
                "n_seen": found.n_seen,
                "chosen": self._chosen,
            },
            option=orjson.OPT_SORT_KEYS,
        ).decode()
        if text != self._notebook.read(self._name):
            self._notebook.write(self._name, text)

    def warnings(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Yield what people should know of names that nobody documents, when they have just been found."""
        if not self.is_new or not rows or not self._layout.is_guess:
            return
        self.is_new = False
        known = self.found.names
        lost = [c.field.name for c in self._layout.columns if c.names and c.field.name not in known]
        if lost:
            beside = sorted({name for row in rows for name in row} - _used(known.values()))
            others = f"; it sends beside: {_listed(beside)}" if beside else ""
            yield (
                f"JustCall sends no field of {self._stream} that could be {_listed(lost)}: they stay empty{others}. "
                "The option fields of the connection names them."
            )
        instants = [c.field.name for c in self._layout.columns if c.field.type is FieldType.INSTANT]
        values = [_value_of(row, known[name]) for name in instants if name in known for row in rows[:1]]
        if any(value is not None and not has_zone(value) for value in values):
            yield (
                f"JustCall sends the times of {self._stream} without a zone; they are read in the option times_zone "
                "of the connection."
            )


class FormReader:
    """Reads rows into records by the names that were found."""

    def __init__(self, layout: Layout, book: FormBook, *, zone: ZoneInfo) -> None:
        self._layout, self._book, self._zone = layout, book, zone
        self._readers = [(c.field.name, c.read or READERS[c.field.type]) for c in layout.columns]

    def read(self, rows: Sequence[Any]) -> tuple[list[Record], list[Complaint], list[str]]:
        """Return the good records, why others cannot be read, and sentences for the report."""
        flat = [_flattened(row, self._layout.containers) if isinstance(row, dict) else row for row in rows]
        objects = [row for row in flat if isinstance(row, dict)]
        self._book.learn(objects)
        used = _used(self._book.found.names.values())
        records, complaints = [], []
        for row in flat:
            got = self._to_record(row, used)
            if isinstance(got, Record):
                records.append(got)
            else:
                complaints.append(got)
        return records, complaints, list(self._book.warnings(objects))

    def _to_record(self, row: Any, used: Iterable[str]) -> Record | Complaint:
        if not isinstance(row, dict):
            return Complaint(example="an item", field="", what=f"is {json_type(row)}, not an object")
        values: dict[str, Any] = {}
        found = self._book.found
        for name, read in self._readers:
            value = _value_of(row, found.names[name]) if name in found.names else None
            if value is _MISSING:
                if self._book.must_have(name):
                    return self._complaint(row, name, "is missing")
                value = None
            try:
                values[name] = None if value is None else read(value, self._zone)
            except ValueError as error:
                return self._complaint(row, name, f"is {json_type(value)}: {error}")
            if values[name] in (None, "") and name in self._layout.needed:
                return self._complaint(row, name, "is empty")
        return Record(values, {name: value for name, value in row.items() if name not in used})

    def _complaint(self, row: Mapping[str, Any], name: str, what: str) -> Complaint:
        if not self._layout.needed:
            return Complaint(example="the only row", field=name, what=what)
        key = self._layout.needed[0]
        value = _value_of(row, self._book.found.names[key])
        is_plain = isinstance(value, str | int) and not isinstance(value, bool)
        return Complaint(example=str(value)[:80] if is_plain else f"one without {key}", field=name, what=what)


def _flattened(row: Mapping[str, Any], containers: frozenset[str] | None) -> dict[str, Any]:
    """Bring the parts of objects up, named by their path; an empty object is null, and so is what would be in it."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        is_container = containers is None or _plain(name) in containers
        if is_container and isinstance(value, dict):
            flat.update({f"{name}.{inner}": part for inner, part in value.items()})
            if not value:
                flat[name] = None
        elif is_container and containers is not None and value == []:
            flat[name] = None
        else:
            flat[name] = value
    return flat


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


def _has(row: Mapping[str, Any], name: str) -> bool:
    return _value_of(row, name) is not _MISSING


def _value_of(row: Mapping[str, Any], name: str) -> Any:
    """Return a value by the vendor's name for it; None where the object that would hold it is null."""
    if "+" in name:
        parts = [_value_of(row, part) for part in name.split("+")]
        if any(part is _MISSING for part in parts):
            return _MISSING
        return " ".join(str(part) for part in parts) if all(part not in (None, "") for part in parts) else None
    value = row.get(name, _MISSING)
    if value is _MISSING and "." in name:
        container = name.partition(".")[0]
        return row[container] if container in row and row[container] is None else _MISSING
    return value


def _used(names: Iterable[str]) -> set[str]:
    return {part for name in names for part in name.split("+")}


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
