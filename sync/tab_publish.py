"""What all tabs have in common on their way through the rounds of a publish, and how a new one is laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sync.destination.book import Book, ObservedTab
from sync.destination.change import RowWrite, TabChange, runs_of, to_change
from sync.destination.decorate import Extent, decorate
from sync.destination.mend import Misplaced
from sync.destination.observe import Block, Blocks
from sync.destination.spot import Row, Spot, TabShape, find_spot
from sync.destination.status import room_for_status
from sync.errors import SyncError, Where
from sync.store.published import Shift, TabState
from sync.store.published import TabChange as SavedChange
from sync.tabs import Job, looks_changed

LATEST_LANDING = timedelta(seconds=240)  # Google ends a call after 180 s; what a dead process sent can land until then
FREE_COLUMNS = 3  # for people's notes beside our columns
MAX_FREE_CELLS = 100_000  # where a tab is so long that they cost more, people insert a column themselves

Runs = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a person said yes to."""

    rebuild: bool = False
    take_header: bool = False
    adopt: bool = False


class TabPublish:
    """What data tabs and summaries have in common."""

    def __init__(self, job: Job, *, allowed: Allowed, is_interrupted: bool) -> None:
        self.title, self.uid = job.title, job.uid
        self.error: SyncError | None = None
        self.is_open = True
        self.is_whole = is_interrupted or allowed.rebuild
        self.is_suspect = is_interrupted
        self.added: set[str] = set()
        self.changed: set[str] = set()
        self.removed: set[str] = set()
        self.n_rows = 0
        self.n_loaded = 0
        self.n_cut = 0
        self.warnings = dict.fromkeys(job.warnings)
        self.saved: SavedChange | None = None
        self.n_refusals = 0
        self.takes_along = True
        self.was_whole = False  # compared cell by cell in the last round
        self._allowed = allowed
        self._fills_tail = is_interrupted
        self._blanked: frozenset[int] = frozenset()
        self._misplaced: tuple[Misplaced, ...] = ()
        self._moved_loads: tuple[TabChange, ...] = ()
        self._doubtful: frozenset[str] = frozenset()  # columns that got or lost their tag while people moved some
        self._state: TabState | None = None
        self._is_dressed = False  # in this publish

    @property
    def sheet_id(self) -> int | None:
        """Google's id of the tab when it was published last."""
        return self._state.sheet_id if self._state else None

    def fail(self, error: SyncError) -> None:
        """End with an error; nothing more is sent for this tab."""
        self.error = error.at(Where(tab=self.title))
        self.is_open = False

    def look_again(self, *, after_unknown: bool) -> None:
        """Go into another round, in which the tab is read whole; blank rows at the end may then be ours."""
        self.is_whole = True
        self._fills_tail = self._fills_tail or after_unknown
        self.is_suspect = self.is_suspect or after_unknown

    def doubts(self, there: ObservedTab) -> bool:
        """Tell whether a header above our columns is new: people retitled a column, or moved it just now."""
        if self._state is None:
            return False
        known = {c["name"]: c.get("header", c["title"]) for c in self._state.columns}
        shown = {name: there.header[i] if i < len(there.header) else "" for name, (i, *_) in there.columns.items()}
        return any(name in known and known[name] != text for name, text in shown.items())

    def _find(self, there: ObservedTab, shape: TabShape, known: Mapping[str, str]) -> TabChange:
        """Find our columns, and say what is to be done to them; `known` are the titles of those published before."""
        take = self._allowed.take_header
        found = find_spot(there, shape, known_columns=known, take_header=take, doubtful=self._doubtful)
        return self._dressed(to_change(shape, found))

    def _dressed(self, change: TabChange) -> TabChange:
        """Give columns the look that the config asks for, where it is another than was published."""
        self._is_dressed = self._is_dressed or self._state is None
        if self._is_dressed or self._state is None:
            return change
        widths = {column["name"]: column.get("width", 0) for column in self._state.columns}
        columns = enumerate(change.shape.columns)
        widened = tuple(n for n, c in columns if c.width and c.name in widths and widths[c.name] != c.width)
        return replace(change, redressed=looks_changed(self._state, change.shape), widened=widened)

    def _decorated(self, change: TabChange, there: ObservedTab | None, *, extent: Extent | None = None) -> TabChange:
        """Add what is new over and beside the rows; not once Google has refused it."""
        found = decorate(change, there, extent=extent)
        if self.takes_along or not (found.under or found.more):
            return found
        self.warnings["Google refused the charts and colours of the tab; its rows are there without them."] = None
        return change

    def note_moved(self, change: TabChange, blocks: Sequence[Block]) -> None:
        """Remember what was written while people moved columns, so that their cells can be given back."""
        read = {block.start + i: row for block in blocks for i, row in enumerate(block.rows)}
        self._misplaced += tuple(Misplaced(write=w, spot=change.spot, before=read.get(w.row)) for w in change.writes)
        if change.load is not None:
            self._moved_loads += (change,)
        named = {change.shape.columns[n].name for n in (*change.retagged, *change.taken_back)}
        self._doubtful = frozenset(named.union(name for name, _ in change.given_up))

    def note_sent(self, change: TabChange) -> None:
        """Count what is about to be sent: it may land although its answer gets lost."""
        self.added |= set(change.added)
        self.changed |= set(change.changed) - self.added
        self.removed |= set(change.leaving)
        self._prepare(change)

    def _prepare(self, change: TabChange) -> None:
        """Store what has to be known before anything is sent; nothing, but for a tab that is filled as a stream."""

    def hold_back(self) -> None:
        """Have every record compared again by the next run: another page, to which some of them go, has failed."""
        if self.saved is not None:
            state = self.saved.state
            self.saved = replace(self.saved, state=replace(state, version=0, window_end=state.window_start))

    def _count(self, change: TabChange) -> None:
        self.warnings |= dict.fromkeys(change.warnings)
        self._blanked = change.blanked
        self._doubtful = frozenset()
        self._is_dressed = True

    def _closes(self, change: TabChange, *, waits: bool) -> bool:
        """Close the tab when that was all and it `waits` for nothing; tell whether every row of it has its place."""
        self._count(change)
        if not change.is_final or waits:
            self.is_whole = True
            return False
        self.is_open = False
        return change.positions is not None

    def _save_whole(self, change: TabChange, place: Mapping[str, Any], now: datetime, **about: Any) -> None:
        """Keep every row where it is now; `about` is what the state says besides its `place`."""
        rows = change.positions or {}
        self.n_rows = len(rows)
        state = TabState(**place, **about, suspect_until=self._suspect_until(now))
        self.saved = SavedChange(state=state, upserts=[(key, row, 0) for key, row in rows.items()], reset=True)

    def _suspect_until(self, now: datetime) -> datetime | None:
        if self.is_suspect:
            return now + LATEST_LANDING
        before = self._state.suspect_until if self._state else None
        return before if before is not None and before > now else None


