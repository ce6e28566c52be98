"""Requests of dialect v2.1 that yield records: lists by links, and sums by period. Facts: README.md beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sync.errors import ContractBroken
from sync.http.links import LinkedPage, walk_links
from sync.records import LISTED_AT, Buckets, Page, Record, Slice, StreamKind, StreamSpec
from sync.sources.base import LISTED_FIELD, periods_in
from sync.sources.justcall.asking import Asker, whole_number
from sync.sources.justcall.forms import FormReader
from sync.sources.justcall.live import LONGEST_AGGREGATE_DAYS
from sync.sources.justcall.v2 import identity, refuse_long
from sync.sources.rows import Tally, belongs, json_type

USERS_PATH = "/v2.1/users"
MARGIN = timedelta(hours=14)  # dates are in the zone of a user whom we do not know; none is further from UTC
_LISTS_NAMED = ("data", "records")


def probe(asker: Asker) -> str:
    """Prove the credential by listing one user; nothing cheaper is served."""
    asker.get(USERS_PATH, {"per_page": 1})
    return "JustCall accepts the key (v2.1)."


def fetch_rows(
    asker: Asker, spec: StreamSpec, within: Slice, params: Mapping[str, Any], *, reader: FormReader
) -> Iterator[Page]:
    """Yield calls or texts of a slice, oldest first, or a whole list."""
    is_list = spec.kind is StreamKind.LIST
    query = {**_sent(params), "per_page": spec.page_size, **({} if is_list else _asked_times(within))}
    listing = _Listing(asker, spec.endpoint, query, page_size=spec.page_size)
    tally = Tally(vendor="JustCall", noun=spec.name.replace("_", " "))
    for page in walk_links(listing.ask):
        records, complaints, warnings = reader.read(page.rows)
        tally.take(len(page.rows), complaints)
        if is_list:
            records = [Record({LISTED_FIELD.name: LISTED_AT, **r.values}, r.extra) for r in records]
        said = [f"of {spec.name} {page.warning}"] if page.warning else []
        yield Page(
            records=[record for record in records if is_list or belongs(record, spec, within)],
            rejected=[str(complaint) for complaint in complaints],
            n_expected=page.n_total,
            warnings=[*warnings, *said],
        )
    tally.check()


def _asked_times(within: Slice) -> dict[str, str]:
    """Return the times to ask for, and the order in which what arrives meanwhile comes last."""
    first, last = within.start - MARGIN, within.end + MARGIN
    form = "%Y-%m-%d %H:%M:%S"
    return {
        "from_datetime": first.strftime(form),
        "to_datetime": last.strftime(form),
        "sort": "datetime",
        "order": "asc",
    }


def _sent(params: Mapping[str, Any]) -> dict[str, Any]:
    """Write params as the vendor reads them: lists with brackets behind their name, truth in lower case."""
    sent: dict[str, Any] = {}
    for name, value in params.items():
        if isinstance(value, list | tuple):
            sent[f"{name}[]"] = list(value)
        else:
            sent[name] = str(value).lower() if isinstance(value, bool) else value
    return sent


class _Listing:
    """Asks for the pages of one list; the filters go with every request, as links may not carry them."""

    def __init__(self, asker: Asker, path: str, query: Mapping[str, Any], *, page_size: int) -> None:
        self._asker, self._path, self._query, self._page_size = asker, path, query, page_size
        self._first: LinkedPage | None = None

    def ask(self, token: str | None) -> LinkedPage:
        """Return a page; the first one is asked for without a number, as 0 and 1 are both told to be the first."""
        page = self._read(self._asker.get(self._path, {**self._query, "page": token}), token)
        if token is None:
            self._first = page
        return page

    def _read(self, reply: Any, token: str | None) -> LinkedPage:
        envelope = reply if isinstance(reply, dict) else {}
        rows = rows_of(reply, self._path)
        ids = [identity(row, "id") for row in rows]
        totals = [whole_number(envelope, name, path=self._path) for name in ("total_count", "total_texts")]
        if "next_page_link" not in envelope and isinstance(reply, list) and len(rows) >= self._page_size:
            return self._without_link(rows, ids, token)
        return LinkedPage(
            rows=rows,
            ids=ids,
            next=page_in(envelope.get("next_page_link"), self._path),
            n_total=next((total for total in totals if total is not None), None),
        )

    def _without_link(self, rows: list[Any], ids: list[Any], token: str | None) -> LinkedPage:
        """Go on by numbers where a full page comes as a bare array.

        Whether the first page is 0 or 1 shows in page 1: it is the first one again, or the second.
        """
        if token is None:
            return LinkedPage(rows=rows, ids=ids, next="1")
        is_first_again = self._first is not None and ids == self._first.ids
        if is_first_again and token == "1":
            return self.ask("2")
        if is_first_again:
            said = "every page is the same, so it is taken for the whole list"
            return LinkedPage(warning=said if len(rows) == self._page_size else "")
        return LinkedPage(rows=rows, ids=ids, next=str(int(token) + 1))


def rows_of(reply: Any, path: str) -> list[Any]:
    """Return the rows of an answer: in an envelope, as a bare array, or as a bare object, which is one row."""
    if isinstance(reply, list):
        return reply
    if not isinstance(reply, dict):
        raise ContractBroken(f"{path} answered {json_type(reply)} in place of an object")
    for name in _LISTS_NAMED:
        if name in reply:
            inner = reply[name]
            if isinstance(inner, dict):
                return rows_of(inner, path) if inner else []
            if inner is not None and not isinstance(inner, list):
                raise ContractBroken(f"{path} answered with {name} that is {json_type(inner)}, not a list")
            return inner or []
    if "id" in reply or "summary" in reply:
        return [reply]
    if set(reply) <= {"status", "metadata", "count", "message"}:
        return []
    raise ContractBroken(f"{path} answered without data; sent are {', '.join(sorted(reply))[:300]}")


def page_in(link: Any, path: str) -> str | None:
    """Return the page that a link leads to; none where the link is empty, null or absent."""
    if link is None or link == "" or link is False:
        return None
    pages = parse_qs(urlsplit(link).query).get("page") if isinstance(link, str) else None
    if not pages:
        raise ContractBroken(f"{path} answered with a next_page_link that names no page")
    return pages[0]


def fetch_sums(
    asker: Asker,
    spec: StreamSpec,
    within: Slice,
    params: Mapping[str, Any],
    *,
    reader: FormReader,
    buckets: Buckets,
) -> Iterator[Page]:
    """Yield the sums of each period; the range that is asked for comes as one."""
    path = spec.endpoint
    for period in periods_in(within, buckets):
        refuse_long(period, LONGEST_AGGREGATE_DAYS, spec)
        dates = {"from_date": period.first.isoformat(), "to_date": period.last.isoformat()}
        rows = [_without_envelope(row) for row in rows_of(asker.get(path, {**_sent(params), **dates}), path)]
        records, complaints, warnings = reader.read(rows)
        tally = Tally(vendor="JustCall", noun="sums")
        tally.take(len(rows), complaints)
        told = [Record({**period.values, **record.values}, record.extra) for record in records]
        yield Page(records=told, rejected=[str(c) for c in complaints], warnings=warnings)
        tally.check()


def _without_envelope(row: Any) -> Any:
    """Drop what speaks of the request and not of calls."""
    return {k: v for k, v in row.items() if k not in ("metadata", "status")} if isinstance(row, dict) else row
