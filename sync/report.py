"""What happened in a run, as plain values; texts and JSON for people and machines are made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sync import log
from sync.config.problems import format_problem
from sync.errors import ConfigError, StoppedByGuard, SyncError, Where


class Outcome(StrEnum):
    """How a run, or one tab of it, ended."""

    OK = "ok"
    UNCHANGED = "unchanged"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReport:
    """An error in words: its kind (class name), the sentence, the next step, and the exit code it stands for.

    `connection` names the one that it came from, if any.
    """

    kind: str
    message: str
    hint: str
    exit_code: int
    connection: str = ""

    @classmethod
    def of(cls, error: SyncError) -> ErrorReport:
        """Put an error into words; the sheet and the tab are left to whoever holds the report."""
        message = "\n".join(_message_lines(error, known=("sheet", "tab", "spreadsheet")))
        where = error.where.connection
        return cls(
            kind=error.kind, message=message, hint=log.mask(error.hint), exit_code=error.exit_code, connection=where
        )


def outcome_of(error: SyncError) -> Outcome:
    """Tell a guard's stop from a failure."""
    return Outcome.STOPPED if isinstance(error, StoppedByGuard) else Outcome.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a whole comparison counted for the period of a tab.

    `vendor` are the records that the vendor returned when last asked, `mirror` those that we hold, `wanted` those of
    them that the tab is to show, `tab` the rows that it shows, of which `kept` are from before the period or were
    there already. `summaries` says by title how many records each summary counts.
    """

    vendor: int
    mirror: int
    wanted: int
    tab: int
    missing: int = 0
    kept: int = 0
    summaries: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing anywhere; rows that stay by rule are no gap."""
        return self.missing == 0 and self.mirror >= self.vendor and all(n == self.tab for n in self.summaries.values())

    @property
    def words(self) -> str:
        """Say it in a line: one number where all agree, else each, and why they differ."""
        sums = set(self.summaries.values())
        if {self.vendor, self.mirror, self.wanted, self.tab, *sums} == {self.tab}:
            return f"vendor = mirror = tab{' = summary' if sums else ''}: {self.tab:,}"
        said = [f"vendor {self.vendor:,}", f"mirror {self.mirror:,}", f"tab {self.tab:,}"]
        said += [f"summary {n:,}" for n in sorted(sums)]
        return f"{', '.join(said)} ({'; '.join(self._gaps())})"

    def _gaps(self) -> list[str]:
        gone, filtered = self.mirror - self.vendor, self.mirror - self.wanted
        gaps = [f"{gone:,} that the vendor no longer returns are kept"] if gone else []
        gaps += [f"{filtered:,} are left out by where or by age"] if filtered else []
        gaps += [f"{self.kept:,} rows stay from before the period"] if self.kept else []
        gaps += [f"{self.missing:,} have no room in the tab"] if self.missing else []
        gaps += [f"{title} counts {n:,}" for title, n in self.summaries.items() if n != self.tab]
        return gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class TabReport:
    """One tab: `rows` it shows now, and how many of them this run added, changed and removed.

    `proof` is there where the tab was compared whole.
    """

    title: str
    outcome: Outcome
    rows: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    cut_cells: int = 0
    warnings: tuple[str, ...] = ()
    error: ErrorReport | None = None
    proof: Proof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """One run of one sheet. `requests` counts HTTP requests by `google_read`, `google_write` and connection name.

    `fullness` is the share of the cells that Google allows in the spreadsheet, None where it was not seen.
    """

    sheet: str
    outcome: Outcome
    started_at: datetime
    seconds: float
    spreadsheet_url: str = ""
    error: ErrorReport | None = None
    requests: Mapping[str, int] = field(default_factory=dict)
    tabs: tuple[TabReport, ...] = ()
    warnings: tuple[str, ...] = ()
    fullness: float | None = None
    run_id: str = ""


_IN_BRIEF = {
    "CredentialsRefused": "{who} refused the key",
    "NotShared": "Google does not let us into this spreadsheet",
    "RateLimited": "{who} took no more requests",
    "Unreachable": "{who} could not be reached",
    "ContractBroken": "{who} answered with something unexpected",
    "UnexpectedlyEmpty": "{who} returned nothing where it had records before",
    "DeadlinePassed": "the run took too long",
}


def in_brief(error: ErrorReport, vendors: Mapping[str, str]) -> str:
    """Say what went wrong in a few words for people who only see the spreadsheet; `vendors` by connection."""
    who = vendors.get(error.connection, error.connection) or "Google"
    words = _IN_BRIEF.get(error.kind)
    return words.format(who=who) if words else error.message.partition("\n")[0].strip().removesuffix(".")


def error_lines(error: SyncError) -> list[str]:
    """Put an error into lines for people: what happened and where, then the hint on its own line."""
    hints = _hint_lines(log.mask(error.hint))
    message = _message_lines(error)
    gap = [""] if hints and "" in message else []
    return [*message, *gap, *hints]


