"""CallRail's API v3: accounts, calls, companies. Written from its description alone.

Guesses, where the description is silent: days are those of the account's zone (option `dates_zone`), unless
`time_zone` is sent; the last day counts; newest first; `offset` counts pages; unknown parameters are refused. Without
dates only the last 30 days are given, and fields beyond the usual ones only on request, as described.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, ClassVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.call_book import Selection
from sync.sandbox.calls import Call, CallOptions, instant_text
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

ACCOUNTS = ({"id": "ACC111", "name": "Demo Account"}, {"id": "ACC222", "name": "Another Account"})
COMPANIES = tuple(
    {
        "id": f"COM{n}",
        "name": name,
        "status": "active" if n < 2 else "disabled",
        "time_zone": "America/New_York",
        "created_at": "2024-05-02T13:00:00.000Z",
        "disabled_at": None if n < 2 else "2026-01-05T08:30:00.000Z",
    }
    for n, name in enumerate(("Roof & Sons", "Größe GmbH", "=Old Shop"))
)
ON_REQUEST = (
    *("created_at", "source", "medium", "campaign", "keywords", "landing_page_url", "utm_source", "utm_medium"),
    *("utm_campaign", "device_type", "first_call", "company_id", "company_name", "lead_status", "tags", "note"),
)
CALL_PARAMS = (
    *("page", "per_page", "relative_pagination", "offset", "start_date", "end_date", "time_zone", "sort", "order"),
    *("fields", "company_id", "direction", "answer_status", "search"),
)
SEARCHED = ("customer_name", "customer_phone_number", "source", "tracking_phone_number", "note")
_USUAL = {400: "Bad request", 401: "HTTP Token: Access denied.", 403: "Forbidden", 404: "Not found", 429: "Rate limit"}


@dataclass(slots=True, kw_only=True)
class CallRailOptions(VendorOptions):
    """What the admin address can change."""

    dates_zone: ZoneName = "America/New_York"
    end_included: bool = True
    relative_paging: bool = True  # False: the wish for it is not heeded


class _Lists(ListForm):
    def page_before(self, asked: Asked) -> Asked | None:
        """Pages are counted by `page` from 1, or by `offset` from 0."""
        found = re.search(r"(?:^|&)offset=(\d+)", asked.query)
        if found is None or int(found[1]) < 1:
            return super().page_before(asked)
        return asked.with_query(asked.query[: found.start(1)] + str(int(found[1]) - 1) + asked.query[found.end(1) :])


class CallRail(VendorDesk):
    """The first of the accounts that every key sees."""

    name: ClassVar[str] = "callrail"
    title: ClassVar[str] = "CallRail"
    lists = _Lists()

    def __init__(self, calls: CallOptions, options: CallRailOptions | None = None) -> None:
        self._companies = [dict(company) for company in COMPANIES]
        super().__init__(calls, options or CallRailOptions())

    def reset(self) -> None:
        """Go back to the first data and options."""
        super().reset()
        self._companies = [dict(company) for company in COMPANIES]

    def routes(self) -> list[Route]:
        """Return what is served below the vendor's prefix."""
        return [
            Route("/v3/a.json", self._answer(self._list_accounts, ("page", "per_page")), methods=["GET"]),
            Route("/v3/a/{account}/calls.json", self._answer(self._list_calls, CALL_PARAMS), methods=["GET"]),
            Route(
                "/v3/a/{account}/companies.json",
                self._answer(self._list_companies, ("page", "per_page")),
                methods=["GET"],
            ),
            Route("/{rest:path}", self._answer(self._nothing_here, ())),
        ]

    def error(self, _asked: Asked, status: int, message: str) -> Answer:
        """Make the vendor's own error answer."""
        body = orjson.dumps({"error": message or _USUAL.get(status, "Internal error")})
        return Answer(status=status, headers=((b"content-type", b"application/json"),), body=b"").with_body(body)

    def truth(self, kind: str) -> list[dict[str, Any]]:
        """Return calls with every field, newest first, or companies."""
        found: Mapping[str, Callable[[], list[dict[str, Any]]]] = {
            "calls": lambda: [to_call_rail(call) for call in self.book.all()],
            "companies": lambda: self._companies,
        }
        return found[kind]()

    def arrive(self, kind: str, n: int) -> list[dict[str, Any]]:
        """Let calls come in."""
        return [to_call_rail(call) for call in {"calls": self.book.arrive}[kind](n)]

    def edit(
        self, kind: str, n: int, *, ids: Sequence[Any] = (), fields: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Change calls or companies, as people do, or to `fields`."""
        if {"id", "start_time"} & set(fields or {}):
            raise ValueError("id and start_time do not change")
        if kind == "companies":
            known = {company["id"]: company for company in self._companies}
            for one in ids:
                known[one].update(fields or {"name": "Renamed"})
            return [known[one] for one in ids]
        own = {_id_of(call): call["call_id"] for call in {"calls": self.book.all}[kind]()} if ids else {}
        wanted = {"callrail": dict(fields)} if fields else None
        return [to_call_rail(call) for call in self.book.edit(n, call_ids=[own[one] for one in ids], fields=wanted)]

    def _answer(self, make_body: Callable[[Request, Mapping[str, str]], Any], allowed: Sequence[str]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                self._check_key(request)
                params, wrong = known_params(request, allowed, strict=self.options.unknown_params == "refuse")
                if wrong and allowed:
                    raise _refusal(400, wrong)
                return json_response(make_body(request, params))
            except Refusal as refused:
                return refused.response

        return endpoint

    def _check_key(self, request: Request) -> None:
        found = re.fullmatch(r'Token token="?([^"\s]+)"?', request.headers.get("authorization", ""))
        worth = judge_key(self.options, found[1] if found else None)
        if found is None or worth == "wrong":
            raise _refusal(401, _USUAL[401])
        if worth == "forbidden":
            raise _refusal(403, "Forbidden")
        rate = Rate(n=self.options.requests_per_minute, window_s=self.options.window_s)
        is_free, (used,) = self.rates.take(found[1], (rate,))
        if not is_free:
            headers = {"Retry-After": str(used.wait_s)} if self.options.retry_after else {}
            raise _refusal(429, "Rate limit exceeded", headers)

    def _nothing_here(self, _request: Request, _params: Mapping[str, str]) -> Any:
        raise _refusal(404, "Not found")

    def _list_accounts(self, _request: Request, params: Mapping[str, str]) -> Any:
        return _numbered("accounts", ACCOUNTS, params)

    def _list_companies(self, request: Request, params: Mapping[str, str]) -> Any:
        self._check_account(request)
        return _numbered("companies", [one | self.options.extra_fields for one in self._companies], params)

    def _check_account(self, request: Request) -> None:
        if request.path_params["account"] != ACCOUNTS[0]["id"]:
            raise _refusal(404, "Account not found")

    def _list_calls(self, request: Request, params: Mapping[str, str]) -> Any:
        self._check_account(request)
        found = self._select(params)
        hidden = set(ON_REQUEST) - set(params.get("fields", "").split(","))
        if params.get("relative_pagination") != "true" or not self.options.relative_paging:
            whole = _numbered("calls", found, params)
            return whole | {"calls": [self._shown(call, hidden) for call in whole["calls"]]}
        at, size = _number(params, "offset", 0), _number(params, "per_page", 100, highest=250)
        more = (at + 1) * size < len(found)
        page = [self._shown(call, hidden) for call in found[at * size : (at + 1) * size]]
        body: dict[str, Any] = {"per_page": size, "has_next_page": more, "calls": page}
        # Without the filters, as links of this kind are known to come
        query = urlencode({"relative_pagination": "true", "per_page": size, "offset": at + 1})
        return body | {"next_page": f"{request.url.replace(query='')}?{query}" if more else None}

    def _shown(self, call: Call, hidden: Collection[str]) -> dict[str, Any]:
        shown = {n: v for n, v in to_call_rail(call).items() if n not in hidden}
        return shown | dict(self.options.extra_fields)

    def _select(self, params: Mapping[str, str]) -> list[Call]:
        """Return the calls asked for; newest first unless told otherwise."""
        zone = ZoneInfo(params.get("time_zone", self.options.dates_zone))
        first, last = _day(params, "start_date"), _day(params, "end_date")
        if first is None and last is None:
            first = (datetime.now(UTC) - timedelta(days=30)).astimezone(zone).date()
        day_after = timedelta(days=1 if self.options.end_included else 0)
        start = instant_text(_midnight(first, zone)) if first else ""
        end = instant_text(_midnight(last + day_after, zone)) if last else ""
        kept = self.book.select(Selection(start=start, end=end))
        if {"company_id", "direction", "answer_status", "search"} & set(params):
            kept = [call for call in kept if _passes(to_call_rail(call), params)]
        return kept[::-1] if params.get("order") == "asc" else kept


def _passes(call: Mapping[str, Any], params: Mapping[str, str]) -> bool:
    status = "answered" if call["answered"] else "voicemail" if call["voicemail"] else "missed"
    known = {"company_id": call["company_id"], "direction": call["direction"], "answer_status": status}
    words = params.get("search", "").casefold()
    return all(known[n] == params[n] for n in known if n in params) and (
        not words or any(words in str(call[n] or "").casefold() for n in SEARCHED)
    )


def _id_of(call: Call) -> str:
    return "CAL" + uuid.uuid5(uuid.NAMESPACE_DNS, f"{call['call_id']}.example.com").hex


def to_call_rail(call: Call) -> dict[str, Any]:
    """Turn a made-up call into one of CallRail's; the same call gives the same one."""
    rng = Random(call["call_id"])
    outbound, recorded = call["direction"] == "outbound", call["recording_url"] is not None
    line, customer = (call["from"], call["to"]) if outbound else (call["to"], call["from"])
    began_at = datetime.fromisoformat(call["started_at"])
    company, campaign = rng.choice(COMPANIES[:2]), rng.choice(("spring", "brand", None))
    return {
        "id": _id_of(call),
        "answered": call["status"] == "completed",
        "voicemail": call["status"] == "voicemail",
        "business_phone_number": f"+1303555{rng.randrange(10_000):04d}",
        "customer_city": rng.choice(("Denver", "Köln", "")),
        "customer_country": "US",
        "customer_name": f"Caller {rng.randrange(900)}" if rng.random() < 0.6 else None,
        "customer_phone_number": customer,
        "customer_state": "CO",
        "direction": call["direction"],
        "duration": call["duration"],
        "recording": call["recording_url"],
        "recording_duration": str(call["duration"]) if recorded else None,
        "recording_player": None,
        "start_time": began_at.astimezone(ZoneInfo("America/New_York")).isoformat(timespec="milliseconds"),
        "tracking_phone_number": line,
        "created_at": call["ended_at"],
        "source": rng.choice(("Google Ads", "Google Organic", "Direct", "=Partner")),
        "medium": rng.choice(("cpc", "organic", "direct")),
        "campaign": campaign,
        "keywords": "roof repair" if campaign else None,
        "landing_page_url": "https://www.example.com/",
        "utm_source": "google" if campaign else None,
        "utm_medium": "cpc" if campaign else None,
        "utm_campaign": campaign,
        "device_type": rng.choice(("Desktop", "Mobile")),
        "first_call": rng.random() < 0.5,
        "company_id": company["id"],
        "company_name": company["name"],
        "lead_status": rng.choice(("good_lead", "not_a_lead", None)),
        "tags": call["tags"],
        "note": call["notes"],
        **call.get("callrail", {}),
    }


def _numbered(name: str, found: Sequence[Any], params: Mapping[str, str]) -> dict[str, Any]:
    page, size = _number(params, "page", 1), _number(params, "per_page", 100, highest=250)
    return {
        "page": page,
        "per_page": size,
        "total_pages": max(1, math.ceil(len(found) / size)),
        "total_records": len(found),
        name: list(found[(page - 1) * size : page * size]),
    }


def _number(params: Mapping[str, str], name: str, default: int, *, highest: int | None = None) -> int:
    text = params.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text) or (highest and not 1 <= int(text) <= highest):
        raise _refusal(400, f"{name} is invalid")
    return int(text)


def _day(params: Mapping[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(params[name][:10]) if name in params else None
    except ValueError:
        raise _refusal(400, f"{name} is invalid") from None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Refusal:
    return Refusal({"error": message}, status=status, headers=headers)
