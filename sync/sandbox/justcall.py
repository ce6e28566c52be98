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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.call_book import Selection
from sync.sandbox.calls import Call, CallOptions, instant_text
from sync.sandbox.exchange import Answer, Asked
from sync.sandbox.justcall_errors import refusal, usual_error
from sync.sandbox.vendor import (
    Endpoint,
    ListForm,
    Rate,
    Refusal,
    Used,
    VendorDesk,
    VendorOptions,
    ZoneName,
    json_response,
    judge_key,
    known_params,
)

CALL_PARAMS = frozenset({"start_date", "end_date", "direction", "agent_id", "number", "status", "page", "per_page"})
DIRECTIONS = ("inbound", "outbound", "all")
STATUSES = ("completed", "missed", "voicemail", "busy")
MAX_PER_PAGE = 100


@dataclass(slots=True, kw_only=True)
class JustCallOptions(VendorOptions):
    """What the admin address can change. `accepted_keys` and `forbidden_keys` hold "key:secret" texts."""

    strict_auth: bool = False
    rate_headers: Literal["help", "live", "none"] = "help"
    end_included: bool = True
    dates_zone: ZoneName = "UTC"


class _CallLists(ListForm):
    def shift_total(self, body: Any, delta: int) -> None:
        body["count"] += delta
        body["total_pages"] = max(0, body["total_pages"] + delta)


class JustCall(VendorDesk):
    """One account at the vendor: its calls, its options, and how much each key has used of its rate."""

    name: ClassVar[str] = "justcall"
    title: ClassVar[str] = "JustCall"
    lists = _CallLists()

    def __init__(self, calls: CallOptions, options: JustCallOptions | None = None) -> None:
        super().__init__(calls, options or JustCallOptions())

    def routes(self) -> list[Route]:
        """Return what is served below the vendor's prefix."""
        return [
            Route("/v2/calls", self._answer(self._calls), methods=["GET"]),
            Route("/v2/account", self._answer(self._account), methods=["GET"]),
            Route("/{rest:path}", self._answer(self._nothing_here)),
        ]

    def error(self, _asked: Asked, status: int, message: str) -> Answer:
        """Make the vendor's own error answer."""
        body = orjson.dumps(usual_error(status, message))
        return Answer(status=status, headers=((b"content-type", b"application/json"),), body=b"").with_body(body)

    def truth(self, kind: str) -> list[dict[str, Any]]:
        """Return the calls, newest first."""
        return {"calls": self.book.all}[kind]()

    def arrive(self, kind: str, n: int) -> list[dict[str, Any]]:
        """Let calls arrive."""
        return {"calls": self.book.arrive}[kind](n)

    def edit(
        self, kind: str, n: int, *, ids: Sequence[Any] = (), fields: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Edit calls."""
        if "call_id" in (fields or {}):
            raise ValueError("call_id is the key and does not change")
        return {"calls": self.book.edit}[kind](n, call_ids=ids, fields=fields)

    def _answer(self, make_body: Any) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            headers: dict[str, str] = {}
            try:
                key = self._check_key(request)
                headers = self._use_up(key)
                return json_response(make_body(request), headers=headers)
            except Refusal as refused:
                refused.response.headers.update(headers)
                return refused.response

        return endpoint

    def _check_key(self, request: Request) -> str:
        """Return the "key:secret" of the request, whichever spelling is allowed."""
        text = request.headers.get("authorization", "")
        key = text.removeprefix("Bearer ").strip() if not self.options.strict_auth else text
        worth = judge_key(self.options, key if re.fullmatch(r"[^\s:]+:[^\s:]+", key) else None)
        if worth == "wrong":
            raise refusal(401, "Invalid API key or secret.")
        if worth == "forbidden":
            raise refusal(403, "Your plan does not include API access.", "FORBIDDEN")
        return key

    def _use_up(self, key: str) -> dict[str, str]:
        """Use one request of the sliding minute of this key, and return the headers that say what is left."""
        rate = Rate(n=self.options.requests_per_minute, window_s=self.options.window_s)
        is_free, (used,) = self.rates.take(key, (rate,))
        headers = self._rate_headers(used)
        if is_free:
            return headers
        if self.options.retry_after:
            headers["Retry-After"] = str(used.wait_s)
        message = f"Rate limit exceeded. Retry after {used.wait_s} seconds."
        raise refusal(429, message, "RATE_LIMIT_EXCEEDED", headers)

    def _rate_headers(self, used: Used) -> dict[str, str]:
        if self.options.rate_headers == "none":
            return {}
        prefix = "X-RateLimit-" if self.options.rate_headers == "help" else "X-Rate-Limit-Burst-"
        values = {"Limit": used.rate.n, "Remaining": used.n_left, "Reset": int(time.time()) + used.wait_s}
        return {prefix + name: str(value) for name, value in values.items()}

    def _account(self, _request: Request) -> dict[str, Any]:
        return {
            "status": "success",
            "data": {"account_id": "acc_1001", "email": "owner@example.com", "plan": "team"},
        }

    def _nothing_here(self, _request: Request) -> dict[str, Any]:
        raise refusal(404, "Resource not found.", "NOT_FOUND")

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
        params, wrong = known_params(request, CALL_PARAMS, strict=self.options.unknown_params == "refuse")
        if wrong:
            raise refusal(400, wrong, "INVALID_PARAMETER")
        return params

    def _selection(self, params: Mapping[str, str]) -> Selection:
        start, end = _day(params, "start_date"), _day(params, "end_date")
        if start and end and end < start:
            raise refusal(422, "end_date is before start_date.", "INVALID_VALUE")
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
        raise refusal(400, f"{name} must be an integer.", "INVALID_PARAMETER")
    value = int(text)
    if value < 1 or (highest is not None and value > highest):
        allowed = f"between 1 and {highest}" if highest is not None else "1 or more"
        raise refusal(400, f"{name} must be {allowed}.", "INVALID_PARAMETER")
    return value


def _day(params: Mapping[str, str], name: str) -> date | None:
    text = params.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise refusal(400, f"{name} must have the form YYYY-MM-DD.", "INVALID_PARAMETER")
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise refusal(422, f"{name} is not a day of the calendar.", "INVALID_VALUE") from None


def _word(params: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    word = params.get(name)
    if word is not None and word not in allowed:
        raise refusal(422, f"{name} must be one of {', '.join(allowed)}.", "INVALID_VALUE")
    return word


def _phone_number(params: Mapping[str, str]) -> str:
    """Read `number`; a plus that was sent unencoded arrives as a space and is refused."""
    number = params.get("number", "")
    if "number" in params and not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        raise refusal(422, "number must be in E.164 form.", "INVALID_VALUE")
    return number
