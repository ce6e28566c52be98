"""Tells in the spreadsheet itself how up to date it is. Writes only into cells that are blank or hold a line of ours.

Part of a run, under its lease and within its budget. What goes wrong here never makes a run fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson

from sync import clock, log
from sync.config.schedule import next_times
from sync.config.sheet import Sheet, masks_numbers
from sync.destination.book import Book
from sync.destination.google import SheetsHttpClient
from sync.destination.observe import fetch_book, fetch_cells
from sync.destination.status import LAST_LINE, cell_at, find_status_spot, make_status_writes
from sync.errors import StopRequested, SyncError
from sync.report import ErrorReport, TabReport, in_brief
from sync.shape.masking import hide_numbers
from sync.store import published, status_lines
from sync.store.db import Store
from sync.store.good_configs import broken_since
from sync.store.published import TabState
from sync.store.runs import Run, last_good
from sync.store.status_lines import StatusLine

REWRITE_AFTER = timedelta(hours=1)  # when nothing but the time has changed
LONGEST_REASON = 200

_SUFFIX = r"( \d{4}-\d{2})?( \(\d+\))?"  # of the page of a month, of the next page when one is full

_log = log.get("status_line")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    title: str
    state: TabState
    address: str
    line: StatusLine


def wants_status(sheet: Sheet) -> bool:
    """Tell whether any tab of a sheet has a status line."""
    return any(_addresses(sheet))


def tell_status(
    store: Store,
    client: SheetsHttpClient,
    sheet: Sheet,
    *,
    book: Book | None,
    tabs: Sequence[TabReport],
    error: SyncError | None,
    vendors: Mapping[str, str],
) -> list[str]:
    """Write the lines that are due, and return a sentence for each that must not be written.

    Costs one read and one write when any is due, and nothing else.
    """
    try:
        due, refusals = [], []
        for one in _wanted_lines(store, sheet, tabs, error, vendors=vendors):
            known = status_lines.load(store, sheet.spreadsheet_id, one.state.uid)
            if known is None or _is_due(known, one.line):
                due.append(one)
            elif known.refusal:
                refusals.append(_refused(one.title, known.refusal))
        return [*refusals, *(_write(store, client, sheet, due, book=book) if due else [])]
    except (SyncError, StopRequested) as failure:
        _log.info("status line not written", action="status-line-failed", reason=str(failure))
        return []


def _wanted_lines(
    store: Store, sheet: Sheet, tabs: Sequence[TabReport], error: SyncError | None, *, vendors: Mapping[str, str]
) -> Iterable[_Wanted]:
    errors = {tab.title: tab.error for tab in tabs}
    of_run = ErrorReport.of(error) if error else None
    now = clock.now()
    good: Run | None = None
    broken_at = broken_since(store, sheet.name)
    is_masked = masks_numbers(sheet)
    for title, address, state in _places(store, sheet):
        failure = of_run or errors.get(title)
        if failure is None:
            key, text = "updated", _updated(sheet, now)
            if broken_at is not None:
                since = _time(sheet, broken_at, with_day=_day(sheet, broken_at) != _day(sheet, now))
                key, text = (
                    "updated, broken config",
                    f"{text}; the config has mistakes since {since}, the one before goes on",
                )
        else:
            good = good or last_good(store, sheet.name)
            good_at = good.finished_at if good else None
            key, text = f"stale {failure.kind}", _stale(sheet, in_brief(failure, vendors), good_at, now)
        cell = address if address != LAST_LINE else f"row {_last_row(store, state) + 1}"
        line = StatusLine(cell=cell, state=key, text=hide_numbers(text) if is_masked else text, written_at=now)
        yield _Wanted(title=state.title, state=state, address=address, line=line)


def _places(store: Store, sheet: Sheet) -> Iterable[tuple[str, str, TabState]]:
    """Yield each tab of the config with its cell and what it has become: every page of it has a line."""
    states = published.load_tabs(store, sheet.spreadsheet_id)
    for title, address in _addresses(sheet):
        of_page = re.compile(re.escape(f"{sheet.name}/{title}") + _SUFFIX)
        yield from ((title, address, state) for state in states if of_page.fullmatch(state.uid))


def _addresses(sheet: Sheet) -> Iterable[tuple[str, str]]:
    yield from ((tab.title, tab.status) for tab in sheet.tab if tab.status)
    for summary in sheet.summary:
        if summary.status:
            yield summary.title, LAST_LINE if summary.status is True else summary.status


def _is_due(known: StatusLine, line: StatusLine) -> bool:
    if (known.cell, known.state) != (line.cell, line.state):
        return True
    is_old = line.written_at - known.written_at >= REWRITE_AFTER
    return is_old and (known.text != line.text or bool(known.refusal))


def _refused(title: str, refusal: str) -> str:
    return f"The status line of the tab {title!r} is not written: {refusal}."


def _write(
    store: Store, client: SheetsHttpClient, sheet: Sheet, due: Sequence[_Wanted], *, book: Book | None
) -> list[str]:
    if book is None or any(book.tab_of(one.state.sheet_id) is None for one in due):
        book = fetch_book(client, sheet.spreadsheet_id)
    there = {one.state.sheet_id: one for one in due if book.tab_of(one.state.sheet_id) is not None}
    book, blocks = fetch_cells(client, book, _to_read(book, there))
    writes, lines = [], {}
    for sheet_id, one in there.items():
        tab = book.tab_of(sheet_id)
        assert tab is not None  # it was there a line ago
        ours = [column["index"] for column in one.state.columns]
        last_row = _last_row(store, one.state)
        spot = find_status_spot(one.address, tab, blocks.get(sheet_id, ()), ours=ours, last_row=last_row)
        lines[one.state.uid] = replace(one.line, refusal=spot.refusal)
        writes += make_status_writes(sheet_id, spot, one.line.text) if not spot.refusal else []
    if writes:
        body = orjson.dumps({"valueInputOption": "RAW", "data": writes})
        path = f"/v4/spreadsheets/{sheet.spreadsheet_id}/values:batchUpdateByDataFilter"
        client.send("POST", path, kind="write", body=body)
    status_lines.save(store, sheet.spreadsheet_id, lines)
    return [_refused(one.title, r) for one in there.values() if (r := lines[one.state.uid].refusal)]


def _to_read(book: Book, there: Mapping[int, _Wanted]) -> dict[int, list[tuple[int, int]] | None]:
    """Return the rows to read of each tab; a summary is small, and an old line may stand anywhere in it."""
    rows: dict[int, list[tuple[int, int]] | None] = {}
    for sheet_id, one in there.items():
        tab, row = book.tab_of(sheet_id), 0 if one.address == LAST_LINE else cell_at(one.address)[0]
        if one.address == LAST_LINE:
            rows[sheet_id] = None
        elif tab is not None and row < tab.n_rows:
            rows[sheet_id] = [(row, row + 1)]
    return rows


def _last_row(store: Store, state: TabState) -> int:
    last = published.extent(store, state.spreadsheet_id, state.uid).last
    return state.header_row if last is None else last


def _updated(sheet: Sheet, now: datetime) -> str:
    times = next_times(sheet.schedule, now, 1) if sheet.enabled else []
    both_today = bool(times) and _day(sheet, times[0]) == _day(sheet, now)
    if not times:
        return f"Updated {_time(sheet, now, with_day=True)}"
    return (
        f"Updated {_time(sheet, now, with_day=not both_today)}, next {_time(sheet, times[0], with_day=not both_today)}"
    )


def _stale(sheet: Sheet, reason: str, good_at: datetime | None, now: datetime) -> str:
    if len(reason) > LONGEST_REASON:
        reason = reason[: LONGEST_REASON - 1] + "…"
    if good_at is None:
        return f"Not updated yet: {reason}"
    return f"Stale since {_time(sheet, good_at, with_day=_day(sheet, good_at) != _day(sheet, now))}: {reason}"


def _time(sheet: Sheet, at: datetime, *, with_day: bool) -> str:
    return f"{at.astimezone(sheet.zone):{'%Y-%m-%d ' if with_day else ''}%H:%M}"


def _day(sheet: Sheet, at: datetime) -> object:
    return at.astimezone(sheet.zone).date()
