"""JustCall's analytics exports of v2, as its help centre describes them.

**Invented**: the description names no field of any of the four. Rows of calls are those of the call logs with the id
called `id` and the agent as an object; rows of messages, agents and the summary have names of the developer site's.
Guesses besides: 400 for more than 90 days; newest first; agents and the summary are paged like the rest, the summary
being one object in `data`, an array where the option `summary_is_list` says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from sync.sandbox.call_book import CallBook, Selection
from sync.sandbox.calls import Call, instant_text
from sync.sandbox.justcall_errors import refusal
from sync.sandbox.justcall_params import day_in, e164_in, number_in, params_of, word_in
from sync.sandbox.justcall_sums import grouped, sums_of
from sync.sandbox.texts import Text, TextBook

ALLOWED = frozenset({"start_date", "end_date", "agent_id", "phone_number", "direction", "page", "per_page"})
MAX_PER_PAGE = 250
LONGEST_DAYS = 90
Rows = Callable[[tuple[str, str], Mapping[str, str]], Sequence[Any]]


class Analytics:
    """The four exports of one account; `options` gives its options as they are now."""

    def __init__(self, calls: CallBook, texts: TextBook, options: Callable[[], Any]) -> None:
        self._calls, self._texts, self._options = calls, texts, options

    def endpoints(self) -> dict[str, Callable[[Request], dict[str, Any]]]:
        """Return what makes the answer of each path."""
        rows: dict[str, Rows] = {
            "calls": self._rows_of_calls,
            "sms": self._rows_of_texts,
            "agents": self._rows_of_agents,
            "summary": self._summary,
        }
        return {f"/v2/analytics/{name}": self._paged(name, make) for name, make in rows.items()}

    def _paged(self, name: str, make: Rows) -> Callable[[Request], dict[str, Any]]:
        def answer(request: Request) -> dict[str, Any]:
            options = self._options()
            params = params_of(request, ALLOWED, strict=options.unknown_params == "refuse")
            page = number_in(params, "page", default=1, highest=None)
            per_page = number_in(params, "per_page", default=100, highest=MAX_PER_PAGE)
            found = make(self._stretch(params), params)
            shown = [{**row, **options.extra_fields} for row in found[(page - 1) * per_page : page * per_page]]
            is_object = name == "summary" and not options.summary_is_list and len(shown) == 1
            return {
                "status": "success",
                "data": shown[0] if is_object else shown,
                "pagination": {
                    "current_page": page,
                    "per_page": per_page,
                    "total_records": len(found),
                    "total_pages": math.ceil(len(found) / per_page),
                },
            }

        return answer

    def _stretch(self, params: Mapping[str, str]) -> tuple[str, str]:
        """Return the instants asked for; both dates are required, and the end is included."""
        for name in ("start_date", "end_date"):
            if not params.get(name):
                raise refusal(400, f"{name} is required.", "MISSING_PARAMETER")
        start, end = day_in(params, "start_date"), day_in(params, "end_date")
        assert start is not None
        assert end is not None
        if end < start:
            raise refusal(400, "end_date is before start_date.", "INVALID_VALUE")
        if (end - start).days + 1 > LONGEST_DAYS:
            raise refusal(400, f"The date range must not be longer than {LONGEST_DAYS} days.", "INVALID_RANGE")
        return self._midnight(start), self._midnight(end + timedelta(days=1))

    def _midnight(self, day: date) -> str:
        zone = ZoneInfo(self._options().dates_zone)
        return instant_text(datetime(day.year, day.month, day.day, tzinfo=zone))

    def _chosen(self, stretch: tuple[str, str], params: Mapping[str, str]) -> list[Call]:
        words: list[tuple[str, Any]] = []
        if direction := word_in(params, "direction", ("inbound", "outbound")):
            words.append(("direction", direction))
        if "agent_id" in params:
            words.append(("agent_id", number_in(params, "agent_id", default=0, highest=None)))
        number = e164_in(params, "phone_number")
        return self._calls.select(Selection(start=stretch[0], end=stretch[1], words=tuple(words), number=number))

    def _rows_of_calls(self, stretch: tuple[str, str], params: Mapping[str, str]) -> Sequence[Any]:
        return _Written(self._chosen(stretch, params), analytics_call)

    def _rows_of_texts(self, stretch: tuple[str, str], params: Mapping[str, str]) -> Sequence[Any]:
        direction, line = word_in(params, "direction", ("inbound", "outbound")), e164_in(params, "phone_number")
        agent = number_in(params, "agent_id", default=0, highest=None)
        found = [
            text
            for text in self._texts.between(*stretch)
            if direction in (None, text["direction"]) and line in ("", text["line"]) and agent in (0, text["agent_id"])
        ]
        return _Written(found, analytics_text)

    def _rows_of_agents(self, stretch: tuple[str, str], params: Mapping[str, str]) -> Sequence[Any]:
        groups = grouped(self._chosen(stretch, params), lambda call: call["agent_id"])
        return [
            {"agent_id": agent, "agent_name": calls[0]["agent_name"], **sums_of(calls)}
            for agent, calls in sorted(groups.items(), key=lambda pair: pair[0] or 0)
            if agent is not None
        ]

    def _summary(self, stretch: tuple[str, str], params: Mapping[str, str]) -> Sequence[Any]:
        sums = sums_of(self._chosen(stretch, params), of_account=True)
        return [{**sums, "average_duration": sums["avg_call_duration"], "service_level": sums["sla_rate_30sec"]}]


class _Written(Sequence[Any]):
    """Records that are written only when their page is asked for."""

    def __init__(self, found: Sequence[Any], write: Callable[[Any], dict[str, Any]]) -> None:
        self._found, self._write = found, write

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, at: Any) -> Any:
        return [self._write(one) for one in self._found[at]] if isinstance(at, slice) else self._write(self._found[at])


def analytics_call(call: Call) -> dict[str, Any]:
    """Write a call as a row of the export."""
    row = {name: value for name, value in call.items() if name not in ("call_id", "agent_id", "agent_name")}
    return {"id": call["call_id"], **row, "agent": {"id": call["agent_id"], "name": call["agent_name"]}}


def analytics_text(text: Text) -> dict[str, Any]:
    """Write a message as a row of the export."""
    ends = (text["line"], text["customer"]) if text["direction"] == "outbound" else (text["customer"], text["line"])
    return {
        "message_id": text["message_id"],
        "direction": text["direction"],
        "sender": ends[0],
        "recipient": ends[1],
        "content": text["body"],
        "media_urls": text["media_urls"],
        "justcall_number": text["line"],
        "contact_name": text["contact_name"],
        "agent_id": text["agent_id"],
        "agent_name": text["agent_name"],
        "status": text["status"],
        "created_at": text["sent_at"],
    }
