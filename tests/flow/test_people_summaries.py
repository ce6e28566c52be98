"""People work in the summary tabs: their notes stay beside their group, whatever happens to counts and order."""

from __future__ import annotations

from typing import Any

import pytest

from sync.report import Outcome
from tests.people import EDITS, Person, note_on, rename, retitle, sort_by
from tests.world import World

LOOK_BACK_FAR = {"requests_per_minute = 10000": 'requests_per_minute = 10000\nlookback = "10 days"'}


def summed(world: World, *, notes: bool) -> Person:
    """Run once; with `notes` a person writes beside every group."""
    world.swaps |= LOOK_BACK_FAR
    world.run()
    person = Person(world, "By agent", key="agent_name")
    if notes:
        person.do(note_on(person.look().keys))
    return person


def calls_of(world: World, agent: str) -> list[str]:
    return [key for key, call in world.wanted().items() if call["Agent"] == agent]


def shown(person: Person) -> dict[str, dict[str, Any]]:
    look = person.look()
    return {key: look.cells(key) for key in look.keys}


def sums(person: Person, name: str) -> dict[str, int]:
    """Add up a column by label: two agents have the same name."""
    look = person.look()
    label, column = look.columns["agent_name"], look.columns[name]
    found: dict[str, int] = {}
    for row in look.rows[look.header_row + 1 :]:
        if row[label] != "":
            found[row[label]] = found.get(row[label], 0) + (row[column] or 0)
    return found


def assert_right(world: World, person: Person, *, gone: str | None = None) -> None:
    """Every agent once with its counts, notes beside them, and nothing left to do."""
    calls = list(world.wanted().values())
    names = {call["Agent"] for call in calls if call["Agent"]}
    n_calls = {name: sum(call["Agent"] == name for call in calls) for name in names}
    durations = {name: sum(c["Duration (s)"] or 0 for c in calls if c["Agent"] == name) for name in names}
    counted, timed = sums(person, "count"), sums(person, "total_duration")
    assert {name: counted.get(name) for name in names} == n_calls
    assert {name: timed.get(name) for name in names} == durations
    assert counted["Total"] == len(calls)
    assert sum(counted.values()) == 2 * len(calls)
    assert counted.get(gone or "", 0) == 0
    look = person.look()
    person.assert_notes(look)
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0


def turn_order_around(world: World, person: Person) -> None:
    """Give the agent with the fewest calls most of those of the agent with the most."""
    agents = [key for key, row in shown(person).items() if key != "Total" and calls_of(world, key)]
    most, least = agents[0], agents[-1]
    call = next(c for c in world.admin.calls() if c["agent_name"] == least)
    fields = {"agent_id": call["agent_id"], "agent_name": least}
    world.admin.edit_calls(call_ids=calls_of(world, most)[1:], fields=fields)
    world.admin.arrive(5)


@pytest.mark.every(7)
@pytest.mark.parametrize("notes", [True, False])
@pytest.mark.parametrize(
    "edit",
    [None, sort_by("agent_name", down=True), rename("Who did what"), retitle("count", "How many"), EDITS["title rows"]],
    ids=["nothing", "sort", "rename", "retitle", "title rows"],
)
@pytest.mark.parametrize("nth", [0, 1, 2])
def test_groups_keep_their_notes_when_counts_and_order_change(world: World, edit: Any, nth: int, notes: bool) -> None:
    if edit is None and nth:
        pytest.skip("nothing is done in the middle")
    person = summed(world, notes=notes)
    if edit is not None and not nth:
        person.do(edit)
    turn_order_around(world, person)
    if edit is not None and nth:
        person.do_before(nth, edit)
    assert world.run().error is None
    assert_right(world, person)


@pytest.mark.every(2)
@pytest.mark.parametrize("notes", [True, False])
def test_a_group_that_is_gone_leaves_its_label_where_somebody_wrote_beside_it(world: World, notes: bool) -> None:
    person = summed(world, notes=notes)
    agents = [key for key in shown(person) if key != "Total" and calls_of(world, key)]
    gone, other = agents[1], agents[0]
    call = next(c for c in world.admin.calls() if c["agent_name"] == other)
    fields = {"agent_id": call["agent_id"], "agent_name": other}
    ids = [c["call_id"] for c in world.admin.calls() if c["agent_name"] == gone and c["call_id"] in world.wanted()]
    world.admin.edit_calls(call_ids=ids, fields=fields)
    assert world.run().error is None
    assert (gone in shown(person)) is notes
    assert_right(world, person, gone=gone)


@pytest.mark.every(5)
@pytest.mark.parametrize("notes", [True, False])
@pytest.mark.parametrize("nth", [0, 1, 2])
def test_new_groups_come_in_and_move_no_note(world: World, notes: bool, nth: int) -> None:
    person = summed(world, notes=notes)
    for n, agent in enumerate(["Aa New", "Zz New"]):
        ids = list(world.wanted())[n * 7 : n * 7 + 7]
        world.admin.edit_calls(call_ids=ids, fields={"agent_id": 900_000 + n, "agent_name": agent})
    if nth:
        person.do_before(nth, sort_by("agent_name"))
    assert world.run().error is None
    assert {"Aa New", "Zz New"} <= set(shown(person))
    assert_right(world, person)


@pytest.mark.parametrize("notes", [True, False])
def test_an_unchanged_summary_costs_no_write_after_people_sorted_it(world: World, notes: bool) -> None:
    person = summed(world, notes=notes)
    person.do(sort_by("total_duration"))
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    assert world.n_requests("read") <= 2
