"""Requests to CallRail that yield records. Facts, and why it is done so: README.md beside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import SecretStr

from sync.errors import CredentialsRefused, Where
from sync.http.client import ApiClient, make_client
from sync.http.waits import Pace, Sleep
from sync.http.walks import At, LedPage, walk_led
from sync.records import Buckets, Page, Slice, StreamKind, StreamSpec
from sync.sources.base import Notebook
from sync.sources.callrail.models import CallRailOptions, read_page, to_query, with_status
from sync.sources.callrail.streams import CALLS, EXTRA_FIELDS, OPTIONAL, SPECS
from sync.sources.rows import DeclaredSource, RowReader, Tally, days_around, placed, to_pages


class CallRail(DeclaredSource[ApiClient]):
    """The CallRail source, API v3."""

    def __init__(
        self,
        options: CallRailOptions,
        secrets: Mapping[str, SecretStr],
        *,
        pace: Pace,
        sleep: Sleep,
        notebook: Notebook,  # noqa: ARG002 - every read is one walk, there is nothing to take up again
    ) -> None:
        key = secrets["api_key"].get_secret_value()
        headers = {"Authorization": f"Token token={key}"}
        client = make_client(options.base_url, headers=headers, secrets=(key,), pace=pace, sleep=sleep)
        super().__init__(client, SPECS, options)
        self._account = options.account_id

    def probe(self, streams: Collection[str] = ()) -> str:  # noqa: ARG002 - one right opens all of them
        """Prove the credential by the accounts that it sees, of which the connection's must be one."""
        page = read_page(self._client.get_json("/v3/a.json", {"per_page": 250}), "accounts")
        names = {str(row.get("id")): str(row.get("name") or "") for row in page.rows if isinstance(row, dict)}
        if self._account not in names and page.ends:
            seen = ", ".join(f"{account} ({name})" if name else account for account, name in sorted(names.items()))
            raise CredentialsRefused(
                f"the key does not see the account {self._account}",
                hint=f"Set account_id to one that it sees: {seen or 'none'}.",
            )
        name = names.get(self._account)
        return f"CallRail accepts the key for the account {self._account}{f' ({name})' if name else ''}."

    def fetch(
        self,
        stream: str,
        within: Slice,
        params: Mapping[str, Any],
        *,
        buckets: Buckets | None = None,  # noqa: ARG002 - there is no aggregate
    ) -> Iterator[Page]:
        """Yield the calls that began in the slice, page by page, or a list whole."""
        spec = self._checked(stream, params)
        asked = {name: ",".join(value) if isinstance(value, list) else value for name, value in params.items()}
        if spec.name == CALLS.name:
            first, last = days_around(within)
            asked |= {"start_date": first.isoformat(), "end_date": last.isoformat(), "relative_pagination": "true"}
            asked |= {"sort": "start_time", "order": "asc", "fields": ",".join(EXTRA_FIELDS)}
        trimmed = within if spec.kind is StreamKind.ROWS else None
        return placed(self._read(spec, asked, trimmed), Where(stream=stream, slice=str(within)))

    def _read(self, spec: StreamSpec, asked: Mapping[str, Any], within: Slice | None) -> Iterator[Page]:
        needed = spec.key if within is None else (*spec.key, spec.cursor_field)
        reader = RowReader(spec.fields, needed=needed, optional=OPTIONAL[spec.name], noun=spec.name.removesuffix("s"))
        tally = Tally(vendor="CallRail", noun=spec.name)
        return to_pages(walk_led(partial(self._ask, spec, asked)), spec, within, reader=reader, tally=tally)

    def _ask(self, spec: StreamSpec, asked: Mapping[str, Any], at: At) -> LedPage:
        # The filters are sent again, whatever the link carries: a page without them would be of other calls.
        query = {**to_query(at.cursor), **asked, "per_page": spec.page_size}
        page = read_page(self._client.get_json(spec.endpoint.format(account_id=self._account), query), spec.name)
        return replace(page, rows=[with_status(row) for row in page.rows]) if spec.name == CALLS.name else page
