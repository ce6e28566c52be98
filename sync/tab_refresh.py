"""What one tab asks of its stream: which mirror, which stretch of time, by which periods; and having it read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync import clock
from sync.advice import forgotten_words, pause_warning
from sync.clock import Period
from sync.compared import with_before
from sync.config.origins import source_tabs
from sync.config.sheet import Sheet, Tab
from sync.errors import ConfigError, SyncError, Where
from sync.gathering import Gathered, gather
from sync.office import Office
from sync.records import LISTED_AT, Buckets, Slice, StreamKind, StreamSpec
from sync.refresh import (
    CHANGES,
    CHANGES_OVERLAP,
    REREAD,
    REREAD_EVERY,
    PageProgress,
    Question,
    Refreshed,
    clamp_to_memory,
    minus,
    refresh,
    slices_to_read,
)
from sync.shape.all_calls import OF_RETURNS, Origin
from sync.sources.base import Source
from sync.store.mirror import Mirror, open_mirror


@dataclass(frozen=True, slots=True, kw_only=True)
class TabStream:
    """The stream of a tab as one run sees it. `buckets` are those of a report.

    `window` is what the tab shows, `reads` what has to be read for it. `gathered` are the streams of single connections
    that one of all calls is made of; it is not read itself.
    """

    sheet: Sheet
    tab: Tab
    mirror: Mirror
    window: Slice
    reads: Slice
    buckets: Buckets | None
    requested_at: datetime
    gathered: tuple[TabStream, ...] = ()


def open_tab_stream(office: Office, sheet: Sheet, tab: Tab, *, period: Period, requested_at: datetime) -> TabStream:
    """Open the mirror of a tab's stream; ConfigError where the period is longer than the vendor answers for."""
    if tab.is_gathered:
        return _open_gathered(office, sheet, tab, period=period, requested_at=requested_at)
    name = tab.connection_name
    options = office.config.connections[name]
    spec = options.applied_to(office.config.spec_of(tab))
    buckets = _buckets_of(sheet, tab, spec)
    scope = {} if buckets is None else _scope_of(buckets, period)
    mirror = open_mirror(office.store, connection=name, spec=spec, params=tab.params, scope=scope)
    window = _window_of(sheet, tab, spec, buckets, period=period, at=requested_at)
    reads = with_before(sheet, tab, window, at=requested_at) if spec.kind is StreamKind.ROWS else window
    return TabStream(
        sheet=sheet, tab=tab, mirror=mirror, window=window, reads=reads, buckets=buckets, requested_at=requested_at
    )


def _open_gathered(office: Office, sheet: Sheet, tab: Tab, *, period: Period, requested_at: datetime) -> TabStream:
    """Open the mirror of all calls, and those that it is made of; other streams make another one."""
    of_each = source_tabs(office.config.connections, tab)
    parts = [open_tab_stream(office, sheet, own, period=period, requested_at=requested_at) for own in of_each]
    parts.sort(key=lambda part: part.mirror.id)
    spec, names = office.config.spec_of(tab), ", ".join(sorted(tab.connection))
    scope = {"of": " ".join(part.mirror.id for part in parts)}
    mirror = open_mirror(office.store, connection=names, spec=spec, params={}, scope=scope)
    window, reads = parts[0].window, parts[0].reads
    if tells_returns(sheet, tab):  # those of the last of them may come long after
        today = Period.parse("today").slice_at(requested_at, sheet.zone, sheet.week_starts)
        reads = Slice(reads.start, max(window.end, today.end))
    return TabStream(
        sheet=sheet,
        tab=tab,
        mirror=mirror,
        window=window,
        reads=reads,
        buckets=None,
        requested_at=requested_at,
        gathered=tuple(replace(part, reads=reads) for part in parts),
    )


def tells_returns(sheet: Sheet, tab: Tab) -> bool:
    """Tell whether a tab, or a summary of it, shows or asks which calls were returned."""
    chosen = OF_RETURNS if tab.columns is None and tab in sheet.tab else [c.field for c in tab.columns or ()]
    texts = [*chosen, *tab.where]
    for summary in sheet.summary:
        if tab.title.casefold() == (summary.of or summary.title).casefold():
            metrics = [
                text for metric in summary.metrics for text in (metric.metric, metric.field or "", *metric.where)
            ]
            texts += [*summary.group_by, *summary.where, *metrics, summary.sort_by or ""]
    return any(name in text for name in OF_RETURNS for text in texts)


def gather_calls(office: Office, asked: TabStream, *, stop: threading.Event) -> Gathered:
    """Bring the mirror of all calls up to date from those of its connections; the caller holds its lease."""
    titles = office.config.vendor_titles()
    named = ((part.tab.connection_name, part) for part in asked.gathered)
    parts = [(Origin(vendor=titles[name], connection=name, spec=p.mirror.spec), p.mirror) for name, p in named]
    return gather(asked.mirror, parts, stop=stop)


