"""One run of one sheet: the only module that knows the order of steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson

from sync import clock, log
from sync.advice import pause_warnings, retention_warnings
from sync.config.sheet import Sheet, Tab
from sync.destination.book import MAX_CELLS
from sync.destination.google import RequestCounts, SheetsHttpClient
from sync.errors import ConfigError, SyncError, Where
from sync.office import GoogleGate, NoProgress, Office, Progress, open_office
from sync.parts import publish_parts
from sync.plan import SheetPlan, make_offline_plan, make_plan
from sync.publish import Publisher
from sync.records import Slice
from sync.refresh import Refreshed
from sync.renames import find_renames, follow
from sync.report import ErrorReport, RunReport, run_json
from sync.request import RunRequest, StopEvent, Trigger
from sync.run_words import address_of, foreseen, told_if_overdue, worst_outcome, zone_warnings
from sync.sources.base import Source
from sync.spares import needs_links, note_links, parts_of, write_links
from sync.status_line import tell_status, wants_status
from sync.store.published import forget_tab
from sync.store.runs import Lease, close_run, keep, open_run, this_holder
from sync.summary_job import SummaryJob
from sync.sync_log import LogJob, make_log_job
from sync.tab_publish import Allowed
from sync.tab_refresh import TabStream, gather_calls, open_tab_stream, refresh_tab
from sync.tab_reports import Published
from sync.tabs import DataJob

__all__ = [
    "NoProgress",
    "Office",
    "Progress",
    "RunRequest",
    "StopEvent",
    "Trigger",
    "open_office",
    "plan_sheet",
    "run_sheet",
]

LEASE_S = 45.0  # a run whose process died on another machine is taken up within a minute
LEASE_POLL_S = 0.2

_log = log.get("run")


@dataclass(kw_only=True)
class _Run:
    """What the steps of one run share."""

    office: Office
    sheet: Sheet
    request: RunRequest
    progress: Progress
    stop: threading.Event
    deadline: datetime
    counts: RequestCounts = field(default_factory=RequestCounts)
    warnings: list[str] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    started_at: datetime = field(default_factory=clock.now)
    is_part: bool = False  # of a sheet that goes on in a spare spreadsheet

    def source(self, connection: str) -> Source:
        """Return the source of a connection, made on first use."""
        if connection not in self.sources:
            turn = self.request.turn
            self.sources[connection] = self.office.source(connection, stop=self.stop, deadline=self.deadline, turn=turn)
        return self.sources[connection]

    def close(self) -> None:
        """Close the connections to vendors."""
        for source in self.sources.values():
            source.close()

    def requests(self) -> dict[str, int]:
        """Count the requests so far."""
        google = {"google_read": self.counts.read, "google_write": self.counts.write}
        return google | {name: source.n_requests for name, source in self.sources.items()}


def run_sheet(
    office: Office, sheet: Sheet, request: RunRequest, *, progress: Progress, stop: threading.Event
) -> RunReport:
    """Run a sheet: refresh its streams, publish its tabs, record what happened.

    What went wrong is in the report. StopRequested leaves with the lease released, and whatever was begun is taken
    up by the next run.
    """
    started_s = time.monotonic()
    run = _new_run(office, sheet, request, progress=progress, stop=stop)
    started_at = run.started_at
    of = (office.store, sheet.name, sheet.spreadsheet_id, str(request.trigger))
    run_id = open_run(*of, started_at=started_at, run_id=request.run_id)
    published, error = None, None
    try:
        with (
            log.bound(run=run_id, sheet=sheet.name),
            told_if_overdue(run.stop, office.config.daemon.run_deadline),
            closing(run),
            _leased(run) as lease,
            _told(run, lease) as told,
            foreseen(),
        ):
            told.published = published = _publish(run, run_id, lease, dry=False)
    except SyncError as caught:
        error = caught.at(Where(sheet=sheet.name, spreadsheet=sheet.spreadsheet_id))
        _log.debug("run failed", action="run-failed", sheet=sheet.name, exc_info=caught)
    except BaseException:  # asked to stop: the history must not show it as still running
        report = _to_report(run, published, None, started_at=started_at, seconds=time.monotonic() - started_s)
        _close(office, run_id, "interrupted", report)
        raise
    report = _to_report(run, published, error, started_at=started_at, seconds=time.monotonic() - started_s)
    _close(office, run_id, str(report.outcome), report)
    return replace(report, run_id=run_id)


def plan_sheet(
    office: Office,
    sheet: Sheet,
    request: RunRequest,
    *,
    offline: bool,
    progress: Progress,
    stop: threading.Event,
) -> SheetPlan:
    """Say what a run would do: the mirror is refreshed, the spreadsheet only read; offline, neither is asked."""
    run = _new_run(office, sheet, request, progress=progress, stop=stop)
    google = office.config.google
    try:
        if offline:
            data, _ = _make_jobs(run, {})
            known = (*retention_warnings(office.config, sheet, request.requested_at),)
            known += (*pause_warnings(office.config, sheet, request.requested_at),)
            return make_offline_plan(data, google, warnings=known)
        with closing(run):
            published = _publish(run, "", None, dry=True)
        return make_plan(published, google, warnings=zone_warnings(published.book, run.sheet.zone))
    except SyncError as error:
        return SheetPlan(error=ErrorReport.of(error.at(Where(sheet=sheet.name))))


def _new_run(office: Office, sheet: Sheet, request: RunRequest, *, progress: Progress, stop: threading.Event) -> _Run:
    return _Run(office=office, sheet=sheet, request=request, progress=progress, stop=stop, deadline=office.deadline())


def _close(office: Office, run_id: str, outcome: str, report: RunReport) -> None:
    text = orjson.dumps(run_json(report)).decode()
    close_run(office.store, run_id, outcome, text, finished_at=clock.now())


@dataclass
class _Told:
    published: Published | None = None


@contextmanager
def _told(run: _Run, lease: Lease) -> Iterator[_Told]:
    """Write the status lines after what the block does, also when that fails."""
    told, error = _Told(), None
    try:
        yield told
    except SyncError as caught:
        error = caught
        raise
    finally:
        if run.request.reads_vendors and (told.published or error) and wants_status(run.sheet):
            run.warnings += _tell_status(run, lease, told.published, error)


def _tell_status(run: _Run, lease: Lease, published: Published | None, error: SyncError | None) -> list[str]:
    try:
        client = _google(run, lease)[0]
    except SyncError:  # what the run failed with
        return []
    book, tabs = (published.book, published.tabs) if published else (None, ())
    vendors = run.office.config.vendor_titles()
    return tell_status(run.office.store, client, run.sheet, book=book, tabs=tabs, error=error, vendors=vendors)


def _google(run: _Run, lease: Lease | None) -> tuple[SheetsHttpClient, GoogleGate]:
    return run.office.google(
        run.sheet.spreadsheet_id,
        lease=lease,
        stop=run.stop,
        deadline=run.deadline,
        counts=run.counts,
        progress=run.progress,
        turn=run.request.turn,
        reference=run.sheet.credentials,
    )


@contextmanager
def _leased(run: _Run) -> Iterator[Lease]:
    """Hold the lease of the spreadsheet; wait while another run has it."""
    with _lease(run, f"spreadsheet {run.sheet.spreadsheet_id}", f"another run of {run.sheet.name!r}") as lease:
        yield lease


@contextmanager
def _lease(run: _Run, name: str, words: str) -> Iterator[Lease]:
    lease = Lease.acquire(run.office.store, name, holder=this_holder(), ttl_s=LEASE_S)
    if lease is None:
        run.progress.say(f"waiting for {words} to end")
    while lease is None:
        if clock.now() > run.deadline:
            raise SyncError(f"Waited for {words} until the run's time was over.", hint="Look at `callsheet status`.")
        clock.sleep(LEASE_POLL_S, run.stop)
        lease = Lease.acquire(run.office.store, name, holder=this_holder(), ttl_s=LEASE_S)
    with keep(lease, unless=lambda: getattr(run.stop, "is_given_up", False)):
        yield lease


def _publish(run: _Run, run_id: str, lease: Lease | None, *, dry: bool) -> Published:
    warnings: dict[str, list[str]] = {}
    errors = _refresh_all(run, warnings)
    data, summaries = _make_jobs(run, errors, warnings)

    def publish(spreadsheet_id: str, data: Sequence[DataJob], summaries: Sequence[SummaryJob]) -> Published:
        if spreadsheet_id == run.sheet.spreadsheet_id:
            return _publish_one(run, run_id, lease, data=data, summaries=summaries, dry=dry)
        part = replace(run, sheet=run.sheet.model_copy(update={"spreadsheet": spreadsheet_id}), is_part=True)
        with _leased(part) if lease is not None else nullcontext() as own:
            return _publish_one(part, run_id, own, data=data, summaries=summaries, dry=dry)

    done, n_used = publish_parts(publish, run.office.store, data, summaries, sheet=run.sheet, dry=dry)
    if not dry and needs_links(run.office.store, run.sheet, n_used):
        for spreadsheet_id in parts_of(run.sheet, n_used):
            part = replace(run, sheet=run.sheet.model_copy(update={"spreadsheet": spreadsheet_id}))
            write_links(_google(part, lease)[0], run.sheet, spreadsheet_id, n_used)
        note_links(run.office.store, run.sheet, n_used)
    return done


def _publish_one(
    run: _Run,
    run_id: str,
    lease: Lease | None,
    *,
    data: Sequence[DataJob],
    summaries: Sequence[SummaryJob],
    dry: bool,
) -> Published:
    """Publish into one spreadsheet."""
    client, gate = _google(run, lease)
    log_job = None if run.is_part else _log_job(run, run_id)
    _follow_renames(run, client, [*data, *summaries, *([log_job] if log_job else [])], dry=dry)
    asked = run.request
    publisher = Publisher(
        run.office.store,
        client,
        run.sheet.spreadsheet_id,
        run_id=run_id,
        allowed=Allowed(rebuild=asked.rebuild, take_header=asked.take_header, adopt=asked.adopt),
        max_bytes=run.office.config.google.max_request_bytes,
        pause=gate.pause,
        on_rows=run.progress.rows,
    )
    return publisher.publish(data, summaries, log=log_job, dry=dry)


def _log_job(run: _Run, run_id: str) -> LogJob | None:
    return make_log_job(
        run.office.store,
        run.sheet,
        run.office.config.vendor_titles(),
        run_id=run_id or "of the plan",
        trigger=str(run.request.trigger),
        started_at=run.started_at,
        n_requests=lambda: sum(run.requests().values()),
    )


def _follow_renames(run: _Run, client: SheetsHttpClient, jobs: Sequence[DataJob | SummaryJob], *, dry: bool) -> None:
    """Let tabs follow the titles that the config gives them now; a plan only tells of it."""
    store, sheet, sheets = run.office.store, run.sheet, {sheet.name for sheet in run.office.config.sheets}
    renames, gone = find_renames(store, sheet, jobs, sheets=sheets)
    by_uid = {job.uid: job for job in jobs}
    for rename in renames:
        job = by_uid[rename.now]
        job.warnings = (*job.warnings, rename.words)
        job.known_as = rename.before if dry else ""
    if renames and not dry:
        follow(client, store, sheet.spreadsheet_id, renames)
    for uid in gone if not dry else ():
        forget_tab(store, sheet.spreadsheet_id, uid)  # so that no tab of a later config is taken for it


def _refresh_all(run: _Run, warnings: dict[str, list[str]]) -> dict[str, SyncError]:
    """Refresh the stream of every tab; a tab whose stream failed gets the error, the others go on."""
    errors: dict[str, SyncError] = {}
    for tab in run.sheet.read_tabs if run.request.reads_vendors else ():
        try:
            warnings[tab.title] = list(_refresh(run, tab))
        except ConfigError:
            raise
        except SyncError as error:
            errors[tab.title] = error.at(Where(tab=tab.title, connection=tab.connection_name, stream=tab.stream))
    return errors


def _refresh(run: _Run, tab: Tab) -> list[str]:
    """Refresh the stream of a tab, and return what people should know of it."""
    asked = _asked(run, tab)
    if not asked.gathered:
        return list(_refresh_one(run, asked).warnings)
    warnings = [said for part in asked.gathered for said in _refresh_one(run, part).warnings]
    with _lease(run, f"stream {asked.mirror.id}", f"another run to gather the calls of {tab.connection_name}"):
        gathered = gather_calls(run.office, asked, stop=run.stop)
        found = {"connection": tab.connection_name, "added": gathered.n_added, "changed": gathered.n_changed}
        _log.info("calls gathered", action="calls-gathered", tab=tab.title, **found)
    return warnings


def _refresh_one(run: _Run, asked: TabStream) -> Refreshed:
    name, stream = asked.tab.connection_name, asked.tab.stream
    with (
        log.bound(connection=name, stream=stream),
        _lease(run, f"stream {asked.mirror.id}", f"another run to read {name} {stream}"),
    ):
        refreshed = refresh_tab(asked, run.source(name), allow_empty=run.request.allow_empty, progress=run.progress)
        found = {"pages": refreshed.n_pages, "added": refreshed.n_added, "changed": refreshed.n_changed}
        _log.info("stream read", action="stream-read", tab=asked.tab.title, **found)
        return refreshed


def _asked(run: _Run, tab: Tab) -> TabStream:
    at, period = run.request.requested_at, run.request.period
    return open_tab_stream(run.office, run.sheet, tab, period=period or tab.period, requested_at=at)


def _shown_by(run: _Run, tab: Tab, asked: TabStream) -> Slice:
    """Return the period that a tab shows; a tab of exactly its period is not cut to one that was asked for once."""
    if tab.mode != "replace" or run.request.period is None or asked.buckets is not None:
        return asked.window
    return tab.period.slice_at(run.request.requested_at, run.sheet.zone, run.sheet.week_starts)


def _make_jobs(
    run: _Run, errors: Mapping[str, SyncError], warnings: Mapping[str, Sequence[str]] | None = None
) -> tuple[list[DataJob], list[SummaryJob]]:
    made = {
        tab.title.casefold(): _data_job(run, tab, errors.get(tab.title), (warnings or {}).get(tab.title, ()))
        for tab in run.sheet.read_tabs
    }
    summaries = []
    for summary in run.sheet.summary:
        of = made[(summary.of or summary.title).casefold()]
        own = of.warnings if summary.of is None else ()
        summaries.append(SummaryJob(sheet=run.sheet, summary=summary, of=of, store=run.office.store, warnings=own))
    return [made[tab.title.casefold()] for tab in run.sheet.tab], summaries


def _data_job(run: _Run, tab: Tab, error: SyncError | None, warnings: Sequence[str]) -> DataJob:
    asked = _asked(run, tab)
    return DataJob(
        sheet=run.sheet,
        tab=tab,
        spec=asked.mirror.spec,
        mirror=asked.mirror,
        window=_shown_by(run, tab, asked),
        body_bytes=run.office.config.google.max_request_bytes,
        at=run.request.requested_at,
        store=run.office.store,
        zone=run.sheet.zone,
        gathered=tuple(part.mirror for part in asked.gathered),
        error=error,
        warnings=tuple(warnings),
    )


def _to_report(
    run: _Run, published: Published | None, error: SyncError | None, *, started_at: datetime, seconds: float
) -> RunReport:
    tabs = published.tabs if published else ()
    return RunReport(
        sheet=run.sheet.name,
        outcome=worst_outcome(tabs, error),
        started_at=started_at,
        seconds=seconds,
        spreadsheet_url=address_of(run.sheet.spreadsheet_id, run.office.config.google.sheets_url),
        error=ErrorReport.of(error) if error else None,
        requests=run.requests(),
        tabs=tabs,
        warnings=(*(zone_warnings(published.book, run.sheet.zone) if published else ()), *run.warnings),
        fullness=published.book.n_cells / MAX_CELLS if published and published.book else None,
    )
