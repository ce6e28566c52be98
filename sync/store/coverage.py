"""Which stretches of time a mirror has read whole, and when; pure interval arithmetic and its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from sync.records import Slice
from sync.store.instants import from_us, to_us
from sync.store.tables import coverage

_FRESH = timedelta(days=1)
"""Neighbours read on one day become one, once newer reads make them older than this: every run adds a sliver."""


@dataclass(frozen=True, slots=True, order=True)
class Coverage:
    """All records of `start`..`end` (end excluded) were read, no longer ago than `read_at`."""

    start: datetime
    end: datetime
    read_at: datetime


def add_stretch(known: Iterable[Coverage], new: Coverage) -> list[Coverage]:
    """Return `known` with `new` laid over it: sorted, disjoint, neighbours merged where that says nothing untrue."""
    left = [part for old in known for part in _outside(old, new)]
    return _merged(sorted([*left, new]), newest=max(part.read_at for part in [*left, new]))


def cut_before(known: Iterable[Coverage], cutoff: datetime) -> list[Coverage]:
    """Return what is left of `known` from `cutoff` on."""
    return [Coverage(max(c.start, cutoff), c.end, c.read_at) for c in known if c.end > cutoff]


def load_coverage(connection: Connection, mirror_id: str) -> list[Coverage]:
    """Return the stretches of a mirror, sorted and disjoint."""
    query = select(coverage.c.start_us, coverage.c.end_us, coverage.c.read_at_us)
    found = connection.execute(query.where(coverage.c.mirror_id == mirror_id).order_by(coverage.c.start_us))
    return [Coverage(from_us(start), from_us(end), from_us(read_at)) for start, end, read_at in found]


def save_coverage(connection: Connection, mirror_id: str, stretches: Iterable[Coverage]) -> None:
    """Replace the stretches of a mirror."""
    connection.execute(delete(coverage).where(coverage.c.mirror_id == mirror_id))
    new = [
        {"mirror_id": mirror_id, "start_us": to_us(c.start), "end_us": to_us(c.end), "read_at_us": to_us(c.read_at)}
        for c in stretches
    ]
    if new:
        connection.execute(insert(coverage), new)


def stretch_of(slice_: Slice, read_at: datetime) -> Coverage:
    """Return the stretch that a finished slice stands for."""
    return Coverage(slice_.start, slice_.end, read_at)


def _outside(old: Coverage, new: Coverage) -> list[Coverage]:
    before = Coverage(old.start, min(old.end, new.start), old.read_at)
    after = Coverage(max(old.start, new.end), old.end, old.read_at)
    return [part for part in (before, after) if part.start < part.end]


def _merged(parts: list[Coverage], *, newest: datetime) -> list[Coverage]:
    merged: list[Coverage] = []
    for part in parts:
        if merged and merged[-1].end == part.start and _alike(merged[-1], part, newest):
            before = merged.pop()
            part = Coverage(before.start, part.end, min(before.read_at, part.read_at))  # noqa: PLW2901
        merged.append(part)
    return merged


def _alike(one: Coverage, other: Coverage, newest: datetime) -> bool:
    if one.read_at == other.read_at:
        return True
    # Whoever asks "was this read since a moment ago?" needs the exact instant of what is fresh
    both_old = max(one.read_at, other.read_at) < newest - _FRESH
    return both_old and one.read_at.date() == other.read_at.date()
