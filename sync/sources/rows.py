"""Rows of a reply to records: typed by the declared fields, the odd ones named and counted. Knows no vendor.

Also what sources have in common: streams as the options set them and the first check of what is asked; which days to
ask for where records are listed by day; pages of rows to pages of records.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Generic, NotRequired, Protocol, TypeVar

import orjson
from pydantic import BeforeValidator, TypeAdapter, ValidationError
from pydantic import Field as Bounds
from typing_extensions import TypedDict

from sync.errors import ConfigError, ContractBroken, SyncError, Where
from sync.records import LISTED_AT, Field, FieldType, Page, Record, Slice, StreamKind, StreamSpec
from sync.sources.base import ParamsCheck, SourceOptions, find_param_mistakes, spec_of

REJECTED_SHARE = 0.10  # of a slice; more is not a slip in one record but a changed form
REJECTED_PAGE = 5  # records; a page of so many without a good one tells as much at once


class Requester(Protocol):
    """What a source sends its requests with, such as an `ApiClient`."""

    @property
    def n_requests(self) -> int:
        """How many requests went out, failed ones included."""

    def close(self) -> None:
        """Close the connections."""


_Client = TypeVar("_Client", bound=Requester)


class DeclaredSource(Generic[_Client]):
    """The part of a source that is the same at every vendor: its streams, the count of requests, the first check."""

    def __init__(self, client: _Client, specs: Mapping[str, StreamSpec], options: SourceOptions) -> None:
        self._client = client
        self._specs = {name: options.applied_to(spec) for name, spec in specs.items()}

    @property
    def specs(self) -> Mapping[str, StreamSpec]:
        """The streams by name, with lookback and reread as the options set them."""
        return self._specs

    @property
    def n_requests(self) -> int:
        """How many requests went out since the source was made, failed ones included."""
        return self._client.n_requests

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _checked(
        self, stream: str, params: Mapping[str, Any], find_mistakes: ParamsCheck = find_param_mistakes
    ) -> StreamSpec:
        """Return the stream of that name; ConfigError where there is none, or its params hold mistakes."""
        spec = spec_of(self._specs, stream)
        if mistakes := find_mistakes(spec, params):
            raise ConfigError("; ".join(mistakes), where=Where(stream=stream))
        return spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Why one row cannot be read: its key, the field, and what was found there; no values of people."""

    example: str
    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.example}: {self.field} {self.what}"


def to_instant(value: Any) -> Any:
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


def to_date(value: Any) -> Any:
    """Read a day, alone or with the time at which it begins."""
    if value is None or not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value[:10]) if re.fullmatch(r"\d{4}-\d\d-\d\d([T ].*)?", value) else value
    except ValueError:
        raise ValueError("not a day of the calendar") from None


def _to_number(value: Any) -> Any:
    """Databases hand out sums as text, and whole ones with a fraction of nothing."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}(\.\d{1,12})?", value):
        value = float(value) if "." in value else int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _to_text(value: Any) -> Any:
    """Ids may be numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_FORMS: Mapping[FieldType, Any] = {
    FieldType.TEXT: Annotated[str, BeforeValidator(_to_text)],
    FieldType.INTEGER: Annotated[int, Bounds(ge=-(2**63), le=2**63 - 1), BeforeValidator(_to_number)],
    FieldType.NUMBER: Annotated[float, BeforeValidator(_to_number)],
    FieldType.BOOLEAN: bool,
    FieldType.INSTANT: Annotated[datetime, BeforeValidator(to_instant)],
    FieldType.DATE: Annotated[date, BeforeValidator(to_date)],
    FieldType.LIST: list[Any],
    FieldType.OBJECT: dict[str, Any],
}


class RowReader:
    """Reads rows whose fields are named as the vendor names them.

    What is not `optional` must be there: a renamed field must not blank what people see. Null is fine but for `needed`
    fields, by which a record is found again.
    """

    def __init__(
        self, fields: Sequence[Field], *, needed: Collection[str], optional: Collection[str] = (), noun: str = "record"
    ) -> None:
        self._names = tuple(f.name for f in fields)
        self._needed, self._noun = tuple(needed), noun
        forms = {f.name: _form_of(f, is_needed=f.name in needed, is_optional=f.name in optional) for f in fields}
        make_form: Any = TypedDict  # of names that are known at run time only
        row = make_form("row", forms)
        row.__pydantic_config__ = {"extra": "allow", "strict": True, "hide_input_in_errors": True}
        self._row: TypeAdapter[Any] = TypeAdapter(row)
        rows: Any = list.__class_getitem__(row)
        self._rows: TypeAdapter[Any] = TypeAdapter(rows)

    def read(self, rows: Sequence[Any]) -> tuple[list[Record], list[Complaint]]:
        """Validate a page in one go; only when that fails, row by row, to keep the good ones and name the others."""
        try:
            return [self._to_record(row) for row in self._rows.validate_python(rows)], []
        except ValidationError:
            records, complaints = [], []
        for row in rows:
            try:
                records.append(self._to_record(self._row.validate_python(row)))
            except ValidationError as error:
                complaints.append(self._to_complaint(row, error))
        return records, complaints

    def _to_record(self, row: Mapping[str, Any]) -> Record:
        values = {name: row.get(name) for name in self._names}
        return Record(values, {name: value for name, value in row.items() if name not in values})

    def _to_complaint(self, row: Any, error: ValidationError) -> Complaint:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if not isinstance(row, dict):
            return Complaint(example="an item", field="", what=f"is {json_type(row)}, not an object")
        key = " ".join(str(row[name]) for name in self._needed[:1] if row.get(name))
        example = key[:80] or f"a {self._noun} without {self._needed[0]}"
        if name not in row:
            return Complaint(example=example, field=name, what="is missing")
        return Complaint(example=example, field=name, what=f"is {json_type(row[name])}: {first['msg'].lower()}")


