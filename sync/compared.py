"""Which periods a summary compares, and what has to be read for that. No network, no store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync import clock
from sync.config.sheet import Sheet, Tab
from sync.records import Slice
from sync.shape.comparing import Since


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The period of a tab, up to its end, and the one before, as far as as much of this one has passed."""

    now: Slice
    before: Slice
    since: Since


def compared(tab: Tab, sheet: Sheet, at: datetime) -> Compared:
    """Return the period of a tab and the one before, as seen at an instant."""
    today, zone = clock.local_date(at, sheet.zone), sheet.zone
    now = tab.period.dates_on(today, sheet.week_starts)
    before = tab.period.dates_before(today, sheet.week_starts)
    by_months = tab.period.text.rpartition(" ")[2] in ("month", "quarter", "year")
    return Compared(
        now=clock.slice_of(now, zone),
        before=clock.slice_of(before, zone),
        since=Since(first=now[0], before=before[0], by_months=by_months),
    )


def with_before(sheet: Sheet, tab: Tab, window: Slice, *, at: datetime) -> Slice:
    """Return what has to be read for a tab that shows a window, and for summaries that compare it."""
    before = compared(tab, sheet, at).before if is_compared(sheet, tab) else window
    return Slice(min(window.start, before.start), window.end)


def is_compared(sheet: Sheet, tab: Tab) -> bool:
    """Tell whether a summary of the tab shows changes from the period before."""
    return any(s.compare and tab.title.casefold() == (s.of or s.title).casefold() for s in sheet.summary)
