"""Request budgets shared by every process on the store: an exact log of the instants that were given out.

Knows nothing of what a request is, and never sleeps: the caller waits for the instant it got.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from sqlalchemy import Connection, delete, func, insert, select, update

from sync import clock
from sync.store.db import Store, insert_or_update
from sync.store.instants import EPOCH, US_PER_S, from_us, to_us
from sync.store.tables import budget_buckets, reservations

_MARGIN_SHARE = 1 / 60  # a second a minute: requests do not arrive exactly as far apart as they left
_SMALLEST_MARGIN_S = 0.05
_PRUNE_EVERY = 32  # reservations; deleting each time would double the cost


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `n` requests in any `window_s` seconds, counted in `bucket`."""

    bucket: str
    n: int
    window_s: float

    def __post_init__(self) -> None:
        if self.n < 1 or self.window_s <= 0:
            raise ValueError(f"a limit needs n >= 1 and window_s > 0, not {self.n} in {self.window_s}")

    @property
    def window_us(self) -> int:
        """The window with its margin."""
        return ceil((self.window_s + max(self.window_s * _MARGIN_SHARE, _SMALLEST_MARGIN_S)) * US_PER_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Whose turn a run has while requests wait: the lower lane first, then who waits since earlier.

    A later one with a better turn takes over an instant that has not come yet; `confirm` tells the other one.
    """

    lane: int
    since: datetime
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def again(self) -> Turn:
        """Return the same turn for another one who waits: each takes its own instants."""
        return Turn(lane=self.lane, since=self.since)


_SENT_LANE = -1  # of a reservation that nobody may take over any more
_TOO_LATE_US = 250_000  # nearer to its instant, a reservation may be on its way on a machine whose clock differs


class Budget:
    """Gives out instants at which requests may go. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._count = itertools.count(1)

    def reserve(self, limits: Sequence[Limit], turn: Turn | None = None) -> datetime:
        """Reserve one request in every bucket at once, at the earliest instant that all limits and holds allow.

        Who asks first for the same buckets gets the earlier instant, unless a better `turn` comes after it: who
        gave a turn and had to wait asks `confirm` before sending. A bucket named by several limits counts one
        request. A hold that comes later does not move what was given out: ask `held_until` before sending.
        """
        buckets = sorted({limit.bucket for limit in limits})
        with self._store.begin(queues=[_queue(bucket) for bucket in buckets]) as connection:
            now_us = to_us(clock.now())
            free_us = max([now_us, *_register(connection, limits)])
            at_us = _earliest(connection, limits, free_us)
            if (
                turn is not None
                and at_us > now_us
                and _take_over(connection, buckets, turn, now_us=now_us, at_us=at_us)
            ):
                at_us = _earliest(connection, limits, free_us)
            lane = _SENT_LANE if turn is None or at_us <= now_us else turn.lane
            since_us, token = (at_us, "") if turn is None else (to_us(turn.since), turn.token)
            row = {"at_us": at_us, "lane": lane, "since_us": since_us, "token": token}
            connection.execute(insert(reservations), [{"bucket": bucket, **row} for bucket in buckets])
            if next(self._count) % _PRUNE_EVERY == 0:
                _prune(connection, buckets)
        return from_us(at_us)

    def confirm(self, turn: Turn, at: datetime) -> bool:
        """Tell whether the instant that this turn waited for is still its own; from now on nobody takes it over."""
        with self._store.begin() as connection:
            ours = (reservations.c.token == turn.token, reservations.c.at_us == to_us(at))
            return connection.execute(update(reservations).where(*ours).values(lane=_SENT_LANE)).rowcount > 0

    def give_back(self, turn: Turn, at: datetime) -> None:
        """Free an instant for which nothing will be sent."""
        with self._store.begin() as connection:
            ours = (reservations.c.token == turn.token, reservations.c.at_us == to_us(at))
            connection.execute(delete(reservations).where(*ours))

    def hold(self, bucket: str, until: datetime) -> None:
        """Give out nothing in `bucket` before `until`. A shorter hold never ends a longer one."""
        with self._store.begin(queues=[_queue(bucket)]) as connection:
            held_until_us, longest_us = _load_bucket(connection, bucket)
            _save_bucket(connection, bucket, max(held_until_us, to_us(until)), longest_us)

    def held_until(self, bucket: str) -> datetime | None:
        """Return the instant until which `bucket` is on hold, or None when it is not."""
        with self._store.read() as connection:
            held_until_us, _ = _load_bucket(connection, bucket)
        return from_us(held_until_us) if held_until_us > to_us(clock.now()) else None

    def usage(self, bucket: str, window_s: float) -> int:
        """Count the requests of the last `window_s` seconds, those given out for later included."""
        since_us = to_us(clock.now()) - ceil(window_s * US_PER_S)
        query = select(func.count()).where(reservations.c.bucket == bucket, reservations.c.at_us > since_us)
        with self._store.read() as connection:
            return connection.execute(query).scalar_one()


def _queue(bucket: str) -> str:
    return f"budget {bucket}"


def _take_over(connection: Connection, buckets: Sequence[str], turn: Turn, *, now_us: int, at_us: int) -> bool:
    """Take back what was given out to worse turns before `at_us`; they ask again when their instant comes."""
    since_us = to_us(turn.since)
    later_lane = reservations.c.lane > turn.lane
    later_since = (reservations.c.lane == turn.lane) & (reservations.c.since_us > since_us)
    query = select(reservations.c.token).where(
        reservations.c.bucket.in_(buckets),
        reservations.c.at_us > now_us + _TOO_LATE_US,
        reservations.c.at_us <= at_us,
        later_lane | later_since,
    )
    tokens = connection.execute(query).scalars().all()
    not_sent = (reservations.c.token.in_(tokens), reservations.c.lane != _SENT_LANE)
    return bool(tokens) and connection.execute(delete(reservations).where(*not_sent)).rowcount > 0


def _register(connection: Connection, limits: Sequence[Limit]) -> Iterable[int]:
    """Yield until when each bucket is on hold, and keep what pruning must know: the longest window asked for."""
    for bucket in {limit.bucket for limit in limits}:
        held_until_us, longest_us = _load_bucket(connection, bucket)
        window_us = max(limit.window_us for limit in limits if limit.bucket == bucket)
        if window_us > longest_us:
            _save_bucket(connection, bucket, held_until_us, window_us)
        yield held_until_us


def _earliest(connection: Connection, limits: Sequence[Limit], at_us: int) -> int:
    """Return the first instant from `at_us` that all limits allow; each can only move it on, so this ends."""
    while True:
        moved_us = at_us
        for limit in limits:
            moved_us = _earliest_of(connection, limit, moved_us)
        if moved_us == at_us:
            return at_us
        at_us = moved_us


def _earliest_of(connection: Connection, limit: Limit, at_us: int) -> int:
    of_bucket = reservations.c.bucket == limit.bucket
    near = select(reservations.c.at_us).where(of_bucket, reservations.c.at_us > at_us - limit.window_us)
    full = near.order_by(reservations.c.at_us).limit(1).offset(limit.n - 1)
    if connection.execute(full).scalar() is None:
        return at_us  # fewer than n from one window before on, however far ahead
    given_out = connection.execute(near.order_by(reservations.c.at_us)).scalars().all()
    return first_gap(given_out, at_us, n=limit.n, window_us=limit.window_us)


def first_gap(given_out: Sequence[int], at_us: int, *, n: int, window_us: int) -> int:
    """Return the first instant from `at_us` where one more keeps every window at n or fewer.

    Args:
        given_out: sorted instants, at least all those later than `at_us - window_us`.
        at_us: the earliest instant wanted.
        n: the most that any window may hold.
        window_us: how long a window is.

    """
    for first, last in zip(given_out, given_out[n - 1 :], strict=False):
        # n instants within one window: one more is too much anywhere near all of them
        if last - first < window_us and last - window_us < at_us < first + window_us:
            at_us = first + window_us
    return at_us


def _load_bucket(connection: Connection, bucket: str) -> tuple[int, int]:
    columns = (budget_buckets.c.held_until_us, budget_buckets.c.longest_window_us)
    row = connection.execute(select(*columns).where(budget_buckets.c.bucket == bucket)).first()
    return (to_us(EPOCH), 0) if row is None else (row[0], row[1])


def _save_bucket(connection: Connection, bucket: str, held_until_us: int, longest_us: int) -> None:
    values = {"bucket": bucket, "held_until_us": held_until_us, "longest_window_us": longest_us}
    connection.execute(insert_or_update(connection, budget_buckets, key=("bucket",)), values)


def _prune(connection: Connection, buckets: Sequence[str]) -> None:
    now_us = to_us(clock.now())
    for bucket in buckets:
        _, longest_us = _load_bucket(connection, bucket)
        too_old = (reservations.c.bucket == bucket, reservations.c.at_us < now_us - longest_us)
        connection.execute(delete(reservations).where(*too_old))
