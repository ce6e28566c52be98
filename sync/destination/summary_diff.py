"""Where the rows of a summary go, in a tab that people may have sorted, filtered or annotated. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from sync.destination.change import RowWrite, TabChange, pushed
from sync.destination.observe import Block
from sync.destination.spot import Row
from sync.destination.status import is_status_row

T = TypeVar("T")


def diff_summary(change: TabChange, *, wanted: Sequence[tuple[str, Row]], blocks: Sequence[Block]) -> TabChange:
    """Diff a summary against the whole tab as read.

    Rows stand in the order of the summary. Where people wrote beside rows, each group keeps its row instead, new
    groups come in above the last of ours, and a group that is gone keeps its label as long as something is beside it.
    """
    spot = change.spot
    rows = {b.start + i: row for b in blocks for i, row in enumerate(b.rows) if b.start + i > spot.header_row}
    rows = {at: row for at, row in rows.items() if not is_status_row(row)}
    if any(spot.theirs(row) for row in rows.values()):
        return _by_key(change, wanted, rows)
    return _by_position(change, wanted, rows)


def _by_position(change: TabChange, wanted: Sequence[tuple[str, Row]], rows: dict[int, Row]) -> TabChange:
    spot, shape = change.spot, change.shape
    first = spot.header_row + 1
    n_free = max(0, spot.n_rows - 1 - first)  # one spare row stays at the end, so that ranges grow
    reads = [spot.ours(rows.get(first + i, ())) for i in range(len(wanted))]
    stays = [shape.key_of(read) == shape.key_of(cells) for read, (_, cells) in zip(reads, wanted, strict=True)]
    writes, changed = [], {}
    for i, (key, cells) in enumerate(wanted):
        is_same = all(shape.same_cell(w, r) for w, r in zip(cells, reads[i], strict=True))
        if is_same and all(stays):
            continue
        # Where labels move, every row is written: somebody may sort the tab before the write lands.
        writes.append(RowWrite(row=first + i, key=shape.key_of(cells) or "", cells=cells, keeps_key=all(stays)))
        if not is_same:
            changed[key] = first + i
    blank: Row = [None] * len(shape.columns)
    for at in sorted(rows):
        if at >= first + len(wanted) and any(cell is not None for cell in spot.ours(rows[at])):
            writes.append(RowWrite(row=at, key="", cells=blank, keeps_key=False))
    positions = {key: first + i for i, (key, _) in enumerate(wanted)}
    at, n_insert = first + min(n_free, len(wanted)), max(0, len(wanted) - n_free)
    return replace(
        change,
        inserts=((at, at + n_insert),) if n_insert else (),
        writes=tuple(writes),
        changed=changed,
        positions=positions,
    )


def _by_key(change: TabChange, wanted: Sequence[tuple[str, Row]], rows: dict[int, Row]) -> TabChange:
    spot, shape = change.spot, change.shape
    row_of = _numbered((shape.key_of(spot.ours(rows[at])), at) for at in sorted(rows))
    keys = _numbered((shape.key_of(tuple(cells)), (key, cells)) for key, cells in wanted)
    missing = [(key, cells) for text, (key, cells) in keys.items() if text not in row_of]
    at = max(row_of.values(), default=spot.header_row + 1)
    inserts = ((at, at + len(missing)),) if missing else ()
    writes, changed, positions = [], {}, {}
    for (text, n), row in row_of.items():
        moved = pushed(row, inserts)
        read = spot.ours(rows[row])
        if (text, n) in keys:
            key, cells = keys[text, n]
            positions[key] = moved
            if not all(shape.same_cell(w, r) for w, r in zip(cells, read, strict=True)):
                writes.append(RowWrite(row=moved, key=text, cells=cells))
                changed[key] = moved
        elif any(read):
            has_notes = spot.theirs(rows[row])
            blank: Row = [None] * len(read)
            if not has_notes or any(c is not None for n, c in enumerate(read) if n not in shape.key_columns):
                writes.append(RowWrite(row=moved, key=text if has_notes else "", cells=blank, keeps_key=has_notes))
    added = {key: at + i for i, (key, _) in enumerate(missing)}
    writes += [RowWrite(row=added[key], key=key, cells=cells, keeps_key=False) for key, cells in missing]
    return replace(
        change,
        inserts=inserts,
        writes=tuple(writes),
        added=added,
        changed=changed,
        positions=positions | added,
    )


def _numbered(found: Iterable[tuple[str | None, T]]) -> dict[tuple[str, int], T]:
    """Return what stands beside each label, the n-th of equal ones by n: two agents may have one name."""
    numbered: dict[tuple[str, int], T] = {}
    counts: Counter[str] = Counter()
    for label, what in found:
        if label is not None:
            numbered[label, counts[label]] = what
            counts[label] += 1
    return numbered
