"""Formats, masks and links on a spreadsheet: people see them as they are meant, and the figures stay right."""

from __future__ import annotations

import json
import re
from typing import Any

import polars as pl
import pytest

from sync.report import Outcome
from tests.world import FIELDS, World

PLAIN = "columns = [{}]".format(", ".join(f'"{name}"' for name in FIELDS))
DRESSED = PLAIN.replace('"duration"', '{ field = "duration", format = "duration" }')
MASKED = PLAIN.replace('"from"', '{ field = "from", mask = "last 4" }')
LINKED = PLAIN.replace('"recording_url"', '{ field = "recording_url", format = "link" }')


def seen(world: World, title: str = "Calls") -> list[dict[str, str]]:
    """Return the rows as people see them, by header."""
    header, *rows = world.admin.http.get(
        f"/v4/spreadsheets/{world.spreadsheet}/values/'{title}'", headers={"Authorization": "Bearer test"}
    ).json()["values"]
    return [dict(zip(header, row, strict=False)) for row in rows]


def everything(world: World) -> str:
    """Return all that Google tells of the spreadsheet, values, notes, formats and metadata."""
    params = {"includeGridData": "true"}
    headers = {"Authorization": "Bearer test"}
    return world.admin.http.get(f"/v4/spreadsheets/{world.spreadsheet}", params=params, headers=headers).text


def set_locale(world: World, locale: str) -> None:
    request = {"updateSpreadsheetProperties": {"properties": {"locale": locale}, "fields": "locale"}}
    world.admin.edit(world.spreadsheet, requests=[request])


def as_duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


@pytest.mark.parametrize("locale", ["de_DE", pytest.param("en_US", marks=pytest.mark.full)])
def test_people_see_durations_shares_and_dates_as_their_locale_writes_them(world: World, locale: str) -> None:
    set_locale(world, locale)
    world.columns = DRESSED.replace('"started_at"', '{ field = "started_at", format = "date and time", width = 170 }')
    metrics = 'metrics = ["count", "answered_count", "missed_count", "total_duration"]'
    formatted = """metrics = [
        { metric = "count", format = "number" },
        { metric = "total_duration", format = "duration", width = 130 },
        { metric = "avg_duration", format = "duration", title = "Average" },
        { metric = "missed_pct", format = "percent" },
        { metric = "sum of duration", format = "money EUR", title = "Price" },
        { metric = "max of started_at", format = "date", title = "Last" },
    ]"""
    world.swaps[metrics] = formatted
    assert world.run().outcome is Outcome.OK
    calls = {call["call_id"]: call for call in world.admin.calls()}
    shown = seen(world)
    assert shown
    for row in shown:
        wanted = calls[row["Call ID"]]["duration"]
        assert row.get("Duration", "") == ("" if wanted is None else as_duration(wanted))
        date = r"\d\d?\.\d\d?\.\d{4} \d\d?:\d\d:\d\d" if locale == "de_DE" else r"\d\d?/\d\d?/\d{4} \d\d?:\d\d:\d\d.*"
        assert re.fullmatch(date, row["Started"])
    mine = [calls[row["Call ID"]] for row in shown]
    total = seen(world, "By agent")[-1]
    seconds = sum(call["duration"] or 0 for call in mine)
    assert total["Total duration"] == as_duration(seconds)
    exact = world.rows_by_header("By agent")[-1]
    assert abs(exact["Total duration"] * 86_400 - seconds) < 1e-4
    missed = sum(call["status"] == "missed" for call in mine) / len(mine)
    assert abs(exact["Missed (%)"] - missed) < 1e-12
    point = "," if locale == "de_DE" else "."
    assert total["Missed (%)"] == f"{missed * 100:.1f}%".replace(".", point)
    assert re.fullmatch(r"€[\d.,]+" + re.escape(point) + r"\d\d", total["Price"])
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    world.admin.edit_calls(5)
    world.admin.arrive(3)
    assert world.run().outcome is Outcome.OK
    assert all(re.fullmatch(r"\d+:\d\d:\d\d", row["Duration"]) for row in seen(world) if row.get("Duration"))


FULL = pytest.mark.full


