"""Batch requests on tabs and on the spreadsheet itself."""

from __future__ import annotations

import random

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import check_cells, check_sheet
from sync.sandbox.google.book import Book, Sheet, check_columns, copy_sheet, make_sheet, need_sheet
from sync.sandbox.google.colours import eight_bits, normal_format
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.follow import follow_everything
from sync.sandbox.google.formulas import follow_title
from sync.sandbox.google.languages import is_locale, is_zone
from sync.sandbox.google.lines import delete_columns, delete_rows, resize_columns, resize_rows
from sync.sandbox.google.masks import Mask, mask_paths, update_mask, wants
from sync.sandbox.google.metadata import copy_metadata, owner_of
from sync.sandbox.google.pivots import point_pivots
from sync.sandbox.google.schema import check_update_mask
from sync.sandbox.google.spans import Deleted
from sync.sandbox.google.view import sheet_properties

MAX_TITLE = 100
MAX_SHEETS = 200
GRID_FLAGS = ("hideGridlines", "rowGroupControlAfter", "columnGroupControlAfter")
SETTINGS = ("iterativeCalculationSettings", "importFunctionsExternalUrlAccessAllowed", "spreadsheetTheme")
PLAIN_PROPERTIES = ("hidden", "rightToLeft")


def add_sheet(desk: Desk, body: Json) -> Json:
    """Add a tab; the caller may choose its id."""
    properties = body.get("properties", {})
    sheet = new_sheet(desk.book, properties)
    index = properties.get("index", len(desk.book.sheets))
    _check_index(desk.book, index)
    desk.book.sheets.insert(index, sheet)
    return {"addSheet": {"properties": sheet_properties(sheet, index)}}


def new_sheet(book: Book, properties: Json) -> Sheet:
    """Make a tab from SheetProperties, checked against the spreadsheet, and not yet part of it."""
    title = properties.get("title") or free_title(book, "Sheet{}")
    _check_title(book, title)
    if len(book.sheets) >= MAX_SHEETS:
        raise invalid(f"You can't have more than {MAX_SHEETS} sheets in a document.")
    if properties.get("sheetType", "GRID") not in {"GRID", "SHEET_TYPE_UNSPECIFIED"}:
        raise invalid(f"sheetType {properties['sheetType']} cannot be added in this way.")
    grid = properties.get("gridProperties", {})
    n_rows, n_columns = grid.get("rowCount", 1000), grid.get("columnCount", 26)
    _check_counts(n_rows, n_columns)
    book.check_cells(n_rows * n_columns)
    sheet = make_sheet(_choose_id(book, properties.get("sheetId")), title, n_rows, n_columns)
    _apply_grid_flags(sheet, grid, {})
    _apply_plain(sheet, properties, {})
    return sheet


def new_object_sheet(book: Book, wanted: int | None) -> Sheet:
    """Return a tab without cells, for a chart of its own, behind the others."""
    if len(book.sheets) >= MAX_SHEETS:
        raise invalid(f"You can't have more than {MAX_SHEETS} sheets in a document.")
    sheet = make_sheet(_choose_id(book, wanted), free_title(book, "Chart{}", first=1), 0, 0)
    sheet.properties["sheetType"] = "OBJECT"
    book.sheets.append(sheet)
    return sheet


def _choose_id(book: Book, wanted: int | None) -> int:
    if wanted is None:
        while book.find_id(chosen := random.randint(1, 2**31 - 1)):
            pass
        return chosen
    if wanted < 0:
        raise invalid("Sheet id must be non-negative.")
    if book.find_id(wanted):
        raise invalid(f"Sheet with id {wanted} already exists.")
    return wanted


def free_title(book: Book, pattern: str, first: int | None = None) -> str:
    """Return the first title of a numbered series that no tab has."""
    number = len(book.sheets) + 1 if first is None else first
    while book.find_title(pattern.format(number)):
        number += 1
    return pattern.format(number)


