"""CallScaler's streams on the bench. Figures are worked out here once more, from the raw calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sync.records import LISTED_AT, Buckets, Slice
from tests.benches.bench import SECRET, Bench, Values
from tests.sandbox_admin import Admin

SECRETS = {"api_key": SECRET}
GENEROUS = {"requests_per_minute": 100_000, "ai_delay_s": -3600}  # known before it ends, so not between two looks
UNTOLD = ("call_flow_id", "number_id", "number_group_id")  # that calls do not hold, unless shows_ids is set
GROUP_BY = ["source", "direction"]
METRICS = ["count", "avg_duration", "qualified_pct", "unique_callers", "missed_count", "total_value_cents"]


def _calls(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    found = [
        {**dict.fromkeys(UNTOLD), **call, "created_at": datetime.fromisoformat(call["created_at"])}
        for call in admin.truth("callscaler", "calls")
    ]
    return [call for call in found if within.start <= call["created_at"] < within.end]


def _figures(calls: list[Values]) -> Values:
    n = len(calls)
    return {
        "count": n,
        "avg_duration": round(sum(c["duration_seconds"] for c in calls) / n, 2),
        "qualified_pct": round(100 * len([c for c in calls if c["qualified_ai"]]) / n, 1),
        "unique_callers": len({c["caller_number"] for c in calls}),
        "answered_count": len([c for c in calls if c["status"] == "completed"]),
        "missed_count": len([c for c in calls if c["status"] == "no-answer"]),
        "total_value_cents": sum(c["value_cents"] or 0 for c in calls),
    }


def figures_of(
    admin: Admin,
    within: Slice,
    buckets: Buckets | None,
    *,
    group_by: Sequence[str] = GROUP_BY,
    metrics: Sequence[str] = METRICS,
) -> list[Values]:
    """Sum up by the dates of each period, which the sandbox takes for days of UTC."""
    assert buckets is not None
    raw, found, day = admin.truth("callscaler", "calls"), [], within.start.astimezone(buckets.zone).date()
    last = (within.end - timedelta(seconds=1)).astimezone(buckets.zone).date()
    while day <= last:
        if buckets.per == "day":
            end = day
        elif buckets.per == "week":
            end = day + timedelta(days=6)
        elif buckets.per == "month":
            end = (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        else:
            end = last
        groups: dict[tuple[str, ...], list[Values]] = defaultdict(list)
        for call in raw:
            if day.isoformat() <= call["created_at"][:10] <= end.isoformat():
                groups[tuple(call[name] or "(none)" for name in group_by)].append(call)
        period = {
            "period_start": day,
            "period_end": end,
            "period_began_at": datetime(day.year, day.month, day.day, tzinfo=buckets.zone),
        }
        for group, calls in groups.items():
            figures = _figures(calls)
            asked = {name: figures[name] for name in metrics}
            found.append({**period, **dict(zip(group_by, group, strict=True)), **asked})
        day = end + timedelta(days=1)
    return found


def _numbers(admin: Admin, _within: Slice, _: Buckets | None) -> list[Values]:
    return [
        {**number, "listed_at": LISTED_AT, "created_at": datetime.fromisoformat(number["created_at"])}
        for number in admin.truth("callscaler", "numbers")
    ]


def _edit(kind: str) -> Any:
    def edit(admin: Admin, key: Sequence[Any], field: str, value: Any) -> None:
        admin.edit_at("callscaler", kind=kind, ids=list(key), fields={field: value})

    return edit


BENCHES = [
    Bench(
        vendor="callscaler",
        stream="calls",
        secrets=SECRETS,
        generous=GENEROUS,
        truth=_calls,
        integer_field="duration_seconds",
        required_field="status",
        text_field="caller_name",
        edit=_edit("calls"),
        settings=[
            *({"dates_zone": zone} for zone in ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York")),
            *({"cursor_at": place, "tells_total": total} for place in ("top", "none") for total in (True, False)),
            {"envelope": False, "cursor_at": "inside"},
        ],
    ),
    Bench(
        vendor="callscaler",
        stream="analytics_calls",
        secrets=SECRETS,
        generous=GENEROUS,
        truth=figures_of,
        params={"group_by": GROUP_BY, "metrics": METRICS},
        integer_field="count",
        arrives="calls",
    ),
    Bench(
        vendor="callscaler",
        stream="numbers",
        secrets=SECRETS,
        generous=GENEROUS,
        truth=_numbers,
        text_field="friendly_name",
        edit=_edit("numbers"),
    ),
]
