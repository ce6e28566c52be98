"""The real command as a process, and configs that point it at a sandbox."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

KEYS = {"JUSTCALL_API_KEY": "test-key", "JUSTCALL_API_SECRET": "test-secret"}

_PROCESS = """
[google]
credentials = "anonymous"
sheets_url = "{sandbox}"
drive_url = "{sandbox}"
writes_per_minute = 6000
reads_per_minute = 6000
spreadsheet_writes_per_second = 100

[daemon]
workers = {workers}

[connection.justcall]
vendor = "justcall"
api_key = "env:JUSTCALL_API_KEY"
api_secret = "env:JUSTCALL_API_SECRET"
base_url = "{sandbox}/justcall"
requests_per_minute = 6000
"""

_SHEET = """
[[sheet]]
name = "{name}"
spreadsheet = "{spreadsheet}"
every = "{every}"

[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
period = "{period}"
columns = ["call_id", "started_at", "agent_name", "duration"]

[[sheet.summary]]
title = "By agent"
of = "Calls"
group_by = ["agent_name"]
metrics = ["count"]
"""


def write_config(
    folder: Path,
    sandbox: str,
    spreadsheets: Mapping[str, str],
    *,
    workers: int = 2,
    period: str = "last 3 days",
    every: str = "1h",
) -> Path:
    """Write a config with one sheet for each spreadsheet, and return its path; the store lies beside it."""
    sheets = [
        _SHEET.format(name=name, spreadsheet=spreadsheet, period=period, every=every)
        for name, spreadsheet in spreadsheets.items()
    ]
    path = folder / "config.toml"
    path.write_text(_PROCESS.format(sandbox=sandbox, workers=workers) + "".join(sheets))
    return path


def command(*arguments: str) -> list[str]:
    """Return how the command is started."""
    return [sys.executable, "-m", "sync", *arguments]


def run(*arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=timeout_s, env=os.environ | KEYS, check=False
    )


@contextmanager
def started(*arguments: str, stderr: IO[str] | int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """Start a command; it is killed at the end of the block if it still runs."""
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=stderr, text=True, env=os.environ | KEYS
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stop(
    process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM, *, within_s: float = 20
) -> list[dict[str, Any]]:
    """Send a signal to a daemon, and return what it logs until its end."""
    process.send_signal(number)
    _, rest = process.communicate(timeout=within_s)
    return [json.loads(line) for line in rest.splitlines()]
