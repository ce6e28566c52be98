"""A real daemon on a thread of the test: real files, a real store, a sandbox over HTTP; and what it did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sync import clock
from sync.config.kept import open_effective
from sync.daemon import Daemon
from sync.dispatch import NoListener
from sync.errors import Problem
from sync.office import Office
from sync.report import RunReport
from sync.store.db import Store, open_store
from sync.store.due_runs import DueRun, all_rows, ask

PATIENCE_S = 60.0

MAIN = """
include = ["sheets.d/*.toml"]

[google]
credentials = "anonymous"
sheets_url = "{url}"
drive_url = "{url}"
writes_per_minute = 100000
reads_per_minute = 100000
spreadsheet_writes_per_second = 10000

[daemon]
workers = {workers}
jitter = "0s"
run_deadline = "{deadline}"

[connection.justcall]
vendor = "justcall"
api_key = "env:JUSTCALL_API_KEY"
api_secret = "env:JUSTCALL_API_SECRET"
base_url = "{url}/justcall"
requests_per_minute = 10000

[connection.other]
vendor = "justcall"
api_key = "env:JUSTCALL_API_KEY"
api_secret = "env:JUSTCALL_API_SECRET"
base_url = "{other_url}/justcall"
requests_per_minute = 10000
"""

SHEET = """
[[sheet]]
name = "{name}"
spreadsheet = "{spreadsheet}"
{schedule}

[[sheet.tab]]
title = "{title}"
connection = "{connection}"
stream = "calls"
period = "last 3 days"
columns = {columns}
"""
COLUMNS = '["call_id", "started_at", "duration"]'


@dataclass
class Heard(NoListener):
    """What a daemon told its listener."""

    reports: list[RunReport] = field(default_factory=list)
    problems: list[list[Problem]] = field(default_factory=list)

    def run_ended(self, report: RunReport) -> None:
        self.reports.append(report)

    def config_read(self, problems: Sequence[Problem]) -> None:
        self.problems.append(list(problems))


@dataclass
class Desk:
    """The config files of one daemon, and the daemon itself."""

    folder: Path
    url: str
    other_url: str = ""
    heard: Heard = field(default_factory=Heard)
    daemon: Daemon | None = None

    def __post_init__(self) -> None:
        (self.folder / "sheets.d").mkdir(exist_ok=True)
        self.write_main()

    @property
    def main(self) -> Path:
        return self.folder / "config.toml"

    def file_of(self, name: str) -> Path:
        return self.folder / "sheets.d" / f"{name}.toml"

    def write_main(self, *, workers: int = 4, deadline: str = "30m", more: str = "") -> None:
        self.main.write_text(
            MAIN.format(url=self.url, other_url=self.other_url or self.url, workers=workers, deadline=deadline) + more
        )

    def sheet_text(self, name: str, spreadsheet: str, **values: Any) -> str:
        fields = {"schedule": 'every = "1 day"', "title": "Calls", "connection": "justcall", "columns": COLUMNS}
        return SHEET.format(name=name, spreadsheet=spreadsheet, **(fields | values))

    def write_sheet(self, name: str, spreadsheet: str, **values: Any) -> None:
        self.file_of(name).write_text(self.sheet_text(name, spreadsheet, **values))

    @contextmanager
    def serving(self) -> Iterator[Heard]:
        """Let a daemon work during the block."""
        stop, self.heard = threading.Event(), Heard()
        with open_effective(self.main) as (store, effective):
            self.daemon = daemon = Daemon(self.main, Office(effective.config, store), effective)
            thread = threading.Thread(target=daemon.serve, args=(stop, self.heard), daemon=True)
            thread.start()
            try:
                yield self.heard
            finally:
                stop.set()
                thread.join(PATIENCE_S)
                assert not thread.is_alive()

    @contextmanager
    def store(self) -> Iterator[Store]:
        opened = open_store(f"sqlite:///{self.folder / 'callsheet.db'}")
        try:
            yield opened
        finally:
            opened.close()

    def rows(self) -> list[DueRun]:
        with self.store() as store:
            return all_rows(store)

    def ask(self, name: str) -> None:
        """Ask for a run as `run-now --no-wait` does."""
        with self.store() as store:
            ask(store, name, "{}", at=clock.now())

    def outcomes(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for report in self.heard.reports:
            found.setdefault(report.sheet, []).append(str(report.outcome))
        return found

    def ran(self, name: str, n: int = 1) -> None:
        """Wait until a sheet ran so often."""
        eventually(lambda: len(self.outcomes().get(name, [])) >= n)


def eventually(wanted: Callable[[], object]) -> None:
    """Wait until something is true."""
    end = time.monotonic() + PATIENCE_S
    while not wanted():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def holds_for(seconds: float, wanted: Callable[[], object]) -> None:
    """See that something is true and stays so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert wanted()
        time.sleep(0.05)
