"""The stream of all calls: the calls of several connections in one form, made of the roles that streams declare. Pure.

What answered, missed and duration mean is the same for every vendor; docs/reference/all-calls.md says it in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.later import Later
from sync.records import Field, FieldType, Record, Role, StatusWords, StreamKind, StreamSpec
from sync.shape.cells import KEY_COLUMN
from sync.store.mirror_table import key_text

if TYPE_CHECKING:
    import polars as pl
else:
    pl = Later("polars")

ALL_CALLS = "all_calls"
ROWS_VERSION = 1  # raise it when the same calls make other records, so that all are made again
OF_RETURNS = ("returned", "returned_at", "attempts")
"""The fields that later calls decide."""
NUMBER_END = "number_end"
END_DIGITS = 7  # as many as any form of a number has, whether or not country and area are written

_TEXT, _INTEGER, _NUMBER = FieldType.TEXT, FieldType.INTEGER, FieldType.NUMBER
_INSTANT, _BOOLEAN = FieldType.INSTANT, FieldType.BOOLEAN
_NEEDED = (Role.STARTED_AT, Role.STATUS, Role.CALLER)
_BY_NAME = ("utm_source", "utm_medium", "utm_campaign")
_IN_CENTS = {"value_cents": Role.VALUE, "cost_cents": Role.COST}


def _field(name: str, kind: FieldType, *words: str, role: Role | None = None) -> Field:
    changes = name not in ("vendor", "connection", "call_id", "started_at", "direction", "caller", NUMBER_END)
    title, about = words
    return Field(name=name, type=kind, title=title, description=about, role=role, can_change=changes)


_ALWAYS = (
    _field("vendor", _TEXT, "Vendor", "Whose call it is."),
    _field("connection", _TEXT, "Connection", "The connection that it was read through."),
    _field("call_id", _TEXT, "Call ID", "What the vendor calls the call; unique within the connection."),
    _field("started_at", _INSTANT, "Started", "When the call began.", role=Role.STARTED_AT),
    _field("direction", _TEXT, "Direction", "inbound or outbound.", role=Role.DIRECTION),
    _field(
        "status",
        _TEXT,
        "Status",
        "answered, missed (inbound), unanswered (outbound), voicemail, or another word of the vendor's.",
        role=Role.STATUS,
    ),
    _field("answered", _BOOLEAN, "Answered", "Whether somebody answered."),
    _field("missed", _BOOLEAN, "Missed", "Whether a caller got neither a person nor a voicemail."),
    _field(
        "duration",
        _INTEGER,
        "Duration (s)",
        "Seconds in conversation, hold included; 0 for a call that nobody answered.",
        role=Role.DURATION,
    ),
    _field("caller", _TEXT, "Customer number", "The other side: who called, or was called.", role=Role.CALLER),
)
_WHERE_TOLD = (
    _field("agent_name", _TEXT, "Agent", "The agent's name.", role=Role.AGENT_NAME),
    _field("line", _TEXT, "Line", "The company's line or tracking number.", role=Role.LINE),
    _field("wait", _NUMBER, "Wait (s)", "Seconds until the answer, where the vendor tells.", role=Role.WAIT),
    _field("source", _TEXT, "Source", "Where the caller came from.", role=Role.SOURCE),
    _field("call_flow", _TEXT, "Call flow", "The call flow that the call went through.", role=Role.CALL_FLOW),
    _field("disposition", _TEXT, "Disposition", "The outcome that the agent chose.", role=Role.DISPOSITION),
    _field("tags", FieldType.LIST, "Tags", "Tags put on the call.", role=Role.TAGS),
    _field("utm_source", _TEXT, "UTM source", "The utm_source of the visit."),
    _field("utm_medium", _TEXT, "UTM medium", "The utm_medium of the visit."),
    _field("utm_campaign", _TEXT, "UTM campaign", "The utm_campaign of the visit."),
    _field("qualified", _BOOLEAN, "Qualified", "Whether the call was found qualified.", role=Role.QUALIFIED),
    _field("value_cents", _INTEGER, "Value (cents)", "What the call is worth.", role=Role.VALUE),
    _field("cost_cents", _INTEGER, "Cost (cents)", "What the call cost.", role=Role.COST),
)
_RETURNS = (
    _field(
        "returned",
        _BOOLEAN,
        "Returned",
        "For an inbound call that nobody answered: whether one side reached the other later, through any of the "
        "connections. Empty for other calls, and where the number is hidden.",
    ),
    _field("returned_at", _INSTANT, "Returned at", "When they spoke."),
    _field("attempts", _INTEGER, "Attempts", "How often the number was called since, up to the answer."),
)
_HIDDEN = (
    _field("ended_at", _INSTANT, "Ended", "When the call ended, where the vendor tells.", role=Role.ENDED_AT),
    _field("voicemail", _BOOLEAN, "Voicemail", "Whether the call ended in a voicemail."),
    _field("agent_id", _TEXT, "Agent ID", "What the vendor calls the agent."),
    _field("agent_key", _TEXT, "Agent key", "Connection and id of the agent.", role=Role.AGENT_ID),
    _field("vendor_status", _TEXT, "Status there", "The status in the vendor's own word."),
    _field("vendor_duration", _INTEGER, "Duration there (s)", "The length as the vendor counts it."),
    _field(NUMBER_END, _TEXT, "End of number", "Last digits of the customer's number, by which calls are found."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where some of the calls come from: vendor and connection by name, and the stream of calls there."""

    vendor: str
    connection: str
    spec: StreamSpec


