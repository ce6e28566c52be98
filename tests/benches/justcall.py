"""JustCall's streams on the bench, both dialects. What they must bring is worked out here from the raw calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sync import clock
from sync.errors import ContractBroken
from sync.records import LISTED_AT, Buckets, Slice
from tests.benches.bench import SECRET, Bench, Choice, Values
from tests.sandbox_admin import Admin

SECRETS = {"api_key": "key-for-tests", "api_secret": SECRET}
HELP, LIVE = {"dialect": "v2"}, {"dialect": "v2.1"}
GENEROUS = {"requests_per_minute": 100_000, "requests_per_hour": 1_000_000}
USER_ZONE = ZoneInfo("America/New_York")  # the sandbox's usual one, in which v2.1 adds up days
Row = dict[str, Any]


def _within(found: Iterable[Values], within: Slice, cursor: str) -> list[Values]:
    return [values for values in found if within.start <= values[cursor] < within.end]


def _call_of(call: Row) -> Values:
    instants = {name: call[name] and datetime.fromisoformat(call[name]) for name in ("started_at", "ended_at")}
    return {**call, **instants}


def _calls(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    return _within(map(_call_of, admin.calls()), within, "started_at")


def _edit_call(admin: Admin, key: Sequence[Any], field: str, value: Any) -> None:
    admin.edit_calls(call_ids=[key[0]], fields={field: value})


# The analytics of v2: the sandbox's rows, their names put right by hand


def _texts(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    found = []
    for text in admin.truth("justcall", "texts"):
        sent = (text["line"], text["customer"])
        sender, recipient = sent if text["direction"] == "outbound" else sent[::-1]
        same = ("message_id", "direction", "contact_name", "agent_id", "agent_name", "status", "body", "media_urls")
        found.append(
            {
                **{name: text[name] for name in same},
                "sent_at": datetime.fromisoformat(text["sent_at"]),
                "from": sender,
                "to": recipient,
                "justcall_number": text["line"],
            }
        )
    return _within(found, within, "sent_at")


def _edit_text(admin: Admin, key: Sequence[Any], field: str, value: Any) -> None:
    admin.edit_at("justcall", kind="texts", ids=[key[0]], fields={field: value})


# Sums, added up once more


def _mean(numbers: list[float]) -> float:
    return round(sum(numbers) / len(numbers), 2) if numbers else 0.0


def _percent(part: int, whole: int) -> float:
    return round(part * 100 / whole, 2) if whole else 0.0


def _hexa(call: Row, start: int, end: int | None) -> int:
    return int(call["call_id"][start:end], 16)


def _sums(calls: list[Row], *, of_account: bool) -> Values:
    by = defaultdict(list)
    for call in calls:
        by[call["direction"]].append(call)
        by[call["direction"], call["status"]].append(call)
    inbound, outbound = by["inbound"], by["outbound"]
    good_in, good_out, missed = by["inbound", "completed"], by["outbound", "completed"], by["inbound", "missed"]
    good = [*good_in, *good_out]
    in_hours = [call for call in missed if "09" <= call["started_at"][11:13] <= "17"]
    quick = [call for call in good_in if _hexa(call, -6, -4) % 90 + 3 + _hexa(call, -2, None) % 25 <= 30]
    sums: Values = {
        "total_calls": len(calls),
        "outgoing_calls": len(outbound),
        "outgoing_connected_calls": len(good_out),
        "outgoing_not_connected_calls": len(outbound) - len(good_out),
        "outgoing_connect_rate": _percent(len(good_out), len(outbound)),
        "incoming_calls": len(inbound),
        "incoming_answered_calls": len(good_in),
        "incoming_answer_rate": _percent(len(good_in), len(inbound)),
        "incoming_missed_calls": len(missed),
        "missed_during_agent_hours": len(in_hours),
        "unique_outgoing_calls": len({call["to"] for call in outbound}),
        "unique_incoming_calls": len({call["from"] for call in inbound}),
        "avg_ring_time": _mean([3 + _hexa(call, -2, None) % 25 for call in calls]),
        "avg_talk_time": _mean([call["duration"] - call["duration"] // 10 for call in good]),
        "avg_hold_time": _mean([call["duration"] // 10 for call in good]),
        "avg_wrap_up_time": _mean([_hexa(call, -4, -2) % 60 for call in good]),
        "avg_handle_time": _mean([call["duration"] + _hexa(call, -4, -2) % 60 for call in good]),
        "avg_queue_time": _mean([_hexa(call, -6, -4) % 90 for call in inbound]),
        "avg_call_duration": _mean([call["duration"] for call in calls]),
        "sla_rate_30sec": _percent(len(quick), len(inbound)),
        "avg_post_call_survey_rating": None,
    }
    if of_account:
        sums |= {
            "missed_after_office_hours": len(missed) - len(in_hours),
            "missed_abandoned_before_ringing": 0,
            "voicemails_received": len(by["inbound", "voicemail"]),
        }
    return sums


def _by_period(admin: Admin, within: Slice, buckets: Buckets, zone: ZoneInfo) -> list[tuple[Values, list[Row]]]:
    """Return the period fields and the calls of each bucket: days of the sheet, read by the vendor as its own."""
    days: dict[date, list[Row]] = defaultdict(list)
    for call in admin.calls():
        days[datetime.fromisoformat(call["started_at"]).astimezone(zone).date()].append(call)
    found = []
    for first, last in clock.cut_into_buckets(within, buckets):
        period = {
            "period_start": first,
            "period_end": last,
            "period_began_at": clock.day_start(first, buckets.zone),
        }
        found.append((period, [call for day, calls in sorted(days.items()) if first <= day <= last for call in calls]))
    return found


def _newest(calls: list[Row]) -> Row:
    return max(calls, key=lambda call: (call["started_at"], call["call_id"]))


def _line(call: Row) -> str:
    return str(call["to"] if call["direction"] == "inbound" else call["from"])


def _grouped(calls: list[Row], by: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for call in calls:
        groups[by(call)].append(call)
    return groups


def _agents(admin: Admin, within: Slice, buckets: Buckets | None) -> list[Values]:
    assert buckets is not None
    return [
        {
            **period,
            "agent_id": str(agent),
            "agent_name": _newest(calls)["agent_name"],
            "agent_email": None,
            **_sums(calls, of_account=False),
        }
        for period, every in _by_period(admin, within, buckets, ZoneInfo("UTC"))
        for agent, calls in _grouped(every, lambda call: call["agent_id"]).items()
    ]


def _summary(admin: Admin, within: Slice, buckets: Buckets | None) -> list[Values]:
    assert buckets is not None
    found = []
    for period, calls in _by_period(admin, within, buckets, ZoneInfo("UTC")):
        sums = _sums(calls, of_account=True)
        found.append({**period, **sums, "service_level": sums["sla_rate_30sec"]})
    return found


def _account(admin: Admin, within: Slice, buckets: Buckets | None) -> list[Values]:
    assert buckets is not None
    return [{**p, **_sums(c, of_account=True)} for p, c in _by_period(admin, within, buckets, USER_ZONE)]


def _live_agents(admin: Admin, within: Slice, buckets: Buckets | None) -> list[Values]:
    assert buckets is not None
    return [
        {
            **period,
            "agent_id": agent,
            "agent_name": _newest(calls)["agent_name"],
            "agent_email": f"agent{agent}@example.com",
            **_sums(calls, of_account=False),
        }
        for period, every in _by_period(admin, within, buckets, USER_ZONE)
        for agent, calls in _grouped(every, lambda call: call["agent_id"]).items()
    ]


def _live_lines(admin: Admin, within: Slice, buckets: Buckets | None) -> list[Values]:
    assert buckets is not None
    return [
        {**period, "justcall_number": line.lstrip("+"), **_sums(calls, of_account=False)}
        for period, every in _by_period(admin, within, buckets, USER_ZONE)
        for line, calls in _grouped(every, _line).items()
    ]


# Lists of v2.1: the vendor's own records, flattened here by hand

_WHO = ("contact_number", "contact_name", "contact_email", "justcall_number", "justcall_line_name")
_AGENT = ("agent_id", "agent_name", "agent_email")


def _utc(day: str, time: str) -> datetime:
    hour, minute, second = map(int, time.split(":"))
    return datetime.fromisoformat(day).replace(hour=hour, minute=minute, second=second, tzinfo=UTC)


def _live_calls(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    found = []
    for row in admin.truth("justcall", "live_calls"):
        not_fetched = dict.fromkeys(
            (
                "queue_entered_at_position",
                "queue_exit_reason",
                "queue_callback",
                "call_moments",
                "customer_sentiment",
                "call_score",
                "call_score_parameters",
                "ai_tags",
                "manual_call_score",
                "call_summary",
            )
        )
        found.append(
            {
                **{name: row[name] for name in ("id", "call_sid", *_WHO, *_AGENT, "agent_active", "cost_incurred")},
                **row["call_info"],
                **row["call_duration"],
                **not_fetched,
                "ivr_digit_pressed": row["ivr_info"]["digit_pressed"],
                "ivr_content": row["ivr_info"]["content"],
                "started_at": _utc(row["call_date"], row["call_time"]),
                "call_user_date": date.fromisoformat(row["call_user_date"]),
                "call_user_time": row["call_user_time"],
            }
        )
    return _within(found, within, "started_at")


def _live_texts(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    same = ("id", *_WHO, *_AGENT, "direction", "delivery_status", "cost_incurred", "medium", "sms_user_time")
    found = [
        {
            **{name: row[name] for name in same},
            "sent_at": _utc(row["sms_date"], row["sms_time"]),
            "sms_user_date": date.fromisoformat(row["sms_user_date"]),
            "body": row["sms_info"]["body"],
            "is_mms": row["sms_info"]["is_mms"],
            "mms": [item["media_url"] for item in row["sms_info"]["mms"]],
            "is_deleted": "true" if row["is_deleted"] else "false",
        }
        for row in admin.truth("justcall", "live_texts")
    ]
    return _within(found, within, "sent_at")


def _users(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    return [
        {
            **row,
            "listed_at": LISTED_AT,
            "extension": str(row["extension"]),
            "groups": [group["name"] for group in row["groups"]],
            "available": "true",
            "on_call": "false",
        }
        for row in admin.truth("justcall", "users")
    ]


def _numbers(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    return [
        {
            **row,
            "listed_at": LISTED_AT,
            "number_owner": '{"id":1001,"name":"Ava Thompson"}',
            "shared_with": [person["name"] for person in row["shared_with"]],
            "capabilities": '{"voice":true,"sms":true}',
        }
        for row in admin.truth("justcall", "phone_numbers")
    ]


def _edit_live_call(admin: Admin, key: Sequence[Any], field: str, value: Any) -> None:
    call = next(call for call in admin.calls() if int(call["call_id"][5:], 16) >> 11 == key[0])
    admin.edit_calls(call_ids=[call["call_id"]], fields={{"total_duration": "duration"}.get(field, field): value})


def _edit_live_text(admin: Admin, key: Sequence[Any], field: str, value: Any) -> None:
    edited = {"delivery_status": "status"}.get(field, field)
    admin.edit_at("justcall", kind="texts", ids=[f"sms_{key[0]:013x}"], fields={edited: value})


def _bench(stream: str, truth: Any, **more: Any) -> Bench:
    named = {"options": HELP, **more}
    return Bench(vendor="justcall", stream=stream, secrets=SECRETS, truth=truth, generous=GENEROUS, **named)


def _number_of(values: Values) -> str:
    """Return the company's number of a call."""
    return str(values["to"] if values["direction"] == "inbound" else values["from"])


