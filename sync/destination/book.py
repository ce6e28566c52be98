"""What we observed of a spreadsheet: tabs, grids, columns of ours, cells left. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sync.destination.reaching import REACHING_FIELDS, Reaching, find_reaching
from sync.errors import ForeignTab, TooLarge, Where
from sync.records import Cell

TAB_KEY = "callsheet.tab"
COLUMN_KEY = "callsheet.column"
FORMER_KEY = "callsheet.former column"
HEADER_KEY = "callsheet.header"
TRAY_KEY = "callsheet.tray"
MADE_KEY = "callsheet.made"

MAX_CELLS = 10_000_000  # of all tabs together, empty cells included
MAX_COLUMNS = 18_278
MAX_TABS = 200

BOOK_FIELDS = (
    "spreadsheetId,properties(title,timeZone),"
    "sheets(properties(sheetId,title,index,gridProperties(rowCount,columnCount)),"
    "developerMetadata(metadataKey,metadataValue),"
    "data(columnMetadata(developerMetadata(metadataKey,metadataValue))))"
)
LOOK_FIELDS = f"{BOOK_FIELDS[:-1]},{REACHING_FIELDS},conditionalFormats),namedRanges(namedRangeId,range)"
"""Narrow on purpose: rowMetadata would list every row of every tab."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTab:
    """One tab as Google shows it. `columns` maps each field we tagged to the indexes that carry its tag.

    `former` does so for fields that the config asked for once. `made` notes what we laid over the rows; `charts` holds
    the specification of each chart by its id, `rules` the conditional formats.
    """

    sheet_id: int
    title: str
    n_rows: int
    n_columns: int
    uids: tuple[str, ...] = ()
    columns: Mapping[str, tuple[int, ...]]
    header_row: int | None = None
    n_header_rows: int = 0
    header: tuple[Cell, ...] = ()
    tray_of: str | None = None
    former: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    made: tuple[str, ...] = ()
    charts: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    rules: tuple[Mapping[str, Any], ...] = ()

    @property
    def n_cells(self) -> int:
        """Cells of the grid, empty ones included."""
        return self.n_rows * self.n_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A spreadsheet as observed by one request."""

    spreadsheet_id: str
    title: str
    timezone: str
    tabs: tuple[ObservedTab, ...]
    reaching: tuple[Reaching, ...] = ()

    @property
    def n_cells(self) -> int:
        """Cells of all tabs, people's included."""
        return sum(tab.n_cells for tab in self.tabs)

    def tab_of(self, sheet_id: int) -> ObservedTab | None:
        """Return the tab with that id, or None."""
        return next((tab for tab in self.tabs if tab.sheet_id == sheet_id), None)

    def titled(self, title: str) -> ObservedTab | None:
        """Return the tab with that title, whatever its case, as Google compares titles, or None."""
        return next((tab for tab in self.tabs if tab.title.casefold() == title.casefold()), None)


def to_book(answer: Mapping[str, Any]) -> Book:
    """Read a `spreadsheets.get` answer made with `BOOK_FIELDS`."""
    properties = answer.get("properties", {})
    return Book(
        spreadsheet_id=answer.get("spreadsheetId", ""),
        title=properties.get("title", ""),
        timezone=properties.get("timeZone", ""),
        tabs=tuple(_to_tab(sheet) for sheet in answer.get("sheets", [])),
        reaching=tuple(find_reaching(answer)),
    )


def _to_tab(sheet: Mapping[str, Any]) -> ObservedTab:
    properties = sheet["properties"]
    grid = properties.get("gridProperties", {})
    columns, former = _tagged(sheet, COLUMN_KEY), _tagged(sheet, FORMER_KEY)
    return ObservedTab(
        sheet_id=properties.get("sheetId", 0),
        title=properties.get("title", ""),
        n_rows=grid.get("rowCount", 0),
        n_columns=grid.get("columnCount", 0),
        uids=tuple(_values_of(sheet, TAB_KEY)),
        columns=columns,
        tray_of=next(iter(_values_of(sheet, TRAY_KEY)), None),
        former=former,
        made=tuple(_values_of(sheet, MADE_KEY)),
        charts={chart["chartId"]: chart.get("spec", {}) for chart in sheet.get("charts", [])},
        rules=tuple(sheet.get("conditionalFormats", [])),
    )


def _tagged(sheet: Mapping[str, Any], key: str) -> dict[str, tuple[int, ...]]:
    columns: dict[str, tuple[int, ...]] = {}
    for block in sheet.get("data", []):
        for index, column in enumerate(block.get("columnMetadata", [])):
            for name in _values_of(column, key):
                columns[name] = (*columns.get(name, ()), index)
    return columns


