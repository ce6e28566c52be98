"""What a run would do, as plain values: rows, cells, requests, quota. Pure, but for what the store knows offline."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sync.config.settings import Google
from sync.destination.book import MAX_CELLS
from sync.destination.change import TabChange
from sync.destination.writer import sizes_of
from sync.growth import forecast_words, full_in_days
from sync.report import ErrorReport, TabReport
from sync.store import published as store_published
from sync.tab_reports import Published
from sync.tabs import DataJob, row_print


@dataclass(frozen=True, slots=True, kw_only=True)
class TabPlan:
    """One tab: rows now and after, and cells of its grid after."""

    title: str
    rows_now: int
    rows_after: int
    added: int
    changed: int
    cells_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPlan:
    """What a run of a sheet would do. `cells_total` counts the whole workbook, people's tabs included."""

    tabs: tuple[TabPlan, ...] = ()
    requests_read: int = 0
    requests_write: int = 0
    bytes: int = 0
    minutes_of_quota: float = 0.0
    cells_total: int = 0
    cells_limit: int = MAX_CELLS
    cells_per_day: float = 0.0
    full_in_days: float | None = None
    warnings: tuple[str, ...] = ()
    error: ErrorReport | None = None

    @property
    def forecast(self) -> str:
        """When the spreadsheet is full at the pace of the last weeks."""
        return forecast_words(self.full_in_days)


