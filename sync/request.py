"""What is asked of a run: by whom, for which period, what it may do, and how it is stopped."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sync.clock import Period
from sync.store.budget import Turn
from sync.store.due_runs import PERSON_LANE, SCHEDULE_LANE
from sync.store.runs import FORGOTTEN_FOR


class StopEvent(threading.Event):
    """Asks a run to stop; `is_overdue` says that its time was over, which is a failure and not a wish.

    One that did not answer `is_given_up`: it loses its leases, so that it can send nothing more and others can run.
    While it `is_writing`, a request is under way that cannot be made undone: a stop waits for its answer.
    """

    is_overdue = False
    is_given_up = False
    is_writing = False


class Trigger(StrEnum):
    """Who asked for a run."""

    FORGET = FORGOTTEN_FOR
    PERSON = "person"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What was asked for. A stream that was read after `requested_at` (UTC) is not read again.

    With `reads_vendors` off, tabs show what the mirror has, and nobody is told that they are up to date.
    `due_at` is the time of the schedule, `run_id` the id under which the history keeps the run; left out, a new one.
    """

    trigger: Trigger
    requested_at: datetime
    period: Period | None = None
    rebuild: bool = False
    take_header: bool = False
    allow_empty: bool = False
    adopt: bool = False
    due_at: datetime | None = None
    run_id: str | None = None
    reads_vendors: bool = True

    @property
    def turn(self) -> Turn:
        """Whose turn it is while requests wait: what people ask for goes first, then what was due first."""
        lane = SCHEDULE_LANE if self.trigger is Trigger.SCHEDULE else PERSON_LANE
        return Turn(lane=lane, since=self.due_at or self.requested_at)
