"""The twelve reports, computed from calls and statuses by arithmetic of its own, and written as CSV in many manners.

Guesses: calls and statuses belong to the local day on which they began; a user without anything in a period has no row
in it; sums of a status count those that have ended. The headers are invented, see aircall_headers.json.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sync.sandbox.aircall_data import Values, sum_by

UTC_ZONE = ZoneInfo("UTC")
HEADERS: Mapping[str, Any] = json.loads(Path(__file__).with_name("aircall_headers.json").read_text())
REPORTS = tuple(name.upper() for name in HEADERS if name not in ("note", "user_activity"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a report is computed from: calls in the form of REST and statuses, those of the days that were asked for."""

    calls: Sequence[Values]
    statuses: Sequence[Values]
    zone: ZoneInfo
    daily: bool

    def day_of(self, instant: datetime) -> date | None:
        """Return the day to sum by, or None where sums are not broken down."""
        return instant.astimezone(self.zone).date() if self.daily else None


def columns_of(report: str, *, daily: bool) -> list[tuple[str, str]]:
    """Return the columns of a report: our name of each, and its invented header."""
    name = report.lower()
    own = HEADERS[name]
    shared = HEADERS["user_activity"] if name.startswith("user_activity_") else []
    if name == "user_activity_ringing_attempts":
        shared = [pair for pair in shared if pair[0] == "date"]
    return [(field, header) for field, header in (*shared, *own) if field != "date" or daily]


def rows_of(report: str, facts: Facts) -> list[Values]:
    """Compute a report; the rows hold numbers, instants and texts by our names of its columns."""
    name = report.lower()
    if name == "calls_history":
        return [_history_row(call) for call in facts.calls]
    if name == "user_status_history":
        return list(facts.statuses)
    found = _SUMS[name.removeprefix("user_activity_")](facts)
    return sorted(found, key=lambda row: [str(row.get(field)) for field in ("date", "user_id", "status")])


def _history_row(call: Values) -> Values:
    user, number = call["user"] or {}, call["number"]
    inbound, answered = call["direction"] == "inbound", call["answered_at"] is not None
    kind = "Answered" if answered else "Voicemail" if call["voicemail"] else "Missed"
    waited = (call["answered_at"] if answered else call["ended_at"]) - call["started_at"]
    return {
        "call_id_internal": call["id"],
        "call_uuid": call["sid"],
        "started_at": datetime.fromtimestamp(call["started_at"], UTC),
        "ended_at": datetime.fromtimestamp(call["ended_at"], UTC),
        "direction": call["direction"].capitalize(),
        "call_type": kind if inbound else "Outbound",
        "answered": "Yes" if answered else "No",
        "missed_call_reason": call["missed_call_reason"],
        "user_id": user.get("id"),
        "user": user.get("name", "[No associated user]"),
        "user_email": user.get("email"),
        "team": ", ".join(team["name"] for team in call["teams"]),
        "line": number["name"],
        "aircall_number": number["digits"],
        "from": call["raw_digits"] if inbound else number["digits"],
        "to": number["digits"] if inbound else call["raw_digits"],
        "customer_number": call["raw_digits"],
        "duration_total": call["duration"],
        "in_call_duration": timedelta(seconds=call["ended_at"] - call["answered_at"]) if answered else None,
        "waiting_time": timedelta(seconds=waited),
        "tags": json.dumps([tag["name"] for tag in call["tags"]], ensure_ascii=False) if call["tags"] else None,
        "comments": "\n".join(comment["content"] for comment in call["comments"]),
        "voicemail": call["voicemail"],
        "recording": call["recording"],
        "country_code": call["country_code_a2"],
        "call_quality": None,
    }


def _user_row(key: tuple[Any, ...], **measures: Any) -> Values:
    day, user_id, name, email, team = key[:5]
    return {"date": day, "user_id": user_id, "user": name, "user_email": email, "team": team, **measures}


def _call_key(facts: Facts, call: Values) -> tuple[Any, ...]:
    started = datetime.fromtimestamp(call["started_at"], UTC)
    user = call["user"]
    return facts.day_of(started), user["id"], user["name"], user["email"], None


