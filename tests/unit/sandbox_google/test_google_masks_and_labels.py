"""Field masks, data filters and developer metadata."""

from __future__ import annotations

from typing import Any

import pytest

from sync.sandbox.google.masks import apply_mask, parse_mask
from sync.sandbox.google.metadata import shown_filter
from tests.unit.sandbox_google.conftest import Google, Json, cells_of, columns_of, rows_of


@pytest.mark.parametrize(
    "text",
    [
        "sheets.properties.gridProperties.rowCount,sheets.properties.title",
        "sheets/properties/gridProperties/rowCount,sheets/properties/title",
        "sheets(properties(gridProperties(rowCount),title))",
        "sheets.properties(gridProperties/rowCount,title)",
        " sheets( properties.title , properties.gridProperties.rowCount ) ",
    ],
)
def test_all_spellings_of_a_mask_mean_the_same(google: Google, text: str) -> None:
    wanted = {"sheets": [{"properties": {"gridProperties": {"rowCount": 1000}, "title": "Sheet1"}}]}
    assert google.good("GET", "", fields=text) == wanted


def test_a_wider_mask_swallows_a_narrower_one() -> None:
    value = {"a": {"b": 1, "c": 2}, "d": 3}
    for text in ("a,a.b", "a.b,a", "a.*", "a(*)"):
        assert apply_mask(value, parse_mask(text)) == {"a": {"b": 1, "c": 2}}
    assert apply_mask(value, parse_mask("*")) == value


def test_masks_also_narrow_what_other_methods_answer(google: Google) -> None:
    assert google.good("GET", "/values/A1:B2", fields="range") == {"range": "Sheet1!A1:B2"}
    assert google.good("GET", "", fields="namedRanges") == {}
    request = {"requests": [{"addSheet": {"properties": {"title": "x", "sheetId": 4}}}]}
    answer = google.good("POST", ":batchUpdate", request, fields="replies.addSheet.properties.sheetId")
    assert answer == {"replies": [{"addSheet": {"properties": {"sheetId": 4}}}]}


def test_a_mask_that_names_nothing_known_is_refused(google: Google) -> None:
    sent = "spreadsheetId,sheets(propertys,merges)"
    error = google.ask("GET", "", fields=sent).json()["error"]
    assert error["message"] == "Request contains an invalid argument."
    (violation,) = error["details"][0]["fieldViolations"]
    assert violation["field"] == sent
    assert violation["description"].endswith("Cannot find matching fields for path 'sheets.propertys'.")


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ("note", {"userEnteredFormat", "userEnteredValue"}),
        ("userEnteredValue", {"userEnteredFormat", "note"}),
        ("userEnteredFormat", {"userEnteredValue", "note"}),
        ("userEnteredFormat.textFormat.italic", {"userEnteredFormat", "userEnteredValue", "note"}),
        ("dataValidation", {"userEnteredFormat", "userEnteredValue", "note"}),
        ("effectiveFormat,formattedValue", {"userEnteredFormat", "userEnteredValue", "note"}),
        ("*", set()),
    ],
)
@pytest.mark.parametrize("kind", ["repeatCell", "updateCells"])
def test_only_what_a_mask_names_is_changed(google: Google, kind: str, fields: str, left: set[str]) -> None:
    cell = {
        "userEnteredValue": {"numberValue": 1},
        "note": "n",
        "userEnteredFormat": {"textFormat": {"bold": True, "italic": True}},
    }
    place = cells_of(0, 1, 0, 1)
    google.batch({"repeatCell": {"range": place, "cell": cell, "fields": "*"}})
    empty: Json = {"cell": {}} if kind == "repeatCell" else {"rows": []}
    google.batch({kind: {"range": place, "fields": fields} | empty})
    shown = "sheets.data.rowData.values(userEnteredValue,userEnteredFormat,note)"
    rows = google.good("GET", "", ranges="A1", fields=shown)["sheets"][0]["data"][0].get("rowData", [])
    kept = rows[0]["values"][0] if rows else {}
    assert set(kept) == left
    if fields.endswith("italic"):
        assert kept["userEnteredFormat"] == {"textFormat": {"bold": True}}


