"""Fills a tab that was just made with more rows than anyone holds in memory: the next bodies are made meanwhile.

Bodies go out one after the other; only making them, and noting what has landed, happens beside that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

import orjson

from sync.destination.change import EncodedPiece, RowSource, RowWrite, TabChange
from sync.destination.layout import Body, Stretch
from sync.destination.mend import Misplaced
from sync.destination.spot import Spot

N_AHEAD = 2  # bodies; more would only cost memory
_POLL_S = 0.1

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class LoadBody:
    """One body of consecutive new rows, with what is to be noted of them once it has landed."""

    first_row: int
    body: Body
    keys: list[str] = field(default_factory=list)
    fingerprints: list[int] = field(default_factory=list)


def make_load_bodies(change: TabChange, source: RowSource, *, max_bytes: int) -> Iterator[LoadBody]:
    """Yield bodies of at most `max_bytes` for all rows of `source`, below the header; a larger row goes alone."""
    row = change.spot.header_row + 1
    load = _new_body(change, row)
    for piece in source.pieces():
        first, n_bytes = 0, load.body.n_bytes
        for n, encoded in enumerate(piece.rows):
            n_bytes += len(encoded) + 1
            if n_bytes > max_bytes and (n > first or load.keys):
                _add(load, piece, slice(first, n), n_bytes)
                yield load
                row += len(load.keys)
                load = _new_body(change, row)
                first, n_bytes = n, load.body.n_bytes + len(encoded) + 1
        _add(load, piece, slice(first, None), n_bytes)
    if load.keys:
        yield load


def _new_body(change: TabChange, row: int) -> LoadBody:
    spot = change.spot
    stretch = Stretch(
        sheet_id=spot.sheet_id, start_row=row, start_column=spot.indexes[0], end_column=spot.indexes[-1] + 1
    )
    return LoadBody(first_row=row, body=Body(stretches=[stretch]))


def _add(load: LoadBody, piece: EncodedPiece, some: slice, n_bytes: int) -> None:
    (stretch,) = load.body.stretches
    stretch.rows += piece.rows[some]
    load.keys += piece.keys[some]
    load.fingerprints += piece.fingerprints[some]
    load.body.n_bytes, load.body.n_rows = n_bytes, len(stretch.rows)


def misplaced_loads(changes: Iterable[TabChange], now: Spot) -> Iterator[Misplaced]:
    """Yield the rows of loads that may have been written beside our columns, which people have moved meanwhile."""
    for change in changes:
        if change.load is None or change.spot.indexes == now.indexes:
            continue
        row = change.spot.header_row + 1
        for piece in change.load.pieces():
            for n, (key, encoded) in enumerate(zip(piece.keys, piece.rows, strict=True), row):
                write = RowWrite(row=n, key=key, cells=orjson.loads(encoded), keeps_key=False)
                yield Misplaced(write=write, spot=change.spot, before=None)
            row += len(piece.keys)


def load(change: TabChange, source: RowSource, send: Callable[[Body], None], *, max_bytes: int) -> None:
    """Send all rows of `source` to a tab that was just made, and have it note each stretch that has landed.

    Raises:
        SyncError: whatever `send`, reading the rows or noting them raises; what landed before has been noted.

    """
    with (
        ThreadPoolExecutor(max_workers=1) as noting,
        closing(_Ahead(make_load_bodies(change, source, max_bytes=max_bytes))) as bodies,
    ):
        noted: Future[None] | None = None
        for one in bodies:
            send(one.body)
            if noted is not None:
                noted.result()
            noted = noting.submit(source.landed, one.first_row, one.keys, one.fingerprints)
        if noted is not None:
            noted.result()


class _Ahead(Generic[T]):
    """Makes items in a thread, a few ahead of whoever takes them. Close it when you stop early."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._queue: Queue[T | BaseException | None] = Queue(N_AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._make, name="load", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        while True:
            item = self._queue.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def _make(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    break
            self._put(None)
        except BaseException as error:
            self._put(error)

    def _put(self, item: T | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=_POLL_S)
            except Full:
                continue
            return True
        return False

    def close(self) -> None:
        """Stop making items, and wait until the thread has left the store."""
        self._stop.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=_POLL_S)
            except Empty:
                continue
        self._thread.join()
