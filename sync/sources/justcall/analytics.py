"""The analytics streams of dialect v2. The names of their fields are guesses, marked so in README.md beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sync.records import Field, FieldType, Param, Role, StreamKind, StreamSpec
from sync.sources.base import PERIOD_FIELDS
from sync.sources.justcall.call_logs import CALLS
from sync.sources.justcall.forms import Column, Layout
from sync.sources.justcall.metrics import metric_columns, names_inside
from sync.sources.justcall.readers import read_any_text, read_number, read_whole_seconds

LONGEST_DAYS = 90  # of one request, both ends counted
LIMITS = "60 requests a minute for each key, more on higher plans; at most 90 days a request"

_NAMES_OF_CALLS: Mapping[str, tuple[str, ...]] = {
    "call_id": ("call_id", "id", "call_sid", "uuid", "call_uuid"),
    "started_at": (
        "started_at",
        "start_time",
        "call_date+call_time",
        "start_date+start_time",
        "call_started_at",
        "datetime",
        "date_time",
        "call_datetime",
        "date+time",
        "timestamp",
        "created_at",
        "call_time",
        "date",
    ),
    "ended_at": ("ended_at", "end_time", "call_ended_at"),
    "direction": ("direction", "call_direction", "call_info.direction"),
    "from": ("from", "from_number", "caller", "caller_number", "source_number"),
    "to": ("to", "to_number", "callee", "destination", "destination_number"),
    "agent_id": ("agent_id", "agent.id", "agent.agent_id", "user_id", "user.id"),
    "agent_name": ("agent_name", "agent.name", "agent.agent_name", "agent", "user_name", "user.name"),
    "status": ("status", "call_status", "call_info.status", "outcome", "result"),
    "duration": ("duration", "call_duration", "call_duration.total_duration", "total_duration", "duration_seconds"),
    "recording_url": ("recording_url", "recording", "call_recording", "recording_link"),
    "voicemail": ("voicemail", "is_voicemail"),
    "notes": ("notes", "note", "call_notes", "comments"),
    "disposition": ("disposition", "disposition_code", "call_disposition", "disposition.name"),
    "tags": ("tags", "call_tags", "labels"),
}
_READ_OF_CALLS = {"duration": read_whole_seconds, "disposition": read_any_text, "agent_name": read_any_text}

CALLS_LAYOUT = Layout(
    columns=tuple(
        Column(field=f, names=_NAMES_OF_CALLS[f.name], read=_READ_OF_CALLS.get(f.name)) for f in CALLS.fields
    ),
    needed=("call_id", "started_at"),
    containers=None,
    is_guess=True,
)

_SMS = (
    Column(
        field=Field(
            name="message_id", type=FieldType.TEXT, title="Message ID", description="The message's own number."
        ),
        names=("message_id", "sms_id", "id", "uuid", "message_sid"),
    ),
    Column(
        field=Field(
            name="sent_at",
            type=FieldType.INSTANT,
            title="Sent",
            description="When the message was sent or received.",
            role=Role.STARTED_AT,
        ),
        names=(
            "sent_at",
            "sms_date+sms_time",
            "date+time",
            "datetime",
            "date_time",
            "timestamp",
            "created_at",
            "received_at",
            "sent_time",
            "date",
        ),
    ),
    Column(
        field=Field(
            name="direction",
            type=FieldType.TEXT,
            title="Direction",
            description="inbound or outbound.",
            role=Role.DIRECTION,
        ),
        names=("direction", "sms_direction", "type"),
    ),
    Column(
        field=Field(
            name="from", type=FieldType.TEXT, title="From", description="The number that sent it.", role=Role.CALLER
        ),
        names=("from", "sender", "from_number", "sender_number"),
    ),
    Column(
        field=Field(name="to", type=FieldType.TEXT, title="To", description="The number that it was sent to."),
        names=("to", "recipient", "to_number", "recipient_number", "receiver"),
    ),
    Column(
        field=Field(
            name="justcall_number",
            type=FieldType.TEXT,
            title="JustCall number",
            description="The company's number.",
            role=Role.LINE,
        ),
        names=("justcall_number", "phone_number", "line"),
    ),
    Column(
        field=Field(
            name="contact_name",
            type=FieldType.TEXT,
            title="Contact",
            description="The contact's name.",
            can_change=True,
        ),
        names=("contact_name", "contact.name"),
    ),
    Column(
        field=Field(
            name="agent_id",
            type=FieldType.INTEGER,
            title="Agent ID",
            description="The agent's number at JustCall; empty when nobody answers for it.",
            role=Role.AGENT_ID,
            can_change=True,
        ),
        names=("agent_id", "agent.id", "user_id", "user.id"),
    ),
    Column(
        field=Field(
            name="agent_name",
            type=FieldType.TEXT,
            title="Agent",
            description="The agent's name.",
            role=Role.AGENT_NAME,
            can_change=True,
        ),
        names=("agent_name", "agent.name", "agent", "user_name"),
        read=read_any_text,
    ),
    Column(
        field=Field(
            name="status",
            type=FieldType.TEXT,
            title="Status",
            description="How far the message came, such as sent, delivered or failed.",
            role=Role.STATUS,
            can_change=True,
        ),
        names=("status", "delivery_status", "sms_status", "message_status"),
    ),
    Column(
        field=Field(name="body", type=FieldType.TEXT, title="Text", description="What the message says."),
        names=("body", "content", "text", "message", "sms_body", "sms_info.body"),
    ),
    Column(
        field=Field(name="media_urls", type=FieldType.LIST, title="Media", description="Links to pictures sent."),
        names=("media_urls", "media", "mms", "sms_info.mms", "attachments"),
    ),
)
SMS_LAYOUT = Layout(columns=_SMS, needed=("message_id", "sent_at"), containers=None, is_guess=True)

_AGENT = (
    Column(
        field=Field(
            name="agent_id",
            type=FieldType.TEXT,
            title="Agent ID",
            description="The agent's number at JustCall.",
            role=Role.AGENT_ID,
        ),
        names=("agent_id", "agent.id", "id", "user_id", "user.id", "agent_email", "email", "agent_name"),
    ),
    Column(
        field=Field(
            name="agent_name",
            type=FieldType.TEXT,
            title="Agent",
            description="The agent's name.",
            role=Role.AGENT_NAME,
            can_change=True,
        ),
        names=("agent_name", "agent.name", "name", "user_name", "user.name", "agent"),
        read=read_any_text,
    ),
    Column(
        field=Field(
            name="agent_email",
            type=FieldType.TEXT,
            title="E-mail",
            description="The agent's e-mail address.",
            can_change=True,
        ),
        names=("agent_email", "agent.email", "email", "user_email"),
    ),
)
AGENTS_LAYOUT = Layout(
    columns=(*_AGENT, *metric_columns()), needed=("agent_id",), containers=None, is_guess=True, settles_after=3
)

_SERVICE_LEVEL = Column(
    field=Field(
        name="service_level",
        type=FieldType.NUMBER,
        title="Service level",
        description="The share of calls answered in time, as JustCall writes it.",
        can_change=True,
    ),
    names=names_inside("service_level", "sla", "service_level_rate"),
    read=read_number,
)
SUMMARY_LAYOUT = Layout(
    columns=(*metric_columns(of_account=True), _SERVICE_LEVEL),
    needed=(),
    containers=None,
    is_guess=True,
    settles_after=3,
)

_FILTERS = (
    Param(name="agent_id", type=FieldType.INTEGER, description="Only this agent.", field="agent_id"),
    Param(name="phone_number", type=FieldType.TEXT, description="Only this JustCall number, in E.164 form."),
    Param(
        name="direction",
        type=FieldType.TEXT,
        description="Only this direction; left out: both.",
        allowed=("inbound", "outbound"),
    ),
)
_ROW_FILTERS = (*_FILTERS[:2], replace(_FILTERS[2], field="direction"))

ANALYTICS_CALLS = replace(
    CALLS,
    name="analytics_calls",
    endpoint="/v2/analytics/calls",
    description="Every call, from the analytics export; its field names are guesses until your account shows them.",
    params=_ROW_FILTERS,
    page_size=250,
    limits=LIMITS,
)
ANALYTICS_SMS = StreamSpec(
    name="analytics_sms",
    endpoint="/v2/analytics/sms",
    description="Every text message, from the analytics export; its field names are guesses as well.",
    fields=tuple(column.field for column in _SMS),
    key=("message_id",),
    cursor_field="sent_at",
    params=_ROW_FILTERS,
    page_size=250,
    slice_days=30,
    lookback=timedelta(days=3),
    reread=timedelta(days=30),
    retention=timedelta(days=90),
    limits=LIMITS,
)
ANALYTICS_AGENTS = StreamSpec(
    name="analytics_agents",
    endpoint="/v2/analytics/agents",
    description="Sums of each agent for a day, week, month or whole period; field names are guesses.",
    fields=(*PERIOD_FIELDS, *(column.field for column in AGENTS_LAYOUT.columns)),
    key=("period_start", "agent_id"),
    cursor_field="period_began_at",
    params=_FILTERS,
    page_size=250,
    slice_days=LONGEST_DAYS,
    lookback=timedelta(days=3),
    reread=timedelta(days=30),
    retention=timedelta(days=90),
    limits=LIMITS,
    kind=StreamKind.AGGREGATE,
    per=("day", "week", "month", "period"),
)
ANALYTICS_SUMMARY = replace(
    ANALYTICS_AGENTS,
    name="analytics_summary",
    endpoint="/v2/analytics/summary",
    description="Sums of the account, or of what the filters leave, for a day, week, month or period; guessed names.",
    fields=(*PERIOD_FIELDS, *(column.field for column in SUMMARY_LAYOUT.columns)),
    key=("period_start",),
    params=(replace(_FILTERS[0], field=None), *_FILTERS[1:]),
)

LAYOUTS: Mapping[str, Layout] = {
    ANALYTICS_CALLS.name: CALLS_LAYOUT,
    ANALYTICS_SMS.name: SMS_LAYOUT,
    ANALYTICS_AGENTS.name: AGENTS_LAYOUT,
    ANALYTICS_SUMMARY.name: SUMMARY_LAYOUT,
}
ANALYTICS = (ANALYTICS_CALLS, ANALYTICS_SMS, ANALYTICS_AGENTS, ANALYTICS_SUMMARY)
