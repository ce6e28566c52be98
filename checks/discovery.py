"""Makes the compact schema of the sandbox Google from Google's own discovery documents.

The documents ship in the package google-api-python-client; `make generate` writes the schema again after an update.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
SCALARS = {"string": "s", "boolean": "b", "integer": "i", "number": "d", "any": "a"}
TEXT_FORMATS = {"int64": "l", "uint64": "l", "google-fieldmask": "m"}
DRIVE_METHODS = {
    "drive.about.get",
    "drive.comments.list",
    "drive.files.copy",
    "drive.files.create",
    "drive.files.delete",
    "drive.files.emptyTrash",
    "drive.files.export",
    "drive.files.generateIds",
    "drive.files.get",
    "drive.files.list",
    "drive.files.update",
    "drive.permissions.create",
    "drive.permissions.delete",
    "drive.permissions.get",
    "drive.permissions.list",
    "drive.permissions.update",
}
"""The methods of Drive that the sandbox has; of Sheets it has all."""
RENAMED = {
    "InputValueOption": "ValueInputOption",
    "ResponseValueRenderOption": "ValueRenderOption",
    "ResponseDateTimeRenderOption": "DateTimeRenderOption",
}
"""Enums whose name in refusals is known and follows neither from their values nor from one field."""


def schema_text() -> str:
    """Return the schema as the sandbox keeps it: revisions, enums, types, and the parameters of methods."""
    sheets, drive = load_document("sheets.v4"), load_document("drive.v3")
    writer = _Writer()
    methods = {m["id"]: writer.method(m) for document in (sheets, drive) for m in methods_of(document)}
    methods = {name: method for name, method in methods.items() if name.startswith("sheets") or name in DRIVE_METHODS}
    types = {name: writer.type(schema) for name, schema in sorted(sheets["schemas"].items())}
    types |= {name: writer.type(drive["schemas"][name]) for name in sorted(_reachable(drive))}
    whole = {
        "revision": sheets["revision"],
        "drive_revision": drive["revision"],
        "common": {name: writer.code(p) for name, p in sheets["parameters"].items()},
        "enums": writer.enums,
        "enum_names": writer.names(),
        "methods": methods,
        "types": types,
    }
    return json.dumps(whole, separators=(",", ":"), sort_keys=True) + "\n"


def load_document(name: str) -> Json:
    """Return a discovery document of the installed package."""
    import googleapiclient  # noqa: PLC0415 - only who writes the schema needs the package

    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    found: Json = json.loads((folder / f"{name}.json").read_text())
    return found


def methods_of(node: Json) -> Iterator[Json]:
    """Yield every method below a document or a resource."""
    yield from node.get("methods", {}).values()
    for resource in node.get("resources", {}).values():
        yield from methods_of(resource)


def _reachable(drive: Json) -> set[str]:
    wanted, found = [], set[str]()
    for method in methods_of(drive):
        if method["id"] in DRIVE_METHODS:
            wanted += [method[part]["$ref"] for part in ("request", "response") if part in method]
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.add(name)
            wanted += _refs(drive["schemas"][name])
    return found


def _refs(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [name for value in node.values() for name in _refs(value)]
    return [name for item in node for name in _refs(item)] if isinstance(node, list) else []


class _Writer:
    """Turns schemas into codes and numbers the enums on the way."""

    def __init__(self) -> None:
        self.enums: list[list[str]] = []
        self.owners: dict[int, tuple[str, set[str]]] = {}

    def method(self, method: Json) -> Json:
        parameters = method.get("parameters", {}).items()
        made: Json = {"query": {name: self.code(p, name) for name, p in parameters if p["location"] == "query"}}
        for part in ("request", "response"):
            if part in method:
                made[part] = method[part]["$ref"]
        return made

    def type(self, schema: Json) -> Json:
        fields = schema.get("properties", {}).items()
        return {name: self.code(field, name, schema["id"]) for name, field in fields}

    def code(self, field: Json, name: str = "", owner: str = "") -> str:
        if "$ref" in field:
            return "@" + str(field["$ref"])
        if field.get("repeated"):
            return "[" + self.code({**field, "repeated": False}, name, owner)
        if "items" in field:
            return "[" + self.code(field["items"], name, owner)
        if "additionalProperties" in field:
            return "{" + self.code(field["additionalProperties"], name, owner)
        if "enum" in field:
            return self._enum(field["enum"], name, owner)
        return TEXT_FORMATS.get(field.get("format", ""), SCALARS.get(field.get("type", ""), "a"))

    def _enum(self, options: list[str], name: str, owner: str) -> str:
        if options not in self.enums:
            self.enums.append(options)
        number = self.enums.index(options)
        self.owners.setdefault(number, (name, set()))[1].add(owner)
        return f"e{number}"

    def names(self) -> list[str]:
        """Return the full name of each enum: inside its message when one message alone uses it."""
        return [self._name(number, options) for number, options in enumerate(self.enums)]

    def _name(self, number: int, options: list[str]) -> str:
        field, owners = self.owners[number]
        prefix = options[0].removesuffix("_UNSPECIFIED") if options[0].endswith("_UNSPECIFIED") else ""
        own = "".join(part.capitalize() for part in prefix.split("_")) if prefix else field[:1].upper() + field[1:]
        own = RENAMED.get(own, own)
        return own if len(owners) > 1 or owners == {""} else f"{next(iter(owners))}.{own}"
