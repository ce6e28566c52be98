"""Whether a tab is due to be compared whole."""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.config.sheet import Sheet, Tab, Verify

_EVERY = {"daily": timedelta(days=1), "weekly": timedelta(days=7), "monthly": timedelta(days=30)}
_SLACK = timedelta(hours=1)  # runs of one schedule do not start on the second


def rhythm_of(sheet: Sheet, tab: Tab) -> Verify:
    """Return how often a tab is compared: what it says itself, else what the sheet says."""
    return tab.verify or sheet.verify


def is_due(sheet: Sheet, tab: Tab, verified_at: datetime | None, now: datetime) -> bool:
    """Tell whether a tab has to be read whole by this run."""
    every = _EVERY.get(rhythm_of(sheet, tab))
    return every is not None and (verified_at is None or now - verified_at >= every - _SLACK)
