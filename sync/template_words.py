"""Puts the ready-made sheets into lines for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sync.config.problems import listed
from sync.config.templates import Template, fits

_WIDTH = 96


def list_lines(templates: Iterable[Template]) -> Iterator[str]:
    """Say of each template what it is and whom it fits."""
    for template in templates:
        yield template.name
        yield from _wrapped(template.description)
        yield f"    Fits {listed(fits(template))}."
        yield ""
    yield "callsheet templates NAME shows the tabs and columns of one."
    yield "callsheet init --template NAME starts a config with it."


def template_lines(template: Template) -> Iterator[str]:
    """Say what a template is made of, tab by tab."""
    yield template.name
    yield from _wrapped(template.description)
    yield f"    Fits {listed(fits(template))}{', or several connections at once' * template.takes_several}."
    has_optional = False
    for kind, what in (("tab", "tab"), ("summary", "summary")):
        for table in template.tables[kind]:
            columns = list(columns_of(table))
            has_optional = has_optional or any(column.endswith("?") for column in columns)
            yield ""
            yield f"  {what} {table['title']}{period_of(table)}"
            yield from _wrapped(listed(columns))
    if has_optional:
        yield ""
        yield "A column with ? is there where the vendor tells it."
    yield ""
    yield "In a sheet of the config:"
    yield ""
    yield f'    template = "{template.name}"'
    yield '    connection = "NAME"'


def period_of(table: Mapping[str, Any]) -> str:
    """Say in brackets which records a table is of."""
    words = [table.get("period"), f"of {table['of']}" if "of" in table else None]
    return f" ({listed(word for word in words if word)})" if any(words) else ""


def columns_of(table: Mapping[str, Any]) -> Iterator[str]:
    """Name the columns as people see them, those that not every vendor has with a question mark."""
    groups = [f"by {name.removeprefix('$').partition('|')[0]}" for name in table.get("group_by", ())]
    for item in (*groups, *table.get("columns", ()), *table.get("metrics", ())):
        name = item if isinstance(item, str) else item.get("field", item.get("metric"))
        title = item.get("title", name) if isinstance(item, dict) else item
        yield "the key" if title == "$key" else f"{title.removesuffix('?')}{'?' * name.endswith('?')}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="    ")
