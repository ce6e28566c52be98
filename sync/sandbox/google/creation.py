"""A new spreadsheet, made of what `spreadsheets.create` is sent: by the requests that would add each part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sync.sandbox.google.access import Caller
from sync.sandbox.google.batch import KINDS
from sync.sandbox.google.book import Book, Sheet, make_sheet
from sync.sandbox.google.cells import CELL_FIELDS
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import GoogleError, Json, invalid
from sync.sandbox.google.requests_cells import put_cells, tidy
from sync.sandbox.google.requests_sheets import SETTINGS, check_setting, new_sheet
from sync.sandbox.google.world import new_file_id

PARTS: dict[str, tuple[str, Callable[[Json], Json]]] = {
    "merges": ("mergeCells", lambda item: {"range": item, "mergeType": "MERGE_ALL"}),
    "conditionalFormats": ("addConditionalFormatRule", lambda item: {"rule": item}),
    "tables": ("addTable", lambda item: {"table": item}),
    "filterViews": ("addFilterView", lambda item: {"filter": item}),
    "protectedRanges": ("addProtectedRange", lambda item: {"protectedRange": item}),
    "basicFilter": ("setBasicFilter", lambda item: {"filter": item}),
    "charts": ("addChart", lambda item: {"chart": item}),
    "bandedRanges": ("addBanding", lambda item: {"bandedRange": item}),
    "slicers": ("addSlicer", lambda item: {"slicer": item}),
    "rowGroups": ("addDimensionGroup", lambda item: {"range": item.get("range", {})}),
    "columnGroups": ("addDimensionGroup", lambda item: {"range": item.get("range", {})}),
}
"""What a tab may be made with, and the request that adds it."""
LINES = (("rowMetadata", "ROWS", "startRow"), ("columnMetadata", "COLUMNS", "startColumn"))
Step = Callable[[Desk, int, Json], None]


def make_book(body: Json, caller: Caller, *, cell_limit: int) -> Book:
    """Return the spreadsheet that a resource describes; what it cannot be made with is refused by its place."""
    properties = body.get("properties", {})
    book = Book(new_file_id(), properties.get("title") or "Untitled spreadsheet", cell_limit=cell_limit)
    book.locale = check_setting("locale", properties.get("locale", book.locale))
    book.timezone = check_setting("timeZone", properties.get("timeZone", book.timezone))
    book.auto_recalc = properties.get("autoRecalc", book.auto_recalc)
    book.settings = {name: properties[name] for name in SETTINGS if properties.get(name)}
    for name in ("dataSources", "comments"):
        if body.get(name):
            raise invalid(f"{name} in spreadsheets.create is not in the sandbox.")
    desk = Desk(book, caller)
    steps: tuple[Step, ...] = (_add_sheet, _put_data, _put_parts)
    for step in steps:
        for index, wanted in enumerate(body.get("sheets", [])):
            with _named_place(f"sheets[{index}]"):
                step(desk, index, wanted)
    if not book.sheets:
        book.sheets.append(make_sheet(0, "Sheet1"))
    for index, named in enumerate(body.get("namedRanges", [])):
        with _named_place(f"namedRanges[{index}]"):
            KINDS["addNamedRange"](desk, {"namedRange": named})
    for entry in body.get("developerMetadata", []):
        _label(desk, entry, {"spreadsheet": True})
    return book


@contextmanager
def _named_place(place: str) -> Iterator[None]:
    """Let a refusal name the place in the body."""
    try:
        yield
    except GoogleError as error:
        raise error.prefixed(f"Invalid {place}") from None


def _add_sheet(desk: Desk, _: int, wanted: Json) -> None:
    desk.book.sheets.append(new_sheet(desk.book, wanted.get("properties", {})))


def _put_data(desk: Desk, index: int, wanted: Json) -> None:
    sheet = desk.book.sheets[index]
    for data in wanted.get("data", []):
        rows = [row.get("values", []) for row in data.get("rowData", [])]
        for row in rows:
            for cell in row:
                tidy(desk, cell)
        top, left = data.get("startRow", 0), data.get("startColumn", 0)
        _check_room(sheet, top + len(rows), left + max((len(row) for row in rows), default=0))
        put_cells(sheet, (top, left), rows, {name: {} for name in CELL_FIELDS})
        for name, dimension, start in LINES:
            for at, line in enumerate(data.get(name, []), start=data.get(start, 0)):
                _put_line(desk, sheet, (dimension, at), line)


def _check_room(sheet: Sheet, bottom: int, right: int) -> None:
    if bottom > sheet.grid.n_rows or right > sheet.grid.n_columns:
        size = f"Max rows: {sheet.grid.n_rows}, max columns: {sheet.grid.n_columns}"
        raise invalid(f"The data exceeds grid limits. {size}")


def _put_line(desk: Desk, sheet: Sheet, place: tuple[str, int], line: Json) -> None:
    dimension, at = place
    lines = {"sheetId": sheet.sheet_id, "dimension": dimension, "startIndex": at, "endIndex": at + 1}
    kept = {name: line[name] for name in ("pixelSize", "hiddenByUser") if name in line}
    if kept:
        body = {"range": lines, "properties": kept, "fields": ",".join(kept)}
        KINDS["updateDimensionProperties"](desk, body)
    for entry in line.get("developerMetadata", []):
        _label(desk, entry, {"dimensionRange": lines})


def _put_parts(desk: Desk, index: int, wanted: Json) -> None:
    sheet = desk.book.sheets[index]
    for name, (kind, body_of) in PARTS.items():
        items = wanted.get(name, [])
        for at, item in enumerate(items if isinstance(items, list) else [items]):
            body = body_of(_on(sheet, item))
            if kind == "addConditionalFormatRule":
                body["index"] = at
            KINDS[kind](desk, body)
    for entry in wanted.get("developerMetadata", []):
        _label(desk, entry, {"sheetId": sheet.sheet_id})


def _on(sheet: Sheet, item: Json) -> Json:
    """Return a part of a tab whose ranges, where they name no tab, are on this one."""
    if any(name in item for name in ("startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex")):
        return {"sheetId": sheet.sheet_id} | item
    placed = dict(item)
    if "range" in item:
        placed["range"] = {"sheetId": sheet.sheet_id} | item["range"]
    if "ranges" in item:
        placed["ranges"] = [{"sheetId": sheet.sheet_id} | part for part in item["ranges"]]
    return placed


def _label(desk: Desk, entry: Json, location: Json) -> None:
    KINDS["createDeveloperMetadata"](desk, {"developerMetadata": entry | {"location": location}})
