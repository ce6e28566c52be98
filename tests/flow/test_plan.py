"""A plan says what the run that follows does, and changes nothing in the spreadsheet."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sync import clock
from sync.office import NoProgress, open_office
from sync.plan import SheetPlan, plan_json
from sync.run import RunRequest, Trigger, plan_sheet
from tests.world import FIELDS, World

TITLES = ("Calls", "By agent", "By day")


def _plan(world: World, *, offline: bool = False, **wanted: Any) -> SheetPlan:
    config = world.config()
    request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now(), **wanted)
    with open_office(config) as office:
        return plan_sheet(
            office, config.sheets[0], request, offline=offline, progress=NoProgress(), stop=threading.Event()
        )


def _assert_run_does_as_planned(world: World, plan: SheetPlan, *, is_compared: bool = True) -> None:
    report = world.run()
    planned = {tab.title: (tab.added, tab.changed, tab.rows_after) for tab in plan.tabs}
    done = {tab.title: (tab.added, tab.changed, tab.rows) for tab in report.tabs}
    assert done == planned
    assert report.requests["google_read"] == plan.requests_read
    assert report.requests["google_write"] == plan.requests_write
    grids = world.admin.http.get(
        f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"}
    ).json()["sheets"]
    sizes = [sheet["properties"]["gridProperties"] for sheet in grids]
    assert sum(size["rowCount"] * size["columnCount"] for size in sizes) == plan.cells_total
    if is_compared:
        world.assert_tab_equals_vendor()


def test_a_first_plan_says_what_the_first_run_does_and_writes_nothing(world: World) -> None:
    world.admin.clear_log()
    plan = _plan(world)
    assert world.n_requests("write") == 0
    assert plan.error is None
    assert plan.tabs[0].rows_now == 0
    assert plan.bytes > 10_000
    _assert_run_does_as_planned(world, plan)


@pytest.mark.parametrize(
    ("n_edits", "n_arrivals"),
    [
        (0, 0),
        (10, 10),
        (10, 600),
        *(pytest.param(*some, marks=pytest.mark.full) for some in ((10, 0), (0, 10), (0, 400))),
    ],
)
def test_a_plan_says_what_the_next_run_does(world: World, n_edits: int, n_arrivals: int) -> None:
    world.run()
    if n_edits:
        world.admin.edit_calls(n_edits)
    if n_arrivals:
        world.admin.arrive(n_arrivals)
    _assert_run_does_as_planned(world, _plan(world))


def test_a_plan_counts_the_bodies_of_a_change_too_large_for_one(world: World) -> None:
    world.max_bytes = 20_000
    plan = _plan(world)
    assert plan.requests_write > 4
    _assert_run_does_as_planned(world, plan)


def test_a_plan_of_a_tab_alone_counts_what_is_added_once(world: World) -> None:
    world.swaps = dict.fromkeys(_summaries(world), "")
    world.run()
    world.admin.arrive(10)
    plan = _plan(world)
    report = world.run()
    assert plan.requests_write == report.requests["google_write"] == 1
    assert plan.tabs[0].added == report.tabs[0].added == 10


def _summaries(world: World) -> list[str]:
    world.config()
    return [
        "\n[[sheet.summary]]" + part
        for part in (world.folder / "config.toml").read_text().split("\n[[sheet.summary]]")[1:]
    ]


LESS = 'columns = ["call_id", "started_at", "direction", "agent_name", "status", "duration"]'
COLUMN_EDITS = {
    "a column at the end": LESS.replace('"duration"', '"duration", "notes"'),
    "two in the middle": LESS.replace('"direction"', '"to", "direction", "from"'),
    "one taken out": LESS.replace(', "status"', ""),
    "a new title": LESS.replace('"status"', '{ field = "status", title = "How it ended" }'),
    "another order": LESS.replace('"duration"', "")
    .replace('"started_at"', '"duration", "started_at"')
    .replace(", ]", "]"),
    "all together": 'columns = ["duration", "call_id", "notes", { field = "agent_name", title = "Who" }, "started_at"]',
}


@pytest.mark.every(3)
@pytest.mark.parametrize("n_arrivals", [0, 10])
@pytest.mark.parametrize("edit", COLUMN_EDITS)
def test_a_plan_counts_every_round_of_an_edit_of_the_columns(world: World, edit: str, n_arrivals: int) -> None:
    world.columns = LESS
    assert world.run().error is None
    world.columns = COLUMN_EDITS[edit]
    world.admin.arrive(n_arrivals)
    plan = _plan(world)
    _assert_run_does_as_planned(world, plan, is_compared=False)


BY_AGENT = 'group_by = ["agent_name"]\nmetrics = ["count", "answered_count", "missed_count", "total_duration"]\n'
_CHART = 'chart = { type = "column", y = "count" }\n'
SUMMARY_EDITS = {
    "a metric more": (BY_AGENT, BY_AGENT.replace('"count"', '"count", "avg_duration"')),
    "another metric": (BY_AGENT, BY_AGENT.replace("answered_count", "avg_duration")),
    "another order": (BY_AGENT, BY_AGENT.replace('"count", "answered_count"', '"answered_count", "count"')),
    "another group": (BY_AGENT, BY_AGENT.replace("agent_name", "direction")),
    "one group less": (BY_AGENT.replace('name"', 'name", "status"'), BY_AGENT),
    "a cross table": (BY_AGENT, BY_AGENT.replace('name"]', 'name", "status"]\npivot = "status"')),
    "a chart": (BY_AGENT, BY_AGENT + _CHART),
    "a chart and a metric": (BY_AGENT, BY_AGENT.replace('"count"', '"count", "avg_duration"') + _CHART),
    "changes": (BY_AGENT, BY_AGENT + 'compare = "previous period"\n'),
}


@pytest.mark.every(9)
@pytest.mark.parametrize("n_arrivals", [0, 10])
@pytest.mark.parametrize("columns", ["two in the middle", "another order", "a new title"])
@pytest.mark.parametrize("edit", SUMMARY_EDITS)
def test_a_plan_counts_what_an_edit_of_tab_and_summary_at_once_takes(
    world: World, edit: str, columns: str, n_arrivals: int
) -> None:
    before, after = SUMMARY_EDITS[edit]
    world.columns, world.swaps[BY_AGENT] = LESS, before
    assert world.run().error is None
    world.columns, world.swaps[BY_AGENT] = COLUMN_EDITS[columns], after
    world.admin.arrive(n_arrivals)
    _assert_run_does_as_planned(world, _plan(world), is_compared=False)


def test_a_plan_counts_every_round_of_a_new_metric(world: World) -> None:
    world.run()
    before = 'metrics = ["count", "unique_callers"]'
    world.swaps[before] = before.replace("]", ', "total_duration"]')
    _assert_run_does_as_planned(world, _plan(world))


def test_a_plan_tells_what_would_stop_the_run(world: World) -> None:
    world.admin.edit(world.spreadsheet, requests=[{"addSheet": {"properties": {"title": "Calls"}}}])
    plan = _plan(world)
    assert plan.error is not None
    assert plan.error.kind == "ForeignTab"


def test_an_offline_plan_asks_nobody(world: World) -> None:
    world.run()
    world.admin.arrive(3)
    world.admin.clear_log()
    plan = _plan(world, offline=True)
    assert world.admin.log() == []
    assert (plan.tabs[0].added, plan.tabs[0].changed) == (0, 0)
    assert plan.tabs[0].rows_now == len(world.rows_by_header())


def test_a_plan_says_when_the_spreadsheet_will_be_full(world: World) -> None:
    world.run()
    plan = _plan(world)
    rows = len(world.wanted()) / 7
    assert plan.cells_per_day == pytest.approx(rows * (len(FIELDS) + 3), rel=0.35)
    assert plan.full_in_days == pytest.approx((plan.cells_limit - plan.cells_total) / plan.cells_per_day)
    told = plan_json("support", plan)
    assert told["forecast"] == plan.forecast
    assert told["requests"] == {"google_read": plan.requests_read, "google_write": plan.requests_write}
    world.more_tab = 'mode = "replace"'
    assert _plan(world).forecast == "does not grow"
