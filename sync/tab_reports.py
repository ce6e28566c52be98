"""What became of each tab of a publish, for the report and the plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from sync.destination.book import Book
from sync.destination.change import TabChange
from sync.errors import SyncError, Unreachable
from sync.foreseen import Foreseen
from sync.report import ErrorReport, Outcome, TabReport, outcome_of
from sync.tab_publish import TabPublish


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of every tab. `changes` and `book` are those of the first round, for a plan.

    `ahead` are the rounds that are foreseen to follow, with the reads of all of them and the first together.
    Of a sheet in several spreadsheets: what was `tried` before the first one was full, the other `parts`, and bytes and
    new cells of each of the `links` between them.
    """

    tabs: tuple[TabReport, ...]
    changes: tuple[TabChange, ...]
    book: Book | None
    ahead: Foreseen = field(default_factory=Foreseen)
    cells_per_day: float = 0.0
    tried: tuple[Published, ...] = ()
    parts: tuple[Published, ...] = ()
    links: tuple[tuple[int, int], ...] = ()


def restless(title: str) -> SyncError:
    """Make the error of a tab that never stood still."""
    return Unreachable(
        f"The tab {title!r} was changed by others again and again while it was written.",
        hint="Run it once more when fewer people or programs edit it.",
    )


def to_report(tab: TabPublish) -> TabReport:
    """Say in the report what became of a tab."""
    warnings = tuple(tab.warnings)
    if tab.error is not None:
        return TabReport(
            title=tab.title,
            outcome=outcome_of(tab.error),
            rows=tab.n_rows,
            warnings=warnings,
            error=ErrorReport.of(tab.error),
        )
    n_cut, n_added = tab.n_cut, tab.n_loaded or len(tab.added)
    if n_cut:
        cells = "1 cell was" if n_cut == 1 else f"{n_cut:,} cells were"
        warnings += (f'{cells} cut to 50,000 characters, the most that Sheets takes; what was cut ends with "[…cut]".',)
    return TabReport(
        title=tab.title,
        outcome=Outcome.OK if n_added or tab.changed or tab.removed else Outcome.UNCHANGED,
        rows=tab.n_rows,
        added=n_added,
        changed=len(tab.changed),
        removed=len(tab.removed),
        cut_cells=n_cut,
        warnings=warnings,
    )
