"""Requests to Aircall that yield records. Facts, and why it is done so: README.md beside."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from sync import clock, log
from sync.errors import ContractBroken, CredentialsRefused, Where
from sync.http.client import ApiClient, make_client
from sync.http.download import FileClient
from sync.http.waits import Pace, Sleep
from sync.records import Buckets, Page, Slice, StreamSpec
from sync.sources.aircall.columns import Binding, headers_in_words
from sync.sources.aircall.exports import Ask, Exporter, TooManyRows, too_many_for_a_day
from sync.sources.aircall.jobs import Jobs
from sync.sources.aircall.models import AircallOptions
from sync.sources.aircall.report import Report
from sync.sources.aircall.reports import REPORTS
from sync.sources.aircall.rest import fetch_calls, fetch_list
from sync.sources.aircall.streams import LIST_PATHS, SPECS, find_mistakes
from sync.sources.aircall.tables import Reader, TableOptions
from sync.sources.aircall.values import Reading
from sync.sources.base import AskedPeriod, Notebook, periods_in
from sync.sources.rows import DeclaredSource, placed

PING_PATH = "/v1/ping"
EXPORT_PATH = "/v1/analytics/report/export"
NO_EXPORT = "00000000-0000-0000-0000-000000000000"  # asked for to see whether exports are open to the key at all

WRONG_KEY = "The API id or the API token is wrong or revoked: make a new key at Aircall (Integrations & API, API Keys)."
WRONG_TOKEN = (
    "The access token is wrong or was taken back: authorise the app at Aircall again, for the scope public_api."
)
NO_ANALYTICS = (
    "The key is good, but the account's plan or role does not open the Analytics exports, which need Analytics+. "
    "The streams calls, users, teams and numbers do without."
)


class Aircall(DeclaredSource[ApiClient]):
    """The Aircall source: Analytics exports and the REST API."""

    def __init__(
        self,
        options: AircallOptions,
        secrets: Mapping[str, SecretStr],
        *,
        pace: Pace,
        sleep: Sleep,
        notebook: Notebook,
    ) -> None:
        authorization, hidden = _authorization(secrets)
        self._wrong_key = WRONG_KEY if options.access_token is None else WRONG_TOKEN
        self._options, self._notebook, self._sleep = options, notebook, sleep
        client = make_client(
            options.base_url,
            headers={"Authorization": authorization},
            secrets=hidden,
            pace=pace,
            sleep=sleep,
        )
        super().__init__(client, SPECS, options)
        self._files = FileClient(sleep=sleep, https_only=options.base_url.startswith("https://"))
        self._columns: dict[str, Sequence[str]] = {}

    @property
    def n_requests(self) -> int:
        """How many requests went out since the source was made, those for files included."""
        return super().n_requests + self._files.n_requests

    def probe(self, streams: Collection[str] = ()) -> str:
        """Prove the credential by a ping, and ask for an export that does not exist to see whether there may be any."""
        self._get(PING_PATH)
        try:
            self._client.get_json(f"{EXPORT_PATH}/{NO_EXPORT}")
        except CredentialsRefused as error:
            if any(stream in REPORTS for stream in streams):
                error.hint = NO_ANALYTICS
                raise
            return f"Aircall accepts the key. {NO_ANALYTICS}"
        except ContractBroken as error:
            if error.status != 404:
                return "Aircall accepts the key. Whether it opens the Analytics exports could not be told."
        return "Aircall accepts the key, and opens the Analytics exports to it."

    def fetch(
        self, stream: str, within: Slice, params: Mapping[str, Any], *, buckets: Buckets | None = None
    ) -> Iterator[Page]:
        """Yield the records of the slice: of a report by exports, of the others page by page."""
        spec = self._checked(stream, params, find_mistakes)
        return placed(self._pages(spec, within, params, buckets), Where(stream=stream, slice=str(within)))

    def explain(self, stream: str) -> Sequence[str]:
        """Say which columns the latest file of a report had, and which field each of them is."""
        return self._columns.get(stream, ())

    def _pages(
        self, spec: StreamSpec, within: Slice, params: Mapping[str, Any], buckets: Buckets | None
    ) -> Iterator[Page]:
        if spec.name in LIST_PATHS:
            return fetch_list(self._get, spec, LIST_PATHS[spec.name])
        if spec.name not in REPORTS:
            return fetch_calls(self._get, spec, within, params)
        if buckets is None:
            return self._fetch_rows(REPORTS[spec.name], within, params)
        return self._fetch_sums(REPORTS[spec.name], within, params, buckets)

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Ask the REST API, where 403 means a wrong key and 401 none at all."""
        try:
            return self._client.get_json(path, params)
        except CredentialsRefused as error:
            error.hint = self._wrong_key
            raise

    def _ask_analytics(self, ask: Callable[[], Any]) -> Any:
        """Ask the analytics API, whose 403 means a wrong key or no Analytics+; a ping tells which."""
        try:
            return ask()
        except CredentialsRefused as error:
            if error.status == 403:
                self._get(PING_PATH)
                error.hint = NO_ANALYTICS
            else:
                error.hint = self._wrong_key
            raise

    def _exporter(self) -> Exporter:
        def create(payload: Any) -> Any:
            return self._ask_analytics(lambda: self._client.post_json(EXPORT_PATH, payload))

        def look(export_id: str) -> Any:
            path = f"{EXPORT_PATH}/{quote(export_id, safe='')}"
            return self._ask_analytics(lambda: self._client.get_json(path))

        return Exporter(create=create, look=look, files=self._files, sleep=self._sleep)

    def _fetch_rows(self, report: Report, within: Slice, params: Mapping[str, Any]) -> Iterator[Page]:
        """Read the rows of the days that a slice touches, in the connection's zone, and leave out what is too much."""
        zone = clock.zone(self._options.export_timezone)
        last = clock.local_date(within.end - timedelta(microseconds=1), zone)
        last = min(last, clock.local_date(clock.now(), zone))  # nothing can lie in the future
        first = clock.local_date(within.start, zone)
        margin = 0 if self._options.export_end == "included" else 1
        ask = Ask(
            report=report.name,
            first=first,
            last=last,
            zone=zone,
            params=params,
            margin_days=margin,
            stream=report.spec.name,
        )
        if first <= last:
            yield from self._fetch_export(report, ask, within, None)

    def _fetch_sums(self, report: Report, within: Slice, params: Mapping[str, Any], buckets: Buckets) -> Iterator[Page]:
        """Read the sums of each period; of one that is under way, up to today."""
        margin = 1 if self._options.export_end == "excluded" else 0
        today = clock.local_date(clock.now(), buckets.zone)
        for period in periods_in(within, buckets):
            ask = Ask(
                report=report.name,
                first=period.first,
                last=max(period.first, min(period.last, today)),
                zone=buckets.zone,
                params=params,
                margin_days=margin,
                stream=report.spec.name,
            )
            yield from self._fetch_export(
                report, ask, clock.slice_of((period.first, period.last), buckets.zone), period
            )

    def _fetch_export(self, report: Report, ask: Ask, within: Slice, period: AskedPeriod | None) -> Iterator[Page]:
        """Read one export, cut by days where the vendor wants it so; its notes go when all of it was read."""
        jobs = Jobs(self._notebook, ask.stream, zone=ask.zone.key, params=ask.params)
        exporter, headers = self._exporter(), _Headers(report, jobs)
        reader = Reader(
            report=report,
            options=self._table_options(report, ask),
            within=within,
            period=period.values if period else {},
            on_header=lambda binding: self._learn(binding, headers),
        )
        waiting = [ask]
        while waiting:
            part = waiting.pop()
            reader.within = _part_of(within, part) if report.is_rows else within
            try:
                with ExitStack() as stack:
                    yield from reader.pages(stack.enter_context(exporter.file_of(part, jobs)))
            except TooManyRows as error:
                waiting += reversed(_halves(report, part, error))
        said = (*reader.finish(), *headers.finish(), *exporter.warnings)
        if said:
            yield Page(records=[], warnings=said)
        jobs.drop_read(ask.first, ask.last)

    def _learn(self, binding: Binding, headers: _Headers) -> None:
        self._columns[headers.stream] = binding.in_words()
        headers.take(binding)

    def _table_options(self, report: Report, ask: Ask) -> TableOptions:
        options = self._options
        reading = Reading(zone=ask.zone, date_order=options.export_date_order, short_times=options.export_short_times)
        return TableOptions(wanted=options.export_columns.get(report.spec.name, {}), reading=reading)


