"""JustCall's call logs and account check, as its help centre describes them. Written from the description alone.

Guesses, where the description is silent: days are UTC days (option `dates_zone`); `end_date` is included (option
`end_included`); newest first; a page past the last is empty; unknown parameters are refused (option
`unknown_params`); a value that cannot be read is 400, one that can but makes no sense is 422; an empty result has
no pages; refused requests do not use up the rate.
"""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.call_book import CallBook, Selection
from sync.sandbox.calls import Call, instant_text

CALL_PARAMS = frozenset({"start_date", "end_date", "direction", "agent_id", "number", "status", "page", "per_page"})
DIRECTIONS = ("inbound", "outbound", "all")
STATUSES = ("completed", "missed", "voicemail", "busy")
MAX_PER_PAGE = 100


@dataclass(slots=True, kw_only=True)
class JustCallOptions:
    """What the admin address can change. `accepted_keys` and `forbidden_keys` hold "key:secret" texts."""

    requests_per_minute: int = 60
    window_s: float = 60.0
    accepted_keys: list[str] | None = None
    forbidden_keys: list[str] = field(default_factory=list)
    strict_auth: bool = False
    retry_after: bool = True
    rate_headers: Literal["help", "live", "none"] = "help"
    end_included: bool = True
    dates_zone: str = "UTC"
    extra_fields: dict[str, Any] = field(default_factory=dict)
    unknown_params: Literal["refuse", "ignore"] = "refuse"


