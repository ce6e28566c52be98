"""The demo as a real process."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests import program


def test_the_demo_ends_by_itself_and_tells_what_it_wrote_what_it_took_and_where_to_look() -> None:
    result = program.run("demo", timeout_s=300)
    assert result.returncode == 0, result.stdout + result.stderr
    rows = re.search(r"Calls: ([\d,]+) rows; [\d,]+ added", result.stdout)
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
        assert words in result.stdout
    again = result.stdout.partition("Run again, nothing new:")[2]
    assert "demo: unchanged in" in again
    requests = {name: int(n) for name, n in re.findall(r"google (read|write) (\d+)", again)}
    assert requests.get("write", 0) == 0, "an unchanged spreadsheet costs no write"
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
