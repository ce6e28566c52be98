"""Summaries of every kind on a spreadsheet: right after each run, and free where nothing changed."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sync import clock
from sync.config.load import load_config
from sync.office import NoProgress, open_office
from sync.report import Outcome
from sync.run import RunRequest, Trigger, run_sheet
from tests.world import ZONE, World

MORE = """
[[sheet.summary]]
title = "Rich"
of = "Calls"
group_by = ["tag"]
where = ["duration >= 1"]
metrics = [
    "count",
    "answered_pct",
    "median_duration",
    "max of started_at",
    { metric = "count", title = "Long", where = ["duration > 300"] },
    { metric = "distinct", field = "agent_id" },
]
sort_by = "Long"
limit = 4

[[sheet.summary]]
title = "Half hours"
of = "Calls"
group_by = ["half_hour", "direction", "status"]
metrics = ["count"]

[[sheet.summary]]
title = "Idle"
of = "Calls"
group_by = ["agent"]
where = ["duration > 1000000"]
metrics = ["count"]
fill = "zero"
totals = false

[[sheet.summary]]
title = "Every hour"
of = "Calls"
group_by = ["date", "hour_of_day"]
metrics = ["count", "avg_duration"]
fill = "zero"
totals = false
"""


def asked(world: World) -> World:
    mark = '\n[[sheet.summary]]\ntitle = "By day"'
    world.swaps[mark] = MORE + mark
    return world


def local(call: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(call["started_at"].replace("Z", "+00:00")).astimezone(ZoneInfo(ZONE))


def tags_of(call: dict[str, Any]) -> set[str]:
    return {tag or "(none)" for tag in call["tags"] or [""]}


def assert_right(world: World) -> None:
    shown = {row["Call ID"] for row in world.rows_by_header("Calls")}
    calls = [call for call in world.admin.calls() if call["call_id"] in shown]
    halves = Counter(f"{at:%H}:{'30' if at.minute >= 30 else '00'}" for at in map(local, calls))
    found: Counter[str] = Counter()
    for row in world.rows_by_header("Half hours")[:-1]:
        found[row["Half hour"]] += row["Calls"]
    assert found == halves
    counted = [call for call in calls if (call["duration"] or 0) >= 1]
    *tags, more, total = world.rows_by_header("Rich")
    assert len(tags) == 4
    assert (total["Tags"], total["Calls"]) == ("Total", len(counted))
    assert total["Different: Agent ID"] == len({call["agent_id"] for call in counted} - {None})
    for row in tags:
        of_tag = [c for c in counted if row["Tags"] in tags_of(c)]
        assert (row["Calls"], row["Long"]) == (len(of_tag), sum(c["duration"] > 300 for c in of_tag))
    n_tags = len({tag for call in counted for tag in tags_of(call)})
    assert more["Tags"] == f"{n_tags - 4} more, not shown"
    idle = world.rows_by_header("Idle")
    assert {row["Calls"] for row in idle} == {0}
    assert len(idle) >= len({call["agent_id"] for call in calls})
    hours = Counter((at.date(), at.hour) for at in map(local, calls))
    rows = world.rows_by_header("Every hour")
    assert sum(row["Calls"] for row in rows) == len(calls)
    assert sum(row["Calls"] > 0 for row in rows) == len(hours)
    assert len(rows) >= 7 * 23
    assert all((row["Average duration (s)"] is None) >= (row["Calls"] == 0) for row in rows)


def test_a_rich_summary_follows_its_records_and_costs_nothing_when_they_stay(world: World) -> None:
    asked(world)
    assert world.run().outcome is Outcome.OK
    assert_right(world)
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    world.admin.edit_calls(25)
    world.admin.arrive(12)
    assert world.run().outcome is Outcome.OK
    assert_right(world)
    assert world.run().outcome is Outcome.UNCHANGED


OWN = """
[[sheet.summary]]
title = "Own"
connection = "justcall"
stream = "calls"
period = "last 3 days"
params = { direction = "inbound" }
where = ["duration > 0"]
group_by = ["date"]
metrics = ["count", "sum of duration"]
fill = "zero"
"""


def assert_own_is_right(world: World) -> None:
    *rows, total = world.rows_by_header("Own")
    today = (clock.now().astimezone(ZoneInfo(ZONE)).date() - date(1899, 12, 30)).days
    assert [row["Date"] for row in rows] == [today - 2, today - 1, today]
    for row in rows:
        day = date(1899, 12, 30) + timedelta(days=row["Date"])
        calls = [c for c in world.admin.calls() if local(c).date() == day and c["direction"] == "inbound"]
        lengths = [c["duration"] for c in calls if c["duration"]]
        assert (row["Calls"], row["Sum: Duration (s)"]) == (len(lengths), sum(lengths))
    assert total["Calls"] == sum(row["Calls"] for row in rows)


def test_a_summary_may_read_records_that_no_tab_shows(world: World) -> None:
    mark = '\n[[sheet.summary]]\ntitle = "By day"'
    world.swaps[mark] = OWN + mark
    assert world.run().outcome is Outcome.OK
    assert_own_is_right(world)
    assert world.run().outcome is Outcome.UNCHANGED
    world.admin.edit_calls(25)
    world.admin.arrive(12)
    report = world.run()
    assert report.outcome is Outcome.OK
    assert [tab.title for tab in report.tabs] == ["Calls", "By agent", "Own", "By day"]
    assert_own_is_right(world)


def test_a_sheet_may_consist_of_summaries_alone(world: World) -> None:
    world.config()
    text = (world.folder / "config.toml").read_text()
    head = text.partition("[[sheet.tab]]")[0]
    (world.folder / "config.toml").write_text(head + OWN)
    config = load_config(world.folder / "config.toml")
    request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
    with open_office(config) as office:
        stop = threading.Event()
        report = run_sheet(office, config.sheets[0], request, progress=NoProgress(), stop=stop)
        assert (report.outcome, [tab.title for tab in report.tabs]) == (Outcome.OK, ["Own"])
        assert_own_is_right(world)
        world.admin.fault(service="justcall", nth=1, times=1000, do="refuse", status=401)
        request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
        report = run_sheet(office, config.sheets[0], request, progress=NoProgress(), stop=stop)
        assert report.outcome is Outcome.FAILED
        assert_own_is_right(world)
