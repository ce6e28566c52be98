"""What is edited in the config reaches tabs that people work in: columns and titles, and no note moves."""

from __future__ import annotations

from typing import Any

import pytest

from sync.report import Outcome
from tests.flow.test_pages import titles
from tests.flow.test_plan import _plan
from tests.people import Look, Person, insert_column, move_column, note_on, rename, retitle, sort_by
from tests.world import World

BASE = ["call_id", "started_at", "agent_name", "duration", "status"]


def columns(*names: str, **titles: str) -> str:
    """Write the columns of a tab as the config has them."""
    listed = [f'{{ field = "{n}", title = "{titles[n]}" }}' if n in titles else f'"{n}"' for n in names]
    return f"columns = [{', '.join(listed)}]"


def with_notes(world: World) -> Person:
    """Load the tab, and let somebody write beside every few rows, and sort them."""
    world.columns = columns(*BASE)
    assert world.run().error is None
    person = Person(world)
    person.do(note_on(person.look().keys[::5]), sort_by("agent_name", "call_id"))
    return person


def order(look: Look) -> list[str]:
    """Our fields from left to right."""
    return sorted(look.columns, key=lambda name: look.columns[name])


def header(look: Look) -> list[Any]:
    return look.rows[look.header_row]


def run_well(world: World, person: Person) -> Look:
    """Run, look at everything, and see that nothing is left to do."""
    report = world.run()
    assert report.error is None, report
    look = person.assert_all_is_well()
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    return look


@pytest.mark.parametrize(
    "wanted",
    [
        ["call_id", "direction", "started_at", "agent_name", "notes", "duration", "status"],
        pytest.param([*BASE, "notes"], marks=pytest.mark.full),
        pytest.param(["direction", *BASE], marks=pytest.mark.full),
        pytest.param(["call_id", "duration", "started_at", "agent_name", "status"], marks=pytest.mark.full),
        pytest.param(["status", "duration", "agent_name", "started_at", "call_id"], marks=pytest.mark.full),
        ["status", "notes", "call_id", "started_at", "agent_name", "duration"],
    ],
)
def test_columns_that_are_added_or_moved_in_the_config_stand_where_it_says_and_no_note_moves(
    world: World, wanted: list[str]
) -> None:
    person = with_notes(world)
    keys = person.look().keys
    world.columns = columns(*wanted)
    look = run_well(world, person)
    assert order(look) == wanted
    assert look.keys == keys


def test_columns_that_people_moved_stay_where_they_are_when_another_one_comes_in(world: World) -> None:
    person = with_notes(world)
    person.do(move_column("duration", lambda look: 0), insert_column("agent_name", notes=9))
    person.do(retitle("agent_name", "Who"))
    world.columns = columns("call_id", "started_at", "agent_name", "direction", "duration", "status")
    look = run_well(world, person)
    assert order(look) == ["duration", "call_id", "started_at", "agent_name", "direction", "status"]
    assert header(look)[look.columns["agent_name"]] == "Who"


def test_a_column_that_is_taken_out_of_the_config_stays_and_says_that_it_is_no_longer_updated(world: World) -> None:
    person = with_notes(world)
    before = {row["Call ID"]: row["Status"] for row in world.rows_by_header()}
    world.columns = columns(*BASE[:-1])
    plan = _plan(world)
    assert any("Status" in warning and "no longer updated" in warning for warning in plan.warnings), plan.warnings
    report = world.run()
    assert report.error is None, report
    assert {row["Call ID"]: row["Status (no longer updated)"] for row in world.rows_by_header()} == before
    world.admin.edit_calls(5, fields={"status": "voicemail"})
    world.run()
    assert {row["Call ID"]: row["Status (no longer updated)"] for row in world.rows_by_header()} == before
    world.columns = columns(*BASE)
    person.marks = []
    look = run_well(world, person)
    assert header(look).count("Status") == 1
    assert "Status (no longer updated)" not in header(look)


