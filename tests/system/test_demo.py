"""The demo as a real process."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from tests import program


@pytest.fixture(scope="module")
def demo() -> tuple[subprocess.CompletedProcess[str], float]:
    started_at = time.monotonic()
    result = program.run("demo", timeout_s=120)
    return result, time.monotonic() - started_at


Demo = tuple[subprocess.CompletedProcess[str], float]


def test_the_demo_ends_by_itself_when_nobody_is_at_a_terminal(demo: Demo) -> None:
    result, seconds = demo
    assert result.returncode == 0, result.stdout + result.stderr
    assert seconds < 60, "on a busy machine too; alone it takes a few seconds"


def test_the_demo_tells_what_was_written_what_it_took_and_where_to_look(demo: Demo) -> None:
    shown = demo[0].stdout
    rows = re.search(r"Calls: ([\d,]+) rows; [\d,]+ added", shown)
    assert rows is not None
    assert int(rows[1].replace(",", "")) > 2000
    for words in (
        "By agent: ",
        "By day: ",
        "google read",
        "google write",
        "justcall",
        "Look at the tabs: http://127.0.",
    ):
        assert words in shown


def test_the_demo_shows_that_an_unchanged_spreadsheet_costs_no_write(demo: Demo) -> None:
    again = demo[0].stdout.partition("Run again, nothing new:")[2]
    assert "demo: unchanged in" in again
    requests = {name: int(n) for name, n in re.findall(r"google (read|write) (\d+)", again)}
    assert requests.get("write", 0) == 0
    assert requests["read"] <= 2


@pytest.mark.full
def test_the_demo_keeps_serving_while_somebody_is_at_a_terminal() -> None:
    terminal, child = pty.openpty()
    command = [sys.executable, "-m", "sync", "demo"]
    process = subprocess.Popen(command, stdout=child, stderr=subprocess.DEVNULL, stdin=child)
    os.close(child)
    try:
        shown = ""
        while "until you press Ctrl-C" not in shown:
            shown += os.read(terminal, 65536).decode()
        address = re.search(r"Look at the tabs: (\S+)", shown)
        assert address is not None
        with urllib.request.urlopen(address[1]) as page:
            assert page.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
