"""One run that hangs, breaks or takes too long: the others go on, and it leaves nothing behind."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil
import pytest

from sync import clock, crew, dispatch, log, run
from sync.dispatch import STUCK
from sync.history import errors_in
from sync.report import Outcome, RunReport
from sync.store.due_runs import ask
from sync.store.runs import recent_runs
from tests.daemon_desk import Desk, eventually
from tests.sandbox_admin import Admin


class _Busy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Retry-After", "5")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def busy_vendor() -> Iterator[str]:
    """Give the address of a vendor that is always about to be back."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Busy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.full
def test_a_vendor_that_keeps_runs_waiting_ends_its_own_run_at_the_deadline_and_no_other(
    desk: Desk, admin: Admin, busy_vendor: str
) -> None:
    desk.other_url = busy_vendor
    desk.write_main(workers=2, deadline="10s")
    for n in range(3):
        desk.write_sheet(f"hung-{n}", admin.make_spreadsheet(), connection="other")
    desk.write_sheet("fine", admin.make_spreadsheet())
    with desk.serving():
        desk.ran("fine")
        desk.ask("fine")
        desk.ran("fine", 2)
        eventually(lambda: all(desk.outcomes().get(f"hung-{n}") for n in range(3)))
    assert desk.outcomes()["fine"] == ["ok", "unchanged"]
    assert [report.sheet for report in desk.heard.reports][:2] == ["fine", "fine"], "it did not wait for the others"
    errors = [tab.error for report in desk.heard.reports for tab in report.tabs if tab.error]
    errors += [report.error for report in desk.heard.reports if report.error]
    assert len(errors) >= 3
    assert all(row.state == "ended" for row in desk.rows())


def _instantly(_office: Any, sheet: Any, request: Any, **_: Any) -> RunReport:
    return RunReport(sheet=sheet.name, outcome=Outcome.OK, started_at=request.requested_at, seconds=0.0)


def test_forty_sheets_due_together_all_run_with_two_workers(
    desk: Desk, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "run_sheet", _instantly)
    desk.write_main(workers=2)
    for n in range(40):
        desk.write_sheet(f"sheet-{n}", f"1AbCdEfGhIjKlMnOpQr{n:02}")
    with desk.serving():
        eventually(lambda: len(desk.heard.reports) == 40)
    assert sorted(desk.outcomes()) == sorted(f"sheet-{n}" for n in range(40))
    assert [(row.state, row.reason) for row in desk.rows()] == [("ended", None)] * 40


