"""The fields of dialect v2.1 and their places in the vendor's nested records. One table; sends nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sync.records import Field, FieldType, Role
from sync.sources.justcall.forms import Column
from sync.sources.justcall.readers import Read, read_any_text, read_seconds, read_whole_seconds

TEXT, INTEGER, NUMBER = FieldType.TEXT, FieldType.INTEGER, FieldType.NUMBER


@dataclass(frozen=True, slots=True)
class _Part:
    """A field in short: name, path in the vendor's record, type, title, description."""

    name: str
    path: str
    type: FieldType
    title: str
    about: str
    role: Role | None = None
    can_change: bool = True
    shown: bool = True
    read: Read | None = None


def _columns(parts: tuple[_Part, ...]) -> tuple[Column, ...]:
    return tuple(
        Column(
            field=Field(
                name=p.name,
                type=p.type,
                title=p.title,
                description=p.about,
                role=p.role,
                can_change=p.can_change,
                shown=p.shown,
            ),
            names=(p.path,),
            read=p.read,
        )
        for p in parts
    )


_WHO = (
    _Part("contact_number", "contact_number", TEXT, "Contact", "The customer's number.", Role.CALLER, can_change=False),
    _Part("contact_name", "contact_name", TEXT, "Contact name", "The customer's name."),
    _Part("contact_email", "contact_email", TEXT, "Contact e-mail", "The customer's e-mail address."),
    _Part("justcall_number", "justcall_number", TEXT, "Line", "The company's number.", Role.LINE, can_change=False),
    _Part("justcall_line_name", "justcall_line_name", TEXT, "Line name", "What the company calls the number."),
    _Part("agent_id", "agent_id", INTEGER, "Agent ID", "The agent's number at JustCall.", Role.AGENT_ID),
    _Part("agent_name", "agent_name", TEXT, "Agent", "The agent's name.", Role.AGENT_NAME),
    _Part("agent_email", "agent_email", TEXT, "Agent e-mail", "The agent's e-mail address."),
)
CALL = _columns(
    (
        _Part("id", "id", INTEGER, "ID", "The call's number at JustCall; unique.", can_change=False),
        _Part("call_sid", "call_sid", TEXT, "Call SID", "The carrier's name of the call.", can_change=False),
        _Part(
            "started_at",
            "call_date+call_time",
            FieldType.INSTANT,
            "Started",
            "When the call began, from its UTC date and time.",
            Role.STARTED_AT,
            can_change=False,
        ),
        *_WHO,
        _Part("agent_active", "agent_active", TEXT, "Agent active", "Whether the agent is active.", shown=False),
        _Part(
            "direction",
            "call_info.direction",
            TEXT,
            "Direction",
            "Incoming or Outgoing.",
            Role.DIRECTION,
            can_change=False,
        ),
        _Part("type", "call_info.type", TEXT, "Outcome", "What became of the call, such as Answered.", Role.STATUS),
        _Part("missed_call_reason", "call_info.missed_call_reason", TEXT, "Missed because", "Why nobody answered."),
        _Part("status", "call_info.status", TEXT, "Archived", "Archived or Unarchived; not the outcome.", shown=False),
        _Part("disposition", "call_info.disposition", TEXT, "Disposition", "The outcome chosen.", Role.DISPOSITION),
        _Part("notes", "call_info.notes", TEXT, "Notes", "What agents typed about the call."),
        _Part("rating", "call_info.rating", TEXT, "Rating", "The rating given, as text."),
        _Part("recording", "call_info.recording", TEXT, "Recording", "Link to the recording; may stop to work."),
        _Part(
            "recording_child",
            "call_info.recording_child",
            TEXT,
            "Second recording",
            "Link to another part.",
            shown=False,
        ),
        _Part(
            "voicemail_transcription",
            "call_info.voicemail_transcription",
            TEXT,
            "Voicemail text",
            "What the caller left, as text.",
        ),
        _Part("call_traits", "call_info.call_traits", FieldType.LIST, "Traits", "Such as QUEUE, TRANSFER or IVR."),
        _Part("cost_incurred", "cost_incurred", NUMBER, "Cost", "What the call cost.", Role.COST),
        _Part(
            "total_duration",
            "call_duration.total_duration",
            INTEGER,
            "Duration (s)",
            "Talk and hold time in seconds.",
            Role.DURATION,
            read=read_whole_seconds,
        ),
        _Part(
            "friendly_duration",
            "call_duration.friendly_duration",
            TEXT,
            "Duration",
            "The duration as hh:mm:ss.",
            shown=False,
        ),
        _Part(
            "ring_time",
            "call_duration.ring_time",
            NUMBER,
            "Ring (s)",
            "How long it rang, in seconds.",
            read=read_seconds,
        ),
        _Part(
            "queue_wait_time",
            "call_duration.queue_wait_time",
            NUMBER,
            "Wait (s)",
            "How long the caller waited in a queue, in seconds.",
            Role.WAIT,
            read=read_seconds,
        ),
        _Part(
            "hold_time", "call_duration.hold_time", NUMBER, "Hold (s)", "Time on hold in seconds.", read=read_seconds
        ),
        _Part(
            "conversation_time",
            "call_duration.conversation_time",
            NUMBER,
            "Talk (s)",
            "Talk time alone in seconds.",
            read=read_seconds,
        ),
        _Part(
            "wrap_up_time",
            "call_duration.wrap_up_time",
            NUMBER,
            "Wrap-up (s)",
            "Work after the call in seconds.",
            read=read_seconds,
        ),
        _Part(
            "handle_time",
            "call_duration.handle_time",
            NUMBER,
            "Handle (s)",
            "Duration and wrap-up together, in seconds.",
            read=read_seconds,
        ),
        _Part(
            "ivr_digit_pressed", "ivr_info.digit_pressed", TEXT, "IVR digit", "What the caller pressed.", shown=False
        ),
        _Part(
            "ivr_content", "ivr_info.content", TEXT, "IVR", "What the caller chose.", shown=False, read=read_any_text
        ),
        _Part(
            "queue_entered_at_position",
            "queue.entered_at_position",
            INTEGER,
            "Queue position",
            "At which place the caller entered the queue; needs fetch_queue_data.",
            shown=False,
        ),
        _Part(
            "queue_exit_reason",
            "queue.exit_reason",
            TEXT,
            "Queue exit",
            "Why the caller left the queue; needs fetch_queue_data.",
            shown=False,
        ),
        _Part(
            "queue_callback",
            "queue_callback",
            FieldType.OBJECT,
            "Queue callback",
            "The callback that was asked for; needs fetch_queue_data.",
            shown=False,
        ),
        _Part(
            "call_moments",
            "justcall_ai.call_moments",
            FieldType.LIST,
            "Moments",
            "What the AI marked in the call; needs fetch_ai_data.",
            shown=False,
        ),
        _Part(
            "customer_sentiment",
            "justcall_ai.customer_sentiment",
            TEXT,
            "Sentiment",
            "The customer's mood, told by the AI; needs fetch_ai_data.",
            shown=False,
        ),
        _Part(
            "call_score",
            "justcall_ai.call_score",
            NUMBER,
            "Score",
            "The AI's score; needs fetch_ai_data.",
            Role.VALUE,
            shown=False,
        ),
        _Part(
            "call_score_parameters",
            "justcall_ai.call_score_parameters",
            FieldType.OBJECT,
            "Score parts",
            "What the score is made of; needs fetch_ai_data.",
            shown=False,
        ),
        _Part(
            "ai_tags",
            "justcall_ai.tags",
            FieldType.LIST,
            "AI tags",
            "Tags that the AI put on; needs fetch_ai_data.",
            Role.TAGS,
            shown=False,
        ),
        _Part(
            "manual_call_score",
            "justcall_ai.manual_call_score",
            NUMBER,
            "Manual score",
            "A person's score; needs fetch_ai_data.",
            shown=False,
        ),
        _Part(
            "call_summary",
            "justcall_ai.call_summary",
            TEXT,
            "Summary",
            "The AI's summary; needs fetch_ai_data.",
            shown=False,
            read=read_any_text,
        ),
        _Part(
            "call_user_date",
            "call_user_date",
            FieldType.DATE,
            "Local date",
            "The day in the user's zone; not used to choose calls.",
            can_change=False,
            shown=False,
        ),
        _Part(
            "call_user_time",
            "call_user_time",
            TEXT,
            "Local time",
            "The time in the user's zone.",
            can_change=False,
            shown=False,
        ),
    )
)
MESSAGE = _columns(
    (
        _Part("id", "id", INTEGER, "ID", "The message's number at JustCall; unique.", can_change=False),
        _Part(
            "sent_at",
            "sms_date+sms_time",
            FieldType.INSTANT,
            "Sent",
            "When it was sent or received, from its UTC date and time.",
            Role.STARTED_AT,
            can_change=False,
        ),
        *_WHO,
        _Part("direction", "direction", TEXT, "Direction", "Incoming or Outgoing.", Role.DIRECTION, can_change=False),
        _Part("body", "sms_info.body", TEXT, "Text", "What the message says."),
        _Part("delivery_status", "delivery_status", TEXT, "Status", "How far the message came.", Role.STATUS),
        _Part(
            "is_mms", "sms_info.is_mms", TEXT, "MMS", "Whether it carries pictures.", shown=False, read=read_any_text
        ),
        _Part("mms", "sms_info.mms", FieldType.LIST, "Media", "Links to pictures."),
        _Part("cost_incurred", "cost_incurred", NUMBER, "Cost", "What the message cost.", Role.COST),
        _Part(
            "is_deleted", "is_deleted", TEXT, "Deleted", "Whether people deleted it.", shown=False, read=read_any_text
        ),
        _Part("medium", "medium", TEXT, "Medium", "How it was sent.", shown=False),
        _Part(
            "sms_user_date",
            "sms_user_date",
            FieldType.DATE,
            "Local date",
            "The day in the user's zone.",
            can_change=False,
            shown=False,
        ),
        _Part(
            "sms_user_time",
            "sms_user_time",
            TEXT,
            "Local time",
            "The time in the user's zone.",
            can_change=False,
            shown=False,
        ),
    )
)
USER = _columns(
    (
        _Part("id", "id", INTEGER, "ID", "The user's number; agent_id of calls.", Role.AGENT_ID, can_change=False),
        _Part("name", "name", TEXT, "Name", "The user's name.", Role.AGENT_NAME),
        _Part("email", "email", TEXT, "E-mail", "The user's e-mail address."),
        _Part("role", "role", TEXT, "Role", "What the user may do."),
        _Part("extension", "extension", TEXT, "Extension", "The user's extension.", read=read_any_text),
        _Part("groups", "groups", FieldType.LIST, "Groups", "The groups of the user."),
        _Part("owned_numbers", "owned_numbers", FieldType.LIST, "Own numbers", "Numbers of the user alone."),
        _Part("shared_numbers", "shared_numbers", FieldType.LIST, "Shared numbers", "Numbers shared with others."),
        _Part("created_at", "created_at", TEXT, "Created", "When the user was made, as the vendor writes it."),
        _Part("last_login_timestamp", "last_login_timestamp", TEXT, "Last login", "As the vendor writes it."),
        _Part("timezone", "timezone", TEXT, "Zone", "The zone that the dates of a filter mean for this user."),
        _Part(
            "working_hours_type", "working_hours_type", TEXT, "Hours", "The kind of working hours.", read=read_any_text
        ),
        _Part("available", "available", TEXT, "Available", "Whether the user takes calls.", read=read_any_text),
        _Part("unavailability_reason", "unavailability_reason", TEXT, "Away because", "Why the user takes none."),
        _Part("on_call", "on_call", TEXT, "On a call", "Whether the user is in a call now.", read=read_any_text),
    )
)
PHONE_NUMBER = _columns(
    (
        _Part("id", "id", INTEGER, "ID", "The number's own number; unique.", can_change=False),
        _Part("justcall_number", "justcall_number", TEXT, "Number", "The phone number.", Role.LINE),
        _Part("friendly_number", "friendly_number", TEXT, "Written", "The number as people write it."),
        _Part("justcall_line_name", "justcall_line_name", TEXT, "Line name", "What the company calls it."),
        _Part("number_type", "number_type", TEXT, "Type", "The type of the number.", read=read_any_text),
        _Part("number_owner", "number_owner", TEXT, "Owner", "Whose number it is.", read=read_any_text),
        _Part("shared_with", "shared_with", FieldType.LIST, "Shared with", "Who uses it too."),
        _Part("availability_setting", "availability_setting", TEXT, "Hours", "When it is open.", read=read_any_text),
        _Part("current_status", "current_status", TEXT, "Status", "Whether it is open now.", read=read_any_text),
        _Part("capabilities", "capabilities", TEXT, "Can", "Calls, texts, pictures.", read=read_any_text),
        _Part("sms_compliance", "sms_compliance", TEXT, "SMS rules", "Registered for texts.", read=read_any_text),
        _Part(
            "business_registration", "business_registration", TEXT, "Registered", "As a business.", read=read_any_text
        ),
    )
)
AGENT = _columns(
    (
        _Part("agent_id", "agent_id", INTEGER, "Agent ID", "The agent's number.", Role.AGENT_ID, can_change=False),
        _Part("agent_name", "agent_name", TEXT, "Agent", "The agent's name.", Role.AGENT_NAME),
        _Part("agent_email", "agent_email", TEXT, "Agent e-mail", "The agent's e-mail address."),
    )
)
LINE = _columns((_Part("justcall_number", "justcall_number", TEXT, "Line", "The company's number.", Role.LINE),))
