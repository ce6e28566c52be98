"""Refusals of batch requests in the words that Google was heard to use, and what goes with what is removed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_google.conftest import Google, Json, cells_of, rows_of

RANGES = {"ranges": [cells_of(0, 9, 0, 1)]}


def label(**entry: Any) -> Json:
    usual = {"metadataKey": "k", "visibility": "DOCUMENT", "location": {"spreadsheet": True}}
    return {"createDeveloperMetadata": {"developerMetadata": usual | entry}}


def rule(**body: Any) -> Json:
    return {"addConditionalFormatRule": {"rule": RANGES | body}}


def gradient(**points: Json) -> Json:
    return rule(gradientRule={"minpoint": {"type": "MIN"}, "maxpoint": {"type": "MAX"}} | points)


def condition(kind: str, *values: str) -> Json:
    sent = {"type": kind, "values": [{"userEnteredValue": value} for value in values]}
    return {"setDataValidation": {"range": cells_of(0, 9, 0, 1), "rule": {"condition": sent}}}


def named(name: str) -> Json:
    return {"addNamedRange": {"namedRange": {"name": name, "range": cells_of(0, 1, 0, 1)}}}


def freeze(**counts: int) -> Json:
    fields = ",".join(f"gridProperties.{name}" for name in counts)
    return {"updateSheetProperties": {"properties": {"sheetId": 0, "gridProperties": counts}, "fields": fields}}


MERGE = {"mergeCells": {"range": cells_of(0, 4, 0, 4), "mergeType": "MERGE_ALL"}}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (named("a b"), "The name given to this range is invalid."),
        (named("A1"), "The name given to this range is invalid."),
        (named("R1C1"), "The name given to this range is invalid."),
        (named("true"), "The name given to this range is invalid."),
        ({"addSheet": {"properties": {"sheetId": 0}}}, "Sheet with id 0 already exists."),
        ({"addSheet": {"properties": {"sheetId": -1}}}, "Sheet id must be non-negative."),
        ({"addSheet": {"properties": {"title": "x" * 101}}}, "The sheet name cannot be greater than 100 characters."),
        (label(metadataKey=""), "Developer metadata must always have a key specified."),
        (label(visibility=None), "Developer metadata must always have visibility specified."),
        (label(location=None), "Developer metadata must always have a location specified."),
        (
            label(location={"dimensionRange": {"sheetId": 0, "dimension": "ROWS"}}),
            "DimensionRange must specify both a startIndex and an endIndex.",
        ),
        (
            label(location={"dimensionRange": rows_of(1, 3)}),
            "DimensionRange must represent a single row or column.",
        ),
        (gradient(minpoint={}), "No interpolationPointType specified."),
        (rule(gradientRule={"minpoint": {"type": "MIN"}}), "No interpolationPointType specified."),
        (gradient(midpoint={"type": "PERCENTILE"}), "InterpolationPoint.value is required."),
        ({"addChart": {"chart": {"spec": {"title": "t"}}}}, "One of basicChart, pieChart, bubbleChart, "),
        (freeze(columnCount=18_279, rowCount=1), "This action would increase the number of columns in the sheet above"),
        (
            condition("ONE_OF_RANGE", "a", "b"),
            "ConditionType 'ONE_OF_RANGE' requires exactly one ConditionValue, but 2 values were supplied.",
        ),
        (condition("ONE_OF_LIST"), "ConditionType 'ONE_OF_LIST' requires at least one ConditionValue, but 0 values"),
        (
            rule(booleanRule={"condition": {"type": "NUMBER_BETWEEN", "values": [{"userEnteredValue": "1"}]}}),
            "ConditionType 'NUMBER_BETWEEN' requires exactly two ConditionValues, but 1 values were supplied.",
        ),
        ({"findReplace": {"find": "x", "replacement": "y"}}, "Must specify one of range, sheetId or allSheets."),
        (
            condition("ONE_OF_RANGE", "Sheet1!A2:A5"),
            "Invalid ConditionValue.userEnteredValue: Sheet1!A2:A5 for ConditionType: ONE_OF_RANGE",
        ),
        (condition("ONE_OF_RANGE", "=Gone!A2:A5"), "Invalid ConditionValue.userEnteredValue: =Gone!A2:A5"),
        (condition("NUMBER_GREATER", "many"), "Invalid ConditionValue.userEnteredValue: many"),
        (condition("DATE_AFTER", "soon"), "Invalid ConditionValue.userEnteredValue: soon"),
        (condition("CUSTOM_FORMULA", "=AND(A1>1"), "Invalid ConditionValue.userEnteredValue: =AND(A1>1"),
        (condition("CUSTOM_FORMULA", "A1>1"), "Invalid ConditionValue.userEnteredValue: A1>1"),
        (
            rule(
                booleanRule={"condition": {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": "=Other!A1>1"}]}}
            ),
            "Invalid ConditionValue.userEnteredValue: =Other!A1>1",
        ),
        (
            rule(booleanRule={"condition": {"type": "BLANK"}, "format": {"textFormat": {"fontSize": 12}}}),
            "textFormat.fontSize cannot be set by a conditional format rule.",
        ),
    ],
)
def test_refusals_have_the_words_of_google(google: Google, request_: Json, words: str) -> None:
    kind = next(iter(request_))
    assert google.no(request_).startswith(f"Invalid requests[0].{kind}: {words}")


def test_a_name_is_given_once(google: Google) -> None:
    google.batch(named("people"))
    words = "Cannot add named range with name PEOPLE, a named range with that name already exists."
    assert google.no(named("PEOPLE")) == f"Invalid requests[0].addNamedRange: {words}"


@pytest.mark.parametrize(
    ("body", "path", "field", "second"),
    [
        (rule(booleanRule={}, gradientRule={}), "add_conditional_format_rule.rule", "rule", "gradientRule"),
        ({"findReplace": {"find": "x", "sheetId": 0, "allSheets": True}}, "find_replace", "scope", "allSheets"),
        (
            {"updateConditionalFormatRule": {"index": 0, "sheetId": 0, "newIndex": 1, "rule": RANGES}},
            "update_conditional_format_rule",
            "instruction",
            "rule",
        ),
    ],
)
def test_of_several_choices_only_one_may_be_made(
    google: Google, body: Json, path: str, field: str, second: str
) -> None:
    words = (
        f"Invalid value at 'requests[0].{path}' (oneof), oneof field '{field}' is already set. Cannot set '{second}'"
    )
    assert google.no(body) == words


def test_merges_do_not_cross_the_edge_of_what_is_frozen(google: Google) -> None:
    google.batch(freeze(frozenRowCount=2))
    assert google.no(MERGE).endswith(": You can't merge frozen and non-frozen rows.")
    by_rows = {"mergeCells": {"range": cells_of(0, 4, 0, 4), "mergeType": "MERGE_ROWS"}}
    google.batch(by_rows)
    google.batch({"unmergeCells": {"range": cells_of(0, 4, 0, 4)}}, freeze(frozenRowCount=0), MERGE)
    words = "Sorry, you can't freeze columns which contain only part of a merged cell."
    assert google.no(freeze(frozenColumnCount=2)).endswith(words)
    google.batch(freeze(frozenColumnCount=4))


def test_a_lookup_of_the_spreadsheet_cannot_intersect_and_an_empty_one_finds_all(google: Google) -> None:
    google.batch(label(), label(location={"sheetId": 0}), label(location={"dimensionRange": rows_of(1, 2)}))
    lookup: Json = {"metadataLocation": {"spreadsheet": True}, "locationMatchingStrategy": "INTERSECTING_LOCATION"}
    body = {"dataFilters": [{"developerMetadataLookup": lookup}]}
    words = google.refused("POST", "/developerMetadata:search", body)
    assert words.startswith("DeveloperMetadataLookup.spreadsheet is true, but locationMatchingStrategy was specified")
    body = {"dataFilters": [{"developerMetadataLookup": {}}, {"developerMetadataLookup": {"metadataKey": "k"}}]}
    found = google.good("POST", "/developerMetadata:search", body)["matchedDeveloperMetadata"]
    assert len(found) == 3


def test_a_table_takes_the_rules_over_its_cells_along(google: Google) -> None:
    bold = {"condition": {"type": "NOT_BLANK"}, "format": {"textFormat": {"bold": True}}}
    google.batch(
        {"addTable": {"table": {"tableId": "t", "name": "T", "range": cells_of(0, 3, 0, 2)}}},
        {"addConditionalFormatRule": {"rule": {"ranges": [cells_of(1, 3, 0, 1)], "booleanRule": bold}}},
        {"addConditionalFormatRule": {"rule": {"ranges": [cells_of(9, 12, 0, 1)], "booleanRule": bold}}},
    )
    google.batch({"deleteTable": {"tableId": "t"}})
    left = google.sheet(fields="sheets.conditionalFormats")["conditionalFormats"]
    assert [part["startRowIndex"] for one in left for part in one["ranges"]] == [9]


def test_a_formula_in_the_header_of_a_table_becomes_a_name(google: Google) -> None:
    google.batch({"addTable": {"table": {"tableId": "t", "name": "T", "range": cells_of(0, 3, 0, 2)}}})
    google.put("A1:B2", [["=1+2", "=1+2"], ["=1+2", "x"]], typed=True)
    assert google.formulas("A1:B2") == [["Column 1", "Column 2"], ["=1+2", "x"]]


def test_cells_of_a_typed_column_take_no_validation(google: Google) -> None:
    column = {"columnIndex": 0, "columnName": "Paid", "columnType": "DOUBLE"}
    table = {"tableId": "t", "name": "T", "range": cells_of(0, 3, 0, 2), "columnProperties": [column]}
    google.batch({"addTable": {"table": table}})
    words = google.no(condition("NUMBER_GREATER", "5"))
    assert words.endswith(": This operation is not allowed on cells in typed columns.")


def test_a_number_that_may_be_unset_is_named_as_the_message_that_it_is(google: Google) -> None:
    body = {"dataFilters": [{"gridRange": {"sheetId": "x", "startRowIndex": "y"}}]}
    answer = google.ask("POST", "/values:batchGetByDataFilter", body).json()["error"]
    fields = [violation["field"] for violation in answer["details"][0]["fieldViolations"]]
    place = "data_filters[0].grid_range"
    assert fields == [f"{place}.sheet_id", f"{place}.start_row_index.value"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"requests": [{"addSheet": {"properties": {"gridProperties": {"rowCount": [1]}}}}]},
            'Invalid JSON payload received. Unknown name "rowCount" at \'requests[0].add_sheet.properties.'
            "grid_properties': Proto field is not repeating, cannot start list.",
        ),
        (
            {"requests": [{"addSheet": [{}]}]},
            "Invalid JSON payload received. Unknown name \"addSheet\" at 'requests[0]': "
            "Proto field is not repeating, cannot start list.",
        ),
        (
            {"requests": [{"addSheet": {"properties": {"title": {"a": 1}}}}]},
            "Invalid value at 'requests[0].add_sheet.properties' (title), Starting an object on a scalar field",
        ),
        (
            {"requests": "x"},
            "Invalid value at 'requests' (type.googleapis.com/google.apps.sheets.v4.BatchUpdateSpreadsheetRequest."
            'Request), "x"',
        ),
        (
            {"responseRanges": [["A1"]]},
            'Invalid JSON payload received. Unknown name "response_ranges[0]": '
            "Proto field is not repeating, cannot start list.",
        ),
    ],
)
def test_a_list_or_an_object_in_the_wrong_place_is_called_as_it_was_sent(
    google: Google, body: Json, words: str
) -> None:
    assert google.refused("POST", ":batchUpdate", body) == words


def test_an_enum_may_be_a_number_even_one_in_a_text(google: Google) -> None:
    for sent in (2, "2"):
        google.batch({"mergeCells": {"range": cells_of(0, 2, 0, 2), "mergeType": sent}})
        assert len(google.sheet()["merges"]) == 2
