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
from sync.sandbox.google.errors import GoogleError, Json, forbidden, not_found
from sync.sandbox.google.pivots import settle
from sync.sandbox.google.quota import Quota
from sync.sandbox.google.schema import check_body
from sync.sandbox.google.targets import find_a1
from sync.sandbox.google.values import plan_write, write

ACCOUNT = "sandbox@callsheet-sandbox.iam.gserviceaccount.com"
OWNER = "owner@example.com"
SERVICE_DOMAIN = ".gserviceaccount.com"
SCOPES = "https://www.googleapis.com/auth/"
SHEETS_SCOPES = {SCOPES + name for name in ("spreadsheets", "drive", "drive.file")}
DRIVE_SCOPES = {SCOPES + name for name in ("drive", "drive.file", "drive.metadata")}
SHEET_MIME = "application/vnd.google-apps.spreadsheet"
FOLDER_MIME = "application/vnd.google-apps.folder"


@dataclass(slots=True)
class File:
    """A file as Drive sees it: a spreadsheet, or a folder, whose book has no tabs.

    `access` is what every API account may do with it that the permissions do not name; `removed` were named once.
    """

    book: Book
    access: str
    owner: str
    created: datetime
    modified: datetime
    permissions: list[Json] = field(default_factory=list)
    parents: list[str] = field(default_factory=lambda: ["root"])
    trashed: bool = False
    mime: str = SHEET_MIME
    starred: bool = False
    description: str = ""
    removed: set[str] = field(default_factory=set)

    @property
    def id(self) -> str:
        """The id that links carry."""
        return self.book.id

    def role(self, caller: Caller) -> str | None:
        """Return what the caller may do: owner, writer, commenter or reader; None when it is closed to them."""
        if caller.email == self.owner or caller.is_person:
            return "owner"
        named = [entry["role"] for entry in self.permissions if self._covers(entry, caller.email)]
        if caller.email not in self.removed and self.access != "none":
            named.append("writer" if self.access == "editor" else "reader")
        known = [role for role in ("writer", "commenter", "reader") if role in named]
        return known[0] if known else None

    @staticmethod
    def _covers(entry: Json, email: str) -> bool:
        if entry["type"] == "domain":
            return email.endswith("@" + str(entry.get("domain")))
        return entry["type"] == "anyone" or entry.get("emailAddress") == email


@dataclass(slots=True)
class Token:
    """A bearer token that was handed out: to whom, for what, until when on the monotonic clock."""

    email: str
    scopes: frozenset[str]
    ends_at: float

    def allows(self, service: str, kind: str) -> bool:
        """Tell whether its scopes cover a request; a token without scopes covers everything."""
        names = DRIVE_SCOPES if service == "drive" else SHEETS_SCOPES
        wanted = names | ({name + ".readonly" for name in names} if kind == "read" else set())
        return not self.scopes or bool(self.scopes & wanted)


@dataclass(kw_only=True, eq=False, repr=False)
class GoogleOptions:
    """What can be changed at any time. `accepted_tokens` counts only with `require_token`."""

    writes_per_minute: int = 60
    reads_per_minute: int = 60
    project_writes_per_minute: int = 300
    project_reads_per_minute: int = 300
    enforce_quota: bool = True
    spreadsheet_cell_limit: int = 10_000_000
    max_request_bytes: int = 10_485_760
    require_token: bool = False
    accepted_tokens: set[str] | None = None
    token_lifetime_s: int = 3599
    service_accounts_own_files: bool = True


class GoogleWorld(GoogleOptions):
    """The sandbox Google. Options are plain attributes.

    Every method of the API runs under `lock`, one at a time.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.lock = threading.RLock()
        self.files: dict[str, File] = {}
        self.tokens: dict[str, Token] = {}
        self.quota = Quota()

    def reset(self) -> None:
        """Forget every spreadsheet, token and used quota; options stay."""
        with self.lock:
            self.files.clear()
            self.tokens.clear()
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
            settle(file.book)

    def list_spreadsheets(self) -> list[Json]:
        """Return id, title and url of every spreadsheet."""
        with self.lock:
            return [listed(file.book) for file in self.files.values() if not file.trashed and file.book.sheets]

    def open_file(self, file_id: str, caller: Caller, *, to_write: bool) -> File:
        """Return a file that the caller may read or write, or raise 404 or 403."""
        file = self.files.get(file_id)
        if file is None:
            raise not_found()
        role = file.role(caller)
        if role is None or (to_write and role not in {"owner", "writer"}):
            raise forbidden()
        if file.mime != SHEET_MIME:
            raise GoogleError(400, "This operation is not supported for this document")
        file.book.cell_limit = self.spreadsheet_cell_limit
        settle(file.book)
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
    twin.auto_recalc, twin.settings = book.auto_recalc, dict(book.settings)
    twin.sheets = [copy_sheet(sheet) for sheet in book.sheets]
    twin.named_ranges = [dict(named) for named in book.named_ranges]
    twin.pivots = book.pivots
    twin.metadata = [dict(entry) for entry in book.metadata]
    return twin


def describe(value: Any) -> str:
    """Write an instant as Drive does."""
    text: str = value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return text
