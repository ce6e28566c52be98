"""Deaths of a real run at a chosen request, writes that land after it, and people's notes that must survive both."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sync import clock
from sync.office import NoProgress, open_office
from sync.report import Outcome, RunReport
from sync.run import RunRequest, Trigger, run_sheet
from tests import program
from tests.aircall_world import AircallWorld
from tests.sandbox_admin import Admin
from tests.world import World

NOTES = "Remark"
_PATIENCE_S = 60.0


def run_on(world: World) -> RunReport:
    """Run the sheet in this process as the next good run; the log of the sandbox goes on."""
    config = world.config()
    request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
    with open_office(config) as office:
        return run_sheet(office, config.sheets[0], request, progress=NoProgress(), stop=threading.Event())


def good_run(world: World) -> None:
    """Run, and see that it ended well."""
    report = run_on(world)
    assert report.outcome in (Outcome.OK, Outcome.UNCHANGED), report
    assert report.error is None


def kill_at(
    world: World | AircallWorld, n: int, *, service: str = "google", applied: bool = False
) -> dict[str, Any] | None:
    """Start `callsheet run-now` and kill it with -9 while its `n`-th request is under way; return that request.

    The request stays held: `world.admin.release()` lets it land after the death. With `applied` it is carried out
    first, while the process is stopped, so that it dies without having seen the answer. None when the run ended
    without an `n`-th request.
    """
    world.config()
    admin = world.admin
    admin.clear_log()
    admin.fault(service=service, nth=n, do="hold")
    with program.started("run-now", "--config", str(world.folder / "config.toml")) as process:
        held = _wait_until_held(admin, process)
        if held is not None and applied:
            process.send_signal(signal.SIGSTOP)
            release(admin)
        process.kill()
        process.wait()
    admin.clear_faults()
    return held


def _wait_until_held(admin: Admin, process: subprocess.Popen[str]) -> dict[str, Any] | None:
    for _ in _ticks():
        ended = process.poll() is not None
        for entry in admin.log():
            if entry["fault"] == "hold":
                return entry
        if ended:
            return None
    raise AssertionError("the run neither ended nor came to the request")


def release(admin: Admin) -> None:
    """Let the held request land, and return when it has."""
    assert admin.release() == 1
    for _ in _ticks():
        if all(entry["status"] is not None for entry in admin.log() if entry["fault"] == "hold"):
            return
    raise AssertionError("the held request did not land")


@contextmanager
def landing_before(world: World, n: int) -> Iterator[None]:
    """Let the held request land just before the `n`-th request to Google from now, or at the end if it never comes."""
    admin = world.admin
    admin.fault(service="google", nth=n, do="delay", seconds=0.25)
    done = threading.Event()
    watcher = threading.Thread(target=_release_at_delay, args=(Admin(admin.url), done))
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        admin.clear_faults()


def _release_at_delay(admin: Admin, done: threading.Event) -> None:
    with admin:
        while not done.wait(0.005):
            if any(entry["fault"] == "delay" for entry in admin.log()):
                break
        release(admin)


def sheet_id(world: World) -> int:
    """Return Google's id of the data tab."""
    path, headers = f"/v4/spreadsheets/{world.spreadsheet}", {"Authorization": "Bearer test"}
    sheets = world.admin.http.get(path, headers=headers).json()["sheets"]
    return int(next(s["properties"]["sheetId"] for s in sheets if s["properties"]["title"] == "Calls"))


def paste_copies(world: World, n: int) -> None:
    """Paste copies of the first rows below the last, as people do."""
    header, *rows = world.tab()
    grow = {"appendDimension": {"sheetId": sheet_id(world), "dimension": "ROWS", "length": n}}
    width = header.index("Tags") + 1
    copies = {"range": f"Calls!A{len(rows) + 2}", "values": [row[:width] for row in rows[:n]]}
    world.admin.edit(world.spreadsheet, requests=[grow], values=[copies])


def edit_recent(world: World, n: int) -> None:
    """Edit the latest calls, which every run reads again."""
    world.admin.edit_calls(call_ids=[call["call_id"] for call in world.admin.calls()[:n]])


def _ticks() -> Iterator[float]:
    start_s = time.monotonic()
    while (passed_s := time.monotonic() - start_s) < _PATIENCE_S:
        yield passed_s
        time.sleep(0.01)


def write_notes(world: World, *, every: int = 7) -> int:
    """Type a note beside every few rows of the tab and beside the last, each naming its call; return how many."""
    header, *rows = world.tab()
    column = _letter(len([text for text in header if text != NOTES]))
    id_at = header.index("Call ID")
    values: list[dict[str, Any]] = [{"range": f"Calls!{column}1", "values": [[NOTES]]}]
    chosen = sorted({*range(0, len(rows), every), len(rows) - 1})
    values += [{"range": f"Calls!{column}{i + 2}", "values": [[_note(rows[i][id_at])]]} for i in chosen]
    world.admin.edit(world.spreadsheet, values=values)
    return len(chosen)


def assert_notes_stand_beside_their_calls(world: World, n: int) -> None:
    """Every note that was typed is there once, in the row of its own call."""
    noted = [row for row in world.rows_by_header() if row.get(NOTES)]
    wrong = [(row["Call ID"], row[NOTES]) for row in noted if row[NOTES] != _note(row["Call ID"])]
    assert not wrong, wrong[:3]
    assert len(noted) == n


def _note(call_id: str) -> str:
    return f"spoke to them about {call_id}"


def _letter(index: int) -> str:
    assert index < 26
    return chr(ord("A") + index)
