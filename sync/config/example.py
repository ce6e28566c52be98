"""Makes the texts that describe the config from its models: example, reference page, JSON Schema, starting config."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import GenericAlias
from typing import Annotated, Any, Union

from pydantic import BaseModel, Field, TypeAdapter, create_model
from pydantic.fields import FieldInfo

from sync.clock import Period
from sync.config.forms import Options, in_words
from sync.config.looks import Chart, Highlight
from sync.config.settings import Alerts, Daemon, Google, LogSettings, StoreSettings
from sync.config.sheet import ChosenColumn, Sheet, Tab
from sync.config.summary import ChosenMetric, Summary
from sync.config.translate import allowed_by
from sync.sources.registry import VENDORS

_INCLUDE = (
    "You may keep sheets and connections in files of their own; globs are relative to the folder of this file, and one "
    "that matches nothing is fine."
)
_REQUIRED: Mapping[str, object] = {
    "google.credentials": "file:service-account.json",
    "connection.aircall.api_id": "env:AIRCALL_API_ID",
    "connection.aircall.api_token": "env:AIRCALL_API_TOKEN",
    "sheet.name": "support-calls",
    "sheet.spreadsheet": "https://docs.google.com/spreadsheets/d/1AbC/edit",
    "sheet.every": "15m",
    "sheet.timezone": "America/New_York",
    "sheet.tab.title": "Calls",
    "sheet.tab.connection": "justcall",
    "sheet.tab.stream": "calls",
    "sheet.tab.columns": ["call_id", "started_at", {"field": "agent_name", "title": "Agent"}, "duration", "notes"],
    "sheet.summary.title": "By agent",
    "sheet.summary.of": "Calls",
    "sheet.summary.group_by": ["agent_name", "date"],
    "sheet.summary.metrics": ["count", "answered_count", "avg_duration", "unique_callers"],
}
_TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("google", Google),
    ("store", StoreSettings),
    ("daemon", Daemon),
    ("alerts", Alerts),
    ("log", LogSettings),
    *((f"connection.{name}", vendor.options) for name, vendor in VENDORS.items()),
    ("sheet", Sheet),
    ("sheet.tab", Tab),
    ("sheet.summary", Summary),
)

_INNER: tuple[tuple[str, type[BaseModel]], ...] = (
    ("a table in `columns`", ChosenColumn),
    ("a table in `metrics`", ChosenMetric),
    ("a table in `chart`", Chart),
    ("a table in `highlight`", Highlight),
)
_DURATION = TypeAdapter(timedelta)

_PAGE_TOP = """\
# The config file

Written by `make generate` from the models in `sync/config/`; do not edit it by hand. Every option is also in
`config.example.toml`, with its default. `callsheet check` tells every mistake of every file at once, with its line.

- **Secrets** are never written into the config. An option that needs one takes `env:NAME`, an environment variable, or
  `file:PATH`, a file that holds nothing else.
- **Paths** are relative to the folder of the config file.
- **Periods** are whole days of the sheet's time zone. "last 30 days" is the thirty days that end today, today included;
  "this month" runs to its last day; "last working day" is the last Monday to Friday before today.
- **Schedules**: `every` counts from local midnight, or from the start of `run_between`, and begins anew there each day.
  `cron` has five fields; weekdays are as in cron (0 and 7 are Sunday). When the clocks go forward, a time that does not
  exist runs once, at the first moment after the gap; when they go back, a time that comes twice runs once, the first
  time. `every` of less than a day goes on through both.
"""


def generated_files() -> dict[str, str]:
    """Return every file of the repository that is made from the models, by its path, with what it should hold."""
    return {
        "config.example.toml": make_example_config(),
        "docs/config.md": make_reference_page(),
        "docs/config.schema.json": make_schema(),
    }


def make_example_config() -> str:
    """Return a config that names every option with its description; it loads as it is."""
    parts = [
        "# Every option of Callsheet. What is commented out is optional and shows its default, or an example.\n",
        f'{_as_comment(_INCLUDE)}include = ["sheets.d/*.toml"]\n',
    ]
    for path, model in _TABLES:
        header = f"[[{path}]]" if path.startswith("sheet") else f"[{path}]"
        lines = [_as_comment(_about(model)) + header + "\n"]
        lines += [_option_text(path, name, field) for name, field in _options_of(model)]
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _about(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _options_of(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Yield the options of a table; the arrays of tables below a sheet have chapters of their own."""
    return ((name, field) for name, field in model.model_fields.items() if name not in {"tab", "summary"})


def _as_comment(text: str) -> str:
    return textwrap.fill(text, 110, initial_indent="# ", subsequent_indent="# ") + "\n"


def _option_text(path: str, name: str, field: FieldInfo) -> str:
    """Write one option: what it means, and a line that can be used as it stands."""
    value, needed = _value_of(path, name, field)
    return _as_comment(field.description or "") + f"{'' if needed else '#'}{name} = {to_toml(value)}\n"


