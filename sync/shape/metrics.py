"""What a summary computes of the rows of a group: named metrics, and sums and the like of any field. Pure.

The meaning of a name is the same for every vendor; roles and status words of the stream say which fields it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sync.later import Later
from sync.records import Column, Field, FieldType, Role, StreamSpec
from sync.shape.cells import NUMBER_FORMATS, as_text
from sync.shape.conditions import Condition, fields_of

if TYPE_CHECKING:
    import polars as pl
else:
    pl = Later("polars")

SERVICE_LEVEL_S = 20
"""Seconds within which an answer counts for the service level, unless the metric says otherwise."""

_INTEGER, _NUMBER = FieldType.INTEGER, FieldType.NUMBER
_WHOLE, _TENTHS, _PERCENT = "0", "0.0", '0.0"%"'
_FLOAT_DIGITS = 6  # sums of fractions differ in the last digits with the order of the rows; cells must not
_P90 = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One column of a summary: a name of METRICS, or one of OF_FIELD with the field that it is of.

    `where` picks the rows that count; `within_s` is for the service level alone.
    """

    name: str
    field: str = ""
    title: str = ""
    where: tuple[Condition, ...] = ()
    within_s: int = SERVICE_LEVEL_S

    @classmethod
    def of(cls, given: str | Metric) -> Metric:
        """Read "count" or "sum of cost_cents"; a metric stays as it is."""
        if isinstance(given, Metric):
            return given
        name, mark, field = given.partition(" of ")
        return cls(name=name.strip(), field=field.strip()) if mark else cls(name=given)

    @property
    def id(self) -> str:
        """What tells it from the other columns of a summary."""
        parts = [f"{self.name} of {self.field}" if self.field else self.name]
        parts += [f"within {self.within_s} s"] * (self.within_s != SERVICE_LEVEL_S)
        parts += [f"where {_condition_words(one)}" for one in self.where]
        return " ".join(parts)

    @property
    def place(self) -> str:
        """The frame's column that holds it."""
        return f"metric {self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How a named metric looks, and the roles without which it cannot be computed."""

    title: str
    type: FieldType = _INTEGER
    number_format: str = _WHOLE
    roles: tuple[Role, ...] = ()
    in_cents: bool = False


_KINDS: Mapping[str, _Kind] = {
    "count": _Kind(title="Calls"),
    "answered_count": _Kind(title="Answered", roles=(Role.STATUS,)),
    "missed_count": _Kind(title="Missed", roles=(Role.STATUS,)),
    "voicemail_count": _Kind(title="Voicemail", roles=(Role.STATUS,)),
    "answered_pct": _Kind(title="Answered (%)", type=_NUMBER, number_format=_PERCENT, roles=(Role.STATUS,)),
    "missed_pct": _Kind(title="Missed (%)", type=_NUMBER, number_format=_PERCENT, roles=(Role.STATUS,)),
    "voicemail_pct": _Kind(title="Voicemail (%)", type=_NUMBER, number_format=_PERCENT, roles=(Role.STATUS,)),
    "avg_duration": _Kind(title="Average duration (s)", type=_NUMBER, number_format=_TENTHS, roles=(Role.DURATION,)),
    "median_duration": _Kind(title="Median duration (s)", type=_NUMBER, number_format=_TENTHS, roles=(Role.DURATION,)),
    "p90_duration": _Kind(title="90% last at most (s)", type=_NUMBER, number_format=_TENTHS, roles=(Role.DURATION,)),
    "total_duration": _Kind(title="Total duration (s)", type=_NUMBER, roles=(Role.DURATION,)),
    "unique_callers": _Kind(title="Unique callers", roles=(Role.CALLER,)),
    "avg_ai_score": _Kind(title="Average AI score", type=_NUMBER, number_format=_TENTHS, roles=(Role.AI_SCORE,)),
    "avg_robo_score": _Kind(title="Average robo score", type=_NUMBER, number_format=_TENTHS, roles=(Role.ROBO_SCORE,)),
    "qualified_count": _Kind(title="Qualified", roles=(Role.QUALIFIED,)),
    "qualified_pct": _Kind(title="Qualified (%)", type=_NUMBER, number_format=_PERCENT, roles=(Role.QUALIFIED,)),
    "total_value_cents": _Kind(title="Value (cents)", roles=(Role.VALUE,), in_cents=True),
    "total_cost_cents": _Kind(title="Cost (cents)", roles=(Role.COST,), in_cents=True),
    "value_per_cost": _Kind(
        title="Value per cost", type=_NUMBER, number_format="#,##0.0", roles=(Role.VALUE, Role.COST), in_cents=True
    ),
    "avg_wait": _Kind(title="Average wait (s)", type=_NUMBER, number_format=_TENTHS, roles=(Role.WAIT,)),
    "service_level_pct": _Kind(
        title="Service level (%)", type=_NUMBER, number_format=_PERCENT, roles=(Role.WAIT, Role.STATUS)
    ),
    "abandoned_count": _Kind(title="Abandoned", roles=(Role.WAIT, Role.STATUS)),
    "abandoned_pct": _Kind(title="Abandoned (%)", type=_NUMBER, number_format=_PERCENT, roles=(Role.WAIT, Role.STATUS)),
}
METRICS = tuple(_KINDS)

