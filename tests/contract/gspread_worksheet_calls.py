"""What every public method of gspread's Worksheet does in the sandbox: one function a method.

A function is called `worksheet_<method>`; it calls that method and holds what it must have done.
"""

from __future__ import annotations

from typing import Any

import gspread
import pytest
from gspread.utils import (
    Dimension,
    MergeType,
    PasteOrientation,
    PasteType,
    TableDirection,
    ValidationConditionType,
    ValueRenderOption,
)

ROWS: list[list[Any]] = [["id", "who", "n"], [1, "Ana", 10], [2, "Bo", 20]]
TEXTS = [[str(value) for value in row] for row in ROWS]
Tab = gspread.Worksheet


def filled(tab: Tab) -> Tab:
    tab.update(ROWS, "A1")
    return tab


def again(tab: Tab) -> Tab:
    """Return the tab as the server has it now."""
    return tab.spreadsheet.get_worksheet_by_id(tab.id)


def properties(tab: Tab) -> dict[str, Any]:
    found: dict[str, Any] = again(tab)._properties
    return found


def format_of(tab: Tab, cell: str) -> dict[str, Any]:
    answer = tab.spreadsheet.fetch_sheet_metadata(
        {"ranges": f"{tab.title}!{cell}", "fields": "sheets.data.rowData.values.userEnteredFormat"}
    )
    found: dict[str, Any] = answer["sheets"][0]["data"][0]["rowData"][0]["values"][0]["userEnteredFormat"]
    return found


def lines(tab: Tab, dimension: str) -> list[dict[str, Any]]:
    answer = tab.spreadsheet.fetch_sheet_metadata({"fields": f"sheets.data.{dimension}Metadata"})
    found: list[dict[str, Any]] = answer["sheets"][0]["data"][0][f"{dimension}Metadata"]
    return found


def worksheet_acell(tab: Tab) -> None:
    tab.update_acell("B2", "=1/4")
    assert tab.acell("B2").value == "0.25"
    assert tab.acell("B2", value_render_option=ValueRenderOption.formula).value == "=1/4"


def worksheet_add_cols(tab: Tab) -> None:
    tab.add_cols(3)
    assert properties(tab)["gridProperties"]["columnCount"] == 29


def worksheet_add_rows(tab: Tab) -> None:
    tab.add_rows(3)
    assert properties(tab)["gridProperties"]["rowCount"] == 1003


def worksheet_add_dimension_group_columns(tab: Tab) -> None:
    reply = tab.add_dimension_group_columns(1, 3)["replies"][0]["addDimensionGroup"]
    assert reply["dimensionGroups"][0]["depth"] == 1


def worksheet_add_dimension_group_rows(tab: Tab) -> None:
    tab.add_dimension_group_rows(1, 5)
    tab.add_dimension_group_rows(2, 3)
    assert [group["depth"] for group in tab.list_dimension_group_rows()] == [1, 2]


def worksheet_list_dimension_group_columns(tab: Tab) -> None:
    assert tab.list_dimension_group_columns() == []
    tab.add_dimension_group_columns(1, 3)
    assert tab.list_dimension_group_columns()[0]["range"] == {"dimension": "COLUMNS", "startIndex": 1, "endIndex": 3}


def worksheet_list_dimension_group_rows(tab: Tab) -> None:
    tab.add_dimension_group_rows(1, 3)
    assert len(tab.list_dimension_group_rows()) == 1


def worksheet_delete_dimension_group_columns(tab: Tab) -> None:
    tab.add_dimension_group_columns(1, 3)
    tab.delete_dimension_group_columns(1, 3)
    assert tab.list_dimension_group_columns() == []


def worksheet_delete_dimension_group_rows(tab: Tab) -> None:
    tab.add_dimension_group_rows(1, 3)
    tab.delete_dimension_group_rows(1, 3)
    assert tab.list_dimension_group_rows() == []


def worksheet_add_protected_range(tab: Tab) -> None:
    reply = tab.add_protected_range("A1:B2", ["friend@example.com"], description="keep")
    made = reply["replies"][0]["addProtectedRange"]["protectedRange"]
    assert made["range"]["endRowIndex"] == 2
    assert made["requestingUserCanEdit"] is True


def worksheet_delete_protected_range(tab: Tab) -> None:
    reply = tab.add_protected_range("A1:B2")
    tab.delete_protected_range(reply["replies"][0]["addProtectedRange"]["protectedRange"]["protectedRangeId"])
    assert tab.spreadsheet.list_protected_ranges(tab.id) == []


