"""Checks requests against Google's own schema, kept in `schema.json` in a compact form that `make generate` writes.

A type maps each field to a code: s text, b boolean, i int32, d double, l int64 as text, m field mask, a anything,
eN enum number N, @T the type T, [X list of X, {X map to X. A method has the codes of its query parameters.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from sync.sandbox.google.errors import GoogleError, Json, invalid, schema_error

INT32 = 2**31
SCALAR_NAMES = {"s": "TYPE_STRING", "b": "TYPE_BOOL", "i": "TYPE_INT32", "d": "TYPE_DOUBLE", "l": "TYPE_INT64"}
LIST_VALUE = "type.googleapis.com/google.protobuf.ListValue"
FIELD_MASK = "type.googleapis.com/google.protobuf.FieldMask"
NAMESPACE = "type.googleapis.com/google.apps.sheets.v4."
MESSAGE_NAMES = {"Request": "BatchUpdateSpreadsheetRequest.Request"}
ONE_OF = {
    "Request": "kind",
    "ExtendedValue": "value",
    "DataFilter": "filter",
    "DeveloperMetadataLocation": "location",
    "UpdateCellsRequest": "area",
    "ConditionalFormatRule": "rule",
    "ConditionValue": "value",
    "ColorStyle": "kind",
    "ChartSpec": "chart",
    "EmbeddedObjectPosition": "location",
    "UpdateConditionalFormatRuleRequest": "instruction",
    "FindReplaceRequest": "scope",
    "AutoFillRequest": "area",
    "PasteDataRequest": "kind",
}
"""Messages of which only one field may be set, and what the choice is called."""
ONE_OF_FIELDS = {
    "UpdateCellsRequest": {"start", "range"},
    "DeveloperMetadataLocation": {"spreadsheet", "sheetId", "dimensionRange"},
    "ConditionalFormatRule": {"booleanRule", "gradientRule"},
    "ChartSpec": {
        "basicChart",
        "pieChart",
        "bubbleChart",
        "candlestickChart",
        "orgChart",
        "histogramChart",
        "waterfallChart",
        "treemapChart",
        "scorecardChart",
    },
    "UpdateConditionalFormatRuleRequest": {"rule", "newIndex"},
    "FindReplaceRequest": {"range", "sheetId", "allSheets"},
    "AutoFillRequest": {"range", "sourceAndDestination"},
    "PasteDataRequest": {"delimiter", "html"},
}
WRAPPED = {
    "GridRange": {"startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex"},
    "DimensionRange": {"startIndex", "endIndex"},
}
"""Numbers that may be unset, which are messages with a value of their own."""
Violations = list[tuple[str, str]]


@cache
def _schema() -> Json:
    loaded: Json = orjson.loads((Path(__file__).parent / "schema.json").read_bytes())
    return loaded


def fields_of(type_name: str) -> dict[str, str]:
    """Return field to code of one type."""
    found: dict[str, str] = _schema()["types"][type_name]
    return found


def method_of(name: str) -> Json:
    """Return query parameters, request and response of one method, such as `sheets.spreadsheets.get`."""
    found: Json = _schema()["methods"][name]
    return found


def enum_options(number: int) -> list[str]:
    """Return the names of an enum."""
    found: list[str] = _schema()["enums"][number]
    return found


def check_query(query: dict[str, list[str]], method: str, *, also: dict[str, str] | None = None) -> Json:
    """Return the query parameters as values, under their usual names; raise Google's 400 for what does not fit.

    `also` are parameters that are accepted although the method does not have them.
    """
    codes = {**_schema()["common"], **(also or {}), **method_of(method)["query"]}
    violations: Violations = []
    checked: Json = {}
    for sent, values in query.items():
        name = _known_name(sent.removeprefix("$") if sent != "$.xgafv" else sent, codes)
        if name is None:
            text = f'Invalid JSON payload received. Unknown name "{sent}": Cannot bind query parameter. '
            violations.append((sent, f"{text}Field '{sent}' could not be found in request message."))
            continue
        code = codes[name]
        wanted = values if code.startswith("[") else values[-1:]
        found = [_parameter(value, code.lstrip("["), _snake(name), violations) for value in wanted]
        checked[name] = found if code.startswith("[") else found[0]
    if violations:
        raise schema_error(violations)
    return checked


def _parameter(text: str, code: str, path: str, violations: Violations) -> Any:
    if code == "b":
        lowered = text.lower()
        if lowered not in {"true", "false", "1", "0", ""}:
            violations.append((path, f"Invalid value at '{path}' (TYPE_BOOL), {_shown(text)}"))
        return lowered in {"true", "1"}
    if code[0] == "e" and path in {"alt", "$.xgafv"}:
        return text
    if code[0] == "e" and text.isdigit():
        return _enum(int(text), int(code[1:]), path, violations)
    return _value(text, code, path, violations)


def _known_name(sent: str, codes: dict[str, str]) -> str | None:
    """Return the usual name of a field, which may be sent in either spelling: `sheetId` or `sheet_id`."""
    if sent in codes:
        return sent
    camel = re.sub(r"_([a-z0-9])", lambda found: found.group(1).upper(), sent)
    return camel if camel in codes else None


def check_body(body: Any, type_name: str, root: str = "") -> Json:
    """Return the body without nulls, which mean absent; raise Google's 400 for what does not fit."""
    if not isinstance(body, dict):
        raise schema_error([("", 'Invalid JSON payload received. Unknown name "": Root element must be a message.')])
    violations: Violations = []
    checked = _object(body, type_name, root, violations)
    if violations:
        raise schema_error(violations)
    return checked