def call_stream(specs: Iterable[StreamSpec]) -> StreamSpec | None:
    """Return the stream of a vendor that holds its calls: "calls", else the first with all roles that it takes."""
    fitting = [spec for spec in specs if _holds_calls(spec)]
    return next((spec for spec in fitting if spec.name == "calls"), fitting[0] if fitting else None)


def _holds_calls(spec: StreamSpec) -> bool:
    has_roles = all(spec.field_with(role) for role in _NEEDED)
    return spec.kind is StreamKind.ROWS and spec.status_words is not None and has_roles


def make_spec(streams: Sequence[StreamSpec]) -> StreamSpec:
    """Declare the stream of all calls of some streams; what none of them tells plays no role and is not shown."""
    told = tuple(
        field if any(_tells(spec, field) for spec in streams) else replace(field, role=None, shown=False)
        for field in _WHERE_TOLD
    )
    hidden = tuple(replace(field, shown=False) for field in _HIDDEN)
    return StreamSpec(
        name=ALL_CALLS,
        description="The calls of several connections in one form, whatever the vendor.",
        fields=(*_ALWAYS, *told, *_RETURNS, *hidden),
        key=("connection", "call_id"),
        cursor_field="started_at",
        params=(),
        page_size=max((spec.page_size for spec in streams), default=1),
        slice_days=max((spec.slice_days for spec in streams), default=1),
        lookback=max((spec.lookback for spec in streams), default=timedelta()),
        reread=max((spec.reread for spec in streams), default=timedelta()),
        retention=None,
        limits="those of each vendor: the calls are read as for a tab of that vendor's calls, and only once",
        status_words=StatusWords(answered=("answered",), missed=("missed",), voicemail=("voicemail",)),
        looked_up_by=NUMBER_END,
    )


def _tells(spec: StreamSpec, field: Field) -> bool:
    if field.name == "line" and spec.field_with(Role.CALLED):
        return True
    return _source_of(spec, field) is not None


def _source_of(spec: StreamSpec, field: Field) -> Field | None:
    """Return the field of a vendor's stream that one of ours is taken from."""
    if field.name in _BY_NAME:
        return spec.field_named(field.name)
    if field.name == "agent_id":
        return spec.field_with(Role.AGENT_ID)
    role = _IN_CENTS.get(field.name, field.role)
    found = spec.field_with(role) if role else None
    if found is not None and field.name in _IN_CENTS and not found.name.endswith("cents"):
        return None  # dollars, or points
    return found


def fields_to_gather(spec: StreamSpec) -> tuple[str, ...]:
    """Return the fields of a vendor's stream that are read."""
    ours = (_source_of(spec, field) for field in (*_ALWAYS, *_WHERE_TOLD, *_HIDDEN))
    more = (spec.field_with(role) for role in (Role.CALLED, Role.TALK))
    return tuple(dict.fromkeys(field.name for field in (*ours, *more) if field is not None))