def test_a_new_title_of_a_column_is_shown_unless_people_gave_it_theirs(world: World) -> None:
    person = with_notes(world)
    person.do(retitle("duration", "How long"))
    world.columns = columns(*BASE, started_at="Began", duration="Seconds")
    plan = _plan(world)
    assert any("Began" in warning for warning in plan.warnings)
    look = run_well(world, person)
    assert header(look)[look.columns["started_at"]] == "Began"
    assert header(look)[look.columns["duration"]] == "How long"


@pytest.mark.parametrize(
    ("n", "do"),
    [
        pytest.param(n, do, marks=() if (n, do) == (2, "cut_after") else pytest.mark.full)
        for n in (1, 2, 3)
        for do in ("cut_after", "cut_before")
    ],
)
def test_an_edit_of_the_columns_survives_lost_answers(world: World, do: str, n: int) -> None:
    person = with_notes(world)
    world.columns = columns("call_id", "notes", "started_at", "duration", "agent_name")
    world.admin.fault(service="google", kind="write", nth=n, do=do)
    report = world.run()
    world.admin.clear_faults()
    assert report.error is None, report
    titles = header(person.look())
    assert titles.count("Status (no longer updated)") == 1
    assert order(person.look()) == ["call_id", "notes", "started_at", "duration", "agent_name"]
    assert {note for note, _ in person.look().notes()} == person.notes


def test_metrics_and_groups_of_a_summary_follow_the_config(world: World) -> None:
    world.run()
    world.swaps = {
        'group_by = ["agent_name"]\nmetrics = ["count", "answered_count", "missed_count", "total_duration"]': (
            'group_by = ["agent_name"]\nmetrics = ["count", "total_duration", "avg_duration"]'
        ),
        'group_by = ["date"]': 'group_by = ["week"]',
    }
    assert world.run().error is None
    shown = world.rows_by_header("By agent")
    assert {row["Agent"] for row in shown} >= {"Total"}
    assert all(row.get("Answered (no longer updated)") is None for row in shown)
    assert sum(row["Calls"] for row in shown if row["Agent"] != "Total") == shown[-1]["Calls"]
    weeks = world.rows_by_header("By day")
    assert all(row.get("Date (no longer updated)") is None for row in weeks)
    assert len(weeks) <= 4
    assert world.run().outcome is Outcome.UNCHANGED


RENAMED = {'title = "Calls"': 'title = "All calls"', 'of = "Calls"': 'of = "All calls"'}


@pytest.mark.parametrize(
    "fault", ["cut_after", *(pytest.param(f, marks=pytest.mark.full) for f in (None, "cut_before"))]
)
def test_a_tab_with_a_new_title_in_the_config_goes_on_with_all_its_notes(world: World, fault: str | None) -> None:
    person = with_notes(world)
    world.swaps = RENAMED | {'title = "By day"': 'title = "Each day"'}
    before = len(titles(world))
    plan = _plan(world)
    assert any('"All calls"' in warning for warning in plan.warnings), plan.warnings
    assert (plan.tabs[0].added, plan.tabs[0].rows_now) == (0, len(person.look().keys))
    if fault:
        world.admin.fault(service="google", kind="write", nth=1, do=fault)
        world.run()
        world.admin.clear_faults()
    assert world.run().error is None
    assert len(titles(world)) == before
    assert {"All calls", "Each day", "By agent"} < set(titles(world))
    person.assert_notes()
    again = world.run()
    assert again.outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    for path in world.folder.glob("callsheet.db*"):
        path.unlink()
    assert world.run().error is None
    assert len(titles(world)) == before
    person.assert_notes()


def test_a_tab_that_people_renamed_keeps_their_title_when_the_config_gets_a_new_one(world: World) -> None:
    person = with_notes(world)
    person.do(rename("Calls of the team"))
    world.swaps = RENAMED
    assert world.run().error is None
    assert "Calls of the team" in titles(world)
    assert "All calls" not in titles(world)
    person.assert_notes()