def test_borders_of_formats_are_kept_as_those_that_are_drawn(google: Google) -> None:
    borders = {
        "top": {"style": "SOLID_THICK"},
        "left": {"style": "NONE"},
        "right": {"style": "DOTTED", "color": {"red": 1}},
    }
    cell = {"userEnteredFormat": {"borders": borders}}
    google.batch({"repeatCell": {"range": cells_of(0, 1, 0, 1), "cell": cell, "fields": "userEnteredFormat.borders"}})
    shown = "sheets.data.rowData.values.userEnteredFormat.borders"
    row = google.good("GET", "", ranges="A1", fields=shown)["sheets"][0]["data"][0]["rowData"][0]
    black = {"color": {}, "colorStyle": {"rgbColor": {}}}
    red = {"color": {"red": 1}, "colorStyle": {"rgbColor": {"red": 1}}}
    assert row["values"][0]["userEnteredFormat"]["borders"] == {
        "top": {"style": "SOLID_THICK", "width": 3} | black,
        "right": {"style": "DOTTED", "width": 1} | red,
    }


def test_rows_are_listed_only_when_asked_for(google: Google) -> None:
    google.put("B2", [["x"]])
    assert "data" not in google.sheet()
    fields = "sheets(properties(sheetId),data(columnMetadata(developerMetadata)))"
    data = google.sheet(fields=fields)["data"][0]
    assert data == {"columnMetadata": [{}] * 26}
    data = google.sheet(includeGridData=True, ranges="B2:C3")["data"][0]
    assert (data["startRow"], data["startColumn"]) == (1, 1)
    assert len(data["rowMetadata"]) == len(data["columnMetadata"]) == 2
    cell = data["rowData"][0]["values"][0]
    assert cell["userEnteredValue"] == cell["effectiveValue"] == {"stringValue": "x"}
    assert cell["formattedValue"] == "x"


def test_colours_are_kept_in_eight_bits_and_zero_channels_disappear(google: Google) -> None:
    cell = {"userEnteredFormat": {"backgroundColor": {"red": 0.5, "green": 0, "blue": 1}}}
    google.batch(
        {"repeatCell": {"range": cells_of(0, 1, 0, 1), "cell": cell, "fields": "userEnteredFormat(backgroundColor)"}}
    )
    data = google.sheet(fields="sheets.data.rowData.values.userEnteredFormat")["data"][0]
    shown = data["rowData"][0]["values"][0]["userEnteredFormat"]
    assert shown["backgroundColor"] == {"red": 0.49803922, "blue": 1}
    assert shown["backgroundColorStyle"] == {"rgbColor": {"red": 0.49803922, "blue": 1}}


def label(key: str, location: Json, **more: Any) -> Json:
    entry = {"metadataKey": key, "location": location, "visibility": "DOCUMENT"} | more
    return {"createDeveloperMetadata": {"developerMetadata": entry}}


def lookup(**wanted: Any) -> Json:
    return {"developerMetadataLookup": wanted}


