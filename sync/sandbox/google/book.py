"""A spreadsheet: its tabs, what hangs on them, and the look-ups by id, title and name."""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass, field
from typing import Any

from sync.sandbox.google.a1 import MAX_COLUMNS, Box, Rect, open_range_text
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.grid import Grid, Undo, begin_undo, new_grid, put_back

OBJECT_LISTS = (
    "merges",
    "protectedRanges",
    "filterViews",
    "conditionalFormats",
    "bandedRanges",
    "charts",
    "slicers",
    "tables",
    "rowGroups",
    "columnGroups",
)


def empty_objects() -> Json:
    """Return the object lists of a tab that has none."""
    return {name: [] for name in OBJECT_LISTS} | {"basicFilter": None}


@dataclass(slots=True)
class Sheet:
    """One tab. `properties` holds what is neither id, title, index nor grid size; sizes of lines are kept by index."""

    sheet_id: int
    title: str
    grid: Grid
    properties: Json = field(default_factory=dict)
    grid_properties: Json = field(default_factory=dict)
    row_sizes: dict[int, Json] = field(default_factory=dict)
    column_sizes: dict[int, Json] = field(default_factory=dict)
    objects: Json = field(default_factory=empty_objects)

    @property
    def is_grid(self) -> bool:
        """Whether it has cells; a tab that is a chart has none."""
        return self.properties.get("sheetType") != "OBJECT"

    @property
    def n_cells(self) -> int:
        """How many cells count against the limit."""
        return self.grid.n_rows * self.grid.n_columns

    @property
    def box(self) -> Box:
        """The whole grid."""
        return Box(0, self.grid.n_rows, 0, self.grid.n_columns)

    def sizes(self, dimension: str) -> dict[int, Json]:
        """Return the changed properties of rows or columns."""
        return self.row_sizes if dimension == "ROWS" else self.column_sizes

    def count(self, dimension: str) -> int:
        """Return the number of rows or columns."""
        return self.grid.n_rows if dimension == "ROWS" else self.grid.n_columns


@dataclass(slots=True)
class Book:
    """One spreadsheet. `revision` moves with every change, so that computed values know when they are old.

    `settings` are properties that change nothing here.
    """

    id: str
    title: str
    timezone: str = "Etc/GMT"
    locale: str = "en_US"
    auto_recalc: str = "ON_CHANGE"
    settings: Json = field(default_factory=dict)
    sheets: list[Sheet] = field(default_factory=list)
    named_ranges: list[Json] = field(default_factory=list)
    metadata: list[Json] = field(default_factory=list)
    revision: int = 0
    pivots: str = ""  # empty without pivot tables, else "stale" or "settled"
    cell_limit: int = 10_000_000
    computed: dict[Any, Any] = field(default_factory=dict)
    serial: int = field(default_factory=itertools.count().__next__)  # tells it from one made again under its id

    @property
    def n_cells(self) -> int:
        """How many cells all tabs have together."""
        return sum(sheet.n_cells for sheet in self.sheets)

    def touch(self) -> None:
        """Note a change."""
        self.revision += 1
        self.pivots = self.pivots and "stale"
        self.computed.clear()

    def find_id(self, sheet_id: int) -> Sheet | None:
        """Return the tab with this id."""
        return next((sheet for sheet in self.sheets if sheet.sheet_id == sheet_id), None)

    def find_title(self, title: str) -> Sheet | None:
        """Return the tab with this title; case counts only when titles would be mixed up otherwise."""
        wanted = title.casefold()
        return next((sheet for sheet in self.sheets if sheet.title.casefold() == wanted), None)

    def check_cells(self, extra: int) -> None:
        """Refuse to grow beyond the cell limit."""
        if extra > 0 and self.n_cells + extra > self.cell_limit:
            raise invalid(
                "This action would increase the number of cells in the workbook above the limit of "
                f"{self.cell_limit} cells."
            )


def make_sheet(sheet_id: int, title: str, n_rows: int = 1000, n_columns: int = 26) -> Sheet:
    """Make an empty tab of the usual size."""
    return Sheet(sheet_id, title, new_grid(n_rows, n_columns))


def copy_sheet(sheet: Sheet) -> Sheet:
    """Copy a tab; cell contents are shared until one of both is written to."""
    return Sheet(
        sheet.sheet_id,
        sheet.title,
        sheet.grid.copy(),
        copy.deepcopy(sheet.properties),
        copy.deepcopy(sheet.grid_properties),
        {index: dict(size) for index, size in sheet.row_sizes.items()},
        {index: dict(size) for index, size in sheet.column_sizes.items()},
        copy.deepcopy(sheet.objects),
    )


@dataclass(slots=True)
class Snapshot:
    """What a refused batch restores: of each tab its small parts as they were, and how its grid is put back."""

    fields: Json
    sheets: list[tuple[Sheet, Json, Undo]]