@pytest.mark.parametrize("mode", ["append", pytest.param("upsert", marks=FULL), pytest.param("replace", marks=FULL)])
def test_a_format_added_later_rewrites_the_whole_column_once(world: World, mode: str) -> None:
    world.more_tab = f'mode = "{mode}"'
    world.columns = PLAIN
    assert world.run().outcome is Outcome.OK
    plain = {row["Call ID"]: row["Duration (s)"] for row in world.rows_by_header()}
    world.columns = DRESSED
    assert world.run().outcome is Outcome.OK
    after = world.rows_by_header()
    for row in after:
        seconds = plain[row["Call ID"]]
        assert row["Duration"] is None if seconds is None else abs(row["Duration"] * 86_400 - seconds) < 1e-6
    assert {row["Duration"] for row in seen(world) if row.get("Duration")} == {
        as_duration(seconds) for seconds in plain.values() if seconds is not None
    }
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    world.columns = PLAIN
    assert world.run().outcome is Outcome.OK
    assert {row["Call ID"]: row["Duration (s)"] for row in world.rows_by_header()} == plain


@pytest.mark.full
def test_what_people_make_of_a_width_or_a_format_stays(world: World) -> None:
    world.columns = DRESSED.replace('"notes"', '{ field = "notes", width = 300 }')
    assert world.run().outcome is Outcome.OK
    sheet_id = sheet_of(world)["properties"]["sheetId"]
    column = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": 12, "endIndex": 13}
    wide = {"range": column, "properties": {"pixelSize": 77}, "fields": "pixelSize"}
    assert widths(world)[12] == 300
    world.admin.edit(world.spreadsheet, requests=[{"updateDimensionProperties": wide}])
    world.admin.arrive(4)
    assert world.run().outcome is Outcome.OK
    assert widths(world)[12] == 77
    world.columns = world.columns.replace("300", "301")
    assert world.run().outcome is not Outcome.FAILED
    assert widths(world)[12] == 301
    world.run()
    assert world.n_requests("write") == 0


def sheet_of(world: World, title: str = "Calls") -> dict[str, Any]:
    sheets = json.loads(everything(world))["sheets"]
    return next(sheet for sheet in sheets if sheet["properties"]["title"] == title)


def widths(world: World) -> list[int]:
    return [column["pixelSize"] for column in sheet_of(world)["data"][0]["columnMetadata"]]


def numbers_in(world: World) -> list[str]:
    return sorted({call["from"] for call in world.admin.calls()} - {None})


def assert_nowhere(world: World, numbers: list[str]) -> None:
    plain = everything(world)
    told = pl.Series([plain, re.sub(r"[^0-9]", "", plain)])
    patterns = [*numbers, *(number.lstrip("+") for number in numbers)]
    assert not told.str.contains_any(patterns).any(), [n for n in patterns if n in plain][:3]


@pytest.mark.parametrize("max_bytes", [2_000_000, pytest.param(30_000, marks=pytest.mark.full)])
def test_a_masked_number_is_nowhere_in_the_spreadsheet(world: World, max_bytes: int) -> None:
    world.max_bytes, world.period = max_bytes, "last 3 days"
    calls = world.admin.calls()
    lines = {call["to"] for call in calls}
    calls = [call for call in calls if call["from"] and call["from"] not in lines and call["direction"] == "inbound"]
    number = calls[0]["from"]
    spaced = f"{number[:2]} ({number[2:5]}) {number[5:8]}-{number[8:]}"
    world.admin.edit_calls(1, call_ids=[calls[0]["call_id"]], fields={"notes": f"rang from {spaced} on 2026-01-02"})
    world.admin.edit_calls(1, call_ids=[calls[0]["call_id"]], fields={"agent_name": number})
    world.columns = MASKED
    world.more_tab = 'where = ["direction = inbound"]\nstatus = "A1"'
    metrics = 'metrics = ["count", "unique_callers"]'
    world.swaps[metrics] = (
        f'metrics = ["count", {{ metric = "count", where = ["from = {number}"] }}]\n'
        '[[sheet.summary]]\ntitle = "By caller"\nof = "Calls"\ngroup_by = ["from", "agent_name"]'
    )
    world.swaps['metrics = ["count", "answered_count", "missed_count", "total_duration"]'] = 'metrics = ["count"]'
    assert world.run().outcome is Outcome.OK
    secret = [n for n in numbers_in(world) if n not in lines]
    assert secret
    assert_nowhere(world, secret)
    rows = world.admin.tab_values(world.spreadsheet, "Calls")
    at = rows[1].index("From")
    by_id = {call["call_id"]: call for call in world.admin.calls()}
    for row in rows[2:]:
        assert row[at] == f"…{by_id[row[0]]['from'][-4:]}"
    assert f"rang from …{number[-4:]} on 2026-01-02" in [row[12] for row in rows[2:] if len(row) > 12]
    assert world.run().outcome is Outcome.UNCHANGED
    counted = world.rows_by_header("By caller")
    assert counted[-1]["Calls"] == len(rows) - 2
    assert len(counted) - 1 >= len({by_id[row[0]]["from"] for row in rows[2:]})
    world.admin.edit_calls(20)
    world.admin.arrive(10)
    assert world.run(rebuild=True).outcome is Outcome.OK
    assert_nowhere(world, [n for n in numbers_in(world) if n not in lines])


