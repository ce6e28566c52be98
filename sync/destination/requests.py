"""The requests of one `spreadsheets.batchUpdate`: tabs, columns, rows, header, formats and tags. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from sync.destination.book import COLUMN_KEY, FORMER_KEY, HEADER_KEY, TAB_KEY
from sync.destination.change import RowWrite, Run, TabChange, pushed, runs_of
from sync.destination.columns import GIVEN_UP
from sync.destination.leave import box, paste
from sync.destination.links import linked
from sync.destination.reaching import make_longer
from sync.records import Cell, Column, FieldType

Request = Mapping[str, Any]

_NUMBERS = (FieldType.INTEGER, FieldType.NUMBER)
_TO_THE_RIGHT = (*_NUMBERS, FieldType.INSTANT, FieldType.DATE)  # as Sheets shows them
_WIDTHS_PX = {FieldType.INSTANT: 150, FieldType.DATE: 100, FieldType.BOOLEAN: 90}
_TEXT_WIDTH_PX, _NUMBER_WIDTH_PX, _LONG_WIDTH_PX = 140, 110, 260
_SAMPLE_ROWS = 200
_LONG_TEXTS = ("notes", "recording_url")


def make_structure(change: TabChange) -> Iterator[Request]:
    """Yield what changes the grid, the header or the tags of one tab, in an order that keeps every index right."""
    if change.is_new:
        yield from _new_tab(change)
        yield from (*change.under, *change.more)
        return
    yield from _columns(change)
    yield from change.under
    for start, end in reversed(runs_of(change.delete_rows)):
        yield {"deleteDimension": {"range": _dimension(change, "ROWS", start, end)}}
    n_rows = change.spot.n_rows - len(change.delete_rows)
    for start, end in change.inserts:
        yield _insert_rows(change, start, end, n_rows)
        n_rows += end - start
    yield from make_longer(change.reaching, change.inserts)
    for one in change.foreign:
        if one.is_formula:
            cell = {"userEnteredValue": {"formulaValue": one.cell}}
            start_at = _coordinate(change, one.row, one.column)
            yield {"updateCells": {"start": start_at, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}}
    for n in change.redressed:
        yield format_column(change, n)
    for n in change.widened:
        yield _set_width(change, n)
    for dimension, n in (("ROWS", change.more_rows), ("COLUMNS", change.more_columns)):
        if n:
            yield {"appendDimension": {"sheetId": change.spot.sheet_id, "dimension": dimension, "length": n}}
    yield from change.more


def make_fill(change: TabChange, writes: Sequence[RowWrite]) -> Iterator[Request]:
    """Yield what fills rows that the same batch inserted, one request for each stretch of rows and of our columns."""
    by_row = {write.row: write for write in writes}
    for start_row, end_row in runs_of(by_row):
        for columns in _column_stretches(change.spot.indexes):
            cells = [[by_row[row].cells[n] for n in columns] for row in range(start_row, end_row)]
            has_links = [change.shape.columns[n].is_link for n in columns]
            rows = [
                {"values": [to_cell_data(cell, is_link=one) for cell, one in zip(line, has_links, strict=True)]}
                for line in cells
            ]
            start = _coordinate(change, start_row, change.spot.indexes[columns[0]])
            fields = "userEnteredValue" + ",userEnteredFormat.textFormat.link" * any(has_links)
            yield {"updateCells": {"start": start, "rows": rows, "fields": fields}}
        if change.template is not None:
            yield from _carry_formulas(change, (start_row, end_row), pushed(change.template, change.inserts))


def _carry_formulas(change: TabChange, rows: Run, template: int) -> Iterator[Request]:
    for columns in runs_of(change.formulas):
        source = box(change.spot.sheet_id, (template, template + 1), columns)
        yield paste(source, box(change.spot.sheet_id, rows, columns), "PASTE_FORMULA")


def to_cell_data(cell: Cell, *, is_link: bool = False) -> dict[str, Any]:
    """Say a cell with its type, so that text which looks like a formula or a number stays text."""
    if is_link:
        return linked(to_cell_data(cell), cell)
    if cell is None or cell == "":
        return {}
    if isinstance(cell, bool):
        return {"userEnteredValue": {"boolValue": cell}}
    if isinstance(cell, int | float):
        return {"userEnteredValue": {"numberValue": cell}}
    return {"userEnteredValue": {"stringValue": cell}}


def _new_tab(change: TabChange) -> Iterator[Request]:
    spot, shape = change.spot, change.shape
    grid = {"rowCount": spot.n_rows, "columnCount": spot.n_columns, "frozenRowCount": spot.header_row + 1}
    yield {"addSheet": {"properties": {"sheetId": spot.sheet_id, "title": shape.title, "gridProperties": grid}}}
    yield _tag({"sheetId": spot.sheet_id}, TAB_KEY, shape.uid)
    yield _header_tag(change)
    sample = _first_rows(change)
    for n in range(len(shape.columns)):
        yield from _dress_column(change, n, [row[n] for row in sample])


def _first_rows(change: TabChange) -> Sequence[Sequence[Cell]]:
    if change.load is None:
        return [write.cells for write in change.writes[:_SAMPLE_ROWS]]
    piece = next(iter(change.load.pieces()), None)
    return [orjson.loads(row) for row in piece.rows[:_SAMPLE_ROWS]] if piece is not None else []


def _columns(change: TabChange) -> Iterator[Request]:
    if change.has_new_header:
        yield {"insertDimension": {"range": _dimension(change, "ROWS", 0, 1), "inheritFromBefore": False}}
        yield _header_tag(change)
    yield from _config_edits(change)
    for n in change.new_columns:
        index = change.spot.indexes[n]
        if index < change.spot.n_columns + change.new_columns.index(n):
            yield {
                "insertDimension": {
                    "range": _dimension(change, "COLUMNS", index, index + 1),
                    "inheritFromBefore": index > 0,
                }
            }
        else:
            yield {"appendDimension": {"sheetId": change.spot.sheet_id, "dimension": "COLUMNS", "length": 1}}
        yield from _dress_column(change, n)
    for n in change.retagged:
        yield _column_tag(change, n)
    for n, index in change.untagged:
        yield _untag(change, COLUMN_KEY, change.shape.columns[n].name, index)
    if change.has_new_header:
        for n in range(len(change.shape.columns)):
            if n not in change.new_columns:
                yield _header_cell(change, n)


def _config_edits(change: TabChange) -> Iterator[Request]:
    """Follow what was edited in the config; a column that is given up keeps its cells."""
    for name, index in change.given_up:
        shown = change.spot.header[index] if index < len(change.spot.header) else None
        yield _turn_tag(change, name, index, before=COLUMN_KEY, after=FORMER_KEY)
        yield _retitle(change, index, shown, f"{shown or name}{GIVEN_UP}")
    for index, to in change.moves:
        yield {"moveDimension": {"source": _dimension(change, "COLUMNS", index, index + 1), "destinationIndex": to}}
    for n in change.taken_back:
        name, index = change.shape.columns[n].name, change.spot.indexes[n]
        yield _turn_tag(change, name, index, before=FORMER_KEY, after=COLUMN_KEY)
    for n in dict.fromkeys((*change.taken_back, *change.retitled)):
        index = change.spot.indexes[n]
        yield _retitle(change, index, change.header_moved[index], change.shape.columns[n].title)


_TYPED_AS_TEXT = re.compile(r"(?!(true|false)\b)[^\W\d_][^\d]*", re.IGNORECASE)


def _retitle(change: TabChange, index: int, shown: Cell, title: str) -> Request:
    """Write another text above a column; if people moved it in this instant, no other header is written over.

    What is replaced is read as if it were typed: a text that could be a number or a date is written by its place.
    """
    row = change.spot.header_row
    if isinstance(shown, str) and _TYPED_AS_TEXT.fullmatch(shown) and _TYPED_AS_TEXT.fullmatch(title):
        cell = box(change.spot.sheet_id, (row, row + 1), (index, index + 1))
        exactly = {"matchCase": True, "matchEntireCell": True}
        return {"findReplace": {"find": shown, "replacement": title, "range": cell, **exactly}}
    text = {"userEnteredValue": {"stringValue": title}}
    start = _coordinate(change, row, index)
    return {"updateCells": {"start": start, "rows": [{"values": [text]}], "fields": "userEnteredValue"}}


def _dress_column(change: TabChange, n: int, cells: Iterable[Cell] = ()) -> Iterator[Request]:
    """Give a new column its tag, header, format and width."""
    column = change.shape.columns[n]
    yield _column_tag(change, n)
    yield _header_cell(change, n)
    if _format_of(column) or not change.is_new:  # one inserted among others has taken over the format of its neighbour
        yield format_column(change, n)
    yield _set_width(change, n, cells)


def format_column(change: TabChange, n: int) -> Request:
    """Give the cells of a column its number format, or none."""
    column, index = change.shape.columns[n], change.spot.indexes[n]
    below = {**_column_range(change, index), "startRowIndex": change.spot.header_row + 1}
    found = _format_of(column)
    cell = {"userEnteredFormat": {"numberFormat": found}} if found else {}
    return {"repeatCell": {"range": below, "cell": cell, "fields": "userEnteredFormat.numberFormat"}}


def _set_width(change: TabChange, n: int, cells: Iterable[Cell] = ()) -> Request:
    index = change.spot.indexes[n]
    width = {
        "range": _dimension(change, "COLUMNS", index, index + 1),
        "properties": {"pixelSize": _width(change.shape.columns[n], cells)},
    }
    return {"updateDimensionProperties": {**width, "fields": "pixelSize"}}


def _format_of(column: Column) -> dict[str, str] | None:
    """Say the format; one without a pattern shows as the spreadsheet's locale writes its kind."""
    if not column.number_format and not column.format_type:
        return None
    kinds = {FieldType.INSTANT: "DATE_TIME", FieldType.DATE: "DATE"}
    kind = {"type": column.format_type or kinds.get(column.type, "NUMBER")}
    return kind | ({"pattern": column.number_format} if column.number_format else {})