def _check_title(book: Book, title: str, own: Sheet | None = None) -> None:
    found = book.find_title(title)
    if found is not None and found is not own:
        raise invalid(f'A sheet with the name "{title}" already exists. Please enter another name.')
    if len(title) > MAX_TITLE:
        raise invalid(f"The sheet name cannot be greater than {MAX_TITLE} characters.")


def _check_counts(n_rows: int, n_columns: int) -> None:
    if n_rows < 1 or n_columns < 1:
        raise invalid("gridProperties.rowCount and gridProperties.columnCount must be at least 1.")
    check_columns(n_columns)


def _check_index(book: Book, index: int) -> None:
    if not 0 <= index <= len(book.sheets):
        raise invalid(f"Invalid sheet index: {index}. It must be between 0 and {len(book.sheets)}.")


def delete_sheet(desk: Desk, body: Json) -> Json:
    """Remove a tab and all that hangs on it."""
    book = desk.book
    sheet = need_sheet(book, body.get("sheetId", 0), kind="sheet")
    visible = [other for other in book.sheets if other is not sheet and not other.properties.get("hidden")]
    if not visible:
        raise invalid("You can't remove all the visible sheets in a document.")
    check_sheet(book, sheet, desk.caller)
    book.sheets.remove(sheet)
    book.named_ranges = [named for named in book.named_ranges if named["range"].get("sheetId", 0) != sheet.sheet_id]
    book.metadata = [entry for entry in book.metadata if owner_of(entry) != sheet.sheet_id]
    return {}


def duplicate_sheet(desk: Desk, body: Json) -> Json:
    """Copy a tab within the spreadsheet, with its metadata."""
    book = desk.book
    source = need_sheet(book, body.get("sourceSheetId", 0), kind="sheet")
    title = body.get("newSheetName") or _copy_title(book, source.title)
    index = body.get("insertSheetIndex", 0)
    _check_index(book, index)
    copied = place_copy(desk, source, title, sheet_id=body.get("newSheetId"), metadata=book.metadata[:])
    book.sheets.insert(index, copied)
    return {"duplicateSheet": {"properties": sheet_properties(copied, index)}}


def _copy_title(book: Book, title: str) -> str:
    plain = f"Copy of {title}"
    return plain if book.find_title(plain) is None else free_title(book, plain + " {}", first=2)


def place_copy(desk: Desk, source: Sheet, title: str, *, sheet_id: int | None = None, metadata: list[Json]) -> Sheet:
    """Return a copy of a tab under a new id, its objects and metadata pointing to itself."""
    book = desk.book
    _check_title(book, title)
    book.check_cells(source.n_cells)
    copied = copy_sheet(source)
    copied.sheet_id, copied.title = _choose_id(book, sheet_id), title
    _point_to(copied.objects, copied.sheet_id)
    _renew_ids(desk, copied.objects)
    copy_metadata(book, source, copied, metadata)
    point_pivots(book, copied, source.sheet_id, same_book=source in book.sheets)
    return copied


def free_table_name(book: Book, name: str) -> str:
    """Return a name that no table has, for the copy of one."""
    taken = {table["name"].casefold() for sheet in book.sheets for table in sheet.objects["tables"]}
    number = 2
    while name.casefold() in taken:
        name, number = f"{name.rpartition('_')[0] or name if number > 2 else name}_{number}", number + 1
    return name


def _point_to(node: object, sheet_id: int) -> None:
    if isinstance(node, list):
        for item in node:
            _point_to(item, sheet_id)
    elif isinstance(node, dict):
        if "sheetId" in node:
            node["sheetId"] = sheet_id
        for value in node.values():
            _point_to(value, sheet_id)


def _renew_ids(desk: Desk, objects: Json) -> None:
    names = {"protectedRanges": "protectedRangeId", "filterViews": "filterViewId", "bandedRanges": "bandedRangeId"}
    for name, key in (names | {"charts": "chartId", "slicers": "slicerId"}).items():
        for item in objects[name]:
            item[key] = desk.new_id()
    for table in objects["tables"]:
        table |= {"tableId": str(desk.new_id()), "name": free_table_name(desk.book, table["name"])}