def worksheet_add_validation(tab: Tab) -> None:
    tab.add_validation("A1:A3", ValidationConditionType.one_of_list, ["yes", "no"], strict=True, showCustomUi=True)
    answer = tab.spreadsheet.fetch_sheet_metadata(
        {"ranges": "A3", "fields": "sheets.data.rowData.values.dataValidation"}
    )
    rule = answer["sheets"][0]["data"][0]["rowData"][0]["values"][0]["dataValidation"]
    assert rule["condition"]["values"] == [{"userEnteredValue": "yes"}, {"userEnteredValue": "no"}]
    assert rule["strict"] is True


def worksheet_append_row(tab: Tab) -> None:
    answer = filled(tab).append_row([3, "Cy", 30], table_range="A1", include_values_in_response=True)
    assert answer["updates"]["updatedData"]["values"] == [["3", "Cy", "30"]]


def worksheet_append_rows(tab: Tab) -> None:
    filled(tab).append_rows([[3], [4]], insert_data_option="INSERT_ROWS")
    assert tab.col_values(1) == ["id", "1", "2", "3", "4"]
    assert properties(tab)["gridProperties"]["rowCount"] == 1002


def worksheet_batch_clear(tab: Tab) -> None:
    filled(tab).batch_clear(["A1:A3", "C1"])
    assert tab.get_all_values() == [["", "who", ""], ["", "Ana", "10"], ["", "Bo", "20"]]


def worksheet_batch_format(tab: Tab) -> None:
    tab.batch_format([{"range": "A1", "format": {"textFormat": {"bold": True}}}])
    assert format_of(tab, "A1") == {"textFormat": {"bold": True}}


def worksheet_format(tab: Tab) -> None:
    tab.format(["A1:B1", "D4"], {"backgroundColor": {"red": 1, "green": 0.5}})
    assert format_of(tab, "D4")["backgroundColor"] == {"red": 1, "green": 0.49803922}


def worksheet_batch_get(tab: Tab) -> None:
    found = filled(tab).batch_get(["A1:B1", "C2:C3"], major_dimension=Dimension.cols)
    assert [list(part) for part in found] == [[["id"], ["who"]], [["10", "20"]]]


def worksheet_batch_merge(tab: Tab) -> None:
    tab.batch_merge([{"range": "A1:B2"}, {"range": "C1:D3", "mergeType": MergeType.merge_rows}])
    assert len(tab.spreadsheet.fetch_sheet_metadata()["sheets"][0]["merges"]) == 4


def worksheet_merge_cells(tab: Tab) -> None:
    tab.update([["id", "who"], ["", "", "n"]], "A1")
    tab.merge_cells("A1:B2")
    assert tab.get_values("A1:C2", combine_merged_cells=True) == [["id", "id", ""], ["id", "id", "n"]]


def worksheet_unmerge_cells(tab: Tab) -> None:
    tab.merge_cells("A1:B2")
    tab.unmerge_cells("A1:B2")
    assert "merges" not in tab.spreadsheet.fetch_sheet_metadata()["sheets"][0]


def worksheet_batch_update(tab: Tab) -> None:
    answer = tab.batch_update(
        [{"range": "A1", "values": [["=1+1"]]}, {"range": "B2:B3", "values": [[1], [2]]}],
        value_input_option="USER_ENTERED",
        include_values_in_response=True,
    )
    assert [part["updatedData"]["values"] for part in answer["responses"]] == [[["2"]], [["1"], ["2"]]]


def worksheet_cell(tab: Tab) -> None:
    found = filled(tab).cell(2, 2)
    assert (found.value, found.address, found.row, found.col) == ("Ana", "B2", 2, 2)


def worksheet_clear(tab: Tab) -> None:
    assert filled(tab).clear()["clearedRange"] == "Sheet1!A1:Z1000"
    assert tab.get_all_values() == [[]]


def worksheet_set_basic_filter(tab: Tab) -> None:
    tab.set_basic_filter("A1:C3")
    found = tab.spreadsheet.fetch_sheet_metadata()["sheets"][0]["basicFilter"]["range"]
    assert found["endRowIndex"] == 3
    tab.set_basic_filter()
    found = tab.spreadsheet.fetch_sheet_metadata()["sheets"][0]["basicFilter"]["range"]
    assert (found["endRowIndex"], found["endColumnIndex"]) == (1000, 26)


def worksheet_clear_basic_filter(tab: Tab) -> None:
    tab.set_basic_filter()
    tab.clear_basic_filter()
    assert "basicFilter" not in tab.spreadsheet.fetch_sheet_metadata()["sheets"][0]


def worksheet_insert_note(tab: Tab) -> None:
    tab.insert_note("B2", "look")
    assert tab.get_note("B2") == "look"


