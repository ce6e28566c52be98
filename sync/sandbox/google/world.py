"""All state of the sandbox Google: spreadsheets, who may open them, quotas, tokens."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sync.sandbox.google.access import Caller
from sync.sandbox.google.batch import run_batch
from sync.sandbox.google.book import Book, copy_sheet, make_sheet
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import BAD_TOKEN, GoogleError, Json, forbidden, not_found
from sync.sandbox.google.quota import Quota
from sync.sandbox.google.schema import check_body
from sync.sandbox.google.targets import find_a1
from sync.sandbox.google.values import plan_write, write

ACCOUNT = "sandbox@callsheet-sandbox.iam.gserviceaccount.com"
OWNER = "owner@example.com"
SHEET_MIME = "application/vnd.google-apps.spreadsheet"


@dataclass(slots=True)
class File:
    """A spreadsheet as Drive sees it. `access` is what API accounts may do with it."""

    book: Book
    access: str
    owner: str
    created: datetime
    modified: datetime
    permissions: list[Json] = field(default_factory=list)
    parents: list[str] = field(default_factory=lambda: ["root"])
    trashed: bool = False

    @property
    def id(self) -> str:
        """The id that links carry."""
        return self.book.id


class GoogleWorld:
    """The sandbox Google. Options are plain attributes and may be changed at any time.

    Every method of the API runs under `lock`, one at a time.
    """

    def __init__(
        self,
        *,
        writes_per_minute: int = 60,
        reads_per_minute: int = 60,
        enforce_quota: bool = True,
        spreadsheet_cell_limit: int = 10_000_000,
        require_token: bool = False,
        accepted_tokens: set[str] | None = None,
    ) -> None:
        self.writes_per_minute = writes_per_minute
        self.reads_per_minute = reads_per_minute
        self.enforce_quota = enforce_quota
        self.spreadsheet_cell_limit = spreadsheet_cell_limit
        self.require_token = require_token
        self.accepted_tokens = accepted_tokens
        self.lock = threading.RLock()
        self.files: dict[str, File] = {}
        self.token_owners: dict[str, str] = {}
        self.quota = Quota()

    def reset(self) -> None:
        """Forget every spreadsheet, token and used quota; options stay."""
        with self.lock:
            self.files.clear()
            self.token_owners.clear()
            self.quota.clear()

    def make_spreadsheet(
        self,
        title: str,
        id: str | None = None,
        *,
        timezone: str = "Etc/GMT",
        locale: str = "en_US",
        access: str = "editor",
    ) -> File:
        """Make a spreadsheet as a person would, shared with API accounts as `access`: editor, viewer or none."""
        if access not in {"editor", "viewer", "none"}:
            raise ValueError(f"access must be editor, viewer or none, not {access!r}")
        with self.lock:
            book = Book(id or new_file_id(), title, timezone=timezone, locale=locale)
            book.sheets.append(make_sheet(0, "Sheet1"))
            return self.add_file(book, access=access, owner=OWNER)

    def add_file(self, book: Book, *, access: str, owner: str) -> File:
        """Put a spreadsheet into the world."""
        book.cell_limit = self.spreadsheet_cell_limit
        now = datetime.now(UTC)
        file = File(book, access, owner, now, now)
        file.permissions.append(permission("owner", owner))
        if access != "none" and owner != ACCOUNT:
            file.permissions.append(permission("writer" if access == "editor" else "reader", ACCOUNT))
        self.files[book.id] = file
        return file

    def edit_as_person(self, id: str, edit: Json) -> None:
        """Change a spreadsheet as its owner would: `requests` of a batch, then `values` (range, values, input).

        Not counted against any quota; access and protections do not apply. Refusals raise GoogleError.
        """
        with self.lock:
            file = self.files.get(id)
            if file is None:
                raise not_found()
            person = Caller(OWNER, is_person=True)
            file.book.cell_limit = self.spreadsheet_cell_limit
            if edit.get("requests"):
                body = check_body({"requests": edit["requests"]}, "BatchUpdateSpreadsheetRequest")
                run_batch(Desk(file.book, person), body["requests"])
            for item in edit.get("values", ()):
                planned = plan_write(find_a1(file.book, item["range"]), item["values"], by_columns=False)
                typed = item.get("input", "USER_ENTERED") != "RAW"
                write(file.book, planned, typed=typed, caller=person)
            file.modified = datetime.now(UTC)

    def list_spreadsheets(self) -> list[Json]:
        """Return id, title and url of every spreadsheet."""
        with self.lock:
            return [listed(file.book) for file in self.files.values() if not file.trashed]

    def caller(self, authorization: str | None) -> tuple[str, Caller]:
        """Return token and account of a request; raise 401 or 403 when tokens are required and this one is bad."""
        token = (authorization or "").removeprefix("Bearer ").strip()
        if self.require_token:
            if not token:
                raise GoogleError(403, "The request is missing a valid API key.")
            if token not in self.token_owners and token not in (self.accepted_tokens or ()):
                raise GoogleError(401, BAD_TOKEN)
        return token, Caller(self.token_owners.get(token, ACCOUNT))

    def open_file(self, file_id: str, caller: Caller, *, to_write: bool) -> File:
        """Return a file that the caller may read or write, or raise 404 or 403."""
        file = self.files.get(file_id)
        if file is None:
            raise not_found()
        if file.access == "none" and caller.email != file.owner:
            raise forbidden()
        if to_write and file.access == "viewer" and caller.email != file.owner:
            raise forbidden()
        file.book.cell_limit = self.spreadsheet_cell_limit
        return file


def listed(book: Book) -> Json:
    """Return id, title and url of a spreadsheet."""
    return {"id": book.id, "title": book.title, "url": f"https://docs.google.com/spreadsheets/d/{book.id}/edit"}


def permission(role: str, email: str, kind: str = "user") -> Json:
    """Make a Drive permission."""
    number = str(secrets.randbelow(10**20)).zfill(20)
    return {"kind": "drive#permission", "id": number, "type": kind, "role": role, "emailAddress": email}


def new_file_id() -> str:
    """Make an id like the ones of Drive."""
    return "1" + secrets.token_urlsafe(32)


def copy_book(book: Book, title: str) -> Book:
    """Copy a spreadsheet under a new id."""
    twin = Book(new_file_id(), title, timezone=book.timezone, locale=book.locale)
    twin.sheets = [copy_sheet(sheet) for sheet in book.sheets]
    twin.named_ranges = [dict(named) for named in book.named_ranges]
    twin.metadata = [dict(entry) for entry in book.metadata]
    return twin


def describe(value: Any) -> str:
    """Write an instant as Drive does."""
    text: str = value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return text
