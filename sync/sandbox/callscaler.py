"""CallScaler's API v1: calls, numbers, analytics. Written from its description alone.

Guesses, where the description is silent: days and buckets are those of `dates_zone`; a group without value is null;
weeks are written 2026-W10 and begin on Monday; empty buckets are not rows; the end of the analytics' dates is included
(option `end_date`), that of calls is excluded; newest first; unknown parameters are refused; 60 requests a minute; a
cursor holds the place of the last row, so that new calls do not move it.
"""

from __future__ import annotations

import base64
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from itertools import count
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.calls import CallOptions, instant_text
from sync.sandbox.callscaler_calls import AI_FIELDS, NUMBERS, RawCall, edited, make_arrival, make_raw_calls
from sync.sandbox.callscaler_groups import GROUPS, METRICS, group_calls, ranked, to_rows
from sync.sandbox.exchange import Answer, Asked
from sync.sandbox.vendor import (
    Endpoint,
    ListForm,
    Rate,
    Refusal,
    VendorDesk,
    VendorOptions,
    ZoneName,
    json_response,
    judge_key,
    known_params,
)

STATUSES = ("completed", "no-answer", "voicemail", "busy", "failed")
DIRECTIONS = ("inbound", "outbound")
_EQUALS = {name: name for name in ("status", "source", "direction", "call_flow_id", "number_id", "ai_category")}
_EQUALS["number_group_id"] = "number_group_id"
_AT_LEAST = {"min_ai_score": "ai_score", "min_duration": "duration_seconds"}
_AT_MOST = {"max_ai_score": "ai_score", "max_duration": "duration_seconds"}
_FILTERS = frozenset({*_EQUALS, "min_ai_score", "max_ai_score", "min_duration", "qualified"})
ANALYTICS_PARAMS = _FILTERS | {"group_by", "metrics", "start_date", "end_date", "sort_by", "sort_order", "limit"}
CALL_PARAMS = _FILTERS | {
    *("start_date", "end_date", "updated_since", "limit", "offset", "cursor", "max_duration", "caller_name", "search"),
    *("has_transcription", "keyword", "include", "sort_by", "sort_order"),
}
MAX_GROUPS, MAX_ROWS, MAX_PAGE = 3, 1000, 500
_USUAL = {400: "Bad request", 401: "Invalid API key", 403: "Forbidden", 404: "Not found", 429: "Too many requests"}


@dataclass(slots=True, kw_only=True)
class CallScalerOptions(VendorOptions):
    """What the admin address can change. `ai_delay_s` is how long after a call its AI fields come."""

    strict_auth: bool = False  # whether a key must begin with cs_key_
    dates_zone: ZoneName = "UTC"
    end_date: Literal["included", "excluded"] = "included"
    envelope: bool = True
    error_form: Literal["object", "string", "message"] = "object"
    cursor_at: Literal["inside", "top", "none"] = "inside"
    tells_total: bool = False
    shows_updated_at: bool = False
    shows_ids: bool = False  # whether calls also hold what else can be grouped and filtered by
    ai_delay_s: float = 300.0


class _Lists(ListForm):
    def shift_total(self, body: Any, delta: int) -> None:
        inner = body.get("data") if isinstance(body.get("data"), dict) else body
        if "total" in inner:
            inner["total"] += delta

    def page_before(self, _asked: Asked) -> Asked | None:
        """A cursor does not say what came before it."""
        return None


