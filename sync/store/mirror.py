"""The local copy of streams: one typed table per connection, stream and params. Upsert by key, changed since, coverage.

Reading is in `mirror_read.py`, the making of rows in `mirror_table.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, Connection, bindparam, delete, insert, or_, select, update

from sync.records import FieldType, Record, Slice, StreamSpec
from sync.store.coverage import Coverage, add_stretch, cut_before, load_coverage, save_coverage, stretch_of
from sync.store.db import Store, insert_or_update
from sync.store.forgotten import without_forgotten
from sync.store.instants import from_us, to_us
from sync.store.mirror_read import MirrorReader
from sync.store.mirror_table import (
    CHANGED_IN,
    EXTRA,
    FINGERPRINT,
    KEY,
    OUR_OWN,
    SEEN_AT,
    SQL_TYPES,
    Encoder,
    Layout,
    column_names,
    digest,
    fingerprint,
    key_text,
    make_layout,
    table_name,
)
from sync.store.pieces import in_pieces
from sync.store.tables import mirror_extras, mirrors, refresh_marks

__all__ = ["Coverage", "Mirror", "RefreshMarks", "Upserted", "forget_before", "key_text", "open_mirror"]

_TAKEN = "taken"
_FIGURES = (FieldType.INTEGER, FieldType.NUMBER)
_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did, counted by key."""

    n_added: int
    n_changed: int
    n_unchanged: int


class Mirror(MirrorReader):
    """One mirrored stream. Safe to share between threads."""

    def __init__(self, store: Store, mirror_id: str, spec: StreamSpec, layout: Layout) -> None:
        super().__init__(store, mirror_id, spec, layout)
        self.marks = RefreshMarks(store, mirror_id)
        self._encoder = Encoder(spec, layout)
        self._known_extras = frozenset[str]()

    def upsert(self, records: Sequence[Record], *, seen_at: datetime) -> Upserted:
        """Put records in by key, in one transaction; the last one of a key wins.

        `_changed_in` becomes the next version for what is new or different; the version does not move when nothing is.
        """
        rows = self._encoder.to_rows(records, seen_at=seen_at)
        extras = {name for record in records for name in record.extra}
        with self._store.begin() as connection:
            version = self._lock(connection) + 1
            rows = without_forgotten(connection, rows, mirror_id=self.id)
            known = self._fingerprints(connection, rows)
            added = [row for key, row in rows.items() if key not in known]
            changed = [row for key, row in rows.items() if known.get(key, row[FINGERPRINT]) != row[FINGERPRINT]]
            unchanged = [key for key, row in rows.items() if known.get(key) == row[FINGERPRINT]]
            self._write(connection, added, changed, version=version)
            self._touch(connection, unchanged, to_us(seen_at))
            self._note_extras(connection, extras)
        self._known_extras |= extras
        return Upserted(len(added), len(changed), len(unchanged))

    def blank(self, slice: Slice, *, unseen_since: datetime) -> int:
        """Empty the figures of an aggregate's records that an answer no longer held; return how many there were.

        Every call of such a group is now counted in another one: the old figures would count it twice. The record
        stays, as people may have written beside its row.
        """
        of_key = {*self.spec.key, self.spec.cursor_field}
        figures = [f.name for f in self.spec.fields if f.type in _FIGURES and f.name not in of_key]
        columns = [self._layout.column_of[name] for name in figures]
        table = self._layout.table
        gone = (*self._inside(slice), table.c[SEEN_AT] < to_us(unseen_since))
        filled = or_(*(table.c[name].is_not(None) for name in columns))
        with self._store.begin() as connection:
            version = self._lock(connection) + 1
            found = connection.execute(select(table).where(*gone, filled)).mappings()
            rows = [{**row, **dict.fromkeys([*columns, EXTRA])} for row in found]
            for row in rows:
                row[FINGERPRINT] = fingerprint({k: v for k, v in row.items() if k not in OUR_OWN})
            self._write(connection, [], rows, version=version)
        return len(rows)

    def save_slice(self, slice: Slice, *, read_at: datetime) -> None:
        """Note that `slice` has been read whole at `read_at`; what was known of that stretch before is replaced."""
        if slice.start >= slice.end:
            return
        with self._store.begin() as connection:
            self._lock(connection)
            known = load_coverage(connection, self.id)
            save_coverage(connection, self.id, add_stretch(known, stretch_of(slice, read_at)))

    def coverage(self) -> list[Coverage]:
        """Return the stretches read whole, sorted and disjoint, each no longer ago than its `read_at`."""
        with self._store.read() as connection:
            return load_coverage(connection, self.id)

    def _lock(self, connection: Connection) -> int:
        """Queue up with the other writers of this mirror, so that versions are committed in their order."""
        queue_up = update(mirrors).where(mirrors.c.id == self.id).values(version=mirrors.c.version)
        version: int = connection.execute(queue_up.returning(mirrors.c.version)).scalar_one()
        return version

    def _fingerprints(self, connection: Connection, keys: Iterable[str]) -> dict[str, int]:
        table = self._layout.table
        query = select(table.c[KEY], table.c[FINGERPRINT]).where(table.c[KEY].in_(bindparam("keys", expanding=True)))
        found: dict[str, int] = {}
        for piece in in_pieces(keys):
            found.update((key, print_) for key, print_ in connection.execute(query, {"keys": piece}))
        return found

    def _write(
        self, connection: Connection, added: list[dict[str, Any]], changed: list[dict[str, Any]], *, version: int
    ) -> None:
        if not added and not changed:
            return
        for row in (*added, *changed):
            row[CHANGED_IN] = version
        connection.execute(update(mirrors).where(mirrors.c.id == self.id).values(version=version))
        if added:
            connection.execute(insert(self._layout.table), added)
        if changed:
            connection.execute(insert_or_update(connection, self._layout.table, key=(KEY,)), changed)

    def _touch(self, connection: Connection, keys: list[str], seen_at_us: int) -> None:
        table = self._layout.table
        seen = update(table).where(table.c[KEY].in_(bindparam("keys", expanding=True))).values({SEEN_AT: seen_at_us})
        for piece in in_pieces(keys):
            connection.execute(seen, {"keys": piece})

    def _note_extras(self, connection: Connection, names: set[str]) -> None:
        new = [{"mirror_id": self.id, "name": name} for name in sorted(names - self._known_extras)]
        if new:
            connection.execute(insert_or_update(connection, mirror_extras, key=("mirror_id", "name")), new)


