"""A spreadsheet as an XLSX file: every tab, row by row, so that memory does not grow with the file."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from sync.sandbox.google.book import Book, Sheet, range_box
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.formula_looks import look_of
from sync.sandbox.google.hiding import hidden_lines, hidden_rows
from sync.sandbox.google.view import COLUMN_PIXELS
from sync.sandbox.viewer.paint import Bands, letter_style, look_style, read_colour
from sync.sandbox.viewer.xlsx_charts import add_charts
from sync.sandbox.viewer.xlsx_choices import add_validations
from sync.sandbox.viewer.xlsx_formats import Formats
from sync.sandbox.viewer.xlsx_rules import add_rules, excel_formula

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
MAX_CHARACTERS = 32_767  # of a cell and of a comment
MAX_NAME = 31
_OPTIONS = {
    "constant_memory": True,
    # Texts stay texts, whatever they look like.
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "nan_inf_to_errors": True,
    "use_future_functions": True,
    "default_format_properties": {"font_name": "Arial", "font_size": 10},
}
_DEFINED_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,249}\Z")


class TooLargeForXlsx(Exception):
    """A tab that the file form cannot hold."""


def write_xlsx(book: Book, path: str) -> None:
    """Write a spreadsheet that nobody changes meanwhile. Raises TooLargeForXlsx before anything is written."""
    for sheet in book.sheets:
        _check_size(sheet)
    names = sheet_names(book)
    with xlsxwriter.Workbook(path, _OPTIONS) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the form does not take is left out
        file.use_zip64()
        file.set_properties({"title": book.title[:255]})
        formats = Formats(file)
        pages = [file.add_worksheet(names[sheet.sheet_id]) for sheet in book.sheets]
        for sheet, page in zip(book.sheets, pages, strict=True):
            _write_sheet(book, sheet, page, formats=formats, names=names)
            add_charts(book, sheet, page, file=file, names=names)
        first = next((n for n, sheet in enumerate(book.sheets) if not sheet.properties.get("hidden")), 0)
        pages[first].activate()
        pages[first].set_first_sheet()
        _define_names(book, file, names)


def _check_size(sheet: Sheet) -> None:
    n_rows, n_columns = _extent(sheet)
    if n_rows > MAX_ROWS or n_columns > MAX_COLUMNS:
        raise TooLargeForXlsx(
            f'The tab "{sheet.title}" has {n_rows:,} rows and {n_columns:,} columns in use; an XLSX file holds '
            f"{MAX_ROWS:,} and {MAX_COLUMNS:,}. Download it as CSV."
        )


def _extent(sheet: Sheet) -> tuple[int, int]:
    """Return how many rows and columns hold anything that goes into the file."""
    grid = sheet.grid
    seen: dict[int, int] = {}
    n_rows = n_columns = 0
    for row in range(grid.n_rows):
        looks = grid.looks[row]
        if looks is not None and id(looks) not in seen:
            visible = (n + 1 for n, look in enumerate(looks) if {"bg", "bd"} & set(look_style(look)))
            seen[id(looks)] = max(visible, default=0)
        width = max(
            len(grid.cells[row] or ()), max(grid.extras[row] or (-1,)) + 1, seen.get(id(looks), 0) if looks else 0
        )
        if width:
            n_rows, n_columns = row + 1, max(n_columns, width)
    return n_rows, n_columns


def sheet_names(book: Book) -> dict[int, str]:
    """Return a name that Excel takes for each tab, by its id: 31 characters, no brackets, none twice."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    for sheet in book.sheets:
        plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", sheet.title).strip().strip("'") or "Sheet"
        plain = "History_" if plain.casefold() == "history" else plain
        name, n = plain[:MAX_NAME], 1
        while name.casefold() in taken:
            n += 1
            name = f"{plain[: MAX_NAME - len(f' ({n})')]} ({n})"
        taken.add(name.casefold())
        names[sheet.sheet_id] = name
    return names


def _write_sheet(book: Book, sheet: Sheet, page: Worksheet, *, formats: Formats, names: Mapping[int, str]) -> None:
    _write_frame(sheet, page)
    hidden, bands = hidden_rows(book, sheet), Bands(sheet)
    n_rows, n_columns = _extent(sheet)
    for row in range(n_rows):
        _set_row(sheet, page, row, is_hidden=row in hidden, formats=formats)
        grid = sheet.grid
        if grid.cells[row] or grid.looks[row] or grid.extras[row]:
            for column in range(n_columns):
                _write_cell(book, sheet, page, (row, column), tools=(formats, bands, names))
    for row in sorted(set(sheet.row_sizes) | hidden):
        if n_rows <= row < MAX_ROWS:
            _set_row(sheet, page, row, is_hidden=row in hidden, formats=formats)
    add_rules(book, sheet, page, formats=formats, names=names)
    add_validations(book, sheet, page, names=names)
    for merge in sheet.objects.get("merges") or ():
        box = range_box(sheet, merge)
        if box.bottom <= MAX_ROWS and box.right <= MAX_COLUMNS:
            # What `merge_range` does besides: it would write all cells of the range, some of which are on disk by now.
            page.merge.append([box.top, box.left, box.bottom - 1, box.right - 1])


