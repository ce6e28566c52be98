"""Formulas, ranges and looks that people made beside and around our rows reach the rows that come in."""

from __future__ import annotations

from typing import Any

import pytest

from sync.report import Outcome
from tests.flow.test_plan import _plan
from tests.people import Look, Person, cell_at, lines, sort_by, text_at
from tests.world import World


def letter(column: int) -> str:
    return chr(65 + column)


def doubled(look: Look, row: int) -> dict[str, Any]:
    """A formula beside a row, about its duration."""
    return {"formulaValue": f"={letter(look.columns['duration'])}{row + 1}*2"}


def with_formulas(world: World) -> Person:
    """Load the tab; somebody writes a header, a formula beside each row, and a constant beside that."""
    assert world.run().error is None
    person = Person(world)
    look = person.look()
    requests = [text_at(look.sheet_id, look.header_row, look.free, "Twice")]
    for row in look.row_of.values():
        requests.append(cell_at(look.sheet_id, row, look.free, doubled(look, row)))
        requests.append(text_at(look.sheet_id, row, look.free + 1, "seen"))
    world.admin.edit(world.spreadsheet, requests=requests)
    return person


def formulas(world: World, look: Look, column: int) -> dict[int, str]:
    """The formulas of a column by grid row."""
    reply = world.admin.http.get(
        f"/v4/spreadsheets/{world.spreadsheet}/values/{look.title}!{letter(column)}1:{letter(column)}{look.n_rows}",
        params={"valueRenderOption": "FORMULA"},
        headers={"Authorization": "Bearer test"},
    ).json()
    return {n: row[0] for n, row in enumerate(reply.get("values", [])) if row and str(row[0]).startswith("=")}


def assert_carried(world: World, look: Look, *, free: int, n_new: int, n_before: int) -> None:
    """Every row has its own formula, about itself; constants were not carried on; nothing is left to do."""
    found = formulas(world, look, free)
    wanted = {row: doubled(look, row)["formulaValue"] for row in look.row_of.values()}
    assert found == wanted
    assert len(look.row_of) == n_before + n_new
    assert sum(row[free + 1] == "seen" for row in look.rows) == n_before
    for row in look.row_of.values():
        assert look.rows[row][free] == 2 * (look.rows[row][look.columns["duration"]] or 0)
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("read") == 2


@pytest.mark.parametrize(
    ("order", "max_bytes"),
    [
        ("oldest first", 2_000_000),
        ("newest first", 2_000_000),
        pytest.param("oldest first", 60_000, marks=pytest.mark.full),
        pytest.param("newest first", 60_000, marks=pytest.mark.full),
    ],
)
def test_formulas_that_people_keep_beside_our_rows_go_on_in_new_rows_and_constants_do_not(
    world: World, order: str, max_bytes: int
) -> None:
    world.more_tab, world.max_bytes = f'order = "{order}"', max_bytes
    person = with_formulas(world)
    before = person.look()
    n_new = 20 if max_bytes > 100_000 else 150
    world.admin.arrive(n_new)
    plan = _plan(world)
    report = world.run()
    assert report.error is None, report
    assert report.requests["google_read"] == plan.requests_read
    assert report.requests["google_write"] == plan.requests_write
    assert_carried(world, person.look(), free=before.free, n_new=n_new, n_before=len(before.row_of))


@pytest.mark.parametrize("do", ["cut_after", pytest.param("cut_before", marks=pytest.mark.full)])
def test_formulas_are_carried_on_once_when_an_answer_is_lost(world: World, do: str) -> None:
    person = with_formulas(world)
    before = person.look()
    person.do(sort_by("agent_name", "call_id"))
    world.admin.arrive(10)
    world.admin.fault(service="google", kind="write", nth=1, do=do)
    assert world.run().error is None
    world.admin.clear_faults()
    assert_carried(world, person.look(), free=before.free, n_new=10, n_before=len(before.row_of))


def test_a_protected_column_of_formulas_keeps_no_call_from_coming_in(world: World) -> None:
    person = with_formulas(world)
    before = person.look()
    grid = {"sheetId": before.sheet_id, "startColumnIndex": before.free, "endColumnIndex": before.free + 1}
    protected = {"protectedRange": {"range": {**grid, "startRowIndex": 0, "endRowIndex": 3}}}
    world.admin.edit(world.spreadsheet, requests=[{"addProtectedRange": protected}])
    world.admin.arrive(5)
    assert world.run().error is None
    assert len(person.look().row_of) == len(before.row_of) + 5