class RefreshMarks:
    """When a mirror was last refreshed, by kind of refresh, and what it has taken over from other mirrors."""

    def __init__(self, store: Store, mirror_id: str) -> None:
        self._store = store
        self._mirror_id = mirror_id

    def refreshed_at(self, kind: str) -> datetime | None:
        """Return the instant saved last for this kind, or None."""
        of_kind = (refresh_marks.c.mirror_id == self._mirror_id, refresh_marks.c.kind == kind)
        with self._store.read() as connection:
            at_us = connection.execute(select(refresh_marks.c.at_us).where(*of_kind)).scalar()
        return None if at_us is None else from_us(at_us)

    def taken_from(self, other_id: str) -> int:
        """Return the version of another mirror up to which its records have been taken over; 0 for none."""
        of_kind = (refresh_marks.c.mirror_id == self._mirror_id, refresh_marks.c.kind == f"{_TAKEN} {other_id}")
        with self._store.read() as connection:
            return connection.execute(select(refresh_marks.c.at_us).where(*of_kind)).scalar() or 0

    def save_taken(self, other_id: str, version: int) -> None:
        """Save the version of another mirror up to which its records have been taken over."""
        self._save(f"{_TAKEN} {other_id}", version)

    def save_refreshed(self, kind: str, at: datetime) -> None:
        """Save the instant of a finished refresh of this kind."""
        self._save(kind, to_us(at))

    def _save(self, kind: str, number: int) -> None:
        row = {"mirror_id": self._mirror_id, "kind": kind, "at_us": number}
        with self._store.begin() as connection:
            connection.execute(insert_or_update(connection, refresh_marks, key=("mirror_id", "kind")), row)


def open_mirror(
    store: Store,
    *,
    connection: str,
    spec: StreamSpec,
    params: Mapping[str, Any],
    scope: Mapping[str, str] | None = None,
) -> Mirror:
    """Open the mirror of a stream, making its table, or adding columns for fields declared since.

    Several processes may do this at once. A field whose type was changed gets a new column, filled as records
    are read again. `scope` tells apart what was asked with the same params and yet means something else, such as the
    zone and length of an aggregate's periods.
    """
    params_text = orjson.dumps(dict(params), option=_SORTED).decode()
    mirror_id = _id_of(connection, spec, params_text, scope or {})
    with store.read() as reading:
        columns = _known_columns(reading, mirror_id)
    if columns is None or _missing(spec, columns):
        with store.begin(queues=[f"mirror {mirror_id}"]) as writing:
            columns = _make_or_extend(writing, mirror_id, spec, source=connection, params=params_text)
    name = table_name(connection, spec.name, mirror_id)
    return Mirror(store, mirror_id, spec, make_layout(name, spec, columns))