def test_a_sheet_that_is_due_again_while_it_runs_runs_again_right_after(
    desk: Desk, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, release = threading.Semaphore(0), threading.Event()

    def slowly(*given: Any, **more: Any) -> RunReport:
        begun.release()
        assert release.wait(60)
        return _instantly(*given, **more)

    monkeypatch.setattr(dispatch, "run_sheet", slowly)
    desk.write_sheet("calls", "1AbCdEfGhIjKlMnOpQr", schedule='every = "1h"')
    with desk.serving():
        assert begun.acquire(timeout=60)
        clock.set_now(lambda: datetime.now(UTC) + timedelta(hours=1))
        try:
            eventually(lambda: [row.state for row in desk.rows()] == ["running", "waiting"])
            assert not begun.acquire(blocking=False), "never two of one sheet"
            release.set()
            desk.ran("calls", 2)
        finally:
            release.set()
            clock.set_now(None)
    assert [(row.state, row.reason) for row in desk.rows()] == [("ended", None)] * 2


def test_what_every_run_warns_of_is_said_once(
    desk: Desk, admin: Admin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    warnings = [("the zones differ",), ("the zones differ", "a column is new"), ("the zones differ",)]
    given = iter(warnings)

    def warn(*asked: Any, **more: Any) -> RunReport:
        return replace(_instantly(*asked, **more), warnings=next(given))

    log.setup("info", json=True)
    monkeypatch.setattr(dispatch, "run_sheet", warn)
    desk.write_sheet("calls", "1AbCdEfGhIjKlMnOpQr")
    with desk.serving():
        for n in range(1, 4):
            desk.ran("calls", n)
            if n < 3:
                desk.ask("calls")
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [one["event"] for one in said if one.get("action") == "run-warning"] == [
        "the zones differ",
        "a column is new",
    ]


def test_a_wish_that_cannot_be_read_any_more_is_kept_with_the_reason(
    desk: Desk, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "run_sheet", _instantly)
    desk.write_sheet("calls", "1AbCdEfGhIjKlMnOpQr")
    with desk.serving(), desk.store() as store:
        desk.ran("calls")
        ask(store, "calls", "{of another version", at=clock.now())
        eventually(lambda: [row for row in desk.rows() if "it broke" in (row.reason or "")])
        desk.ask("calls")
        desk.ran("calls", 2)


def test_a_crash_in_one_sheet_is_told_and_stops_no_other(
    desk: Desk, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sheet = dispatch.run_sheet

    def break_some(office: Any, sheet: Any, *rest: Any, **more: Any) -> Any:
        if sheet.name == "bad":
            raise ZeroDivisionError("unforeseen")
        return run_sheet(office, sheet, *rest, **more)

    monkeypatch.setattr(dispatch, "run_sheet", break_some)
    desk.write_main(workers=1)
    for name in ("bad", "good"):
        desk.write_sheet(name, admin.make_spreadsheet())
    with desk.serving():
        desk.ran("good")
        eventually(lambda: all(row.state == "ended" for row in desk.rows()))
        desk.ask("good")
        desk.ran("good", 2)
    reasons = {row.sheet: row.reason for row in desk.rows()}
    assert reasons == {"bad": "it broke: ZeroDivisionError: unforeseen", "good": None}
    (told,) = [report for report in desk.heard.reports if report.sheet == "bad"]
    assert told.error is not None
    assert (told.error.kind, told.outcome) == ("Unforeseen", Outcome.FAILED)


def test_a_mistake_of_the_program_fails_its_run_and_is_told_in_the_history(
    desk: Desk, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_it(*_: Any, **__: Any) -> Any:
        raise KeyError("unforeseen")

    monkeypatch.setattr(run, "_refresh_all", break_it)
    book = admin.make_spreadsheet()
    desk.write_sheet("calls", book)
    with desk.serving(), desk.store() as store:
        desk.ran("calls")
        (ended,) = recent_runs(store, "calls")
    (told,) = desk.heard.reports
    assert told.error is not None
    assert (told.error.kind, told.error.exit_code) == ("Unforeseen", 1)
    assert "KeyError: 'unforeseen'" in told.error.message
    assert ended.outcome == "failed"
    assert "run-broke" in str(errors_in(ended))
    assert [(row.state, row.reason) for row in desk.rows()] == [("ended", None)]


@pytest.mark.full
def test_a_run_that_never_answers_is_given_up_and_its_sheet_runs_again(
    desk: Desk, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "STUCK_AFTER", timedelta(0))
    release, run_sheet, hung = threading.Event(), dispatch.run_sheet, []

    def hang_once(office: Any, sheet: Any, *rest: Any, **more: Any) -> Any:
        if not hung:
            hung.append(sheet.name)
            release.wait(120)
        return run_sheet(office, sheet, *rest, **more)

    monkeypatch.setattr(dispatch, "run_sheet", hang_once)
    desk.write_main(workers=1, deadline="10s")
    desk.write_sheet("calls", admin.make_spreadsheet())
    with desk.serving():
        eventually(lambda: [row for row in desk.rows() if row.reason == STUCK])
        desk.ask("calls")
        desk.ran("calls")
        release.set()
    assert hung == ["calls"]


@pytest.mark.full
def test_memory_returns_to_its_level_after_every_run(desk: Desk, admin: Admin) -> None:
    for n in range(4):
        desk.write_sheet(f"sheet-{n}", admin.make_spreadsheet())
    process = psutil.Process()

    def run_all(n_before: int, n_rounds: int) -> int:
        for n in range(n_before, n_before + n_rounds):
            admin.edit_calls(20)
            for i in range(4):
                desk.ask(f"sheet-{i}")
            for i in range(4):
                desk.ran(f"sheet-{i}", n + 1)
        admin.clear_log()
        gc.collect()
        return int(process.memory_info().rss)

    with desk.serving():
        for i in range(4):
            desk.ran(f"sheet-{i}")
        run_all(1, 8)
        before = run_all(9, 4)
        after = run_all(13, 25)
    # A hundred runs more; the sandbox in this process takes its share, too
    assert after - before < 25_000_000, f"{(after - before) / 1e6:.0f} MB more after a hundred runs"
