"""A tab or a sheet that got another name in the config: which tab of the spreadsheet it was, and how it follows.

Tags and store name a tab by its title in the config, so they are changed first, before anything else is published.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.config.sheet import Sheet
from sync.destination.book import HEADER_KEY, TAB_KEY, Book, ObservedTab
from sync.destination.google import SheetsHttpClient, send_requests
from sync.destination.observe import fetch_book
from sync.store import published
from sync.store.db import Store
from sync.store.published import TabState
from sync.summary_job import SummaryJob
from sync.sync_log import LogJob
from sync.tabs import DataJob

Job = DataJob | SummaryJob
_PART = re.compile(r"( \d{4}-\d{2})?( \(\d+\))?( index)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """One tab of the config, by the name that store and tags have for it, and the name that it has now."""

    before: str
    now: str
    title_before: str
    title_now: str

    @property
    def words(self) -> str:
        """What is told of it."""
        if self.title_before == self.title_now:
            sheet = self.before.partition("/")[0]
            return f'The tab "{self.title_now}" goes on from the sheet "{sheet}", which is not in the config any more.'
        return f'The tab "{self.title_before}" is now "{self.title_now}" in the config: it goes on under its new title.'

    def of(self, uid: str) -> str | None:
        """Return the new name of the tab, one of its pages or its index; None when `uid` is none of those."""
        return self.now + uid[len(self.before) :] if is_part(uid, self.before) else None


def is_part(uid: str, of: str) -> bool:
    """Tell whether `uid` names the tab `of`, one of its pages or its index."""
    return uid.startswith(of) and _PART.fullmatch(uid, len(of)) is not None


def find_renames(
    store: Store, sheet: Sheet, jobs: Sequence[Job], *, sheets: Collection[str]
) -> tuple[list[Rename], list[str]]:
    """Return the tabs of the config that are known under another name, and those of the sheet that it has no more.

    A tab is taken for an old one only where there is one of each that shows the same stream, or where all but the
    title is the same: a wrong guess would write over somebody's rows. `sheets` are all that the config has.
    """
    states = {state.uid: state for state in published.load_tabs(store, sheet.spreadsheet_id)}
    new = [job for job in jobs if not any(is_part(uid, job.uid) for uid in states)]
    left = {uid: state for uid, state in states.items() if not any(is_part(uid, job.uid) for job in jobs)}
    left = {uid: state for uid, state in left.items() if _is_free(uid, sheet, sheets)}
    found: list[Rename] = []
    for job in new:
        uid = _match(job, new, left)
        if uid is not None:
            title = uid.partition("/")[2]
            found.append(Rename(before=uid, now=job.uid, title_before=title, title_now=job.title))
            left = {other: state for other, state in left.items() if not is_part(other, uid)}
    return found, [uid for uid in left if uid.partition("/")[0] == sheet.name]


def _is_free(uid: str, sheet: Sheet, sheets: Collection[str]) -> bool:
    """Tell whether a tab is of this sheet, or of one that is not in the config any more."""
    name = uid.partition("/")[0]
    return name == sheet.name or name not in sheets


def _match(job: Job, new: Sequence[Job], left: Mapping[str, TabState]) -> str | None:
    of_stream = [uid for uid, state in left.items() if _shows(job, state)]
    same_title = [uid for uid in of_stream if uid.partition("/")[2] == job.title]
    if len(same_title) == 1:
        return same_title[0]
    name = job.sheet.name
    first = [uid for uid in of_stream if not any(other != uid and is_part(uid, other) for other in of_stream)]
    mine = [uid for uid in first if uid.partition("/")[0] == name]
    alike = [uid for uid in mine if left[uid].shape == job.shape_text]
    if len(alike) == 1:
        return alike[0]
    rivals = [other for other in new if any(_shows(other, left[uid]) for uid in mine)]
    return mine[0] if len(mine) == 1 and rivals == [job] and isinstance(job, DataJob) else None


def _shows(job: Job, state: TabState) -> bool:
    if isinstance(job, LogJob):
        return {column["name"] for column in state.columns} == {f.name for f in job.spec.fields if f.shown}
    if isinstance(job, DataJob):
        is_data = any(column["name"] in job.spec.key for column in state.columns)  # a summary notes the stream as well
        return job.mirror is not None and state.mirror_id == job.mirror.id and is_data
    return state.shape == job.shape_text


def follow(client: SheetsHttpClient, store: Store, spreadsheet_id: str, renames: Sequence[Rename]) -> None:
    """Give tabs their new tags, and the title that people left as it was; then change the names in the store.

    Repeated after an unknown outcome it finds what is done already.
    """
    book = fetch_book(client, spreadsheet_id)
    states = published.load_tabs(store, spreadsheet_id)
    requests: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    titles: dict[str, str] = {}
    for rename in renames:
        for state in states:
            uid = rename.of(state.uid)
            if uid is not None:
                names[state.uid] = uid
                titles[state.uid] = rename.title_now + state.title.removeprefix(rename.title_before)
                requests += _requests(book, state, uid, titles[state.uid])
    if requests:
        send_requests(client, spreadsheet_id, requests)
    published.rename_tabs(store, spreadsheet_id, names, titles)


def _requests(book: Book, state: TabState, uid: str, title: str) -> list[dict[str, Any]]:
    tab = book.tab_of(state.sheet_id)
    if tab is None or state.uid not in tab.uids:
        return []
    here = {"sheetId": tab.sheet_id}
    found = [_retag(TAB_KEY, state.uid, uid, {"sheetId": tab.sheet_id})]
    found += [_retag(HEADER_KEY, state.uid, uid, None)]
    if tab.title == state.title and _is_untaken(book, title, tab):
        found += [{"updateSheetProperties": {"properties": {**here, "title": title}, "fields": "title"}}]
    return found


def _is_untaken(book: Book, title: str, tab: ObservedTab) -> bool:
    there = book.titled(title)
    return there is None or there == tab


def _retag(key: str, before: str, now: str, location: dict[str, Any] | None) -> dict[str, Any]:
    lookup: dict[str, Any] = {"metadataKey": key, "metadataValue": before}
    if location is not None:
        lookup |= {"metadataLocation": location, "locationMatchingStrategy": "EXACT_LOCATION"}
    return {
        "updateDeveloperMetadata": {
            "dataFilters": [{"developerMetadataLookup": lookup}],
            "developerMetadata": {"metadataValue": now},
            "fields": "metadataValue",
        }
    }
