"""Spreadsheets made whole by `spreadsheets.create`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.unit.sandbox_google.conftest import Google, Json

PLACE = {"startRowIndex": 0, "endRowIndex": 2, "startColumnIndex": 0, "endColumnIndex": 2}
BLANK = {"booleanRule": {"condition": {"type": "BLANK"}, "format": {"textFormat": {"bold": True}}}}


def create(google: Google, body: Json, **query: Any) -> httpx.Response:
    return google.client.post("/v4/spreadsheets", json=body, params=query)


def test_every_part_of_the_resource_is_made(google: Google) -> None:
    rows = [{"values": [{"userEnteredValue": {"stringValue": "head"}}, {"note": "n"}]}]
    tall = {"pixelSize": 40, "developerMetadata": [{"metadataKey": "row", "visibility": "DOCUMENT"}]}
    data = {"startRow": 5, "rowData": rows, "rowMetadata": [tall], "columnMetadata": [{"hiddenByUser": True}]}
    tab = {
        "properties": {"sheetId": 7, "title": "Seven", "gridProperties": {"rowCount": 9, "columnCount": 4}},
        "data": [data],
        "merges": [PLACE],
        "conditionalFormats": [{"ranges": [PLACE]} | BLANK],
        "basicFilter": {"range": PLACE},
        "filterViews": [{"title": "view", "range": PLACE}],
        "protectedRanges": [{"range": PLACE, "warningOnly": True}],
        "bandedRanges": [{"range": PLACE, "rowProperties": {"firstBandColor": {"red": 1}}}],
        "rowGroups": [{"range": {"dimension": "ROWS", "startIndex": 3, "endIndex": 5}}],
        "developerMetadata": [{"metadataKey": "tab", "visibility": "DOCUMENT"}],
    }
    properties = {"title": "Whole", "locale": "de_DE", "timeZone": "Europe/Berlin", "autoRecalc": "HOUR"}
    label = {"metadataKey": "all", "visibility": "DOCUMENT"}
    named = {"name": "part", "range": PLACE | {"sheetId": 7}}
    body = {"properties": properties, "sheets": [tab], "namedRanges": [named], "developerMetadata": [label]}
    answer = create(google, body)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert {name: made["properties"][name] for name in properties} == properties
    assert made["namedRanges"][0]["range"] == named["range"]
    assert made["developerMetadata"][0]["location"] == {"locationType": "SPREADSHEET", "spreadsheet": True}
    sheet = made["sheets"][0]
    assert sheet["merges"] == [PLACE | {"sheetId": 7}]
    assert {name for name in tab if name not in sheet} == {"data"}
    whole = google.client.get(f"/v4/spreadsheets/{made['spreadsheetId']}?includeGridData=true").json()["sheets"][0]
    cells = whole["data"][0]["rowData"][5]["values"]
    assert cells[0]["formattedValue"] == "head"
    assert cells[1]["note"] == "n"
    row = whole["data"][0]["rowMetadata"][5]
    assert (row["pixelSize"], row["developerMetadata"][0]["metadataKey"]) == (40, "row")
    assert whole["data"][0]["columnMetadata"][0]["hiddenByUser"] is True


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"sheets": [{}, {"properties": {"title": "Sheet1"}}]}, 'Invalid sheets[1]: A sheet with the name "Sheet1"'),
        ({"sheets": [{"merges": [{"startRowIndex": 5000}]}]}, "Invalid sheets[0]: Range ("),
        ({"sheets": [{"data": [{"startRow": 1000, "rowData": [{}]}]}]}, "Invalid sheets[0]: The data exceeds grid"),
        ({"namedRanges": [{"name": "a b", "range": {}}]}, "Invalid namedRanges[0]: The name given to this range"),
        ({"dataSources": [{}]}, "dataSources in spreadsheets.create is not in the sandbox."),
        ({"properties": {"locale": "xx"}}, "Unsupported locale: xx"),
    ],
)
def test_what_cannot_be_made_is_named_by_its_place(google: Google, body: Json, words: str) -> None:
    answer = create(google, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(words)


def test_an_empty_resource_gives_the_usual_spreadsheet(google: Google) -> None:
    made = create(google, {}, fields="properties(title,locale),sheets.properties(sheetId,title)").json()
    assert made == {
        "properties": {"title": "Untitled spreadsheet", "locale": "en_US"},
        "sheets": [{"properties": {"sheetId": 0, "title": "Sheet1"}}],
    }