def forget_before(mirror: Mirror, cutoff: datetime) -> int:
    """Remove the records whose cursor value is before `cutoff`, and their coverage; return how many.

    The version does not move: tabs that still show such records keep them.
    """
    with mirror._store.begin() as connection:
        mirror._lock(connection)
        gone = delete(mirror._layout.table).where(mirror._cursor < to_us(cutoff))
        n_gone = connection.execute(gone).rowcount
        save_coverage(connection, mirror.id, cut_before(load_coverage(connection, mirror.id), cutoff))
    return n_gone


def _id_of(connection: str, spec: StreamSpec, params_text: str, scope: Mapping[str, str]) -> str:
    """A stream that declares another key or cursor field gets another mirror: its old rows could not be matched."""
    parts = [params_text, str(list(spec.key)), spec.cursor_field]
    parts += [f"{name}={value}" for name, value in sorted({**scope, "variant": spec.variant}.items()) if value]
    return f"{connection}/{spec.name}/{digest(' '.join(parts))}"


def stream_of(mirror_id: str) -> str:
    """Return the name of the stream that a mirror holds; "" where the id tells none."""
    parts = mirror_id.split("/")
    return parts[1] if len(parts) > 2 else ""


def has_key_of(store: Store, mirror_id: str, spec: StreamSpec) -> bool:
    """Tell whether the records of a mirror are named as `spec` names them; True where the mirror is not known."""
    with store.read() as connection:
        columns = _known_columns(connection, mirror_id)
    return columns is None or set(spec.key) <= set(columns)


def _known_columns(connection: Connection, mirror_id: str) -> dict[str, str] | None:
    found = connection.execute(select(mirrors.c.columns).where(mirrors.c.id == mirror_id)).scalar()
    return None if found is None else dict(orjson.loads(found))


def _missing(spec: StreamSpec, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the columns, with their types, that `spec` needs and the table does not have."""
    name_of = column_names(spec, columns)
    return {name_of[f.name]: f.type.value for f in spec.fields if name_of[f.name] not in columns}


def _make_or_extend(
    connection: Connection, mirror_id: str, spec: StreamSpec, *, source: str, params: str
) -> dict[str, str]:
    """Look again, now that nobody else can do the same, and do what is still to be done."""
    # Writers lock this row before they touch the table: taken in the other order, the two would wait for each other
    connection.execute(select(mirrors.c.id).where(mirrors.c.id == mirror_id).with_for_update())
    columns = _known_columns(connection, mirror_id)
    if columns is None:
        return _make(connection, mirror_id, spec, source=source, params=params)
    return _extend(connection, mirror_id, spec, columns=columns) if _missing(spec, columns) else columns


def _make(connection: Connection, mirror_id: str, spec: StreamSpec, *, source: str, params: str) -> dict[str, str]:
    columns = {f.name: f.type.value for f in spec.fields}
    name = table_name(source, spec.name, mirror_id)
    make_layout(name, spec, columns).table.create(connection)
    row = {"id": mirror_id, "connection": source, "stream": spec.name, "params": params, "table_name": name}
    connection.execute(insert(mirrors).values(**row, columns=orjson.dumps(columns).decode(), version=0))
    return columns


def _extend(connection: Connection, mirror_id: str, spec: StreamSpec, *, columns: Mapping[str, str]) -> dict[str, str]:
    from alembic.migration import MigrationContext  # noqa: PLC0415 - slow to load, needed on few days
    from alembic.operations import Operations  # noqa: PLC0415

    of_mirror = mirrors.c.id == mirror_id
    name = connection.execute(select(mirrors.c.table_name).where(of_mirror)).scalar_one()
    operations = Operations(MigrationContext.configure(connection))
    missing = _missing(spec, columns)
    for column, type_ in missing.items():
        operations.add_column(name, Column(column, SQL_TYPES[FieldType(type_)]))
    extended = {**columns, **missing}
    connection.execute(update(mirrors).where(of_mirror).values(columns=orjson.dumps(extended).decode()))
    return extended
