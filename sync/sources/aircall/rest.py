"""The public REST API: calls by stretches of time that stay below the cap of 10,000, and lists of what there is now."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from sync.errors import ContractBroken
from sync.http.pagination import NumberedPage, walk_pages
from sync.records import LISTED_AT, Page, Slice, StreamSpec
from sync.sources.aircall.streams import CALL_FIELDS, LIST_FIELDS, SEARCH_PARAMS
from sync.sources.rows import RowReader, Tally, belongs, json_type

PER_PAGE = 50
CAP = 10_000  # records of one list that can be paged through
MARGIN, SMALL_MARGIN = timedelta(minutes=1), timedelta(seconds=1)
SMALL_SPAN = timedelta(minutes=10)
SECOND = timedelta(seconds=1)

Get = Callable[[str, Mapping[str, Any] | None], Any]

_CALL_OPTIONAL = (
    "missed_call_reason",
    "number_id",
    "number_name",
    "number_digits",
    "user_id",
    "user_name",
    "user_email",
    "assigned_to",
    "transferred_by",
    "transferred_to",
    "teams",
    "tags",
    "comments",
    "contact_id",
    "contact_name",
    "contact_company",
    "recording",
    "voicemail",
    "direct_link",
    "sid",
    "country",
    "outcome",
    "wait_time",
    "talk_time",
)
_CALLS = RowReader(CALL_FIELDS, needed=("id", "started_at"), optional=_CALL_OPTIONAL, noun="call")
_LIST_QUERY = {"order": "asc"}
_LISTS = {
    name: RowReader(
        fields,
        needed=("id", "listed_at"),
        optional=[f.name for f in fields if f.name not in ("id", "listed_at", "name")],
        noun=name[:-1],
    )
    for name, fields in LIST_FIELDS.items()
}


class _TooMany(Exception):
    """More records than can be paged through; a shorter stretch has fewer."""


def fetch_calls(get: Get, spec: StreamSpec, within: Slice, params: Mapping[str, Any]) -> Iterator[Page]:
    """Yield the calls that started in a slice; a stretch with too many of them is cut in two until each part fits."""
    tally, waiting = Tally(vendor="Aircall", noun="calls"), [within]
    while waiting:
        span = waiting.pop()
        try:
            for page in _walk_calls(get, span, params):
                records, complaints = _CALLS.read([to_call_row(row) for row in page.rows])
                tally.take(len(page.rows), complaints)
                kept = [record for record in records if belongs(record, spec, span)]
                yield Page(records=kept, rejected=[str(c) for c in complaints], n_expected=page.n_total)
        except _TooMany as error:
            waiting += reversed(_halves(span, error))
    tally.check()


def _walk_calls(get: Get, span: Slice, params: Mapping[str, Any]) -> Iterator[NumberedPage]:
    def ask(number: int) -> NumberedPage:
        return _ask_calls(get, span, params, number)

    return _walk(ask, ask(1))


def _halves(span: Slice, error: _TooMany) -> list[Slice]:
    if span.end - span.start <= SECOND:
        raise ContractBroken(
            f"{CAP:,} calls or more began within one second, and Aircall shows no more of a list: {span}",
            hint="Narrow the stream with params, such as user_id or direction.",
        ) from error
    middle = (span.start + (span.end - span.start) / 2).replace(microsecond=0)
    middle = middle if middle > span.start else span.start + SECOND
    return [Slice(span.start, middle), Slice(middle, span.end)]


def _ask_calls(get: Get, span: Slice, params: Mapping[str, Any], number: int) -> NumberedPage:
    margin = MARGIN if span.end - span.start > SMALL_SPAN else SMALL_MARGIN
    asked = {
        "from": math.floor((span.start - margin).timestamp()),
        "to": math.ceil((span.end + margin).timestamp()),
        "order": "asc",
        **{name: _query_value(value) for name, value in params.items() if name != "tags"},
        **({"tags[]": list(params["tags"])} if "tags" in params else {}),
    }
    path = "/v1/calls/search" if SEARCH_PARAMS & params.keys() else "/v1/calls"
    try:
        page = _ask_page(get, path, "calls", asked=asked, number=number)
    except ContractBroken as error:
        if error.status == 400 and number * PER_PAGE > CAP:
            raise _TooMany from error
        raise
    if page.n_total >= CAP:
        raise _TooMany
    return page


def _query_value(value: Any) -> Any:
    return ("true" if value else "false") if isinstance(value, bool) else value


def _ask_page(get: Get, path: str, name: str, *, asked: Mapping[str, Any], number: int) -> NumberedPage:
    """Ask for one page; what the vendor says of pages decides, not what we asked for."""
    reply = get(path, {**asked, "page": number, "per_page": PER_PAGE})
    rows = reply.get(name) if isinstance(reply, dict) else None
    if not isinstance(rows, list):
        found = json_type(reply) if not isinstance(reply, dict) else f"{name} as {json_type(rows)}"
        raise ContractBroken(f"{path} answered {found} in place of a list of {name}")
    meta = reply["meta"] if isinstance(reply.get("meta"), dict) else {}
    goes_on = bool(meta.get("next_page_link"))
    total, per_page = _count(meta, "total"), _count(meta, "per_page")
    if total is None:  # nothing to count by: the next link alone tells
        total, n_pages = -1, number + 1 if goes_on else number
    else:
        n_pages = max(math.ceil(total / (per_page or PER_PAGE)), number + 1 if goes_on else 1)
    current = _count(meta, "current_page") or number
    return NumberedPage(number=current, n_pages=n_pages, n_total=total, rows=rows, ids=[_identity(row) for row in rows])


def _count(meta: Mapping[str, Any], name: str) -> int | None:
    value = meta.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _identity(row: Any) -> Hashable:
    """Return what tells a row from others, also when it is too broken to have a key."""
    number = row.get("id") if isinstance(row, dict) else None
    return number if isinstance(number, int) else hash(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))


def fetch_list(get: Get, spec: StreamSpec, paths: Sequence[str]) -> Iterator[Page]:
    """Yield all records of a list; of several addresses, the first that exists."""
    tally = Tally(vendor="Aircall", noun=spec.name)
    path, first = _first_page(get, spec.name, paths)
    for page in _walk(lambda number: _ask_page(get, path, spec.name, asked=_LIST_QUERY, number=number), first):
        records, complaints = _LISTS[spec.name].read([_to_list_row(row) for row in page.rows])
        tally.take(len(page.rows), complaints)
        yield Page(
            records=records,
            rejected=[str(c) for c in complaints],
            n_expected=page.n_total if page.n_total >= 0 else None,
        )
    tally.check()


def _first_page(get: Get, name: str, paths: Sequence[str]) -> tuple[str, NumberedPage]:
    """Return the first of the addresses that exists, and its first page."""
    for path in paths[:-1]:
        try:
            return path, _ask_page(get, path, name, asked=_LIST_QUERY, number=1)
        except ContractBroken as error:
            if error.status not in (404, 410):
                raise
    return paths[-1], _ask_page(get, paths[-1], name, asked=_LIST_QUERY, number=1)


def _walk(ask: Callable[[int], NumberedPage], first: NumberedPage) -> Iterator[NumberedPage]:
    """Walk a list whose first page is known; by its total, or where it tells none, by its next links."""
    known = [first]
    if first.n_total >= 0:
        yield from walk_pages(lambda number: known.pop() if number == 1 and known else ask(number))
        return
    page = first
    while True:
        yield page
        if page.number >= page.n_pages or not page.rows:
            return
        before, page = page, ask(page.number + 1)
        if page.repeats(before) or page.number != before.number + 1:
            raise ContractBroken(f"page {before.number + 1:,} of the list is the page before once more")


def to_call_row(call: Any) -> Any:
    """Flatten a call: instants of UNIX seconds, names of nested objects, and what follows from the instants."""
    if not isinstance(call, dict):
        return call
    row = {name: value for name, value in call.items() if name not in _NESTED}
    for name in ("started_at", "answered_at", "ended_at"):
        if name in row:
            row[name] = _from_unix(row[name])
    for name, inner, prefix in _FLAT:
        if isinstance(call.get(name), dict):
            row[f"{prefix}_{inner}"] = call[name].get(inner)
    for name in ("assigned_to", "transferred_by", "transferred_to"):
        row[name] = _name_of(call.get(name))
    contact = call.get("contact")
    row["contact_name"] = _full_name(contact) if isinstance(contact, dict) else None
    row["contact_company"] = contact.get("company_name") if isinstance(contact, dict) else None
    row["teams"] = _names(call.get("teams"), "name")
    row["tags"] = _names(call.get("tags"), "name")
    comments = _names(call.get("comments"), "content")
    row["comments"] = "\n".join(comments) if isinstance(comments, list) else comments
    row["country"] = call.get("country_code_a2")
    return {**row, **_derived(call)}


_NESTED = frozenset({"user", "number", "contact", "country_code_a2"})
_FLAT = (
    ("user", "id", "user"),
    ("user", "name", "user"),
    ("user", "email", "user"),
    ("number", "id", "number"),
    ("number", "name", "number"),
    ("number", "digits", "number"),
    ("contact", "id", "contact"),
)


def _from_unix(value: Any) -> Any:
    """Write UNIX seconds as the reader of rows wants instants; what is none is left to it to refuse."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11:
        return datetime.fromtimestamp(value, UTC).isoformat()
    return value


