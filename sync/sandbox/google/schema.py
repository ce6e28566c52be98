"""Checks request bodies and masks against Google's own schema, kept in `schema.json` in a compact form.

A type maps each field to a code: s text, b boolean, i int32, d double, l int64 as text, m field mask, a anything,
eN enum number N, @T the type T, [X list of X, {X map to X.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from sync.sandbox.google.errors import Json, invalid, schema_error

INT32 = 2**31
SCALAR_NAMES = {"s": "TYPE_STRING", "b": "TYPE_BOOL", "i": "TYPE_INT32", "d": "TYPE_DOUBLE", "l": "TYPE_INT64"}
LIST_VALUE = "type.googleapis.com/google.protobuf.ListValue"
NAMESPACE = "type.googleapis.com/google.apps.sheets.v4."
Violations = list[tuple[str, str]]


@cache
def _schema() -> Json:
    loaded: Json = orjson.loads((Path(__file__).parent / "schema.json").read_bytes())
    return loaded


def fields_of(type_name: str) -> dict[str, str]:
    """Return field to code of one type."""
    found: dict[str, str] = _schema()["types"][type_name]
    return found


def check_body(body: Any, type_name: str, root: str = "") -> Json:
    """Return the body without nulls, which mean absent; raise Google's 400 for what does not fit."""
    if not isinstance(body, dict):
        raise schema_error([("", 'Invalid JSON payload received. Unknown name "": Root element must be a message.')])
    violations: Violations = []
    checked = _object(body, type_name, root, violations)
    if violations:
        raise schema_error(violations)
    return checked


def check_enum(value: str | None, options: tuple[str, ...], name: str) -> str | None:
    """Refuse a query parameter that is none of the enum's names."""
    if value is None or value in options:
        return value
    type_name = "".join(part.capitalize() for part in _snake(name).split("_"))
    text = f"Invalid value at '{_snake(name)}' ({NAMESPACE}{type_name}), {_shown(value)}"
    raise schema_error([(_snake(name), text)])


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found.group(1).lower(), name)


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()


def _object(value: Any, type_name: str, path: str, violations: Violations) -> Json:
    if not isinstance(value, dict):
        text = f"Invalid value at '{path}' ({NAMESPACE}{type_name}), {_shown(value)}"
        violations.append((path, text))
        return {}
    fields = fields_of(type_name)
    checked: Json = {}
    for name, item in value.items():
        if item is None:
            continue
        code = fields.get(name)
        if code is None:
            where = f" at '{path}'" if path else ""
            text = f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
            violations.append((path, text))
            continue
        place = f"{path}.{_snake(name)}" if path else _snake(name)
        if type_name in {"ValueRange", "DataFilterValueRange"} and name == "values":
            checked[name] = _grid_of_values(item, place, violations)
        else:
            checked[name] = _value(item, code, place, violations)
    return checked


def _grid_of_values(value: Any, path: str, violations: Violations) -> Any:
    """Check only that values are lists of lists; the cells are checked where they are written, where it is fast."""
    if not isinstance(value, list):
        violations.append((path, f"Invalid value at '{path}' ({LIST_VALUE}), {_shown(value)}"))
        return []
    for index, row in enumerate(value):
        if not isinstance(row, list):
            place = f"{path}[{index}]"
            violations.append((place, f"Invalid value at '{place}' ({LIST_VALUE}), {_shown(row)}"))
    return value


def _value(value: Any, code: str, path: str, violations: Violations) -> Any:
    kind = code[0]
    if kind == "@":
        return _object(value, code[1:], path, violations)
    if kind == "[":
        return _list(value, code[1:], path, violations)
    if kind == "{":
        return {name: _value(item, code[1:], path, violations) for name, item in dict(value).items()}
    if kind == "e":
        return _enum(value, int(code[1:]), path, violations)
    return _scalar(value, kind, path, violations)


def _list(value: Any, code: str, path: str, violations: Violations) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    return [_value(item, code, f"{path}[{n}]", violations) for n, item in enumerate(items) if item is not None]


def _enum(value: Any, number: int, path: str, violations: Violations) -> Any:
    options: list[str] = _schema()["enums"][number]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(options):
        return options[value]
    if value not in options:
        name = "".join(part.capitalize() for part in options[0].removesuffix("_UNSPECIFIED").split("_"))
        violations.append((path, f"Invalid value at '{path}' ({NAMESPACE}{name}), {_shown(value)}"))
    return value


def _scalar(value: Any, kind: str, path: str, violations: Violations) -> Any:
    if kind in "am":
        return value
    if kind in "id" and isinstance(value, str):
        value = _number_in_text(value)
    fits = {
        "s": isinstance(value, str),
        "b": isinstance(value, bool),
        "l": isinstance(value, str | int),
        "i": _is_int32(value),
        "d": isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not fits[kind]:
        violations.append((path, f"Invalid value at '{path}' ({SCALAR_NAMES[kind]}), {_shown(value)}"))
    return int(value) if kind == "i" and fits[kind] else value


def _number_in_text(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _is_int32(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value == int(value) and -INT32 <= value < INT32


def check_response_mask(paths: list[list[str]], type_name: str) -> None:
    """Refuse a `fields` parameter that names what the answer cannot have."""
    for path in paths:
        current: str | None = type_name
        for name in path:
            if name == "*" or current is None:
                break
            code = fields_of(current).get(name)
            if code is None:
                raise _no_such_path(".".join(path))
            code = code.lstrip("[{")
            current = code[1:] if code[0] == "@" else None


def _no_such_path(path: str) -> Exception:
    text = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    error = invalid("Request contains an invalid argument.")
    violation = {"field": path, "description": text}
    error.details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    return error


def check_update_mask(paths: list[list[str]], type_name: str) -> None:
    """Refuse an update mask that names a field which the type has not."""
    for path in paths:
        current: str | None = type_name
        for name in path:
            if name == "*" or current is None:
                break
            code = fields_of(current).get(name)
            if code is None:
                raise invalid(f"Invalid field: {_snake('.'.join(path))}")
            code = code.lstrip("[{")
            current = code[1:] if code[0] == "@" else None
