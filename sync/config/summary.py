"""The model of one summary tab. Shape only; rules.py knows what fits the stream."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator

from sync.config.forms import (
    LONGEST_TITLE,
    FormatText,
    Options,
    PeriodText,
    Width,
    bare_or_table,
    one_or_more,
    parse_cell,
)
from sync.config.looks import Charts, Highlights
from sync.shape.formats import FORMATS
from sync.shape.groups import BUCKETS, GROUP_ROLES
from sync.shape.metrics import METRICS, OF_FIELD, SERVICE_LEVEL_S


def _status_form() -> PlainValidator:
    def _validate(value: object) -> bool | str:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str):
            raise ValueError('allowed: true, false, or a cell such as "A1"')
        return parse_cell(value)

    return PlainValidator(_validate, json_schema_input_type=bool | str)


class ChosenMetric(Options):
    """One metric of a summary."""

    metric: str = Field(
        description=f"You name the metric: {', '.join(METRICS)}; or {', '.join(OF_FIELD)} of a field, as in "
        '"sum of duration".'
    )
    field: str | None = Field(
        default=None, min_length=1, description="You name the field that is summed up, if the metric is of one."
    )
    title: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_TITLE,
        description="You give the metric's column this header.",
    )
    where: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="You count only the records that pass all of these conditions.",
    )
    seconds: int | None = Field(
        default=None,
        ge=1,
        le=3600,
        description="You say within how many seconds an answer counts for service_level_pct; left out: "
        f"{SERVICE_LEVEL_S}.",
    )
    format: FormatText | None = Field(
        default=None,
        json_schema_extra={"example": "duration"},
        description=f"You choose how the figures are shown: {FORMATS}.",
    )
    width: Width | None = Field(
        default=None,
        json_schema_extra={"example": 120},
        description="You make the column this many pixels wide when it is made; what people make of it later stays.",
    )


Metrics = tuple[Annotated[ChosenMetric, bare_or_table("metric")], ...]


class Summary(Options):
    """One summary tab, computed from the records that a data tab shows."""

    title: str = Field(min_length=1, max_length=LONGEST_TITLE, description="You give the summary tab its title.")
    of: str | None = Field(
        default=None,
        json_schema_extra={"example": "Calls"},
        description="You name the data tab of this sheet whose records are summed up.",
    )
    connection: Annotated[tuple[str, ...], one_or_more()] | None = Field(
        default=None,
        json_schema_extra={"example": "justcall"},
        min_length=1,
        description='You name a connection and a stream in place of "of", so that no tab has to show the records; '
        'of the stream "all_calls" it may be a list of connections.',
    )
    stream: str | None = Field(
        default=None,
        json_schema_extra={"example": "calls"},
        description="You name the stream of that connection.",
    )
    period: PeriodText | None = Field(
        default=None,
        json_schema_extra={"example": "this month"},
        description="You choose the days of a summary that names a stream; left out, the last 30 days.",
    )
    params: dict[str, Any] | None = Field(
        default=None,
        json_schema_extra={"example": {"agent_id": 42}},
        description="You pass these filters to the vendor, for a summary that names a stream.",
    )
    where: tuple[str, ...] = Field(
        default=(),
        strict=False,
        json_schema_extra={"example": ["duration >= 10"]},
        description="You sum up only the records that pass all of these conditions.",
    )
    group_by: tuple[str, ...] = Field(
        min_length=1,
        max_length=3,
        strict=False,
        json_schema_extra={"example": ["agent_name", "date"]},
        description="You group by one to three fields of the stream, by stretches of time in the sheet's zone "
        f"({', '.join(BUCKETS)}), or by what each vendor calls otherwise ({', '.join(GROUP_ROLES)}).",
    )
    metrics: Metrics = Field(
        default=(ChosenMetric(metric="count"),),
        min_length=1,
        max_length=50,
        strict=False,
        json_schema_extra={"example": ["count", "answered_count", "avg_duration"]},
        description="You choose what is computed for each group; each is a name, or a table with a title and "
        "conditions of its own.",
    )
    sort_by: str | None = Field(
        default=None,
        json_schema_extra={"example": "count"},
        description="You sort by a group or a metric, also one that is not shown; left out, groups that begin with a "
        "stretch of time stand in its order, all others by their number of calls, the largest first.",
    )
    sort_order: Literal["desc", "asc"] = Field(
        default="desc", description="You put the largest first (desc) or the smallest (asc)."
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        json_schema_extra={"example": 50},
        description="You show at most this many groups; one more row tells how many there are, and their figures.",
    )
    totals: bool = Field(default=True, description="You want a last row with the totals of all records.")
    chart: Charts = Field(
        default=(),
        max_length=10,
        json_schema_extra={"example": {"type": "column", "x": "agent_name", "y": ["count"]}},
        description="You want a chart beside the summary, or a list of several.",
    )
    highlight: Highlights = Field(
        default=(),
        max_length=20,
        json_schema_extra={"example": [{"column": "avg_duration", "when": "> 300", "colour": "red"}]},
        description="You want cells to stand out by their colour.",
    )
    banding: bool = Field(default=True, description="You want striped rows in a tab that is made.")
    pivot: str | None = Field(
        default=None,
        json_schema_extra={"example": "date"},
        description="You turn the values of the last group, which you name here, into columns.",
    )
    compare: Literal["previous period"] | None = Field(
        default=None,
        json_schema_extra={"example": "previous period"},
        description="You want columns that show the change of each figure from the period before, also in percent.",
    )
    fill: Literal["none", "zero"] = Field(
        default="none",
        description='You want rows of zeros ("zero") for days and hours of the period without records, and for groups '
        "whose records do not count.",
    )
    status: Annotated[bool | str, _status_form()] = Field(
        default=False,
        description="You want a last line that tells when the summary was last updated, or name a cell for it.",
    )

    @property
    def sorted_by(self) -> str | None:
        """What to sort by; an order that somebody wrote without it is meant for what is sorted by when left out."""
        if self.sort_by is not None or "sort_order" not in self.model_fields_set:
            return self.sort_by
        return self.group_by[0] if self.group_by[0] in BUCKETS else "count"

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The chosen metrics by name, in order."""
        return tuple(chosen.metric for chosen in self.metrics)