@pytest.fixture
def labelled(google: Google) -> Google:
    google.batch(
        {"addSheet": {"properties": {"sheetId": 5, "title": "Five"}}},
        label("a", {"spreadsheet": True}, metadataId=1, metadataValue="whole"),
        label("a", {"sheetId": 0}, metadataId=2),
        label("b", {"dimensionRange": rows_of(2, 3)}, metadataId=3, visibility="PROJECT"),
        label("b", {"dimensionRange": columns_of(1, 2)}, metadataId=4, metadataValue="col"),
        label("b", {"dimensionRange": columns_of(3, 4) | {"sheetId": 5}}, metadataId=5),
    )
    return google


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"metadataKey": "a"}, [1, 2]),
        ({"metadataKey": "b", "metadataValue": "col"}, [4]),
        ({"metadataId": 3}, [3]),
        ({"visibility": "PROJECT"}, [3]),
        ({"locationType": "COLUMN"}, [4, 5]),
        ({"locationType": "SPREADSHEET"}, [1]),
        ({"metadataLocation": {"sheetId": 0}}, [2, 3, 4]),
        ({"metadataLocation": {"sheetId": 0}, "locationMatchingStrategy": "EXACT_LOCATION"}, [2]),
        ({"metadataLocation": {"sheetId": 0}, "locationType": "COLUMN"}, [4]),
        ({"metadataLocation": {"dimensionRange": columns_of(1, 2)}}, [2, 3, 4]),
        ({"metadataLocation": {"dimensionRange": columns_of(2, 3)}}, [2, 3]),
        ({"metadataLocation": {"dimensionRange": rows_of(2, 3)}, "locationMatchingStrategy": "EXACT_LOCATION"}, [3]),
        ({"metadataLocation": {"dimensionRange": rows_of(2, 3)}, "locationType": "ROW"}, [3]),
        ({"metadataLocation": {"spreadsheet": True}, "locationMatchingStrategy": "EXACT_LOCATION"}, [1]),
        ({"metadataLocation": {"spreadsheet": True}, "locationType": "SPREADSHEET"}, [1]),
        ({"metadataKey": "b", "visibility": "DEVELOPER_METADATA_VISIBILITY_UNSPECIFIED"}, [3, 4, 5]),
        ({"metadataKey": "a", "locationType": "DEVELOPER_METADATA_LOCATION_TYPE_UNSPECIFIED"}, [1, 2]),
        ({"metadataLocation": {"spreadsheet": True}}, [1]),
        ({"metadataKey": "zzz"}, []),
    ],
)
def test_lookups_select_by_key_value_id_visibility_and_place(labelled: Google, wanted: Json, ids: list[int]) -> None:
    answer = labelled.good("POST", "/developerMetadata:search", {"dataFilters": [lookup(**wanted)]})
    found = [each["developerMetadata"]["metadataId"] for each in answer.get("matchedDeveloperMetadata", [])]
    assert found == ids


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"locationMatchingStrategy": "EXACT_LOCATION"}, "a metadataLocation must also be specified"),
        ({"metadataLocation": {"dimensionRange": columns_of(0, 2)}}, "must represent a single row or column"),
        ({"metadataLocation": {"dimensionRange": {"sheetId": 0, "dimension": "ROWS"}}}, "startIndex and an endIndex"),
        ({"metadataLocation": {"sheetId": 99}}, "No sheet with id: 99"),
        ({"metadataLocation": {"sheetId": 0}, "locationType": "SPREADSHEET"}, "locationType cannot be SPREADSHEET"),
        (
            {"metadataLocation": {"sheetId": 0}, "locationType": "SHEET", "locationMatchingStrategy": "EXACT_LOCATION"},
            "must be left unspecified",
        ),
    ],
)
def test_lookups_that_cannot_be(labelled: Google, wanted: Json, words: str) -> None:
    assert words in labelled.refused("POST", "/developerMetadata:search", {"dataFilters": [lookup(**wanted)]})


@pytest.mark.parametrize(
    ("data_filter", "ids"),
    [
        ({"a1Range": "Sheet1!A1:A2"}, [2]),
        ({"a1Range": "Sheet1!A3"}, [2, 3]),
        ({"a1Range": "Sheet1!B:B"}, [2, 3, 4]),
        ({"a1Range": "Five"}, [5]),
        ({"gridRange": cells_of(0, 2, 1, 2)}, [2, 4]),
        ({"gridRange": {"sheetId": 0}}, [2, 3, 4]),
        ({"gridRange": {"sheetId": 5, "startColumnIndex": 4}}, []),
    ],
)
def test_a_range_selects_the_labels_that_it_meets(labelled: Google, data_filter: Json, ids: list[int]) -> None:
    answer = labelled.good("POST", "/developerMetadata:search", {"dataFilters": [data_filter]})
    matched = answer.get("matchedDeveloperMetadata", [])
    assert [each["developerMetadata"]["metadataId"] for each in matched] == ids
    assert all(each["dataFilters"] == [shown_filter(data_filter)] for each in matched)
    removed = labelled.batch({"deleteDeveloperMetadata": {"dataFilter": data_filter}})["replies"][0]
    gone = removed["deleteDeveloperMetadata"].get("deletedDeveloperMetadata", [])
    assert [entry["metadataId"] for entry in gone] == ids


def test_labels_that_ranges_meet_can_be_changed(labelled: Google) -> None:
    filters = [{"a1Range": "A3"}, {"gridRange": {"sheetId": 5}}]
    new = {"dataFilters": filters, "developerMetadata": {"metadataValue": "new"}, "fields": "metadataValue"}
    changed = labelled.batch({"updateDeveloperMetadata": new})["replies"][0]["updateDeveloperMetadata"]
    values = {entry["metadataId"]: entry["metadataValue"] for entry in changed["developerMetadata"]}
    assert values == {2: "new", 3: "new", 5: "new"}


