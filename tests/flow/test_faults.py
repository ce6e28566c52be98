"""Whatever goes wrong with one request to Google, the run or the one after it leaves every tab right.

Nothing is lost, nothing is twice, also when an answer was lost after its request had been carried out.
"""

from __future__ import annotations

from typing import Any

import pytest

from sync.destination import google
from sync.publish import MAX_ROUNDS
from sync.report import Outcome, RunReport
from tests import mishaps
from tests.world import World

REFUSALS: dict[str, dict[str, Any]] = {
    "429": {"do": "refuse", "status": 429},
    "429 with Retry-After": {"do": "refuse", "status": 429, "retry_after": 1},
    "500": {"do": "refuse", "status": 500},
    "503": {"do": "refuse", "status": 503},
    "an HTML page with 502": {"do": "html"},
    "a cut before it was carried out": {"do": "cut_before"},
    "a cut after it was carried out": {"do": "cut_after"},
    "a cut body": {"do": "cut_body"},
    "half a body with the right length": {"do": "truncate"},
}
SAMPLE = (
    "an HTML page with 502",
    "a cut after it was carried out",
    "a cut body",
)
EACH_FAULT = [pytest.param(name, marks=[] if name in SAMPLE else pytest.mark.full) for name in REFUSALS]
FIRST_LOAD, CHANGES = 3, 4  # requests to Google


def _change(world: World) -> int:
    world.run()
    n_notes = mishaps.write_notes(world)
    mishaps.edit_recent(world, 30)
    world.admin.arrive(20)
    return n_notes


def _assert_right(world: World, report: RunReport, n_notes: int = 0) -> None:
    assert report.outcome is Outcome.OK, report
    world.assert_tab_equals_vendor()
    mishaps.assert_notes_stand_beside_their_calls(world, n_notes)
    world.admin.clear_faults()
    again = world.run()
    assert again.outcome is Outcome.UNCHANGED
    assert world.n_requests("write") == 0


@pytest.mark.every(2)
@pytest.mark.parametrize("n", range(1, FIRST_LOAD + 1))
@pytest.mark.parametrize("fault", EACH_FAULT)
def test_a_first_load_survives_a_fault_at_any_request(world: World, fault: str, n: int) -> None:
    world.admin.fault(service="google", nth=n, **REFUSALS[fault])
    _assert_right(world, world.run())


@pytest.mark.every(2)
@pytest.mark.parametrize("n", range(1, CHANGES + 1))
@pytest.mark.parametrize("fault", EACH_FAULT)
def test_a_run_with_changes_survives_a_fault_at_any_request(world: World, fault: str, n: int) -> None:
    n_notes = _change(world)
    world.admin.fault(service="google", nth=n, **REFUSALS[fault])
    report = world.run()
    assert [fault["n_played"] for fault in world.admin.faults()] == [1]
    _assert_right(world, report, n_notes)


@pytest.mark.parametrize("fault", ["503", "an HTML page with 502", "a cut after it was carried out", "a cut body"])
@pytest.mark.parametrize("kind", [pytest.param("read", marks=pytest.mark.full), "write"])
def test_three_faults_in_a_row_are_survived_in_one_run(world: World, fault: str, kind: str) -> None:
    n_notes = _change(world)
    world.admin.fault(service="google", kind=kind, times=3, **REFUSALS[fault])
    _assert_right(world, world.run(), n_notes)


@pytest.mark.parametrize("fault", [pytest.param("503", marks=pytest.mark.full), "a cut before it was carried out"])
@pytest.mark.parametrize("kind", ["read", "write"])
def test_an_outage_fails_the_run_soon_and_the_next_one_makes_it_good(world: World, fault: str, kind: str) -> None:
    n_notes = _change(world)
    world.admin.fault(service="google", kind=kind, times=1000, **REFUSALS[fault])
    report = world.run()
    assert report.outcome is Outcome.FAILED
    assert report.error is not None
    assert report.error.kind == "Unreachable"
    assert len(world.admin.log(service="google")) <= (google.MAX_READ_TRIES if kind == "read" else 3 * MAX_ROUNDS)
    world.admin.clear_faults()
    _assert_right(world, world.run(), n_notes)


def test_a_run_whose_every_write_lands_without_an_answer_ends_well(world: World) -> None:
    n_notes = _change(world)
    world.admin.fault(service="google", kind="write", times=1000, do="cut_after")
    report = world.run()
    _assert_right(world, report, n_notes)
    assert report.tabs[0].added == 20


@pytest.mark.parametrize("nth", [1, 2])
def test_a_write_that_gets_no_answer_in_time_is_looked_for_before_it_is_repeated(
    world: World, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google, "READ_TIMEOUT_S", 0.3)
    n_notes = _change(world)
    world.admin.fault(service="google", kind="write", nth=nth, do="hold")
    report = world.run()
    assert report.outcome is Outcome.OK
    world.assert_tab_equals_vendor()
    mishaps.release(world.admin)  # it lands after all, when it is no longer wanted
    mishaps.good_run(world)
    world.assert_tab_equals_vendor()
    mishaps.assert_notes_stand_beside_their_calls(world, n_notes)


def test_a_read_that_gets_no_answer_in_time_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google, "READ_TIMEOUT_S", 0.3)
    n_notes = _change(world)
    world.admin.fault(service="google", kind="read", nth=2, do="hold")
    _assert_right(world, world.run(), n_notes)


def test_an_insert_whose_answer_was_lost_is_not_sent_again(world: World) -> None:
    _change(world)
    world.admin.fault(service="google", kind="write", path="batchUpdate$", do="cut_after")
    world.run()
    assert len(_batches(world)) == 1
    world.assert_tab_equals_vendor()


def _batches(world: World) -> list[dict[str, Any]]:
    return [entry for entry in world.admin.log(service="google") if entry["path"].endswith(":batchUpdate")]