def _status_key(facts: Facts, row: Values) -> tuple[Any, ...]:
    return facts.day_of(row["started_at"]), row["user_id"], row["user"], row["user_email"], row["team"]


def _by_user(facts: Facts, calls: Iterable[Values]) -> dict[tuple[Any, ...], list[Values]]:
    """Group calls by user, under the latest name."""
    groups: dict[tuple[Any, ...], list[Values]] = {}
    names: dict[Any, tuple[Any, ...]] = {}
    for call in calls:
        if call["user"] is not None:
            key = _call_key(facts, call)
            groups.setdefault(key[:2], []).append(call)
            names[key[:2]] = key
    return {names[short]: found for short, found in groups.items()}


def _talk_s(call: Values) -> int:
    return int(call["ended_at"] - call["answered_at"]) if call["answered_at"] is not None else 0


def _average_of(direction: str) -> Any:
    def compute(facts: Facts) -> list[Values]:
        answered = [c for c in facts.calls if c["direction"] == direction and c["answered_at"] is not None]
        return [
            _user_row(
                key,
                **{
                    f"average_{direction}_in_call_time": round(sum(map(_talk_s, calls)) / len(calls), 2),
                    f"{direction}_calls": len(calls),
                },
            )
            for key, calls in _by_user(facts, answered).items()
        ]

    return compute


def _volume(facts: Facts) -> list[Values]:
    rows = []
    for key, calls in _by_user(facts, facts.calls).items():
        n_inbound = sum(call["direction"] == "inbound" for call in calls)
        talked = [_talk_s(call) for call in calls if call["answered_at"] is not None]
        average = round(sum(talked) / len(talked), 2) if talked else None
        rows.append(
            _user_row(
                key,
                inbound_calls=n_inbound,
                outbound_calls=len(calls) - n_inbound,
                total_calls=len(calls),
                in_call_time=timedelta(seconds=sum(talked)),
                average_in_call_time=average,
            )
        )
    return rows


def _handled(facts: Facts) -> list[Values]:
    answered = [call for call in facts.calls if call["answered_at"] is not None]
    rows = []
    for key, calls in _by_user(facts, answered).items():
        n_inbound = sum(call["direction"] == "inbound" for call in calls)
        rows.append(
            _user_row(key, calls_handled=len(calls), inbound_handled=n_inbound, outbound_handled=len(calls) - n_inbound)
        )
    return rows


def _after_call(facts: Facts) -> list[Values]:
    work = sum_by((_status_key(facts, row)[:2], row["duration"]) for row in _ended(facts, "After-Call Work"))
    rows = []
    for key, calls in _by_user(facts, facts.calls).items():
        average = round(work.get(key[:2], 0) / len(calls), 2)
        rows.append(_user_row(key, average_after_call_work_time=average, total_calls=len(calls)))
    return rows


def _ended(facts: Facts, *names: str) -> list[Values]:
    return [row for row in facts.statuses if row["duration"] is not None and (not names or row["status"] in names)]


def _breakdown(facts: Facts) -> list[Values]:
    sums = sum_by(((*_status_key(facts, row), row["status"]), row["duration"]) for row in _ended(facts))
    return [_user_row(key, status=key[5], time_in_status=timedelta(seconds=value)) for key, value in sums.items()]


def _percentages(facts: Facts) -> list[Values]:
    sums = sum_by(((*_status_key(facts, row), row["status"]), row["duration"]) for row in _ended(facts))
    wholes = sum_by((_status_key(facts, row), row["duration"]) for row in _ended(facts))
    return [
        _user_row(key, status=key[5], percentage=f"{100 * value / wholes[key[:5]]:.2f}%") for key, value in sums.items()
    ]


def _work_time(facts: Facts) -> list[Values]:
    names = {"available_time": "Available", "after_call_work_time": "After-Call Work"}
    parts = {
        field: sum_by((_status_key(facts, r), r["duration"]) for r in _ended(facts, s)) for field, s in names.items()
    }
    whole = sum_by((_status_key(facts, row), row["duration"]) for row in _ended(facts))
    return [
        _user_row(
            key,
            work_time=timedelta(seconds=value),
            **{field: timedelta(seconds=sums.get(key, 0)) for field, sums in parts.items()},
        )
        for key, value in whole.items()
    ]