def worksheet_update_note(tab: Tab) -> None:
    tab.insert_note("B2", "look")
    tab.update_note("B2", "look again")
    assert tab.get_note("B2") == "look again"


def worksheet_clear_note(tab: Tab) -> None:
    tab.insert_note("B2", "look")
    tab.clear_note("B2")
    assert tab.get_note("B2") == ""


def worksheet_get_note(tab: Tab) -> None:
    assert tab.get_note("Z99") == ""


def worksheet_insert_notes(tab: Tab) -> None:
    tab.insert_notes({"A1": "one", "C2": "two"})
    assert tab.get_notes() == [["one"], ["", "", "two"]]


def worksheet_update_notes(tab: Tab) -> None:
    tab.update_notes({"A1": "one", "C2": "two"})
    tab.update_notes({"A1": "", "C2": "three"})
    assert tab.get_notes() == [[], ["", "", "three"]]


def worksheet_clear_notes(tab: Tab) -> None:
    tab.insert_notes({"A1": "one", "C2": "two"})
    tab.clear_notes(["A1", "C2"])
    assert tab.get_notes() in ([], [[]])


def worksheet_get_notes(tab: Tab) -> None:
    tab.insert_notes({"A1": "one", "B2": "two"})
    assert tab.get_notes(default_empty_value="-", grid_range="A1:B2") == [["one"], ["-", "two"]]


def worksheet_update_tab_color(tab: Tab) -> None:
    tab.update_tab_color("#ff7700")
    assert properties(tab)["tabColorStyle"]["rgbColor"] == {"red": 1, "green": 0.46666667}


def worksheet_clear_tab_color(tab: Tab) -> None:
    tab.update_tab_color("#ff7700")
    tab.clear_tab_color()
    assert "tabColor" not in properties(tab)


def worksheet_get_tab_color(tab: Tab) -> None:
    assert tab.get_tab_color() is None
    tab.update_tab_color("#336699")
    assert again(tab).get_tab_color() == "#336699"


def worksheet_tab_color(tab: Tab) -> None:
    tab.update_tab_color("#336699")
    assert again(tab).tab_color == "#336699"


def worksheet_col_count(tab: Tab) -> None:
    assert again(tab).col_count == 26


def worksheet_column_count(tab: Tab) -> None:
    assert again(tab).column_count == 26


def worksheet_row_count(tab: Tab) -> None:
    assert again(tab).row_count == 1000


def worksheet_col_values(tab: Tab) -> None:
    assert filled(tab).col_values(2) == ["who", "Ana", "Bo"]
    assert tab.col_values(3, value_render_option=ValueRenderOption.unformatted) == ["n", 10, 20]


def worksheet_row_values(tab: Tab) -> None:
    assert filled(tab).row_values(2) == ["1", "Ana", "10"]


def worksheet_columns_auto_resize(tab: Tab) -> None:
    tab.update([["x" * 60]], "A1")
    tab.columns_auto_resize(0, 1)
    widths = [line["pixelSize"] for line in lines(tab, "column")]
    assert widths[0] > 200
    assert widths[1] == 100


def worksheet_rows_auto_resize(tab: Tab) -> None:
    tab.rows_auto_resize(0, 2)
    assert lines(tab, "row")[0]["pixelSize"] == 21


def worksheet_copy_range(tab: Tab) -> None:
    filled(tab).copy_range("A1:B2", "E5")
    assert tab.get("E5:F6") == [["id", "who"], ["1", "Ana"]]
    tab.copy_range("A1:B3", "H1", PasteType.values, PasteOrientation.transpose)
    assert tab.get("H1:J2") == [["id", "1", "2"], ["who", "Ana", "Bo"]]


def worksheet_cut_range(tab: Tab) -> None:
    filled(tab).cut_range("B1:B3", "E1")
    assert tab.get_all_values() == [["id", "", "n", "", "who"], ["1", "", "10", "", "Ana"], ["2", "", "20", "", "Bo"]]


def worksheet_copy_to(tab: Tab) -> None:
    filled(tab)
    other = tab.spreadsheet.client
    target = gspread.Client(None, http_client=lambda *_: other).create("Target")
    made = tab.copy_to(target.id)
    assert (made["title"], made["index"]) == ("Copy of Sheet1", 1)
    assert target.worksheet("Copy of Sheet1").get_all_values() == TEXTS


def worksheet_define_named_range(tab: Tab) -> None:
    filled(tab).define_named_range("A2:B3", "Body")
    assert tab.get("Body") == [["1", "Ana"], ["2", "Bo"]]