def test_a_second_new_title_is_followed_too_with_nothing_new_to_show_in_between(world: World) -> None:
    person = with_notes(world)
    before = len(titles(world))
    for title in ("All calls", "Every call", "Calls"):
        world.swaps = {old: new.replace("All calls", title) for old, new in RENAMED.items()}
        assert world.run().error is None
        assert title in titles(world)
        assert len(titles(world)) == before
    person.assert_notes()


def test_pages_follow_a_new_title(world: World) -> None:
    world.more_tab = "max_rows = 90"
    world.run()
    before = titles(world)
    world.swaps = RENAMED
    assert world.run().error is None
    assert titles(world) == [title.replace("Calls", "All calls") for title in before]


def test_a_sheet_with_a_new_name_goes_on_in_its_tabs(world: World) -> None:
    person = with_notes(world)
    before = titles(world)
    world.swaps = {'name = "support"': 'name = "help desk"'}
    assert world.run().error is None
    assert titles(world) == before
    run_well(world, person)


def test_a_tab_of_the_same_stream_that_comes_later_is_not_taken_for_one_that_was_given_up(world: World) -> None:
    person = with_notes(world)
    table = world.config().path.read_text().split("[[sheet.tab]]")[1].split("[[sheet.summary]]")[0]
    second = table.replace('title = "Calls"', 'title = "Second"')
    world.swaps = {"[[sheet.tab]]" + table: "[[sheet.tab]]" + table + "[[sheet.tab]]" + second}
    assert world.run().error is None
    world.swaps = {}
    assert world.run().error is None
    world.swaps = {
        "[[sheet.tab]]" + table: "[[sheet.tab]]" + table + "[[sheet.tab]]" + second.replace("Second", "Third")
    }
    assert world.run().error is None
    assert {"Calls", "Second", "Third"} < set(titles(world))
    person.assert_notes()


OTHER_STREAM = {
    'stream = "calls"': 'stream = "analytics_calls"',
    '"agent_name"]\nmetrics = ["count", "answered_count", "missed_count", "total_duration"]': '"direction"]',
    'group_by = ["date"]\nmetrics = ["count", "unique_callers"]': 'group_by = ["direction"]',
}
ALL_CALLS = {'connection = "justcall"\nstream = "calls"': 'connection = ["justcall"]\nstream = "all_calls"'}
OTHER_KEY = {
    "[connection.justcall]": '[connection.justcall]\ndialect = "v2.1"',
    **{old: new for old, new in OTHER_STREAM.items() if "stream" not in old},
}


@pytest.mark.every(3)
@pytest.mark.parametrize("way_out", ["title", "delete"])
@pytest.mark.parametrize("edit", [OTHER_STREAM, ALL_CALLS, OTHER_KEY], ids=["stream", "all calls", "dialect"])
def test_another_stream_under_the_same_title_stops_until_people_say_where_it_goes(
    world: World, edit: dict[str, str], way_out: str
) -> None:
    assert world.run().error is None
    before = world.tab()
    world.swaps = edit
    plan = _plan(world)
    assert plan.error is not None
    assert "another title" in plan.error.hint
    report = world.run()
    assert report.tabs[0].outcome is Outcome.STOPPED
    assert world.tab() == before
    if way_out == "title":
        world.swaps = {**edit, **RENAMED}
        assert world.run().outcome is Outcome.OK
        assert world.tab() == before
        assert len(world.tab("All calls")) > 1
    else:
        path, headers = f"/v4/spreadsheets/{world.spreadsheet}", {"Authorization": "Bearer test"}
        sheets = world.admin.http.get(path, headers=headers).json()["sheets"]
        (ours,) = [s["properties"]["sheetId"] for s in sheets if s["properties"]["title"] == "Calls"]
        world.admin.edit(world.spreadsheet, requests=[{"deleteSheet": {"sheetId": ours}}])
        assert world.run().error is None
        assert len(world.tab()) > 1
        assert "(no longer updated)" not in str(world.tab()[0])
    assert world.run().outcome is Outcome.UNCHANGED