@pytest.mark.parametrize("reach", ["the spare row", "the last call"])
def test_ranges_filters_and_charts_that_reach_the_end_grow_with_the_data(world: World, reach: str) -> None:
    assert world.run().error is None
    person = Person(world)
    look = person.look()
    end = look.n_rows if reach == "the spare row" else look.n_rows - 1
    grid = {"sheetId": look.sheet_id, "startRowIndex": look.header_row, "endRowIndex": end}
    box = {**grid, "startColumnIndex": 0, "endColumnIndex": len(look.columns)}
    column = look.columns["duration"]
    series = {**grid, "startColumnIndex": column, "endColumnIndex": column + 1}
    chart = {
        "title": "Durations",
        "basicChart": {
            "chartType": "COLUMN",
            "headerCount": 1,
            "domains": [
                {"domain": {"sourceRange": {"sources": [{**series, "startColumnIndex": 0, "endColumnIndex": 1}]}}}
            ],
            "series": [{"series": {"sourceRange": {"sources": [series]}}}],
        },
    }
    rule = {"booleanRule": {"condition": {"type": "NOT_BLANK"}, "format": {"textFormat": {"italic": True}}}}
    requests = [
        {"addFilterView": {"filter": {"title": "Mine", "range": box}}},
        {"setBasicFilter": {"filter": {"range": box}}},
        {"addNamedRange": {"namedRange": {"name": "durations", "range": series}}},
        {"addConditionalFormatRule": {"rule": {"ranges": [series], **rule}, "index": 0}},
        {
            "addChart": {
                "chart": {
                    "spec": chart,
                    "position": {
                        "overlayPosition": {"anchorCell": {"sheetId": look.sheet_id, "rowIndex": 1, "columnIndex": 1}},
                    },
                }
            }
        },
        {"addSheet": {"properties": {"sheetId": 77, "title": "Sums"}}},
        cell_at(77, 0, 0, {"formulaValue": f"=SUM(Calls!{letter(column)}2:{letter(column)}{look.n_rows})"}),
    ]
    world.admin.edit(world.spreadsheet, requests=requests)
    world.admin.arrive(25)
    assert world.run().error is None
    after = person.look()
    assert after.n_rows == look.n_rows + 25
    told = world.admin.http.get(
        f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"}
    ).json()
    ours = next(sheet for sheet in told["sheets"] if sheet["properties"]["sheetId"] == look.sheet_id)
    ends = {
        "filter view": ours["filterViews"][0]["range"]["endRowIndex"],
        "filter": ours["basicFilter"]["range"]["endRowIndex"],
        "name": told["namedRanges"][0]["range"]["endRowIndex"],
        "rule": ours["conditionalFormats"][0]["ranges"][0]["endRowIndex"],
        "chart": ours["charts"][0]["spec"]["basicChart"]["series"][0]["series"]["sourceRange"]["sources"][0][
            "endRowIndex"
        ],
    }
    if reach == "the last call":
        ends.pop("rule")
    assert ends == dict.fromkeys(ends, after.n_rows - (reach == "the last call"))
    total = sum(row[column] or 0 for row in after.rows[after.header_row + 1 : after.n_rows] if row[column] != "")
    assert world.tab("Sums")[0][0] == total


def looks(world: World, row: int, column: int) -> dict[str, Any]:
    """The format of one cell."""
    reply = world.admin.http.get(
        f"/v4/spreadsheets/{world.spreadsheet}",
        params={"ranges": f"Calls!{letter(column)}{row + 1}", "fields": "sheets.data.rowData.values.userEnteredFormat"},
        headers={"Authorization": "Bearer test"},
    ).json()
    rows = reply["sheets"][0]["data"][0].get("rowData", [{}])
    return dict((rows[0].get("values") or [{}])[0].get("userEnteredFormat", {}))


def test_a_tab_is_styled_once_and_what_people_restyle_stays_and_new_rows_inherit_it(world: World) -> None:
    assert world.run().error is None
    person = Person(world)
    look = person.look()
    column = look.columns["started_at"]
    assert looks(world, look.header_row, column)["textFormat"]["bold"] is True
    assert looks(world, 3, column)["numberFormat"]["type"] == "DATE_TIME"
    below = {"sheetId": look.sheet_id, "startRowIndex": look.header_row + 1}
    cell = {
        "userEnteredFormat": {"numberFormat": {"type": "DATE", "pattern": "d.m.yy"}, "textFormat": {"italic": True}}
    }
    header = {"userEnteredFormat": {"textFormat": {"bold": False}}}
    one = {"startColumnIndex": column, "endColumnIndex": column + 1}
    top = {"sheetId": look.sheet_id, "startRowIndex": look.header_row, "endRowIndex": look.header_row + 1}
    world.admin.edit(
        world.spreadsheet,
        requests=[
            {"repeatCell": {"range": {**below, **one}, "cell": cell, "fields": "userEnteredFormat"}},
            {"repeatCell": {"range": top, "cell": header, "fields": "userEnteredFormat.textFormat.bold"}},
            {
                "updateDimensionProperties": {
                    "range": lines(look, "COLUMNS", column, column + 1),
                    "properties": {"pixelSize": 333},
                    "fields": "pixelSize",
                }
            },
        ],
    )
    world.admin.arrive(15)
    world.admin.edit_calls(10)
    assert world.run(rebuild=True).error is None
    after = person.look()
    for key in after.keys[-18:]:
        shown = looks(world, after.row_of[key], column)
        assert (shown["numberFormat"]["pattern"], shown["textFormat"]["italic"]) == ("d.m.yy", True)
    assert looks(world, after.header_row, column)["textFormat"].get("bold") is False
    world.assert_tab_equals_vendor()