def _write_frame(sheet: Sheet, page: Worksheet) -> None:
    properties = sheet.grid_properties
    page.freeze_panes(properties.get("frozenRowCount") or 0, properties.get("frozenColumnCount") or 0)
    hidden = hidden_lines(sheet.column_sizes)
    page.set_column_pixels(0, min(sheet.grid.n_columns, MAX_COLUMNS) - 1, COLUMN_PIXELS)
    for column, size in sorted(sheet.column_sizes.items()):
        if column < MAX_COLUMNS:
            options = {"hidden": column in hidden}
            page.set_column_pixels(column, column, size.get("pixelSize", COLUMN_PIXELS), None, options)
    if sheet.properties.get("hidden"):
        page.hide()
    if colour := read_colour(sheet.properties, "tabColor"):
        page.set_tab_color(colour)
    if properties.get("hideGridlines"):
        page.hide_gridlines(2)
    if sheet.properties.get("rightToLeft"):
        page.right_to_left()
    basic_filter = sheet.objects.get("basicFilter")
    if basic_filter and "range" in basic_filter:
        box = range_box(sheet, basic_filter["range"])
        if box.bottom <= MAX_ROWS and box.right <= MAX_COLUMNS:
            page.autofilter(box.top, box.left, box.bottom - 1, box.right - 1)


def _set_row(sheet: Sheet, page: Worksheet, row: int, *, is_hidden: bool, formats: Formats) -> None:
    height = sheet.row_sizes.get(row, {}).get("pixelSize")
    if height is not None or is_hidden:
        page.set_row_pixels(row, height, None, {"hidden": is_hidden})
        page.write_blank(row, 0, None, formats.plain)  # a row without any cell would not be written at all


def _write_cell(
    book: Book,
    sheet: Sheet,
    page: Worksheet,
    place: tuple[int, int],
    *,
    tools: tuple[Formats, Bands, Mapping[int, str]],
) -> None:
    row, column = place
    formats, bands, names = tools
    value, look, extra = (
        cell_value(book, sheet, row, column),
        look_of(book, sheet, row, column),
        sheet.grid.extra(row, column),
    )
    band = bands.colour(row, column)
    shape = formats.of(look, band)
    if extra and extra.note:
        page.write_comment(row, column, extra.note[:MAX_CHARACTERS])
    if extra and extra.formula and value != "#ERROR!":
        formula = excel_formula(book, extra.formula, names)
        page.write_formula(row, column, formula, shape, "" if value is None else value)
    elif isinstance(value, bool):
        page.write_boolean(row, column, value, shape)
    elif isinstance(value, str) and extra and extra.runs:
        _write_stretches(page, place, value, runs=extra.runs, shape=shape, formats=formats)
    elif isinstance(value, str):
        page.write_string(row, column, _cut(value), shape)
    elif value is not None:
        page.write_number(row, column, value, shape)
    elif shape is not None and (band or {"bg", "bd"} & set(look_style(look))):
        page.write_blank(row, column, None, shape)


def _write_stretches(
    page: Worksheet,
    place: tuple[int, int],
    text: str,
    *,
    runs: Sequence[Mapping[str, Any]],
    shape: Format | None,
    formats: Formats,
) -> None:
    """Write a text whose stretches have letters of their own; their places are counted in UTF-16 units."""
    units = _cut(text).encode("utf-16-le")
    starts = [0, *(2 * run.get("startIndex", 0) for run in runs), len(units)]
    styles = [{}, *(letter_style(run.get("format") or {}) for run in runs)]
    pieces = []
    for style, start, end in zip(styles, starts, starts[1:], strict=False):
        if part := units[start:end].decode("utf-16-le", "ignore"):
            pieces += [formats.of_style(style), part]
    if len(pieces) > 2:
        page.write_rich_string(*place, *pieces, *([shape] if shape else []))
    else:
        page.write_string(*place, _cut(text), shape)


def _cut(text: str) -> str:
    """Shorten a text to what a cell of the file holds, counted in UTF-16 units as Excel does."""
    units = text.encode("utf-16-le")
    return text if len(units) <= 2 * MAX_CHARACTERS else units[: 2 * MAX_CHARACTERS].decode("utf-16-le", "ignore")


def _define_names(book: Book, file: xlsxwriter.Workbook, names: Mapping[int, str]) -> None:
    for named in book.named_ranges:
        sheet = book.find_id(named["range"].get("sheetId", 0))
        if sheet is None or not _DEFINED_NAME.match(named["name"]):
            continue
        box = range_box(sheet, named["range"])
        quoted = names[sheet.sheet_id].replace("'", "''")
        cells = xlsxwriter.utility.xl_range_abs(
            box.top, box.left, min(box.bottom, MAX_ROWS) - 1, min(box.right, MAX_COLUMNS) - 1
        )
        file.define_name(named["name"], f"='{quoted}'!{cells}")
