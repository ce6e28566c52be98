"""Sums over made-up calls, as JustCall's analytics would give them. Names as in the developer site's v2.1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sync.sandbox.calls import Call


def ring_time(call: Call) -> int:
    """Make up how long a call rang, always the same for the same call."""
    return 3 + int(call["call_id"][-2:], 16) % 25


def hold_time(call: Call) -> int:
    """Make up how long a call was on hold."""
    return call["duration"] // 10 if call["status"] == "completed" else 0


def wrap_up_time(call: Call) -> int:
    """Make up the work after a call."""
    return int(call["call_id"][-4:-2], 16) % 60 if call["status"] == "completed" else 0


def queue_time(call: Call) -> int:
    """Make up how long a caller waited."""
    return int(call["call_id"][-6:-4], 16) % 90 if call["direction"] == "inbound" else 0


def sums_of(calls: Iterable[Call], *, of_account: bool = False) -> dict[str, Any]:
    """Add calls up."""
    every = list(calls)
    out = [c for c in every if c["direction"] == "outbound"]
    inc = [c for c in every if c["direction"] == "inbound"]
    out_good, inc_good = ([c for c in some if c["status"] == "completed"] for some in (out, inc))
    missed = [c for c in inc if c["status"] == "missed"]
    quick = [c for c in inc_good if queue_time(c) + ring_time(c) <= 30]
    in_hours = sum(9 <= int(c["started_at"][11:13]) < 18 for c in missed)
    sums: dict[str, Any] = {
        "total_calls": len(every),
        "outgoing_calls": len(out),
        "outgoing_connected_calls": len(out_good),
        "outgoing_not_connected_calls": len(out) - len(out_good),
        "outgoing_connect_rate": _share(len(out_good), len(out)),
        "incoming_calls": len(inc),
        "incoming_answered_calls": len(inc_good),
        "incoming_answer_rate": _share(len(inc_good), len(inc)),
        "incoming_missed_calls": len(missed),
        "missed_during_agent_hours": in_hours,
        "avg_ring_time": _mean(every, ring_time),
        "avg_talk_time": _mean(out_good + inc_good, lambda c: c["duration"] - hold_time(c)),
        "avg_hold_time": _mean(out_good + inc_good, hold_time),
        "avg_wrap_up_time": _mean(out_good + inc_good, wrap_up_time),
        "avg_handle_time": _mean(out_good + inc_good, lambda c: c["duration"] + wrap_up_time(c)),
        "avg_queue_time": _mean(inc, queue_time),
        "avg_call_duration": _mean(every, lambda c: c["duration"]),
        "sla_rate_30sec": _share(len(quick), len(inc)),
        "unique_outgoing_calls": len({c["to"] for c in out}),
        "unique_incoming_calls": len({c["from"] for c in inc}),
        "avg_post_call_survey_rating": None,
    }
    if of_account:
        sums |= {
            "missed_after_office_hours": len(missed) - in_hours,
            "missed_abandoned_before_ringing": 0,
            "voicemails_received": sum(c["status"] == "voicemail" for c in inc),
        }
    return sums


def _share(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _mean(calls: list[Call], measure: Callable[[Call], float]) -> float:
    return round(sum(measure(c) for c in calls) / len(calls), 2) if calls else 0.0


def line_of(call: Call) -> str:
    """Return the company's number of a call."""
    return str(call["to"] if call["direction"] == "inbound" else call["from"])


def grouped(calls: Iterable[Call], by: Callable[[Call], Any]) -> Mapping[Any, list[Call]]:
    """Sort calls into groups, in the order in which these first appear."""
    groups: dict[Any, list[Call]] = {}
    for call in calls:
        groups.setdefault(by(call), []).append(call)
    return groups
