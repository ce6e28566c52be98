"""Takes over tabs that people kept by hand, where they said so: nothing is lost, and their rows stay in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sync.data_publish import DataPublish
from sync.destination.adopt import Adopted, as_ours, copy_title, make_adoption, overwritten, recognise
from sync.destination.book import Book, ObservedTab
from sync.destination.google import SheetsHttpClient, send_requests
from sync.destination.observe import fetch_cells
from sync.errors import SyncError


def find_foreign(book: Book, tabs: Iterable[object]) -> list[tuple[DataPublish, ObservedTab]]:
    """Return the data tabs whose title has a tab that nobody tagged."""
    found = []
    for tab in tabs:
        if isinstance(tab, DataPublish) and tab.is_open:
            is_known = any(tab.uid in there.uids or there.sheet_id == tab.sheet_id for there in book.tabs)
            there = book.titled(tab.title)
            if there is not None and not is_known and not there.uids and there.tray_of is None:
                found.append((tab, there))
    return found


def adopt_tabs(
    client: SheetsHttpClient, book: Book, foreign: Sequence[tuple[DataPublish, ObservedTab]], *, dry: bool
) -> list[Adopted]:
    """Recognise and tag tabs; one that cannot be taken over ends with why. Dry, nothing is tagged."""
    book, blocks = fetch_cells(client, book, {there.sheet_id: None for _, there in foreign})
    adopted: list[Adopted] = []
    requests: list[dict[str, Any]] = []
    for tab, there in foreign:
        try:
            found = recognise(there, tab.job.shape, blocks.get(there.sheet_id, ()), _names(tab))
        except SyncError as error:
            tab.fail(error)
            continue
        wanted = tab.job.every_row(found.rows)
        n_other = overwritten(found, wanted.cells) if tab.job.has_updates else 0
        tab.warnings |= dict.fromkeys(_told(found, book, wanted.cells, n_other))
        requests += make_adoption(found, book, keeps_copy=n_other > 0)
        adopted.append(found)
    if requests and not dry:
        send_requests(client, book.spreadsheet_id, requests)
    return adopted


def _names(tab: DataPublish) -> dict[str, list[str]]:
    """Return what each column may be called: its title, the field's own title, its name."""
    titles = {field.name: field.title for field in tab.job.spec.fields}
    return {column.name: [column.title, titles.get(column.name, ""), column.name] for column in tab.job.shape.columns}


def _told(found: Adopted, book: Book, wanted: Mapping[str, object], n_other: int) -> list[str]:
    known = sum(key in wanted for key in found.rows)
    told = [
        f"The tab {found.tab.title!r} that people made is taken over: {known:,} of its rows are known by their key, "
        f"{len(found.rows) - known:,} others stay as they are; {len(found.columns)} columns are known by their header."
    ]
    if n_other:
        cells = "1 cell is" if n_other == 1 else f"{n_other:,} cells are"
        told.append(
            f"{cells} other than what the vendor says; the tab as it was is kept as {copy_title(found, book)!r}."
        )
    return told


def with_adopted(book: Book, adopted: Iterable[Adopted]) -> Book:
    """Return the book as it will be observed once tabs are tagged."""
    ours = {one.tab.sheet_id: as_ours(one) for one in adopted}
    return replace(book, tabs=tuple(ours.get(tab.sheet_id, tab) for tab in book.tabs))
