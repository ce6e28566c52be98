"""How records get into the mirror: what is asked for again, what is shared, and what a failure leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync import clock
from sync.office import NoProgress, open_office
from sync.report import ErrorReport, Outcome, RunReport, exit_code_of
from sync.run import RunRequest, Trigger, run_sheet
from tests.world import ZONE, World


@pytest.fixture
def shift() -> Iterator[Any]:
    """Give a function that sets the clock so far from the real one; it goes on ticking."""
    yield lambda by: clock.set_now(lambda: datetime.now(UTC) + by)
    clock.set_now(None)


def _n_asked(world: World) -> int:
    return len([entry for entry in world.admin.log(service="justcall") if "/v2/calls" in entry["path"]])


def _error_of(report: RunReport) -> ErrorReport:
    error = report.tabs[0].error
    assert error is not None
    return error


def _shown(world: World) -> dict[str, dict[str, Any]]:
    return {row["Call ID"]: row for row in world.rows_by_header()}


def _assert_shows_at_least_the_period(world: World) -> None:
    shown, ids = _shown(world), [row["Call ID"] for row in world.rows_by_header()]
    assert len(ids) == len(set(ids))
    for call_id, wanted in world.wanted().items():
        assert shown[call_id]["Notes"] == wanted["Notes"] or len(wanted["Notes"] or "") > 40_000
        assert shown[call_id]["Duration (s)"] == wanted["Duration (s)"]


# What is asked for


def test_a_second_run_asks_for_the_lookback_window_only(world: World) -> None:
    world.period = "last 20 days"
    world.run()
    n_first = _n_asked(world)
    world.run()
    n_second = _n_asked(world)
    assert n_second <= n_first / 2
    world.assert_tab_equals_vendor()


def test_a_period_that_goes_further_back_reads_what_is_missing(world: World) -> None:
    world.run()
    world.period = "last 28 days"
    report = world.run()
    assert report.tabs[0].added > 0
    world.assert_tab_equals_vendor()
    assert world.run().outcome is Outcome.UNCHANGED


def test_edits_within_lookback_come_on_every_run(world: World) -> None:
    world.run()
    recent = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    calls = [c["call_id"] for c in world.admin.calls() if c["started_at"] > recent][:3]
    world.admin.edit_calls(call_ids=calls, fields={"notes": "late"})
    assert world.run().tabs[0].changed == 3
    world.assert_tab_equals_vendor()


def test_older_edits_come_with_the_weekly_second_look(world: World, shift: Any) -> None:
    world.period = "last 20 days"
    world.run()
    old = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    call = next(c["call_id"] for c in world.admin.calls() if c["started_at"] < old)
    world.admin.edit_calls(call_ids=[call], fields={"notes": "much later"})
    assert world.run().tabs[0].changed == 0
    shift(timedelta(days=7, minutes=1))
    world.run()
    assert _shown(world)[call]["Notes"] == "much later"


def test_days_without_a_run_are_caught_up_with_what_was_edited_meanwhile(world: World, shift: Any) -> None:
    shift(-timedelta(days=10))
    world.run()
    now = datetime.now(UTC)
    before, after = (now - timedelta(days=12)).isoformat(), (now - timedelta(days=10, hours=1)).isoformat()
    late = [c["call_id"] for c in world.admin.calls() if before < c["started_at"] < after][:5]
    world.admin.edit_calls(call_ids=late, fields={"notes": "edited while nobody looked"})
    shift(timedelta(0))
    world.period = "last 9 days"
    world.run()
    _assert_shows_at_least_the_period(world)
    shown = _shown(world)
    assert {shown[call_id]["Notes"] for call_id in late} == {"edited while nobody looked"}
    world.period = "last 14 days"
    world.run()
    _assert_shows_at_least_the_period(world)


# Sharing


def _two_sheets(world: World, period: str = "last 7 days") -> None:
    other = world.admin.make_spreadsheet("Other")
    start = '[[sheet]]\nname = "support"'
    world.swaps[start] = (
        f'[[sheet]]\nname = "other"\nspreadsheet = "{other}"\ntimezone = "{ZONE}"\n[[sheet.tab]]\ntitle = "All"\n'
        f'connection = "justcall"\nstream = "calls"\nperiod = "{period}"\n\n{start}'
    )


def test_two_sheets_asked_at_one_moment_read_the_vendor_once_and_a_later_run_reads_again(world: World) -> None:
    _two_sheets(world)
    config = world.config()
    other, support = config.sheets
    request = RunRequest(trigger=Trigger.SCHEDULE, requested_at=clock.now())
    with open_office(config) as office:

        def run(sheet: Any, request: RunRequest) -> RunReport:
            return run_sheet(office, sheet, request, progress=NoProgress(), stop=threading.Event())

        assert run(support, request).requests["justcall"] > 0
        assert run(other, request).requests.get("justcall", 0) == 0
        world.admin.arrive(1)
        later = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
        report = run(other, later)
        assert report.requests["justcall"] > 0
        assert report.tabs[0].added == 1
        assert run(support, later).tabs[0].added == 1  # what the other sheet read is shown here too
    world.assert_tab_equals_vendor()


def test_two_sheets_at_the_same_time_wait_for_one_reading(world: World) -> None:
    world.run()
    n_alone = _n_asked(world)
    (world.folder / "callsheet.db").unlink()
    world.spreadsheet = world.admin.make_spreadsheet("Fresh")
    _two_sheets(world)
    config = world.config()
    request = RunRequest(trigger=Trigger.SCHEDULE, requested_at=clock.now())
    world.admin.clear_log()
    reports: list[RunReport] = []
    with open_office(config) as office:

        def run(sheet: Any) -> None:
            reports.append(run_sheet(office, sheet, request, progress=NoProgress(), stop=threading.Event()))

        threads = [threading.Thread(target=run, args=(sheet,)) for sheet in config.sheets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {report.outcome for report in reports} == {Outcome.OK}
    assert _n_asked(world) == n_alone
    world.assert_tab_equals_vendor()


def test_a_period_asked_for_shows_also_what_another_sheet_had_read_before(world: World) -> None:
    _two_sheets(world, "last 28 days")
    config = world.config()
    other, support = config.sheets
    today = clock.now().date()

    def days(first: int, last: int) -> clock.Period:
        return clock.Period.parse(f"{today - timedelta(days=first)}..{today - timedelta(days=last)}")

    with open_office(config) as office:
        for sheet, period in ((other, None), (support, None), (support, days(26, 24)), (support, None)):
            request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now(), period=period)
            run_sheet(office, sheet, request, progress=NoProgress(), stop=threading.Event())
        request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now(), period=days(15, 13))
        report = run_sheet(office, support, request, progress=NoProgress(), stop=threading.Event())
    first, last = (str(today - timedelta(days=n)) for n in (14, 13))
    asked = {call["call_id"] for call in world.admin.calls() if first <= call["started_at"][:10] < last}
    assert asked
    assert asked <= set(_shown(world))
    assert report.tabs[0].added >= len(asked)


class _Meanwhile(NoProgress):
    """Does something once, when rows have landed."""

    def __init__(self, do: Callable[[], object]) -> None:
        self._do = [do]

    def rows(self, done: int, total: int) -> None:
        """Do it now."""
        if self._do:
            self._do.pop()()


def test_what_others_read_while_a_tab_is_written_is_shown_by_the_next_run(world: World) -> None:
    _two_sheets(world)
    config = world.config()
    other, support = config.sheets
    with open_office(config) as office:

        def run(sheet: Any, progress: NoProgress) -> RunReport:
            request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
            return run_sheet(office, sheet, request, progress=progress, stop=threading.Event())

        def meanwhile() -> None:
            world.admin.arrive(1)
            run(other, NoProgress())

        run(support, _Meanwhile(meanwhile))
        run(support, NoProgress())
    world.assert_tab_equals_vendor()


# Failures on the way


def test_a_reading_that_fails_half_way_is_taken_up_and_loses_nothing(world: World) -> None:
    world.run()  # takes the weekly second look, which would hide a gap
    world.period = "last 28 days"
    world.admin.fault(service="justcall", nth=4, times=1, do="refuse", status=400)
    report = world.run()
    error = _error_of(report)
    assert (report.outcome, error.kind, error.exit_code) == (Outcome.FAILED, "ContractBroken", 6)
    assert world.n_requests("write") == 0
    assert world.run().outcome is Outcome.OK
    world.assert_tab_equals_vendor()


def test_a_reading_that_fails_half_way_leaves_a_published_tab_as_it_is(world: World) -> None:
    world.run()
    world.admin.arrive(150)
    before = world.tab()
    world.admin.fault(service="justcall", nth=2, times=1, do="refuse", status=400)
    world.run()
    assert world.tab() == before
    world.run()
    world.assert_tab_equals_vendor()


def test_calls_that_arrive_during_the_walk_are_neither_lost_nor_doubled(world: World) -> None:
    world.period = "last 28 days"
    world.admin.fault(service="justcall", nth=3, times=1, do="arrive", n=7)
    world.run()
    world.run()
    world.assert_tab_equals_vendor()


def test_a_page_that_comes_twice_costs_a_request_and_no_call(world: World) -> None:
    world.period = "last 28 days"
    world.admin.fault(service="justcall", nth=3, times=1, do="repeat_page")
    assert world.run().outcome is Outcome.OK
    world.assert_tab_equals_vendor()


@pytest.mark.parametrize("do", ["html", "cut_before", "cut_body", "truncate"])
def test_a_broken_answer_is_asked_for_again(world: World, do: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.http.client.random.uniform", lambda low, high: 0.0)
    world.admin.fault(service="justcall", nth=2, times=1, do=do)
    assert world.run().outcome is Outcome.OK
    world.assert_tab_equals_vendor()


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "drop_field", "field": "started_at"},
        {"do": "drop_field", "field": "notes"},
        {"do": "rename_field", "field": "duration", "to": "length"},
        {"do": "retype_field", "field": "duration"},
        {"do": "retype_field", "field": "call_id"},
    ],
    ids=lambda fault: f"{fault['do']} {fault['field']}",
)
def test_a_changed_form_of_calls_keeps_the_rows_and_says_what_changed(world: World, fault: dict[str, str]) -> None:
    world.run()
    before = {title: world.tab(title) for title in ("Calls", "By agent", "By day")}
    world.admin.fault(service="justcall", times=100, **fault)
    report = world.run()
    world.admin.clear_faults()
    error = _error_of(report)
    assert (report.outcome, error.kind, error.exit_code) == (Outcome.FAILED, "ContractBroken", 6)
    assert exit_code_of([report]) == 6
    assert fault["field"] in error.message
    assert {title: world.tab(title) for title in before} == before
    assert world.n_requests("write") == 0
    world.admin.arrive(3)
    world.run()
    world.assert_tab_equals_vendor()


def test_one_call_that_cannot_be_read_is_left_out_and_told(world: World) -> None:
    world.run()
    odd, fine = (call["call_id"] for call in world.admin.arrive(2))
    world.admin.edit_calls(call_ids=[odd], fields={"duration": "about five"})
    report = world.run()
    assert exit_code_of([report]) == 0
    assert odd in " ".join(report.tabs[0].warnings)
    assert "about five" not in " ".join(report.tabs[0].warnings)
    assert fine in _shown(world)
    assert odd not in _shown(world)
    world.admin.edit_calls(call_ids=[odd], fields={"duration": 5})
    world.run()
    world.assert_tab_equals_vendor()


# What the vendor forgets


def _forget(world: World, older_than: timedelta) -> set[str]:
    limit = (datetime.now(UTC) - older_than).isoformat()
    ids = [call["call_id"] for call in world.admin.calls() if call["started_at"] < limit]
    world.admin.edit_calls(call_ids=ids, fields={"started_at": "1990-01-01T00:00:00Z"})
    return set(ids)


def test_calls_that_the_vendor_forgets_stay(world: World) -> None:
    world.period = "last 20 days"
    world.run()
    before = _shown(world)
    _forget(world, timedelta(days=2))
    world.run(rebuild=True)
    assert _shown(world) == before


def test_what_lies_past_the_vendors_memory_is_no_alarm(world: World, shift: Any) -> None:
    world.period = "last 20 days"
    world.swaps['vendor = "justcall"'] = 'vendor = "justcall"\nreread = "400 days"'
    world.run()
    before = _shown(world)
    _forget(world, timedelta(0))
    shift(timedelta(days=60))
    assert _error_of(world.run()).kind == "UnexpectedlyEmpty"
    shift(timedelta(days=111))
    report = world.run()
    assert exit_code_of([report]) == 0
    assert _shown(world) == before


def test_a_yes_to_an_empty_answer_holds_for_later_runs(world: World) -> None:
    world.run()
    before = _shown(world)
    _forget(world, timedelta(0))
    assert _error_of(world.run()).kind == "UnexpectedlyEmpty"
    assert exit_code_of([world.run(allow_empty=True)]) == 0
    assert exit_code_of([world.run()]) == 0
    assert _shown(world) == before
    world.admin.arrive(2)
    assert world.run().tabs[0].added == 2
    _forget(world, timedelta(0))
    assert _error_of(world.run()).kind == "UnexpectedlyEmpty"
