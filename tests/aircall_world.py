"""A sheet on Aircall's exports in front of a sandbox: run in this process, or killed as a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from sync import clock
from sync.check import CheckLine, check_sheet
from sync.config.load import Config, load_config
from sync.office import NoProgress, Office, open_office
from sync.plan import SheetPlan
from sync.report import Outcome, RunReport
from sync.run import RunRequest, Trigger, plan_sheet, run_sheet
from sync.sandbox.server import SandboxServer
from tests.sandbox_admin import Admin

CREATED = {"method": "POST", "service": "aircall"}
HISTORY = {"title": "History", "connection": "aircall", "stream": "calls_history", "period": "last 7 days"}
STATUSES = {"title": "Statuses", "connection": "aircall", "stream": "user_status_history", "period": "last 5 days"}


def zone_at_noon() -> str:
    """Return a zone in which it is about noon, so that no test runs from one day into the next."""
    ahead = 12 - clock.now().hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"  # the sign of these names is the other way round


@dataclass
class AircallWorld:
    """One sandbox, one spreadsheet, and a sheet with these tabs; `schedule` holds further options of the sheet."""

    admin: Admin
    folder: Path
    spreadsheet: str
    tabs: list[dict[str, Any]]
    schedule: dict[str, Any]
    zone: str

    def config(self) -> Config:
        """Write the config and read it."""
        url = self.admin.url
        google = {"credentials": "anonymous", "sheets_url": url, "drive_url": url}
        google |= {"writes_per_minute": 100_000, "reads_per_minute": 100_000, "spreadsheet_writes_per_second": 10_000}
        keys = {"api_id": "env:AIRCALL_API_ID", "api_token": "env:AIRCALL_API_TOKEN"}
        aircall = {"vendor": "aircall", "base_url": f"{url}/aircall", "requests_per_minute": 10_000}
        aircall["export_timezone"] = self.zone
        sheet = {
            "name": "air",
            "spreadsheet": self.spreadsheet,
            "timezone": self.zone,
            **self.schedule,
            "tab": self.tabs,
        }
        config = {"google": google, "connection": {"aircall": {**aircall, **keys}}, "sheet": [sheet]}
        path = self.folder / "config.toml"
        path.write_text(tomlkit.dumps(config))
        return load_config(path)

    def run(self) -> RunReport:
        """Run the sheet as a person asks for it; the log then holds this run alone."""
        self.admin.clear_log()
        return self._with_office(
            lambda office, request: run_sheet(
                office, office.config.sheets[0], request, progress=NoProgress(), stop=threading.Event()
            )
        )

    def good_run(self) -> RunReport:
        """Run, and see that it ended well."""
        report = self.run()
        assert report.outcome in (Outcome.OK, Outcome.UNCHANGED), report
        return report

    def plan(self, *, offline: bool = False) -> SheetPlan:
        """Say what a run would do."""
        return self._with_office(
            lambda office, request: plan_sheet(
                office,
                office.config.sheets[0],
                request,
                offline=offline,
                progress=NoProgress(),
                stop=threading.Event(),
            )
        )

    def check(self) -> list[CheckLine]:
        """Look at everything that a run needs."""
        return self._with_office(lambda office, _: check_sheet(office, office.config.sheets[0]))

    def _with_office(self, do: Callable[[Office, RunRequest], Any]) -> Any:
        request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
        with open_office(self.config()) as office:
            return do(office, request)

    def n_created(self) -> int:
        """Count the exports that were asked for since the log was cleared."""
        return len(self.admin.log(**CREATED))

    def shown(self, title: str, column: str) -> list[Any]:
        """Return the cells of a column below its header."""
        header, *rows = self.admin.tab_values(self.spreadsheet, title)
        at = header.index(column)
        return [row[at] for row in rows if any(cell != "" for cell in row)]


@contextmanager
def open_aircall_world(folder: Path, server: SandboxServer, tabs: list[dict[str, Any]]) -> Iterator[AircallWorld]:
    """Give a world on a sandbox that was just reset, where exports are done at once."""
    with Admin(server.url) as admin:
        admin.reset()
        admin.options(aircall={"requests_per_minute": 100_000, "n_pending": -1}, google={"enforce_quota": False})
        zone = zone_at_noon()
        yield AircallWorld(
            admin=admin,
            folder=folder,
            spreadsheet=admin.make_spreadsheet("Aircall", timezone=zone),
            tabs=tabs,
            schedule={},
            zone=zone,
        )
