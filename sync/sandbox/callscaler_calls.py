"""The made-up calls in CallScaler's form: tracking numbers, sources, campaigns, and what its AI thinks. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from sync.sandbox import calls as made_up
from sync.sandbox.awkward import AWKWARD_NOTES
from sync.sandbox.calls import Call, CallOptions, draw_new_call

AI_FIELDS = (
    *("has_transcription", "ai_score", "ai_category", "qualified_ai", "qualification_reason", "robo_score"),
    *("keywords_spotted", "value_cents"),
)
SOURCES = (
    *("Google Ads", "Google Organic", "Facebook", "Direct", "Bing", "Yelp", "Newsletter", "Referral"),
    *("Größe & Söhne", "=Partner"),
)
CATEGORIES = ("sales", "support", "spam", "billing", "wrong number")
KEYWORDS = ("price", "refund", "appointment", "cancel", "insurance")
FLOWS = ("Main line", "Sales", "Support", "After hours")
GROUP_IDS = tuple(str(uuid.uuid5(uuid.NAMESPACE_DNS, f"group {n}.example.com")) for n in range(2))
_STATUS = {"missed": "no-answer"}


def _id(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{text}.example.com"))


_FLOW_IDS = tuple(_id(flow) for flow in FLOWS)
NUMBERS = tuple(
    {
        "id": _id(number),
        "phone_number": number,
        "friendly_name": f"Line {n + 1}",
        "status": "active",
        "type": "local",
        "call_flow_id": _FLOW_IDS[n % len(FLOWS)],
        "call_flow_name": FLOWS[n % len(FLOWS)],
        "group_id": GROUP_IDS[n % 2] if n % 3 else None,
        "group_name": f"Group {n % 2 + 1}" if n % 3 else None,
        "created_at": "2025-01-15T09:00:00Z",
    }
    for n, number in enumerate(made_up.NUMBERS)
)
_BY_NUMBER = {number["phone_number"]: number for number in NUMBERS}


@dataclass(slots=True)
class RawCall:
    """One call: what a list shows of it, the ids that only filters and groups know, and when it ended and changed."""

    shown: dict[str, Any]
    ids: dict[str, Any]
    ended_at: float
    updated_at: float

    @property
    def place(self) -> tuple[str, str]:
        """By what calls stand in order."""
        return self.shown["created_at"], self.shown["id"]

    def value(self, name: str) -> Any:
        """Return a field or an id."""
        return self.shown[name] if name in self.shown else self.ids[name]


def to_raw_call(call: Call) -> RawCall:
    """Turn a made-up call into one of CallScaler's; the same call gives the same one."""
    rng = Random(call["call_id"])
    outbound = call["direction"] == "outbound"
    line, customer = (call["from"], call["to"]) if outbound else (call["to"], call["from"])
    number: Mapping[str, Any] = _BY_NUMBER[line]
    status = _STATUS.get(call["status"], call["status"])
    if status == "busy" and rng.random() < 0.3:
        status = "failed"
    recorded = call["recording_url"] is not None
    ended_at = datetime.fromisoformat(call["ended_at"]).timestamp()
    raw = {
        "id": str(uuid.UUID(int=rng.getrandbits(128))),
        "created_at": call["started_at"],
        "caller_number": customer,
        "caller_name": _caller_name(rng),
        "tracking_number": line,
        "destination_number": f"+1303555{rng.randrange(10_000):04d}",
        "direction": call["direction"],
        "status": status,
        "source": rng.choice(SOURCES) if rng.random() < 0.93 else None,
        "duration_seconds": call["duration"],
        "call_flow_name": number["call_flow_name"],
        "recording_url": call["recording_url"],
        "recording_duration": call["duration"] if recorded else None,
        "cost_cents": rng.randrange(1, 90) if call["duration"] else 0,
        **_campaign(rng),
    }
    return RawCall(
        shown=raw | draw_ai(rng, recorded=recorded),
        ids={n: number[of] for n, of in (("call_flow_id",) * 2, ("number_id", "id"), ("number_group_id", "group_id"))},
        ended_at=ended_at,
        updated_at=ended_at,
    )


@lru_cache(maxsize=4)
def _made_once(options: CallOptions) -> tuple[RawCall, ...]:
    return tuple(sorted((to_raw_call(call) for call in made_up.make_calls(options)), key=lambda call: call.place))


def make_raw_calls(options: CallOptions) -> list[RawCall]:
    """Make the calls of the window, oldest first; `options` must be pinned."""
    return [replace(call) for call in _made_once(options)]


def _caller_name(rng: Random) -> str | None:
    draw = rng.random()
    if draw < 0.03:
        return AWKWARD_NOTES[int(draw / 0.03 * len(AWKWARD_NOTES))]
    return f"Caller {rng.randrange(900)}" if draw < 0.6 else None


def _campaign(rng: Random) -> dict[str, str | None]:
    """Most calls come without a campaign."""
    names = ("utm_source", "utm_medium", "utm_campaign", "utm_term")
    if rng.random() < 0.55:
        return dict.fromkeys(names)
    campaign = f"{rng.choice(('spring', 'summer', 'brand', 'retarget'))}-{rng.randrange(40):02d}"
    values = (rng.choice(("google", "facebook", "bing")), rng.choice(("cpc", "social", "")), campaign)
    return dict(zip(names, (*values, rng.choice(("plumber", "roof repair", None))), strict=True))


def draw_ai(rng: Random, *, recorded: bool) -> dict[str, Any]:
    """Draw what the AI thinks; it thinks of recorded calls only."""
    if not recorded:
        return {**dict.fromkeys(AI_FIELDS), "has_transcription": False}
    qualified = rng.random() < 0.4
    return {
        "has_transcription": True,
        "ai_score": rng.randrange(101),
        "ai_category": rng.choice(CATEGORIES),
        "qualified_ai": qualified,
        "qualification_reason": "Asked for a price." if qualified else "No need was told.",
        "robo_score": round(rng.random() * 100, 1),
        "keywords_spotted": [word for word in KEYWORDS if rng.random() < 0.2],
        "value_cents": rng.randrange(0, 250_000, 50) if qualified else 0,
    }


def make_arrival(seed: int, number: int, start: datetime | None, *, back: int) -> RawCall:
    """Make the call with this running number; it ends now, or so many seconds after a fixed end of the window."""
    ends_at = datetime.now(UTC) - timedelta(seconds=back) if start is None else start + timedelta(seconds=number + 1)
    return to_raw_call(draw_new_call(seed, number, ends_at))


def edited(call: Mapping[str, Any], turn: int) -> dict[str, Any]:
    """Return what somebody, or the AI at second sight, changes in a call."""
    rng = Random(f"{turn}:{call['id']}")
    return {
        **draw_ai(rng, recorded=True),
        "value_cents": rng.randrange(0, 250_000, 50),
        "caller_name": f"Renamed {turn}",
        "source": rng.choice(SOURCES),
    }