def test_labels_are_shown_where_they_hang(labelled: Google) -> None:
    whole = labelled.good("GET", "", fields="developerMetadata,sheets(developerMetadata,data.columnMetadata)")
    assert whole["developerMetadata"][0]["location"] == {"locationType": "SPREADSHEET", "spreadsheet": True}
    assert whole["sheets"][0]["developerMetadata"][0]["location"] == {"locationType": "SHEET", "sheetId": 0}
    column = whole["sheets"][1]["data"][0]["columnMetadata"][3]["developerMetadata"][0]
    place = {"sheetId": 5, "dimension": "COLUMNS", "startIndex": 3, "endIndex": 4}
    assert column["location"] == {"locationType": "COLUMN", "dimensionRange": place}


def test_one_label_can_be_read_by_its_id(labelled: Google) -> None:
    found = labelled.good("GET", "/developerMetadata/4")
    assert (found["metadataKey"], found["metadataValue"]) == ("b", "col")
    assert labelled.ask("GET", "/developerMetadata/999").status_code == 404


def test_labels_can_be_changed_and_removed(labelled: Google) -> None:
    change = {"metadataValue": "new", "location": {"dimensionRange": columns_of(7, 8)}}
    request = {"dataFilters": [lookup(metadataId=4)], "developerMetadata": change, "fields": "metadataValue,location"}
    reply = labelled.batch({"updateDeveloperMetadata": request})["replies"][0]
    assert reply["updateDeveloperMetadata"]["developerMetadata"][0]["location"]["dimensionRange"]["startIndex"] == 7
    gone = labelled.batch({"deleteDeveloperMetadata": {"dataFilter": lookup(metadataKey="b")}})["replies"][0]
    assert len(gone["deleteDeveloperMetadata"]["deletedDeveloperMetadata"]) == 3
    assert labelled.good("POST", "/developerMetadata:search", {"dataFilters": [lookup(metadataKey="b")]}) == {}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (label("", {"spreadsheet": True}), "must always have a key"),
        (label("k", {"spreadsheet": True}, visibility=None), "must always have visibility"),
        (label("k", {"sheetId": 99}), "No sheet with id: 99"),
        (label("k", {"dimensionRange": rows_of(0, 2)}), "single row or column"),
        (label("k", {"spreadsheet": True}, metadataId=1), "already exists"),
        (label("k", {"spreadsheet": True}, metadataValue="x" * 30_000), "30000 characters"),
    ],
)
def test_labels_that_cannot_be(labelled: Google, request_: Json, words: str) -> None:
    assert words in labelled.no(request_)


def test_values_can_be_read_by_filters_of_all_kinds(labelled: Google) -> None:
    labelled.put("A1", [["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"]])
    filters = [
        {"gridRange": cells_of(0, 1, 0, 2)},
        {"a1Range": "Sheet1!A1:B1"},
        lookup(metadataId=4),
        lookup(metadataId=3),
        lookup(metadataKey="zzz"),
    ]
    answer = labelled.good("POST", "/values:batchGetByDataFilter", {"dataFilters": filters, "majorDimension": "ROWS"})
    ranges = answer["valueRanges"]
    assert [each["valueRange"]["range"] for each in ranges] == ["Sheet1!A1:B1", "Sheet1!B1:B1000", "Sheet1!A3:Z3"]
    assert ranges[0]["dataFilters"] == [shown_filter(each) for each in filters[:2]]
    assert ranges[1]["valueRange"]["values"] == [["b"], ["e"], ["h"]]
    assert ranges[2]["valueRange"]["values"] == [["g", "h", "i"]]