def _attempts(calls: Sequence[Values]) -> Values:
    n_answered = sum(call["answered_at"] is not None for call in calls)
    return {"ringing_attempts": len(calls), "answered_calls": n_answered, "missed_calls": len(calls) - n_answered}


def _attempts_by_user(facts: Facts) -> list[Values]:
    rang = [call for call in facts.calls if call["direction"] == "inbound"]
    return [_user_row(key, **_attempts(calls)) for key, calls in _by_user(facts, rang).items()]


def _attempts_of_all(facts: Facts) -> list[Values]:
    groups: dict[date | None, list[Values]] = {}
    for call in facts.calls:
        if call["direction"] == "inbound":
            day = facts.day_of(datetime.fromtimestamp(call["started_at"], UTC))
            groups.setdefault(day, []).append(call)
    return [{"date": day, **_attempts(calls)} for day, calls in groups.items()]


_SUMS: Mapping[str, Any] = {
    "availability_breakdown": _breakdown,
    "average_after_call_work_time_per_user": _after_call,
    "average_inbound_in_call_time_per_user": _average_of("inbound"),
    "average_outbound_in_call_time_per_user": _average_of("outbound"),
    "call_volume_and_time": _volume,
    "calls_handled": _handled,
    "percentage_of_time_in_each_status": _percentages,
    "ringing_attempts_per_user": _attempts_by_user,
    "work_time_and_availability": _work_time,
    "ringing_attempts": _attempts_of_all,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a file is written; every one of these is thinkable, and none is documented."""

    headers: str = "dashboard"  # or camel, snake
    packed: str = "no"  # or zip, gzip
    drop_columns: tuple[str, ...] = ()
    rename_columns: Mapping[str, str] | None = None
    double_columns: tuple[str, ...] = ()
    reverse_columns: bool = False
    byte_order_mark: bool = False
    line_end: str = "\n"
    separator: str = ","
    ends_with_line_end: bool = True
    zone: ZoneInfo = UTC_ZONE
    more: Mapping[str, Any] | None = None


def write_file(columns: Sequence[tuple[str, str]], rows: Iterable[Values], manner: Manner) -> bytes:
    """Write a report as a file."""
    shown = [
        (field, _header_of(field, header, manner)) for field, header in columns if field not in manner.drop_columns
    ]
    shown += [pair for pair in shown if pair[0] in manner.double_columns]
    more = manner.more or {}
    if manner.reverse_columns:
        shown.reverse()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=manner.line_end, delimiter=manner.separator)
    writer.writerow([*(header for _, header in shown), *more])
    for row in rows:
        writer.writerow([*(_cell(row.get(field), manner) for field, _ in shown), *more.values()])
    written = text.getvalue() if manner.ends_with_line_end else text.getvalue().rstrip("\r\n")
    raw = (b"\xef\xbb\xbf" if manner.byte_order_mark else b"") + written.encode()
    return _packed(raw, manner.packed)


def _header_of(field: str, header: str, manner: Manner) -> str:
    if field in (manner.rename_columns or {}):
        return str((manner.rename_columns or {})[field])
    if manner.headers == "camel":
        return re.sub(r"_(\w)", lambda match: match[1].upper(), field)
    return field if manner.headers == "snake" else header


def _cell(value: Any, manner: Manner) -> Any:
    """Write a value as people or as machines like it."""
    for_people = manner.headers == "dashboard"
    if isinstance(value, datetime):
        if for_people:
            return value.astimezone(manner.zone).strftime("%Y-%m-%d %H:%M:%S")
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}" if for_people else seconds
    return "" if value is None else value


def _packed(raw: bytes, packed: str) -> bytes:
    if packed == "gzip":
        return gzip.compress(raw)
    if packed != "zip":
        return raw
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.csv", raw)
    return file.getvalue()
