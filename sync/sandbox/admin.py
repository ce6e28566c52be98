"""The admin address of the sandbox: dials, log, options, and what a person or the vendor's side does. JSON only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.exchange import RequestLog
from sync.sandbox.faults import BadFault, Fault, Faults
from sync.sandbox.google_side import GoogleFile, GoogleSide, Refused
from sync.sandbox.vendor import VendorDesk, changed_options
from sync.sandbox.viewer.pages import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Worlds:
    """Everything that the admin address can reach."""

    google: GoogleSide
    file: GoogleFile
    shelf: Shelf
    vendors: Mapping[str, VendorDesk]
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
        ("POST", "/admin/google/tokens/expire", _expire_tokens),
        ("GET", "/admin/google/state", _save_state),
        ("PUT", "/admin/google/state", _open_state),
        ("GET", "/admin/{vendor}/{kind}", _truth),
        ("POST", "/admin/{vendor}/arrive", _arrive),
        ("POST", "/admin/{vendor}/edit", _edit_records),
    )
    return [Route(path, _answering(endpoint, worlds), methods=[method]) for method, path, endpoint in table]


def _answering(endpoint: Endpoint, worlds: Worlds) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            body, status = await endpoint(worlds, request), 200
            if isinstance(body, bytes):
                return Response(body, media_type="application/json")
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
    for desk in worlds.vendors.values():
        desk.reset()
    return {"n_dropped": n_dropped}


async def _log(worlds: Worlds, _request: Request) -> Any:
    return worlds.log.entries()


async def _clear_log(worlds: Worlds, _request: Request) -> Any:
    worlds.log.clear()
    return {}


async def _options(worlds: Worlds, _request: Request) -> Any:
    of_vendors = {name: asdict(desk.options) for name, desk in worlds.vendors.items()}
    return {"google": worlds.google.options(), **of_vendors}


async def _change_options(worlds: Worlds, request: Request) -> Any:
    body = await _body(request)
    known = ["google", *worlds.vendors]
    if unknown := set(body) - set(known):
        raise Refused(f"unknown service {', '.join(sorted(unknown))}; allowed: {', '.join(known)}")
    for name in worlds.vendors.keys() & body.keys():
        worlds.vendors[name].options = changed_options(worlds.vendors[name].options, body[name])
    if "google" in body:
        worlds.google.change_options(body["google"])
    return await _options(worlds, request)


def _fault_body(fault: Fault) -> dict[str, Any]:
    body = asdict(fault)
    del body["chance"]
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


async def _expire_tokens(worlds: Worlds, _request: Request) -> Any:
    return {"n_expired": await run_in_threadpool(worlds.google.expire_tokens)}


async def _save_state(worlds: Worlds, _request: Request) -> Any:
    return await run_in_threadpool(worlds.file.save)


async def _open_state(worlds: Worlds, request: Request) -> Any:
    await run_in_threadpool(worlds.file.open, await request.body())
    return {}


def _desk(worlds: Worlds, request: Request) -> VendorDesk:
    name = request.path_params["vendor"]
    if name not in worlds.vendors:
        raise Refused(f"no vendor {name!r}; allowed: {', '.join(worlds.vendors)}", status=404)
    return worlds.vendors[name]


async def _truth(worlds: Worlds, request: Request) -> Any:
    try:
        return _desk(worlds, request).truth(request.path_params["kind"])
    except KeyError as wrong:
        raise Refused(f"nothing called {wrong}", status=404) from wrong


async def _arrive(worlds: Worlds, request: Request) -> Any:
    desk, body = _desk(worlds, request), await _body(request)
    _refuse_unknown(body, ("n", "kind"))
    try:
        return desk.arrive(str(body.get("kind", "calls")), int(body.get("n", 1)))
    except KeyError as wrong:
        raise Refused(f"no {wrong} can arrive", status=404) from wrong


async def _edit_records(worlds: Worlds, request: Request) -> Any:
    """Change records of a kind; `call_ids` is another name of `ids`."""
    desk, body = _desk(worlds, request), await _body(request)
    _refuse_unknown(body, ("n", "kind", "ids", "call_ids", "fields"))
    ids = body.get("ids") or body.get("call_ids") or ()
    try:
        return desk.edit(
            str(body.get("kind", "calls")), int(body.get("n", 1)), ids=ids, fields=body.get("fields") or None
        )
    except KeyError as wrong:
        raise Refused(f"no record {wrong}", status=404) from wrong


def _refuse_unknown(body: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    if unknown := set(body) - set(allowed):
        raise Refused(f"unknown {', '.join(sorted(unknown))}; allowed: {', '.join(allowed)}")
