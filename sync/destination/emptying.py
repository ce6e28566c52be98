"""What becomes of rows in a tray: filed in "Removed rows" when people wrote beside them, let go, or put back. Pure.

The tray is deleted in the batch that does it: a repetition finds no tray, and is refused whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.destination.book import HEADER_KEY, MAX_TABS, TAB_KEY, Book, ObservedTab
from sync.destination.change import runs_of
from sync.destination.leave import SLACK_COLUMNS, Request, box, paste, tag
from sync.destination.spot import KeyOf
from sync.records import Cell

REMOVED_UID = "callsheet/removed rows"
REMOVED_TITLE = "Removed rows"
OWN_COLUMNS = ("Removed", "From tab", "Why")
_TIME_FORMAT = {"numberFormat": {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm:ss"}}


CellsOf = Mapping[tuple[int, int], Mapping[str, Any]]
"""Cells of one tab as read, by row and column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayRow:
    """One row of a tray: its key (None: no row of ours), where it stood, and whether people wrote beside it."""

    row: int
    key: str | None
    is_annotated: bool
    origin: int = 0
    is_header: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tray:
    """A tray, with the tab that its rows come from; `source` is None when that tab is gone.

    `columns` says where our columns stand in it: where they were meant to, or, as its first row shows, where people
    had moved them.
    """

    tab: ObservedTab
    source: ObservedTab | None
    columns: Mapping[str, int]
    rows: Sequence[TrayRow] = ()
    header: Sequence[Cell] = ()

    @property
    def is_as_meant(self) -> bool:
        """Whether the columns stand where they were meant to."""
        return self.columns == meant_columns(self.tab)

    @property
    def n_columns(self) -> int:
        """How many columns the whole rows have; what their formulas show stands to the right of them."""
        n_meant = (self.tab.n_columns - 1 - SLACK_COLUMNS + len(self.tab.columns)) // 2
        return n_meant if self.is_as_meant else n_meant + SLACK_COLUMNS

    @property
    def first_value(self) -> int:
        """The first of the columns with what formulas show."""
        return (self.tab.n_columns - 1 - SLACK_COLUMNS + len(self.tab.columns)) // 2 + SLACK_COLUMNS

    @property
    def theirs(self) -> list[int]:
        """The columns of people."""
        ours = set(self.columns.values())
        return [i for i in range(self.n_columns) if i not in ours]


def meant_columns(tab: ObservedTab) -> dict[str, int]:
    """Return where our columns were when the tray was laid out."""
    return {name: found[0] for name, found in tab.columns.items()}


def columns_of(tray: Tray, texts: Mapping[str, str], cells: CellsOf) -> dict[str, int]:
    """Return where our columns stand, by the header in the first row; `texts` are the headers as known."""
    shown = [_value(cells.get((0, n), {})) for n in range(tray.first_value)]
    meant = meant_columns(tray.tab)
    if all(shown[index] == texts.get(name) for name, index in meant.items()):
        return meant
    places = {name: [n for n, text in enumerate(shown) if text == texts.get(name)] for name in meant}
    if all(len(found) == 1 for found in places.values()):
        return {name: found[0] for name, found in places.items()}
    return meant


