"""The sync log on its way through the rounds of a publish: it goes along where something else is written.

A run that writes nothing else leaves the log alone; what became of it is told by the next run that writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from sync import clock
from sync.data_publish import DataPublish
from sync.destination.change import TabChange
from sync.destination.spot import Row
from sync.report import ErrorReport
from sync.shape.cells import serial_of
from sync.sync_log import LogJob, failure_words, tab_words, trigger_words
from sync.tab_publish import Allowed, TabPublish
from sync.tabs import Rows

T = TypeVar("T", bound=TabPublish)


class LogPublish(DataPublish):
    """The tab of a sync log: the lines of runs that have ended, and on top that of the run that is going on."""

    def __init__(self, job: LogJob, *, allowed: Allowed, is_interrupted: bool) -> None:
        self._run = job
        self._line: Row | None = None
        super().__init__(job, allowed=allowed, is_interrupted=is_interrupted)
        self.is_whole = self.is_whole or job.is_full
        self._must_come = self._state is None or is_interrupted

    def go_along(self, changes: Mapping[T, TabChange], tabs: Iterable[TabPublish]) -> bool:
        """Take what is about to be written into the line of this run; False when the log is to be left alone."""
        written = {tab: change for tab, change in changes.items() if not change.is_empty}
        self._must_come = self._must_come or bool(written)
        if not self._must_come:
            self.is_open = False
            return False
        data = {tab: change for tab, change in written.items() if isinstance(tab, DataPublish)}
        counts = {tab.title: _counts(tab, change) for tab, change in data.items()}
        errors = {tab.title: ErrorReport.of(tab.error) for tab in tabs if tab.error is not None}
        added, changed, removed = ([sum(of) for of in zip(*counts.values(), strict=True)] or [0, 0, 0])[:3]
        now = clock.now()
        line = {
            "started_at": serial_of(self._run.started_at, self.job.zone),
            "outcome": "Partly updated" if errors else "Updated",
            "added": added,
            "changed": changed,
            "removed": removed,
            "words": " ".join([*failure_words(errors, self._run.vendors), *tab_words(counts.items())]) or None,
            "started_by": trigger_words(self._run.trigger),
            "requests": self._run.n_requests() + 1,  # the batch that this line goes in
            "seconds": round((now - self._run.started_at).total_seconds()),
            "run": self._run.run_id,
        }
        self._line = [line[column.name] for column in self.job.shape.columns]
        self._rows = self._with_mine(self._rows)
        return True

    def _changed_rows(self) -> Rows:
        return self._with_mine(super()._changed_rows())

    def _every_row(self, more_keys: Collection[str], there: Collection[str]) -> Rows:
        rows = super()._every_row(more_keys, there)
        too_old = dict.fromkeys(self._run.too_old(), "it is older than the lines that the log keeps")
        cells = {key: cells for key, cells in rows.cells.items() if key not in too_old}
        return self._with_mine(replace(rows, cells=cells, leaving={**rows.leaving, **too_old}))

    def _with_mine(self, rows: Rows) -> Rows:
        """Put the line of this run on top; before it is known what is written, in words of no matter."""
        key = self._run.run_id
        others = {other: cells for other, cells in rows.cells.items() if other != key}
        line = self._line or [None] * len(self.job.shape.columns)
        return replace(rows, cells={key: line, **others}, must={*rows.must, key})


def _counts(tab: DataPublish, change: TabChange) -> tuple[int, int, int]:
    n_new = change.load.n_rows if change.load is not None else len({*change.added, *tab.added})
    return n_new, len({*change.changed, *tab.changed} - set(change.added) - tab.added), len(change.leaving)