OF_FIELD: Mapping[str, str] = {
    "sum": "Sum",
    "average": "Average",
    "min": "Least",
    "max": "Greatest",
    "median": "Median",
    "p90": "90th percentile",
    "distinct": "Different",
}
"""What can be computed of any field, each with the word that its title begins with."""

_NUMERIC = (_INTEGER, _NUMBER)
_COMPARABLE = (*_NUMERIC, FieldType.INSTANT, FieldType.DATE)
_ZERO_WITHOUT_ROWS = ("count", "unique_callers", "sum", "distinct")


def fields_of_metric(spec: StreamSpec, metric: Metric) -> tuple[str, ...]:
    """Return the fields that a metric is made of."""
    kind = _KINDS.get(metric.name)
    found = (spec.field_with(role) for role in kind.roles) if kind else ()
    own = (metric.field,) if metric.field else ()
    return (*own, *(field.name for field in found if field), *fields_of(metric.where))


def is_zero_without_rows(metric: Metric) -> bool:
    """Tell whether a group without rows has a zero here; an average or a share of nothing is empty."""
    name = metric.name
    return name in _ZERO_WITHOUT_ROWS or name.endswith("_count") or name.startswith("total_")


def column_of_metric(spec: StreamSpec, metric: Metric) -> Column:
    """Return how a metric is shown."""
    kind, field = _KINDS.get(metric.name), spec.field_named(metric.field)
    shape = (kind.title, kind.type, kind.number_format) if kind else _shape_of_field(metric.name, field)
    title = metric.title or "; ".join([shape[0], *(_condition_words(one) for one in metric.where)])
    return Column(name=metric.id, title=title, type=shape[1], number_format=shape[2])


def _shape_of_field(name: str, field: Field | None) -> tuple[str, FieldType, str]:
    about = field.title if field else ""
    title, kind = f"{OF_FIELD.get(name, name)}: {about}", field.type if field else _NUMBER
    if name == "distinct":
        return title, _INTEGER, _WHOLE
    if name in ("min", "max"):
        return title, kind, NUMBER_FORMATS.get(kind, "")
    if name == "sum":
        return title, kind, _WHOLE if kind is _INTEGER else ""
    return title, _NUMBER, _TENTHS


def _condition_words(condition: Condition) -> str:
    op = {"filled": "is not empty", "empty": "is empty"}.get(condition.op)
    if op is None:
        op = f"{'not ' if condition.negated else ''}{condition.op} {', '.join(condition.values)}"
    return f"{condition.field} {op}"


def metric_problems(spec: StreamSpec, metric: Metric) -> Iterator[str]:
    """Yield a sentence for each reason why a metric cannot be computed from a stream."""
    if metric.name in OF_FIELD and metric.name not in METRICS:
        yield from _field_problems(spec, metric)
    elif metric.name not in METRICS:
        allowed = [name for name in METRICS if not any(metric_problems(spec, Metric(name=name)))]
        yield unknown_words("metric", metric.name, [*allowed, *(f"{name} of FIELD" for name in OF_FIELD)])
    elif metric.field:
        yield f'"{metric.name}" takes no field; allowed with a field: {", ".join(OF_FIELD)}.'
    else:
        yield from _role_problems(spec, metric.name)