def _values_of(owner: Mapping[str, Any], key: str) -> list[str]:
    return [m.get("metadataValue", "") for m in owner.get("developerMetadata", []) if m.get("metadataKey") == key]


def locate(book: Book, *, uid: str, sheet_id: int | None, title: str) -> ObservedTab | None:
    """Find a tab of ours: by its stored id, else by its tag, else not at all.

    A duplicate that people made carries a copy of the tag, so the stored id wins; without a stored id (a copied
    spreadsheet, a lost store) the first tagged tab in the order of the spreadsheet is taken.

    Raises:
        ForeignTab: a tab with our title exists that is not ours.

    """
    stored = book.tab_of(sheet_id) if sheet_id is not None else None
    tagged = stored or next((tab for tab in book.tabs if uid in tab.uids), None)
    if tagged is not None:
        return tagged
    foreign = book.titled(title)
    if foreign is None:
        return None
    raise _foreign(foreign, title)


def _foreign(there: ObservedTab, title: str) -> ForeignTab:
    where = Where(tab=title)
    if there.uids:
        sheet, _, tab = there.uids[0].partition("/")
        return ForeignTab(
            f"The tab {there.title!r} is already kept for the tab {tab!r} of the sheet {sheet!r}.",
            hint="If sheet or tab was renamed in the config, give it its old name back; or take another title.",
            where=where,
        )
    return ForeignTab(
        f"A tab titled {there.title!r} is already in the spreadsheet, and Callsheet did not make it.",
        hint=f"Rename that tab, give this tab another title than {title!r} in the config, or run with --adopt to go on "
        "with what people keep there.",
        where=where,
    )


def with_headers(book: Book, matched: Iterable[tuple[int, int, Sequence[Cell]]]) -> Book:
    """Return the book with each tab's header row filled in, from (sheet id, row, cells) of the tagged rows."""
    found: dict[int, list[tuple[int, Sequence[Cell]]]] = {}
    for sheet_id, row, cells in matched:
        found.setdefault(sheet_id, []).append((row, cells))
    tabs = []
    for tab in book.tabs:
        rows = sorted(found.get(tab.sheet_id, []), key=lambda pair: pair[0])
        if rows:
            tab = replace(tab, header_row=rows[0][0], header=tuple(rows[0][1]), n_header_rows=len(rows))  # noqa: PLW2901
        tabs.append(tab)
    return replace(book, tabs=tuple(tabs))


_A1 = re.compile(r"^(?P<title>'(?:[^']|'')*'|[^!]*)!(?P<column>[A-Z]*)(?P<row>\d*)(?::[A-Z]*\d*)?$")


def start_of(range_: str) -> tuple[str, int, int]:
    """Return the title, first row and first column (0-based) of an A1 range as Google writes it.

    Raises:
        ValueError: the text is no range with a title.

    """
    match = _A1.match(range_)
    if match is None:
        raise ValueError(f"not a range with a title: {range_!r}")
    title = match["title"]
    if title.startswith("'"):
        title = title[1:-1].replace("''", "'")
    column = 0
    for letter in match["column"]:
        column = column * 26 + ord(letter) - 64
    return title, int(match["row"] or 1) - 1, max(column - 1, 0)


def check_room(book: Book, *, n_more_cells: int, n_more_tabs: int, n_columns: int) -> None:
    """Refuse growth that Sheets would refuse halfway.

    Raises:
        TooLarge: the workbook would pass a limit; the sentence names the numbers.

    """
    if book.n_cells + n_more_cells > MAX_CELLS and n_more_cells > 0:
        raise TooLarge(
            f"The spreadsheet has {book.n_cells:,} cells in {len(book.tabs)} tabs; {n_more_cells:,} more would pass "
            f"the {MAX_CELLS:,} that Google allows.",
            hint="Delete tabs or empty columns that nobody needs, shorten the period, or use a new spreadsheet.",
        )
    if n_columns > MAX_COLUMNS:
        raise TooLarge(
            f"The tab would have {n_columns:,} columns; Google allows {MAX_COLUMNS:,}.", hint="Choose fewer columns."
        )
    if n_more_tabs and len(book.tabs) + n_more_tabs > MAX_TABS:
        raise TooLarge(
            f"The spreadsheet has {len(book.tabs)} tabs; {n_more_tabs} more would pass "
            f"the {MAX_TABS} that Google allows.",
            hint="Delete tabs that nobody needs, or use a new spreadsheet.",
        )
