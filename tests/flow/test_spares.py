"""A full spreadsheet is gone on with in a spare: nothing moves, nothing is twice, parts know of each other."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sync import clock
from sync.office import NoProgress, open_office
from sync.plan import SheetPlan
from sync.report import Outcome
from sync.run import RunRequest, Trigger, plan_sheet
from tests import mishaps
from tests.people import Person, note_on
from tests.world import World

LIMIT = 10_000_000


def cells(world: World, spreadsheet: str) -> int:
    told = world.admin.http.get(f"/v4/spreadsheets/{spreadsheet}", headers={"Authorization": "Bearer test"}).json()
    grids = [sheet["properties"]["gridProperties"] for sheet in told["sheets"]]
    return sum(grid["rowCount"] * grid["columnCount"] for grid in grids)


def fill(world: World, spreadsheet: str, *, leave: int = 40) -> None:
    """Let people fill a spreadsheet up to a few cells."""
    n = LIMIT - cells(world, spreadsheet) - leave
    grid = {"rowCount": n // 10, "columnCount": 10}
    edit = {"addSheet": {"properties": {"title": "Big", "gridProperties": grid}}}
    world.admin.edit(spreadsheet, requests=[edit])


def rows(world: World, spreadsheet: str) -> list[dict[str, Any]]:
    header, *below = world.admin.tab_values(spreadsheet, "Calls")
    return [dict(zip(header, row, strict=False)) for row in below if row and row[0]]


def parts(world: World, spreadsheet: str) -> list[str]:
    return [row[1] for row in world.admin.tab_values(spreadsheet, "support parts")[1:] if len(row) > 1]


def with_spares(world: World, n: int = 1) -> list[str]:
    ids = [world.admin.make_spreadsheet(f"Spare {i}") for i in range(n)]
    listed = ", ".join(f'"{one}"' for one in ids)
    world.swaps['name = "support"'] = f'name = "support"\nspares = [{listed}]'
    return ids


def assert_all_there(world: World, spreadsheets: list[str]) -> None:
    wanted = world.wanted()
    shown = [row for one in spreadsheets for row in rows(world, one)]
    assert sorted(row["Call ID"] for row in shown) == sorted(wanted)
    assert all(row["Status"] == wanted[row["Call ID"]]["Status"] for row in shown)
    world.assert_summaries_equal(wanted)
    again = world.run()
    assert again.outcome is Outcome.UNCHANGED, again
    assert world.n_requests("write") == 0


@pytest.mark.parametrize("fault", [None, pytest.param("cut_after", marks=pytest.mark.full)])
def test_a_full_spreadsheet_is_gone_on_with_in_the_next_one_and_both_tell_of_it(
    world: World, fault: str | None
) -> None:
    (spare,) = with_spares(world)
    assert world.run().error is None
    person = Person(world)
    person.do(note_on(person.look().keys[::9]))
    before = person.look().keys
    fill(world, world.spreadsheet, leave=200)
    world.admin.arrive(30)
    mishaps.edit_recent(world, 20)
    if fault:
        world.admin.fault(service="google", kind="write", nth=2, do=fault)
    report = world.run()
    world.admin.clear_faults()
    assert report.error is None, report
    assert all(tab.error is None for tab in report.tabs), report.tabs
    assert person.look().keys == before
    person.assert_notes()
    assert len(rows(world, spare)) == 30
    assert_all_there(world, [world.spreadsheet, spare])
    assert [spare in address for address in parts(world, world.spreadsheet)] == [False, True]
    assert [world.spreadsheet in address for address in parts(world, spare)] == [True, False]
    world.admin.arrive(10)
    mishaps.edit_recent(world, 15)
    assert world.run().error is None
    assert_all_there(world, [world.spreadsheet, spare])


@pytest.mark.full
def test_a_second_spare_takes_over_when_the_first_is_full_and_after_the_last_the_tab_stops(world: World) -> None:
    first, second = with_spares(world, 2)
    assert world.run().error is None
    for full in (world.spreadsheet, first):
        fill(world, full, leave=200)
        world.admin.arrive(30)
        report = world.run()
        assert report.error is None, report
    assert_all_there(world, [world.spreadsheet, first, second])
    assert len(parts(world, second)) == 3
    fill(world, second, leave=200)
    world.admin.arrive(30)
    report = world.run()
    assert report.outcome is Outcome.STOPPED
    assert any(tab.error is not None and tab.error.kind == "TooLarge" for tab in report.tabs)


def plan_of(world: World) -> SheetPlan:
    config, request = world.config(), RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
    with open_office(config) as office:
        return plan_sheet(
            office, config.sheets[0], request, offline=False, progress=NoProgress(), stop=threading.Event()
        )


def test_a_plan_counts_all_spreadsheets_that_the_run_comes_to_use(world: World) -> None:
    (spare,) = with_spares(world)
    assert world.run().error is None
    fill(world, world.spreadsheet)
    for n_arrivals in (30, 5, 0):  # goes on in the spare, then in both
        world.admin.arrive(n_arrivals)
        world.admin.edit_calls(n_arrivals)
        plan = plan_of(world)
        assert plan.error is None
        report = world.run()
        planned = {tab.title: (tab.added, tab.changed, tab.rows_after) for tab in plan.tabs}
        assert {tab.title: (tab.added, tab.changed, tab.rows) for tab in report.tabs} == planned
        assert report.requests["google_read"] == plan.requests_read
        assert report.requests["google_write"] == plan.requests_write
        assert cells(world, world.spreadsheet) + cells(world, spare) == plan.cells_total
        assert plan.cells_limit == 2 * LIMIT
