"""Runs that a person asks for and watches: one after the other, in the queue and beside the daemon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sync import screen
from sync.choice import refuse_broken
from sync.config.load import Config
from sync.config.sheet import Sheet
from sync.history import open_history
from sync.progress import open_display
from sync.report import RunReport
from sync.run import RunRequest, open_office, run_sheet
from sync.signals import stop_on_signals
from sync.watch import after_run_by_hand
from sync.wishes import carried_out, leave_to_daemon


def leave_all_to_daemon(settings: Config, sheets: Sequence[Sheet], request: RunRequest) -> None:
    """Let the daemon run these sheets; ConfigError when none is there, or a sheet cannot be run."""
    with open_history(settings) as store:
        refuse_broken(settings.path, store, sheets)
        leave_to_daemon(store, sheets, request)
    names = ", ".join(sheet.name for sheet in sheets)
    screen.say([f"left to the daemon: {names}; `callsheet status` shows how it went"], screen.err)


def run_all(settings: Config, sheets: Sequence[Sheet], request: RunRequest) -> Iterator[RunReport]:
    """Run one sheet after the other."""
    with stop_on_signals() as stop, open_office(settings) as office:
        refuse_broken(settings.path, office.store, sheets)
        for sheet in sheets:
            with (
                open_display(screen.err.console, sheet.name) as progress,
                carried_out(office.store, sheet, request) as wish,
            ):
                report = run_sheet(office, sheet, wish, progress=progress, stop=stop)
            after_run_by_hand(office, report)
            yield report
