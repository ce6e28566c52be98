"""The permissions of Drive v3: who may open a file, and as what."""

from __future__ import annotations

from typing import Any

from sync.sandbox.google.calls import Call
from sync.sandbox.google.drive_files import find_file, no_permission, pick, read_body
from sync.sandbox.google.errors import DriveError, Json
from sync.sandbox.google.world import File, permission

USUAL = "kind,id,type,role"
ROLES = {"owner", "organizer", "fileOrganizer", "writer", "commenter", "reader"}
TYPES = {"user", "group", "domain", "anyone"}
# gspread sends it from the days of v2, and Drive takes it
OLD_FIELD = "withLink"


def create(call: Call) -> Json:
    """permissions.create."""
    file = find_file(call, to_write=True)
    body = read_body(call, "Permission", OLD_FIELD)
    kind, role = body.get("type"), body.get("role")
    if kind not in TYPES:
        raise DriveError(400, "The permission type field is required.", reason="required", location="permission.type")
    if role not in ROLES:
        raise DriveError(400, "The permission role field is required.", reason="required", location="permission.role")
    email = body.get("emailAddress", "")
    if kind in {"user", "group"} and "@" not in email:
        text = "The specified emailAddress is invalid or not applicable for the given permission type."
        raise DriveError(400, text, reason="invalid", location="permission.emailAddress")
    if kind == "domain" and not body.get("domain"):
        text = "The specified domain is invalid or not applicable for the given permission type."
        raise DriveError(400, text, reason="invalid", location="permission.domain")
    made = permission(role, email, kind)
    if kind in {"anyone", "domain"}:
        made.pop("emailAddress")
        made |= {"allowFileDiscovery": body.get("allowFileDiscovery", False)}
    if kind == "anyone":
        made["id"] = "anyoneWithLink" if not made["allowFileDiscovery"] else "anyone"
    if kind == "domain":
        made |= {"domain": body["domain"], "displayName": body["domain"]}
    old = next((entry for entry in file.permissions if _who(entry) == _who(made)), None)
    if old is not None and old["role"] == "owner":
        return _shown(call, old)
    if role == "owner":
        _check_transfer(call, file)
    made["id"] = old["id"] if old is not None else made["id"]
    file.permissions = [entry for entry in file.permissions if entry is not old] + [made]
    if role == "owner":
        _make_owner(file, made)
    return _shown(call, made)


def _who(entry: Json) -> tuple[Any, ...]:
    return entry["type"], entry.get("emailAddress"), entry.get("domain")


def _shown(call: Call, entry: Json) -> Json:
    return pick(entry, call.one("fields") or USUAL, "Permission")


def _check_transfer(call: Call, file: File) -> None:
    if not call.flag("transferOwnership"):
        text = "The transferOwnership parameter must be enabled when the permission role is 'owner'."
        raise DriveError(403, text, reason="forbidden", location="transferOwnership")
    is_pending = any(
        entry.get("pendingOwner") and entry.get("emailAddress") == call.caller.email for entry in file.permissions
    )
    if file.role(call.caller) != "owner" and not is_pending:
        raise no_permission()


def _make_owner(file: File, entry: Json) -> None:
    for other in file.permissions:
        if other["role"] == "owner":
            other["role"] = "writer"
    entry["role"] = "owner"
    entry.pop("pendingOwner", None)
    file.owner = entry["emailAddress"]
    file.permissions.sort(key=lambda other: other["role"] != "owner")


def listing(call: Call) -> Json:
    """permissions.list."""
    file = find_file(call)
    whole = {"kind": "drive#permissionList", "permissions": file.permissions}
    if call.one("fields"):
        return pick(whole, call.one("fields") or "*", "PermissionList")
    return whole | {"permissions": [pick(entry, USUAL, "Permission") for entry in file.permissions]}


def _find(call: Call, file: File) -> Json:
    for entry in file.permissions:
        if entry["id"] == call.parts[1]:
            return entry
    raise DriveError(404, f"Permission not found: {call.parts[1]}.", reason="notFound", location="permissionId")


def get(call: Call) -> Json:
    """permissions.get."""
    return _shown(call, _find(call, find_file(call)))


def update(call: Call) -> Json:
    """permissions.update: another role, or the next owner."""
    file = find_file(call, to_write=True)
    entry = _find(call, file)
    body = read_body(call, "Permission", OLD_FIELD)
    role = body.get("role", entry["role"])
    if role not in ROLES:
        text = "The specified role is invalid or not supported."
        raise DriveError(400, text, reason="invalid", location="permission.role")
    if role == "owner" and entry["role"] != "owner":
        _check_transfer(call, file)
        _make_owner(file, entry)
        return _shown(call, entry)
    if entry["role"] == "owner" and role != "owner":
        raise DriveError(403, "The owner of a file cannot be removed.", reason="cannotRemoveOwner")
    entry["role"] = role
    if "pendingOwner" in body:
        entry["pendingOwner"] = body["pendingOwner"]
    return _shown(call, entry)


def delete(call: Call) -> None:
    """permissions.delete."""
    file = find_file(call)
    entry = _find(call, file)
    if entry["role"] == "owner":
        raise DriveError(403, "The owner of a file cannot be removed.", reason="cannotRemoveOwner")
    if file.role(call.caller) not in {"owner", "writer"} and entry.get("emailAddress") != call.caller.email:
        raise no_permission()
    file.permissions = [other for other in file.permissions if other is not entry]
    file.removed.add(str(entry.get("emailAddress")))
