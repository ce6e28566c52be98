"""Goes on in a spare spreadsheet when one is full: rows that are there stay and follow their records, new ones go on.

How many spares are in use is noted in the store; parts list each other in a tab of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from sync.config.sheet import Sheet
from sync.destination.book import TAB_KEY, Book
from sync.destination.google import SheetsHttpClient, send_requests
from sync.destination.leave import tag
from sync.destination.observe import fetch_book
from sync.destination.requests import to_cell_data
from sync.renames import is_part
from sync.report import TabReport
from sync.store import published
from sync.store.db import Store
from sync.store.notes import ConnectionNotes
from sync.tabs import DataJob

_USED, _LINKED = "spares in use", "parts that know of each other"


def parts_of(sheet: Sheet, n_used: int) -> list[str]:
    """Return the spreadsheets in use, the first one first."""
    return [sheet.spreadsheet_id, *sheet.spares[:n_used]]


def load_used(store: Store, sheet: Sheet) -> int:
    """Return how many spares of a sheet are in use."""
    return min(int(_notes(store, sheet).read(_USED) or 0), len(sheet.spares)) if sheet.spares else 0


def save_used(store: Store, sheet: Sheet, n_used: int) -> None:
    """Note how many spares are in use, before anything is written to the last of them."""
    _notes(store, sheet).write(_USED, str(n_used))


def _notes(store: Store, sheet: Sheet) -> ConnectionNotes:
    return ConnectionNotes(store, f"spreadsheet {sheet.spreadsheet_id}")


def is_full(tabs: Iterable[TabReport]) -> bool:
    """Tell whether a tab could not grow because its whole spreadsheet is full."""
    errors = [tab.error for tab in tabs if tab.error is not None]
    return any(error.kind == "TooLarge" and error.message.startswith("The spreadsheet") for error in errors)


def jobs_of_part(data: Sequence[DataJob], n: int, n_used: int) -> list[DataJob]:
    """Return the jobs for one of the spreadsheets in use: only the last of them takes new rows."""
    ids = parts_of(data[0].sheet, n_used) if data else []
    made = []
    for job in data:
        others = [one for one in ids if one != ids[n]]
        sheet = job.sheet.model_copy(update={"spreadsheet": ids[n]})
        made.append(replace(job, sheet=sheet, taken=_keys(job, others), is_closed=n < n_used))
    return made


def _keys(job: DataJob, spreadsheets: Iterable[str]) -> frozenset[str]:
    """Return the keys that a tab shows in other spreadsheets, all its pages together."""
    found: set[str] = set()
    for spreadsheet in spreadsheets:
        for state in published.load_tabs(job.store, spreadsheet):
            if is_part(state.uid, job.uid) and not state.uid.endswith(" index"):
                found |= set(published.rows(job.store, spreadsheet, state.uid))
    return frozenset(found)


def named(tabs: Iterable[TabReport], n: int) -> list[TabReport]:
    """Say of tabs in which part they are."""
    return [replace(tab, title=f"{tab.title} (part {n + 1})") for tab in tabs] if n else list(tabs)


def needs_links(store: Store, sheet: Sheet, n_used: int) -> bool:
    """Tell whether a part has come that the others do not know of."""
    return n_used > 0 and _notes(store, sheet).read(_LINKED) != str(n_used)


def note_links(store: Store, sheet: Sheet, n_used: int) -> None:
    """Note that all parts know of each other."""
    _notes(store, sheet).write(_LINKED, str(n_used))


def link_sizes(sheet: Sheet, books: Iterable[Book], n_used: int) -> tuple[tuple[int, int], ...]:
    """Return, of each part, how many bytes `write_links` would send and by how many cells the part would grow."""
    sizes = []
    for book in books:
        requests = list(_link_requests(book, sheet, n_used))
        grids = (one["addSheet"]["properties"]["gridProperties"] for one in requests if "addSheet" in one)
        sizes.append(
            (len(orjson.dumps({"requests": requests})), sum(grid["rowCount"] * grid["columnCount"] for grid in grids))
        )
    return tuple(sizes)


def write_links(client: SheetsHttpClient, sheet: Sheet, spreadsheet_id: str, n_used: int) -> None:
    """Make the tab that lists all parts, or bring it up to date."""
    book = fetch_book(client, spreadsheet_id)
    requests = list(_link_requests(book, sheet, n_used))
    send_requests(client, spreadsheet_id, requests)


def _link_requests(book: Book, sheet: Sheet, n_used: int) -> Iterable[dict[str, Any]]:
    uid = f"callsheet/parts of {sheet.name}"
    there = next((tab for tab in book.tabs if uid in tab.uids), None)
    sheet_id = there.sheet_id if there else _free_id(book)
    if there is None:
        titles = (f"{sheet.name[:80]} parts" + (f" ({n})" if n > 1 else "") for n in range(1, len(book.tabs) + 2))
        title = next(text for text in titles if not book.titled(text))
        grid = {"rowCount": len(sheet.spares) + 2, "columnCount": 2, "frozenRowCount": 1}
        yield {"addSheet": {"properties": {"sheetId": sheet_id, "title": title, "gridProperties": grid}}}
        yield tag({"sheetId": sheet_id}, TAB_KEY, uid)
    lines = [["Part", "Address"]]
    for n, one in enumerate(parts_of(sheet, n_used), 1):
        lines.append([f"{n}{', this one' if one == book.spreadsheet_id else ''}", _address(one)])
    rows = [{"values": [to_cell_data(cell) for cell in line]} for line in lines]
    start = {"sheetId": sheet_id, "rowIndex": 0, "columnIndex": 0}
    yield {"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue"}}


def _address(spreadsheet_id: str) -> str:
    return f"https://docs.google.com/spreadsheets/d/{spreadsheet_id}/edit"


def _free_id(book: Book) -> int:
    taken = {tab.sheet_id for tab in book.tabs}
    return next(n for n in range(1_000_003, 2**31) if n not in taken)
