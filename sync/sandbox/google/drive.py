"""As much of Drive v3 as spreadsheet clients use: files, copies, permissions, export."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any

from sync.sandbox.google.access import Caller
from sync.sandbox.google.book import Book, make_sheet
from sync.sandbox.google.calls import Call
from sync.sandbox.google.errors import DriveError, GoogleError, Json, file_not_found
from sync.sandbox.google.masks import apply_mask, parse_mask
from sync.sandbox.google.values import read
from sync.sandbox.google.world import SHEET_MIME, File, copy_book, describe, new_file_id, permission

FILE_FIELDS = "kind,id,name,mimeType"
ROLES = {"owner", "organizer", "fileOrganizer", "writer", "commenter", "reader"}
# fields that Drive knows and the sandbox has no value for
KEPT_SILENT = {"description", "driveId", "iconLink", "lastModifyingUser", "shared", "size", "starred", "version"}
TERM = re.compile(
    r"""\s*(?:(name|mimeType|trashed)\s*(=|!=|contains)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|true|false)"""
    r"""|("[^"]*"|'[^']*')\s+in\s+parents|parents\s+in\s+("[^"]*"|'[^']*'))\s*(?:and|\Z)""",
    re.IGNORECASE,
)


def _file(call: Call, *, to_write: bool = False) -> File:
    file = call.world.files.get(call.parts[0])
    if file is None or (file.access == "none" and file.owner != call.caller.email):
        raise file_not_found(call.parts[0])
    if to_write and not _can_edit(file, call.caller):
        text = "The user does not have sufficient permissions for this file."
        raise DriveError(403, text, reason="insufficientFilePermissions")
    return file


def _can_edit(file: File, caller: Caller) -> bool:
    return file.access == "editor" or file.owner == caller.email


def _shown(call: Call, file: File, usual: str = FILE_FIELDS) -> Json:
    can_edit = _can_edit(file, call.caller)
    whole: Json = {
        "kind": "drive#file",
        "id": file.book.id,
        "name": file.book.title,
        "mimeType": SHEET_MIME,
        "parents": file.parents,
        "trashed": file.trashed,
        "createdTime": describe(file.created),
        "modifiedTime": describe(file.modified),
        "webViewLink": f"https://docs.google.com/spreadsheets/d/{file.book.id}/edit?usp=drivesdk",
        "owners": [{"kind": "drive#user", "emailAddress": file.owner, "me": file.owner == call.caller.email}],
        "ownedByMe": file.owner == call.caller.email,
        "capabilities": {"canEdit": can_edit, "canCopy": True, "canShare": can_edit, "canDelete": can_edit},
        "permissions": file.permissions,
    }
    mask = parse_mask(call.one("fields") or usual)
    unknown = sorted(set(mask) - set(whole) - KEPT_SILENT - {"*"})
    if unknown:
        raise DriveError(400, f"Invalid field selection {unknown[0]}", reason="invalidParameter")
    found: Json = apply_mask(whole, mask)
    return found


def create(call: Call) -> Json:
    """files.create: a new spreadsheet."""
    body = _body(call)
    if body.get("mimeType") != SHEET_MIME:
        raise DriveError(400, f"Files of type {body.get('mimeType')} are not in the sandbox.")
    book = Book(new_file_id(), body.get("name", "Untitled"))
    book.sheets.append(make_sheet(0, "Sheet1"))
    file = call.world.add_file(book, access="editor", owner=call.caller.email)
    file.parents = body.get("parents") or ["root"]
    return _shown(call, file)


def _body(call: Call) -> Json:
    if call.raw_body is not None and not isinstance(call.raw_body, dict):
        raise DriveError(400, "Parse Error", reason="parseError")
    return {name: value for name, value in (call.raw_body or {}).items() if value is not None}


def get(call: Call) -> Json:
    """files.get."""
    return _shown(call, _file(call))


def update(call: Call) -> Json:
    """files.update: rename, move, put into the bin."""
    file = _file(call, to_write=True)
    body = _body(call)
    if "name" in body:
        file.book.title = body["name"]
    if "trashed" in body:
        file.trashed = bool(body["trashed"])
    gone = set((call.one("removeParents") or "").split(","))
    added = [parent for parent in (call.one("addParents") or "").split(",") if parent]
    file.parents = [parent for parent in file.parents if parent not in gone] + added
    file.modified = datetime.now(UTC)
    return _shown(call, file)


def delete(call: Call) -> None:
    """files.delete, for the owner."""
    file = _file(call)
    if file.owner != call.caller.email:
        text = "The user does not have sufficient permissions for this file."
        raise DriveError(403, text, reason="insufficientFilePermissions")
    del call.world.files[call.parts[0]]


