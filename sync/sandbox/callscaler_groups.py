"""CallScaler's analytics, computed from raw calls: groups, metrics, order, limit. Pure; knows no HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

RawCall = Mapping[str, Any]
Group = tuple[Any, ...]

TIME_GROUPS: Mapping[str, Callable[[datetime], Any]] = {
    "date": lambda at: at.date().isoformat(),
    "week": lambda at: f"{at.isocalendar().year}-W{at.isocalendar().week:02d}",
    "month": lambda at: f"{at:%Y-%m}",
    "hour_of_day": lambda at: at.hour,
    "day_of_week": lambda at: at.isoweekday() % 7,
}
FIELD_GROUPS: Mapping[str, str] = {
    **{
        name: name
        for name in ("source", "utm_source", "utm_medium", "utm_campaign", "utm_term", "ai_category", "status")
    },
    "call_flow": "call_flow_name",
    **{name: name for name in ("call_flow_id", "tracking_number", "number_id", "direction")},
}
GROUPS = (*FIELD_GROUPS, *TIME_GROUPS)


def _average(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return round(sum(there) / len(there), 2) if there else None


def _n_of(status: str) -> Callable[[Sequence[RawCall]], int]:
    return lambda calls: sum(call["status"] == status for call in calls)


def _sum_of(name: str) -> Callable[[Sequence[RawCall]], int]:
    return lambda calls: sum(call[name] or 0 for call in calls)


METRICS: Mapping[str, Callable[[Sequence[RawCall]], Any]] = {
    "count": len,
    "avg_duration": lambda calls: _average([call["duration_seconds"] for call in calls]),
    "total_duration": _sum_of("duration_seconds"),
    "avg_ai_score": lambda calls: _average([call["ai_score"] for call in calls]),
    "avg_robo_score": lambda calls: _average([call["robo_score"] for call in calls]),
    "qualified_count": lambda calls: sum(call["qualified_ai"] is True for call in calls),
    "qualified_pct": lambda calls: (
        round(100 * sum(call["qualified_ai"] is True for call in calls) / len(calls), 1) if calls else 0.0
    ),
    "unique_callers": lambda calls: len({call["caller_number"] for call in calls}),
    "answered_count": _n_of("completed"),
    "missed_count": _n_of("no-answer"),
    "voicemail_count": _n_of("voicemail"),
    "total_value_cents": _sum_of("value_cents"),
    "total_cost_cents": _sum_of("cost_cents"),
}


def group_calls(calls: Sequence[RawCall], names: Sequence[str], zone: ZoneInfo) -> dict[Group, list[RawCall]]:
    """Put each call into its one group."""
    grouped: dict[Group, list[RawCall]] = {}
    for call in calls:
        at = datetime.fromisoformat(call["created_at"]).astimezone(UTC).astimezone(zone)
        group = tuple(TIME_GROUPS[n](at) if n in TIME_GROUPS else call[FIELD_GROUPS[n]] for n in names)
        grouped.setdefault(group, []).append(call)
    return grouped


def to_rows(grouped: Mapping[Group, Sequence[RawCall]], names: Sequence[str], metrics: Sequence[str]) -> list[Any]:
    """Return a row for each group."""
    return [
        dict(zip(names, group, strict=True)) | {metric: METRICS[metric](calls) for metric in metrics}
        for group, calls in grouped.items()
    ]


def ranked(rows: list[Any], grouped: Mapping[Group, Sequence[RawCall]], *, by: str, descending: bool, turn: int) -> Any:
    """Return rows in order; those that tie stand otherwise at every turn, as in a database without a second key."""
    values = [
        METRICS[by](calls) if by in METRICS else row.get(by) for row, calls in zip(rows, grouped.values(), strict=True)
    ]
    order = list(range(len(rows)))
    Random(turn).shuffle(order)
    order.sort(key=lambda n: _sortable(values[n]), reverse=descending)
    return [rows[n] for n in order]


def _sortable(value: Any) -> tuple[bool, float, str]:
    """Nulls first, numbers by size, texts by letters."""
    is_number = isinstance(value, int | float)
    return (value is not None, float(value) if is_number else 0.0, "" if is_number else str(value))
