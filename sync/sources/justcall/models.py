"""Options of a JustCall connection, and the forms of its replies. Sends nothing; quirks are in README.md beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from typing_extensions import TypedDict

from sync import clock
from sync.records import Record
from sync.sources.base import BaseUrl, SecretRef, SourceOptions
from sync.sources.justcall import analytics, live
from sync.sources.justcall.forms import Layout
from sync.sources.rows import Complaint, json_type, to_instant


def _check_zone(name: str) -> str:
    clock.zone(name)
    return name


ZoneName = Annotated[str, AfterValidator(_check_zone)]

# Those whose fields are looked for by name; the call logs of v2 are documented to the letter
_LAYOUTS: Mapping[str, Mapping[str, Layout]] = {"v2": analytics.LAYOUTS, "v2.1": live.LAYOUTS}


class JustCallOptions(SourceOptions):
    """A connection to JustCall: the two halves of an API key."""

    vendor: Literal["justcall"] = Field(default="justcall", description="Which vendor this connection speaks to.")
    api_key: SecretRef = Field(description="Where the API key is found, as env:NAME or file:PATH.")
    api_secret: SecretRef = Field(description="Where the API secret is found, as env:NAME or file:PATH.")
    base_url: BaseUrl = Field(
        default="https://api.justcall.io", description="The address below which the vendor's API is found."
    )
    dialect: Literal["v2", "v2.1"] = Field(
        default="v2",
        description="Which form of the API is spoken: the help centre's v2, or the developer site's v2.1.",
    )
    plan: Literal["team", "pro", "business"] | None = Field(
        default=None,
        description="The plan at JustCall, which sets how many requests a minute, and in v2.1 an hour, may go out; "
        "requests_per_minute and requests_per_hour win over it.",
    )
    requests_per_hour: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        json_schema_extra={"example": 1800},
        description="Requests an hour that this key may send, on top of the minute.",
    )
    times_zone: ZoneName = Field(
        default="UTC", description="The zone of times that the analytics of v2 send without one."
    )
    fields: dict[str, dict[str, str]] = Field(
        default={},
        json_schema_extra={"example": {"analytics_calls": {"call_id": "uuid"}}},
        description="By stream, the vendor's own name for a field of ours, where it is not found by itself; a dot "
        "leads into an object, a plus joins a date and a time.",
    )

    @field_validator("fields")
    @classmethod
    def _check_names(cls, fields: dict[str, dict[str, str]], so_far: ValidationInfo) -> dict[str, dict[str, str]]:
        layouts = _LAYOUTS[so_far.data.get("dialect", "v2")]
        for stream, names in fields.items():
            if stream not in layouts:
                raise ValueError(f"no names are looked for in {stream!r}; allowed: {', '.join(layouts)}")
            known = [column.field.name for column in layouts[stream].columns]
            if wrong := [name for name in names if name not in known]:
                raise ValueError(f"{stream} has no field {wrong[0]!r}; allowed: {', '.join(known)}")
            if empty := [name for name, sent in names.items() if not sent.strip()]:
                raise ValueError(f"{empty[0]} of {stream} is empty; allowed: a name that JustCall sends")
        return fields

    def rate_limits(self) -> tuple[tuple[int, float], ...]:
        """Return the limits of the plan and those that were set; all of them hold at once."""
        per_minute, per_hour = _LIMITS[self.dialect][self.plan]
        if "requests_per_minute" in self.model_fields_set:
            per_minute = self.requests_per_minute
        per_hour = self.requests_per_hour or per_hour
        return ((per_minute, 60.0), *(((per_hour, 3600.0),) if per_hour else ()))


# Requests a minute and an hour by plan. What is not known to be higher gets what the smallest plan has.
_LIMITS: Mapping[str, Mapping[str | None, tuple[int, int | None]]] = {
    "v2": {None: (60, None), "team": (60, None), "pro": (120, None), "business": (300, None)},
    "v2.1": {None: (30, 1800), "team": (30, 1800), "pro": (60, 3600), "business": (90, 5400)},
}


Instant = Annotated[datetime, BeforeValidator(to_instant)]
Integer = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]  # what a database column takes

# In this form because `from` is a word of Python. Null is fine where people or machines may have nothing to say yet;
# absence is not: a renamed field must not blank what people see.
CallFields = TypedDict(
    "CallFields",
    {
        "call_id": Annotated[str, Field(min_length=1)],
        "started_at": Instant,
        "ended_at": Instant | None,
        "direction": str | None,
        "from": str | None,
        "to": str | None,
        "agent_id": Integer | None,
        "agent_name": str | None,
        "status": str | None,
        "duration": Integer | None,
        "recording_url": str | None,
        "voicemail": bool | None,
        "notes": str | None,
        "disposition": str | None,
        "tags": list[str] | None,
    },
)
CallFields.__pydantic_config__ = ConfigDict(extra="allow", strict=True, hide_input_in_errors=True)  # type: ignore[attr-defined]

_CALL: TypeAdapter[Any] = TypeAdapter(CallFields)
_CALLS: TypeAdapter[Any] = TypeAdapter(list[CallFields])
CALL_NAMES = tuple(CallFields.__annotations__)


class CallsReply(BaseModel):
    """One page of /v2/calls. `count` is what the whole request matches, not what this page holds."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    status: Literal["success"]
    count: int = Field(ge=0)
    total_pages: int = Field(ge=0)
    page: int
    data: list[Any]


def to_calls(rows: Sequence[Any]) -> tuple[list[Record], list[Complaint]]:
    """Validate a page in one go; only when that fails, record by record, to keep the good ones and name the others."""
    try:
        return [_to_record(call) for call in _CALLS.validate_python(rows)], []
    except ValidationError:
        return _to_calls_one_by_one(rows)


def _to_calls_one_by_one(rows: Sequence[Any]) -> tuple[list[Record], list[Complaint]]:
    records, complaints = [], []
    for row in rows:
        try:
            records.append(_to_record(_CALL.validate_python(row)))
        except ValidationError as error:
            complaints.append(_to_complaint(row, error))
    return records, complaints


def _to_record(call: Mapping[str, Any]) -> Record:
    values = {name: call[name] for name in CALL_NAMES}
    extra = {name: value for name, value in call.items() if name not in values} if len(call) > len(values) else {}
    return Record(values, extra)


def _to_complaint(row: Any, error: ValidationError) -> Complaint:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    is_object = isinstance(row, dict)
    example = str(row.get("call_id", "a call without call_id"))[:80] if is_object else "an item"
    if not is_object:
        return Complaint(example=example, field="", what=f"is {json_type(row)}, not an object")
    if name not in row:
        return Complaint(example=example, field=name, what="is missing")
    found = json_type(row[name])
    return Complaint(example=example, field=name, what=f"is {found}: {first['msg'].lower()}")
