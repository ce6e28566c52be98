"""The streams of dialect v2.1, as the developer site documents them: nested records, flattened to named columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sync.records import Field, FieldType, Param, StatusWords, StreamKind, StreamSpec
from sync.sources.base import LISTED_FIELD, PERIOD_FIELDS
from sync.sources.justcall.forms import Layout
from sync.sources.justcall.live_fields import AGENT, CALL, INTEGER, LINE, MESSAGE, PHONE_NUMBER, TEXT, USER
from sync.sources.justcall.metrics import metric_columns

LIMITS = "by plan: 30, 60 or 90 requests a minute and 1,800, 3,600 or 5,400 an hour (Team, Pro, Business)"
LONGEST_AGGREGATE_DAYS = 366

_IN_CALL = frozenset(("callinfo", "callduration", "ivrinfo", "queue", "justcallai"))
_SUMS = frozenset(("summary",))
LAYOUTS: Mapping[str, Layout] = {
    "calls": Layout(columns=CALL, needed=("id", "started_at"), containers=_IN_CALL),
    "texts": Layout(columns=MESSAGE, needed=("id", "sent_at"), containers=frozenset(("smsinfo",))),
    "users": Layout(columns=USER, needed=("id",)),
    "phone_numbers": Layout(columns=PHONE_NUMBER, needed=("id",)),
    "analytics_account": Layout(columns=metric_columns(of_account=True), needed=(), containers=_SUMS, settles_after=3),
    "analytics_agent": Layout(
        columns=(*AGENT, *metric_columns()), needed=("agent_id",), containers=_SUMS, settles_after=3
    ),
    "analytics_number": Layout(
        columns=(*LINE, *metric_columns()), needed=("justcall_number",), containers=_SUMS, settles_after=3
    ),
}


def _fields(name: str) -> tuple[Field, ...]:
    return tuple(column.field for column in LAYOUTS[name].columns)


_DIRECTION = Param(
    name="call_direction",
    type=TEXT,
    description="Only calls of this direction; left out: both.",
    allowed=("Incoming", "Outgoing"),
    field="direction",
)
_OUTGOING = ("ANSWERED", "UNANSWERED", "BUSY", "FAILED", "RESTRICTED", "BLOCKED", "CANCELLED")
_INCOMING = ("ANSWERED", "BUSY", "FAILED", "MISSED", "ABANDONED", "VOICEMAIL")
_OF_CALLS = (
    _DIRECTION,
    Param(name="agent_id", type=INTEGER, description="Only calls of this agent.", field="agent_id"),
    Param(name="justcall_number", type=TEXT, description="Only calls of this line: digits, no plus."),
    Param(name="contact_number", type=TEXT, description="Only calls with this customer: digits, no plus."),
    Param(
        name="call_type",
        type=TEXT,
        description="Only calls of this outcome.",
        field="type",
        allowed=(
            *(f"OUTGOING_{word}" for word in _OUTGOING),
            *(f"INCOMING_{word}" for word in _INCOMING),
        ),
    ),
    Param(
        name="call_traits",
        type=FieldType.LIST,
        description="Only calls with one of these; makes JustCall ignore call_direction and call_type.",
        allowed=("QUEUE", "CALLBACK", "FORWARD", "TRANSFER", "MERGE", "IVR", "VOICE_AGENT"),
    ),
    Param(
        name="ivr_digit",
        type=INTEGER,
        description="Only calls where this was pressed; makes JustCall ignore call_direction and call_type.",
    ),
    Param(name="ai_agent_ids", type=FieldType.LIST, description="Only calls of these AI agents."),
    Param(
        name="disposition_codes",
        type=FieldType.LIST,
        description='Only these outcomes, each as "List: Code".',
        field="disposition",
    ),
    Param(name="fetch_queue_data", type=FieldType.BOOLEAN, description="Also brings the queue fields."),
    Param(name="fetch_ai_data", type=FieldType.BOOLEAN, description="Also brings the AI fields."),
)

CALLS = StreamSpec(
    name="calls",
    endpoint="/v2.1/calls",
    description="Every call of the account, one record each.",
    fields=_fields("calls"),
    key=("id",),
    cursor_field="started_at",
    params=_OF_CALLS,
    page_size=100,
    slice_days=30,
    lookback=timedelta(days=3),
    reread=timedelta(days=30),
    retention=timedelta(days=90),
    limits=LIMITS,
    variant="v2.1",
    status_words=StatusWords(
        answered=("Answered",),
        missed=("Missed", "Abandoned", "Abandoned before ringing"),
        voicemail=("Voicemail",),
    ),
)
TEXTS = replace(
    CALLS,
    name="texts",
    endpoint="/v2.1/texts",
    description="Every text message of the account.",
    fields=_fields("texts"),
    cursor_field="sent_at",
    params=(
        Param(
            name="sms_direction",
            type=TEXT,
            description="Only messages of this direction; left out: both.",
            allowed=("incoming", "outgoing"),
        ),
        Param(name="justcall_number", type=TEXT, description="Only messages of this line: digits, no plus."),
        Param(name="contact_number", type=TEXT, description="Only messages with this customer: digits, no plus."),
        Param(name="sms_content", type=TEXT, description="Only messages that hold this text."),
    ),
    status_words=None,
)
USERS = replace(
    TEXTS,
    name="users",
    endpoint="/v2.1/users",
    description="The people of the account, as they are now.",
    fields=(LISTED_FIELD, *_fields("users")),
    cursor_field=LISTED_FIELD.name,
    params=(),
    retention=None,
    kind=StreamKind.LIST,
)
PHONE_NUMBERS = replace(
    USERS,
    name="phone_numbers",
    endpoint="/v2.1/phone-numbers",
    description="The company's phone numbers, as they are now.",
    fields=(LISTED_FIELD, *_fields("phone_numbers")),
)
ANALYTICS_ACCOUNT = StreamSpec(
    name="analytics_account",
    endpoint="/v2.1/calls/analytics/account",
    description="Sums of the whole account for a day, week, month or period.",
    fields=(*PERIOD_FIELDS, *_fields("analytics_account")),
    key=("period_start",),
    cursor_field="period_began_at",
    params=(),
    page_size=100,
    slice_days=LONGEST_AGGREGATE_DAYS,
    lookback=timedelta(days=3),
    reread=timedelta(days=30),
    retention=timedelta(days=90),
    limits=LIMITS,
    kind=StreamKind.AGGREGATE,
    per=("day", "week", "month", "period"),
    variant="v2.1",
)
ANALYTICS_AGENT = replace(
    ANALYTICS_ACCOUNT,
    name="analytics_agent",
    endpoint="/v2.1/calls/analytics/agent",
    description="Sums of each agent for a day, week, month or period.",
    fields=(*PERIOD_FIELDS, *_fields("analytics_agent")),
    key=("period_start", "agent_id"),
    params=(Param(name="agent_id", type=INTEGER, description="Only this agent.", field="agent_id"),),
)
ANALYTICS_NUMBER = replace(
    ANALYTICS_ACCOUNT,
    name="analytics_number",
    endpoint="/v2.1/calls/analytics/number",
    description="Sums of each phone number for a day, week, month or period.",
    fields=(*PERIOD_FIELDS, *_fields("analytics_number")),
    key=("period_start", "justcall_number"),
    params=(
        Param(
            name="justcall_number", type=TEXT, description="Only this line: digits, no plus.", field="justcall_number"
        ),
    ),
)

SPECS: Mapping[str, StreamSpec] = {
    spec.name: spec
    for spec in (CALLS, TEXTS, USERS, PHONE_NUMBERS, ANALYTICS_ACCOUNT, ANALYTICS_AGENT, ANALYTICS_NUMBER)
}