def n_after(change: TabChange, n_before: int) -> int:
    """Count the rows of ours that a tab shows once `change` is done."""
    if change.load is not None:
        return change.load.n_rows
    if change.positions is not None:
        return len(change.positions)
    return n_before + len(change.added) - len(change.leaving)


def place_of(change: TabChange, spreadsheet_id: str, now: datetime) -> dict[str, Any]:
    """Return what a saved state says of where the tab and its columns are."""
    spot, shape = change.spot, change.shape
    header = [c.title for c in shape.columns] if change.is_new else [cell or "" for cell in spot.ours(spot.header)]
    columns = [
        {
            "name": column.name,
            "title": column.title,
            "index": index,
            "header": text,
            "look": column.look,
            "width": column.width,
        }
        for column, index, text in zip(shape.columns, spot.indexes, header, strict=True)
    ]
    return {
        "spreadsheet_id": spreadsheet_id,
        "uid": shape.uid,
        "sheet_id": spot.sheet_id,
        "title": shape.title,
        "n_rows": change.n_rows_after,
        "header_row": spot.header_row,
        "columns": columns,
        "published_at": now,
    }


def new_tab(shape: TabShape, book: Book, wanted: Sequence[tuple[str, Row]], *, status: object = None) -> TabChange:
    """Lay out a tab that is not there yet, with its rows."""
    change = new_space(shape, book, len(wanted), status=status)
    first = change.spot.header_row + 1
    writes = tuple(RowWrite(row=first + i, key=k, cells=c, keeps_key=False) for i, (k, c) in enumerate(wanted))
    added = {write.key: write.row for write in writes}
    return replace(change, writes=writes, added=added, positions=added)


def new_space(shape: TabShape, book: Book, n_wanted: int, *, status: object = None) -> TabChange:
    """Lay out a tab that is not there yet: header, rows, a spare row at the end, and room for notes if it is cheap.

    The header stands below the cell `status` where that would be in the way.
    """
    n_columns = len(shape.columns)
    header_row, n_needed = room_for_status(status, n_columns)
    n_rows = header_row + 1 + n_wanted + 1
    n_free = max(FREE_COLUMNS if n_rows * FREE_COLUMNS <= MAX_FREE_CELLS else 0, n_needed - n_columns)
    spot = Spot(
        sheet_id=free_sheet_id(book, shape.uid),
        n_rows=n_rows,
        n_columns=n_columns + n_free,
        header_row=header_row,
        indexes=tuple(range(n_columns)),
    )
    return TabChange(shape=shape, spot=spot, is_new=True)


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


def shifts_of(change: TabChange, *, from_top: bool) -> list[Shift]:
    """Say how rows that were not touched moved; new ones come in where nothing known stands beyond them."""
    runs = runs_of(change.leave_rows)
    if not from_top:
        return [Shift(end, start - end) for start, end in reversed(runs)]
    n_rows = change.spot.n_rows + change.n_insert
    return [Shift(-n_rows, end - start, start - n_rows) for start, end in runs]


def take_along(tab: TabPublish, change: TabChange, book: Book, blocks: Blocks) -> TabChange:
    """Note what is to go along with rows that come in: what ends above them, and the row next to them with formulas."""
    if not change.inserts or not tab.takes_along:
        return change
    change = replace(change, reaching=tuple(one for one in book.reaching if one.sheet_id == change.spot.sheet_id))
    start, _ = change.inserts[0]
    row = start - 1 if start - 1 > change.spot.header_row else start
    read = {b.start + i: cells for b in blocks.get(change.spot.sheet_id, ()) for i, cells in enumerate(b.rows)}
    formulas = {n for n, cell in enumerate(read.get(row, ())) if isinstance(cell, str) and cell.startswith("=")}
    formulas -= set(change.spot.indexes)
    return replace(change, template=row, formulas=tuple(sorted(formulas))) if formulas else change
