"""What is said of a run as a whole: where its spreadsheet is, how it ended, and that clocks differ."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

from sync import clock, log
from sync.config.forms import in_words
from sync.destination.book import Book
from sync.destination.google import SHEETS_HOST
from sync.errors import DeadlinePassed, StopRequested, SyncError, Unforeseen
from sync.report import Outcome, TabReport, outcome_of

_log = log.get("run")


def zone_warnings(book: Book | None, zone: ZoneInfo) -> tuple[str, ...]:
    """Warn of a spreadsheet whose TODAY() is not the sheet's."""
    if book is None or not book.timezone:
        return ()
    theirs, ours = book.timezone, zone
    now = clock.now()
    try:
        same = now.astimezone(clock.zone(theirs)).utcoffset() == now.astimezone(ours).utcoffset()
    except ValueError:
        same = True
    if same:
        return ()
    return (
        f"The spreadsheet's own time zone is {theirs}, the sheet's is {ours.key}: TODAY() there is not our today. "
        "Change it under File > Settings.",
    )


def address_of(spreadsheet_id: str, sheets_url: str) -> str:
    """Return where people open the spreadsheet; unknown when something else stands in for Google."""
    if not sheets_url.startswith(SHEETS_HOST):
        return ""
    return f"https://docs.google.com/spreadsheets/d/{spreadsheet_id}/edit"


def worst_outcome(tabs: Sequence[TabReport], error: SyncError | None) -> Outcome:
    """Return the worst of what happened: failed, stopped, ok, unchanged."""
    outcomes = [tab.outcome for tab in tabs] + ([outcome_of(error)] if error else [])
    for outcome in (Outcome.FAILED, Outcome.STOPPED, Outcome.OK):
        if outcome in outcomes:
            return outcome
    return Outcome.UNCHANGED


@contextmanager
def told_if_overdue(stop: threading.Event, allowed: timedelta) -> Iterator[None]:
    """Turn a stop that came because a run's time was over into the failure that it is."""
    try:
        yield
    except StopRequested as stopped:
        if not getattr(stop, "is_overdue", False):
            raise
        raise DeadlinePassed(
            f"The run took longer than {in_words(allowed)} and was stopped.",
            hint="The next run goes on from here. If it takes that long each time, raise run_deadline in [daemon].",
        ) from stopped


@contextmanager
def foreseen() -> Iterator[None]:
    """Turn a mistake of ours into a failure of the run, which is then told like any other."""
    try:
        yield
    except (SyncError, StopRequested):
        raise
    except Exception as error:
        _log.exception("a run broke", action="run-broke")
        raise Unforeseen.of(error) from error
