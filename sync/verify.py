"""What a whole comparison proves: vendor = mirror = tab = summary, or where the gap is."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sync.destination.long_read import key_hashes, not_among
from sync.pages import Pages
from sync.records import Slice
from sync.report import Proof
from sync.shape.cells import KEY_COLUMN
from sync.store.mirror import Mirror
from sync.summary_publish import SummaryPublish
from sync.tabs import DataJob


def prove(pages: Pages, summaries: Sequence[SummaryPublish]) -> Proof | None:
    """Count what vendor, mirror, tab and summaries have, where a page was compared whole and all ended well."""
    job = pages.job
    done = all(page.error is None and not page.is_open for page in pages.publishes)
    if job.mirror is None or job.error is not None or not done or not any(p.was_whole for p in pages.publishes):
        return None
    shown, wanted = pages.shown_hashes(), _wanted(job)  # in all spreadsheets of the sheet together
    n_missing = len(not_among(wanted, shown))
    return Proof(
        vendor=sum(_n_at_vendor(mirror, job.window) for mirror in job.gathered or (job.mirror,)),
        mirror=job.n_in_window,
        wanted=len(wanted),
        tab=len(shown),
        missing=n_missing,
        kept=len(shown) - (len(wanted) - n_missing),
        summaries={one.title: one.n_summed for one in summaries if one.of is pages and one.n_summed is not None},
    )


def _wanted(job: DataJob) -> pl.Series:
    assert job.mirror is not None
    pieces = job.mirror.read_pieces(job.fields, window=job.window)
    return pl.concat([key_hashes([]), *(job.staying.divide(df)[0][KEY_COLUMN].hash() for df in pieces)])


def _n_at_vendor(mirror: Mirror, window: Slice) -> int:
    """Count the records that the vendor returned when it was asked last, stretch by stretch."""
    n, at = 0, window.start
    for known in mirror.coverage():
        part = Slice(max(at, known.start), min(known.end, window.end))
        if part.start < part.end:
            n += mirror.count(Slice(at, part.start)) if at < part.start else 0
            n += mirror.count(part, seen_since=known.read_at)
            at = part.end
    return n + (mirror.count(Slice(at, window.end)) if at < window.end else 0)
