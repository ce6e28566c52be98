"""Mirror to tabs: observe, diff, write and confirm, in shared requests for all tabs of one spreadsheet.

Works in rounds. A round in which people moved something, or whose outcome is unknown, is followed by one that reads
the tab whole and puts right what it finds; the version of a tab is saved only after a round that ended as meant.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sync import clock
from sync.adoption import adopt_tabs, find_foreign, with_adopted
from sync.body_size import BodySize
from sync.data_publish import DataPublish
from sync.destination.adopt import Adopted
from sync.destination.book import Book, ObservedTab, locate
from sync.destination.change import TabChange
from sync.destination.google import PayloadTooBig, SheetsHttpClient
from sync.destination.long_read import is_long
from sync.destination.observe import Block, Blocks, StaleObservation, fetch_book, fetch_cells
from sync.destination.writer import Writer
from sync.errors import ContractBroken, StoppedByGuard, StoreError, SyncError, Unreachable
from sync.foreseen import Foreseen, foresee_rounds
from sync.growth import cells_per_day
from sync.log_publish import LogPublish
from sync.pages import Pages, Unshown, next_page
from sync.round_steps import OnePublish, check_whole_room, locate_all, needed, open_ones
from sync.store import published
from sync.store.db import Store
from sync.summary_job import SummaryJob
from sync.summary_publish import SummaryPublish
from sync.survey import make_reader
from sync.sync_log import LogJob
from sync.tab_publish import Allowed, take_along
from sync.tab_reports import Published, restless, to_report
from sync.tabs import DataJob
from sync.trays import empty_trays, find_trays
from sync.verify import prove

MAX_ROUNDS = 10
MAX_REFUSALS = 2  # of one tab: the first may come of a tab that people deleted or shortened a moment ago
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What a round saw: the spreadsheet, which tabs of ours are there, and what was read of them."""

    book: Book
    sheet_ids: Mapping[str, int]
    blocks: Blocks


