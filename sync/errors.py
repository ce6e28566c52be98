"""The whole error tree, sorted by what a run does next. Words for people are completed at the doors.

SyncError                      what, where, hint
  ConfigError                  holds all problems of one sheet or of the
                               process; that sheet, or nothing, starts     exit 2
  StoreError                   locked, damaged, or newer than this code    exit 3
  StoppedByGuard               we refused to do harm                       exit 4
    UnexpectedlyEmpty          had rows, got none; a flag says "yes, really"
    HeaderChanged              a column of ours is missing or doubled; a flag takes it back
    ForeignTab                 somebody else made this tab; a flag adopts it
    OtherStream                the tab shows other records; another title lets both be
    TooLarge                   would pass a limit of Sheets; no flag
  CredentialsRefused           stop this sheet until a person acts         exit 5
    NotShared                  names the address to share the spreadsheet with
  ContractBroken               a reply does not have the promised form     exit 6
  RetriableError               wait and try again, then give up            exit 7
    RateLimited                knows when it may go on
    Unreachable                timeout, connection, 5xx
    DeadlinePassed             the run took longer than run_deadline allows
  RecordRejected               skip one record and count it; past a set
                               share of a slice it is ContractBroken       exit 0
  Unforeseen                   a mistake of ours; it ends one run only     exit 1
StopRequested                  not a failure: finish the chunk and leave   exit 130
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The thing an error speaks of; empty parts are unknown or do not apply."""

    sheet: str = ""
    tab: str = ""
    spreadsheet: str = ""
    connection: str = ""
    stream: str = ""
    slice: str = ""
    request: str = ""

    def filled_from(self, other: Where) -> Where:
        """Return this place with its empty parts taken from `other`."""
        return Where(**{f.name: getattr(self, f.name) or getattr(other, f.name) for f in fields(self)})


class SyncError(Exception):
    """Anything that a run reports: one sentence of what happened, the place, and the next step."""

    exit_code: ClassVar[int] = 1
    status: int | None = None  # of the HTTP answer that it tells of, where it tells of one

    def __init__(self, what: str, *, hint: str = "", where: Where | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.where = where or Where()

    @property
    def kind(self) -> str:
        """The class name, stable for machines that read reports."""
        return type(self).__name__

    def at(self, where: Where) -> SyncError:
        """Fill in what is not yet known of the place, and return the same error."""
        self.where = self.where.filled_from(where)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a config file. `received` is empty where it would reveal a secret."""

    file: str
    line: int | None
    field: str
    what: str
    received: str = ""
    allowed: str = ""
    hint: str = ""


class ConfigError(SyncError):
    """The config cannot be used; carries every problem of every file at once."""

    exit_code = 2

    def __init__(
        self, what: str, *, problems: Sequence[Problem] = (), hint: str = "", where: Where | None = None
    ) -> None:
        super().__init__(what, hint=hint, where=where)
        self.problems = tuple(problems)


class StoreError(SyncError):
    """The store is locked, damaged, or was written by a newer version."""

    exit_code = 3


class StoppedByGuard(SyncError):
    """We refused to do harm; nothing of the tab was touched."""

    exit_code = 4


class UnexpectedlyEmpty(StoppedByGuard):
    """A slice that held records came back without any."""


class HeaderChanged(StoppedByGuard):
    """A column of ours, or the header row, is missing or doubled."""


class ForeignTab(StoppedByGuard):
    """A tab with our title was made by somebody else."""


class OtherStream(StoppedByGuard):
    """The config asks for other records than a tab shows, whose rows could not be told from them."""


class TooLarge(StoppedByGuard):
    """The write would pass a limit of Sheets or of the config."""


class CredentialsRefused(SyncError):
    """A key or account was refused; only a person can mend it."""

    exit_code = 5


class NotShared(CredentialsRefused):
    """The account may not open, or may not edit, the spreadsheet."""


class ContractBroken(SyncError):
    """A reply does not have the promised form, or a request of ours was refused as wrong."""

    exit_code = 6


class RetriableError(SyncError):
    """It may work later; raised once the tries or the time are used up."""

    exit_code = 7


class RateLimited(RetriableError):
    """Told to slow down; `retry_at` is the instant (UTC) from which a request may go out again, if known."""

    def __init__(
        self, what: str, *, retry_at: datetime | None = None, hint: str = "", where: Where | None = None
    ) -> None:
        super().__init__(what, hint=hint, where=where)
        self.retry_at = retry_at


class Unreachable(RetriableError):
    """Timeout, connection refused or cut, or a 5xx answer.

    `outcome_unknown` is true when the request may have been carried out although no answer came.
    """

    def __init__(self, what: str, *, outcome_unknown: bool = False, hint: str = "", where: Where | None = None) -> None:
        super().__init__(what, hint=hint, where=where)
        self.outcome_unknown = outcome_unknown


class DeadlinePassed(RetriableError):
    """The run took longer than it may, and was stopped; what it did until then stays."""


class RecordRejected(SyncError):
    """One record cannot be used; it is skipped and counted."""

    exit_code = 0


class Unforeseen(SyncError):
    """A mistake of the program itself; it ends the run that it happens in, and nothing else."""

    @classmethod
    def of(cls, error: BaseException) -> Unforeseen:
        """Put an exception that nobody foresaw into the tree, its first line only."""
        first = str(error).partition("\n")[0][:300]
        return cls(
            f"Something failed that was not foreseen: {type(error).__name__}{f': {first}' if first else ''}",
            hint="What was read and written stays, and the next run goes on from there. If it comes again, send the "
            'lines of the log with "run-broke" to whoever looks after the program.',
        )


class StopRequested(Exception):
    """A person or the system asked us to stop; not a failure."""

    exit_code: ClassVar[int] = 130
