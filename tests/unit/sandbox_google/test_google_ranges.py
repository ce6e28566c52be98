"""What range texts mean, where appended rows go, and how values of the wrong form are refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_google.conftest import Google, cells_of


@pytest.fixture
def two_tables(google: Google) -> Google:
    """Return the example of Google's guide on appending: tables at A1:C2 and B4:D6."""
    google.put("A1", [["x", "y", "z"], [1, 2, 3]])
    google.put("B4", [["a", "b", "c"], [1, 2, 3], [4, 5, 6]])
    return google


def append(google: Google, place: str, rows: list[list[Any]], **query: str) -> tuple[str | None, str]:
    answer = google.good("POST", f"/values/{place}:append", {"values": rows}, **{"valueInputOption": "RAW"} | query)
    return answer.get("tableRange"), answer["updates"]["updatedRange"]


@pytest.mark.parametrize("place", ["Sheet1", "B4", "C5:D5", "B2:D4", "A3:G10"])
def test_rows_go_below_the_last_table_that_a_range_touches(two_tables: Google, place: str) -> None:
    assert append(two_tables, place, [[9, 9]]) == ("Sheet1!B4:D6", "Sheet1!B7:C7")


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("A1", ("Sheet1!A1:C2", "Sheet1!A3:B3")),
        ("E4", (None, "Sheet1!E4:F4")),
        ("A4", (None, "Sheet1!A4:B4")),
    ],
)
def test_a_cell_beside_a_table_belongs_to_none(two_tables: Google, place: str, wanted: tuple[str | None, str]) -> None:
    assert append(two_tables, place, [[9, 9]]) == wanted


def test_a_gap_inside_a_table_belongs_to_it(google: Google) -> None:
    google.put("A1", [["a", "b", "c"], ["d", "", "f"], ["g", "h", "i"]])
    assert append(google, "B2", [["new"]]) == ("Sheet1!A1:C3", "Sheet1!A4")


def test_a_row_inserted_into_a_table_is_where_rows_appended_there_go(google: Google) -> None:
    google.put("A1", [["a", "b"], ["c", "d"]])
    lines = {"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}
    google.batch({"insertDimension": {"range": lines}})
    assert append(google, "A2", [["new"]])[1] == "Sheet1!A2"
    assert google.raw("A1:B3") == [["a", "b"], ["new"], ["c", "d"]]


def test_a_name_without_a_mark_is_the_named_range_and_a_quoted_one_is_the_tab(google: Google) -> None:
    google.batch(
        {"addSheet": {"properties": {"sheetId": 7, "title": "Sidecar"}}},
        {"addNamedRange": {"namedRange": {"name": "Sheet1", "range": cells_of(0, 3, 0, 2) | {"sheetId": 7}}}},
        {"addNamedRange": {"namedRange": {"name": "Solo", "range": cells_of(0, 1, 0, 1)}}},
    )
    assert google.good("GET", "/values/Sheet1")["range"] == "Sidecar!A1:B3"
    assert google.good("GET", "/values/'Sheet1'")["range"] == "Sheet1!A1:Z1000"
    assert google.good("GET", "/values/Sheet1!A1:B1")["range"] == "Sheet1!A1:B1"
    assert google.good("GET", "/values/Solo")["range"] == "Sheet1!A1"
    for place in ("'Solo'", "Solo!A1:B1"):
        assert google.refused("GET", f"/values/{place}") == f"Unable to parse range: {place}"


def test_cells_without_a_tab_are_those_of_the_first_one_that_shows(google: Google) -> None:
    google.batch(
        {"addSheet": {"properties": {"sheetId": 7, "title": "Shown"}}},
        {"updateSheetProperties": {"properties": {"sheetId": 0, "hidden": True}, "fields": "hidden"}},
    )
    assert google.good("GET", "/values/A1:B2")["range"] == "Shown!A1:B2"


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("R1C1:R2C3", "Sheet1!A1:C2"),
        ("r2c3", "Sheet1!C2"),
        ("$B$2:$A1", "Sheet1!A1:B2"),
        ("'Sheet1'!R3C1", "Sheet1!A3"),
    ],
)
def test_ranges_may_be_written_in_other_ways(google: Google, place: str, wanted: str) -> None:
    assert google.good("GET", f"/values/{place}")["range"] == wanted


@pytest.mark.parametrize("place", ["AAAA1", "A0", "A1:", ":A1", "A1:B2:C3", "Sheet1!", "'Sheet1'A1", "R0C1", "!!!"])
def test_what_is_no_range_is_refused(google: Google, place: str) -> None:
    assert google.refused("GET", f"/values/{place}") == f"Unable to parse range: {place}"


def test_the_range_of_a_body_must_be_that_of_its_address(google: Google) -> None:
    body = {"range": "Sheet1!A2", "values": [[1]]}
    words = "Request range[Sheet1!A1] does not match value's range[Sheet1!A2]"
    assert google.refused("PUT", "/values/Sheet1!A1", body, valueInputOption="RAW") == words
    assert google.refused("POST", "/values/Sheet1!A1:append", body, valueInputOption="RAW") == words
    google.good("PUT", "/values/Sheet1!A2", body, valueInputOption="RAW")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ([], "list_value {\n}\n"),
        ([1.0], "list_value {\n  values {\n    number_value: 1.0\n  }\n}\n"),
        ({"a": True}, 'struct_value {\n  fields {\n    key: "a"\n    value {\n      bool_value: true\n    }\n  }\n}\n'),
        ([["x"]], 'list_value {\n  values {\n    list_value {\n      values {\n        string_value: "x"\n'),
    ],
)
def test_a_cell_that_is_no_scalar_is_quoted_in_the_refusal(google: Google, cell: Any, text: str) -> None:
    body = {"values": [["ok"], [1, cell]]}
    words = google.refused("PUT", "/values/A1", body, valueInputOption="RAW")
    assert words.startswith(f"Invalid values[1][1]: {text}")


@pytest.mark.parametrize("text", ["sheets(", "sheets)", "sheets..properties", "(sheets)", "sheets.(properties)", "a("])
def test_a_mask_that_is_not_well_formed_is_refused(google: Google, text: str) -> None:
    google.refused("GET", "", fields=text)
    change = {"properties": {"sheetId": 0, "title": "x"}, "fields": text}
    google.no({"updateSheetProperties": change})


def test_texts_that_look_like_errors_are_texts(google: Google) -> None:
    google.put("A1", [["#N/A", "#REF!"]])
    cells = google.sheet(ranges="A1:B1", fields="sheets.data.rowData.values.userEnteredValue")["data"][0]["rowData"]
    assert [cell["userEnteredValue"] for cell in cells[0]["values"]] == [
        {"stringValue": "#N/A"},
        {"stringValue": "#REF!"},
    ]
