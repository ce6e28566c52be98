"""Several real processes on one store: daemons that share the work, that die, and run-now beside them."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests import program
from tests.daemon_desk import eventually
from tests.sandbox_admin import Admin


def _ask(config: Path, query: str) -> list[tuple[object, ...]]:
    file = config.parent / "callsheet.db"
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []  # not made yet


def _runs(config: Path) -> list[tuple[object, ...]]:
    return _ask(config, "SELECT sheet, trigger, outcome FROM runs ORDER BY number")


def _config(sandbox: Admin, folder: Path, n: int, **values: object) -> Path:
    books = {f"sheet-{i}": sandbox.make_spreadsheet(f"Book {i}") for i in range(n)}
    path = program.write_config(folder, sandbox.url, books, every="1 day", **values)  # type: ignore[arg-type]
    path.write_text(path.read_text().replace("[daemon]", '[daemon]\njitter = "0s"'))
    return path


def test_two_daemons_on_one_store_share_the_work_and_no_run_happens_twice(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 10, workers=1)
    sandbox.fault(service="justcall", do="delay", seconds=0.2, times=100)
    with ExitStack() as stack:
        daemons = [stack.enter_context(program.started("serve", "--config", str(config))) for _ in range(2)]
        eventually(lambda: sum(outcome == "ok" for _, _, outcome in _runs(config)) == 10)
        time.sleep(0.5)
        logs = [program.stop(daemon) for daemon in daemons]
    assert [daemon.returncode for daemon in daemons] == [0, 0]
    assert Counter(sheet for sheet, _, _ in _runs(config)) == {f"sheet-{n}": 1 for n in range(10)}
    done = [sum(event["action"] == "run-finished" for event in log) for log in logs]
    assert sum(done) == 10
    assert min(done) > 0, "both take their part"


def test_what_a_killed_daemon_was_doing_is_taken_up_by_the_next(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 1)
    sandbox.fault(service="justcall", do="delay", seconds=30, times=1)
    with program.started("serve", "--config", str(config)) as daemon:
        eventually(lambda: sandbox.log(service="google") or _runs(config))
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
    sandbox.clear_faults()
    with program.started("serve", "--config", str(config)) as daemon:
        eventually(lambda: len(_runs(config)) == 2 and _runs(config)[1][2] == "ok")
        program.stop(daemon)
    assert _runs(config) == [("sheet-0", "schedule", "interrupted"), ("sheet-0", "schedule", "ok")]
    ((n_tries, state),) = _ask(config, "SELECT n_tries, state FROM due_runs")
    assert (n_tries, state) == (2, "ended")


@pytest.mark.full
def test_a_daemon_takes_up_what_another_one_was_doing_when_it_was_killed(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 1)
    sandbox.fault(service="justcall", do="delay", seconds=30, times=1)
    with program.started("serve", "--config", str(config)) as first:
        eventually(lambda: _runs(config))
        with program.started("serve", "--config", str(config)) as second:
            eventually(lambda: len(_ask(config, "SELECT name FROM leases WHERE name LIKE 'daemon %'")) == 2)
            first.send_signal(signal.SIGKILL)
            first.wait()
            sandbox.clear_faults()
            eventually(lambda: ("sheet-0", "schedule", "ok") in _runs(config))
            program.stop(second)
    assert len(_runs(config)) == 2


@pytest.mark.full
def test_a_run_that_is_stopped_with_the_daemon_goes_on_with_the_next(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 1)
    sandbox.fault(service="justcall", do="delay", seconds=2, times=1)
    with program.started("serve", "--config", str(config)) as daemon:
        eventually(lambda: _runs(config))
        log = program.stop(daemon)
    assert daemon.returncode == 0
    assert [event["reason"] for event in log if event["action"] == "run-stopped"] == ["daemon stops"]
    history = json.loads(program.run("history", "--json", "--config", str(config)).stdout)
    assert "takes it up when it is there again" in history["not_run"][0]["reason"]
    with program.started("serve", "--config", str(config)) as daemon:
        eventually(lambda: ("sheet-0", "schedule", "ok") in _runs(config))
        program.stop(daemon)


@pytest.mark.full
def test_run_now_beside_the_daemon_waits_for_the_run_under_way_and_never_overlaps(
    sandbox: Admin, tmp_path: Path
) -> None:
    config = _config(sandbox, tmp_path, 1)
    sandbox.fault(service="justcall", do="delay", seconds=3, times=1)
    with program.started("serve", "--config", str(config)) as daemon:
        eventually(lambda: _runs(config))
        result = program.run("run-now", "sheet-0", "--json", "--config", str(config))
        left = program.run("run-now", "sheet-0", "--no-wait", "--json", "--config", str(config))
        eventually(lambda: [outcome for _, _, outcome in _runs(config)].count("unchanged") == 2)
        program.stop(daemon)
    assert result.returncode == left.returncode == 0
    assert json.loads(left.stdout)["runs"] == []
    query = "SELECT trigger, started_at_us, finished_at_us FROM runs ORDER BY finished_at_us"
    (first, *_), (second, *_), (third, *_) = rows = _ask(config, query)
    assert [first, second, third] == ["schedule", "person", "person"]
    assert rows[1][2] > rows[0][2], "the person's run ended after the one that was under way"


def test_a_run_nobody_would_carry_out_is_refused(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 1)
    result = program.run("run-now", "--no-wait", "--config", str(config))
    assert result.returncode == 2
    assert "No daemon runs on this store" in result.stderr


@pytest.mark.full
def test_a_killed_run_now_is_taken_up_by_the_daemon(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 1)
    assert program.run("run-now", "--config", str(config)).returncode == 0
    with program.started("serve", "--config", str(config)) as daemon:
        eventually(lambda: _ask(config, "SELECT name FROM leases WHERE name LIKE 'daemon %'"))
        sandbox.fault(service="justcall", do="delay", seconds=30, times=1)
        with program.started("run-now", "--rebuild", "--config", str(config)) as person:
            eventually(lambda: len(_runs(config)) == 2)
            person.send_signal(signal.SIGKILL)
            person.wait()
        sandbox.clear_faults()
        eventually(lambda: len(_runs(config)) == 3 and _runs(config)[2][2] is not None)
        program.stop(daemon)
    assert [(trigger, outcome) for _, trigger, outcome in _runs(config)][1:] == [
        ("person", "interrupted"),
        ("person", "unchanged"),
    ]


@pytest.mark.full
def test_a_hangup_reads_the_config_again_and_ends_nothing(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 1)
    with program.started("serve", "--config", str(config)) as daemon:
        eventually(lambda: ("sheet-0", "schedule", "ok") in _runs(config))
        daemon.send_signal(signal.SIGHUP)
        time.sleep(1)
        log = program.stop(daemon)
    assert daemon.returncode == 0
    assert "config-read" in [event["action"] for event in log]


@pytest.mark.full
def test_a_daemon_that_was_paused_past_its_leases_sends_nothing_for_runs_that_are_not_its_own(
    sandbox: Admin, tmp_path: Path
) -> None:
    config = _config(sandbox, tmp_path, 1)
    sandbox.fault(service="justcall", do="delay", seconds=2, times=1)
    with program.started("serve", "--config", str(config)) as daemon:
        eventually(lambda: _runs(config) and sandbox.log(service="justcall") is not None)
        time.sleep(0.5)
        os.kill(daemon.pid, signal.SIGSTOP)
        with closing(sqlite3.connect(config.parent / "callsheet.db", timeout=30)) as connection, connection:
            connection.execute("UPDATE leases SET expires_at_us = 0")  # as after a minute
        sandbox.clear_faults()
        with program.started("serve", "--config", str(config)) as other:
            eventually(lambda: ("sheet-0", "schedule", "ok") in _runs(config))
            n_writes = len(sandbox.log(service="google", kind="write"))
            os.kill(daemon.pid, signal.SIGCONT)
            eventually(lambda: all(outcome for _, _, outcome in _runs(config)))
            time.sleep(1)
            assert len(sandbox.log(service="google", kind="write")) == n_writes
            program.stop(other)
        program.stop(daemon)
    assert sorted(str(outcome) for _, _, outcome in _runs(config)) == ["failed", "ok"]


@pytest.mark.full
def test_a_stop_does_not_wait_for_a_request_that_hangs(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 1)
    sandbox.fault(service="justcall", do="delay", seconds=90, times=100)
    with program.started("serve", "--config", str(config)) as daemon:
        eventually(lambda: _runs(config))
        time.sleep(1)
        log = program.stop(daemon)
    assert daemon.returncode == 0
    assert log[-1]["still_running"] == ["sheet-0"]
    sandbox.clear_faults()
    with program.started("serve", "--config", str(config)) as daemon:
        eventually(lambda: ("sheet-0", "schedule", "ok") in _runs(config))
        program.stop(daemon)
