"""What `spreadsheets.get` shows of a spreadsheet. Only what the mask names is worked out."""

from __future__ import annotations

from typing import Any

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import Caller, can_edit
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.cells import Usual, show_cell
from sync.sandbox.google.colours import THEME_COLOURS, WHITE
from sync.sandbox.google.conditional import Rules
from sync.sandbox.google.errors import Json
from sync.sandbox.google.hiding import filtered_rows
from sync.sandbox.google.masks import Mask, apply_mask, below, wants
from sync.sandbox.google.metadata import shown_metadata
from sync.sandbox.google.tables import band_of, show_table

DEFAULT_FORMAT: Json = {
    "backgroundColor": WHITE,
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": {
        "foregroundColor": {},
        "fontFamily": "arial,sans,sans-serif",
        "fontSize": 10,
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "foregroundColorStyle": {"rgbColor": {}},
    },
    "backgroundColorStyle": {"rgbColor": WHITE},
}
THEME: Json = {
    "primaryFontFamily": "Arial",
    "themeColors": [{"colorType": kind, "color": {"rgbColor": rgb}} for kind, rgb in THEME_COLOURS.items()],
}
ROW_PIXELS, COLUMN_PIXELS = 21, 100
Ranges = list[tuple[Sheet, Box]]


def show_book(
    book: Book,
    mask: Mask,
    caller: Caller,
    *,
    ranges: Ranges | None,
    grid_data: bool | None,
    table_bands: bool = True,
) -> Json:
    """Return a spreadsheet as an answer. `ranges` limits tabs and grid data; grid_data None leaves it to the mask.

    `table_bands` shows the colours of tables among the banded ranges too.
    """
    shown: Json = {}
    if grid_data is None:
        grid_data = wants(mask, "sheets", "data")
    if wants(mask, "spreadsheetId"):
        shown["spreadsheetId"] = book.id
    if wants(mask, "properties"):
        shown["properties"] = book_properties(book)
    if wants(mask, "sheets"):
        shown["sheets"] = _show_sheets(book, below(mask, "sheets"), caller, ranges=ranges, grid_data=grid_data)
        if table_bands and wants(mask, "sheets", "bandedRanges"):
            _add_bands(book, shown["sheets"], ranges)
    if wants(mask, "namedRanges") and book.named_ranges:
        shown["namedRanges"] = [show_named(named) for named in book.named_ranges]
    if wants(mask, "spreadsheetUrl"):
        shown["spreadsheetUrl"] = f"https://docs.google.com/spreadsheets/d/{book.id}/edit"
    if wants(mask, "developerMetadata"):
        own = [entry for entry in book.metadata if entry["location"]["locationType"] == "SPREADSHEET"]
        if own:
            shown["developerMetadata"] = own
    found: Json = apply_mask(shown, mask)
    return found


def book_properties(book: Book) -> Json:
    """Return SpreadsheetProperties."""
    return {
        "title": book.title,
        "locale": book.locale,
        "autoRecalc": book.auto_recalc,
        "timeZone": book.timezone,
        "defaultFormat": DEFAULT_FORMAT,
        "spreadsheetTheme": THEME,
    } | book.settings


def _show_sheets(book: Book, mask: Mask, caller: Caller, *, ranges: Ranges | None, grid_data: bool) -> list[Json]:
    shown = []
    for index, sheet in enumerate(book.sheets):
        boxes = [box for owner, box in ranges if owner is sheet] if ranges is not None else [sheet.box]
        if boxes:
            wanted = boxes if grid_data and sheet.is_grid else []
            shown.append(_show_sheet(book, index, mask, caller) | _show_data(book, sheet, wanted, mask))
    return shown


def _show_sheet(book: Book, index: int, mask: Mask, caller: Caller) -> Json:
    sheet = book.sheets[index]
    shown: Json = {}
    if wants(mask, "properties"):
        shown["properties"] = sheet_properties(sheet, index)
    for name, value in sheet.objects.items():
        if value and wants(mask, name):
            tables = [show_table(book, sheet, table) for table in value] if name == "tables" else None
            shown[name] = tables or _show_objects(name, value, caller)
    if wants(mask, "developerMetadata"):
        own = [entry for entry in book.metadata if entry["location"].get("sheetId") == sheet.sheet_id]
        if own:
            shown["developerMetadata"] = own
    return shown


def sheet_properties(sheet: Sheet, index: int) -> Json:
    """Return SheetProperties."""
    grid: Json = {"rowCount": sheet.grid.n_rows, "columnCount": sheet.grid.n_columns}
    grid |= {name: value for name, value in sheet.grid_properties.items() if value}
    start = {"sheetId": sheet.sheet_id, "title": sheet.title, "index": index, "sheetType": "GRID"}
    start |= {"gridProperties": grid} if sheet.is_grid else {}
    return start | {name: value for name, value in sheet.properties.items() if value not in (False, None)}


def show_range(grid_range: Json) -> Json:
    """Write a range as answers do: the tab with id 0 is left out."""
    return {name: value for name, value in grid_range.items() if name != "sheetId" or value}


def show_named(named: Json) -> Json:
    """Write a named range."""
    return named | {"range": show_range(named["range"])}


def show_protection(protection: Json, caller: Caller) -> Json:
    """Write a protected range as this caller sees it: editors are shown to editors."""
    shown = {name: value for name, value in protection.items() if value not in (False, "")}
    if "range" in shown:
        shown["range"] = show_range(shown["range"])
    if "unprotectedRanges" in shown:
        shown["unprotectedRanges"] = [show_range(part) for part in shown["unprotectedRanges"]]
    if can_edit(protection, caller):
        shown["requestingUserCanEdit"] = True
    else:
        shown.pop("editors", None)
    return shown


