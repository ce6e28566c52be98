"""Puts right what a write of ours did while people moved columns: their cells and our keys come back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sync.destination.change import ForeignCell, RowWrite
from sync.destination.observe import Block
from sync.destination.spot import Row, SameCell, Spot, TabShape
from sync.records import Cell

MIN_TELLING_CELLS = 3  # so many filled cells alike are no accident


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """A row that was written by indexes that no longer held; `before` is the whole row as read before, if it was."""

    write: RowWrite
    spot: Spot
    before: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """Such a row as it shows now: its grid row and all its cells."""

    one: Misplaced
    row: int
    cells: Row


def find_landed(misplaced: Iterable[Misplaced], now: Spot, blocks: Sequence[Block], shape: TabShape) -> list[Landed]:
    """Find, by their cells, the rows that were really written, and elsewhere than our columns are now."""
    rows = {b.start + i: row for b in blocks for i, row in enumerate(b.rows) if b.start + i > now.header_row}
    landed = []
    for indexes, ones in groupby(misplaced, key=lambda one: one.spot.indexes):
        if indexes == now.indexes:
            continue
        columns = [index for n, index in enumerate(indexes) if n not in shape.key_columns]
        places: dict[tuple[Cell, ...], list[int]] = {}
        for at, row in rows.items():
            places.setdefault(tuple(_plain(_cell(row, index)) for index in columns), []).append(at)
        for one in ones:
            wrote = tuple(_plain(cell) for n, cell in enumerate(one.write.cells) if n not in shape.key_columns)
            found = places.get(wrote, [])
            if found and sum(cell is not None for cell in wrote) >= MIN_TELLING_CELLS:
                at = one.write.row if one.write.row in found else found[0]
                found.remove(at)
                # What was read at the row of an insertion stood in another row: the one that it pushed down.
                before = one if one.write.keeps_key else replace(one, before=None)
                landed.append(Landed(one=before, row=at, cells=rows[at]))
    return landed


def find_lost_keys(landed: Iterable[Landed], now: Spot, shape: TabShape, wanted: Mapping[str, Row]) -> dict[int, str]:
    """Return the keys of the rows, by grid row, that show no key of ours any more because we wrote over it."""
    return {
        one.row: one.one.write.key
        for one in landed
        if one.one.write.key in wanted and shape.key_of(now.ours(one.cells)) not in wanted
    }


def mend_misplaced(landed: Sequence[Landed], now: Spot, same_cell: SameCell) -> Iterator[ForeignCell]:
    """Yield the cells of people's columns that show what we wrote there, with what they held before."""
    for _, group in groupby(landed, key=lambda one: one.one.spot.indexes):
        ones = list(group)
        places = _columns_before(ones, now)
        for one in ones:
            for n, index in enumerate(one.one.spot.indexes):
                wrote, shows = one.one.write.cells[n], _cell(one.cells, index)
                if index in now.indexes or not same_cell(wrote, shows):
                    continue
                before = _cell(one.one.before or (), places[index]) if index in places else None
                if not same_cell(before, shows):
                    yield ForeignCell(row=one.row, column=index, cell=before)


def mend_above(
    misplaced: Iterable[Misplaced], now: Spot, blocks: Sequence[Block], same_cell: SameCell
) -> Iterator[ForeignCell]:
    """Yield the cells of the header and above it on which rows fell that were written by place, with what they showed.

    People had just inserted rows there, which were blank, and pushed the header down.
    """
    rows = {b.start + i: row for b in blocks for i, row in enumerate(b.rows) if b.start + i <= now.header_row}
    for one in misplaced:
        at = one.write.row
        if at not in rows or one.spot.indexes != now.indexes:
            continue
        for index, wrote in zip(now.indexes, one.write.cells, strict=True):
            shows = _cell(rows[at], index)
            before = _cell(one.spot.header, index) if at == now.header_row else None
            if same_cell(wrote, shows) and not same_cell(before, shows):
                yield ForeignCell(row=at, column=index, cell=before)


def _columns_before(ones: Sequence[Landed], now: Spot) -> dict[int, int]:
    """Tell where people's columns stood before; those that they had just inserted are left out.

    Columns that we did not write to are known by what they hold, others by their header, the rest by their order.
    """
    then = ones[0].one.spot
    known = [one for one in ones if one.one.before is not None]
    left = [i for i in range(then.n_columns) if i not in then.indexes]
    theirs = [i for i in range(now.n_columns) if i not in now.indexes]
    found: dict[int, int] = {}

    def take(index: int, alike: Sequence[int]) -> None:
        if alike:
            found[index] = alike[0]
            left.remove(alike[0])

    for index in (i for i in theirs if i not in then.indexes):
        holds = [_cell(now.header, index), *(_cell(one.cells, index) for one in known)]
        take(
            index, [i for i in left if [_cell(then.header, i), *(_cell(o.one.before or (), i) for o in known)] == holds]
        )
    for index in (i for i in theirs if i not in found):
        title = _cell(now.header, index)
        take(index, [i for i in left if title is not None and _cell(then.header, i) == title])
    open_ones = [i for i in theirs if i not in found and _cell(now.header, i) is None]
    return found | (dict(zip(open_ones, left, strict=True)) if len(open_ones) == len(left) else {})


def _cell(row: Row, index: int) -> Cell:
    return row[index] if index < len(row) and row[index] != "" else None


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return round(cell, 8)
    return None if cell == "" else cell
