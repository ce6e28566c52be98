"""One tab on its way through the rounds of a publish: what to read of it, what to change, what to save at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sync.destination.book import Book, ObservedTab
from sync.destination.diff import RowWrite, TabChange, diff_known, diff_whole, to_change
from sync.destination.mend import Misplaced, find_landed, find_lost_keys, mend_misplaced
from sync.destination.observe import MAX_RANGES, Block, to_runs
from sync.destination.spot import Row, Spot, TabShape, find_spot
from sync.destination.summary_diff import diff_summary
from sync.errors import SyncError, TooLarge, Where
from sync.store import published
from sync.store.published import TabChange as SavedChange
from sync.store.published import TabState
from sync.tabs import DataJob, Rows, SummaryJob, row_print

LATEST_LANDING = timedelta(seconds=240)  # Google ends a call after 180 s; what a dead process sent can land until then
FREE_COLUMNS = 3  # for people's notes beside our columns
MAX_FREE_CELLS = 100_000  # where a tab is so long that they cost more, people insert a column themselves

Runs = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a person said yes to."""

    rebuild: bool = False
    take_header: bool = False


class TabPublish:
    """What data tabs and summaries have in common."""

    def __init__(self, job: DataJob | SummaryJob, *, allowed: Allowed, is_interrupted: bool) -> None:
        self.title, self.uid = job.title, job.uid
        self.error: SyncError | None = None
        self.is_open = True
        self.is_whole = is_interrupted or allowed.rebuild
        self.is_suspect = is_interrupted
        self.added: set[str] = set()
        self.changed: set[str] = set()
        self.n_rows = 0
        self.n_cut = 0
        self.warnings = dict.fromkeys(job.warnings)
        self.saved: SavedChange | None = None
        self.n_refusals = 0
        self._allowed = allowed
        self._blanked: frozenset[int] = frozenset()
        self._misplaced: tuple[Misplaced, ...] = ()
        self._state: TabState | None = None

    @property
    def sheet_id(self) -> int | None:
        """Google's id of the tab when it was published last."""
        return self._state.sheet_id if self._state else None

    def fail(self, error: SyncError) -> None:
        """End with an error; nothing more is sent for this tab."""
        self.error = error.at(Where(tab=self.title))
        self.is_open = False

    def look_again(self, *, after_unknown: bool) -> None:
        """Go into another round, in which the tab is read whole."""
        self.is_whole = True
        self.is_suspect = self.is_suspect or after_unknown

    def doubts(self, there: ObservedTab) -> bool:
        """Tell whether a header above our columns is new: people retitled a column, or moved it just now."""
        if self._state is None:
            return False
        known = {c["name"]: c.get("header", c["title"]) for c in self._state.columns}
        shown = {name: there.header[i] if i < len(there.header) else "" for name, (i, *_) in there.columns.items()}
        return any(name in known and known[name] != text for name, text in shown.items())

    def note_moved(self, change: TabChange, blocks: Sequence[Block]) -> None:
        """Remember what was written while people moved columns, so that their cells can be given back."""
        read = {block.start + i: row for block in blocks for i, row in enumerate(block.rows)}
        self._misplaced += tuple(Misplaced(write=w, spot=change.spot, before=read.get(w.row)) for w in change.writes)

    def note_sent(self, change: TabChange) -> None:
        """Count what is about to be sent: it may land although its answer gets lost."""
        self.added |= set(change.added)
        self.changed |= set(change.changed) - self.added

    def _count(self, change: TabChange) -> None:
        self.warnings |= dict.fromkeys(change.warnings)
        self._blanked = change.blanked

    def _suspect_until(self, now: datetime) -> datetime | None:
        if self.is_suspect:
            return now + LATEST_LANDING
        before = self._state.suspect_until if self._state else None
        return before if before is not None and before > now else None


