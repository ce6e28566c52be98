"""What such programs are known to get wrong, where no other test shows it; docs/explanation/failures.md has all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import mishaps
from tests.flow.test_reader import _reading
from tests.people import Person, lines, note_on
from tests.world import World


def ids(world: World) -> list[str]:
    return [row["Call ID"] for row in world.rows_by_header()]


@pytest.mark.full
def test_a_replace_tab_is_never_blank_or_short_when_google_goes_down_after_the_first_body(world: World) -> None:
    world.more_tab, world.max_bytes = 'mode = "replace"', 20_000
    assert world.run().error is None
    before = len(ids(world))
    mishaps.edit_recent(world, 60)
    world.admin.arrive(60)
    writes = r"(:batchUpdate|batchUpdateByDataFilter)$"
    world.admin.fault(service="google", kind="write", path=writes, nth=2, times=50, do="refuse", status=503)
    with _reading(world) as seen:
        world.run()
        world.admin.clear_faults()
        assert world.run().error is None
    assert all(len(rows) > before for rows in seen)
    world.assert_tab_equals_vendor()


def test_a_replace_tab_that_is_written_again_and_again_keeps_its_grid(world: World, later: Callable[..., None]) -> None:
    world.more_tab = 'mode = "replace"'
    sizes = []
    for _ in range(4):
        mishaps.edit_recent(world, 40)
        assert world.run(rebuild=True, allow_empty=True).error is None
        later(days=1)
        look = Person(world).look()
        sizes.append(look.n_rows - len(look.row_of))
    assert sizes == [2, 2, 2, 2]  # the header and one spare row


@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.full)])
def test_a_delete_whose_answer_was_lost_takes_no_innocent_row(world: World, later: Callable[..., None], n: int) -> None:
    world.more_tab = 'mode = "replace"'
    world.period = "last 5 days"
    assert world.run().error is None
    later(days=2)
    world.admin.fault(service="google", kind="write", nth=n, do="cut_after")
    assert world.run(allow_empty=True).error is None
    world.admin.clear_faults()
    assert world.run(allow_empty=True).error is None
    assert sorted(ids(world)) == sorted(_in_period(world))


def _in_period(world: World) -> set[str]:
    """The calls of the period as it is now."""
    world._first_today = None
    return set(world.wanted())


@pytest.mark.parametrize("n", [4, pytest.param(3, marks=pytest.mark.full), pytest.param(5, marks=pytest.mark.full)])
def test_a_run_that_dies_between_taking_rows_out_and_putting_rows_in_leaves_nothing_missing(
    world: World, n: int
) -> None:
    world.more_tab = 'mode = "replace"\nwhere = ["duration >= 0"]'
    assert world.run().error is None
    person = Person(world)
    person.do(note_on(person.look().keys[::5]))
    world.more_tab = 'mode = "replace"\nwhere = ["duration >= 30"]'
    world.admin.arrive(20)
    mishaps.kill_at(world, n, applied=True)
    assert world.run().error is None
    wanted = {key for key, call in world.wanted().items() if (call["Duration (s)"] or 0) >= 30}
    assert sorted(ids(world)) == sorted(wanted)


def test_a_tab_that_people_cut_to_its_last_row_and_column_grows_before_it_is_written(world: World) -> None:
    world.columns = 'columns = ["call_id", "started_at", "agent_name", "duration"]'
    assert world.run().error is None
    look = Person(world).look()
    width = len(look.columns)
    gone: list[dict[str, Any]] = [
        {"deleteDimension": {"range": lines(look, "ROWS", look.n_rows - 1, look.n_rows)}},
        {"deleteDimension": {"range": lines(look, "COLUMNS", width, look.n_columns)}},
    ]
    world.admin.edit(world.spreadsheet, requests=gone)
    world.admin.arrive(30)
    world.columns = 'columns = ["call_id", "started_at", "agent_name", "duration", "status", "notes"]'
    report = world.run()
    assert report.error is None
    assert all(tab.error is None for tab in report.tabs)
    assert sorted(ids(world)) == sorted(world.wanted())


def test_changes_all_over_a_tab_take_two_writes_and_not_one_for_each_cell(world: World) -> None:
    world.period = "last 30 days"
    assert world.run().error is None
    world.admin.edit_calls(call_ids=[call["call_id"] for call in world.admin.calls()][:90:3])
    report = world.run(rebuild=True)
    assert report.tabs[0].changed >= 25
    assert world.n_requests("write") <= 2
    world.assert_tab_equals_vendor()


def test_of_a_call_that_comes_twice_the_latest_version_is_shown(world: World) -> None:
    assert world.run().error is None
    mishaps.edit_recent(world, 20)
    world.admin.fault(service="justcall", nth=2, do="repeat_page")
    world.run()
    world.admin.clear_faults()
    assert world.run().error is None
    world.assert_tab_equals_vendor()
