"""Brings a store to the schema of this code, and refuses one that is newer. Run by `db.open_store` only."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection, text

from sync.errors import StoreError

HEAD = "0007"
"""The newest revision, so that an up-to-date store opens without loading Alembic; a test compares it."""

_alembic_lock = threading.Lock()  # Alembic's `context` and `op` belong to the whole process


def is_current(connection: Connection) -> bool:
    """Tell whether the store has exactly the schema of this code."""
    return _revision_of(connection) == HEAD


def upgrade(connection: Connection) -> None:
    """Carry out the missing revisions inside the transaction of `connection`.

    The caller holds the lock that keeps other processes from doing the same.

    Raises:
        StoreError: the store was written by a newer version.

    """
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - a tenth of a second, needed on few days

    found = _revision_of(connection)
    if found == HEAD:
        return
    scripts = ScriptDirectory(str(Path(__file__).parent))
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            f"The store was written by a newer version of callsheet (schema {found}; this version knows up to {HEAD}).",
            hint="Install the newer version again, or restore the copy of the store from before the upgrade.",
        )
    _run_alembic(connection)


def _run_alembic(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _alembic_lock:
        command.upgrade(config, "head")


def _revision_of(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
