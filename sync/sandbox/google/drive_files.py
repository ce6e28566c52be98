"""The files of Drive v3, as far as spreadsheet clients need them: spreadsheets, and folders to put them in."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

from sync.sandbox.google.access import Caller
from sync.sandbox.google.admission import check_storage
from sync.sandbox.google.book import Book, make_sheet
from sync.sandbox.google.calls import Call, read_json
from sync.sandbox.google.drive_query import parse_query
from sync.sandbox.google.errors import DriveError, Json, file_not_found
from sync.sandbox.google.masks import apply_mask, mask_paths, parse_mask
from sync.sandbox.google.schema import check_body, fields_of
from sync.sandbox.google.targets import Target, whole_sheet
from sync.sandbox.google.values import plan_write, read, write
from sync.sandbox.google.world import FOLDER_MIME, SHEET_MIME, File, copy_book, describe, new_file_id

FILE_FIELDS = "kind,id,name,mimeType"
MAX_EXPORT_BYTES = 10_000_000
SEPARATORS = {"text/csv": ",", "text/tab-separated-values": "\t"}
# sent by clients although these methods do not have it, and taken by Drive
TOLERATED = {"includeItemsFromAllDrives": "b"}
UPLOAD = "drive.files.update"
# the uploads of v2, from before there was v3
OF_UPLOADS = {"convert": "b", "ocr": "b", "pinned": "b", "newRevision": "b"}


def drive_parameters(method: str) -> dict[str, str]:
    """Return query parameters that a method of Drive takes besides its own."""
    return TOLERATED | (OF_UPLOADS if method == UPLOAD else {})


def find_file(call: Call, *, to_write: bool = False) -> File:
    """Return the file of the path; raise Drive's 404 or 403."""
    file = call.world.files.get(call.parts[0])
    role = file.role(call.caller) if file else None
    if file is None or role is None:
        raise file_not_found(call.parts[0])
    if to_write and role not in {"owner", "writer"}:
        raise no_permission()
    return file


def no_permission() -> DriveError:
    """Return Drive's 403 of a change that the caller may not make."""
    text = "The user does not have sufficient permissions for this file."
    return DriveError(403, text, reason="insufficientFilePermissions")


def read_body(call: Call, type_name: str, *tolerated: str) -> Json:
    """Return the checked body."""
    body = read_json(call.raw_body)
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in tolerated}
    return check_body(body, type_name)


def pick(whole: Json, fields: str, type_name: str) -> Json:
    """Return what the `fields` of a Drive request ask for; raise Drive's 400 for a name that it does not have."""
    mask = parse_mask(fields)
    for path in mask_paths(mask):
        _check_path(path, type_name)
    found: Json = apply_mask(whole, mask)
    return found


def _check_path(path: list[str], type_name: str) -> None:
    current: str | None = type_name
    for name in path:
        if name == "*" or current is None:
            return
        code = fields_of(current).get(name)
        if code is None:
            raise DriveError(
                400, f"Invalid field selection {'/'.join(path)}", reason="invalidParameter", location="fields"
            )
        code = code.lstrip("[{")
        current = code[1:] if code[0] == "@" else None


def describe_file(file: File, caller: Caller) -> Json:
    """Return everything that the sandbox knows of a file."""
    role = file.role(caller)
    can_edit, owned = role in {"owner", "writer"}, role == "owner"
    page = "spreadsheets" if file.mime == SHEET_MIME else "drive/folders"
    owner = {"kind": "drive#user", "displayName": file.owner.partition("@")[0], "me": owned}
    shown: Json = {
        "kind": "drive#file",
        "id": file.book.id,
        "name": file.book.title,
        "mimeType": file.mime,
        "starred": file.starred,
        "trashed": file.trashed,
        "explicitlyTrashed": file.trashed,
        "parents": file.parents,
        "spaces": ["drive"],
        "version": str(file.book.revision + 1),
        "webViewLink": f"https://docs.google.com/{page}/d/{file.book.id}/edit?usp=drivesdk",
        "viewedByMe": True,
        "createdTime": describe(file.created),
        "modifiedTime": describe(file.modified),
        "owners": [owner | {"permissionId": file.permissions[0]["id"], "emailAddress": file.owner}],
        "lastModifyingUser": owner | {"emailAddress": file.owner},
        "shared": len(file.permissions) > 1,
        "ownedByMe": owned,
        "capabilities": {
            "canEdit": can_edit,
            "canCopy": True,
            "canShare": can_edit,
            "canDelete": owned,
            "canTrash": owned,
            "canRename": can_edit,
            "canDownload": True,
        },
        "permissions": file.permissions,
        "permissionIds": [entry["id"] for entry in file.permissions],
        "size": "1024",
        "quotaBytesUsed": "1024",
        "writersCanShare": True,
    }
    if file.mime == SHEET_MIME:
        base = f"https://docs.google.com/spreadsheets/export?id={file.book.id}&exportFormat="
        shown["exportLinks"] = {"text/csv": base + "csv", "text/tab-separated-values": base + "tsv"}
    if file.description:
        shown["description"] = file.description
    return shown


