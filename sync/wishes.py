"""What people ask for by run-now, as it stands in the queue that every process on the store shares."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import orjson

from sync import clock
from sync.clock import Period
from sync.config.sheet import Sheet
from sync.errors import ConfigError, StopRequested
from sync.run import RunRequest, Trigger
from sync.store.db import Store
from sync.store.due_runs import PERSON_LANE, DueRun, ask, end
from sync.store.presence import DAEMON, PERSON, is_anyone_present, present

_FLAGS = ("rebuild", "take_header", "allow_empty", "adopt")
SHARED_FOR = timedelta(minutes=1)  # sheets due together share what one of them has read
STOPPED_BY_PERSON = "the person who asked for it stopped it"


def leave_to_daemon(store: Store, sheets: Sequence[Sheet], request: RunRequest) -> None:
    """Put a run of each sheet into the queue; ConfigError when no daemon is there to take it up."""
    if not is_anyone_present(store, DAEMON):
        raise ConfigError(
            "No daemon runs on this store, so nothing would carry out the run.",
            hint="Start `callsheet serve`, or give run-now without --no-wait.",
        )
    for sheet in sheets:
        ask(store, sheet.name, to_text(request), at=clock.now())


@contextmanager
def carried_out(store: Store, sheet: Sheet, request: RunRequest) -> Iterator[RunRequest]:
    """Let the queue know of a run that this process carries out itself; should it be killed, a daemon takes it up."""
    request = replace(request, run_id=uuid.uuid4().hex)
    with present(store, PERSON) as me:
        text = to_text(request)
        number = ask(store, sheet.name, text, at=request.requested_at, holder=me.name, run_id=request.run_id or "")
        reason: str | None = None
        try:
            yield request
        except (StopRequested, KeyboardInterrupt):
            reason = STOPPED_BY_PERSON
            raise
        finally:
            end(store, number, holder=me.name, reason=reason)


def to_text(request: RunRequest) -> str:
    """Write down what was asked for."""
    values = {name: True for name in _FLAGS if getattr(request, name)}
    if request.period is not None:
        return orjson.dumps({**values, "period": request.period.text}).decode()
    return orjson.dumps(values).decode()


def request_of(due: DueRun, run_id: str) -> RunRequest:
    """Make the request of a row of the queue."""
    asked = orjson.loads(due.request) if due.request else {}
    is_wish = due.lane == PERSON_LANE
    return RunRequest(
        trigger=Trigger.PERSON if is_wish else Trigger.SCHEDULE,
        # What is shown is not older than the wish; a stream read for another sheet since then will do. A run that
        # had to wait is to show how things are now.
        requested_at=due.due_at if is_wish else max(due.due_at, clock.now() - SHARED_FOR),
        period=Period.parse(asked["period"]) if "period" in asked else None,
        due_at=due.first_due_at,
        run_id=run_id,
        **{name: bool(asked.get(name)) for name in _FLAGS},
    )
