"""Rows to request bodies: encoded once, merged where they stand together, cut by bytes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import orjson

from sync.destination.change import RowWrite, TabChange
from sync.destination.leave import box
from sync.records import Cell

_ENVELOPE_BYTES = 400  # of a body around its data
RANGE_BYTES = 220  # of one data entry around its rows


@dataclass(slots=True, kw_only=True)
class Stretch:
    """Consecutive rows of one tab over columns `start_column`..`end_column` (end excluded), each row encoded.

    `keys` are what the key cells must hold afterwards, None for a row that is not checked.
    """

    sheet_id: int
    start_row: int
    start_column: int
    end_column: int
    rows: list[bytes] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    header: tuple[Cell, ...] | None = None

    def to_json(self) -> bytes:
        """Encode one entry of `data`."""
        rows, columns = (self.start_row, self.start_row + len(self.rows)), (self.start_column, self.end_column)
        grid = box(self.sheet_id, rows, columns)
        head = orjson.dumps({"dataFilter": {"gridRange": grid}, "majorDimension": "ROWS"})[:-1]
        return head + b',"values":[' + b",".join(self.rows) + b"]}"


@dataclass(slots=True)
class Body:
    """One `values:batchUpdateByDataFilter`; `wants_echo` when any row of it is to be checked.

    What is written `as_typed` is read by Sheets as if somebody had typed it: for addresses alone, never for anything
    else of a vendor.
    """

    stretches: list[Stretch] = field(default_factory=list)
    n_bytes: int = _ENVELOPE_BYTES
    n_rows: int = 0
    as_typed: bool = False

    @property
    def wants_echo(self) -> bool:
        """Whether the answer must show what stands there afterwards."""
        return any(s.header is not None or any(key is not None for key in s.keys) for s in self.stretches)

    def add(self, sheet_id: int, row: int, span: tuple[int, int], encoded: bytes, *, key: str | None) -> None:
        """Add one row over the columns of `span`; it joins the stretch before it where it stands right below."""
        last = self.stretches[-1] if self.stretches else None
        joins = (
            last is not None
            and last.header is None
            and last.sheet_id == sheet_id
            and last.start_row + len(last.rows) == row
            and (last.start_column, last.end_column) == span
        )
        if last is None or not joins:
            last = Stretch(sheet_id=sheet_id, start_row=row, start_column=span[0], end_column=span[1])
            self.stretches.append(last)
            self.n_bytes += RANGE_BYTES
        last.rows.append(encoded)
        last.keys.append(key)
        self.n_bytes += len(encoded) + 1
        self.n_rows += 1

    def to_json(self) -> bytes:
        """Encode the body; RAW, so that what looks like a formula or a number stays text."""
        options: dict[str, object] = {"valueInputOption": "USER_ENTERED" if self.as_typed else "RAW"}
        if self.wants_echo:
            options |= {"includeValuesInResponse": True, "responseValueRenderOption": "FORMULA"}
        return orjson.dumps(options)[:-1] + b',"data":[' + b",".join(s.to_json() for s in self.stretches) + b"]}"


def encode_row(change: TabChange, write: RowWrite) -> tuple[int, int, bytes]:
    """Encode one row over the span of our columns: null leaves a cell as it is, "" clears it.

    Returns:
        First column, end column (excluded), and the JSON array.

    """
    indexes = change.spot.indexes
    first, end = min(indexes), max(indexes) + 1
    span: list[Cell] = [None] * (end - first)
    is_fresh = write.key in change.added and not write.keeps_key
    for n, index in enumerate(indexes):
        if write.keeps_key and n in change.shape.key_columns:
            continue
        cell = write.cells[n]
        span[index - first] = "" if cell is None and not is_fresh else cell
    return first, end, bytes(memoryview(orjson.dumps(span)))  # what orjson returns holds on to 4 kB however short it is


def make_bodies(
    changes: Iterable[tuple[TabChange, Sequence[RowWrite]]], *, max_bytes: int, is_narrow: bool = False
) -> Iterator[Body]:
    """Yield bodies of at most `max_bytes`, as a stream; one row that is larger than that goes alone.

    Where rows are updated in place, the first entry of a tab in a body writes nothing to the header row: the answer
    then shows which header stood above each column at that moment. With `is_narrow`, no entry touches a cell that it
    does not write, so that protected cells in between are no hindrance; nothing can then be checked by the answer.
    """
    body = Body()
    for change, writes in changes:
        guarded: Body | None = None
        for write in sorted(writes, key=lambda w: w.row):
            first, end, row = encode_row(change, write)
            if body.stretches and body.n_bytes + len(row) + RANGE_BYTES > max_bytes:
                yield body
                body = Body()
            if is_narrow:
                _add_pieces(body, change, write)
                continue
            if (write.keeps_key or not change.is_new) and guarded is not body:
                guarded = body
                _add_header_guard(body, change)
            key = write.key if write.keeps_key else None
            body.add(change.spot.sheet_id, write.row, (first, end), row, key=key)
        for cell in (one for one in change.foreign if not one.is_formula):
            stretch = Stretch(
                sheet_id=change.spot.sheet_id, start_row=cell.row, start_column=cell.column, end_column=cell.column + 1
            )
            stretch.rows.append(orjson.dumps(["" if cell.cell is None else cell.cell]))
            stretch.keys.append(None)
            body.stretches.append(stretch)
            body.n_bytes += RANGE_BYTES + len(stretch.rows[0])
    if body.stretches:
        yield body


def _add_pieces(body: Body, change: TabChange, write: RowWrite) -> None:
    """Add one row as a piece for each stretch of cells that it writes."""
    first, _, row = encode_row(change, write)
    cells = orjson.loads(row)
    start = 0
    while start < len(cells):
        end = next((i for i in range(start, len(cells)) if cells[i] is None), len(cells))
        if end > start:
            piece = Stretch(
                sheet_id=change.spot.sheet_id, start_row=write.row, start_column=first + start, end_column=first + end
            )
            piece.rows.append(orjson.dumps(cells[start:end]))
            piece.keys.append(None)
            body.stretches.append(piece)
            body.n_bytes += RANGE_BYTES + len(piece.rows[0])
        start = end + 1
    body.n_rows += 1


def _add_header_guard(body: Body, change: TabChange) -> None:
    spot = change.spot
    n_columns = spot.n_columns + len(change.new_columns)
    guard = Stretch(
        sheet_id=spot.sheet_id, start_row=spot.header_row, start_column=0, end_column=n_columns, header=spot.header
    )
    guard.rows.append(orjson.dumps([None] * n_columns))
    guard.keys.append(None)
    body.stretches.append(guard)
    body.n_bytes += RANGE_BYTES + 5 * n_columns
