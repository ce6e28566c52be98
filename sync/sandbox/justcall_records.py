"""Records as JustCall's v2.1 writes them, from made-up calls and messages; what these lack is made up here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sync.sandbox.calls import AGENTS, NUMBERS, Call
from sync.sandbox.justcall_sums import hold_time, line_of, queue_time, ring_time, wrap_up_time
from sync.sandbox.texts import Text

_TYPES = {"completed": "Answered", "missed": "Missed", "voicemail": "Voicemail", "busy": "Busy"}
TRAITS = ("QUEUE", "CALLBACK", "FORWARD", "TRANSFER", "MERGE", "IVR", "VOICE_AGENT")


def customer_of(call: Call) -> str:
    """Return the number of the other side."""
    return str(call["from"] if call["direction"] == "inbound" else call["to"])


def email_of(agent_id: int) -> str:
    """Make up an address."""
    return f"agent{agent_id}@example.com"


def traits_of(call: Call) -> list[str]:
    """Make up what a call went through."""
    return [trait for n, trait in enumerate(TRAITS[:5]) if int(call["call_id"][-1], 16) >> n & 1 and n in (0, 3)]


def live_type(call: Call) -> str:
    """Return what became of a call in the words of v2.1."""
    kind = str(_TYPES.get(call["status"], call["status"]))
    return "Unanswered" if kind == "Missed" and call["direction"] == "outbound" else kind


def live_id(call: Call) -> int:
    """Return the number of a call in v2.1."""
    return int(call["call_id"][5:], 16) >> 11


def _days_and_times(instant: str, zone: ZoneInfo, prefix: str) -> dict[str, str]:
    at = datetime.fromisoformat(instant).astimezone(UTC)
    local = at.astimezone(zone)
    return {
        f"{prefix}_date": f"{at:%Y-%m-%d}",
        f"{prefix}_time": f"{at.hour}:{at:%M:%S}",  # hours are not padded
        f"{prefix}_user_date": f"{local:%Y-%m-%d}",
        f"{prefix}_user_time": f"{local.hour}:{local:%M:%S}",
    }


def live_call(call: Call, zone: ZoneInfo) -> dict[str, Any]:
    """Write a call as v2.1 does."""
    seconds = call["duration"] if isinstance(call["duration"], int) else 0
    sane = {**call, "duration": seconds}
    missed = call["status"] == "missed"
    return {
        "id": live_id(call),
        "call_sid": f"CA{call['call_id'][5:]}",
        "contact_number": customer_of(call).lstrip("+"),
        "contact_name": "",
        "contact_email": "",
        "justcall_number": line_of(call).lstrip("+"),
        "justcall_line_name": "",
        "agent_id": call["agent_id"],
        "agent_name": call["agent_name"],
        "agent_email": email_of(call["agent_id"]) if isinstance(call["agent_id"], int) else "",
        "agent_active": "Yes",
        **_days_and_times(call["started_at"], zone, "call"),
        "cost_incurred": round(seconds / 60 * 0.02, 4),
        "call_info": {
            "direction": "Incoming" if call["direction"] == "inbound" else "Outgoing",
            "type": live_type(call),
            "missed_call_reason": "No agent answered" if missed and call["direction"] == "inbound" else "",
            "status": "Unarchived",
            "disposition": call["disposition"],
            "notes": call["notes"],
            "rating": "",
            "recording": call["recording_url"] or "",
            "recording_child": "",
            "voicemail_transcription": "",
            "call_traits": traits_of(call),
        },
        "call_duration": {
            "ring_time": ring_time(call),
            "friendly_duration": str(timedelta(seconds=seconds)).zfill(8),
            "total_duration": call["duration"],
            "queue_wait_time": queue_time(call),
            "hold_time": hold_time(sane),
            "conversation_time": seconds - hold_time(sane),
            "wrap_up_time": wrap_up_time(call),
            "handle_time": seconds + wrap_up_time(call),
        },
        "ivr_info": {"digit_pressed": "", "content": ""},
    }


def live_ai(call: Call) -> dict[str, Any]:
    """Make up what the AI says of a call."""
    score = int(call["call_id"][-3:-1], 16) % 100
    return {
        "call_moments": [{"name": "Pricing"}] if score > 70 else [],
        "customer_sentiment": ("Negative", "Neutral", "Positive")[score % 3],
        "call_score": score,
        "call_score_parameters": {"greeting": score % 10},
        "tags": call["tags"],
        "manual_call_score": None,
        "call_summary": "",
    }


def live_text(text: Text, zone: ZoneInfo) -> dict[str, Any]:
    """Write a message as v2.1 does."""
    return {
        "id": int(text["message_id"][4:], 16),
        "contact_number": text["customer"].lstrip("+"),
        "contact_name": text["contact_name"] or "",
        "contact_email": "",
        "justcall_number": text["line"].lstrip("+"),
        "justcall_line_name": "",
        "agent_id": text["agent_id"],
        "agent_name": text["agent_name"] or "",
        "agent_email": email_of(text["agent_id"]) if text["agent_id"] else "",
        **_days_and_times(text["sent_at"], zone, "sms"),
        "direction": "Incoming" if text["direction"] == "inbound" else "Outgoing",
        "cost_incurred": 0.0075,
        "sms_info": {
            "body": text["body"],
            "is_mms": "1" if text["media_urls"] else "0",
            "mms": [{"media_url": url, "content_type": "image/jpeg"} for url in text["media_urls"]],
        },
        "delivery_status": text["status"],
        "is_deleted": text["is_deleted"],
        "medium": "sms",
    }


def live_user(agent: tuple[int, str]) -> dict[str, Any]:
    """Write a user as v2.1 does."""
    number, name = agent
    return {
        "id": number,
        "name": name,
        "email": email_of(number),
        "role": "Admin" if number == AGENTS[0][0] else "Member",
        "extension": number - 900,
        "groups": [{"id": 1, "name": "Support"}],
        "owned_numbers": [],
        "shared_numbers": [n.lstrip("+") for n in NUMBERS[:2]],
        "created_at": "2024-02-01 09:00:00",
        "last_login_timestamp": "2026-03-30 08:12:44",
        "timezone": "America/New_York",
        "working_hours_type": "custom",
        "available": True,
        "unavailability_reason": "",
        "on_call": False,
    }


def live_number(number: str) -> dict[str, Any]:
    """Write a phone number as v2.1 does."""
    place = NUMBERS.index(number)
    return {
        "id": 7001 + place,
        "justcall_number": number.lstrip("+"),
        "friendly_number": number,
        "justcall_line_name": f"Line {place + 1}",
        "number_type": "local",
        "number_owner": {"id": AGENTS[0][0], "name": AGENTS[0][1]},
        "shared_with": [{"id": agent, "name": name} for agent, name in AGENTS[:3]],
        "availability_setting": "always open",
        "current_status": "open",
        "capabilities": {"voice": True, "sms": True},
        "sms_compliance": "registered",
        "business_registration": None,
    }