def test_a_mask_added_later_goes_over_rows_that_are_there_and_over_those_that_leave(world: World) -> None:
    world.columns, world.more_tab, world.period = PLAIN, 'mode = "append"', "last 3 days"
    assert world.run().outcome is Outcome.OK
    world.columns = MASKED
    assert world.run().outcome is Outcome.OK
    calls = {call["call_id"]: call for call in world.admin.calls()}
    lines = {call["to"] for call in calls.values()}
    secret = [n for n in numbers_in(world) if n not in lines]
    assert_nowhere(world, secret)
    sheet_id = sheet_of(world)["properties"]["sheetId"]
    note = {"range": "'Calls'!P2:P40", "values": [["called back"]] * 39}
    world.admin.edit(world.spreadsheet, values=[note])
    world.more_tab = 'mode = "upsert"\nwhere = ["direction = outbound"]'
    assert world.run().outcome is Outcome.OK
    assert sheet_id == sheet_of(world)["properties"]["sheetId"]
    assert any("called back" in row for row in world.tab("Removed rows"))
    assert_nowhere(world, secret)


@pytest.mark.parametrize("max_bytes", [pytest.param(2_000_000, marks=FULL), 20_000])
def test_recordings_can_be_clicked_and_nothing_of_a_vendor_becomes_a_formula(world: World, max_bytes: int) -> None:
    world.max_bytes, world.columns = max_bytes, LINKED
    hostile = '=HYPERLINK("https://evil.example","x")'
    first = next(call for call in world.admin.calls() if call["recording_url"])
    world.admin.edit_calls(1, call_ids=[first["call_id"]], fields={"recording_url": hostile})
    assert world.run().outcome is Outcome.OK
    assert_linked(world, hostile)
    assert world.run().outcome is Outcome.UNCHANGED
    world.admin.arrive(5)
    other = next(call for call in world.admin.calls() if not call["recording_url"] and call["status"] != "missed")
    world.admin.edit_calls(
        1, call_ids=[other["call_id"]], fields={"recording_url": "https://records.example/new.mp3?a=1&b=2"}
    )
    assert world.run().outcome is Outcome.OK
    assert_linked(world, hostile)


def assert_linked(world: World, hostile: str) -> None:
    world.assert_tab_equals_vendor()
    header, *rows = sheet_of(world)["data"][0]["rowData"]
    at = next(n for n, cell in enumerate(header["values"]) if cell.get("formattedValue") == "Recording")
    n_links = 0
    for row in rows:
        cell = row.get("values", [])[at : at + 1]
        entered = cell[0].get("userEnteredValue") if cell else None
        if entered:
            assert set(entered) == {"stringValue"}
            text = entered["stringValue"]
            assert cell[0].get("hyperlink") == (None if text == hostile else text)
            n_links += text != hostile
    assert n_links > 10


@pytest.mark.parametrize("max_bytes", [2_000_000, pytest.param(20_000, marks=FULL)])
def test_nothing_is_cut_off_in_a_tab_that_is_made(world: World, max_bytes: int) -> None:
    world.max_bytes, world.period = max_bytes, "last 3 days"
    assert world.run().outcome is Outcome.OK
    sizes = widths(world)
    rows = world.tab()
    for n, title in enumerate(rows[0]):
        texts = [row[n] for row in rows[1:150] if len(row) > n and isinstance(row[n], str)]
        longest = max(map(len, [title, *texts]))
        assert sizes[n] >= min(250, 6.5 * longest), title


@pytest.mark.full
def test_a_number_in_a_message_of_the_vendor_is_not_told_in_the_spreadsheet(world: World) -> None:
    number = "+14155559876"
    world.columns, world.more_tab = MASKED, 'status = "A1"'
    world.swaps['timezone = "America/New_York"'] = 'timezone = "America/New_York"\nlog = "Sync log"'
    assert world.run().outcome is Outcome.OK
    message = f"The number {number} is not yours."
    world.admin.fault(service="justcall", nth=1, times=20, do="refuse", status=400, message=message)
    world.admin.arrive(3)
    assert world.run().outcome is Outcome.FAILED
    world.admin.clear_faults()
    assert world.run().outcome is Outcome.OK
    assert_nowhere(world, [number])
