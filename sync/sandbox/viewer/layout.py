"""The frame of one tab: sizes of rows and columns, what is hidden, merged, filtered and protected. No cells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sync.sandbox.google.a1 import Box, cells_text
from sync.sandbox.google.access import protected_range
from sync.sandbox.google.book import Book, Sheet, range_box
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.formula_looks import look_of
from sync.sandbox.google.grid import Looks
from sync.sandbox.google.hiding import filter_criteria, hidden_lines, hidden_rows, to_runs
from sync.sandbox.google.shows import show
from sync.sandbox.google.view import COLUMN_PIXELS, ROW_PIXELS
from sync.sandbox.google.widths import PADDING_PIXELS, text_pixels
from sync.sandbox.viewer.paint import look_style, read_colour

USUAL_POINTS = 10
LINE_PIXELS = 17  # of wrapped text in the usual size
MAX_FITTED_ROWS = 5_000  # rows whose height follows their text; in longer tabs only rows with a set height differ
MAX_FITTED_LINES = 40
MAX_TURNED_LETTERS = 80
TURNED_ROOM = 6


def tab_line(sheet: Sheet) -> dict[str, Any]:
    """Return what the list of tabs needs."""
    return {
        "id": sheet.sheet_id,
        "title": sheet.title,
        "hidden": bool(sheet.properties.get("hidden")),
        "color": read_colour(sheet.properties, "tabColor"),
        "n_rows": sheet.grid.n_rows,
        "n_columns": sheet.grid.n_columns,
    }


def tab_frame(book: Book, sheet: Sheet) -> dict[str, Any]:
    """Return one tab without its cells."""
    hidden = hidden_rows(book, sheet)
    heights = _fitted_heights(book, sheet) | _pixels(sheet.row_sizes, ROW_PIXELS)
    properties = sheet.grid_properties
    return tab_line(sheet) | {
        "frozen_rows": properties.get("frozenRowCount") or 0,
        "frozen_columns": properties.get("frozenColumnCount") or 0,
        "gridlines": not properties.get("hideGridlines"),
        "right_to_left": bool(sheet.properties.get("rightToLeft")),
        "row_px": ROW_PIXELS,
        "column_px": COLUMN_PIXELS,
        "heights": _size_runs(heights),
        "widths": _size_runs(_pixels(sheet.column_sizes, COLUMN_PIXELS)),
        "hidden_rows": to_runs(sorted(hidden)),
        "hidden_columns": to_runs(sorted(hidden_lines(sheet.column_sizes))),
        "merges": [_sides(range_box(sheet, merge)) for merge in sheet.objects.get("merges") or ()],
        "filter": _show_filter(sheet),
        "protected": _show_protections(book, sheet),
        "empty": not any(sheet.grid.cells) and not any(sheet.grid.extras),
        "n_charts": sum(len(sheet.objects.get(name) or ()) for name in ("charts", "slicers")),
    }


def _sides(box: Box) -> list[int]:
    return [box.top, box.bottom, box.left, box.right]


def _pixels(sizes: Mapping[int, Mapping[str, Any]], usual: int) -> dict[int, int]:
    return {
        index: size["pixelSize"]
        for index, size in sizes.items()
        if isinstance(size.get("pixelSize"), int) and size["pixelSize"] != usual
    }


def _size_runs(pixels: Mapping[int, int]) -> list[list[int]]:
    """Join lines of one size to [start, end, pixels]."""
    runs: list[list[int]] = []
    for index in sorted(pixels):
        if runs and runs[-1][1] == index and runs[-1][2] == pixels[index]:
            runs[-1][1] = index + 1
        else:
            runs.append([index, index + 1, pixels[index]])
    return runs


def _show_filter(sheet: Sheet) -> dict[str, Any] | None:
    basic_filter = sheet.objects.get("basicFilter")
    if not basic_filter or "range" not in basic_filter:
        return None
    return {"box": _sides(range_box(sheet, basic_filter["range"])), "columns": sorted(filter_criteria(basic_filter))}


def _show_protections(book: Book, sheet: Sheet) -> list[dict[str, Any]]:
    found = []
    for protection in sheet.objects.get("protectedRanges") or ():
        covered = protected_range(book, protection)
        if covered is None:
            continue
        box = range_box(sheet, covered)
        found.append(
            {
                **dict(zip(("top", "bottom", "left", "right"), _sides(box), strict=True)),
                "where": "the whole tab" if box == sheet.box else cells_text(box),
                "description": str(protection.get("description") or ""),
                "warning": bool(protection.get("warningOnly")),
            }
        )
    return found


# ---- rows that grow with their text, as the service lets them


def _fitted_heights(book: Book, sheet: Sheet) -> dict[int, int]:
    """Return the heights of rows that hold wrapped, large or broken text, where nobody set a height."""
    grid = sheet.grid
    if grid.n_rows > MAX_FITTED_ROWS:
        return {}
    grows: dict[int, bool] = {}
    found = {}
    for row in range(grid.n_rows):
        looks = grid.looks[row]
        if looks is not None and id(looks) not in grows:
            grows[id(looks)] = _may_grow(looks)
        stored = grid.cells[row] or ()
        if (looks is not None and grows[id(looks)]) or any(type(value) is str and "\n" in value for value in stored):
            height = _row_height(book, sheet, row)
            if height > ROW_PIXELS:
                found[row] = height
    return found


def _may_grow(looks: Looks) -> bool:
    styles = [look_style(look) for look in looks if look is not None]
    return any(
        style.get("wr") == "w" or "ro" in style or style.get("sz", USUAL_POINTS) > USUAL_POINTS for style in styles
    )


def _row_height(book: Book, sheet: Sheet, row: int) -> int:
    grid = sheet.grid
    height = 0
    merged = _merged_columns(sheet, row)
    for column in range(max(len(grid.cells[row] or ()), len(grid.looks[row] or ()))):
        value = cell_value(book, sheet, row, column)
        if value is None or column in merged:
            continue
        style = look_style(look_of(book, sheet, row, column))
        points = style.get("sz", USUAL_POINTS)
        text = show(value, look_of(book, sheet, row, column), book.locale)
        if "ro" in style:
            height = max(height, round(_turned_height(text, style["ro"]) * points / USUAL_POINTS) + TURNED_ROOM)
            continue
        width = sheet.column_sizes.get(column, {}).get("pixelSize", COLUMN_PIXELS) if style.get("wr") == "w" else None
        n_lines = _count_lines(text, width, points / USUAL_POINTS)
        height = max(height, round(n_lines * LINE_PIXELS * points / USUAL_POINTS) + ROW_PIXELS - LINE_PIXELS)
    return height


def _turned_height(text: str, rotation: int | str) -> float:
    """Return the height of a text in the usual size that is turned by an angle, or stands letter by letter."""
    text = text[:MAX_TURNED_LETTERS]
    if rotation == "v":
        return len(text) * LINE_PIXELS
    angle = math.radians(abs(int(rotation)))
    return (text_pixels(text) - PADDING_PIXELS) * math.sin(angle) + LINE_PIXELS * math.cos(angle)


def _merged_columns(sheet: Sheet, row: int) -> set[int]:
    """Return the columns whose cell in this row is part of a merge, as these do not make rows grow."""
    boxes = [range_box(sheet, merge) for merge in sheet.objects.get("merges") or ()]
    return {column for box in boxes if box.top <= row < box.bottom for column in range(box.left, box.right)}


def _count_lines(text: str, width: int | None, scale: float) -> int:
    n_lines = 0
    for line in text.split("\n"):
        room = (width or 0) - PADDING_PIXELS
        wide = (text_pixels(line[:10_000]) - PADDING_PIXELS) * scale
        n_lines += 1 if width is None or room <= 0 else max(1, math.ceil(wide / room))
    return min(n_lines, MAX_FITTED_LINES)
