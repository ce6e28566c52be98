"""Aircall: the REST API and the Analytics exports, as its pages and those who use it describe them.

Guesses, where they are silent: `from` and `to` are both included; a call carries its start as its creation; unknown
parameters are refused (option `unknown_params`); refused requests do not use up the rate; headers tell of the rate only
once it is used up, and its reset in epoch seconds.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Literal

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.aircall_data import Values, contact_of, days_from, numbers, statuses, teams, to_rest, users
from sync.sandbox.aircall_exports import Export, ExportShelf, Wanted, store_error, understand
from sync.sandbox.aircall_queries import SEARCH_TESTS, list_params, page_number, passes, unix_seconds
from sync.sandbox.aircall_reports import Facts, Manner, columns_of, rows_of, write_file
from sync.sandbox.calls import Call, CallOptions
from sync.sandbox.exchange import Answer, Asked
from sync.sandbox.vendor import ListForm, Rate, Refusal, VendorDesk, VendorOptions, json_response, judge_key

MAX_PER_PAGE, PER_PAGE = 50, 20
LIST_PARAMS = ("page", "per_page", "order", "from", "to")
FLAGS = ("fetch_contact", "fetch_short_urls", "fetch_call_timeline", "fetch_aiva_conv")
SEARCHES = ("direction", "user_id", "phone_number", "tags[]")
FORGETS_CALLS, FORGETS_STATUSES = timedelta(days=184), timedelta(days=7)


@dataclass(slots=True, kw_only=True)
class AircallOptions(VendorOptions):
    """What the admin address can change. Keys are "api_id:api_token", or a token; a forbidden one lacks Analytics+.

    `clock_ahead_s` moves the clock by which links and exports expire. `n_pending` is how often an export is asked after
    before it is done; -1: in the answer to the request. `manner` holds what Manner knows: how a file is written.
    """

    requests_per_minute: int = 120
    n_pending: int = 1
    pending_word: str = "PENDING"
    create_status: Literal[200, 201, 202] = 201
    fail_words: str = ""
    max_rows: int | None = None
    link_s: float = 3600.0
    export_s: float = 86_400.0
    clock_ahead_s: float = 0.0
    link_host: str = ""
    export_end_included: bool = True
    users_v2: bool = True
    cap: int = 10_000
    manner: dict[str, Any] = field(default_factory=dict)


class AircallLists(ListForm):
    """Totals are in the block called meta."""

    def shift_total(self, body: Any, delta: int) -> None:
        """Add to the total of a list."""
        if isinstance(body, dict) and isinstance(body.get("meta"), dict):
            body["meta"]["total"] += delta


class Aircall(VendorDesk):
    """One company at Aircall."""

    name: ClassVar[str] = "aircall"
    title: ClassVar[str] = "Aircall"
    lists: ListForm = AircallLists()

    def __init__(self, calls: CallOptions) -> None:
        super().__init__(calls, AircallOptions())
        self._calls_options = calls
        self._shelf = ExportShelf(lambda: time.time() + float(self.options.clock_ahead_s))
        self._changed: dict[tuple[str, Any], Values] = {}
        self._statuses: list[Values] = []
        self._made: list[Values] | None = None

    def reset(self) -> None:
        """Go back to the first data and options."""
        super().reset()
        self._shelf.clear()
        self._changed.clear()
        self._statuses.clear()
        self._made = None

    def routes(self) -> list[Route]:
        """Return what is served below the vendor's prefix."""
        export = "/v1/analytics/report/export"
        return [
            Route("/v1/ping", self._answering(lambda _: {"ping": "pong"})),
            Route("/v1/calls", self._answering(lambda r: self._list(r, "calls", self._select_calls(r, ())))),
            Route(
                "/v1/calls/search", self._answering(lambda r: self._list(r, "calls", self._select_calls(r, SEARCHES)))
            ),
            Route("/v1/users", self._answering(lambda r: self._list(r, "users", users(numbers=True)))),
            Route("/v2/users", self._answering(self._new_users)),
            Route("/v1/teams", self._answering(lambda r: self._list(r, "teams", teams()))),
            Route("/v1/numbers", self._answering(lambda r: self._list(r, "numbers", numbers()))),
            Route(export, self._create, methods=["POST"]),
            Route(export + "/{id}", self._answering(self._look, analytics=True)),
            Route("/files/{name}", self._file),
            Route("/{rest:path}", self._answering(_nothing_here)),
        ]

    def error(self, asked: Asked, status: int, message: str) -> Answer:
        """Make the vendor's own error answer, or that of the store of files."""
        if "/files/" in asked.path:
            body, kind = store_error("SlowDown" if status >= 429 else "AccessDenied", message), b"application/xml"
        else:
            measured = {401: {"message": "Unauthorized"}, 403: {"message": "Forbidden"}, 404: {"message": "Not Found"}}
            words = {"error": message or "Failed", "troubleshoot": message or "Something went wrong."}
            body = orjson.dumps(words if message else measured.get(status, words))
            kind = b"application/json"
        return Answer(status=status, headers=((b"content-type", kind),), body=b"").with_body(body)

    def truth(self, kind: str) -> list[dict[str, Any]]:
        """Return calls, users, teams, numbers in the form of REST, or the statuses of users."""
        if kind == "user_status_history":
            return [_plain(row) for row in self._all_statuses(None)]
        return self._lists()[kind]

    def _lists(self) -> Mapping[str, list[Values]]:
        return {"calls": self._calls(), "users": users(numbers=False), "teams": teams(), "numbers": numbers()}

    def arrive(self, kind: str, n: int) -> list[dict[str, Any]]:
        """Let calls end now, or statuses begin."""
        self._made = None
        if kind == "calls":
            return [self._rest(call) for call in self.book.arrive(n)]
        if kind != "user_status_history":
            raise KeyError(kind)
        made = [
            {
                "user_id": 1001 + (len(self._statuses) + k) % 12,
                "user": f"Agent {1001 + (len(self._statuses) + k) % 12}",
                "user_email": None,
                "team": "Sales",
                "status": f"Status {len(self._statuses) + k}",
                "started_at": self._now(),
                "ended_at": None,
                "duration": None,
                "next_status": None,
            }
            for k in range(n)
        ]
        self._statuses += made
        return [_plain(row) for row in made]

    def edit(
        self, kind: str, n: int, *, ids: Sequence[Any] = (), fields: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Change calls as people do, or to fields of REST; statuses end, or get `fields`."""
        if kind == "calls":
            return self._edit_calls(n, ids, fields)
        if kind != "user_status_history":
            raise KeyError(kind)
        open_ones = [row for row in self._all_statuses(None) if row["ended_at"] is None][: n or None]
        for row in open_ones:
            ended = {"ended_at": row["started_at"] + timedelta(minutes=7), "duration": 420}
            self._changed[kind, _status_id(row)] = {**ended, **(fields or {})}
        return [_plain(row) for row in open_ones]

    def _edit_calls(self, n: int, ids: Sequence[Any], fields: Mapping[str, Any] | None) -> list[Values]:
        if fields and "id" in fields:
            raise ValueError("id is the key and does not change")
        if not ids and not fields:
            self._made = None
            return [self._rest(call) for call in self.book.edit(n)]
        known = {call["id"]: call for call in self._calls()}
        chosen = [int(one) for one in ids] or list(known)[:n]
        for one in chosen:
            known[one].update(_as_rest(one, fields or {}))
            self._changed["calls", one] = {**self._changed.get(("calls", one), {}), **(fields or {})}
        if fields and "started_at" in fields:
            self._made = None
        return [known[one] for one in chosen]

    def _now(self) -> datetime:
        """Return the end of the made-up calls, or now."""
        return self._calls_options.until or datetime.now(UTC)

    def _rest(self, call: Call) -> Values:
        made = to_rest(call)
        return {**made, **_as_rest(made["id"], self._changed.get(("calls", made["id"]), {}))}

    def _calls(self) -> list[Values]:
        """Return every call, oldest first."""
        if self._made is None:
            made = (self._rest(call) for call in self.book.all())
            self._made = sorted(made, key=lambda call: (call["started_at"], call["id"]))
        return self._made

    def _all_statuses(self, days: Iterable[date] | None) -> list[Values]:
        last = self._now().date() + timedelta(days=1)
        kept = days_from(last - timedelta(days=self._calls_options.days + 1), last)
        if days is not None:
            kept = sorted(set(kept) & set(days))
        found = [*statuses(self._calls_options.seed, kept, self._now()), *self._statuses]
        return [{**row, **self._changed.get(("user_status_history", _status_id(row)), {})} for row in found]

    # REST

    def _answering(self, make: Callable[[Request], Any], *, analytics: bool = False) -> Any:
        async def endpoint(request: Request) -> Response:
            try:
                self._let_in(request, analytics=analytics)
                return json_response(make(request))
            except Refusal as refusal:
                return refusal.response

        return endpoint

    def _let_in(self, request: Request, *, analytics: bool) -> None:
        """Check the credential as measured, then the rate."""
        text = request.headers.get("authorization")
        if text is None:
            raise Refusal({"message": "Unauthorized"}, status=401)
        key = _key_in(text)
        judged = judge_key(self.options, key)
        if key is None or judged == "wrong" or (analytics and judged == "forbidden"):
            raise Refusal({"message": "Forbidden"}, status=403)
        is_free, [used] = self.rates.take(
            key, [Rate(n=self.options.requests_per_minute, window_s=self.options.window_s)]
        )
        if not is_free:
            reset = int(time.time()) + used.wait_s
            rate = {"Limit": used.rate.n, "Remaining": 0, "Reset": reset}
            headers = {f"X-AircallApi-{name}": str(value) for name, value in rate.items()}
            raise Refusal({"error": "Too many requests", "troubleshoot": "Slow down."}, status=429, headers=headers)

    def _new_users(self, request: Request) -> Any:
        return self._list(request, "users", users(numbers=False)) if self.options.users_v2 else _nothing_here(request)

    def _select_calls(self, request: Request, searches: Sequence[str]) -> list[Values]:
        params = list_params(request, (*LIST_PARAMS, *FLAGS, *searches), strict=self.options.unknown_params == "refuse")
        first, last = (unix_seconds(params, name) for name in ("from", "to"))
        oldest = int((self._now() - FORGETS_CALLS).timestamp())
        found = [
            call
            for call in self._calls()
            if max(first or 0, oldest) <= call["started_at"] and (last is None or call["started_at"] <= last)
        ]
        for name, test in SEARCH_TESTS.items():
            if name in params:
                found = [call for call in found if test(call, params[name])]
        tags = set(request.query_params.getlist("tags[]"))
        found = [call for call in found if tags <= {tag["name"] for tag in call["tags"]}]
        if params.get("fetch_contact") == "true":
            found = [{**call, "contact": contact_of(call)} for call in found]
        return found

    def _list(self, request: Request, name: str, found: list[Values]) -> Any:
        params = dict(request.query_params)
        if name != "calls":
            params = list_params(request, LIST_PARAMS, strict=self.options.unknown_params == "refuse")
        page = page_number(params, "page", default=1, highest=10**9)
        per_page = page_number(params, "per_page", default=PER_PAGE, highest=MAX_PER_PAGE)
        if name == "calls" and page * per_page > self.options.cap:
            words = "You can only retrieve <10k results, please use timestamps to narrow your search"
            body = {"error": "Bad Request", "data": None, "message": "BAD_REQUEST", "errors": words}
            raise Refusal({**body, "troubleshoot": "BAD_REQUEST", "success": False}, status=400)
        if params.get("order", "asc") == "desc":
            found = found[::-1]
        shown = found[(page - 1) * per_page : page * per_page]
        link = f"{request.url.replace(query='')}?page={page + 1}&per_page={per_page}"
        meta = {
            "count": len(shown),
            "total": len(found),
            "current_page": page,
            "per_page": per_page,
            "next_page_link": link if page * per_page < len(found) else None,
            "previous_page_link": None,
        }
        return {"meta": meta, name: [{**one, **self.options.extra_fields} for one in shown]}

    # Exports

    async def _create(self, request: Request) -> Response:
        try:
            self._let_in(request, analytics=True)
            try:
                body = orjson.loads(await request.body())
            except orjson.JSONDecodeError:
                raise Refusal({"error": "Bad Request", "troubleshoot": "no JSON"}, status=400) from None
            export = self._make(understand(body))
        except Refusal as refusal:
            return refusal.response
        return json_response(self._stand(export, request), status=self.options.create_status)

    def _make(self, wanted: Wanted) -> Export:
        rows = [] if self.options.fail_words else rows_of(wanted.report, self._facts(wanted))
        words = self.options.fail_words
        if self.options.max_rows is not None and len(rows) > self.options.max_rows:
            words = f"Too many rows: {len(rows)} exceed the maximum of {self.options.max_rows}"
        manner = Manner(zone=wanted.zone, more=self.options.extra_fields, **self.options.manner)
        file = b"" if words else write_file(columns_of(wanted.report, daily=wanted.daily), rows, manner)
        return self._shelf.add(wanted, file=file, words=words, is_zip=manner.packed != "no")

    def _facts(self, wanted: Wanted) -> Facts:
        last = wanted.last if self.options.export_end_included else wanted.last - timedelta(days=1)

        def lies_in(at: datetime) -> bool:
            return wanted.first <= at.astimezone(wanted.zone).date() <= last

        whole = wanted.report.startswith("USER_ACTIVITY")
        now = self._now()
        calls = [
            call
            for call in self._calls()
            if lies_in(at := datetime.fromtimestamp(call["started_at"], UTC))
            and (whole or at >= now - FORGETS_CALLS)
            and passes(call, wanted.filters)
        ]
        days = days_from(wanted.first - timedelta(days=1), wanted.last + timedelta(days=1))
        ids = wanted.filters.get("userIDs")
        kept = [
            row
            for row in self._all_statuses(days)
            if lies_in(row["started_at"])
            and (whole or row["started_at"] >= now - FORGETS_STATUSES)
            and (ids is None or row["user_id"] in ids)
        ]
        return Facts(calls=calls, statuses=kept, zone=wanted.zone, daily=wanted.daily)

    def _look(self, request: Request) -> Any:
        export = self._shelf.find(request.path_params["id"], lives_s=self.options.export_s)
        if export is None:
            raise Refusal({"message": "Not Found"}, status=404)
        return self._stand(export, request)

    def _stand(self, export: Export, request: Request) -> Any:
        address = (
            f"{request.url.scheme}://{self.options.link_host or request.url.hostname}:{request.url.port}/{self.name}"
        )
        options = self.options
        answer = self._shelf.answer(
            export, pending=options.pending_word, n_pending=options.n_pending, address=address, link_s=options.link_s
        )
        export.n_looks += 1
        return answer

    async def _file(self, request: Request) -> Response:
        """Serve a file as an object store does: by its link alone, and to nobody who brings a credential besides."""
        if "authorization" in request.headers or "cookie" in request.headers:
            words = "Only one auth mechanism allowed"
            return Response(store_error("InvalidArgument", words), status_code=400, media_type="application/xml")
        export = self._shelf.by_link(request.query_params.get("X-Amz-Signature", ""))
        if export is None:
            words = "Request has expired"
            return Response(store_error("AccessDenied", words), status_code=403, media_type="application/xml")
        return Response(export.file, media_type="binary/octet-stream")


def _as_rest(number: int, fields: Mapping[str, Any]) -> Values:
    """Write what was typed as comments as REST has them."""
    if "comments" not in fields:
        return dict(fields)
    return {**fields, "comments": [{"id": number, "content": fields["comments"], "posted_by": None}]}


def _status_id(row: Values) -> tuple[Any, ...]:
    return row["user_id"], row["started_at"], row["status"]


def _plain(row: Values) -> Values:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def _nothing_here(_request: Request) -> Any:
    raise Refusal({"message": "Not Found"}, status=404)


def _key_in(text: str) -> str | None:
    """Return "api_id:api_token" of a Basic header, or the token of a Bearer one; None for one that cannot be read."""
    scheme, _, encoded = text.partition(" ")
    if scheme.lower() == "bearer":
        return encoded.strip() or None
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return pair if scheme.lower() == "basic" and ":" in pair else None
