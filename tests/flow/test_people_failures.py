"""What other programs did to people's spreadsheets, and what a user of this one sees instead."""

from __future__ import annotations

from sync.report import Outcome
from tests.people import EDITS, Person, note_on, sort_by
from tests.world import World


def test_notes_in_the_next_column_neither_die_nor_shift_when_calls_change_and_arrive(world: World) -> None:
    world.run()
    person = Person(world)
    person.do(note_on(person.look().keys))
    for _ in range(2):
        world.admin.edit_calls(60)
        world.admin.arrive(40)
        assert world.run().error is None
        person.assert_all_is_well()


def test_peoples_columns_outlive_every_width(world: World) -> None:
    world.columns = 'columns = ["call_id", "started_at", "agent_name", "duration"]'
    world.run()
    person = Person(world)
    person.do(note_on(person.look().keys[::5]), EDITS["insert a column before all"])
    world.columns = 'columns = ["call_id", "started_at", "agent_name", "duration", "status", "notes"]'
    assert world.run().error is None
    assert world.run(rebuild=True).error is None
    person.assert_notes()


def test_updates_never_land_in_the_rows_where_calls_stood_before_a_sort(world: World) -> None:
    world.run()
    person = Person(world)
    for fields in (("duration",), ("agent_name", "started_at")):
        edited = world.admin.edit_calls(25)
        person.do_before(1, sort_by(*fields, down=True))
        assert edited
        assert world.run().error is None
        person.assert_all_is_well()


def test_new_rows_begin_in_our_first_column_however_many_cells_of_the_last_row_are_blank(world: World) -> None:
    world.run()
    person = Person(world)
    before = person.look().columns
    for _ in range(3):
        last = world.admin.arrive(3)
        blank = {"notes": "", "disposition": "", "tags": [], "recording_url": ""}
        world.admin.edit_calls(call_ids=[call["call_id"] for call in last], fields=blank)
        assert world.run().error is None
        look = person.assert_all_is_well()
        assert look.columns == before


def test_a_tab_that_people_renamed_is_written_and_the_one_they_gave_its_title_is_not(world: World) -> None:
    world.run()
    person = Person(world)
    person.do(EDITS["duplicate"], EDITS["rename"])
    world.admin.edit(
        world.spreadsheet,
        requests=[{"addSheet": {"properties": {"sheetId": 4711, "title": "Calls"}}}],
        values=[{"range": "Calls!A1", "values": [["mine"]]}],
    )
    copy = world.tab("Mine")
    world.admin.edit_calls(20)
    world.admin.arrive(10)
    assert world.run().error is None
    person.assert_all_is_well()
    assert world.tab("Calls") == [["mine"]]
    assert world.tab("Mine") == copy


def test_leading_zeros_plus_signs_and_formulas_arrive_as_the_vendor_wrote_them(world: World) -> None:
    world.run()
    texts = ["0042", "+14155551234", "=1+1", '=HYPERLINK("http://x")', "1/2", "TRUE", "'quoted", "1e3"]
    calls = list(world.wanted())[: len(texts)]
    for call, text in zip(calls, texts, strict=True):
        world.admin.edit_calls(call_ids=[call], fields={"notes": text})
    world.admin.arrive(5)
    assert world.run().error is None
    look = Person(world).look()
    assert [look.cells(call)["notes"] for call in calls] == texts
    assert world.run().outcome is Outcome.UNCHANGED
