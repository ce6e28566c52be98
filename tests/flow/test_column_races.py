"""The config changes columns in the very moment in which people move columns and rows: no note, no header is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sync.destination.columns import GIVEN_UP
from sync.report import Outcome
from tests.flow.test_column_edits import BASE, columns, header
from tests.people import EDITS, Edit, Look, MakeEdit, Person, insert_column, note_on, retitle
from tests.world import World

WHILE = ["insert a column", "insert a column before all", "move the durations to the front", "title rows"]
WITHOUT_STATUS = [name for name in BASE if name != "status"]
CONFIG_EDITS = {
    "a column at the end": columns(*BASE, "direction", "notes"),
    "a column in between": columns("call_id", "started_at", "direction", "agent_name", "notes", "duration", "status"),
    "a new title": columns(*BASE, "direction", status="How it ended"),
}


def run_across(world: World, person: Person, edit: MakeEdit, *, nth: int) -> Look:
    """Run while somebody edits just before the nth write, then look at everything."""
    person.do_before(nth, edit)
    assert world.run().error is None
    assert [fault["n_played"] for fault in world.admin.faults()] == [1]
    world.admin.clear_faults()
    assert world.run(rebuild=True).error is None
    look = person.assert_all_is_well()
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    return look


@pytest.mark.every(8)
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("theirs", WHILE)
@pytest.mark.parametrize("ours", CONFIG_EDITS)
def test_headers_and_notes_of_people_outlive_an_edit_of_the_columns_that_meets_theirs(
    world: World, ours: str, theirs: str, nth: int
) -> None:
    world.columns = columns(*BASE, "direction")
    world.run()
    person = Person(world)
    person.do(note_on(person.look().keys[::3]), retitle("agent_name", "Who answered"))
    world.columns = CONFIG_EDITS[ours]
    world.admin.arrive(10)
    look = run_across(world, person, EDITS[theirs], nth=nth)
    assert header(look)[look.columns["agent_name"]] == "Who answered"


@pytest.mark.every(2)
@pytest.mark.parametrize("theirs", WHILE)
def test_a_column_that_is_taken_out_while_people_move_others_is_the_one_that_is_marked(
    world: World, theirs: str
) -> None:
    world.columns = columns(*BASE, "direction")
    world.run()
    person = Person(world)
    person.do(note_on(person.look().keys[::3]), retitle("agent_name", "Who answered"))
    shown = {row["Call ID"]: row["Status"] for row in world.rows_by_header()}
    world.columns = columns(*WITHOUT_STATUS, "direction")
    person.do_before(1, EDITS[theirs])
    assert world.run().error is None
    world.admin.clear_faults()
    assert world.run(rebuild=True).error is None
    look = person.look()
    assert header(look).count("Who answered") == header(look).count(f"Status{GIVEN_UP}") == 1
    at = header(look).index(f"Status{GIVEN_UP}")
    assert {key: look.rows[row][at] for key, row in look.row_of.items()} == shown
    assert {note for note, _ in look.notes()} == person.notes
    world.columns = columns(*BASE, "direction")
    person.marks.remove("Who answered")
    assert world.run().error is None
    assert header(person.assert_all_is_well()).count("Status") == 1


@pytest.mark.every(2)
@pytest.mark.parametrize("theirs", ["insert a column", "insert a column before all", "move the ids to the end"])
def test_a_column_that_is_asked_for_again_never_takes_the_one_that_came_to_stand_in_its_place(
    world: World, theirs: str
) -> None:
    world.columns = columns(*BASE, "direction")
    world.run()
    person = Person(world)
    person.do(insert_column("status", notes=9))
    world.columns = columns(*WITHOUT_STATUS, "direction")
    world.run()
    world.columns = columns(*BASE, "direction")
    world.admin.arrive(10)
    look = run_across(world, person, EDITS[theirs], nth=1)
    assert header(look).count("Status") == 1
    assert header(look)[look.columns["status"]] == "Status"


def _clear_tags(name: str) -> Callable[[Look], Edit]:
    """Lose the tag of a column, as happens to one that is cut and pasted."""

    def make(look: Look) -> Edit:
        lookup: dict[str, Any] = {"metadataKey": "callsheet.column", "metadataValue": name}
        return Edit(requests=[{"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": lookup}}}])

    return make


def test_a_column_that_lost_its_tag_never_takes_the_one_that_came_to_stand_in_its_place(world: World) -> None:
    world.columns = columns(*BASE, "direction")
    world.run()
    person = Person(world)
    person.do(insert_column("agent_name", notes=9))
    sheet_id = person.look().sheet_id
    person.do(_clear_tags("agent_name"))
    assert person.sheet_id == sheet_id
    world.admin.arrive(10)
    look = run_across(world, person, insert_column("call_id"), nth=1)
    assert header(look)[look.columns["agent_name"]] == "Agent"


def test_a_metric_that_is_taken_out_empties_its_own_column_wherever_it_stands_by_then(world: World) -> None:
    metrics = 'metrics = ["count", "answered_count", "missed_count", "total_duration"]'
    world.run()
    person = Person(world, "By agent", key="agent_name")
    person.do(insert_column("missed_count"))
    look = person.look()
    person.do(note_on(look.keys[:5], column=look.columns["missed_count"] - 1))
    world.swaps[metrics] = metrics.replace('"missed_count", ', "")
    person.do_before(1, insert_column("agent_name"))
    assert world.run().error is None
    world.admin.clear_faults()
    assert world.run(rebuild=True).error is None
    look = person.look()
    person.assert_notes(look)
    assert header(look).count(f"Missed{GIVEN_UP}") == 1
    at = header(look).index(f"Missed{GIVEN_UP}")
    assert {row[at] for row in look.rows[look.header_row + 1 :]} == {""}
