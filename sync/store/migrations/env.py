"""Alembic's entry: runs revisions on the connection that `upgrade` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from sync.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can; the driver is kept from committing before DDL in db.py
)
context.run_migrations()
