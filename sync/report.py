"""What happened in a run, as plain values; texts and JSON for people and machines are made here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sync.errors import StoppedByGuard, SyncError


class Outcome(StrEnum):
    """How a run, or one tab of it, ended."""

    OK = "ok"
    UNCHANGED = "unchanged"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReport:
    """An error in words: its kind (class name), the sentence, the next step, and the exit code it stands for."""

    kind: str
    message: str
    hint: str
    exit_code: int

    @classmethod
    def of(cls, error: SyncError) -> ErrorReport:
        """Put an error into words."""
        return cls(kind=error.kind, message=error.what, hint=error.hint, exit_code=error.exit_code)


def outcome_of(error: SyncError) -> Outcome:
    """Tell a guard's stop from a failure."""
    return Outcome.STOPPED if isinstance(error, StoppedByGuard) else Outcome.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class TabReport:
    """One tab: `rows` it shows now, and how many of them this run added, changed and removed."""

    title: str
    outcome: Outcome
    rows: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    cut_cells: int = 0
    warnings: tuple[str, ...] = ()
    error: ErrorReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """One run of one sheet. `requests` counts HTTP requests by `google_read`, `google_write` and connection name."""

    sheet: str
    outcome: Outcome
    started_at: datetime
    seconds: float
    spreadsheet_url: str = ""
    error: ErrorReport | None = None
    requests: Mapping[str, int] = field(default_factory=dict)
    tabs: tuple[TabReport, ...] = ()
    warnings: tuple[str, ...] = ()