def _width(column: Column, cells: Iterable[Cell]) -> int:
    """Return the width of the config, or one that shows the header and what the first rows hold."""
    if column.width:
        return column.width
    if column.name in _LONG_TEXTS:
        return _LONG_WIDTH_PX
    usual = _NUMBER_WIDTH_PX if column.type in _NUMBERS else _WIDTHS_PX.get(column.type, _TEXT_WIDTH_PX)
    longest = max((len(cell) for cell in cells if isinstance(cell, str)), default=0)
    return min(_LONG_WIDTH_PX, max(usual, 9 * len(column.title), 7 * longest + 16))


def _header_cell(change: TabChange, n: int) -> Request:
    column = change.shape.columns[n]
    style: dict[str, Any] = {
        "textFormat": {"bold": True},
        "backgroundColor": {"red": 0.93, "green": 0.94, "blue": 0.96},
    }
    if column.type in _TO_THE_RIGHT and not column.as_text and not column.mask:
        style["horizontalAlignment"] = "RIGHT"
    cell = {"userEnteredValue": {"stringValue": column.title}, "userEnteredFormat": style}
    start = _coordinate(change, change.spot.header_row, change.spot.indexes[n])
    fields = "userEnteredValue,userEnteredFormat(textFormat.bold,backgroundColor,horizontalAlignment)"
    return {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": fields}}


def _insert_rows(change: TabChange, start: int, end: int, n_rows: int) -> Request:
    if start >= n_rows:
        return {"appendDimension": {"sheetId": change.spot.sheet_id, "dimension": "ROWS", "length": end - start}}
    has_row_above = start > change.spot.header_row + 1  # the header's format is not for rows
    rows = _dimension(change, "ROWS", start, end)
    return {"insertDimension": {"range": rows, "inheritFromBefore": has_row_above}}


def _tag(location: dict[str, Any], key: str, value: str) -> Request:
    metadata = {"metadataKey": key, "metadataValue": value, "location": location, "visibility": "DOCUMENT"}
    return {"createDeveloperMetadata": {"developerMetadata": metadata}}


def _column_tag(change: TabChange, n: int) -> Request:
    index = change.spot.indexes[n]
    location = {"dimensionRange": _dimension(change, "COLUMNS", index, index + 1)}
    return _tag(location, COLUMN_KEY, change.shape.columns[n].name)


def _header_tag(change: TabChange) -> Request:
    row = change.spot.header_row
    return _tag({"dimensionRange": _dimension(change, "ROWS", row, row + 1)}, HEADER_KEY, change.shape.uid)


def tagged_column(sheet_id: int, name: str) -> dict[str, Any]:
    """Look up a column of ours by its tag, wherever it stands."""
    return {
        "metadataKey": COLUMN_KEY,
        "metadataValue": name,
        "metadataLocation": {"sheetId": sheet_id},
        "locationMatchingStrategy": "INTERSECTING_LOCATION",
    }


def _untag(change: TabChange, key: str, name: str, index: int) -> Request:
    return {"deleteDeveloperMetadata": {"dataFilter": _tagged(change, key, name, index)}}


def _turn_tag(change: TabChange, name: str, index: int, *, before: str, after: str) -> Request:
    """Turn the tag of a column into another kind; one that people moved away in this instant is left as it is."""
    filters = [_tagged(change, before, name, index)]
    return {
        "updateDeveloperMetadata": {
            "dataFilters": filters,
            "developerMetadata": {"metadataKey": after},
            "fields": "metadataKey",
        }
    }


def _tagged(change: TabChange, key: str, name: str, index: int) -> dict[str, Any]:
    lookup = {
        "metadataKey": key,
        "metadataValue": name,
        "metadataLocation": {"dimensionRange": _dimension(change, "COLUMNS", index, index + 1)},
        "locationMatchingStrategy": "EXACT_LOCATION",
    }
    return {"developerMetadataLookup": lookup}


def _dimension(change: TabChange, dimension: str, start: int, end: int) -> dict[str, Any]:
    return {"sheetId": change.spot.sheet_id, "dimension": dimension, "startIndex": start, "endIndex": end}


def _coordinate(change: TabChange, row: int, column: int) -> dict[str, int]:
    return {"sheetId": change.spot.sheet_id, "rowIndex": row, "columnIndex": column}


def _column_range(change: TabChange, index: int) -> dict[str, int]:
    return {"sheetId": change.spot.sheet_id, "startColumnIndex": index, "endColumnIndex": index + 1}


def _column_stretches(indexes: Sequence[int]) -> list[list[int]]:
    """Group the positions of our columns into stretches that stand side by side in the grid."""
    stretches: list[list[int]] = []
    for n in sorted(range(len(indexes)), key=lambda n: indexes[n]):
        if stretches and indexes[n] == indexes[stretches[-1][-1]] + 1:
            stretches[-1].append(n)
        else:
            stretches.append([n])
    return stretches
