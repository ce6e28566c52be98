"""The rounds that follow where columns change first: worked out for a plan, as if each were carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sync.destination.book import Book, ObservedTab
from sync.destination.change import TabChange
from sync.destination.foresee import foresee
from sync.destination.observe import Block
from sync.round_steps import OnePublish
from sync.summary_publish import SummaryPublish

MAX_FORESEEN = 5  # rounds: columns that are new, those that move, rows; the rest is for who loops for ever
LOOKS_PER_ROUND = 2  # at the structure, and at the cells

Read = Callable[[OnePublish, int], Sequence[Block]]
Diff = Callable[[OnePublish, Book, ObservedTab, Sequence[Block]], TabChange | None]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The changes of each round to come, and how many reads those rounds take."""

    rounds: tuple[tuple[TabChange, ...], ...] = ()
    n_looks: int = 0


def foresee_rounds(book: Book, changes: Mapping[OnePublish, TabChange], *, read: Read, diff: Diff) -> Foreseen:
    """Say what is left to do in tabs whose columns change; `read` reads one whole, `diff` tells what is to be done."""
    rounds: list[tuple[TabChange, ...]] = []
    n_looks = 0
    left = _unfinished(changes)
    blocks = {tab: read(tab, change.spot.sheet_id) for tab, change in left.items()}
    known = dict(changes)
    waiting = [tab for tab in changes if isinstance(tab, SummaryPublish) and set(tab.of.publishes) & set(left)]
    while left and len(rounds) < MAX_FORESEEN:
        seen = {
            tab: foresee(change, there, blocks[tab])
            for tab, change in left.items()
            if (there := book.tab_of(change.spot.sheet_id)) is not None
        }
        now = {there.sheet_id: there for there, _ in seen.values()}
        book = replace(book, tabs=tuple(now.get(tab.sheet_id, tab) for tab in book.tabs))
        n_looks += LOOKS_PER_ROUND + any(tab.doubts(there) for tab, (there, _) in seen.items())
        found: dict[OnePublish, TabChange] = {}
        for tab, (there, rows) in seen.items():
            _take(found, tab, known, diff(tab, book, there, rows))
        blocks = {tab: seen[tab][1] for tab in found}
        left = _unfinished(found)
        for tab in waiting:  # a summary counts the rows as they will be once the tab is done
            there = book.tab_of(changes[tab].spot.sheet_id)
            if there is not None and tab not in seen and not left:
                tab.use_rows_of(known)
                _take(found, tab, known, diff(tab, book, there, read(tab, there.sheet_id)))
        rounds.append(tuple(found.values()))
    return Foreseen(tuple(rounds), n_looks)


def _take(
    found: dict[OnePublish, TabChange], tab: OnePublish, known: dict[OnePublish, TabChange], change: TabChange | None
) -> None:
    if change is not None:
        found[tab] = known[tab] = change


def _unfinished(changes: Mapping[OnePublish, TabChange]) -> dict[OnePublish, TabChange]:
    return {tab: change for tab, change in changes.items() if change.alters_grid and not change.is_final}