def take_snapshot(book: Book) -> Snapshot:
    """Remember a spreadsheet until `forget_snapshot` or `restore`; costs nothing for the rows that are there."""
    fields = {
        "title": book.title,
        "timezone": book.timezone,
        "locale": book.locale,
        "auto_recalc": book.auto_recalc,
        "settings": copy.deepcopy(book.settings),
        "pivots": book.pivots,
        "named_ranges": copy.deepcopy(book.named_ranges),
        "metadata": copy.deepcopy(book.metadata),
    }
    return Snapshot(fields, [(sheet, _parts_of(sheet), begin_undo(sheet.grid)) for sheet in book.sheets])


def _parts_of(sheet: Sheet) -> Json:
    return {
        "title": sheet.title,
        "properties": copy.deepcopy(sheet.properties),
        "grid_properties": copy.deepcopy(sheet.grid_properties),
        "row_sizes": {index: dict(size) for index, size in sheet.row_sizes.items()},
        "column_sizes": {index: dict(size) for index, size in sheet.column_sizes.items()},
        "objects": copy.deepcopy(sheet.objects),
    }


def forget_snapshot(snapshot: Snapshot) -> None:
    """Let a spreadsheet be as it is now."""
    for sheet, _, _ in snapshot.sheets:
        sheet.grid.undo = None


def restore(book: Book, snapshot: Snapshot) -> None:
    """Put a spreadsheet back."""
    for name, value in snapshot.fields.items():
        setattr(book, name, value)
    for sheet, parts, undo in snapshot.sheets:
        for name, value in parts.items():
            setattr(sheet, name, value)
        put_back(sheet.grid, undo)
    book.sheets = [sheet for sheet, _, _ in snapshot.sheets]
    book.touch()


def need_sheet(book: Book, sheet_id: int, *, kind: str = "grid") -> Sheet:
    """Return the tab with this id, or refuse in the words of a grid or a sheet request."""
    sheet = book.find_id(sheet_id)
    if sheet is None or (kind == "grid" and not sheet.is_grid):
        raise invalid(f"No {kind} with id: {sheet_id}")
    return sheet


def check_columns(count: int) -> None:
    """Refuse more columns than a tab can have."""
    if count > MAX_COLUMNS:
        raise invalid(
            f"This action would increase the number of columns in the sheet above the limit of {MAX_COLUMNS} columns."
        )


def grid_rect(grid_range: Json) -> Rect:
    """Read a GridRange; missing ends are open."""
    return Rect(
        grid_range.get("startRowIndex", 0),
        grid_range.get("endRowIndex"),
        grid_range.get("startColumnIndex", 0),
        grid_range.get("endColumnIndex"),
    )


def close_rect(sheet: Sheet, rect: Rect, *, clip: bool) -> Box:
    """Close a rectangle against the grid. Starting outside is refused; ending outside only without `clip`."""
    n_rows, n_columns = sheet.grid.n_rows, sheet.grid.n_columns
    box = Box(
        rect.top,
        n_rows if rect.bottom is None else rect.bottom,
        rect.left,
        n_columns if rect.right is None else rect.right,
    )
    starts_outside = rect.top >= n_rows or rect.left >= n_columns
    ends_outside = box.bottom > n_rows or box.right > n_columns
    if starts_outside or (ends_outside and not clip):
        raise outside(sheet, rect)
    return Box(box.top, min(box.bottom, n_rows), box.left, min(box.right, n_columns))


def outside(sheet: Sheet, rect: Rect) -> Exception:
    """Return the refusal of a range beyond the grid."""
    where = open_range_text(sheet.title, rect)
    size = f"Max rows: {sheet.grid.n_rows}, max columns: {sheet.grid.n_columns}"
    return invalid(f"Range ({where}) exceeds grid limits. {size}")


def need_box(book: Book, grid_range: Json, *, clip: bool = True) -> tuple[Sheet, Box]:
    """Return tab and closed rectangle of a GridRange in a request."""
    sheet = need_sheet(book, grid_range.get("sheetId", 0))
    check_order(grid_range)
    rect = grid_rect(grid_range)
    if rect.bottom == rect.top or rect.right == rect.left:
        return sheet, Box(rect.top, rect.top, rect.left, rect.left)
    return sheet, close_rect(sheet, rect, clip=clip)


def check_order(grid_range: Json) -> None:
    """Refuse negative and reversed indexes."""
    for axis in ("Row", "Column"):
        start, end = grid_range.get(f"start{axis}Index", 0), grid_range.get(f"end{axis}Index")
        if start < 0:
            raise invalid(f"start{axis}Index must not be negative.")
        if end is not None and end < start:
            raise invalid(f"end{axis}Index[{end}] must not be before start{axis}Index[{start}]")


def box_range(sheet_id: int, box: Box) -> Json:
    """Write a rectangle as a GridRange with explicit ends."""
    return {
        "sheetId": sheet_id,
        "startRowIndex": box.top,
        "endRowIndex": box.bottom,
        "startColumnIndex": box.left,
        "endColumnIndex": box.right,
    }


def range_box(sheet: Sheet, grid_range: Json) -> Box:
    """Close a stored GridRange against the grid as it is now."""
    rect = grid_rect(grid_range)
    return Box(
        rect.top,
        sheet.grid.n_rows if rect.bottom is None else rect.bottom,
        rect.left,
        sheet.grid.n_columns if rect.right is None else rect.right,
    )
