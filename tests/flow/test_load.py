"""A first load of more than one body is sent as a stream: whatever happens on the way, nothing is lost or twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sync import clock
from sync.config.load import load_config
from sync.destination.book import to_book
from sync.office import NoProgress, open_office
from sync.report import Outcome
from sync.run import RunRequest, Trigger, plan_sheet
from sync.store import published
from sync.tab_publish import free_sheet_id
from tests import mishaps
from tests.flow.test_faults import REFUSALS
from tests.flow.test_modes import titles
from tests.people import Person, text_at
from tests.world import FIELDS, World

SMALL_BODIES = 15_000
N_BEFORE = 2  # requests to Google until the first body: a look at the spreadsheet, and the structure
FAULTS = ["429", "an HTML page with 502", "a cut after it was carried out", "a cut body"]


@pytest.fixture
def world(world: World) -> World:
    world.max_bytes = SMALL_BODIES
    return world


def n_bodies(world: World) -> int:
    return sum(entry["path"].endswith("values:batchUpdateByDataFilter") for entry in world.admin.log(service="google"))


def sheet_id(world: World) -> int:
    """Return the number that the tab will have once it is made."""
    return free_sheet_id(to_book({"spreadsheetId": world.spreadsheet, "sheets": []}), "support/Calls")


def before_body(world: World, n: int, *requests: dict[str, Any]) -> None:
    """Have a person edit the tab just before its n-th body."""
    edits = {"requests": list(requests)}
    world.admin.fault(service="google", kind="write", nth=1 + n, do="edit", edits=edits)


def rows(sheet: int, start: int, end: int) -> dict[str, Any]:
    return {"sheetId": sheet, "dimension": "ROWS", "startIndex": start, "endIndex": end}


def assert_right(world: World) -> None:
    world.admin.clear_faults()
    world.assert_tab_equals_vendor()
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0
    mishaps.edit_recent(world, 20)
    assert world.run().outcome is Outcome.OK
    world.assert_tab_equals_vendor()


def test_a_first_load_takes_two_reads_and_two_writes_more_than_it_has_bodies(world: World) -> None:
    report = world.run()
    assert report.tabs[0].added == len(world.wanted())
    assert n_bodies(world) > 3
    assert world.n_requests("read") == 2
    assert world.n_requests("write") == n_bodies(world) + 1
    assert_right(world)


@pytest.mark.every(2)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.full), 3, pytest.param(5, marks=pytest.mark.full)])
def test_a_fault_on_the_way_costs_no_row(world: World, fault: str, n: int) -> None:
    world.admin.fault(service="google", nth=N_BEFORE + n, **REFUSALS[fault])
    assert world.run().outcome is Outcome.OK
    assert_right(world)


def test_a_body_that_google_finds_too_large_is_sent_in_smaller_ones(world: World) -> None:
    world.max_bytes = 120_000
    world.admin.fault(service="google", kind="write", nth=2, do="refuse", status=413)
    assert world.run().outcome is Outcome.OK
    assert_right(world)


@pytest.mark.parametrize("order", ["oldest first", "newest first"])
def test_rows_come_in_the_order_that_is_asked_for(world: World, order: str) -> None:
    world.columns = f'order = "{order}"'
    world.run()
    assert n_bodies(world) > 3
    started = [row["Started"] for row in world.rows_by_header()]
    assert started == sorted(started, reverse=order == "newest first")
    assert_right(world)


def test_only_the_rows_of_where_are_loaded(world: World) -> None:
    world.columns = "where = ['direction == \"inbound\"']"
    world.run()
    assert n_bodies(world) > 2
    wanted = {key for key, call in world.wanted().items() if call[FIELDS["direction"]] == "inbound"}
    assert sorted(row["Call ID"] for row in world.rows_by_header()) == sorted(wanted)
    by_agent = {row["Agent"]: row["Calls"] for row in world.rows_by_header("By agent")}
    assert by_agent["Total"] == len(wanted)
    assert world.run().outcome is Outcome.UNCHANGED


@pytest.mark.every(2)
@pytest.mark.parametrize("order", ["oldest first", "newest first"])
@pytest.mark.parametrize("where", ["", "where = ['direction == \"inbound\"']"])
def test_a_load_goes_on_in_the_next_tab_when_one_is_full(world: World, order: str, where: str) -> None:
    world.columns = f'order = "{order}"\nmax_rows = 100\n{where}'
    report = world.run()
    assert report.outcome is Outcome.OK
    assert world.n_requests("read") == 2
    wanted = {key: call for key, call in world.wanted().items() if not where or call["Direction"] == "inbound"}
    n_pages = -(-len(wanted) // 100)
    titles = ["Calls", *(f"Calls ({n})" for n in range(2, n_pages + 1))]
    pages = [world.rows_by_header(title) for title in titles]
    assert [len(page) for page in pages[:-1]] == [100] * (n_pages - 1)
    shown = [row for page in pages for row in (page[::-1] if order == "newest first" else page)]
    assert [row["Started"] for row in shown] == sorted(call["Started"] for call in wanted.values())
    assert sorted(row["Call ID"] for row in shown) == sorted(wanted)
    assert world.rows_by_header("By agent")[-1]["Calls"] == len(wanted)
    assert world.run().outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("more", ["", "max_rows = 100"])
def test_calls_that_another_run_reads_on_the_way_are_neither_lost_nor_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    world.columns = f'order = "newest first"\n{more}'
    note, n_noted = published.add_rows, 0

    def note_later(*args: Any, **kwargs: Any) -> None:
        nonlocal n_noted
        n_noted += 1
        if n_noted == 1:
            world.admin.arrive(30)
            config = load_config(world.folder / "config.toml")
            request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
            with open_office(config) as office:
                plan_sheet(
                    office, config.sheets[0], request, offline=False, progress=NoProgress(), stop=threading.Event()
                )
        note(*args, **kwargs)

    monkeypatch.setattr(published, "add_rows", note_later)
    assert world.run().outcome is Outcome.OK
    assert n_noted > 3
    world.run()
    pages = [title for title in ("Calls", "Calls (2)", "Calls (3)", "Calls (4)", "Calls (5)") if title in titles(world)]
    ids = [row["Call ID"] for title in pages for row in world.rows_by_header(title)]
    assert sorted(ids) == sorted(world.wanted())


@pytest.mark.parametrize("n", [1, 2, pytest.param(3, marks=pytest.mark.full)])
def test_what_people_move_on_the_way_is_put_right(world: World, n: int) -> None:
    sheet = sheet_id(world)
    move_column = {
        "moveDimension": {
            "source": {"sheetId": sheet, "dimension": "COLUMNS", "startIndex": 0, "endIndex": 1},
            "destinationIndex": 4,
        }
    }
    insert_rows = {"insertDimension": {"range": rows(sheet, 5, 8), "inheritFromBefore": False}}
    for edit in (move_column, insert_rows):
        before_body(world, n, edit)
        assert world.run().outcome is Outcome.OK
        world.admin.clear_faults()
        assert sheet_id_of(world) == sheet
        assert_right(world)
        world.admin.http.post(
            f"/v4/spreadsheets/{world.spreadsheet}:batchUpdate",
            json={"requests": [{"deleteSheet": {"sheetId": sheet}}]},
            headers={"Authorization": "Bearer test"},
        ).raise_for_status()


def sheet_id_of(world: World) -> int:
    return Person(world).look().sheet_id


def test_a_tab_deleted_on_the_way_is_made_anew(world: World) -> None:
    before_body(world, 2, {"deleteSheet": {"sheetId": sheet_id(world)}})
    assert world.run().outcome is Outcome.OK
    assert_right(world)


def test_a_note_typed_on_the_way_stays_beside_its_call(world: World) -> None:
    sheet = sheet_id(world)
    before_body(world, 3, text_at(sheet, 4, len(FIELDS), "mine"))
    world.run()
    noted = [row[0] for row in world.tab() if row[-1] == "mine"]
    assert noted == [world.tab()[4][0]]
    assert_right(world)
    assert [row[0] for row in world.tab() if row[-1] == "mine"] == noted
