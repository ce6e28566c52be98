"""Options of a JustCall connection, and the forms of its replies. Sends nothing; quirks are in README.md beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from sync.records import Record
from sync.sources.base import BaseUrl, SecretRef, SourceOptions


class JustCallOptions(SourceOptions):
    """A connection to JustCall: the two halves of an API key."""

    vendor: Literal["justcall"] = Field(default="justcall", description="Which vendor this connection speaks to.")
    api_key: SecretRef = Field(description="Where the API key is found, as env:NAME or file:PATH.")
    api_secret: SecretRef = Field(description="Where the API secret is found, as env:NAME or file:PATH.")
    base_url: BaseUrl = Field(
        default="https://api.justcall.io", description="The address below which the vendor's API is found."
    )
    # The mark is read by config: what is allowed but not listed there is refused as not available yet.
    dialect: Literal["v2", "v2.1"] = Field(
        default="v2",
        json_schema_extra={"available": ["v2"]},
        description="Which form of the API is spoken: the help centre's v2, or the developer site's v2.1.",
    )


def _to_instant(value: Any) -> datetime | None:
    """Read ISO 8601 with a zone. Without one the instant would be a guess, so the record is refused."""
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
        in_utc = instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("not an ISO 8601 instant") from None  # their own words would repeat the value
    if instant.tzinfo is None:
        raise ValueError("an instant without zone")
    return in_utc


Instant = Annotated[datetime, BeforeValidator(_to_instant)]
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


class Complaint(BaseModel):
    """Why one record cannot be read: its key, the field, and what was found there; no values of people."""

    model_config = ConfigDict(frozen=True)

    example: str
    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.example}: {self.field} {self.what}"


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


def json_type(value: Any) -> str:
    """Name the JSON type of a value, as people call it."""
    names = {
        bool: "true or false",
        int: "an integer",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "an object",
    }
    return "null" if value is None else names.get(type(value), type(value).__name__)
