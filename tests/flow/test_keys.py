"""What people type over our key cells."""

from __future__ import annotations

from tests.world import World


def test_a_key_that_somebody_typed_over_comes_back_and_the_note_beside_it_stays(world: World) -> None:
    world.run()
    before = world.tab()
    typed = [
        {"range": "Calls!A5", "values": [["oops"]]},
        {"range": "Calls!P5", "values": [["call her back"]]},
        {"range": "Calls!A7", "values": [[""]]},
    ]
    world.admin.edit(world.spreadsheet, values=typed)
    world.admin.edit_calls(3)
    world.run(rebuild=True)
    world.assert_tab_equals_vendor()
    after = world.tab()
    assert (after[4][0], after[4][15]) == (before[4][0], "call her back")
    assert after[6][0] == before[6][0]


def test_a_row_that_somebody_typed_with_a_key_of_their_own_stays_and_is_not_counted_as_ours(world: World) -> None:
    n_rows = world.run().tabs[0].rows
    last = len(world.tab())
    world.admin.edit(
        world.spreadsheet, values=[{"range": f"Calls!A{last + 1}:C{last + 1}", "values": [["mine", "", 5]]}]
    )
    world.admin.arrive(2)
    report = world.run(rebuild=True)
    assert report.tabs[0].rows == n_rows + 2
    assert [row[0] for row in world.tab()].count("mine") == 1
