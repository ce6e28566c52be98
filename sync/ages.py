"""What age and number of records decide: which leave a full tab, whether new ones fit, and stand at its end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sync.destination.change import TabChange
from sync.errors import TooLarge, Where
from sync.tabs import DataJob, Rows


def without_oldest(job: DataJob, rows: Rows, there: Collection[str], n_most: int) -> Rows:
    """Let the oldest leave, or not come in, where there would be more than `n_most`; `there` are shown now."""
    must = set(rows.must) - set(rows.leaving)
    keys = {key for key in there if key not in rows.leaving} | must
    n_over = len(keys) - n_most
    if n_over <= 0:
        return rows
    oldest = set(job.by_age(keys)[:n_over])
    leaving = dict.fromkeys(oldest & set(there), f"the tab is full at {n_most:,} rows")
    return replace(
        rows,
        cells={key: cells for key, cells in rows.cells.items() if key not in oldest},
        must=must - oldest,
        leaving={**rows.leaving, **leaving},
    )


def comes_after(job: DataJob, edge: str, keys: Sequence[str]) -> bool:
    """Tell whether the records of `keys` stand beyond that of `edge` at the end where new rows come in."""
    order = job.by_age({edge, *keys})
    return bool(order) and order[-1 if job.from_top else 0] == edge


def bounded(job: DataJob, change: TabChange, n_after: int) -> TabChange:
    """Return the change of a tab that has `n_after` rows then.

    Raises:
        TooLarge: the config allows fewer.

    """
    limit = job.tab.max_rows
    if job.tab.overflow == "stop" and (change.added or change.load) and n_after > limit:
        raise TooLarge(
            f"The tab {job.title!r} would have {n_after:,} rows; max_rows allows {limit:,}.",
            hint='Raise max_rows, shorten the period, or choose overflow = "next_tab" or "remove_oldest".',
            where=Where(tab=job.title),
        )
    return change
