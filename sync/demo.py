"""The demo: the main job, from config file to filled tabs, against a sandbox spoken to over HTTP like a real one."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import httpx

from sync import clock, screen
from sync.config.load import load_config
from sync.config.sheet import Sheet
from sync.errors import Unreachable
from sync.progress import open_display
from sync.report import RunReport, run_lines
from sync.run import Office, RunRequest, Trigger, open_office, run_sheet
from sync.store.published import load_tab

# The sandbox plays a vendor's limits too, and findings that come minutes after a call: here it answers at once, and the
# second run finds nothing new.
CALM: Mapping[str, float] = {"requests_per_minute": 6000, "ai_delay_s": 0}
SANDBOX_KEY = "demo-key"  # the sandbox takes any


class Demo(NamedTuple):
    """What the demo did, and the address where it can be looked at."""

    reports: list[RunReport]
    address: str


def run_demo(sandbox_url: str, *, holdings: str, stop: threading.Event) -> Demo:
    """Run the demo's sheet, and again to show what "unchanged" costs; print both runs and where to look.

    `holdings` says in words what the sandbox holds.
    """
    reports: list[RunReport] = []
    with tempfile.TemporaryDirectory(prefix="callsheet-demo-") as folder:
        spreadsheet = _make_spreadsheet(sandbox_url)
        path = _write_config(Path(folder), sandbox=sandbox_url, spreadsheet=spreadsheet)
        screen.say([f"The sandbox at {sandbox_url} stands in for Google, and for {holdings}."])
        screen.say(["Running this config:", "", *_sheet_lines(path), ""])
        config = load_config(path)
        with open_office(config) as office:
            for words in ("First run", "Run again, nothing new"):
                request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
                with open_display(screen.err.console, "demo") as progress:
                    reports.append(run_sheet(office, config.sheets[0], request, progress=progress, stop=stop))
                screen.say([f"{words}:", *run_lines(reports[-1])])
            address = f"{sandbox_url}/view/{spreadsheet}#gid={_tab_id(office, config.sheets[0])}"
    screen.say(["", f"Look at the tabs: {address}"])
    return Demo(reports, address)


def _tab_id(office: Office, sheet: Sheet) -> int:
    """Return the id of the data tab, so that the page opens there and not on the empty tab of a new spreadsheet."""
    state = load_tab(office.store, sheet.spreadsheet_id, f"{sheet.name}/{sheet.tab[0].title}")
    return state.sheet_id if state else 0


def _make_spreadsheet(sandbox_url: str) -> str:
    """Make a spreadsheet as a person would, and return its id; let the vendors be quick and keep still."""
    book = {"title": "Callsheet demo", "timezone": "America/New_York"}
    try:
        # Environment settings for proxies are about the world outside.
        with httpx.Client(base_url=sandbox_url, trust_env=False) as client:
            options = client.get("/admin/options").raise_for_status().json()
            wanted = {name: {one: CALM[one] for one in CALM if one in known} for name, known in options.items()}
            client.patch("/admin/options", json={k: v for k, v in wanted.items() if v}).raise_for_status()
            made: dict[str, Any] = client.post("/admin/google/spreadsheets", json=book).raise_for_status().json()
    except httpx.HTTPError as error:
        raise Unreachable(f"The sandbox at {sandbox_url} does not answer as it should: {error}.") from error
    return str(made["id"])


def _write_config(folder: Path, *, sandbox: str, spreadsheet: str) -> Path:
    """Write the demo's config with its store and keys beside it, all of it in one folder that leaves no trace."""
    template = Template((resources.files("sheets_templates") / "demo.toml").read_text())
    (folder / "demo.key").write_text(SANDBOX_KEY)
    path = folder / "config.toml"
    path.write_text(template.substitute(sandbox=sandbox, spreadsheet=spreadsheet))
    return path


def _sheet_lines(path: Path) -> list[str]:
    """Return the part of the config that says what the spreadsheet shows, as it stands in the file."""
    _, mark, sheet = path.read_text().partition("[[sheet]]\n")
    return [f"    {line}".rstrip() for line in (mark + sheet).splitlines()]