def to_all_calls(df: pl.DataFrame, origin: Origin) -> pl.DataFrame:
    """Return the calls of one connection as the stream of all calls has them; what later calls decide is empty."""
    spec, words = origin.spec, origin.spec.status_words
    assert words is not None  # call_stream asks for it
    plain = {
        field.name: _plain(spec, field, df) for field in (*_ALWAYS, *_WHERE_TOLD, *_HIDDEN) if field.role is not None
    }
    plain |= {field.name: _plain(spec, field, df) for field in _WHERE_TOLD if field.role is None}
    status = _role(spec, Role.STATUS, df).cast(pl.String)
    word = status.str.to_lowercase()
    is_out = _direction(plain["direction"]) == "outbound"
    is_out = is_out.fill_null(value=False)
    answered, voicemail = _among(word, words.answered), _among(word, words.voicemail)
    unanswered = _among(word, words.missed)
    missed = unanswered & ~is_out
    caller, line = _sides(spec, df, is_out)
    made = {
        "vendor": pl.lit(origin.vendor),
        "connection": pl.lit(origin.connection),
        "call_id": pl.col(KEY_COLUMN),
        "direction": _direction(plain["direction"]),
        "status": pl.when(answered)
        .then(pl.lit("answered"))
        .when(missed)
        .then(pl.lit("missed"))
        .when(unanswered)
        .then(pl.lit("unanswered"))
        .when(voicemail)
        .then(pl.lit("voicemail"))
        .otherwise(word),
        "answered": answered,
        "missed": missed,
        "voicemail": voicemail,
        "duration": pl.when(answered).then(_talk(spec, df)).otherwise(0).cast(pl.Int64),
        "caller": caller,
        "line": line,
        "agent_id": _role(spec, Role.AGENT_ID, df).cast(pl.String),
        "agent_key": pl.format("{} {}", pl.lit(origin.connection), _role(spec, Role.AGENT_ID, df).cast(pl.String)),
        "vendor_status": status,
        "vendor_duration": _role(spec, Role.DURATION, df).cast(pl.Int64, strict=False),
        NUMBER_END: number_end(caller),
    }
    names = [field.name for field in (*_ALWAYS, *_WHERE_TOLD, *_HIDDEN)]
    return df.select([{**plain, **made}[name].alias(name) for name in names])


def to_frame(records: Iterable[Record], spec: StreamSpec) -> pl.DataFrame:
    """Return records of a vendor's stream as the mirror would."""
    from sync.store.mirror_read import DTYPES  # noqa: PLC0415 - takes polars and the database along

    names = fields_to_gather(spec)
    dtypes = {field.name: DTYPES[field.type] for field in spec.fields if field.name in names}
    rows = [
        {**{name: record.values[name] for name in dtypes}, KEY_COLUMN: key_text([record.values[k] for k in spec.key])}
        for record in records
    ]
    return pl.DataFrame(rows, schema={**dtypes, KEY_COLUMN: pl.String()})


def _plain(spec: StreamSpec, field: Field, df: pl.DataFrame) -> pl.Expr:
    """Return what is taken over as it is, in the type that ours has."""
    source = _source_of(spec, field)
    if source is None or source.name not in df.columns:
        return pl.lit(None)
    value = pl.col(source.name)
    if field.type is FieldType.TEXT:
        return value.cast(pl.String)
    return value.cast(pl.Float64, strict=False) if field.type is FieldType.NUMBER else value


def _role(spec: StreamSpec, role: Role, df: pl.DataFrame) -> pl.Expr:
    field = spec.field_with(role)
    return pl.col(field.name) if field is not None and field.name in df.columns else pl.lit(None, dtype=pl.String)


def _among(word: pl.Expr, words: Sequence[str]) -> pl.Expr:
    return word.is_in([one.lower() for one in words]).fill_null(value=False)


def _direction(value: pl.Expr) -> pl.Expr:
    word = value.cast(pl.String).str.to_lowercase()
    return (
        pl.when(word.str.starts_with("in"))
        .then(pl.lit("inbound"))
        .when(word.str.starts_with("out"))
        .then(pl.lit("outbound"))
        .otherwise(word)
    )


def _sides(spec: StreamSpec, df: pl.DataFrame, is_out: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the customer's number and the company's line; some vendors tell only who called whom."""
    caller, called = (_role(spec, role, df).cast(pl.String) for role in (Role.CALLER, Role.CALLED))
    if spec.field_with(Role.CALLED) is None:
        return caller, _role(spec, Role.LINE, df).cast(pl.String)
    return pl.when(is_out).then(called).otherwise(caller), pl.when(is_out).then(caller).otherwise(called)


def _talk(spec: StreamSpec, df: pl.DataFrame) -> pl.Expr:
    """Return the seconds in conversation: the vendor's talk time where it has one, else its duration."""
    role = Role.TALK if spec.field_with(Role.TALK) else Role.DURATION
    seconds = _role(spec, role, df).cast(pl.Float64, strict=False)
    return seconds.fill_null(0).round()


def number_end(number: pl.Expr) -> pl.Expr:
    """Return the last digits of a phone number; null where there are too few to know anybody by."""
    digits = number.str.replace_all(r"\D", "")
    return pl.when(digits.str.len_chars() >= END_DIGITS).then(digits.str.tail(END_DIGITS))
