"""The typed table of one mirror: its columns from a stream spec, and records to rows of it."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, SmallInteger, Table, Text

from sync.errors import ContractBroken, Where
from sync.records import FieldType, Record, StreamSpec
from sync.store.instants import to_us
from sync.store.tables import KEY_TEXT

KEY, CHANGED_IN, FINGERPRINT, SEEN_AT, EXTRA = "_key", "_changed_in", "_fingerprint", "_seen_at", "_extra"
"""Our own columns; a field may not begin with an underscore."""

OUR_OWN = frozenset({KEY, CHANGED_IN, FINGERPRINT, SEEN_AT})
"""Those of them that are no content of a record."""

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_INT64 = 2**63
_JSON = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS

SQL_TYPES = {
    FieldType.TEXT: Text,
    FieldType.INTEGER: BigInteger,
    FieldType.NUMBER: Double,
    FieldType.BOOLEAN: SmallInteger,  # 0 and 1 in both databases
    FieldType.INSTANT: BigInteger,  # microseconds, see instants.py
    FieldType.DATE: Integer,  # days since 1970-01-01
    FieldType.LIST: Text,  # JSON
    FieldType.OBJECT: Text,  # JSON
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column holds which declared field, and of what type it is."""

    table: Table
    column_of: Mapping[str, str]
    type_of: Mapping[str, FieldType]


def column_names(spec: StreamSpec, existing: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each field: its name, or name and type where `existing` has the name as another type."""
    return {
        f.name: f.name if existing.get(f.name, f.type) == f.type else f"{f.name}__{f.type.value}" for f in spec.fields
    }


def make_layout(name: str, spec: StreamSpec, existing: Mapping[str, str]) -> Layout:
    """Describe the mirror table called `name` for `spec`; columns of fields no longer declared are left alone."""
    column_of = column_names(spec, existing)
    type_of = {f.name: f.type for f in spec.fields}
    own = (
        Column(KEY, KEY_TEXT, primary_key=True),
        Column(CHANGED_IN, BigInteger, nullable=False),
        Column(FINGERPRINT, BigInteger, nullable=False),
        Column(SEEN_AT, BigInteger, nullable=False),
        Column(EXTRA, Text),
    )
    fields: list[Column[Any]] = [Column(column_of[f.name], SQL_TYPES[f.type]) for f in spec.fields]
    table = Table(name, MetaData(), *own, *fields)
    Index(f"ix_{name}_cursor", table.c[column_of[spec.cursor_field]], table.c[KEY])
    Index(f"ix_{name}_changed", table.c[CHANGED_IN])
    if spec.looked_up_by:
        Index(f"ix_{name}_lookup", table.c[column_of[spec.looked_up_by]])
    return Layout(table, column_of, type_of)


def table_name(connection: str, stream: str, mirror_id: str) -> str:
    """Return a name for people to recognise, made unique by a digest; PostgreSQL takes 63 bytes, indexes add 11."""
    readable = re.sub(r"[^a-z0-9]+", "_", f"{connection}_{stream}".lower())[:32].strip("_")
    return f"m_{readable}_{digest(mirror_id)[:10]}"


def digest(text: str) -> str:
    """Return a short stable fingerprint of a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def key_text(values: Sequence[Any]) -> str:
    """Return the text that stands for a key everywhere: a single text verbatim, 42 as "42", several as a JSON array."""
    if len(values) == 1 and isinstance(values[0], str):
        return clean_text(values[0])
    if len(values) == 1 and not isinstance(values[0], (datetime, date)):
        return _json(values[0])
    return _json([clean_text(v) if isinstance(v, str) else _in_utc(v) for v in values])


def clean_text(text: str) -> str:
    """Drop what no database takes: NUL characters and halves of surrogate pairs."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class Encoder:
    """Turns records of one stream into rows of its table."""

    def __init__(self, spec: StreamSpec, layout: Layout) -> None:
        self._spec = spec
        self._steps = [(f.name, layout.column_of[f.name], _ENCODE[f.type]) for f in spec.fields]
        self._needed = (*spec.key, spec.cursor_field)

    def to_rows(self, records: Iterable[Record], *, seen_at: datetime) -> dict[str, dict[str, Any]]:
        """Return rows by key, the last record of a key winning. The version is left to the caller."""
        seen_at_us = to_us(seen_at)
        rows: dict[str, dict[str, Any]] = {}
        for record in records:
            row = self._to_row(record)
            row[SEEN_AT] = seen_at_us
            rows.pop(row[KEY], None)
            rows[row[KEY]] = row
        return rows

    def _to_row(self, record: Record) -> dict[str, Any]:
        values = record.values
        for name in self._needed:
            if values.get(name) is None or values[name] == "":
                raise self._broken(f'A record has no "{name}", by which it would be found again.')
        row: dict[str, Any] = {}
        for name, column, encode in self._steps:
            value = values.get(name)
            try:
                row[column] = None if value is None else encode(value)
            except (TypeError, ValueError, AttributeError) as error:
                raise self._broken(f'"{name}" of a record cannot be kept: {error}.') from error
        row[EXTRA] = _json(dict(record.extra)) if record.extra else None
        row[FINGERPRINT] = fingerprint(row)
        row[KEY] = key_text([values[name] for name in self._spec.key])
        return row

    def _broken(self, what: str) -> ContractBroken:
        return ContractBroken(what, where=Where(stream=self._spec.name))


def fingerprint(row: Mapping[str, Any]) -> int:
    """Return 64 bits that change when any value does; a column that is empty counts as one that is not there."""
    filled = {name: value for name, value in row.items() if value is not None}
    return int.from_bytes(
        hashlib.blake2b(orjson.dumps(filled, option=_JSON), digest_size=8).digest(), "big", signed=True
    )


def _json(value: Any) -> str:
    try:
        written = orjson.dumps(value, option=_JSON).decode()
    except TypeError:  # half a surrogate pair, or an integer beyond 64 bits, somewhere inside
        return orjson.dumps(_plain(value), option=_JSON).decode()
    return written if "\\u0000" not in written else orjson.dumps(_plain(value), option=_JSON).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(v) for v in value]
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return str(value)
    return value if isinstance(value, (int, float, datetime, date, type(None))) else str(value)


def _in_utc(value: Any) -> Any:
    """Orjson writes the zone an instant came in: the same instant must give the same key."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _integer(value: Any) -> int:
    number = int(value)
    if not -_INT64 <= number < _INT64:
        raise ValueError(f"{number} has more than 64 bits")
    return number


def _number(value: Any) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number  # SQLite has no NaN


def _day(value: date) -> int:
    return value.toordinal() - _EPOCH_DAY


def _list(value: Iterable[Any]) -> str:
    """Items become text, so that a column of lists has one type whatever the vendor mixes."""
    return _json([v if isinstance(v, (str, type(None))) else _json(v) for v in value])


def _text(value: Any) -> str:
    return clean_text(value) if isinstance(value, str) else clean_text(str(value))


_ENCODE: dict[FieldType, Callable[[Any], Any]] = {
    FieldType.TEXT: _text,
    FieldType.INTEGER: _integer,
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: lambda value: int(bool(value)),
    FieldType.INSTANT: to_us,
    FieldType.DATE: _day,
    FieldType.LIST: _list,
    FieldType.OBJECT: _json,
}
