"""A tab too long for one answer is read part by part, and what people do between two parts changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sync import data_publish, survey
from sync.destination import long_read, observe
from sync.report import Outcome
from tests.flow.test_people_summaries import LOOK_BACK_FAR
from tests.flow.test_verify import n_wrong, overwrite
from tests.people import EDITS, NOTE, Edit, Look, Person, delete_rows, lines, note_on, sort_by, text_at
from tests.world import World

PART_CELLS = 450


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call a tab long that has a few hundred cells."""
    monkeypatch.setattr(long_read, "MAX_AT_ONCE", 600)
    monkeypatch.setattr(long_read, "FIRST_CELLS", 300)
    monkeypatch.setattr(long_read, "PART_CELLS", PART_CELLS)
    monkeypatch.setattr(survey, "_ROWS_AT_A_TIME", 7)


def parts_read(world: World) -> list[int]:
    """Return how many cells each answer of the last run had."""
    return [e["n_cells"] for e in world.admin.log(service="google") if e["path"].endswith(":batchGetByDataFilter")]


def loaded(world: World, *, mode: str = "upsert", order: str = "oldest first") -> Person:
    world.period = "last 30 days"
    world.more_tab = f'mode = "{mode}"\norder = "{order}"'
    assert world.run().error is None
    return overwrite(world)


def assert_settled(world: World, person: Person) -> None:
    """Nothing is left to do, and where rows stand is known: a change costs what it costs anywhere."""
    person.assert_all_is_well()
    assert world.run().outcome is Outcome.UNCHANGED
    world.admin.edit_calls(3)
    world.admin.arrive(2)
    assert world.run().error is None
    assert (world.n_requests("read"), world.n_requests("write")) <= (2, 2)
    person.assert_all_is_well()


@pytest.mark.every(4)
@pytest.mark.parametrize("order", ["oldest first", "newest first"])
@pytest.mark.parametrize("mode", ["upsert", "replace"])
def test_the_check_of_a_long_tab_repairs_it_part_by_part(
    world: World, later: Callable[..., None], mode: str, order: str
) -> None:
    person = loaded(world, mode=mode, order=order)
    later(days=6.9)
    world.run(allow_empty=True)
    world.admin.clear_log()
    later(days=0.2)
    report = world.run(allow_empty=True)
    assert report.error is None
    assert n_wrong(world) == 0
    assert len(parts_read(world)) > 5
    n_keys = len(world.rows_by_header())
    assert max(parts_read(world)) <= max(PART_CELLS + 60, n_keys + 10)  # no answer holds more than the keys
    proof = report.tabs[0].proof
    assert proof is not None
    assert proof.is_whole
    assert proof.missing == 0
    assert (proof.tab, report.tabs[0].added) == (len(world.rows_by_header()), 0)
    if mode == "replace":  # calls that left the period took their notes along
        left = {str(cell) for row in world.tab("Removed rows") for cell in row if NOTE.match(str(cell))}
        assert left
        person.notes -= left
    person.assert_notes()


def swap_rows(look: Look) -> Edit:
    """Move some rows from the end of the tab to its beginning."""
    at = look.n_rows - 6
    source = lines(look, "ROWS", at, at + 4)
    return Edit(requests=[{"moveDimension": {"source": source, "destinationIndex": look.header_row + 1}}])


BETWEEN: dict[str, Any] = {
    "delete rows": delete_rows,
    "sort": sort_by("duration", down=True),
    "move rows": swap_rows,
    "title rows": EDITS["title rows"],
    "insert a column": EDITS["insert a column"],
}


@pytest.mark.every(40)
@pytest.mark.parametrize("edit", BETWEEN)
@pytest.mark.parametrize("nth", [6, 3, 4, 9])
@pytest.mark.parametrize("order", ["oldest first", "newest first"])
def test_what_people_do_between_two_parts_loses_and_doubles_nothing(
    world: World, edit: str, nth: int, order: str
) -> None:
    person = loaded(world, order=order)
    person.do_before(nth, BETWEEN[edit], kind="read")
    report = world.run(rebuild=True)
    assert report.error is None
    assert report.tabs[0].added == (
        4 if edit == "delete rows" else 0
    )  # what two parts show between them is not missing
    if edit == "delete rows":
        person.gone.clear()
    person.assert_all_is_well()
    assert_settled(world, person)


def test_a_sorted_long_tab_with_rows_taken_out_is_known_again_after_one_look(world: World) -> None:
    person = loaded(world)
    person.do(sort_by("agent_name", "duration"), delete_rows)
    world.admin.arrive(4)
    report = world.run()
    assert report.error is None
    assert report.tabs[0].added == 4 + 4
    assert_settled(world, person)


@pytest.mark.full
def test_copies_and_keys_typed_over_in_a_long_tab_are_put_right_as_in_a_short_one(world: World) -> None:
    person = loaded(world)
    look = person.look()
    at = look.row_of[look.keys[5]]
    paste = {
        "source": {"sheetId": look.sheet_id, "startRowIndex": at, "endRowIndex": at + 1, "endColumnIndex": 4},
        "destination": {"sheetId": look.sheet_id, "startRowIndex": look.n_rows - 1, "endRowIndex": look.n_rows},
    }
    typed = text_at(look.sheet_id, look.row_of[look.keys[8]], look.columns["call_id"], "oops")
    world.admin.edit(world.spreadsheet, requests=[{"copyPaste": paste}, typed])
    person.do(note_on(look.keys[20:25]))
    assert world.run(rebuild=True).error is None
    assert_settled(world, person)


def test_many_changes_in_a_long_tab_cost_some_more_reads_and_not_the_whole_tab(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.swaps |= LOOK_BACK_FAR
    person = loaded(world)
    n_whole = sum(len(row) for row in person.look().rows)
    monkeypatch.setattr(observe, "MAX_GAP_ROWS", 1)
    for module in (observe, data_publish):
        monkeypatch.setattr(module, "MAX_RANGES", 6)
    world.admin.edit_calls(call_ids=person.look().keys[-200::7][:25], fields={"notes": "edited"})
    world.admin.arrive(3)
    report = world.run()
    assert (report.tabs[0].changed, report.tabs[0].added) == (25, 3)
    assert 2 <= len(parts_read(world)) <= 5
    assert sum(parts_read(world)) < n_whole / 4
    assert world.n_requests("write") <= 2
    person.assert_all_is_well(overwritten=person.look().keys[1:4])
