"""Copying and cutting cells: what each kind of paste takes along."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_google.conftest import Google, Json, cells_of

LINE = {"style": "SOLID"}


@pytest.fixture
def dressed(google: Google) -> Google:
    """A1:B2 with a formula, a bold border, a checkbox, a merge and a conditional rule; C3 has a border of its own."""
    google.put("A1", [["=C9+1", "b"], [3, 4]], typed=True)
    bold = {"userEnteredFormat": {"textFormat": {"bold": True}}}
    rule = {"condition": {"type": "BLANK"}, "format": {"backgroundColor": {"red": 1}}}
    google.batch(
        {"repeatCell": {"range": cells_of(0, 2, 0, 2), "cell": bold, "fields": "userEnteredFormat.textFormat.bold"}},
        {"updateBorders": {"range": cells_of(0, 2, 0, 2), "top": LINE}},
        {"updateBorders": {"range": cells_of(4, 5, 4, 5), "left": LINE}},
        {"setDataValidation": {"range": cells_of(0, 1, 0, 1), "rule": {"condition": {"type": "BOOLEAN"}}}},
        {"mergeCells": {"range": cells_of(1, 2, 0, 2), "mergeType": "MERGE_ALL"}},
        {"addConditionalFormatRule": {"rule": {"ranges": [cells_of(0, 1, 0, 9)], "booleanRule": rule}}},
    )
    return google


def cell_at(google: Google, place: str) -> Json:
    rows = google.good("GET", "", ranges=place, includeGridData=True)["sheets"][0]["data"][0].get("rowData", [])
    found: Json = rows[0]["values"][0] if rows and rows[0] else {}
    return found


def traits(google: Google, place: str) -> set[str]:
    cell, look = cell_at(google, place), cell_at(google, place).get("userEnteredFormat", {})
    found = {name for name in ("userEnteredValue", "dataValidation") if name in cell}
    found |= {"bold"} if look.get("textFormat", {}).get("bold") else set()
    return found | {f"{side} line" for side in look.get("borders", {})}


@pytest.mark.parametrize(
    ("kind", "expected", "merged", "ruled"),
    [
        ("PASTE_NORMAL", {"userEnteredValue", "dataValidation", "bold", "top line"}, True, True),
        ("PASTE_NO_BORDERS", {"userEnteredValue", "dataValidation", "bold", "left line"}, True, True),
        ("PASTE_FORMAT", {"bold", "top line"}, False, False),
        ("PASTE_VALUES", {"userEnteredValue", "left line"}, False, False),
        ("PASTE_FORMULA", {"userEnteredValue", "left line"}, False, False),
        ("PASTE_DATA_VALIDATION", {"dataValidation", "left line"}, False, False),
        ("PASTE_CONDITIONAL_FORMATTING", {"left line"}, False, True),
    ],
)
def test_each_kind_of_paste_takes_its_part(
    dressed: Google, kind: str, expected: set[str], merged: bool, ruled: bool
) -> None:
    pair: Json = {"source": cells_of(0, 2, 0, 2), "destination": cells_of(4, 5, 4, 5)}
    dressed.batch({"copyPaste": pair | {"pasteType": kind}})
    assert traits(dressed, "E5") == expected
    sheet = dressed.sheet()
    places = [(merge["startRowIndex"], merge["startColumnIndex"]) for merge in sheet["merges"]]
    assert ((5, 4) in places) == merged
    tops = [part.get("startRowIndex") for part in sheet["conditionalFormats"][0]["ranges"]]
    assert (4 in tops) == ruled
    if kind in {"PASTE_NORMAL", "PASTE_FORMULA"}:
        assert dressed.formulas("E5") == [["=G13+1"]]
    if kind == "PASTE_VALUES":
        assert dressed.formulas("E5") == [[1]]


@pytest.mark.parametrize("kind", ["PASTE_NORMAL", "PASTE_VALUES", "PASTE_FORMAT"])
def test_all_of_what_is_cut_is_gone_whatever_is_pasted(dressed: Google, kind: str) -> None:
    place = {"sheetId": 0, "rowIndex": 4, "columnIndex": 4}
    dressed.batch({"cutPaste": {"source": cells_of(0, 2, 0, 2), "destination": place, "pasteType": kind}})
    assert dressed.raw("A1:B2") == []
    assert traits(dressed, "A1") == set()
    merges = dressed.sheet().get("merges", [])
    assert [merge["startRowIndex"] for merge in merges] == ([5] if kind == "PASTE_NORMAL" else [])


def test_formulas_follow_the_cells_that_they_read_when_these_are_cut(google: Google) -> None:
    google.batch({"addSheet": {"properties": {"sheetId": 5, "title": "Far"}}})
    google.put("A1", [[1, 2], [3, 4]])
    formulas: list[list[Any]] = [["=A1", "=SUM(A1:B2)", "=SUM(A1:B3)", "=A$2"]]
    google.put("D1", formulas, typed=True)
    google.put("Far!A1", [["=Sheet1!B1", "=C3"]], typed=True)
    near = {"sheetId": 0, "rowIndex": 4, "columnIndex": 1}
    google.batch({"cutPaste": {"source": cells_of(0, 2, 0, 2), "destination": near}})
    assert google.formulas("D1:G1") == [["=B5", "=SUM(B5:C6)", "=SUM(A1:B3)", "=B$6"]]
    assert google.formulas("Far!A1") == [["=Sheet1!C5"]]
    far = {"sheetId": 5, "rowIndex": 2, "columnIndex": 2}
    google.batch({"cutPaste": {"source": cells_of(4, 6, 1, 3), "destination": far}})
    assert google.formulas("D1:E1") == [["=Far!C3", "=SUM(Far!C3:D4)"]]
    assert google.formulas("Far!A1") == [["=D3"]]


def test_a_transposed_paste_turns_merges_too(dressed: Google) -> None:
    pair: Json = {"source": cells_of(0, 2, 0, 2), "destination": cells_of(4, 5, 4, 5)}
    dressed.batch({"copyPaste": pair | {"pasteOrientation": "TRANSPOSE"}})
    merge = dressed.sheet()["merges"][-1]
    assert merge == {"startRowIndex": 4, "endRowIndex": 6, "startColumnIndex": 5, "endColumnIndex": 6}


def test_a_rule_goes_along_to_another_tab(dressed: Google) -> None:
    dressed.batch({"addSheet": {"properties": {"sheetId": 5, "title": "Far"}}})
    pair: Json = {"source": cells_of(0, 1, 0, 2), "destination": cells_of(3, 4, 0, 2) | {"sheetId": 5}}
    dressed.batch({"copyPaste": pair})
    rules = dressed.sheet(1)["conditionalFormats"]
    assert [rule["ranges"] for rule in rules] == [[cells_of(3, 4, 0, 2) | {"sheetId": 5}]]
