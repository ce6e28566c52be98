"""Pages of a tab: the next one when a page is full, one for each month; filling one never rewrites another."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from sync import clock
from sync.report import Outcome
from tests.flow.test_plan import _plan
from tests.people import EDITS, Person, note_on
from tests.world import World

N_PAGE = 80


def titles(world: World) -> list[str]:
    sheets = world.admin.http.get(
        f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"}
    ).json()["sheets"]
    return [sheet["properties"]["title"] for sheet in sheets]


def pages(world: World, pattern: str = r"Calls( \(\d+\))?") -> dict[str, list[dict[str, Any]]]:
    return {title: world.rows_by_header(title) for title in titles(world) if re.fullmatch(pattern, title)}


def assert_all_there(world: World, found: dict[str, list[dict[str, Any]]]) -> None:
    """Every call stands in one page, once; the summaries count all of them; nothing is left to do."""
    wanted = world.wanted()
    ids = [row["Call ID"] for rows in found.values() for row in rows]
    assert sorted(ids) == sorted(wanted)
    for rows in found.values():
        for row in rows:
            assert row["Status"] == wanted[row["Call ID"]]["Status"]
    world.assert_summaries_equal(wanted)
    again = world.run()
    assert again.outcome is Outcome.UNCHANGED, again
    assert world.n_requests("write") == 0
    assert world.n_requests("read") <= 2


@pytest.mark.parametrize("order", ["oldest first", "newest first"])
def test_a_full_page_is_followed_by_the_next_and_an_index_lists_them(world: World, order: str) -> None:
    world.more_tab = f'max_rows = {N_PAGE}\norder = "{order}"'
    plan = _plan(world)
    report = world.run()
    assert report.error is None
    assert [(tab.title, tab.rows) for tab in report.tabs] == [(tab.title, tab.rows_after) for tab in plan.tabs]
    assert report.requests["google_write"] == plan.requests_write
    found = pages(world)
    assert len(found) == -(-len(world.wanted()) // N_PAGE) > 2
    assert [len(rows) for rows in found.values()][:-1] == [N_PAGE] * (len(found) - 1)
    assert {(row["Part"], row["Rows"]) for row in world.rows_by_header("Calls index")} == {
        (title, len(rows)) for title, rows in found.items()
    }
    first, second = list(found.values())[:2]
    assert max(row["Started"] for row in first) <= min(row["Started"] for row in second)
    assert_all_there(world, found)


def test_new_calls_go_to_the_last_page_and_late_edits_to_their_own(world: World) -> None:
    world.more_tab = f"max_rows = {N_PAGE}"
    world.run()
    person = Person(world)
    person.do(note_on(person.look().keys[::5]))
    before = pages(world)
    world.admin.arrive(N_PAGE + 10)
    world.admin.edit_calls(15)
    report = world.run()
    assert report.error is None, report
    after = pages(world)
    assert len(after) == len(before) + 1
    for title in list(before)[:-1]:
        assert [row["Call ID"] for row in after[title]] == [row["Call ID"] for row in before[title]]
    person.assert_notes()
    assert_all_there(world, after)


def test_people_may_sort_rename_and_empty_pages(world: World) -> None:
    world.more_tab = f"max_rows = {N_PAGE}"
    world.run()
    person = Person(world, "Calls (2)")
    person.do(note_on(person.look().keys[::5]))
    person.do(EDITS["sort by agent and duration"], EDITS["rename"])
    world.admin.arrive(20)
    world.admin.edit_calls(30)
    assert world.run().error is None
    person.assert_notes()
    assert "Calls (2)" not in titles(world)
    assert_all_there(world, pages(world, r"Calls( \(\d+\))?|Calls of the team"))


def test_pages_are_recognised_when_the_store_is_lost(world: World) -> None:
    world.more_tab = f"max_rows = {N_PAGE}"
    world.run()
    before = pages(world)
    for path in world.folder.glob("callsheet.db*"):
        path.unlink()
    world.admin.arrive(5)
    report = world.run()
    assert report.error is None, report
    after = pages(world)
    assert list(after) == list(before)
    assert_all_there(world, after)


@pytest.mark.parametrize(
    ("n", "do"),
    [
        pytest.param(n, do, marks=() if (n, do) == (2, "cut_after") else pytest.mark.full)
        for n in (1, 2, 3)
        for do in ("cut_after", "cut_before")
    ],
)
def test_a_lost_answer_puts_no_call_on_two_pages(world: World, n: int, do: str) -> None:
    world.more_tab = f"max_rows = {N_PAGE}"
    world.run()
    world.admin.arrive(N_PAGE + 5)
    world.admin.edit_calls(10)
    world.admin.fault(service="google", kind="write", nth=n, do=do)
    assert world.run().error is None
    world.admin.clear_faults()
    assert_all_there(world, pages(world))


def test_a_tab_of_somebody_else_in_the_place_of_the_next_page_loses_nothing(world: World) -> None:
    world.admin.edit(world.spreadsheet, requests=[{"addSheet": {"properties": {"title": "Calls (2)"}}}])
    world.more_tab = f"max_rows = {N_PAGE}"
    report = world.run()
    assert report.outcome is Outcome.STOPPED
    sheet = next(
        s["properties"]["sheetId"]
        for s in world.admin.http.get(
            f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"}
        ).json()["sheets"]
        if s["properties"]["title"] == "Calls (2)"
    )
    world.admin.edit(world.spreadsheet, requests=[{"deleteSheet": {"sheetId": sheet}}])
    assert world.run().error is None
    assert_all_there(world, pages(world))


def test_a_tab_that_may_not_go_on_stops_with_the_numbers(world: World) -> None:
    world.more_tab = f'max_rows = {N_PAGE}\noverflow = "stop"'
    report = world.run()
    assert report.outcome is Outcome.STOPPED
    error = report.tabs[0].error
    assert error is not None
    assert f"max_rows allows {N_PAGE}" in error.message


MONTH = r"Calls \d{4}-\d{2}( \(\d+\))?"


def _months(world: World) -> set[str]:
    epoch = datetime(1899, 12, 30)
    return {f"Calls {epoch + timedelta(days=call['Started']):%Y-%m}" for call in world.wanted().values()}


def test_each_month_has_a_tab_of_its_own(world: World) -> None:
    world.period = "last 30 days"
    world.more_tab = 'split = "month"'
    report = world.run()
    assert report.error is None, report
    found = pages(world, MONTH)
    assert set(found) == _months(world)
    for title, rows in found.items():
        assert {f"Calls {datetime(1899, 12, 30) + timedelta(days=r['Started']):%Y-%m}" for r in rows} == {title}
    assert_all_there(world, found)
    world.admin.arrive(5)
    world.admin.edit_calls(30)
    assert world.run().error is None
    assert_all_there(world, pages(world, MONTH))


def test_a_month_that_is_too_long_goes_on_in_a_page_of_its_own(world: World) -> None:
    world.period = "last 30 days"
    world.more_tab = f'split = "month"\nmax_rows = {N_PAGE}'
    assert world.run().error is None
    found = pages(world, MONTH)
    assert any(title.endswith("(2)") for title in found)
    assert all(len(rows) <= N_PAGE for rows in found.values())
    assert_all_there(world, found)


def test_a_new_month_begins_a_new_tab_and_leaves_the_old_ones(world: World) -> None:
    world.period = "last 30 days"
    world.more_tab = 'split = "month"'
    world.run()
    before = pages(world, MONTH)
    later = clock.now() + timedelta(days=33)
    clock.set_now(lambda: later)
    try:
        report = world.run(allow_empty=True)
        assert report.error is None, report
    finally:
        clock.set_now(None)
    assert pages(world, MONTH) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'split = "month"'),
        ('split = "month"', ""),
        (f"max_rows = {N_PAGE}", f'split = "month"\nmax_rows = {N_PAGE}'),
    ],
    ids=["to months", "from months", "pages to months"],
)
def test_where_split_is_edited_rows_stay_with_their_notes_and_new_ones_come_in_the_new_way(
    world: World, before: str, after: str
) -> None:
    every = rf"{MONTH}|Calls( \(\d+\))?"
    world.period = "last 30 days"
    world.more_tab = before
    world.run()
    first = pages(world, every)
    person = Person(world, next(iter(first)))
    person.do(note_on(person.look().keys[::5]))
    world.admin.arrive(10)
    world.admin.edit_calls(30)
    world.more_tab = after
    plan = _plan(world)
    report = world.run()
    assert report.error is None, report
    assert [(tab.title, tab.rows) for tab in report.tabs] == [(tab.title, tab.rows_after) for tab in plan.tabs]
    assert report.requests["google_write"] == plan.requests_write
    assert any("split" in warning for tab in report.tabs for warning in tab.warnings)
    found = pages(world, every)
    assert {title: [row["Call ID"] for row in rows] for title, rows in found.items() if title in first} == {
        title: [row["Call ID"] for row in rows] for title, rows in first.items()
    }
    assert sum(len(rows) for title, rows in found.items() if title not in first) == 10
    person.assert_notes()
    assert_all_there(world, found)
    world.more_tab = before
    assert world.run().error is None
    person.assert_notes()
    assert_all_there(world, pages(world, every))


def test_rows_of_a_page_of_before_split_was_edited_go_to_the_months_once_it_is_deleted(world: World) -> None:
    world.period = "last 30 days"
    world.run()
    world.more_tab = 'split = "month"'
    world.run()
    ids = {
        sheet["properties"]["title"]: sheet["properties"]["sheetId"]
        for sheet in world.admin.http.get(
            f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer test"}
        ).json()["sheets"]
    }
    world.admin.edit(world.spreadsheet, requests=[{"deleteSheet": {"sheetId": ids["Calls"]}}])
    assert world.run().error is None
    assert "Calls" not in titles(world)
    assert_all_there(world, pages(world, MONTH))
