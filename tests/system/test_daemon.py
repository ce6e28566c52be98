"""The daemon as a real process, against a sandbox over HTTP, with real signals."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests import program
from tests.sandbox_admin import Admin


def _events_until(process: subprocess.Popen[str], action: str, n: int = 1) -> list[dict[str, Any]]:
    """Read log lines until `action` has come `n` times; every line must be one JSON object."""
    events: list[dict[str, Any]] = []
    assert process.stderr is not None
    for line in process.stderr:
        events.append(json.loads(line))
        if sum(event["action"] == action for event in events) == n:
            return events
    raise AssertionError(f"{action} did not come {n} times: {events}")


def _named(events: list[dict[str, Any]], action: str) -> list[dict[str, Any]]:
    return [event for event in events if event["action"] == action]


@pytest.mark.every(2)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_sheets_due_together_all_run_and_a_signal_ends_it_with_0(
    sandbox: Admin, tmp_path: Path, number: signal.Signals
) -> None:
    books = {f"sheet-{n}": sandbox.make_spreadsheet(f"Book {n}") for n in range(6)}
    config = program.write_config(tmp_path, sandbox.url, books, workers=2)
    with program.started("serve", "--config", str(config)) as daemon:
        events = _events_until(daemon, "run-finished", 6)
        rest = program.stop(daemon, number, within_s=10)
    assert daemon.returncode == 0
    assert sorted(event["sheet"] for event in _named(events, "run-finished")) == sorted(books)
    assert {event["outcome"] for event in _named(events, "run-finished")} == {"ok"}
    assert [event["action"] for event in rest] == ["daemon-stopping", "daemon-stopped"]
    for book in books.values():
        assert len(sandbox.tab_values(book, "Calls")) > 10


def test_one_sheet_that_fails_does_not_stop_another(sandbox: Admin, tmp_path: Path) -> None:
    books = {"refused": sandbox.make_spreadsheet("No", access="none"), "fine": sandbox.make_spreadsheet("Yes")}
    config = program.write_config(tmp_path, sandbox.url, books, workers=1)
    with program.started("serve", "--config", str(config)) as daemon:
        events = _events_until(daemon, "run-finished", 2)
        rest = program.stop(daemon, within_s=10)
    outcomes = {event["sheet"]: event["outcome"] for event in _named(events, "run-finished")}
    assert outcomes == {"refused": "failed", "fine": "ok"}
    (error,) = _named(events + rest, "run-error")
    assert (error["sheet"], error["kind"]) == ("refused", "NotShared")
    assert error["hint"]


def test_a_stop_in_the_middle_of_a_run_ends_it_and_gives_the_lease_back(sandbox: Admin, tmp_path: Path) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"calls": sandbox.make_spreadsheet()}, period="last 30 days")
    sandbox.fault(service="justcall", do="delay", seconds=1, times=100)
    with program.started("serve", "--config", str(config)) as daemon:
        _events_until(daemon, "run-started")
        time.sleep(0.5)
        rest = program.stop(daemon, within_s=10)
    assert daemon.returncode == 0
    assert _named(rest, "run-stopped")[0]["reason"] == "daemon stops"
    assert _named(rest, "daemon-stopped")[0]["still_running"] == []
    sandbox.clear_faults()
    result = program.run("run-now", "calls", "--config", str(config))
    assert result.returncode == 0, result.stderr


@pytest.mark.full
def test_a_run_that_is_not_owed_is_not_run_at_start(sandbox: Admin, tmp_path: Path) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"calls": sandbox.make_spreadsheet()}, every="1 day")
    assert program.run("run-now", "--config", str(config)).returncode == 0
    with program.started("serve", "--config", str(config)) as daemon:
        events = _events_until(daemon, "daemon-started")
        time.sleep(0.5)
        events += program.stop(daemon, within_s=10)
    assert not _named(events, "run-missed")
    assert not _named(events, "run-started")


def test_a_broken_sheet_is_left_out_and_the_others_run(sandbox: Admin, tmp_path: Path) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"good": sandbox.make_spreadsheet()})
    (tmp_path / "broken.toml").write_text(
        '[[sheet]]\nname = "bad"\nspreadsheet = "2AbCdEfGhIjKlMnOp"\nevery = "soon"\n'
    )
    config.write_text('include = ["broken.toml"]\n' + config.read_text())
    with program.started("serve", "--config", str(config)) as daemon:
        events = _events_until(daemon, "run-finished")
        program.stop(daemon, within_s=10)
    problems = _named(events, "config-problem")
    assert ("broken.toml", 4) in [(Path(problem["file"]).name, problem["line"]) for problem in problems]
    assert [event["sheet"] for event in _named(events, "run-finished")] == ["good"]
