"""Walks over lists whose pages name the next one. Knows no vendor.

The list is asked for in an order in which new rows come last, so that what arrives moves nothing. Where the vendor
tells how many rows there are, a walk that found another number is repeated; when a second one finds the very same rows,
it is the number that is wrong, which is said.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync import log
from sync.errors import ContractBroken

_log = log.get(__name__)

MAX_WALKS = 5
MAX_ASKS = 3  # of one page that came back as the page before


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedPage:
    """One page: its rows, the identity of each, where the next one is, and how many there are in all, if told."""

    rows: Sequence[Any] = ()
    ids: Sequence[Hashable] = ()
    next: str | None = None
    n_total: int | None = None
    warning: str = ""


@dataclass(slots=True)
class _Walk:
    """What one walk saw."""

    ids: set[Hashable] = field(default_factory=set)
    n_total: int | None = None
    shrank: bool = False

    def take(self, page: LinkedPage) -> None:
        if page.n_total is not None:
            self.shrank |= self.n_total is not None and page.n_total < self.n_total
            self.n_total = page.n_total
        self.ids.update(page.ids)

    @property
    def is_complete(self) -> bool:
        return self.n_total is None or (len(self.ids) == self.n_total and not self.shrank)


def walk_links(ask: Callable[[str | None], LinkedPage]) -> Iterator[LinkedPage]:
    """Yield the pages of a list, from the one that None asks for to the one that names no next.

    A row may come again, in this walk or in a repeated one: the later one is the newer. No more is held in memory than
    the identities of the rows. ContractBroken when the list never ends, or never holds still.
    """
    before: _Walk | None = None
    for n_walk in range(1, MAX_WALKS + 1):
        walk = _Walk()
        yield from _walk_once(ask, walk)
        if walk.is_complete:
            return
        if before is not None and (walk.ids, walk.n_total) == (before.ids, before.n_total) and not walk.shrank:
            yield LinkedPage(warning=f"it announces {walk.n_total:,} rows and lists {len(walk.ids):,}, time after time")
            return
        _log.info("list moved while read", action="pages.again", walk=n_walk, n_seen=len(walk.ids))
        before = walk
    raise ContractBroken(
        f"found {len(walk.ids):,} different rows where {walk.n_total:,} were announced, "
        f"and others in each of {MAX_WALKS} walks over the list",
        hint="The next run reads this stretch again.",
    )


def _walk_once(ask: Callable[[str | None], LinkedPage], walk: _Walk) -> Iterator[LinkedPage]:
    token: str | None = None
    before: LinkedPage | None = None
    asked: set[str] = set()
    while True:
        page = _ask_for(ask, token, before)
        walk.take(page)
        yield page
        if page.next is None:
            return
        if page.next in asked:
            raise ContractBroken(f"page {page.next!r} is named as the next one twice, the list would never end")
        asked.add(page.next)
        token, before = page.next, page


def _ask_for(ask: Callable[[str | None], LinkedPage], token: str | None, before: LinkedPage | None) -> LinkedPage:
    """Ask for a page, and again while the answer is the page before."""
    for _ in range(MAX_ASKS):
        page = ask(token)
        if before is None or (page.next != token and (not page.ids or page.ids != before.ids)):
            return page
        _log.warning("page came twice", action="pages.repeated", asked=token)
    raise ContractBroken(f"asked for page {token!r}, and got the page before {MAX_ASKS} times")
