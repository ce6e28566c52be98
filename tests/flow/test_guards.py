"""What stops a tab before it is touched, what people read then, and the flag that means yes."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sync import clock
from sync.office import NoProgress, open_office
from sync.report import ErrorReport, Outcome, RunReport, exit_code_of, run_json
from sync.run import RunRequest, Trigger, run_sheet
from tests.world import FIELDS, World

BASE = 'credentials = "anonymous"'
EMAIL = "callsheet@project.iam.gserviceaccount.com"
FORMULA_NOTE = '=HYPERLINK("https://example.com","hi")'
TABS = ("Calls", "By agent", "By day")


def _titles(world: World) -> list[str]:
    book = world.admin.http.get(f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"})
    return [sheet["properties"]["title"] for sheet in book.json()["sheets"]]


def _ids(world: World) -> dict[str, int]:
    book = world.admin.http.get(f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"})
    return {s["properties"]["title"]: s["properties"]["sheetId"] for s in book.json()["sheets"]}


def _values(world: World) -> dict[str, list[list[Any]]]:
    return {title: world.tab(title) for title in _titles(world)}


def _error_of(report: RunReport, title: str | None = None) -> ErrorReport:
    """Return the error of a tab, or of the run, after seeing that the JSON says the same."""
    said = run_json(report)
    if title is None:
        error, in_json = report.error, said["error"]
    else:
        error = next(tab.error for tab in report.tabs if tab.title == title)
        in_json = next(tab["error"] for tab in said["tabs"] if tab["title"] == title)
    assert error is not None
    assert in_json == {
        "kind": error.kind,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
        "connection": error.connection,
    }
    return error


def _assert_stopped(report: RunReport, title: str, kind: str) -> ErrorReport:
    error = _error_of(report, title)
    assert (error.kind, error.exit_code) == (kind, 4)
    assert report.outcome is Outcome.STOPPED
    assert {tab.title: tab.outcome for tab in report.tabs}[title] is Outcome.STOPPED
    assert exit_code_of([report]) == 4
    assert error.hint
    return error


def _column_of(world: World, title: str, tab: str = "Calls") -> int:
    return world.tab(tab)[0].index(title)


def _delete(sheet_id: int, dimension: str, start: int) -> dict[str, Any]:
    lines = {"sheetId": sheet_id, "dimension": dimension, "startIndex": start, "endIndex": start + 1}
    return {"deleteDimension": {"range": lines}}


def _type_notes(world: World) -> dict[str, str]:
    """Type notes beside some calls, in a column of people's own, and return them by call id."""
    notes = {row[0]: f"note {n}" for n, row in enumerate(world.tab()[1:]) if n % 7 == 0}
    column = [["My notes"], *[[notes.get(row[0], "")] for row in world.tab()[1:]]]
    world.admin.edit(world.spreadsheet, values=[{"range": f"Calls!P1:P{len(column)}", "values": column}])
    return notes


def _shown_notes(world: World, header: str = "My notes") -> dict[str, str]:
    return {row["Call ID"]: row[header] for row in world.rows_by_header() if row.get(header)}


# Somebody else's tab


@pytest.mark.parametrize("title", ["Calls", "CALLS", "cAlLs"])
def test_a_tab_with_our_title_that_people_made_is_never_written(world: World, title: str) -> None:
    world.admin.edit(
        world.spreadsheet,
        requests=[{"addSheet": {"properties": {"title": title}}}],
        values=[{"range": f"{title}!A1:B2", "values": [["mine", 1], ["mine too", 2]]}],
    )
    before = _values(world)
    report = world.run()
    error = _assert_stopped(report, "Calls", "ForeignTab")
    assert title in error.message
    assert "Rename" in error.hint
    assert _values(world) == before
    assert world.n_requests("write") == 0


