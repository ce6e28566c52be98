"""Hands what waits in the queue to the crew, and writes back what became of it. Does not know when something is due."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial, reduce
from typing import Protocol

from sync import clock, log
from sync.config.load import Config
from sync.config.schedule import may_start
from sync.config.sheet import Sheet
from sync.crew import Crew, Shift
from sync.errors import Problem, StopRequested, SyncError, Unforeseen
from sync.report import ErrorReport, Outcome, RunReport, errors_of
from sync.run import NoProgress, Office, Progress, run_sheet
from sync.store.due_runs import SCHEDULE_LANE, DueRun, claim, end, explain, put_back, take_back, waiting
from sync.store.leases import release_all
from sync.store.presence import Presence
from sync.store.runs import interrupt, mark_interrupted, this_holder
from sync.wishes import request_of

LOOK_S = 1.0  # how often the queue is read for what others put there
CARE_S = 5.0  # how often what dead processes left behind is looked for

OUT_OF_HOURS = "it waited for its turn until the hours of the sheet were over, and runs in its next hours"
STOPPED = "the daemon was stopped in the middle of it, and takes it up when it is there again"
STUCK = "the run did not answer for minutes after its deadline, and was given up"

_log = log.get("daemon")


class Listener(Protocol):
    """Who wants to hear what the daemon does. It is called on the threads of the daemon, so it must be quick."""

    def progress(self, sheet: str, /) -> Progress:
        """Return what hears the steps of a run that begins."""

    def run_ended(self, report: RunReport) -> None:
        """Hear how a run ended."""

    def config_read(self, problems: Sequence[Problem]) -> None:
        """Hear what is wrong with the config as it is saved now; nothing, when it is whole."""


class NoListener:
    """Nobody wants to hear."""

    def progress(self, _sheet: str, /) -> Progress:
        """Hear nothing."""
        return NoProgress()

    def run_ended(self, report: RunReport) -> None:
        """Say nothing."""

    def config_read(self, problems: Sequence[Problem]) -> None:
        """Say nothing."""


@dataclass(eq=False, kw_only=True)
class _Job(Shift):
    """A run of the queue, with the config that it began under."""

    due: DueRun
    sheet: Sheet
    office: Office
    run_id: str


class Dispatch:
    """The queue on one side, the crew on the other; what is taken up is so in the name of `presence`."""

    def __init__(
        self, office: Office, presence: Presence, *, on_left: Callable[[], None], listener: Listener | None = None
    ) -> None:
        settings = office.config.daemon
        self._presence = presence
        self._holder = presence.name
        self._listener = listener or NoListener()
        self._crew = Crew(
            self._run,
            workers=settings.workers,
            deadline=settings.run_deadline,
            on_left=on_left,
            on_stuck=self._give_up,
        )
        self._waiting: list[DueRun] = []
        self._unsaved: list[Callable[[], bool]] = []
        self._warned: dict[str, Collection[str]] = {}  # of what, by sheet, its last run
        self._looked_s = self._cared_s = float("-inf")
        self.go_by(office)

    def go_by(self, office: Office) -> None:
        """Begin what comes from now on under this config; what runs ends under its own."""
        self._office, self._store, config = office, office.store, office.config
        self._sheets = {sheet.name: sheet for sheet in config.sheets}
        self._shared = _used_by_all(config)
        self._crew.workers = config.daemon.workers
        self._crew.deadline = config.daemon.run_deadline
        self.look_again()

    def look_again(self) -> None:
        """Read the queue at the next step: something was put there."""
        self._looked_s = float("-inf")

    def step(self) -> None:
        """Begin what may begin now."""
        self._presence.assure()
        now_s = time.monotonic()
        if now_s - self._cared_s >= CARE_S:
            self._care()
            self._cared_s = now_s
        if now_s - self._looked_s >= LOOK_S:
            self._waiting = waiting(self._store)
            self._looked_s = now_s
        left = []
        for n, due in enumerate(self._waiting):
            if self._crew.is_full:
                left += self._waiting[n:]
                break
            if not self._begin(due):
                left.append(due)
        self._waiting = left

    def close(self, *, within: timedelta) -> list[str]:
        """Ask every run to stop, and return the names of those that did not in that time.

        They end with the process; what they hold is free at once, for daemons on other machines too.
        """
        left = self._crew.close(within=within)
        for shift in left:
            _quietly(partial(self._leave_behind, shift))
        if left and not any(shift.stop.is_writing for shift in left):
            _quietly(partial(release_all, self._store, this_holder()))
        return sorted(shift.name for shift in left)

    def _leave_behind(self, shift: Shift) -> None:
        """Put a run back into the queue that will not end before the process does."""
        assert isinstance(shift, _Job)
        put_back(self._store, shift.due.number, holder=self._holder, reason=STOPPED)
        interrupt(self._store, shift.run_id, at=clock.now())

    def _care(self) -> None:
        """Write what could not be written, and free what processes that are gone had taken up."""
        unsaved, self._unsaved = self._unsaved, []
        for save in unsaved:
            self._save(save)
        mark_interrupted(self._store)
        freed = take_back(self._store)
        if freed:
            _log.warning("runs of a process that ended are taken up", action="runs-taken-up", sheets=freed)
            self.look_again()

    def _begin(self, due: DueRun) -> bool:
        """Begin a run if it may; True when there is nothing more to do for it here."""
        sheet = self._sheets.get(due.sheet)
        if sheet is None:
            return False
        if due.lane == SCHEDULE_LANE and not (sheet.enabled and may_start(sheet.schedule, clock.now())):
            if sheet.enabled and due.reason != OUT_OF_HOURS:
                _log.warning("run put off to its next hours", action="run-put-off", sheet=due.sheet)
                explain(self._store, due.number, OUT_OF_HOURS)
            return sheet.enabled  # read again with the queue
        job = _Job(
            name=sheet.name,
            spreadsheet=sheet.spreadsheet_id,
            connections=frozenset(name for tab in sheet.read_tabs for name in tab.connection),
            due=due,
            sheet=sheet,
            office=self._office,
            run_id=uuid.uuid4().hex,
        )
        if not self._crew.has_room(job, self._shared):
            return False
        if claim(self._store, due.number, holder=self._holder, run_id=job.run_id):
            self._crew.start(job)
        return True

    def _run(self, shift: Shift) -> None:
        """Run one sheet on a thread of the crew; whatever happens to it stays with it."""
        assert isinstance(shift, _Job)
        number = shift.due.number
        finish = partial(end, self._store, number, holder=self._holder)
        _log.info("run started", action="run-started", sheet=shift.name, run=shift.run_id, due_at=shift.due.due_at)
        try:
            request = request_of(shift.due, shift.run_id)
            progress = self._listener.progress(shift.name)
            report = run_sheet(shift.office, shift.sheet, request, progress=progress, stop=shift.stop)
        except StopRequested:
            _log.warning("run stopped", action="run-stopped", sheet=shift.name, run=shift.run_id, reason="daemon stops")
            self._save(partial(put_back, self._store, number, holder=self._holder, reason=STOPPED))
        except Exception as error:
            self._save(partial(finish, reason=f"it broke: {type(error).__name__}: {log.mask(str(error))}"))
            self._listener.run_ended(_broken(shift, error))
            raise
        else:
            is_ours = self._save(finish)
            log_report(report, known=self._warned.get(shift.name, ()))
            self._warned[shift.name] = report.warnings
            if is_ours:  # else it was paused for so long that another process took it over, and tells of it
                self._listener.run_ended(report)

    def _give_up(self, shift: Shift) -> None:
        """Let the sheet of a run that does not answer run again; the run itself can send nothing more."""
        assert isinstance(shift, _Job)
        self._save(partial(end, self._store, shift.due.number, holder=self._holder, reason=STUCK))

    def _save(self, save: Callable[[], bool]) -> bool:
        """Write to the store, later when it cannot be now; False when the row is another process's by now."""
        try:
            return save()
        except SyncError as error:
            _log.error(str(error), action="save-failed", hint=error.hint)
            self._unsaved.append(save)
            return True


