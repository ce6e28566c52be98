"""What requests bring about elsewhere: filters hide, rules colour, borders meet, charts have tabs of their own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_google.conftest import Google, Json, cells_of, rows_of

RED = {"red": 1}
SPEC = {"basicChart": {"chartType": "LINE"}}


def cell_at(google: Google, place: str) -> Json:
    rows = google.good("GET", "", ranges=place, includeGridData=True)["sheets"][0]["data"][0].get("rowData", [])
    found: Json = rows[0]["values"][0] if rows and rows[0] else {}
    return found


def banded(name: str, **rows: Any) -> Json:
    table = {"tableId": name, "name": name, "range": cells_of(0, 4, 0, 2), "rowsProperties": rows}
    return {"addTable": {"table": table}}


@pytest.mark.parametrize("spelling", ["criteria", "filterSpecs"])
def test_filters_answer_in_both_spellings_and_hide_rows(google: Google, spelling: str) -> None:
    google.put("A1", [["n"], [1], [5], [3]])
    wanted = {"hiddenValues": ["5"]}
    said = {"0": wanted} if spelling == "criteria" else [{"columnIndex": 0, "filterCriteria": wanted}]
    google.batch({"setBasicFilter": {"filter": {"range": cells_of(0, 4, 0, 1), spelling: said}}})
    sheet = google.sheet(fields="sheets(basicFilter,data.rowMetadata.hiddenByFilter)")
    assert sheet["basicFilter"]["criteria"] == {"0": wanted}
    assert sheet["basicFilter"]["filterSpecs"] == [{"columnIndex": 0, "filterCriteria": wanted}]
    assert sheet["data"][0]["rowMetadata"][:4] == [{}, {}, {"hiddenByFilter": True}, {}]
    google.batch({"clearBasicFilter": {"sheetId": 0}})
    assert all(
        line == {} for line in google.sheet(fields="sheets.data.rowMetadata.hiddenByFilter")["data"][0]["rowMetadata"]
    )


def test_an_update_of_one_spelling_changes_the_other(google: Google) -> None:
    view = {"filterViewId": 7, "range": cells_of(0, 4, 0, 2), "criteria": {"0": {"hiddenValues": ["a"]}}}
    google.batch({"addFilterView": {"filter": view}})
    changed = {"filterViewId": 7, "criteria": {"1": {"hiddenValues": ["b"]}}}
    google.batch({"updateFilterView": {"filter": changed, "fields": "criteria"}})
    kept = google.sheet()["filterViews"][0]
    assert kept["filterSpecs"] == [{"columnIndex": 1, "filterCriteria": {"hiddenValues": ["b"]}}]
    assert kept["criteria"] == changed["criteria"]


def test_a_filter_may_cover_a_table_and_goes_where_it_goes(google: Google) -> None:
    google.batch(banded("t"), {"setBasicFilter": {"filter": {"tableId": "t"}}})
    place = {name: index for name, index in cells_of(0, 4, 0, 2).items() if name != "sheetId"}
    assert google.sheet()["basicFilter"] == {"tableId": "t", "range": place}
    wider = {"tableId": "t", "range": cells_of(0, 6, 0, 2)}
    google.batch({"updateTable": {"table": wider, "fields": "range"}})
    assert google.sheet()["basicFilter"]["range"]["endRowIndex"] == 6
    google.batch({"insertDimension": {"range": rows_of(2, 3)}})
    assert google.sheet()["basicFilter"]["range"]["endRowIndex"] == 7
    google.batch({"deleteTable": {"tableId": "t"}})
    assert "basicFilter" not in google.sheet()


def test_a_filter_view_may_cover_a_named_range(google: Google) -> None:
    named = {"namedRangeId": "n", "name": "part", "range": cells_of(0, 5, 1, 3)}
    google.batch({"addNamedRange": {"namedRange": named}}, {"addFilterView": {"filter": {"namedRangeId": "n"}}})
    named["range"] = cells_of(0, 9, 1, 3)
    google.batch({"updateNamedRange": {"namedRange": named, "fields": "range"}})
    assert google.sheet()["filterViews"][0]["range"]["endRowIndex"] == 9
    both = {"namedRangeId": "n", "range": cells_of(0, 5, 1, 3)}
    assert "Only one of" in google.no({"addFilterView": {"filter": both}})
    assert "No table with id: x" in google.no({"setBasicFilter": {"filter": {"tableId": "x"}}})


def test_conditional_formats_show_in_the_effective_format_only(google: Google) -> None:
    google.put("A1", [[1], [5], ["x"]])
    condition = {"type": "NUMBER_GREATER", "values": [{"userEnteredValue": "3"}]}
    given = {"backgroundColor": RED, "textFormat": {"bold": True}}
    rule = {"ranges": [cells_of(0, 9, 0, 2)], "booleanRule": {"condition": condition, "format": given}}
    google.batch({"addConditionalFormatRule": {"rule": rule, "index": 0}})
    plain, shown = cell_at(google, "A1"), cell_at(google, "A2")
    assert plain["effectiveFormat"]["backgroundColor"] == {"red": 1, "green": 1, "blue": 1}
    assert shown["effectiveFormat"]["backgroundColor"] == RED
    assert shown["effectiveFormat"]["backgroundColorStyle"] == {"rgbColor": RED}
    assert shown["effectiveFormat"]["textFormat"]["bold"] is True
    assert shown["effectiveFormat"]["textFormat"]["fontSize"] == 10
    assert "userEnteredFormat" not in shown
    google.put("A2", [[2]])
    assert cell_at(google, "A2")["effectiveFormat"] == plain["effectiveFormat"]


def test_the_first_rule_wins_and_scales_mix_their_colours(google: Google) -> None:
    google.put("A1", [[0], [50], [100]])
    points = {"minpoint": {"type": "MIN", "color": {"red": 1}}, "maxpoint": {"type": "MAX", "color": {"blue": 1}}}
    scale = {"ranges": [cells_of(0, 3, 0, 1)], "gradientRule": points}
    condition = {"type": "NUMBER_EQ", "values": [{"userEnteredValue": "100"}]}
    boolean = {"condition": condition, "format": {"backgroundColor": {"green": 1}}}
    rule = {"ranges": [cells_of(0, 3, 0, 1)], "booleanRule": boolean}
    google.batch(
        {"addConditionalFormatRule": {"rule": scale}}, {"addConditionalFormatRule": {"rule": rule, "index": 0}}
    )
    colours = [cell_at(google, f"A{row}")["effectiveFormat"]["backgroundColor"] for row in (1, 2, 3)]
    assert colours == [{"red": 1}, {"red": 0.5019608, "blue": 0.5019608}, {"green": 1}]


def borders_of(google: Google, place: str) -> list[str]:
    return sorted(cell_at(google, place).get("userEnteredFormat", {}).get("borders", {}))


def test_an_outer_border_takes_the_place_of_the_neighbours(google: Google) -> None:
    line = {"style": "SOLID"}
    everywhere = dict.fromkeys(("top", "bottom", "left", "right", "innerHorizontal", "innerVertical"), line)
    google.batch({"updateBorders": {"range": cells_of(0, 3, 0, 3)} | everywhere})
    none = {"style": "NONE"}
    google.batch({"updateBorders": {"range": cells_of(1, 2, 1, 2), "top": none, "left": none, "right": line}})
    assert borders_of(google, "B2") == ["bottom", "right"]
    assert borders_of(google, "B1") == ["left", "right", "top"]
    assert borders_of(google, "A2") == ["bottom", "left", "top"]
    assert borders_of(google, "C2") == ["bottom", "right", "top"]
    assert borders_of(google, "B3") == ["bottom", "left", "right", "top"]


def test_a_chart_may_have_a_tab_of_its_own(google: Google) -> None:
    added = google.batch({"addChart": {"chart": {"chartId": 3, "spec": SPEC, "position": {"newSheet": True}}}})
    sheet_id = added["replies"][0]["addChart"]["chart"]["position"]["sheetId"]
    tab = google.sheet(1, includeGridData=True)
    assert tab["properties"] == {"sheetId": sheet_id, "title": "Chart1", "index": 1, "sheetType": "OBJECT"}
    assert tab["charts"] == [{"chartId": 3, "spec": SPEC, "position": {"sheetId": sheet_id}}]
    assert "data" not in tab
    assert google.no({"repeatCell": {"range": {"sheetId": sheet_id}, "cell": {}, "fields": "note"}}) == (
        f"Invalid requests[0].repeatCell: No grid with id: {sheet_id}"
    )
    assert google.refused("GET", "/values/Chart1!A1") == "Unable to parse range: Chart1!A1"
    grid = {"sheetId": sheet_id, "gridProperties": {"rowCount": 5}}
    assert "no grid" in google.no({"updateSheetProperties": {"properties": grid, "fields": "gridProperties.rowCount"}})
    google.batch({"updateSheetProperties": {"properties": {"sheetId": sheet_id, "title": "Line"}, "fields": "title"}})
    assert google.sheet(1)["properties"]["title"] == "Line"


def test_a_chart_moves_between_its_own_tab_and_cells(google: Google) -> None:
    google.batch({"addChart": {"chart": {"chartId": 3, "spec": SPEC, "position": {"sheetId": 40}}}})
    assert google.sheet(1)["properties"]["sheetId"] == 40
    over = {"overlayPosition": {"anchorCell": {"sheetId": 0, "rowIndex": 2, "columnIndex": 1}}}
    moved = google.batch({"updateEmbeddedObjectPosition": {"objectId": 3, "newPosition": over, "fields": "*"}})
    place = moved["replies"][0]["updateEmbeddedObjectPosition"]["position"]["overlayPosition"]
    assert place["anchorCell"] == {"rowIndex": 2, "columnIndex": 1}
    assert len(google.good("GET", "")["sheets"]) == 1
    google.batch({"updateEmbeddedObjectPosition": {"objectId": 3, "newPosition": {"newSheet": True}}})
    assert google.sheet(1)["properties"]["sheetType"] == "OBJECT"
    google.batch({"deleteEmbeddedObject": {"objectId": 3}})
    assert len(google.good("GET", "")["sheets"]) == 1


def test_a_footer_adds_a_row_to_a_table(google: Google) -> None:
    colour = {"rgbColor": {"red": 1}}
    google.batch(banded("t", footerColorStyle=colour))
    assert google.sheet()["tables"][0]["range"]["endRowIndex"] == 5
    row = {"values": [{"userEnteredValue": {"numberValue": 1}}]}
    google.put("A2", [[1], [1], [1], ["foot"]])
    google.batch({"appendCells": {"tableId": "t", "rows": [row], "fields": "userEnteredValue"}})
    assert google.raw("A2:A6") == [[1], [1], [1], [1], ["foot"]]
    assert google.sheet()["tables"][0]["range"]["endRowIndex"] == 6
    google.batch({"updateTable": {"table": {"tableId": "t"}, "fields": "rowsProperties.footerColorStyle"}})
    assert google.sheet()["tables"][0]["range"]["endRowIndex"] == 5


def test_colours_of_all_objects_are_kept_in_both_spellings(google: Google) -> None:
    half, dim = {"red": 0.5}, {"red": 0.49803922}
    both = {"backgroundColor": dim, "backgroundColorStyle": {"rgbColor": dim}}
    point = {"color": dim, "colorStyle": {"rgbColor": dim}}
    boolean = {"condition": {"type": "BLANK"}, "format": {"backgroundColor": half}}
    ends = {name: {"type": kind, "color": half} for name, kind in (("minpoint", "MIN"), ("maxpoint", "MAX"))}
    bands = {"headerColor": half, "firstBandColorStyle": {"rgbColor": half}}
    spec = SPEC | {"backgroundColorStyle": {"rgbColor": half}}
    slicer = {"dataRange": cells_of(0, 3, 0, 1), "backgroundColor": half}
    google.batch(
        {"addConditionalFormatRule": {"rule": {"ranges": [cells_of(0, 3, 0, 1)], "booleanRule": boolean}}},
        {"addConditionalFormatRule": {"rule": {"ranges": [cells_of(0, 3, 0, 1)], "gradientRule": ends}}},
        {"addBanding": {"bandedRange": {"bandedRangeId": 4, "range": cells_of(0, 3, 0, 1), "rowProperties": bands}}},
        {"addChart": {"chart": {"spec": spec}}},
        {"addSlicer": {"slicer": {"spec": slicer}}},
    )
    sheet = google.sheet()
    assert sheet["conditionalFormats"][0]["gradientRule"]["minpoint"] == {"type": "MIN"} | point
    assert sheet["conditionalFormats"][1]["booleanRule"]["format"] == both
    assert sheet["bandedRanges"][0]["rowProperties"] == {
        "headerColor": dim,
        "headerColorStyle": {"rgbColor": dim},
        "firstBandColor": dim,
        "firstBandColorStyle": {"rgbColor": dim},
    }
    for shown in (sheet["charts"][0]["spec"], sheet["slicers"][0]["spec"]):
        assert {name: shown[name] for name in both} == both
    green = {"bandedRangeId": 4, "rowProperties": {"headerColor": {"green": 1}}}
    google.batch({"updateBanding": {"bandedRange": green, "fields": "rowProperties.headerColor"}})
    assert google.sheet()["bandedRanges"][0]["rowProperties"]["headerColorStyle"] == {"rgbColor": {"green": 1}}


@pytest.mark.parametrize(
    "formula", ['=REGEXMATCH($A1,"(x")', "=MATCH(A1,{1;2},0)", "=Sheet1!$A1>1", "=sum(A$1:A1)=3", '=A1="a""b"']
)
def test_any_whole_formula_may_be_a_condition(google: Google, formula: str) -> None:
    condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": formula}]}
    boolean = {"condition": condition, "format": {"textFormat": {"bold": True}}}
    google.batch({"addConditionalFormatRule": {"rule": {"ranges": [cells_of(0, 3, 0, 1)], "booleanRule": boolean}}})
    google.batch({"setDataValidation": {"range": cells_of(0, 3, 0, 1), "rule": {"condition": condition}}})


def test_a_replaced_rule_says_by_its_ranges_where_it_is(google: Google) -> None:
    google.batch({"addSheet": {"properties": {"sheetId": 5}}})
    boolean = {"condition": {"type": "BLANK"}, "format": {"textFormat": {"bold": True}}}
    far = {"ranges": [cells_of(0, 3, 0, 1) | {"sheetId": 5}], "booleanRule": boolean}
    near = {"ranges": [cells_of(0, 3, 0, 1)], "booleanRule": boolean}
    google.batch({"addConditionalFormatRule": {"rule": far}}, {"addConditionalFormatRule": {"rule": near}})
    changed = far | {"booleanRule": boolean | {"condition": {"type": "NOT_BLANK"}}}
    reply = google.batch({"updateConditionalFormatRule": {"rule": changed}})["replies"][0]
    assert reply["updateConditionalFormatRule"]["newRule"] == changed
    assert google.sheet(1)["conditionalFormats"] == [changed]
    assert google.sheet(0)["conditionalFormats"][0]["booleanRule"] == boolean
    mixed = {"ranges": near["ranges"] + far["ranges"], "booleanRule": boolean}
    assert "on the same sheet" in google.no({"addConditionalFormatRule": {"rule": mixed}})