def test_a_summary_whose_title_people_took_stops_alone(world: World) -> None:
    world.admin.edit(world.spreadsheet, requests=[{"addSheet": {"properties": {"title": "by AGENT"}}}])
    report = world.run()
    _assert_stopped(report, "By agent", "ForeignTab")
    assert world.tab("by AGENT") == []
    assert {tab.title: tab.outcome for tab in report.tabs if tab.title != "By agent"} == {
        "Calls": Outcome.OK,
        "By day": Outcome.OK,
    }
    assert {row["Call ID"] for row in world.rows_by_header()} == set(world.wanted())


# Header


def test_a_deleted_column_stops_the_tab_and_take_header_brings_it_back_beside_the_notes(world: World) -> None:
    world.run()
    notes = _type_notes(world)
    sheet_id = _ids(world)["Calls"]
    world.admin.edit(world.spreadsheet, requests=[_delete(sheet_id, "COLUMNS", _column_of(world, "Agent"))])
    world.admin.edit_calls(5)
    world.admin.arrive(3)
    before = _values(world)
    report = world.run()
    error = _assert_stopped(report, "Calls", "HeaderChanged")
    assert "'Agent'" in error.message
    assert "--take-header" in error.hint
    assert _values(world) == before
    report = world.run(take_header=True)
    assert report.outcome is Outcome.OK
    assert _shown_notes(world) == notes
    world.assert_tab_equals_vendor()
    assert world.run().outcome is Outcome.UNCHANGED


def test_a_deleted_key_column_stops_the_tab_and_take_header_loses_no_note(world: World) -> None:
    world.run()
    notes = _type_notes(world)
    world.admin.edit(world.spreadsheet, requests=[_delete(_ids(world)["Calls"], "COLUMNS", 0)])
    before = _values(world)
    _assert_stopped(world.run(), "Calls", "HeaderChanged")
    assert _values(world) == before
    world.run(take_header=True)
    assert _shown_notes(world) == notes
    world.assert_tab_equals_vendor()


def test_a_deleted_header_row_stops_the_tab_and_take_header_brings_it_back_beside_the_notes(world: World) -> None:
    world.run()
    notes = _type_notes(world)
    world.admin.edit(world.spreadsheet, requests=[_delete(_ids(world)["Calls"], "ROWS", 0)])
    world.admin.arrive(2)
    before = _values(world)
    error = _assert_stopped(world.run(), "Calls", "HeaderChanged")
    assert "header row" in error.message
    assert _values(world) == before
    world.run(take_header=True)
    at = {row["Call ID"]: n for n, row in enumerate(world.rows_by_header(), 2)}
    shown = {row[0]: row[15] for row in world.tab()[1:] if len(row) > 15 and row[15] != ""}
    assert shown == notes, at
    world.assert_tab_equals_vendor()


def test_a_column_whose_tag_is_there_twice_stops_the_tab_until_take_header(world: World) -> None:
    world.run()
    at = {"sheetId": _ids(world)["Calls"], "dimension": "COLUMNS", "startIndex": 16, "endIndex": 17}
    tag = {
        "metadataKey": "callsheet.column",
        "metadataValue": "agent_name",
        "location": {"dimensionRange": at},
        "visibility": "DOCUMENT",
    }
    tagging = {"createDeveloperMetadata": {"developerMetadata": tag}}
    world.admin.edit(
        world.spreadsheet, requests=[tagging], values=[{"range": "Calls!Q1:Q2", "values": [["Copy"], ["x"]]}]
    )
    before = _values(world)
    error = _assert_stopped(world.run(), "Calls", "HeaderChanged")
    assert "2 times" in error.message
    assert _values(world) == before
    world.run(take_header=True)
    assert world.tab()[1][16] == "x"
    world.assert_tab_equals_vendor()
    assert world.run().outcome is Outcome.UNCHANGED


# Limits


def test_the_cells_of_the_whole_workbook_are_counted_before_the_first_write(world: World) -> None:
    grid = {"rowCount": 99_730, "columnCount": 100}
    world.admin.edit(
        world.spreadsheet, requests=[{"addSheet": {"properties": {"title": "Big", "gridProperties": grid}}}]
    )
    before = _titles(world)
    report = world.run()
    error = _assert_stopped(report, "Calls", "TooLarge")
    assert "10,000,000" in error.message
    assert "9,999,000 cells in 2 tabs" in error.message
    assert {tab.outcome for tab in report.tabs} == {Outcome.STOPPED}
    assert _titles(world) == before
    assert world.n_requests("write") == 0


