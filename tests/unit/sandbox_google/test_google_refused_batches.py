"""A refused batch leaves every cell as it was, whatever it did before the request that was refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sync.sandbox.google.access import Caller
from sync.sandbox.google.batch import run_batch
from sync.sandbox.google.book import Book, make_sheet
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import GoogleError
from sync.sandbox.google.grid import MAX_NOTED_ROWS
from sync.sandbox.google.view import show_book

ROBOT = Caller("robot@example.com")
ROWS = {"sheetId": 0, "dimension": "ROWS"}
COLUMNS = {"sheetId": 0, "dimension": "COLUMNS"}
AREA = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 6, "startColumnIndex": 0, "endColumnIndex": 3}
BOLD = {"userEnteredFormat": {"textFormat": {"bold": True}}}
SUM = {"userEnteredValue": {"formulaValue": "=SUM(A1:B3)"}, "note": "n"}
TEXT = {"userEnteredValue": {"stringValue": "new"}}
RULE = {"condition": {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": "=A4>1"}]}}

CHANGES: dict[str, list[dict[str, Any]]] = {
    "write": [{"updateCells": {"range": AREA, "rows": [{"values": [TEXT, SUM]}], "fields": "userEnteredValue,note"}}],
    "write a formula over": [
        {"updateCells": {"range": AREA, "rows": [{"values": [SUM, TEXT]}], "fields": "userEnteredValue"}}
    ],
    "style": [{"repeatCell": {"range": AREA, "cell": BOLD, "fields": "userEnteredFormat.textFormat.bold"}}],
    "style all": [{"repeatCell": {"range": {"sheetId": 0}, "cell": BOLD, "fields": "userEnteredFormat"}}],
    "insert rows": [{"insertDimension": {"range": ROWS | {"startIndex": 2, "endIndex": 4}}}],
    "delete rows": [{"deleteDimension": {"range": ROWS | {"startIndex": 1, "endIndex": 4}}}],
    "add rows": [{"appendDimension": {**ROWS, "length": 3}}],
    "move rows": [{"moveDimension": {"source": ROWS | {"startIndex": 0, "endIndex": 1}, "destinationIndex": 7}}],
    "insert columns": [{"insertDimension": {"range": COLUMNS | {"startIndex": 1, "endIndex": 2}}}],
    "delete columns": [{"deleteDimension": {"range": COLUMNS | {"startIndex": 1, "endIndex": 2}}}],
    "move columns": [{"moveDimension": {"source": COLUMNS | {"startIndex": 0, "endIndex": 1}, "destinationIndex": 3}}],
    "sort": [{"sortRange": {"range": AREA, "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]}}],
    "sort whole rows": [
        {
            "sortRange": {
                "range": {"sheetId": 0, "startRowIndex": 1},
                "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}],
            }
        }
    ],
    "replace": [{"findReplace": {"find": "text", "replacement": "other", "sheetId": 0}}],
    "fewer rows": [
        {
            "updateSheetProperties": {
                "properties": {"sheetId": 0, "gridProperties": {"rowCount": 3}},
                "fields": "gridProperties.rowCount",
            }
        }
    ],
    "duplicate and delete": [{"duplicateSheet": {"sourceSheetId": 0}}, {"deleteSheet": {"sheetId": 0}}],
}


def make_book(n_rows: int) -> Book:
    book = Book("book", "Book")
    book.sheets.append(make_sheet(0, "Sheet1", n_rows, 4))
    rows = [
        {"values": [{"userEnteredValue": {"numberValue": n}}, {"userEnteredValue": {"stringValue": f"text {n}"}}, SUM]}
        for n in range(7)
    ]
    start = {"sheetId": 0, "rowIndex": 0, "columnIndex": 0}
    rule = {"range": AREA | {"startRowIndex": 6, "endRowIndex": 8}, "rule": RULE}
    filled = {"updateCells": {"start": start, "rows": rows, "fields": "*"}}
    run_batch(Desk(book, ROBOT), [filled, {"setDataValidation": rule}])
    return book


def shown(book: Book) -> dict[str, Any]:
    return copy.deepcopy(show_book(book, {}, ROBOT, ranges=None, grid_data=True))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("n_rows", [9, MAX_NOTED_ROWS + 9], ids=["few rows", "many rows"])
def test_a_refused_batch_leaves_every_cell_as_it_was(change: str, n_rows: int) -> None:
    book = make_book(n_rows)
    before = shown(book)
    doubled = [*CHANGES["write"], *CHANGES[change], *CHANGES["insert rows"] * (change != "duplicate and delete")]
    with pytest.raises(GoogleError):
        run_batch(Desk(book, ROBOT), copy.deepcopy([*doubled, {"deleteSheet": {"sheetId": 404}}]))
    assert shown(book) == before
    run_batch(Desk(book, ROBOT), copy.deepcopy(CHANGES[change]))
    assert shown(book) != before
