"""The calls as the vendor has them now: they arrive, are edited late, and are asked for by day and filter."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sync.sandbox.calls import Call, CallOptions, draw_new_call, edited, instant_text, make_calls

_LIKELY_EDITED_WITHIN = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is asked for: instants as the records write them (end excluded), and words that a field must equal."""

    start: str = ""
    end: str = ""
    words: tuple[tuple[str, Any], ...] = ()
    number: str = ""


class CallBook:
    """Every call of one account, in memory. Not for several threads at once."""

    def __init__(self, options: CallOptions) -> None:
        self._options = options
        self.reset()

    def reset(self) -> None:
        """Go back to the calls of the first moment."""
        self._pinned = self._options.pinned()
        self._calls = list(make_calls(self._pinned))  # oldest first
        self._n_arrived = self._n_edits = 0
        self._moved()

    def all(self) -> list[Call]:
        """Return every call, newest first."""
        return self._calls[::-1]

    def select(self, wanted: Selection) -> list[Call]:
        """Return the calls asked for, newest first."""
        # Pages of one walk are asked in turn, so what was found is kept until something changes.
        if (found := self._selected.get(wanted)) is None:
            found = self._selected[wanted] = self._find(wanted)
        return found

    def arrive(self, n: int) -> list[Call]:
        """Let `n` new calls end now; with a fixed end of the window, one second after the other from there."""
        made = [draw_new_call(self._pinned.seed, self._n_arrived + k, self._arrival_at(k, n)) for k in range(n)]
        self._n_arrived += n
        self._calls = sorted([*self._calls, *made], key=lambda call: (call["started_at"], call["call_id"]))
        self._moved()
        return made

    def edit(self, n: int, *, call_ids: Sequence[str] = (), fields: Mapping[str, Any] | None = None) -> list[Call]:
        """Edit these calls, or `n` calls mostly of the last days; with `fields` to those values, else as people do.

        Raises KeyError for an unknown call id.
        """
        positions = [self._positions[call_id] for call_id in call_ids] if call_ids else self._choose(n)
        changed = []
        for at in positions:
            self._n_edits += 1
            call = self._calls[at]
            call = {**call, **fields} if fields else edited(call, self._pinned.seed, self._n_edits)
            self._calls[at] = call
            changed.append(call)
        if fields and "started_at" in fields:
            self._calls.sort(key=lambda call: (call["started_at"], call["call_id"]))
        self._moved()
        return changed

    def _arrival_at(self, k: int, n: int) -> datetime:
        if self._options.until is None:
            return datetime.now(UTC) - timedelta(seconds=n - 1 - k)
        assert self._pinned.until is not None
        return self._pinned.until + timedelta(seconds=self._n_arrived + k + 1)

    def _choose(self, n: int) -> list[int]:
        """Choose among the calls of the last two days, or further back where those are too few."""
        if not self._calls:
            return []
        newest = datetime.fromisoformat(self._calls[-1]["started_at"])
        recent = bisect_left(self._started, instant_text(newest - _LIKELY_EDITED_WITHIN))
        n_open = min(len(self._calls), max(len(self._calls) - recent, n))
        rng = Random(f"{self._pinned.seed}:choose:{self._n_edits}")
        return sorted(rng.sample(range(len(self._calls) - n_open, len(self._calls)), min(n, n_open)))

    def _find(self, wanted: Selection) -> list[Call]:
        begin = bisect_left(self._started, wanted.start) if wanted.start else 0
        end = bisect_left(self._started, wanted.end) if wanted.end else len(self._calls)
        found = self._calls[begin:end][::-1]
        for name, word in wanted.words:
            found = [call for call in found if call[name] == word]
        if wanted.number:
            found = [call for call in found if wanted.number in (call["from"], call["to"])]
        return found

    def _moved(self) -> None:
        self._started = [call["started_at"] for call in self._calls]
        self._positions = {call["call_id"]: at for at, call in enumerate(self._calls)}
        self._selected: dict[Selection, list[Call]] = {}