def tray_filters(tray: Tray, key_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return what to read of a tray: its first row, keys, people's cells, and where rows stood."""
    keys = [tray.columns[name] for name in key_names if name in tray.columns]
    rows, last = (1, tray.tab.n_rows), tray.tab.n_columns - 1
    wanted = [box(tray.tab.sheet_id, (0, 1), (0, last))]
    wanted += [box(tray.tab.sheet_id, rows, run) for run in runs_of({*keys, *tray.theirs, last})]
    return [{"gridRange": one} for one in wanted]


def to_tray_rows(
    tray: Tray, cells: CellsOf, key_of: KeyOf, *, key_names: Sequence[str], headers: Mapping[str, str]
) -> list[TrayRow]:
    """Sort the rows of a tray out; `headers` are the texts that stand above our columns."""
    indexes = [tray.columns.get(name, -1) for name in key_names]
    texts = [headers.get(name, "") for name in key_names]
    theirs = set(tray.theirs)
    found = []
    for row in range(1, tray.tab.n_rows):
        ours = [_value(cells.get((row, index), {})) for index in indexes]
        is_annotated = any(
            bool(cell.get("note")) or (index in theirs and bool(cell.get("userEnteredValue")))
            for index in range(tray.n_columns)
            if (cell := cells.get((row, index)))
        )
        origin = int(float(_value(cells.get((row, tray.tab.n_columns - 1), {})) or 0))
        is_header = ours == texts
        key = None if is_header else key_of(ours)
        found.append(TrayRow(row=row, key=key, is_annotated=is_annotated, origin=origin, is_header=is_header))
    return found


def _value(cell: Mapping[str, Any]) -> Cell:
    return next(iter(cell.get("userEnteredValue", {}).values()), None)


def header_of(tray: Tray, cells: CellsOf, texts: Mapping[str, str]) -> list[Cell]:
    """Return what stands above the columns of the rows; where the header came along, it is among them."""
    row = next((r.row for r in tray.rows if r.is_header), 0)
    shown = [_value(cells.get((row, n), {})) for n in range(tray.n_columns)]
    for name, index in tray.columns.items():
        shown[index] = texts.get(name, name)
    return shown


@dataclass(kw_only=True)
class Archive:
    """The tab "Removed rows" as it is, and as it becomes while trays are emptied into it."""

    sheet_id: int
    title: str
    is_new: bool
    header_row: int
    n_rows: int
    n_columns: int
    header: list[str] = field(default_factory=list)

    def column_of(self, text: str) -> int:
        """Return the column with this header, a new one when there is none."""
        if text not in self.header:
            self.header.append(text)
        return self.header.index(text)


def find_archive(book: Book, new_id: int) -> Archive:
    """Find the tab, whatever people call it, or lay out a new one."""
    there = next((tab for tab in book.tabs if REMOVED_UID in tab.uids), None)
    if there is None:
        titles = (REMOVED_TITLE if n == 1 else f"{REMOVED_TITLE} ({n})" for n in range(1, MAX_TABS + 2))
        title = next(title for title in titles if not book.titled(title))
        return Archive(
            sheet_id=new_id, title=title, is_new=True, header_row=0, n_rows=2, n_columns=0, header=list(OWN_COLUMNS)
        )
    header = [str(cell) if cell is not None else "" for cell in there.header]
    header += [""] * (there.n_columns - len(header))
    return Archive(
        sheet_id=there.sheet_id,
        title=there.title,
        is_new=False,
        header_row=there.header_row or 0,
        n_rows=there.n_rows,
        n_columns=there.n_columns,
        header=header,
    )


def make_emptying(
    tray: Tray, archive: Archive, *, reasons: Mapping[str, str], removed_at: float, title: str, unfiled: str = ""
) -> Iterator[Request]:
    """Yield one batch: file, put back, and delete the tray; rows that leave for the reason `unfiled` are let go."""
    filed = [
        r
        for r in tray.rows
        if r.is_annotated and (r.key in reasons or tray.source is None) and (reasons.get(r.key or "") or "-") != unfiled
    ]
    back = [r for r in tray.rows if r.key not in reasons] if tray.source is not None else []
    if filed:
        words = [reasons.get(r.key or "", "its tab is gone") for r in filed]
        yield from _file(tray, archive, [r.row for r in filed], (removed_at, title, words))
    if back and tray.source is not None:
        yield from _put_back(tray, tray.source, back)
    yield {"deleteSheet": {"sheetId": tray.tab.sheet_id}}


def put_back(tray: Tray, reasons: Collection[str]) -> bool:
    """Tell whether any row goes back."""
    return tray.source is not None and any(r.key not in reasons for r in tray.rows)


def _file(
    tray: Tray, archive: Archive, rows: Sequence[int], told: tuple[float, str, Sequence[str]]
) -> Iterator[Request]:
    header = _header_of(tray)
    places = [archive.column_of(text) for text in header]
    own = [archive.column_of(text) for text in OWN_COLUMNS]
    yield from _grown(archive, len(rows))
    at = archive.n_rows - 1
    for start, end in runs_of(rows):
        to = (at, at + end - start)
        for n, place in enumerate(places):
            column = box(archive.sheet_id, to, (place, place + 1))
            yield paste(box(tray.tab.sheet_id, (start, end), (n, n + 1)), column, "PASTE_NORMAL")
        for n, index in enumerate(tray.theirs if tray.is_as_meant else ()):
            column = box(archive.sheet_id, to, (places[index], places[index] + 1))
            values = (tray.first_value + n, tray.first_value + n + 1)
            yield paste(box(tray.tab.sheet_id, (start, end), values), column, "PASTE_VALUES")
        at = to[1]
    removed_at, title, words = told
    first = archive.n_rows - 1
    cells = [[_number(removed_at)], [_text(title)], [_text(word) for word in words]]
    for place, column_cells in zip(own, cells, strict=True):
        filled = column_cells * (len(rows) if len(column_cells) == 1 else 1)
        start_at = {"sheetId": archive.sheet_id, "rowIndex": first, "columnIndex": place}
        lines = [{"values": [cell]} for cell in filled]
        fields = "userEnteredValue,userEnteredFormat.numberFormat"
        yield {"updateCells": {"start": start_at, "rows": lines, "fields": fields}}
    archive.n_rows += len(rows)


def _header_of(tray: Tray) -> list[str]:
    """Return a header for each column of the rows; people may have left theirs without one, or two with the same."""
    shown = tray.header
    texts: list[str] = []
    for n in range(tray.n_columns):
        text = str(shown[n]) if n < len(shown) and shown[n] not in (None, "") else f"Note {n + 1}"
        while text in texts or text in OWN_COLUMNS:
            text += " "
        texts.append(text)
    return texts


def _grown(archive: Archive, n: int) -> Iterator[Request]:
    """Make the archive, or its missing columns, and room for rows above its last one."""
    if archive.is_new:
        grid = {"rowCount": 2, "columnCount": len(archive.header), "frozenRowCount": 1}
        properties = {"sheetId": archive.sheet_id, "title": archive.title, "gridProperties": grid}
        yield {"addSheet": {"properties": properties}}
        row = {"sheetId": archive.sheet_id, "dimension": "ROWS", "startIndex": 0, "endIndex": 1}
        yield tag({"sheetId": archive.sheet_id}, TAB_KEY, REMOVED_UID)
        yield tag({"dimensionRange": row}, HEADER_KEY, REMOVED_UID)
        archive.is_new = False
    elif len(archive.header) > archive.n_columns:
        more = len(archive.header) - archive.n_columns
        yield {"appendDimension": {"sheetId": archive.sheet_id, "dimension": "COLUMNS", "length": more}}
    if len(archive.header) > archive.n_columns:
        new = archive.header[archive.n_columns :]
        start = {"sheetId": archive.sheet_id, "rowIndex": archive.header_row, "columnIndex": archive.n_columns}
        cells = [{**_text(text), "userEnteredFormat": {"textFormat": {"bold": True}}} for text in new]
        fields = "userEnteredValue,userEnteredFormat.textFormat.bold"
        yield {"updateCells": {"start": start, "rows": [{"values": cells}], "fields": fields}}
        archive.n_columns = len(archive.header)
    at = archive.n_rows - 1
    place = {"sheetId": archive.sheet_id, "dimension": "ROWS", "startIndex": at, "endIndex": at + n}
    yield {"insertDimension": {"range": place, "inheritFromBefore": at > archive.header_row + 1}}


def _put_back(tray: Tray, source: ObservedTab, rows: Sequence[TrayRow]) -> Iterator[Request]:
    """Put rows back where they stood, each cell into the column that its own has become, and the header its tag."""
    ours = {index: source.columns[name][0] for name, index in tray.columns.items() if source.columns.get(name)}
    free = [i for i in range(source.n_columns) if i not in {j for found in source.columns.values() for j in found}]
    columns = ours | dict(zip(tray.theirs, free, strict=False))
    back = {r.row for r in rows}
    gone = sorted(r.origin for r in tray.rows if r.row not in back)
    for n, one in enumerate(sorted(rows, key=lambda r: r.origin)):
        at = min(one.origin - bisect_left(gone, one.origin), source.n_rows + n - 1)
        place = {"sheetId": source.sheet_id, "dimension": "ROWS", "startIndex": at, "endIndex": at + 1}
        is_below = not one.is_header and at > (source.header_row or 0) + 1
        yield {"insertDimension": {"range": place, "inheritFromBefore": is_below}}
        for index, place_to in columns.items():
            cells = box(tray.tab.sheet_id, (one.row, one.row + 1), (index, index + 1))
            yield paste(cells, box(source.sheet_id, (at, at + 1), (place_to, place_to + 1)), "PASTE_NORMAL")
        if one.is_header and source.n_header_rows == 0:
            yield tag({"dimensionRange": place}, HEADER_KEY, tray.tab.tray_of or "")
            frozen = {"sheetId": source.sheet_id, "gridProperties": {"frozenRowCount": at + 1}}
            yield {"updateSheetProperties": {"properties": frozen, "fields": "gridProperties.frozenRowCount"}}


def _text(text: str) -> dict[str, Any]:
    return {"userEnteredValue": {"stringValue": text}}


def _number(number: float) -> dict[str, Any]:
    return {"userEnteredValue": {"numberValue": number}, "userEnteredFormat": _TIME_FORMAT}
