"""What fits in how columns look: formats, masks, highlights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from sync.config.problems import Place, listed, shown, unknown_name
from sync.errors import Problem
from sync.records import Column, FieldType, StreamSpec
from sync.shape.cells import ChosenColumn, make_columns
from sync.shape.formats import find_format
from sync.shape.marks import make_test
from sync.shape.metrics import Metric, column_of_metric

_NUMBERS = (FieldType.INTEGER, FieldType.NUMBER)
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


def tables_or_one(place: Place) -> list[Place]:
    """Return the places of a list of tables, or of the one table that stands in its place."""
    if isinstance(place.value, dict):
        return [place]
    items = place.value if isinstance(place.value, list) else []
    return [place.at(n) for n, item in enumerate(items) if isinstance(item, dict)]


def check_tab_highlights(tab: Place, spec: StreamSpec) -> Iterator[Problem]:
    """Yield highlights that do not fit the columns of a data tab."""
    if tab.at("group_by").value is not None:
        return  # a summary of a stream of its own; its columns are told elsewhere
    if not tables_or_one(tab.at("highlight")):
        return
    items = tab.at("columns").value
    given = [_chosen(item) for item in items] if isinstance(items, list) else None
    chosen = [ChosenColumn(f.name) for f in spec.fields if f.shown] if given is None else [one for one in given if one]
    columns = make_columns(spec, chosen)
    yield from check_highlights(tab, {name: c for c in columns for name in (c.name, c.title)})


def _chosen(item: object) -> ChosenColumn | None:
    table = {"field": item} if isinstance(item, str) else item
    if not isinstance(table, dict) or not isinstance(table.get("field"), str):
        return None
    title, format_, mask = (v if isinstance(v := table.get(key), str) else "" for key in ("title", "format", "mask"))
    return ChosenColumn(table["field"], title or None, format_, 0, mask)


def check_highlights(owner: Place, columns: Mapping[str, Column]) -> Iterator[Problem]:
    """Yield highlights whose column is not there by name or title, or whose condition does not fit it."""
    for place in tables_or_one(owner.at("highlight")):
        name, when, scale = place.text("column"), place.text("when"), place.text("scale")
        if name is None:
            continue  # told where the forms are checked
        column = columns.get(name)
        if (when is None) == (scale is None):
            yield place.problem('A highlight has either "when" or "scale"', received=shown(name))
        elif column is None:
            yield unknown_name(place.at("column"), "column in this tab", name, list(columns))
        elif scale is not None and (column.type not in _NUMBERS or column.as_text):
            yield place.at("scale").problem("A scale needs numbers", received=shown(name))
        elif when is not None:
            yield from _check_when(place, when, column)


def _check_when(place: Place, when: str, column: Column) -> Iterator[Problem]:
    try:
        make_test(when, column)
    except ValueError as error:
        allowed = str(error).removeprefix("allowed: ")
        yield place.at("when").problem("The condition cannot be used", received=shown(when), allowed=allowed)


def find_unmasked(sheet: Place, spec_of: Callable[[Place], StreamSpec | None]) -> Iterator[Problem]:
    """Yield columns and groups that show what another tab of the sheet masks; the numbers can be read there."""
    masked: dict[tuple[str, str], str] = {}
    tabs = sheet.tables("tab")
    for tab in tabs:
        for column in _tables_in(tab.at("columns")):
            if column.at("mask").value is not None:
                masked[str(tab.at("connection").value), column.text("field") or ""] = tab.text("title") or ""
    for tab in tabs if masked else ():
        spec, items = spec_of(tab), tab.at("columns").value
        names = [f.name for f in spec.fields if f.shown] if spec and items is None else []
        places = [(tab, name) for name in names] + _plain_columns(tab.at("columns"))
        yield from _told_unmasked(tab, places, masked)
    for summary in sheet.tables("summary") if masked else ():
        if summary.text("of") is None:
            groups = summary.at("group_by").value
            names = [name for name in groups if isinstance(name, str)] if isinstance(groups, list) else []
            yield from _told_unmasked(summary, [(summary.at("group_by"), name) for name in names], masked)


def _told_unmasked(
    owner: Place, places: Iterable[tuple[Place, str]], masked: Mapping[tuple[str, str], str]
) -> Iterator[Problem]:
    for place, name in places:
        title = masked.get((str(owner.at("connection").value), name))
        if title is not None:
            yield place.problem(f'This shows in full what the tab "{title}" masks', received=shown(name))


def _plain_columns(columns: Place) -> list[tuple[Place, str]]:
    items = columns.value if isinstance(columns.value, list) else []
    tables = [(place, place.text("field") or "") for place in _tables_in(columns) if place.at("mask").value is None]
    return [*((columns.at(n), item) for n, item in enumerate(items) if isinstance(item, str)), *tables]


def _tables_in(items: Place) -> list[Place]:
    return tables_or_one(items) if isinstance(items.value, list) else []