def _buckets_of(sheet: Sheet, tab: Tab, spec: StreamSpec) -> Buckets | None:
    if spec.kind is not StreamKind.AGGREGATE:
        return None
    return Buckets(per=tab.per or spec.per[0], zone=sheet.zone, week_starts=sheet.week_starts)


def _scope_of(buckets: Buckets, period: Period) -> dict[str, str]:
    """Sums of one day are other sums in another zone; those of a whole period are of that period alone."""
    scope = {"per": str(buckets.per), "zone": buckets.zone.key}
    if buckets.per == "week":
        scope["week_starts"] = buckets.week_starts
    if buckets.per == "period":
        scope["period"] = period.text
    return scope


def _window_of(
    sheet: Sheet, tab: Tab, spec: StreamSpec, buckets: Buckets | None, *, period: Period, at: datetime
) -> Slice:
    """Return the stretch of time whose records the tab shows; that of a report is widened to whole periods."""
    if spec.kind is StreamKind.LIST:
        return Slice(LISTED_AT, LISTED_AT + timedelta(days=1))
    window = period.slice_at(at, sheet.zone, sheet.week_starts)
    if buckets is None:
        return window
    n_days = (window.end - window.start + timedelta(hours=1)).days  # a day may have 23 hours
    if buckets.per == "period" and n_days > spec.slice_days:
        raise ConfigError(
            f'tab "{tab.title}": the period "{period.text}" is {n_days} days long, and {tab.connection_name} answers '
            f"{tab.stream} for at most {spec.slice_days} days at a time.",
            hint='Choose a shorter period, or per = "day", "week" or "month".',
        )
    return clock.to_whole_buckets(window, buckets)


def refresh_tab(asked: TabStream, source: Source, *, allow_empty: bool, progress: PageProgress) -> Refreshed:
    """Bring the mirror of a tab's stream up to date; the caller holds the lease of that stream.

    Raises:
        UnexpectedlyEmpty: a slice that held records came back without any.
        SyncError: whatever the source raises; it names the connection, of several that are gathered too.

    """
    try:
        return _refresh_tab(asked, source, allow_empty=allow_empty, progress=progress)
    except SyncError as error:
        error.at(Where(connection=asked.tab.connection_name, stream=asked.tab.stream))
        raise


def _refresh_tab(asked: TabStream, source: Source, *, allow_empty: bool, progress: PageProgress) -> Refreshed:
    mirror, now = asked.mirror, clock.now()
    remembered = clamp_to_memory(mirror.spec, asked.reads, now=now)
    forgotten = tuple(_tell_forgotten(asked, remembered))
    if not mirror.coverage():  # what is read for the first time needs no second look this week, nor if we are cut short
        mirror.marks.save_refreshed(REREAD, now)
    reread_at = mirror.marks.refreshed_at(REREAD)
    asks_first = mirror.spec.change_feed and mirror.marks.refreshed_at(CHANGES) is None
    changed_since = _changes_to_ask(asked)
    refreshed = refresh(
        mirror,
        source,
        Question(connection=asked.tab.connection_name, params=asked.tab.params, buckets=asked.buckets),
        slices=slices_to_read(
            mirror.spec,
            mirror.coverage(),
            window=remembered,
            now=now,
            requested_at=asked.requested_at,
            reread_at=reread_at,
            buckets=asked.buckets,
        ),
        allow_empty=allow_empty,
        progress=progress,
        changed_since=changed_since,
    )
    if asks_first or changed_since is not None:
        mirror.marks.save_refreshed(CHANGES, now)
    if reread_at is None or now - reread_at >= REREAD_EVERY:
        mirror.marks.save_refreshed(REREAD, now)
    return replace(refreshed, warnings=(*refreshed.warnings, *forgotten))


def _changes_to_ask(asked: TabStream) -> datetime | None:
    """Return since when changes are to be told, or None: there is no such feed, or somebody has just asked it."""
    asked_at = asked.mirror.marks.refreshed_at(CHANGES) if asked.mirror.spec.change_feed else None
    if asked_at is None or asked_at >= asked.requested_at:
        return None
    return asked_at - CHANGES_OVERLAP


def _tell_forgotten(asked: TabStream, remembered: Slice) -> Iterator[str]:
    """Yield sentences where a part of the period lies before the vendor's memory, and was never read; or soon will."""
    spec, window = asked.mirror.spec, asked.reads
    past = Slice(window.start, remembered.start)
    known = [Slice(c.start, c.end) for c in asked.mirror.coverage()]
    if lost := minus([past] if past.start < past.end else [], known):
        yield f"{forgotten_words(asked.sheet, asked.tab, spec, window=window, since=lost[-1].end)}."
    if said := pause_warning(asked.sheet, asked.tab, spec, asked.requested_at):
        yield f"{asked.tab.connection_name}: {said}."
