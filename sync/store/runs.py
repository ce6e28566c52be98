"""Run history, and the lease that allows one run per spreadsheet (its mechanics are in `leases.py`)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, update

from sync import clock
from sync.store.db import Store
from sync.store.holder import is_gone, this_holder
from sync.store.instants import from_us, to_us
from sync.store.leases import Lease, LeaseLost, keep
from sync.store.tables import runs

__all__ = [
    "FORGOTTEN_FOR",
    "INTERRUPTED",
    "Lease",
    "LeaseLost",
    "Run",
    "close_run",
    "ended_runs",
    "forget_runs",
    "interrupt",
    "keep",
    "last_good",
    "latest_good",
    "latest_runs",
    "mark_interrupted",
    "open_run",
    "recent_runs",
    "this_holder",
]

INTERRUPTED = "interrupted"
"""Outcome of a run whose process ended before it could close it."""

FORGOTTEN_FOR = "forget"
"""Trigger of a run that only takes a person out of tabs: it says nothing of how up to date they are."""

_GOOD = ("ok", "unchanged")
_IS_GOOD = (runs.c.outcome.in_(_GOOD), runs.c.trigger != FORGOTTEN_FOR)
_LONGEST_RUN = timedelta(days=1)  # of a run on another host nothing is heard; no deadline is longer than this


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one sheet; `finished_at`, `outcome` and `report_json` are None while it goes on."""

    id: str
    sheet: str
    spreadsheet: str
    trigger: str
    holder: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    report_json: str | None


def open_run(
    store: Store, sheet: str, spreadsheet: str, trigger: str, *, started_at: datetime, run_id: str | None = None
) -> str:
    """Note that a run has begun in this process, under a given id or a new one; return the id."""
    run_id = run_id or uuid.uuid4().hex
    row = {
        "id": run_id,
        "sheet": sheet,
        "spreadsheet": spreadsheet,
        "trigger": trigger,
        "holder": this_holder(),
        "started_at_us": to_us(started_at),
    }
    with store.begin() as connection:
        connection.execute(insert(runs).values(row))
    return run_id


def close_run(store: Store, run_id: str, outcome: str, report_json: str, *, finished_at: datetime) -> None:
    """Note how a run ended."""
    with store.begin() as connection:
        _close(connection, [run_id], outcome=outcome, report=report_json, finished_at_us=to_us(finished_at))


def recent_runs(store: Store, sheet: str | None = None, limit: int = 50) -> list[Run]:
    """Return the latest runs, of one sheet or of all, latest first."""
    query = _latest_first().limit(limit)
    if sheet is not None:
        query = query.where(runs.c.sheet == sheet)
    with store.read() as connection:
        return [_to_run(row) for row in connection.execute(query)]


def ended_runs(store: Store, sheet: str, *, since: datetime | None, limit: int | None) -> list[Run]:
    """Return the runs of a sheet that ended at or after an instant, or the latest `limit`, by their ends."""
    query = _latest_first().where(runs.c.sheet == sheet, runs.c.finished_at_us.is_not(None)).limit(limit)
    if since is not None:
        began = runs.c.started_at_us >= to_us(since - _LONGEST_RUN)  # the index knows when runs began
        query = query.where(began, runs.c.finished_at_us >= to_us(since))
    with store.read() as connection:
        found = [_to_run(row) for row in connection.execute(query)]
    return sorted(found, key=lambda run: (run.finished_at or run.started_at, run.started_at))


def last_good(store: Store, sheet: str) -> Run | None:
    """Return the latest run of `sheet` that ended well, or None."""
    query = _latest_first().where(runs.c.sheet == sheet, *_IS_GOOD).limit(1)
    with store.read() as connection:
        row = connection.execute(query).first()
    return None if row is None else _to_run(row)


def latest_good(store: Store, sheets: Sequence[str], latest: Mapping[str, Run] | None = None) -> dict[str, Run]:
    """Return the latest run that ended well of each of these sheets that has one; `latest` are those known already."""
    good = {name: run for name, run in (latest or {}).items() if run.outcome in _GOOD and run.trigger != FORGOTTEN_FOR}
    return good | _latest(store, [sheet for sheet in sheets if sheet not in good], *_IS_GOOD)


def latest_runs(store: Store, sheets: Sequence[str]) -> dict[str, Run]:
    """Return the latest run of each of these sheets that has one."""
    return _latest(store, sheets)


def _latest(store: Store, sheets: Sequence[str], *conditions: Any) -> dict[str, Run]:
    """Look among the latest runs of all sheets first: they hold most of the answers at the price of one."""
    latest = _latest_first().where(*conditions).limit(2 * len(sheets))
    of_one = _latest_first().where(runs.c.sheet == bindparam("sheet"), *conditions).limit(1)
    with store.read() as connection:
        found: dict[str, Any] = {}
        for row in connection.execute(latest):
            found.setdefault(row.sheet, row)
        found |= {name: connection.execute(of_one, {"sheet": name}).first() for name in sheets if name not in found}
    return {name: _to_run(found[name]) for name in sheets if found[name] is not None}


def mark_interrupted(store: Store) -> list[str]:
    """Close the runs whose process has ended, as `interrupted`; return their ids."""
    now = clock.now()
    with store.read() as connection:  # most often there is none, and nobody waits for those who write
        if not _ended_without_word(connection, now):
            return []
    with store.begin(queues=["interrupted runs"]) as connection:
        ended = _ended_without_word(connection, now)
        _close(connection, ended, outcome=INTERRUPTED, report=None, finished_at_us=to_us(now))
    return ended


def _ended_without_word(connection: Connection, now: datetime) -> list[str]:
    query = select(runs.c.id, runs.c.holder, runs.c.started_at_us).where(runs.c.finished_at_us.is_(None))
    found = connection.execute(query).all()
    return [row.id for row in found if is_gone(row.holder) or from_us(row.started_at_us) < now - _LONGEST_RUN]


def interrupt(store: Store, run_id: str, *, at: datetime) -> None:
    """Close a run that goes on in a thread which ends with its process."""
    still_open = (runs.c.id == run_id, runs.c.finished_at_us.is_(None))
    with store.begin() as connection:
        connection.execute(update(runs).where(*still_open).values(outcome=INTERRUPTED, finished_at_us=to_us(at)))


def forget_runs(store: Store, *, before: datetime) -> int:
    """Remove finished runs that began before that instant; return how many."""
    old = (runs.c.started_at_us < to_us(before), runs.c.finished_at_us.is_not(None))
    with store.begin() as connection:
        return connection.execute(delete(runs).where(*old)).rowcount


def _close(connection: Connection, run_ids: Sequence[str], **values: Any) -> None:
    for run_id in run_ids:
        connection.execute(update(runs).where(runs.c.id == run_id).values(**values))


def _latest_first() -> Select[Any]:
    return select(runs).order_by(runs.c.started_at_us.desc(), runs.c.number.desc())


def _to_run(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        sheet=row.sheet,
        spreadsheet=row.spreadsheet,
        trigger=row.trigger,
        holder=row.holder,
        started_at=from_us(row.started_at_us),
        finished_at=None if row.finished_at_us is None else from_us(row.finished_at_us),
        outcome=row.outcome,
        report_json=row.report,
    )
