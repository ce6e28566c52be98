"""What Aircall would know: the made-up calls in its own form, and the statuses of users, made up too. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from sync.sandbox.calls import AGENTS, NEW_NAME, NUMBERS, RENAMED_AGENT, TAGS, Call

Values = dict[str, Any]

TEAMS = ((301, "Sales"), (302, "Support"), (303, "Billing"))
LINES = {digits: (701 + n, f"Line {n + 1}") for n, digits in enumerate(NUMBERS)}
STATUSES = ("Available", "In call", "After-Call Work", "Available", "On a break", "Do not disturb")
_REASONS = ("no_available_agent", "short_abandoned", "agents_did_not_answer", "out_of_opening_hours")
_OPENS, _CLOSES = 8 * 3600, 17 * 3600  # of the UTC day


def team_of(agent_id: int) -> tuple[int, str]:
    """Return the team of an agent."""
    return TEAMS[agent_id % len(TEAMS)]


def email_of(agent_id: int) -> str:
    """Return the e-mail address of an agent."""
    return f"agent{agent_id}@example.com"


def number_of(call: Call) -> int:
    """Return what Aircall calls the call: a whole number that a spreadsheet can hold."""
    return int(call["call_id"].removeprefix("call_"), 16) >> 12


def to_rest(call: Call) -> Values:
    """Return a call in the form of the REST API."""
    number, started = number_of(call), int(datetime.fromisoformat(call["started_at"]).timestamp())
    answered = call["status"] == "completed"
    inbound = call["direction"] == "inbound"
    line_id, line = LINES[call["to" if inbound else "from"]]
    rang_s = min(call["duration"], 2 + number % 25)
    return {
        "id": number,
        "direct_link": f"https://api.aircall.io/v1/calls/{number}",
        "sid": f"CA{call['call_id'].removeprefix('call_')}",
        "direction": call["direction"],
        "status": "done",
        "missed_call_reason": None if answered or not inbound else _REASONS[number % len(_REASONS)],
        "started_at": started,
        "answered_at": started + rang_s if answered else None,
        "ended_at": started + call["duration"],
        "duration": call["duration"],
        "raw_digits": call["from" if inbound else "to"],
        "voicemail": f"https://voicemails.example.com/{number}.mp3" if call["voicemail"] else None,
        "recording": call["recording_url"],
        "archived": False,
        "country_code_a2": "US",
        "number": {"id": line_id, "name": line, "digits": call["to" if inbound else "from"], "country": "US"},
        "user": _nested_user(call) if answered or not inbound else None,
        "contact": None,
        "assigned_to": None,
        "transferred_by": None,
        "transferred_to": None,
        "teams": [{"id": team_of(call["agent_id"])[0], "name": team_of(call["agent_id"])[1]}] if inbound else [],
        "tags": [{"id": 900 + TAGS.index(tag) if tag in TAGS else 999, "name": tag} for tag in call["tags"]],
        "comments": [{"id": number, "content": call["notes"], "posted_by": None}] if call["notes"] else [],
    }


def _nested_user(call: Call) -> Values:
    return {"id": call["agent_id"], "name": call["agent_name"], "email": email_of(call["agent_id"]), "available": True}


def contact_of(call: Mapping[str, Any]) -> Values:
    """Return the contact of a call."""
    return {
        "id": call["id"] % 100_000,
        "first_name": "Contact",
        "last_name": str(call["id"] % 1000),
        "company_name": None,
    }


def users(*, numbers: bool) -> list[Values]:
    """Return every user; only the first version of the API tells their numbers."""
    return [
        {
            "id": agent_id,
            "name": NEW_NAME if agent_id == RENAMED_AGENT else name,
            "email": email_of(agent_id),
            "available": agent_id % 2 == 0,
            "availability_status": "available" if agent_id % 2 == 0 else "custom",
            "substatus": "always_open",
            "created_at": f"2025-0{1 + agent_id % 9}-15T10:00:00.000Z",
            "time_zone": "America/New_York",
            "language": "en-US",
            "wrap_up_time": 15,
            **({"numbers": [{"id": 701, "name": "Line 1"}]} if numbers else {}),
        }
        for agent_id, name in AGENTS
    ]


def teams() -> list[Values]:
    """Return every team with its users."""
    return [
        {
            "id": team_id,
            "name": name,
            "created_at": "2025-01-10T09:00:00.000Z",
            "users": [{"id": one, "name": who} for one, who in AGENTS if team_of(one)[0] == team_id],
        }
        for team_id, name in TEAMS
    ]


def numbers() -> list[Values]:
    """Return every line."""
    return [
        {
            "id": line_id,
            "name": name,
            "digits": digits,
            "country": "US",
            "time_zone": "America/New_York",
            "created_at": "2025-01-10T09:00:00.000Z",
            "availability_status": "open",
            "open": True,
            "is_ivr": False,
            "live_recording_activated": True,
            "priority": 0,
        }
        for digits, (line_id, name) in LINES.items()
    ]


def statuses(seed: int, days: Sequence[date], now: datetime) -> Iterator[Values]:
    """Yield the statuses of all users on some days, as known at `now`: the one that lasts has no end yet."""
    for day in days:
        for agent_id, name in AGENTS:
            for row in _statuses_of(seed, day, agent_id):
                if row["started_at"] > now:
                    continue
                lasts = row["ended_at"] > now
                whole = {**row, "user": NEW_NAME if agent_id == RENAMED_AGENT else name}
                yield {**whole, "ended_at": None, "duration": None, "next_status": None} if lasts else whole


@lru_cache(maxsize=4096)
def _statuses_of(seed: int, day: date, agent_id: int) -> tuple[Values, ...]:
    rng = Random(f"{seed}:status:{agent_id}:{day.isoformat()}")
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    second, found, n = _OPENS + rng.randrange(1800), [], rng.randrange(len(STATUSES))
    while second < _CLOSES:
        length, n = 600 + rng.randrange(7200), n + 1
        found.append(
            {
                "user_id": agent_id,
                "user_email": email_of(agent_id),
                "team": team_of(agent_id)[1],
                "status": STATUSES[n % len(STATUSES)],
                "started_at": midnight + timedelta(seconds=second),
                "ended_at": midnight + timedelta(seconds=second + length),
                "duration": length,
                "next_status": STATUSES[(n + 1) % len(STATUSES)],
            }
        )
        second += length
    return tuple(found)


def days_from(first: date, last: date) -> list[date]:
    """Return the days from one to another, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def sum_by(rows: Iterable[tuple[Any, float]]) -> dict[Any, float]:
    """Add up by key."""
    sums: dict[Any, float] = {}
    for key, value in rows:
        sums[key] = sums.get(key, 0) + value
    return sums
