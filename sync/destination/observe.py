"""Reads just enough of a spreadsheet to know where things are: one request for the structure, one for cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sync.destination.book import HEADER_KEY, LOOK_FIELDS, Book, start_of, to_book, with_headers
from sync.destination.google import SheetsHttpClient
from sync.errors import RetriableError
from sync.records import Cell

MAX_GAP_ROWS = 8  # reading a few rows in between is cheaper than one more range
MAX_RANGES = 1_000  # in one request


class StaleObservation(RetriableError):
    """People changed the structure between two requests of ours; look again."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one tab as read: `rows` begin at grid row `start`, and are cut at their last filled cell."""

    start: int
    rows: Sequence[Sequence[Cell]]


Blocks = Mapping[int, Sequence[Block]]
"""What was read of each tab, by sheet id."""


def fetch_book(client: SheetsHttpClient, spreadsheet_id: str) -> Book:
    """Observe tabs, grids, and the tags of tabs and columns."""
    answer = client.send("GET", f"/v4/spreadsheets/{spreadsheet_id}", kind="read", params={"fields": LOOK_FIELDS})
    return to_book(answer)


def to_runs(rows: Iterable[int]) -> list[tuple[int, int]]:
    """Merge rows into stretches (start included, end excluded), across small gaps."""
    runs: list[tuple[int, int]] = []
    for row in sorted(set(rows)):
        if runs and row - runs[-1][1] < MAX_GAP_ROWS:
            runs[-1] = (runs[-1][0], row + 1)
        else:
            runs.append((row, row + 1))
    return runs


def fetch_cells(
    client: SheetsHttpClient, book: Book, wanted: Mapping[int, Sequence[tuple[int, int]] | None]
) -> tuple[Book, Blocks]:
    """Read the tagged header rows of the whole spreadsheet and the wanted rows; in one request, unless they are many.

    Args:
        client: the transport.
        book: the observation that the row numbers come from.
        wanted: by sheet id, stretches of rows to read over the full width of the tab; None for the whole tab.

    Returns:
        The book with its header rows filled in, and what was read.

    Raises:
        StaleObservation: a tab was renamed, removed or shortened since `book` was observed.

    """
    filters: list[dict[str, Any]] = [{"developerMetadataLookup": {"metadataKey": HEADER_KEY, "locationType": "ROW"}}]
    for sheet_id, runs in wanted.items():
        filters += [_grid_filter(sheet_id, run) for run in runs] if runs is not None else [_whole(sheet_id)]
    path = f"/v4/spreadsheets/{book.spreadsheet_id}/values:batchGetByDataFilter"
    found: list[Mapping[str, Any]] = []
    n_at_once = (MAX_RANGES + 1) * max(1, len(wanted))
    for start in range(0, len(filters), n_at_once):
        body = {
            "dataFilters": filters[start : start + n_at_once],
            "majorDimension": "ROWS",
            "valueRenderOption": "FORMULA",  # values as they are, but for cells in which people keep formulas
            "dateTimeRenderOption": "SERIAL_NUMBER",
        }
        found += client.send("POST", path, kind="read", body=orjson.dumps(body)).get("valueRanges", [])
    return _read_answer(book, found)


def _whole(sheet_id: int) -> dict[str, Any]:
    return {"gridRange": {"sheetId": sheet_id}}


def _grid_filter(sheet_id: int, run: tuple[int, int]) -> dict[str, Any]:
    return {"gridRange": {"sheetId": sheet_id, "startRowIndex": run[0], "endRowIndex": run[1]}}


def _read_answer(book: Book, found: Sequence[Mapping[str, Any]]) -> tuple[Book, Blocks]:
    headers: list[tuple[int, int, Sequence[Cell]]] = []
    blocks: dict[int, list[Block]] = {}
    for matched in found:
        value_range = matched.get("valueRange", {})
        title, row, _ = start_of(value_range.get("range", ""))
        tab = book.titled(title)
        if tab is None:
            raise StaleObservation(f"The tab {title!r} was renamed while it was read.")
        values = value_range.get("values", [])
        if any("developerMetadataLookup" in f for f in matched.get("dataFilters", [])):
            headers.append((tab.sheet_id, row, values[0] if values else []))
        else:
            blocks.setdefault(tab.sheet_id, []).append(Block(row, values))
    return with_headers(book, headers), blocks