def worksheet_delete_named_range(tab: Tab) -> None:
    reply = tab.define_named_range("A2:B3", "Body")
    tab.delete_named_range(reply["replies"][0]["addNamedRange"]["namedRange"]["namedRangeId"])
    assert tab.spreadsheet.list_named_ranges() == []


def worksheet_delete_columns(tab: Tab) -> None:
    filled(tab).delete_columns(1, 2)
    assert tab.get_all_values() == [["n"], ["10"], ["20"]]


def worksheet_delete_dimension(tab: Tab) -> None:
    filled(tab).delete_dimension(Dimension.rows, 2)
    assert tab.col_values(1) == ["id", "2"]


def worksheet_delete_rows(tab: Tab) -> None:
    filled(tab).delete_rows(1, 2)
    assert tab.get_all_values() == [TEXTS[2]]
    assert properties(tab)["gridProperties"]["rowCount"] == 998


def worksheet_duplicate(tab: Tab) -> None:
    twin = filled(tab).duplicate(new_sheet_name="Twin", new_sheet_id=5, insert_sheet_index=1)
    assert (twin.title, twin.id, twin.get_all_values()) == ("Twin", 5, TEXTS)


def worksheet_expand(tab: Tab) -> None:
    filled(tab).update([["apart"]], "F1")
    assert tab.expand("A1", TableDirection.table) == TEXTS
    assert tab.expand("B1", TableDirection.down) == [["who"], ["Ana"], ["Bo"]]


def worksheet_find(tab: Tab) -> None:
    found = filled(tab).find("Bo")
    assert found is not None
    assert found.address == "B3"
    assert tab.find("nobody") is None


def worksheet_findall(tab: Tab) -> None:
    assert [cell.address for cell in filled(tab).findall("10")] == ["C2"]


def worksheet_freeze(tab: Tab) -> None:
    tab.freeze(rows=1, cols=2)
    grid = properties(tab)["gridProperties"]
    assert (grid["frozenRowCount"], grid["frozenColumnCount"]) == (1, 2)


def worksheet_frozen_col_count(tab: Tab) -> None:
    tab.freeze(cols=2)
    assert again(tab).frozen_col_count == 2


def worksheet_frozen_row_count(tab: Tab) -> None:
    assert again(tab).frozen_row_count == 0


def worksheet_get(tab: Tab) -> None:
    assert filled(tab).get() == TEXTS
    assert tab.get("A1:D2", maintain_size=True, pad_values=True) == [["id", "who", "n", ""], ["1", "Ana", "10", ""]]


def worksheet_get_all_cells(tab: Tab) -> None:
    tab.resize(3, 3)
    assert [cell.value for cell in filled(tab).get_all_cells()] == [text for row in TEXTS for text in row]


def worksheet_get_all_records(tab: Tab) -> None:
    assert filled(tab).get_all_records() == [{"id": 1, "who": "Ana", "n": 10}, {"id": 2, "who": "Bo", "n": 20}]


def worksheet_get_all_values(tab: Tab) -> None:
    assert filled(tab).get_all_values() == TEXTS


def worksheet_get_values(tab: Tab) -> None:
    assert filled(tab).get_values("B1:C2", major_dimension=Dimension.cols) == [["who", "Ana"], ["n", "10"]]


def worksheet_hide(tab: Tab) -> None:
    other = tab.spreadsheet.add_worksheet("Other", 1, 1)
    other.hide()
    assert again(other).isSheetHidden
    with pytest.raises(gspread.exceptions.APIError, match="You can't hide all the sheets"):
        tab.hide()


def worksheet_show(tab: Tab) -> None:
    other = tab.spreadsheet.add_worksheet("Other", 1, 1)
    other.hide()
    other.show()
    assert not again(other).isSheetHidden


def worksheet_isSheetHidden(tab: Tab) -> None:  # noqa: N802
    assert again(tab).isSheetHidden is False


def worksheet_hide_columns(tab: Tab) -> None:
    tab.hide_columns(1, 3)
    assert [line.get("hiddenByUser") for line in lines(tab, "column")[:4]] == [None, True, True, None]


def worksheet_unhide_columns(tab: Tab) -> None:
    tab.hide_columns(1, 3)
    tab.unhide_columns(1, 2)
    assert [line.get("hiddenByUser") for line in lines(tab, "column")[:4]] == [None, None, True, None]


def worksheet_hide_rows(tab: Tab) -> None:
    tab.hide_rows(0, 1)
    assert [line.get("hiddenByUser") for line in lines(tab, "row")[:2]] == [True, None]


