"""What summary rows are grouped by: fields of the stream, time buckets in the sheet's zone, and agents. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from sync.later import Later
from sync.records import Column, Field, FieldType, Role, StreamSpec
from sync.shape.cells import KEY_COLUMN, NUMBER_FORMATS, as_text, wall_clock

if TYPE_CHECKING:
    import polars as pl
else:
    pl = Later("polars")

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""In the numbering of CallScaler's analytics: 0 is Sunday."""
LOCAL = "local time"
"""A column of the rows while they are grouped."""
NONE_LABEL = "(none)"
"""What a group shows for records that have no value, or an empty text."""

_DAY = NUMBER_FORMATS[FieldType.DATE]

# A weekday is shown by name: a column of digits needs a legend, and a chart takes a number for a quantity. The rows
# stand in the order of the week all the same, since they are ordered by the number, which is also what the key holds.
BUCKETS: dict[str, Column] = {
    "date": Column(name="date", title="Date", type=FieldType.DATE, number_format=_DAY),
    "week": Column(name="week", title="Week of", type=FieldType.DATE, number_format=_DAY),
    "month": Column(name="month", title="Month", type=FieldType.DATE, number_format="yyyy-mm"),
    "hour_of_day": Column(name="hour_of_day", title="Hour of day", type=FieldType.INTEGER, number_format="0"),
    "day_of_week": Column(name="day_of_week", title="Day of week", type=FieldType.TEXT),
    "half_hour": Column(name="half_hour", title="Half hour", type=FieldType.TEXT),
}

GROUP_ROLES: Mapping[str, Role] = {
    "agent": Role.AGENT_NAME,
    "call_flow": Role.CALL_FLOW,
    "caller": Role.CALLER,
    "direction": Role.DIRECTION,
    "disposition": Role.DISPOSITION,
    "line": Role.LINE,
    "source": Role.SOURCE,
    "status": Role.STATUS,
    "tag": Role.TAGS,
    "tracking_number": Role.LINE,
}
"""Names that mean the same in every stream; where a stream has a field of the name, it is that field."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a summary. In a grouped frame, `key` tells groups apart, `shown` is seen, `rank` orders them."""

    number: int
    column: Column
    is_bucket: bool
    is_agent: bool = False

    @property
    def key(self) -> str:
        """The frame's column that tells groups apart."""
        return f"key {self.number}"

    @property
    def shown(self) -> str:
        """The frame's column that people see."""
        return f"shown {self.number}"

    @property
    def rank(self) -> str:
        """The frame's column that orders the groups."""
        return f"rank {self.number}"

    @property
    def names(self) -> tuple[str, str, str]:
        """All three, in the order by which rows are sorted."""
        return (self.rank, self.shown, self.key)

    @property
    def by(self) -> tuple[str, ...]:
        """The columns to group by; the others follow from them."""
        return (self.key, self.own) if self.is_agent else (self.key,)

    @property
    def own(self) -> str:
        """The frame's column that tells agents without an id apart."""
        return f"own {self.number}"

    def key_part(self, key: Any, shown: Any) -> Any:
        """Return what stands for a value in a row's key; a name without an id is not an id."""
        return [shown] if key is None and shown is not None else key


def is_bucket(spec: StreamSpec, name: str) -> bool:
    """Tell whether `name` is a time bucket of this stream; a stream without a start may have such a field itself."""
    return name in BUCKETS and (spec.field_with(Role.STARTED_AT) is not None or spec.field_named(name) is None)


def make_groups(spec: StreamSpec, group_by: Sequence[str]) -> tuple[Group, ...]:
    """Describe the groups of a summary, in order."""
    columns = [(_column(spec, name), is_bucket(spec, name)) for name in group_by]
    return tuple(
        Group(n, column, is_time, is_agent=not is_time and _is_agent(spec, column.name))
        for n, (column, is_time) in enumerate(columns)
    )


def field_of_group(spec: StreamSpec, name: str) -> Field | None:
    """Return the field that a group is made of: the one of the name, else the one with the role that it stands for."""
    role = GROUP_ROLES.get(name)
    return spec.field_named(name) or (spec.field_with(role) if role else None)


def can_group(field: Field) -> bool:
    """Tell whether rows can be grouped by a field; those of a list stand in the group of each of its items."""
    return field.type is not FieldType.OBJECT


def _column(spec: StreamSpec, name: str) -> Column:
    if is_bucket(spec, name):
        return BUCKETS[name]
    field = field_of_group(spec, name)
    if field is None:
        raise ValueError(f'The stream "{spec.name}" has no field "{name}".')
    kind = FieldType.TEXT if field.type is FieldType.LIST else field.type
    return Column(name=field.name, title=field.title, type=kind, number_format=NUMBER_FORMATS.get(kind, ""))


def fields_of_group(spec: StreamSpec, name: str) -> tuple[str, ...]:
    """Return the fields that a group is made of."""
    started, agent_id = spec.field_with(Role.STARTED_AT), spec.field_with(Role.AGENT_ID)
    if is_bucket(spec, name):
        return (started.name,) if started else ()
    field = field_of_group(spec, name)
    own = field.name if field else name
    if _is_agent(spec, own) and agent_id:
        return (own, agent_id.name, spec.cursor_field)
    return (own,)


def _is_agent(spec: StreamSpec, name: str) -> bool:
    named = spec.field_with(Role.AGENT_NAME)
    return named is not None and named.name == name and spec.field_with(Role.AGENT_ID) is not None


