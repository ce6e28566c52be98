"""Opens the store (SQLite or PostgreSQL), gives out transactions, and translates SQLAlchemy's errors to ours.

Knows nothing of what the tables hold.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, Insert, Table, bindparam, create_engine, event, func, make_url, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from sync.errors import StoreError
from sync.store import migrations
from sync.store.failures import to_store_error

LOCK_WAIT_S = 30.0
"""How long a transaction waits for another one before the store counts as locked; the longest of ours take seconds."""

_ALLOWED = '"sqlite:///PATH" or "postgresql://USER:PASSWORD@HOST/DATABASE"'
_FILE_MODE = 0o600  # the mirror holds people's phone numbers
_SCHEMA_QUEUE = "schema"


class Store:
    """An open store. Safe to share between threads; every process opens its own. Close it when done."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.url.render_as_string(hide_password=True)

    @contextmanager
    def begin(self, *, queues: Sequence[str] = (), durable: bool = False) -> Iterator[Connection]:
        """Open a write transaction; it is committed at the end of the block, rolled back on any error.

        In SQLite it keeps every other writer of the store waiting; in PostgreSQL only those that name one of
        the same `queues`. A `durable` one is on disk at the end even if the power fails; others may be undone then,
        never halfway.
        """
        with self._translated(), self._engine.connect() as plain:
            connection = plain.execution_options(callsheet_write=True, callsheet_durable=durable)
            with connection.begin():
                self._queue_up(connection, queues)
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read-only transaction: everything in the block sees the store at one instant."""
        with self._translated(), self._engine.connect() as plain:
            connection = plain
            if self.is_postgresql:
                connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @property
    def is_postgresql(self) -> bool:
        """Tell the two databases apart, where one cannot do what the other needs."""
        return self._engine.dialect.name == "postgresql"

    def checkpoint(self) -> None:
        """Have SQLite carry its journal over into the file, so that nothing removed stands in either."""
        if not self.is_postgresql:
            with self._translated(), self._engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    def _queue_up(self, connection: Connection, queues: Sequence[str]) -> None:
        if not self.is_postgresql:
            return  # BEGIN IMMEDIATE has queued already
        for name in sorted(set(queues)):  # one order for all, so that nobody waits in a circle
            number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
            connection.execute(select(func.pg_advisory_xact_lock(number)))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise to_store_error(error, self.name) from error


def open_store(url: str, *, lock_wait_s: float = LOCK_WAIT_S) -> Store:
    """Open the store at `url`, making it or bringing its schema up to date where needed.

    Several processes may do this at once. The caller closes it.

    Raises:
        StoreError: unusable address, locked, damaged, out of reach, or newer than this code.

    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        store = Store(_sqlite_engine(parsed, lock_wait_s))
    else:
        store = Store(_postgresql_engine(parsed, lock_wait_s))
    try:
        _prepare(store, lock_wait_s)
    except BaseException:
        store.close()
        raise
    return store


def insert_or_update(connection: Connection, table: Table, *, key: Sequence[str], but: Sequence[str] = ()) -> Insert:
    """Return a statement that inserts rows of `table`, or updates those whose `key` is there; without columns `but`."""
    make: Any = sqlite.insert
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - slow to load, and few stores are one

        make = postgresql.insert
    names = [column.name for column in table.columns if column.name not in but]
    statement: Any = make(table).values({name: bindparam(name) for name in names})
    new = {name: statement.excluded[name] for name in names if name not in key}
    if not new:
        return cast(Insert, statement.on_conflict_do_nothing(index_elements=list(key)))
    return cast(Insert, statement.on_conflict_do_update(index_elements=list(key), set_=new))


