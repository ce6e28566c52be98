"""The declared streams of CallRail. Why each choice was made is told in README.md beside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sync.records import Field, FieldType, Param, Role, StatusWords, StreamKind, StreamSpec
from sync.sources.base import LISTED_FIELD

_TEXT, _INTEGER, _BOOLEAN, _INSTANT = FieldType.TEXT, FieldType.INTEGER, FieldType.BOOLEAN, FieldType.INSTANT
_LIMITS = "1,000 requests an hour and 10,000 a day, not told in replies; 60 a minute is our own choice"
ANSWER_STATUSES = ("answered", "missed", "voicemail")
DIRECTIONS = ("inbound", "outbound")


def _field(name: str, type: FieldType, title: str, description: str, **more: Any) -> Field:
    return Field(name=name, type=type, title=title, description=description, **more)


_USUAL = (
    _field("id", _TEXT, "Call ID", "What CallRail calls the call; unique."),
    _field("start_time", _INSTANT, "Started", "When the call began.", role=Role.STARTED_AT),
    _field("direction", _TEXT, "Direction", "inbound or outbound.", role=Role.DIRECTION),
    _field("answered", _BOOLEAN, "Answered", "Whether somebody answered."),
    _field("voicemail", _BOOLEAN, "Voicemail", "Whether the caller left a message.", can_change=True),
    _field("duration", _INTEGER, "Duration (s)", "Length in seconds.", role=Role.DURATION, can_change=True),
    _field("customer_phone_number", _TEXT, "Caller", "The customer's number, in E.164 form.", role=Role.CALLER),
    _field("customer_name", _TEXT, "Caller name", "The customer's name, as known or typed.", can_change=True),
    _field("customer_city", _TEXT, "City", "The customer's city.", can_change=True),
    _field("customer_state", _TEXT, "State", "The customer's state.", can_change=True),
    _field("customer_country", _TEXT, "Country", "The customer's country.", can_change=True),
    _field("tracking_phone_number", _TEXT, "Tracking number", "The number that was called.", role=Role.LINE),
    _field("business_phone_number", _TEXT, "Destination", "The number that the call was passed on to."),
    _field(
        "recording", _TEXT, "Recording", "Link to the recording; on HIPAA accounts good for a day.", can_change=True
    ),
    _field("recording_duration", _INTEGER, "Recording (s)", "Length of the recording in seconds.", can_change=True),
    _field("recording_player", _TEXT, "Player", "Link to a page that plays the recording.", can_change=True),
)
_ON_REQUEST = (
    _field("created_at", _INSTANT, "Recorded at", "When CallRail took the call down."),
    _field("source", _TEXT, "Source", "Where the caller came from.", role=Role.SOURCE, can_change=True),
    _field("medium", _TEXT, "Medium", "The medium of the visit."),
    _field("campaign", _TEXT, "Campaign", "The campaign of the visit.", can_change=True),
    _field("keywords", _TEXT, "Keywords", "The words searched for."),
    _field("landing_page_url", _TEXT, "Landing page", "The page on which the visit began."),
    _field("utm_source", _TEXT, "UTM source", "The utm_source of the visit."),
    _field("utm_medium", _TEXT, "UTM medium", "The utm_medium of the visit."),
    _field("utm_campaign", _TEXT, "UTM campaign", "The utm_campaign of the visit."),
    _field("device_type", _TEXT, "Device", "What the visitor used."),
    _field("first_call", _BOOLEAN, "First call", "Whether the customer had not called before."),
    _field("company_id", _TEXT, "Company ID", "The company within the account."),
    _field("company_name", _TEXT, "Company", "The name of that company."),
    _field("lead_status", _TEXT, "Lead", "good_lead, not_a_lead, or nothing yet.", can_change=True),
    _field("tags", FieldType.LIST, "Tags", "Tags put on the call.", role=Role.TAGS, can_change=True),
    _field("note", _TEXT, "Note", "What somebody noted.", can_change=True),
)
_STATUS = _field(
    "answer_status",
    _TEXT,
    "Status",
    "answered, missed or voicemail: made by us of the fields Answered and Voicemail.",
    role=Role.STATUS,
    can_change=True,
)
_COMPANY_FIELDS = (
    LISTED_FIELD,
    _field("id", _TEXT, "Company ID", "What CallRail calls the company; unique."),
    _field("name", _TEXT, "Name", "Its name.", can_change=True),
    _field("status", _TEXT, "Status", "active or disabled.", can_change=True),
    _field("time_zone", _TEXT, "Time zone", "The zone in which it works.", can_change=True),
    _field("created_at", _INSTANT, "Since", "When it was made."),
    _field("disabled_at", _INSTANT, "Disabled", "When it was disabled.", can_change=True),
)
EXTRA_FIELDS = tuple(f.name for f in _ON_REQUEST)
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    # What a plan or an integration adds may be absent.
    "calls": (*EXTRA_FIELDS, "recording", "recording_duration", "recording_player", "customer_country"),
    "companies": ("status", "time_zone", "created_at", "disabled_at", LISTED_FIELD.name),
}

CALLS = StreamSpec(
    name="calls",
    endpoint="/v3/a/{account_id}/calls.json",
    description="Every call of the account, one record each.",
    fields=(*_USUAL[:4], _STATUS, *_USUAL[4:], *_ON_REQUEST),
    key=("id",),
    cursor_field="start_time",
    params=(
        Param(name="company_id", type=_TEXT, description="Only calls of this company.", field="company_id"),
        Param(name="direction", type=_TEXT, description="Only this direction.", allowed=DIRECTIONS, field="direction"),
        Param(
            name="answer_status",
            type=_TEXT,
            description="Only calls with this outcome.",
            allowed=ANSWER_STATUSES,
            field="answer_status",
        ),
        Param(name="search", type=_TEXT, description="Part of a name, a number, a source or a note."),
    ),
    page_size=250,
    slice_days=31,
    lookback=timedelta(days=3),
    reread=timedelta(days=30),
    retention=None,
    limits=_LIMITS,
    status_words=StatusWords(answered=("answered",), missed=("missed",), voicemail=("voicemail",)),
)

COMPANIES = StreamSpec(
    name="companies",
    endpoint="/v3/a/{account_id}/companies.json",
    description="The companies of the account as they are now.",
    fields=_COMPANY_FIELDS,
    key=("id",),
    cursor_field=LISTED_FIELD.name,
    params=(),
    page_size=250,
    slice_days=36_600,
    lookback=timedelta(0),
    reread=timedelta(0),
    retention=None,
    limits=_LIMITS,
    kind=StreamKind.LIST,
)

SPECS: Mapping[str, StreamSpec] = {spec.name: spec for spec in (CALLS, COMPANIES)}
