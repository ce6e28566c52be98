"""People work in the tabs, between runs and in the middle of one: what they wrote stays, beside its own call."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from sync.report import Outcome
from tests.people import EDITS, Look, Person, lines, note_on, text_at
from tests.world import World

PAIRS = [
    (a, b)
    for a, b in itertools.permutations(EDITS, 2)
    if a != b and {a, b} != {"delete rows", "delete and insert rows"}
]


def annotated(world: World) -> Person:
    """Run once, and let a person write beside every seventh call."""
    world.run()
    person = Person(world)
    look = person.look()
    person.do(note_on(look.keys[::7]), note_on(look.keys[3::21], column=look.free + 1, more=" again"))
    return person


def change_calls(world: World, look: Look, avoid: Sequence[str] = ()) -> None:
    """Let late calls change, some with notes and some without, and others arrive."""
    world.admin.edit_calls(30)
    world.admin.edit_calls(call_ids=[key for key in look.keys[-70:] if key not in avoid][::3])
    world.admin.arrive(20)


def run_well(world: World, person: Person) -> Look:
    """Run, check everything, and see that another run has nothing to do."""
    report = world.run()
    assert report.error is None, report.error
    if person.gone:
        world.run(rebuild=True)  # only then every row that people deleted is back for certain
    look = person.assert_all_is_well()
    again = world.run()
    assert again.outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    return look


@pytest.mark.every(4)
@pytest.mark.parametrize("name", EDITS)
def test_what_people_did_between_two_runs_stays(world: World, name: str) -> None:
    person = annotated(world)
    look = person.look()
    person.do(EDITS[name])
    change_calls(world, look)
    run_well(world, person)


@pytest.mark.every(7)
@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize(
    ("kind", "nth"),
    [
        pytest.param("read", 1, marks=pytest.mark.full),
        pytest.param("read", 2, marks=pytest.mark.full),
        ("write", 1),
        ("write", 2),
    ],
)
def test_what_people_did_in_the_middle_of_a_run_stays(world: World, name: str, kind: str, nth: int) -> None:
    person = annotated(world)
    look = person.look()
    change_calls(world, look)
    person.do_before(nth, EDITS[name], kind=kind, more_rows=20 if (kind, nth) == ("write", 2) else 0)
    run_well(world, person)


@pytest.mark.full
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_edits_one_before_and_one_in_the_middle_stay(world: World, first: str, second: str) -> None:
    person = annotated(world)
    look = person.look()
    person.do(EDITS[first])
    change_calls(world, look)
    nth = 1 + (first < second)
    person.do_before(nth, EDITS[second], more_rows=20 if nth == 2 else 0)
    run_well(world, person)


@pytest.mark.every(2)
@pytest.mark.parametrize("name", ["title rows", "blank rows", "delete rows", "sort by time, newest first"])
@pytest.mark.parametrize("nth", [1, *(pytest.param(n, marks=pytest.mark.full) for n in (2, 3))])
def test_hundreds_of_new_calls_never_land_on_rows_that_people_shift_meanwhile(
    world: World, name: str, nth: int
) -> None:
    person = annotated(world)
    world.max_bytes = 400_000
    world.admin.arrive(700)
    person.do_before(nth, EDITS[name])
    run_well(world, person)


def test_subtotals_that_people_put_below_the_ids_are_no_calls(world: World) -> None:
    person = annotated(world)
    look = person.look()
    at = look.header_row + 30
    rows = {"range": lines(look, "ROWS", at, at + 1), "inheritFromBefore": True}
    subtotal = [{"insertDimension": rows}, text_at(look.sheet_id, at, look.columns["call_id"], "Subtotal")]
    world.admin.edit(world.spreadsheet, requests=[*subtotal, *subtotal])
    change_calls(world, look)
    world.run()
    column = look.columns["call_id"]
    assert [row[column] for row in person.look().rows].count("Subtotal") == 2
    person.assert_notes()


def test_after_a_sort_changes_cost_three_reads_and_two_writes(world: World) -> None:
    person = annotated(world)
    look = person.look()
    person.do(EDITS["sort by agent and duration"])
    change_calls(world, look)
    assert world.run().error is None
    assert world.n_requests("read") <= 3
    assert world.n_requests("write") <= 2
    person.assert_all_is_well()


def test_a_retitled_column_costs_one_more_read_once(world: World) -> None:
    person = annotated(world)
    person.do(EDITS["retitle"])
    costs = []
    for _ in range(2):
        change_calls(world, person.look())
        world.run()
        costs.append(world.n_requests("read"))
    assert costs == [3, 2]
    header = person.look().rows[0]
    assert "Who answered" in header
    assert "Agent" not in header


@pytest.mark.every(2)
@pytest.mark.parametrize("nth_lost", [1, 2])
@pytest.mark.parametrize("move", ["move the durations to the front", "insert a column before all"])
def test_a_column_moved_while_the_answer_to_a_write_gets_lost_leaves_no_row_behind(
    world: World, move: str, nth_lost: int
) -> None:
    person = annotated(world)
    world.admin.edit_calls(5)
    world.admin.arrive(15)
    person.do_before(1, EDITS[move])
    world.admin.fault(service="google", kind="write", nth=nth_lost, do="cut_after")
    world.run()
    world.admin.clear_faults()
    world.run(rebuild=True)
    person.assert_all_is_well()
