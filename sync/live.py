"""What runs of this process are doing just now, for the status page."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from sync import log


@dataclass
class LiveSteps:
    """The steps of one run, as it reports them; the latest one is what it does now."""

    steps: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    said: str = ""

    def page(self, connection: str, stream: str, done: int, expected: int | None) -> None:
        """Note how many pages of a stream have been read."""
        self._note(f"{connection} {stream}, pages", done, expected)

    def rows(self, done: int, total: int) -> None:
        """Note how many rows have been written."""
        self._note("rows", done, total)

    def quota(self, used: int, limit: int, kind: str) -> None:
        """Leave the quota to those who look at all of it."""

    def say(self, text: str) -> None:
        """Note a sentence."""
        self.said = log.mask(text)

    def _note(self, name: str, done: int, total: int | None) -> None:
        self.steps = {**{n: s for n, s in self.steps.items() if n != name}, name: (done, total)}


class Live:
    """The steps of every run, by sheet. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_sheet: dict[str, LiveSteps] = {}

    def begin(self, sheet: str) -> LiveSteps:
        """Forget the steps of an earlier run of the sheet, and hear those of a new one."""
        steps = LiveSteps()
        with self._lock:
            self._by_sheet[sheet] = steps
        return steps

    def end(self, sheet: str) -> None:
        """Forget the steps of a sheet whose run has ended."""
        with self._lock:
            self._by_sheet.pop(sheet, None)

    def progress_json(self, sheet: str) -> dict[str, Any] | None:
        """Return what the run of a sheet does now, or None when nothing is known."""
        with self._lock:
            live = self._by_sheet.get(sheet)
        if live is None:
            return None
        steps = live.steps
        step, (done, total) = next(reversed(steps.items()), ("", (0, None)))
        return {"step": step, "done": done, "total": total and max(done, total), "said": live.said}
