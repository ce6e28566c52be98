"""Reading and writing values: ranges, counts, typed input, rendering."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_google.conftest import Google, cells_of


def test_an_empty_range_has_no_values_key_and_is_closed_against_the_grid(google: Google) -> None:
    assert google.good("GET", "/values/A2:B") == {"range": "Sheet1!A2:B1000", "majorDimension": "ROWS"}
    assert google.good("GET", "/values/Sheet1")["range"] == "Sheet1!A1:Z1000"
    assert google.good("GET", "/values/A1:1")["range"] == "Sheet1!A1:Z1"
    assert google.good("GET", "/values/3:4")["range"] == "Sheet1!A3:Z4"
    assert google.good("GET", "/values/C3:A1")["range"] == "Sheet1!A1:C3"


def test_trailing_blanks_are_cut_and_blank_rows_in_the_middle_stay(google: Google) -> None:
    google.put("A1", [["a", "", ""], ["", "", ""], ["", "b", ""], ["", "", ""]])
    assert google.read("A1:Z9") == [["a"], [], ["", "b"]]
    assert google.read("A1:Z9", majorDimension="COLUMNS") == [["a"], ["", "", "b"]]


def test_null_skips_and_is_not_counted_while_empty_text_clears_and_is(google: Google) -> None:
    google.put("A1", [["a", "b", "c"]])
    answer = google.put("A1:C2", [[None, "", "z"], [None, None, None]])
    assert answer == {
        "spreadsheetId": "book",
        "updatedRange": "Sheet1!A1:C2",
        "updatedRows": 1,
        "updatedColumns": 2,
        "updatedCells": 2,
    }
    assert google.read("A1:C1") == [["a", "", "z"]]


def test_a_single_cell_is_an_origin_and_a_range_is_a_bound(google: Google) -> None:
    assert google.put("B2", [[1, 2], [3]])["updatedRange"] == "Sheet1!B2:C3"
    body = {"values": [[1, 2, 3]]}
    text = google.refused("PUT", "/values/A3:B9", body, valueInputOption="RAW")
    assert text == "Requested writing within range [Sheet1!A3:B9], but tried writing to column [C]"
    body = {"values": [[1]] * 3}
    text = google.refused("PUT", "/values/A3:B4", body, valueInputOption="RAW")
    assert text == "Requested writing within range [Sheet1!A3:B4], but tried writing to row [5]"


def test_nothing_is_written_or_read_outside_the_grid(google: Google) -> None:
    limits = "exceeds grid limits. Max rows: 1000, max columns: 26"
    body = {"values": [[1]]}
    assert google.refused("GET", "/values/A1001:B1002") == f"Range (Sheet1!A1001:B1002) {limits}"
    assert google.good("GET", "/values/A999:B1002")["range"] == "Sheet1!A999:B1000"
    text = google.refused("PUT", "/values/A1001:B1002", body, valueInputOption="RAW")
    assert text == f"Range (Sheet1!A1001:B1002) {limits}"
    # a range that reaches beyond the grid is taken, as long as its data fits: pygsheets asks for one row too many
    answer = google.good("PUT", "/values/A999:B1002", body, valueInputOption="RAW")
    assert answer["updatedRange"] == "Sheet1!A999"
    text = google.refused("PUT", "/values/A999:B1002", {"values": [[1], [2], [3]]}, valueInputOption="RAW")
    assert text == f"Range (Sheet1!A999:A1001) {limits}"
    text = google.refused("PUT", "/values/Z1000", {"values": [[1, 2], [3]]}, valueInputOption="RAW")
    assert text == f"Range (Sheet1!Z1000:AA1001) {limits}"


@pytest.mark.parametrize("place", ["Nope!A1", "nope", "A1:B2:C3", "Sheet1!what", "'Sheet1'!1A"])
def test_a_range_that_means_nothing_is_named_in_the_refusal(google: Google, place: str) -> None:
    assert google.refused("GET", f"/values/{place}") == f"Unable to parse range: {place}"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Calls", "Calls"),
        ("D3", "'D3'"),
        ("a b", "'a b'"),
        ("it's", "'it''s'"),
        ("R1C1", "'R1C1'"),
        ("2026", "'2026'"),
        ("TRUE", "TRUE"),
        ("x.y", "x.y"),
        ("Sales2", "Sales2"),
        ("ABC1234", "'ABC1234'"),
        ("Ünï", "'Ünï'"),
        ("a-b", "'a-b'"),
    ],
)
def test_titles_are_quoted_only_when_needed(google: Google, title: str, shown: str) -> None:
    google.batch({"addSheet": {"properties": {"sheetId": 7, "title": title}}})
    quoted = "'" + title.replace("'", "''") + "'!A1"
    assert google.put(quoted, [["x"]])["updatedRange"] == f"{shown}!A1"


def test_a_title_with_the_signs_of_a_path_survives(google: Google) -> None:
    google.batch({"addSheet": {"properties": {"title": "a/b:clear?c"}}})
    google.put("'a/b:clear?c'!A1", [["x"]])
    assert google.read("'a/b:clear?c'!A1:B2") == [["x"]]
    assert google.good("POST", "/values/%27a%2Fb%3Aclear%3Fc%27:clear")["clearedRange"] == "'a/b:clear?c'!A1:Z1000"


@pytest.mark.parametrize(
    ("typed", "value", "shown"),
    [
        ("0042", 42, "42"),
        ("2,000,000.01", 2000000.01, "2,000,000.01"),
        ("50%", 0.5, "50%"),
        ("12.5%", 0.125, "12.50%"),
        ("$1,234.50", 1234.5, "$1,234.50"),
        ("2020-01-01", 43831, "2020-01-01"),
        ("1/31/2026", 46053, "1/31/2026"),
        ("2026-09-27 10:30:15", 46292.43767361111, "2026-09-27 10:30:15"),
        ("10:30 PM", 0.9375, "10:30 PM"),
        ("5-Jan-2026", 46027, "5-Jan-2026"),
        ("January 5, 2026", 46027, "January 5, 2026"),
        ("Jan 5, 2026", 46027, "Jan 5, 2026"),
        ("(12.5)", -12.5, "-12.5"),
        ("($1,200)", -1200, "-$1,200"),
        ("$-5", -5, "-$5"),
        ("=DATE(2026,1,5)", 46027, "1/5/2026"),
        ("1-31-2026", 46053, "1-31-2026"),
        ("12-3 and more", "12-3 and more", "12-3 and more"),
        ("-foo", "#NAME?", "#NAME?"),
        ("-", "-", "-"),
        ("TRUE", True, "TRUE"),
        ("3_1_0", "3_1_0", "3_1_0"),
        ("'0042", "0042", "0042"),
        ("+14155551234", 14155551234, "14155551234"),
        ("=1+2", 3, "3"),
        ("3.0", 3, "3"),
        ("-5", -5, "-5"),
        ("2026-13-40", "2026-13-40", "2026-13-40"),
        ("1e3", 1000, "1.00E+03"),
        ("https://example.com/a", "https://example.com/a", "https://example.com/a"),
    ],
)
def test_typed_input_is_read_as_a_person_would_expect_from_a_spreadsheet(
    google: Google, typed: str, value: Any, shown: str
) -> None:
    google.put("A1", [[typed]], typed=True)
    assert google.raw("A1") == [[value]]
    assert google.read("A1") == [[shown]]


@pytest.mark.parametrize(
    "text", ["0042", "=1+2", "+14155551234", "'x", "TRUE", "2020-01-01", "50%", "@x", "=HYPERLINK(1)"]
)
def test_raw_input_keeps_text_as_it_is(google: Google, text: str) -> None:
    google.put("A1", [[text]])
    assert google.raw("A1") == google.read("A1") == google.formulas("A1") == [[text]]


def test_numbers_and_booleans_stay_what_they_are(google: Google) -> None:
    google.put("A1", [[1, 1.0, 0.12, True, False, 0, 2**53 + 1, -1.5]])
    assert google.raw("A1:H1") == [[1, 1, 0.12, True, False, 0, 2**53, -1.5]]
    assert google.read("A1:H1") == [["1", "1", "0.12", "TRUE", "FALSE", "0", "9.0072E+15", "-1.5"]]
    google.put("A1", [["=1/1024", "=-1/3", "=2/3*1000", "=1/30000", 12345678901.6, 1e-7]], typed=True)
    wanted = ["0.0009765625", "-0.3333333333", "666.6666667", "0.00003333333333", "12345678902", "1E-07"]
    assert google.read("A1:F1") == [wanted]


def test_serial_dates_render_by_their_format(google: Google) -> None:
    google.put("A1", [[46292.43767361111, 43831, 1.5, 0.0004, 43831.999999988]])
    for column, (kind, pattern) in enumerate(
        [
            ("DATE_TIME", "yyyy-mm-dd hh:mm:ss"),
            ("DATE", "d mmm yyyy"),
            ("TIME", "[h]:mm:ss"),
            ("PERCENT", "0.0%"),
            ("DATE_TIME", "yyyy-mm-dd hh:mm:ss"),
        ]
    ):
        cell = {"userEnteredFormat": {"numberFormat": {"type": kind, "pattern": pattern}}}
        place = cells_of(0, 1, column, column + 1)
        google.batch({"repeatCell": {"range": place, "cell": cell, "fields": "userEnteredFormat.numberFormat"}})
    assert google.read("A1:E1") == [["2026-09-27 10:30:15", "1 Jan 2020", "36:00:00", "0.0%", "2020-01-02 00:00:00"]]
    times = {"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "FORMATTED_STRING"}
    assert google.read("A1:D1", **times) == [["2026-09-27 10:30:15", "1 Jan 2020", "36:00:00", 0.0004]]
    assert google.formulas("A1:B1") == [[46292.43767361111, 43831]]


@pytest.mark.parametrize(
    ("pattern", "number", "shown"),
    [
        ("0", 2.5, "3"),
        ("0.00", -1.005, "-1.01"),
        ("#,##0.00", 1234567.891, "1,234,567.89"),
        ("00000", 42, "00042"),
        ("0.##", 1.5, "1.5"),
        ('0 "calls"', 3, "3 calls"),
        ("#,##0;(#,##0)", -1200, "(1,200)"),
        ("0.00E+00", 12345, "1.23E+04"),
        ("0.0,,", 12_200_000, "12.2"),
        ('#,##0,"K"', 1_234_567, "1,235K"),
        ("# ?/?", 5.5, "5 1/2"),
        ("# ???/???", 5.125, "5   1/8  "),
        ("?/8", 0.75, "6/8"),
        ("0.0?", 5, "5.0 "),
        ("_($* #,##0.00_)", 12, " $12.00 "),
        ('[<10]"few";[<100]0.0;"many"', 5, "few"),
        ('[<10]"few";[<100]0.0;"many"', 50, "50.0"),
        ('[<10]"few";[<100]0.0;"many"', 500, "many"),
        ('"No. 0 "0', 7, "No. 0 7"),
    ],
)
def test_number_patterns(google: Google, pattern: str, number: float, shown: str) -> None:
    google.put("A1", [[number]])
    cell = {"userEnteredFormat": {"numberFormat": {"type": "NUMBER", "pattern": pattern}}}
    google.batch({"repeatCell": {"range": cells_of(0, 1, 0, 1), "cell": cell, "fields": "*"}})
    google.put("A1", [[number]])
    assert google.read("A1") == [[shown]]


@pytest.mark.parametrize(
    ("pattern", "shown"), [('@" calls"', "x calls"), ('0;-0;0;"<"@">"', "<x>"), ("0.00", "x"), ("@", "x")]
)
def test_text_patterns(google: Google, pattern: str, shown: str) -> None:
    cell = {
        "userEnteredFormat": {"numberFormat": {"type": "TEXT", "pattern": pattern}},
        "userEnteredValue": {"stringValue": "x"},
    }
    google.batch({"repeatCell": {"range": cells_of(0, 1, 0, 1), "cell": cell, "fields": "*"}})
    assert google.read("A1") == [[shown]]
    assert google.raw("A1") == [["x"]]


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("=A1", "2026-01-05"),
        ("=A1+1", "2026-01-06"),
        ("=A1-A1", "0"),
        ("=B1", "$2.50"),
        ("=SUM(B1:B2)", "$4.00"),
        ("=MAX(A1,A1)", "2026-01-05"),
        ("=B1*2", "5"),
        ("=COUNT(B1:B2)", "2"),
        ("=SUM(money)*1", "4"),
    ],
)
def test_formulas_bring_the_format_of_what_they_refer_to(google: Google, formula: str, shown: str) -> None:
    google.put("A1", [["2026-01-05", "$2.50"], ["", "$1.50"]], typed=True)
    google.batch({"addNamedRange": {"namedRange": {"name": "money", "range": cells_of(0, 2, 1, 2)}}})
    google.put("D1", [[formula]], typed=True)
    assert google.read("D1") == [[shown]]
    cell = google.good("GET", "", ranges="D1", includeGridData=True)["sheets"][0]["data"][0]["rowData"][0]["values"][0]
    assert "userEnteredFormat" not in cell
    assert cell["formattedValue"] == shown


def test_typed_formats_replace_those_of_another_type(google: Google) -> None:
    for typed, shown in (("50%", "50%"), ("2026-01-05", "2026-01-05"), ("1/5/2026", "2026-01-05"), ("5", "1900-01-04")):
        google.put("A1", [[typed]], typed=True)
        assert google.read("A1") == [[shown]]


def test_too_long_a_text_is_refused_whatever_the_method(google: Google) -> None:
    wanted = "Your input contains more than the maximum of 50000 characters in a single cell."
    google.put("A1", [["x" * 50_000]])
    body = {"values": [["x" * 50_001]]}
    assert google.refused("PUT", "/values/A1", body, valueInputOption="RAW") == wanted
    batch = {"valueInputOption": "RAW", "data": [{"range": "A1", "values": [[1]]}, {"range": "A2", **body}]}
    assert google.refused("POST", "/values:batchUpdate", batch) == f"Invalid data[1]: {wanted}"
    cell = {"userEnteredValue": {"stringValue": "😀" * 25_001}}
    start = {"sheetId": 0, "rowIndex": 0, "columnIndex": 0}
    request = {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}}
    assert google.no(request) == f"Invalid requests[0].updateCells: {wanted}"


def test_a_batch_of_ranges_is_written_whole_or_not_at_all(google: Google) -> None:
    data = [{"range": "A1", "values": [["kept?"]]}, {"range": "Nope!A1", "values": [[1]]}]
    body = {"valueInputOption": "RAW", "data": data}
    assert google.refused("POST", "/values:batchUpdate", body) == "Invalid data[1]: Unable to parse range: Nope!A1"
    assert google.read("A1") == []


def test_a_batch_of_ranges_counts_rows_columns_cells_and_tabs(google: Google) -> None:
    google.batch({"addSheet": {"properties": {"title": "Two"}}})
    data = [
        {"range": "A1:B2", "values": [[1, 2], [3, 4]]},
        {"range": "B2:C2", "values": [[5, 6]]},
        {"range": "Two!A1", "values": [[1, 2]], "majorDimension": "COLUMNS"},
    ]
    body = {"valueInputOption": "RAW", "data": data, "includeValuesInResponse": True}
    answer = google.good("POST", "/values:batchUpdate", body)
    assert [answer[f"totalUpdated{name}"] for name in ("Rows", "Columns", "Cells", "Sheets")] == [4, 4, 8, 2]
    assert answer["responses"][2]["updatedRange"] == "Two!A1:A2"
    assert answer["responses"][0]["updatedData"]["values"] == [["1", "2"], ["3", "5"]]


def test_the_written_range_can_be_asked_back_in_the_answer(google: Google) -> None:
    body = {"values": [[" 5 "]]}
    query = {"valueInputOption": "USER_ENTERED", "includeValuesInResponse": "True"}
    answer = google.good("PUT", "/values/A1", body, responseValueRenderOption="UNFORMATTED_VALUE", **query)
    assert answer["updatedData"] == {"range": "Sheet1!A1", "majorDimension": "ROWS", "values": [[5]]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"values": "X"}, "Invalid value at 'data.values' (type.googleapis.com/google.protobuf.ListValue), \"X\""),
        ({"values": [1]}, "Invalid value at 'data.values[0]' (type.googleapis.com/google.protobuf.ListValue), 1"),
        ({"valuez": []}, "Invalid JSON payload received. Unknown name \"valuez\" at 'data': Cannot find field."),
    ],
)
def test_a_body_of_the_wrong_form_names_the_field(google: Google, body: Any, message: str) -> None:
    answer = google.ask("PUT", "/values/A1", body, valueInputOption="RAW").json()["error"]
    assert (answer["code"], answer["message"]) == (400, message)
    assert answer["details"][0]["fieldViolations"][0]["description"] == message


def test_lists_and_objects_are_no_cells(google: Google) -> None:
    text = google.refused("PUT", "/values/A1", {"values": [[1], [2, [3]]]}, valueInputOption="RAW")
    assert text.startswith("Invalid values[1][1]: list_value")


def test_how_values_are_meant_must_be_said(google: Google) -> None:
    assert "valueInputOption" in google.refused("PUT", "/values/A1", {"values": [[1]]})
    text = google.refused("PUT", "/values/A1", {"values": [[1]]}, valueInputOption="LOUD")
    assert text.startswith("Invalid value at 'value_input_option'")


def test_clearing_keeps_formats(google: Google) -> None:
    google.put("A1", [["50%"]], typed=True)
    answer = google.good("POST", "/values:batchClear", {"ranges": ["A1:B2", "Sheet1"]})
    assert answer["clearedRanges"] == ["Sheet1!A1:B2", "Sheet1!A1:Z1000"]
    google.put("A1", [[0.25]])
    assert google.read("A1") == [["25%"]]


def test_named_ranges_can_be_read_by_name(google: Google) -> None:
    named = {"name": "Top", "range": cells_of(0, 2, 0, 2)}
    google.batch({"addNamedRange": {"namedRange": named}})
    google.put("A1", [[1, 2], [3, 4]])
    assert google.raw("Top") == google.raw("Sheet1!Top") == [[1, 2], [3, 4]]


class TestAppend:
    def _append(self, google: Google, place: str, rows: list[list[Any]], **query: Any) -> Any:
        return google.good("POST", f"/values/{place}:append", {"values": rows}, valueInputOption="RAW", **query)

    def test_blank_columns_split_tables_and_the_last_one_wins(self, google: Google) -> None:
        google.put("A1", [["a", "b", "c", "", "", "f", "", "h", "", "j"]])
        answer = self._append(google, "Sheet1", [["x"]])
        assert answer["tableRange"] == "Sheet1!J1"
        assert answer["updates"]["updatedRange"] == "Sheet1!J2"

    def test_a_cell_pins_the_table(self, google: Google) -> None:
        google.put("A1", [["a", "b"], ["c", "d"], ["", ""], ["far", ""]])
        answer = self._append(google, "A1", [["x", "y"], ["z", "w"]])
        assert answer["tableRange"] == "Sheet1!A1:B2"
        assert google.read("A1:B9") == [["a", "b"], ["c", "d"], ["x", "y"], ["z", "w"]]

    def test_inserting_pushes_the_next_block_down(self, google: Google) -> None:
        google.put("A1", [["a"], [""], ["far"]])
        self._append(google, "A1", [["x"], ["y"]], insertDataOption="INSERT_ROWS")
        assert google.read("A1:A9") == [["a"], ["x"], ["y"], [], ["far"]]
        assert google.sheet()["properties"]["gridProperties"]["rowCount"] == 1002

    def test_only_missing_rows_are_added(self, google: Google) -> None:
        google.resize(3, 2)
        self._append(google, "Sheet1", [[1], [2], [3], [4]])
        assert google.sheet()["properties"]["gridProperties"]["rowCount"] == 4

    def test_the_cell_limit_has_no_prefix(self, google: Google) -> None:
        google.resize(3, 2)
        google.world.spreadsheet_cell_limit = 7
        text = google.refused("POST", "/values/Sheet1:append", {"values": [[1]] * 5}, valueInputOption="RAW")
        assert text == "This action would increase the number of cells in the workbook above the limit of 7 cells."
