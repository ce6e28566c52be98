"""Whether a sheet can run: credentials, access to the spreadsheet, streams. Asks, and changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from sync import advice, clock
from sync.config.origins import source_tabs
from sync.config.problems import shown
from sync.config.sheet import Sheet
from sync.destination.book import MAX_CELLS, Book, locate
from sync.destination.google import RequestCounts, SheetsHttpClient
from sync.destination.observe import fetch_book
from sync.errors import ConfigError, NotShared, SyncError
from sync.office import NoProgress, Office
from sync.store.published import load_tab

PATIENCE = timedelta(seconds=15)  # somebody is waiting for the answer, and nothing is lost by giving up
NAMELESS = "the account of [google] credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One thing that was looked at: `ok` is None for a warning; `exit_code` is 0 unless it failed."""

    ok: bool | None
    text: str
    hint: str = ""
    exit_code: int = 0

    @classmethod
    def of(cls, error: SyncError) -> CheckLine:
        """Put an error into a line."""
        return cls(ok=False, text=error.what, hint=error.hint, exit_code=error.exit_code)

    @classmethod
    def each(cls, error: ConfigError) -> Iterator[CheckLine]:
        """Put every problem of an error into a line of its own."""
        for problem in error.problems:
            yield cls(ok=False, text=problem.what, hint=problem.hint, exit_code=error.exit_code)
        if not error.problems:
            yield cls.of(error)


def check_sheet(office: Office, sheet: Sheet) -> list[CheckLine]:
    """Look at everything that a run of the sheet needs, and say what is wrong with it."""
    return [*_check_google(office, sheet), *_check_connections(office, sheet), *_advise(office, sheet)]


def _advise(office: Office, sheet: Sheet) -> Iterator[CheckLine]:
    now = clock.now()
    for said in advice.retention_warnings(office.config, sheet, now):
        yield CheckLine(
            ok=None, text=said, hint="Choose a shorter period, or let the sheet run before it is forgotten."
        )
    for said in advice.pause_warnings(office.config, sheet, now):
        yield CheckLine(ok=None, text=said, hint='Let it run more often, such as every = "1 day".')
    if advised := advice.off_peak_advice(office.config, sheet, now):
        hint = f'Add run_between = "{advice.NIGHT}" to the sheet, or put these tabs into a sheet of their own.'
        yield CheckLine(ok=None, text=advised, hint=hint)


def _check_google(office: Office, sheet: Sheet) -> Iterator[CheckLine]:
    try:
        account = office.google_account(sheet.credentials) or NAMELESS
        client, _ = office.google(
            sheet.spreadsheet_id,
            lease=None,
            stop=threading.Event(),
            deadline=clock.now() + PATIENCE,
            counts=RequestCounts(),
            progress=NoProgress(),
            reference=sheet.credentials,
        )
        book = fetch_book(client, sheet.spreadsheet_id)
    except SyncError as error:
        yield CheckLine.of(error)
        return
    yield CheckLine(ok=True, text=f"Google: {account} can open {shown(book.title)}")
    yield _check_role(client, sheet, account)
    yield _check_size(book)
    yield from _check_tabs(office, sheet, book)


def _check_role(client: SheetsHttpClient, sheet: Sheet, account: str) -> CheckLine:
    """Ask Drive whether we may edit; an account without the Drive API cannot be told so before the first write."""
    path = f"/drive/v3/files/{quote(sheet.spreadsheet_id, safe='')}"
    params = {"fields": "capabilities(canEdit)", "supportsAllDrives": "true"}
    try:
        answer = client.send("GET", path, kind="read", params=params)
    except SyncError:
        return CheckLine(ok=None, text="Google: whether the account may edit could not be seen (Drive did not answer).")
    if answer.get("capabilities", {}).get("canEdit", True):
        return CheckLine(ok=True, text="Google: the account may edit it")
    return CheckLine.of(
        NotShared(
            f"Google: {account} may look at the spreadsheet, but not edit it.",
            hint=f"Open the spreadsheet, press Share, and make {account} an Editor.",
        )
    )


def _check_size(book: Book) -> CheckLine:
    share = book.n_cells / MAX_CELLS
    tabs = "1 tab" if len(book.tabs) == 1 else f"{len(book.tabs)} tabs"
    text = f"size: {book.n_cells:,} of {MAX_CELLS:,} cells in {tabs} ({share:.0%} full)"
    return CheckLine(ok=True if share < 0.9 else None, text=text)


def _check_tabs(office: Office, sheet: Sheet, book: Book) -> Iterator[CheckLine]:
    for title in sheet.titles:
        uid = f"{sheet.name}/{title}"
        state = load_tab(office.store, sheet.spreadsheet_id, uid)
        try:
            there = locate(book, uid=uid, sheet_id=state.sheet_id if state else None, title=title)
        except SyncError as error:
            yield CheckLine.of(error)
            continue
        words = "will be made" if there is None else f"is there, titled {shown(there.title)}"
        yield CheckLine(ok=True, text=f"tab {shown(title)}: {words}")


def _check_connections(office: Office, sheet: Sheet) -> Iterator[CheckLine]:
    asked = source_tabs(office.config.connections, *sheet.read_tabs)
    for name in dict.fromkeys(tab.connection_name for tab in asked):
        try:
            deadline = clock.now() + PATIENCE
            with closing(office.source(name, stop=threading.Event(), deadline=deadline)) as source:
                words = source.probe({tab.stream for tab in asked if tab.connection_name == name})
        except ConfigError as error:
            yield from CheckLine.each(error)
        except SyncError as error:
            yield CheckLine(ok=False, text=f"{name}: {error.what}", hint=error.hint, exit_code=error.exit_code)
        else:
            yield CheckLine(ok=True, text=f"{name}: {words}")
