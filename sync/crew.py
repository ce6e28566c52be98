"""Runs what is due on a few threads: nothing due is ever dropped, and nothing runs twice at the same time.

Knows names only, not sheets. A run past the deadline is asked to stop; one that does not answer loses its place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sync import log

STUCK_AFTER = timedelta(minutes=2)  # longer than any one request may take; past it the others get the place

_log = log.get("crew")


@dataclass(eq=False)
class Shift:
    """One run: `stop` asks it to end; `is_overdue` says that the deadline was the reason."""

    name: str
    stop: threading.Event = field(default_factory=threading.Event)
    is_overdue: bool = False
    is_stuck: bool = False


class Crew:
    """At most `workers` runs at a time; what is due while it runs, runs once more afterwards."""

    def __init__(self, work: Callable[[Shift], None], *, workers: int, deadline: timedelta) -> None:
        self._work = work
        self._workers = workers
        self._deadline = deadline
        self._changed = threading.Condition()
        self._waiting: dict[str, None] = {}  # in the order in which they became due
        self._running: dict[str, Shift] = {}
        self._is_closed = False

    def due(self, name: str) -> None:
        """Run `name` as soon as there is a place; twice due before it starts is once."""
        with self._changed:
            if not self._is_closed:
                self._waiting[name] = None
                self._start_waiting()

    def close(self, *, within: timedelta) -> list[str]:
        """Forget what waits, ask every run to stop, and return the names of those that did not in that time."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            for shift in self._running.values():
                shift.stop.set()
            self._changed.wait_for(lambda: not self._running, within.total_seconds())
            return sorted(self._running)

    def wait_idle(self, *, within: timedelta) -> bool:
        """Wait until nothing runs or waits; False when that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running and not self._waiting, within.total_seconds())

    def _start_waiting(self) -> None:
        """Fill the free places; the caller holds the lock."""
        n_busy = sum(not shift.is_stuck for shift in self._running.values())
        for name in [n for n in self._waiting if n not in self._running][: max(0, self._workers - n_busy)]:
            del self._waiting[name]
            self._running[name] = shift = Shift(name)
            # A thread that does not end must not keep the process from ending.
            threading.Thread(target=self._run, args=(shift,), name=f"run {name}", daemon=True).start()

    def _run(self, shift: Shift) -> None:
        timers = [
            threading.Timer(self._deadline.total_seconds(), self._call_overdue, (shift,)),
            threading.Timer((self._deadline + STUCK_AFTER).total_seconds(), self._give_place_away, (shift,)),
        ]
        for timer in timers:
            timer.daemon = True
            timer.start()
        try:
            self._work(shift)
        except Exception:
            _log.exception("a run broke", action="run-broke", sheet=shift.name)
        finally:
            for timer in timers:
                timer.cancel()
            self._leave(shift)

    def _leave(self, shift: Shift) -> None:
        with self._changed:
            del self._running[shift.name]
            self._start_waiting()
            self._changed.notify_all()

    def _call_overdue(self, shift: Shift) -> None:
        _log.error("a run passed its deadline and is asked to stop", action="run-overdue", sheet=shift.name)
        shift.is_overdue = True
        shift.stop.set()

    def _give_place_away(self, shift: Shift) -> None:
        _log.error("a run does not answer; others take its place", action="run-stuck", sheet=shift.name)
        with self._changed:
            shift.is_stuck = True
            self._start_waiting()
