"""Carries changes out in a safe order, and tells from the answers whether they landed where they were meant to.

Structure goes first, in one atomic batch for all tabs, with the rows that it inserts; then values, cut by bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest
from typing import Any

import orjson

from sync.destination.book import BOOK_FIELDS, Book, to_book
from sync.destination.change import RowWrite, TabChange, pushed, runs_of
from sync.destination.google import PayloadTooBig, ProtectedCells, SheetsHttpClient
from sync.destination.layout import Body, Stretch, encode_row, make_bodies
from sync.destination.leave import make_leave
from sync.destination.links import make_link_bodies
from sync.destination.load import load, make_load_bodies
from sync.destination.reaching import after
from sync.destination.requests import make_fill, make_structure, tagged_column
from sync.errors import ContractBroken, StoppedByGuard, SyncError, Where
from sync.records import Cell

CELL_BYTES = 50  # around the value of a cell that says its type
_ANSWER_FIELDS = f"spreadsheetId,updatedSpreadsheet({BOOK_FIELDS})"


@dataclass(slots=True)
class Written:
    """What became of a write: tabs whose answers showed that people moved things, and tabs that Google refused."""

    moved: set[str] = field(default_factory=set)
    book: Book | None = None
    refused: dict[str, SyncError] = field(default_factory=dict)


class Writer:
    """Writes to one spreadsheet. `on_rows` is told how many rows have landed so far."""

    def __init__(
        self, client: SheetsHttpClient, spreadsheet_id: str, *, max_bytes: int, on_rows: Callable[[int], None]
    ) -> None:
        self._client = client
        self._path = f"/v4/spreadsheets/{spreadsheet_id}"
        self._max_bytes = max_bytes
        self._on_rows = on_rows
        self._n_rows = 0

    def write(self, changes: Sequence[TabChange]) -> Written:
        """Write the changes of all tabs in shared requests; one that is refused is sent again tab by tab.

        Raises:
            Unreachable: with `outcome_unknown`; look at the spreadsheet before writing again.
            PayloadTooBig: write again with a smaller `max_bytes`.

        """
        written = Written()
        clearing = [change for change in changes if change.cleared]
        self._apart(clearing, self._send_clearing, written)
        for parts in _parts_together(_left(changes, written), self._max_bytes):
            self._apart(_left(parts, written), partial(self._send_structure, written), written)
        loading = [change for change in changes if change.load is not None]
        for change in loading:
            self._apart(_left([change], written), partial(self._send_load, written), written)
        self._check_new(_left(loading, written), written)
        self._apart(_left(changes, written), partial(self._send_values, written), written)
        self._apart(_left(changes, written), partial(self._send_links, written), written)
        return written

    def _apart(
        self, changes: Sequence[TabChange], send: Callable[[Sequence[TabChange]], None], written: Written
    ) -> None:
        """Send for all tabs together; when that is refused, for one after the other. What landed is not sent again."""
        if not changes:
            return
        try:
            send(changes)
        except PayloadTooBig:
            raise
        except (StoppedByGuard, ContractBroken) as error:
            if len(changes) == 1:
                (change,) = changes
                written.refused[change.shape.uid] = error.at(Where(tab=change.shape.title))
                return
            for change in changes:
                self._apart([change], send, written)

    def _send_clearing(self, changes: Sequence[TabChange]) -> None:
        body = _clearing_body(changes)
        self._client.send("POST", f"{self._path}/values:batchUpdateByDataFilter", kind="write", body=body)

    def _send_structure(self, written: Written, changes: Sequence[TabChange]) -> None:
        body = _structure_body(changes)
        answer = self._client.send(
            "POST", f"{self._path}:batchUpdate", kind="write", params={"fields": _ANSWER_FIELDS}, body=body
        )
        after = to_book(answer.get("updatedSpreadsheet", {}))
        written.book = after
        written.moved |= {c.shape.uid for c in changes if not _is_as_meant(c, after)}
        n_rows = sum(len(_insertions(change)) for change in changes)
        if n_rows:
            self._landed(n_rows)

    def _send_load(self, written: Written, changes: Sequence[TabChange]) -> None:
        """Fill new tabs."""
        for change in changes:
            assert change.load is not None
            by_sheet = {change.spot.sheet_id: change}
            send = partial(self._send_body, changes=by_sheet, written=written)
            load(change, change.load, send, max_bytes=self._max_bytes)

    def _check_new(self, changes: Sequence[TabChange], written: Written) -> None:
        """Look whether rows or columns of tabs that were just made were moved between two bodies."""
        if not changes:
            return
        book = to_book(self._client.send("GET", self._path, kind="read", params={"fields": BOOK_FIELDS}))
        written.moved |= {change.shape.uid for change in changes if not _is_as_meant(change, book)}

    def _send_values(self, written: Written, changes: Sequence[TabChange]) -> None:
        by_sheet = {change.spot.sheet_id: change for change in changes}
        try:
            n_bodies = 0
            for body in _value_bodies(changes, self._max_bytes):
                self._send_body(body, by_sheet, written)
                n_bodies += 1
            if n_bodies > 1:
                self._check_new([change for change in changes if change.is_new], written)
        except ProtectedCells:
            if len(changes) > 1:
                raise
            # What is protected may be the header, the keys or people's columns between ours, which nobody overwrites
            for body in _value_bodies(changes, self._max_bytes, is_narrow=True):
                self._send_body(body, by_sheet, written)
            written.moved |= {change.shape.uid for change in changes}  # unchecked: the next round reads the tab whole

    def _send_links(self, written: Written, changes: Sequence[TabChange]) -> None:
        """Make links of the addresses in rows that have just been written, where a column is one of links."""
        by_sheet = {change.spot.sheet_id: change for change in changes}
        for body in make_link_bodies(_written_rows(changes), max_bytes=self._max_bytes):
            self._send_body(body, by_sheet, written)

    def _send_body(self, body: Body, changes: Mapping[int, TabChange], written: Written) -> None:
        answer = self._client.send(
            "POST", f"{self._path}/values:batchUpdateByDataFilter", kind="write", body=body.to_json()
        )
        answers = answer.get("responses", [])
        for stretch, echo in zip(body.stretches, answers, strict=False):
            change = changes[stretch.sheet_id]
            if body.wants_echo and not _is_echoed(stretch, echo, change):
                written.moved.add(change.shape.uid)
        for stretch in body.stretches[len(answers) :]:
            written.moved.add(changes[stretch.sheet_id].shape.uid)
        if not body.as_typed:  # links are made in rows that were counted when they came in
            self._landed(body.n_rows)

    def _landed(self, n_rows: int) -> None:
        self._n_rows += n_rows
        self._on_rows(self._n_rows)


def sizes_of(changes: Sequence[TabChange], *, max_bytes: int) -> list[int]:
    """Return the bytes of each body that `write` would send."""
    clearing = [change for change in changes if change.cleared]
    structure = [len(_clearing_body(clearing))] if clearing else []
    structure += [len(_structure_body(parts)) for parts in _parts_together(changes, max_bytes)]
    loads = (make_load_bodies(change, change.load, max_bytes=max_bytes) for change in changes if change.load)
    loaded = [one.body.n_bytes for bodies in loads for one in bodies]
    links = make_link_bodies(_written_rows(changes), max_bytes=max_bytes)
    return [*structure, *loaded, *(body.n_bytes for body in (*_value_bodies(changes, max_bytes), *links))]


def _parts_together(changes: Iterable[TabChange], max_bytes: int) -> Iterator[list[TabChange]]:
    """Yield the changes of structure of all tabs, one batch after the other."""
    parts = [_batches(change, max_bytes) for change in changes if change.needs_structure]
    for together in zip_longest(*parts):
        yield [part for part in together if part]


def _clearing_body(changes: Iterable[TabChange]) -> bytes:
    """Empty columns of ours below the header: by their tags, as people may have columns of their own beside them."""
    data = [
        {
            "dataFilter": {"developerMetadataLookup": tagged_column(change.spot.sheet_id, name)},
            "majorDimension": "COLUMNS",
            "values": [
                [None] * (change.spot.header_row + 1) + [""] * (change.spot.n_rows - change.spot.header_row - 1)
            ],
        }
        for change in changes
        for name in change.cleared
    ]
    return orjson.dumps({"valueInputOption": "RAW", "data": data})


def _structure_body(changes: Iterable[TabChange]) -> bytes:
    requests: list[Mapping[str, Any]] = []
    for change in changes:
        requests += make_structure(change)
        additions = _insertions(change)
        requests += make_fill(change, additions) if additions else ()
        requests += make_leave(change) if change.leaving else ()
    return orjson.dumps({"requests": requests, "includeSpreadsheetInResponse": True})


def _value_bodies(changes: Iterable[TabChange], max_bytes: int, *, is_narrow: bool = False) -> Iterator[Body]:
    return make_bodies(_written_rows(changes), max_bytes=max_bytes, is_narrow=is_narrow)


def _written_rows(changes: Iterable[TabChange]) -> Iterator[tuple[TabChange, Sequence[RowWrite]]]:
    """Yield the rows of each tab that are written as values, where they stand by then."""
    return ((change, _settled(change, _without(change.writes, _insertions(change)))) for change in changes)


def _left(changes: Iterable[TabChange], written: Written) -> list[TabChange]:
    """Leave out the tabs for which nothing more may be sent."""
    return [c for c in changes if c.shape.uid not in written.moved and c.shape.uid not in written.refused]


def _insertions(change: TabChange) -> Sequence[RowWrite]:
    """Return the additions for which rows are inserted, in order; the batch that inserts the rows also fills them.

    Filled by a later request they might land on rows that people have shifted meanwhile, and take their keys away.
    """
    if not change.n_insert or change.is_new:
        return ()
    come_in = {row for start, end in change.inserts for row in range(start, end)}
    rows = [w for w in change.writes if w.row in come_in]
    if len(rows) != change.n_insert or any(w.keeps_key or w.key not in change.added for w in rows):
        return ()
    return sorted(rows, key=lambda w: w.row)


def _batches(change: TabChange, max_bytes: int) -> Iterator[TabChange]:
    """Yield what goes into one batch after the other: all structure first, insertions as many as fit, then leaving."""
    rows = _insertions(change)
    if not rows:
        yield change
        return
    done, leaving, more = 0, change.leaving, change.more
    more_rows, more_columns = change.more_rows, change.more_columns
    while done < len(rows):
        some = rows[done : done + _n_fitting(change, rows[done:], max_bytes)]
        done += len(some)
        is_last = done == len(rows)
        part = replace(
            change,
            inserts=runs_of(w.row for w in some),
            writes=tuple(some),
            leaving=leaving if is_last else {},
            more=more if is_last else (),
            more_rows=more_rows if is_last else 0,
            more_columns=more_columns if is_last else 0,
        )
        yield part
        spot = change.spot
        spot = replace(spot, n_rows=part.n_rows_after, n_columns=spot.n_columns + len(change.new_columns))
        template = None if change.template is None else pushed(change.template, part.inserts)
        change = TabChange(
            shape=change.shape,
            spot=spot,
            added=change.added,
            annotated=change.annotated,
            template=template,
            more_rows=more_rows,
            more_columns=more_columns,
            formulas=change.formulas,
            reaching=after(part.reaching, part.inserts),
        )


def _n_fitting(change: TabChange, rows: Sequence[RowWrite], max_bytes: int) -> int:
    around, n_bytes = CELL_BYTES * len(change.shape.columns), 0
    for n, write in enumerate(rows):
        n_bytes += around + len(encode_row(change, write)[2])
        if n and n_bytes > max_bytes:
            return n
    return len(rows)


def _settled(change: TabChange, writes: Sequence[RowWrite]) -> Sequence[RowWrite]:
    """Count rows as they stand once those that leave have left."""
    return [replace(w, row=change.settle(w.row)) for w in writes] if change.leaving else writes


def _without(writes: Sequence[RowWrite], sent: Sequence[RowWrite]) -> list[RowWrite]:
    rows = {write.row for write in sent}
    return [write for write in writes if write.row not in rows]


def _is_as_meant(change: TabChange, after: Book) -> bool:
    """Tell whether the grid and the tagged columns are what the batch should have made of them."""
    tab = after.tab_of(change.spot.sheet_id)
    if tab is None:
        return False
    n_rows, n_columns = change.n_rows_after, change.spot.n_columns
    if not change.is_new:
        n_columns += len(change.new_columns) + change.more_columns
    columns = {c.name: (i,) for c, i in zip(change.shape.columns, change.spot.indexes, strict=True)}
    found = {name: tab.columns.get(name) for name in columns}
    return (tab.n_rows, tab.n_columns) == (n_rows, n_columns) and found == columns


def _is_echoed(stretch: Stretch, echo: Mapping[str, Any], change: TabChange) -> bool:
    """Tell whether the answer shows our header, and our keys beside what was written."""
    rows = echo.get("updatedData", {}).get("values", [])
    if stretch.header is not None:
        return _trimmed(rows[0] if rows else []) == _trimmed(stretch.header)
    for n, key in enumerate(stretch.keys):
        if key is not None and _key_at(stretch, rows[n] if n < len(rows) else [], change) != key:
            return False
    return True


def _key_at(stretch: Stretch, row: Sequence[Cell], change: TabChange) -> str | None:
    cells: list[Cell] = []
    for index in change.spot.indexes:
        at = index - stretch.start_column
        cells.append(row[at] if at < len(row) and row[at] != "" else None)
    return change.shape.key_of(cells)


def _trimmed(cells: Sequence[Cell]) -> list[Cell]:
    kept: list[Cell] = ["" if cell is None else cell for cell in cells]
    while kept and kept[-1] == "":
        kept.pop()
    return kept
