"""JustCall's v2.1, as its developer site and the connectors that speak it describe it.

Guesses: a date alone is its first moment, as start and as end; unknown parameters are refused (option
`unknown_params`); an answer past the last page is empty; what is not fetched (queue, AI) is absent; values of agents
that are not said are made up. Options: `user_zone` (of the filters), `first_page` (0 or 1), `last_link` (how no next
page is told), `envelope` (whole, without totals, or a bare array), `links_keep_filters`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request

from sync.sandbox.call_book import CallBook, Selection
from sync.sandbox.calls import AGENTS, NUMBERS, Call, instant_text
from sync.sandbox.justcall_errors import refusal
from sync.sandbox.justcall_params import day_in, number_in, params_of, word_in
from sync.sandbox.justcall_records import (
    TRAITS,
    customer_of,
    email_of,
    live_ai,
    live_call,
    live_number,
    live_text,
    live_type,
    live_user,
    traits_of,
)
from sync.sandbox.justcall_sums import grouped, line_of, sums_of
from sync.sandbox.texts import TextBook

BASE = "/v2.1"
_PAGING = ("page", "per_page", "sort", "order")
_TIMES = ("from_datetime", "to_datetime", "contact_number", "justcall_number")
_OF_CALLS = (
    *_PAGING,
    *_TIMES,
    "ivr_digit",
    "agent_id",
    "ai_agent_ids[]",
    "call_direction",
    "call_type",
    "call_traits[]",
    "disposition_codes[]",
    "last_call_id_fetched",
    "fetch_queue_data",
    "fetch_ai_data",
)
_OF_TEXTS = (*_PAGING, *_TIMES, "sms_direction", "sms_content", "last_sms_id_fetched")
_CALL_TYPES = (
    *(f"OUTGOING_{w}" for w in ("ANSWERED", "UNANSWERED", "BUSY", "FAILED", "RESTRICTED", "BLOCKED", "CANCELLED")),
    *(f"INCOMING_{w}" for w in ("ANSWERED", "BUSY", "FAILED", "MISSED", "ABANDONED", "VOICEMAIL")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One list: its path, parameters, page sizes, and what writes a record."""

    path: str
    allowed: Sequence[str]
    usual: int
    total: str
    rows: Callable[[Mapping[str, str]], Sequence[Any]]
    write: Callable[[Any, Mapping[str, str]], dict[str, Any]]