class DataPublish(TabPublish):
    """A data tab."""

    def __init__(self, job: DataJob, *, allowed: Allowed, is_interrupted: bool) -> None:
        super().__init__(job, allowed=allowed, is_interrupted=is_interrupted)
        self.job = job
        self._positions: Mapping[str, int] | None = None
        self._rows = Rows(cells={})
        self._known: Mapping[str, published.PublishedRow] = {}
        self._n_before = 0
        self._last_row: int | None = None
        if job.error is not None:
            self.fail(job.error)
            return
        self._state = job.state
        self._version = job.version  # before anything is read: what others add to the mirror meanwhile is for next time
        self._fills_tail = is_interrupted or self._state is None
        self.is_whole = self.is_whole or self._state is None or self._state.suspect_until is not None
        if self._state is not None:
            self._n_before, self._last_row = published.extent(job.store, job.sheet.spreadsheet_id, job.uid)
            self.n_rows = self._n_before

    def look_again(self, *, after_unknown: bool) -> None:
        """Go into another round; blank rows at the end may then be ours."""
        super().look_again(after_unknown=after_unknown)
        self._fills_tail = self._fills_tail or after_unknown

    def reads(self, there: ObservedTab) -> Runs | None:
        """Return the rows to read, None for the whole tab; they are known only where nothing has moved."""
        state = self._state
        moved = state is None or there.sheet_id != state.sheet_id or there.n_rows != state.n_rows
        self.is_whole = self.is_whole or moved
        if self.is_whole:
            return None
        self._rows = self._changed_rows()
        if not self._rows.cells:
            return []
        runs = to_runs([*(row.row for row in self._known.values()), *range(self._tail(), there.n_rows)])
        if len(runs) > MAX_RANGES:
            self.is_whole = True
            return None
        return runs

    def _tail(self) -> int:
        assert self._state is not None
        return self._state.header_row if self._last_row is None else self._last_row

    def _changed_rows(self) -> Rows:
        if self.job.is_settled:
            return Rows(cells={})
        rows = self.job.candidates()
        known = published.rows(self.job.store, self.job.sheet.spreadsheet_id, self.uid, list(rows.cells))
        differ = {
            key: cells
            for key, cells in rows.cells.items()
            if key not in known or known[key].fingerprint != row_print(cells)
        }
        self._known = {key: row for key, row in known.items() if key in differ}
        return Rows(cells=differ, n_cut=rows.n_cut)

    def diff(self, there: ObservedTab | None, book: Book, blocks: Sequence[Block]) -> TabChange | None:
        """Return what is to be changed; None when the tab must be read whole first.

        Raises:
            StoppedByGuard: the tab must not be touched.

        """
        if there is None:
            return self._new(book)
        change = self._located(there)
        if change.needs_structure:
            return replace(change, is_final=False)
        if not self.is_whole:
            return self._diff_known(change, blocks)
        return self._diff_whole(change, blocks)

    def _located(self, there: ObservedTab) -> TabChange:
        known = {c["name"]: c["title"] for c in self._state.columns} if self._state else {}
        if not known:  # the store is new or lost: what the tab carries a tag of was ours before
            known = dict.fromkeys(there.columns, "")
        take = self._allowed.take_header
        found = find_spot(there, self.job.shape, known_columns=known, take_header=take)
        return to_change(self.job.shape, found)

    def _diff_known(self, change: TabChange, blocks: Sequence[Block]) -> TabChange | None:
        assert self._state is not None
        if change.spot.header_row != self._state.header_row:
            return None
        if not self._rows.cells:
            return change
        found = diff_known(
            change,
            wanted=list(self._rows.cells.items()),
            known_rows={key: row.row for key, row in self._known.items()},
            last_row=self._tail(),
            blocks=blocks,
        )
        return found and self._bounded(found, self._n_before + len(found.added))

    def _diff_whole(self, change: TabChange, blocks: Sequence[Block]) -> TabChange:
        known = published.rows(self.job.store, self.job.sheet.spreadsheet_id, self.uid) if self._state else {}
        spot, shape = change.spot, change.shape
        there = [shape.key_of(spot.ours(row)) for block in blocks for row in block.rows]
        self._rows = self.job.every_row({*known, *(key for key in there if key)})
        landed = find_landed(self._misplaced, spot, blocks, shape)
        found = diff_whole(
            change,
            wanted=self._rows.cells,
            in_period=self.job.keys_in_window(),
            blocks=blocks,
            preferred={key: row.row for key, row in known.items()},
            fills_blank_tail=self._fills_tail,
            blanked=self._blanked,
            lost=find_lost_keys(landed, spot, shape, self._rows.cells),
        )
        foreign = tuple(mend_misplaced(landed, spot, shape.same_cell))
        if foreign:
            found = replace(found, foreign=foreign, is_final=False)
        self._misplaced = ()
        return self._bounded(found, len(found.positions or ()))

    def _bounded(self, change: TabChange, n_after: int) -> TabChange:
        limit = self.job.tab.max_rows
        if change.added and n_after > limit:
            raise TooLarge(
                f"The tab {self.title!r} would have {n_after:,} rows; max_rows allows {limit:,}.",
                hint='Raise max_rows or shorten the period; overflow = "next_tab" is not available yet.',
                where=Where(tab=self.title),
            )
        return change

    def _new(self, book: Book) -> TabChange:
        known = published.rows(self.job.store, self.job.sheet.spreadsheet_id, self.uid) if self._state else {}
        self._rows = self.job.every_row(known)
        change = new_tab(self.job.shape, book, list(self._rows.cells.items()))
        self.is_whole = True  # what the store says of an earlier tab is void
        return self._bounded(change, len(change.added))

    def shown_keys(self, change: TabChange) -> set[str]:
        """Return the keys that the tab shows once `change` is done."""
        if change.positions is not None:
            return set(change.positions)
        known = published.rows(self.job.store, self.job.sheet.spreadsheet_id, self.uid)
        return {*known, *change.added}

    def confirm(self, change: TabChange, now: datetime) -> None:
        """Take over what a round did; the tab is closed when that was all."""
        self._count(change)
        if not change.is_final:
            self.is_whole = True
            return
        self.is_open = False
        self.n_cut = self._rows.n_cut
        rows = self._rows.cells
        if change.positions is not None:
            places: Iterable[tuple[str, int]] = change.positions.items()
            self.n_rows = len(change.positions)
        else:
            places = [*change.added.items(), *change.changed.items()]
            self.n_rows = self._n_before + len(change.added)
        if change.is_empty and change.positions is None and self.job.is_settled:
            return
        job, window = self.job, self.job.window
        state = TabState(
            **place_of(change, job.sheet.spreadsheet_id, now),
            mirror_id=job.spec.name if job.mirror is None else job.mirror.id,
            version=self._version,
            window_start=window.start,
            window_end=window.end,
            shape=job.shape_text,
            suspect_until=self._suspect_until(now),
        )
        upserts = [(key, row, row_print(rows[key])) for key, row in places if key in rows]
        self.saved = SavedChange(state=state, upserts=upserts, reset=change.positions is not None)