def test_growth_of_a_full_workbook_stops_and_updates_go_on_where_nothing_grows(world: World) -> None:
    world.run()
    n_cells = sum(
        s["properties"]["gridProperties"]["rowCount"] * s["properties"]["gridProperties"]["columnCount"]
        for s in world.admin.http.get(
            f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"}
        ).json()["sheets"]
    )
    grid = {"rowCount": 10_000_000 - n_cells, "columnCount": 1}
    world.admin.edit(
        world.spreadsheet, requests=[{"addSheet": {"properties": {"title": "Big", "gridProperties": grid}}}]
    )
    world.admin.edit_calls(5)
    assert world.run().outcome is Outcome.OK
    world.assert_tab_equals_vendor()
    world.admin.arrive(2)
    before = {title: world.tab(title) for title in TABS}
    _assert_stopped(world.run(), "Calls", "TooLarge")
    assert world.n_requests("write") == 0
    assert {title: world.tab(title) for title in TABS} == before


def test_more_rows_than_max_rows_stop_the_tab_before_it_is_touched(world: World) -> None:
    world.more_tab = 'max_rows = 300\noverflow = "stop"'
    world.run()
    shown = len(world.rows_by_header())
    world.more_tab = f'max_rows = {max(shown, 100)}\noverflow = "stop"'
    world.admin.arrive(400)
    before = _values(world)
    report = world.run()
    error = _assert_stopped(report, "Calls", "TooLarge")
    assert f"{max(shown, 100):,}" in error.message
    assert "max_rows" in error.hint
    assert _values(world) == before


def test_a_spreadsheet_with_200_tabs_takes_no_more(world: World) -> None:
    tabs = [{"addSheet": {"properties": {"title": f"T{n}", "gridProperties": {"rowCount": 1}}}} for n in range(198)]
    world.admin.edit(world.spreadsheet, requests=tabs)  # 199 with the first one: room for one
    report = world.run()
    assert {tab.title: tab.outcome for tab in report.tabs} == {
        "Calls": Outcome.OK,
        "By agent": Outcome.STOPPED,
        "By day": Outcome.STOPPED,
    }
    assert "200" in _assert_stopped(report, "By agent", "TooLarge").message
    assert len(_titles(world)) == 200


# A vendor that returns nothing


def _hide_calls(world: World) -> None:
    """Let the vendor know nothing any more, as with a filter that went wrong on its side."""
    ids = [call["call_id"] for call in world.admin.calls()]
    world.admin.edit_calls(call_ids=ids, fields={"started_at": "1990-01-01T00:00:00Z"})


def test_no_calls_where_there_were_some_stop_the_tab_until_allow_empty(world: World) -> None:
    world.run()
    before = _values(world)
    _hide_calls(world)
    report = world.run()
    error = _assert_stopped(report, "Calls", "UnexpectedlyEmpty")
    assert "--allow-empty" in error.hint
    assert _values(world) == before
    assert world.n_requests("write") == 0
    report = world.run(allow_empty=True)
    assert exit_code_of([report]) == 0
    assert _values(world) == before  # what the vendor forgets stays


def test_a_day_without_calls_is_no_alarm(world: World) -> None:
    _hide_calls(world)
    report = world.run()
    assert exit_code_of([report]) == 0
    assert world.rows_by_header() == []
    assert exit_code_of([world.run()]) == 0
    world.admin.arrive(1)
    assert world.run().tabs[0].added == 1


# Access


def _use_service_account(world: World) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {
        "type": "service_account",
        "project_id": "project",
        "private_key_id": "1",
        "private_key": pem,
        "client_email": EMAIL,
        "client_id": "1",
        "token_uri": f"{world.admin.url}/token",
    }
    path = world.folder / "account.json"
    path.write_text(json.dumps(account))
    path.chmod(0o600)
    world.swaps[BASE] = 'credentials = "file:account.json"'


