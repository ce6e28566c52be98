"""Batch requests: order, atomicity, tabs, rows and columns, and what follows them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_google.conftest import Google, cells_of, columns_of, rows_of

PREFIX = "This action would increase the number of cells in the workbook above the limit of"


def put_cell(row: int, column: int, **entered: Any) -> dict[str, Any]:
    start = {"sheetId": 0, "rowIndex": row, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": [{"values": [{"userEnteredValue": entered}]}], "fields": "*"}}


def test_a_refused_request_leaves_nothing_of_its_batch(google: Google) -> None:
    google.put("A1", [["before"]])
    before = google.sheet()
    text = google.no(
        {"addSheet": {"properties": {"sheetId": 5, "title": "New"}}},
        put_cell(0, 0, stringValue="after"),
        {"insertDimension": {"range": rows_of(0, 3)}},
        {"createDeveloperMetadata": {"developerMetadata": _label("k", {"sheetId": 5})}},
        {"updateSpreadsheetProperties": {"properties": {"title": "Other"}, "fields": "title"}},
        {"deleteSheet": {"sheetId": 21686688}},
    )
    assert text == "Invalid requests[5].deleteSheet: No sheet with id: 21686688"
    assert google.read("A1") == [["before"]]
    assert google.sheet() == before
    whole = google.good("GET", "")
    assert whole["properties"]["title"] == "Book"
    assert len(whole["sheets"]) == 1
    assert "developerMetadata" not in whole


def _label(key: str, location: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"metadataKey": key, "location": location, "visibility": "DOCUMENT"} | more


def test_later_requests_see_earlier_ones(google: Google) -> None:
    start = {"sheetId": 5, "rowIndex": 1, "columnIndex": 0}
    row = {
        "values": [{"userEnteredValue": {"stringValue": "=no formula"}}, {"userEnteredValue": {"formulaValue": "=1+1"}}]
    }
    google.batch(
        {
            "addSheet": {
                "properties": {"sheetId": 5, "title": "New", "gridProperties": {"rowCount": 1, "columnCount": 2}}
            }
        },
        {"appendDimension": {"sheetId": 5, "dimension": "ROWS", "length": 1}},
        {"updateCells": {"start": start, "rows": [row], "fields": "userEnteredValue"}},
    )
    assert google.raw("New!A1:B2") == [[], ["=no formula", 2]]
    assert google.formulas("New!B2") == [["=1+1"]]


def _sheet(fields: str, **properties: Any) -> dict[str, Any]:
    return {"updateSheetProperties": {"properties": properties, "fields": fields}}


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (
            {"addSheet": {"properties": {"title": "sheet1"}}},
            'A sheet with the name "sheet1" already exists. Please enter another name.',
        ),
        ({"repeatCell": {"range": {"sheetId": 9}, "fields": "note"}}, "No grid with id: 9"),
        (_sheet("title", sheetId=9, title="x"), "No sheet with id: 9"),
        (_sheet("hidden", hidden=True), "You can't hide all the sheets in a document."),
        (
            {"updateCells": {"start": {"sheetId": 0}, "rows": []}},
            "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)",
        ),
        (
            {"insertDimension": {"range": rows_of(0, 1), "inheritFromBefore": True}},
            "inheritFromBefore cannot be true if inserting at index 0.",
        ),
        (
            {"moveDimension": {"source": rows_of(1, 2), "destinationIndex": 1}},
            "destinationIndex[1] must be outside the requested range[1-2]",
        ),
        (
            {"moveDimension": {"source": rows_of(1, 2), "destinationIndex": 1001}},
            "destinationIndex[1001] is after last row[1000]",
        ),
        ({"addDataSource": {}}, "this request is not in the sandbox."),
    ],
)
def test_refusals_name_request_and_reason(google: Google, request_: dict[str, Any], text: str) -> None:
    kind = next(iter(request_))
    assert google.no({"findReplace": {"find": "x", "sheetId": 0}}, request_) == f"Invalid requests[1].{kind}: {text}"


def test_requests_are_held_to_the_schema(google: Google) -> None:
    unknown = {"addSheet": {"properties": {"tittle": "x"}}}
    where = "requests[0].add_sheet.properties"
    text = f"Invalid JSON payload received. Unknown name \"tittle\" at '{where}': Cannot find field."
    assert google.no(unknown) == text
    wrong = {"addSheet": {"properties": {"sheetId": "abc"}}}
    assert google.no(wrong) == f"Invalid value at '{where}.sheet_id' (TYPE_INT32), \"abc\""
    odd = {"appendDimension": {"sheetId": 0, "dimension": "DIAGONAL", "length": 1}}
    text = "Invalid value at 'requests[0].append_dimension.dimension'"
    assert google.no(odd) == f'{text} (type.googleapis.com/google.apps.sheets.v4.Dimension), "DIAGONAL"'


def test_the_cell_limit_is_checked_rows_before_columns(google: Google) -> None:
    google.world.spreadsheet_cell_limit = 30_000
    grid = {"rowCount": 5000, "columnCount": 6}
    fields = "gridProperties.rowCount,gridProperties.columnCount"
    request = {"updateSheetProperties": {"properties": {"sheetId": 0, "gridProperties": grid}, "fields": fields}}
    assert google.no(request) == f"Invalid requests[0].updateSheetProperties: {PREFIX} 30000 cells."
    google.resize(5000, 6)
    added = {"addSheet": {"properties": {"gridProperties": {"rowCount": 1, "columnCount": 1}}}}
    assert google.no(added) == f"Invalid requests[0].addSheet: {PREFIX} 30000 cells."


def test_frozen_rows_cannot_be_all_that_is_left(google: Google) -> None:
    frozen = {"sheetId": 0, "gridProperties": {"frozenRowCount": 1}}
    google.batch({"updateSheetProperties": {"properties": frozen, "fields": "gridProperties.frozenRowCount"}})
    text = google.no({"deleteDimension": {"range": rows_of(1, 1000)}})
    assert text == "Invalid requests[0].deleteDimension: Sorry, it is not possible to delete all non-frozen rows."
    grid = {"rowCount": 1, "frozenRowCount": 0}
    both = {"properties": {"sheetId": 0, "gridProperties": grid}, "fields": "gridProperties(rowCount,frozenRowCount)"}
    text = google.no({"updateSheetProperties": both})
    assert text == "Invalid requests[0].updateSheetProperties: Sorry, it is not possible to delete all non-frozen rows."


def test_inserting_beyond_the_grid_is_refused_and_at_its_end_it_needs_a_row_before(google: Google) -> None:
    google.batch({"insertDimension": {"range": rows_of(1000, 1002), "inheritFromBefore": True}})
    assert google.sheet()["properties"]["gridProperties"]["rowCount"] == 1002
    beyond = google.no({"insertDimension": {"range": rows_of(1003, 1004), "inheritFromBefore": True}})
    assert beyond.endswith(": range.startIndex is larger than current grid size (1002)")
    at_end = google.no({"insertDimension": {"range": rows_of(1002, 1003)}})
    assert at_end.endswith(": range.startIndex must be less than the grid size (1002) if inheritFromBefore is false.")
    assert google.no({"deleteDimension": {"range": rows_of(0, 1002)}}).endswith(
        ": You can't delete all the rows on the sheet."
    )


@pytest.mark.parametrize(
    ("entered", "stored"),
    [
        ("=sum( sales!a3:a3 )", "=sum( Sales!A3 )"),
        ("='Sales'!B3:a2", "=Sales!A2:B3"),
        ("=sales!$d$3 + 1", "=Sales!$D$3 + 1"),
        ("=SUM(  A1 ,  'It''s'!a1:a1  )", "=SUM(  A1 ,  'It''s'!A1  )"),
        ("=if(true,\"a3:a3\",'It''s'!A1)", "=if(true,\"a3:a3\",'It''s'!A1)"),
        ("=Sales!3:3", "=Sales!3:3"),
        ("=SUM(Rw!$A3:$A3)", "=SUM(Rw!$A3)"),
        ("=sum(a1:a1)+ 1", "=sum(A1)+ 1"),
        ("=SUM(b:a)", "=SUM(A:B)"),
        ("=Nobody!a1", "=Nobody!A1"),
    ],
)
def test_references_are_kept_in_one_form(google: Google, entered: str, stored: str) -> None:
    google.batch(*({"addSheet": {"properties": {"title": title}}} for title in ("Sales", "Rw", "It's")))
    google.put("D1", [[entered]], typed=True)
    cell = {"userEnteredValue": {"formulaValue": entered}}
    start = {"sheetId": 0, "rowIndex": 1, "columnIndex": 3}
    google.batch(
        {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}},
        {"repeatCell": {"range": cells_of(2, 3, 3, 4), "cell": cell, "fields": "userEnteredValue"}},
    )
    assert google.formulas("D1:D3") == [[stored]] * 3


def test_new_rows_look_like_the_ones_that_they_inherit_from(google: Google) -> None:
    dates = {"userEnteredFormat": {"numberFormat": {"type": "DATE", "pattern": "yyyy-mm-dd"}}}
    google.batch({"repeatCell": {"range": cells_of(1, 2, 0, 1), "cell": dates, "fields": "userEnteredFormat"}})
    google.batch(
        {"insertDimension": {"range": rows_of(2, 3), "inheritFromBefore": True}},
        {"insertDimension": {"range": rows_of(1, 2), "inheritFromBefore": False}},
        {"insertDimension": {"range": rows_of(1, 2), "inheritFromBefore": True}},
    )
    google.put("A1", [[43831]] * 6)
    assert google.read("A1:A6") == [["43831"], ["43831"], ["2020-01-01"], ["2020-01-01"], ["2020-01-01"], ["43831"]]


def test_everything_follows_inserted_deleted_and_moved_rows(google: Google) -> None:
    google.put("A1", [[f"r{n}"] for n in range(1, 9)])
    google.batch(
        {"addNamedRange": {"namedRange": {"namedRangeId": "n", "name": "Body", "range": cells_of(2, 6, 0, 2)}}},
        {"mergeCells": {"range": cells_of(4, 6, 2, 4), "mergeType": "MERGE_ALL"}},
        {"setBasicFilter": {"filter": {"range": cells_of(0, 8, 0, 2)}}},
        {"createDeveloperMetadata": {"developerMetadata": _label("row", {"dimensionRange": rows_of(3, 4)})}},
        {"addProtectedRange": {"protectedRange": {"protectedRangeId": 3, "range": cells_of(3, 4, 0, 1)}}},
        {"addConditionalFormatRule": {"rule": _rule(cells_of(1, 8, 0, 1)), "index": 0}},
        {"addBanding": {"bandedRange": {"bandedRangeId": 4, "range": cells_of(0, 8, 0, 2)}}},
        {"addFilterView": {"filter": {"filterViewId": 5, "title": "mine", "range": cells_of(0, 8, 0, 2)}}},
        {"updateDimensionProperties": {"range": rows_of(3, 4), "properties": {"pixelSize": 50}, "fields": "pixelSize"}},
    )
    google.batch({"insertDimension": {"range": rows_of(3, 5)}})
    assert _places(google) == {
        "named": (2, 8), "merge": (6, 8), "filter": (0, 10), "label": (5, 6), "protected": (5, 6), "rule": (1, 10),
        "banding": (0, 10), "view": (0, 10), "tall": (3, 6),
    }  # fmt: skip
    google.batch({"deleteDimension": {"range": rows_of(0, 3)}})
    assert _places(google) == {
        "named": (0, 5), "merge": (3, 5), "filter": (0, 7), "label": (2, 3), "protected": (2, 3), "rule": (0, 7),
        "banding": (0, 7), "view": (0, 7), "tall": (0, 3),
    }  # fmt: skip
    google.batch({"moveDimension": {"source": rows_of(2, 3), "destinationIndex": 20}})
    assert _places(google)["label"] == _places(google)["protected"] == (19, 20)
    assert google.read("A20") == [["r4"]]
    google.batch({"deleteDimension": {"range": rows_of(19, 20)}})
    assert _places(google)["label"] is None


def _rule(place: dict[str, Any]) -> dict[str, Any]:
    style = {"backgroundColor": {"red": 0.5}}
    return {"ranges": [place], "booleanRule": {"condition": {"type": "NOT_BLANK"}, "format": style}}


def _places(google: Google) -> dict[str, tuple[int, int] | None]:
    whole = google.good("GET", "", fields="*")
    sheet = whole["sheets"][0]
    lines = sheet["data"][0]["rowMetadata"]
    found = google.good(
        "POST", "/developerMetadata:search", {"dataFilters": [{"developerMetadataLookup": {"metadataKey": "row"}}]}
    )
    labels = [
        each["developerMetadata"]["location"]["dimensionRange"] for each in found.get("matchedDeveloperMetadata", [])
    ]
    tall = [n for n, line in enumerate(lines) if line["pixelSize"] == 50]
    return {
        "named": _rows(whole["namedRanges"][0]["range"]),
        "merge": _rows(sheet["merges"][0]) if "merges" in sheet else None,
        "filter": _rows(sheet["basicFilter"]["range"]),
        "label": (labels[0]["startIndex"], labels[0]["endIndex"]) if labels else None,
        "protected": _rows(sheet["protectedRanges"][0]["range"]) if "protectedRanges" in sheet else None,
        "rule": _rows(sheet["conditionalFormats"][0]["ranges"][0]),
        "banding": _rows(sheet["bandedRanges"][0]["range"]),
        "view": _rows(sheet["filterViews"][0]["range"]),
        "tall": (tall[0], tall[-1] + 1) if tall else None,
    }


def _rows(place: dict[str, Any]) -> tuple[int, int]:
    return place["startRowIndex"], place["endRowIndex"]


def test_columns_carry_values_formats_labels_and_widths_when_moved_and_deleted(google: Google) -> None:
    google.put("A1", [["a", "b", "c", "d"], [1, 2, 3, 4]])
    bold = {"userEnteredFormat": {"textFormat": {"bold": True}}}
    google.batch(
        {"createDeveloperMetadata": {"developerMetadata": _label("col", {"dimensionRange": columns_of(1, 2)})}},
        {
            "updateDimensionProperties": {
                "range": columns_of(1, 2),
                "properties": {"pixelSize": 222},
                "fields": "pixelSize",
            }
        },
        {"repeatCell": {"range": cells_of(0, 1, 1, 2), "cell": bold, "fields": "userEnteredFormat.textFormat.bold"}},
        {"moveDimension": {"source": columns_of(1, 2), "destinationIndex": 4}},
    )
    assert google.raw("A1:D2") == [["a", "c", "d", "b"], [1, 3, 4, 2]]
    google.batch({"deleteDimension": {"range": columns_of(0, 1)}}, {"insertDimension": {"range": columns_of(1, 2)}})
    assert google.raw("A1:D2") == [["c", "", "d", "b"], [3, "", 4, 2]]
    fields = "sheets.data(columnMetadata(pixelSize,developerMetadata),rowData.values.userEnteredFormat.textFormat)"
    data = google.good("GET", "", fields=fields, ranges="A1:E1")["sheets"][0]["data"][0]
    assert data["columnMetadata"][3]["pixelSize"] == 222
    label = data["columnMetadata"][3]["developerMetadata"][0]
    assert label["location"]["dimensionRange"] == {"dimension": "COLUMNS", "startIndex": 3, "endIndex": 4}
    assert data["rowData"][0]["values"][3]["userEnteredFormat"] == {"textFormat": {"bold": True}}


def test_formulas_follow_rows_columns_and_titles(google: Google) -> None:
    google.batch({"addSheet": {"properties": {"sheetId": 5, "title": "Sums"}}})
    google.put("A1", [["n"], [1], [2], [3]])
    google.put("Sums!A1", [["=SUM(Sheet1!A2:A4)", "=Sheet1!$A$3*2", "=COUNTA(Sheet1!A:A)", '="Sheet1!A3"']], typed=True)
    assert google.raw("Sums!A1:D1") == [[6, 4, 4, "Sheet1!A3"]]
    google.batch({"insertDimension": {"range": rows_of(2, 3)}}, {"insertDimension": {"range": columns_of(0, 1)}})
    assert google.formulas("Sums!A1:C1") == [["=SUM(Sheet1!B2:B5)", "=Sheet1!$B$4*2", "=COUNTA(Sheet1!B:B)"]]
    assert google.raw("Sums!A1:C1") == [[6, 4, 4]]
    google.batch({"deleteDimension": {"range": rows_of(3, 4)}})
    assert google.formulas("Sums!A1:B1") == [["=SUM(Sheet1!B2:B4)", "=#REF!*2"]]
    assert google.raw("Sums!A1:B1") == [[4, "#REF!"]]
    google.batch({"updateSheetProperties": {"properties": {"sheetId": 0, "title": "My calls"}, "fields": "title"}})
    assert google.formulas("Sums!A1") == [["=SUM('My calls'!B2:B4)"]]


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("=AVERAGE(B1:B3)", 2), ("=COUNT(A1:B9)", 3), ("=B2*2+1", 5), ("=B1/0", "#DIV/0!"), ("=NOSUCH(1)", "#NAME?"),
        ("=(1+2)*-3", -9), ('="a"&B1', "a1"), ("=MAX(B:B)", 3), ("=2^3", 8), ("=50%", 0.5),
        ('=IF(B1>0,"yes","no")', "yes"),
        ("=C9+1", 1), ("=1+", "#ERROR!"), ("=0^-1", "#DIV/0!"), ("=(-8)^0.5", "#NUM!"),
    ],
)  # fmt: skip
def test_simple_formulas_have_values(google: Google, formula: str, value: Any) -> None:
    google.put("B1", [[1], [2], [3]])
    google.put("D1", [[formula]], typed=True)
    assert google.raw("D1") == [[value]]


def test_a_range_of_cells_is_cleared_where_no_rows_are_sent(google: Google) -> None:
    google.put("A1", [[1, 2], [3, 4]])
    row = {"values": [{"userEnteredValue": {"numberValue": 9}}]}
    google.batch({"updateCells": {"range": cells_of(0, 2, 0, 2), "rows": [row], "fields": "userEnteredValue"}})
    assert google.raw("A1:B2") == [[9]]
    google.batch({"updateCells": {"range": {"sheetId": 0}, "fields": "*"}})
    assert google.raw("A1:B2") == []


def test_appended_cells_go_below_the_last_data_and_never_add_columns(google: Google) -> None:
    google.resize(2, 2)
    google.put("A1", [["h"], ["x"]])
    row = {"values": [{"userEnteredValue": {"numberValue": 1}}] * 2}
    google.batch({"appendCells": {"sheetId": 0, "rows": [row], "fields": "userEnteredValue"}})
    assert google.raw("A1:B3") == [["h"], ["x"], [1, 1]]
    row = {"values": [{"userEnteredValue": {"numberValue": 1}}] * 3}
    text = google.no({"appendCells": {"sheetId": 0, "rows": [row], "fields": "userEnteredValue"}})
    assert (
        text == "Invalid requests[0].appendCells: Attempting to write column: 2, beyond the last requested column of: 1"
    )


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ({"sheetId": 0, "startRowIndex": 1000, "startColumnIndex": 0, "endColumnIndex": 2}, "Sheet1!A1001:B"),
        (cells_of(0, 2, 26, 27), "Sheet1!AA1:AA2"),
    ],
)
def test_formatting_clips_at_the_end_of_the_grid_and_refuses_to_start_beyond(
    google: Google, place: dict[str, Any], shown: str
) -> None:
    cell = {"note": "n"}
    google.batch({"repeatCell": {"range": cells_of(999, 1005, 25, 30), "cell": cell, "fields": "note"}})
    google.batch({"repeatCell": {"range": cells_of(5, 5, 0, 3), "cell": cell, "fields": "note"}})
    text = google.no({"repeatCell": {"range": place, "cell": cell, "fields": "note"}})
    assert text.startswith(f"Invalid requests[0].repeatCell: Range ({shown}) exceeds grid limits.")


def test_sorting_takes_cells_along_but_not_labels(google: Google) -> None:
    google.put("A1", [["h", "v"], ["b", 2], ["c", 10], ["", ""], ["a", 1]])
    google.batch({"createDeveloperMetadata": {"developerMetadata": _label("row", {"dimensionRange": rows_of(1, 2)})}})
    spec = {"dimensionIndex": 1, "sortOrder": "DESCENDING"}
    google.batch({"sortRange": {"range": cells_of(1, 5, 0, 2), "sortSpecs": [spec]}})
    assert google.raw("A1:B5") == [["h", "v"], ["c", 10], ["b", 2], ["a", 1]]
    lookup = {"developerMetadataLookup": {"metadataKey": "row"}}
    found = google.good("POST", "/developerMetadata:search", {"dataFilters": [lookup]})
    place = found["matchedDeveloperMetadata"][0]["developerMetadata"]["location"]["dimensionRange"]
    assert place["startIndex"] == 1


def test_copies_repeat_over_a_larger_destination_and_shift_formulas(google: Google) -> None:
    google.put("A1", [[1, "=A1+1"]], typed=True)
    google.batch({"copyPaste": {"source": cells_of(0, 1, 0, 2), "destination": cells_of(1, 3, 0, 2)}})
    assert google.formulas("A1:B3") == [[1, "=A1+1"], [1, "=A2+1"], [1, "=A3+1"]]
    google.batch(
        {
            "copyPaste": {
                "source": cells_of(0, 3, 0, 2),
                "destination": cells_of(0, 3, 2, 4),
                "pasteType": "PASTE_VALUES",
            }
        }
    )
    assert google.formulas("C1:D3") == [[1, 2]] * 3


def test_cells_can_be_inserted_and_deleted_within_rows(google: Google) -> None:
    google.put("A1", [["a", "b"], ["c", "d"]])
    google.batch({"insertRange": {"range": cells_of(0, 1, 0, 1), "shiftDimension": "ROWS"}})
    assert google.raw("A1:B3") == [["", "b"], ["a", "d"], ["c"]]
    google.batch({"deleteRange": {"range": cells_of(0, 1, 0, 1), "shiftDimension": "COLUMNS"}})
    assert google.raw("A1:B3") == [["b"], ["a", "d"], ["c"]]


def test_find_and_replace_counts_what_it_changed(google: Google) -> None:
    google.put("A1", [["Google Sheets", "x"], ["Google Docs", "=A1"]], typed=True)
    request = {"find": "o.* (.*)", "replacement": "$1 Rocks", "searchByRegex": True, "allSheets": True}
    reply = google.batch({"findReplace": request})["replies"][0]["findReplace"]
    assert reply == {"valuesChanged": 2, "rowsChanged": 2, "sheetsChanged": 1, "occurrencesChanged": 2}
    assert google.read("A1:A2") == [["GSheets Rocks"], ["GDocs Rocks"]]


def test_a_duplicated_tab_brings_copies_of_its_labels(google: Google) -> None:
    google.put("A1", [["x"]])
    google.batch(
        {"createDeveloperMetadata": {"developerMetadata": _label("tab", {"sheetId": 0}, metadataId=11)}},
        {"createDeveloperMetadata": {"developerMetadata": _label("col", {"dimensionRange": columns_of(2, 3)})}},
    )
    reply = google.batch({"duplicateSheet": {"sourceSheetId": 0, "newSheetId": 77}})["replies"][0]
    assert reply["duplicateSheet"]["properties"]["title"] == "Copy of Sheet1"
    assert google.read("'Copy of Sheet1'!A1") == [["x"]]
    sheets = google.good("GET", "", fields="sheets(properties.sheetId,developerMetadata)")["sheets"]
    labels = {sheet["properties"]["sheetId"]: sheet["developerMetadata"][0] for sheet in sheets}
    assert labels[0]["metadataId"] == 11
    assert labels[77]["metadataId"] != 11
    assert labels[77]["location"] == {"locationType": "SHEET", "sheetId": 77}
    google.put("'Copy of Sheet1'!A1", [["y"]])
    assert google.read("Sheet1!A1") == [["x"]]
    google.batch({"deleteSheet": {"sheetId": 77}})
    assert (
        len(
            google.good("POST", "/developerMetadata:search", {"dataFilters": [{"developerMetadataLookup": {}}]})[
                "matchedDeveloperMetadata"
            ]
        )
        == 2
    )


def test_the_spreadsheet_can_come_with_the_answer(google: Google) -> None:
    google.put("A1", [["x"]])
    answer = google.batch(
        {"addSheet": {"properties": {"sheetId": 5, "title": "New"}}},
        includeSpreadsheetInResponse=True,
        responseRanges=["Sheet1!A1:A2"],
        responseIncludeGridData=True,
    )
    sheets = answer["updatedSpreadsheet"]["sheets"]
    assert [sheet["properties"]["title"] for sheet in sheets] == ["Sheet1"]
    assert sheets[0]["data"][0]["rowData"][0]["values"][0]["formattedValue"] == "x"


def test_tabs_can_be_copied_to_another_spreadsheet(google: Google) -> None:
    google.world.make_spreadsheet("Other", "other")
    google.put("A1", [["x"]])
    answer = google.good("POST", "/sheets/0:copyTo", {"destinationSpreadsheetId": "other"})
    assert (answer["title"], answer["index"]) == ("Copy of Sheet1", 1)
    values = google.client.get("/v4/spreadsheets/other/values/'Copy of Sheet1'!A1").json()["values"]
    assert values == [["x"]]


def test_a_chart_keeps_its_specification(google: Google) -> None:
    spec = {"title": "Calls", "basicChart": {"chartType": "COLUMN"}}
    position = {"overlayPosition": {"anchorCell": {"sheetId": 0, "rowIndex": 2}}}
    google.batch({"addChart": {"chart": {"chartId": 8, "spec": spec, "position": position}}})
    assert google.sheet()["charts"][0]["spec"] == spec
    google.batch({"insertDimension": {"range": rows_of(2, 4)}})
    assert google.sheet()["charts"][0]["position"]["overlayPosition"]["anchorCell"]["rowIndex"] == 4
    google.batch({"deleteEmbeddedObject": {"objectId": 8}})
    assert "charts" not in google.sheet()


def test_a_series_goes_with_its_cells_and_the_chart_stays(google: Google) -> None:
    def drawn(column: int) -> dict[str, Any]:
        return {"sourceRange": {"sources": [cells_of(0, 5, column, column + 1)]}}

    basic = {"domains": [{"domain": drawn(0)}], "series": [{"series": drawn(1)}, {"series": drawn(2)}]}
    google.batch(
        {"addChart": {"chart": {"chartId": 8, "spec": {"basicChart": basic}}}},
        {"addChart": {"chart": {"chartId": 9, "spec": {"pieChart": {"domain": drawn(0), "series": drawn(1)}}}}},
        {"deleteDimension": {"range": columns_of(1, 2)}},
    )
    first, second = google.sheet()["charts"]
    (left,) = first["spec"]["basicChart"]["series"]
    assert left["series"]["sourceRange"]["sources"][0]["startColumnIndex"] == 1
    assert len(first["spec"]["basicChart"]["domains"]) == 1
    assert set(second["spec"]["pieChart"]) == {"domain"}


def test_the_effective_format_is_whole(google: Google) -> None:
    cell = {"userEnteredFormat": {"textFormat": {"bold": True}}}
    google.batch({"repeatCell": {"range": cells_of(0, 1, 0, 1), "cell": cell, "fields": "userEnteredFormat"}})
    data = google.sheet(ranges="A1", fields="sheets.data.rowData.values.effectiveFormat")["data"][0]
    shown = data["rowData"][0]["values"][0]["effectiveFormat"]
    assert (shown["textFormat"]["bold"], shown["textFormat"]["fontSize"], shown["wrapStrategy"]) == (
        True,
        10,
        "OVERFLOW_CELL",
    )


def test_charts_grow_with_the_rows_that_they_draw(google: Google) -> None:
    spec = {"basicChart": {"domains": [{"domain": {"sourceRange": {"sources": [cells_of(0, 5, 0, 1)]}}}]}}
    position = {"overlayPosition": {"anchorCell": {"sheetId": 5}}}
    google.batch(
        {"addSheet": {"properties": {"sheetId": 5, "title": "Charts"}}},
        {"addChart": {"chart": {"chartId": 8, "spec": spec, "position": position}}},
        {"insertDimension": {"range": rows_of(4, 7), "inheritFromBefore": True}},
    )
    shown = google.sheet(1)["charts"][0]["spec"]["basicChart"]["domains"][0]["domain"]["sourceRange"]["sources"][0]
    assert (shown["startRowIndex"], shown["endRowIndex"]) == (0, 8)
