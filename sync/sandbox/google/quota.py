"""The request quotas: how many reads and writes a user, and all users of a project, may send in any minute."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from sync.sandbox.google.errors import over_quota

WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Share:
    """One quota that a request counts against: of a user or a project, and how many a minute it allows."""

    whose: str
    name: str
    limit: int


class Quota:
    """Counts requests over a sliding minute. A refused request is not counted."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str, str], deque[float]] = {}

    def spend(self, kind: str, shares: list[Share], *, project: str, enforce: bool) -> None:
        """Count one read or write against every share; raise 429 when one was used up in the last minute."""
        now = time.monotonic()
        logs = [self._spent.setdefault((share.whose, share.name, kind), deque()) for share in shares]
        for share, log in zip(shares, logs, strict=True):
            while log and log[0] <= now - WINDOW_S:
                log.popleft()
            if enforce and len(log) >= share.limit:
                raise over_quota(kind, share.limit, whose=share.whose, project=project)
        for log in logs:
            log.append(now)

    def clear(self) -> None:
        """Forget what was spent."""
        self._spent.clear()
