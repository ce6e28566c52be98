"""The salt of a store: what makes digests of it useless in any other one."""

from __future__ import annotations

import secrets
from hashlib import blake2b

from sqlalchemy import Connection, insert, select

from sync.store.db import Store
from sync.store.tables import forget_salt

QUEUE = "forgotten"


def salt_of(connection: Connection) -> str:
    """Return the salt, made when there is none; the transaction writes, and waits in QUEUE."""
    salt: str | None = connection.execute(select(forget_salt.c.salt)).scalar()
    if salt is None:
        salt = secrets.token_hex(16)
        connection.execute(insert(forget_salt).values(salt=salt))
    return salt


def salt_in(store: Store) -> str:
    """Return the salt of a store, made when there is none."""
    with store.read() as connection:
        salt: str | None = connection.execute(select(forget_salt.c.salt)).scalar()
    if salt is not None:
        return salt
    with store.begin(queues=[QUEUE]) as connection:
        return salt_of(connection)


def digest(salt: str, secret: str) -> str:
    """Return what a store may keep of a secret: the same for the same one, and no way back to it."""
    return blake2b(secret.encode(), key=salt.encode(), digest_size=16, person=b"credential").hexdigest()
