"""Requests of dialect v2 that yield records: the call logs, and the analytics exports. Facts: README.md beside."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import orjson
from pydantic import ValidationError

from sync import clock, log
from sync.errors import ConfigError, ContractBroken
from sync.http.pagination import NumberedPage, walk_pages
from sync.records import Buckets, Page, Record, Slice, StreamSpec
from sync.sources.base import AskedPeriod, periods_in
from sync.sources.justcall.analytics import LONGEST_DAYS
from sync.sources.justcall.asking import Asker, whole_number
from sync.sources.justcall.forms import FormReader
from sync.sources.justcall.models import CallsReply, to_calls
from sync.sources.rows import Complaint, Tally, belongs, json_type

CALLS_PATH = "/v2/calls"
ACCOUNT_PATH = "/v2/account"
_ONE_DAY = timedelta(days=1)


def probe(asker: Asker, export: StreamSpec | None = None) -> str:
    """Prove the credential: by the account, or where that is not served, by one call.

    An `export` is asked besides for one row of today: its key is sent in another form, and may want another right.
    """
    words = _probe_account(asker)
    if export is None:
        return words
    today = clock.now().date().isoformat()
    asker.get(export.endpoint, {"start_date": today, "end_date": today, "per_page": 1}, spelling="bearer")
    return f"{words} It opens the analytics exports."


def _probe_account(asker: Asker) -> str:
    try:
        reply = asker.get(ACCOUNT_PATH)
    except ContractBroken:  # the sibling article names it, the live documentation does not know it
        calls = read_calls_reply(asker.get(CALLS_PATH, {"per_page": 1}))
        return f"JustCall accepts the key and lists {calls.count:,} calls."
    plan = _account_plan(reply)
    return f"JustCall accepts the key{f' (plan {plan})' if plan else ''}."


def _account_plan(reply: Any) -> str:
    account = reply.get("data") if isinstance(reply, dict) else None
    plan = account.get("plan") if isinstance(account, dict) else None
    return plan if isinstance(plan, str) else ""


def fetch_calls(asker: Asker, spec: StreamSpec, within: Slice, params: Mapping[str, Any]) -> Iterator[Page]:
    """Yield the calls of the call logs that started in a slice."""
    tally = Tally(vendor="JustCall", noun="calls")
    query = {**params, **asked_dates(within)}

    def ask(number: int) -> NumberedPage:
        reply = read_calls_reply(asker.get(CALLS_PATH, {**query, "page": number, "per_page": spec.page_size}))
        ids = [identity(row, "call_id") for row in reply.data]
        return NumberedPage(number=reply.page, n_pages=reply.total_pages, n_total=reply.count, rows=reply.data, ids=ids)

    for page in walk_pages(ask):
        records, complaints = to_calls(page.rows)
        tally.take(len(page.rows), complaints)
        yield _page(spec, within, records, complaints, n_expected=page.n_total)
    tally.check()


def _page(
    spec: StreamSpec,
    within: Slice,
    records: list[Record],
    complaints: list[Complaint],
    *,
    n_expected: int | None = None,
    warnings: list[str] | None = None,
) -> Page:
    return Page(
        records=[record for record in records if belongs(record, spec, within)],
        rejected=[str(complaint) for complaint in complaints],
        n_expected=n_expected,
        warnings=warnings or (),
    )


def asked_dates(within: Slice) -> dict[str, str]:
    """Return the dates to ask for so that no record of the slice is missing, whatever zone the vendor means.

    The zone of the dates is not documented (a local date is at most a day off the UTC one), nor whether the end is
    included, which costs one day more.
    """
    first = (within.start - _ONE_DAY).date()
    last = (within.end - timedelta(microseconds=1)).date() + timedelta(days=2)
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}


def identity(row: Any, *names: str) -> Hashable:
    """Return what tells a row from others, also when it is too broken to have a key."""
    for name in names if isinstance(row, dict) else ():
        value = row.get(name)
        if isinstance(value, str | int) and value != "" and not isinstance(value, bool):
            return value
    return hash(orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))


def read_calls_reply(reply: Any) -> CallsReply:
    """Read the envelope of the call logs."""
    try:
        return CallsReply.model_validate(reply)
    except ValidationError as error:
        if not isinstance(reply, dict):
            raise ContractBroken(f"{CALLS_PATH} answered {json_type(reply)} in place of an object") from error
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        found = json_type(reply[name]) if name in reply else "missing"
        words = f" ({log.mask(reply['message'])[:300]})" if isinstance(reply.get("message"), str) else ""
        raise ContractBroken(f"{CALLS_PATH} answered with {name} {found}: {first['msg']}{words}") from error


# The analytics exports


def fetch_analytics_rows(
    asker: Asker, spec: StreamSpec, within: Slice, params: Mapping[str, Any], *, reader: FormReader
) -> Iterator[Page]:
    """Yield the rows of an export that belong to a slice, in requests of at most 90 days."""
    for first, last in dates_in_ninety_days(within):
        tally = Tally(vendor="JustCall", noun="rows")
        for page in _walk_analytics(asker, spec, params, first=first, last=last):
            records, complaints, warnings = reader.read(page.rows)
            tally.take(len(page.rows), complaints)
            yield _page(spec, within, records, complaints, n_expected=page.n_total, warnings=warnings)
        tally.check()


def dates_in_ninety_days(within: Slice) -> Iterator[tuple[date, date]]:
    """Yield first and last days, both included, that hold a slice in every zone; each at most 90 days long."""
    first = (within.start - _ONE_DAY).date()
    end = (within.end - timedelta(microseconds=1)).date() + _ONE_DAY
    while first <= end:
        last = min(end, first + timedelta(days=LONGEST_DAYS - 1))
        yield first, last
        first = last + _ONE_DAY


def fetch_analytics_sums(
    asker: Asker,
    spec: StreamSpec,
    within: Slice,
    params: Mapping[str, Any],
    *,
    reader: FormReader,
    buckets: Buckets,
) -> Iterator[Page]:
    """Yield the sums of each period."""
    for period in periods_in(within, buckets):
        refuse_long(period, LONGEST_DAYS, spec)
        tally = Tally(vendor="JustCall", noun="rows")
        for page in _walk_analytics(asker, spec, params, first=period.first, last=period.last):
            records, complaints, warnings = reader.read(page.rows)
            tally.take(len(page.rows), complaints)
            told = [Record({**period.values, **record.values}, record.extra) for record in records]
            yield Page(records=told, rejected=[str(c) for c in complaints], warnings=warnings)
        tally.check()


def refuse_long(period: AskedPeriod, longest_days: int, spec: StreamSpec) -> None:
    """Raise ConfigError for a period that JustCall does not sum up in one answer; averages of parts would be wrong."""
    n_days = (period.last - period.first).days + 1
    if n_days > longest_days:
        raise ConfigError(
            f"{spec.name}: {period.first}..{period.last} is {n_days} days long, and JustCall answers for at most "
            f"{longest_days} days at a time.",
            hint='Choose a shorter period, or per = "day", "week" or "month".',
        )


def _walk_analytics(
    asker: Asker, spec: StreamSpec, params: Mapping[str, Any], *, first: date, last: date
) -> Iterator[NumberedPage]:
    path = spec.endpoint
    query = {**params, "start_date": first.isoformat(), "end_date": last.isoformat(), "per_page": spec.page_size}

    def ask(number: int) -> NumberedPage:
        return _read_analytics(path, asker.get(path, {**query, "page": number}, spelling="bearer"), number, spec)

    return walk_pages(ask)


def _read_analytics(path: str, reply: Any, number: int, spec: StreamSpec) -> NumberedPage:
    """Read the envelope of an export; one that is not paged, or holds one object for a list, is read as it is."""
    envelope = reply if isinstance(reply, dict) else {"data": reply}
    if "data" not in envelope:
        raise ContractBroken(f"{path} answered without data; sent are {', '.join(sorted(envelope))[:300] or 'nothing'}")
    data = envelope["data"]
    rows = data if isinstance(data, list) else [data] if isinstance(data, dict) and data else []
    if data is not None and not isinstance(data, list | dict):
        raise ContractBroken(f"{path} answered with data that is {json_type(data)}, not a list")
    paging = envelope.get("pagination")
    paging = paging if isinstance(paging, dict) else envelope
    n_total = whole_number(paging, "total_records", path=path)
    n_pages = whole_number(paging, "total_pages", path=path)
    if n_total is None or n_pages is None:
        if len(rows) >= spec.page_size:
            raise ContractBroken(f"{path} answered a full page without saying how many there are (total_pages)")
        n_total, n_pages = len(rows), 1
    answered = whole_number(paging, "current_page", path=path)
    return NumberedPage(
        number=number if answered is None else answered,
        n_pages=n_pages,
        n_total=n_total,
        rows=rows,
        ids=[identity(row, "call_id", "message_id", "sms_id", "id") for row in rows],
    )
