"""Publishes a sheet into all spreadsheets that it has come to fill; summaries count the rows of all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sync import spares
from sync.config.sheet import Sheet
from sync.renames import is_part
from sync.store.db import Store
from sync.summary_job import SummaryJob
from sync.tab_reports import Published
from sync.tabs import DataJob

PublishOne = Callable[[str, Sequence[DataJob], Sequence[SummaryJob]], Published]


def publish_parts(
    publish: PublishOne,
    store: Store,
    data: Sequence[DataJob],
    summaries: Sequence[SummaryJob],
    *,
    sheet: Sheet,
    dry: bool,
) -> tuple[Published, int]:
    """Publish, and go on in the next spare when one is full; return what became of it, and how many spares are used."""
    n_used, tried = spares.load_used(store, sheet), tuple[Published, ...]()
    while True:
        done, is_full = _publish_all(publish, data, summaries, sheet=sheet, n_used=n_used, dry=dry)
        done = replace(done, tried=tried)
        if not is_full or n_used == len(sheet.spares):
            books = [one.book for one in (done, *done.parts) if one.book is not None]
            is_linked = not dry or not spares.needs_links(store, sheet, n_used)
            return (done if is_linked else replace(done, links=spares.link_sizes(sheet, books, n_used))), n_used
        n_used, tried = n_used + 1, (done,)
        if not dry:
            spares.save_used(store, sheet, n_used)


def _publish_all(
    publish: PublishOne,
    data: Sequence[DataJob],
    summaries: Sequence[SummaryJob],
    *,
    sheet: Sheet,
    n_used: int,
    dry: bool,
) -> tuple[Published, bool]:
    if not n_used:
        done = publish(sheet.spreadsheet_id, data, summaries)
        return done, spares.is_full(done.tabs)
    told, parts, is_full = [], [], False
    for n, spreadsheet_id in list(enumerate(spares.parts_of(sheet, n_used)))[1:]:
        part = publish(spreadsheet_id, spares.jobs_of_part(data, n, n_used), ())
        parts.append(part)
        told += spares.named(part.tabs, n)
        is_full = spares.is_full(part.tabs)  # of the last one, which takes the new rows
    first = spares.jobs_of_part(data, 0, n_used)
    if dry:  # what a run has stored by now
        first = [replace(job, taken=job.taken | _added(job, parts)) for job in first]
    by_old = {id(old): new for old, new in zip(data, first, strict=True)}
    moved = [replace(job, of=by_old[id(job.of)]) if id(job.of) in by_old else job for job in summaries]
    done = publish(sheet.spreadsheet_id, first, moved)
    return replace(done, tabs=(*done.tabs, *told), parts=tuple(parts)), is_full


def _added(job: DataJob, parts: Sequence[Published]) -> set[str]:
    """Return the keys that a tab, all its pages together, gets in other spreadsheets."""
    return {
        key for part in parts for change in part.changes if is_part(change.shape.uid, job.uid) for key in change.added
    }
