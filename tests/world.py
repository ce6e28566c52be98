"""A whole world for one test: sandbox, spreadsheet, config, and the real run in this process; and what must be true.

What a tab must show is computed here from the vendor's calls, by arithmetic of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sync import clock
from sync.config.load import Config, load_config
from sync.office import NoProgress, Progress, open_office
from sync.report import RunReport
from sync.run import RunRequest, Trigger, run_sheet
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests.sandbox_admin import Admin

FIELDS = {
    "call_id": "Call ID",
    "started_at": "Started",
    "ended_at": "Ended",
    "direction": "Direction",
    "from": "From",
    "to": "To",
    "agent_id": "Agent ID",
    "agent_name": "Agent",
    "status": "Status",
    "duration": "Duration (s)",
    "recording_url": "Recording",
    "voicemail": "Voicemail",
    "notes": "Notes",
    "disposition": "Disposition",
    "tags": "Tags",
}
ZONE = "America/New_York"

CONFIG = """
[google]
credentials = "anonymous"
sheets_url = "{url}"
drive_url = "{url}"
writes_per_minute = 100000
reads_per_minute = 100000
spreadsheet_writes_per_second = 10000
max_request_bytes = {max_bytes}

[connection.justcall]
vendor = "justcall"
api_key = "env:JUSTCALL_API_KEY"
api_secret = "env:JUSTCALL_API_SECRET"
base_url = "{url}/justcall"
requests_per_minute = 10000

[[sheet]]
name = "support"
spreadsheet = "{spreadsheet}"
timezone = "{zone}"