def _field_problems(spec: StreamSpec, metric: Metric) -> Iterator[str]:
    field, allowed = spec.field_named(metric.field), _types_for(metric.name)
    fitting = [f.name for f in spec.fields if allowed is None or f.type in allowed]
    if not metric.field:
        yield f'"{metric.name}" needs a field, as in "{metric.name} of {next(iter(fitting), "duration")}".'
    elif field is None:
        yield unknown_words("field", metric.field, fitting)
    elif field.name not in fitting:
        yield f'"{metric.name}" cannot be computed of "{field.name}", which holds {field.type.value}.'


def _types_for(name: str) -> tuple[FieldType, ...] | None:
    return None if name == "distinct" else _COMPARABLE if name in ("min", "max") else _NUMERIC


def _role_problems(spec: StreamSpec, name: str) -> Iterator[str]:
    kind = _KINDS[name]
    for role in kind.roles:
        field = spec.field_with(role)
        if field is None or (kind.in_cents and not field.name.endswith("cents")):
            cents = " in cents" if kind.in_cents else ""
            yield f'The stream "{spec.name}" has no field that tells the {role.value}{cents}, as "{name}" needs.'
            return
        if role is Role.STATUS and spec.status_words is None:
            yield f'The stream "{spec.name}" does not say which status values "{name}" counts.'


def unknown_words(kind: str, name: str, allowed: Sequence[str]) -> str:
    """Say that a name is not known, which ones are, and which may be meant."""
    near = get_close_matches(name, allowed, n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    return f'"{name}" is not a {kind}; allowed: {", ".join(allowed)}.{hint}'


def metric_of_rows(
    spec: StreamSpec, metric: Metric, schema: Mapping[str, pl.DataType], mask: pl.Expr | None
) -> pl.Expr:
    """Return the expression that computes a metric of the rows of a group, or of those that `mask` lets through.

    The rows have the columns of `numbered_texts` too.
    """
    if metric.name in OF_FIELD and not _field_of_texts(spec, metric, schema):
        return _of_field(metric.name, pl.col(metric.field), schema.get(metric.field, pl.String()), mask)
    if metric.name in _OF_ROLE:
        statistic, role = _OF_ROLE[metric.name]
        return _STATISTICS[statistic](_finite(_picked(_role(spec, role), mask)))
    if metric.name == "count":
        return _n_rows(mask)
    if metric.name == "value_per_cost":
        value, cost = (_finite(_picked(_role(spec, role), mask)).sum() for role in (Role.VALUE, Role.COST))
        return pl.when(cost > 0).then(value / cost)
    if text := _field_of_texts(spec, metric, schema):
        return _n_different(_picked(pl.col(_numbers_of(text)), mask))
    return _count_or_share(spec, metric, mask)


def numbered_texts(
    spec: StreamSpec, metrics: Iterable[Metric], schema: Mapping[str, pl.DataType]
) -> dict[str, pl.Expr]:
    """Return a column for each field whose different texts are counted: equal numbers for equal texts, none for none.

    To count numbers takes a tenth of the room and half the time that texts take. They are hashes of 64 bits: of a
    million different texts, two have the same one in one of 40 million summaries.
    """
    fields = dict.fromkeys(field for metric in metrics if (field := _field_of_texts(spec, metric, schema)))
    texts = {field: as_text(pl.col(field), schema.get(field, pl.String())) for field in fields}
    return {_numbers_of(field): pl.when(text != "").then(text.hash()) for field, text in texts.items()}


def _field_of_texts(spec: StreamSpec, metric: Metric, schema: Mapping[str, pl.DataType]) -> str:
    if metric.name == "unique_callers":
        field = spec.field_with(Role.CALLER)
        return field.name if field else ""
    dtype = schema.get(metric.field, pl.String())
    return metric.field if metric.name == "distinct" and (dtype == pl.String or dtype.is_nested()) else ""


def _numbers_of(field: str) -> str:
    return f"numbers of {field}"


def _picked(value: pl.Expr, mask: pl.Expr | None) -> pl.Expr:
    return value if mask is None else value.filter(mask)


def _finite(value: pl.Expr) -> pl.Expr:
    return value.filter(value.cast(pl.Float64).is_finite())


def _n_rows(mask: pl.Expr | None) -> pl.Expr:
    return (pl.len() if mask is None else mask.sum()).cast(pl.Int64)


def _n_different(value: pl.Expr) -> pl.Expr:
    return value.drop_nulls().n_unique().cast(pl.Int64)


def _of_field(name: str, value: pl.Expr, dtype: Any, mask: pl.Expr | None) -> pl.Expr:
    picked = _picked(value, mask)
    if name == "distinct":
        return _n_different(picked)
    return _STATISTICS[name](_finite(picked) if dtype.is_numeric() else picked)


def _average(known: pl.Expr) -> pl.Expr:
    return pl.when(known.len() > 0).then(known.sum().round(_FLOAT_DIGITS) / known.len())


_STATISTICS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "sum": lambda known: known.sum().round(_FLOAT_DIGITS),
    "average": _average,
    "min": lambda known: known.min(),
    "max": lambda known: known.max(),
    "median": lambda known: known.median(),
    # As PERCENTILE of the spreadsheet does it: between two values, by their distance
    "p90": lambda known: known.quantile(_P90, interpolation="linear"),
}
_OF_ROLE: Mapping[str, tuple[str, Role]] = {
    "avg_duration": ("average", Role.DURATION),
    "median_duration": ("median", Role.DURATION),
    "p90_duration": ("p90", Role.DURATION),
    "total_duration": ("sum", Role.DURATION),
    "avg_ai_score": ("average", Role.AI_SCORE),
    "avg_robo_score": ("average", Role.ROBO_SCORE),
    "total_value_cents": ("sum", Role.VALUE),
    "total_cost_cents": ("sum", Role.COST),
    "avg_wait": ("average", Role.WAIT),
}


