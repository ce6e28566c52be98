"""What a daemon does beside running sheets: incidents and their alerts, the heartbeat, sheets overdue, keeping house.

One thread of its own, so that a slow address never holds up a run. What fails here is logged and tried again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sync import clock, log
from sync.config.load import Config
from sync.config.origins import source_tabs
from sync.config.schedule import next_times
from sync.config.sheet import Sheet
from sync.errors import ConfigError, Problem, SyncError
from sync.housekeeping import keep_house
from sync.incidents import (
    forget_sheets,
    level_of,
    note_overdue,
    note_problems,
    note_retention,
    note_run,
    recovery_words,
    words_of,
)
from sync.live import Live
from sync.notify import ping_heartbeat, send_alert
from sync.office import Office, Progress
from sync.report import Outcome, RunReport
from sync.store.incidents import Incident, mark_told, untold
from sync.store.leases import Lease, keep
from sync.store.runs import latest_good, this_holder
from sync.tab_refresh import open_tab_stream

LOOK_EVERY = timedelta(minutes=1)
HOUSE_EVERY = timedelta(days=1)
RETRY_ALERTS_AFTER = timedelta(minutes=5)
GRACE = timedelta(minutes=1)  # beside the time that a run takes, before a sheet counts as overdue
STOP_WITHIN = timedelta(seconds=2)  # of the ten that service managers leave
ALERT_LEASE_S = 120.0  # several addresses, each of which may take its time
SHARE_LEFT = 0.25  # of what the vendor remembers, when we tell that it is about to forget

Hearer = Callable[[RunReport], None]

_log = log.get("watch")


class Watch:
    """Hears what the daemon does; start it, and stop it at the end."""

    def __init__(
        self, office: Callable[[], Office], *, live: Live | None = None, hearers: Sequence[Hearer] = ()
    ) -> None:
        self.live = live or Live()
        self._office = office
        self._hearers = tuple(hearers)
        self._started_at = clock.now()
        self._changed = threading.Condition()
        self._has_news = True  # of an earlier process
        self._has_good_run = False
        self._is_stopped = False
        self._has_looked = False
        self._problems: tuple[Problem, ...] = ()
        self._looked_at = self._sent_at = self._kept_house_at = self._started_at - HOUSE_EVERY
        self._thread = threading.Thread(target=self._work, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self, *, within: timedelta) -> None:
        """Tell what is still to be told if that is quick, and end."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(within.total_seconds())

    @property
    def is_alive(self) -> bool:
        """Whether the thread works."""
        return self._thread.is_alive()

    @property
    def has_looked(self) -> bool:
        """Whether it has looked for sheets overdue, and told what it found, at least once."""
        return self._has_looked

    def progress(self, sheet: str) -> Progress:
        """Return what hears the steps of a run that begins."""
        return self.live.begin(sheet)

    def run_ended(self, report: RunReport) -> None:
        """Hear how a run ended."""
        self.live.end(report.sheet)
        for hear in self._hearers:
            hear(report)
        _quietly(lambda: note_run(self._office().store, report, at=clock.now()))
        with self._changed:
            self._has_news = True
            self._has_good_run |= report.outcome in (Outcome.OK, Outcome.UNCHANGED)
            self._changed.notify_all()

    def config_read(self, problems: Sequence[Problem]) -> None:
        """Hear what is wrong with the config as it is saved now; nothing, when it is whole."""
        self._problems = tuple(problems)
        _quietly(lambda: note_problems(self._office().store, problems, at=clock.now()))
        with self._changed:
            self._has_news = True
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_something, LOOK_EVERY.total_seconds() / 4)
                is_last = self._is_stopped
                has_good_run, self._has_good_run = self._has_good_run, False
                has_news, self._has_news = self._has_news, False
            _quietly(lambda: self._step(has_news=has_news, has_good_run=has_good_run, is_last=is_last))  # noqa: B023
            if is_last:
                return

    def _has_something(self) -> bool:
        return self._has_news or self._has_good_run or self._is_stopped

    def _step(self, *, has_news: bool, has_good_run: bool, is_last: bool) -> None:
        office, now = self._office(), clock.now()
        if not is_last and now - self._looked_at >= LOOK_EVERY:
            self._looked_at, has_news = now, True
            _quietly(lambda: self._look(office, now))
        if has_good_run:
            ping_heartbeat(office.config)
        if has_news or now - self._sent_at >= RETRY_ALERTS_AFTER:
            self._sent_at = now
            if not tell_incidents(office) and is_last:
                _log.warning("some alerts are told by the next process", action="alerts-left")
        if not is_last and now - self._kept_house_at >= HOUSE_EVERY:
            self._kept_house_at = now
            keep_house(office, now=now, config_is_whole=not self._problems)
        self._has_looked = True

    def _look(self, office: Office, now: datetime) -> None:
        """Look for sheets that had no good run for too long."""
        sheets = [sheet for sheet in office.config.sheets if sheet.enabled]
        if not self._problems:
            forget_sheets(office.store, [sheet.name for sheet in sheets], at=now)
        good = latest_good(office.store, [sheet.name for sheet in sheets])
        for sheet in sheets:
            run = good.get(sheet.name)
            good_at = run.finished_at if run else None
            took = good_at - run.started_at if run and good_at else timedelta()
            if is_overdue(sheet, good_at or self._started_at, took=took, now=now):
                note_overdue(office.store, sheet.name, since=good_at, at=now)
            if run is not None:
                _note_losses(office, sheet, run.started_at, now)


