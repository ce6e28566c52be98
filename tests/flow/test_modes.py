"""Modes and orders: what comes in where, what is brought up to date, and what leaves, whole and never lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sync.report import Outcome
from tests.people import EDITS, Edit, Look, Person, note_on, text_at
from tests.world import FIELDS, World, _same

REMOVED = "Removed rows"


def titles(world: World) -> list[str]:
    sheets = world.admin.http.get(
        f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"}
    ).json()["sheets"]
    return [sheet["properties"]["title"] for sheet in sheets]


def removed(world: World) -> list[dict[str, Any]]:
    return world.rows_by_header(REMOVED) if REMOVED in titles(world) else []


def annotated(world: World, every: int = 7) -> Person:
    world.run()
    person = Person(world)
    look = person.look()
    person.do(lambda look: Edit(requests=[text_at(look.sheet_id, look.header_row, look.free, "My notes")]))
    person.do(note_on(look.keys[::every]))
    return person


def expect_to_leave(person: Person, keys: set[str]) -> set[str]:
    """From now on the notes of these keys are no longer in the tab; returns them."""
    gone = {note for note in person.notes if note.removeprefix("note of ") in keys}
    person.notes -= gone
    return gone


def assert_filed(world: World, notes: set[str]) -> None:
    """The rows with these notes, and no others, are filed, each once, with their key beside the note."""
    rows = removed(world)
    assert sorted(row["My notes"] for row in rows) == sorted(notes)
    assert all(row["My notes"] == f"note of {row['Call ID']}" for row in rows)
    assert all(row["From tab"] == "Calls" and row["Why"] and row["Removed"] for row in rows)
    assert not [title for title in titles(world) if "way out" in title]


def assert_nothing_to_do(world: World) -> None:
    again = world.run()
    assert again.outcome is Outcome.UNCHANGED, again
    assert world.n_requests("write") == 0
    assert world.n_requests("read") <= 2


def assert_exact(world: World, person: Person, wanted: dict[str, dict[str, Any]]) -> Look:
    """The tab shows these calls and no others, each right, with every note beside its own."""
    look = person.look()
    assert set(look.keys) == set(wanted)
    for key, call in wanted.items():
        shown = look.cells(key)
        for name, title in FIELDS.items():
            assert _same(call[title], shown[name]), (key, name)
    person.assert_notes(look)
    world.assert_summaries_equal(wanted)
    return look


def starts(look: Look) -> list[float]:
    return [look.cells(key)["started_at"] for key in look.keys]


# replace


def test_a_replace_tab_shows_exactly_the_period_and_files_what_people_wrote(
    world: World, later: Callable[..., None]
) -> None:
    world.more_tab = 'mode = "replace"'
    person = annotated(world)
    before = set(world.wanted())
    later(days=2)
    world.admin.edit_calls(10)
    world.admin.arrive(5)
    gone = expect_to_leave(person, before - set(world.wanted()))
    assert gone
    report = world.run()
    assert report.tabs[0].removed == len(before - set(world.wanted())), report
    assert world.n_requests("write") <= 3
    look = assert_exact(world, person, world.wanted())
    assert starts(look) == sorted(starts(look))
    assert_filed(world, gone)
    assert_nothing_to_do(world)


def test_rows_without_notes_leave_without_a_trace(world: World, later: Callable[..., None]) -> None:
    world.more_tab = 'mode = "replace"'
    world.run()
    later(days=2)
    report = world.run()
    assert report.tabs[0].removed > 0
    assert REMOVED not in titles(world)
    assert_exact(world, Person(world), world.wanted())


SHIFTS = ["sort by id", "sort by agent and duration", "title rows", "insert a column", "delete rows"]
SHIFT_SAMPLE = [("sort by agent and duration", 1), ("title rows", 1), ("insert a column", 1), ("sort by id", 3)]


@pytest.mark.parametrize(
    ("name", "nth"),
    [
        pytest.param(name, nth, marks=() if (name, nth) in SHIFT_SAMPLE else pytest.mark.full)
        for name in SHIFTS
        for nth in (1, 2, 3)
    ],
)
def test_an_edit_between_look_and_delete_takes_no_innocent_row(
    world: World, later: Callable[..., None], name: str, nth: int
) -> None:
    if name == "delete rows" and nth > 1:
        pytest.skip("the rows that were chosen have moved up by then")
    world.more_tab = 'mode = "replace"'
    person = annotated(world)
    before = set(world.wanted())
    later(days=2)
    world.admin.edit_calls(10)
    world.admin.arrive(5)
    gone = expect_to_leave(person, before - set(world.wanted()))
    person.do_before(nth, EDITS[name])
    gone = {note for note in gone if note.removeprefix("note of ") not in person.gone}  # people were faster
    report = world.run()
    assert report.error is None, report
    world.run(rebuild=True)
    assert_exact(world, person, world.wanted())
    assert_filed(world, gone)
    assert_nothing_to_do(world)


def test_calls_that_arrive_late_come_in_at_their_place_in_a_replace_tab(world: World) -> None:
    world.more_tab = 'mode = "replace"'
    person = annotated(world)
    late = world.admin.arrive(6)
    middle = starts(person.look())[-25]
    day = datetime(1899, 12, 30) + timedelta(days=middle)
    for n, call in enumerate(late[:3]):
        at = (day + timedelta(hours=5, seconds=n)).strftime("%Y-%m-%dT%H:%M:%SZ")
        world.admin.edit_calls(call_ids=[call["call_id"]], fields={"started_at": at})
    assert world.run().error is None
    look = assert_exact(world, person, world.wanted())
    assert starts(look) == sorted(starts(look))
    assert_nothing_to_do(world)


# append


def test_an_append_tab_never_touches_rows_that_are_there(world: World) -> None:
    world.more_tab = 'mode = "append"'
    person = annotated(world)
    before = {key: person.look().cells(key) for key in person.look().keys}
    edited = {call["call_id"] for call in world.admin.edit_calls(30)}
    world.admin.arrive(10)
    report = world.run()
    assert (report.tabs[0].added, report.tabs[0].changed) == (10, 0)
    look = person.look()
    assert {key: look.cells(key) for key in before} == before
    assert set(look.keys) == set(world.wanted())
    assert edited
    person.assert_notes(look)
    assert_nothing_to_do(world)


@pytest.mark.parametrize("order", ["oldest first", "newest first"])
def test_an_append_whose_answer_was_lost_brings_no_row_twice(world: World, order: str) -> None:
    world.more_tab = f'mode = "append"\norder = "{order}"'
    person = annotated(world)
    world.admin.arrive(40)
    world.admin.fault(service="google", kind="write", nth=1, do="cut_after")
    world.run()
    look = person.look()
    assert len(look.keys) == len({*look.keys})
    assert set(look.keys) == set(world.wanted())
    ids = [row["Call ID"] for row in world.rows_by_header()]
    assert sorted(ids) == sorted(world.wanted())
    person.assert_notes(look)


# order


@pytest.mark.parametrize("mode", ["upsert", "append", "replace"])
def test_new_calls_come_in_below_the_header_and_move_nothing_else(world: World, mode: str) -> None:
    world.more_tab = f'mode = "{mode}"\norder = "newest first"'
    person = annotated(world)
    look = person.look()
    assert starts(look) == sorted(starts(look), reverse=True)
    world.admin.arrive(5)
    before = look.keys
    assert world.run().error is None
    assert (world.n_requests("read"), world.n_requests("write")) <= (2, 2)
    look = assert_exact(world, person, world.wanted())
    assert look.keys[5:] == before
    assert starts(look) == sorted(starts(look), reverse=True)
    assert_nothing_to_do(world)
    world.admin.edit_calls(20)
    world.admin.arrive(3)
    world.run()
    assert world.n_requests("read") <= 2
    if mode != "append":
        assert_exact(world, person, world.wanted())


def test_a_row_below_the_header_does_not_look_like_the_header(world: World) -> None:
    world.more_tab = 'order = "newest first"'
    world.run()
    world.admin.arrive(2)
    world.run()
    fields = "sheets.data.rowData.values.userEnteredFormat.textFormat.bold"
    reply = world.admin.http.get(
        f"/v4/spreadsheets/{world.spreadsheet}",
        params={"ranges": "Calls!A1:A4", "fields": fields},
        headers={"Authorization": "Bearer test"},
    ).json()
    bold = [
        bool(row.get("values", [{}])[0].get("userEnteredFormat", {}).get("textFormat", {}).get("bold"))
        for row in reply["sheets"][0]["data"][0]["rowData"]
    ]
    assert bold[0]
    assert not any(bold[1:])


@pytest.mark.parametrize(
    ("name", "nth"),
    [
        pytest.param(name, nth, marks=() if (name, nth) in (("sort by id", 1), ("title rows", 2)) else pytest.mark.full)
        for name in ("sort by id", "title rows", "blank rows", "delete rows", "insert a column", "rename")
        for nth in (0, 1, 2)
    ],
)
def test_people_may_edit_a_tab_that_grows_from_the_top(world: World, name: str, nth: int) -> None:
    world.more_tab = 'order = "newest first"'
    if name == "delete rows" and nth == 2:
        pytest.skip("the rows that were chosen have moved down by then")
    person = annotated(world)
    if not nth:
        person.do(EDITS[name])
    world.admin.edit_calls(20)
    world.admin.arrive(20)
    if nth:
        person.do_before(nth, EDITS[name], more_rows=20 if nth == 2 else 0)
    report = world.run()
    assert report.error is None, report
    if person.gone:
        world.run(rebuild=True)
    person.assert_all_is_well()
    assert_nothing_to_do(world)


# rows that leave other tabs


def test_a_call_that_no_longer_passes_where_leaves_with_its_note(world: World) -> None:
    world.more_tab = 'where = ["status != voicemail", "duration >= 0"]'
    world.run()
    person = Person(world)
    look = person.look()
    assert "voicemail" not in {look.cells(key)["status"] for key in look.keys}
    recent = look.keys[-12:]
    person.do(lambda look: Edit(requests=[text_at(look.sheet_id, look.header_row, look.free, "My notes")]))
    person.do(note_on(recent[:6]))
    world.admin.edit_calls(call_ids=recent, fields={"status": "voicemail"})
    gone = expect_to_leave(person, set(recent))
    report = world.run()
    assert report.tabs[0].removed == 12
    assert not set(recent) & set(person.look().keys)
    assert_filed(world, gone)
    person.assert_notes()
    assert_nothing_to_do(world)
    world.admin.edit_calls(call_ids=recent[:1], fields={"status": "completed"})
    assert world.run().tabs[0].added == 1


def test_old_rows_leave_an_upsert_tab_and_stay_away(world: World, later: Callable[..., None]) -> None:
    world.more_tab = 'remove_after = "6 days"'
    person = annotated(world)
    before = set(person.look().keys)
    later(days=3)
    report = world.run()
    after = set(person.look().keys)
    assert report.tabs[0].removed == len(before - after) > 0
    assert_filed(world, expect_to_leave(person, before - after))
    assert_nothing_to_do(world)
    world.run(rebuild=True)
    assert set(person.look().keys) == after


def test_the_oldest_rows_make_room_in_a_full_tab(world: World) -> None:
    world.run()
    n = len(world.rows_by_header())
    world.admin.make_spreadsheet()
    world.more_tab = f'max_rows = {n}\noverflow = "remove_oldest"'
    person = annotated(world)
    first = person.look().keys[:4]
    world.admin.arrive(4)
    report = world.run()
    assert (report.tabs[0].added, report.tabs[0].removed, report.tabs[0].rows) == (4, 4, n)
    assert not set(first) & set(person.look().keys)
    assert_filed(world, expect_to_leave(person, set(first)))
    person.assert_notes()
    assert_nothing_to_do(world)
    world.run(rebuild=True)
    assert not set(first) & set(person.look().keys)


def test_a_call_that_is_out_of_the_period_is_no_deletion_in_an_upsert_tab(
    world: World, later: Callable[..., None]
) -> None:
    person = annotated(world)
    keys = set(person.look().keys)
    later(days=40)
    assert world.run(allow_empty=True).tabs[0].removed == 0
    assert keys <= set(person.look().keys)
    person.assert_notes()
