"""The pages of one tab of the config: one for each month, and the next one when a page is full.

Rows never change their page; new ones go to the last. Filling one page writes to no other. So do those rows stay that
came in before `split` was changed: the pages of then are closed, and follow what they have.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from sync import clock
from sync.data_publish import DataPublish
from sync.destination.book import Book
from sync.destination.change import TabChange
from sync.destination.long_read import key_hashes
from sync.errors import SyncError
from sync.index_publish import IndexPublish
from sync.records import Slice
from sync.shape.staying import IS_ELSEWHERE
from sync.store import published
from sync.tab_load import TabLoad
from sync.tab_publish import Allowed
from sync.tabs import DataJob, Rows

_NEXT = re.compile(r"( \(\d+\))?")
_MONTH = re.compile(r" (\d{4})-(\d{2})")
FIRST_NEXT = 2  # the page after the first is "Calls (2)"


class Chain:
    """Pages that are filled one after the other, and which keys each of them holds."""

    def __init__(self, job: DataJob, *, allowed: Allowed, interrupted: Collection[str]) -> None:
        self._job, self._allowed, self._interrupted = job, allowed, interrupted
        self.pages: list[DataPublish] = []
        self.closed: Sequence[Chain] = ()  # of before `split` was changed; what they show is not shown here
        self.add_page()

    def add_page(self) -> DataPublish:
        """Add the next page."""
        n = len(self.pages) + 1
        job = self._job if n < FIRST_NEXT else replace(self._job, suffix=f"{self._job.suffix} ({n})", warnings=())
        page = DataPublish(job, allowed=self._allowed, is_interrupted=job.uid in self._interrupted)
        page.chain = self
        self.pages.append(page)
        return page

    def extend(self, known: Collection[str]) -> None:
        """Add the pages that are known of, from the store or by their tags."""
        while f"{self._job.uid} ({len(self.pages) + 1})" in known:
            self.add_page()

    def is_last(self, page: DataPublish) -> bool:
        """Tell whether new rows go to this page."""
        return page is self.pages[-1] and not self._job.is_closed

    def loads_before(self, page: DataPublish) -> list[TabLoad] | None:
        """Return what the pages before the last are filled with in this round; None unless all of them are."""
        loads = [load for other in self.pages[:-1] if (load := other.loading) is not None]
        return loads if self.is_last(page) and len(loads) == len(self.pages) - 1 else None

    def elsewhere(self, page: DataPublish, keys: Collection[str] | None = None) -> set[str]:
        """Return those of `keys`, or all keys, that other pages hold."""
        taken = self._job.taken if keys is None else self._job.taken.intersection(keys)
        others = [other for other in (*self._earliest, *self.pages) if other is not page]
        return {key for other in others for key in other.held(keys)} | taken

    def mine(self, page: DataPublish, rows: Rows, *, known: Collection[str], there: Collection[str]) -> Rows:
        """Leave out what other pages show; of a row that stands in two, the earlier page keeps its own."""
        doubled, elsewhere = self.before(page, there), self.elsewhere(page)
        mine = set(there) | (set(known) - elsewhere)
        cells = {
            key: row
            for key, row in rows.cells.items()
            if key not in doubled and (key in mine or (key not in elsewhere and self.is_last(page)))
        }
        leaving = {**rows.leaving, **dict.fromkeys(doubled, IS_ELSEWHERE)}
        return replace(rows, cells=cells, must={key for key in rows.must if key in cells}, leaving=leaving)

    @property
    def _earliest(self) -> list[DataPublish]:
        return [page for chain in self.closed for page in chain.pages]

    def before(self, page: DataPublish, keys: Collection[str]) -> set[str]:
        """Return those of `keys` that an earlier page shows."""
        earlier = [*self._earliest, *self.pages[: self.pages.index(page)]]
        return {key for other in earlier for key in other.held(keys)}


class Pages:
    """Everything that one tab of the config has become."""

    def __init__(self, job: DataJob, *, allowed: Allowed, interrupted: Collection[str]) -> None:
        self.job = job
        self._allowed, self._interrupted = allowed, interrupted
        self.chains: dict[str, Chain] = {}
        self.index: IndexPublish | None = None
        self._stored = {state.uid for state in published.load_tabs(job.store, job.sheet.spreadsheet_id)}
        self._extend(self._stored)

    def discover(self, book: Book) -> None:
        """Take in the pages whose tags the spreadsheet shows; the store may be new or lost."""
        tagged = {uid for tab in book.tabs for uid in tab.uids}
        self._keep_closed(tagged)
        self._extend(tagged)
        for page in self.publishes:
            page.planned = page.planned if not page.is_open else None

    def _extend(self, known: Collection[str]) -> None:
        for suffix, job in self._jobs(known, split=self.job.tab.split):
            if suffix not in self.chains:
                self.chains[suffix] = Chain(job, allowed=self._allowed, interrupted=self._interrupted)
                self.chains[suffix].closed = self._closed
        for chain in self.chains.values():
            chain.extend(known)
        if len(self.publishes) > 1:
            self.needed_index({})

    def _keep_closed(self, tagged: Collection[str]) -> None:
        """Keep the pages of before `split` was changed, as long as people leave one of them in the spreadsheet."""
        if self.job.error is not None:
            return
        other = "month" if self.job.tab.split == "none" else "none"
        there = {
            suffix: job
            for suffix, job in self._jobs(tagged, split=other)
            if any(is_page(uid, job.uid) for uid in tagged)
        }
        for suffix in set(self.job.beside) - set(there):
            self.chains.pop(suffix, None)
        if self.job.beside or not there:
            return
        self.job = replace(self.job, beside=tuple(sorted(there)))
        self.chains = {}
        for suffix, job in there.items():
            closed = replace(job, is_closed=True, warnings=())
            self.chains[suffix] = Chain(closed, allowed=self._allowed, interrupted=self._interrupted)
            self.chains[suffix].extend({*tagged, *self._stored})
        self._extend(self._stored)
        kept = self._closed[0].pages[0]
        if all(page.sheet_id is None for page in self.publishes if page.chain not in self._closed):
            kept.warnings[
                f'"split" is another now: what came in before stays in {kept.title!r} and the tabs after it, and goes '
                "on there. Delete them, and their rows of the period come in where new ones do."
            ] = None

    @property
    def _closed(self) -> list[Chain]:
        return [chain for suffix, chain in self.chains.items() if suffix in self.job.beside]

    def _jobs(self, known: Collection[str], *, split: str) -> Iterator[tuple[str, DataJob]]:
        if split == "none" or self.job.error is not None:
            yield "", self.job
            return
        months = {m for uid in known if uid.startswith(self.job.uid) and (m := _month_in(uid[len(self.job.uid) :]))}
        for first in sorted(months | (_months_of(self.job) if split == self.job.tab.split else set())):
            month = month_of(first, self.job)
            suffix = f" {first[0]:04}-{first[1]:02}"
            window = _overlap(self.job.window, month)
            yield suffix, replace(self.job, suffix=suffix, part=month, window=window)

    @property
    def publishes(self) -> list[DataPublish]:
        """All pages, closed ones first, so that the others know what those keep; months in their order."""
        chains = sorted(self.chains.items(), key=lambda item: (item[0] not in self.job.beside, item[0]))
        return [page for _, chain in chains for page in chain.pages]

    @property
    def error(self) -> SyncError | None:
        """What went wrong with the first page that failed."""
        return next((page.error for page in self.publishes if page.error is not None), None)

    @property
    def is_open(self) -> bool:
        """Whether any page has something left to do."""
        return any(page.is_open for page in self.publishes)

    @property
    def is_whole(self) -> bool:
        """Whether any page is read whole."""
        return any(page.is_whole for page in self.publishes)

    def hold_back(self) -> None:
        """Have all records compared again by the next run where one of the pages failed."""
        for chain in self.chains.values():
            if any(page.error is not None for page in chain.pages):
                for page in chain.pages:
                    page.hold_back()

    def needed_index(self, changes: Mapping[Any, TabChange]) -> IndexPublish | None:
        """Return the index of the pages, told what they show; None where there is but one."""
        pages = self.publishes
        if len(pages) > 1 and self.index is None:
            uid = f"{self.job.uid} index"
            self.index = IndexPublish(self.job, allowed=self._allowed, is_interrupted=uid in self._interrupted)
        if self.index is not None:
            self.index.use_pages([(page, changes.get(page)) for page in pages])
        return self.index

    def shows_all(self, changes: Mapping[Any, TabChange]) -> bool:
        """Tell whether the pages show all that the period has once `changes` are done, as they are made in them."""
        return all(page in changes and changes[page].load is not None for page in self.publishes)

    def shown_keys(self, changes: Mapping[Any, TabChange]) -> set[str]:
        """Return the keys that all pages show once `changes` are done."""
        found: set[str] = set(self.job.taken)  # summaries count what other spreadsheets of the sheet show as well
        for page in self.publishes:
            found |= page.shown_keys(changes[page]) if page in changes else page.held()
        return found

    def shown_hashes(self) -> pl.Series:
        """Return a number for each key that all pages show after the publish, so that a million of them take 8 MB."""
        hashes = [page.shown_hashes for page in self.publishes] + [key_hashes(list(self.job.taken))]
        return pl.concat(hashes).unique()


def is_page(uid: str, first: str) -> bool:
    """Tell whether `uid` names a page that follows the one named `first`, or that one itself."""
    return uid.startswith(first) and _NEXT.fullmatch(uid, len(first)) is not None


def _months_of(job: DataJob) -> set[tuple[int, int]]:
    """Return the months of the period in which there are records."""
    if job.mirror is None:
        return set()
    at = job.mirror.read((job.spec.cursor_field,), window=job.window)[job.spec.cursor_field]
    local = at.dt.convert_time_zone(job.zone.key)
    return set(zip(local.dt.year().to_list(), local.dt.month().to_list(), strict=True))


def _month_in(rest: str) -> tuple[int, int] | None:
    match = _MONTH.match(rest)
    return (int(match[1]), int(match[2])) if match and 1 <= int(match[2]) <= 12 else None


def month_of(first: tuple[int, int], job: DataJob) -> Slice:
    """Return a month in the zone of the sheet."""
    year, month = first
    after = (year, month + 1) if month < 12 else (year + 1, 1)
    start, end = (clock.to_instant(datetime(*one, 1), job.zone) for one in (first, after))
    return Slice(start, end)


def _overlap(window: Slice, month: Slice) -> Slice:
    start, end = max(window.start, month.start), min(window.end, month.end)
    return Slice(start, end) if start < end else Slice(month.start, month.start)


def next_page(page: DataPublish) -> DataPublish | None:
    """Return the page that takes what did not fit into this one; None when all did."""
    chain = page.chain
    if chain is None or not page.n_left_over or not chain.is_last(page):
        return None
    return chain.add_page()


class Unshown:
    """The records of a summary that names a stream: they are summed up, and no tab shows them."""

    publishes: tuple[DataPublish, ...] = ()
    is_open = is_whole = False

    def __init__(self, job: DataJob) -> None:
        self.error = job.error

    def shows_all(self, changes: Mapping[Any, TabChange]) -> bool:  # noqa: ARG002 - nothing is about to change
        """Tell that all records of the period are summed up."""
        return True

    def shown_keys(self, changes: Mapping[Any, TabChange]) -> set[str]:  # noqa: ARG002
        """Return no keys: what is summed up is not told by them."""
        return set()
