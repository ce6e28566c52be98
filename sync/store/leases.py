"""The lease that allows one run per spreadsheet, over threads, processes and machines on one store."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, or_, select, update

from sync import clock
from sync.errors import StoreError
from sync.store.db import Store
from sync.store.holder import is_gone
from sync.store.instants import to_us
from sync.store.tables import leases


class LeaseLost(StoreError):
    """The lease ran out or went to another run; nothing more may be sent under it."""


class Lease:
    """A lease that was acquired. `token` is its own: two threads of one process are two holders."""

    def __init__(self, store: Store, name: str, *, token: str, ttl_s: float) -> None:
        self._store = store
        self.name = name
        self.token = token
        self.ttl_s = ttl_s

    @classmethod
    def acquire(cls, store: Store, name: str, *, holder: str, ttl_s: float) -> Lease | None:
        """Take the lease, or return None while another living holder has it.

        A holder that ended on this host is replaced at once, any other when its time has run out.
        `holder` comes from `this_holder()`.
        """
        lease = cls(store, name, token=uuid.uuid4().hex, ttl_s=ttl_s)
        with store.begin(queues=[f"lease {name}"]) as connection:
            if not _is_free(connection, name):
                return None
            connection.execute(delete(leases).where(leases.c.name == name))
            row = {"name": name, "holder": holder, "token": lease.token, "expires_at_us": lease._next_expiry_us()}
            connection.execute(insert(leases).values(row))
        return lease

    def renew(self) -> None:
        """Hold it for another `ttl_s` from now; LeaseLost when it is no longer ours."""
        with self._store.begin() as connection:
            still_ours = (leases.c.name == self.name, leases.c.token == self.token, leases.c.expires_at_us > _now_us())
            renewal = update(leases).where(*still_ours).values(expires_at_us=self._next_expiry_us())
            if connection.execute(renewal).rowcount == 0:
                raise self._lost()

    def check(self) -> None:
        """Raise LeaseLost when it has run out or somebody else holds it. Meant for just before each request."""
        query = select(leases.c.expires_at_us).where(leases.c.name == self.name, leases.c.token == self.token)
        with self._store.read() as connection:
            expires_at_us = connection.execute(query).scalar()
        if expires_at_us is None or expires_at_us <= _now_us():
            raise self._lost()

    def release(self) -> None:
        """Give it back; nothing happens when it is no longer ours."""
        with self._store.begin() as connection:
            connection.execute(delete(leases).where(leases.c.name == self.name, leases.c.token == self.token))

    def _next_expiry_us(self) -> int:
        return to_us(clock.now() + timedelta(seconds=self.ttl_s))

    def _lost(self) -> LeaseLost:
        return LeaseLost(
            f"This run no longer holds the lease of {self.name}: it was paused or cut off for longer than "
            f"{self.ttl_s:g} seconds, or another run took over.",
            hint="Nothing more was sent. The next run looks at what is there and goes on.",
        )


def release_all(store: Store, holder: str) -> None:
    """Give back every lease of spreadsheets and streams that a process holds which is about to end."""
    is_of_run = or_(leases.c.name.startswith("spreadsheet "), leases.c.name.startswith("stream "))
    with store.begin() as connection:
        connection.execute(delete(leases).where(leases.c.holder == holder, is_of_run))


@contextmanager
def keep(lease: Lease, *, unless: Callable[[], bool] = lambda: False) -> Iterator[Lease]:
    """Renew `lease` in the background, every third of its time, during the block; release it at the end.

    Once `unless` is true it is not renewed any more, and runs out.
    """
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(lease, stop, unless), name=f"lease {lease.name}", daemon=True)
    heart.start()
    try:
        yield lease
    finally:
        stop.set()
        heart.join()
        lease.release()


def _beat(lease: Lease, stop: threading.Event, unless: Callable[[], bool]) -> None:
    while not stop.wait(lease.ttl_s / 3) and not unless():
        try:
            lease.renew()
        except LeaseLost:
            return  # the run hears of it from its next check()
        except StoreError:
            continue  # a locked store may be free again at the next beat; if not, the lease runs out


def _is_free(connection: Connection, name: str) -> bool:
    row = connection.execute(select(leases.c.holder, leases.c.expires_at_us).where(leases.c.name == name)).first()
    return row is None or row.expires_at_us <= _now_us() or is_gone(row.holder)


def _now_us() -> int:
    return to_us(clock.now())
