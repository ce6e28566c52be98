"""A tab that people kept by hand is taken over with --adopt: nothing of theirs is lost, and nothing moves."""

from __future__ import annotations

from typing import Any

import pytest

from sync.report import Outcome
from tests.flow.test_plan import _plan
from tests.people import Person
from tests.world import World

OLD = [["call_of_2019", "Maria", "from the old system"], ["call_of_2020", "Jo", "asked again"]]


def kept_by_hand(world: World, *, header_row: int = 0, n: int = 40, sheet_id: int = 900) -> dict[str, str]:
    """Keep a tab by hand: some of the calls in an order of one's own, older ones, remarks, other titles and columns."""
    calls = world.admin.calls()[:n][::-1]
    header = ["call id", "Remark", "AGENT", "Duration (s)", "Next step"]
    rows: list[list[Any]] = [
        [c["call_id"], f"remark on {c['call_id']}", c["agent_name"], c["duration"], ""] for c in calls
    ]
    rows[3:3] = [[old[0], old[2], old[1], 17, "call back"] for old in OLD]
    titles = [["Our calls"]] + [[""]] * (header_row - 1) if header_row else []
    world.admin.edit(
        world.spreadsheet, requests=[{"addSheet": {"properties": {"sheetId": sheet_id, "title": "Calls"}}}]
    )
    world.admin.edit(
        world.spreadsheet, values=[{"range": "Calls!A1", "values": [*titles, header, *rows], "input": "RAW"}]
    )
    return {row[0]: row[1] for row in rows}


def shown(world: World, title: str = "Calls") -> tuple[list[Any], dict[str, list[Any]]]:
    """The header and the rows by id."""
    rows = world.tab(title)
    at = next(n for n, row in enumerate(rows) if row and row[0] == "call id")
    return rows[at], {row[0]: row for row in rows[at + 1 :] if row and row[0]}


@pytest.mark.parametrize("header_row", [0, 3])
@pytest.mark.parametrize("fault", [None, pytest.param("cut_after", marks=pytest.mark.full)])
def test_a_tab_kept_by_hand_is_gone_on_with_and_nothing_in_it_is_lost(
    world: World, header_row: int, fault: str | None
) -> None:
    remarks = kept_by_hand(world, header_row=header_row)
    before = [row[0] for row in world.tab()[header_row + 1 :] if row]
    stopped = world.run()
    assert stopped.outcome is Outcome.STOPPED
    assert "--adopt" in str(stopped.tabs[0].error)
    plan = _plan(world, adopt=True)
    assert plan.error is None, plan.error
    assert any("taken over" in warning for warning in plan.warnings)
    if fault:
        world.admin.fault(service="google", kind="write", nth=1, do=fault)
    report = world.run(adopt=True)
    world.admin.clear_faults()
    assert report.error is None, report
    assert report.tabs[0].error is None
    header, rows = shown(world)
    assert header[:3] == ["call id", "Remark", "AGENT"]
    assert header.count("Next step") == 1
    assert list(rows)[: len(before)] == before
    for key, remark in remarks.items():
        assert rows[key][1] == remark
    wanted = world.wanted()
    assert set(rows) == set(wanted) | set(remarks)
    for key, call in wanted.items():
        assert (rows[key][2] or None) == call["Agent"]
    for key, agent, _ in OLD:
        assert (rows[key][2], rows[key][header.index("Next step")]) == (agent, "call back")
    world.admin.arrive(5)
    assert world.run().error is None
    assert world.run().outcome is Outcome.UNCHANGED


def test_what_people_had_otherwise_than_the_vendor_is_kept_in_a_copy(world: World) -> None:
    kept_by_hand(world)
    world.admin.edit(world.spreadsheet, values=[{"range": "Calls!C2", "values": [["somebody else"]], "input": "RAW"}])
    before = world.tab()
    report = world.run(adopt=True)
    assert report.error is None
    assert any("Calls before Callsheet" in warning for warning in report.tabs[0].warnings)
    assert world.tab("Calls before Callsheet") == before
    assert world.run().outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(("range_", "value", "words"), [("Calls!A1", "Number", "Call ID"), ("Calls!A3", None, "twice")])
def test_a_tab_that_cannot_be_taken_over_says_why_and_stays_as_it_is(
    world: World, range_: str, value: str | None, words: str
) -> None:
    kept_by_hand(world)
    world.admin.edit(world.spreadsheet, values=[{"range": range_, "values": [[value or world.tab()[1][0]]]}])
    before = world.tab()
    report = world.run(adopt=True)
    assert report.tabs[0].outcome is Outcome.STOPPED
    assert report.tabs[0].error is not None
    assert words in report.tabs[0].error.message
    assert world.tab() == before


def test_a_tab_of_another_sheet_is_not_taken_over(world: World) -> None:
    world.run()
    person = Person(world)
    before = person.look().rows
    for path in world.folder.glob("callsheet.db*"):
        path.unlink()
    world.swaps = {'name = "support"': 'name = "other"'}
    report = world.run(adopt=True)
    assert report.tabs[0].outcome is Outcome.STOPPED
    assert person.look().rows == before
