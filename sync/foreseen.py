"""The rounds that follow where columns change first: worked out for a plan, as if each were carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sync.destination.book import Book, ObservedTab
from sync.destination.change import TabChange
from sync.destination.foresee import foresee, not_made_yet
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
    """Say what is left to do where columns change; `read` reads a tab whole, `diff` tells what is to be done in it."""
    rounds: list[tuple[TabChange, ...]] = []
    n_looks = 0
    left = _unfinished(changes)
    blocks = {tab: () if change.is_new else read(tab, change.spot.sheet_id) for tab, change in left.items()}
    while left and len(rounds) < MAX_FORESEEN:
        seen = {
            tab: foresee(change, book.tab_of(change.spot.sheet_id) or not_made_yet(change), blocks[tab])
            for tab, change in left.items()
        }
        now = {there.sheet_id: there for there, _ in seen.values()}
        others = [tab for tab in book.tabs if tab.sheet_id not in now]
        book = replace(book, tabs=(*others, *now.values()))
        n_looks += LOOKS_PER_ROUND + any(tab.doubts(there) for tab, (there, _) in seen.items())
        found: dict[OnePublish, TabChange] = {}
        for tab, (there, rows) in seen.items():  # summaries come last, as in a run
            if isinstance(tab, SummaryPublish):
                tab.use_rows_of(found)
            if (change := diff(tab, book, there, rows)) is not None:
                found[tab] = change
        blocks = {tab: seen[tab][1] for tab in found}
        left = _unfinished(found)
        rounds.append(tuple(found.values()))
    return Foreseen(tuple(rounds), n_looks)


def _unfinished(changes: Mapping[OnePublish, TabChange]) -> dict[OnePublish, TabChange]:
    """Return what goes on in another round: where columns change first, and the summaries that wait for such a tab."""
    left = {tab: change for tab, change in changes.items() if change.alters_grid and not change.is_final}
    waiting = [tab for tab in changes if isinstance(tab, SummaryPublish) and set(tab.of.publishes) & set(left)]
    return {tab: change for tab, change in changes.items() if tab in left or tab in waiting}
