"""Frozen types that travel from source to tab: field, record, slice, page, stream, row, table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from zoneinfo import ZoneInfo

Value = str | int | float | bool | datetime | date | list[Any] | dict[str, Any] | None
"""What a record holds. Instants are aware datetimes in UTC."""

Cell = str | int | float | bool | None
"""What a spreadsheet cell takes; dates and instants are serial numbers by then, None is an empty cell."""


class FieldType(StrEnum):
    """The types a declared field can have."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    DATE = "date"
    LIST = "list"
    OBJECT = "object"


class Role(StrEnum):
    """What a field means to summaries, whatever the vendor calls it."""

    STARTED_AT = "started at"
    ENDED_AT = "ended at"
    DURATION = "duration"
    STATUS = "status"
    DIRECTION = "direction"
    AGENT_ID = "agent id"
    AGENT_NAME = "agent name"
    CALLER = "caller"
    CALLED = "called"
    WAIT = "wait"
    TALK = "talk"
    VALUE = "value"
    COST = "cost"
    SOURCE = "source"
    LINE = "line"
    DISPOSITION = "disposition"
    TAGS = "tags"
    CALL_FLOW = "call flow"
    QUALIFIED = "qualified"
    AI_SCORE = "AI score"
    ROBO_SCORE = "robo score"


class StreamKind(StrEnum):
    """How a stream is asked for.

    Rows are records that each belong to an instant. An aggregate is asked once per period, which is part of its key.
    A list is what there is now, without dates: users, numbers.
    """

    ROWS = "rows"
    AGGREGATE = "aggregate"
    LIST = "list"


Per = Literal["day", "week", "month", "period"]
"""The period that one request for an aggregate covers; "period" is the whole period of the tab."""

LISTED_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""What stands in the cursor field of every record of a list, so that any list lies in one window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One declared field of a stream.

    `can_change` marks what a vendor edits after the record first appears. What is not `shown` is left out where a tab
    does not choose its columns.
    """

    name: str
    type: FieldType
    title: str
    description: str
    role: Role | None = None
    can_change: bool = False
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """What a tab may pass to the vendor, mostly a filter. `field` names the record field that it tests, if one.

    One that is `required` has an `example`, with which a sample of the stream is pulled.
    """

    name: str
    type: FieldType
    description: str
    allowed: tuple[str, ...] = ()
    field: str | None = None
    required: bool = False
    example: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWords:
    """Which status values of a stream count as answered, missed and voicemail."""

    answered: tuple[str, ...]
    missed: tuple[str, ...]
    voicemail: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSpec:
    """What a stream declares: everything that mirror, view, config and help need to know of it.

    `cursor_field` is an instant field by which the stream is read forward; a record belongs to the slice
    that holds its cursor value. In an aggregate it is the instant at which the period begins, in a list LISTED_AT.
    `slice_days` is the longest stretch asked in one walk, and for an aggregate the longest period. `per` holds the
    periods by which an aggregate can be asked, the usual one first.

    `retention` is how far back the vendor remembers (None: not known to forget); where it is certain, nothing older is
    asked for. What is read more rarely than `longest_pause` is lost. `change_feed` says that the source can tell what
    changed since an instant. `off_peak` says that the vendor wants this read outside business hours. `looked_up_by` is
    a field by which the mirror is asked too, beside key and cursor field. Streams of one name and different `variant`
    have nothing in common but the name. `endpoint` is where it is asked, for people.
    """

    name: str
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    cursor_field: str
    params: tuple[Param, ...]
    page_size: int
    slice_days: int
    lookback: timedelta
    reread: timedelta
    retention: timedelta | None
    limits: str
    status_words: StatusWords | None = None
    kind: StreamKind = StreamKind.ROWS
    per: tuple[Per, ...] = ()
    variant: str = ""
    endpoint: str = ""
    retention_is_certain: bool = False
    longest_pause: timedelta | None = None
    change_feed: bool = False
    off_peak: bool = False
    looked_up_by: str = ""

    def field_named(self, name: str) -> Field | None:
        """Return the declared field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    def field_with(self, role: Role) -> Field | None:
        """Return the field that plays `role`, or None."""
        return next((f for f in self.fields if f.role is role), None)


@dataclass(frozen=True, slots=True)
class Record:
    """One item as the vendor sent it: declared fields by name (all present), and unknown ones in `extra`."""

    values: Mapping[str, Value]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Slice:
    """A stretch of time read as a unit: UTC instants, start included, end excluded."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M}..{self.end:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """The periods by which an aggregate is asked, in the zone in which their days are meant."""

    per: Per
    zone: ZoneInfo
    week_starts: Literal["monday", "sunday"] = "monday"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Records of one reply that belong to the slice, and what was skipped.

    `n_expected` is how many records the vendor says the whole request matches; for progress only. `warnings` are
    sentences for the report: what the vendor left out or changed without being asked. It is not `whole` where the
    vendor cut its answer, so that what is missing there may yet exist.
    """

    records: Sequence[Record]
    rejected: Sequence[str] = ()
    n_expected: int | None = None
    warnings: Sequence[str] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table: the field it shows, its title, type, and the number format of its cells ("" for none).

    `format_type` is Google's kind of format where the type does not tell it; without a pattern it shows by the
    spreadsheet's locale. Numbers are divided by `divisor` on their way into cells, or shown `as_text`. `mask` says how
    a value is made unreadable, `hides` names the masked fields whose values are blotted out here too. `metric` is what
    a column of a summary shows, where its name does not say it. `is_dressed` marks what the config says of its look.
    """

    name: str
    title: str
    type: FieldType
    number_format: str = ""
    format_type: str = ""
    divisor: int = 1
    as_text: bool = False
    is_link: bool = False
    mask: str = ""
    hides: tuple[str, ...] = ()
    width: int = 0
    metric: str = ""
    is_dressed: bool = False

    @property
    def look(self) -> str:
        """A word for how cells of the column look and what they hold, to tell when the config changed it."""
        parts = [self.format_type, self.number_format, str(self.divisor), "text" * self.as_text, "link" * self.is_link]
        return "|".join([*parts, self.mask])


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows shaped for one tab: cells in the order of `columns`, one key a row, in the order the tab shows them."""

    columns: tuple[Column, ...]
    keys: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    n_cut_cells: int = 0
