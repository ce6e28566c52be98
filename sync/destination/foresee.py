"""What a tab shows once an edit of its columns is carried out, so that a plan can tell of what comes after. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sync.destination.book import ObservedTab
from sync.destination.change import TabChange
from sync.destination.columns import GIVEN_UP
from sync.destination.observe import Block
from sync.records import Cell


def foresee(change: TabChange, there: ObservedTab, blocks: Sequence[Block]) -> tuple[ObservedTab, list[Block]]:
    """Return the tab and its rows as a look after `change` would find them; rows neither come nor go but the header."""
    rows: list[list[Cell]] = [[] for _ in range(there.n_rows)]
    for block in blocks:
        for at, row in enumerate(block.rows, block.start):
            rows[at] = list(row)
    rows = [_moved(change, row, at) for at, row in enumerate(rows)]
    header = _titled(change, _moved(change, list(there.header), change.spot.header_row))
    if change.has_new_header:
        rows.insert(0, header)
    spot, names = change.spot, [column.name for column in change.shape.columns]
    after = replace(
        there,
        n_rows=change.n_rows_after,
        n_columns=spot.n_columns + len(change.new_columns),
        columns={name: (index,) for name, index in zip(names, spot.indexes, strict=True)},
        header_row=spot.header_row,
        n_header_rows=1,
        header=tuple(header),
        former=_former(change, there),
    )
    rows[spot.header_row] = header
    return after, [Block(0, rows)]


def _moved(change: TabChange, row: list[Cell], at: int) -> list[Cell]:
    """Put the cells of a row where they stand after the columns moved and came in."""
    row = row + [None] * (change.spot.n_columns - len(row))
    if at > change.spot.header_row:
        for index in change.cleared:
            row[index] = None
    elif at == change.spot.header_row:
        for _, index in change.given_up:
            row[index] = f"{row[index] or ''}{GIVEN_UP}"
    for index, to in change.moves:
        cell = row.pop(index)
        row.insert(to - (index < to), cell)
    for n in change.new_columns:
        row.insert(change.spot.indexes[n], None)
    return row


def _titled(change: TabChange, header: list[Cell]) -> list[Cell]:
    for n in {*change.new_columns, *change.taken_back, *change.retitled}:
        header[change.spot.indexes[n]] = change.shape.columns[n].title
    if change.has_new_header:
        for n, index in enumerate(change.spot.indexes):
            header[index] = change.shape.columns[n].title
    return header


def _former(change: TabChange, there: ObservedTab) -> dict[str, tuple[int, ...]]:
    """Return the columns that were given up; where they stand is not asked again in the same run."""
    back = {change.shape.columns[n].name for n in change.taken_back}
    former = {name: found for name, found in there.former.items() if name not in back}
    return former | {name: (index,) for name, index in change.given_up}