def update_spreadsheet_properties(desk: Desk, body: Json) -> Json:
    """Change title, locale or time zone."""
    mask = update_mask(body.get("fields"), root="properties")
    check_update_mask(mask_paths(mask), "SpreadsheetProperties")
    new = body.get("properties", {})
    names = {"title": "title", "locale": "locale", "timeZone": "timezone", "autoRecalc": "auto_recalc"}
    for field, attribute in names.items():
        if wants(mask, field) and field in new:
            setattr(desk.book, attribute, check_setting(field, new[field]))
    for field in SETTINGS:
        if wants(mask, field) and (mask or field in new):
            desk.book.settings.pop(field, None)
            desk.book.settings |= {field: new[field]} if new.get(field) else {}
    return {}


def check_setting(field: str, value: str) -> str:
    """Return a property of a spreadsheet, refused when it is none that a spreadsheet can have."""
    if field == "title" and not value:
        raise invalid("You can't give a spreadsheet an empty name.")
    if field == "locale" and not is_locale(value):
        raise invalid(f"Unsupported locale: {value}")
    if field == "timeZone" and not is_zone(value):
        raise invalid(f"Invalid time zone: {value}")
    return value


def update_sheet_properties(desk: Desk, body: Json) -> Json:
    """Change title, place, size, freezing, colour or visibility of a tab."""
    mask = update_mask(body.get("fields"), root="properties")
    check_update_mask(mask_paths(mask), "SheetProperties")
    new = body.get("properties", {})
    book = desk.book
    sheet = need_sheet(book, new.get("sheetId", 0), kind="sheet")
    if wants(mask, "title") and (mask or "title" in new):
        _rename(desk, sheet, new.get("title", ""))
    if not sheet.is_grid and wants(mask, "gridProperties") and (mask or "gridProperties" in new):
        raise invalid("Grid properties cannot be set on a sheet that has no grid.")
    _apply_size(desk, sheet, new.get("gridProperties", {}), mask)
    grid_mask = mask.get("gridProperties", {}) if mask else {}
    if wants(mask, "gridProperties"):
        _apply_grid_flags(sheet, new.get("gridProperties", {}), grid_mask, all_named=bool(mask))
    _apply_plain(sheet, new, mask)
    if all(other.properties.get("hidden") for other in book.sheets):
        raise invalid("You can't hide all the sheets in a document.")
    if wants(mask, "index") and "index" in new:
        _reorder(book, sheet, new["index"])
    return {}


def _rename(desk: Desk, sheet: Sheet, title: str) -> None:
    if not title:
        raise invalid("You can't give a sheet an empty name.")
    _check_title(desk.book, title, own=sheet)
    old, sheet.title = sheet.title, title
    follow_title(desk.book, old, title)


def _reorder(book: Book, sheet: Sheet, index: int) -> None:
    _check_index(book, index)
    old = book.sheets.index(sheet)
    book.sheets.remove(sheet)
    # the index counts as if the tab still stood at its old place
    book.sheets.insert(index - 1 if index > old else index, sheet)


def _apply_plain(sheet: Sheet, new: Json, mask: Mask) -> None:
    for name in PLAIN_PROPERTIES:
        if wants(mask, name) and (mask or name in new):
            sheet.properties[name] = new.get(name, False)
    named = [name for name in ("tabColor", "tabColorStyle") if (name in mask if mask else name in new)]
    if named:
        colours = {name: eight_bits(new[name]) for name in named if new.get(name)}
        for name in ("tabColor", "tabColorStyle"):
            sheet.properties.pop(name, None)
        sheet.properties |= normal_format(colours)