def _shown(call: Call, file: File) -> Json:
    return pick(describe_file(file, call.caller), call.one("fields") or FILE_FIELDS, "File")


def create(call: Call) -> Json:
    """files.create: a new spreadsheet, or a folder."""
    body = read_body(call, "File")
    mime = body.get("mimeType")
    if mime not in {SHEET_MIME, FOLDER_MIME}:
        raise DriveError(400, f"Files of type {mime} are not in the sandbox.")
    if body.get("id") in call.world.files:
        raise DriveError(409, "A file already exists with the provided ID.", reason="fileIdInUse")
    check_storage(call.world, call.caller)
    book = Book(body.get("id") or new_file_id(), body.get("name", "Untitled"))
    if mime == SHEET_MIME:
        book.sheets.append(make_sheet(0, "Sheet1"))
    file = call.world.add_file(book, access="none", owner=call.caller.email)
    file.mime, file.parents = mime, _parents(call, body.get("parents"))
    _apply(file, body)
    return _shown(call, file)


def _parents(call: Call, wanted: list[str] | None) -> list[str]:
    for parent in wanted or []:
        folder = call.world.files.get(parent)
        if folder is not None and folder.mime != FOLDER_MIME:
            raise DriveError(403, "The specified parent is not a folder.", reason="parentNotAFolder")
    if wanted and len(wanted) > 1:
        raise DriveError(400, "A file cannot have more than one parent.", reason="invalid")
    return wanted or ["root"]


def _apply(file: File, body: Json) -> None:
    file.description = body.get("description", file.description)
    file.starred = body.get("starred", file.starred)


def get(call: Call) -> Json:
    """files.get."""
    file = find_file(call)
    if call.one("alt") == "media":
        text = "Only files with binary content can be downloaded. Use Export with Docs Editors files."
        raise DriveError(403, text, reason="fileNotDownloadable", location="alt")
    return _shown(call, file)


def update(call: Call) -> Json:
    """files.update: rename, move, put into the bin."""
    file = find_file(call, to_write=True)
    body = read_body(call, "File")
    if "trashed" in body and file.role(call.caller) != "owner":
        raise no_permission()
    if body.get("mimeType", file.mime) != file.mime:
        raise DriveError(400, "A file's type cannot be changed in the sandbox.")
    if "parents" in body:
        text = "The parents field is not directly writable in update requests. "
        raise DriveError(
            403, text + "Use the addParents and removeParents parameters instead.", reason="fieldNotWritable"
        )
    file.book.title = body.get("name", file.book.title)
    file.trashed = body.get("trashed", file.trashed)
    _apply(file, body)
    gone = set((call.one("removeParents") or "").split(","))
    added = [parent for parent in (call.one("addParents") or "").split(",") if parent]
    if added:
        _parents(call, added)
    file.parents = [parent for parent in file.parents if parent not in gone] + added
    file.modified = datetime.now(UTC)
    return _shown(call, file)


def delete(call: Call) -> None:
    """files.delete, for the owner. What lies in a deleted folder goes too."""
    file = find_file(call)
    if file.role(call.caller) != "owner":
        raise no_permission()
    gone = [call.parts[0]]
    while gone:
        folder = gone.pop()
        call.world.files.pop(folder, None)
        gone += [other.id for other in call.world.files.values() if folder in other.parents]


def empty_trash(call: Call) -> None:
    """files.emptyTrash: deletes what the caller put into the bin."""
    for file in list(call.world.files.values()):
        if file.trashed and file.owner == call.caller.email:
            del call.world.files[file.id]


def generate_ids(call: Call) -> Json:
    """files.generateIds."""
    count = call.query.get("count", 10)
    if not 1 <= count <= 1000:
        raise _out_of_range("count", count)
    ids = [new_file_id() for _ in range(count)]
    whole = {"kind": "drive#generatedIds", "space": call.one("space") or "drive", "ids": ids}
    return pick(whole, call.one("fields") or "*", "GeneratedIds")


def listing(call: Call) -> Json:
    """files.list: what the caller may open, the files changed last first unless `orderBy` says otherwise."""
    test = parse_query(call.one("q") or "", call.caller.email)
    files = [file for file in call.world.files.values() if file.role(call.caller) and test(file)]
    files = _ordered(files, call.one("orderBy") or "")
    size = call.query.get("pageSize", 100)
    if not 1 <= size <= 1000:
        raise _out_of_range("pageSize", size)
    token = call.one("pageToken") or "0"
    if not token.isdigit():
        raise DriveError(400, "Invalid Value", location="pageToken")
    start = int(token)
    page = [describe_file(file, call.caller) for file in files[start : start + size]]
    shown: Json = {"kind": "drive#fileList", "incompleteSearch": False}
    if start + size < len(files):
        shown["nextPageToken"] = str(start + size)
    if not call.one("fields"):
        return shown | {"files": [pick(file, FILE_FIELDS, "File") for file in page]}
    return pick(shown | {"files": page}, call.one("fields") or "", "FileList")