@contextmanager
def watching(
    office: Callable[[], Office], *, live: Live | None = None, hearers: Sequence[Hearer] = ()
) -> Iterator[Watch]:
    """Watch during the block; `office` gives the one of the config as it is then."""
    watch = Watch(office, live=live, hearers=hearers)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop(within=STOP_WITHIN)


def set_up_log(config: Config, *, verbose: bool, is_terminal: bool) -> None:
    """Write lines as the config says.

    Raises:
        ConfigError: the file for them cannot be written.

    """
    settings = config.log
    as_json = settings.format == "json" or (settings.format == "auto" and not is_terminal)
    path = config.path.parent / settings.file if settings.file else None
    sizes = {"rotate_bytes": settings.rotate_bytes, "keep_files": settings.keep_files}
    file = log.LogFile(path=path, **sizes) if path else None
    try:
        log.setup("debug" if verbose else settings.level, json=as_json, file=file)
    except OSError as error:
        hint = "Name another file in [log], or leave it out."
        raise ConfigError(f"The log file {path} cannot be written: {error.strerror}.", hint=hint) from error


def is_overdue(sheet: Sheet, good_at: datetime, *, took: timedelta, now: datetime) -> bool:
    """Tell whether a sheet had no good run for longer than twice its interval, and the time that a run takes."""
    times = next_times(sheet.schedule, good_at, 2)
    if len(times) < 2:
        return False
    # A run by hand falls between the times, so that the next two of them are nearer than two intervals.
    return now > max(times[1], good_at + 2 * (times[1] - times[0])) + took + GRACE


def _note_losses(office: Office, sheet: Sheet, good_at: datetime, now: datetime) -> None:
    """Open an incident where the vendor is about to forget what was not read since the last good run."""
    for tab in source_tabs(office.config.connections, *sheet.read_tabs):
        memory = office.config.spec_of(tab).retention
        if memory is None or now - good_at <= memory * (1 - SHARE_LEFT):
            continue
        asked = open_tab_stream(office, sheet, tab, period=tab.period, requested_at=now)
        read_to = max((known.end for known in asked.mirror.coverage()), default=good_at)
        if now - read_to > memory * (1 - SHARE_LEFT):
            vendor = office.config.vendor_titles()[tab.connection_name]
            what = f"{tab.title}: {vendor} keeps {tab.stream} for {memory.days} days, and the newest were never read"
            note_retention(office.store, sheet.name, what, lost_at=read_to + memory, at=now)
            return


def tell_incidents(office: Office) -> bool:
    """Send the alerts that are due; one process at a time. False when some could not be sent."""
    if not untold(office.store):
        return True
    lease = Lease.acquire(office.store, "alerts", holder=this_holder(), ttl_s=ALERT_LEASE_S)
    if lease is None:
        return True  # another process tells them
    with keep(lease):
        news = untold(office.store)
        over = [incident for incident in news if incident.closed_at is not None]
        return all(
            [*(_tell(office, incident) for incident in news if incident.closed_at is None), _tell_over(office, over)]
        )


def _tell(office: Office, incident: Incident) -> bool:
    level, (title, body) = level_of(incident), words_of(incident)
    _log.warning(title, action="incident", kind=incident.kind, sheets=incident.sheets)
    if level in office.config.alerts.levels and not send_alert(office.config, level, title, body):
        return False
    mark_told(office.store, [incident.number], at=clock.now())
    return True


def _tell_over(office: Office, over: Sequence[Incident]) -> bool:
    """Tell once for each group of sheets that they are well again, however many incidents they had."""
    done = True
    for sheets in dict.fromkeys(incident.sheets for incident in over):
        group = [incident for incident in over if incident.sheets == sheets]
        title, body = recovery_words(group[0])
        _log.info(title, action="incident-over", kinds=[incident.kind for incident in group], sheets=sheets)
        if "recovery" in office.config.alerts.levels and not send_alert(office.config, "recovery", title, body):
            done = False
            continue
        mark_told(office.store, [incident.number for incident in group], at=clock.now(), recovery=True)
    return done


def after_run_by_hand(office: Office, report: RunReport) -> None:
    """Do for a run that a person sees what the daemon does after each of its own; its failure is no news to them."""

    def tell() -> None:
        note_run(office.store, report, at=clock.now(), only_good=True)
        if report.outcome in (Outcome.OK, Outcome.UNCHANGED):
            ping_heartbeat(office.config)
        tell_incidents(office)

    _quietly(tell)


def _quietly(do: Callable[[], object]) -> None:
    try:
        do()
    except ConfigError as error:
        _log.error(error.what, action="watch-failed", hint=error.hint)
    except SyncError as error:
        _log.warning(str(error), action="watch-failed")
    except Exception:
        _log.exception("watching broke", action="watch-broke")
