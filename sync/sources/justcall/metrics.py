"""The sums of a report that both dialects have, as the developer site names them."""

from __future__ import annotations

from sync.records import Field, FieldType
from sync.sources.justcall.forms import Column
from sync.sources.justcall.readers import read_integer, read_number, read_seconds

_COUNTS = (
    ("total_calls", "Calls", "All calls.", ("calls", "call_count", "calls_count", "count", "total")),
    ("outgoing_calls", "Outgoing", "Outgoing calls.", ("outbound_calls", "outgoing", "outbound")),
    ("outgoing_connected_calls", "Outgoing connected", "Outgoing calls that were answered.", ("outbound_connected",)),
    (
        "outgoing_not_connected_calls",
        "Outgoing not connected",
        "Outgoing calls that were not answered.",
        ("outbound_not_connected",),
    ),
    ("incoming_calls", "Incoming", "Incoming calls.", ("inbound_calls", "incoming", "inbound")),
    (
        "incoming_answered_calls",
        "Incoming answered",
        "Incoming calls that were answered.",
        ("inbound_answered", "answered_calls", "answered"),
    ),
    (
        "incoming_missed_calls",
        "Incoming missed",
        "Incoming calls that were missed.",
        ("inbound_missed", "missed_calls", "missed"),
    ),
    ("missed_during_agent_hours", "Missed in agent hours", "Calls missed while agents were at work.", ()),
    ("unique_outgoing_calls", "Unique outgoing", "Numbers that were called.", ("unique_outbound_calls",)),
    ("unique_incoming_calls", "Unique incoming", "Numbers that called.", ("unique_inbound_calls",)),
)
_RATES = (
    ("outgoing_connect_rate", "Outgoing connect rate (%)", "Share of outgoing calls answered, 0 to 100."),
    ("incoming_answer_rate", "Incoming answer rate (%)", "Share of incoming calls answered, 0 to 100."),
    ("sla_rate_30sec", "SLA rate 30 s (%)", "Share of calls answered within 30 seconds, 0 to 100."),
    ("avg_post_call_survey_rating", "Survey rating", "Average rating of surveys after calls."),
)
_TIMES = (
    ("avg_ring_time", "Avg ring time (s)", "Average time that a call rang, in seconds.", ()),
    ("avg_talk_time", "Avg talk time (s)", "Average talk time in seconds.", ("average_talk_time",)),
    ("avg_hold_time", "Avg hold time (s)", "Average hold time in seconds.", ()),
    ("avg_wrap_up_time", "Avg wrap-up time (s)", "Average time of work after a call, in seconds.", ()),
    ("avg_handle_time", "Avg handle time (s)", "Average time of call and work after it, in seconds.", ()),
    ("avg_queue_time", "Avg queue time (s)", "Average time in a queue, in seconds.", ()),
    (
        "avg_call_duration",
        "Avg duration (s)",
        "Average length of a call in seconds.",
        ("average_duration", "avg_duration", "average_call_duration"),
    ),
)
_OF_ACCOUNT = (
    ("missed_after_office_hours", "Missed after hours", "Calls missed outside office hours.", ()),
    ("missed_abandoned_before_ringing", "Abandoned before ringing", "Callers who left before anything rang.", ()),
    ("voicemails_received", "Voicemails", "Voicemails received.", ("voicemails",)),
)
_INSIDE = ("", "summary.", "metrics.", "stats.")  # where a row may hold its sums


def metric_columns(*, of_account: bool = False) -> tuple[Column, ...]:
    """Return the columns of sums; those of the whole account have some more."""
    counts = (*_COUNTS, *(_OF_ACCOUNT if of_account else ()))
    return (
        *(_column(name, FieldType.INTEGER, title, about, others=others) for name, title, about, others in counts),
        *(_column(name, FieldType.NUMBER, title, about, others=()) for name, title, about in _RATES),
        *(_column(name, FieldType.NUMBER, title, about, others=others) for name, title, about, others in _TIMES),
    )


def names_inside(*names: str) -> tuple[str, ...]:
    """Return names as they stand, and as parts of the objects that may hold the sums of a row."""
    return tuple(inside + name for name in names for inside in _INSIDE)


def _column(name: str, kind: FieldType, title: str, about: str, *, others: tuple[str, ...]) -> Column:
    read = read_integer if kind is FieldType.INTEGER else read_seconds if title.endswith("(s)") else read_number
    declared = Field(name=name, type=kind, title=title, description=about, can_change=True)
    return Column(field=declared, names=names_inside(name, *others), read=read)
