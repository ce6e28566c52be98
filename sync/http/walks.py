"""Walks over lists that go on by a cursor or an offset, and may move while they are read. Knows no vendor.

A cursor that comes twice would lead round for ever. Pages by offset overlap by one row: when that row is not there,
rows left the list meanwhile and others slipped forward unseen, so the walk begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sync import log
from sync.errors import ContractBroken

_log = log.get(__name__)

MAX_WALKS = 5
MAX_ASKS = 3  # of one page that came back as the page before


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Where a page begins: at a cursor where there is one, else at an offset."""

    cursor: str | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedPage:
    """One page: its rows, the identity of each, the cursor to go on with, and how many rows are announced in all.

    It `ends` the list where the vendor says so; one without a cursor alone may be of a list that goes on by offset.
    """

    rows: Sequence[Any]
    ids: Sequence[Hashable]
    cursor: str | None
    n_total: int | None = None
    ends: bool = False


@dataclass(slots=True)
class _Outcome:
    """What one walk came to: whether it held together, and how many rows were announced at its start."""

    is_torn: bool = False
    n_announced: int = 0


def walk_led(ask: Callable[[At], LedPage]) -> Iterator[LedPage]:
    """Yield the pages of a list until nothing new comes; a row that comes again is the newer one.

    A list that announces more rows than were found, or loses its thread, is walked again; ContractBroken when it stays
    so. No more is held in memory than the identities of the rows.
    """
    for n_walk in range(1, MAX_WALKS + 1):
        outcome, seen = _Outcome(), set[Hashable]()
        yield from _walk_once(ask, seen, outcome)
        if not outcome.is_torn and len(seen) >= outcome.n_announced:
            return
        _log.info("list moved while read", action="pages.again", walk=n_walk, n_seen=len(seen))
    raise ContractBroken(
        f"found {len(seen):,} different rows where {outcome.n_announced:,} were announced, "
        f"in each of {MAX_WALKS} walks over the list",
        hint="The next run reads this stretch again. If it stays, ask the vendor which of the two numbers is right.",
    )


def _walk_once(ask: Callable[[At], LedPage], seen: set[Hashable], outcome: _Outcome) -> Iterator[LedPage]:
    at, last_id, cursors = At(), None, set[str]()
    before: LedPage | None = None
    while True:
        page = before = _ask_for(ask, at, before)
        if at == At():
            outcome.n_announced = page.n_total or 0
        n_before = len(seen)
        overlaps = at.cursor is None and at.offset == n_before - 1
        seen.update(page.ids)
        again = overlaps and page.ids[:1] == [last_id]
        yield replace(page, rows=page.rows[1:], ids=page.ids[1:]) if again else page
        if overlaps and last_id not in page.ids:
            outcome.is_torn = True
            return
        if page.cursor:
            if page.cursor in cursors:
                raise ContractBroken("the vendor gives the same cursor again, its list would never end")
            cursors.add(page.cursor)
            at = At(cursor=page.cursor)
        elif at.cursor is not None or page.ends or not _may_go_on(page, seen, n_before):
            return
        else:
            at, last_id = At(offset=max(1, len(seen) - 1)), page.ids[-1]


def _ask_for(ask: Callable[[At], LedPage], at: At, before: LedPage | None) -> LedPage:
    """Ask for a page, and again while a cursor leads to the page before; what is no slip shows in what it leads to."""
    page = ask(at)
    for _ in range(MAX_ASKS - 1):
        if at.cursor is None or before is None or not page.ids or page.ids != before.ids:
            break
        _log.warning("page came twice", action="pages.repeated")
        page = ask(at)
    return page


def _may_go_on(page: LedPage, seen: set[Hashable], n_before: int) -> bool:
    """A page shorter than asked for is no sign of the end: the vendor may give fewer a page than we think."""
    if len(seen) == n_before:
        return False
    return page.n_total is None or len(seen) < page.n_total
