"""The ten reports of sums: how users spent their time, and what became of calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sync.records import Field, FieldType, StreamKind, StreamSpec
from sync.sources.aircall.columns import Column
from sync.sources.aircall.filters import EXPORT_PARAMS, with_fields
from sync.sources.aircall.report import LIMITS, PAGE_ROWS, USER, USER_KEY, Report, derive_user, make_column
from sync.sources.aircall.values import read_duration
from sync.sources.base import PERIOD_FIELDS

_TEXT, _INTEGER, _NUMBER, _INSTANT = FieldType.TEXT, FieldType.INTEGER, FieldType.NUMBER, FieldType.INSTANT

_DIVISIONS = (
    make_column("date", FieldType.DATE, "Date", "The day, where the file is broken down by days.", names="day"),
    make_column("status", _TEXT, "Status", "The status that it counts.", names="user_status status_name availability"),
    make_column("hour", _TEXT, "Hour", "The hour of the day, where the file is broken down so.", names="hour_of_day"),
    make_column("line", _TEXT, "Line", "The line, where the file is broken down so.", names="line_name"),
    make_column(
        "direction", _TEXT, "Direction", "Inbound or outbound, where the file tells them apart.", names="call_direction"
    ),
)
_ROW_KEY = Field(
    name="row_key",
    type=_TEXT,
    title="Row",
    description="Whom and what the row is about: the user, and each further division that the file has.",
)


def _derive_row(values: dict[str, Any]) -> None:
    derive_user(values)
    whose = values["user_key"] or values["team"] or values["line"]
    parts = [whose, *(values[column.field.name] for column in _DIVISIONS)]
    if values["user_key"] is None and values["team"] is None:
        parts[0] = None  # the line is among the divisions
    values["row_key"] = " | ".join(str(part) for part in parts if part is not None) or None


def _count(name: str, title: str, description: str, names: str = "") -> Column:
    return make_column(name, _INTEGER, title, description, names=names, can_change=True)


def _time(name: str, title: str, description: str, names: str = "") -> Column:
    return make_column(name, _NUMBER, f"{title} (s)", description, names=names, read=read_duration, can_change=True)


_SHARE = make_column(
    "share",
    _NUMBER,
    "Share",
    "Share of the time, as the file writes it; 12.5 % is 0.125.",
    names="percentage percent percentage_of_time percent_of_time time_percentage",
    can_change=True,
)
_IN_STATUS = _time("time_in_status", "Time", "Seconds in the status.", "duration time total_time time_spent")
_INBOUND = _count("inbound_calls", "Inbound", "Inbound calls.", "inbound total_inbound_calls inbound_call_volume")
_OUTBOUND = _count(
    "outbound_calls", "Outbound", "Outbound calls.", "outbound total_outbound_calls outbound_call_volume"
)
_TOTAL = _count("total_calls", "Calls", "Calls of both directions.", "calls call_volume total number_of_calls")
_ANSWERED = _count("answered_calls", "Answered", "Calls that were answered.", "answered inbound_answered_calls")
_MISSED = _count("missed_calls", "Missed", "Calls that were missed.", "missed unanswered_calls")
_IN_CALL = _time("in_call_time", "In call", "Seconds in conversation.", "total_in_call_time talk_time in_call_duration")
_AFTER = _time(
    "after_call_work_time", "After-call work", "Seconds of work after calls.", "total_after_call_work_time acw_time acw"
)
_ATTEMPTS = _count("ringing_attempts", "Ringing attempts", "How often it rang.", "attempts total_ringing_attempts")


def _average(what: str, title: str, description: str, names: str = "") -> Column:
    known = f"avg_{what} average_time avg_time {names}".strip()
    return _time(f"average_{what}", title, description, known)


def _sums_report(name: str, description: str, measures: tuple[Column, ...], *, one_row: bool = False) -> Report:
    columns = (*USER, *_DIVISIONS, *measures)
    fields = (*PERIOD_FIELDS, _ROW_KEY, *(column.field for column in columns), USER_KEY)
    spec = StreamSpec(
        name=name.lower(),
        endpoint="/v1/analytics/report/export",
        description=description,
        kind=StreamKind.AGGREGATE,
        per=("day", "week", "month", "period"),
        fields=fields,
        key=("period_start", "row_key"),
        cursor_field="period_began_at",
        params=with_fields(EXPORT_PARAMS, {f.name for f in fields}),
        page_size=PAGE_ROWS,
        slice_days=3_660,
        lookback=timedelta(days=3),
        reread=timedelta(days=30),
        retention=None,
        limits=LIMITS,
        off_peak=True,
    )
    return Report(name=name, spec=spec, columns=columns, derive=_derive_row, one_row=one_row)


SUM_REPORTS = (
    _sums_report("USER_ACTIVITY_AVAILABILITY_BREAKDOWN", "Time of each user in each status.", (_IN_STATUS, _SHARE)),
    _sums_report(
        "USER_ACTIVITY_AVERAGE_AFTER_CALL_WORK_TIME_PER_USER",
        "Average time of work after a call, by user.",
        (
            _average("after_call_work_time", "Average after-call work", "Average seconds after a call.", "average_acw"),
            _TOTAL,
        ),
    ),
    _sums_report(
        "USER_ACTIVITY_AVERAGE_INBOUND_IN_CALL_TIME_PER_USER",
        "Average time in an inbound call, by user.",
        (
            _average(
                "inbound_in_call_time", "Average inbound", "Average seconds in conversation.", "average_in_call_time"
            ),
            _INBOUND,
        ),
    ),
    _sums_report(
        "USER_ACTIVITY_AVERAGE_OUTBOUND_IN_CALL_TIME_PER_USER",
        "Average time in an outbound call, by user.",
        (
            _average(
                "outbound_in_call_time", "Average outbound", "Average seconds in conversation.", "average_in_call_time"
            ),
            _OUTBOUND,
        ),
    ),
    _sums_report(
        "USER_ACTIVITY_CALL_VOLUME_AND_TIME",
        "Calls and time in calls, by user.",
        (
            _INBOUND,
            _OUTBOUND,
            _TOTAL,
            _IN_CALL,
            _average("in_call_time", "Average in call", "Average seconds in conversation."),
            _AFTER,
        ),
    ),
    _sums_report(
        "USER_ACTIVITY_CALLS_HANDLED",
        "Calls that each user handled.",
        (
            _count(
                "calls_handled", "Handled", "Calls that the user handled.", "handled total_calls_handled total_calls"
            ),
            _count(
                "inbound_handled", "Inbound handled", "Inbound ones of them.", "inbound_calls_handled inbound_calls"
            ),
            _count("outbound_handled", "Outbound handled", "Outbound ones.", "outbound_calls_handled outbound_calls"),
        ),
    ),
    _sums_report(
        "USER_ACTIVITY_PERCENTAGE_OF_TIME_IN_EACH_STATUS",
        "Share of each user's time in each status.",
        (_SHARE, _IN_STATUS),
    ),
    _sums_report(
        "USER_ACTIVITY_RINGING_ATTEMPTS_PER_USER",
        "How often it rang at each user, and what came of it.",
        (_ATTEMPTS, _ANSWERED, _MISSED, _count("declined_calls", "Declined", "Calls that were declined.", "declined")),
    ),
    _sums_report(
        "USER_ACTIVITY_WORK_TIME_AND_AVAILABILITY",
        "Time at work and time available, by user.",
        (
            _time("work_time", "Work", "Seconds at work.", "working_time total_work_time total_time"),
            _time("available_time", "Available", "Seconds available.", "available availability_time"),
            _IN_CALL,
            _AFTER,
            _time("unavailable_time", "Unavailable", "Seconds not available.", "unavailable"),
        ),
    ),
    _sums_report(
        "USER_ACTIVITY_RINGING_ATTEMPTS",
        "How often it rang, and what came of it.",
        (_ATTEMPTS, _ANSWERED, _MISSED),
        one_row=True,
    ),
)
