"""What the page shows of one spreadsheet: tabs and windows of cells, as plain values."""

from __future__ import annotations

from typing import Any

from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.formats import show
from sync.sandbox.google.grid import Look, Value

_WHITE = {"red": 1, "green": 1, "blue": 1}


def show_spreadsheet(book: Book) -> dict[str, Any]:
    """Return the spreadsheet and its tabs, without cells."""
    return {
        "id": book.id,
        "title": book.title,
        "revision": book.revision,
        "timezone": book.timezone,
        "n_cells": book.n_cells,
        "tabs": [_show_tab(sheet) for sheet in book.sheets],
    }


def show_rows(book: Book, tab_id: int, *, top: int, bottom: int) -> list[list[Any]] | None:
    """Return rows of cells as a person sees them; None when there is no such tab."""
    sheet = book.find_id(tab_id)
    if sheet is None:
        return None
    return [_show_row(book, sheet, row) for row in range(top, min(bottom, sheet.grid.n_rows))]


def _show_tab(sheet: Sheet) -> dict[str, Any]:
    sizes = {str(column): size["pixelSize"] for column, size in sheet.column_sizes.items() if "pixelSize" in size}
    return {
        "id": sheet.sheet_id,
        "title": sheet.title,
        "hidden": bool(sheet.properties.get("hidden")),
        "color": _colour(sheet.properties.get("tabColor")),
        "n_rows": sheet.grid.n_rows,
        "n_columns": sheet.grid.n_columns,
        "frozen_rows": sheet.grid_properties.get("frozenRowCount") or 0,
        "frozen_columns": sheet.grid_properties.get("frozenColumnCount") or 0,
        "widths": sizes,
    }


def _show_row(book: Book, sheet: Sheet, row: int) -> list[Any]:
    grid = sheet.grid
    width = max(len(grid.cells[row] or ()), len(grid.looks[row] or ()), max(grid.extras[row] or (-1,)) + 1)
    cells = [_show_cell(book, sheet, row, column) for column in range(min(width, grid.n_columns))]
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _show_cell(book: Book, sheet: Sheet, row: int, column: int) -> str | dict[str, Any] | None:
    value = cell_value(book, sheet, row, column)
    extra, look = sheet.grid.extra(row, column), sheet.grid.look(row, column)
    shown = _show_look(value, look)
    if extra and extra.note:
        shown["n"] = extra.note
    if extra and extra.formula:
        shown["f"] = extra.formula
    text = "" if value is None else show(value, look)
    if shown:
        return {"t": text, **shown}
    return text or None


def _show_look(value: Value, look: Look | None) -> dict[str, Any]:
    chosen = look.format if look else {}
    letters = chosen.get("textFormat", {})
    aligned = chosen.get("horizontalAlignment")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    found = {
        "r": aligned == "RIGHT" or (aligned is None and is_number),
        "b": bool(letters.get("bold")),
        "i": bool(letters.get("italic")),
        "fg": _colour(letters.get("foregroundColor")),
        "bg": _colour(chosen.get("backgroundColor")),
    }
    return {name: worth for name, worth in found.items() if worth}


def _colour(colour: dict[str, float] | None) -> str | None:
    """Write a colour as #rrggbb; white paper needs none."""
    if colour is None or colour == _WHITE:
        return None
    return "#" + "".join(f"{round(255 * colour.get(name, 0)):02x}" for name in ("red", "green", "blue"))
