"""A cross table in the spreadsheet: its columns follow the records, and what people wrote beside it stays beside it."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from sync import clock
from sync.office import NoProgress, open_office
from sync.report import Outcome
from sync.run import RunRequest, Trigger, plan_sheet
from tests.world import World

BY_DAY = 'title = "By day"\nof = "Calls"\ngroup_by = ["date"]\nmetrics = ["count", "unique_callers"]\n'
CROSS = 'title = "By day"\nof = "Calls"\ngroup_by = ["status", "disposition"]\npivot = "disposition"\n'


@pytest.fixture
def crossed(world: World) -> World:
    world.swaps = {BY_DAY: CROSS}
    world.run()
    return world


def _assert_counts(world: World) -> None:
    rows = world.rows_by_header("By day")
    calls = list(world.wanted().values())
    wanted = Counter((c["Status"], c["Disposition"] or "(none)") for c in calls)
    of_value = Counter(c["Disposition"] or "(none)" for c in calls)
    for row in rows[:-1]:
        assert {v: row[v] or 0 for v in of_value} == {v: wanted[row["Status"], v] for v in of_value}
        assert row["Total"] == sum(n for (status, _), n in wanted.items() if status == row["Status"])
    assert {v: rows[-1][v] for v in of_value} == of_value
    assert rows[-1]["Total"] == len(calls)


def _edit(world: World, n: int, **fields: Any) -> None:
    ids = sorted(world.wanted())[:n]
    world.admin.edit_calls(call_ids=ids, fields=fields)


def test_a_new_value_is_a_new_column_and_notes_stay_beside_their_row(crossed: World) -> None:
    _assert_counts(crossed)
    header, *rows = crossed.tab("By day")
    assert header[-1] == "Total"
    status, at = rows[2][0], len(header)
    notes = [{"range": f"'By day'!{chr(65 + at)}1", "values": [["Remark"], [], [], ["knows the product"]]}]
    crossed.admin.edit(crossed.spreadsheet, values=notes)
    assert crossed.run().outcome is Outcome.UNCHANGED
    assert crossed.n_requests("write") == 0
    _edit(crossed, 2, disposition="A new outcome")
    report = crossed.run()
    assert [warning for tab in report.tabs for warning in tab.warnings] == []
    _assert_counts(crossed)
    after = crossed.tab("By day")[0]
    assert [text for text in after if text != "A new outcome"] == [*header, "Remark"]
    assert 0 < after.index("A new outcome") < len(header) - 1  # where it stands among the others, not behind them
    noted = [row for row in crossed.rows_by_header("By day") if row["Remark"]]
    assert [row["Status"] for row in noted] == [status]
    _edit(crossed, 2, disposition="Sale")
    crossed.run()
    assert "A new outcome" in crossed.tab("By day")[0]
    assert not any(row["A new outcome"] for row in crossed.rows_by_header("By day"))
    for _ in range(2):
        assert crossed.run().outcome is Outcome.UNCHANGED
        assert crossed.n_requests("write") == 0
        assert crossed.n_requests("read") <= 2


DAYS_BEFORE = BY_DAY.replace('"unique_callers"', '"missed_count"') + 'compare = "previous period"\n'
BY_HOUR = CROSS.replace("disposition", "hour_of_day")
BY_DATE = CROSS.replace("disposition", "date")
BY_DIRECTION = CROSS.replace("disposition", "direction")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DAYS_BEFORE, CROSS),
        (BY_DATE, CROSS),
        (BY_DIRECTION, CROSS),
        pytest.param(BY_HOUR, CROSS, marks=pytest.mark.full),
        pytest.param(CROSS, BY_DATE, marks=pytest.mark.full),
        pytest.param(CROSS, DAYS_BEFORE, marks=pytest.mark.full),
    ],
    ids=["changes", "dates", "another value", "hours", "to dates", "to changes"],
)
def test_another_question_in_the_config_makes_the_table_of_that_question(world: World, before: str, after: str) -> None:
    world.swaps = {BY_DAY: before}
    world.run()
    old = set(world.tab("By day")[0])
    world.swaps = {BY_DAY: after}
    assert world.run().outcome is Outcome.OK
    kept = [text for text in world.tab("By day")[0] if text.endswith("(no longer updated)")]
    assert {text.removesuffix(" (no longer updated)") for text in kept} <= old
    if after is CROSS:
        _assert_counts(world)
        values = {call["Disposition"] or "(none)" for call in world.wanted().values()}
        assert set(world.tab("By day")[0]) - set(kept) == {"Status", "Total", *values}
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0


@pytest.mark.full
def test_days_move_through_the_columns_and_more_than_fit_are_told_before_anything_is_written(world: World) -> None:
    world.more_tab = 'mode = "replace"\n'
    world.swaps = {
        BY_DAY: CROSS.replace("disposition", "date") + 'fill = "zero"\nmetrics = ["count", "missed_count"]\n'
    }
    world.run()
    header = world.tab("By day")[0]
    assert len(header) == 1 + 2 * 7 + 2
    tomorrow = clock.now() + timedelta(days=1)
    clock.set_now(lambda: tomorrow)
    try:
        world.run()
        moved = world.tab("By day")[0]
        assert (len(moved), moved[1:13]) == (len(header), header[3:15])
        assert world.run().outcome is Outcome.UNCHANGED
    finally:
        clock.set_now(None)
    world.swaps = {BY_DAY: CROSS.replace("disposition", "call_id")}
    before = world.tab("By day")
    config = world.config()
    with open_office(config) as office:
        request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
        sheet = config.sheets[0]
        plan = plan_sheet(office, sheet, request, offline=False, progress=NoProgress(), stop=threading.Event())
    assert plan.error is not None
    assert "columns" in plan.error.message
    report = world.run()
    assert {tab.title: tab.outcome for tab in report.tabs}["By day"] is Outcome.STOPPED
    assert world.tab("By day") == before


@pytest.mark.full
def test_a_masked_number_that_makes_columns_is_nowhere_in_the_spreadsheet(world: World) -> None:
    world.columns = 'columns = ["call_id", "started_at", "status", { field = "from", mask = "last 4" }]\n'
    world.swaps = {BY_DAY: CROSS.replace("disposition", "from") + 'where = ["direction = outbound"]\n'}
    world.run()
    header = world.tab("By day")[0]
    lines = {str(call["from"]) for call in world.admin.calls() if call["direction"] == "outbound"}
    assert {text.split(" ")[0] for text in header[1:-1]} <= {f"…{number[-4:]}" for number in lines}
    assert len(header) > 3
    whole = world.admin.http.get(f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer x"}).text
    assert not [number for number in lines if number[-10:] in whole]
    assert world.run().outcome is Outcome.UNCHANGED