def _out_of_range(name: str, value: int) -> DriveError:
    text = f"Invalid value '{value}'. Values must be within the range: [1, 1000]"
    return DriveError(400, text, reason="invalidParameter", location=name)


def _ordered(files: list[File], order: str) -> list[File]:
    keys: dict[str, Any] = {
        "name": lambda file: file.book.title,
        "name_natural": lambda file: file.book.title.casefold(),
        "createdTime": lambda file: file.created,
        "modifiedTime": lambda file: (file.modified, file.created),
        "viewedByMeTime": lambda file: file.modified,
        "recency": lambda file: file.modified,
        "folder": lambda file: file.mime != FOLDER_MIME,
        "starred": lambda file: not file.starred,
        "quotaBytesUsed": lambda file: file.book.n_cells,
    }
    for part in reversed((order or "modifiedTime desc").split(",")):
        name, _, direction = part.strip().partition(" ")
        if name not in keys or direction not in {"", "desc"}:
            raise DriveError(400, "Invalid Value", location="orderBy")
        files = sorted(files, key=keys[name], reverse=direction == "desc")
    return files


def copy(call: Call) -> Json:
    """files.copy."""
    file = find_file(call)
    body = read_body(call, "File")
    if file.mime != SHEET_MIME:
        raise DriveError(403, "This file cannot be copied by the user.", reason="cannotCopyFile")
    check_storage(call.world, call.caller)
    title = body.get("name") or f"Copy of {file.book.title}"
    twin = call.world.add_file(copy_book(file.book, title), access="none", owner=call.caller.email)
    twin.parents = _parents(call, body.get("parents") or list(file.parents))
    _apply(twin, body)
    return _shown(call, twin)


def export(call: Call) -> tuple[bytes, str]:
    """files.export of the first tab as CSV or TSV: CRLF, no final line end."""
    file = find_file(call)
    kind = call.one("mimeType") or ""
    if file.mime != SHEET_MIME:
        raise DriveError(403, "Export only supports Docs Editors files.", reason="fileNotExportable")
    if kind not in SEPARATORS:
        raise DriveError(400, "The requested conversion is not supported.", reason="badRequest", location="convertTo")
    content = _separated(file, SEPARATORS[kind])
    if len(content) > MAX_EXPORT_BYTES:
        raise DriveError(403, "This file is too large to be exported.", reason="exportSizeLimitExceeded")
    return content, kind


def _separated(file: File, separator: str) -> bytes:
    sheet = file.book.sheets[0]
    rows = read(file.book, sheet, sheet.box, render="FORMATTED_VALUE", formatted_times=False)
    width = max((len(row) for row in rows), default=0)
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(
        row + [""] * (width - len(row)) for row in rows
    )
    return text.getvalue().removesuffix("\r\n").encode()


def import_csv(call: Call) -> Json:
    """files.update of Drive v2 with a CSV as content: the first tab is made anew from it, all others go."""
    file = find_file(call, to_write=True)
    rows: list[list[Any]] = list(csv.reader(io.StringIO(call.raw_body.decode("utf-8-sig", "replace"))))
    width = max((len(row) for row in rows), default=0)
    sheet = make_sheet(0, "Sheet1", max(1000, len(rows)), max(26, width))
    book = file.book
    sheet.title = book.title
    book.sheets, book.named_ranges = [sheet], []
    write(book, plan_write(Target(sheet, whole_sheet()), rows, by_columns=False), typed=True, caller=call.caller)
    file.modified = datetime.now(UTC)
    return {"kind": "drive#file", "id": book.id, "title": book.title, "mimeType": SHEET_MIME}


def comments(call: Call) -> Json:
    """comments.list: there are none."""
    find_file(call)
    if not call.one("fields"):
        text = "The 'fields' parameter is required for this method."
        raise DriveError(400, text, reason="required", location="fields")
    whole: Json = {"kind": "drive#commentList", "comments": []}
    return pick(whole, call.one("fields") or "*", "CommentList")


def about(call: Call) -> Json:
    """about.get: who asks, and how much room there is."""
    if not call.one("fields"):
        text = "The 'fields' parameter is required for this method."
        raise DriveError(400, text, reason="required", location="fields")
    email = call.caller.email
    user = {"kind": "drive#user", "displayName": email.partition("@")[0], "me": True, "emailAddress": email}
    whole: Json = {
        "kind": "drive#about",
        "user": user,
        "storageQuota": {"limit": "16106127360", "usage": "0", "usageInDrive": "0", "usageInDriveTrash": "0"},
        "exportFormats": {SHEET_MIME: sorted(SEPARATORS)},
        "canCreateDrives": False,
    }
    return pick(whole, call.one("fields") or "*", "About")
