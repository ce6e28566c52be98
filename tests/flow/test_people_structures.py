"""Tables, merges, copies, deleted tabs: what people make of the structure is followed, repaired, or stopped at."""

from __future__ import annotations

from typing import Any

import pytest

from sync.report import Outcome
from tests.people import Look, Person, lines, note_on, sort_by
from tests.world import World

NTH = [None, ("read", 2), ("write", 1), ("write", 2)]
SAMPLE = [pytest.param(nth, marks=() if nth is None else pytest.mark.full) for nth in NTH]


def loaded(world: World) -> Person:
    """Load the tab, and let somebody write beside some calls."""
    assert world.run().error is None
    person = Person(world)
    person.do(note_on(person.look().keys[::6]))
    return person


def do(world: World, nth: tuple[str, int] | None, requests: list[dict[str, Any]]) -> None:
    """Edit now, or just before a request of the next run."""
    if nth is None:
        world.admin.edit(world.spreadsheet, requests=requests)
    else:
        world.admin.fault(service="google", kind=nth[0], nth=nth[1], do="edit", edits={"requests": requests})


def change(world: World) -> None:
    world.admin.edit_calls(30)
    world.admin.arrive(20)


def run_well(world: World, person: Person, *, rebuild: bool = False) -> Look:
    """Run, and look at everything; another run has nothing to do."""
    report = world.run()
    assert report.error is None, report
    assert all(tab.error is None for tab in report.tabs), report.tabs
    world.admin.clear_faults()
    if rebuild:
        assert world.run(rebuild=True).error is None
    look = person.assert_all_is_well()
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    return look


def sheets(world: World) -> list[dict[str, Any]]:
    path, headers = f"/v4/spreadsheets/{world.spreadsheet}", {"Authorization": "Bearer test"}
    return list(world.admin.http.get(path, headers=headers).json()["sheets"])


@pytest.mark.parametrize("reach", ["the spare row", "the last call"])
@pytest.mark.parametrize("nth", SAMPLE)
def test_a_range_that_people_turned_into_a_table_grows_with_the_calls(
    world: World, nth: tuple[str, int] | None, reach: str
) -> None:
    person = loaded(world)
    look = person.look()
    end = look.n_rows if reach == "the spare row" else look.n_rows - 1
    grid = {"sheetId": look.sheet_id, "startRowIndex": 0, "endRowIndex": end, "startColumnIndex": 0}
    change(world)
    do(world, nth, [{"addTable": {"table": {"name": "Calls", "range": {**grid, "endColumnIndex": len(look.columns)}}}}])
    after = run_well(world, person)
    world.admin.arrive(7)
    after = run_well(world, person)
    table = next(s for s in sheets(world) if s["properties"]["title"] == "Calls")["tables"][0]
    if nth is None:
        assert table["range"]["endRowIndex"] == after.n_rows - (reach == "the last call")


def merge(look: Look, rows: tuple[int, int], columns: tuple[int, int]) -> dict[str, Any]:
    grid = {"sheetId": look.sheet_id, "startRowIndex": rows[0], "endRowIndex": rows[1]}
    grid |= {"startColumnIndex": columns[0], "endColumnIndex": columns[1]}
    return {"mergeCells": {"range": grid, "mergeType": "MERGE_ALL"}}


@pytest.mark.parametrize("field", ["agent_name", "call_id"])
@pytest.mark.parametrize("nth", SAMPLE)
def test_cells_of_ours_that_people_merged_are_put_right_below_and_no_call_is_lost(
    world: World, nth: tuple[str, int] | None, field: str
) -> None:
    person = loaded(world)
    look = person.look()
    at = look.columns[field]
    change(world)
    do(world, nth, [merge(look, (20, 23), (at, at + 1))])
    run_well(world, person, rebuild=True)


@pytest.mark.parametrize("nth", SAMPLE)
def test_a_header_that_people_merged_over_two_of_our_columns_is_followed(
    world: World, nth: tuple[str, int] | None
) -> None:
    person = loaded(world)
    look = person.look()
    at = look.columns["from"]
    change(world)
    do(world, nth, [merge(look, (look.header_row, look.header_row + 1), (at, at + 2))])
    run_well(world, person)


@pytest.mark.parametrize("nth", SAMPLE)
def test_a_tab_that_people_deleted_is_made_anew_with_every_call(world: World, nth: tuple[str, int] | None) -> None:
    person = loaded(world)
    change(world)
    do(world, nth, [{"deleteSheet": {"sheetId": person.look().sheet_id}}])
    person.notes.clear()
    person.sheet_id = None
    first = world.run()
    world.admin.clear_faults()
    assert first.error is None or nth is not None
    if first.error is None and all(tab.error is None for tab in first.tabs):
        person.assert_all_is_well()
    run_well(world, person)


@pytest.mark.parametrize("nth", SAMPLE)
def test_a_duplicate_of_the_tab_stays_as_people_made_it(world: World, nth: tuple[str, int] | None) -> None:
    person = loaded(world)
    look = person.look()
    change(world)
    do(world, nth, [{"duplicateSheet": {"sourceSheetId": look.sheet_id, "newSheetId": 4711, "newSheetName": "Mine"}}])
    run_well(world, person)
    before = world.tab("Mine")
    change(world)
    run_well(world, person)
    assert world.tab("Mine") == before
    world.admin.edit(world.spreadsheet, requests=[{"deleteSheet": {"sheetId": look.sheet_id}}])
    assert world.run().error is None
    person.sheet_id = 4711
    person.assert_all_is_well()  # the copy carries our tags: it is gone on with, and its notes are kept


