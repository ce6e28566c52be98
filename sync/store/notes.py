"""Notes that sources keep of the way to their data, such as the number of an export; by connection."""

from __future__ import annotations

from sqlalchemy import delete, select

from sync import clock
from sync.store.db import Store, insert_or_update
from sync.store.instants import to_us
from sync.store.tables import source_notes


class ConnectionNotes:
    """The notes of one connection. Safe to share between threads and processes."""

    def __init__(self, store: Store, connection: str) -> None:
        self._store = store
        self._connection = connection

    def read(self, name: str) -> str | None:
        """Return the text kept under a name, or None."""
        table = source_notes.c
        query = select(table.text).where(table.connection == self._connection, table.name == name)
        with self._store.read() as reading:
            found: str | None = reading.execute(query).scalar()
        return found

    def write(self, name: str, text: str) -> None:
        """Keep a text under a name; it is safe when this returns."""
        row = {"connection": self._connection, "name": name, "text": text, "at_us": to_us(clock.now())}
        with self._store.begin() as writing:
            writing.execute(insert_or_update(writing, source_notes, key=("connection", "name")), row)

    def drop(self, name: str) -> None:
        """Forget a name, whether or not it is there."""
        table = source_notes.c
        gone = delete(source_notes).where(table.connection == self._connection, table.name == name)
        with self._store.begin() as writing:
            writing.execute(gone)