def _value_of(path: str, name: str, field: FieldInfo) -> tuple[object, bool]:
    """Return a value to show, and whether a config needs it to work."""
    if f"{path}.{name}" in _REQUIRED:
        return _REQUIRED[f"{path}.{name}"], True
    vendor = path.partition(".")[2]
    if name == "vendor":
        return vendor, True
    extra = field.json_schema_extra
    if field.is_required():
        own = extra.get("example") if isinstance(extra, dict) else None
        return own or f"env:{vendor}_{name}".upper().replace("ENV:", "env:"), True
    default = field.get_default(call_default_factory=True)
    if default in (None, (), {}):
        words = allowed_by(field).split(", ")[0].strip('"')
        return (extra.get("example", words) if isinstance(extra, dict) else words) or "...", False
    return default, False


def to_toml(value: object) -> str:
    """Write a value as the config file does."""
    if isinstance(value, BaseModel):
        chosen = value.model_dump(exclude_defaults=True)
        return to_toml(chosen if len(chosen) > 1 else next(iter(chosen.values())))
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {to_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(to_toml, value)) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:_}" if value >= 100_000 else str(value)
    text = in_words(value) if isinstance(value, timedelta) else value.text if isinstance(value, Period) else value
    return json.dumps(text, ensure_ascii=False)


def make_reference_page() -> str:
    """Return the reference page of the config."""
    chapters = [_PAGE_TOP, f"\n## `include`\n\n{_INCLUDE}\n"]
    for path, model in _TABLES:
        header = f"[[{path}]]" if path.startswith("sheet") else f"[{path}]"
        chapters.append(_chapter(f"`{header}`", _about(model), model))
    chapters += [_chapter(title[0].upper() + title[1:], _about(model), model) for title, model in _INNER]
    return "".join(chapters)


def _chapter(title: str, about: str, model: type[BaseModel]) -> str:
    rows = [_row(name, field) for name, field in _options_of(model)]
    table = "\n".join(["| option | default | meaning |", "|---|---|---|", *rows])
    return f"\n## {title}\n\n{about}\n\n{table}\n"


def _row(name: str, field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    shown = "required" if field.is_required() else "none" if default in (None, (), {}) else f"`{to_toml(default)}`"
    allowed = allowed_by(field)
    about = f"{field.description}{f' Allowed: {allowed}.' if allowed else ''}"
    return f"| `{name}` | {shown} | {about.replace('|', chr(92) + '|')} |"


def make_schema() -> str:
    """Return the JSON Schema of a config file, for editors."""
    options: Any = Union[tuple(vendor.options for vendor in VENDORS.values())]  # noqa: UP007 - as many as there are
    by_vendor: Any = Annotated[options, Field(discriminator="vendor")]
    fields: dict[str, Any] = {
        "include": (list[str], Field(default=[], description=_INCLUDE)),
        "google": (Google | None, Field(default=None, description="You say how Google is reached.")),
        "store": (StoreSettings | None, Field(default=None, description="You say where the mirror is kept.")),
        "daemon": (Daemon | None, Field(default=None, description="You say how the daemon behaves.")),
        "alerts": (Alerts | None, Field(default=None, description="You say who is told when something goes wrong.")),
        "log": (LogSettings | None, Field(default=None, description="You say what the daemon writes of its work.")),
        "connection": (
            GenericAlias(dict, (str, by_vendor)),
            Field(default={}, description="You list the accounts at vendors, by name."),
        ),
        "sheet": (list[Sheet], Field(default=[], description="You list the spreadsheets to keep up to date.")),
    }
    model = create_model("CallsheetConfig", __base__=Options, **fields)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    _allow_templates(schema["$defs"])
    return json.dumps(_for_editors(schema), indent=1, ensure_ascii=False) + "\n"


def _allow_templates(models: dict[str, Any]) -> None:
    """Ask for less in the tables of a sheet with a template, which may say only what is other than there."""
    sheet = models["Sheet"]
    whole: dict[str, Any] = {}
    for name, model in (("tab", "Tab"), ("summary", "Summary")):
        models[f"{model}OfTemplate"] = {**models[model], "required": ["title"], "title": f"{model}OfTemplate"}
        items = sheet["properties"][name]["items"]
        sheet["properties"][name]["items"] = {"$ref": f"#/$defs/{model}OfTemplate"}
        whole[name] = {"items": items}
    sheet |= {"if": {"not": {"required": ["template"]}}, "then": {"properties": whole}}


def _for_editors(node: Any) -> Any:
    """Drop the marks that only we read, and write lengths of time as the file does, not as ISO 8601."""
    if isinstance(node, dict):
        dropped = {"available", "example"} | ({"format", "ge", "le"} if node.get("format") == "duration" else set())
        return {key: _default_text(key, _for_editors(value)) for key, value in node.items() if key not in dropped}
    return [_for_editors(item) for item in node] if isinstance(node, list) else node


def _default_text(key: str, value: Any) -> Any:
    if key == "default" and isinstance(value, str) and re.fullmatch(r"P(\d+D)?(T[\dHMS]+)?", value):
        return in_words(_DURATION.validate_python(value))
    return value
