"""The filters and options of an export as params of a tab, under the vendor's own names; and the request they make.

Which report takes which of them is not documented, so each is offered everywhere and the vendor's words are shown where
it refuses. What people write is checked only as far as its form is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sync.records import FieldType, Param, StreamSpec
from sync.sources.base import find_param_mistakes

_LISTS = {
    "userIDs": "Only of these users, by their numbers.",
    "teamIDs": "Only of these teams, by their numbers.",
    "callIDs": "Only these calls.",
    "lineIDs": "Only of these lines, by their numbers.",
    "customerNumbers": "Only calls with these numbers of customers.",
    "tagIDs": "Only calls with these tags, by their numbers.",
    "callTypes": "Only calls of these types.",
    "ivrBranches": "Only calls that took these branches of the menu.",
    "virtualVoiceAgentIDs": "Only calls that these voice agents took.",
    "ringAttemptOrigin": "Only ringing attempts of these origins.",
    "userStatuses": "Only these statuses of users.",
    "nextUserStatuses": "Only statuses that were followed by these.",
}
_TRUTHS = {
    "withAiIntervention": "Only calls with, or without, a part that an AI took.",
    "withVoicemail": "Only calls with, or without, a voicemail.",
}
_NUMBERS = {"minConnectedDuration": "Only calls that were connected for so many seconds at least."}
_TEXTS = {"teamFilterOption": "How several teams are meant."}
_OPEN = {
    "hours": "Only these hours of the day; the form is not documented and sent as it is written.",
    "duration": "Only calls of this length; the form is not documented and sent as it is written.",
}
_OPTIONS = {
    "dateBreakdown": (FieldType.TEXT, "How the sums are broken down by time, such as DAILY."),
    "slaTimeToAnswerInSeconds": (FieldType.INTEGER, "Seconds within which a call should be answered."),
    "slaIncludedCallUnansweredReasons": (FieldType.LIST, "Reasons of unanswered calls that count for that."),
}
_CHANGING = {"tagIDs": "tags", "withVoicemail": "voicemail", "callTypes": "call_type", "teamIDs": "team"}

EXPORT_PARAMS: tuple[Param, ...] = (
    *(Param(name=name, type=FieldType.LIST, description=text) for name, text in _LISTS.items()),
    *(Param(name=name, type=FieldType.BOOLEAN, description=text) for name, text in _TRUTHS.items()),
    *(Param(name=name, type=FieldType.INTEGER, description=text) for name, text in _NUMBERS.items()),
    *(Param(name=name, type=FieldType.TEXT, description=text) for name, text in _TEXTS.items()),
    *(Param(name=name, type=FieldType.OBJECT, description=text) for name, text in _OPEN.items()),
    *(Param(name=name, type=kind, description=text) for name, (kind, text) in _OPTIONS.items()),
)


def with_fields(params: tuple[Param, ...], fields: set[str]) -> tuple[Param, ...]:
    """Return the params with the field that each of them tests, where the stream has it."""
    return tuple(
        Param(name=p.name, type=p.type, description=p.description, allowed=p.allowed, field=_CHANGING[p.name])
        if _CHANGING.get(p.name) in fields
        else p
        for p in params
    )


def find_mistakes(spec: StreamSpec, params: Mapping[str, Any]) -> tuple[str, ...]:
    """Check params before a request is made: names, types, and that lists hold something."""
    checked = {name: value for name, value in params.items() if name not in _OPEN or spec.name == "calls"}
    mistakes = list(find_param_mistakes(spec, checked))
    for name, value in checked.items():
        if isinstance(value, list | tuple) and (
            not value or not all(isinstance(item, str | int) and not isinstance(item, bool) for item in value)
        ):
            mistakes.append(f"{name} = {value!r}: allowed is a list of one or more numbers or texts")
    return tuple(mistakes)


def make_payload(report: str, *, first: date, last: date, zone: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that asks for an export of whole days; the zone is always told."""
    options = {name: params[name] for name in _OPTIONS if name in params}
    filters = {name: value for name, value in params.items() if name not in _OPTIONS}
    days = {"fromDate": first.isoformat(), "toDate": last.isoformat()}
    asked: dict[str, Any] = {
        "reportName": report,
        "filter": {"timezone": zone, "dateFilter": {"absoluteRange": days}, **filters},
        "exportOptions": {"format": "CSV", "exportName": f"callsheet-{report.lower()}-{first}-{last}"},
    }
    if options:
        asked["options"] = options
    return {"input": asked}
