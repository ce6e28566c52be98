"""Walks over lists that vendors cut into numbered pages, and that move while they are read. Knows no vendor.

A vendor that promises no order may shift rows across pages when records come or go. Such a walk is complete when the
distinct rows seen are as many as the vendor says there are; otherwise it is walked again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync import log
from sync.errors import ContractBroken

_log = log.get(__name__)

MAX_WALKS = 5  # arrivals cost one page of the second walk; five whole ones without an end are no accident
MAX_ASKS = 3  # of one page that came back as the page before


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedPage:
    """One page as the vendor numbers it: its rows, the identity of each, and what the whole list is said to hold."""

    number: int
    n_pages: int
    n_total: int
    rows: Sequence[Any]
    ids: Sequence[Hashable]

    def repeats(self, before: NumberedPage | None) -> bool:
        """Tell whether this is the page before once more."""
        return before is not None and len(self.ids) > 0 and self.ids == before.ids


@dataclass(slots=True)
class _Account:
    """The distinct rows seen, against the totals that the pages announce.

    While the total only grows, rows seen in an earlier walk still count: newer ones pushed others back, none left.
    After it shrank a row may have moved forward over the edge of a page, and only a walk of its own counts.
    """

    ids: set[Hashable] = field(default_factory=set)
    n_total: int = -1
    n_pages: int = -1
    only_grew: bool = True

    def take(self, page: NumberedPage) -> None:
        if page.n_total < self.n_total or (page.n_pages != self.n_pages and page.n_total == self.n_total):
            self.only_grew = False
        self.n_total, self.n_pages = page.n_total, page.n_pages
        self.ids.update(page.ids)

    @property
    def is_complete(self) -> bool:
        return self.only_grew and len(self.ids) == self.n_total

    @property
    def is_spoilt(self) -> bool:
        return not self.only_grew or len(self.ids) > self.n_total


def walk_pages(ask: Callable[[int], NumberedPage], *, first: int = 1) -> Iterator[NumberedPage]:
    """Yield the pages of a list until every row of it was seen.

    A row may come again, in this walk or in a repeated one: the later one is the newer. No more is held in memory
    than the identities of the rows. ContractBroken, naming both numbers, when the rows are still not as many as
    announced after several walks.
    """
    account = _Account()
    for n_walk in range(1, MAX_WALKS + 1):
        yield from _walk_once(ask, account, first=first, stop_early=n_walk > 1)
        if account.is_complete:
            return
        n_seen, n_total = len(account.ids), account.n_total
        _log.info("list moved while read", action="pages.again", walk=n_walk, n_seen=n_seen, n_total=n_total)
        if account.is_spoilt:
            account = _Account()
    raise ContractBroken(
        f"found {n_seen:,} different rows where {n_total:,} were announced, in each of {MAX_WALKS} walks over the list",
        hint="The next run reads this stretch again. If it stays, ask the vendor which of the two numbers is right.",
    )


def _walk_once(
    ask: Callable[[int], NumberedPage], account: _Account, *, first: int, stop_early: bool
) -> Iterator[NumberedPage]:
    """Walk from the first page to the last; a repeated walk stops as soon as every row is accounted for."""
    number, before = first, None
    while True:
        page = _ask_for(ask, number, before)
        n_known = len(account.ids)
        account.take(page)
        yield page
        is_last = number - first + 1 >= page.n_pages or not page.rows
        is_stuck = page.repeats(before) and len(account.ids) == n_known  # would go round until n_pages, however many
        if is_last or is_stuck or (stop_early and account.is_complete):
            return
        number, before = number + 1, page


def _ask_for(ask: Callable[[int], NumberedPage], number: int, before: NumberedPage | None) -> NumberedPage:
    """Ask for a page, and again while the answer is the page before; whoever counts the rows decides in the end."""
    page = ask(number)
    for _ in range(MAX_ASKS - 1):
        if page.number == number and not page.repeats(before):
            break
        _log.warning("page came twice", action="pages.repeated", asked=number, answered=page.number)
        page = ask(number)
    return page
