"""Addresses that people can click. Pure.

Text written RAW is no link, and a formula must never hold what a vendor sent. So an address, and nothing but one, is
written once more as if somebody had typed it: Sheets then keeps the text and makes it a link. Cells of rows that come
in with their batch carry the link as a format, which costs no request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from sync.destination.change import RowWrite, TabChange
from sync.destination.layout import RANGE_BYTES, Body
from sync.records import Cell

_ADDRESS = re.compile(r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?(?:[/?#][!#-;=?-~]*)?")
_LONGEST = 2_000


def is_address(cell: Cell) -> bool:
    """Tell whether a cell holds a web address and nothing else, so that typing it cannot make anything but a link."""
    return isinstance(cell, str) and len(cell) <= _LONGEST and _ADDRESS.fullmatch(cell) is not None


def linked(data: dict[str, Any], cell: Cell) -> dict[str, Any]:
    """Return the data of a cell with its link, if it holds an address."""
    if not is_address(cell):
        return data
    return data | {"userEnteredFormat": {"textFormat": {"link": {"uri": cell}}}}


def link_columns(change: TabChange) -> list[int]:
    """Return the positions of the columns that show links."""
    return [n for n, column in enumerate(change.shape.columns) if column.is_link]


def make_link_bodies(changes: Iterable[tuple[TabChange, Sequence[RowWrite]]], *, max_bytes: int) -> Iterator[Body]:
    """Yield bodies that type the addresses of rows that were just written; their keys are checked by the answer."""
    body = Body(as_typed=True)
    for change, writes in changes:
        for row, key, cells in _rows(change, writes):
            encoded = _encode(change, cells)
            if encoded is None:
                continue
            if body.stretches and body.n_bytes + len(encoded) + RANGE_BYTES > max_bytes:
                yield body
                body = Body(as_typed=True)
            indexes = change.spot.indexes
            span = (min(indexes), max(indexes) + 1)
            body.add(change.spot.sheet_id, row, span, encoded, key=key or None)
    if body.stretches:
        yield body


def _rows(change: TabChange, writes: Sequence[RowWrite]) -> Iterator[tuple[int, str, Sequence[Cell]]]:
    if not link_columns(change):
        return
    if change.load is not None:
        row = change.spot.header_row + 1
        for piece in change.load.pieces():
            for key, encoded in zip(piece.keys, piece.rows, strict=True):
                yield row, key, orjson.loads(encoded)
                row += 1
        return
    for write in sorted(writes, key=lambda one: one.row):
        yield write.row, write.key, write.cells


def _encode(change: TabChange, cells: Sequence[Cell]) -> bytes | None:
    indexes = change.spot.indexes
    first = min(indexes)
    span: list[Cell] = [None] * (max(indexes) + 1 - first)
    for n in link_columns(change):
        if is_address(cells[n]):
            span[indexes[n] - first] = cells[n]
    return bytes(memoryview(orjson.dumps(span))) if any(span) else None
