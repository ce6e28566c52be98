"""The declared streams of Aircall: the reports of reports.py, and those of the REST API. Why so: README.md beside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sync.records import Field, FieldType, Param, Role, StatusWords, StreamKind, StreamSpec
from sync.sources.aircall import filters
from sync.sources.aircall.report import SIX_MONTHS
from sync.sources.aircall.reports import REPORTS
from sync.sources.base import LISTED_FIELD, find_param_mistakes

_TEXT, _INTEGER, _BOOLEAN = FieldType.TEXT, FieldType.INTEGER, FieldType.BOOLEAN
_INSTANT, _LIST = FieldType.INSTANT, FieldType.LIST


def _field(name: str, type: FieldType, title: str, description: str, **more: Any) -> Field:
    return Field(name=name, type=type, title=title, description=description, **more)


CALL_FIELDS = (
    _field("id", _INTEGER, "Call ID", "What Aircall calls the call; unique."),
    _field("started_at", _INSTANT, "Started", "When the call began.", role=Role.STARTED_AT),
    _field("answered_at", _INSTANT, "Answered", "When somebody picked up.", can_change=True),
    _field("ended_at", _INSTANT, "Ended", "When the call ended.", role=Role.ENDED_AT, can_change=True),
    _field("direction", _TEXT, "Direction", "inbound or outbound.", role=Role.DIRECTION),
    _field(
        "outcome",
        _TEXT,
        "Outcome",
        "answered, voicemail, missed, unanswered (outbound) or ongoing; worked out of the rest.",
        role=Role.STATUS,
        can_change=True,
    ),
    _field("missed_call_reason", _TEXT, "Missed reason", "Why nobody answered, such as short_abandoned."),
    _field("raw_digits", _TEXT, "Customer number", 'The other side; "anonymous" where it is hidden.', role=Role.CALLER),
    _field("number_id", _INTEGER, "Line ID", "What Aircall calls the line."),
    _field("number_name", _TEXT, "Line", "The name of the line.", role=Role.LINE, can_change=True),
    _field("number_digits", _TEXT, "Line number", "The number of the line."),
    _field("user_id", _INTEGER, "User ID", "Who took or made the call.", role=Role.AGENT_ID, can_change=True),
    _field("user_name", _TEXT, "User", "Their name as it was when read.", role=Role.AGENT_NAME, can_change=True),
    _field("user_email", _TEXT, "User e-mail", "Their e-mail address.", can_change=True),
    _field(
        "duration",
        _INTEGER,
        "Duration (s)",
        "Length of the call in seconds, ringing included.",
        role=Role.DURATION,
        can_change=True,
    ),
    _field("wait_time", _INTEGER, "Wait (s)", "Seconds until the answer.", role=Role.WAIT, can_change=True),
    _field("talk_time", _INTEGER, "Talk (s)", "Seconds from the answer to the end.", role=Role.TALK, can_change=True),
    _field("teams", _LIST, "Teams", "Names of the teams that were rung; inbound only.", can_change=True),
    _field("tags", _LIST, "Tags", "Tags put on the call.", role=Role.TAGS, can_change=True),
    _field("comments", _TEXT, "Comments", "What people wrote about the call, a line each.", can_change=True),
    _field("assigned_to", _TEXT, "Assigned to", "The user it was assigned to.", can_change=True),
    _field("transferred_by", _TEXT, "Transferred by", "The user who transferred it.", shown=False),
    _field("transferred_to", _TEXT, "Transferred to", "The user it was transferred to.", shown=False),
    _field("contact_id", _INTEGER, "Contact ID", "The contact; with fetch_contact alone.", shown=False),
    _field("contact_name", _TEXT, "Contact", "The contact's name; with fetch_contact alone.", can_change=True),
    _field("contact_company", _TEXT, "Company", "The contact's company.", can_change=True, shown=False),
    _field("recording", _TEXT, "Recording", "Link to the recording; good for an hour.", can_change=True, shown=False),
    _field("voicemail", _TEXT, "Voicemail", "Link to the voicemail; good for an hour.", can_change=True, shown=False),
    _field("country", _TEXT, "Country", "Country of the line, in two letters.", shown=False),
    _field("status", _TEXT, "Status", "initial, answered or done.", can_change=True, shown=False),
    _field("direct_link", _TEXT, "Link", "The call in Aircall's API.", shown=False),
    _field("sid", _TEXT, "Call UUID", "The longer id of the call.", shown=False),
)

SEARCH_PARAMS = frozenset({"direction", "user_id", "phone_number", "tags"})
"""Params that only the search takes; with one of them it is asked in place of the list."""

_LIMITS = "120 requests a minute for the company, all its integrations together; 10,000 calls in one list"
_REST: dict[str, Any] = {
    "page_size": 50,
    "lookback": timedelta(days=3),
    "reread": timedelta(days=30),
    "limits": _LIMITS,
}

CALLS = StreamSpec(
    name="calls",
    endpoint="/v1/calls",
    description="Every call of the account, one record each, from the REST API.",
    fields=CALL_FIELDS,
    key=("id",),
    cursor_field="started_at",
    params=(
        Param(
            name="direction",
            type=_TEXT,
            description="Only calls of this direction.",
            allowed=("inbound", "outbound"),
            field="direction",
        ),
        Param(name="user_id", type=_INTEGER, description="Only calls of this user.", field="user_id"),
        Param(name="phone_number", type=_TEXT, description="Only calls with this number of a customer."),
        Param(name="tags", type=_LIST, description="Only calls that have all of these tags.", field="tags"),
        Param(name="fetch_contact", type=_BOOLEAN, description="Read the contact of each call too."),
        Param(name="fetch_short_urls", type=_BOOLEAN, description="Read short links of recordings too."),
        Param(name="fetch_call_timeline", type=_BOOLEAN, description="Read the timeline of each call too."),
        Param(name="fetch_aiva_conv", type=_BOOLEAN, description="Read conversations with an AI too."),
    ),
    slice_days=30,
    retention=SIX_MONTHS,
    status_words=StatusWords(answered=("answered",), missed=("missed",), voicemail=("voicemail",)),
    **_REST,
)

LIST_FIELDS: Mapping[str, tuple[Field, ...]] = {
    "users": (
        LISTED_FIELD,
        _field("id", _INTEGER, "User ID", "What Aircall calls the user; unique.", role=Role.AGENT_ID),
        _field("name", _TEXT, "User", "The user's name.", role=Role.AGENT_NAME, can_change=True),
        _field("email", _TEXT, "E-mail", "The user's e-mail address.", can_change=True),
        _field("available", _BOOLEAN, "Available", "Whether the user can take calls.", can_change=True),
        _field("availability_status", _TEXT, "Availability", "available, custom or unavailable.", can_change=True),
        _field("substatus", _TEXT, "Reason", "Why the user is not available.", can_change=True),
        _field("created_at", _INSTANT, "Created", "When the user was made."),
        _field("time_zone", _TEXT, "Time zone", "The user's time zone.", can_change=True),
        _field("language", _TEXT, "Language", "The user's language.", can_change=True),
        _field("wrap_up_time", _INTEGER, "Wrap-up (s)", "Seconds of rest after a call.", can_change=True),
        _field("numbers", _LIST, "Lines", "Names of the user's lines; v1 alone tells them.", shown=False),
    ),
    "teams": (
        LISTED_FIELD,
        _field("id", _INTEGER, "Team ID", "What Aircall calls the team; unique."),
        _field("name", _TEXT, "Team", "The team's name.", can_change=True),
        _field("created_at", _INSTANT, "Created", "When the team was made."),
        _field("users", _LIST, "Users", "Names of its users.", can_change=True),
    ),
    "numbers": (
        LISTED_FIELD,
        _field("id", _INTEGER, "Line ID", "What Aircall calls the line; unique."),
        _field("name", _TEXT, "Line", "The line's name.", role=Role.LINE, can_change=True),
        _field("digits", _TEXT, "Number", "The line's number."),
        _field("country", _TEXT, "Country", "Its country, in two letters."),
        _field("time_zone", _TEXT, "Time zone", "Its time zone.", can_change=True),
        _field("created_at", _INSTANT, "Created", "When the line was made."),
        _field("availability_status", _TEXT, "Availability", "Whether it takes calls.", can_change=True),
        _field("open", _BOOLEAN, "Open", "Not kept up to date for Smartflow lines.", can_change=True, shown=False),
        _field("is_ivr", _BOOLEAN, "Menu", "Whether it has a menu; see Open.", can_change=True, shown=False),
        _field("live_recording_activated", _BOOLEAN, "Recorded", "Whether calls are recorded.", can_change=True),
        _field("priority", _INTEGER, "Priority", "Its rank among lines.", can_change=True),
    ),
}
LIST_PATHS: Mapping[str, tuple[str, ...]] = {
    "users": ("/v2/users", "/v1/users"),
    "teams": ("/v1/teams",),
    "numbers": ("/v1/numbers",),
}
"""Where each list is found; of several addresses, the first that the vendor knows."""

_LIST_WORDS = {"users": "Every user of the account.", "teams": "Every team.", "numbers": "Every line."}


def _list_stream(name: str) -> StreamSpec:
    return StreamSpec(
        name=name,
        endpoint=" or ".join(LIST_PATHS[name]),
        description=_LIST_WORDS[name],
        kind=StreamKind.LIST,
        fields=LIST_FIELDS[name],
        key=("id",),
        cursor_field="listed_at",
        params=(),
        slice_days=1,
        retention=None,
        **_REST,
    )


SPECS: Mapping[str, StreamSpec] = {
    CALLS.name: CALLS,
    **{name: _list_stream(name) for name in LIST_FIELDS},
    **{name: report.spec for name, report in REPORTS.items()},
}


def find_mistakes(spec: StreamSpec, params: Mapping[str, Any]) -> tuple[str, ...]:
    """Check params before a request is made."""
    return filters.find_mistakes(spec, params) if spec.name in REPORTS else find_param_mistakes(spec, params)
