"""A data tab on its way through the rounds of a publish: what to read, what to change, what to save at the end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from sync import clock
from sync.ages import bounded, comes_after, without_oldest
from sync.destination.book import Book, ObservedTab
from sync.destination.change import TabChange, runs_of
from sync.destination.diff import Want, diff_known, diff_whole
from sync.destination.load import misplaced_loads
from sync.destination.long_read import at, is_long, key_hashes
from sync.destination.mend import find_landed, find_lost_keys, mend_above, mend_misplaced
from sync.destination.observe import MAX_RANGES, Block, to_runs
from sync.due_check import is_due
from sync.errors import StoppedByGuard
from sync.store import published
from sync.store.published import Extent, PublishedRow, TabState
from sync.store.published import TabChange as SavedChange
from sync.survey import MakeReader, Survey, key_from, read_whole, take_survey
from sync.tab_load import TabLoad, find_load
from sync.tab_publish import Allowed, Runs, TabPublish, n_after, new_space, new_tab, place_of, shifts_of
from sync.tabs import DataJob, Rows, check_stream, row_print

if TYPE_CHECKING:
    from sync.pages import Chain

UNFINISHED = -1  # the version of a tab that was never filled to its end
MAX_PROVED_AT_FIRST = 50_000  # of a tab just made what was sent is known; counting it all again can wait for the check
READS_OF_LONG = 8  # so many requests for rows here and there still cost less than reading a long tab whole
MAX_SHIFTS = 50  # more places in which rows leave cost more than reading the tab whole


class DataPublish(TabPublish):
    """A data tab."""

    def __init__(self, job: DataJob, *, allowed: Allowed, is_interrupted: bool) -> None:
        super().__init__(job, allowed=allowed, is_interrupted=is_interrupted)
        self.job = job
        self._rows = Rows(cells={})
        self._known: Mapping[str, int] = {}
        self._extent = Extent(0, None, None)
        self._edge: int | None = None
        self._there: set[str] | None = None
        self.planned: TabChange | None = None  # of this round, or of the one that closed the tab
        self.chain: Chain | None = None
        self.n_left_over = 0
        self._load: TabLoad | None = None
        self.survey: Survey | None = None  # of this round, where the tab is too long to be held
        if job.error is not None:
            self.fail(job.error)
            return
        self._state = job.state
        self._version = job.version  # before anything is read: what others add to the mirror meanwhile is for next time
        self._fills_tail = self._fills_tail or self._state is None
        verified_at = self._state.verified_at if self._state else None
        self.is_whole = self.is_whole or self._state is None or self._state.suspect_until is not None
        self.is_whole = self.is_whole or is_due(job.sheet, job.tab, verified_at, job.at)
        if self._state is not None:
            self._extent = published.extent(job.store, job.sheet.spreadsheet_id, job.uid)
            self.n_rows = self._extent.n
            # Counted from the end where rows come in on top; a tab that did it the other way is counted anew
            is_from_end = self._extent.n and (self._extent.first or 0) < 0
            self.is_whole = self.is_whole or (bool(self._extent.n) and is_from_end != job.from_top)

    def reads(self, there: ObservedTab) -> Runs | None:
        """Return the rows to read, None for the whole tab; they are known only where nothing has moved."""
        state = self._state
        self.survey = None
        moved = state is None or there.sheet_id != state.sheet_id or there.n_rows != state.n_rows
        self.is_whole = self.is_whole or moved
        if self.is_whole:
            return None
        self._rows = self._changed_rows()
        if not self._rows.cells and not self._rows.leaving:
            return []
        runs = to_runs([*self._known.values(), *self._beyond_edge(there.n_rows)])
        leaving = runs_of(row for key, row in self._known.items() if key in self._rows.leaving)
        n_most = MAX_RANGES * (READS_OF_LONG if is_long(there) else 1)
        if len(runs) > n_most or len(leaving) > MAX_SHIFTS or not self._has_order():
            self.is_whole = True
            return None
        return runs

    def look_over(self, there: ObservedTab, read: MakeReader, *, at_once: bool = False) -> Sequence[Block]:
        """Read a tab that is too long for one answer; what is held is what differs, but where that is not enough."""
        self.survey = None
        try:
            change = self._located(there)
        except StoppedByGuard:
            return ()  # as `diff` will say
        if change.alters_grid:
            return ()
        job, is_alone = self.job, self.chain is None or len(self.chain.pages) == 1
        is_clean = not (self._misplaced or self._moved_loads or self._blanked or self._fills_tail)
        if self._state is not None and is_alone and is_clean and not (at_once or job.shares_rows):
            self.survey = take_survey(job, change, read(job, change))
        if self.survey is not None:
            self._rows, self._known, self._edge = self.survey.rows, self.survey.known, self.survey.edge
            self._extent = self.survey.extent
            self.survey = self.survey if self._has_order() else None
        return read_whole(read(job, change)) if self.survey is None else self.survey.blocks

    def _beyond_edge(self, n_rows: int) -> range:
        """Return the row beside which new ones come in, and those between it and its end of the tab."""
        assert self._state is not None
        header, first, last = self._state.header_row, self._extent.first, self._extent.last
        if self.job.from_top:
            self._edge = header if first is None else first + n_rows
            return range(header + 1, self._edge + 1)
        self._edge = header if last is None else last
        return range(self._edge, n_rows)

    def _has_order(self) -> bool:
        """Tell whether new rows can come in at the end without a look at the others."""
        new = [key for key in self._rows.cells if key not in self._known]
        if not new or not self.job.is_exact or not self._extent.n:
            return True
        stored = self._extent.first if self.job.from_top else self._extent.last
        key = published.key_at(self.job.store, self.job.sheet.spreadsheet_id, self.job.uid, stored or 0)
        return key is not None and comes_after(self.job, key, new)

    def peek(self, there: ObservedTab, blocks: Sequence[Block]) -> None:
        """Note which keys the tab shows, when it was read whole, before any page is diffed."""
        self._there = None
        if self.is_whole and there.columns and self.survey is None:
            columns, key_of = (
                [there.columns.get(name, (-1,))[0] for name in self.job.spec.key],
                key_from(self.job.shape),
            )
            found = (key_of([at(row, index) for index in columns]) for block in blocks for row in block.rows)
            self._there = {key for key in found if key}

    def held(self, keys: Collection[str] | None = None) -> set[str]:
        """Return those of `keys`, or all keys, that this page shows as far as is known."""
        if self.planned is not None and keys is None:
            return self.shown_keys(self.planned)
        if self.planned is not None and self.planned.load is not None:
            return self.shown_keys(self.planned) & set(keys or ())
        if self.planned is not None:
            now = self.planned.positions if self.planned.positions is not None else self.planned.added
            before = set() if self.planned.positions is not None else set(self._known_rows(keys))
            return {key for key in keys or () if key in now or key in before} - set(self.planned.leaving)
        if self._there is not None:
            return self._there if keys is None else self._there & set(keys)
        return set(self._known_rows(keys))

    def _known_rows(self, keys: Iterable[str] | None = None) -> dict[str, PublishedRow]:
        return published.rows(self.job.store, self.job.sheet.spreadsheet_id, self.job.uid, keys) if self._state else {}

    def _changed_rows(self) -> Rows:
        if self.job.is_settled:
            return Rows(cells={})
        assert self._state is not None
        rows, n_most = self.job.changed_rows(), self.job.tab.max_rows
        known = self._known_rows([*rows.cells, *rows.leaving])
        n_new = sum(key not in known for key in rows.cells)
        if self.job.tab.overflow == "remove_oldest" and n_new and self._extent.n + n_new > n_most:
            there = self._known_rows()
            rows = without_oldest(self.job, rows, there, n_most)
            known = {key: there[key] for key in (*rows.cells, *rows.leaving) if key in there}
        differ = {key: cells for key, cells in rows.cells.items() if self._is_due(key, known.get(key), rows)}
        new = [key for key in differ if key not in known]
        for key in self._not_for_here(new):
            del differ[key]
        leaving = {key: reason for key, reason in rows.leaving.items() if key in known}
        n_rows = self._state.n_rows
        self._known = {
            key: row if row >= 0 else row + n_rows for key, (row, _) in known.items() if key in differ or key in leaving
        }
        return replace(rows, cells=differ, leaving=leaving)

    def _not_for_here(self, new: Collection[str]) -> Collection[str]:
        """Return those of keys that this page does not show which do not come in here."""
        if not new or self.chain is None:
            return ()
        return self.chain.elsewhere(self, new) if self.chain.is_last(self) else new

    def _is_due(self, key: str, known: PublishedRow | None, rows: Rows) -> bool:
        """Tell whether a row is to be written: it is new and has to be there, or other than what was published."""
        if known is None:
            return key in rows.must
        return self.job.has_updates and known.fingerprint != row_print(rows.cells[key])

    def diff(self, there: ObservedTab | None, book: Book, blocks: Sequence[Block]) -> TabChange | None:
        """Return what is to be changed; None when the tab must be read whole first.

        Raises:
            StoppedByGuard: the tab must not be touched.

        """
        self.planned = self._diff(there, book, blocks)
        return self.planned

    def _diff(self, there: ObservedTab | None, book: Book, blocks: Sequence[Block]) -> TabChange | None:
        if there is None:
            return self._decorated(self._new(book), None)
        change = self._located(there)
        if change.alters_grid:
            return replace(change, is_final=False)
        if not self.is_whole or self.survey is not None:
            return self._diff_known(change, blocks)
        return self._diff_whole(change, blocks)

    def _located(self, there: ObservedTab) -> TabChange:
        if self._state is not None and self._extent.n:
            check_stream(self.job, self._state)
        known = {c["name"]: c["title"] for c in self._state.columns} if self._state else {}
        if not known:  # the store is new or lost: what the tab carries a tag of was ours before
            known = dict.fromkeys(there.columns, "")
        return self._decorated(self._find(there, self.job.shape, known), there)

    def _want(self) -> Want:
        job, rows = self.job, self._rows
        return Want(
            rows=rows.cells,
            must=rows.must,
            leaving=rows.leaving,
            has_updates=job.has_updates,
            from_top=job.from_top,
            in_order=job.is_exact,
            capacity=job.tab.max_rows if job.tab.overflow == "next_tab" else None,
        )

    def _diff_known(self, change: TabChange, blocks: Sequence[Block]) -> TabChange | None:
        assert self._state is not None
        if change.spot.header_row != self._state.header_row and self.survey is None:
            return None
        if not self._rows.cells and not self._rows.leaving:
            return change
        assert self._edge is not None  # known since the rows to read were
        n_known = self._extent.n
        found = diff_known(
            change,
            want=self._want(),
            known_rows=self._known,
            edge_row=self._edge,
            n_known=n_known,
            blocks=blocks,
        )
        if found is None:
            return None
        self.n_left_over = sum(key not in self._known and key not in found.added for key in self._rows.cells)
        return bounded(self.job, found, n_known + len(found.added) - len(found.leaving))

    def _diff_whole(self, change: TabChange, blocks: Sequence[Block]) -> TabChange:
        known = self._known_rows()
        spot, shape = change.spot, change.shape
        keys = (shape.key_of(spot.ours(row)) for block in blocks for row in block.rows)
        there = {key for key in keys if key}
        self._rows = self._every_row({*known, *there}, there)
        self.n_left_over = 0
        landed = find_landed([*self._misplaced, *misplaced_loads(self._moved_loads, spot)], spot, blocks, shape)
        found = diff_whole(
            change,
            want=self._want(),
            blocks=blocks,
            preferred={key: row.row if row.row >= 0 else row.row + spot.n_rows for key, row in known.items()},
            fills_blank_tail=self._fills_tail,
            blanked=self._blanked,
            lost=find_lost_keys(landed, spot, shape, self._rows.cells),
        )
        above = mend_above(self._misplaced, spot, blocks, shape.same_cell)
        foreign = (*above, *mend_misplaced(landed, spot, shape.same_cell))
        if foreign:
            found = replace(found, foreign=foreign, is_final=False)
        self._misplaced, self._moved_loads = (), ()
        shown = found.positions or {}
        self.n_left_over = sum(key in self._rows.must and key not in shown for key in self._rows.cells)
        return bounded(self.job, found, len(shown))

    def _every_row(self, more_keys: Collection[str], there: Collection[str]) -> Rows:
        rows, tab = self.job.every_row(more_keys), self.job.tab
        if self.chain is not None and (len(self.chain.pages) > 1 or self.job.shares_rows):
            rows = self.chain.mine(self, rows, known=more_keys, there=there)
        if tab.overflow == "remove_oldest":
            ours = {key for key in there if key in rows.cells}
            rows = without_oldest(self.job, rows, ours, tab.max_rows)
        return rows

    def _new(self, book: Book) -> TabChange:
        is_fresh = self._state is None or self._state.version == UNFINISHED
        before = self.chain.loads_before(self) if self.chain is not None else []
        self._load = find_load(self.job, before) if is_fresh and before is not None else None
        self._there, self.n_left_over = set(), 0
        self.is_whole = True  # what the store says of an earlier tab is void
        if self._load is not None:
            n_rows, self.n_left_over = self._load.n_rows, self._load.n_left_over
            change = new_space(self.job.shape, book, n_rows, status=self.job.tab.status)
            self._load.n_grid_rows = change.spot.n_rows
            return bounded(self.job, replace(change, load=self._load), n_rows)
        self._rows = self._every_row(set(self._known_rows()), ())
        # Rows that stayed after their period are not lost with the tab
        shown = [key for key in self._rows.cells if key in self._rows.must or not self.job.is_exact]
        fitting = self._want().fitting(shown, 0)
        self.n_left_over = len(shown) - len(fitting)
        change = new_tab(
            self.job.shape, book, [(key, self._rows.cells[key]) for key in fitting], status=self.job.tab.status
        )
        self._there = set(fitting)
        return bounded(self.job, change, len(change.added))

    @property
    def loading(self) -> TabLoad | None:
        """The rows of the tab, when this round makes it and sends them as a stream."""
        return self._load if self.planned is not None and self.planned.load is not None else None

    @property
    def headers(self) -> dict[str, str]:
        """The texts above our columns when the tab was published last."""
        shown = {c["name"]: str(c.get("header", c["title"])) for c in self._state.columns} if self._state else {}
        return {column.name: shown.get(column.name, column.title) for column in self.job.shape.columns}

    @property
    def leaving(self) -> Mapping[str, str]:
        """Why keys leave that were found to leave in this run."""
        return self._rows.leaving

    @property
    def n_shown(self) -> int:
        """How many rows the tab shows as far as is known."""
        return self._extent.n

    def shown_keys(self, change: TabChange) -> set[str]:
        """Return the keys that the tab shows once `change` is done."""
        if change.load is not None and self._load is not None:
            return self._load.keys()
        if change.positions is not None:
            return set(change.positions)
        return {*self._known_rows(), *change.added} - set(change.leaving)

    @property
    def shown_hashes(self) -> pl.Series:
        """A number for each key that the tab shows after the publish."""
        if self.survey is None or self.planned is None:
            return key_hashes(list(self.held()))
        gone = key_hashes(list(self.planned.leaving)).to_list()
        left = self.survey.shown.filter(~self.survey.shown.is_in(gone))
        return pl.concat([left, key_hashes(list(self.planned.added))])

    def confirm(self, change: TabChange, now: datetime) -> None:
        """Take over what a round did; the tab is closed when that was all."""
        is_compared = self._closes(change, waits=change.load is not None and self.job.mirror_moved_on)
        if self.is_open:
            return
        self.n_cut = self._rows.n_cut
        rows = self._rows.cells
        places: Iterable[tuple[str, int]] = ()
        if change.load is not None:  # its rows were noted as they landed
            self.n_cut = change.load.n_cut_cells
        elif change.positions is not None:
            places = change.positions.items()
        else:
            places = [*change.added.items(), *change.changed.items()]
        self.n_rows = n_after(change, self._extent.n)
        is_reset, is_compared = is_compared, is_compared or self.survey is not None
        self.was_whole = is_compared and not (change.is_new and len(change.added) > MAX_PROVED_AT_FIRST)
        if change.is_empty and not is_compared and self.job.is_settled:
            return
        job, n_rows = self.job, change.n_rows_after
        state = self._state_after(change, now)
        offset = n_rows if job.from_top else 0
        upserts = [(key, change.settle(row) - offset, row_print(rows[key])) for key, row in places if key in rows]
        self.saved = SavedChange(
            state=state,
            upserts=upserts,
            removed=[] if is_reset else [*change.leaving, *(self.survey.stale if self.survey else ())],
            shifts=[] if is_reset else shifts_of(change, from_top=job.from_top),
            reset=is_reset,
        )

    def _state_after(self, change: TabChange, now: datetime) -> TabState:
        job, window = self.job, self.job.window
        is_compared = change.positions is not None or self.survey is not None
        return TabState(
            **place_of(change, job.sheet.spreadsheet_id, now),
            mirror_id=job.spec.name if job.mirror is None else job.mirror.id,
            version=self._version,
            window_start=window.start,
            window_end=window.end,
            shape=job.shape_text,
            suspect_until=self._suspect_until(now),
            verified_at=now if is_compared or change.is_new else (self._state.verified_at if self._state else None),
        )

    def _prepare(self, change: TabChange) -> None:
        """Store a tab that is filled as a stream as one that is not whole yet; its rows are noted as they land."""
        if change.load is not None:
            self.n_loaded = change.load.n_rows
            unfinished = replace(self._state_after(change, clock.now()), version=UNFINISHED, shape="")
            published.save_tabs(self.job.store, [SavedChange(state=unfinished, reset=True)])
