"""JustCall's call logs of v2, as its help centre describes them. Guesses are named in `justcall.py`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from sync.sandbox.call_book import CallBook, Selection
from sync.sandbox.calls import instant_text
from sync.sandbox.justcall_errors import refusal
from sync.sandbox.justcall_params import day_in, e164_in, number_in, params_of, word_in

CALL_PARAMS = frozenset({"start_date", "end_date", "direction", "agent_id", "number", "status", "page", "per_page"})
DIRECTIONS = ("inbound", "outbound", "all")
STATUSES = ("completed", "missed", "voicemail", "busy")
MAX_PER_PAGE = 100


class CallLogs:
    """The call logs of one account; `options` gives its options as they are now."""

    def __init__(self, calls: CallBook, options: Callable[[], Any]) -> None:
        self._calls, self._options = calls, options

    def endpoints(self) -> dict[str, Callable[[Request], dict[str, Any]]]:
        """Return what makes the answer of each path."""
        return {"/v2/calls": self._list, "/v2/account": self._account}

    def _account(self, _request: Request) -> dict[str, Any]:
        return {
            "status": "success",
            "data": {"account_id": "acc_1001", "email": "owner@example.com", "plan": "team"},
        }

    def _list(self, request: Request) -> dict[str, Any]:
        options = self._options()
        params = params_of(request, CALL_PARAMS, strict=options.unknown_params == "refuse")
        page = number_in(params, "page", default=1, highest=None)
        per_page = number_in(params, "per_page", default=25, highest=MAX_PER_PAGE)
        found = self._calls.select(self._selection(params))
        shown = found[(page - 1) * per_page : page * per_page]
        return {
            "status": "success",
            "count": len(found),
            "data": [{**call, **options.extra_fields} for call in shown] if options.extra_fields else shown,
            "page": page,
            "per_page": per_page,
            "total_pages": math.ceil(len(found) / per_page),
        }

    def _selection(self, params: Mapping[str, str]) -> Selection:
        start, end = day_in(params, "start_date"), day_in(params, "end_date")
        if start and end and end < start:
            raise refusal(422, "end_date is before start_date.", "INVALID_VALUE")
        words: list[tuple[str, Any]] = []
        if (direction := word_in(params, "direction", DIRECTIONS)) not in {None, "all"}:
            words.append(("direction", direction))
        if (status := word_in(params, "status", STATUSES)) is not None:
            words.append(("status", status))
        if "agent_id" in params:
            words.append(("agent_id", number_in(params, "agent_id", default=0, highest=None)))
        day_after = timedelta(days=1 if self._options().end_included else 0)
        return Selection(
            start=self._midnight(start) if start else "",
            end=self._midnight(end + day_after) if end else "",
            words=tuple(words),
            number=e164_in(params, "number"),
        )

    def _midnight(self, day: date) -> str:
        return instant_text(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self._options().dates_zone)))
