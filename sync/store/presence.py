"""Which processes are there: each holds a lease in its own name, so that what it had taken up is free once it is gone.

A process that was paused for longer than its lease counts as gone until it comes back.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy import Connection, select

from sync import clock
from sync.errors import StoreError
from sync.store.db import Store
from sync.store.holder import is_gone, this_holder
from sync.store.instants import EPOCH, to_us
from sync.store.leases import Lease, LeaseLost
from sync.store.tables import leases

DAEMON = "daemon"
PERSON = "person"
PRESENT_S = 30.0
"""How long a process that nothing is known of counts as there after its last heartbeat."""


class Presence:
    """One process that is there; `name` is what it takes things up under. Safe to share between threads."""

    def __init__(self, store: Store, kind: str) -> None:
        self.name = f"{kind} {uuid.uuid4().hex}"
        self._store = store
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._until = EPOCH

    def assure(self) -> None:
        """Be there for a while from now; costs nothing when the last heartbeat is recent.

        Asked for before things are taken up: after the machine slept, the heartbeat may come late.
        """
        with self._lock:
            left_s = (self._until - clock.now()).total_seconds()
            if PRESENT_S * 2 / 3 < left_s <= PRESENT_S:
                return
            try:
                if self._lease is not None:
                    self._lease.renew()
            except LeaseLost:
                self._lease = None
            self._lease = self._lease or Lease.acquire(self._store, self.name, holder=this_holder(), ttl_s=PRESENT_S)
            self._until = clock.now() + timedelta(seconds=PRESENT_S)

    def leave(self) -> None:
        """Be gone: what is still taken up under this name is free."""
        with self._store.begin() as connection:
            connection.execute(leases.delete().where(leases.c.name == self.name))


@contextmanager
def present(store: Store, kind: str) -> Iterator[Presence]:
    """Be there during the block, with a heartbeat."""
    presence, stop = Presence(store, kind), threading.Event()
    presence.assure()
    heart = threading.Thread(target=_beat, args=(presence, stop), name=f"presence of a {kind}", daemon=True)
    heart.start()
    try:
        yield presence
    finally:
        stop.set()
        heart.join(timeout=PRESENT_S)
        presence.leave()


def is_present(connection: Connection, name: str) -> bool:
    """Tell whether the process of that name is there."""
    row = connection.execute(select(leases.c.holder, leases.c.expires_at_us).where(leases.c.name == name)).first()
    return row is not None and row.expires_at_us > to_us(clock.now()) and not is_gone(row.holder)


def is_anyone_present(store: Store, kind: str) -> bool:
    """Tell whether any process of that kind is there."""
    with store.read() as connection:
        names = connection.execute(select(leases.c.name).where(leases.c.name.startswith(f"{kind} "))).scalars().all()
        return any(is_present(connection, name) for name in names)


def _beat(presence: Presence, stop: threading.Event) -> None:
    while not stop.wait(PRESENT_S / 6):
        with suppress(StoreError):  # a locked store may be free again at the next beat
            presence.assure()
