"""A thousand sheets in one daemon, due in the same minute."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.store.db import open_store
from sync.store.due_runs import all_rows
from sync.store.runs import recent_runs
from tests import program
from tests.daemon_desk import SHEET
from tests.sandbox_admin import Admin

N_SHEETS = 1000
PATIENCE_S = 1500.0
MEMORY_BYTES = 300_000_000


@pytest.fixture
def sandbox() -> Iterator[Admin]:
    calls = CallOptions(n_calls=200, days=4)
    with SandboxServer(options=SandboxOptions(calls=calls)) as server, Admin(server.url) as admin:
        admin.options(
            justcall={"requests_per_minute": 1_000_000},
            google={"enforce_quota": False},
        )
        yield admin


def _write_config(folder: Path, sandbox: Admin, n: int) -> Path:
    path = program.write_config(folder, sandbox.url, {}, workers=8)
    text = path.read_text().replace("[daemon]", '[daemon]\njitter = "20s"')
    for name in ("writes", "reads"):
        text = text.replace(f"{name}_per_minute = 6000", f"{name}_per_minute = 1000000")
    columns = '["call_id", "started_at", "duration"]'
    fields = {"schedule": 'every = "1 day"', "title": "Calls", "connection": "justcall", "columns": columns}
    sheets = [
        SHEET.format(name=f"sheet-{i}", spreadsheet=sandbox.make_spreadsheet(f"Book {i}"), **fields) for i in range(n)
    ]
    path.write_text(text + "".join(sheets))
    return path


def _n_ended(folder: Path) -> int:
    if not (folder / "callsheet.db").exists():
        return 0
    store = open_store(f"sqlite:///{folder / 'callsheet.db'}")
    try:
        return sum(row.state == "ended" for row in all_rows(store))
    finally:
        store.close()


@pytest.mark.full
def test_a_thousand_sheets_due_in_one_minute_all_run_in_little_memory(sandbox: Admin, tmp_path: Path) -> None:
    config = _write_config(tmp_path, sandbox, N_SHEETS)
    answers_s: list[float] = []
    most_bytes = 0
    started_s = time.monotonic()
    with (tmp_path / "log").open("w") as log, program.started("serve", "--config", str(config), stderr=log) as daemon:
        process = psutil.Process(daemon.pid)
        while (n_ended := _n_ended(tmp_path)) < N_SHEETS:
            assert time.monotonic() - started_s < PATIENCE_S, f"{n_ended} of {N_SHEETS} ended"
            assert daemon.poll() is None
            most_bytes = max(most_bytes, process.memory_info().rss)
            if n_ended > N_SHEETS / 4 and len(answers_s) < 3:
                answers_s.append(_ask_status(config))
            time.sleep(1)
        took_s = time.monotonic() - started_s
        daemon.terminate()
        assert daemon.wait(20) == 0
    idle_s = min(_ask_status(config) for _ in range(2))
    store = open_store(f"sqlite:///{tmp_path / 'callsheet.db'}")
    runs, rows = recent_runs(store, None, 2 * N_SHEETS), all_rows(store)
    store.close()
    sys.stdout.write(
        f"\n{N_SHEETS} sheets: {took_s:.0f} s, at most {most_bytes / 1e6:.0f} MB; status {answers_s} s beside them, "
        f"{idle_s:.2f} s alone; {len(sandbox.log(service='google'))} requests to Google\n"
    )
    assert Counter(run.sheet for run in runs) == {f"sheet-{n}": 1 for n in range(N_SHEETS)}
    assert {run.outcome for run in runs} == {"ok"}
    assert len(rows) == N_SHEETS
    assert most_bytes < MEMORY_BYTES


def _ask_status(config: Path) -> float:
    """Return how long `status` takes, Python's start included."""
    began = time.monotonic()
    result = subprocess.run(
        [*program.command("status", "--json", "--config", str(config))], capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return round(time.monotonic() - began, 2)