def _part_of(within: Slice, ask: Ask) -> Slice:
    """Return what of a slice lies in the days of an export, so that two exports never bring the same row."""
    days = clock.slice_of((ask.first, ask.last), ask.zone)
    start = max(within.start, days.start)
    return Slice(start, max(start, min(within.end, days.end)))


def _halves(report: Report, ask: Ask, error: TooManyRows) -> list[Ask]:
    n_days = (ask.last - ask.first).days + 1
    if n_days == 1 or not report.is_rows:
        raise too_many_for_a_day(ask, error.words)
    middle: date = ask.first + timedelta(days=n_days // 2 - 1)
    log.get(__name__).info("export is cut in two", action="export.cut", report=ask.report, days=ask.days)
    return [replace(ask, last=middle), replace(ask, first=middle + clock.ONE_DAY)]


class _Headers:
    """Notices what changed in the columns of a report since its last file, which nobody announces."""

    def __init__(self, report: Report, jobs: Jobs) -> None:
        self._report, self._jobs, self._known = report, jobs, jobs.read_header()
        self._header: list[str] = []
        self._key: list[str] = []
        self._binding: Binding | None = None

    @property
    def stream(self) -> str:
        """Whose columns they are."""
        return self._report.spec.name

    def take(self, binding: Binding) -> None:
        """Look at the header of a file; refuse one whose key comes from elsewhere, as every row would be a new one."""
        names = self._report.spec.key if self._report.is_rows else ()
        self._binding = binding
        self._header, self._key = list(binding.header), binding.key_origin(names)
        if self._known and self._known.get("key") != self._key:
            raise ContractBroken(
                f"{self._report.spec.name}: the key came from other columns in earlier files, and rows that are in the "
                "tab would come again under another one",
                hint="Say in export_columns of the connection which column is which.",
            )

    def finish(self) -> tuple[str, ...]:
        """Keep the header, and say what came and went."""
        known = self._known.get("header", [])
        if self._header and self._header != known:
            self._jobs.save_header(self._header, self._key)
        if not self._header or not known:
            return tuple(self._tell_first())
        gone = [name for name in known if name not in self._header]
        came = [name for name in self._header if name not in known]
        words = [f"{verb} {', '.join(names)}" for verb, names in (("without", gone), ("with", came)) if names]
        return (
            (f"the columns of {self._report.spec.name} changed: it now comes {' and '.join(words)}",) if words else ()
        )

    def _tell_first(self) -> Iterator[str]:
        """Yield a sentence where the first file of a report has columns that nobody knows, and fields have none."""
        if self._binding is None or not self._binding.unknown:
            return
        wanted = (column.field.name for column in self._report.columns if column.field.name not in _MAY_LACK)
        lacking = [name for name in wanted if name not in self._binding.bound]
        if lacking:
            yield (
                f"{self._report.spec.name}: no column of the file could be told to be {', '.join(lacking)}; those that "
                f"nobody knows are {headers_in_words([name for _, name in self._binding.unknown])}. "
                "If one is the other, say so in export_columns of the connection."
            )


_MAY_LACK = frozenset({"user_email", "team", "date", "status", "hour", "line", "direction", "country"})


def _authorization(secrets: Mapping[str, SecretStr]) -> tuple[str, tuple[str, ...]]:
    """Return the header that proves who asks, and what of it no log line may show."""
    values = {name: secret.get_secret_value() for name, secret in secrets.items()}
    if token := values.get("access_token"):
        return f"Bearer {token}", (token,)
    pair = base64.b64encode(f"{values['api_id']}:{values['api_token']}".encode()).decode()
    return f"Basic {pair}", (values["api_id"], values["api_token"], pair)
