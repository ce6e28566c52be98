"""The clock of the daemon: one APScheduler job for each sheet, which rings when its next run is due to start.

A job only rings. What is owed, late or missed is told by the store, which outlives the process; so the library's own
misfires and job stores are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from sync import clock


class Alarms:
    """Calls `ring`, which must be quick, on the thread of the clock whenever a sheet is to start. Close it."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._at: dict[str, datetime] = {}
        self._scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": DebugExecutor()},  # ringing is quick: it needs no thread but the clock's
            job_defaults={"misfire_grace_time": None, "coalesce": True},  # late is better than never
            timezone=UTC,
        )

    def start(self) -> None:
        """Begin to ring."""
        self._scheduler.start()

    def set(self, starts: Mapping[str, datetime | None]) -> None:
        """Ring at these times, by sheet, and at no others; None for a sheet that does not run by itself."""
        wanted = {name: at for name, at in starts.items() if at is not None}
        for name in self._at.keys() - wanted.keys():
            if self._scheduler.get_job(name) is not None:  # one that has rung is gone
                self._scheduler.remove_job(name)
        ahead = datetime.now(UTC) - clock.now()  # the library follows the clock of the machine
        for name, at in wanted.items():
            if self._at.get(name) != at:
                self._scheduler.add_job(self._ring, DateTrigger(at + ahead), id=name, replace_existing=True)
        self._at = wanted

    def close(self) -> None:
        """Ring no more."""
        self._scheduler.shutdown()
