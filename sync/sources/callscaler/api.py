"""Requests to CallScaler that yield records. Facts, and why it is done so: README.md beside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from pydantic import SecretStr

from sync import clock
from sync.errors import ConfigError, ContractBroken, CredentialsRefused, Where
from sync.http.client import ApiClient, make_client
from sync.http.waits import Pace, Sleep
from sync.http.walks import At, LedPage, walk_led
from sync.records import Buckets, Page, Record, Slice, StreamKind, StreamSpec
from sync.sources.base import Notebook, periods_in
from sync.sources.callscaler.models import CallScalerOptions, GroupsReply, read_groups, read_list
from sync.sources.callscaler.report import Question, ask_whole
from sync.sources.callscaler.streams import ANALYTICS, NUMBERS, OPTIONAL, SPECS, find_mistakes, narrow
from sync.sources.rows import DeclaredSource, RowReader, Tally, days_around, identity, placed, to_pages

CALIBRATION_DAYS = 900  # the most that one answer by date can hold, and some
END_NOTE = "end_date"
ONE_DAY = timedelta(days=1)


class CallScaler(DeclaredSource[ApiClient]):
    """The CallScaler source, API v1."""

    def __init__(
        self,
        options: CallScalerOptions,
        secrets: Mapping[str, SecretStr],
        *,
        pace: Pace,
        sleep: Sleep,
        notebook: Notebook,
    ) -> None:
        key = secrets["api_key"].get_secret_value()
        headers = {"Authorization": f"Bearer {key}"}
        client = make_client(options.base_url, headers=headers, secrets=(key,), pace=pace, sleep=sleep)
        super().__init__(client, SPECS, options)
        self._end_date: str | None = options.end_date
        self._is_end_told = options.end_date is not None
        self._notebook = notebook
        self._looks_like_a_key = key.startswith("cs_key_")

    def probe(self, streams: Collection[str] = ()) -> str:  # noqa: ARG002 - one right opens all of them
        """Prove the credential by the figures of a past day, which also tell whether end_date is included.

        ConfigError when the connection says otherwise.
        """
        means = self._find_out()
        if means is None:
            return (
                "CallScaler accepts the key; whether end_date is included cannot be seen, as there are too few calls."
            )
        if self._is_end_told and means != self._end_date:
            raise ConfigError(
                f'the connection says end_date = "{self._end_date}", and CallScaler means it {means}: every period '
                f"would be {'a day too long' if means == 'included' else 'a day too short'}.",
                hint=f'Set end_date = "{means}" in this connection, or leave it out.',
            )
        self._notebook.write(END_NOTE, means)
        as_told = ", as configured" if self._is_end_told else ""
        return f"CallScaler accepts the key, and counts the days of its analytics with end_date {means}{as_told}."

    def fetch(
        self, stream: str, within: Slice, params: Mapping[str, Any], *, buckets: Buckets | None = None
    ) -> Iterator[Page]:
        """Yield the records of the slice: rows by page, an aggregate period by period, the list whole."""
        spec = self._checked(stream, params, find_mistakes)
        if spec.name == NUMBERS.name:
            pages = self._fetch_list(spec, {}, None)
        elif spec.name == ANALYTICS.name:
            assert buckets is not None  # promised by the port
            pages = self._fetch_report(narrow(spec, params), within, params, buckets)
        else:
            pages = self._fetch_list(spec, {**_in_query(params), **_asked_dates(within)}, within)
        return placed(pages, Where(stream=stream, slice=str(within)))

    def fetch_changes(self, stream: str, since: datetime, params: Mapping[str, Any]) -> Iterator[Page]:
        """Yield the calls that are new or got new content since an instant, an AI's second thoughts included."""
        spec = self._checked(stream, params, find_mistakes)
        if not spec.change_feed:
            raise ConfigError(f"{stream} has no change feed", where=Where(stream=stream))
        since_text = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        pages = self._fetch_list(spec, {**_in_query(params), "updated_since": since_text}, None)
        return placed(pages, Where(stream=stream, slice=f"changes since {since_text}"))

    def _get(self, stream: str, query: Mapping[str, Any]) -> Any:
        try:
            return self._client.get_json(self._specs[stream].endpoint, query)
        except CredentialsRefused as error:
            if not self._looks_like_a_key:
                error.hint += " Keys of CallScaler begin with cs_key_; this one does not."
            raise

    def _fetch_list(self, spec: StreamSpec, query: Mapping[str, Any], within: Slice | None) -> Iterator[Page]:
        needed = spec.key if spec.kind is StreamKind.LIST else (*spec.key, spec.cursor_field)
        noun = spec.name.removesuffix("s")
        reader = RowReader(spec.fields, needed=needed, optional=OPTIONAL[spec.name], noun=noun)
        tally = Tally(vendor="CallScaler", noun=spec.name)
        walk = walk_led(partial(self._ask_page, spec, query))
        return to_pages(walk, spec, within, reader=reader, tally=tally)

    def _ask_page(self, spec: StreamSpec, query: Mapping[str, Any], at: At) -> LedPage:
        # Filters go along with a cursor too: nobody says whether it remembers them.
        where = {"cursor": at.cursor} if at.cursor else {"offset": at.offset or None}
        reply = read_list(self._get(spec.name, {**query, "limit": spec.page_size, **where}), spec.name)
        is_short = len(reply.rows) < spec.page_size
        return LedPage(
            rows=reply.rows,
            ids=[identity(row) for row in reply.rows],
            cursor=reply.cursor,
            n_total=reply.n_total,
            ends=reply.cursor_is_told and reply.cursor is None and is_short,
        )

    def _fetch_report(
        self, spec: StreamSpec, within: Slice, params: Mapping[str, Any], buckets: Buckets
    ) -> Iterator[Page]:
        tally, includes_end = Tally(vendor="CallScaler", noun="groups"), self._includes_end()
        for period in periods_in(within, buckets):
            question = Question.of(params, period.first, period.last)
            answer = ask_whole(partial(self._ask_groups, includes_end), question, spec)
            tally.take(answer.n_rows, answer.complaints)
            yield Page(
                records=[Record({**period.values, **r.values}, r.extra) for r in answer.records],
                rejected=[str(complaint) for complaint in answer.complaints],
                warnings=[f"{spec.name} {period.first}..{period.last}: {said}" for said in answer.warnings],
                whole=answer.is_whole,
            )
        tally.check()

    def _ask_groups(self, includes_end: bool, query: Mapping[str, Any], first: date, last: date) -> GroupsReply:
        end = last if includes_end else last + ONE_DAY
        dates = {"start_date": first.isoformat(), "end_date": end.isoformat()}
        return read_groups(self._get(ANALYTICS.name, {**_in_query(query), **dates}))

    def _includes_end(self) -> bool:
        """Tell whether to name the last day or the one after it: as told, as seen before, or found out now."""
        if self._end_date is None:
            self._end_date = self._notebook.read(END_NOTE)
        if self._end_date is None and (found := self._find_out()):
            self._notebook.write(END_NOTE, found)
            self._end_date = found
        return self._end_date != "excluded"

    def _find_out(self) -> str | None:
        """Tell whether end_date is included, from a day that surely has calls; None where there is none."""
        day = self._busiest_day(clock.now().date() - ONE_DAY)
        if day is None:
            return None
        if self._has_calls(day, day):
            return "included"
        return "excluded" if self._has_calls(day, day + ONE_DAY) else None

    def _busiest_day(self, yesterday: date) -> date | None:
        reply = self._calibrate(yesterday - CALIBRATION_DAYS * ONE_DAY, yesterday, group_by="date")
        counts = {str(row.get("date"))[:10]: _count_in(row) for row in reply.rows} if reply else {}
        for text in sorted(counts, key=lambda day: (-counts[day], day)):
            try:
                return date.fromisoformat(text)
            except ValueError:
                continue
        return None

    def _has_calls(self, start: date, end: date) -> bool:
        """Tell whether the vendor finds calls by these dates; a stretch that it takes for empty may be refused."""
        reply = self._calibrate(start, end, group_by="status")
        return reply is not None and bool(reply.n_calls or any(_count_in(row) for row in reply.rows))

    def _calibrate(self, start: date, end: date, *, group_by: str) -> GroupsReply | None:
        query = {"group_by": group_by, "start_date": start.isoformat(), "end_date": end.isoformat(), "limit": 1000}
        try:
            return read_groups(self._get(ANALYTICS.name, query))
        except ContractBroken:
            if start == end:
                return None
            raise


def _count_in(row: Any) -> int:
    count = row.get("count") if isinstance(row, dict) else None
    return int(count) if count is not None and str(count).isdecimal() else 0


def _in_query(params: Mapping[str, Any]) -> dict[str, Any]:
    """Write params as the vendor reads them: lists with commas, truth in lower case."""
    write: Mapping[type, Callable[[Any], str]] = {list: ",".join, tuple: ",".join, bool: lambda v: str(v).lower()}
    return {name: write[type(value)](value) if type(value) in write else value for name, value in params.items()}


def _asked_dates(within: Slice) -> dict[str, str]:
    first, last = days_around(within)
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}
