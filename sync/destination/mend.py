"""Gives people's cells back what a write of ours put there, when they moved columns while it was on its way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sync.destination.diff import ForeignCell, RowWrite
from sync.destination.observe import Block
from sync.destination.spot import KeyOf, Row, SameCell, Spot
from sync.records import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """A row that was written by indexes that no longer held; `before` is the whole row as read before, if it was."""

    write: RowWrite
    spot: Spot
    before: Row | None


def mend_misplaced(
    misplaced: Iterable[Misplaced], now: Spot, blocks: Sequence[Block], *, key_of: KeyOf, same_cell: SameCell
) -> Iterator[ForeignCell]:
    """Yield the cells of people's columns that show what we wrote there, with what they held before.

    A column that people moved is found again by its header; one that they had just inserted was empty.
    """
    rows = {block.start + i: row for block in blocks for i, row in enumerate(block.rows)}
    row_of = {key: at for at, row in rows.items() if (key := key_of(now.ours(row))) is not None}
    for one in misplaced:
        at = row_of.get(one.write.key, one.write.row)
        read = rows.get(at, ())
        for n, index in enumerate(one.spot.indexes):
            wrote = one.write.cells[n]
            shows = read[index] if index < len(read) else None
            if index in now.indexes or wrote in (None, "") or not same_cell(wrote, shows):
                continue
            before = _before(one, now, index)
            if not same_cell(before, shows):
                yield ForeignCell(row=at, column=index, cell=before)


def _before(one: Misplaced, now: Spot, index: int) -> Cell:
    """Return what stood in the column that is now at `index`, in the row as read before it was moved."""
    title = now.header[index] if index < len(now.header) else None
    if one.before is None or title in (None, ""):
        return None
    places = [i for i, text in enumerate(one.spot.header) if text == title and i not in one.spot.indexes]
    if len(places) != 1 or places[0] >= len(one.before):
        return None
    return one.before[places[0]]
