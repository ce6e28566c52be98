"""Brings the mirror of all calls up to date from the mirrors of single connections. Asks no vendor."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from sync import clock
from sync.records import Record, Slice
from sync.shape.all_calls import (
    NUMBER_END,
    OF_RETURNS,
    ROWS_VERSION,
    Origin,
    fields_to_gather,
    to_all_calls,
)
from sync.shape.cells import KEY_COLUMN
from sync.shape.returns import FIELDS, with_returns
from sync.store.mirror import Mirror, key_text

_EVER = Slice(datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
_ROWS_AT_A_TIME = 5_000  # others wait for the store as long as these take
_KEY = ["connection", "call_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was new and changed."""

    n_added: int = 0
    n_changed: int = 0


def gather(target: Mirror, parts: Sequence[tuple[Origin, Mirror]], *, stop: threading.Event | None = None) -> Gathered:
    """Take over what changed in the mirrors of `parts`; the caller holds the lease of the target.

    Stopped anywhere, it takes some of it over once more the next time, which changes nothing.

    Raises:
        StopRequested: `stop` was set.

    """
    n_added = n_changed = 0
    for origin, mirror in parts:
        mark = f"{ROWS_VERSION} {mirror.id}"
        taken, version = target.marks.taken_from(mark), mirror.version()
        if version == taken:
            continue
        for df in _changed(mirror, origin, since=taken):
            clock.sleep(0, stop)
            done = target.upsert(list(_records(_with_returns(target, to_all_calls(df, origin)))), seen_at=clock.now())
            n_added, n_changed = n_added + done.n_added, n_changed + done.n_changed
        target.marks.save_taken(mark, version)
    return Gathered(n_added=n_added, n_changed=n_changed)


def _changed(mirror: Mirror, origin: Origin, *, since: int) -> Iterator[pl.DataFrame]:
    fields = fields_to_gather(origin.spec)
    if not since:
        for piece in mirror.read_pieces(fields, window=_EVER):
            yield from piece.iter_slices(_ROWS_AT_A_TIME)
        return
    yield from mirror.read(fields, window=_EVER, since=since).iter_slices(_ROWS_AT_A_TIME)


def _with_returns(target: Mirror, calls: pl.DataFrame) -> pl.DataFrame:
    """Add what calls with the same numbers decide of each other, and the calls of before that are decided anew."""
    fields = [*_KEY, *FIELDS, *OF_RETURNS]
    keys = [key_text(key) for key in calls.select(_KEY).iter_rows()]
    # A call whose number was corrected returns those of the old one no more
    ends = pl.concat([calls[NUMBER_END], target.read_keys(keys, (NUMBER_END,))[NUMBER_END]])
    known = target.read_found_by(ends.drop_nulls().unique().to_list(), fields).join(calls, on=_KEY, how="anti")
    looked_at = [*_KEY, *FIELDS]
    decided = with_returns(pl.concat([calls.select(looked_at), known.select(looked_at)], how="vertical_relaxed"))
    decided = decided.select(*_KEY, *OF_RETURNS)
    before = known.select(KEY_COLUMN, *_KEY, *(pl.col(name).alias(f"old {name}") for name in OF_RETURNS))
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"old {name}")) for name in OF_RETURNS)
    anew = before.join(decided, on=_KEY).filter(differs)[KEY_COLUMN].to_list()
    names = [field.name for field in target.spec.fields if field.name not in OF_RETURNS]
    every = pl.concat([calls, target.read_keys(anew, names).select(calls.columns)], how="vertical_relaxed")
    return every.join(decided, on=_KEY, how="left")


def _records(calls: pl.DataFrame) -> Iterator[Record]:
    for row in calls.iter_rows(named=True):
        yield Record(values=row)
