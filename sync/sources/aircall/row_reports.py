"""The two reports whose rows are things that happened: calls, and statuses of users."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sync.records import Field, FieldType, Role, StatusWords, StreamSpec
from sync.sources.aircall.columns import Column
from sync.sources.aircall.filters import EXPORT_PARAMS, with_fields
from sync.sources.aircall.report import LIMITS, PAGE_ROWS, SIX_MONTHS, USER, USER_KEY, Report, derive_user, make_column
from sync.sources.aircall.values import read_whole_seconds, read_words

_TEXT, _INTEGER, _NUMBER, _INSTANT = FieldType.TEXT, FieldType.INTEGER, FieldType.NUMBER, FieldType.INSTANT

_STARTED = (
    "datetime_utc start_time_utc started_at start_time call_start_time call_started_at start_date_time "
    "start_datetime started call_started datetime date_time timestamp call_datetime call_date_time "
)
_DAY_AND_TIME = (("date", "time"), ("start_date", "start_time"), ("call_date", "call_time"), ("day", "time"))
_ENDED = "datetime_end end_time call_end_time call_ended_at end_datetime end_date_time ended call_ended "

_CALL_COLUMNS = (
    make_column(
        "call_id",
        _TEXT,
        "Call ID",
        "What Aircall calls the call: the number that its API knows, or where the file lacks it, the longer id.",
        names="call_id_internal internal_call_id call_internal_id internal_id",
        else_names="call_id id call_id_uuid call_uuid uuid",
    ),
    make_column(
        "call_uuid",
        _TEXT,
        "Call UUID",
        'The longer id of the call, which begins with "CA".',
        names="call_id_uuid uuid sid call_sid call_id",
    ),
    make_column(
        "started_at",
        _INSTANT,
        "Started",
        "When the call began.",
        names=_STARTED + "call_date date created_at",
        day_and_time=_DAY_AND_TIME,
        role=Role.STARTED_AT,
    ),
    make_column(
        "ended_at",
        _INSTANT,
        "Ended",
        "When the call ended.",
        names=_ENDED,
        role=Role.ENDED_AT,
        can_change=True,
    ),
    make_column("direction", _TEXT, "Direction", "Inbound or outbound.", names="call_direction", role=Role.DIRECTION),
    make_column(
        "call_type",
        _TEXT,
        "Call type",
        "Answered, Abandoned, Out of business hours, Voicemail, Missed, AI Call, or Outbound.",
        names="type",
        can_change=True,
    ),
    make_column(
        "answered",
        FieldType.BOOLEAN,
        "Answered",
        "Whether somebody picked up.",
        names="is_answered call_answered",
        can_change=True,
    ),
    make_column(
        "unanswered_reason",
        _TEXT,
        "Unanswered reason",
        "Why nobody answered, such as short_abandoned.",
        names="unanswered_call_reason missed_call_reason call_unanswered_reason missed_reason",
        can_change=True,
    ),
    *USER,
    make_column("line", _TEXT, "Line", "The line that was called, or called out.", names="line_name", role=Role.LINE),
    make_column(
        "line_number",
        _TEXT,
        "Line number",
        "The number of the line.",
        names="aircall_number number line_digits number_digits",
    ),
    make_column("from", _TEXT, "From", "The number that called.", names="from_number caller caller_number"),
    make_column("to", _TEXT, "To", "The number that was called.", names="to_number callee callee_number"),
    make_column(
        "customer_number",
        _TEXT,
        "Customer number",
        "The number of the other side.",
        names="external_number contact_number customer_phone_number phone_number raw_digits customer",
        role=Role.CALLER,
    ),
    make_column(
        "duration",
        _INTEGER,
        "Duration (s)",
        "Length of the call in seconds, ringing included.",
        names="duration_total total_duration call_duration total_call_duration call_length length",
        read=read_whole_seconds,
        role=Role.DURATION,
        can_change=True,
    ),
    make_column(
        "in_call_duration",
        _INTEGER,
        "In call (s)",
        "Seconds in conversation.",
        names="duration_in_call in_call_time talk_time talk_duration incall_duration connected_duration",
        read=read_whole_seconds,
        role=Role.TALK,
        can_change=True,
    ),
    make_column(
        "waiting_time",
        _INTEGER,
        "Waiting (s)",
        "Seconds until somebody answered, or the call ended.",
        names="wait_time waiting_duration",
        read=read_whole_seconds,
        role=Role.WAIT,
        can_change=True,
    ),
    make_column("tags", FieldType.LIST, "Tags", "Tags put on the call.", names="tag", role=Role.TAGS, can_change=True),
    make_column(
        "comments",
        _TEXT,
        "Comments",
        "What people wrote about the call.",
        names="comment notes",
        read=read_words,
        can_change=True,
    ),
    make_column("voicemail", _TEXT, "Voicemail", "Link to the voicemail, or whether there is one.", can_change=True),
    make_column("recording", _TEXT, "Recording", "Link to the recording.", names="recording_url", can_change=True),
    make_column("country", _TEXT, "Country", "Country of the other side.", names="country_code country_code_a2"),
)
_OUTCOME = Field(
    name="outcome",
    type=_TEXT,
    title="Outcome",
    description="answered, voicemail, missed, unanswered (outbound) or ai call; worked out of type and answer.",
    role=Role.STATUS,
    can_change=True,
)

OUTCOME_WORDS = StatusWords(answered=("answered",), missed=("missed",), voicemail=("voicemail",))
_OF_TYPES = {
    "answered": "answered",
    "voicemail": "voicemail",
    "missed": "missed",
    "abandoned": "missed",
    "out of business hours": "missed",
    "out_of_business_hours": "missed",
    "ai call": "ai call",
    "ai_call": "ai call",
}

_STATUS_COLUMNS = (
    make_column(
        "started_at",
        _INSTANT,
        "Started",
        "When the user came into the status.",
        names=_STARTED
        + "status_started_at status_start_time status_start start start_date status_start_date status_start_datetime "
        "from_time date created_at",
        day_and_time=_DAY_AND_TIME,
        role=Role.STARTED_AT,
    ),
    make_column(
        "status",
        _TEXT,
        "Status",
        "Available, After-Call Work, or why the user was not available.",
        names="user_status status_name availability availability_status state",
    ),
    make_column(
        "ended_at",
        _INSTANT,
        "Ended",
        "When the user left the status; empty while it lasts.",
        names=_ENDED + "status_ended_at status_end_time status_end end end_date to_time",
        role=Role.ENDED_AT,
        can_change=True,
    ),
    make_column(
        "duration",
        _INTEGER,
        "Duration (s)",
        "Seconds in the status.",
        names="status_duration time_in_status time_spent total_duration length duration_total",
        read=read_whole_seconds,
        role=Role.DURATION,
        can_change=True,
    ),
    *USER,
    make_column(
        "next_status",
        _TEXT,
        "Next status",
        "The status that followed.",
        names="next_user_status following_status",
        can_change=True,
    ),
)


def _derive_call(values: dict[str, Any]) -> None:
    derive_user(values)
    values["outcome"] = _outcome_of(values)


def _outcome_of(values: Mapping[str, Any]) -> str | None:
    kind = (values["call_type"] or "").casefold().rpartition(" - ")[2].strip()
    is_outbound = "outbound" in (kind, (values["direction"] or "").casefold())
    if kind in _OF_TYPES and not is_outbound:
        return _OF_TYPES[kind]
    if values["answered"] is not None:
        if values["answered"]:
            return "answered"
        return "unanswered" if is_outbound else "voicemail" if values["voicemail"] else "missed"
    return None if not kind or kind == "outbound" else _OF_TYPES.get(kind, kind)


def _rows_report(
    name: str, description: str, columns: tuple[Column, ...], derived: tuple[Field, ...], **more: Any
) -> Report:
    derive = more.pop("derive")
    fields = (*(column.field for column in columns), *derived)
    first = [f for f in fields if f.name in more["key"]]  # people look for the key on the left
    spec = StreamSpec(
        name=name.lower(),
        endpoint="/v1/analytics/report/export",
        description=description,
        fields=(*first, *(f for f in fields if f not in first)),
        cursor_field="started_at",
        params=with_fields(EXPORT_PARAMS, {f.name for f in fields}),
        page_size=PAGE_ROWS,
        lookback=timedelta(days=3),
        reread=timedelta(days=30),
        limits=LIMITS,
        retention_is_certain=True,
        off_peak=True,
        **more,
    )
    return Report(name=name, spec=spec, columns=columns, derive=derive)


ROW_REPORTS = (
    _rows_report(
        "CALLS_HISTORY",
        "Every call, as the Analytics export of the call history has it.",
        _CALL_COLUMNS,
        (_OUTCOME, USER_KEY),
        derive=_derive_call,
        key=("call_id",),
        slice_days=30,
        retention=SIX_MONTHS,
        status_words=OUTCOME_WORDS,
    ),
    _rows_report(
        "USER_STATUS_HISTORY",
        "Every status that a user was in, with its begin and length.",
        _STATUS_COLUMNS,
        (USER_KEY,),
        derive=derive_user,
        key=("user_key", "started_at", "status"),
        slice_days=7,
        retention=timedelta(days=7),
        longest_pause=timedelta(days=5),
    ),
)
