"""What a run costs and brings, from the vendor's calls to the cells of the tabs."""

from __future__ import annotations

from sync.report import Outcome
from tests.world import World


def test_a_first_run_shows_every_call_of_the_period_cell_by_cell(world: World) -> None:
    report = world.run()
    assert report.outcome is Outcome.OK
    assert report.error is None
    world.assert_tab_equals_vendor()


def test_a_second_run_costs_two_reads_and_no_write(world: World) -> None:
    world.run()
    report = world.run()
    assert report.outcome is Outcome.UNCHANGED
    assert world.n_requests("read") <= 2
    assert world.n_requests("write") == 0
    assert report.requests["google_read"] == world.n_requests("read")


def test_fifty_changed_and_twenty_new_calls_cost_two_reads_and_two_writes_with_summaries(world: World) -> None:
    world.run()
    edited = world.admin.edit_calls(50)
    world.admin.arrive(20)
    report = world.run()
    assert world.n_requests("read") <= 2
    assert world.n_requests("write") <= 2
    assert report.tabs[0].added == 20
    assert report.tabs[0].changed <= len(edited)
    world.assert_tab_equals_vendor()