def test_values_can_be_written_by_filter_and_must_fit_it(labelled: Google) -> None:
    data = [
        {"dataFilter": {"gridRange": cells_of(1, 3, 0, 2)}, "values": [["x", None], [None, "y"]]},
        {"dataFilter": lookup(metadataId=4), "majorDimension": "COLUMNS", "values": [["head"]]},
    ]
    body: Json = {"valueInputOption": "RAW", "data": data, "includeValuesInResponse": True}
    answer = labelled.good("POST", "/values:batchUpdateByDataFilter", body)
    assert (answer["totalUpdatedCells"], answer["totalUpdatedRows"], answer["totalUpdatedSheets"]) == (3, 3, 1)
    first = answer["responses"][0]
    assert first["dataFilter"] == shown_filter({"gridRange": cells_of(1, 3, 0, 2)})
    assert (first["updatedRange"], first["updatedData"]["values"]) == ("Sheet1!A2:B3", [["x"], ["", "y"]])
    assert labelled.read("A1:B3") == [["", "head"], ["x"], ["", "y"]]
    body["data"] = [{"dataFilter": {"gridRange": cells_of(0, 1, 0, 1)}, "values": [[1, 2]]}]
    text = labelled.refused("POST", "/values:batchUpdateByDataFilter", body)
    assert text == "Invalid data[0]: Requested writing within range [Sheet1!A1], but tried writing to column [B]"
    body["data"] = [{"dataFilter": {"gridRange": {"sheetId": 77}}, "values": [[1]]}]
    assert labelled.refused("POST", "/values:batchUpdateByDataFilter", body) == "Invalid data[0]: No grid with id: 77"


def test_values_can_be_cleared_by_filter(labelled: Google) -> None:
    labelled.put("A1", [["a", "b"], ["c", "d"]])
    answer = labelled.good("POST", "/values:batchClearByDataFilter", {"dataFilters": [lookup(metadataId=4)]})
    assert answer["clearedRanges"] == ["Sheet1!B1:B1000"]
    assert labelled.read("A1:B2") == [["a"], ["c"]]


def test_a_spreadsheet_can_be_read_by_filter(labelled: Google) -> None:
    labelled.put("A1", [["a", "b"]])
    body = {"dataFilters": [lookup(metadataId=4)], "includeGridData": True}
    sheets = labelled.good("POST", ":getByDataFilter", body)["sheets"]
    assert [sheet["properties"]["sheetId"] for sheet in sheets] == [0]
    assert sheets[0]["data"][0]["startColumn"] == 1


def test_echoed_filters_leave_the_first_tab_out_of_ranges(labelled: Google) -> None:
    near, far = cells_of(0, 1, 0, 1), cells_of(0, 1, 0, 1) | {"sheetId": 5}
    bare = {name: index for name, index in near.items() if name != "sheetId"}
    body: Json = {"dataFilters": [{"gridRange": near}, {"gridRange": far}]}
    read = labelled.good("POST", "/values:batchGetByDataFilter", body)["valueRanges"]
    assert [each["dataFilters"] for each in read] == [[{"gridRange": bare}], [{"gridRange": far}]]
    data = [{"dataFilter": {"gridRange": near}, "values": [[1]]}]
    answer = labelled.good("POST", "/values:batchUpdateByDataFilter", {"valueInputOption": "RAW", "data": data})
    assert answer["responses"][0]["dataFilter"] == {"gridRange": bare}
    place = {"dimensionRange": rows_of(2, 3)}
    found = labelled.good("POST", "/developerMetadata:search", {"dataFilters": [lookup(metadataLocation=place)]})
    echoed = found["matchedDeveloperMetadata"][0]["dataFilters"][0]["developerMetadataLookup"]["metadataLocation"]
    assert echoed == {"dimensionRange": {"dimension": "ROWS", "startIndex": 2, "endIndex": 3}}


def test_a_validation_is_kept_alike_however_it_comes(google: Google) -> None:
    condition = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "a"}]}
    sent: Json = {"condition": condition, "strict": False, "showCustomUi": True, "inputMessage": ""}
    cell = {"dataValidation": sent}
    google.batch(
        {"setDataValidation": {"range": cells_of(0, 1, 0, 1), "rule": sent}},
        {"repeatCell": {"range": cells_of(0, 1, 1, 2), "cell": cell, "fields": "dataValidation"}},
    )
    shown = google.good("GET", "", ranges="A1:B1", fields="sheets.data.rowData.values.dataValidation")
    kept = {"dataValidation": {"condition": condition, "showCustomUi": True}}
    assert shown["sheets"][0]["data"][0]["rowData"][0]["values"] == [kept, kept]
