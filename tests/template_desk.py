"""A sandbox with every vendor, and sheets made of nothing but a template and connections."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import tomlkit

from sync import clock
from sync.config.load import Config, load_config
from sync.office import NoProgress, open_office
from sync.report import RunReport
from sync.run import RunRequest, Trigger, run_sheet
from tests.sandbox_admin import Admin

ZONE = "America/New_York"
CONNECTIONS: dict[str, dict[str, Any]] = {
    "justcall": {"vendor": "justcall", "api_key": "file:key", "api_secret": "file:key"},
    "live": {"vendor": "justcall", "dialect": "v2.1", "api_key": "file:key", "api_secret": "file:key"},
    "aircall": {"vendor": "aircall", "api_id": "file:key", "api_token": "file:key"},
    "callscaler": {"vendor": "callscaler", "api_key": "file:key"},
    "callrail": {"vendor": "callrail", "api_key": "file:key", "account_id": "ACC111"},
}
_GENEROUS = {"requests_per_minute": 100_000}


class TemplateDesk:
    """One spreadsheet that a template fills."""

    def __init__(self, admin: Admin, folder: Path, template: str, *names: str, **options: Any) -> None:
        self.admin, self.folder, self.template, self.names = admin, folder, template, names
        self.options = options
        self.spreadsheet = admin.make_spreadsheet(template[0].upper() + template[1:], timezone=ZONE)

    def config(self) -> Config:
        """Write the config and read it."""
        url = self.admin.url
        google = {"credentials": "anonymous", "sheets_url": url, "drive_url": url}
        google |= {"writes_per_minute": 100_000, "reads_per_minute": 100_000, "spreadsheet_writes_per_second": 9999}
        accounts = {
            name: {**CONNECTIONS[name], "base_url": f"{url}/{CONNECTIONS[name]['vendor']}", "requests_per_minute": 9999}
            for name in self.names
        }
        chosen = list(self.names) if len(self.names) > 1 else self.names[0]
        sheet = {"name": "made", "spreadsheet": self.spreadsheet, "timezone": ZONE, "template": self.template}
        values = {"google": google, "connection": accounts, "sheet": [{**sheet, "connection": chosen, **self.options}]}
        (self.folder / "key").write_text("cs_key_test")
        path = self.folder / "config.toml"
        path.write_text(tomlkit.dumps(values))
        return load_config(path)

    def run(self) -> RunReport:
        """Run the sheet; nothing may have gone wrong. The log then holds this run alone."""
        config = self.config()
        self.admin.clear_log()
        request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
        with open_office(config) as office:
            report = run_sheet(office, config.sheets[0], request, progress=NoProgress(), stop=threading.Event())
        problems = [one.error for one in (report, *report.tabs) if one.error is not None]
        assert not problems, problems
        return report

    def rows(self, title: str) -> list[dict[str, Any]]:
        """Return the rows of a tab by header, blank cells as None."""
        header, *rows = self.admin.tab_values(self.spreadsheet, title)
        padded = [[*row, *[""] * (len(header) - len(row))] for row in rows]
        return [
            {text: (None if cell == "" else cell) for text, cell in zip(header, row, strict=False)}
            for row in padded
            if any(cell != "" for cell in row)
        ]


def be_generous(admin: Admin) -> None:
    """Let the vendors of a sandbox take as many requests as a test likes."""
    admin.options(
        justcall=_GENEROUS,
        aircall={**_GENEROUS, "n_pending": -1},
        callscaler={**_GENEROUS, "ai_delay_s": -3600},
        callrail=_GENEROUS,
        google={"enforce_quota": False},
    )
