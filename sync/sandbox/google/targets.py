"""From A1 text and data filters to tabs and rectangles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sync.sandbox.google.a1 import Box, Rect, parse_cells, range_text, split_title
from sync.sandbox.google.book import Book, Sheet, check_order, close_rect, grid_rect, need_sheet
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.metadata import find_metadata, location_range


@dataclass(frozen=True, slots=True)
class Target:
    """A place that a request names. `is_origin` means that only its first cell counts when data is written."""

    sheet: Sheet
    rect: Rect
    is_origin: bool = False

    def to_read(self) -> Box:
        """Close it against the grid; what lies beyond is cut off."""
        return close_rect(self.sheet, self.rect, clip=True)

    def bound(self) -> Box:
        """Return the rectangle as it was asked for, which may reach beyond the grid; open ends are the grid's."""
        grid, rect = self.sheet.grid, self.rect
        bottom = grid.n_rows if rect.bottom is None else rect.bottom
        return Box(rect.top, bottom, rect.left, grid.n_columns if rect.right is None else rect.right)

    def text(self, box: Box) -> str:
        """Write a rectangle of this tab as answers do."""
        return range_text(self.sheet.title, box)


def whole_sheet() -> Rect:
    """Return the rectangle that reaches to all ends."""
    return Rect(0, None, 0, None)


def find_a1(book: Book, text: str) -> Target:
    """Find what a range text means: cells, a tab, or a named range."""
    title, cells = split_title(text)
    if title is None:
        rect = parse_cells(cells)
        if rect is not None:
            return _target(_first_visible(book), rect)
        whole = _grid_titled(book, text)
        if whole is None or any(named["name"].casefold() == text.casefold() for named in book.named_ranges):
            return _find_named(book, cells, text)  # without a mark, a named range hides a tab of that name
        return Target(whole, Rect(0, None, 0, None))
    sheet = _grid_titled(book, title)
    if sheet is None:
        whole = _grid_titled(book, text)
        if whole is not None:
            return Target(whole, Rect(0, None, 0, None))
        raise invalid(f"Unable to parse range: {text}")
    if not cells and not text.endswith("!"):
        return Target(sheet, Rect(0, None, 0, None))
    rect = parse_cells(cells)
    return _target(sheet, rect) if rect is not None else _find_named(book, cells, text)


def _grid_titled(book: Book, title: str) -> Sheet | None:
    found = book.find_title(title)
    return found if found is not None and found.is_grid else None


def _first_visible(book: Book) -> Sheet:
    grids = [sheet for sheet in book.sheets if sheet.is_grid]
    if not grids:
        raise invalid("Unable to parse range: there is no sheet with cells.")
    return next((sheet for sheet in grids if not sheet.properties.get("hidden")), grids[0])


def _target(sheet: Sheet, rect: Rect) -> Target:
    return Target(sheet, rect, is_origin=rect.bottom == rect.top + 1 and rect.right == rect.left + 1)


def _find_named(book: Book, name: str, text: str) -> Target:
    for named in book.named_ranges:
        if named["name"].casefold() == name.casefold():
            return Target(need_sheet(book, named["range"].get("sheetId", 0)), grid_rect(named["range"]))
    raise invalid(f"Unable to parse range: {text}")


def find_filter(book: Book, data_filter: Json) -> Iterator[Target]:
    """Find every place that a data filter selects; metadata may select several, or none."""
    if "a1Range" in data_filter:
        found = find_a1(book, data_filter["a1Range"])
        yield Target(found.sheet, found.rect)
    elif "gridRange" in data_filter:
        yield _find_grid_range(book, data_filter["gridRange"])
    elif "developerMetadataLookup" in data_filter:
        for entry in find_metadata(book, data_filter["developerMetadataLookup"]):
            for grid_range in location_range(book, entry["location"]):
                yield _find_grid_range(book, grid_range)
    else:
        raise invalid("Must specify at least one data filter.")


def _find_grid_range(book: Book, grid_range: Json) -> Target:
    sheet = need_sheet(book, grid_range.get("sheetId", 0))
    check_order(grid_range)
    rect = grid_rect(grid_range)
    if rect.bottom == rect.top or rect.right == rect.left:
        raise invalid("The range must not be empty.")
    return Target(sheet, rect)
