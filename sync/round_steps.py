"""The steps of a round of a publish that decide and send nothing: which tabs are there, and what fits. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync.data_publish import DataPublish
from sync.destination.book import Book, ObservedTab, check_room, locate
from sync.destination.change import TabChange
from sync.errors import SyncError
from sync.index_publish import IndexPublish
from sync.log_publish import LogPublish
from sync.summary_publish import SummaryPublish

OnePublish = DataPublish | IndexPublish | LogPublish | SummaryPublish


def locate_all(book: Book, tabs: Sequence[OnePublish]) -> dict[str, ObservedTab]:
    """Find the tabs that are there; one that must not be touched ends here."""
    found: dict[str, ObservedTab] = {}
    for tab in tabs:
        if not tab.is_open:
            continue
        try:
            there = locate(book, uid=tab.uid, sheet_id=tab.sheet_id, title=tab.title)
        except SyncError as error:
            tab.fail(error)
            continue
        if there is not None:
            found[tab.uid] = there
    return found


def open_ones(tabs: Sequence[OnePublish], found: Mapping[str, ObservedTab]) -> list[tuple[OnePublish, ObservedTab]]:
    """Return the tabs that have something left to do, and are there."""
    return [(tab, found[tab.uid]) for tab in tabs if tab.is_open and tab.uid in found]


def needed(
    wanted: Mapping[int, Sequence[tuple[int, int]] | None],
) -> dict[int, Sequence[tuple[int, int]] | None]:
    """Return what is to be read, without tabs of which nothing is."""
    return {sheet_id: runs for sheet_id, runs in wanted.items() if runs is None or runs}


def check_whole_room(book: Book, tabs: Sequence[OnePublish], changes: Mapping[OnePublish, TabChange]) -> None:
    """Count the whole workbook before the first write; a tab that does not fit any more ends here."""
    n_more_cells = n_more_tabs = 0
    for tab in tabs:
        change = changes.get(tab)
        if change is None:
            continue
        if isinstance(tab, SummaryPublish) and tab.of.error is not None:
            tab.fail(tab.of.error)
            continue
        cells, new = n_more_cells + change.n_most_cells, n_more_tabs + change.is_new + bool(change.leaving)
        try:
            columns = change.spot.n_columns + len(change.new_columns)
            check_room(book, n_more_cells=cells, n_more_tabs=new, n_columns=columns)
        except SyncError as error:
            tab.fail(error)
        else:
            n_more_cells, n_more_tabs = cells, new