class Live:
    """v2.1 of one account; `options` gives its options as they are now."""

    def __init__(self, calls: CallBook, texts: TextBook, options: Callable[[], Any]) -> None:
        self._calls, self._texts, self._options = calls, texts, options

    def endpoints(self) -> dict[str, Callable[[Request], Any]]:
        """Return what makes the answer of each path."""
        kinds = (
            _Kind(
                path="/calls",
                allowed=_OF_CALLS,
                usual=20,
                total="total_count",
                rows=self._chosen_calls,
                write=self._write_call,
            ),
            _Kind(
                path="/texts",
                allowed=_OF_TEXTS,
                usual=20,
                total="total_texts",
                rows=self._chosen_texts,
                write=lambda text, _: live_text(text, self._zone),
            ),
            _Kind(
                path="/users",
                allowed=_PAGING,
                usual=50,
                total="total_count",
                rows=lambda _: AGENTS,
                write=lambda agent, _: live_user(agent),
            ),
            _Kind(
                path="/phone-numbers",
                allowed=_PAGING,
                usual=30,
                total="total_count",
                rows=lambda _: NUMBERS,
                write=lambda number, _: live_number(number),
            ),
        )
        sums = {f"/calls/analytics/{level}": self._sums(level) for level in ("account", "agent", "number")}
        lists = {kind.path: self._list(kind) for kind in kinds}
        return {BASE + path: make for path, make in (sums | lists).items()}

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._options().user_zone)

    def _params(self, request: Request, allowed: Sequence[str]) -> dict[str, str]:
        """Read parameters; those of lists may come several times."""
        doubled = [name for name in allowed if name.endswith("[]")]
        plain = Request({**request.scope, "query_string": _without(request, doubled)})
        params = params_of(plain, allowed, strict=self._options().unknown_params == "refuse")
        return params | {name: "\n".join(found) for name in doubled if (found := request.query_params.getlist(name))}

    def _list(self, kind: _Kind) -> Callable[[Request], Any]:
        def answer(request: Request) -> Any:
            options, params = self._options(), self._params(request, kind.allowed)
            page = number_in(params, "page", default=options.first_page, highest=None, lowest=options.first_page)
            per_page = number_in(params, "per_page", default=kind.usual, highest=100)
            found = kind.rows(params)
            first = (page - options.first_page) * per_page
            rows = [{**kind.write(row, params), **options.extra_fields} for row in found[first : first + per_page]]
            if options.envelope == "bare":
                return rows
            body = {
                "status": "success",
                "count": len(rows),
                kind.total: len(found),
                "current_page": page,
                "per_page": per_page,
                "next_page_link": self._link(kind, params, page + 1, per_page, is_there=first + per_page < len(found)),
                "prev_page_link": self._link(kind, params, page - 1, per_page, is_there=page > options.first_page),
                "data": rows,
            }
            left_out = {kind.total} if options.envelope == "no_total" else set()
            if options.last_link == "absent" and not body["next_page_link"]:
                left_out.add("next_page_link")
            return {name: value for name, value in body.items() if name not in left_out}

        return answer

    def _link(self, kind: _Kind, params: Mapping[str, str], page: int, per_page: int, *, is_there: bool) -> str | None:
        if not is_there:
            return None if self._options().last_link == "null" else ""
        kept = params if self._options().links_keep_filters else {}
        query = urlencode({**kept, "page": page, "per_page": per_page})
        return f"https://api.justcall.io{BASE}{kind.path}?{query}"

    def _stretch(self, params: Mapping[str, str]) -> tuple[str, str]:
        start, end = (self._instant(params, name) for name in ("from_datetime", "to_datetime"))
        if start and end and end < start:
            raise refusal(400, "to_datetime is before from_datetime.")
        return start, end

    def _instant(self, params: Mapping[str, str], name: str) -> str:
        """Read a time in the user's zone."""
        text = params.get(name)
        if text is None:
            return ""
        if not re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?", text):
            raise refusal(400, f"{name} must have the form YYYY-MM-DD or YYYY-MM-DD HH:MM:SS.")
        try:
            local = datetime.fromisoformat(text).replace(tzinfo=self._zone)
        except ValueError:
            raise refusal(400, f"{name} is not a time of the calendar.") from None
        return instant_text(local)

    def _ordered(self, newest_first: Sequence[Any], params: Mapping[str, str]) -> Sequence[Any]:
        """Put records in order; ids grow with time."""
        word_in(params, "sort", ("id", "datetime"))
        order = word_in(params, "order", ("asc", "desc", "ASC", "DESC")) or "desc"
        return newest_first if order.lower() == "desc" else newest_first[::-1]

    def _chosen_calls(self, params: Mapping[str, str]) -> Sequence[Any]:
        start, end = self._stretch(params)
        found = self._calls.select(Selection(start=start, end=end))
        direction = word_in(params, "call_direction", ("Incoming", "Outgoing"))
        outcome = word_in(params, "call_type", _CALL_TYPES)
        traits = params.get("call_traits[]", "").split()
        if any(trait not in TRAITS for trait in traits):
            raise refusal(400, "call_traits is not one of the allowed values.")
        if traits or "ivr_digit" in params:  # which switch direction and type off
            direction = outcome = None
        agent = number_in(params, "agent_id", default=0, highest=None)
        line, contact = params.get("justcall_number"), params.get("contact_number")
        codes = params.get("disposition_codes[]", "").split("\n")

        def is_wanted(call: Call) -> bool:
            incoming = call["direction"] == "inbound"
            return (
                direction in (None, "Incoming" if incoming else "Outgoing")
                and outcome in (None, f"{'INCOMING' if incoming else 'OUTGOING'}_{live_type(call).upper()}")
                and agent in (0, call["agent_id"])
                and line in (None, line_of(call).lstrip("+"))
                and contact in (None, customer_of(call).lstrip("+"))
                and (codes == [""] or f"Default: {call['disposition']}" in codes)
                and (not traits or bool(set(traits) & set(traits_of(call))))
            )

        if any(name not in (*_PAGING, *_TIMES[:2], "fetch_queue_data", "fetch_ai_data") for name in params):
            found = [call for call in found if is_wanted(call)]
        return self._ordered(found, params)

    def _chosen_texts(self, params: Mapping[str, str]) -> Sequence[Any]:
        direction = word_in(params, "sms_direction", ("incoming", "outgoing"))
        wanted = {"incoming": "inbound", "outgoing": "outbound"}.get(direction or "")
        line, contact, held = (params.get(n) for n in ("justcall_number", "contact_number", "sms_content"))
        found = [
            text
            for text in self._texts.between(*self._stretch(params))
            if wanted in (None, text["direction"])
            and line in (None, text["line"].lstrip("+"))
            and contact in (None, text["customer"].lstrip("+"))
            and (held or "") in text["body"]
        ]
        return self._ordered(found, params)

    def _write_call(self, call: Call, params: Mapping[str, str]) -> dict[str, Any]:
        more: dict[str, Any] = {}
        if params.get("fetch_queue_data") == "true":
            more |= {"queue": {"entered_at_position": 1, "exit_reason": "answered"}, "queue_callback": None}
        if params.get("fetch_ai_data") == "true":
            more["justcall_ai"] = live_ai(call)
        return {**live_call(call, self._zone), **more}

    def _sums(self, level: str) -> Callable[[Request], dict[str, Any]]:
        of_level = {"account": (), "agent": ("agent_id",), "number": ("justcall_number",)}[level]

        def answer(request: Request) -> dict[str, Any]:
            params = self._params(request, ("from_date", "to_date", *of_level))
            first, last = day_in(params, "from_date"), day_in(params, "to_date")
            if first is None or last is None:
                raise refusal(400, "from_date and to_date are required.")
            if last < first:
                raise refusal(400, "to_date is before from_date.")
            found = self._calls.select(
                Selection(start=self._midnight(first), end=self._midnight(last + timedelta(days=1)))
            )
            body: dict[str, Any] = {"metadata": {"from_date": str(first), "to_date": str(last)}}
            if level == "account":
                return {**body, "summary": sums_of(found, of_account=True), **self._options().extra_fields}
            return {**body, "records": self._groups(level, found, params)}

        return answer

    def _midnight(self, day: date) -> str:
        return instant_text(datetime(day.year, day.month, day.day, tzinfo=self._zone))

    def _groups(self, level: str, found: Sequence[Call], params: Mapping[str, str]) -> list[dict[str, Any]]:
        records = []
        if level == "agent":
            agent = number_in(params, "agent_id", default=0, highest=None)
            for key, calls in grouped(found, lambda call: call["agent_id"]).items():
                if key is not None and agent in (0, key):
                    who = {"agent_id": key, "agent_name": calls[0]["agent_name"], "agent_email": email_of(key)}
                    records.append({**who, "summary": sums_of(calls), **self._options().extra_fields})
            return records
        line = params.get("justcall_number")
        for key, calls in grouped(found, line_of).items():
            number = key.lstrip("+")
            if line in (None, number):
                records.append({"justcall_number": number, "summary": sums_of(calls), **self._options().extra_fields})
        return records


def _without(request: Request, names: Sequence[str]) -> bytes:
    return urlencode([(k, v) for k, v in request.query_params.multi_items() if k not in names]).encode()
