"""The index of the pages of a tab: which there are, how many rows each shows, and where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sync.data_publish import DataPublish
from sync.destination.book import Book, ObservedTab
from sync.destination.change import TabChange, to_change
from sync.destination.observe import Block
from sync.destination.spot import Row, TabShape, find_spot
from sync.destination.summary_diff import diff_summary
from sync.records import Column, FieldType
from sync.shape.cells import same_cell
from sync.store import published
from sync.tab_publish import Allowed, Runs, TabPublish, free_sheet_id, n_after, new_tab, place_of
from sync.tabs import DataJob, digest

_COLUMNS = (
    Column(name="part", title="Part", type=FieldType.TEXT),
    Column(name="rows", title="Rows", type=FieldType.INTEGER, number_format="#,##0"),
    Column(name="address", title="Address", type=FieldType.TEXT),
)


class IndexJob:
    """What the index is made of."""

    def __init__(self, of: DataJob) -> None:
        self.title = f"{of.tab.title[:90]} index"
        self.uid = f"{of.uid} index"
        self.warnings: tuple[str, ...] = ()
        self.shape = TabShape(
            uid=self.uid,
            title=self.title,
            columns=_COLUMNS,
            key_columns=(2,),
            key_of=lambda row: None if row[2] in (None, "") else str(row[2]),
            same_cell=same_cell,
        )


class IndexPublish(TabPublish):
    """The tab that lists the pages of another."""

    def __init__(self, of: DataJob, *, allowed: Allowed, is_interrupted: bool) -> None:
        self._job, self._of = IndexJob(of), of
        super().__init__(self._job, allowed=allowed, is_interrupted=is_interrupted)
        self._pages: Sequence[tuple[DataPublish, TabChange | None]] = ()
        self._state = published.load_tab(of.store, of.sheet.spreadsheet_id, self.uid)
        self.is_whole = self.is_whole or self._state is None or self._state.suspect_until is not None
        if self._state is not None:
            self.n_rows = published.extent(of.store, of.sheet.spreadsheet_id, self.uid).n

    def use_pages(self, pages: Sequence[tuple[DataPublish, TabChange | None]]) -> None:
        """Hear which pages there are, and how each is about to change."""
        self._pages = pages

    def reads(self, there: ObservedTab) -> Runs | None:
        """Return nothing when nothing can have changed; else the tab is read whole, as it is small."""
        state = self._state
        moved = state is None or there.sheet_id != state.sheet_id or there.n_rows != state.n_rows
        pages = [page for page, _ in self._pages]
        self.is_whole = self.is_whole or moved or any(p.is_whole or not p.job.is_settled for p in pages)
        return None if self.is_whole else []

    def diff(self, there: ObservedTab | None, book: Book, blocks: Sequence[Block]) -> TabChange | None:
        """Return what is to be changed; None when the tab must be read whole first."""
        if there is None:
            return new_tab(self._job.shape, book, self._wanted(book))
        known = dict.fromkeys((column.name for column in _COLUMNS), "") if self._state else {}
        found = find_spot(there, self._job.shape, known_columns=known, take_header=self._allowed.take_header)
        change = to_change(self._job.shape, found)
        if change.needs_structure:
            return replace(change, is_final=False)
        if not self.is_whole:
            return change if self._state and change.spot.header_row == self._state.header_row else None
        return diff_summary(change, wanted=self._wanted(book), blocks=blocks)

    def _wanted(self, book: Book) -> list[tuple[str, Row]]:
        rows: list[tuple[str, Row]] = []
        for page, change in self._pages:
            sheet_id = change.spot.sheet_id if change is not None else page.sheet_id
            if sheet_id is None:
                sheet_id = free_sheet_id(book, page.uid)
            there = book.tab_of(sheet_id)
            n_rows = page.n_rows if change is None else n_after(change, page.n_shown)
            address = f"https://docs.google.com/spreadsheets/d/{self._of.sheet.spreadsheet_id}/edit#gid={sheet_id}"
            rows.append((address, [there.title if there else page.title, n_rows, address]))
        return rows

    def confirm(self, change: TabChange, now: datetime) -> None:
        """Take over what a round did; the index is done when the pages are."""
        if not self._closes(change, waits=any(page.is_open for page, _ in self._pages)):
            return
        shape = digest([column.name for column in _COLUMNS])
        place = place_of(change, self._of.sheet.spreadsheet_id, now)
        self._save_whole(change, place, now, mirror_id="", version=0, window_start=now, window_end=now, shape=shape)