def check_answer(answer: Any, type_name: str) -> list[str]:
    """Return what does not fit the schema of an answer."""
    violations: Violations = []
    _object(answer, type_name, "", violations)
    return [text for _, text in violations]


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found.group(1).lower(), name)


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()


def _object(value: Any, type_name: str, path: str, violations: Violations) -> Json:
    if not isinstance(value, dict):
        message = MESSAGE_NAMES.get(type_name, type_name)
        violations.append((path, f"Invalid value at '{path}' ({NAMESPACE}{message}), {_shown(value)}"))
        return {}
    fields = fields_of(type_name)
    checked: Json = {}
    for sent, item in value.items():
        name = _known_name(sent, fields)
        if name is None:
            where = f" at '{path}'" if path else ""
            text = f'Invalid JSON payload received. Unknown name "{sent}"{where}: Cannot find field.'
            violations.append((path, text))
            continue
        if item is None:
            continue
        if _already_set(checked, name, type_name):
            text = f"Invalid value at '{path}' (oneof), oneof field '{ONE_OF[type_name]}' is already set. "
            violations.append((path, f"{text}Cannot set '{sent}'"))
            continue
        if isinstance(item, list) and fields[name][0] not in "[a":
            violations.append((path, _not_a_list(sent, path, is_map=fields[name][0] == "{")))
            continue
        place = f"{path}.{_snake(name)}" if path else _snake(name)
        if type_name in {"ValueRange", "DataFilterValueRange"} and name == "values":
            checked[name] = _grid_of_values(item, place, violations)
        else:
            place += ".value" if name in WRAPPED.get(type_name, ()) else ""
            checked[name] = _value(item, fields[name], place, violations)
    return checked


def _already_set(checked: Json, name: str, type_name: str) -> bool:
    if type_name not in ONE_OF:
        return False
    choice = ONE_OF_FIELDS.get(type_name)
    return any(choice is None or other in choice for other in checked) if choice is None or name in choice else False


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
        return _map(value, code[1:], path, violations)
    if kind == "e":
        return _enum(value, int(code[1:]), path, violations)
    if isinstance(value, dict | list) and kind != "a":
        violations.append((path, _not_scalar(value, path)))
        return None
    return _scalar(value, kind, path, violations)


def _map(value: Any, code: str, path: str, violations: Violations) -> Json:
    if not isinstance(value, dict):
        violations.append((path, f"Invalid value at '{path}' (map), Cannot bind a scalar to a map field"))
        return {}
    return {name: _value(item, code, path, violations) for name, item in value.items()}


