"""Makes up calls: the same seed and day give the same calls, awkward on purpose. Pure; knows no HTTP and no vendor.

A day is drawn from its own random numbers, so that a window that moves on by a day keeps the calls of all other
days. What depends on the window is only how many of a day's calls are there, the day from which one agent has a
new name, and which call carries the one note that is too long for a cell.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sync.sandbox.awkward import AWKWARD_DISPOSITIONS, AWKWARD_NOTES, AWKWARD_TAGS, TOO_LONG_NOTE

Call = dict[str, Any]
"""One call in the vendor's own field names. Never changed in place: an edit makes a new one."""

AGENTS = (
    (1001, "Ava Thompson"),
    (1002, "Liam Carter"),
    (1003, "Maria Garcia"),
    (1004, "Noah Schmidt"),
    (1005, "Zoë O’Brien"),
    (1006, "Emily Clark"),
    (1007, "José Núñez"),
    (1008, "Priya Raman"),
    (1009, "Maria Garcia"),  # another person of the same name
    (1010, "Łukasz Wójcik"),
    (1011, "Chen Wei"),
    (1012, "Ben Adeyemi"),
)
RENAMED_AGENT, NEW_NAME = 1006, "Emily Clark-Tanaka"
NUMBERS = ("+14155550100", "+14155550101", "+12125550142", "+13105550177", "+442079460018", "+4930901820")
DISPOSITIONS = ("Sale", "Follow up", "Not interested", "Support solved", "Escalated", "Wrong number", "")
TAGS = ("billing", "new customer", "vip", "refund", "shipping", "complaint", "renewal")
NOTES = (
    "Asked for an invoice copy.",
    "Wants a call back after lunch",
    "Order 58213 arrived damaged, replacement sent",
    "Left a message with the front desk.",
    "Upgraded to the yearly plan",
    "Customer will check with their manager",
)
STATUSES = {
    "inbound": (("completed", 0.70), ("missed", 0.86), ("voicemail", 0.95), ("busy", 1.0)),
    "outbound": (("completed", 0.68), ("voicemail", 0.80), ("busy", 0.91), ("missed", 1.0)),
}
WEEKDAY_WEIGHTS = (1.15, 1.05, 1.0, 1.0, 0.9, 0.3, 0.15)
HOUR_WEIGHTS = (2, 1, 0.5, 0.3, 0.2, 0.2, 0.3, 0.5, 1, 1.5, 2, 3, 6, 10, 12, 12, 10, 9, 11, 12, 11, 9, 7, 4)
"""Of the UTC day: office hours on the American east coast, and a thin night."""
_HOURS = tuple(accumulate(weight / sum(HOUR_WEIGHTS) for weight in HOUR_WEIGHTS))
_JUMP_ZONES = (ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"))
_AROUND_A_JUMP_S = (-1, 0, -1800, 1800, -3600, 3600)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """How many calls, over how many days that end at `until` (None: now, in whole minutes), from which seed."""

    n_calls: int = 20_000
    days: int = 120
    seed: int = 1
    until: datetime | None = None

    def pinned(self) -> CallOptions:
        """Return the same options with the end settled."""
        until = self.until or datetime.now(UTC).replace(second=0, microsecond=0)
        return CallOptions(n_calls=self.n_calls, days=self.days, seed=self.seed, until=until.astimezone(UTC))


@lru_cache(maxsize=8)
def make_calls(options: CallOptions) -> tuple[Call, ...]:
    """Make the calls of the window, oldest first; `options` must be pinned."""
    assert options.until is not None
    start = options.until - timedelta(days=options.days)
    days = [start.date() + timedelta(days=n) for n in range((options.until.date() - start.date()).days + 1)]
    shares = [_share(day, start, options.until) for day in days]
    quotas = _split(options.n_calls, shares)
    calls: list[Call] = []
    n_missing = 0
    # The two days that the window cuts come first: what does not fit into their few minutes goes to a whole day.
    for day, quota in sorted(zip(days, quotas, strict=True), key=lambda pair: pair[0] not in (days[0], days[-1])):
        made = _calls_of_day(day, quota + n_missing, options, start)
        n_missing += quota - len(made)
        calls += made
    calls.sort(key=_age)
    _give_one_note_too_long(calls)
    return tuple(calls)


def _age(call: Call) -> tuple[str, str]:
    return call["started_at"], call["call_id"]


def _share(day: date, start: datetime, until: datetime) -> float:
    """How much of the calls fall on this day, counting only its hours inside the window."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    hours = 0.0
    for hour, weight in enumerate(HOUR_WEIGHTS):
        begins = midnight + timedelta(hours=hour)
        inside = min(until, begins + timedelta(hours=1)) - max(start, begins)
        hours += weight * max(0.0, inside / timedelta(hours=1))
    return WEEKDAY_WEIGHTS[day.weekday()] * hours


def _split(total: int, shares: list[float]) -> list[int]:
    """Divide `total` by shares so that the parts add up."""
    whole = sum(shares)
    ends = [round(total * sum_so_far / whole) for sum_so_far in accumulate(shares)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _calls_of_day(day: date, n: int, options: CallOptions, start: datetime) -> list[Call]:
    assert options.until is not None
    first, last = instant_text(start), instant_text(options.until)
    renamed_from = _rename_day(options.days, options.until).isoformat()
    made: list[Call] = []
    for n_drawn, call in enumerate(_draw_day(options.seed, day)):
        if len(made) >= n or n_drawn > 200 + 50 * n:
            break
        if first <= call["started_at"] and call["ended_at"] <= last:
            made.append(_renamed(call) if call["started_at"] >= renamed_from else call)
    return made


def _rename_day(days: int, until: datetime) -> date:
    """Half-way; moved to the first of that month where the window allows, so that it stays put from day to day."""
    middle = (until - timedelta(days=days / 2)).date()
    first = middle.replace(day=1)
    return first if first > (until - timedelta(days=days)).date() else middle


def _renamed(call: Call) -> Call:
    if call["agent_id"] == RENAMED_AGENT:
        call["agent_name"] = NEW_NAME
    return call


def _give_one_note_too_long(calls: list[Call]) -> None:
    """Choose the first call of the newest Wednesday, which moves once a week only."""
    wednesdays = [n for n, call in enumerate(calls) if date.fromisoformat(call["started_at"][:10]).weekday() == 2]
    if not calls:
        return
    day = calls[wednesdays[-1]]["started_at"][:10] if wednesdays else calls[0]["started_at"][:10]
    at = next(n for n, call in enumerate(calls) if call["started_at"].startswith(day))
    calls[at] = calls[at] | {"notes": TOO_LONG_NOTE}


def _draw_day(seed: int, day: date) -> Iterator[Call]:
    """Draw the calls of a day for ever, in the same order whatever the number asked for."""
    rng = Random(f"{seed}:{day.isoformat()}")
    today, tomorrow = day.isoformat(), (day + timedelta(days=1)).isoformat()
    fixed_seconds = _seconds_on_purpose(day)
    second = 0
    n = -1
    while True:
        n += 1
        drawn = _second_of_day(rng)
        if n < len(fixed_seconds):
            second = fixed_seconds[n]
        elif n % 17 != 5:  # every seventeenth call starts in the same second as the one drawn before it
            second = drawn
        call = _draw_call(rng)
        call["started_at"] = _instant(today, tomorrow, second)
        call["ended_at"] = _instant(today, tomorrow, second + call["duration"])
        yield _awkward(call, day.toordinal(), n)


def _second_of_day(rng: Random) -> int:
    hour = min(23, bisect(_HOURS, rng.random()))
    return hour * 3600 + int(rng.random() * 3600)


def _instant(today: str, tomorrow: str, second: int) -> str:
    day, second = (today, second) if second < _DAY_S else (tomorrow, second - _DAY_S)
    return f"{day}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def instant_text(at: datetime) -> str:
    """Write an instant the way the records do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds_on_purpose(day: date) -> list[int]:
    """Seconds of the UTC day at which its first calls start: around clock changes, and exactly at midnight."""
    seconds = [jump + offset for jump in _jumps(day) for offset in _AROUND_A_JUMP_S]
    if day.toordinal() % 3 == 0:
        seconds += [0, _DAY_S - 1]
    return seconds


@lru_cache(maxsize=2048)
def _jumps(day: date) -> tuple[int, ...]:
    """Seconds of the UTC day at which a clock in one of the zones is moved."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found = []
    for zone in _JUMP_ZONES:
        offsets = [(midnight + timedelta(hours=hour)).astimezone(zone).utcoffset() for hour in range(25)]
        found += [hour * 3600 for hour in range(1, 25) if offsets[hour] != offsets[hour - 1]]
    return tuple(found)


def _draw_call(rng: Random) -> Call:
    random = rng.random
    agent_id, agent_name = AGENTS[int(random() ** 1.4 * len(AGENTS))]
    direction = "inbound" if random() < 0.62 else "outbound"
    draw = random()
    status = next(word for word, below in STATUSES[direction] if draw < below)
    customer = f"+1{200 + int(random() ** 2 * 790)}555{int(random() * 10):d}{int(random() * 1000):03d}"
    line = NUMBERS[int(random() ** 1.5 * len(NUMBERS))]
    call_id = f"call_{rng.getrandbits(64):016x}"
    recorded = status == "voicemail" or (status == "completed" and random() < 0.75)
    return {
        "call_id": call_id,
        "direction": direction,
        "from": customer if direction == "inbound" else line,
        "to": line if direction == "inbound" else customer,
        "agent_id": agent_id,
        "agent_name": agent_name,
        "status": status,
        "duration": draw_duration(rng, status),
        "recording_url": f"https://recordings.example.com/{call_id}.mp3" if recorded else None,
        "voicemail": status == "voicemail",
        "notes": _draw_note(random()),
        "disposition": DISPOSITIONS[int(random() * len(DISPOSITIONS))] if status == "completed" else "",
        "tags": [tag for tag in TAGS if random() < 0.12],
    }


def draw_duration(rng: Random, status: str) -> int:
    """Draw seconds that are likely for a call of this status."""
    if status == "completed":
        return min(7200, 5 + int(rng.lognormvariate(5.0, 0.9)))
    if status == "voicemail":
        return 8 + int(rng.random() * 110)
    return int(rng.random() * 35) if status == "missed" else 0


def _draw_note(draw: float) -> str | None:
    """Half of the calls have a note; an empty one and none at all are different things."""
    if draw < 0.5:
        return NOTES[int(draw * 2 * len(NOTES))]
    return "" if draw < 0.85 else None


def _awkward(call: Call, ordinal: int, n: int) -> Call:
    """Put what breaks careless programs into every seventh or so call of a day, in turns."""
    turn = ordinal * 5 + n // 7
    if n % 7 == 3:
        call["notes"] = AWKWARD_NOTES[turn % len(AWKWARD_NOTES)]
    if n % 19 == 4:
        call["disposition"] = AWKWARD_DISPOSITIONS[turn % len(AWKWARD_DISPOSITIONS)]
    if n % 23 == 6:
        call["tags"] = list(AWKWARD_TAGS[turn % len(AWKWARD_TAGS)])
    return call


def draw_new_call(seed: int, number: int, at: datetime) -> Call:
    """Draw the call with this running number that has just ended at `at`."""
    call = _draw_call(Random(f"{seed}:arrival:{number}"))
    call["started_at"] = instant_text(at - timedelta(seconds=call["duration"]))
    call["ended_at"] = instant_text(at)
    return _renamed(_awkward(call, number, number))


EDITED_FIELDS = ("notes", "disposition", "tags", "duration", "recording_url")


def edited(call: Call, seed: int, number: int) -> Call:
    """Return the call as somebody left it hours or days later: at least one field differs, the key never."""
    rng = Random(f"{seed}:edit:{number}:{call['call_id']}")
    changes: dict[str, Any] = {"notes": f"{rng.choice(NOTES)} (edit {number})"}
    if rng.random() < 0.5:
        changes["disposition"] = rng.choice([word for word in DISPOSITIONS if word != call["disposition"]])
    if rng.random() < 0.4:
        changes["tags"] = sorted({*call["tags"], rng.choice(TAGS), f"reviewed {number}"})
    if rng.random() < 0.2:
        changes["duration"] = call["duration"] + 1 + int(rng.random() * 30)
    if rng.random() < 0.2 and call["status"] == "completed":
        changes["recording_url"] = f"https://recordings.example.com/{call['call_id']}-{number}.mp3"
    if rng.random() < 0.1:
        changes["notes"] = AWKWARD_NOTES[number % len(AWKWARD_NOTES)] + f" {number}"
    return call | changes
