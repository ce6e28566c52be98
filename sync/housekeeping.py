"""Trims the store by the settings: records, history, incidents. Run by the daemon once a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sync import log
from sync.config.sheet import Sheet
from sync.office import Office
from sync.store.incidents import forget_incidents
from sync.store.mirror import Mirror
from sync.store.runs import forget_runs
from sync.store.trim import trim_mirror, trim_unused
from sync.tab_refresh import open_tab_stream

_log = log.get("housekeeping")


def keep_house(office: Office, *, now: datetime, config_is_whole: bool = True) -> dict[str, int]:
    """Remove what is older than the settings say; return how many runs, incidents and records went.

    Mirrors that no sheet uses are left alone while some sheet of the config cannot be read: it may be theirs.
    """
    settings = office.config.store
    before = now - settings.keep_history
    removed = {
        "runs": forget_runs(office.store, before=before),
        "incidents": forget_incidents(office.store, before=before),
        "records": 0,
    }
    if settings.keep_records is not None:
        removed["records"] = _trim_records(office, now, now - settings.keep_records, config_is_whole=config_is_whole)
    _log.info("house kept", action="house-kept", **removed)
    return removed


def _trim_records(office: Office, now: datetime, oldest: datetime, *, config_is_whole: bool) -> int:
    cutoffs: dict[str, tuple[Mirror, datetime]] = {}
    for sheet in office.config.sheets:
        for mirror, shown_from in _mirrors_of(office, sheet, now):
            _, cutoff = cutoffs.get(mirror.id, (mirror, oldest))
            cutoffs[mirror.id] = (mirror, min(cutoff, shown_from))
    n_gone = sum(trim_mirror(office.store, mirror, before=cutoff, now=now) for mirror, cutoff in cutoffs.values())
    if config_is_whole:
        n_gone += trim_unused(office.store, set(cutoffs), before=oldest)
    return n_gone


def _mirrors_of(office: Office, sheet: Sheet, now: datetime) -> Iterator[tuple[Mirror, datetime]]:
    """Yield the mirrors of each tab, and where the period that the tab is made of begins."""
    for tab in sheet.read_tabs:
        asked = open_tab_stream(office, sheet, tab, period=tab.period, requested_at=now)
        yield from ((part.mirror, part.reads.start) for part in (asked, *asked.gathered))
