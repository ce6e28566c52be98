"""A copy of the store while it is in use."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy.engine import make_url

from sync.errors import StoreError

PAGES_AT_A_TIME = 2_000  # others write in between


def back_up(url: str, to: Path) -> int:
    """Copy the SQLite store at `url` into a new private file, whole and at one instant; return its size in bytes.

    Raises:
        StoreError: it is not SQLite, the file is there already, or the copy failed; nothing is left behind then.

    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(
            "The store is a PostgreSQL database, which has tools of its own for copies.",
            hint=f"Run: pg_dump --format=custom --file={to} {parsed.set(drivername='postgresql', password=None)}",
        )
    source = Path(parsed.database or "")
    if not source.exists():
        raise StoreError(f"There is no store {source} yet.", hint="Run a sheet first.")
    try:
        os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it holds people's phone numbers
    except FileExistsError:
        raise StoreError(f"{to} exists already.", hint="Name a new file; a copy is never written over.") from None
    except OSError as error:
        raise StoreError(f"{to} cannot be written: {error.strerror}.", hint="Name another file.") from error
    try:
        _copy(source, to)
    except BaseException as error:
        to.unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            hint = "Check the free space and the store."
            raise StoreError(f"The copy to {to} failed: {error}.", hint=hint) from error
        raise
    return to.stat().st_size


def _copy(source: Path, to: Path) -> None:
    reading = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)
    try:
        writing = sqlite3.connect(to)
        try:
            # One read transaction over the whole copy: else every write of others would start it anew
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reading.backup(writing, pages=PAGES_AT_A_TIME)
            writing.execute("PRAGMA journal_mode=DELETE")  # one file, to be carried away
        finally:
            writing.close()
    finally:
        reading.close()
