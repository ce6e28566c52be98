"""What counts as an incident, in which words people hear of it, and when it is over. Sends nothing by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from sync.config.problems import format_problem
from sync.errors import Problem
from sync.report import ErrorReport, Outcome, RunReport
from sync.store.db import Store
from sync.store.incidents import Incident, open_incident, open_incidents, settle

FAILURE, GUARD, CREDENTIAL, CONFIG = "failure", "guard", "credential", "config"
ACCESS, UNFORESEEN = "access", "unforeseen"
FULL, RETENTION, OVERDUE = "nearly full", "retention", "overdue"

RUN_KINDS = (FAILURE, GUARD, CREDENTIAL, ACCESS, UNFORESEEN)
"""Over when the sheet has a good run."""

NEARLY_FULL = 0.9
MAX_PROBLEMS = 10  # of a broken config in one message

_LEVELS = {FULL: "warning", RETENTION: "warning"}
_TITLES = {
    FAILURE: "{sheets} failed",
    GUARD: "{sheets} was stopped to do no harm",
    CREDENTIAL: "credentials refused for {sheets}",
    ACCESS: "the spreadsheet of {sheets} cannot be opened",
    UNFORESEEN: "{sheets} met a mistake of the program",
    CONFIG: "the config is broken",
    FULL: "the spreadsheet of {sheets} is nearly full",
    RETENTION: "{sheets} is about to lose data",
    OVERDUE: "{sheets} has not been updated for too long",
}


def note_run(store: Store, report: RunReport, *, at: datetime, only_good: bool = False) -> None:
    """Open and close the incidents that a run tells of.

    With `only_good` nothing is opened: a person who asked for the run sees what it says.
    """
    found = list(_incidents_of(report, at))
    is_good = report.outcome in (Outcome.OK, Outcome.UNCHANGED)
    if not only_good:
        for incident in found:
            open_incident(store, incident)
    over = [OVERDUE, RETENTION, *RUN_KINDS] if is_good else []
    if report.fullness is not None and report.fullness < NEARLY_FULL:
        over.append(FULL)
    if over:
        settle(store, report.sheet, at=at, concerns=lambda incident: incident.kind in over)


def _incidents_of(report: RunReport, at: datetime) -> Iterator[Incident]:
    errors = [("", report.error), *((tab.title, tab.error) for tab in report.tabs)]
    told: set[str] = set()
    for title, error in errors:
        kind = _kind_of(error) if error else ""
        if error and kind not in told:
            told.add(kind)
            place = f"{report.sheet}, {title}" if title else report.sheet
            # What several sheets fail with alike is one incident, wherever it shows first
            name = error.connection or _digest(error.message) if kind == CREDENTIAL else report.sheet
            message = error.message if kind == CREDENTIAL else f"{place}: {error.message}"
            yield _incident(kind, name, report.sheet, message, hint=error.hint or _way_on(report.sheet), at=at)
    if report.fullness is not None and report.fullness >= NEARLY_FULL:
        message = f"{report.sheet}: its spreadsheet holds {report.fullness:.0%} of the cells that Google allows."
        hint = (
            "Delete tabs and empty columns that nobody needs, shorten `period` or set `remove_after`, or give the "
            f"sheet a new spreadsheet. `callsheet plan {report.sheet}` shows how much is left."
        )
        yield _incident(FULL, report.sheet, report.sheet, message, hint=hint, at=at)


def _kind_of(error: ErrorReport) -> str:
    if error.kind in ("CredentialsRefused", "NotShared"):
        return CREDENTIAL if error.kind == "CredentialsRefused" else ACCESS
    if error.kind == "Unforeseen":
        return UNFORESEEN
    return GUARD if error.exit_code == 4 else FAILURE


def _way_on(sheet: str) -> str:
    return f"Look at `callsheet history {sheet}`, and try `callsheet run-now {sheet}`."


def note_problems(store: Store, problems: Sequence[Problem], *, at: datetime) -> None:
    """Open an incident for the mistakes of a config, or close it when there are none.

    The same mistakes again are the same incident; others are a new one.
    """
    key = f"{CONFIG}: {_digest(*sorted(f'{p.file} {p.field} {p.what}' for p in problems))}" if problems else ""
    if problems:
        shown = [format_problem(problem) for problem in problems[:MAX_PROBLEMS]]
        more = len(problems) - len(shown)
        message = "\n".join(
            [
                "The config has mistakes; whatever they touch goes on with its last good version.",
                *shown,
                *([f"... and {more} more."] if more else []),
            ]
        )
        hint = "Mend the file and save it. `callsheet check` tells at once whether it is right."
        open_incident(store, Incident(key=key, kind=CONFIG, sheets=("",), message=message, hint=hint, opened_at=at))
    settle(store, "", at=at, quietly=bool(problems), concerns=lambda i: i.kind == CONFIG and i.key != key)


def note_overdue(store: Store, sheet: str, *, since: datetime | None, at: datetime) -> None:
    """Open an incident for a sheet that had no good run for longer than twice its interval."""
    last = f"since {since:%Y-%m-%d %H:%M} UTC" if since else "yet"
    message = f"{sheet}: no run ended well {last}; that is longer than twice its interval."
    hint = f"Look at `callsheet status {sheet}`: it names what the last run failed with and what waits."
    open_incident(store, _incident(OVERDUE, sheet, sheet, message, hint=hint, at=at))


def note_retention(store: Store, sheet: str, what: str, *, lost_at: datetime, at: datetime) -> None:
    """Open an incident for a sheet whose vendor soon forgets records that were not read yet."""
    message = f"{sheet}: {what}. What is not read before {lost_at:%Y-%m-%d %H:%M} UTC cannot be had any more."
    open_incident(store, _incident(RETENTION, sheet, sheet, message, hint=_way_on(sheet), at=at))


def forget_sheets(store: Store, kept: Sequence[str], *, at: datetime) -> None:
    """Close what concerns sheets that are no longer in the config, or no longer enabled."""
    gone = {sheet for incident in open_incidents(store) for sheet in incident.sheets} - {*kept, ""}
    for sheet in gone:
        settle(store, sheet, at=at, quietly=True, concerns=lambda _: True)


def level_of(incident: Incident) -> str:
    """Return "failure" or "warning"."""
    return _LEVELS.get(incident.kind, "failure")


def title_of(incident: Incident) -> str:
    """Say in a few words what is wrong."""
    return _TITLES[incident.kind].format(sheets=_listed(incident.sheets))


def words_of(incident: Incident) -> tuple[str, str]:
    """Return title and body of the alert that tells of an incident, the next step last."""
    title = f"Callsheet: {title_of(incident)}"
    sheets = [f"Sheets: {', '.join(incident.sheets)}"] if len(incident.sheets) > 1 else []
    since = f"Since {incident.opened_at:%Y-%m-%d %H:%M} UTC."
    return title, "\n".join([incident.message, *sheets, since, f"Next step: {incident.hint}"])


def recovery_words(incident: Incident) -> tuple[str, str]:
    """Return title and body of the message that an incident is over."""
    closed = f" until {incident.closed_at:%Y-%m-%d %H:%M}" if incident.closed_at else ""
    title = f"Callsheet: over: {title_of(incident)}"
    body = f"It is well again. It lasted from {incident.opened_at:%Y-%m-%d %H:%M}{closed} UTC.\nIt was: "
    return title, f"{body}{incident.message}\nNext step: none."


def _listed(sheets: Sequence[str]) -> str:
    named = [sheet for sheet in sheets if sheet]
    return ", ".join(named) if len(named) < 4 else f"{named[0]}, {named[1]} and {len(named) - 2} more"


def _incident(kind: str, name: str, sheet: str, message: str, *, hint: str, at: datetime) -> Incident:
    key = f"{kind}: {name}"
    return Incident(key=key, kind=kind, sheets=(sheet,), message=message, hint=hint, opened_at=at)


def _digest(*texts: str) -> str:
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=8).hexdigest()
