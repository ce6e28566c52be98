"""How fast the tabs of a sheet grow, and when their spreadsheet is full at this pace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sync.pages import Pages
from sync.records import Slice, StreamKind
from sync.tab_publish import FREE_COLUMNS
from sync.tabs import DataJob

LOOKED_BACK = timedelta(days=28)
_DAY = timedelta(days=1)
_LONG_DAYS = 5 * 365


def cells_per_day(pages: Iterable[Pages]) -> float:
    """Return by how many cells the tabs grow in a day, as they did over the last four weeks."""
    return sum(rows_per_day(one.job) * (len(one.job.shape.columns) + FREE_COLUMNS) for one in pages if not one.error)


def rows_per_day(job: DataJob) -> float:
    """Return how many rows a tab gains in a day; one from which rows leave as others come in gains none."""
    tab = job.tab
    leaves = tab.mode == "replace" or tab.remove_after != "never" or tab.overflow == "remove_oldest"
    if job.mirror is None or leaves or job.spec.kind is not StreamKind.ROWS:
        return 0.0
    known = [c for c in job.mirror.coverage() if c.start < job.at]
    if not known:
        return 0.0
    since = max(job.at - LOOKED_BACK, min(c.start for c in known))
    n_days = max((job.at - since) / _DAY, 1.0)
    return _n_shown(job, Slice(since, job.at)) / n_days


def _n_shown(job: DataJob, stretch: Slice) -> int:
    assert job.mirror is not None
    if not job.tab.where:
        return job.mirror.count(stretch)
    return job.staying.divide(job.mirror.read(job.fields, window=stretch))[0].height


def full_in_days(n_cells: int, limit: int, per_day: float) -> float | None:
    """Return in how many days the spreadsheet is full, None when it does not grow."""
    return max(0.0, limit - n_cells) / per_day if per_day > 0 else None


def forecast_words(days: float | None) -> str:
    """Say when the spreadsheet is full, in the roundest unit that is still honest."""
    if days is None:
        return "does not grow"
    if days < 1:
        return "full within a day at this pace"
    if days > _LONG_DAYS:
        return "not full for more than 5 years at this pace"
    for n_days, unit, most in ((1, "day", 21), (7, "week", 9), (30.4, "month", 24), (365, "year", 99)):
        n = round(days / n_days)
        if n <= most:
            return f"full in about {max(n, 1)} {unit}{'s' if n > 1 else ''} at this pace"
    return "not full for years at this pace"
