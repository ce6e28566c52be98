"""Which method a path means. Verbs and parts are split on the raw, still encoded path."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sync.sandbox.google import drive, methods_sheets, methods_values
from sync.sandbox.google.calls import Call

SHEETS = "/v4/spreadsheets"
DRIVE = "/drive/v3/files"


@dataclass(frozen=True, slots=True)
class Method:
    """One method of an API. `kind` decides which quota it counts against; `answers` names the schema of its answer."""

    http: str
    path: re.Pattern[str]
    run: Callable[[Call], Any]
    kind: str
    service: str = "google"
    answers: str = ""


def _sheets(http: str, path: str, run: Callable[[Call], Any], kind: str, *answers: str) -> Method:
    return Method(http, re.compile(SHEETS + path + r"\Z"), run, kind, "google", *answers)


def _drive(http: str, path: str, run: Callable[[Call], Any], kind: str) -> Method:
    return Method(http, re.compile(DRIVE + path + r"\Z"), run, kind, "drive")


ID = "/([^/:?]+)"
values = methods_values
sheets = methods_sheets
SEARCH_ANSWER = "SearchDeveloperMetadataResponse"
GET_BY_FILTER_ANSWER = "BatchGetValuesByDataFilterResponse"
METHODS = (
    _sheets("POST", "", sheets.create, "write"),
    _sheets("GET", ID, sheets.get, "read"),
    _sheets("POST", ID + ":batchUpdate", sheets.batch_update, "write", "BatchUpdateSpreadsheetResponse"),
    _sheets("POST", ID + ":getByDataFilter", sheets.get_by_filter, "read"),
    _sheets("POST", ID + "/developerMetadata:search", sheets.search_metadata, "read", SEARCH_ANSWER),
    _sheets("GET", ID + "/developerMetadata/([^/:]+)", sheets.get_one_metadata, "read", "DeveloperMetadata"),
    _sheets("POST", ID + "/sheets/([^/:]+):copyTo", sheets.copy_to, "write", "SheetProperties"),
    _sheets("GET", ID + "/values:batchGet", values.batch_get, "read", "BatchGetValuesResponse"),
    _sheets("POST", ID + "/values:batchUpdate", values.batch_update, "write", "BatchUpdateValuesResponse"),
    _sheets("POST", ID + "/values:batchClear", values.batch_clear, "write", "BatchClearValuesResponse"),
    _sheets(
        "POST", ID + "/values:batchGetByDataFilter", values.batch_get_by_filter, "read", GET_BY_FILTER_ANSWER
    ),
    _sheets(
        "POST",
        ID + "/values:batchUpdateByDataFilter",
        values.batch_update_by_filter,
        "write",
        "BatchUpdateValuesByDataFilterResponse",
    ),
    _sheets(
        "POST",
        ID + "/values:batchClearByDataFilter",
        values.batch_clear_by_filter,
        "write",
        "BatchClearValuesByDataFilterResponse",
    ),
    _sheets("POST", ID + "/values/([^/]+):append", values.append, "write", "AppendValuesResponse"),
    _sheets("POST", ID + "/values/([^/]+):clear", values.clear_one, "write", "ClearValuesResponse"),
    _sheets("GET", ID + "/values/([^/]+)", values.get, "read", "ValueRange"),
    _sheets("PUT", ID + "/values/([^/]+)", values.update, "write", "UpdateValuesResponse"),
    _drive("POST", "", drive.create, "write"),
    _drive("GET", "", drive.listing, "read"),
    _drive("GET", ID, drive.get, "read"),
    _drive("PATCH", ID, drive.update, "write"),
    _drive("DELETE", ID, drive.delete, "write"),
    _drive("POST", ID + "/copy", drive.copy, "write"),
    _drive("GET", ID + "/export", drive.export, "read"),
    _drive("GET", ID + "/comments", drive.comments, "read"),
    _drive("POST", ID + "/permissions", drive.create_permission, "write"),
    _drive("GET", ID + "/permissions", drive.list_permissions, "read"),
    _drive("DELETE", ID + "/permissions/([^/:]+)", drive.delete_permission, "write"),
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
    return ("drive" if raw_path.startswith("/drive") else "google"), "other"
