"""Observed and wanted, to what is to be changed. Pure: nothing here sends, reads or stores anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sync.destination.observe import Block
from sync.destination.spot import Found, Row, Spot, TabShape
from sync.records import Cell

MIN_TELLING_CELLS = 3  # so many filled cells alike are no accident; a stray row of ours is known by them


@dataclass(frozen=True, slots=True, kw_only=True)
class RowWrite:
    """One row of cells for our columns. With `keeps_key` the key cells are not sent, but checked afterwards."""

    row: int
    key: str
    cells: Row
    keeps_key: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignCell:
    """One cell of people's columns, to be given back what it held."""

    row: int
    column: int
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class TabChange:
    """What is to be done to one tab, in this order: add columns, delete rows, insert rows, write.

    Rows of `writes` are grid rows as they are after deleting and inserting. `positions` says where every key that
    is known of stands afterwards.
    """

    shape: TabShape
    spot: Spot
    is_new: bool = False
    new_columns: tuple[int, ...] = ()
    retagged: tuple[int, ...] = ()
    untagged: tuple[tuple[int, int], ...] = ()
    has_new_header: bool = False
    delete_rows: tuple[int, ...] = ()
    insert_at: int = 0
    n_insert: int = 0
    writes: tuple[RowWrite, ...] = ()
    foreign: tuple[ForeignCell, ...] = ()
    added: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    positions: Mapping[str, int] | None = None
    blanked: frozenset[int] = frozenset()
    warnings: tuple[str, ...] = ()
    is_final: bool = True

    @property
    def needs_structure(self) -> bool:
        """Whether the grid or its tags change."""
        return bool(
            self.is_new
            or self.new_columns
            or self.retagged
            or self.untagged
            or self.has_new_header
            or self.delete_rows
            or self.n_insert
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self.needs_structure and not self.writes and not self.foreign

    @property
    def n_more_cells(self) -> int:
        """Cells by which the workbook grows."""
        if self.is_new:
            return self.spot.n_rows * self.spot.n_columns
        rows = self.spot.n_rows + self.n_insert - len(self.delete_rows)
        return rows * (self.spot.n_columns + len(self.new_columns)) - self.spot.n_rows * self.spot.n_columns


def to_change(shape: TabShape, found: Found) -> TabChange:
    """Return the change that only puts the columns and the header right."""
    return TabChange(
        shape=shape,
        spot=found.spot,
        new_columns=found.missing,
        retagged=found.retagged,
        untagged=found.untagged,
        has_new_header=found.has_no_header,
    )


def diff_known(
    change: TabChange,
    *,
    wanted: Sequence[tuple[str, Row]],
    known_rows: Mapping[str, int],
    last_row: int,
    blocks: Sequence[Block],
) -> TabChange | None:
    """Diff rows that changed against where we know them to be, from the few rows that were read.

    Args:
        change: what `find_spot` returned.
        wanted: key and cells of the rows that are new or differ from what was published, in the order of the tab.
        known_rows: grid row of those of their keys that the tab shows.
        last_row: the last grid row that shows a key, or the header row when there is none.
        blocks: what was read: at least the known rows and all rows from `last_row` on.

    Returns:
        The change, or None when a row does not hold the key that we know there: read the tab whole then.

    """
    spot, shape = change.spot, change.shape
    read = {block.start + i: row for block in blocks for i, row in enumerate(block.rows)}
    key_at = {row: shape.key_of(spot.ours(cells)) for row, cells in read.items()}
    if any(key_at.get(row) != key for key, row in known_rows.items()):
        return None
    if any(key_at.get(row) is not None for row in read if row > last_row):
        return None
    if last_row > spot.header_row and key_at.get(last_row) is None:
        return None
    updates = [RowWrite(row=known_rows[key], key=key, cells=cells) for key, cells in wanted if key in known_rows]
    new = [(key, cells) for key, cells in wanted if key not in known_rows]
    at = last_row + 1
    additions = [RowWrite(row=at + i, key=k, cells=cells, keeps_key=False) for i, (k, cells) in enumerate(new)]
    return replace(
        change,
        insert_at=at,
        n_insert=len(new),
        writes=(*updates, *additions),
        added={w.key: w.row for w in additions},
        changed={w.key: w.row for w in updates},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A tab read whole: where each key stands, the copies of keys, blank rows, and the last row with anything in it."""

    rows: Mapping[int, Row]
    row_of: Mapping[str, int]
    copies: Sequence[int]
    strays: Sequence[int]
    last_filled: int
    last_keyed: int


def _see(
    change: TabChange,
    blocks: Sequence[Block],
    *,
    wanted: Mapping[str, Row],
    preferred: Mapping[str, int],
    lost: Mapping[int, str],
) -> _Seen:
    """Sort out what was read; what people typed below our keys, such as "Total", is no key and may be there twice."""
    spot, shape = change.spot, change.shape
    rows = {b.start + i: row for b in blocks for i, row in enumerate(b.rows) if b.start + i > spot.header_row}
    places: dict[str, list[int]] = {}
    strays = []
    for at, row in rows.items():
        ours = spot.ours(row)
        key = lost.get(at) or shape.key_of(ours)
        if key is not None:
            places.setdefault(key, []).append(at)
        elif any(cell is not None for cell in ours):
            strays.append(at)
    row_of, copies = {}, []
    for key, found in places.items():
        keep = min(found, key=lambda at: (not spot.theirs(rows[at]), preferred.get(key) != at, at))
        row_of[key] = keep
        copies += [at for at in found if at != keep and (key in wanted or key in preferred)]
    filled = [at for at, row in rows.items() if any(cell not in (None, "") for cell in row)]
    return _Seen(
        rows=rows,
        row_of=row_of,
        copies=sorted(copies),
        strays=sorted(strays),
        last_filled=max(filled, default=spot.header_row),
        last_keyed=max([*(row_of[key] for key in row_of if key in wanted), *copies], default=spot.header_row),
    )


def diff_whole(
    change: TabChange,
    *,
    wanted: Mapping[str, Row],
    in_period: frozenset[str] | set[str],
    blocks: Sequence[Block],
    preferred: Mapping[str, int],
    fills_blank_tail: bool,
    blanked: frozenset[int],
    lost: Mapping[int, str] = MappingProxyType({}),
) -> TabChange:
    """Diff a tab that was read whole: every key is found where it stands, and every cell of ours compared.

    Args:
        change: what `find_spot` returned.
        wanted: cells of every key that the tab may show, in the order in which new ones come in.
        in_period: the keys that must be there; the others are only kept up to date where they are.
        blocks: the whole tab.
        preferred: where we knew the keys; decides which of two copies stays.
        fills_blank_tail: use blank rows at the end, which an interrupted run of ours left, before inserting more.
        blanked: rows that an earlier round of this publish made blank, to be deleted where they still are.
        lost: keys by grid row, of rows whose key an earlier round of this publish wrote over.

    """
    spot, shape = change.spot, change.shape
    seen = _see(change, blocks, wanted=wanted, preferred=preferred, lost=lost)
    gone = tuple(sorted(row for row in blanked if not any(c not in (None, "") for c in seen.rows.get(row, ()))))
    if gone:
        return replace(change, delete_rows=gone, positions=seen.row_of, is_final=False)
    updates = [
        RowWrite(row=row, key=key, cells=wanted[key], keeps_key=row not in lost)
        for key, row in seen.row_of.items()
        if key in wanted and not _same_row(shape, wanted[key], spot.ours(seen.rows[row]))
    ]
    missing = [key for key in wanted if key not in seen.row_of and key in in_period]
    peeled, warnings, blank_now = _peel(change, seen)
    mended, found = _mend_strays(change, seen, wanted, {key: preferred.get(key) for key in missing})
    missing = [key for key in missing if key not in found]
    first = (seen.last_filled if fills_blank_tail else seen.last_keyed) + 1
    n_free = max(0, spot.n_rows - 1 - first) if fills_blank_tail else 0
    at, n_insert = first + min(n_free, len(missing)), max(0, len(missing) - n_free)
    added = {key: first + i for i, key in enumerate(missing)}
    additions = [RowWrite(row=row, key=key, cells=wanted[key], keeps_key=False) for key, row in added.items()]
    ours = {key: row for key, row in seen.row_of.items() if key in wanted}
    positions = {key: _moved(row, at, n_insert) for key, row in {**ours, **found}.items()} | added
    return replace(
        change,
        insert_at=at,
        n_insert=n_insert,
        writes=tuple(replace(w, row=_moved(w.row, at, n_insert)) for w in (*updates, *peeled, *mended))
        + tuple(additions),
        added=added,
        changed={w.key: w.row for w in updates} | found,
        positions=positions,
        blanked=blank_now,
        warnings=warnings,
        is_final=not peeled and not mended and not lost,
    )


def _moved(row: int, at: int, n_insert: int) -> int:
    return row + n_insert if row >= at else row


def _same_row(shape: TabShape, wanted: Row, read: Row) -> bool:
    return all(shape.same_cell(w, r) for w, r in zip(wanted, read, strict=True))


def _peel(change: TabChange, seen: _Seen) -> tuple[list[RowWrite], tuple[str, ...], frozenset[int]]:
    """Take copies of a row away in steps that a person's sort in between cannot turn against an innocent row.

    First what is not key, with the key checked afterwards; then the key; then, in the next round, the blank row. A
    copy beside which people wrote stays, and is told.
    """
    spot, shape = change.spot, change.shape
    writes, warnings, blank_now = [], [], set()
    for at in seen.copies:
        ours = spot.ours(seen.rows[at])
        key = shape.key_of(ours) or ""
        if spot.theirs(seen.rows[at]):
            warnings.append(f"{key} is twice in the tab, and somebody wrote beside both (row {at + 1}); keep one.")
            continue
        rest = [cell for n, cell in enumerate(ours) if n not in shape.key_columns]
        has_rest = any(cell is not None for cell in rest)
        blank: Row = [None] * len(ours)
        writes.append(RowWrite(row=at, key=key if has_rest else "", cells=blank, keeps_key=has_rest))
        if not has_rest:
            blank_now.add(at)
    return writes, tuple(warnings), frozenset(blank_now)


def _mend_strays(
    change: TabChange, seen: _Seen, wanted: Mapping[str, Row], missing: Mapping[str, int | None]
) -> tuple[list[RowWrite], dict[str, int]]:
    """Deal with rows that hold cells of ours beside no key, or beside one that somebody typed.

    A row with all the other cells of a missing record gets its key back; cells of a record that stands elsewhere,
    beside no key, are a leftover of a write and are taken away. `missing` says where each key was known to be.
    """
    shape, spot = change.shape, change.spot
    typed_over = [at for key, at in seen.row_of.items() if key not in wanted] if missing else []
    if not seen.strays and not typed_over:
        return [], {}
    lost: dict[tuple[Cell, ...], list[str]] = {}
    for key in missing:
        lost.setdefault(_without_key(shape, wanted[key]), []).append(key)
    known = {_without_key(shape, cells) for cells in wanted.values()}
    writes, found = [], {}
    for at in sorted([*seen.strays, *typed_over]):
        rest = _without_key(shape, spot.ours(seen.rows[at]))
        if sum(cell is not None for cell in rest) < MIN_TELLING_CELLS:
            continue
        keys = lost.get(rest, [])
        if keys:
            key = next((k for k in keys if missing[k] == at), keys[0])
            keys.remove(key)
            found[key] = at
            writes.append(RowWrite(row=at, key=key, cells=wanted[key], keeps_key=False))
        elif at in seen.strays and rest in known:
            writes.append(RowWrite(row=at, key="", cells=[None] * len(shape.columns), keeps_key=False))
    return writes, found


def _without_key(shape: TabShape, cells: Row) -> tuple[Cell, ...]:
    return tuple(_plain(cell) for n, cell in enumerate(cells) if n not in shape.key_columns)


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return round(cell, 8)
    return None if cell == "" else cell