def put_many(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], *, key: Sequence[str]) -> None:
    """Insert rows of `table`, each in the order of its columns, or update those whose `key` is there."""
    statement = insert_or_update(connection, table, key=key)
    names, compiled = [column.name for column in table.columns], statement.compile(dialect=connection.dialect)
    if rows and compiled.positiontup == names:
        # As the driver takes them: no column has to be converted, and binding them one by one cost as much again
        connection.exec_driver_sql(str(compiled), list(rows))
    elif rows:
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])


def _prepare(store: Store, lock_wait_s: float) -> None:
    if not store.is_postgresql:
        _switch_to_wal(store, lock_wait_s)
    with store.read() as connection:
        if migrations.is_current(connection):
            return
    with store.begin(queues=[_SCHEMA_QUEUE]) as connection:
        migrations.upgrade(connection)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("The store address is not a URL.", hint=f"Allowed: {_ALLOWED}.") from None
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise StoreError(f'The store cannot be kept in "{parsed.drivername}".', hint=f"Allowed: {_ALLOWED}.")
    if parsed.drivername == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("The store must be a file: several processes share it.", hint=f"Allowed: {_ALLOWED}.")
    return parsed


def _sqlite_engine(url: URL, lock_wait_s: float) -> Engine:
    _make_private(Path(str(url.database)))
    engine = create_engine(
        url, hide_parameters=True, pool_size=8, max_overflow=-1, connect_args={"timeout": lock_wait_s}
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver would commit before DDL and begin too late
        for pragma in ("foreign_keys=ON", "cache_size=-16384", "journal_size_limit=67108864"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        is_write = options.get("callsheet_write", False)
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('callsheet_durable') else 'NORMAL'}")
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if is_write else 'ON'}")
        # A transaction that reads first and writes later is refused when somebody wrote in between: take the lock now
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    return engine


def _postgresql_engine(url: URL, lock_wait_s: float) -> Engine:
    # A plan made while a mirror was empty would be kept while it grows to a million rows: plan each time
    options = f"-c lock_timeout={int(lock_wait_s * 1000)} -c client_encoding=UTF8 -c plan_cache_mode=force_custom_plan"
    try:
        return create_engine(
            url,
            hide_parameters=True,
            pool_size=8,
            max_overflow=-1,
            pool_pre_ping=True,  # the server may have been restarted in between
            connect_args={"options": options, "connect_timeout": 10},
        )
    except ImportError as error:
        raise StoreError(
            "PostgreSQL needs a driver that is not installed.", hint="Run: pip install 'callsheet[postgresql]'"
        ) from error


def _make_private(path: Path) -> None:
    """Make the file before SQLite does: its -wal and -shm files take over the mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _FILE_MODE))
        for suffix in ("", "-wal", "-shm"):
            _restrict(path.with_name(path.name + suffix))
    except OSError as error:
        raise StoreError(
            f"The store file {path} cannot be opened: {error.strerror}.",
            hint="Check that its folder exists and that this user may write there.",
        ) from error


def _restrict(path: Path) -> None:
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(_FILE_MODE)
    except FileNotFoundError:
        return  # no such file yet, or just cleaned up by another process


def _switch_to_wal(store: Store, lock_wait_s: float) -> None:
    """Switch once per file; SQLite refuses at once, without waiting, when two processes do so together."""
    give_up_at = time.monotonic() + lock_wait_s
    while True:
        try:
            if _asked_for_wal(store) == "wal":
                return
        except StoreError as error:
            if "locked" not in error.what or time.monotonic() > give_up_at:
                raise
        time.sleep(0.02)


def _asked_for_wal(store: Store) -> str:
    with store._translated(), store._engine.connect() as connection:
        cursor = connection.connection.cursor()  # outside any transaction: the mode cannot change within one
        try:
            mode: str = cursor.execute("PRAGMA journal_mode").fetchone()[0]
            if mode != "wal":
                mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            return mode
        except sqlite3.Error as error:  # of a bare cursor, which SQLAlchemy does not see
            raise DBAPIError("PRAGMA journal_mode", None, error) from error
        finally:
            cursor.close()