def _name_of(person: Any) -> Any:
    return person.get("name") if isinstance(person, dict) else person


def _full_name(contact: Mapping[str, Any]) -> str | None:
    parts = [contact.get("first_name"), contact.get("last_name")]
    return " ".join(part for part in parts if isinstance(part, str) and part) or None


def _names(items: Any, name: str) -> Any:
    """Return one value of each object of a list; what is no list is left to the reader of rows to refuse."""
    if not isinstance(items, list):
        return items
    found = [item.get(name) if isinstance(item, dict) else item for item in items]
    return [str(value) for value in found if value is not None]


def _derived(call: Mapping[str, Any]) -> dict[str, Any]:
    """Work out what became of a call, how long it waited and how long people talked."""
    started, answered, ended = (_seconds(call.get(name)) for name in ("started_at", "answered_at", "ended_at"))
    return {
        "outcome": _outcome_of(call, answered=answered, ended=ended),
        "wait_time": answered - started if answered is not None and started is not None else None,
        "talk_time": ended - answered if answered is not None and ended is not None else None,
    }


def _seconds(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _outcome_of(call: Mapping[str, Any], *, answered: int | None, ended: int | None) -> str:
    if answered is not None:
        return "answered"
    if call.get("voicemail"):
        return "voicemail"
    if ended is None:
        return "ongoing"
    return "missed" if call.get("direction") == "inbound" else "unanswered"


def _to_list_row(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    row = {**item, "listed_at": LISTED_AT.isoformat()}
    if "created_at" in row:
        row["created_at"] = _from_unix(row["created_at"])
    for name in ("users", "numbers"):
        if name in row:
            row[name] = _names(row[name], "name")
    return row
