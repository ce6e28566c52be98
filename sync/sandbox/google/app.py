"""The HTTP face of the sandbox Google: routes, bodies, envelopes, quotas."""

from __future__ import annotations

import gzip
import logging
from urllib.parse import parse_qs

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.google.admission import find_caller, spend
from sync.sandbox.google.calls import Call
from sync.sandbox.google.drive_files import drive_parameters
from sync.sandbox.google.errors import GoogleError, Json, as_drive, invalid
from sync.sandbox.google.masks import apply_mask
from sync.sandbox.google.pivots import settle
from sync.sandbox.google.routing import Method, classify, find_method
from sync.sandbox.google.schema import check_query, method_of
from sync.sandbox.google.tokens import give_token
from sync.sandbox.google.world import GoogleWorld

__all__ = ["GoogleWorld", "classify", "routes"]

HEADERS = {
    "Vary": "Origin, X-Origin, Referer",
    "Cache-Control": "private",
    "Server": "ESF",
    "X-XSS-Protection": "0",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
}
JSON_TYPE = "application/json; charset=UTF-8"
NOT_FOUND_PAGE = (
    b"<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title><p>The requested URL was not found."
)


def routes(world: GoogleWorld) -> list[Route]:
    """Return the routes to serve at the root of an application.

    After each request `request.state` says how many cells it moved and how many units of the quota it cost, as
    `n_cells` and `n_quota`, for request logs.
    """

    async def api(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(_serve, world, request, body)

    async def token(request: Request) -> Response:
        body = await request.body()
        with world.lock:
            status, answer = give_token(world, body)
        return _json(answer, status, pretty=True)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return [
        Route("/v4/spreadsheets{rest:path}", api, methods=methods),
        Route("/drive/v3/{rest:path}", api, methods=methods),
        Route("/upload/drive/{rest:path}", api, methods=methods),
        Route("/token", token, methods=["POST"]),
    ]


def raw_path(request: Request) -> str:
    """Return the path as it was sent, still encoded."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.partition(b"?")[0].decode("latin-1")


def _serve(world: GoogleWorld, request: Request, body: bytes) -> Response:
    query = parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    pretty = query.get("prettyPrint", ["true"])[-1].lower() != "false"
    found = find_method(request.method, raw_path(request))
    if found is None:
        return Response(NOT_FOUND_PAGE, 404, headers=HEADERS, media_type="text/html; charset=UTF-8")
    method, parts = found
    try:
        if len(body) > world.max_request_bytes:
            raise invalid(f"Request payload size exceeds the limit: {world.max_request_bytes} bytes.")
        with world.lock:
            answer = _answer(world, request, (method, parts, query, body), pretty=pretty)
    except GoogleError as error:
        shown = as_drive(error) if method.service == "drive" else error
        answer = _json(shown.body(), shown.code, pretty=True)
    except Exception:  # a fault of the sandbox itself: said as Google would, and shown to whoever runs it
        logging.getLogger(__name__).exception("the sandbox failed at %s %s", request.method, raw_path(request))
        answer = _json(GoogleError(500, "Internal error encountered.").body(), 500, pretty=True)
    return _zipped(request, answer)


def _answer(
    world: GoogleWorld,
    request: Request,
    asked: tuple[Method, list[str], dict[str, list[str]], bytes],
    *,
    pretty: bool,
) -> Response:
    method, parts, sent, body = asked
    token = _bearer(request, sent)
    caller = find_caller(world, token, method.service, method.kind)
    if method.service == "google":
        spend(world, method.kind, token, caller)
        request.state.n_quota = 1
    if method.service == "drive":
        query, answers = check_query(sent, method.name, also=drive_parameters(method.name)), None
    else:
        query, answers = check_query(sent, method.name), method_of(method.name).get("response")
    call = Call(world, caller, query, body, parts)
    try:
        mask = call.mask(answers) if answers else None
        result = method.run(call)
        for file in world.files.values():
            settle(file.book)
    finally:
        request.state.n_cells = call.n_cells
    if result is None:
        return Response(b"", 204, headers=HEADERS, media_type="text/html")
    if isinstance(result, tuple):
        return Response(result[0], headers=HEADERS, media_type=result[1])
    return _json(apply_mask(result, mask) if mask else result, 200, pretty=pretty)


def _bearer(request: Request, query: dict[str, list[str]]) -> str:
    """Return the token of a request, from its header or its query."""
    header = request.headers.get("authorization", "")
    in_query = query.get("access_token") or query.get("oauth_token") or [""]
    return header[7:].strip() if header[:7].lower() == "bearer " else in_query[-1]


def _json(answer: Json, status: int, *, pretty: bool) -> Response:
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if pretty else 0
    content = orjson.dumps(answer, option=option)
    return Response(content, status, headers=HEADERS | {"Content-Type": JSON_TYPE})


def _zipped(request: Request, answer: Response) -> Response:
    """Compress an answer for clients that ask for it as Google wants: in the accepted encodings and in their name."""
    asked = request.headers.get("accept-encoding", ""), request.headers.get("user-agent", "")
    if not answer.body or not all("gzip" in text for text in asked):
        return answer
    content = gzip.compress(bytes(answer.body), compresslevel=1)
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(content, answer.status_code, headers=headers | {"Content-Encoding": "gzip"})