def _not_a_list(sent: str, path: str, *, is_map: bool) -> str:
    """Return what is said of a list for a field that takes no list; the field is called as it was sent."""
    if is_map:
        return f"Invalid value at '{path}' (Map), Cannot bind a list to map for field '{sent}'."
    where = f" at '{path}'" if path else ""
    return (
        f'Invalid JSON payload received. Unknown name "{sent}"{where}: Proto field is not repeating, cannot start list.'
    )


def _not_scalar(value: Any, path: str) -> str:
    parent, _, field = path.rpartition(".")
    where = f" at '{parent}'" if parent else ""
    if isinstance(value, dict):
        return f"Invalid value{where} ({field}), Starting an object on a scalar field"
    return _not_a_list(field, parent, is_map=False)


def _list(value: Any, code: str, path: str, violations: Violations) -> list[Any]:
    if not isinstance(value, list | dict):
        return [_value(value, code, path, violations)]  # one alone counts as a list of one
    items = value if isinstance(value, list) else [value]
    if code[0] == "@":  # a list inside a list of messages counts as its items
        items = [part for item in items for part in (item if isinstance(item, list) else [item])]
    return [_value(item, code, f"{path}[{n}]", violations) for n, item in enumerate(items) if item is not None]


def _enum(value: Any, number: int, path: str, violations: Violations) -> Any:
    options = enum_options(number)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(options):
        return options[value]
    if isinstance(value, str) and value.isdecimal() and int(value) < len(options):
        return options[int(value)]
    if value not in options:
        name = _schema()["enum_names"][number]
        violations.append((path, f"Invalid value at '{path}' ({NAMESPACE}{name}), {_shown(value)}"))
    return value


def _scalar(value: Any, kind: str, path: str, violations: Violations) -> Any:
    if kind == "a":
        return value
    if kind == "m":
        if not isinstance(value, str):
            violations.append((path, f"Invalid value at '{path}' ({FIELD_MASK}), {_shown(value)}"))
            return ""
        return value
    if kind in "id" and isinstance(value, str):
        value = _number_in_text(value)
    if kind == "b" and value in ("true", "false"):
        value = value == "true"
    fits = {
        "s": isinstance(value, str),
        "b": isinstance(value, bool),
        "l": _is_int64(value),
        "i": _is_int32(value),
        "d": isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not fits[kind]:
        violations.append((path, f"Invalid value at '{path}' ({SCALAR_NAMES[kind]}), {_shown(value)}"))
        return None
    return int(value) if kind == "i" else value


def _number_in_text(text: str) -> Any:
    try:
        found = float(text)
    except ValueError:
        return text
    return found if found - found == 0 else text


def _is_int32(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -INT32 <= value < INT32 and value == int(value)


def _is_int64(value: Any) -> bool:
    if isinstance(value, str):
        return bool(re.match(r"-?\d{1,19}\Z", value))
    return isinstance(value, int) and not isinstance(value, bool)


def check_response_mask(paths: list[list[str]], type_name: str, sent: str) -> None:
    """Refuse a `fields` parameter, quoted as it was sent, that names what the answer cannot have."""
    for path in paths:
        if not _exists(path, type_name):
            raise _no_such_path(".".join(path), sent)


def _exists(path: list[str], type_name: str) -> bool:
    current = type_name
    for name in path:
        if name == "*":
            return True
        found = fields_of(current).get(name) if current else None
        if found is None:
            return False
        code = found.lstrip("[")
        if code[0] in "a{":
            return True
        current = code[1:] if code[0] == "@" else ""
    return True


def _no_such_path(path: str, sent: str) -> GoogleError:
    text = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    error = invalid("Request contains an invalid argument.")
    violation = {"field": sent, "description": text}
    error.details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    return error


def check_update_mask(paths: list[list[str]], type_name: str) -> None:
    """Refuse an update mask that names a field which the type has not."""
    for path in paths:
        if not _exists(path, type_name):
            raise invalid(f"Invalid field: {_snake('.'.join(path))}")