class SummaryPublish(TabPublish):
    """A summary tab."""

    def __init__(self, job: SummaryJob, of: DataPublish, *, allowed: Allowed, is_interrupted: bool) -> None:
        super().__init__(job, allowed=allowed, is_interrupted=is_interrupted)
        self.job, self.of = job, of
        self._keys: set[str] | None = None
        self._of_changes = True
        if of.error is not None:
            self.fail(of.error)
            return
        self._state = job.state
        self.is_whole = self.is_whole or self._state is None or self._state.suspect_until is not None
        if self._state is not None:
            self.n_rows, _ = published.extent(job.store, job.sheet.spreadsheet_id, job.uid)

    def reads(self, there: ObservedTab) -> Runs | None:
        """Return nothing when nothing can have changed; else the tab is read whole, as summaries are small."""
        state = self._state
        moved = state is None or there.sheet_id != state.sheet_id or there.n_rows != state.n_rows
        self.is_whole = self.is_whole or moved or not self.job.is_settled or self.of.is_whole
        return None if self.is_whole else []

    def use_rows_of(self, change: TabChange | None) -> None:
        """Hear what the summed tab is about to show; None when it stays as it is, or as it was told before."""
        if change is not None:
            self._keys = self.of.shown_keys(change)

    def diff(self, there: ObservedTab | None, book: Book, blocks: Sequence[Block]) -> TabChange | None:
        """Return what is to be changed; None when the tab must be read whole first."""
        if there is None:
            return new_tab(self.job.shape, book, self._wanted())
        known = (
            {c["name"]: c["title"] for c in self._state.columns} if self._state else dict.fromkeys(there.columns, "")
        )
        take = self._allowed.take_header
        found = find_spot(there, self.job.shape, known_columns=known, take_header=take)
        change = to_change(self.job.shape, found)
        if change.needs_structure:
            return replace(change, is_final=False)
        if not self.is_whole:
            return change if self._state and change.spot.header_row == self._state.header_row else None
        return diff_summary(change, wanted=self._wanted(), blocks=blocks)

    def _wanted(self) -> list[tuple[str, Row]]:
        keys = self._keys
        if keys is None:
            keys = set(published.rows(self.job.store, self.job.sheet.spreadsheet_id, self.of.uid))
        return self.job.rows(keys)

    def confirm(self, change: TabChange, now: datetime) -> None:
        """Take over what a round did; a summary is done when the tab that it sums is."""
        self._count(change)
        if not change.is_final or self.of.is_open:
            self.is_whole = True
            return
        self.is_open = False
        if change.positions is None:
            return
        self.n_rows = len(change.positions)
        job, window = self.job, self.job.of.window
        state = TabState(
            **place_of(change, job.sheet.spreadsheet_id, now),
            mirror_id=job.of.spec.name if job.of.mirror is None else job.of.mirror.id,
            version=job.of.version,
            window_start=window.start,
            window_end=window.end,
            shape=job.shape_text,
            suspect_until=self._suspect_until(now),
        )
        upserts = [(key, row, 0) for key, row in change.positions.items()]
        self.saved = SavedChange(state=state, upserts=upserts, reset=True)