def _count_or_share(spec: StreamSpec, metric: Metric, mask: pl.Expr | None) -> pl.Expr:
    is_counted, of_what = _yes_and_of(spec, metric)
    n_counted = _n_rows(is_counted if mask is None else is_counted & mask)
    if metric.name.endswith("_count"):
        return n_counted
    both = of_what if mask is None or of_what is None else of_what & mask
    n_all = _n_rows(mask if of_what is None else both)
    return pl.when(n_all > 0).then(100 * n_counted / n_all)


def _yes_and_of(spec: StreamSpec, metric: Metric) -> tuple[pl.Expr, pl.Expr | None]:
    """Return which rows a count or a share counts, and of which (None: all)."""
    what = metric.name.removesuffix("_pct").removesuffix("_count")
    if what == "qualified":
        return (_role(spec, Role.QUALIFIED) == pl.lit(True)).fill_null(value=False), None
    if what in ("answered", "missed", "voicemail"):
        return _is_status(spec, what), None
    wait, is_answered, is_missed = _role(spec, Role.WAIT), _is_status(spec, "answered"), _is_status(spec, "missed")
    waited = wait.is_not_null()
    if what == "abandoned":
        return is_missed & waited, (is_answered | is_missed) & waited
    return is_answered & (wait <= metric.within_s).fill_null(value=False), (is_answered | is_missed) & waited


def _role(spec: StreamSpec, role: Role) -> pl.Expr:
    field = spec.field_with(role)
    if field is None:
        raise ValueError(f'The stream "{spec.name}" has no field for "{role.value}".')
    return pl.col(field.name)


def _is_status(spec: StreamSpec, kind: str) -> pl.Expr:
    words: tuple[str, ...] = getattr(spec.status_words, kind)
    status = _role(spec, Role.STATUS).str.to_lowercase()
    return status.is_in([word.lower() for word in words]).fill_null(value=False)
