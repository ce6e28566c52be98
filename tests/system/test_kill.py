"""`kill -9` at each request of a real run: the request never carried out, carried out, or carried out after the death.

Whatever happened, the next good run leaves the tab equal to the vendor's data, and notes beside their own calls. What
lands after the next run is put right by the one that follows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sync.sandbox.server import SandboxServer
from tests import mishaps
from tests.world import World, open_world, small_sandbox


@dataclass(frozen=True)
class Scenario:
    """What a run has to do when it is killed, and its requests to Google: r for each read, w for each write."""

    change: Callable[[World], object]
    requests: str
    max_bytes: int = 2_000_000


def _nothing(world: World) -> None:
    pass


def _some(world: World) -> None:
    mishaps.edit_recent(world, 50)
    world.admin.arrive(20)


def _many(world: World) -> None:
    mishaps.edit_recent(world, 50)
    world.admin.arrive(600)


def _copies(world: World) -> None:
    mishaps.paste_copies(world, 3)


SMALL_BODIES = 30_000
SCENARIOS = {
    "a first load": Scenario(_nothing, "rww"),
    "a first load in several bodies": Scenario(_nothing, "rwwwwwrw", SMALL_BODIES),
    "a few changes": Scenario(_some, "rrww"),
    "a large addition": Scenario(_many, "rrww"),
    "a large addition in several bodies": Scenario(_many, "rrwwwwwww", 100_000),
    "copies of rows to remove": Scenario(_copies, "rrwrrwrrwrr"),
}
ENDS = ("never", "applied", "before the next run", "before its 2nd", "before its 3rd", "before its 4th", "after")
NTH = {"before its 2nd": 2, "before its 3rd": 3, "before its 4th": 4}
SAMPLE = [
    ("a first load", 2, "applied", False),
    ("a first load", 3, "after", True),
    ("a few changes", 3, "before its 3rd", False),
    ("a few changes", 4, "after", True),
    ("a large addition", 4, "never", True),
]
MATRIX = [
    (name, n, end, moves_on)
    for name, scenario in SCENARIOS.items()
    for n, kind in enumerate(scenario.requests, 1)
    for end in (ENDS if kind == "w" else ENDS[:2])
    for moves_on in (False, True)
    if (name, n, end, moves_on) not in SAMPLE
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with small_sandbox() as server:
        yield server


@pytest.fixture
def world(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("JUSTCALL_API_KEY", "test-key")
    monkeypatch.setenv("JUSTCALL_API_SECRET", "test-secret")
    with open_world(tmp_path, sandbox) as opened:
        yield opened


def _begin(world: World, scenario: Scenario) -> int:
    """Bring the tab to where the run begins that will be killed; return how many notes stand beside rows."""
    world.max_bytes = scenario.max_bytes
    n_notes = 0
    if scenario.change is not _nothing:
        mishaps.good_run(world)
        n_notes = mishaps.write_notes(world)
    scenario.change(world)
    return n_notes


def _survive(world: World, name: str, n: int, end: str, moves_on: bool) -> None:
    scenario = SCENARIOS[name]
    n_notes = _begin(world, scenario)
    assert mishaps.kill_at(world, n, applied=end == "applied") is not None
    if moves_on:  # what the dead run wrote is out of date by now
        mishaps.edit_recent(world, 60)
        world.admin.arrive(5)
    if end == "before the next run":
        mishaps.release(world.admin)
    if end in NTH:
        n_so_far = len(world.admin.log(service="google"))
        with mishaps.landing_before(world, NTH[end]):
            mishaps.good_run(world)
        assert len(world.admin.log(service="google")) > n_so_far
    else:
        mishaps.good_run(world)
    if end in NTH or end == "after":
        n_notes = n_notes or mishaps.write_notes(world)
    if end == "after":
        world.assert_tab_equals_vendor()
        mishaps.release(world.admin)
        mishaps.good_run(world)
    elif end in NTH:  # it may have come after the last look of that run
        mishaps.good_run(world)
    world.assert_tab_equals_vendor()
    mishaps.assert_notes_stand_beside_their_calls(world, n_notes)


@pytest.mark.every(2)
@pytest.mark.parametrize(("name", "n", "end", "moves_on"), SAMPLE)
def test_a_run_killed_at_a_request_is_made_good_by_the_next(
    world: World, name: str, n: int, end: str, moves_on: bool
) -> None:
    _survive(world, name, n, end, moves_on)


@pytest.mark.full
@pytest.mark.parametrize(("name", "n", "end", "moves_on"), MATRIX)
def test_a_run_killed_at_any_request_is_made_good_by_the_next(
    world: World, name: str, n: int, end: str, moves_on: bool
) -> None:
    _survive(world, name, n, end, moves_on)


LEAVING_REQUESTS = "rrwrw"
LEAVING = [
    (n, end)
    for n, kind in enumerate(LEAVING_REQUESTS, 1)
    for end in (("never", "applied", "before the next run", "after") if kind == "w" else ("never",))
]
LEAVING_SAMPLE = [(3, "applied"), (5, "applied"), (3, "after")]


def _let_rows_leave(world: World) -> tuple[int, set[str]]:
    """Edit recent calls so that they no longer pass; return how many notes stay, and the calls with those that go."""
    world.more_tab = 'where = ["status != busy"]'
    mishaps.good_run(world)
    n_notes = mishaps.write_notes(world)
    rows = world.rows_by_header()[-40:]
    world.admin.edit_calls(call_ids=[row["Call ID"] for row in rows], fields={"status": "busy"})
    noted = {row["Call ID"] for row in rows if row.get(mishaps.NOTES)}
    return n_notes - len(noted), noted


def _survive_leaving(world: World, n: int, end: str) -> None:
    n_notes, noted = _let_rows_leave(world)
    assert mishaps.kill_at(world, n, applied=end == "applied") is not None
    if end == "before the next run":
        mishaps.release(world.admin)
    mishaps.good_run(world)
    if end == "after":
        mishaps.release(world.admin)
        mishaps.good_run(world)
    shown = {row["Call ID"] for row in world.rows_by_header()}
    assert shown == {key for key, call in world.wanted().items() if call["Status"] != "busy"}
    mishaps.assert_notes_stand_beside_their_calls(world, n_notes)
    filed = world.rows_by_header("Removed rows")
    assert sorted(row["Call ID"] for row in filed) == sorted(noted)
    assert all(row["Call ID"] in row[mishaps.NOTES] for row in filed)


@pytest.mark.every(2)
@pytest.mark.parametrize(("n", "end"), LEAVING_SAMPLE)
def test_rows_that_leave_are_filed_once_whenever_the_run_is_killed(world: World, n: int, end: str) -> None:
    _survive_leaving(world, n, end)


@pytest.mark.full
@pytest.mark.parametrize(("n", "end"), [one for one in LEAVING if one not in LEAVING_SAMPLE])
def test_rows_that_leave_are_filed_once_at_every_request(world: World, n: int, end: str) -> None:
    _survive_leaving(world, n, end)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_matrix_reaches_every_request_of_a_run(world: World, name: str) -> None:
    _begin(world, SCENARIOS[name])
    world.admin.clear_log()
    mishaps.good_run(world)
    kinds = "".join(entry["kind"][0] for entry in world.admin.log(service="google"))
    # How many bodies there are follows from the calls of the day so far
    assert re.fullmatch(SCENARIOS[name].requests + "w{0,2}", kinds)


@pytest.mark.full
@pytest.mark.parametrize("n", range(1, 9))
def test_a_run_killed_at_any_request_to_the_vendor_is_made_good_by_the_next(world: World, n: int) -> None:
    n_notes = _begin(world, SCENARIOS["a large addition"])
    assert mishaps.kill_at(world, n, service="justcall") is not None
    mishaps.good_run(world)
    world.assert_tab_equals_vendor()
    mishaps.assert_notes_stand_beside_their_calls(world, n_notes)


def test_a_run_killed_while_it_reads_calls_is_made_good_by_the_next(world: World) -> None:
    assert mishaps.kill_at(world, 3, service="justcall") is not None
    assert world.admin.log(service="google") == []
    mishaps.good_run(world)
    world.assert_tab_equals_vendor()