class Publisher:
    """Publishes the tabs of one spreadsheet, once."""

    def __init__(
        self,
        store: Store,
        client: SheetsHttpClient,
        spreadsheet_id: str,
        *,
        run_id: str,
        allowed: Allowed,
        max_bytes: int,
        pause: Callable[[float], None],
        on_rows: Callable[[int, int], None],
    ) -> None:
        self._store, self._client, self._spreadsheet_id = store, client, spreadsheet_id
        self._run_id, self._allowed = run_id, allowed
        self._size = BodySize(store, spreadsheet_id, max_bytes)
        self._pause, self._on_rows = pause, on_rows
        self._old_intents = published.open_intents(store, spreadsheet_id)
        self._intent: str | None = None
        self._promised: set[str] = set()
        self._restored: set[str] = set()
        self._pages: list[Pages] = []
        self._summed: list[SummaryPublish] = []
        self._log: LogPublish | None = None
        self._adopted: list[Adopted] = []
        self._ahead, self._n_before = Foreseen(), client.n_reads
        self._first: tuple[Book, tuple[TabChange, ...]] | None = None

    def publish(
        self,
        data: Sequence[DataJob],
        summaries: Sequence[SummaryJob],
        *,
        log: LogJob | None = None,
        dry: bool = False,
    ) -> Published:
        """Bring every tab to what it should show, and the log along with what is written; with `dry`, only look.

        What goes wrong with one tab is in its report.

        Raises:
            SyncError: what concerns the whole spreadsheet; the tabs are then as the last answer left them.

        """
        tabs = self._begin(data, summaries, log)
        for n in range(MAX_ROUNDS):
            if n and (dry or not any(tab.is_open for tab in tabs)):
                break
            try:
                self._round(dry=dry)
            except (PayloadTooBig, StaleObservation, Unreachable) as error:
                self._after_trouble(self._tabs(), error, n)
            tabs = self._tabs()
        for tab in tabs:
            if tab.is_open and not dry:
                tab.fail(restless(tab.title))
        for pages in self._pages:
            pages.hold_back()
        self._save(tabs)
        if self._promised:
            self._size.went_well()
        book, changes = self._first or (None, ())
        proofs = {} if dry else {pages.job.uid: prove(pages, self._summed) for pages in self._pages}
        reports = (replace(to_report(tab), proof=proofs.get(tab.uid)) for tab in tabs)
        growth = cells_per_day(self._pages) if dry else 0.0
        return Published(
            tabs=tuple(reports),
            changes=changes,
            book=book,
            ahead=self._ahead,
            cells_per_day=growth,
        )

    def _begin(self, data: Sequence[DataJob], summaries: Sequence[SummaryJob], log: LogJob | None) -> list[OnePublish]:
        interrupted = {uid for intent in self._old_intents for uid in intent.uids}
        of = {id(job): Pages(job, allowed=self._allowed, interrupted=interrupted) for job in data}
        self._pages = list(of.values())
        self._summed = [
            SummaryPublish(
                job, of.get(id(job.of)) or Unshown(job.of), allowed=self._allowed, is_interrupted=job.uid in interrupted
            )
            for job in summaries
        ]
        if log is not None:
            self._log = LogPublish(log, allowed=self._allowed, is_interrupted=log.uid in interrupted)
        return self._tabs()

    def _tabs(self) -> list[OnePublish]:
        """Return everything that is published now, in the order of the config; pages come to be on the way."""
        data = [page for pages in self._pages for page in pages.publishes]
        indexes = [pages.index for pages in self._pages if pages.index is not None]
        return [*data, *indexes, *self._summed, *([self._log] if self._log is not None else [])]

    def _after_trouble(self, tabs: Iterable[OnePublish], error: SyncError, n: int) -> None:
        """Look again before anything is repeated; after the last round give up with the error."""
        is_unknown = isinstance(error, Unreachable) and error.outcome_unknown
        if n == MAX_ROUNDS - 1 or (isinstance(error, Unreachable) and not is_unknown):
            raise error
        for tab in tabs:
            tab.look_again(after_unknown=is_unknown)
        if not isinstance(error, StaleObservation):
            self._size.shrink()
        self._pause(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**n) * (0.5 + random.random() / 2))

    def _round(self, *, dry: bool) -> None:
        book = fetch_book(self._client, self._spreadsheet_id)
        for pages in self._pages:
            pages.discover(book)
        tabs = self._tabs()
        if not dry and self._empty_trays(book, tabs):  # of a run that was cut off, or a request that landed late
            book = fetch_book(self._client, self._spreadsheet_id)
        book = self._adopt(book, tabs, dry=dry)
        found = locate_all(book, tabs)
        wanted = {there.sheet_id: tab.reads(there) for tab, there in open_ones(tabs, found)}
        long = {t.sheet_id: tab for tab, t in open_ones(tabs, found) if wanted[t.sheet_id] is None and is_long(t)}
        blocks: Blocks = {}
        if wanted:
            book, blocks = fetch_cells(
                self._client, book, needed({id_: wanted[id_] for id_ in wanted if id_ not in long})
            )
            book = with_adopted(book, self._adopted) if dry else book
            self._check_columns(
                book, {tab: t.sheet_id for tab, t in open_ones(tabs, found) if wanted[t.sheet_id] != []}
            )
        blocks = {**blocks, **{id_: self._read_long(book, tab, id_) for id_, tab in long.items()}}
        for tab, there in open_ones(tabs, found):
            if isinstance(tab, DataPublish) and wanted[there.sheet_id] is None:
                tab.peek(book.tab_of(there.sheet_id) or there, blocks.get(there.sheet_id, ()))
        sheet_ids = {tab.uid: there.sheet_id for tab, there in open_ones(tabs, found)}
        changes = self._diff_all(_Seen(book=book, sheet_ids=sheet_ids, blocks=blocks))
        tabs = self._tabs()
        check_whole_room(book, tabs, changes)
        changes = {tab: take_along(tab, change, book, blocks) for tab, change in changes.items() if tab.is_open}
        self._first = self._first or (book, tuple(changes.values()))
        if dry:
            self._foresee(book, changes)
        else:
            self._write(changes, blocks)

    def _foresee(self, book: Book, changes: Mapping[OnePublish, TabChange]) -> None:
        n_looks = self._client.n_reads - self._n_before

        def diff(tab: OnePublish, book: Book, there: ObservedTab, blocks: Sequence[Block]) -> TabChange | None:
            tab.look_again(after_unknown=False)
            found: dict[OnePublish, TabChange] = {}
            ids, read = {tab.uid: there.sheet_id}, {there.sheet_id: blocks}
            self._diff_into(found, tab, _Seen(book=book, sheet_ids=ids, blocks=read))
            return found.get(tab)

        ahead = foresee_rounds(book, changes, read=lambda tab, id_: self._read_whole(book, tab, id_)[1], diff=diff)
        self._ahead = Foreseen(ahead.rounds, ahead.n_looks + n_looks)

    def _read_whole(self, book: Book, tab: OnePublish, sheet_id: int) -> tuple[Book, Sequence[Block]]:
        there = book.tab_of(sheet_id)
        if there is not None and is_long(there):
            return book, self._read_long(book, tab, sheet_id, at_once=True)
        book, blocks = fetch_cells(self._client, book, {sheet_id: None})
        return book, blocks.get(sheet_id, ())

    def _read_long(self, book: Book, tab: OnePublish, sheet_id: int, *, at_once: bool = False) -> Sequence[Block]:
        """Read a tab in several requests; only those of data are ever so long, all others count for nothing here."""
        there = book.tab_of(sheet_id)
        if there is None or not isinstance(tab, DataPublish):
            _, blocks = fetch_cells(self._client, book, {sheet_id: None})
            return blocks.get(sheet_id, ())
        return tab.look_over(there, partial(make_reader, self._client, self._spreadsheet_id), at_once=at_once)

    def _adopt(self, book: Book, tabs: Iterable[OnePublish], *, dry: bool) -> Book:
        """Take over tabs of people where they said so; they are then looked at as ours."""
        foreign = find_foreign(book, tabs) if self._allowed.adopt else []
        if not foreign:
            return book
        self._adopted = adopt_tabs(self._client, book, foreign, dry=dry)
        if dry or not self._adopted:
            return with_adopted(book, self._adopted)
        return fetch_book(self._client, self._spreadsheet_id)

    def _empty_trays(self, book: Book, tabs: Iterable[OnePublish]) -> set[str]:
        """Empty the trays of tabs of this run; return the tabs that had one."""
        data = [tab for tab in tabs if isinstance(tab, DataPublish) and tab.is_open]
        trays = find_trays(book, data)
        if not trays:
            return set()
        owners = {tray.tab.tray_of or "" for tray in trays}
        self._promise(owners)
        try:
            restored = empty_trays(self._client, book, trays, data)
        except (StoppedByGuard, ContractBroken) as error:
            for tab in data:
                if tab.uid in owners:
                    tab.fail(error)
            return owners
        for tab in data:
            if tab.uid in restored:
                tab.look_again(after_unknown=False)
        self._restored |= restored
        return owners

    def _check_columns(self, book: Book, sheet_ids: Mapping[OnePublish, int]) -> None:
        """Look once more where a header is new: tags and headers were read one after the other, and may not agree."""
        seen = {id_: there for tab, id_ in sheet_ids.items() if (there := book.tab_of(id_)) and tab.doubts(there)}
        if not seen:
            return
        now = fetch_book(self._client, self._spreadsheet_id)
        for sheet_id, there in seen.items():
            after = now.tab_of(sheet_id)
            if after is None or after.columns != there.columns:
                raise StaleObservation(f"The columns of the tab {there.title!r} were moved while it was read.")

    def _diff_all(self, seen: _Seen) -> dict[OnePublish, TabChange]:
        changes: dict[OnePublish, TabChange] = {}
        for pages in self._pages:
            for page in pages.publishes:
                self._diff_into(changes, page, seen)
                after = next_page(page)
                while after is not None:
                    self._diff_into(changes, after, seen)
                    after = next_page(after) if after in changes else None
            index = pages.needed_index(changes)
            if index is not None:
                self._diff_into(changes, index, seen)
        for tab in self._summed:
            if tab.of.error is not None and tab.is_open:
                tab.fail(tab.of.error)
            tab.use_rows_of(changes)
            self._diff_into(changes, tab, seen)
        if self._log is not None and self._log.is_open and self._log.go_along(changes, self._tabs()):
            self._diff_into(changes, self._log, seen)
        return changes

    def _diff_into(self, changes: dict[OnePublish, TabChange], tab: OnePublish, seen: _Seen) -> None:
        if not tab.is_open:
            return
        try:
            if tab.uid not in seen.sheet_ids:  # it came to be in this round, or is still to be made
                locate(seen.book, uid=tab.uid, sheet_id=tab.sheet_id, title=tab.title)
            changes[tab] = self._diff(tab, seen.book, seen.sheet_ids.get(tab.uid), seen.blocks)
        except (StaleObservation, StoreError, Unreachable):
            raise
        except SyncError as error:
            tab.fail(error)

    def _diff(self, tab: OnePublish, book: Book, sheet_id: int | None, blocks: Blocks) -> TabChange:
        if sheet_id is None:
            change = tab.diff(None, book, ())
        else:
            change = tab.diff(book.tab_of(sheet_id), book, blocks.get(sheet_id, ()))
            if change is None:
                tab.look_again(after_unknown=False)
                book, rows = self._read_whole(book, tab, sheet_id)
                change = tab.diff(book.tab_of(sheet_id), book, rows)
        if change is None:
            raise StaleObservation(f"The tab {tab.title!r} changed while it was read.")
        return change

    def _write(self, changes: Mapping[OnePublish, TabChange], blocks: Blocks) -> None:
        to_send = {tab: change for tab, change in changes.items() if not change.is_empty}
        if to_send:
            self._promise({tab.uid for tab in to_send})
        for tab, change in to_send.items():
            tab.note_sent(change)
        total = sum(len(change.writes) + (change.load.n_rows if change.load else 0) for change in to_send.values())
        writer = Writer(
            self._client,
            self._spreadsheet_id,
            max_bytes=self._size.bytes,
            on_rows=lambda n: self._on_rows(n, max(n, total)),
        )
        try:
            written = writer.write(list(to_send.values())) if to_send else None
        except (PayloadTooBig, Unreachable):
            # Whether people moved columns meanwhile was not told; what was written beside ours is found by its cells
            for tab, change in to_send.items():
                tab.note_moved(change, blocks.get(change.spot.sheet_id, ()))
            raise
        self._restored = set()
        if written and written.book and any(change.leaving for change in to_send.values()):
            self._empty_trays(written.book, changes)
        for tab, change in changes.items():
            refusal = written.refused.get(tab.uid) if written else None
            if not tab.is_open or tab.uid in self._restored:
                continue
            if refusal is not None:
                self._take_refusal(tab, refusal, change)
            elif written and tab.uid in written.moved:
                tab.note_moved(change, blocks.get(change.spot.sheet_id, ()))
                tab.look_again(after_unknown=False)
            else:
                tab.confirm(change, clock.now())

    def _take_refusal(self, tab: OnePublish, refusal: SyncError, change: TabChange) -> None:
        if (change.formulas or change.reaching or change.under or change.more) and tab.takes_along:
            tab.takes_along = False  # our rows come in all the same, whatever it is of people's that is in the way
            tab.look_again(after_unknown=False)
            return
        tab.n_refusals += 1
        if isinstance(refusal, ContractBroken) and tab.n_refusals < MAX_REFUSALS:
            tab.look_again(after_unknown=False)
        else:
            tab.fail(refusal)

    def _promise(self, uids: set[str]) -> None:
        """Note in the store which tabs are about to be written, before the first request that does so."""
        if uids <= self._promised:
            return
        before, self._promised = self._intent, self._promised | uids
        self._intent = published.note_intent(
            self._store,
            spreadsheet_id=self._spreadsheet_id,
            uids=sorted(self._promised),
            run_id=self._run_id,
            at=clock.now(),
        )
        if before is not None:
            published.clear_intent(self._store, before)

    def _save(self, tabs: Sequence[OnePublish]) -> None:
        """Save the versions of what ended well, and clear the notes of writes that are now confirmed."""
        done = {tab.uid for tab in tabs if not tab.is_open and tab.error is None}
        left = {tab.uid for tab in tabs} - done
        saved = [tab.saved for tab in tabs if tab.saved is not None]
        mine = self._intent if not self._promised & left else None
        if saved or mine:
            published.save_tabs(self._store, saved, intent=mine)
        for intent in self._old_intents:
            if done & set(intent.uids) and not left & set(intent.uids):  # another sheet may have tabs here as well
                published.clear_intent(self._store, intent.id)