def test_a_copy_of_the_whole_spreadsheet_is_gone_on_with_and_the_first_one_left_alone(world: World) -> None:
    person = loaded(world)
    person.do(sort_by("agent_name", "call_id"))
    first = world.spreadsheet
    reply = world.admin.http.post(
        f"/drive/v3/files/{first}/copy", json={"name": "Copy"}, headers={"Authorization": "Bearer test"}
    )
    assert reply.status_code == 200, reply.text
    before = world.tab()
    world.spreadsheet = reply.json()["id"]
    change(world)
    person.sheet_id = None
    look = run_well(world, person)
    assert [s["properties"]["title"] for s in sheets(world)].count("Calls") == 1
    assert look.keys[:5] == [row[0] for row in before[1:6]]
    assert world.admin.tab_values(first, "Calls") == before


def test_frozen_rows_and_columns_and_title_rows_stay_as_people_set_them(world: World) -> None:
    person = loaded(world)
    look = person.look()
    properties = {"sheetId": look.sheet_id, "gridProperties": {"frozenRowCount": 3, "frozenColumnCount": 2}}
    frozen = {"properties": properties, "fields": "gridProperties(frozenRowCount,frozenColumnCount)"}
    inserted = {"range": lines(look, "ROWS", 0, 2), "inheritFromBefore": False}
    world.admin.edit(world.spreadsheet, requests=[{"insertDimension": inserted}, {"updateSheetProperties": frozen}])
    change(world)
    run_well(world, person)
    grid = next(s for s in sheets(world) if s["properties"]["title"] == "Calls")["properties"]["gridProperties"]
    assert (grid["frozenRowCount"], grid["frozenColumnCount"]) == (3, 2)


@pytest.mark.parametrize("nth", SAMPLE)
def test_a_tab_that_people_protected_stops_alone_and_says_who_must_be_let_in(
    world: World, nth: tuple[str, int] | None
) -> None:
    person = loaded(world)
    look = person.look()
    change(world)
    do(world, nth, [{"addProtectedRange": {"protectedRange": {"range": {"sheetId": look.sheet_id}}}}])
    report = world.run()
    world.admin.clear_faults()
    calls = next(tab for tab in report.tabs if tab.title == "Calls")
    assert calls.outcome is Outcome.STOPPED
    assert calls.error is not None
    assert "protect" in (calls.error.message + calls.error.hint).lower()
    protected = next(s for s in sheets(world) if s["properties"]["title"] == "Calls")["protectedRanges"][0]
    gone = {"deleteProtectedRange": {"protectedRangeId": protected["protectedRangeId"]}}
    world.admin.edit(world.spreadsheet, requests=[gone])
    run_well(world, person)


def pivot_of(look: Look, end: int) -> list[dict[str, Any]]:
    """Count the calls of each agent in a tab of one's own."""
    source = {"sheetId": look.sheet_id, "startRowIndex": look.header_row, "endRowIndex": end, "startColumnIndex": 0}
    groups = [{"sourceColumnOffset": look.columns["agent_name"], "showTotals": True, "sortOrder": "ASCENDING"}]
    sums = [{"sourceColumnOffset": look.columns["call_id"], "summarizeFunction": "COUNTA"}]
    pivot = {"source": {**source, "endColumnIndex": len(look.columns)}, "rows": groups, "values": sums}
    start = {"sheetId": 4711, "rowIndex": 0, "columnIndex": 0}
    rows = [{"values": [{"pivotTable": pivot}]}]
    return [
        {"addSheet": {"properties": {"sheetId": 4711, "title": "My pivot"}}},
        {"updateCells": {"start": start, "rows": rows, "fields": "pivotTable"}},
    ]


@pytest.mark.parametrize("order", ["oldest first", pytest.param("newest first", marks=pytest.mark.full)])
@pytest.mark.parametrize("nth", [None, pytest.param(("write", 1), marks=pytest.mark.full)])
def test_a_pivot_table_that_reaches_the_end_grows_with_the_calls(
    world: World, nth: tuple[str, int] | None, order: str
) -> None:
    world.more_tab = f'order = "{order}"'
    person = loaded(world)
    look = person.look()
    change(world)
    do(world, nth, pivot_of(look, look.n_rows))
    run_well(world, person)
    world.admin.arrive(7)
    after = run_well(world, person)
    path, headers = f"/v4/spreadsheets/{world.spreadsheet}", {"Authorization": "Bearer test"}
    fields = "sheets.data.rowData.values.pivotTable.source"
    told = world.admin.http.get(path, params={"ranges": "My pivot!A1", "fields": fields}, headers=headers).json()
    assert (
        told["sheets"][0]["data"][0]["rowData"][0]["values"][0]["pivotTable"]["source"]["endRowIndex"] == after.n_rows
    )
    shown = [row for row in world.admin.tab_values(world.spreadsheet, "My pivot") if row and row[0]]
    if order == "oldest first":
        assert dict(row[:2] for row in shown)["Grand Total"] == len(world.wanted())
