"""The line in the sheet that tells when it was last updated: what it says, what it costs, and whose cells it spares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from sync import clock
from sync.config.kept import read_effective
from sync.office import open_office
from tests.world import ZONE, World

Later = Callable[..., None]
STATUS = 'status = "A1"'
SUMMARY = 'metrics = ["count", "unique_callers"]'
EVERY = f'timezone = "{ZONE}"\nevery = "15m"'


@pytest.fixture
def later() -> Iterator[Later]:
    """Let the clock run, some time ahead of the real one."""

    def go_on(**ahead: float) -> None:
        clock.set_now(None)
        delta = timedelta(**ahead)
        clock.set_now(lambda: datetime.now(ZoneInfo("UTC")) + delta)

    yield go_on
    clock.set_now(None)


def _with_status(world: World, more: str = "") -> World:
    world.more_tab = STATUS
    world.swaps = {f'timezone = "{ZONE}"': EVERY}
    if more:
        world.swaps[SUMMARY] = f"{SUMMARY}\n{more}"
    return world


def _rows(world: World, title: str) -> list[list[object]]:
    return world.tab(title)


def test_a_new_tab_has_its_header_below_the_line_and_the_line_names_both_times(world: World) -> None:
    report = _with_status(world).run()
    assert report.outcome == "ok", report
    line, header, *rows = world.tab()
    local = report.started_at.astimezone(ZoneInfo(ZONE))
    assert line[0].startswith("Updated ")
    assert ", next " in line[0]
    assert f"{local:%H:}" in line[0] or f"{local + timedelta(hours=1):%H:}" in line[0]
    assert header[0] == "Call ID"
    assert {row[0] for row in rows} == set(world.wanted())


def test_an_unchanged_run_costs_two_reads_and_no_write_and_after_an_hour_one_more_of_each(
    world: World, later: Later
) -> None:
    _with_status(world).run()
    world.run()
    assert (world.n_requests("read"), world.n_requests("write")) == (2, 0)
    before = world.tab()[0][0]
    later(minutes=61)
    report = world.run()
    assert report.outcome in ("ok", "unchanged")
    assert world.tab()[0][0] != before
    assert world.n_requests("write") >= 1
    world.run()
    assert (world.n_requests("read"), world.n_requests("write")) == (2, 0)


def test_a_vendor_that_refuses_the_key_shows_as_stale_once_and_is_taken_back_by_the_next_good_run(world: World) -> None:
    _with_status(world).run()
    world.admin.options(justcall={"accepted_keys": ["other:key"]})
    report = world.run()
    assert report.outcome == "failed"
    line = world.tab()[0][0]
    assert line.startswith("Stale since ")
    assert line.endswith(": JustCall refused the key")
    world.run()
    assert world.n_requests("write") == 0
    assert world.tab()[0][0] == line
    world.admin.options(justcall={"accepted_keys": None})
    world.run()
    assert world.tab()[0][0].startswith("Updated ")


def test_a_cell_with_something_of_people_is_left_alone_and_the_report_says_so(world: World, later: Later) -> None:
    _with_status(world).run()
    world.admin.edit(world.spreadsheet, values=[{"range": "Calls!A1", "values": [["Our calls, do not touch"]]}])
    world.admin.options(justcall={"accepted_keys": ["other:key"]})
    report = world.run()
    assert world.tab()[0][0] == "Our calls, do not touch"
    assert any("not ours" in warning and "'Calls'" in warning for warning in report.warnings)
    world.admin.options(justcall={"accepted_keys": None})
    world.admin.edit(world.spreadsheet, values=[{"range": "Calls!A1", "values": [["x"]]}])
    world.run()
    assert any("not ours" in warning for warning in world.run().warnings)
    assert (world.n_requests("read"), world.n_requests("write")) == (2, 0)
    world.admin.edit(world.spreadsheet, values=[{"range": "Calls!A1", "values": [[""]]}])
    later(minutes=61)
    world.run()
    assert world.tab()[0][0].startswith("Updated ")


def test_a_tab_with_its_header_in_the_cell_says_what_to_do_and_the_line_comes_once_it_is_done(
    world: World, later: Later
) -> None:
    world.run()
    report = _with_status(world).run()
    assert world.tab()[0][0] == "Call ID"
    world.run()
    assert (world.n_requests("read"), world.n_requests("write")) == (2, 0)
    assert any("insert a row above the header" in warning for warning in report.warnings)
    book = httpx.get(f"{world.admin.url}/v4/spreadsheets/{world.spreadsheet}").json()
    sheet_id = next(s["properties"]["sheetId"] for s in book["sheets"] if s["properties"]["title"] == "Calls")
    place = {"sheetId": sheet_id, "dimension": "ROWS", "startIndex": 0, "endIndex": 1}
    world.admin.edit(world.spreadsheet, requests=[{"insertDimension": {"range": place}}])
    later(minutes=61)
    world.run()
    assert world.tab()[0][0].startswith("Updated ")
    assert world.tab()[1][0] == "Call ID"


@pytest.mark.full
def test_a_cell_below_the_header_is_refused_even_when_it_is_blank(world: World) -> None:
    world.more_tab = 'status = "B500"'
    report = world.run()
    assert any("B500" in warning for warning in report.warnings)
    world.assert_tab_equals_vendor()


def test_the_last_line_of_a_summary_moves_down_with_it_and_never_becomes_a_group(world: World) -> None:
    _with_status(world, "status = true").run()
    rows = world.tab("By day")
    assert rows[-1][0].startswith("Updated ")
    assert rows[-2][0] == "Total"
    world.period = "last 20 days"
    world.run()
    rows = [row for row in world.tab("By day") if any(row)]
    assert [str(row[0]).startswith("Updated") for row in rows].count(True) == 1
    assert rows[-1][0].startswith("Updated ")
    assert rows[-2][0] == "Total"
    world.run()
    assert (world.n_requests("read"), world.n_requests("write")) == (2, 0)


@pytest.mark.full
def test_the_line_stays_last_when_the_summary_shrinks_or_people_write_beside_it(world: World) -> None:
    _with_status(world, "status = true").run()
    world.admin.edit(world.spreadsheet, values=[{"range": "By day!F2", "values": [["look here"]]}])
    world.admin.arrive(30)
    world.run()
    rows = [row for row in world.tab("By day") if any(row)]
    assert [str(row[0]).startswith("Updated") for row in rows].count(True) == 1
    assert rows[-1][0].startswith("Updated ")


def test_nothing_is_written_when_google_is_the_one_that_fails(world: World) -> None:
    _with_status(world).run()
    world.admin.fault(
        service="google", do="refuse", status=403, message="The caller does not have permission", times=50
    )
    report = world.run()
    assert report.outcome == "failed"
    world.admin.clear_faults()
    assert world.tab()[0][0].startswith("Updated ")


def test_every_page_of_a_tab_has_its_line(world: World) -> None:
    _with_status(world).more_tab += "\nmax_rows = 80"
    world.run()
    for title in ("Calls", "Calls (2)"):
        assert world.tab(title)[0][0].startswith("Updated ")
        assert world.tab(title)[1][0] == "Call ID"
    world.run()
    assert (world.n_requests("read"), world.n_requests("write")) == (2, 0)


def test_a_config_with_mistakes_is_told_in_the_line_until_it_is_mended(world: World) -> None:
    config = _with_status(world).config()

    def save(text: str) -> None:
        config.path.write_text(text)
        with open_office(config) as office:
            read_effective(config.path, office.store)

    good = config.path.read_text()
    save(good)
    world.run()
    for broken in (good.replace('every = "15m"', 'every = "15 fortnights"'), good + "[[["):
        save(broken)
        world.run()
        assert "; the config has mistakes since " in world.tab()[0][0]
        world.run()
        assert world.n_requests("write") == 0
        save(good)
        world.run()
        assert "mistakes" not in world.tab()[0][0]
