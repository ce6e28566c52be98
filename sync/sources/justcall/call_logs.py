"""The call logs of dialect v2. Why each choice was made is told in README.md beside."""

from __future__ import annotations

from datetime import timedelta

from sync.records import Field, FieldType, Param, Role, StatusWords, StreamSpec

_CALL_FIELDS = (
    Field(name="call_id", type=FieldType.TEXT, title="Call ID", description="What JustCall calls the call; unique."),
    Field(
        name="started_at",
        type=FieldType.INSTANT,
        title="Started",
        description="When the call began.",
        role=Role.STARTED_AT,
    ),
    Field(
        name="ended_at",
        type=FieldType.INSTANT,
        title="Ended",
        description="When the call ended; empty while it runs.",
        role=Role.ENDED_AT,
        can_change=True,
    ),
    Field(
        name="direction",
        type=FieldType.TEXT,
        title="Direction",
        description="inbound or outbound.",
        role=Role.DIRECTION,
    ),
    Field(
        name="from",
        type=FieldType.TEXT,
        title="From",
        description="The number that called, in E.164 form.",
        role=Role.CALLER,
    ),
    Field(
        name="to",
        type=FieldType.TEXT,
        title="To",
        description="The number that was called, in E.164 form.",
        role=Role.CALLED,
    ),
    Field(
        name="agent_id",
        type=FieldType.INTEGER,
        title="Agent ID",
        description="The agent's number at JustCall; empty when nobody took the call.",
        role=Role.AGENT_ID,
        can_change=True,
    ),
    Field(
        name="agent_name",
        type=FieldType.TEXT,
        title="Agent",
        description="The agent's name as it was when the call was read.",
        role=Role.AGENT_NAME,
        can_change=True,
    ),
    Field(
        name="status",
        type=FieldType.TEXT,
        title="Status",
        description="completed, missed, voicemail or busy.",
        role=Role.STATUS,
        can_change=True,
    ),
    Field(
        name="duration",
        type=FieldType.INTEGER,
        title="Duration (s)",
        description="Length of the call in seconds.",
        role=Role.DURATION,
        can_change=True,
    ),
    Field(
        name="recording_url",
        type=FieldType.TEXT,
        title="Recording",
        description="Link to the recording; empty when not recorded. Not promised to work for ever.",
        can_change=True,
    ),
    Field(
        name="voicemail",
        type=FieldType.BOOLEAN,
        title="Voicemail",
        description="Whether the caller left a voicemail.",
        can_change=True,
    ),
    Field(
        name="notes",
        type=FieldType.TEXT,
        title="Notes",
        description="What agents typed about the call.",
        can_change=True,
    ),
    Field(
        name="disposition",
        type=FieldType.TEXT,
        title="Disposition",
        description="The outcome that the agent chose.",
        role=Role.DISPOSITION,
        can_change=True,
    ),
    Field(
        name="tags",
        type=FieldType.LIST,
        title="Tags",
        description="Tags put on the call.",
        role=Role.TAGS,
        can_change=True,
    ),
)

CALLS = StreamSpec(
    name="calls",
    endpoint="/v2/calls",
    description="Every call of the account, one record each.",
    fields=_CALL_FIELDS,
    key=("call_id",),
    cursor_field="started_at",
    params=(
        Param(
            name="direction",
            type=FieldType.TEXT,
            description="Only calls of this direction; left out, or all: both.",
            allowed=("inbound", "outbound", "all"),
            field="direction",
        ),
        Param(name="agent_id", type=FieldType.INTEGER, description="Only calls of this agent.", field="agent_id"),
        Param(name="number", type=FieldType.TEXT, description="Only calls of this JustCall number, in E.164 form."),
        Param(
            name="status",
            type=FieldType.TEXT,
            description="Only calls of this status.",
            allowed=("completed", "missed", "voicemail", "busy"),
            field="status",
        ),
    ),
    page_size=100,
    slice_days=30,
    lookback=timedelta(days=3),
    reread=timedelta(days=30),
    retention=timedelta(days=90),
    limits="60 requests a minute for each key, more on higher plans",
    status_words=StatusWords(answered=("completed",), missed=("missed",), voicemail=("voicemail",)),
)
