"""A write whose sender gave up on it may land minutes later; what it spoils is seen and put right, and costs little."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sync import clock
from sync.destination import google
from sync.report import Outcome
from sync.store import published
from sync.store.db import open_store
from sync.tab_publish import LATEST_LANDING
from tests import mishaps
from tests.world import World

N_LARGE = 600  # more than fit into the request that inserts their rows


@pytest.fixture(autouse=True)
def _gives_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google, "READ_TIMEOUT_S", 0.4)


def _run_that_loses_a_write(world: World, nth: int, *, n_new: int = 20) -> int:
    """Run with changes; the `nth` write is held, given up and done again. Return how many notes stand in the tab."""
    mishaps.good_run(world)
    n_notes = mishaps.write_notes(world)
    mishaps.edit_recent(world, 30)
    world.admin.arrive(n_new)
    world.admin.fault(service="google", kind="write", nth=nth, do="hold")
    mishaps.good_run(world)
    world.admin.clear_faults()
    world.assert_tab_equals_vendor()
    return n_notes


def _assert_right(world: World, n_notes: int) -> None:
    world.assert_tab_equals_vendor()
    mishaps.assert_notes_stand_beside_their_calls(world, n_notes)


@pytest.mark.parametrize("nth", [1, 2])
def test_old_values_that_land_late_are_put_right_by_the_next_run(world: World, nth: int) -> None:
    n_notes = _run_that_loses_a_write(world, nth)
    mishaps.edit_recent(world, 50)
    mishaps.good_run(world)
    mishaps.release(world.admin)
    mishaps.good_run(world)
    _assert_right(world, n_notes)


def test_the_last_possible_landing_is_seen_however_late_the_next_run_is(
    world: World, later: Callable[..., None]
) -> None:
    n_notes = _run_that_loses_a_write(world, 2)
    later(seconds=LATEST_LANDING.total_seconds() / 2)
    mishaps.edit_recent(world, 50)
    mishaps.good_run(world)
    mishaps.release(world.admin)
    later(seconds=86_400 / 24)
    mishaps.good_run(world)
    _assert_right(world, n_notes)


def test_runs_are_cheap_again_once_nothing_can_land_any_more(world: World, later: Callable[..., None]) -> None:
    _run_that_loses_a_write(world, 2)
    later(seconds=LATEST_LANDING.total_seconds() + 1)
    mishaps.good_run(world)
    mishaps.edit_recent(world, 1)
    assert world.run().outcome is Outcome.OK
    (_, cells) = world.admin.log(service="google", kind="read")
    assert cells["n_bytes_out"] < 20_000
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.n_requests("read") <= 2


@pytest.mark.every(2)
@pytest.mark.parametrize("n_before", [1, *(pytest.param(n, marks=pytest.mark.full) for n in (2, 3, 4)), 5])
def test_a_write_that_lands_between_the_requests_of_the_next_run_is_put_right(world: World, n_before: int) -> None:
    n_notes = _run_that_loses_a_write(world, 1)
    mishaps.edit_recent(world, 50)
    world.admin.arrive(7)
    world.admin.clear_log()
    with mishaps.landing_before(world, n_before):
        mishaps.good_run(world)
    mishaps.good_run(world)
    _assert_right(world, n_notes)


def _sort_by_duration(world: World) -> None:
    header, *rows = world.tab()
    span = {"sheetId": mishaps.sheet_id(world), "startRowIndex": 1, "endRowIndex": 1 + len(rows)}
    by = {"dimensionIndex": header.index("Duration (s)"), "sortOrder": "DESCENDING"}
    world.admin.edit(world.spreadsheet, requests=[{"sortRange": {"range": span, "sortSpecs": [by]}}])


@pytest.mark.parametrize("nth", [1, 2])
def test_a_small_write_that_lands_after_a_sort_is_put_right(world: World, nth: int) -> None:
    n_notes = _run_that_loses_a_write(world, nth)
    _sort_by_duration(world)
    mishaps.release(world.admin)
    mishaps.good_run(world)
    _assert_right(world, n_notes)


def test_a_large_addition_that_lands_after_a_sort_leaves_notes_beside_their_calls(world: World) -> None:
    n_notes = _run_that_loses_a_write(world, 2, n_new=N_LARGE)
    _sort_by_duration(world)
    mishaps.release(world.admin)
    mishaps.good_run(world)
    _assert_right(world, n_notes)


def test_a_run_clears_its_own_notes_of_writes_begun_and_no_other_sheets(world: World) -> None:
    store = open_store(world.config().store_url())
    for uid in ("support/Calls", "another sheet/Calls"):
        published.note_intent(store, spreadsheet_id=world.spreadsheet, uids=[uid], run_id="dead", at=clock.now())
    mishaps.good_run(world)
    left = published.open_intents(store, world.spreadsheet)
    store.close()
    assert [intent.uids for intent in left] == [("another sheet/Calls",)]
