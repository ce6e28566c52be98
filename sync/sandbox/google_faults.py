"""Faults that only make sense for Google: its three forms of an error, and a person's edit just before a request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.concurrency import run_in_threadpool

from sync.sandbox.exchange import Answer, Asked, CarryOut, Reply
from sync.sandbox.faults import ErrorForm, Fault, Play
from sync.sandbox.google.errors import BAD_TOKEN, DriveError, GoogleError, forbidden, not_found, over_quota

Edit = Callable[[str, Mapping[str, Any]], Any]
"""Edits a spreadsheet, named by its id, as a person does."""

_USUAL = {
    401: BAD_TOKEN,
    403: forbidden().message,
    404: not_found().message,
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
}
_DRIVE_REASONS = {
    401: "authError",
    403: "insufficientFilePermissions",
    404: "notFound",
    429: "rateLimitExceeded",
    500: "internalError",
    503: "backendError",
}
_JSON = ((b"content-type", b"application/json; charset=UTF-8"),)


def google_error_forms() -> Mapping[str, ErrorForm]:
    """Return how each of Google's services words an error."""
    return {"google": _sheets_error, "drive": _drive_error, "token": _token_error}


def google_plays(edit: Edit) -> Mapping[str, Play]:
    """Return the actions by their names."""

    async def edit_first(fault: Fault, asked: Asked, go_on: CarryOut) -> Reply:
        await run_in_threadpool(edit, _spreadsheet_of(fault, asked), fault.settings["edits"])
        return await go_on(asked)

    return {"edit": Play(edit_first, needs=("edits",), takes=("spreadsheet",))}


def _spreadsheet_of(fault: Fault, asked: Asked) -> str:
    """Return the id that the fault names, else that of the request."""
    if named := fault.settings.get("spreadsheet"):
        return str(named)
    found = re.match(r"/v4/spreadsheets/([^/:]+)|/drive/v3/files/([^/:]+)", asked.path)
    return unquote((found[1] or found[2]) if found else "")


def _sheets_error(asked: Asked, status: int, message: str) -> Answer:
    if status == 429 and not message:
        error = over_quota("write" if asked.kind == "write" else "read", 60)
    else:
        error = GoogleError(status, message or _USUAL.get(status, "Request contains an invalid argument."))
    return _answer(status, error.body())


def _drive_error(_asked: Asked, status: int, message: str) -> Answer:
    text = message or _USUAL.get(status, "Rate Limit Exceeded" if status == 429 else "Bad Request")
    return _answer(status, DriveError(status, text, reason=_DRIVE_REASONS.get(status, "badRequest")).body())


def _token_error(_asked: Asked, status: int, message: str) -> Answer:
    name = "internal_failure" if status >= 500 else "invalid_grant"
    return _answer(status, {"error": name, "error_description": message or "Invalid JWT Signature."})


def _answer(status: int, body: object) -> Answer:
    text = orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return Answer(status=status, headers=_JSON, body=b"").with_body(text)
