"""Reads a mirror into polars: by window and version, or by key. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
import polars as pl
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, union_all

from sync.records import FieldType, Slice, StreamSpec
from sync.store.db import Store
from sync.store.instants import to_us
from sync.store.mirror_table import CHANGED_IN, EXTRA, KEY, SEEN_AT, Layout
from sync.store.pieces import in_pieces
from sync.store.tables import mirror_extras, mirrors

_ROWS_AT_A_TIME = 20_000  # rows of Python objects in memory before they become columns
_CURSOR = "_cursor"
_ALL = 2**62  # SQLite knows an offset only beside a limit

DTYPES: dict[FieldType, pl.DataType] = {
    FieldType.TEXT: pl.String(),
    FieldType.INTEGER: pl.Int64(),
    FieldType.NUMBER: pl.Float64(),
    FieldType.BOOLEAN: pl.Boolean(),
    FieldType.INSTANT: pl.Datetime("us", "UTC"),
    FieldType.DATE: pl.Date(),
    FieldType.LIST: pl.List(pl.String()),
    FieldType.OBJECT: pl.String(),
}
"""What each declared type is in a data frame that `read` returns."""

_KEPT_AS: dict[FieldType, pl.DataType] = {
    **dict.fromkeys(FieldType, pl.Int64()),
    FieldType.TEXT: pl.String(),
    FieldType.NUMBER: pl.Float64(),
    FieldType.LIST: pl.String(),
    FieldType.OBJECT: pl.String(),
}
_FROM_KEPT: dict[FieldType, Callable[[pl.Series], pl.Series]] = {
    FieldType.BOOLEAN: lambda kept: kept.cast(pl.Boolean),
    FieldType.INSTANT: lambda kept: kept.cast(pl.Datetime("us", "UTC")),
    FieldType.DATE: lambda kept: kept.cast(pl.Int32).cast(pl.Date),
    FieldType.LIST: lambda kept: kept.str.json_decode(pl.List(pl.String)),
}


class MirrorReader:
    """The reading half of a mirror."""

    def __init__(self, store: Store, mirror_id: str, spec: StreamSpec, layout: Layout) -> None:
        self.id = mirror_id
        self.spec = spec
        self._store = store
        self._layout = layout
        self._cursor = layout.table.c[layout.column_of[spec.cursor_field]]

    def version(self) -> int:
        """Return the number of the last change; what is read after this call holds every change up to it."""
        with self._store.read() as connection:
            version: int = connection.execute(select(mirrors.c.version).where(mirrors.c.id == self.id)).scalar_one()
        return version

    def count(self, slice: Slice, *, seen_since: datetime | None = None) -> int:
        """Count the records whose cursor value is in `slice`; with `seen_since`, those that came again since then."""
        wanted = list(self._inside(slice))
        if seen_since is not None:
            wanted.append(self._layout.table.c[SEEN_AT] >= to_us(seen_since))
        with self._store.read() as connection:
            return connection.execute(select(func.count()).where(*wanted)).scalar_one()

    def extra_fields(self) -> list[str]:
        """Return the names of undeclared fields seen so far, sorted."""
        query = select(mirror_extras.c.name).where(mirror_extras.c.mirror_id == self.id)
        with self._store.read() as connection:
            return sorted(set(connection.execute(query).scalars()) - set(self._layout.type_of))

    def read(
        self, fields: Sequence[str], *, window: Slice, since: int | None = None, unless_in: Slice | None = None
    ) -> pl.DataFrame:
        """Return the records of `window` by cursor value, then key: `fields`, `_key` and `_changed_in`.

        With `since`, only the candidates for a tab that showed `unless_in` at that version: records changed
        later, and those outside `unless_in`. A field that is not declared is looked up among the undeclared
        ones, and is empty where a record does not have it.
        """
        chosen = self._columns(fields)
        if since is None:
            query: Any = select(*chosen).where(*self._inside(window)).order_by(self._cursor, self._layout.table.c[KEY])
        else:
            parts = [select(*chosen).where(*part) for part in self._candidates(window, since, unless_in)]
            query = union_all(*parts)  # sorted later: asked for an order, SQLite walks the whole window by its index
        with self._store.read() as connection:
            return self._to_frame(fields, _rows_of(connection, query), is_sorted=since is None)

    def read_pieces(
        self, fields: Sequence[str], *, window: Slice, newest_first: bool = False, skip: int = 0
    ) -> Iterator[pl.DataFrame]:
        """Yield what `read` returns for a window but the first `skip` rows, so many at a time that memory stays flat.

        The order is that of `read`, or exactly the reverse.
        All of it is as the mirror was when the first piece was asked for.
        """
        query = select(*self._columns(fields)).where(*self._inside(window))
        by = (self._cursor, self._layout.table.c[KEY])
        in_order = query.order_by(*(column.desc() if newest_first else column for column in by))
        if skip:
            in_order = in_order.limit(_ALL).offset(skip)
        with self._store.read() as connection:
            for batch in _rows_of(connection, in_order):
                yield self._to_frame(fields, [batch], is_sorted=True)

    def read_keys(self, keys: Iterable[str], fields: Sequence[str]) -> pl.DataFrame:
        """Return the records of `keys` that there are, in the form and order of `read`."""
        wanted = self._layout.table.c[KEY].in_(bindparam("keys", expanding=True))
        query = select(*self._columns(fields)).where(wanted)
        found: list[Sequence[Any]] = []
        with self._store.read() as connection:
            for piece in in_pieces(set(keys)):
                found += connection.execute(query, {"keys": piece}).all()
        return self._to_frame(fields, [found], is_sorted=False)

    def read_found_by(self, values: Iterable[str], fields: Sequence[str]) -> pl.DataFrame:
        """Return the records with one of `values` in the field that they are looked up by, as `read` does."""
        field = self._layout.table.c[self._layout.column_of[self.spec.looked_up_by]]
        query = select(*self._columns(fields)).where(field.in_(bindparam("values", expanding=True)))
        found: list[Sequence[Any]] = []
        with self._store.read() as connection:
            for piece in in_pieces(set(values)):
                found += connection.execute(query, {"values": piece}).all()
        return self._to_frame(fields, [found], is_sorted=False)

    def _columns(self, fields: Sequence[str]) -> list[ColumnElement[Any]]:
        table, column_of = self._layout.table, self._layout.column_of
        declared = [table.c[column_of[name]] for name in fields if name in column_of]
        extra = [] if len(declared) == len(fields) else [table.c[EXTRA]]
        return [table.c[KEY], table.c[CHANGED_IN], self._cursor.label(_CURSOR), *declared, *extra]

    def _inside(self, slice_: Slice) -> tuple[ColumnElement[bool], ...]:
        return (self._cursor >= to_us(slice_.start), self._cursor < to_us(slice_.end))

    def _candidates(self, window: Slice, since: int, unless_in: Slice | None) -> list[tuple[ColumnElement[bool], ...]]:
        """Divide the candidates into stretches that an index finds each, without looking at what is neither."""
        changed_in = self._layout.table.c[CHANGED_IN]
        start, end = to_us(window.start), to_us(window.end)
        by_position = self._cursor + 0  # keeps SQLite from walking the whole window instead of the few changes
        parts: list[tuple[ColumnElement[bool], ...]] = [(changed_in > since, by_position >= start, by_position < end)]
        if unless_in is not None:
            before = Slice(window.start, min(window.end, unless_in.start))
            after = Slice(max(window.start, unless_in.end), window.end)
            # the rows of the first part once more would be in the answer twice
            parts += [(*self._inside(s), changed_in <= since) for s in (before, after) if s.start < s.end]
        return parts

    def _to_frame(
        self, fields: Sequence[str], batches: Iterable[Sequence[Sequence[Any]]], *, is_sorted: bool
    ) -> pl.DataFrame:
        declared = [name for name in fields if name in self._layout.column_of]
        kept = [pl.Int64() if n is None else _KEPT_AS[self._layout.type_of[n]] for n in (None, *declared)]
        schema = {KEY: pl.String(), CHANGED_IN: kept[0], _CURSOR: pl.Int64()}
        schema |= dict(zip(declared, kept[1:], strict=True))
        if len(declared) < len(fields):
            schema[EXTRA] = pl.String()
        frame = pl.concat([pl.DataFrame(schema=schema), *(_to_columns(batch, schema) for batch in batches)])
        if not is_sorted:
            frame = frame.sort(_CURSOR, KEY)
        series = [self._to_series(frame, name) for name in fields]
        return pl.DataFrame([*series, frame[KEY], frame[CHANGED_IN]])

    def _to_series(self, frame: pl.DataFrame, name: str) -> pl.Series:
        if name not in self._layout.column_of:
            return extra_series(frame[EXTRA], name)
        convert = _FROM_KEPT.get(self._layout.type_of[name])
        return convert(frame[name]) if convert else frame[name]


def _rows_of(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    if connection.dialect.name == "postgresql":
        yield from connection.execution_options(yield_per=_ROWS_AT_A_TIME).execute(query).partitions()
        return
    # As the driver gives them: no column of a mirror needs more, and rows of SQLAlchemy cost twice as much
    cursor = connection.execute(query).cursor
    while cursor is not None and (rows := cursor.fetchmany(_ROWS_AT_A_TIME)):
        yield rows


def _to_columns(rows: Sequence[Sequence[Any]], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=schema)
    columns = zip(schema.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([pl.Series(name, values, dtype=dtype) for (name, dtype), values in columns])


def extra_series(extra: pl.Series, name: str) -> pl.Series:
    """Return one undeclared field out of the JSON texts `extra`: numbers if all are, otherwise text."""
    values = [None if text is None else orjson.loads(text).get(name) for text in extra]
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds and kinds <= {int}:
        return pl.Series(name, values, dtype=pl.Int64, strict=False)
    if kinds and kinds <= {int, float}:
        return pl.Series(name, [None if v is None else float(v) for v in values], dtype=pl.Float64)
    texts = [v if v is None or isinstance(v, str) else orjson.dumps(v).decode() for v in values]
    return pl.Series(name, texts, dtype=pl.String)