def _form_of(declared: Field, *, is_needed: bool, is_optional: bool) -> Any:
    form = _FORMS[declared.type]
    if is_needed:
        return Annotated[form, Bounds(min_length=1)] if declared.type is FieldType.TEXT else form
    return NotRequired[form | None] if is_optional else form | None


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts what was rejected in a slice, and says so when it is no longer a slip.

    One odd record among good ones is a slip however few they are: it must not stop a sheet on a quiet day.
    """

    vendor: str
    noun: str
    n_rows: int = 0
    n_rejected: int = 0
    first: str = ""
    is_one_record: bool = True
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, n_rows: int, complaints: Sequence[Complaint]) -> None:
        """Add a page; raise ContractBroken when none of it can be read."""
        self.n_rows += n_rows
        self.n_rejected += len(complaints)
        self.is_one_record &= len(complaints) <= 1
        for complaint in complaints:
            kind = (complaint.field, complaint.what)
            self.kinds[kind] += 1
            self.examples.setdefault(kind, complaint.example)
            self.first = self.first or str(complaint)
            self.is_one_record &= str(complaint) == self.first  # a repeated walk brings it again
        if len(complaints) == n_rows >= REJECTED_PAGE:
            self._refuse()

    def check(self) -> None:
        """Raise ContractBroken when too much of the slice cannot be read."""
        is_slip = self.is_one_record and self.n_rejected < self.n_rows
        if self.n_rejected > REJECTED_SHARE * self.n_rows and not is_slip:
            self._refuse()

    def _refuse(self) -> None:
        kind, n = self.kinds.most_common(1)[0]
        raise ContractBroken(
            f"{self.n_rejected:,} of {self.n_rows:,} {self.noun} cannot be read; most often ({n:,} times) "
            f"{' '.join(kind).strip()}, for example in {self.examples[kind]}",
            hint=f"{self.vendor} seems to have changed the form of its {self.noun}; no tab was touched.",
        )


def belongs(record: Record, spec: StreamSpec, within: Slice) -> bool:
    """Tell whether a record's cursor value is in a slice."""
    at = record.values[spec.cursor_field]
    return within.start <= at < within.end  # type: ignore[operator]


class RowPage(Protocol):
    """A page as a walk gives it: rows in the vendor's form, and how many are announced in all."""

    @property
    def rows(self) -> Sequence[Any]:
        """The rows."""

    @property
    def n_total(self) -> int | None:
        """How many there are in all, where the vendor says so; for progress."""


def to_pages(
    walk: Iterable[RowPage], spec: StreamSpec, within: Slice | None, *, reader: RowReader, tally: Tally
) -> Iterator[Page]:
    """Turn pages of rows into pages of records: those that belong to the slice, or all of them without one.

    The records of a list get the instant of lists. ContractBroken when too many rows cannot be read.
    """
    for page in walk:
        records, complaints = reader.read(page.rows)
        tally.take(len(page.rows), complaints)
        if spec.kind is StreamKind.LIST:
            records = [Record({**r.values, spec.cursor_field: LISTED_AT}, r.extra) for r in records]
        yield Page(
            records=[r for r in records if within is None or belongs(r, spec, within)],
            rejected=[str(complaint) for complaint in complaints],
            n_expected=page.n_total,
        )
    tally.check()


def placed(pages: Iterator[Page], where: Where) -> Iterator[Page]:
    """Yield the same pages; an error on the way is told its place."""
    try:
        yield from pages
    except SyncError as error:
        error.at(where)
        raise


def days_around(within: Slice) -> tuple[date, date]:
    """Return the first and the last day to ask for so that no record of the slice is missing.

    Whatever zone the vendor means: a local date is at most a day off the UTC one. Whether or not it counts the last
    day: that costs one day more.
    """
    first = (within.start - timedelta(days=1)).date()
    return first, (within.end - timedelta(microseconds=1)).date() + timedelta(days=2)


def identity(row: Any) -> str:
    """Return what tells a row from others: its id, or all of it where it is too broken to have one."""
    row_id = row.get("id") if isinstance(row, dict) else None
    return str(row_id) if row_id else orjson.dumps(row, option=orjson.OPT_SORT_KEYS).decode()


def json_type(value: Any) -> str:
    """Name the JSON type of a value, as people call it."""
    names = {bool: "true or false", int: "an integer", float: "a number", str: "text", list: "a list"}
    return "null" if value is None else names.get(type(value), "an object")
