"""Opening a store: several at once, newer, damaged, locked, unusable, private."""

from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from sync.errors import StoreError
from sync.records import Slice
from sync.store import migrations
from sync.store.db import Store, open_store
from sync.store.mirror import open_mirror
from sync.store.tables import metadata
from tests.store_fixtures import at, make_record, make_spec
from tests.store_processes import results_of, start


def test_several_processes_may_open_a_new_store_at_once(store_url: str) -> None:
    results_of([start("open_all", store_url) for _ in range(4)])
    store = open_store(store_url)
    mirror = open_mirror(store, connection="c", spec=make_spec(), params={})
    assert mirror.count(Slice(at(0), at(1))) == 1
    assert mirror.version() == 1
    store.close()


def test_several_threads_may_open_a_new_store_at_once(store_url: str) -> None:
    failures: list[BaseException] = []

    def open_once() -> None:
        try:
            open_store(store_url).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_once) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_new_store_that_another_program_writes_from_its_first_moment_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (n)")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        open_store(f"sqlite:///{path}", lock_wait_s=0.1)
    other.execute("COMMIT")
    open_store(f"sqlite:///{path}", lock_wait_s=0.1).close()
    other.close()


def test_migrations_make_the_tables_that_queries_expect(store: Store) -> None:
    with store.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_named_head_is_the_newest_revision() -> None:
    folder = str(Path(migrations.__file__).parent)
    assert ScriptDirectory(folder).get_heads() == [migrations.HEAD]


def test_newer_store_is_refused_and_left_alone(store_url: str) -> None:
    store = open_store(store_url)
    with store.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match="newer version of callsheet") as caught:
        open_store(store_url)
    assert "9999" in caught.value.what
    assert caught.value.hint


def test_store_opens_again_with_what_was_in_it(store_url: str) -> None:
    for n_expected in (0, 1):
        store = open_store(store_url)
        mirror = open_mirror(store, connection="c", spec=make_spec(), params={})
        assert mirror.count(Slice(at(0), at(1))) == n_expected
        mirror.upsert([make_record("a")], seen_at=at(0))
        store.close()


def test_failed_write_leaves_nothing_behind(store: Store) -> None:
    def fail_halfway() -> None:
        with store.begin() as connection:
            connection.execute(text("INSERT INTO leases VALUES ('a', 'b', 'c', 1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM leases")).scalar() == 0


def test_reading_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError), store.read() as connection:
        connection.execute(text("DELETE FROM leases"))
    with store.begin() as connection:
        connection.execute(text("DELETE FROM leases"))


def test_error_of_a_query_shows_neither_values_nor_password(store: Store) -> None:
    with pytest.raises(StoreError) as caught, store.begin() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:number)"), {"number": "+14155551234"})
    assert "14155551234" not in f"{caught.value} {caught.value.__cause__}"


def test_sqlite_file_and_its_companions_are_private(tmp_path: Path) -> None:
    path = tmp_path / "private.db"
    path.touch(mode=0o644)
    store = open_store(f"sqlite:///{path}")
    with store.begin() as connection:
        connection.execute(text("DELETE FROM leases"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    store.close()
    assert modes == {"private.db": 0o600, "private.db-wal": 0o600, "private.db-shm": 0o600}


@pytest.mark.parametrize("content", [b"this is a text, not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_file_that_is_no_store_is_called_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged") as caught:
        open_store(f"sqlite:///{path}")
    assert caught.value.hint
    assert path.read_bytes() == content


def test_page_damaged_later_is_called_damaged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = open_store(url)
    mirror = open_mirror(store, connection="c", spec=make_spec(), params={})
    mirror.upsert([make_record(f"k{i}", i) for i in range(2000)], seen_at=at(0))
    store.close()
    path = tmp_path / "store.db"
    whole = bytearray(path.read_bytes())
    whole[100_000:-4096] = b"\xee" * (len(whole) - 104_096)
    path.write_bytes(whole)

    def use() -> None:
        mirror = open_mirror(open_store(url), connection="c", spec=make_spec(), params={})
        mirror.read(["name"], window=Slice(at(0), at(9999)))

    with pytest.raises(StoreError, match="damaged"):
        use()


def test_store_locked_by_another_program_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}", lock_wait_s=0.2)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as caught, store.begin():
        pass
    assert caught.value.hint
    other.execute("ROLLBACK")
    with store.begin():
        pass
    other.close()
    store.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not a URL"),
        ("mysql://host/db", "cannot be kept in"),
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("sqlite:////nowhere/at/all/store.db", "cannot be opened"),
        ("postgresql://ada:hunter2@127.0.0.1:1/db", "out of reach"),
    ],
)
def test_unusable_address_is_refused_in_words_without_the_password(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(url)
    assert caught.value.hint
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}")
