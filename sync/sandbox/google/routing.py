"""Which method a path means. Verbs and parts are split on the raw, still encoded path."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sync.sandbox.google import drive_files as files
from sync.sandbox.google import drive_sharing as sharing
from sync.sandbox.google import methods_sheets, methods_values
from sync.sandbox.google.calls import Call

SHEETS = "/v4/spreadsheets"
DRIVE = "/drive/v3"


@dataclass(frozen=True, slots=True)
class Method:
    """One method of an API, called as in its discovery document. `kind` decides which quota it counts against."""

    name: str
    http: str
    path: re.Pattern[str]
    run: Callable[[Call], Any]
    kind: str

    @property
    def service(self) -> str:
        """Which of both APIs it belongs to."""
        return "drive" if self.name.startswith("drive") else "google"


def _sheets(name: str, place: str, run: Callable[[Call], Any], kind: str) -> Method:
    http, _, path = place.partition(" ")
    return Method("sheets.spreadsheets." + name, http, re.compile(SHEETS + path + r"\Z"), run, kind)


def _drive(name: str, place: str, run: Callable[[Call], Any], kind: str) -> Method:
    http, _, path = place.partition(" ")
    return Method("drive." + name, http, re.compile(DRIVE + path + r"\Z"), run, kind)


ID = "/([^/:?]+)"
values = methods_values
sheets = methods_sheets
METHODS = (
    _sheets("create", "POST ", sheets.create, "write"),
    _sheets("get", "GET " + ID, sheets.get, "read"),
    _sheets("batchUpdate", "POST " + ID + ":batchUpdate", sheets.batch_update, "write"),
    _sheets("getByDataFilter", "POST " + ID + ":getByDataFilter", sheets.get_by_filter, "read"),
    _sheets("developerMetadata.search", "POST " + ID + "/developerMetadata:search", sheets.search_metadata, "read"),
    _sheets("developerMetadata.get", "GET " + ID + "/developerMetadata/([^/:]+)", sheets.get_one_metadata, "read"),
    _sheets("sheets.copyTo", "POST " + ID + "/sheets/([^/:]+):copyTo", sheets.copy_to, "write"),
    _sheets("values.batchGet", "GET " + ID + "/values:batchGet", values.batch_get, "read"),
    _sheets("values.batchUpdate", "POST " + ID + "/values:batchUpdate", values.batch_update, "write"),
    _sheets("values.batchClear", "POST " + ID + "/values:batchClear", values.batch_clear, "write"),
    _sheets(
        "values.batchGetByDataFilter", "POST " + ID + "/values:batchGetByDataFilter", values.batch_get_by_filter, "read"
    ),
    _sheets(
        "values.batchUpdateByDataFilter",
        "POST " + ID + "/values:batchUpdateByDataFilter",
        values.batch_update_by_filter,
        "write",
    ),
    _sheets(
        "values.batchClearByDataFilter",
        "POST " + ID + "/values:batchClearByDataFilter",
        values.batch_clear_by_filter,
        "write",
    ),
    _sheets("values.append", "POST " + ID + "/values/([^/]+):append", values.append, "write"),
    _sheets("values.clear", "POST " + ID + "/values/([^/]+):clear", values.clear_one, "write"),
    _sheets("values.get", "GET " + ID + "/values/([^/]+)", values.get, "read"),
    _sheets("values.update", "PUT " + ID + "/values/([^/]+)", values.update, "write"),
    _drive("about.get", "GET /about", files.about, "read"),
    _drive("files.create", "POST /files", files.create, "write"),
    _drive("files.list", "GET /files", files.listing, "read"),
    _drive("files.generateIds", "GET /files/generateIds", files.generate_ids, "read"),
    _drive("files.emptyTrash", "DELETE /files/trash", files.empty_trash, "write"),
    _drive("files.get", "GET /files" + ID, files.get, "read"),
    _drive("files.update", "PATCH /files" + ID, files.update, "write"),
    _drive("files.delete", "DELETE /files" + ID, files.delete, "write"),
    _drive("files.copy", "POST /files" + ID + "/copy", files.copy, "write"),
    _drive("files.export", "GET /files" + ID + "/export", files.export, "read"),
    _drive("comments.list", "GET /files" + ID + "/comments", files.comments, "read"),
    _drive("permissions.create", "POST /files" + ID + "/permissions", sharing.create, "write"),
    _drive("permissions.list", "GET /files" + ID + "/permissions", sharing.listing, "read"),
    _drive("permissions.get", "GET /files" + ID + "/permissions/([^/:]+)", sharing.get, "read"),
    _drive("permissions.update", "PATCH /files" + ID + "/permissions/([^/:]+)", sharing.update, "write"),
    _drive("permissions.delete", "DELETE /files" + ID + "/permissions/([^/:]+)", sharing.delete, "write"),
    Method(files.UPLOAD, "PUT", re.compile(r"/upload/drive/v2/files" + ID + r"\Z"), files.import_csv, "write"),
)  # fmt: skip


def find_method(http: str, raw_path: str) -> tuple[Method, list[str]] | None:
    """Return the method of a path and its decoded parts."""
    path = raw_path.partition("?")[0]
    # a mark may be sent encoded or not; only a literal colon separates the verb, the rest is decoded afterwards
    for method in METHODS:
        found = method.path.match(path) if method.http == http else None
        if found:
            return method, [unquote(part) for part in found.groups()]
    return None


def classify(method: str, raw_path: str) -> tuple[str, str]:
    """Return (service, kind) of a request: service google, drive or token; kind read, write or other."""
    found = find_method(method, raw_path)
    if found is not None:
        return found[0].service, found[0].kind
    if raw_path.partition("?")[0] == "/token":
        return "token", "other"
    return ("drive" if raw_path.startswith(("/drive", "/upload")) else "google"), "other"
