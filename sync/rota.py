"""Whose turn it is: watches the schedules, and puts each time that comes into the queue of the store, exactly once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from sync.config.schedule import Schedule, may_start, next_times, times_between
from sync.config.sheet import Sheet
from sync.store.db import Store
from sync.store.due_runs import Owed, change, enter, leave, take_on
from sync.store.runs import recent_runs


def offset_of(name: str, jitter: timedelta) -> timedelta:
    """Return how long after its times a sheet starts: always the same for one name, spread over all of them."""
    share = int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") / 2**32
    return timedelta(seconds=int(jitter.total_seconds() * share))


def starts_at(schedule: Schedule, time: datetime, offset: timedelta) -> datetime:
    """Return when the run of a scheduled time starts; its offset never pushes it out of the hours of the sheet."""
    return time + offset if may_start(schedule, time + offset) else time


def times_started(
    schedule: Schedule, after: datetime, now: datetime, offset: timedelta
) -> tuple[datetime, datetime, int] | None:
    """Return the first and last time after `after` whose runs should have started by now, and how many there are."""
    latest = times_between(schedule, max(after, now - offset), now)
    until = latest[1] if latest and starts_at(schedule, latest[1], offset) <= now else now - offset
    return times_between(schedule, after, until)


@dataclass
class _Post:
    sheet: Sheet
    offset: timedelta
    starts_at: datetime | None

    @property
    def words(self) -> str:
        """What tells this schedule from another one."""
        return str(self.sheet.schedule)


class Rota:
    """The schedules of the enabled sheets of one daemon. Not shared between threads."""

    def __init__(self, store: Store, jitter: timedelta) -> None:
        self.jitter = jitter
        self._store = store
        self._posts: dict[str, _Post] = {}

    def take_on(self, sheets: Iterable[Sheet], now: datetime) -> None:
        """Watch these sheets; what came while nobody watched is entered by the next `enter_due`."""
        posts = self._post(sheets, now)
        take_on(self._store, {post.sheet.name: post.words for post in posts})

    def change(self, sheets: Sequence[Sheet], now: datetime) -> None:
        """Go by new schedules from now on; a time that they would have had before now is not owed."""
        before = {sheet.name: self._posts[sheet.name] for sheet in sheets if sheet.name in self._posts}
        for post in before.values():
            post.offset = timedelta(0)  # its time has come, only its start has not
        schedules = {post.sheet.name: post.words for post in self._post(sheets, now)}

        def owed_before(name: str, until: datetime | None) -> Owed | None:
            if name in before:
                return self._owed(before[name], until, now)
            is_new = until is None and not recent_runs(self._store, name, 1)
            return self._owed(self._posts[name], None, now) if is_new else None

        change(self._store, schedules, owed_before, at=now)

    def _post(self, sheets: Iterable[Sheet], now: datetime) -> list[_Post]:
        posts = [_Post(sheet, offset_of(sheet.name, self.jitter), now) for sheet in sheets]
        self._posts.update({post.sheet.name: post for post in posts})
        return posts

    def leave(self, names: Sequence[str]) -> None:
        """Watch these no more."""
        for name in names:
            self._posts.pop(name, None)
        leave(self._store, names)

    @property
    def starts(self) -> dict[str, datetime | None]:
        """When the next run of each sheet is due to start; None where none is."""
        return {name: post.starts_at for name, post in self._posts.items()}

    def enter_due(self, now: datetime) -> list[str]:
        """Put every time that has come into the queue; return the sheets that were due."""
        due = {
            name: post.words
            for name, post in self._posts.items()
            if post.starts_at is not None and post.starts_at <= now
        }
        if not due:
            return []
        entered = enter(self._store, due, lambda name, until: self._owed(self._posts[name], until, now))
        for name in due:
            self._posts[name].starts_at = _next_start(self._posts[name], now)
        return entered

    def _owed(self, post: _Post, until: datetime | None, now: datetime) -> Owed | None:
        schedule, name = post.sheet.schedule, post.sheet.name
        if until is None:
            until = next((run.started_at for run in recent_runs(self._store, name, 1)), None)
        if until is None:  # never ran: what repeats begins at once, what has its times waits for them
            begins = schedule.every is not None and may_start(schedule, now)
            return Owed(first_at=now, last_at=now, n_times=int(begins))
        found = times_started(schedule, until, now, post.offset)
        return Owed(first_at=found[0], last_at=found[1], n_times=found[2]) if found else None


def _next_start(post: _Post, now: datetime) -> datetime | None:
    """Return when the next run starts; a time that has come and whose start has not is still ahead."""
    schedule = post.sheet.schedule
    times = next_times(schedule, now, 1)
    passed = now - post.offset
    while post.offset and (found := next_times(schedule, passed, 1)) and found[0] <= now:
        times, passed = [*times, *found], found[0]
    starts = [starts_at(schedule, time, post.offset) for time in times]
    return min((start for start in starts if start > now), default=None)
