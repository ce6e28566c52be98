"""The methods on whole spreadsheets, their developer metadata, and copying tabs between them."""

from __future__ import annotations

from datetime import UTC, datetime

from sync.sandbox.google.admission import check_storage
from sync.sandbox.google.batch import run_batch
from sync.sandbox.google.book import Book, need_sheet
from sync.sandbox.google.calls import Call
from sync.sandbox.google.creation import make_book
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.metadata import get_metadata, shown_filter, shown_metadata
from sync.sandbox.google.metadata_filters import select_metadata
from sync.sandbox.google.requests_sheets import free_title, place_copy
from sync.sandbox.google.targets import find_a1, find_filter
from sync.sandbox.google.view import Ranges, sheet_properties, show_book


def get(call: Call) -> Json:
    """spreadsheets.get."""
    mask = call.mask("Spreadsheet")
    book = call.file(to_write=False).book
    texts = call.query.get("ranges")
    ranges = [_read_range(book, text) for text in texts] if texts else None
    return _show(call, book, mask, ranges, grid_data=call.flag("includeGridData"))


def _read_range(book: Book, text: str) -> tuple[object, object]:
    target = find_a1(book, text)
    return target.sheet, target.to_read()


def _show(call: Call, book: Book, mask: Json | None, ranges: object, *, grid_data: bool) -> Json:
    wanted: Ranges | None = ranges  # type: ignore[assignment]
    data = grid_data if mask is None else None
    bands = not call.flag("excludeTablesInBandedRanges")
    return show_book(book, mask or {}, call.caller, ranges=wanted, grid_data=data, table_bands=bands)


def get_by_filter(call: Call) -> Json:
    """spreadsheets.getByDataFilter."""
    mask = call.mask("Spreadsheet")
    body = call.body("GetSpreadsheetByDataFilterRequest")
    book = call.file(to_write=False).book
    ranges = [
        (target.sheet, target.to_read())
        for data_filter in body.get("dataFilters", [])
        for target in find_filter(book, data_filter)
    ]
    return _show(
        call, book, mask, ranges if body.get("dataFilters") else None, grid_data=body.get("includeGridData", False)
    )


def batch_update(call: Call) -> Json:
    """spreadsheets.batchUpdate."""
    mask = call.mask("BatchUpdateSpreadsheetResponse")
    body = call.body("BatchUpdateSpreadsheetRequest")
    file = call.file(to_write=True)
    book = file.book
    requests = body.get("requests", [])
    replies = run_batch(Desk(book, call.caller), requests)
    file.modified = datetime.now(UTC)
    call.n_cells += sum(_n_cells(request) for request in requests)
    answer: Json = {"spreadsheetId": book.id, "replies": replies}
    if body.get("includeSpreadsheetInResponse"):
        texts = body.get("responseRanges")
        ranges = [_read_range(book, text) for text in texts] if texts else None
        inner = None if mask is None else mask.get("updatedSpreadsheet", {})
        answer["updatedSpreadsheet"] = _show(
            call, book, inner, ranges, grid_data=body.get("responseIncludeGridData", False)
        )
    return answer


def _n_cells(request: Json) -> int:
    body = request.get("updateCells") or request.get("appendCells") or {}
    return sum(len(row.get("values", ())) for row in body.get("rows", ()))


def create(call: Call) -> Json:
    """spreadsheets.create."""
    mask = call.mask("Spreadsheet")
    body = call.body("Spreadsheet")
    check_storage(call.world, call.caller)
    book = make_book(body, call.caller, cell_limit=call.world.spreadsheet_cell_limit)
    call.world.add_file(book, access="none", owner=call.caller.email)
    return _show(call, book, mask, None, grid_data=False)


def get_one_metadata(call: Call) -> Json:
    """spreadsheets.developerMetadata.get."""
    book = call.file(to_write=False).book
    text = call.parts[1]
    if not text.isdigit():
        raise invalid(f"Invalid value at 'metadata_id' (TYPE_INT32), \"{text}\"")
    return shown_metadata(get_metadata(book, int(text)))


def search_metadata(call: Call) -> Json:
    """spreadsheets.developerMetadata.search."""
    body = call.body("SearchDeveloperMetadataRequest")
    book = call.file(to_write=False).book
    if not body.get("dataFilters"):
        raise invalid("Must specify at least one data filter.")
    matched = [
        {"developerMetadata": shown_metadata(entry), "dataFilters": [shown_filter(each) for each in filters]}
        for entry, filters in select_metadata(book, body["dataFilters"])
    ]
    return {"matchedDeveloperMetadata": matched} if matched else {}


def copy_to(call: Call) -> Json:
    """spreadsheets.sheets.copyTo."""
    body = call.body("CopySheetToAnotherSpreadsheetRequest")
    source_book = call.file(to_write=False).book
    if not call.parts[1].isdigit():
        raise invalid(f"Invalid value at 'sheet_id' (TYPE_INT32), \"{call.parts[1]}\"")
    source = need_sheet(source_book, int(call.parts[1]), kind="sheet")
    target = call.world.open_file(body.get("destinationSpreadsheetId", ""), call.caller, to_write=True)
    book = target.book
    title = f"Copy of {source.title}"
    if book.find_title(title) is not None:
        title = free_title(book, title + " {}", first=2)
    copied = place_copy(Desk(book, call.caller), source, title, metadata=source_book.metadata[:])
    book.sheets.append(copied)
    book.touch()
    return sheet_properties(copied, len(book.sheets) - 1)
