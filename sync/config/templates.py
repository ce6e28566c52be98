"""The ready-made sheets: data files in `sheets_templates/`, and how their tables are fitted to a stream. No network.

A template names fields by what they mean: `$agent_name` is the field that plays this role whatever the vendor calls it,
`$notes|note` the first of these fields that there is, `$key` all fields of the key, `$missed` the status words that
count as missed. What ends with `?` is left out where the stream has no such thing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from sync.records import Role, StreamSpec
from sync.shape.all_calls import ALL_CALLS, call_stream, make_spec
from sync.shape.metrics import Metric, metric_problems
from sync.sources.base import Vendor
from sync.sources.registry import VENDORS

Table = dict[str, Any]
KINDS = ("tab", "summary")
_NAME = re.compile(r"\$([a-z_|]+)(\??)")
_LEFT_OUT = object()
_ROLES = {role.name.lower(): role for role in Role}


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One ready-made sheet. `streams` are tried in their order; `needs` are roles, or fields by name."""

    name: str
    description: str
    streams: tuple[str, ...]
    needs: tuple[str, ...] = ()
    tables: Mapping[str, Sequence[Table]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name as a heading."""
        return self.name[0].upper() + self.name[1:]

    @property
    def takes_several(self) -> bool:
        """Whether it can show the calls of several connections together."""
        return ALL_CALLS in self.streams

    def titles(self) -> list[str]:
        """Return the titles of its tabs and summaries."""
        return [table["title"] for kind in KINDS for table in self.tables.get(kind, ())]


@dataclass(frozen=True, slots=True)
class Fit:
    """Which stream of a vendor a template shows; where there is none, `lacks` says why."""

    stream: str = ""
    lacks: str = ""


@cache
def templates() -> Mapping[str, Template]:
    """Return the templates by name."""
    folder = resources.files("sheets_templates")
    paths = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    found = (read_template(one.name.removesuffix(".toml").replace("_", " "), one.read_text()) for one in paths)
    return {template.name.casefold(): template for template in found if template is not None}


def template_named(name: str | None) -> Template | None:
    """Return the template of that name, whatever the case of its letters; None where there is none."""
    return templates().get((name or "").casefold())


def names() -> list[str]:
    """Return the names of all templates."""
    return [template.name for template in templates().values()]


def read_template(name: str, text: str) -> Template | None:
    """Read one template; None for a file that is none, such as the demo's config."""
    values = tomllib.loads(text)
    if "description" not in values:
        return None
    return Template(
        name=values.get("name", name),
        description=values["description"],
        streams=tuple(values["streams"]),
        needs=tuple(values.get("needs", ())),
        tables={kind: values.get(kind, []) for kind in KINDS},
    )


def fit_vendors(template: Template, vendors: Sequence[Vendor]) -> Fit:
    """Choose the stream that a template shows of one connection, or of the connections of several vendors."""
    names = [name for name in template.streams if name == ALL_CALLS or len(vendors) == 1]
    lacks = ""
    for name, spec in ((name, _spec_of(name, vendors)) for name in names):
        if spec is None:
            continue
        missing = list(missing_in(template, spec))
        if not missing:
            return Fit(stream=name)
        who = " and ".join(dict.fromkeys(vendor.title for vendor in vendors))
        what = "nothing in the calls" if name == ALL_CALLS else f'nothing in the stream "{name}"'
        lacks = lacks or f"{what} of {who} is a {' or a '.join(missing)}"
    none = f"{vendors[0].title} has none of the streams {', '.join(names)}"
    return Fit(lacks=lacks or none)


def _spec_of(name: str, vendors: Sequence[Vendor]) -> StreamSpec | None:
    if name != ALL_CALLS:
        return vendors[0].specs.get(name)
    streams = [call_stream(vendor.specs.values()) for vendor in vendors]
    found = [stream for stream in streams if stream is not None]
    return make_spec(found) if found and len(found) == len(streams) else None


def missing_in(template: Template, spec: StreamSpec) -> Iterator[str]:
    """Yield what a template needs and a stream does not have, in words."""
    for needed in template.needs:
        if _field_of(needed, spec) is None:
            role = _ROLES.get(needed)
            yield f"field for the {role.value}" if role else f"field {needed.replace('|', ' or ')}"


def fits(template: Template) -> list[str]:
    """Name the vendors that a template fits, with the options under which it does where these matter."""
    found = []
    for vendor in VENDORS.values():
        sets = vendor.variants or ({},)
        good = [chosen for chosen in sets if fit_vendors(template, [vendor.as_written(chosen)]).stream]
        words = [f'{name} = "{value}"' for chosen in good for name, value in chosen.items()]
        if good:
            found.append(vendor.title if len(good) == len(sets) else f"{vendor.title} ({', '.join(words)})")
    return found


def fit_table(table: Mapping[str, Any], spec: StreamSpec) -> Table:
    """Return a table of a template with the stream's own names."""
    fitted = {key: _fit(value, spec, key) for key, value in table.items()}
    metrics = [item.get("metric") if isinstance(item, dict) else item for item in fitted.get("metrics", ["count"])]
    shown = {*metrics, *fitted.get("group_by", ()), *_titles_in(fitted), *_fields_in(fitted)}
    for key in ("chart", "highlight"):
        if key in fitted:
            fitted[key] = _without_absent(fitted[key], shown)
    return {key: value for key, value in fitted.items() if value is not _LEFT_OUT and value not in ([], {})}


def _fit(value: Any, spec: StreamSpec, key: str) -> Any:
    if isinstance(value, str):
        return _fit_text(value, spec, key)
    if isinstance(value, dict):
        fitted = {name: _fit(inner, spec, name) for name, inner in value.items()}
        return _LEFT_OUT if any(inner is _LEFT_OUT for inner in fitted.values()) else fitted
    if isinstance(value, list):
        items: list[Any] = []
        for item in value:
            found = _rest_of_key(spec, value) if item == "$key" else [_fit(item, spec, key)]
            items += [one for one in found if one is not _LEFT_OUT]
        return items
    return value


def _rest_of_key(spec: StreamSpec, columns: list[Any]) -> list[str]:
    """Return the fields of the key that have no column of their own."""
    own = {_fit(item["field"], spec, "field") for item in columns if isinstance(item, dict) and "field" in item}
    return [name for name in spec.key if name not in own and name not in columns]


def _fit_text(text: str, spec: StreamSpec, key: str) -> Any:
    left_out = False

    def name_of(match: re.Match[str]) -> str:
        nonlocal left_out
        words = spec.status_words and getattr(spec.status_words, match[1], None)
        if words:
            return ", ".join(map(_quoted, words))
        found = _field_of(match[1], spec)
        left_out = left_out or (found is None and bool(match[2]))
        return found or match[0]

    fitted = _NAME.sub(name_of, text)
    if left_out:
        return _LEFT_OUT
    if key in ("metrics", "metric") and fitted.endswith("?"):
        fitted = fitted.removesuffix("?")
        return _LEFT_OUT if any(metric_problems(spec, Metric.of(fitted))) else fitted
    return fitted


def _quoted(word: str) -> str:
    return f'"{word}"' if "," in word else word


def _field_of(names: str, spec: StreamSpec) -> str | None:
    """Return the field that one of `names` means, each the name of a role or of a field."""
    for name in names.split("|"):
        role = _ROLES.get(name)
        found = spec.field_with(role) if role else spec.field_named(name)
        if found is not None and (found.shown or role):
            return found.name
    return None


def _titles_in(table: Mapping[str, Any]) -> set[str]:
    return {
        item["title"]
        for key in ("columns", "metrics")
        for item in table.get(key, ())
        if isinstance(item, dict) and "title" in item
    }


def _fields_in(table: Mapping[str, Any]) -> set[str]:
    return {item["field"] if isinstance(item, dict) else item for item in table.get("columns", ())}


def _without_absent(value: Any, names: set[str]) -> Any:
    """Leave out of charts and highlights what names a metric or field that is not there, marked with `?`."""
    tables = value if isinstance(value, list) else [value]
    kept = []
    for table in tables:
        found = {key: _kept_names(inner, names) for key, inner in table.items()}
        if all(inner is not _LEFT_OUT and inner != [] for inner in found.values()):
            kept.append(found)
    return kept if isinstance(value, list) else kept[0] if kept else _LEFT_OUT


def _kept_names(value: Any, shown: set[str]) -> Any:
    if isinstance(value, list):
        return [one for one in (_kept_names(item, shown) for item in value) if one is not _LEFT_OUT]
    if isinstance(value, str) and value.endswith("?"):
        bare = value.removesuffix("?")
        return bare if bare in shown else _LEFT_OUT
    return value
