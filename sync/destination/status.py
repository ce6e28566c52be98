"""The cell of a tab that tells when it was last updated: where it may stand, how ours is known, its request. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.destination.book import ObservedTab, start_of
from sync.destination.leave import box
from sync.destination.observe import Block
from sync.destination.spot import Row
from sync.records import Cell

LAST_LINE = "last line"
LOWEST_HEADER = 20  # a header further down would be hidden by the frozen rows above it

_OURS = re.compile(
    r"(Updated|Stale since) (\d{4}-\d\d-\d\d )?\d\d:\d\d((, next |: |; ).*)?|Not updated yet: .*", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSpot:
    """Where the line stands: `refusal` says why it cannot, `old` are other cells of the tab with a line of ours."""

    row: int = 0
    column: int = 0
    refusal: str = ""
    old: tuple[tuple[int, int], ...] = ()


def is_ours(cell: Cell) -> bool:
    """Tell whether a cell holds a line of ours."""
    return isinstance(cell, str) and _OURS.fullmatch(cell) is not None


def is_status_row(row: Row) -> bool:
    """Tell whether a row holds nothing but a line of ours."""
    filled = [cell for cell in row if cell not in (None, "")]
    return len(filled) == 1 and is_ours(filled[0])


def cell_at(address: str) -> tuple[int, int]:
    """Return row and column of an address such as "B2", counted from 0."""
    _, row, column = start_of(f"!{address}")
    return row, column


def room_for_status(status: object, n_columns: int) -> tuple[int, int]:
    """Return the header row that leaves a cell free in a new tab of so many columns, and the columns it needs."""
    if not isinstance(status, str):
        return 0, 0
    row, column = cell_at(status)
    if column >= n_columns:
        return 0, column + 1
    return (row + 1 if row < LOWEST_HEADER else 0), 0


def find_status_spot(
    address: str, there: ObservedTab, blocks: Sequence[Block], *, ours: Sequence[int], last_row: int
) -> StatusSpot:
    """Say where the line of a tab goes: at its address, or below the last of our rows.

    `ours` are the indexes of our columns, `last_row` is the last row of ours (the header, when there is none).
    """
    cells = {b.start + i: row for b in blocks for i, row in enumerate(b.rows)}
    if address != LAST_LINE:
        row, column = cell_at(address)
        return _checked(row, column, there, cells, address=address, ours=ours)
    row, column = last_row + 1, min(ours, default=0)
    old = tuple(
        (at, column)
        for at, read in cells.items()
        if at > last_row and at != row and is_status_row(read) and is_ours(_at(read, column))
    )
    if row >= there.n_rows:
        return StatusSpot(refusal="there is no row left below the summary; add one at its end")
    held = _at(cells.get(row, ()), column)
    if held in (None, "") or is_ours(held):
        return StatusSpot(row=row, column=column, old=old)
    return StatusSpot(refusal=f"the cell below the summary holds something that is not ours ({_shown(held)})")


def _checked(
    row: int, column: int, there: ObservedTab, cells: Mapping[int, Row], *, address: str, ours: Sequence[int]
) -> StatusSpot:
    header = there.header_row or 0
    held = _at(cells.get(row, ()), column)
    if row >= there.n_rows or column >= there.n_columns:
        return StatusSpot(refusal=f"the tab has no cell {address}; choose one above its header or beside it")
    if row > header:
        return StatusSpot(
            refusal=f"the cell {address} is below the header, where rows come and go; choose one above it or beside it"
        )
    if row == header and column in ours:
        return StatusSpot(
            refusal=f"the cell {address} holds the header of a column; insert a row above the header and leave "
            "the cell empty"
        )
    if held not in (None, "") and not is_ours(held):
        return StatusSpot(
            refusal=f"the cell {address} holds something that is not ours ({_shown(held)}); empty it, or choose another"
        )
    return StatusSpot(row=row, column=column)


def make_status_writes(sheet_id: int, spot: StatusSpot, text: str) -> list[dict[str, Any]]:
    """Return the data of a `values:batchUpdateByDataFilter` for one tab."""
    cells = [(spot.row, spot.column, text), *((row, column, "") for row, column in spot.old)]
    return [
        {
            "dataFilter": {"gridRange": box(sheet_id, (row, row + 1), (column, column + 1))},
            "majorDimension": "ROWS",
            "values": [[value]],
        }
        for row, column, value in cells
    ]


def _at(row: Sequence[Cell], column: int) -> Cell:
    return row[column] if column < len(row) else None


def _shown(cell: Cell) -> str:
    text = str(cell)
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'
