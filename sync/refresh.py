"""Source to mirror, slice by slice: what is to be read now, and reading it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Protocol

from sync import clock
from sync.errors import UnexpectedlyEmpty, Where
from sync.records import Buckets, Page, Slice, StreamKind, StreamSpec
from sync.sources.base import ChangeFeed, Source
from sync.store.mirror import Coverage, Mirror

REREAD_EVERY = timedelta(days=7)
REREAD = "reread"
CHANGES = "changes"
CHANGES_OVERLAP = timedelta(minutes=15)  # clocks differ, and a change may show a little later than it happened
MAX_NAMED_REJECTIONS = 3


class PageProgress(Protocol):
    """Who wants to know how far a walk is."""

    def page(self, connection: str, stream: str, done: int, expected: int | None) -> None:
        """Hear of one more page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh brought: records new and changed, pages read, and what people should know of it."""

    n_added: int = 0
    n_changed: int = 0
    n_pages: int = 0
    warnings: tuple[str, ...] = ()


def slices_to_read(
    spec: StreamSpec,
    coverage: Sequence[Coverage],
    *,
    window: Slice,
    now: datetime,
    requested_at: datetime,
    reread_at: datetime | None,
    buckets: Buckets | None = None,
) -> list[Slice]:
    """Return what must be read so that `window` is complete and late edits are seen; pure.

    That is what was never read, what was read less than the lookback window after it happened, and once a week the
    deeper second look. What another run read since `requested_at` is not read again. A list, and an aggregate over
    the whole period, are always read whole; other aggregates by whole `buckets`.
    """
    if spec.kind is StreamKind.LIST or (buckets and buckets.per == "period"):
        is_fresh = any(c.read_at >= requested_at and c.start <= window.start for c in coverage)
        return [] if is_fresh or window.start >= now else [window]
    wanted = minus([window], [Slice(c.start, c.end) for c in coverage])
    wanted += _to_read_again(spec, coverage, now=now, reread_at=reread_at)
    fresh = [Slice(c.start, c.end) for c in coverage if c.read_at >= requested_at]
    # What is left of today lies after the request: whoever read up to then has read all that was asked for
    joined = [stretch for stretch in _joined(minus(wanted, fresh)) if stretch.start < requested_at]
    if buckets:
        joined = _joined(clock.to_whole_buckets(stretch, buckets) for stretch in joined)
        pieces = [
            clock.slice_of(dates, buckets.zone) for whole in joined for dates in clock.cut_into_buckets(whole, buckets)
        ]
    else:
        pieces = [piece for stretch in joined for piece in _cut(stretch, timedelta(days=spec.slice_days))]
    return [piece for piece in pieces if piece.start < now]  # "this year" runs to its end; there is nothing there yet


def _to_read_again(
    spec: StreamSpec, coverage: Sequence[Coverage], *, now: datetime, reread_at: datetime | None
) -> list[Slice]:
    """Return what was read so early that it may have changed since; a change feed leaves the deeper look alone."""
    lookback = [] if spec.change_feed else coverage
    again = [
        Slice(max(c.start, c.read_at - spec.lookback), c.end) for c in lookback if c.end > c.read_at - spec.lookback
    ]
    if reread_at is None or now - reread_at >= REREAD_EVERY:
        again += [Slice(max(c.start, now - spec.reread), c.end) for c in coverage if c.end > now - spec.reread]
    return again


def clamp_to_memory(spec: StreamSpec, window: Slice, *, now: datetime) -> Slice:
    """Return the part of a window that the vendor is known to remember; pure."""
    if not spec.retention_is_certain or spec.retention is None:
        return window
    start = min(max(window.start, now - spec.retention), window.end)
    return Slice(start, window.end)


def minus(stretches: Iterable[Slice], holes: Iterable[Slice]) -> list[Slice]:
    """Return what of some stretches no hole covers."""
    left = list(stretches)
    for hole in holes:
        parts = [(Slice(s.start, min(s.end, hole.start)), Slice(max(s.start, hole.end), s.end)) for s in left]
        left = [part for pair in parts for part in pair if part.start < part.end]
    return left


def _joined(stretches: Iterable[Slice]) -> list[Slice]:
    joined: list[Slice] = []
    for stretch in sorted(stretches):
        if joined and stretch.start <= joined[-1].end:
            joined[-1] = Slice(joined[-1].start, max(joined[-1].end, stretch.end))
        else:
            joined.append(stretch)
    return joined


def _cut(stretch: Slice, longest: timedelta) -> list[Slice]:
    n = max(1, math.ceil((stretch.end - stretch.start) / longest))
    edges = [min(stretch.start + longest * i, stretch.end) for i in range(n + 1)]
    return [Slice(a, b) for a, b in pairwise(edges) if a < b]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whom is asked, with which filters, and for a report by which periods."""

    connection: str
    params: Mapping[str, Any]
    buckets: Buckets | None = None


