"""Removes records that are too old from a mirror, but never those that a tab still shows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, String, column, delete, exists, select, table

from sync.store.coverage import cut_before, load_coverage, save_coverage
from sync.store.db import Store
from sync.store.instants import to_us
from sync.store.mirror import Mirror
from sync.store.mirror_table import KEY, SEEN_AT
from sync.store.tables import mirrors, published_rows, tabs

JUST_SEEN = timedelta(days=1)  # a run may be on its way to show what it read a moment ago


def trim_mirror(store: Store, mirror: Mirror, *, before: datetime, now: datetime) -> int:
    """Remove what lies before an instant and is shown nowhere; return how many records."""
    seen_before = to_us(now - JUST_SEEN)
    rows = mirror._layout.table
    with store.begin() as connection:
        mirror._lock(connection)
        old = (mirror._cursor < to_us(before), rows.c[SEEN_AT] < seen_before, ~_is_shown(mirror.id, rows.c[KEY]))
        n_gone = connection.execute(delete(rows).where(*old)).rowcount
        save_coverage(connection, mirror.id, cut_before(load_coverage(connection, mirror.id), before))
    return n_gone


def trim_unused(store: Store, used: set[str], *, before: datetime) -> int:
    """Remove from mirrors that no sheet uses any more what was last seen before an instant and is shown nowhere."""
    with store.read() as connection:
        known = connection.execute(select(mirrors.c.id, mirrors.c.table_name)).all()
    n_gone = 0
    for mirror_id, name in known:
        if mirror_id not in used:
            with store.begin() as connection:
                n_gone += _trim_unused(connection, mirror_id, name, to_us(before))
    return n_gone


def _trim_unused(connection: Connection, mirror_id: str, name: str, before_us: int) -> int:
    rows = table(name, column(KEY, String), column(SEEN_AT, BigInteger))
    old = (rows.c[SEEN_AT] < before_us, ~_is_shown(mirror_id, rows.c[KEY]))
    return connection.execute(delete(rows).where(*old)).rowcount


def _is_shown(mirror_id: str, key: ColumnElement[str] | Column[str]) -> ColumnElement[bool]:
    of_mirror = (tabs.c.number == published_rows.c.tab, tabs.c.mirror_id == mirror_id, published_rows.c.key == key)
    return exists(select(1).where(*of_mirror))