@pytest.mark.parametrize("access", ["none", "viewer"])
def test_a_spreadsheet_that_is_not_shared_names_the_address_and_the_role(world: World, access: str) -> None:
    _use_service_account(world)
    world.spreadsheet = world.admin.make_spreadsheet("Closed", access=access)
    report = world.run()
    error = _error_of(report)
    assert (report.outcome, error.kind, error.exit_code) == (Outcome.FAILED, "NotShared", 5)
    assert EMAIL in error.hint
    assert "Editor" in error.hint
    assert exit_code_of([report]) == 5


def test_a_spreadsheet_that_does_not_exist_says_so(world: World) -> None:
    world.spreadsheet = "1" + "x" * 43
    error = _error_of(world.run())
    assert (error.kind, error.exit_code) == ("NotShared", 5)
    assert "no spreadsheet" in error.message
    assert "`spreadsheet`" in error.hint


def _protect(world: World, title: str, **box: int) -> None:
    where = {"sheetId": _ids(world)[title], **box}
    protection = {"range": where, "editors": {"users": ["owner@example.com"]}}
    world.admin.edit(world.spreadsheet, requests=[{"addProtectedRange": {"protectedRange": protection}}])


def test_protected_cells_stop_their_tab_alone(world: World) -> None:
    world.run()
    _protect(world, "Calls", startRowIndex=1, startColumnIndex=8, endColumnIndex=9)
    world.admin.edit_calls(20)
    world.admin.arrive(5)
    before = world.tab()
    report = world.run()
    error = _assert_stopped(report, "Calls", "ProtectedCells")
    assert "rotect" in error.hint
    assert world.tab() == before
    assert {tab.title: tab.outcome for tab in report.tabs if tab.title != "Calls"} == {
        "By agent": Outcome.OK,
        "By day": Outcome.OK,
    }
    assert world.rows_by_header("By day")[-1]["Calls"] == len(world.wanted())
    world.run()
    assert world.tab() == before


def test_one_protected_cell_among_rows_that_change_leaves_no_row_twice_and_none_half(world: World) -> None:
    world.run()
    row = len(world.tab()) - 3
    _protect(world, "Calls", startRowIndex=row, endRowIndex=row + 1, startColumnIndex=8, endColumnIndex=9)
    world.admin.edit_calls(call_ids=[world.tab()[row][0]], fields={"notes": "changed"})
    world.admin.arrive(5)
    for _ in range(2):
        _assert_stopped(world.run(), "Calls", "ProtectedCells")
        ids = [row["Call ID"] for row in world.rows_by_header()]
        assert len(ids) == len(set(ids))
        assert None not in ids


def test_a_protected_summary_stops_alone(world: World) -> None:
    world.run()
    _protect(world, "By agent")
    world.admin.edit_calls(20)
    world.admin.arrive(5)
    before = world.tab("By agent")
    report = world.run()
    _assert_stopped(report, "By agent", "ProtectedCells")
    assert world.tab("By agent") == before
    assert {row["Call ID"] for row in world.rows_by_header()} == set(world.wanted())


def test_a_header_row_that_people_protected_keeps_no_call_from_being_updated(world: World) -> None:
    world.run()
    _protect(world, "Calls", startRowIndex=0, endRowIndex=1)
    world.admin.edit_calls(5)
    assert world.run().outcome is Outcome.OK
    world.assert_tab_equals_vendor()


def test_a_column_of_people_that_they_protected_keeps_no_call_from_being_updated(world: World) -> None:
    world.run()
    at = {"sheetId": _ids(world)["Calls"], "dimension": "COLUMNS", "startIndex": 3, "endIndex": 4}
    world.admin.edit(world.spreadsheet, requests=[{"insertDimension": {"range": at, "inheritFromBefore": False}}])
    _protect(world, "Calls", startColumnIndex=3, endColumnIndex=4)
    world.admin.edit_calls(5)
    assert world.run().outcome is Outcome.OK
    world.assert_tab_equals_vendor()


