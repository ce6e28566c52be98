"""What the status page answers. Read-only, but for running a sheet at once, which takes the token of the config."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sync import clock, log
from sync.config.kept import Broken
from sync.errors import ConfigError, SyncError
from sync.history import run_json, runs_of, standings_of
from sync.live import Live
from sync.office import Office
from sync.overview import headline, is_shown_with_sheet, overview_json, urgency
from sync.page.figures import Figures
from sync.page.words import FILTERS
from sync.request import RunRequest, Trigger
from sync.wishes import leave_to_daemon

HERE = Path(__file__).parent
FRESH_S = 1.0  # many who look at once cost one look into the store
REST = 9  # times as long as a look took, so that looking takes a tenth of one processor however many sheets there are
MOST_RUNS = 500
RUNS_SHOWN = 15
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

_log = log.get("page")


@dataclass(frozen=True, kw_only=True)
class View:
    """Where the page looks: the office and what is broken now, and what runs are doing."""

    office: Callable[[], Office]
    broken: Callable[[], Sequence[Broken]]
    live: Live
    is_well: Callable[[], bool]


class StatusPage:
    """The answers. Safe to share between threads."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._seen: tuple[float, dict[str, Any]] | None = None  # with the moment until which it is fresh
        self.figures = Figures(self.overview)
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(default=True), trim_blocks=True
        )
        self._templates.filters.update(FILTERS)

    def overview(self) -> dict[str, Any]:
        """Return everything at a glance, not older than a second or, of very many sheets, than a few."""
        with self._lock:
            began_s = time.monotonic()
            if self._seen is None or began_s > self._seen[0]:
                view = self._view
                office, now = view.office(), clock.now()
                standings = standings_of(office.store, office.config.sheets, view.broken(), now)
                told = overview_json(office, standings, now=now, live=view.live)
                ended_s = time.monotonic()
                self._seen = ended_s + max(FRESH_S, REST * (ended_s - began_s)), told
            return self._seen[1]

    def app(self, hosts: Sequence[str]) -> Starlette:
        """Make the application; `hosts` are the names under which it may be asked for, all when there are none."""
        routes = [
            Route("/", self._page),
            Route("/fragment", self._fragment),
            Route("/status.json", self._status),
            Route("/runs.json", self._runs),
            Route("/healthz", self._health),
            Route("/metrics", self._metrics),
            Route("/run/{sheet}", self._run, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]
        guards = [Middleware(_Guard, hosts=frozenset(hosts))]
        return Starlette(routes=routes, middleware=guards, exception_handlers={SyncError: _unavailable})

    def _page(self, _request: Request) -> Response:
        return HTMLResponse(self._render("page.html"))

    def _fragment(self, request: Request) -> Response:
        return _unless_known(request, self._render("live.html").encode(), "text/html; charset=utf-8")

    def _render(self, name: str) -> str:
        overview, office = self.overview(), self._view.office()
        words = {
            **overview,
            "sheets": sorted(overview["sheets"], key=urgency),
            "headline": headline(overview),
            "apart": [one for one in overview["incidents"] if not is_shown_with_sheet(one)],
            "runs": [run_json(run) for run in runs_of(office.store, None, limit=RUNS_SHOWN)],
            "can_run": office.config.daemon.token is not None,
        }
        return self._templates.get_template(name).render(words)

    def _status(self, _request: Request) -> Response:
        return _json(self.overview())

    def _runs(self, request: Request) -> Response:
        limit = request.query_params.get("limit", "50")
        sheet = request.query_params.get("sheet")
        n = min(int(limit), MOST_RUNS) if limit.isdecimal() and int(limit) else 50
        runs = runs_of(self._view.office().store, [sheet] if sheet else None, limit=n)
        return _json({"runs": [run_json(run) for run in runs]})

    def _health(self, _request: Request) -> Response:
        """Tell whether the daemon works; that a sheet fails is no reason to restart it."""
        is_well = self._view.is_well()
        overview = self.overview()
        told = {"state": "ok" if is_well else "stuck", "headline": headline(overview), "version": overview["version"]}
        return _json(told, status=200 if is_well else 503)

    def _metrics(self, request: Request) -> Response:
        body, content_type = self.figures.render(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    def _run(self, request: Request) -> Response:
        office, name = self._view.office(), request.path_params["sheet"]
        reference = office.config.daemon.token
        if reference is None:
            return _json({"error": "This page can only be read: the config has no token in [daemon]."}, status=403)
        token = office.config.secret("daemon.token", reference)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
            return _json({"error": "The word is not right."}, status=401, headers={"WWW-Authenticate": "Bearer"})
        try:
            sheet = office.config.sheet_named(name)
        except ConfigError as error:
            return _json({"error": error.what}, status=404)
        leave_to_daemon(office.store, [sheet], RunRequest(trigger=Trigger.PERSON, requested_at=clock.now()))
        _log.info("a run was asked for on the page", action="run-asked", sheet=name)
        return _json({"queued": name}, status=202)


class _Guard:
    """Adds what browsers are to keep to, and refuses names that pages elsewhere may have bent towards us."""

    def __init__(self, app: Any, *, hosts: frozenset[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                named = [(name.lower().encode(), text.encode()) for name, text in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *named]}
            await send(message)

        if scope["type"] == "http" and self._hosts:
            host = Request(scope).url.hostname or ""
            if host.casefold() not in self._hosts:
                await PlainTextResponse("Unknown host.", status_code=421)(scope, receive, with_headers)
                return
        await self._app(scope, receive, with_headers)


def _unavailable(_request: Request, error: Exception) -> Response:
    """Answer when the store or a secret cannot be read."""
    assert isinstance(error, SyncError)
    return _json({"state": "stuck", "error": log.mask(error.what), "hint": log.mask(error.hint)}, status=503)


def _json(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = log.mask(orjson.dumps(value).decode()).encode()
    return Response(body, status_code=status, media_type="application/json", headers=dict(headers or {}))


def _unless_known(request: Request, body: bytes, media_type: str) -> Response:
    """Send the body unless the browser has the same already."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, media_type=media_type, headers={"ETag": tag})