class CallScaler(VendorDesk):
    """One business at the vendor: its raw calls and numbers."""

    name: ClassVar[str] = "callscaler"
    title: ClassVar[str] = "CallScaler"
    lists = _Lists()

    def __init__(self, calls: CallOptions, options: CallScalerOptions | None = None) -> None:
        self._turns, self._arrivals = count(), count()
        self._wanted = calls
        super().__init__(calls, options or CallScalerOptions())

    def reset(self) -> None:
        """Go back to the first data and options."""
        super().reset()
        self._turns, self._arrivals = count(), count()
        for made in ("_pinned", "_calls", "_numbers"):
            self.__dict__.pop(made, None)

    def routes(self) -> list[Route]:
        """Return what is served below the vendor's prefix."""
        return [
            Route("/api/v1/analytics/calls", self._answer(self._analytics, ANALYTICS_PARAMS), methods=["GET"]),
            Route("/api/v1/calls", self._answer(self._list_calls, CALL_PARAMS), methods=["GET"]),
            Route("/api/v1/numbers", self._answer(self._list_numbers, {"limit", "offset", "cursor"}), methods=["GET"]),
            Route("/{rest:path}", self._answer(self._nothing_here, ())),
        ]

    def error(self, _asked: Asked, status: int, message: str) -> Answer:
        """Make the vendor's own error answer, in the form that the options say."""
        body = orjson.dumps(self._error_body(status, message or _USUAL.get(status, "Internal error")))
        return Answer(status=status, headers=((b"content-type", b"application/json"),), body=b"").with_body(body)

    def truth(self, kind: str) -> list[dict[str, Any]]:
        """Return calls, newest first, or numbers."""
        found: Mapping[str, Callable[[], list[dict[str, Any]]]] = {
            "calls": lambda: [self._seen(call) for call in self._calls[::-1]],
            "numbers": lambda: self._numbers,
        }
        return found[kind]()

    def arrive(self, kind: str, n: int) -> list[dict[str, Any]]:
        """Let calls come in now; their AI fields come later."""
        if kind != "calls":
            raise KeyError(kind)
        start = self._pinned.until if self._wanted.until else None
        made = [make_arrival(self._pinned.seed, next(self._arrivals), start, back=n - 1 - k) for k in range(n)]
        self._calls = sorted([*self._calls, *made], key=lambda call: call.place)
        return [self._seen(call) for call in made]

    def edit(
        self, kind: str, n: int, *, ids: Sequence[Any] = (), fields: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Change calls or numbers, as people and the AI do, or to `fields`."""
        if {"id", "created_at"} & set(fields or {}):
            raise ValueError("id and created_at do not change")
        if kind == "numbers":
            known = {number["id"]: number for number in self._numbers}
            for one in ids:
                known[one].update(fields or {"friendly_name": f"Renamed {next(self._turns)}"})
            return [known[one] for one in ids]
        by_id = {call.shown["id"]: call for call in {"calls": self._calls}[kind]}
        chosen = [by_id[one] for one in ids] if ids else self._calls[-n:]
        for call in chosen:
            call.shown = call.shown | dict(fields or edited(call.shown, next(self._turns)))
            call.updated_at = datetime.now(UTC).timestamp()
        return [self._seen(call) for call in chosen]

    @cached_property
    def _pinned(self) -> CallOptions:
        return self._wanted.pinned()

    @cached_property
    def _calls(self) -> list[RawCall]:
        """Oldest first; made when first asked for, as most sandboxes play another vendor."""
        return make_raw_calls(self._pinned)

    @cached_property
    def _numbers(self) -> list[dict[str, Any]]:
        return [dict(number) for number in NUMBERS]

    def _seen(self, call: RawCall) -> dict[str, Any]:
        """Return a call as it shows now: what the AI has not found out yet is null."""
        shown = call.shown
        if self._ai_at(call) > datetime.now(UTC).timestamp():
            shown = shown | dict.fromkeys(AI_FIELDS)
        if self.options.shows_ids:
            shown = shown | call.ids
        if self.options.shows_updated_at:
            shown = shown | {"updated_at": instant_text(datetime.fromtimestamp(self._changed_at(call), UTC))}
        return shown

    def _ai_at(self, call: RawCall) -> float:
        return call.ended_at + float(self.options.ai_delay_s)

    def _changed_at(self, call: RawCall) -> float:
        ai_at, last = self._ai_at(call), max(call.ended_at, call.updated_at)
        return max(last, ai_at) if ai_at <= datetime.now(UTC).timestamp() else last

    def _answer(self, make_body: Callable[[Mapping[str, str]], Any], allowed: Any) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                self._check_key(request)
                params, wrong = known_params(request, allowed, strict=self.options.unknown_params == "refuse")
                if wrong and allowed:
                    raise self._refusal(400, wrong)
                return json_response(make_body(params))
            except Refusal as refused:
                return refused.response

        return endpoint

    def _check_key(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        is_formed = scheme == "Bearer" and key and (key.startswith("cs_key_") or not self.options.strict_auth)
        worth = judge_key(self.options, key if is_formed else None)
        if worth == "wrong":
            raise self._refusal(401, "Invalid API key")
        if worth == "forbidden":
            raise self._refusal(403, "The Viewer role is required")
        rate = Rate(n=self.options.requests_per_minute, window_s=self.options.window_s)
        is_free, (used,) = self.rates.take(key, (rate,))
        if not is_free:
            headers = {"Retry-After": str(used.wait_s)} if self.options.retry_after else {}
            raise self._refusal(429, "Too many requests", headers)

    def _refusal(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Refusal:
        return Refusal(self._error_body(status, message), status=status, headers=headers)

    def _error_body(self, status: int, message: str) -> dict[str, Any]:
        if self.options.error_form == "object":
            return {"error": {"code": str(status), "message": message}}
        return {"error": message} if self.options.error_form == "string" else {"error": True, "message": message}

    def _nothing_here(self, _params: Mapping[str, str]) -> Any:
        raise self._refusal(404, "Not found")

    def _wrapped(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"data": body} if self.options.envelope else body

    def _analytics(self, params: Mapping[str, str]) -> Any:
        names = self._words(params, "group_by", GROUPS)
        if not 1 <= len(names) <= MAX_GROUPS:
            raise self._refusal(400, f"group_by takes 1 to {MAX_GROUPS} fields")
        metrics = self._words({"metrics": "count", **params}, "metrics", tuple(METRICS))
        by = self._word(params, "sort_by", (*METRICS, *names)) or "count"
        descending = (self._word(params, "sort_order", ("desc", "asc")) or "desc") == "desc"
        limit = self._number(params, "limit", default=100, lowest=1, highest=MAX_ROWS)
        calls = self._select(params, ends_after=timedelta(days=1 if self.options.end_date == "included" else 0))
        seen = [self._seen(call) | call.ids for call in calls]
        grouped = group_calls(seen, names, ZoneInfo(self.options.dates_zone))
        rows = ranked(to_rows(grouped, names, metrics), grouped, by=by, descending=descending, turn=next(self._turns))
        rows = [row | self.options.extra_fields for row in rows[:limit]]
        totals = {metric: METRICS[metric](seen) for metric in dict.fromkeys(["count", *metrics])}
        return self._wrapped({"data": rows, "totals": totals, "count": len(grouped)})

    def _list_calls(self, params: Mapping[str, str]) -> Any:
        limit = self._number(params, "limit", default=50, lowest=1, highest=MAX_PAGE)
        found = self._select(params, ends_after=timedelta(0))[::-1]
        kept = [self._seen(call) for call in found if self._passes_more(call, params)]
        if "transcription" in params.get("include", "").split(","):
            kept = [one | {"transcription": "Hello." if one["has_transcription"] else None} for one in kept]
        return self._page("calls", kept, params, limit)

    def _list_numbers(self, params: Mapping[str, str]) -> Any:
        limit = self._number(params, "limit", default=50, lowest=1, highest=MAX_PAGE)
        return self._page("numbers", self._numbers, params, limit)

    def _page(self, name: str, found: Sequence[dict[str, Any]], params: Mapping[str, str], limit: int) -> Any:
        """Cut a page out; a cursor wins over an offset."""
        first = self._number(params, "offset", default=0, lowest=0, highest=None)
        if "cursor" in params:
            last = self._read_cursor(params["cursor"])
            first = next((n for n, one in enumerate(found) if [one["created_at"], one["id"]] < last), len(found))
        rows = [one | self.options.extra_fields for one in found[first : first + limit]]
        more = first + limit < len(found)
        cursor = _to_cursor(rows[-1]) if more and name == "calls" else None
        body: dict[str, Any] = {name: rows}
        if self.options.tells_total:
            body["total"] = len(found)
        if self.options.cursor_at == "inside" and name == "calls":
            body["next_cursor"] = cursor
        wrapped = self._wrapped(body)
        if self.options.cursor_at == "top" and name == "calls":
            wrapped["next_cursor"] = cursor
        return wrapped

    def _read_cursor(self, text: str) -> Any:
        try:
            return orjson.loads(base64.urlsafe_b64decode(text))
        except ValueError:
            raise self._refusal(400, "Invalid cursor") from None

    def _select(self, params: Mapping[str, str], *, ends_after: timedelta) -> list[RawCall]:
        """Return the calls of the dates that pass the filters, oldest first."""
        calls = self._calls
        start, end = self._day(params, "start_date"), self._day(params, "end_date")
        place = partial(bisect_left, calls, key=lambda call: call.shown["created_at"])
        first = place(self._midnight(start)) if start else 0
        last = place(self._midnight(end + ends_after)) if end else len(calls)
        equal = {_EQUALS[n]: params[n] for n in _EQUALS if n in params}
        self._word(params, "status", STATUSES)
        self._word(params, "direction", DIRECTIONS)
        qualified = self._word(params, "qualified", ("true", "false"))
        lows = {
            f: self._number(params, n, default=0, lowest=0, highest=None) for n, f in _AT_LEAST.items() if n in params
        }
        highs = {
            f: self._number(params, n, default=0, lowest=0, highest=None) for n, f in _AT_MOST.items() if n in params
        }
        return [
            call
            for call in calls[first:last]
            if all(self._value(call, f) == value for f, value in equal.items())
            and all(self._value(call, f) is not None and self._value(call, f) >= low for f, low in lows.items())
            and all(self._value(call, f) is not None and self._value(call, f) <= high for f, high in highs.items())
            and (qualified is None or (self._value(call, "qualified_ai") is True) == (qualified == "true"))
        ]

    def _value(self, call: RawCall, name: str) -> Any:
        if name in AI_FIELDS and self._ai_at(call) > datetime.now(UTC).timestamp():
            return None
        return call.value(name)

    def _passes_more(self, call: RawCall, params: Mapping[str, str]) -> bool:
        """Apply the filters that only calls have."""
        since = self._instant(params, "updated_since")
        transcribed = self._word(params, "has_transcription", ("true", "false"))
        shown = call.shown
        texts = [shown[n] or "" for n in ("caller_number", "tracking_number", "destination_number", "caller_name")]
        return (
            (since is None or self._changed_at(call) >= since)
            and (transcribed is None or bool(self._value(call, "has_transcription")) == (transcribed == "true"))
            and params.get("caller_name", shown["caller_name"]) == shown["caller_name"]
            and any(params.get("search", "") in text for text in texts)
            and ("keyword" not in params or params["keyword"] in (self._value(call, "keywords_spotted") or ()))
        )

    def _midnight(self, day: date) -> str:
        return instant_text(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.options.dates_zone)))

    def _day(self, params: Mapping[str, str], name: str) -> date | None:
        text = params.get(name)
        if text is None:
            return None
        try:
            return date.fromisoformat(text if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else "")
        except ValueError:
            raise self._refusal(400, f"{name} must be YYYY-MM-DD") from None

    def _instant(self, params: Mapping[str, str], name: str) -> float | None:
        try:
            return datetime.fromisoformat(params[name]).timestamp() if name in params else None
        except ValueError:
            raise self._refusal(400, f"{name} must be ISO 8601") from None

    def _word(self, params: Mapping[str, str], name: str, allowed: Sequence[str]) -> str | None:
        word = params.get(name)
        if word is not None and word not in allowed:
            raise self._refusal(400, f"Invalid {name}: {word}")
        return word

    def _words(self, params: Mapping[str, str], name: str, allowed: Sequence[str]) -> list[str]:
        words = [word for word in params.get(name, "").split(",") if word]
        for word in words:
            self._word({name: word}, name, allowed)
        return words

    def _number(self, params: Mapping[str, str], name: str, *, default: int, lowest: int, highest: int | None) -> int:
        text = params.get(name, str(default))
        if not re.fullmatch(r"\d{1,9}", text) or int(text) < lowest or (highest is not None and int(text) > highest):
            raise self._refusal(400, f"{name} must be a number from {lowest}{f' to {highest}' if highest else ''}")
        return int(text)


def _to_cursor(row: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row["created_at"], row["id"]])).decode()