def _message_lines(error: SyncError, *, known: Sequence[str] = ()) -> list[str]:
    problems = error.problems if isinstance(error, ConfigError) else ()
    first = log.mask(_placed(error.what, error.where, known))
    if error.what == " ".join(problem.what for problem in problems):
        places = (f" ({problem.file}:{problem.line}: {problem.field})." for problem in problems)
        return [log.mask(p.what.removesuffix(".") + place) for p, place in zip(problems, places, strict=True)]
    return [first, *(log.mask(line) for problem in problems for line in ["", *format_problem(problem).splitlines()])]


def _hint_lines(hint: str) -> list[str]:
    return [f"hint: {hint}"] if hint else []


def _placed(what: str, where: Where, known: Sequence[str]) -> str:
    """Return the sentence, completed with the parts of the place that it does not name itself."""
    parts = [(f.name, getattr(where, f.name)) for f in fields(where) if f.name not in known]
    named = [f"{name} {value}" for name, value in parts if value and value not in what]
    return f"{what.removesuffix('.')} ({', '.join(named)})." if named else what


def exit_code_of(reports: Iterable[RunReport]) -> int:
    """Return the exit code of the failure that stands highest in the error tree, 0 when all is well."""
    return highest_code(error.exit_code for report in reports for error in errors_of(report))


def highest_code(codes: Iterable[int]) -> int:
    """Return the code that stands highest in the error tree, where the numbers grow downwards; 0 when all are 0."""
    return min((code for code in codes if code), default=0)


def errors_of(report: RunReport) -> list[ErrorReport]:
    """Return the run's own error and those of its tabs."""
    return [error for error in (report.error, *(tab.error for tab in report.tabs)) if error is not None]


def to_json(reports: Sequence[RunReport], error: ErrorReport | None = None) -> dict[str, Any]:
    """Return the object that `run-now --json` prints, with the error that kept runs from beginning.

    It is a contract, to which keys may be added.
    """
    return {"runs": [run_json(report) for report in reports], "error": _error_json(error)}


def run_json(report: RunReport) -> dict[str, Any]:
    """Return one run as the history keeps it and `--json` prints it."""
    return {
        "sheet": report.sheet,
        "outcome": str(report.outcome),
        "seconds": round(report.seconds, 3),
        "error": _error_json(report.error),
        "requests": dict(report.requests),
        "tabs": [_tab_json(tab) for tab in report.tabs],
        "warnings": list(report.warnings),
        "started_at": report.started_at.isoformat(),
        "spreadsheet": report.spreadsheet_url,
        "fullness": None if report.fullness is None else round(report.fullness, 4),
        "run": report.run_id,
    }


def _tab_json(tab: TabReport) -> dict[str, Any]:
    counts = {name: getattr(tab, name) for name in ("rows", "added", "changed", "removed", "cut_cells")}
    return {
        "title": tab.title,
        "outcome": str(tab.outcome),
        **counts,
        "warnings": list(tab.warnings),
        "error": _error_json(tab.error),
        "proof": _proof_json(tab.proof),
    }


def _proof_json(proof: Proof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    counts = {name: getattr(proof, name) for name in ("vendor", "mirror", "wanted", "tab", "missing", "kept")}
    return {**counts, "summaries": dict(proof.summaries), "words": proof.words}


def _error_json(error: ErrorReport | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return asdict(error)


def run_lines(report: RunReport) -> list[str]:
    """Put a run into lines for people: the run, its tabs, its requests, the address."""
    lines = [f"{report.sheet}: {report.outcome} in {report.seconds:,.1f} s", *failure_lines(report.error)]
    told: dict[ErrorReport, str] = {}
    for tab in report.tabs:
        lines += _tab_lines(tab, told)
    lines += [f"  warning: {warning}" for warning in report.warnings]
    if report.requests:
        lines.append(f"  requests: {request_words(report.requests)}")
    return [*lines, f"  {report.spreadsheet_url}"] if report.spreadsheet_url else lines


def _tab_lines(tab: TabReport, told: dict[ErrorReport, str]) -> list[str]:
    """Put a tab into lines; what kept several from being written is told once, with the first."""
    warnings = [f"    warning: {warning}" for warning in tab.warnings]
    if tab.error is None:
        proof = [f"    {tab.proof.words}"] if tab.proof else []
        return [f"  {tab.title}: {_tab_words(tab)}", *proof, *warnings]
    if tab.error in told:
        return [f"  {tab.title}: {tab.outcome}, for the same reason as {told[tab.error]}", *warnings]
    told[tab.error] = tab.title
    return [f"  {tab.title}: {tab.outcome}", *failure_lines(tab.error), *warnings]


def _tab_words(tab: TabReport) -> str:
    counts = [f"{n:,} {name}" for name in ("added", "changed", "removed") if (n := getattr(tab, name))]
    return f"{tab.rows:,} rows; {', '.join(counts) or 'unchanged'}"


def failure_lines(error: ErrorReport | None) -> list[str]:
    """Put what went wrong below the line of the thing that it went wrong with."""
    if error is None:
        return []
    return [f"    {line}" for line in (*error.message.splitlines(), *_hint_lines(error.hint))]


def request_words(requests: Mapping[str, int]) -> str:
    """List how many requests each service took."""
    return ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in requests.items())
