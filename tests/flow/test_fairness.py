"""Many sheets on one credential: every one is written, who waited longest first, and never over the quota."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from sync import clock, office
from sync.config.load import load_config
from sync.office import NoProgress, open_office
from sync.report import Outcome, RunReport
from sync.request import RunRequest, Trigger
from sync.run import run_sheet
from tests.flow.test_guards import BASE, _use_service_account
from tests.world import World

SHEET = """
[[sheet]]
name = "{name}"
spreadsheet = "{spreadsheet}"
{more}
[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
period = "last 7 days"
columns = ["call_id", "started_at"]
"""


def many_sheets(world: World, n: int, *, per_window: int) -> Any:
    """A config of many sheets, each in a spreadsheet of its own."""
    head = world.config().path.read_text().split("[[sheet]]")[0]
    head = head.replace("writes_per_minute = 100000", f"writes_per_minute = {per_window}")
    sheets = [SHEET.format(name=f"s{i}", spreadsheet=world.admin.make_spreadsheet(f"S{i}"), more="") for i in range(n)]
    path = world.folder / "many.toml"
    path.write_text(head + "".join(sheets))
    return load_config(path)


@pytest.mark.parametrize(
    ("n", "per_window", "window_s"), [(12, 6, 2.0), pytest.param(200, 60, 6.0, marks=pytest.mark.full)]
)
def test_all_sheets_that_are_due_together_are_written_in_fair_order_and_within_the_quota(
    world: World, monkeypatch: pytest.MonkeyPatch, n: int, per_window: int, window_s: float
) -> None:
    monkeypatch.setattr(office, "MINUTE_S", window_s)  # a minute that passes sooner
    config = many_sheets(world, n, per_window=per_window)
    now = clock.now()
    finished: list[str] = []
    reports: list[RunReport] = []
    world.admin.clear_log()
    with open_office(config) as opened, ThreadPoolExecutor(max_workers=12) as pool:

        def run(i: int) -> None:
            request = RunRequest(
                trigger=Trigger.SCHEDULE, requested_at=now, due_at=now - timedelta(minutes=n - i), run_id=None
            )
            report = run_sheet(opened, config.sheets[i], request, progress=NoProgress(), stop=threading.Event())
            finished.append(report.sheet)
            reports.append(report)

        list(pool.map(run, range(n)))
    assert {report.outcome for report in reports} == {Outcome.OK}
    writes = [entry for entry in world.admin.log(service="google", kind="write") if entry["status"] == 200]
    assert len({entry["path"].split("/")[3].split(":")[0] for entry in writes}) == n
    at = sorted(_instant(entry["at"]) for entry in writes)
    shorter = timedelta(seconds=window_s * 0.7)  # a request arrives a little after its turn, and not always as much
    for first, last in zip(at, at[per_window:], strict=False):
        assert last - first > shorter, "more writes than the quota"
    places = [finished.index(f"s{i}") for i in range(n)]
    assert all(abs(place - i) <= 2 * 12 for i, place in enumerate(places)), places


def _instant(value: Any) -> datetime:
    return datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value


def test_a_sheet_with_credentials_of_its_own_has_a_quota_of_its_own(world: World) -> None:
    _use_service_account(world)
    first = world.folder / "account.json"
    account = orjson.loads(first.read_bytes())
    second = world.folder / "second.json"
    second.write_bytes(orjson.dumps(account | {"client_email": "second@project.example"}))
    second.chmod(0o600)
    world.swaps['name = "support"'] = 'name = "support"\ncredentials = "file:second.json"'
    config = world.config()
    assert config.google.credentials in world.swaps[BASE]
    with open_office(config) as opened:
        sheet = config.sheets[0]
        assert opened.google_account(sheet.credentials) == "second@project.example"
        counted: dict[str, int] = {}

        class Watch(NoProgress):
            def quota(self, used: int, limit: int, kind: str) -> None:
                counted[kind] = used

        request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
        report = run_sheet(opened, sheet, request, progress=Watch(), stop=threading.Event())
        assert report.outcome is Outcome.OK, report
        used = {use.name: use.used for use in opened.quotas()}
        project = f"google {config.google.sheets_url} project project write"
        assert used["Google writes of file:second.json"] == report.requests["google_write"] == counted["write"]
        assert used["Google writes"] == 0
        assert opened.budget.usage(project, 60) == report.requests["google_write"]
