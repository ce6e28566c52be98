"""What config alone tells of a sheet's streams: what the vendor forgets, and when it likes to be asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import pairwise

from sync import clock
from sync.compared import with_before
from sync.config.load import Config
from sync.config.origins import source_tabs
from sync.config.schedule import Schedule, next_times
from sync.config.sheet import Sheet, Tab
from sync.records import Slice, StreamKind, StreamSpec
from sync.refresh import clamp_to_memory

BUSINESS = (time(8), time(18))  # from Monday to Friday, in the sheet's zone
NIGHT = "20:00-06:00"
LOOKED_AHEAD_DAYS = 400


def retention_warnings(config: Config, sheet: Sheet, now: datetime) -> Iterator[str]:
    """Yield a sentence for each tab whose period begins before what its vendor is known to remember."""
    for tab in source_tabs(config.connections, *sheet.read_tabs):
        spec = config.spec_of(tab)
        if spec.kind is StreamKind.LIST:
            continue
        window = with_before(sheet, tab, tab.period.slice_at(now, sheet.zone, sheet.week_starts), at=now)
        remembered = clamp_to_memory(spec, window, now=now)
        if remembered.start > window.start:
            words = forgotten_words(sheet, tab, spec, window=window, since=remembered.start)
            yield f'tab "{tab.title}": {words}, unless it was read in time'


def forgotten_words(sheet: Sheet, tab: Tab, spec: StreamSpec, *, window: Slice, since: datetime) -> str:
    """Say what of a period the vendor remembers no more."""
    n_days = spec.retention.days if spec.retention else 0
    return (
        f"{tab.connection_name} keeps {tab.stream} for {n_days} days only: the period begins on "
        f"{clock.local_date(window.start, sheet.zone)}, and what lies before {clock.local_date(since, sheet.zone)} "
        "cannot be had any more"
    )


def pause_warning(sheet: Sheet, tab: Tab, spec: StreamSpec, now: datetime) -> str | None:
    """Return a sentence where a tab is read so rarely that records are lost between two runs."""
    longest = spec.longest_pause
    if longest is None:
        return None
    pause = _longest_pause(sheet.schedule, now) if sheet.enabled else None
    if pause is not None and pause <= longest:
        return None
    often = "never runs by itself" if pause is None else f"may run {pause.days} days after the run before"
    kept = f" ({tab.connection_name} keeps it for {spec.retention.days} days)" if spec.retention else ""
    return f"what {tab.stream} holds is lost unless it is read every {longest.days} days{kept}, and this sheet {often}"


def pause_warnings(config: Config, sheet: Sheet, now: datetime) -> Iterator[str]:
    """Yield the sentences about tabs that are read too rarely."""
    for tab in source_tabs(config.connections, *sheet.read_tabs):
        if said := pause_warning(sheet, tab, config.spec_of(tab), now):
            yield f'tab "{tab.title}": {said}'


def _longest_pause(schedule: Schedule, now: datetime) -> timedelta | None:
    """Return the longest time between two runs, in whole days where it is more than one; None: it never runs."""
    if schedule.every is not None:
        return schedule.every
    if schedule.cron is None:
        return None
    today = clock.local_date(now, schedule.zone)
    ahead = (today + timedelta(days=n) for n in range(LOOKED_AHEAD_DAYS))
    days = [day for day in ahead if schedule.cron.holds_day(day)]
    gaps = [after - before for before, after in pairwise(days)]
    return max(gaps, default=None)


def off_peak_advice(config: Config, sheet: Sheet, now: datetime) -> str | None:
    """Return a sentence where streams that a vendor wants read at night are scheduled in business hours."""
    read = source_tabs(config.connections, *sheet.read_tabs)
    asked = [f'"{tab.title}"' for tab in read if config.spec_of(tab).off_peak]
    if not asked or not sheet.enabled or not _runs_in_business_hours(sheet.schedule, now):
        return None
    names = ", ".join(asked[:5]) + (f" and {len(asked) - 5} more" if len(asked) > 5 else "")
    return (
        f"exports ({names}) are scheduled in business hours, when they take the vendor longest and their figures are "
        "not settled"
    )


def _runs_in_business_hours(schedule: Schedule, now: datetime) -> bool:
    today = clock.local_date(now, schedule.zone)
    for n in range(1, 8):
        day = today + timedelta(days=n)
        if day.isoweekday() > 5:
            continue
        opens, closes = (clock.to_instant(datetime.combine(day, at), schedule.zone) for at in BUSINESS)
        if any(at < closes for at in next_times(schedule, opens - timedelta(seconds=1), 1)):
            return True
    return False
