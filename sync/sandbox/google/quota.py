"""The request quotas: how many reads and writes an account may send in any minute."""

from __future__ import annotations

import time
from collections import deque

from sync.sandbox.google.errors import over_quota

WINDOW_S = 60.0


class Quota:
    """Counts requests of each account over a sliding minute. A refused request is not counted."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], deque[float]] = {}

    def spend(self, user: str, kind: str, *, limit: int, enforce: bool) -> None:
        """Count one read or write of an account; raise 429 when there were `limit` in the last minute."""
        now = time.monotonic()
        log = self._spent.setdefault((user, kind), deque())
        while log and log[0] <= now - WINDOW_S:
            log.popleft()
        if enforce and len(log) >= limit:
            raise over_quota(kind, limit)
        log.append(now)

    def clear(self) -> None:
        """Forget what was spent."""
        self._spent.clear()