def _quietly(step: Callable[[], object]) -> None:
    """Do what the next process does too, should it fail here."""
    try:
        step()
    except SyncError as error:
        _log.warning(str(error), action="save-failed", hint=error.hint)


def _broken(job: _Job, error: Exception) -> RunReport:
    """Report a run that ended before it could report anything itself."""
    told = ErrorReport.of(error if isinstance(error, SyncError) else Unforeseen.of(error))
    return RunReport(
        sheet=job.name,
        outcome=Outcome.FAILED,
        started_at=clock.now(),
        seconds=0.0,
        error=told,
        run_id=job.run_id,
    )


def _used_by_all(config: Config) -> frozenset[str]:
    """Return the connections that every enabled sheet uses."""
    used = [
        frozenset(name for tab in sheet.read_tabs for name in tab.connection)
        for sheet in config.sheets
        if sheet.enabled
    ]
    return reduce(frozenset.intersection, used) if used else frozenset()


def log_report(report: RunReport, *, known: Collection[str] = ()) -> None:
    """Write one line for a run, and one for each thing that went wrong in it.

    What the sheet's run before warned of as well is `known`, and said only to those who look closely.
    """
    told = {"sheet": report.sheet, "run": report.run_id}
    for tab in report.tabs:
        words = {name: getattr(tab, name) for name in ("rows", "added", "changed", "removed")}
        _log.info("tab done", action="tab-done", tab=tab.title, outcome=str(tab.outcome), **told, **words)
    for warning in report.warnings:
        (_log.debug if warning in known else _log.warning)(warning, action="run-warning", **told)
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