def refresh(
    mirror: Mirror,
    source: Source,
    question: Question,
    *,
    slices: Sequence[Slice],
    allow_empty: bool,
    progress: PageProgress,
    changed_since: datetime | None = None,
) -> Refreshed:
    """Read slices into the mirror, a transaction a page; what was read stays when a later slice fails.

    With `changed_since`, what changed since then is asked for first; the source has a change feed.

    Raises:
        UnexpectedlyEmpty: a slice that held records came back without any.
        SyncError: whatever the source raises, with the place filled in.

    """
    reader = _Reader(mirror, source, question, progress=progress)
    if changed_since is not None:
        reader.read_changes(changed_since)
    for piece in slices:
        reader.read(piece, allow_empty=allow_empty)
    return reader.result()


class _Reader:
    """Adds up what several slices bring."""

    def __init__(self, mirror: Mirror, source: Source, question: Question, *, progress: PageProgress) -> None:
        self._mirror, self._source, self._progress = mirror, source, progress
        self._connection, self._params, self._buckets = question.connection, question.params, question.buckets
        self._n_added = self._n_changed = self._n_pages = 0
        self._rejected: list[str] = []
        self._said: list[str] = []
        self._is_whole = True

    def read(self, piece: Slice, *, allow_empty: bool) -> None:
        """Read one slice whole, then note that it was."""
        spec = self._mirror.spec
        started_at = clock.now()
        n_got = self._take(self._source.fetch(spec.name, piece, self._params, buckets=self._buckets))
        if not n_got and not allow_empty and (n_held := self._n_held(piece, started_at)):
            raise self._empty(piece, n_held)
        if spec.kind is StreamKind.AGGREGATE and self._is_whole:
            self._n_changed += self._mirror.blank(piece, unseen_since=started_at)
        # Calls that start while we read are not promised to be among what was read
        self._mirror.save_slice(Slice(piece.start, min(piece.end, started_at)), read_at=started_at)

    def read_changes(self, since: datetime) -> None:
        """Read what changed since an instant, wherever it lies."""
        assert isinstance(self._source, ChangeFeed)  # promised by the stream that declares a change feed
        self._take(self._source.fetch_changes(self._mirror.spec.name, since, self._params))

    def _take(self, pages: Iterable[Page]) -> int:
        """Keep the records of pages, and return how many there were."""
        spec, n_got, pages_before, self._is_whole = self._mirror.spec, 0, self._n_pages, True
        for page in pages:
            upserted = self._mirror.upsert(page.records, seen_at=clock.now())
            n_got += len(page.records)
            self._n_added += upserted.n_added
            self._n_changed += upserted.n_changed
            self._n_pages += 1
            self._rejected += page.rejected
            self._said += page.warnings
            self._is_whole &= page.whole
            expected = None if page.n_expected is None else pages_before + math.ceil(page.n_expected / spec.page_size)
            self._progress.page(self._connection, spec.name, self._n_pages, expected)
        return n_got

    def _n_held(self, piece: Slice, now: datetime) -> int:
        """Count the records that the vendor should still have: it had them when we asked last, and does not forget yet.

        So a person's yes to an empty answer holds for later runs, and what is past the vendor's memory is no alarm.
        """
        kept = self._mirror.spec.retention
        whole = Slice(max(piece.start, now - kept) if kept else piece.start, piece.end)
        known = [(c, Slice(max(c.start, whole.start), min(c.end, whole.end))) for c in self._mirror.coverage()]
        known = [(c, part) for c, part in known if part.start < part.end]
        rest = minus([whole], [part for _, part in known]) if whole.start < whole.end else []
        seen = sum(self._mirror.count(part, seen_since=c.read_at) for c, part in known)
        return seen + sum(self._mirror.count(part) for part in rest)

    def _empty(self, piece: Slice, n_held: int) -> UnexpectedlyEmpty:
        where = Where(connection=self._connection, stream=self._mirror.spec.name, slice=str(piece))
        return UnexpectedlyEmpty(
            f"{self._connection} {self._mirror.spec.name}: {n_held:,} records of {piece} were there before, "
            "and now the vendor returns none.",
            hint="Look at the vendor's own page. If the records are really gone, run with --allow-empty.",
            where=where,
        )

    def result(self) -> Refreshed:
        """Return the sums, with a sentence for records that could not be read."""
        return Refreshed(
            n_added=self._n_added, n_changed=self._n_changed, n_pages=self._n_pages, warnings=tuple(self._warnings())
        )

    def _warnings(self) -> Iterable[str]:
        if self._rejected:
            named = "; ".join(self._rejected[:MAX_NAMED_REJECTIONS])
            n = len(self._rejected)
            yield f"{self._connection}: {n:,} record{'s' if n > 1 else ''} could not be read and were left out: {named}"
        yield from (f"{self._connection}: {said}" for said in dict.fromkeys(self._said))