def _apply_grid_flags(sheet: Sheet, grid: Json, mask: Mask, *, all_named: bool = False) -> None:
    for name in GRID_FLAGS:
        if name in grid or (all_named and name in mask):
            sheet.grid_properties[name] = grid.get(name, False)
    frozen = dict(sheet.grid_properties)
    for name in ("frozenRowCount", "frozenColumnCount"):
        if (name in grid and wants(mask, name)) or (all_named and name in mask):
            frozen[name] = grid.get(name, 0)
    _check_frozen(sheet, frozen)
    sheet.grid_properties = frozen


def _check_frozen(sheet: Sheet, frozen: Json) -> None:
    for name, count, lines in (
        ("frozenRowCount", sheet.grid.n_rows, "rows"),
        ("frozenColumnCount", sheet.grid.n_columns, "columns"),
    ):
        wanted = frozen.get(name, 0)
        if wanted < 0:
            raise invalid(f"gridProperties.{name} must not be negative.")
        if wanted and wanted >= count:
            raise invalid(f"You can't freeze all visible {lines} on the sheet.")
        if wanted != sheet.grid_properties.get(name, 0):
            _check_merges(sheet, wanted, lines)


def _check_merges(sheet: Sheet, count: int, lines: str) -> None:
    axis = "Row" if lines == "rows" else "Column"
    for merge in sheet.objects["merges"]:
        if merge[f"start{axis}Index"] < count < merge[f"end{axis}Index"]:
            raise invalid(f"Sorry, you can't freeze {lines} which contain only part of a merged cell.")


def _apply_size(desk: Desk, sheet: Sheet, grid: Json, mask: Mask) -> None:
    """Resize, rows first: the cell limit is checked before the new column count counts, as the service does."""
    if wants(mask, "gridProperties", "rowCount") and "rowCount" in grid:
        set_row_count(desk, sheet, grid["rowCount"])
    if wants(mask, "gridProperties", "columnCount") and "columnCount" in grid:
        set_column_count(desk, sheet, grid["columnCount"])


def set_row_count(desk: Desk, sheet: Sheet, count: int) -> None:
    """Give a tab this many rows; rows beyond are deleted."""
    grid = sheet.grid
    _check_counts(count, grid.n_columns)
    desk.book.check_cells((count - grid.n_rows) * grid.n_columns)
    if count < grid.n_rows:
        cut_lines(desk, sheet, "ROWS", Deleted(count, grid.n_rows))
    else:
        resize_rows(grid, count)


def set_column_count(desk: Desk, sheet: Sheet, count: int) -> None:
    """Give a tab this many columns; columns beyond are deleted."""
    grid = sheet.grid
    _check_counts(grid.n_rows, count)
    desk.book.check_cells((count - grid.n_columns) * grid.n_rows)
    if count < grid.n_columns:
        cut_lines(desk, sheet, "COLUMNS", Deleted(count, grid.n_columns))
    else:
        resize_columns(grid, count)


def cut_lines(desk: Desk, sheet: Sheet, dimension: str, change: Deleted) -> None:
    """Delete rows or columns with all that follows from it."""
    start, end = change.start, change.end
    grid = sheet.grid
    by_rows = dimension == "ROWS"
    gone = Box(start, end, 0, grid.n_columns) if by_rows else Box(0, grid.n_rows, start, end)
    check_cells(desk.book, sheet, gone, desk.caller)
    name = "frozenRowCount" if by_rows else "frozenColumnCount"
    frozen = sheet.grid_properties.get(name, 0)
    kept_frozen = frozen - max(0, min(end, frozen) - start)
    left = sheet.count(dimension) - (end - start)
    if left < 1 or (frozen and left <= kept_frozen):
        lines = "rows" if by_rows else "columns"
        if frozen:
            raise invalid(f"Sorry, it is not possible to delete all non-frozen {lines}.")
        raise invalid(f"You can't delete all the {lines} on the sheet.")
    if frozen:
        sheet.grid_properties[name] = kept_frozen
    (delete_rows if by_rows else delete_columns)(grid, start, end)
    follow_everything(desk.book, sheet, dimension, change)
