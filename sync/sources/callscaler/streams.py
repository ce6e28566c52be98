"""The declared streams of CallScaler. Why each choice was made is told in README.md beside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sync.records import Field, FieldType, Param, Role, StatusWords, StreamKind, StreamSpec
from sync.sources.base import LISTED_FIELD, PERIOD_FIELDS, find_param_mistakes

MAX_GROUPS = 3
MAX_ROWS = 1000  # of one answer of the analytics, which has no next page
NO_VALUE, EMPTY_VALUE = "(none)", "(empty)"  # stand in the key for a group that is null, or an empty text

STATUSES = ("completed", "no-answer", "voicemail", "busy", "failed")
DIRECTIONS = ("inbound", "outbound")

_TEXT, _INTEGER, _NUMBER, _BOOLEAN = FieldType.TEXT, FieldType.INTEGER, FieldType.NUMBER, FieldType.BOOLEAN


def _field(name: str, type: FieldType, title: str, description: str, **more: Any) -> Field:
    return Field(name=name, type=type, title=title, description=description, **more)


GROUP_FIELDS = (
    _field("source", _TEXT, "Source", "Where the caller came from.", role=Role.SOURCE),
    _field("utm_source", _TEXT, "UTM source", "The utm_source of the visit."),
    _field("utm_medium", _TEXT, "UTM medium", "The utm_medium of the visit."),
    _field("utm_campaign", _TEXT, "UTM campaign", "The utm_campaign of the visit."),
    _field("utm_term", _TEXT, "UTM term", "The utm_term of the visit."),
    _field("call_flow", _TEXT, "Call flow", "The name of the call flow."),
    _field("call_flow_id", _TEXT, "Call flow ID", "What CallScaler calls the call flow."),
    _field("tracking_number", _TEXT, "Tracking number", "The number that was called.", role=Role.LINE),
    _field("number_id", _TEXT, "Number ID", "What CallScaler calls the tracking number."),
    _field("ai_category", _TEXT, "AI category", "The category that the AI gave the call.", can_change=True),
    _field("status", _TEXT, "Status", "completed, no-answer, voicemail, busy or failed.", role=Role.STATUS),
    _field("direction", _TEXT, "Direction", "inbound or outbound.", role=Role.DIRECTION),
    _field("date", FieldType.DATE, "Date", "The day, in CallScaler's own zone, which it does not tell."),
    _field("week", _TEXT, "Week", "The week as CallScaler writes it."),
    _field("month", _TEXT, "Month", "The month as CallScaler writes it."),
    _field("hour_of_day", _INTEGER, "Hour", "The hour of the day, 0 to 23, in CallScaler's own zone."),
    _field("day_of_week", _INTEGER, "Weekday", "0 is Sunday, 6 is Saturday."),
)
METRIC_FIELDS = (
    _field("count", _INTEGER, "Calls", "Calls."),
    _field("avg_duration", _NUMBER, "Average duration (s)", "Average length in seconds."),
    _field("total_duration", _NUMBER, "Total duration (s)", "Sum of lengths in seconds."),
    _field("avg_ai_score", _NUMBER, "Average AI score", "Average of the AI's scores."),
    _field("avg_robo_score", _NUMBER, "Average robo score", "Average of the scores for robot callers."),
    _field("qualified_count", _INTEGER, "Qualified", "Calls that the AI found qualified."),
    _field("qualified_pct", _NUMBER, "Qualified (%)", "Share of qualified calls, 0 to 100, as CallScaler rounds it."),
    _field("unique_callers", _INTEGER, "Unique callers", "Different numbers that called."),
    _field("answered_count", _INTEGER, "Answered", "Calls of status completed."),
    _field("missed_count", _INTEGER, "Missed", "Calls of status no-answer."),
    _field("voicemail_count", _INTEGER, "Voicemails", "Calls of status voicemail."),
    _field("total_value_cents", _INTEGER, "Value (cents)", "Sum of the calls' values in cents.", role=Role.VALUE),
    _field("total_cost_cents", _INTEGER, "Cost (cents)", "Sum of the calls' costs in cents.", role=Role.COST),
)
GROUPS = tuple(f.name for f in GROUP_FIELDS)
METRICS = tuple(f.name for f in METRIC_FIELDS)

_CALL_FIELDS = (
    _field("id", _TEXT, "Call ID", "What CallScaler calls the call; unique."),
    _field("created_at", FieldType.INSTANT, "Started", "When the call came in.", role=Role.STARTED_AT),
    _field("caller_number", _TEXT, "Caller", "The number that called, in E.164 form.", role=Role.CALLER),
    _field("caller_name", _TEXT, "Caller name", "The name that the caller's network sent.", can_change=True),
    _field("tracking_number", _TEXT, "Tracking number", "The number that was called.", role=Role.LINE),
    _field("destination_number", _TEXT, "Destination", "The number that the call was passed on to."),
    _field("direction", _TEXT, "Direction", "inbound or outbound.", role=Role.DIRECTION),
    _field(
        "status",
        _TEXT,
        "Status",
        "completed, no-answer, voicemail, busy or failed.",
        role=Role.STATUS,
        can_change=True,
    ),
    _field("source", _TEXT, "Source", "Where the caller came from.", role=Role.SOURCE),
    _field("duration_seconds", _INTEGER, "Duration (s)", "Length in seconds.", role=Role.DURATION, can_change=True),
    _field("call_flow_name", _TEXT, "Call flow", "The call flow that the call went through.", role=Role.CALL_FLOW),
    _field("recording_url", _TEXT, "Recording", "Link to the recording.", can_change=True),
    _field("recording_duration", _INTEGER, "Recording (s)", "Length of the recording in seconds.", can_change=True),
    _field("has_transcription", _BOOLEAN, "Transcribed", "Whether there is a transcription.", can_change=True),
    _field(
        "ai_score",
        _NUMBER,
        "AI score",
        "The AI's score, 0 to 100; comes minutes later.",
        role=Role.AI_SCORE,
        can_change=True,
    ),
    _field("ai_category", _TEXT, "AI category", "The AI's category; comes minutes later.", can_change=True),
    _field(
        "qualified_ai",
        _BOOLEAN,
        "Qualified",
        "Whether the AI found the call qualified.",
        role=Role.QUALIFIED,
        can_change=True,
    ),
    _field("qualification_reason", _TEXT, "Reason", "Why the AI found so.", can_change=True),
    _field("robo_score", _NUMBER, "Robo score", "How likely a robot called.", role=Role.ROBO_SCORE, can_change=True),
    _field("keywords_spotted", FieldType.LIST, "Keywords", "Keywords spotted.", role=Role.TAGS, can_change=True),
    _field("value_cents", _INTEGER, "Value (cents)", "What the call is worth.", role=Role.VALUE, can_change=True),
    _field("cost_cents", _INTEGER, "Cost (cents)", "What the call cost.", role=Role.COST, can_change=True),
    _field("utm_source", _TEXT, "UTM source", "The utm_source of the visit."),
    _field("utm_medium", _TEXT, "UTM medium", "The utm_medium of the visit."),
    _field("utm_campaign", _TEXT, "UTM campaign", "The utm_campaign of the visit."),
    # Groups and filters of the analytics that no list of call fields names; where calls hold them, they can be used
    *(
        replace(field, shown=False)
        for field in (
            _field("utm_term", _TEXT, "UTM term", "The utm_term of the visit, where calls tell it."),
            _field("call_flow_id", _TEXT, "Call flow ID", "What CallScaler calls the call flow, where calls tell it."),
            _field("number_id", _TEXT, "Number ID", "What CallScaler calls the number, where calls tell it."),
            _field("number_group_id", _TEXT, "Number group ID", "The group of the number, where calls tell it."),
        )
    ),
)
# Without these a call is none; the rest may not be there yet, or not in every plan.
_CALL_CORE = ("id", "created_at", "caller_number", "tracking_number", "direction", "status", "duration_seconds")
_NUMBER_FIELDS = (
    LISTED_FIELD,
    _field("id", _TEXT, "Number ID", "What CallScaler calls the number; unique."),
    _field("phone_number", _TEXT, "Number", "The tracking number, in E.164 form.", role=Role.LINE),
    _field("friendly_name", _TEXT, "Name", "What people call it.", can_change=True),
    _field("status", _TEXT, "Status", "Whether the number is in use.", can_change=True),
    _field("type", _TEXT, "Type", "Local or toll free."),
    _field("call_flow_id", _TEXT, "Call flow ID", "The call flow that it leads to.", can_change=True),
    _field("call_flow_name", _TEXT, "Call flow", "The name of that call flow.", can_change=True),
    _field("group_id", _TEXT, "Group ID", "The group that it belongs to.", can_change=True),
    _field("group_name", _TEXT, "Group", "The name of that group.", can_change=True),
    _field("created_at", FieldType.INSTANT, "Since", "When the number was bought."),
)
OPTIONAL = {
    "calls": tuple(f.name for f in _CALL_FIELDS if f.name not in _CALL_CORE),
    "numbers": tuple(f.name for f in _NUMBER_FIELDS if f.name not in ("id", "phone_number")),
}

_SHARED_FILTERS = (
    Param(name="status", type=_TEXT, description="Only calls of this status.", allowed=STATUSES, field="status"),
    Param(name="source", type=_TEXT, description="Only calls from this source.", field="source"),
    Param(name="direction", type=_TEXT, description="Only this direction.", allowed=DIRECTIONS, field="direction"),
    Param(name="call_flow_id", type=_TEXT, description="Only calls of this call flow (a UUID)."),
    Param(name="number_id", type=_TEXT, description="Only calls to this number (a UUID)."),
    Param(name="number_group_id", type=_TEXT, description="Only calls to this group of numbers (a UUID)."),
    Param(name="min_ai_score", type=_INTEGER, description="Only scores from this, 0 to 100.", field="ai_score"),
    Param(name="max_ai_score", type=_INTEGER, description="Only scores up to this, 0 to 100.", field="ai_score"),
    Param(name="ai_category", type=_TEXT, description="Only calls of this AI category.", field="ai_category"),
    Param(name="qualified", type=_BOOLEAN, description="Only calls found qualified, or not.", field="qualified_ai"),
    Param(
        name="min_duration",
        type=_INTEGER,
        description="Only calls of so many seconds or more.",
        field="duration_seconds",
    ),
)

ANALYTICS = StreamSpec(
    name="analytics_calls",
    endpoint="/api/v1/analytics/calls",
    description="Figures of calls in up to three groups, computed by CallScaler for each day, week, month or period. "
    "Its days are those of its own zone, which it does not tell.",
    fields=(*PERIOD_FIELDS, *GROUP_FIELDS, *METRIC_FIELDS),
    key=("period_start", *GROUPS),
    cursor_field="period_began_at",
    params=(
        Param(
            name="group_by",
            type=FieldType.LIST,
            description="One to three fields; together they are the rows.",
            allowed=GROUPS,
            required=True,
            example=["source"],
        ),
        Param(name="metrics", type=FieldType.LIST, description="What is computed; left out: count.", allowed=METRICS),
        *(replace(param, field=None) for param in _SHARED_FILTERS),  # figures are asked anew, none stays behind
        Param(
            name="sort_by",
            type=_TEXT,
            description="The metric or group by which rows are ranked before limit cuts; left out: count.",
            allowed=(*METRICS, *GROUPS),
        ),
        Param(name="sort_order", type=_TEXT, description="Left out: desc.", allowed=("desc", "asc")),
        Param(name="limit", type=_INTEGER, description="Only the first rows of that ranking, 1 to 1000."),
    ),
    page_size=MAX_ROWS,
    slice_days=3660,
    lookback=timedelta(days=7),
    reread=timedelta(days=30),
    retention=None,
    limits="60 requests a minute assumed; 1,000 rows in one answer, more are asked for in parts or told as missing",
    kind=StreamKind.AGGREGATE,
    per=("day", "week", "month", "period"),
)

CALLS = StreamSpec(
    name="calls",
    endpoint="/api/v1/calls",
    description="Every call of the business, one record each.",
    fields=_CALL_FIELDS,
    key=("id",),
    cursor_field="created_at",
    params=(
        *_SHARED_FILTERS,
        Param(
            name="max_duration",
            type=_INTEGER,
            description="Only calls of at most so many seconds.",
            field="duration_seconds",
        ),
        Param(name="caller_name", type=_TEXT, description="Only callers of this name.", field="caller_name"),
        Param(name="search", type=_TEXT, description="Part of a caller, number or name."),
        Param(
            name="has_transcription",
            type=_BOOLEAN,
            description="Only transcribed calls, or others.",
            field="has_transcription",
        ),
        Param(
            name="keyword",
            type=_TEXT,
            description="Only calls in which this word was spotted.",
            field="keywords_spotted",
        ),
        Param(name="include", type=FieldType.LIST, description="More fields to send, such as transcription."),
    ),
    page_size=500,
    slice_days=30,
    lookback=timedelta(days=7),
    reread=timedelta(days=30),
    retention=None,
    limits="60 requests a minute assumed; the vendor tells none",
    status_words=StatusWords(answered=("completed",), missed=("no-answer",), voicemail=("voicemail",)),
    change_feed=True,
)

NUMBERS = StreamSpec(
    name="numbers",
    endpoint="/api/v1/numbers",
    description="The tracking numbers that the business has now.",
    fields=_NUMBER_FIELDS,
    key=("id",),
    cursor_field=LISTED_FIELD.name,
    params=(),
    page_size=500,
    slice_days=36_600,
    lookback=timedelta(0),
    reread=timedelta(0),
    retention=None,
    limits="60 requests a minute assumed; the vendor tells none",
    kind=StreamKind.LIST,
)

SPECS: Mapping[str, StreamSpec] = {spec.name: spec for spec in (CALLS, ANALYTICS, NUMBERS)}


def narrow(spec: StreamSpec, params: Mapping[str, Any]) -> StreamSpec:
    """Return the analytics with the groups and metrics that are asked for; the key is the period and the groups."""
    groups = _known(params.get("group_by"), GROUPS)
    if spec.name != ANALYTICS.name or not groups:
        return spec
    metrics = _known(params.get("metrics"), METRICS) or ("count",)
    by_name = {f.name: f for f in spec.fields}
    fields = (*PERIOD_FIELDS, *(by_name[name] for name in (*groups, *metrics)))
    return replace(spec, fields=fields, key=("period_start", *groups))


def _known(names: Any, allowed: Sequence[str]) -> tuple[str, ...]:
    given = names if isinstance(names, list | tuple) else ()
    return tuple(dict.fromkeys(name for name in given if name in allowed))


def find_mistakes(spec: StreamSpec, params: Mapping[str, Any]) -> tuple[str, ...]:
    """Check params against the documented names and values, and against each other."""
    mistakes = find_param_mistakes(spec, params)
    return mistakes or tuple(_find_more(spec, params))


def _find_more(spec: StreamSpec, params: Mapping[str, Any]) -> Iterator[str]:
    for name in ("call_flow_id", "number_id", "number_group_id"):
        if name in params and not re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", params[name]):
            yield f"{name} = {params[name]!r}: allowed is a UUID, such as 3f2b8c1e-5a44-4d0c-9a55-0c7a6f1d2e3b"
    for name in ("min_ai_score", "max_ai_score"):
        if not 0 <= params.get(name, 0) <= 100:
            yield f"{name} = {params[name]}: allowed is 0 to 100"
    for name in ("min_duration", "max_duration"):
        if params.get(name, 0) < 0:
            yield f"{name} = {params[name]}: allowed is 0 or more seconds"
    for low, high in (("min_ai_score", "max_ai_score"), ("min_duration", "max_duration")):
        if low in params and high in params and params[low] > params[high]:
            yield f"{high} = {params[high]}: allowed is {low} or more"
    for name in ("source", "ai_category", "caller_name", "search", "keyword"):
        if params.get(name) == "":
            yield f"{name} = '': allowed is a text that is not empty"
    if spec.name == ANALYTICS.name:
        yield from _find_in_groups(params)


def _find_in_groups(params: Mapping[str, Any]) -> Iterator[str]:
    groups = params["group_by"]
    if not 1 <= len(groups) <= MAX_GROUPS:
        yield f"group_by = {groups!r}: allowed are one to three of {', '.join(GROUPS)}"
    for name in ("group_by", "metrics"):
        given = params.get(name, ["count"])
        if len(set(given)) < len(given):
            yield f"{name} = {given!r}: allowed is each name once"
        if not given and name == "metrics":
            yield f"metrics = []: allowed are one or more of {', '.join(METRICS)}"
    sort_by = params.get("sort_by", "count")
    if sort_by in GROUPS and sort_by not in groups:
        yield f"sort_by = {sort_by!r}: allowed are the groups asked for, {', '.join(groups)}, and {', '.join(METRICS)}"
    if not 1 <= params.get("limit", 1) <= MAX_ROWS:
        yield f"limit = {params['limit']}: allowed is 1 to {MAX_ROWS}"