class Refusal(Exception):
    """An answer other than 200, in the vendor's form."""

    def __init__(self, status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.response = json_response(error_body(message, code), status=status, headers=headers)


def error_body(message: str, code: str = "") -> dict[str, str]:
    """Make the vendor's error body; the refusal of a key carries no code."""
    return {"status": "error", "message": message} | ({"error_code": code} if code else {})


def json_response(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(orjson.dumps(body), status_code=status, headers=dict(headers or {}), media_type="application/json")


class JustCall:
    """One account at the vendor: its calls, its options, and how much each key has used of its rate."""

    def __init__(self, book: CallBook) -> None:
        self.book = book
        self.options = JustCallOptions()
        self._asked: dict[str, deque[float]] = {}

    def reset(self) -> None:
        """Go back to the first calls and the default options."""
        self.book.reset()
        self.options = JustCallOptions()
        self._asked.clear()

    def routes(self) -> list[Route]:
        """Return what is served below the vendor's prefix."""
        return [
            Route("/v2/calls", self._answer(self._calls), methods=["GET"]),
            Route("/v2/account", self._answer(self._account), methods=["GET"]),
            Route("/{rest:path}", self._answer(self._nothing_here)),
        ]

    def _answer(self, make_body: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            headers: dict[str, str] = {}
            try:
                key = self._check_key(request)
                headers = self._count(key)
                return json_response(make_body(request), headers=headers)
            except Refusal as refusal:
                refusal.response.headers.update(headers)
                return refusal.response

        return endpoint

    def _check_key(self, request: Request) -> str:
        """Return the "key:secret" of the request, whichever spelling is allowed."""
        text = request.headers.get("authorization", "")
        key = text.removeprefix("Bearer ").strip() if not self.options.strict_auth else text
        known = self.options.accepted_keys
        well_formed = re.fullmatch(r"[^\s:]+:[^\s:]+", key) is not None
        if not well_formed or (known is not None and key not in known and key not in self.options.forbidden_keys):
            raise Refusal(401, "Invalid API key or secret.")
        if key in self.options.forbidden_keys:
            raise Refusal(403, "Your plan does not include API access.", "FORBIDDEN")
        return key

    def _count(self, key: str) -> dict[str, str]:
        """Use one request of the sliding minute of this key, and return the headers that say what is left."""
        limit, window_s, now = self.options.requests_per_minute, self.options.window_s, time.monotonic()
        asked = self._asked.setdefault(key, deque())
        while asked and asked[0] <= now - window_s:
            asked.popleft()
        refused = len(asked) >= limit
        if not refused:
            asked.append(now)
        wait_s = math.ceil((asked[0] + window_s - now) if asked else window_s)
        headers = self._rate_headers(limit, limit - len(asked), wait_s)
        if refused:
            if self.options.retry_after:
                headers["Retry-After"] = str(wait_s)
            message = f"Rate limit exceeded. Retry after {wait_s} seconds."
            raise Refusal(429, message, "RATE_LIMIT_EXCEEDED", headers)
        return headers

    def _rate_headers(self, limit: int, remaining: int, wait_s: int) -> dict[str, str]:
        if self.options.rate_headers == "none":
            return {}
        prefix = "X-RateLimit-" if self.options.rate_headers == "help" else "X-Rate-Limit-Burst-"
        values = {"Limit": limit, "Remaining": max(0, remaining), "Reset": int(time.time()) + wait_s}
        return {prefix + name: str(value) for name, value in values.items()}

    def _account(self, _request: Request) -> dict[str, Any]:
        return {
            "status": "success",
            "data": {"account_id": "acc_1001", "email": "owner@example.com", "plan": "team"},
        }

    def _nothing_here(self, _request: Request) -> dict[str, Any]:
        raise Refusal(404, "Resource not found.", "NOT_FOUND")

    def _calls(self, request: Request) -> dict[str, Any]:
        params = self._known_params(request)
        page = _number(params, "page", default=1, highest=None)
        per_page = _number(params, "per_page", default=25, highest=MAX_PER_PAGE)
        found = self.book.select(self._selection(params))
        first = (page - 1) * per_page
        return {
            "status": "success",
            "count": len(found),
            "data": [self._record(call) for call in found[first : first + per_page]],
            "page": page,
            "per_page": per_page,
            "total_pages": math.ceil(len(found) / per_page),
        }

    def _record(self, call: Call) -> Call:
        return {**call, **self.options.extra_fields} if self.options.extra_fields else call

    def _known_params(self, request: Request) -> dict[str, str]:
        params = dict(request.query_params.multi_items())
        if len(params) != len(request.query_params.multi_items()):
            raise Refusal(400, "A parameter is given twice.", "INVALID_PARAMETER")
        unknown = sorted(set(params) - CALL_PARAMS)
        if unknown and self.options.unknown_params == "refuse":
            raise Refusal(400, f"Unknown parameter: {', '.join(unknown)}.", "INVALID_PARAMETER")
        return params

    def _selection(self, params: Mapping[str, str]) -> Selection:
        start, end = _day(params, "start_date"), _day(params, "end_date")
        if start and end and end < start:
            raise Refusal(422, "end_date is before start_date.", "INVALID_VALUE")
        words: list[tuple[str, Any]] = []
        if (direction := _word(params, "direction", DIRECTIONS)) not in {None, "all"}:
            words.append(("direction", direction))
        if (status := _word(params, "status", STATUSES)) is not None:
            words.append(("status", status))
        if "agent_id" in params:
            words.append(("agent_id", _number(params, "agent_id", default=0, highest=None)))
        day_after = timedelta(days=1 if self.options.end_included else 0)
        return Selection(
            start=self._midnight(start) if start else "",
            end=self._midnight(end + day_after) if end else "",
            words=tuple(words),
            number=_phone_number(params),
        )

    def _midnight(self, day: date) -> str:
        return instant_text(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.options.dates_zone)))


def _number(params: Mapping[str, str], name: str, *, default: int, highest: int | None) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise Refusal(400, f"{name} must be an integer.", "INVALID_PARAMETER")
    value = int(text)
    if value < 1 or (highest is not None and value > highest):
        allowed = f"between 1 and {highest}" if highest is not None else "1 or more"
        raise Refusal(400, f"{name} must be {allowed}.", "INVALID_PARAMETER")
    return value


def _day(params: Mapping[str, str], name: str) -> date | None:
    text = params.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise Refusal(400, f"{name} must have the form YYYY-MM-DD.", "INVALID_PARAMETER")
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise Refusal(422, f"{name} is not a day of the calendar.", "INVALID_VALUE") from None


def _word(params: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    word = params.get(name)
    if word is not None and word not in allowed:
        raise Refusal(422, f"{name} must be one of {', '.join(allowed)}.", "INVALID_VALUE")
    return word


def _phone_number(params: Mapping[str, str]) -> str:
    """Read `number`; a plus that was sent unencoded arrives as a space and is refused."""
    number = params.get("number", "")
    if "number" in params and not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        raise Refusal(422, "number must be in E.164 form.", "INVALID_VALUE")
    return number
