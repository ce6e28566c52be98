"""What the publish phase costs, as a ratio to a bare floor that sends the same cells in the same run.

The sandbox is a process of its own, pacing is off, and the mirror is filled before the clock starts. Figures are
printed, never asserted: machines differ.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import orjson
import pytest
import requests

from sync import clock
from sync.config.load import load_config
from sync.office import NoProgress, Office, open_office
from sync.report import RunReport
from sync.run import RunRequest, Trigger, plan_sheet, run_sheet
from tests.sandbox_admin import Admin
from tests.world import World

pytestmark = pytest.mark.full

BODY_BYTES = 2_000_000
RUNS = 5
DAYS = 120


@pytest.fixture
def admin() -> Iterator[Admin]:
    command = [sys.executable, "-c", "from sync.sandbox.server import serve; serve(8399)"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with Admin("http://127.0.0.1:8399") as opened:
            _wait_for(opened)
            opened.options(justcall={"requests_per_minute": 100_000}, google={"enforce_quota": False})
            yield opened
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(admin: Admin) -> None:
    for _ in range(100):
        try:
            admin.http.get("/admin/options")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return


def test_publish_beside_a_bare_floor(admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUSTCALL_API_KEY", "test-key")
    monkeypatch.setenv("JUSTCALL_API_SECRET", "test-secret")
    figures: dict[str, list[tuple[float, str]]] = {}
    for n in range(RUNS + 1):
        folder = tmp_path / str(n)
        folder.mkdir()
        for name, seconds, words in _once(admin, folder):
            if n:  # the first time warms the machine up
                figures.setdefault(name, []).append((seconds, words))
    print(f"\n{'work':<44}{'median':>9}{'min':>9}{'max':>9}{'x floor':>9}  requests")
    floor = statistics.median(seconds for seconds, _ in figures["bare floor, the same cells"])
    for name, measured in figures.items():
        times = [seconds for seconds, _ in measured]
        middle = statistics.median(times)
        print(
            f"{name:<44}{middle:>8.3f}s{min(times):>8.3f}s{max(times):>8.3f}s{middle / floor:>9.2f}  {measured[-1][1]}"
        )


def _once(admin: Admin, folder: Path) -> Iterator[tuple[str, float, str]]:
    world = World(admin=admin, folder=folder, spreadsheet=admin.make_spreadsheet("Bench"), period=f"last {DAYS} days")
    asked_at = clock.now()
    config = load_config_of(world)
    with open_office(config) as office:
        _refresh_only(office, asked_at)
        seconds, report = _timed(lambda: _publish(office, asked_at))
        yield "first load, about 20,000 rows x 15 columns", seconds, _requests(report)
        yield "bare floor, the same cells", _floor(admin, world.tab()), ""
        seconds, report = _timed(lambda: _publish(office, asked_at))
        yield "nothing changed", seconds, _requests(report)
        admin.edit_calls(50)
        admin.arrive(20)
        asked_at = clock.now()
        _refresh_only(office, asked_at)
        seconds, report = _timed(lambda: _publish(office, asked_at))
        yield "50 changed, 20 new", seconds, _requests(report)


def load_config_of(world: World):  # type: ignore[no-untyped-def]
    world.config()
    return load_config(world.folder / "config.toml")


def _refresh_only(office: Office, asked_at: datetime) -> None:
    request = RunRequest(trigger=Trigger.PERSON, requested_at=asked_at)
    stop = threading.Event()
    plan_sheet(office, office.config.sheets[0], request, offline=False, progress=NoProgress(), stop=stop)


def _publish(office: Office, asked_at: datetime) -> RunReport:
    """Run with everything already read since `asked_at`, so that the vendor is not asked again."""
    request = RunRequest(trigger=Trigger.PERSON, requested_at=asked_at)
    report = run_sheet(office, office.config.sheets[0], request, progress=NoProgress(), stop=threading.Event())
    assert report.requests.get("justcall", 0) == 0
    return report


def _timed(work: Callable[[], RunReport]) -> tuple[float, RunReport]:
    started = time.perf_counter()
    report = work()
    return time.perf_counter() - started, report


def _requests(report: RunReport) -> str:
    return f"{report.requests['google_read']} reads, {report.requests['google_write']} writes"


def _floor(admin: Admin, table: list[list[object]]) -> float:
    """Encode the rows into bodies and send them, with nothing else."""
    spreadsheet = admin.make_spreadsheet("Floor")
    grid = {"sheetId": 0, "gridProperties": {"rowCount": len(table), "columnCount": 15}}
    resize = {"updateSheetProperties": {"properties": grid, "fields": "gridProperties(rowCount,columnCount)"}}
    session = requests.Session()
    started = time.perf_counter()
    session.post(
        f"{admin.url}/v4/spreadsheets/{spreadsheet}:batchUpdate", json={"requests": [resize]}
    ).raise_for_status()
    first = 0
    while first < len(table):
        rows, size = [], 0
        while first + len(rows) < len(table) and size < BODY_BYTES:
            rows.append(orjson.dumps(table[first + len(rows)]))
            size += len(rows[-1]) + 1
        head = orjson.dumps({"valueInputOption": "RAW"})[:-1]
        name = orjson.dumps(f"Sheet1!A{first + 1}:O{first + len(rows)}")
        body = head + b',"data":[{"range":' + name + b',"values":[' + b",".join(rows) + b"]}]}"
        address = f"{admin.url}/v4/spreadsheets/{spreadsheet}/values:batchUpdate"
        session.post(address, data=body, headers={"Content-Type": "application/json"}).raise_for_status()
        first += len(rows)
    return time.perf_counter() - started
