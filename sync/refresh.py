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
from sync.records import Slice, StreamSpec
from sync.sources.base import Source
from sync.store.mirror import Coverage, Mirror

REREAD_EVERY = timedelta(days=7)
REREAD = "reread"
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
) -> list[Slice]:
    """Return what must be read so that `window` is complete and late edits are seen; pure.

    That is what was never read, what was read less than the lookback window after it happened, and once a week the
    deeper second look. What another run read since `requested_at` is not read again.
    """
    wanted = _minus([window], [Slice(c.start, c.end) for c in coverage])
    wanted += [
        Slice(max(c.start, c.read_at - spec.lookback), c.end) for c in coverage if c.end > c.read_at - spec.lookback
    ]
    if reread_at is None or now - reread_at >= REREAD_EVERY:
        wanted += [Slice(max(c.start, now - spec.reread), c.end) for c in coverage if c.end > now - spec.reread]
    fresh = [Slice(c.start, c.end) for c in coverage if c.read_at >= requested_at]
    # What is left of today lies after the request: whoever read up to then has read all that was asked for
    joined = [stretch for stretch in _joined(_minus(wanted, fresh)) if stretch.start < requested_at]
    pieces = [piece for stretch in joined for piece in _cut(stretch, timedelta(days=spec.slice_days))]
    return [piece for piece in pieces if piece.start < now]  # "this year" runs to its end; there is nothing there yet


def _minus(stretches: Iterable[Slice], holes: Iterable[Slice]) -> list[Slice]:
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


def refresh(
    mirror: Mirror,
    source: Source,
    *,
    connection: str,
    params: Mapping[str, Any],
    slices: Sequence[Slice],
    allow_empty: bool,
    progress: PageProgress,
) -> Refreshed:
    """Read slices into the mirror, a transaction a page; what was read stays when a later slice fails.

    Raises:
        UnexpectedlyEmpty: a slice that held records came back without any.
        SyncError: whatever the source raises, with the place filled in.

    """
    reader = _Reader(mirror, source, connection=connection, params=params, progress=progress)
    for piece in slices:
        reader.read(piece, allow_empty=allow_empty)
    return reader.result()


class _Reader:
    """Adds up what several slices bring."""

    def __init__(
        self, mirror: Mirror, source: Source, *, connection: str, params: Mapping[str, Any], progress: PageProgress
    ) -> None:
        self._mirror, self._source, self._progress = mirror, source, progress
        self._connection, self._params = connection, params
        self._n_added = self._n_changed = self._n_pages = 0
        self._rejected: list[str] = []

    def read(self, piece: Slice, *, allow_empty: bool) -> None:
        """Read one slice whole, then note that it was."""
        spec = self._mirror.spec
        started_at = clock.now()
        n_got = 0
        pages_before = self._n_pages
        for page in self._source.fetch(spec.name, piece, self._params):
            upserted = self._mirror.upsert(page.records, seen_at=clock.now())
            n_got += len(page.records)
            self._n_added += upserted.n_added
            self._n_changed += upserted.n_changed
            self._n_pages += 1
            self._rejected += page.rejected
            expected = None if page.n_expected is None else pages_before + math.ceil(page.n_expected / spec.page_size)
            self._progress.page(self._connection, spec.name, self._n_pages, expected)
        if not n_got and not allow_empty and (n_held := self._n_held(piece, started_at)):
            raise self._empty(piece, n_held)
        # Calls that start while we read are not promised to be among what was read
        self._mirror.save_slice(Slice(piece.start, min(piece.end, started_at)), read_at=started_at)

    def _n_held(self, piece: Slice, now: datetime) -> int:
        """Count the records that the vendor should still have: it had them when we asked last, and does not forget yet.

        So a person's yes to an empty answer holds for later runs, and what is past the vendor's memory is no alarm.
        """
        kept = self._mirror.spec.retention
        whole = Slice(max(piece.start, now - kept) if kept else piece.start, piece.end)
        known = [(c, Slice(max(c.start, whole.start), min(c.end, whole.end))) for c in self._mirror.coverage()]
        known = [(c, part) for c, part in known if part.start < part.end]
        rest = _minus([whole], [part for _, part in known]) if whole.start < whole.end else []
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
