"""Finds cells that hold a text, wherever people typed it: values, formulas and notes. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sync.destination.book import ObservedTab
from sync.destination.google import SheetsHttpClient
from sync.destination.observe import fetch_book

CELLS_AT_A_TIME = 500_000
_FIELDS = "sheets(data(startRow,startColumn,rowData(values(userEnteredValue,formattedValue,note))))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One cell: tab, address, and whether the text stands in its note."""

    tab: str
    cell: str
    in_note: bool


def find_mentions(client: SheetsHttpClient, spreadsheet_id: str, is_meant: Callable[[str], bool]) -> Iterator[Mention]:
    """Yield the cells of a spreadsheet with a text that is meant, tab by tab."""
    for tab in fetch_book(client, spreadsheet_id).tabs:
        rows_at_a_time = max(1, CELLS_AT_A_TIME // max(1, tab.n_columns))
        for start in range(0, tab.n_rows, rows_at_a_time):
            answer = _fetch(client, spreadsheet_id, tab, (start, min(start + rows_at_a_time, tab.n_rows)))
            yield from _found_in(answer, tab.title, is_meant)


def _fetch(client: SheetsHttpClient, spreadsheet_id: str, tab: ObservedTab, rows: tuple[int, int]) -> Any:
    box = {"sheetId": tab.sheet_id, "startRowIndex": rows[0], "endRowIndex": rows[1]}
    body = orjson.dumps({"dataFilters": [{"gridRange": box}]})
    path = f"/v4/spreadsheets/{spreadsheet_id}:getByDataFilter"
    return client.send("POST", path, kind="read", params={"fields": _FIELDS}, body=body)


def _found_in(answer: Mapping[str, Any], title: str, is_meant: Callable[[str], bool]) -> Iterator[Mention]:
    for block in (block for sheet in answer.get("sheets", []) for block in sheet.get("data", [])):
        top, left = block.get("startRow", 0), block.get("startColumn", 0)
        for i, row in enumerate(block.get("rowData", [])):
            for n, cell in enumerate(row.get("values", [])):
                address = f"{letters_of(left + n)}{top + i + 1}"
                if any(is_meant(text) for text in _texts_of(cell)):
                    yield Mention(tab=title, cell=address, in_note=False)
                elif cell.get("note") and is_meant(cell["note"]):
                    yield Mention(tab=title, cell=address, in_note=True)


def _texts_of(cell: Mapping[str, Any]) -> Iterator[str]:
    if cell.get("formattedValue"):
        yield cell["formattedValue"]
    for value in cell.get("userEnteredValue", {}).values():
        if isinstance(value, float) and value.is_integer():
            yield str(int(value))  # a number that people typed without its +
        else:
            yield str(value)


def letters_of(column: int) -> str:
    """Return the letters of a column, counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
