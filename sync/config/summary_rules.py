"""What fits in a summary: the tab it sums up, its groups, metrics, order and chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sync.config.look_rules import check_highlights, check_metric_look, tables_or_one
from sync.config.problems import Place, did_you_mean, listed, shown, unknown_name
from sync.config.rules import Known, check_conditions, check_tab, check_twice, chosen_names, spec_of
from sync.errors import Problem
from sync.records import Column, Role, StreamKind, StreamSpec
from sync.shape.conditions import parse_condition
from sync.shape.formats import dress, title_without_unit
from sync.shape.groups import BUCKETS, GROUP_ROLES, can_group, field_of_group, is_bucket, make_groups
from sync.shape.metrics import METRICS, OF_FIELD, Metric, column_of_metric, metric_problems

_OWN = ("connection", "stream", "period", "params")


def check_summary(summary: Place, sheet: Place, known: Known) -> Iterator[Problem]:
    """Yield what does not fit in one summary; `sheet` is the place that holds it."""
    yield from _check_of(summary, sheet, known)
    yield from _check_order(summary)
    yield from _check_pivot(summary)
    yield from _check_charts(summary)
    groups, metrics = chosen_names(summary, "group_by", "field"), chosen_metrics(summary)
    yield from check_twice(groups, "group")
    yield from check_twice([(place, metric.id) for place, metric in metrics], "metric")
    spec = _spec_of_summary(summary, sheet, known)
    yield from _check_compare(summary, spec)
    for place, name in groups:
        yield from _check_group(place, name, spec)
    for place, metric in metrics:
        yield from _check_metric(place, metric, spec)
    yield from _check_highlights(summary, spec)
    if spec is not None:
        if summary.text("of") is not None:
            yield from check_conditions(summary, spec)
        for place, metric in metrics:
            yield from check_conditions(place, spec)
            yield from check_metric_look(place, metric, spec)
        yield from _check_headers(metrics, spec)


def chosen_metrics(summary: Place) -> list[tuple[Place, Metric]]:
    """Return the metrics that a summary names, each with its place; what cannot be read is told elsewhere."""
    found = []
    for place, name in chosen_names(summary, "metrics", "metric"):
        table = place.value if isinstance(place.value, dict) else {}
        texts = table.get("where")
        named, where = Metric.of(name), []
        for text in texts if isinstance(texts, list) else ():
            try:
                where.append(parse_condition(str(text)))
            except ValueError:
                continue
        field, title = (table.get(key) if isinstance(table.get(key), str) else "" for key in ("field", "title"))
        metric = Metric(name=named.name, field=field or named.field, title=title or "", where=tuple(where))
        found.append((place, metric))
    return found


def _check_headers(metrics: Sequence[tuple[Place, Metric]], spec: StreamSpec) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for place, metric in metrics:
        header = metric.title or title_without_unit(column_of_metric(spec, metric).title, place.text("format") or "")
        if seen.setdefault(header, metric.id) != metric.id:
            yield place.problem(
                "Two columns would have the same header", received=shown(header), hint='Give one of them a "title".'
            )


def _check_of(summary: Place, sheet: Place, known: Known) -> Iterator[Problem]:
    titles = [title for tab in sheet.tables("tab") if (title := tab.text("title")) is not None]
    of, own = summary.text("of"), [n for n in _OWN if summary.at(n).value is not None]
    if of is not None and of not in titles:
        yield unknown_name(summary.at("of"), "data tab in this sheet", of, titles)
    if of is not None and own:
        hint = "Remove one of them."
        yield summary.at(own[0]).problem('A summary has either "of" or a connection and a stream', hint=hint)
    if of is None and not {"connection", "stream"} & set(own):
        hint = "Name the data tab whose records are summed up, or a connection and a stream."
        yield summary.at("of").problem("The option is missing", allowed=listed(map(shown, titles)), hint=hint)
    elif of is None:
        yield from _check_own(summary, known)


def _check_own(summary: Place, known: Known) -> Iterator[Problem]:
    for name in ("connection", "stream"):
        if summary.at(name).value is None:
            yield summary.at(name).problem("The option is missing")
    yield from check_tab(summary, known)


def _spec_of_summary(summary: Place, sheet: Place, known: Known) -> StreamSpec | None:
    """Return the stream behind a summary: that of its tab, or the one that it names itself."""
    of = summary.text("of")
    if of is None:
        return spec_of(summary, known)
    return next((spec_of(tab, known) for tab in sheet.tables("tab") if tab.text("title") == of), None)


def _check_group(place: Place, name: str, spec: StreamSpec | None) -> Iterator[Problem]:
    if spec is None or (is_bucket(spec, name) and spec.field_with(Role.STARTED_AT) is not None):
        return
    field = field_of_group(spec, name)
    if name in BUCKETS and field is None:
        yield place.problem(f'The stream "{spec.name}" does not tell when a record started', received=shown(name))
    elif field is None:
        names = list(dict.fromkeys([*(f.name for f in spec.fields if can_group(f)), *BUCKETS, *GROUP_ROLES]))
        yield unknown_name(place, f'group of the stream "{spec.name}"', name, names)
    elif not can_group(field):
        yield place.problem(f"Records cannot be grouped by what holds {field.type.value}s", received=shown(name))


def _check_metric(place: Place, metric: Metric, spec: StreamSpec | None) -> Iterator[Problem]:
    if metric.name not in METRICS and metric.name not in OF_FIELD:
        yield unknown_name(place, "metric", metric.name, [*METRICS, *(f"{name} of FIELD" for name in OF_FIELD)])
    elif spec is not None:
        for sentence in metric_problems(spec, metric):
            yield place.problem(sentence.rstrip("."), received=shown(metric.name))


def _shown_names(summary: Place) -> list[str]:
    metrics = [name for _, metric in chosen_metrics(summary) for name in (metric.id, metric.title) if name]
    return [*(metrics or ["count"]), *(name for _, name in chosen_names(summary, "group_by", "field"))]


def _check_order(summary: Place) -> Iterator[Problem]:
    sort_by, names = summary.text("sort_by"), list(dict.fromkeys([*_shown_names(summary), *METRICS]))
    if sort_by is not None and sort_by not in names and Metric.of(sort_by).name not in OF_FIELD:
        yield _not_shown(summary.at("sort_by"), sort_by, names)


def _check_pivot(summary: Place) -> Iterator[Problem]:
    pivot, groups = summary.text("pivot"), [name for _, name in chosen_names(summary, "group_by", "field")]
    if pivot is None or not groups:
        return
    if pivot != groups[-1]:
        what, hint = "Only the last group can become columns", "Put the group at the end of group_by."
        yield summary.at("pivot").problem(what, received=shown(pivot), allowed=shown(groups[-1]), hint=hint)
    elif len(groups) == 1:
        hint = "Add a group whose values are the rows."
        yield summary.at("pivot").problem("A cross table needs a group for its rows", received=shown(pivot), hint=hint)


def _check_compare(summary: Place, spec: StreamSpec | None) -> Iterator[Problem]:
    compare = summary.at("compare")
    if not isinstance(compare.value, str):
        return
    if summary.text("pivot") is not None:
        yield compare.problem("A cross table cannot show changes", received=shown(compare.value), hint="Remove pivot.")
    elif spec is not None and spec.kind is not StreamKind.ROWS:
        what = "has no past" if spec.kind is StreamKind.LIST else "holds sums of periods, which are not compared"
        yield compare.problem(f'The stream "{spec.name}" {what}', received=shown(compare.value))


def _check_charts(summary: Place) -> Iterator[Problem]:
    across = summary.text("pivot")
    groups = [name for _, name in chosen_names(summary, "group_by", "field") if name != across]
    metrics = list(dict.fromkeys(name for name in _shown_names(summary) if name not in (*groups, across)))
    for chart in tables_or_one(summary.at("chart")):
        x, lines = chart.text("x"), [name for _, name in chosen_names(chart, "lines", "metric")]
        if x is not None and x not in groups:
            yield _not_shown(chart.at("x"), x, groups, what="group")
        y = chosen_names(chart, "y", "metric") or [(chart.at("y"), name) for name in [chart.text("y")] if name]
        for place, name in y:
            if name not in metrics:
                yield _not_shown(place, name, metrics, what="metric")
        for place, name in chosen_names(chart, "lines", "metric"):
            if name not in [one for _, one in y]:
                yield _not_shown(place, name, [one for _, one in y], what="metric among y")
        yield from _check_chart(chart, n_y=len(y), has_lines=bool(lines))


def _check_chart(chart: Place, *, n_y: int, has_lines: bool) -> Iterator[Problem]:
    kind = chart.text("type")
    if kind == "pie" and n_y > 1:
        yield chart.at("y").problem("A pie shows one metric", received=f"{n_y} of them")
    if kind == "combo" and n_y == 1:
        yield chart.at("y").problem("A combo draws two metrics at least", hint='Take "column" or "line".')
    if kind is not None and kind != "combo" and has_lines:
        yield chart.at("lines").problem("Only a combo has lines", received=shown(kind))
    if chart.at("stacked").value is True and kind not in ("column", "bar", "area", None):
        yield chart.at("stacked").problem("Only column, bar and area charts are stacked", received=shown(kind))


def _check_highlights(summary: Place, spec: StreamSpec | None) -> Iterator[Problem]:
    """Look for the column of each highlight, and whether its condition fits it."""
    if spec is None:
        return
    columns: dict[str, Column] = {}
    for _, name in chosen_names(summary, "group_by", "field"):
        if name != summary.text("pivot") and not any(_check_group(summary, name, spec)):
            (group,) = make_groups(spec, [name])
            columns |= {name: group.column, group.column.title: group.column}
    for place, metric in chosen_metrics(summary):
        if any(_check_metric(place, metric, spec)):
            continue
        plain = column_of_metric(spec, metric)
        dressed = dress(plain, format_=place.text("format") or "", width=0, unit_of=metric.field or metric.name)
        columns |= dict.fromkeys([metric.id, metric.title or plain.title, metric.name], dressed)
    if not chosen_metrics(summary):
        columns["count"] = column_of_metric(spec, Metric(name="count"))
    yield from check_highlights(summary, columns)


def _not_shown(place: Place, name: str, names: Sequence[str], *, what: str = "metric or group") -> Problem:
    return place.problem(
        f"The summary shows no such {what}",
        received=shown(name),
        allowed=listed(names),
        hint=did_you_mean(name, names),
    )
