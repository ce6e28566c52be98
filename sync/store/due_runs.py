"""The queue of runs that are due, and what became of each: every time of a schedule is in exactly one row.

A row stands for the times from `first_due_at` to `due_at`: those that come before it could start are one. It waits,
runs under a process that is there, and ends: with a run, or with the reason why there was none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from sync import clock
from sync.store.db import Store, insert_or_update
from sync.store.instants import from_us, to_us
from sync.store.presence import is_present
from sync.store.tables import due_runs, runs, schedules

PERSON_LANE = 0
SCHEDULE_LANE = 1
WAITING, RUNNING, ENDED = "waiting", "running", "ended"
MOST_TRIES = 3
"""A run during which the process died this often is left to its next time: it may be the run that kills."""

_QUEUE = "due runs"
_INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Times of a schedule that have come: `n_times` of them, from `first_at` to `last_at`; none is owed up to there."""

    first_at: datetime
    last_at: datetime
    n_times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRun:
    """One row of the queue; `request` is what a person asked for (JSON), `reason` why it did not simply run."""

    number: int
    sheet: str
    lane: int
    first_due_at: datetime
    due_at: datetime
    n_times: int
    request: str | None
    state: str
    run_id: str | None
    n_tries: int
    ended_at: datetime | None
    reason: str | None


def enter(
    store: Store, schedules_by_sheet: Mapping[str, str], owed: Callable[[str, datetime | None], Owed | None]
) -> list[str]:
    """Put what is owed into the queue, one row a sheet, and return the sheets that got something.

    `owed` says which times have come after the instant up to which a sheet's are known; two daemons that ask
    together enter each time once. What still waits takes the new times over. A sheet whose schedule has become
    another one is left to the daemon that knows of it.
    """
    entered = []
    with store.begin(queues=[_QUEUE]) as connection:
        known = _known(connection, schedules_by_sheet)
        for sheet, words in schedules_by_sheet.items():
            until, known_words = known.get(sheet, (None, words))
            found = owed(sheet, until) if known_words == words else None
            if found is not None:
                _save_until(connection, sheet, found.last_at, words)
            if found is not None and found.n_times:
                _enter_one(connection, sheet, found)
                entered.append(sheet)
    return entered


def change(
    store: Store,
    schedules_by_sheet: Mapping[str, str],
    owed_before: Callable[[str, datetime | None], Owed | None],
    *,
    at: datetime,
) -> None:
    """Go by these schedules from an instant on, after entering what the former ones owed until then.

    What another daemon on the store has changed already stays as it is.
    """
    with store.begin(queues=[_QUEUE]) as connection:
        known = _known(connection, schedules_by_sheet)
        for sheet, words in schedules_by_sheet.items():
            until, known_words = known.get(sheet, (None, None))
            if known_words == words:
                continue
            found = owed_before(sheet, until)
            if found is not None and found.n_times:
                _enter_one(connection, sheet, found)
            _save_until(connection, sheet, at, words)


def take_on(store: Store, schedules_by_sheet: Mapping[str, str]) -> None:
    """Go by these schedules for all that is owed since a daemon was there last."""
    with store.begin(queues=[_QUEUE]) as connection:
        for sheet, (until, words) in _known(connection, schedules_by_sheet).items():
            if words != schedules_by_sheet[sheet]:
                _save_until(connection, sheet, until, schedules_by_sheet[sheet])


def leave(store: Store, sheets: Iterable[str]) -> None:
    """Note that these sheets have no schedule for now: nothing is owed for the time until they have one again."""
    with store.begin(queues=[_QUEUE]) as connection:
        for sheet, (until, _) in _known(connection, list(sheets)).items():
            _save_until(connection, sheet, until, "")


def _known(connection: Connection, sheets: Iterable[str]) -> dict[str, tuple[datetime, str]]:
    wanted = set(sheets)
    rows = connection.execute(select(schedules)).all()
    return {row.sheet: (from_us(row.entered_until_us), row.words) for row in rows if row.sheet in wanted}


