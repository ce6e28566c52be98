"""Aircall's streams on the bench. The reports are worked out here once more, from calls and statuses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sync import clock
from sync.errors import ContractBroken
from sync.records import LISTED_AT, Buckets, Slice
from sync.sources.registry import VENDORS
from tests.benches.bench import SECRET, UNTIL, Bench, Values
from tests.sandbox_admin import Admin

SECRETS = {"api_id": "id-for-tests", "api_token": SECRET}
GENEROUS = {"requests_per_minute": 100_000, "n_pending": 0}
AT_ONCE = {"n_pending": -1}


def _at(unix: int | None) -> datetime | None:
    return None if unix is None else datetime.fromtimestamp(unix, UTC)


def _outcome(call: Values, *, ai: bool = False) -> str:
    if call["answered_at"] is not None:
        return "answered"
    if call["voicemail"]:
        return "voicemail" if call["direction"] == "inbound" or not ai else "unanswered"
    return "missed" if call["direction"] == "inbound" else "unanswered"


def _within(call: Values, within: Slice) -> bool:
    return within.start.timestamp() <= call["started_at"] < within.end.timestamp()


def _rest_call(call: Values) -> Values:
    user, number = call["user"] or {}, call["number"]
    started, answered, ended = call["started_at"], call["answered_at"], call["ended_at"]
    kept = (
        "id",
        "direction",
        "missed_call_reason",
        "raw_digits",
        "duration",
        "recording",
        "voicemail",
        "status",
        "sid",
    )
    return {
        **{name: call[name] for name in (*kept, "direct_link")},
        "started_at": _at(started),
        "answered_at": _at(answered),
        "ended_at": _at(ended),
        "outcome": _outcome(call),
        **{f"number_{name}": number[name] for name in ("id", "name", "digits")},
        **{f"user_{name}": user.get(name) for name in ("id", "name", "email")},
        "wait_time": answered - started if answered else None,
        "talk_time": ended - answered if answered else None,
        "teams": [team["name"] for team in call["teams"]],
        "tags": [tag["name"] for tag in call["tags"]],
        "comments": "\n".join(comment["content"] for comment in call["comments"]),
        "country": call["country_code_a2"],
        **dict.fromkeys(("assigned_to", "transferred_by", "transferred_to"), None),
        **dict.fromkeys(("contact_id", "contact_name", "contact_company"), None),
    }


def _calls(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    return [_rest_call(call) for call in admin.truth("aircall", "calls") if _within(call, within)]


def _history_call(call: Values) -> Values:
    user, number = call["user"] or {}, call["number"]
    started, answered, ended = call["started_at"], call["answered_at"], call["ended_at"]
    inbound = call["direction"] == "inbound"
    kind = "Answered" if answered is not None else "Voicemail" if call["voicemail"] else "Missed"
    comments = "\n".join(comment["content"] for comment in call["comments"])
    return {
        "call_id": str(call["id"]),
        "call_uuid": call["sid"],
        "started_at": _at(started),
        "ended_at": _at(ended),
        "direction": "Inbound" if inbound else "Outbound",
        "call_type": kind if inbound else "Outbound",
        "answered": answered is not None,
        "unanswered_reason": call["missed_call_reason"],
        "user_id": str(user["id"]) if user else None,
        "user": user.get("name"),
        "user_email": user.get("email"),
        "team": call["teams"][0]["name"] if call["teams"] else None,
        "line": number["name"],
        "line_number": number["digits"],
        "from": call["raw_digits"] if inbound else number["digits"],
        "to": number["digits"] if inbound else call["raw_digits"],
        "customer_number": call["raw_digits"],
        "duration": call["duration"],
        "in_call_duration": ended - answered if answered is not None else None,
        "waiting_time": (ended if answered is None else answered) - started,
        "tags": [tag["name"] for tag in call["tags"]] or None,
        "comments": comments if comments.strip() else None,
        "voicemail": call["voicemail"],
        "recording": call["recording"],
        "country": "US",
        "outcome": _outcome(call, ai=True),
        "user_key": str(user["id"]) if user else None,
    }


def _history(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    return [_history_call(call) for call in admin.truth("aircall", "calls") if _within(call, within)]


def _statuses(admin: Admin) -> list[Values]:
    rows = admin.truth("aircall", "user_status_history")
    instants = ("started_at", "ended_at")
    return [{**row, **{name: row[name] and datetime.fromisoformat(row[name]) for name in instants}} for row in rows]


def _status_history(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    oldest = max(within.start, UNTIL - timedelta(days=7)) if within.start < UNTIL else within.start
    return [
        {**row, "user_id": str(row["user_id"]), "user_key": str(row["user_id"])}
        for row in _statuses(admin)
        if oldest <= row["started_at"] < within.end
    ]


Sums = Callable[[list[Values], list[Values]], Iterable[Values]]


def _sums(stream: str, compute: Sums) -> Callable[[Admin, Slice, Buckets | None], list[Values]]:
    spec = VENDORS["aircall"].specs[stream]

    def truth(admin: Admin, within: Slice, buckets: Buckets | None) -> list[Values]:
        assert buckets is not None
        calls, statuses = admin.truth("aircall", "calls"), _statuses(admin)
        found = []
        for first, last in clock.cut_into_buckets(within, buckets):
            period = _period(first, last, buckets.zone)
            span = Slice(_midnight(first, buckets.zone), _midnight(last + timedelta(days=1), buckets.zone))
            mine = [row for row in statuses if span.start <= row["started_at"] < span.end and row["duration"]]
            for row in compute([call for call in calls if _within(call, span)], mine):
                found.append({**dict.fromkeys(f.name for f in spec.fields), **period, **row})
        return found

    return truth


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _period(first: date, last: date, zone: ZoneInfo) -> Values:
    return {"period_start": first, "period_end": last, "period_began_at": _midnight(first, zone)}


def _who(user_id: Any, name: str, email: str, team: str | None = None, status: str | None = None) -> Values:
    key = f"{user_id} | {status}" if status else str(user_id)
    shown = {"user_id": str(user_id), "user": name, "user_email": email, "team": team, "status": status}
    return {"row_key": key, "user_key": str(user_id), **shown}


def _per_user(calls: Iterable[Values]) -> Iterable[tuple[Values, list[Values]]]:
    groups: dict[int, list[Values]] = defaultdict(list)
    for call in calls:
        if call["user"]:
            groups[call["user"]["id"]].append(call)
    for user_id, mine in groups.items():
        latest = max(mine, key=lambda call: (call["started_at"], call["id"]))["user"]
        yield _who(user_id, latest["name"], latest["email"]), mine


def _talks(calls: Iterable[Values]) -> list[int]:
    return [call["ended_at"] - call["answered_at"] for call in calls if call["answered_at"] is not None]


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 2)


def _n(calls: Iterable[Values], direction: str) -> int:
    return len([call for call in calls if call["direction"] == direction])


def _average(direction: str) -> Sums:
    def compute(calls: list[Values], _: list[Values]) -> Iterable[Values]:
        answered = [call for call in calls if call["direction"] == direction and call["answered_at"] is not None]
        for who, mine in _per_user(answered):
            average = _mean(_talks(mine))
            yield {**who, f"average_{direction}_in_call_time": average, f"{direction}_calls": len(mine)}

    return compute


def _volume(calls: list[Values], _: list[Values]) -> Iterable[Values]:
    for who, mine in _per_user(calls):
        talks = _talks(mine)
        yield {
            **who,
            "inbound_calls": _n(mine, "inbound"),
            "outbound_calls": _n(mine, "outbound"),
            "total_calls": len(mine),
            "in_call_time": sum(talks),
            "average_in_call_time": _mean(talks) if talks else None,
        }


def _handled(calls: list[Values], _: list[Values]) -> Iterable[Values]:
    for who, mine in _per_user(call for call in calls if call["answered_at"] is not None):
        inbound, outbound = _n(mine, "inbound"), _n(mine, "outbound")
        yield {**who, "calls_handled": len(mine), "inbound_handled": inbound, "outbound_handled": outbound}


def _after_call(calls: list[Values], statuses: list[Values]) -> Iterable[Values]:
    for who, mine in _per_user(calls):
        work = [
            r["duration"] for r in statuses if str(r["user_id"]) == who["user_id"] and r["status"].startswith("After")
        ]
        yield {**who, "average_after_call_work_time": round(sum(work) / len(mine), 2), "total_calls": len(mine)}


def _attempts(calls: Sequence[Values]) -> Values:
    n_answered = len(_talks(calls))
    return {"ringing_attempts": len(calls), "answered_calls": n_answered, "missed_calls": len(calls) - n_answered}


def _attempts_per_user(calls: list[Values], _: list[Values]) -> Iterable[Values]:
    for who, mine in _per_user(call for call in calls if call["direction"] == "inbound"):
        yield {**who, **_attempts(mine)}


def _all_attempts(calls: list[Values], _: list[Values]) -> Iterable[Values]:
    rang = [call for call in calls if call["direction"] == "inbound"]
    if rang:
        yield {"row_key": "all", **_attempts(rang)}


def _by_status(statuses: list[Values]) -> dict[int, dict[str, list[Values]]]:
    found: dict[int, dict[str, list[Values]]] = defaultdict(lambda: defaultdict(list))
    for row in statuses:
        found[row["user_id"]][row["status"]].append(row)
    return found


def _in_status(make: Callable[[int, int], Values]) -> Sums:
    def compute(_: list[Values], statuses: list[Values]) -> Iterable[Values]:
        for user_id, by_status in _by_status(statuses).items():
            whole = sum(row["duration"] for rows in by_status.values() for row in rows)
            for status, rows in by_status.items():
                who = _who(user_id, rows[0]["user"], rows[0]["user_email"], rows[0]["team"], status)
                yield {**who, **make(sum(row["duration"] for row in rows), whole)}

    return compute


def _share(part: int, whole: int) -> Values:
    return {"share": round(float(f"{100 * part / whole:.2f}") / 100, 12)}


def _work_time(_: list[Values], statuses: list[Values]) -> Iterable[Values]:
    for user_id, by_status in _by_status(statuses).items():
        sums = {status: sum(row["duration"] for row in rows) for status, rows in by_status.items()}
        one = next(iter(by_status.values()))[0]
        yield {
            **_who(user_id, one["user"], one["user_email"], one["team"]),
            "work_time": sum(sums.values()),
            "available_time": sums.get("Available", 0),
            "after_call_work_time": sums.get("After-Call Work", 0),
        }


def _list(name: str) -> Callable[[Admin, Slice, Buckets | None], list[Values]]:
    fields = [f.name for f in VENDORS["aircall"].specs[name].fields]

    def truth(admin: Admin, _: Slice, __: Buckets | None) -> list[Values]:
        found = []
        for item in admin.truth("aircall", name):
            row = {**item, "listed_at": LISTED_AT, "created_at": datetime.fromisoformat(item["created_at"])}
            if name == "teams":
                row["users"] = [user["name"] for user in item["users"]]
            found.append({field: row.get(field) for field in fields})
        return found

    return truth


def _edit_call(admin: Admin, key: Sequence[Any], field: str, value: Any) -> None:
    admin.edit_at("aircall", kind="calls", ids=[int(key[0])], fields={field: value})


SUMS: dict[str, Sums] = {
    "availability_breakdown": _in_status(lambda part, _: {"time_in_status": part}),
    "average_after_call_work_time_per_user": _after_call,
    "average_inbound_in_call_time_per_user": _average("inbound"),
    "average_outbound_in_call_time_per_user": _average("outbound"),
    "call_volume_and_time": _volume,
    "calls_handled": _handled,
    "percentage_of_time_in_each_status": _in_status(_share),
    "ringing_attempts_per_user": _attempts_per_user,
    "work_time_and_availability": _work_time,
    "ringing_attempts": _all_attempts,
}
MODEL = "call_volume_and_time"
_SHARED: dict[str, Any] = {
    "vendor": "aircall",
    "secrets": SECRETS,
    "generous": GENEROUS,
    "at_once": AT_ONCE,
    "wrong_key": "403",
}

BENCHES = [
    Bench(
        stream="calls",
        truth=_calls,
        integer_field="duration",
        required_field="status",
        text_field="comments",
        edit=_edit_call,
        more_faults=[{"do": "repeat_page"}, {"do": "wrong_total", "delta": 5}, {"do": "wrong_total", "delta": -5}],
        lasting_faults=[({"do": "wrong_total", "delta": 5}, ContractBroken)],
        arrives="calls",
        has_rights=False,
        **_SHARED,
    ),
    *(
        Bench(
            stream=name,
            truth=_list(name),
            integer_field="id",
            required_field="name",
            more_faults=[{"do": "wrong_total", "delta": 5}, {"do": "wrong_total", "delta": -5}],
            has_rights=False,
            **_SHARED,
        )
        for name in ("users", "teams", "numbers")
    ),
    Bench(
        stream="calls_history",
        truth=_history,
        text_field="comments",
        edit=_edit_call,
        arrives="calls",
        snapshot=True,
        settings=[
            {},
            {"manner": {"headers": "snake", "packed": "zip"}},
            {"manner": {"headers": "camel", "reverse_columns": True, "line_end": "\r\n"}},
        ],
        probe_refuses=False,
        **_SHARED,
    ),
    Bench(stream="user_status_history", truth=_status_history, probe_refuses=False, **_SHARED),
    *(
        Bench(
            stream=f"user_activity_{name}",
            truth=_sums(f"user_activity_{name}", compute),
            twin_of="" if name == MODEL else f"user_activity_{MODEL}",
            probe_refuses=False,
            **_SHARED,
        )
        for name, compute in SUMS.items()
    ),
]