[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
period = "{period}"
{columns}
{more_tab}
[[sheet.summary]]
title = "By agent"
of = "Calls"
group_by = ["agent_name"]
metrics = ["count", "answered_count", "missed_count", "total_duration"]

[[sheet.summary]]
title = "By day"
of = "Calls"
group_by = ["date"]
metrics = ["count", "unique_callers"]
"""


@dataclass
class World:
    """One sandbox with one spreadsheet, and a sheet that is run against it."""

    admin: Admin
    folder: Path
    spreadsheet: str
    period: str = "last 7 days"
    columns: str = ""
    more_tab: str = ""
    max_bytes: int = 2_000_000
    swaps: dict[str, str] = field(default_factory=dict)  # of pieces of the config text
    _first_today: date | None = None  # in ZONE, of the first run

    def config(self) -> Config:
        """Write the config and read it."""
        path = self.folder / "config.toml"
        text = CONFIG.format(
            url=self.admin.url,
            spreadsheet=self.spreadsheet,
            zone=ZONE,
            period=self.period,
            columns=self.columns,
            more_tab=self.more_tab,
            max_bytes=self.max_bytes,
        )
        for before, after in self.swaps.items():
            assert before in text
            text = text.replace(before, after)
        path.write_text(text)
        return load_config(path)

    def run(self, *, stop: threading.Event | None = None, progress: Progress | None = None, **wanted: Any) -> RunReport:
        """Run the sheet as a person asks for it, and return the report; the log then holds this run alone."""
        self.admin.clear_log()
        self._first_today = self._first_today or self._today()
        config = self.config()
        request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now(), **wanted)
        with open_office(config) as office:
            shown, asked = progress or NoProgress(), stop or threading.Event()
            return run_sheet(office, config.sheets[0], request, progress=shown, stop=asked)

    def n_requests(self, kind: str) -> int:
        """Count the requests of the last run to Google."""
        return len(self.admin.log(service="google", kind=kind))

    def tab(self, title: str = "Calls") -> list[list[Any]]:
        """Return the tab as it is, header included, without the request being counted."""
        return self.admin.tab_values(self.spreadsheet, title)

    def rows_by_header(self, title: str = "Calls") -> list[dict[str, Any]]:
        """Return the rows below the header, each by header text; blank cells are None, blank rows left out."""
        header, *rows = self.tab(title)
        padded = [[*row, *[""] * (len(header) - len(row))] for row in rows]
        return [
            {text: (None if cell == "" else cell) for text, cell in zip(header, row, strict=False)}
            for row in padded
            if any(cell != "" for cell in row)
        ]

    def wanted(self) -> dict[str, dict[str, Any]]:
        """Return what the tab must show by call id, from the vendor's own data.

        A call stays when it leaves the period, as it does when a test runs past midnight.
        """
        days = int(self.period.split()[1])
        today, yesterday = self._today(), self._today() - timedelta(days=1)
        from_day = yesterday if self._first_today == yesterday else today
        first = from_day - timedelta(days=days - 1)
        calls = {}
        for call in self.admin.calls():
            day = _instant(call["started_at"]).astimezone(ZoneInfo(ZONE)).date()
            if first <= day <= today:
                calls[call["call_id"]] = {FIELDS[name]: _cell(name, call[name]) for name in FIELDS}
        return calls

    def _today(self) -> date:
        return clock.now().astimezone(ZoneInfo(ZONE)).date()

    def assert_tab_equals_vendor(self) -> None:
        """Every call once, every cell right, nothing else; the summaries add up to the same calls."""
        wanted, shown = self.wanted(), self.rows_by_header()
        ids = [row["Call ID"] for row in shown]
        assert len(ids) == len(set(ids)), f"twice: {sorted({i for i in ids if ids.count(i) > 1})[:3]}"
        assert set(ids) == set(wanted), (
            f"missing {sorted(set(wanted) - set(ids))[:3]}, extra {sorted(set(ids) - set(wanted), key=str)[:3]}"
        )
        for row in shown:
            for title, cell in wanted[row["Call ID"]].items():
                assert _same(cell, row.get(title)), (row["Call ID"], title, cell, row.get(title))
        self.assert_summaries_equal(wanted)

    def assert_summaries_equal(self, wanted: Mapping[str, Mapping[str, Any]]) -> None:
        """Count again by agent and day."""
        by_agent = {row["Agent"]: row for row in self.rows_by_header("By agent")}
        assert by_agent["Total"]["Calls"] == len(wanted)
        durations = sum(call["Duration (s)"] or 0 for call in wanted.values())
        assert by_agent["Total"]["Total duration (s)"] == durations
        n_by_agent = [row["Calls"] for agent, row in by_agent.items() if agent != "Total"]
        assert sum(n_by_agent) <= len(wanted)
        by_day = {row["Date"]: row["Calls"] for row in self.rows_by_header("By day")}
        counted: dict[int, int] = {}
        for call in wanted.values():
            day = int(call["Started"])
            counted[day] = counted.get(day, 0) + 1
        assert by_day == {**counted, "Total": len(wanted)}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _cell(name: str, value: Any) -> Any:
    if value is None or value == "":
        return None
    if name in ("started_at", "ended_at"):
        local = _instant(value).astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
        return (local - datetime(1899, 12, 30)) / timedelta(days=1)
    if isinstance(value, list):
        return ", ".join(value) or None
    if isinstance(value, str) and len(value.encode("utf-16-le")) > 100_000:
        return value.encode("utf-16-le")[:90_000].decode("utf-16-le", "ignore")
    return value


def _same(wanted: Any, shown: Any) -> bool:
    if isinstance(wanted, float) or isinstance(shown, float):
        return isinstance(shown, int | float) and abs(float(wanted) - shown) < 1e-8
    if isinstance(wanted, str) and len(wanted) >= 45_000:
        return isinstance(shown, str) and shown.startswith(wanted) and len(shown.encode("utf-16-le")) <= 100_000
    return type(wanted) is type(shown) and wanted == shown


@contextmanager
def open_world(folder: Path, server: SandboxServer, **wanted: Any) -> Iterator[World]:
    """Give a world on a sandbox that was just reset."""
    with Admin(server.url) as admin:
        admin.reset()
        admin.options(justcall={"requests_per_minute": 100_000}, google={"enforce_quota": False})
        spreadsheet = admin.make_spreadsheet("Support", timezone=ZONE)
        yield World(admin=admin, folder=folder, spreadsheet=spreadsheet, **wanted)


@contextmanager
def stopped_ahead(**ahead: float) -> Iterator[None]:
    """Stop the clock some time from now, during the block."""
    at = clock.now() + timedelta(**ahead)
    clock.set_now(lambda: at)
    try:
        yield
    finally:
        clock.set_now(None)


def small_sandbox(n_calls: int = 1_200, days: int = 30) -> SandboxServer:
    """Make a sandbox with fewer calls than the demo's; they end now."""
    until = datetime.now(UTC).replace(microsecond=0)
    return SandboxServer(options=SandboxOptions(calls=CallOptions(n_calls=n_calls, days=days, until=until)))
