"""The threads that runs have: at most so many, never two of one spreadsheet, and never all of them for one vendor.

Knows names only, not sheets. A run past the deadline is asked to stop; one that does not answer loses its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from datetime import timedelta

from sync import log
from sync.run import StopEvent

STUCK_AFTER = timedelta(minutes=4)  # longer than any one request may take; past it the others get the place
READING_WITHIN_S = 2.5  # at a stop: what a run reads in vain is read again by the next, so few seconds are enough
LOOK_S = 0.05

_log = log.get("crew")


@dataclass(eq=False, kw_only=True)
class Shift:
    """One run: `stop` asks it to end, and knows when the deadline was the reason."""

    name: str
    spreadsheet: str = ""
    connections: frozenset[str] = frozenset()
    stop: StopEvent = field(default_factory=StopEvent)
    is_stuck: bool = False


class Crew:
    """At most `workers` runs at a time; `on_left` hears when a place may be free, `on_stuck` of a run given up."""

    def __init__(
        self,
        work: Callable[[Shift], None],
        *,
        workers: int,
        deadline: timedelta,
        on_left: Callable[[], None],
        on_stuck: Callable[[Shift], None] = lambda _: None,
    ) -> None:
        self.workers = workers
        self.deadline = deadline
        self.is_closed = False
        self._work = work
        self._on_left = on_left
        self._on_stuck = on_stuck
        self._changed = threading.Condition()
        self._running: list[Shift] = []

    @property
    def is_full(self) -> bool:
        """Whether no run at all may begin now."""
        with self._changed:
            return self.is_closed or sum(not shift.is_stuck for shift in self._running) >= self.workers

    def has_room(self, shift: Shift, shared: Set[str]) -> bool:
        """Tell whether a run may begin now.

        Of the places, one is left to others where all the rest wait for one connection; `shared` names the
        connections that every sheet uses, so that there are no others.
        """
        with self._changed:
            busy = [other for other in self._running if not other.is_stuck]
            if self.is_closed or len(busy) >= self.workers or self._is_taken(shift):
                return False
            most = max(1, self.workers - 1)
            return all(sum(c in other.connections for other in busy) < most for c in shift.connections - shared)

    def _is_taken(self, shift: Shift) -> bool:
        names = {other.name for other in self._running if not other.is_stuck}
        books = {other.spreadsheet for other in self._running if not other.is_stuck}
        return shift.name in names or (bool(shift.spreadsheet) and shift.spreadsheet in books)

    def start(self, shift: Shift) -> None:
        """Begin a run on a thread of its own."""
        with self._changed:
            self._running.append(shift)
        # A thread that does not end must not keep the process from ending.
        threading.Thread(target=self._run, args=(shift,), name=f"run {shift.name}", daemon=True).start()

    def running(self) -> list[str]:
        """Return the names of what runs."""
        with self._changed:
            return [shift.name for shift in self._running]

    def close(self, *, within: timedelta) -> list[Shift]:
        """Ask every run to stop, take no more, and return those that did not stop in that time.

        A run that only reads is not waited for as long as one that writes, and notes what it wrote.
        """
        with self._changed:
            self.is_closed = True
            for shift in self._running:
                shift.stop.set()
            now_s = time.monotonic()
            end_s, enough_s = now_s + within.total_seconds(), now_s + READING_WITHIN_S
            while self._running and now_s < min(end_s, enough_s):
                self._changed.wait(LOOK_S)
                now_s = time.monotonic()
                if any(shift.stop.is_writing for shift in self._running):
                    enough_s = now_s + READING_WITHIN_S
            return list(self._running)

    def _run(self, shift: Shift) -> None:
        timers = [
            threading.Timer(self.deadline.total_seconds(), self._call_overdue, (shift,)),
            threading.Timer((self.deadline + STUCK_AFTER).total_seconds(), self._give_place_away, (shift,)),
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
            self._running.remove(shift)
            self._changed.notify_all()
        self._on_left()

    def _call_overdue(self, shift: Shift) -> None:
        _log.error("a run passed its deadline and is asked to stop", action="run-overdue", sheet=shift.name)
        shift.stop.is_overdue = True
        shift.stop.set()

    def _give_place_away(self, shift: Shift) -> None:
        _log.error("a run does not answer; others take its place", action="run-stuck", sheet=shift.name)
        shift.is_stuck = True
        shift.stop.is_given_up = True
        self._on_stuck(shift)
        self._on_left()