def _enter_one(connection: Connection, sheet: str, found: Owed) -> None:
    waits = (due_runs.c.sheet == sheet, due_runs.c.lane == SCHEDULE_LANE, due_runs.c.state == WAITING)
    # A run that was cut off may wait again before the one that came after it: only the last takes times over
    last = select(func.max(due_runs.c.number)).where(*waits).scalar_subquery()
    taken_over = (
        update(due_runs)
        .where(due_runs.c.number == last)
        .values(due_at_us=to_us(found.last_at), n_times=due_runs.c.n_times + found.n_times)
    )
    if connection.execute(taken_over).rowcount == 0:
        _insert(connection, sheet, found, lane=SCHEDULE_LANE)


def ask(store: Store, sheet: str, request: str, *, at: datetime, holder: str | None = None, run_id: str = "") -> int:
    """Put a person's wish into the queue, or note that `holder` carries it out already; return its number."""
    with store.begin(queues=[_QUEUE]) as connection:
        once = Owed(first_at=at, last_at=at, n_times=1)
        taken = {} if holder is None else {"state": RUNNING, "holder": holder, "run_id": run_id}
        return _insert(connection, sheet, once, lane=PERSON_LANE, request=request, **taken)


def _insert(connection: Connection, sheet: str, found: Owed, **values: Any) -> int:
    row = {
        "sheet": sheet,
        "first_due_at_us": to_us(found.first_at),
        "due_at_us": to_us(found.last_at),
        "n_times": found.n_times,
        "state": WAITING,
        "n_tries": 0,
        **values,
    }
    made = connection.execute(insert(due_runs).values(row).returning(due_runs.c.number))
    return int(made.scalar_one())


def claim(store: Store, number: int, *, holder: str, run_id: str) -> bool:
    """Take a row that waits, for a run of this id; False when another took it, or another run of its sheet goes on."""
    with store.begin(queues=[_QUEUE]) as connection:
        row = connection.execute(select(due_runs).where(due_runs.c.number == number)).first()
        if row is None or row.state != WAITING or _is_running(connection, row.sheet):
            return False
        taken = {"state": RUNNING, "holder": holder, "run_id": run_id, "n_tries": row.n_tries + 1, "reason": None}
        connection.execute(update(due_runs).where(due_runs.c.number == number).values(taken))
        return True


def _is_running(connection: Connection, sheet: str) -> bool:
    query = select(due_runs.c.holder).where(due_runs.c.sheet == sheet, due_runs.c.state == RUNNING)
    return any(is_present(connection, holder) for holder in connection.execute(query).scalars().all())


def end(store: Store, number: int, *, holder: str, reason: str | None = None) -> bool:
    """Note that the run of a row has ended; False, and nothing happens, when another process took the row over."""
    return _set(store, number, holder, {"state": ENDED, "ended_at_us": to_us(clock.now()), "reason": reason})


def put_back(store: Store, number: int, *, holder: str, reason: str) -> bool:
    """Let a row wait again whose run was stopped; False when it is another process's by now."""
    return _set(store, number, holder, {"state": WAITING, "holder": None, "n_tries": 0, "reason": reason})


def _set(store: Store, number: int, holder: str, values: Mapping[str, Any]) -> bool:
    ours = (due_runs.c.number == number, due_runs.c.state == RUNNING, due_runs.c.holder == holder)
    with store.begin(queues=[_QUEUE]) as connection:
        return connection.execute(update(due_runs).where(*ours).values(values)).rowcount > 0


def take_back(store: Store) -> list[str]:
    """Free the rows whose process is gone, so that they run again; return their sheets. A run that was done is done."""
    with store.read() as connection:
        if not _orphans(connection):
            return []
    freed = []
    with store.begin(queues=[_QUEUE]) as connection:
        for row in _orphans(connection):
            values = _after_death(connection, row)
            connection.execute(update(due_runs).where(due_runs.c.number == row.number).values(values))
            if values["state"] == WAITING:
                freed.append(row.sheet)
    return freed