def _show_objects(name: str, value: Any, caller: Caller) -> Any:
    if name == "merges":
        return [show_range(merge) for merge in value]
    if name == "protectedRanges":
        return [show_protection(protection, caller) for protection in value]
    if name == "conditionalFormats":
        return [show_rule(rule) for rule in value]
    if name == "basicFilter":
        return show_ranged(value)
    if name in {"charts", "slicers"}:
        return [(show_chart if name == "charts" else show_slicer)(item) for item in value]
    return [show_ranged(item) for item in value]


def show_rule(rule: Json) -> Json:
    """Write a conditional format rule."""
    return rule | {"ranges": [show_range(part) for part in rule["ranges"]]}


def _add_bands(book: Book, shown: list[Json], ranges: Ranges | None) -> None:
    sheets = [sheet for sheet in book.sheets if ranges is None or any(owner is sheet for owner, _ in ranges)]
    for sheet, entry in zip(sheets, shown, strict=True):
        if sheet.objects["tables"]:
            entry.setdefault("bandedRanges", []).extend(band_of(table) for table in sheet.objects["tables"])


def _without_zeros(place: Json) -> Json:
    return {name: value for name, value in place.items() if value}


def show_position(position: Json) -> Json:
    """Write where a chart or slicer lies: a cell's zeros are left out, and so are offsets of zero."""
    if "overlayPosition" not in position:
        return position
    overlay = dict(position["overlayPosition"])
    overlay["anchorCell"] = _without_zeros(overlay.get("anchorCell", {}))
    return {"overlayPosition": {name: value for name, value in overlay.items() if value != 0}}


def show_chart(chart: Json) -> Json:
    """Write a chart."""
    return chart | {"spec": _show_sources(chart["spec"]), "position": show_position(chart["position"])}


def _show_sources(node: Any) -> Any:
    if isinstance(node, list):
        return [_show_sources(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        name: [show_range(part) for part in item] if name == "sources" else _show_sources(item)
        for name, item in node.items()
    }


def show_slicer(slicer: Json) -> Json:
    """Write a slicer."""
    spec = slicer["spec"] | {"dataRange": show_range(slicer["spec"]["dataRange"])}
    return slicer | {"spec": spec, "position": show_position(slicer["position"])}


def show_ranged(item: Json) -> Json:
    """Write anything that has a `range`."""
    return item | {"range": show_range(item["range"])} if "range" in item else item


def _show_data(book: Book, sheet: Sheet, boxes: list[Box], mask: Mask) -> Json:
    if not boxes:
        return {}
    inner = below(mask, "data")
    return {"data": [_show_box(book, sheet, box, inner) for box in boxes]}


def _show_box(book: Book, sheet: Sheet, box: Box, mask: Mask) -> Json:
    shown: Json = {name: at for name, at in (("startRow", box.top), ("startColumn", box.left)) if at}
    if wants(mask, "rowData"):
        rows = _row_data(book, sheet, box, below(below(mask, "rowData"), "values"))
        if rows:
            shown["rowData"] = rows
    if wants(mask, "rowMetadata"):
        shown["rowMetadata"] = _lines(book, sheet, "ROWS", range(box.top, box.bottom))
    if wants(mask, "columnMetadata"):
        shown["columnMetadata"] = _lines(book, sheet, "COLUMNS", range(box.left, box.right))
    return shown


def _row_data(book: Book, sheet: Sheet, box: Box, mask: Mask) -> list[Json]:
    """Show the cells of a rectangle. Cells in which nothing that the mask names is set are cut at the ends."""
    rows: list[Json] = []
    said = Rules(book, sheet).within(box) if sheet.objects["conditionalFormats"] else []
    usual = Usual(DEFAULT_FORMAT, said if wants(mask, "effectiveFormat") else [])
    for row in range(box.top, box.bottom):
        cells = []
        grid = sheet.grid
        if said or grid.cells[row] or grid.extras[row] or grid.looks[row]:
            cells = [show_cell(book, sheet, (row, column), usual) for column in range(box.left, box.right)]
            cells = [apply_mask(cell, mask) for cell in cells]
        while cells and not cells[-1]:
            cells.pop()
        rows.append({"values": cells} if cells else {})
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _lines(book: Book, sheet: Sheet, dimension: str, span: range) -> list[Json]:
    pixels = ROW_PIXELS if dimension == "ROWS" else COLUMN_PIXELS
    sizes, labels = sheet.sizes(dimension), _labels(book, sheet, dimension)
    filtered = filtered_rows(book, sheet) if dimension == "ROWS" else set()
    lines = []
    for index in span:
        size = {name: value for name, value in sizes.get(index, {}).items() if value is not False}
        line: Json = {"pixelSize": pixels} | size
        if index in filtered:
            line["hiddenByFilter"] = True
        if index in labels:
            line["developerMetadata"] = labels[index]
        lines.append(line)
    return lines


def _labels(book: Book, sheet: Sheet, dimension: str) -> dict[int, list[Json]]:
    labels: dict[int, list[Json]] = {}
    for entry in book.metadata:
        lines = entry["location"].get("dimensionRange")
        if lines and lines["sheetId"] == sheet.sheet_id and lines["dimension"] == dimension:
            labels.setdefault(lines["startIndex"], []).append(shown_metadata(entry))
    return labels