def add_local(df: pl.DataFrame, spec: StreamSpec, zone: ZoneInfo) -> pl.DataFrame:
    """Add the wall-clock time at which records started, of which time buckets are made."""
    started = spec.field_with(Role.STARTED_AT)
    local = wall_clock(pl.col(started.name), zone) if started else pl.lit(None, dtype=pl.Datetime("us"))
    return df.with_columns(local.alias(LOCAL))


def add_group(df: pl.DataFrame, spec: StreamSpec, group: Group, *, week_starts: str) -> pl.DataFrame:
    """Add the columns `by` of a group to the rows; a time bucket is made of the column LOCAL."""
    name = group.column.name
    if group.is_bucket:
        return df.with_columns(bucket_key(name, pl.col(LOCAL), week_starts).alias(group.key))
    if group.is_agent:
        return _add_agent(df, spec, group)
    dtype = df.schema[name]
    if isinstance(dtype, pl.List) and not dtype.inner.is_nested():
        items = pl.col(name).list.unique()
        # An empty list has no item, but is a row all the same
        df = df.with_columns(pl.when(items.list.len() > 0).then(items).alias(group.key)).explode(group.key)
        return df.with_columns(_plain(pl.col(group.key).cast(pl.String), pl.String()).alias(group.key))
    return df.with_columns(_plain(pl.col(name), dtype).alias(group.key))


def finish_group(
    grouped: pl.DataFrame, group: Group, *, week_starts: str, names: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Add to grouped rows what people see of a group, and what orders it; both follow from its key.

    `names` are those of agents, who are shown by the latest one; an agent who never had a name shows the id.
    """
    key = pl.col(group.key)
    shown = rank = key
    if group.column.name == "day_of_week" and group.is_bucket:
        days = [day.capitalize() for day in WEEKDAYS]
        shown = key.replace_strict(range(7), days, return_dtype=pl.String)
        rank = (key + (7 - WEEKDAYS.index(week_starts))) % 7
    elif group.column.name == "half_hour" and group.is_bucket:
        shown = pl.format("{}:{}", *(part.cast(pl.String).str.zfill(2) for part in (key // 60, key % 60)))
    elif group.is_agent and names is not None:
        grouped = grouped.join(names, on=group.key, how="left")
        by_id = pl.col(f"latest {group.number}").fill_null(key.cast(pl.String))
        shown = pl.when(key.is_null()).then(pl.col(group.own)).otherwise(by_id)
        rank = shown.str.to_lowercase()
    elif group.column.type in {FieldType.TEXT, FieldType.LIST, FieldType.OBJECT}:
        rank = key.cast(pl.String).str.to_lowercase()  # as people order text
    return grouped.with_columns(shown.alias(group.shown), rank.alias(group.rank))


def _plain(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return values that can be told apart: what people see as nothing is one group."""
    if dtype.is_float():
        return pl.when(value.is_finite()).then(value)
    if dtype == pl.String or dtype.is_nested():
        text = as_text(value, dtype)
        return pl.when(text != "").then(text)
    return value


def bucket_key(name: str, local: pl.Expr, week_starts: str) -> pl.Expr:
    """Return what tells time buckets apart, made of times by the wall clock."""
    if name in ("hour_of_day", "half_hour"):
        hour = local.dt.hour().cast(pl.Int64)
        return hour if name == "hour_of_day" else hour * 60 + local.dt.minute() // 30 * 30
    if name == "month":
        return local.dt.date().dt.month_start()
    weekday = local.dt.weekday().cast(pl.Int64) % 7
    if name == "day_of_week":
        return weekday
    into_week = (weekday + (7 - WEEKDAYS.index(week_starts))) % 7
    return local.dt.date() - pl.duration(days=into_week) if name == "week" else local.dt.date()


def _add_agent(df: pl.DataFrame, spec: StreamSpec, group: Group) -> pl.DataFrame:
    """Group agents by id; one who has none stands by the name."""
    key, name = _id_of_agent(df, spec), _name_of_agent(spec)
    return df.with_columns(key.alias(group.key), pl.when(key.is_null()).then(name).alias(group.own))


def latest_names(df: pl.DataFrame, spec: StreamSpec, group: Group) -> pl.DataFrame:
    """Return the last name that each agent had, by id."""
    at, latest = pl.col(spec.cursor_field), f"latest {group.number}"
    marks = [KEY_COLUMN] if KEY_COLUMN in df.columns else []
    known = df.select(_id_of_agent(df, spec).alias(group.key), _name_of_agent(spec).alias(latest), at, *marks)
    known = known.drop_nulls([group.key, latest])
    # Sorting is for the few that are the last of their agent: a million rows would take their room twice
    last = known.filter(at == at.max().over(group.key)).sort([spec.cursor_field, *marks])
    return last.group_by(group.key).agg(pl.col(latest).last())


def _id_of_agent(df: pl.DataFrame, spec: StreamSpec) -> pl.Expr:
    ids = spec.field_with(Role.AGENT_ID)
    assert ids is not None
    return _plain(pl.col(ids.name), df.schema[ids.name])


def _name_of_agent(spec: StreamSpec) -> pl.Expr:
    names = spec.field_with(Role.AGENT_NAME)
    assert names is not None
    return pl.when(pl.col(names.name) != "").then(pl.col(names.name))


def row_key(parts: Sequence[Any]) -> str:
    """Return the key of a summary row: the values of its groups as a compact JSON array."""
    return orjson.dumps(list(parts)).decode()