def _type_of(values: Values) -> str:
    return f"{values['direction']}_{values['type']}".upper()


_AN_AGENT = {"agent_id": Choice(pick=lambda values: values["agent_id"])}
_A_LINE = {"justcall_number": Choice(pick=lambda values: values["justcall_number"])}
_A_CONTACT = {"contact_number": Choice(pick=lambda values: values["contact_number"])}
_OF_LIVE_CALLS = {
    **_AN_AGENT,
    **_A_LINE,
    **_A_CONTACT,
    "call_type": Choice(pick=_type_of),
    "call_traits": Choice(
        pick=lambda values: values["call_traits"][:1], holds=lambda values, value: value[0] in values["call_traits"]
    ),
    "disposition_codes": Choice(
        pick=lambda values: [f"Default: {values['disposition']}"] if values["disposition"] else None,
        holds=lambda values, value: f"Default: {values['disposition']}" in value,
    ),
}
_OF_LIVE_TEXTS = {
    **_A_LINE,
    **_A_CONTACT,
    "sms_direction": Choice(pick=lambda values: values["direction"].lower()),
    "sms_content": Choice(
        pick=lambda values: values["body"][:12].strip(), holds=lambda values, value: value in values["body"]
    ),
}

_DATES = [
    {"dates_zone": zone, "end_included": included}
    for zone in ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York")
    for included in (True, False)
]
_PAGED = [{"do": "repeat_page"}, {"do": "wrong_total", "delta": 5}, {"do": "wrong_total", "delta": -5}]
_NEVER_ADDS_UP = [({"do": "wrong_total", "delta": 5}, ContractBroken)]
_USER_ZONES = [
    {"user_zone": "Pacific/Kiritimati", "first_page": 0},
    {"user_zone": "Etc/GMT+12", "last_link": "null", "links_keep_filters": True},
    {"user_zone": "America/New_York", "last_link": "absent", "envelope": "no_total"},
    {"user_zone": "UTC", "envelope": "bare"},
    {"user_zone": "UTC", "envelope": "bare", "first_page": 0},
]