def listing(call: Call) -> Json:
    """files.list with the search terms that clients of spreadsheets use."""
    tests = _tests(call.one("q") or "")
    files = [file for file in call.world.files.values() if file.access != "none" or file.owner == call.caller.email]
    files = [file for file in files if all(_holds(file, test) for test in tests)]
    files = sorted(files, key=lambda file: (file.modified, file.created), reverse=True)
    size, start = _number(call, "pageSize", 100), _number(call, "pageToken", 0)
    page = files[start : start + size]
    inner = call.query.pop("fields", None)
    shown: Json = {"kind": "drive#fileList", "incompleteSearch": False}
    if start + size < len(files):
        shown["nextPageToken"] = str(start + size)
    shown["files"] = [_shown(call, file, FILE_FIELDS if inner is None else "*") for file in page]
    found: Json = apply_mask(shown, parse_mask(inner[-1])) if inner else shown
    return found


def _number(call: Call, name: str, usual: int) -> int:
    text = call.one(name) or str(usual)
    if not text.isdigit():
        raise DriveError(400, f"Invalid value '{text}'. Values must be within the range: [1, 1000]")
    return int(text)


def _tests(query: str) -> list[tuple[str, str, str]]:
    tests, at = [], 0
    while at < len(query.rstrip()):
        found = TERM.match(query, at)
        if found is None:
            raise DriveError(400, "Invalid Value")
        name, sign, value, parent, other = found.groups()
        text = re.sub(r"\\(.)", r"\1", (value or parent or other).strip("\"'"))
        tests.append((name or "parents", sign or "in", text))
        at = found.end()
    return tests


def _holds(file: File, test: tuple[str, str, str]) -> bool:
    name, sign, wanted = test
    if name == "parents":
        return wanted in file.parents
    own = {"name": file.book.title, "mimetype": SHEET_MIME, "trashed": str(file.trashed).lower()}[name.lower()]
    if sign == "contains":
        return wanted.casefold() in own.casefold()
    return (own == wanted) == (sign == "=")


def copy(call: Call) -> Json:
    """files.copy."""
    file = _file(call)
    title = _body(call).get("name") or f"Copy of {file.book.title}"
    twin = call.world.add_file(copy_book(file.book, title), access="editor", owner=call.caller.email)
    return _shown(call, twin)


def export(call: Call) -> tuple[bytes, str]:
    """files.export of the first tab as CSV or TSV: CRLF, no final line end."""
    file = _file(call)
    kind = call.one("mimeType") or ""
    if kind not in {"text/csv", "text/tab-separated-values"}:
        raise DriveError(400, "The requested conversion is not supported.", reason="badRequest")
    sheet = file.book.sheets[0]
    rows = read(file.book, sheet, sheet.box, render="FORMATTED_VALUE", formatted_times=False)
    width = max((len(row) for row in rows), default=0)
    text = io.StringIO()
    delimiter = "," if kind == "text/csv" else "\t"
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(
        row + [""] * (width - len(row)) for row in rows
    )
    return text.getvalue().removesuffix("\r\n").encode(), kind


def comments(call: Call) -> Json:
    """comments.list: there are none."""
    _file(call)
    return {"comments": []}


def create_permission(call: Call) -> Json:
    """permissions.create."""
    file = _file(call, to_write=True)
    body = _body(call)
    if body.get("role") not in ROLES:
        raise DriveError(400, "The specified role is invalid or not supported.")
    kind = body.get("type", "user")
    made = permission(body["role"], body.get("emailAddress", ""), kind)
    if kind == "anyone":
        made = made | {"id": "anyoneWithLink"}
    file.permissions = [old for old in file.permissions if _who(old) != _who(made)] + [made]
    return _permission(made, call.one("fields"))


def _who(entry: Json) -> tuple[Any, Any]:
    return entry["type"], entry.get("emailAddress")


def _permission(entry: Json, fields: str | None) -> Json:
    found: Json = apply_mask(entry, parse_mask(fields or "kind,id,type,role"))
    return found


def list_permissions(call: Call) -> Json:
    """permissions.list."""
    file = _file(call)
    if not call.one("fields"):
        shown = [_permission(entry, None) for entry in file.permissions]
        return {"kind": "drive#permissionList", "permissions": shown}
    whole = {"kind": "drive#permissionList", "permissions": file.permissions}
    found: Json = apply_mask(whole, parse_mask(call.one("fields") or "*"))
    return found


def delete_permission(call: Call) -> None:
    """permissions.delete."""
    file = _file(call, to_write=True)
    kept = [entry for entry in file.permissions if entry["id"] != call.parts[1]]
    if len(kept) == len(file.permissions):
        raise DriveError(404, f"Permission not found: {call.parts[1]}.", reason="notFound")
    file.permissions = kept


def as_drive(error: GoogleError) -> GoogleError:
    """Turn a refusal into Drive's envelope."""
    if isinstance(error, DriveError):
        return error
    reason = {401: "authError", 403: "forbidden", 404: "notFound"}.get(error.code, "invalid")
    return DriveError(error.code, "Invalid Credentials" if error.code == 401 else error.message, reason=reason)