def make_plan(published: Published, google: Google, *, warnings: Sequence[str] = ()) -> SheetPlan:
    """Say what a publish would send: in each spreadsheet its first round, and those after it where columns change."""
    costs = list(_costs(published, google))
    sizes = [size for cost in costs for size in cost.sizes] + [size for size, _ in published.links]
    n_write = len(sizes) + sum(cost.n_trays for cost in costs)
    n_read = sum(cost.n_reads for cost in costs) + len(published.links)
    by_title = {title: change for cost in costs for title, change in cost.by_title.items()}
    n_before = {cost.spreadsheet: cost.n_cells for cost in costs}
    total = sum(n_before.values()) + sum(cost.n_more for cost in costs) + sum(n for _, n in published.links)
    told = [w for tab in published.tabs for w in tab.warnings]
    told += [w for change in published.changes for w in change.warnings]
    return SheetPlan(
        tabs=tuple(_tab_plan(report, by_title.get(report.title)) for report in published.tabs),
        requests_read=n_read,
        requests_write=n_write,
        bytes=sum(sizes),
        minutes_of_quota=max(n_write / google.writes_per_minute, n_read / google.reads_per_minute),
        cells_total=total,
        cells_limit=MAX_CELLS * max(1, len(n_before)),
        cells_per_day=published.cells_per_day,
        full_in_days=full_in_days(total, MAX_CELLS * max(1, len(n_before)), published.cells_per_day),
        warnings=tuple(dict.fromkeys([*warnings, *told])),
        error=next((tab.error for tab in published.tabs if tab.error), None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    """What one look at a spreadsheet, and what follows from it, costs."""

    spreadsheet: str
    n_cells: int
    n_more: int
    n_reads: int
    n_trays: int
    sizes: Sequence[int]
    by_title: Mapping[str, TabChange]


def _costs(published: Published, google: Google) -> Iterator[_Cost]:
    """Yield the costs of each spreadsheet; a first one that was full is gone through again, without what it took."""
    done: set[tuple[str, str]] = set()
    for one, n in _passes(published):
        spreadsheet = one.book.spreadsheet_id if one.book else ""
        yield _cost(one, google, done={title for where, title in done if where == spreadsheet}, n=n)
        done |= {(spreadsheet, change.shape.title) for change in one.changes if change.is_final}


def _passes(published: Published) -> Iterator[tuple[Published, int]]:
    for tried in published.tried:
        yield from _passes(tried)
    yield from ((part, n) for n, part in enumerate(published.parts, 1))
    yield published, 0


def _cost(published: Published, google: Google, *, done: Collection[str], n: int) -> _Cost:
    rounds = [
        [change for change in one if not change.is_empty and change.shape.title not in done]
        for one in (published.changes, *published.ahead.rounds)
    ]
    changes = [change for one in rounds for change in one]
    n_trays = any(change.leaving for change in changes)  # rows that leave are looked at once more
    is_loaded = any(change.load is not None for change in changes)  # so is a tab that was filled as a stream
    last = [change for one in (published.changes, *published.ahead.rounds) for change in one]
    mark = f" (part {n + 1})" if n else ""
    return _Cost(
        spreadsheet=published.book.spreadsheet_id if published.book else "",
        n_cells=published.book.n_cells if published.book else 0,
        n_more=sum(change.n_more_cells for change in changes),
        n_reads=n_trays + is_loaded + published.ahead.n_looks,
        n_trays=int(n_trays),
        sizes=[size for one in rounds for size in sizes_of(one, max_bytes=google.max_request_bytes)],
        by_title={title + mark: change for title, change in _by_title(last).items()},
    )


def _by_title(changes: Iterable[TabChange]) -> dict[str, TabChange]:
    """Return the last change of each tab, with the rows that those before it add and change."""
    found: dict[str, TabChange] = {}
    for change in changes:
        title = change.shape.title
        if (before := found.get(title)) is not None:
            added = {**before.added, **change.added}
            changed = {key: row for key, row in {**before.changed, **change.changed}.items() if key not in added}
            found[title] = replace(change, added=added, changed=changed)
        else:
            found[title] = change
    return found


def _tab_plan(report: TabReport, change: TabChange | None) -> TabPlan:
    if change is None:
        return TabPlan(
            title=report.title, rows_now=report.rows, rows_after=report.rows, added=0, changed=0, cells_after=0
        )
    n_added = change.load.n_rows if change.load is not None else len(change.added)
    n_after = len(change.positions) if change.positions is not None else report.rows + n_added - len(change.leaving)
    if change.load is not None:
        n_after = n_added
    cells = change.n_more_cells + (0 if change.is_new else change.spot.n_rows * change.spot.n_columns)
    return TabPlan(
        title=report.title,
        rows_now=0 if change.is_new else report.rows,
        rows_after=n_after,
        added=n_added,
        changed=len(change.changed),
        cells_after=cells,
    )


def plan_json(sheet: str, plan: SheetPlan) -> dict[str, Any]:
    """Return a plan as `--json` prints it; keys may be added."""
    error = plan.error
    return {
        "sheet": sheet,
        "tabs": [asdict(tab) for tab in plan.tabs],
        "requests": {"google_read": plan.requests_read, "google_write": plan.requests_write},
        "bytes": plan.bytes,
        "minutes_of_quota": round(plan.minutes_of_quota, 3),
        "cells_total": plan.cells_total,
        "cells_limit": plan.cells_limit,
        "cells_per_day": round(plan.cells_per_day, 1),
        "full_in_days": None if plan.full_in_days is None else round(plan.full_in_days, 1),
        "forecast": plan.forecast,
        "warnings": list(plan.warnings),
        "error": asdict(error) if error else None,
    }


def make_offline_plan(jobs: Sequence[DataJob], google: Google, *, warnings: Sequence[str] = ()) -> SheetPlan:
    """Estimate from what the store holds: neither vendor nor Google is asked, so summaries are left out."""
    tabs, n_bytes = [], 0
    for job in jobs:
        rows = job.every_row()
        known = store_published.rows(job.store, job.sheet.spreadsheet_id, job.uid)
        added = [key for key in rows.cells if key not in known]
        changed = [k for k, cells in rows.cells.items() if k in known and known[k].fingerprint != row_print(cells)]
        n_after = len(known) + len(added)
        n_columns = len(job.shape.columns)
        n_bytes += sum(len(str(rows.cells[key])) for key in (*added, *changed))
        tabs.append(
            TabPlan(
                title=job.title,
                rows_now=len(known),
                rows_after=n_after,
                added=len(added),
                changed=len(changed),
                cells_after=(n_after + 2) * n_columns,
            )
        )
    n_write = 1 + n_bytes // google.max_request_bytes if n_bytes else 0
    return SheetPlan(
        tabs=tuple(tabs),
        requests_read=2,
        requests_write=n_write,
        bytes=n_bytes,
        minutes_of_quota=max(n_write / google.writes_per_minute, 2 / google.reads_per_minute),
        cells_total=sum(tab.cells_after for tab in tabs),
        warnings=("Estimated from the local copy alone; people's tabs and summaries are not counted.", *warnings),
    )
