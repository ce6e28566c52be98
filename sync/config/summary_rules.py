"""What fits in a summary: the tab it sums up, its groups, metrics, order and chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sync.config.problems import Place, did_you_mean, listed, not_yet, shown, unknown_name
from sync.config.rules import Known, check_conditions, check_twice, chosen_names, spec_of
from sync.config.summary import BUCKETS, LATER_BUCKETS, LATER_METRICS, METRICS
from sync.errors import Problem
from sync.records import FieldType, Role, StreamSpec

_GROUPS_NOW = 2
_NEEDED_ROLES: Mapping[str, Role] = {
    "answered_count": Role.STATUS,
    "missed_count": Role.STATUS,
    "voicemail_count": Role.STATUS,
    "avg_duration": Role.DURATION,
    "total_duration": Role.DURATION,
    "unique_callers": Role.CALLER,
}


def check_summary(summary: Place, sheet: Place, known: Known) -> Iterator[Problem]:
    """Yield what does not fit in one summary; `sheet` is the place that holds it."""
    yield from _check_of(summary, sheet)
    yield from _check_order(summary)
    yield from _check_chart(summary)
    groups, metrics = chosen_names(summary, "group_by", "field"), chosen_names(summary, "metrics", "metric")
    yield from check_twice(groups, "group")
    yield from check_twice(metrics, "metric")
    if len(groups) == _GROUPS_NOW + 1:
        yield not_yet(groups[_GROUPS_NOW][0], "A third group")
    spec = _spec_of_summary(summary, sheet, known)
    for place, name in groups:
        yield from _check_group(place, name, spec)
    for place, name in metrics:
        yield from _check_metric(place, name, spec)
    if spec is not None:
        yield from check_conditions(summary, spec)


def _check_of(summary: Place, sheet: Place) -> Iterator[Problem]:
    titles = [title for tab in sheet.tables("tab") if (title := tab.text("title")) is not None]
    of = summary.text("of")
    if of is None:
        if not any(summary.at(name).value is not None for name in ("of", "connection", "stream")):
            hint = "Name the data tab whose records are summed up."
            yield summary.at("of").problem("The option is missing", allowed=listed(map(shown, titles)), hint=hint)
    elif of not in titles:
        yield unknown_name(summary.at("of"), "data tab in this sheet", of, titles)


def _spec_of_summary(summary: Place, sheet: Place, known: Known) -> StreamSpec | None:
    """Return the stream behind a summary: that of its tab, or the one that it names itself."""
    of = summary.text("of")
    if of is None:
        return spec_of(summary, known)
    return next((spec_of(tab, known) for tab in sheet.tables("tab") if tab.text("title") == of), None)


def _check_group(place: Place, name: str, spec: StreamSpec | None) -> Iterator[Problem]:
    if name in LATER_BUCKETS:
        yield not_yet(place, f'Grouping by "{name}"', allowed=BUCKETS)
    if spec is None or name in BUCKETS or name in LATER_BUCKETS:
        return
    field = spec.field_named(name)
    if field is None:
        names = [*(f.name for f in spec.fields), *BUCKETS]
        yield unknown_name(place, f'group of the stream "{spec.name}"', name, names)
    elif field.type in {FieldType.LIST, FieldType.OBJECT}:
        yield not_yet(place, f'Grouping by "{name}", which holds a {field.type.value},')


def _check_metric(place: Place, name: str, spec: StreamSpec | None) -> Iterator[Problem]:
    if name in LATER_METRICS:
        yield not_yet(place, f'The metric "{name}"', allowed=METRICS)
    elif name not in METRICS:
        yield unknown_name(place, "metric", name, METRICS)
    elif spec is not None and not _can_compute(name, spec):
        yield place.problem(f'The stream "{spec.name}" has no field to compute this metric from', received=shown(name))


def _can_compute(metric: str, spec: StreamSpec) -> bool:
    role = _NEEDED_ROLES.get(metric)
    words_known = spec.status_words is not None or role is not Role.STATUS
    return words_known and (role is None or spec.field_with(role) is not None)


def _sortable(summary: Place) -> list[str]:
    metrics = [name for _, name in chosen_names(summary, "metrics", "metric")] or ["count"]
    return [*metrics, *(name for _, name in chosen_names(summary, "group_by", "field"))]


def _check_order(summary: Place) -> Iterator[Problem]:
    sort_by, names = summary.text("sort_by"), _sortable(summary)
    if sort_by is not None and sort_by not in names:
        yield _not_shown(summary.at("sort_by"), sort_by, names)


def _check_chart(summary: Place) -> Iterator[Problem]:
    """Check the names in a chart too, so that no typo waits for the day on which charts are carried out."""
    names = _sortable(summary)
    x = summary.at("chart").text("x")
    if x is not None and x not in names:
        yield _not_shown(summary.at("chart", "x"), x, names)
    for place, name in chosen_names(summary.at("chart"), "y", "metric"):
        if name not in names:
            yield _not_shown(place, name, names)


def _not_shown(place: Place, name: str, names: Sequence[str]) -> Problem:
    return place.problem(
        "The summary shows no such metric or group",
        received=shown(name),
        allowed=listed(names),
        hint=did_you_mean(name, names),
    )