def worksheet_unhide_rows(tab: Tab) -> None:
    tab.hide_rows(0, 2)
    tab.unhide_rows(0, 2)
    assert [line.get("hiddenByUser") for line in lines(tab, "row")[:2]] == [None, None]


def worksheet_hide_gridlines(tab: Tab) -> None:
    tab.hide_gridlines()
    assert properties(tab)["gridProperties"]["hideGridlines"] is True


def worksheet_show_gridlines(tab: Tab) -> None:
    tab.hide_gridlines()
    tab.show_gridlines()
    assert "hideGridlines" not in properties(tab)["gridProperties"]


def worksheet_is_gridlines_hidden(tab: Tab) -> None:
    tab.hide_gridlines()
    assert again(tab).is_gridlines_hidden is True


def worksheet_id(tab: Tab) -> None:
    assert tab.id == 0


def worksheet_index(tab: Tab) -> None:
    assert tab.spreadsheet.add_worksheet("Other", 1, 1).index == 1


def worksheet_insert_cols(tab: Tab) -> None:
    filled(tab).insert_cols([["new", "x", "y"]], col=2)
    assert tab.row_values(1) == ["id", "new", "who", "n"]
    assert tab.col_values(2) == ["new", "x", "y"]


def worksheet_insert_row(tab: Tab) -> None:
    filled(tab).insert_row([9, "Zed"], index=2)
    assert tab.col_values(1) == ["id", "9", "1", "2"]


def worksheet_insert_rows(tab: Tab) -> None:
    filled(tab).format("A1", {"textFormat": {"bold": True}})
    tab.insert_rows([[8], [9]], row=2, inherit_from_before=True)
    assert tab.col_values(1) == ["id", "8", "9", "1", "2"]
    assert format_of(tab, "A3") == {"textFormat": {"bold": True}}


def worksheet_range(tab: Tab) -> None:
    assert [cell.value for cell in filled(tab).range("A1:B2")] == ["id", "who", "1", "Ana"]


def worksheet_resize(tab: Tab) -> None:
    tab.resize(rows=5, cols=4)
    grid = properties(tab)["gridProperties"]
    assert (grid["rowCount"], grid["columnCount"]) == (5, 4)


def worksheet_sort(tab: Tab) -> None:
    tab.update([[1, "b"], [2, "a"], [1, "a"]], "A1")
    tab.sort((1, "asc"), (2, "asc"), range="A1:B3")
    assert tab.get_all_values() == [["1", "a"], ["1", "b"], ["2", "a"]]
    tab.sort((1, "des"))
    assert tab.col_values(1) == ["2", "1", "1"]


def worksheet_spreadsheet(tab: Tab) -> None:
    assert tab.spreadsheet.sheet1.id == tab.id


def worksheet_title(tab: Tab) -> None:
    assert again(tab).title == "Sheet1"


def worksheet_update(tab: Tab) -> None:
    answer = tab.update([["a", None, "c"], ["", 2]], "B2:D3", include_values_in_response=True)
    assert (answer["updatedRange"], answer["updatedCells"]) == ("Sheet1!B2:D3", 4)
    assert answer["updatedData"]["values"] == [["a", "", "c"], ["", "2"]]


def worksheet_update_acell(tab: Tab) -> None:
    tab.update_acell("A1", "50%")
    assert tab.get("A1", value_render_option=ValueRenderOption.unformatted) == [[0.5]]


def worksheet_update_cell(tab: Tab) -> None:
    tab.update_cell(1, 2, "0042")
    assert tab.acell("B1", value_render_option=ValueRenderOption.unformatted).value == 42


def worksheet_update_cells(tab: Tab) -> None:
    cells = tab.range("A1:B2")
    for n, cell in enumerate(cells):
        cell.value = n
    answer = tab.update_cells(cells)
    assert answer["updatedCells"] == 4
    assert tab.get("A1:B2") == [["0", "1"], ["2", "3"]]


def worksheet_update_index(tab: Tab) -> None:
    tab.spreadsheet.add_worksheet("Other", 1, 1)
    tab.update_index(1)
    assert [found.title for found in tab.spreadsheet.worksheets()] == ["Sheet1", "Other"]
    tab.update_index(2)
    assert [found.title for found in tab.spreadsheet.worksheets()] == ["Other", "Sheet1"]


def worksheet_update_title(tab: Tab) -> None:
    tab.update_title("It's 50/50")
    assert tab.update([[1]], "A1")["updatedRange"] == "'It''s 50/50'!A1"


def worksheet_url(tab: Tab) -> None:
    assert tab.url == f"https://docs.google.com/spreadsheets/d/{tab.spreadsheet.id}#gid=0"
