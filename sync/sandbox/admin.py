"""The admin address of the sandbox: dials, log, options, and what a person or the vendor's side does. JSON only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, fields
from typing import Any
from zoneinfo import available_timezones

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.exchange import RequestLog
from sync.sandbox.faults import BadFault, Fault, Faults
from sync.sandbox.google_side import GoogleSide, Refused
from sync.sandbox.justcall import JustCall, JustCallOptions
from sync.sandbox.viewer.pages import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Worlds:
    """Everything that the admin address can reach."""

    google: GoogleSide
    shelf: Shelf
    justcall: JustCall
    faults: Faults
    log: RequestLog


Endpoint = Callable[[Worlds, Request], Awaitable[Any]]


def admin_routes(worlds: Worlds) -> list[Route]:
    """Return the routes below /admin."""
    table: tuple[tuple[str, str, Endpoint], ...] = (
        ("POST", "/admin/reset", _reset),
        ("GET", "/admin/log", _log),
        ("DELETE", "/admin/log", _clear_log),
        ("GET", "/admin/options", _options),
        ("PATCH", "/admin/options", _change_options),
        ("POST", "/admin/faults", _add_fault),
        ("GET", "/admin/faults", _list_faults),
        ("DELETE", "/admin/faults", _clear_faults),
        ("POST", "/admin/faults/release", _release),
        ("POST", "/admin/google/spreadsheets", _make_spreadsheet),
        ("GET", "/admin/google/spreadsheets", _list_spreadsheets),
        ("POST", "/admin/google/spreadsheets/{id}/edit", _edit_spreadsheet),
        ("GET", "/admin/justcall/calls", _list_calls),
        ("POST", "/admin/justcall/arrive", _arrive),
        ("POST", "/admin/justcall/edit", _edit_calls),
    )
    return [Route(path, _answering(endpoint, worlds), methods=[method]) for method, path, endpoint in table]


def _answering(endpoint: Endpoint, worlds: Worlds) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            body, status = await endpoint(worlds, request), 200
        except (Refused, BadFault, ValueError, TypeError) as wrong:
            body, status = {"error": str(wrong)}, getattr(wrong, "status", 400)
        return Response(orjson.dumps(body), status_code=status, media_type="application/json")

    return answer


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        body = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as wrong:
        raise Refused(f"the body is not JSON: {wrong}") from wrong
    if not isinstance(body, dict):
        raise Refused("the body is not a JSON object")
    return body


async def _reset(worlds: Worlds, _request: Request) -> Any:
    worlds.faults.clear()
    n_dropped = worlds.faults.drop_held()
    worlds.log.clear()
    worlds.google.reset()
    worlds.justcall.reset()
    return {"n_dropped": n_dropped}


async def _log(worlds: Worlds, _request: Request) -> Any:
    return worlds.log.entries()


async def _clear_log(worlds: Worlds, _request: Request) -> Any:
    worlds.log.clear()
    return {}


async def _options(worlds: Worlds, _request: Request) -> Any:
    return {"google": worlds.google.options(), "justcall": asdict(worlds.justcall.options)}


async def _change_options(worlds: Worlds, request: Request) -> Any:
    body = await _body(request)
    if unknown := set(body) - {"google", "justcall"}:
        raise Refused(f"unknown service {', '.join(sorted(unknown))}; allowed: google, justcall")
    if "justcall" in body:
        worlds.justcall.options = _changed(worlds.justcall.options, body["justcall"])
    if "google" in body:
        worlds.google.change_options(body["google"])
    return await _options(worlds, request)


def _changed(options: JustCallOptions, changes: dict[str, Any]) -> JustCallOptions:
    known = [field.name for field in fields(options)]
    if unknown := set(changes) - set(known):
        raise Refused(f"unknown option {', '.join(sorted(unknown))}; allowed: {', '.join(known)}")
    if "dates_zone" in changes and changes["dates_zone"] not in available_timezones():
        raise Refused(f"dates_zone is {changes['dates_zone']!r}, which is not a time zone")
    try:
        return TypeAdapter(JustCallOptions).validate_python(asdict(options) | changes)
    except ValidationError as wrong:
        raise Refused(str(wrong)) from wrong


def _fault_body(fault: Fault) -> dict[str, Any]:
    body = asdict(fault)
    return {**body.pop("settings"), **body}


async def _add_fault(worlds: Worlds, request: Request) -> Any:
    return {"id": worlds.faults.add(await _body(request)).id}


async def _list_faults(worlds: Worlds, _request: Request) -> Any:
    return [_fault_body(fault) for fault in worlds.faults.listed()]


async def _clear_faults(worlds: Worlds, _request: Request) -> Any:
    worlds.faults.clear()
    return {}


async def _release(worlds: Worlds, _request: Request) -> Any:
    return {"n_released": worlds.faults.release()}


async def _make_spreadsheet(worlds: Worlds, request: Request) -> Any:
    return await run_in_threadpool(worlds.google.make, await _body(request))


async def _list_spreadsheets(worlds: Worlds, _request: Request) -> Any:
    return await run_in_threadpool(worlds.shelf.listed)


async def _edit_spreadsheet(worlds: Worlds, request: Request) -> Any:
    await run_in_threadpool(worlds.google.edit, request.path_params["id"], await _body(request))
    return {}


async def _list_calls(worlds: Worlds, _request: Request) -> Any:
    return worlds.justcall.book.all()


async def _arrive(worlds: Worlds, request: Request) -> Any:
    return worlds.justcall.book.arrive(int((await _body(request)).get("n", 1)))


async def _edit_calls(worlds: Worlds, request: Request) -> Any:
    body = await _body(request)
    if unknown := set(body) - {"n", "call_ids", "fields"}:
        raise Refused(f"unknown {', '.join(sorted(unknown))}; allowed: n, call_ids, fields")
    if "call_id" in (body.get("fields") or {}):
        raise Refused("call_id is the key and does not change")
    try:
        return worlds.justcall.book.edit(
            int(body.get("n", 1)), call_ids=body.get("call_ids") or (), fields=body.get("fields")
        )
    except KeyError as wrong:
        raise Refused(f"no call {wrong}", status=404) from wrong