def _orphans(connection: Connection) -> list[Row[Any]]:
    rows = connection.execute(select(due_runs).where(due_runs.c.state == RUNNING)).all()
    present = {holder: is_present(connection, holder) for holder in {row.holder for row in rows}}
    return [row for row in rows if not present[row.holder]]


def _after_death(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    outcome = connection.execute(select(runs.c.outcome).where(runs.c.id == row.run_id)).scalar()
    ended = {"state": ENDED, "ended_at_us": to_us(clock.now())}
    if outcome not in (None, _INTERRUPTED):
        return {**ended, "reason": None}
    if row.n_tries >= MOST_TRIES:
        reason = f"the process ended {row.n_tries} times in the middle of it; not tried again before its next time"
        return {**ended, "reason": reason}
    return {"state": WAITING, "holder": None, "reason": "the process that ran it ended in the middle"}


def waiting(store: Store) -> list[DueRun]:
    """Return what waits: what people asked for first, then what was due first."""
    order = (due_runs.c.lane, due_runs.c.first_due_at_us, due_runs.c.number)
    query = select(due_runs).where(due_runs.c.state == WAITING).order_by(*order)
    with store.read() as connection:
        return [_to_due_run(row) for row in connection.execute(query)]


def drop(store: Store, sheets: Iterable[str], reason: str, *, lanes: Sequence[int]) -> list[str]:
    """End what waits for these sheets in these lanes without a run; return those for which something waited."""
    dropped = []
    with store.begin(queues=[_QUEUE]) as connection:
        for sheet in sheets:
            waits = (due_runs.c.sheet == sheet, due_runs.c.state == WAITING, due_runs.c.lane.in_(lanes))
            ended = {"state": ENDED, "ended_at_us": to_us(clock.now()), "run_id": None, "reason": reason}
            if connection.execute(update(due_runs).where(*waits).values(ended)).rowcount:
                dropped.append(sheet)
    return dropped


def not_run(store: Store, sheet: str | None = None, limit: int = 50) -> list[DueRun]:
    """Return the rows that tell of times without a run of their own, latest first.

    Those that ended with a reason, those that stand for several times, and those that wait for a reason.
    """
    tells = due_runs.c.reason.is_not(None) | (due_runs.c.n_times > 1)
    query = select(due_runs).where(tells).order_by(due_runs.c.due_at_us.desc(), due_runs.c.number.desc()).limit(limit)
    if sheet is not None:
        query = query.where(due_runs.c.sheet == sheet)
    with store.read() as connection:
        return [_to_due_run(row) for row in connection.execute(query)]


def explain(store: Store, number: int, reason: str) -> None:
    """Say why a row goes on waiting."""
    waits = (due_runs.c.number == number, due_runs.c.state == WAITING)
    with store.begin(queues=[_QUEUE]) as connection:
        connection.execute(update(due_runs).where(*waits).values(reason=reason))


def all_rows(store: Store) -> list[DueRun]:
    """Return the whole account, oldest first."""
    with store.read() as connection:
        return [_to_due_run(row) for row in connection.execute(select(due_runs).order_by(due_runs.c.number))]


def forget_due_runs(store: Store, *, before: datetime) -> int:
    """Remove rows that ended before that instant; return how many."""
    old = (due_runs.c.state == ENDED, due_runs.c.ended_at_us < to_us(before))
    with store.begin() as connection:
        return connection.execute(delete(due_runs).where(*old)).rowcount


def _save_until(connection: Connection, sheet: str, at: datetime, words: str) -> None:
    values = {"sheet": sheet, "entered_until_us": to_us(at), "words": words}
    connection.execute(insert_or_update(connection, schedules, key=("sheet",)), values)


def _to_due_run(row: Row[Any]) -> DueRun:
    return DueRun(
        number=row.number,
        sheet=row.sheet,
        lane=row.lane,
        first_due_at=from_us(row.first_due_at_us),
        due_at=from_us(row.due_at_us),
        n_times=row.n_times,
        request=row.request,
        state=row.state,
        run_id=row.run_id,
        n_tries=row.n_tries,
        ended_at=None if row.ended_at_us is None else from_us(row.ended_at_us),
        reason=row.reason,
    )
