"""A summary tab on its way through the rounds of a publish: read whole when it may have changed, as it is small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sync.destination.book import Book, ObservedTab
from sync.destination.change import TabChange
from sync.destination.decorate import Extent, last_filled
from sync.destination.mend import mend_above
from sync.destination.observe import Block
from sync.destination.spot import Row
from sync.destination.status import is_status_row
from sync.destination.summary_diff import diff_summary
from sync.pages import Pages, Unshown
from sync.shape.cross import name_of_total
from sync.shape.summary import CUT_KEY, TOTAL_KEY
from sync.store import published
from sync.summary_job import SummaryJob
from sync.tab_publish import Allowed, Runs, TabPublish, new_tab, place_of

_NOT_GROUPS = (TOTAL_KEY, CUT_KEY)


def _end(change: TabChange) -> int:
    """Return where the rows of groups end, above those of totals; charts of nothing draw one blank row."""
    rows = [row for key, row in (change.positions or {}).items() if key not in _NOT_GROUPS]
    return max(rows, default=change.spot.header_row + 1) + 1


def _chart_ids(book: Book) -> frozenset[int]:
    return frozenset(chart_id for tab in book.tabs for chart_id in tab.charts)


class SummaryPublish(TabPublish):
    """A summary tab."""

    def __init__(self, job: SummaryJob, of: Pages | Unshown, *, allowed: Allowed, is_interrupted: bool) -> None:
        super().__init__(job, allowed=allowed, is_interrupted=is_interrupted)
        self.job, self.of = job, of
        self._keys: set[str] | None = None
        self._is_all = isinstance(of, Unshown)
        self.n_summed: int | None = None
        if of.error is not None:
            self.fail(of.error)
            return
        self._state = job.state
        self.is_whole = self.is_whole or self._state is None or self._state.suspect_until is not None
        if self._state is not None:
            self.n_rows = published.extent(job.store, job.sheet.spreadsheet_id, job.uid).n

    def reads(self, there: ObservedTab) -> Runs | None:
        """Return nothing when nothing can have changed; else the tab is read whole, as summaries are small."""
        state = self._state
        moved = state is None or there.sheet_id != state.sheet_id or there.n_rows != state.n_rows
        self.is_whole = self.is_whole or moved or not self.job.is_settled or self.of.is_whole
        return None if self.is_whole else []

    def use_rows_of(self, changes: Mapping[Any, TabChange]) -> None:
        """Hear what the pages of the summed tab are about to show; nothing when they stay as they are."""
        of_pages = {page: changes[page] for page in self.of.publishes if page in changes}
        if of_pages:
            self._is_all = self.of.shows_all(of_pages)
            self._keys = None if self._is_all else self.of.shown_keys(of_pages)

    def diff(self, there: ObservedTab | None, book: Book, blocks: Sequence[Block]) -> TabChange | None:
        """Return what is to be changed; None when the tab must be read whole first."""
        if there is None:
            wanted = self._wanted()  # first: the columns of a cross table come of its rows
            made = new_tab(self.job.shape, book, wanted, status=self.job.summary.status)
            return self._decorated(made, None, extent=Extent(end=_end(made), taken=_chart_ids(book)))
        wanted = self._wanted() if self.is_whole else []
        known = (
            {c["name"]: c["title"] for c in self._state.columns} if self._state else dict.fromkeys(there.columns, "")
        )
        change = self._find(there, self.job.shape, known)
        if self.job.question.pivot and self._state and self._state.shape == self.job.shape_text:
            change = replace(change, warnings=())  # columns come and go with the records, not with the config
        if change.alters_grid:  # numbers of groups that are not shown any more stand beside nothing
            return replace(change, is_final=False, cleared=tuple({name: None for name, _ in change.given_up}))
        if not self.is_whole:
            return change if self._state and change.spot.header_row == self._state.header_row else None
        above = tuple(mend_above(self._misplaced, change.spot, blocks, self.job.shape.same_cell))
        self._misplaced = ()
        change = diff_summary(change, wanted=wanted, blocks=blocks)
        change = replace(change, foreign=above, is_final=False) if above else change
        rows = {block.start + i: row for block in blocks for i, row in enumerate(block.rows)}
        old_end, last = self._old_end(change, rows), last_filled(rows)
        extent = Extent(end=_end(change), old_end=old_end, last_column=last, taken=_chart_ids(book))
        return self._decorated(change, there, extent=extent)

    def _old_end(self, change: TabChange, rows: Mapping[int, Row]) -> int:
        """Return where the rows of groups ended before, above those of totals; 0 where that is not known."""
        if self._state is None:
            return 0
        spot, key_of = change.spot, self.job.shape.key_of
        keyed = [at for at, row in rows.items() if at > spot.header_row and key_of(spot.ours(row)) is not None]
        known = published.rows(self.job.store, self.job.sheet.spreadsheet_id, self.job.uid, _NOT_GROUPS)
        return max([at for at in keyed if not is_status_row(rows[at])], default=spot.header_row + 1) + 1 - len(known)

    def _wanted(self) -> list[tuple[str, Row]]:
        keys = self._keys
        if self._is_all:
            return self.job.rows(None)
        if keys is None:
            keys = self.of.shown_keys({})
        rows = self.job.rows(keys)
        self.n_summed = self._total_of(rows)
        return rows

    def _total_of(self, rows: Sequence[tuple[str, Row]]) -> int | None:
        """Return how many records the last row, of the totals, says; None where it does not count all of them."""
        names = [column.name for column in self.job.shape.columns]
        name = name_of_total("count") if self.job.question.pivot else "count"
        counts_some = self.job.summary.where or self.job.summary.compare
        if not self.job.summary.totals or counts_some or name not in names or not rows:
            return None
        total = rows[-1][1][names.index(name)]
        return int(total) if isinstance(total, int | float) else None

    def confirm(self, change: TabChange, now: datetime) -> None:
        """Take over what a round did; a summary is done when the tab that it sums is."""
        if not self._closes(change, waits=self.of.is_open):
            return
        job, window = self.job, self.job.of.window
        self._save_whole(
            change,
            place_of(change, job.sheet.spreadsheet_id, now),
            now,
            mirror_id=job.of.spec.name if job.of.mirror is None else job.of.mirror.id,
            version=job.of.version,
            window_start=window.start,
            window_end=window.end,
            shape=job.shape_text,
        )
