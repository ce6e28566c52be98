"""What fits in how columns look: formats, masks."""

from __future__ import annotations

from collections.abc import Iterator

from sync.config.problems import Place, listed, shown
from sync.errors import Problem
from sync.records import FieldType, StreamSpec
from sync.shape.formats import find_format
from sync.shape.metrics import Metric, column_of_metric

_MASKED = (FieldType.TEXT, FieldType.INTEGER, FieldType.NUMBER, FieldType.LIST)


def check_column_looks(tab: Place, spec: StreamSpec) -> Iterator[Problem]:
    """Yield formats and masks that do not fit the fields of a data tab."""
    items = tab.at("columns").value
    for n, item in enumerate(items if isinstance(items, list) else ()):
        name = item.get("field") if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        place, field = tab.at("columns", n), spec.field_named(name)
        yield from _check_format(place, field.type if field else None, name)
        if place.at("mask").value is not None:
            yield from _check_mask(place, name, field.type if field else FieldType.TEXT, spec)


def _check_mask(place: Place, name: str, kind: FieldType, spec: StreamSpec) -> Iterator[Problem]:
    if name in spec.key:
        yield place.at("mask").problem(
            f"The key of the stream cannot be masked, as rows are found again by it: {listed(spec.key)}",
            received=shown(name),
        )
    elif kind not in _MASKED:
        yield place.at("mask").problem(f"What holds {kind.value}s cannot be masked", received=shown(name))
    if place.at("format").value is not None:
        yield place.at("format").problem("A masked column is text; it has no format", hint="Remove one of them.")


def check_metric_look(place: Place, metric: Metric, spec: StreamSpec) -> Iterator[Problem]:
    """Yield the format of a metric, if it does not fit."""
    try:
        column = column_of_metric(spec, metric)
    except (KeyError, ValueError):
        return  # told where metrics are checked
    text = place.text("format")
    if text == "link":
        yield place.at("format").problem("A figure is no link", received=shown(text))
    elif text is not None:
        yield from _check_format(place, column.type, metric.field or metric.name, column.number_format)


def _check_format(place: Place, kind: FieldType | None, name: str, usual: str = "") -> Iterator[Problem]:
    text = place.text("format")
    if text is None:
        return
    try:
        find_format(text, kind, name, usual)
    except ValueError as error:
        allowed, _, hint = str(error).removeprefix("allowed: ").partition(". ")
        what = f"The format does not fit {name}" + (f", which holds {kind.value}" if kind else "")
        yield place.at("format").problem(what, received=shown(text), allowed=allowed.rstrip("."), hint=hint)
