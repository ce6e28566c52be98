"""Which processes are there: each holds a lease in its own name, so that what it had taken up is free once it is gone.

A process that was paused for longer than its lease counts as gone until it comes back.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from sync import clock
from sync.errors import StoreError
from sync.store.db import Store
from sync.store.holder import is_gone, this_holder
from sync.store.instants import to_us
from sync.store.leases import Lease, LeaseLost
from sync.store.tables import leases

DAEMON = "daemon"
PERSON = "person"
PRESENT_S = 30.0
"""How long a process that nothing is known of counts as there after its last heartbeat."""


@contextmanager
def present(store: Store, kind: str) -> Iterator[str]:
    """Be there during the block, with a heartbeat; yield the name under which things are taken up."""
    name = f"{kind} {uuid.uuid4().hex}"
    stop = threading.Event()
    lease = _enter(store, name)
    heart = threading.Thread(target=_beat, args=(store, name, lease, stop), name=f"presence of a {kind}", daemon=True)
    heart.start()
    try:
        yield name
    finally:
        stop.set()
        heart.join(timeout=PRESENT_S)
        _leave(store, name)


def is_present(connection: Connection, name: str) -> bool:
    """Tell whether the process of that name is there."""
    row = connection.execute(select(leases.c.holder, leases.c.expires_at_us).where(leases.c.name == name)).first()
    return row is not None and row.expires_at_us > to_us(clock.now()) and not is_gone(row.holder)


def is_anyone_present(store: Store, kind: str) -> bool:
    """Tell whether any process of that kind is there."""
    with store.read() as connection:
        names = connection.execute(select(leases.c.name).where(leases.c.name.startswith(f"{kind} "))).scalars().all()
        return any(is_present(connection, name) for name in names)


def is_leased(store: Store, name: str) -> bool:
    """Tell whether some living process holds the lease of that name."""
    with store.read() as connection:
        return is_present(connection, name)


def _enter(store: Store, name: str) -> Lease | None:
    return Lease.acquire(store, name, holder=this_holder(), ttl_s=PRESENT_S)


def _leave(store: Store, name: str) -> None:
    with store.begin() as connection:
        connection.execute(leases.delete().where(leases.c.name == name))


def _beat(store: Store, name: str, lease: Lease | None, stop: threading.Event) -> None:
    while not stop.wait(PRESENT_S / 3):
        try:
            if lease is None:
                lease = _enter(store, name)
            else:
                lease.renew()
        except LeaseLost:
            lease = None  # paused for too long: be there again at the next beat
        except StoreError:
            continue
