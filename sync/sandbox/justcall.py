"""JustCall: both dialects over one account, its keys and its rates. Written from the descriptions alone.

Guesses, where the descriptions are silent: days are UTC days (option `dates_zone`); `end_date` is included in the call
logs (option `end_included`); newest first; a page past the last is empty; unknown parameters are refused (option
`unknown_params`); a value that cannot be read is 400, one that can but makes no sense is 422; an empty result has no
pages; refused requests do not use up the rate; both spellings of the key are accepted everywhere unless `strict_auth`;
v2.1 counts so many requests an hour, and 60 times those of a minute where `requests_per_hour` is not set.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.calls import AGENTS, NUMBERS, CallOptions
from sync.sandbox.exchange import Answer, Asked
from sync.sandbox.justcall_analytics import Analytics, analytics_call, analytics_text
from sync.sandbox.justcall_calls import CallLogs
from sync.sandbox.justcall_errors import live_error_body, refusal, usual_error
from sync.sandbox.justcall_live import BASE, Live
from sync.sandbox.justcall_records import live_call, live_number, live_text, live_user
from sync.sandbox.texts import TextBook
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
)


@dataclass(slots=True, kw_only=True)
class JustCallOptions(VendorOptions):
    """What the admin address can change. `accepted_keys` and `forbidden_keys` hold "key:secret" texts."""

    strict_auth: bool = False
    opens_analytics: bool = True
    rate_headers: Literal["help", "live", "none"] = "help"
    end_included: bool = True
    dates_zone: ZoneName = "UTC"
    summary_is_list: bool = False
    user_zone: ZoneName = "America/New_York"
    requests_per_hour: int | None = None
    first_page: Literal[0, 1] = 1
    last_link: Literal["empty", "null", "absent"] = "empty"
    envelope: Literal["whole", "no_total", "bare"] = "whole"
    links_keep_filters: bool = False


class _Lists(ListForm):
    def shift_total(self, body: Any, delta: int) -> None:
        """Change the number of rows, wherever this dialect tells it."""
        if not isinstance(body, dict):
            return
        for holder in (body, body.get("pagination")):
            if not isinstance(holder, dict):
                continue
            total_of_all = "count" if "total_pages" in holder else ""
            for name in (total_of_all, "total_records", "total_pages", "total_count", "total_texts"):
                if name in holder:
                    holder[name] = max(0, holder[name] + delta)

    def records_in(self, body: Any) -> list[Any]:
        """Find records, also where a report is one object."""
        found = super().records_in(body)
        if found or not isinstance(body, dict):
            return found
        single = body.get("data") if isinstance(body.get("data"), dict) else body if "summary" in body else None
        return [single] if single else []


class JustCall(VendorDesk):
    """One account at the vendor: its calls and messages, its options, and how much each key has used of its rate."""

    name: ClassVar[str] = "justcall"
    title: ClassVar[str] = "JustCall"
    lists = _Lists()

    def __init__(self, calls: CallOptions, options: JustCallOptions | None = None) -> None:
        super().__init__(calls, options or JustCallOptions())
        self.texts = TextBook(calls)

    def reset(self) -> None:
        """Go back to the first data and options."""
        super().reset()
        self.texts.reset()

    def routes(self) -> list[Route]:
        """Return what is served below the vendor's prefix."""
        families = (
            CallLogs(self.book, lambda: self.options),
            Analytics(self.book, self.texts, lambda: self.options),
            Live(self.book, self.texts, lambda: self.options),
        )
        endpoints: dict[str, Callable[[Request], Any]] = {}
        for family in families:
            endpoints |= family.endpoints()
        return [
            *(Route(path, self._answer(make), methods=["GET"]) for path, make in endpoints.items()),
            Route("/{rest:path}", self._answer(_nothing_here)),
        ]

    def error(self, asked: Asked, status: int, message: str) -> Answer:
        """Make the vendor's own error answer, in the form of the dialect that was asked."""
        is_live = f"{BASE}/" in asked.path
        body = orjson.dumps(live_error_body(status, message) if is_live else usual_error(status, message))
        return Answer(status=status, headers=((b"content-type", b"application/json"),), body=b"").with_body(body)

    def truth(self, kind: str) -> list[dict[str, Any]]:
        """Return records as the vendor has them, newest first: calls in the form of the call logs, and others."""
        zone = ZoneInfo(self.options.user_zone)
        makers: dict[str, Callable[[], list[dict[str, Any]]]] = {
            "calls": self.book.all,
            "texts": self.texts.all,
            "analytics_calls": lambda: [analytics_call(call) for call in self.book.all()],
            "analytics_sms": lambda: [analytics_text(text) for text in self.texts.all()],
            "live_calls": lambda: [live_call(call, zone) for call in self.book.all()],
            "live_texts": lambda: [live_text(text, zone) for text in self.texts.all()],
            "users": lambda: [live_user(agent) for agent in AGENTS],
            "phone_numbers": lambda: [live_number(number) for number in NUMBERS],
        }
        return makers[kind]()

    def arrive(self, kind: str, n: int) -> list[dict[str, Any]]:
        """Let calls or messages arrive."""
        return {"calls": self.book.arrive, "texts": self.texts.arrive}[kind](n)

    def edit(
        self, kind: str, n: int, *, ids: Sequence[Any] = (), fields: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Edit calls or messages, by the ids of the call logs and of the made-up messages."""
        for key in {"call_id", "message_id"} & set(fields or {}):
            raise ValueError(f"{key} is the key and does not change")
        if kind == "texts":
            return self.texts.edit(n, ids=ids, fields=fields)
        return {"calls": self.book.edit}[kind](n, call_ids=ids, fields=fields)

    def _answer(self, make_body: Callable[[Request], Any]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            headers: dict[str, str] = {}
            is_live = f"{BASE}/" in request.url.path
            try:
                key = self._check_key(request)
                headers = self._use_up(key, is_live=is_live)
                return json_response(make_body(request), headers=headers)
            except Refusal as refused:
                response = refused.response
                if is_live:
                    words = str(orjson.loads(bytes(response.body)).get("message", ""))
                    body = live_error_body(response.status_code, "" if response.status_code == 401 else words)
                    response = json_response(body, status=response.status_code, headers=_kept(response))
                response.headers.update(headers)
                return response

        return endpoint

    def _check_key(self, request: Request) -> str:
        """Return the "key:secret" of the request; the spelling that belongs to the endpoint, if that is strict."""
        text = request.headers.get("authorization", "")
        key = text.removeprefix("Bearer ").strip()
        if self.options.strict_auth and ("/analytics/" in request.url.path and BASE not in request.url.path) != (
            text != key
        ):
            key = ""
        worth = judge_key(self.options, key if re.fullmatch(r"[^\s:]+:[^\s:]+", key) else None)
        if worth == "wrong":
            raise refusal(401, "Invalid API key or secret.")
        if worth == "forbidden":
            raise refusal(403, "Your plan does not include API access.", "FORBIDDEN")
        if "/analytics/" in request.url.path and not self.options.opens_analytics:
            raise refusal(403, "Your plan does not include analytics.", "FORBIDDEN")
        return key

    def _use_up(self, key: str, *, is_live: bool) -> dict[str, str]:
        """Use one request of the windows of this key, and return the headers that say what is left."""
        rates = [Rate(n=self.options.requests_per_minute, window_s=self.options.window_s)]
        if is_live:
            per_hour = self.options.requests_per_hour or 60 * self.options.requests_per_minute
            rates.append(Rate(n=per_hour, window_s=3600.0))
        is_free, used = self.rates.take(key, rates)
        headers = self._rate_headers(used, is_live=is_live)
        if is_free:
            return headers
        wait_s = max(one.wait_s for one in used if not one.n_left)
        if self.options.retry_after:
            headers["Retry-After"] = str(wait_s)
        raise refusal(429, f"Rate limit exceeded. Retry after {wait_s} seconds.", "RATE_LIMIT_EXCEEDED", headers)

    def _rate_headers(self, used: Sequence[Used], *, is_live: bool) -> dict[str, str]:
        if self.options.rate_headers == "none":
            return {}
        prefixes = ["X-Rate-Limit-Burst-", "X-Rate-Limit-"]
        if not is_live and self.options.rate_headers == "help":
            prefixes = ["X-RateLimit-"]
        headers: dict[str, str] = {}
        for prefix, one in zip(prefixes, used, strict=False):
            values = {"Limit": one.rate.n, "Remaining": one.n_left, "Reset": int(time.time()) + one.wait_s}
            headers |= {prefix + name: str(value) for name, value in values.items()}
        return headers


def _nothing_here(_request: Request) -> dict[str, Any]:
    raise refusal(404, "Resource not found.", "NOT_FOUND")


def _kept(response: Response) -> dict[str, str]:
    return {k: v for k, v in response.headers.items() if k.lower() not in ("content-length", "content-type")}