def place_of(change: TabChange, spreadsheet_id: str, now: datetime) -> dict[str, Any]:
    """Return what a saved state says of where the tab and its columns are."""
    spot, shape = change.spot, change.shape
    n_rows = spot.n_rows if change.is_new else spot.n_rows + change.n_insert - len(change.delete_rows)
    header = [c.title for c in shape.columns] if change.is_new else [cell or "" for cell in spot.ours(spot.header)]
    columns = [
        {"name": column.name, "title": column.title, "index": index, "header": text}
        for column, index, text in zip(shape.columns, spot.indexes, header, strict=True)
    ]
    return {
        "spreadsheet_id": spreadsheet_id,
        "uid": shape.uid,
        "sheet_id": spot.sheet_id,
        "title": shape.title,
        "n_rows": n_rows,
        "header_row": spot.header_row,
        "columns": columns,
        "published_at": now,
    }


def new_tab(shape: TabShape, book: Book, wanted: Sequence[tuple[str, Row]]) -> TabChange:
    """Lay out a tab that is not there yet: header, rows, a spare row at the end, and room for notes if it is cheap."""
    n_rows = 1 + len(wanted) + 1
    n_free = FREE_COLUMNS if n_rows * FREE_COLUMNS <= MAX_FREE_CELLS else 0
    n_columns = len(shape.columns)
    spot = Spot(
        sheet_id=free_sheet_id(book, shape.uid),
        n_rows=n_rows,
        n_columns=n_columns + n_free,
        header_row=0,
        indexes=tuple(range(n_columns)),
    )
    writes = tuple(RowWrite(row=1 + i, key=k, cells=c, keeps_key=False) for i, (k, c) in enumerate(wanted))
    added = {write.key: write.row for write in writes}
    return TabChange(shape=shape, spot=spot, is_new=True, writes=writes, added=added, positions=added)


def free_sheet_id(book: Book, uid: str) -> int:
    """Choose an id for a new tab: always the same for the same tab, so that a request that lands twice is refused."""
    taken = {tab.sheet_id for tab in book.tabs}
    n = 0
    while True:
        digest = blake2b(f"{book.spreadsheet_id} {uid} {n}".encode(), digest_size=4).digest()
        sheet_id = int.from_bytes(digest, "big") % (2**31 - 1)
        if sheet_id not in taken:
            return sheet_id
        n += 1
