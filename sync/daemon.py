"""The daemon: APScheduler as the clock, one job a sheet, a crew that runs what is due, and a clean stop.

The clock only says that a sheet is due. Whether it waits, runs or runs again is the crew's, so a busy pool or a long
run never makes the scheduler skip one.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from sync import clock, log
from sync.config.load import Config
from sync.config.problems import format_problem
from sync.config.schedule import Schedule, may_start, next_times
from sync.config.sheet import Sheet
from sync.crew import Crew, Shift
from sync.errors import ConfigError, StopRequested
from sync.report import RunReport, errors_of
from sync.run import NoProgress, Office, RunRequest, Trigger, run_sheet
from sync.store.runs import mark_interrupted, recent_runs
from sync.timetable import is_missed
from sync.watch import Watch

STOP_WITHIN = timedelta(seconds=8)  # service managers start to kill at about ten

_log = log.get("daemon")


class SheetTrigger(BaseTrigger):  # type: ignore[misc] # the library has no types
    """The times of a sheet's schedule, which count weekdays as cron does and cross DST as the docs say."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the next time after now; those that passed while the machine slept are one."""
        times = next_times(self._schedule, max(previous_fire_time or now, now), 1)
        return times[0] if times else None


class Daemon:
    """Runs every enabled sheet of a config at its times until asked to stop."""

    def __init__(self, config: Config, office: Office, watch: Watch) -> None:
        self._sheets = {sheet.name: sheet for sheet in config.sheets if sheet.enabled}
        self._office = office
        self._watch = watch
        self._crew = Crew(self._run, workers=config.daemon.workers, deadline=config.daemon.run_deadline)
        self._clock = make_clock()

    def serve(self, stop: threading.Event) -> None:
        """Run until `stop` is set; then let every run finish its chunk, and return."""
        for sheet in self._sheets.values():
            self._schedule(sheet)
        self._clock.start()
        _log.info("daemon started", action="daemon-started", n_sheets=len(self._sheets))
        self._run_missed()
        stop.wait()
        _log.info("daemon stops", action="daemon-stopping")
        self._clock.shutdown(wait=False)
        left = self._crew.close(within=STOP_WITHIN)
        _log.info("daemon stopped", action="daemon-stopped", still_running=left)

    def _schedule(self, sheet: Sheet) -> None:
        job = self._clock.add_job(self._due, SheetTrigger(sheet.schedule), (sheet.name,), id=sheet.name)
        next_at = next_times(sheet.schedule, clock.now(), 1)
        at = next_at[0].isoformat() if next_at else None
        _log.info("sheet scheduled", action="sheet-scheduled", sheet=job.id, schedule=str(sheet.schedule), next_at=at)

    def _due(self, name: str) -> None:
        _log.info("run due", action="run-due", sheet=name)
        self._crew.due(name)

    def _run_missed(self) -> None:
        """Run once each sheet whose time passed while no daemon was there."""
        now = clock.now()
        mark_interrupted(self._office.store)
        for sheet in self._sheets.values():
            started_at = next((run.started_at for run in recent_runs(self._office.store, sheet.name, 1)), None)
            if is_missed(sheet.schedule, last_started=started_at, now=now):
                _log.info("run missed", action="run-missed", sheet=sheet.name, last_started_at=started_at)
                self._crew.due(sheet.name)

    def _run(self, shift: Shift) -> None:
        """Run one sheet on a thread of the crew; whatever happens to it stays with it."""
        if not may_start(self._sheets[shift.name].schedule, clock.now()):
            # It waited for a place until its hours were over.
            _log.warning("run put off to its next hours", action="run-put-off", sheet=shift.name)
            return
        _log.info("run started", action="run-started", sheet=shift.name)
        request = RunRequest(trigger=Trigger.SCHEDULE, requested_at=clock.now())
        try:
            report = run_sheet(self._office, self._sheets[shift.name], request, progress=NoProgress(), stop=shift.stop)
        except StopRequested:
            reason = "deadline" if shift.is_overdue else "daemon stops"
            _log.warning("run stopped", action="run-stopped", sheet=shift.name, reason=reason)
        else:
            log_report(report)
            self._watch.run_ended(report)


def make_clock() -> Any:
    """Make a scheduler that never skips: late is better than not at all, and many missed times are one."""
    return BackgroundScheduler(
        jobstores={"default": MemoryJobStore()},
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        timezone="UTC",
    )


def log_problems(broken: ConfigError | None) -> None:
    """Write one line for each mistake of the config that leaves a sheet out."""
    for problem in broken.problems if broken else ():
        _log.error(format_problem(problem), action="config-problem", file=problem.file, line=problem.line)


def log_report(report: RunReport) -> None:
    """Write one line for a run, and one for each thing that went wrong in it."""
    told = {"sheet": report.sheet, "run": report.run_id}
    for tab in report.tabs:
        words = {name: getattr(tab, name) for name in ("rows", "added", "changed", "removed")}
        _log.info("tab done", action="tab-done", tab=tab.title, outcome=str(tab.outcome), **told, **words)
    for warning in report.warnings:
        _log.warning(warning, action="run-warning", **told)
    counts = {name: sum(getattr(tab, name) for tab in report.tabs) for name in ("added", "changed", "removed")}
    _log.info(
        "run finished",
        action="run-finished",
        **told,
        outcome=str(report.outcome),
        seconds=round(report.seconds, 3),
        requests=dict(report.requests),
        **counts,
    )
    for error in errors_of(report):
        _log.error(error.message, action="run-error", kind=error.kind, hint=error.hint, **told)
