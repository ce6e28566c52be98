"""`check` looks at everything that a run needs, names what is wrong, and changes nothing."""

from __future__ import annotations

from sync.check import CheckLine, check_sheet
from sync.office import open_office
from tests.world import World


def _check(world: World) -> list[CheckLine]:
    with open_office(world.config()) as office:
        return check_sheet(office, office.config.sheets[0])


def _wrong(lines: list[CheckLine]) -> list[CheckLine]:
    return [line for line in lines if line.ok is False]


def _of_tabs(lines: list[CheckLine]) -> list[str]:
    plain = [line.text.replace("'", "").replace('"', "") for line in lines]
    return [text.removeprefix("tab ") for text in plain if text.startswith("tab ")]


def test_all_is_well_before_the_first_run_and_after_it(world: World) -> None:
    lines = _check(world)
    assert _wrong(lines) == []
    assert _of_tabs(lines) == ["Calls: will be made", "By agent: will be made", "By day: will be made"]
    world.run()
    assert _of_tabs(_check(world))[0] == "Calls: is there, titled Calls"


def test_nothing_is_written(world: World) -> None:
    world.admin.clear_log()
    _check(world)
    assert {entry["kind"] for entry in world.admin.log()} <= {"read", "other"}


def test_a_spreadsheet_that_may_only_be_looked_at_is_found_before_the_first_write(world: World) -> None:
    world.spreadsheet = world.admin.make_spreadsheet("Looking", access="viewer")
    (line,) = _wrong(_check(world))
    assert line.exit_code == 5
    assert "Editor" in line.hint


def test_a_spreadsheet_that_is_not_shared_does_not_hide_what_else_is_wrong(world: World) -> None:
    world.spreadsheet = world.admin.make_spreadsheet("Closed", access="none")
    world.admin.options(justcall={"accepted_keys": ["another:pair"]})
    lines = _wrong(_check(world))
    assert [line.exit_code for line in lines] == [5, 5]
    assert lines[1].text.startswith("justcall: ")


def test_a_tab_that_people_made_is_found_before_the_first_run(world: World) -> None:
    world.admin.edit(world.spreadsheet, requests=[{"addSheet": {"properties": {"title": "by day"}}}])
    (line,) = _wrong(_check(world))
    assert line.exit_code == 4
    assert "by day" in line.text


def test_a_spreadsheet_that_is_nearly_full_gets_a_warning(world: World) -> None:
    grid = {"rowCount": 91_000, "columnCount": 100}
    world.admin.edit(world.spreadsheet, requests=[{"addSheet": {"properties": {"title": "B", "gridProperties": grid}}}])
    lines = _check(world)
    assert _wrong(lines) == []
    assert [line.text.split(":")[0] for line in lines if line.ok is None] == ["size"]


def test_a_vendor_that_is_down_is_told_and_the_rest_is_looked_at(world: World) -> None:
    world.admin.fault(service="drive", do="refuse", status=403, times=9)
    lines = _check(world)
    assert [line.ok for line in lines if "edit" in line.text] == [None]
    assert _wrong(lines) == []


def test_a_right_that_a_tab_needs_and_the_key_lacks_is_named(world: World) -> None:
    world.admin.options(justcall={"opens_analytics": False})
    assert _wrong(_check(world)) == []
    world.swaps = {'stream = "calls"': 'stream = "analytics_calls"'}
    (line,) = _wrong(_check(world))
    assert line.exit_code == 5
    assert line.text.startswith("justcall: ")
    assert "403" in line.text
    assert "plan or role" in line.hint
    world.admin.options(justcall={"opens_analytics": True})
    assert any("opens the analytics exports" in line.text for line in _check(world))