BENCHES = [
    _bench(
        "calls",
        _calls,
        chooses={**_AN_AGENT, "number": Choice(pick=_number_of)},
        integer_field="duration",
        required_field="disposition",
        text_field="notes",
        edit=_edit_call,
        settings=_DATES,
        more_faults=_PAGED,
        lasting_faults=_NEVER_ADDS_UP,
        arrives="calls",
    ),
    _bench(
        "analytics_calls",
        _calls,
        chooses={**_AN_AGENT, "phone_number": Choice(pick=_number_of)},
        integer_field="duration",
        required_field="disposition",
        text_field="notes",
        edit=_edit_call,
        settings=[{"dates_zone": zone} for zone in ("UTC", "Pacific/Kiritimati", "Etc/GMT+12")],
        more_faults=_PAGED,
        lasting_faults=_NEVER_ADDS_UP,
        arrives="calls",
    ),
    _bench(
        "analytics_sms",
        _texts,
        chooses={**_AN_AGENT, "phone_number": Choice(pick=lambda values: values["justcall_number"])},
        integer_field="agent_id",
        required_field="status",
        text_field="status",
        edit=_edit_text,
        more_faults=_PAGED,
        lasting_faults=_NEVER_ADDS_UP,
        arrives="texts",
    ),
    _bench("analytics_agents", _agents, integer_field="total_calls", required_field="avg_ring_time", arrives="calls"),
    _bench("analytics_summary", _summary, integer_field="total_calls", required_field="avg_ring_time", arrives="calls"),
    _bench(
        "calls",
        _live_calls,
        chooses=_OF_LIVE_CALLS,
        options=LIVE,
        integer_field="total_duration",
        required_field="disposition",
        sent_as={"total_duration": "call_duration.total_duration", "disposition": "call_info.disposition"},
        text_field="notes",
        edit=_edit_live_call,
        settings=_USER_ZONES,
        more_faults=_PAGED,
        arrives="calls",
    ),
    _bench(
        "texts",
        _live_texts,
        chooses=_OF_LIVE_TEXTS,
        options=LIVE,
        integer_field="agent_id",
        required_field="delivery_status",
        text_field="delivery_status",
        edit=_edit_live_text,
        settings=_USER_ZONES,
        more_faults=_PAGED,
        arrives="texts",
    ),
    _bench("users", _users, options=LIVE, required_field="email"),
    _bench("phone_numbers", _numbers, options=LIVE, required_field="number_type"),
    _bench(
        "analytics_account",
        _account,
        options=LIVE,
        integer_field="total_calls",
        required_field="avg_ring_time",
        sent_as={"total_calls": "summary.total_calls", "avg_ring_time": "summary.avg_ring_time"},
        arrives="calls",
    ),
    _bench(
        "analytics_agent",
        _live_agents,
        options=LIVE,
        integer_field="total_calls",
        required_field="avg_ring_time",
        sent_as={"total_calls": "summary.total_calls", "avg_ring_time": "summary.avg_ring_time"},
        arrives="calls",
    ),
    _bench(
        "analytics_number",
        _live_lines,
        options=LIVE,
        integer_field="total_calls",
        required_field="avg_ring_time",
        sent_as={"total_calls": "summary.total_calls", "avg_ring_time": "summary.avg_ring_time"},
        arrives="calls",
    ),
]