def test_ids_that_people_protected_keep_no_call_from_being_updated(world: World) -> None:
    world.run()
    _protect(world, "Calls", startRowIndex=1, startColumnIndex=0, endColumnIndex=1)
    world.admin.edit_calls(5)
    assert world.run().outcome is Outcome.OK
    world.assert_tab_equals_vendor()


def test_the_next_run_goes_on_when_a_protection_is_gone(world: World) -> None:
    world.run()
    _protect(world, "Calls")
    world.admin.edit_calls(20)
    world.admin.arrive(5)
    _assert_stopped(world.run(), "Calls", "ProtectedCells")
    book = world.admin.http.get(f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"})
    (protection,) = [p for sheet in book.json()["sheets"] for p in sheet.get("protectedRanges", [])]
    gone = {"deleteProtectedRange": {"protectedRangeId": protection["protectedRangeId"]}}
    world.admin.edit(world.spreadsheet, requests=[gone])
    assert exit_code_of([world.run()]) == 0
    world.assert_tab_equals_vendor()


# Keys


def test_a_vendor_key_that_is_refused_touches_nothing(world: World) -> None:
    world.run()
    world.admin.options(justcall={"accepted_keys": ["another:pair"]})
    world.admin.arrive(5)
    before = _values(world)
    report = world.run()
    error = _error_of(report, "Calls")
    assert (report.outcome, error.kind, error.exit_code) == (Outcome.FAILED, "CredentialsRefused", 5)
    assert "test-secret" not in json.dumps(run_json(report))
    assert _values(world) == before
    assert world.n_requests("write") == 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_google_token_that_is_refused_is_a_matter_of_credentials(world: World, status: int) -> None:
    if status == 403:
        world.admin.options(google={"require_token": True})  # no token at all
    else:
        _use_service_account(world)
        world.admin.fault(service="google", status=401, do="refuse", times=50)
    report = world.run()
    world.admin.clear_faults()
    error = _error_of(report)
    assert (report.outcome, error.kind, error.exit_code) == (Outcome.FAILED, "CredentialsRefused", 5)
    assert "credentials" in error.hint


def test_a_key_of_google_that_was_deleted_is_a_matter_of_credentials(world: World) -> None:
    _use_service_account(world)
    world.admin.fault(service="token", status=400, do="refuse", times=50)
    error = _error_of(world.run())
    assert (error.kind, error.exit_code) == ("CredentialsRefused", 5)
    assert EMAIL in error.message


def test_a_key_file_that_is_no_key_is_a_matter_of_credentials(world: World, tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text('{"type": "service_account"}')
    (tmp_path / "account.json").chmod(0o600)
    world.swaps[BASE] = 'credentials = "file:account.json"'
    error = _error_of(world.run())
    assert (error.kind, error.exit_code) == ("CredentialsRefused", 5)


# Cells


def test_text_that_looks_like_something_else_arrives_as_text(world: World) -> None:
    texts = [FORMULA_NOTE, "+14155551234", "0042", "1e5", "'quoted", "TRUE", "2026-01-01", "-", "@cmd"]
    today = [call["call_id"] for call in world.admin.arrive(len(texts))]
    for call_id, text in zip(today, texts, strict=True):
        world.admin.edit_calls(call_ids=[call_id], fields={"notes": text})
    world.run()
    shown = {row["Call ID"]: row["Notes"] for row in world.rows_by_header()}
    assert [shown[call_id] for call_id in today] == texts
    world.assert_tab_equals_vendor()
    for call_id, text in zip(today, reversed(texts), strict=True):  # and so does an update
        world.admin.edit_calls(call_ids=[call_id], fields={"notes": text})
    world.run()
    world.assert_tab_equals_vendor()


def test_a_note_too_long_for_a_cell_is_cut_and_told(world: World) -> None:
    call_id = world.admin.arrive(1)[0]["call_id"]
    world.admin.edit_calls(call_ids=[call_id], fields={"notes": "x" * 50_001})
    report = world.run()
    n_long = sum(len((call["Notes"] or "").encode("utf-16-le")) >= 90_000 for call in world.wanted().values())
    assert report.tabs[0].cut_cells == n_long >= 1
    assert "cut" in " ".join(report.tabs[0].warnings)
    world.assert_tab_equals_vendor()
    assert world.run().outcome is Outcome.UNCHANGED


def test_rebuild_puts_an_overwritten_cell_right(world: World) -> None:
    world.run()
    right = _values(world)
    world.admin.edit(
        world.spreadsheet,
        values=[
            {"range": "Calls!C4:D4", "values": [["what", "ever"]]},
            {"range": "By agent!B2", "values": [[-1]]},
        ],
    )
    assert world.run().outcome is Outcome.UNCHANGED
    report = world.run(rebuild=True)
    assert report.tabs[0].changed == 1
    assert _values(world) == right


def test_an_undeclared_field_can_be_a_column(world: World) -> None:
    world.admin.options(justcall={"extra_fields": {"queue": "north", "score": 7}})
    columns = ", ".join(f'"{name}"' for name in FIELDS)
    world.columns = (
        f'columns = [{columns}, {{ field = "queue", undeclared = true }}, '
        '{ field = "score", title = "Score!", undeclared = true }]'
    )
    assert world.run().outcome is Outcome.OK
    rows = world.rows_by_header()
    assert {(row["queue"], row["Score!"]) for row in rows} == {("north", 7)}
    world.assert_tab_equals_vendor()
    assert world.run().outcome is Outcome.UNCHANGED
    world.admin.options(justcall={"extra_fields": {"queue": "south", "score": 7}})
    world.run()
    south = [row for row in world.rows_by_header() if row["queue"] == "south"]
    assert south
    assert all(row["Score!"] == 7 for row in world.rows_by_header())


# Other periods


def _started(world: World, first: int, last: int) -> set[str]:
    """Return the calls of the days so many days ago, in the zone of the sheet."""
    world.period = f"last {first + 1} days"
    older = set(world.wanted())
    world.period = f"last {last} days" if last else "last 1 days"
    newer = set(world.wanted()) if last else set()
    world.period = "last 7 days"
    return older - newer


def test_period_fills_an_older_stretch_in_and_leaves_the_rest_alone(world: World) -> None:
    world.run()
    wanted = set(world.wanted())
    world.admin.arrive(2)
    today = clock.now().date()
    report = world.run(period=clock.Period.parse(f"{today - timedelta(days=20)}..{today - timedelta(days=15)}"))
    assert exit_code_of([report]) == 0
    shown = {row["Call ID"] for row in world.rows_by_header()}
    old = {
        c["call_id"]
        for c in world.admin.calls()
        if str(today - timedelta(days=19)) <= c["started_at"][:10] <= str(today - timedelta(days=16))
    }
    assert wanted | old <= shown
    world.run()
    shown = [row["Call ID"] for row in world.rows_by_header()]
    assert len(shown) == len(set(shown))
    assert set(world.wanted()) | old <= set(shown)


# The budget of a minute


class _Quota(NoProgress):
    """Remembers what a run was told of the quota."""

    def __init__(self) -> None:
        self.used: dict[str, list[int]] = {"read": [], "write": []}

    def quota(self, used: int, limit: int, kind: str) -> None:
        self.used[kind].append(used)


def _run_watched(world: World) -> _Quota:
    """Run with an office of its own, as another process on the same store does."""
    config, quota = world.config(), _Quota()
    request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
    with open_office(config) as office:
        run_sheet(office, config.sheets[0], request, progress=quota, stop=threading.Event())
    return quota


def test_what_one_process_asked_of_google_this_minute_counts_for_all_on_the_store(world: World) -> None:
    first = _run_watched(world).used
    world.admin.edit_calls(3)
    second = _run_watched(world).used
    assert first["read"][0] == 1
    assert first["write"][0] == 1
    assert second["read"][0] == len(first["read"]) + 1
    assert second["write"][0] == len(first["write"]) + 1
