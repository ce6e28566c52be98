"""`run-now` as a real process: what it prints where, its exit codes, and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import program
from tests.sandbox_admin import Admin


def test_json_is_the_only_thing_on_standard_output(sandbox: Admin, tmp_path: Path) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"calls": sandbox.make_spreadsheet()})
    result = program.run("run-now", "calls", "--json", "--config", str(config))
    assert result.returncode == 0, result.stderr
    (run,) = json.loads(result.stdout)["runs"]
    assert (run["sheet"], run["outcome"], run["error"]) == ("calls", "ok", None)
    assert run["requests"]["google_read"] + run["requests"]["google_write"] == len(sandbox.log(service="google"))
    assert run["requests"]["justcall"] == len(sandbox.log(service="justcall"))
    assert [tab["title"] for tab in run["tabs"]] == ["Calls", "By agent"]
    assert run["tabs"][0]["rows"] == run["tabs"][0]["added"] > 10
    assert "calls: justcall calls:" in result.stderr


def test_without_json_the_report_is_words(sandbox: Admin, tmp_path: Path) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"calls": sandbox.make_spreadsheet()})
    first = program.run("run-now", "--config", str(config))
    assert first.stdout.startswith("calls: ok in ")
    assert "rows; " in first.stdout
    again = program.run("run-now", "--config", str(config))
    assert again.stdout.startswith("calls: unchanged in ")


def test_a_spreadsheet_that_is_not_shared_names_address_and_role_and_leaves_with_5(
    sandbox: Admin, tmp_path: Path
) -> None:
    books = {"closed": sandbox.make_spreadsheet("No", access="none"), "open": sandbox.make_spreadsheet("Yes")}
    config = program.write_config(tmp_path, sandbox.url, books)
    result = program.run("run-now", "--all", "--json", "--config", str(config))
    assert result.returncode == 5
    closed, fine = json.loads(result.stdout)["runs"]
    assert (closed["outcome"], fine["outcome"]) == ("failed", "ok")
    assert closed["error"]["kind"] == "NotShared"
    assert "editor" in (closed["error"]["message"] + closed["error"]["hint"]).lower()


@pytest.mark.full
def test_a_broken_sheet_does_not_keep_the_good_ones_from_running(sandbox: Admin, tmp_path: Path) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"good": sandbox.make_spreadsheet()})
    (tmp_path / "broken.toml").write_text(
        '[[sheet]]\nname = "bad"\nspreadsheet = "2AbCdEfGhIjKlMnOp"\nevery = "soon"\n'
    )
    config.write_text('include = ["broken.toml"]\n' + config.read_text())
    by_name = program.run("run-now", "good", "--config", str(config))
    assert by_name.returncode == 0
    assert "broken.toml:4" in by_name.stderr
    every = program.run("run-now", "--all", "--json", "--config", str(config))
    assert every.returncode == 2
    told = json.loads(every.stdout)
    assert [run["sheet"] for run in told["runs"]] == ["good"]
    assert told["error"]["kind"] == "ConfigError"
    assert program.run("run-now", "bad", "--config", str(config)).returncode == 2


@pytest.mark.full
def test_a_broken_sheet_keeps_nobody_from_checking_and_planning_the_good_ones(sandbox: Admin, tmp_path: Path) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"good": sandbox.make_spreadsheet()})
    config.write_text(
        config.read_text() + '\n[[sheet]]\nname = "bad"\nspreadsheet = "2AbCdEfGhIjKlMnOp"\nevery = "soon"\n'
    )
    for command in (("check",), ("plan", "--offline")):
        for names, code, is_seen in (
            ((), 2, True),
            (("good",), 0, True),
            (("bad",), 2, False),
            (("good", "bad"), 2, False),
        ):
            told = program.run(*command, *names, "--config", str(config))
            assert told.returncode == code, (command, names, told.stderr)
            assert 'sheet["bad"].every' in told.stderr
            assert ("good" in told.stdout) is is_seen


def test_ctrl_c_ends_a_run_within_a_chunk_with_130_and_still_prints_json(sandbox: Admin, tmp_path: Path) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"calls": sandbox.make_spreadsheet()}, period="last 30 days")
    sandbox.fault(service="justcall", do="delay", seconds=1, times=100)
    with program.started("run-now", "--json", "--config", str(config)) as process:
        while not sandbox.log(service="justcall"):
            time.sleep(0.05)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert json.loads(out)["runs"] == []
    assert "stopped" in err
    assert "Traceback" not in err
    sandbox.clear_faults()
    assert program.run("run-now", "--config", str(config)).returncode == 0


@pytest.mark.full
def test_while_the_vendor_hangs_a_second_ctrl_c_leaves_at_once_and_the_first_says_so(
    sandbox: Admin, tmp_path: Path
) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"calls": sandbox.make_spreadsheet()})
    sandbox.fault(service="justcall", do="delay", seconds=90, times=100)
    with program.started("run-now", "--config", str(config)) as process:
        while not sandbox.log(service="justcall"):
            time.sleep(0.05)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert any("Ctrl-C again leaves at once" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped; the next run goes on from here" in err
    sandbox.clear_faults()
    assert program.run("run-now", "--config", str(config)).returncode == 0


def test_on_a_terminal_there_are_bars_and_the_report_stays_on_standard_output(sandbox: Admin, tmp_path: Path) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"calls": sandbox.make_spreadsheet()}, period="last 30 days")
    sandbox.fault(service="justcall", do="delay", seconds=0.3, times=2)
    main, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sync", "run-now", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=child,
        env=os.environ | program.KEYS | {"TERM": "xterm-256color"},
    )
    os.close(child)
    shown = b""
    try:
        while part := os.read(main, 65536):
            shown += part
    except OSError:
        pass  # the other end has closed
    os.close(main)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out.decode().startswith("calls: ok in ")
    for words in ("calls: justcall calls, pages", "calls: rows", "quota"):
        assert words in shown.decode()


@pytest.mark.full
def test_plan_writes_nothing_and_check_changes_nothing(sandbox: Admin, tmp_path: Path) -> None:
    config = program.write_config(tmp_path, sandbox.url, {"calls": sandbox.make_spreadsheet()})
    for command in ("check", "plan"):
        result = program.run(command, "--config", str(config))
        assert result.returncode == 0, result.stdout + result.stderr
    assert sandbox.log(service="google", kind="write") == []
    assert "Calls" in result.stdout
