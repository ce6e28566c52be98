"""Requests to JustCall that yield records. Facts, and why it is done so: README.md beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import orjson
from pydantic import SecretStr, ValidationError

from sync import log
from sync.errors import ConfigError, ContractBroken, CredentialsRefused, SyncError, Where
from sync.http.client import make_client
from sync.http.pagination import NumberedPage, walk_pages
from sync.http.waits import Pace, Sleep
from sync.records import Buckets, Page, Record, Slice, StreamSpec
from sync.sources.base import Notebook, spec_of
from sync.sources.justcall.models import CallsReply, Complaint, JustCallOptions, json_type, to_calls
from sync.sources.justcall.streams import SPECS, find_mistakes

CALLS_PATH = "/v2/calls"
ACCOUNT_PATH = "/v2/account"

REJECTED_SHARE = 0.10  # of a slice; more is not a slip in one record but a changed form
REJECTED_PAGE = 5  # records; a page of so many without a good one tells as much at once


class JustCall:
    """The JustCall source, dialect v2."""

    def __init__(
        self,
        options: JustCallOptions,
        secrets: Mapping[str, SecretStr],
        *,
        pace: Pace,
        sleep: Sleep,
        notebook: Notebook,  # noqa: ARG002 - every read is one walk, there is nothing to take up again
    ) -> None:
        key, secret = (secrets[name].get_secret_value() for name in ("api_key", "api_secret"))
        # The call logs take the bare pair, without a scheme word and not in base64.
        self._client = make_client(
            options.base_url,
            headers={"Authorization": f"{key}:{secret}", "Content-Type": "application/json"},
            secrets=(key, secret),
            pace=pace,
            sleep=sleep,
        )
        self._specs = {
            name: replace(spec, lookback=options.lookback, reread=options.reread) for name, spec in SPECS.items()
        }

    @property
    def specs(self) -> Mapping[str, StreamSpec]:
        """The streams by name, with lookback and reread as the options set them."""
        return self._specs

    @property
    def n_requests(self) -> int:
        """How many requests went out since the source was made, failed ones included."""
        return self._client.n_requests

    def probe(self) -> str:
        """Prove the credential: by the account, or where that is not served, by one call."""
        try:
            reply = self._get(ACCOUNT_PATH)
        except ContractBroken:  # the sibling article names it, the live documentation does not know it
            reply = _read_reply(self._get(CALLS_PATH, {"per_page": 1}))
            return f"JustCall accepts the key and lists {reply.count:,} calls."
        plan = _account_plan(reply)
        return f"JustCall accepts the key{f' (plan {plan})' if plan else ''}."

    def fetch(
        self,
        stream: str,
        within: Slice,
        params: Mapping[str, Any],
        *,
        buckets: Buckets | None = None,  # noqa: ARG002
    ) -> Iterator[Page]:
        """Yield the calls that started in the slice, page by page."""
        spec = spec_of(self._specs, stream)
        mistakes = find_mistakes(spec, params)
        if mistakes:
            raise ConfigError("; ".join(mistakes), where=Where(stream=stream))
        return self._fetch_calls(spec, within, {**params, **_asked_dates(within)})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        try:
            return self._client.get_json(path, params)
        except CredentialsRefused as error:
            error.hint += " It was sent as `Authorization: <key>:<secret>`."
            raise

    def _fetch_calls(self, spec: StreamSpec, within: Slice, query: Mapping[str, Any]) -> Iterator[Page]:
        tally = _Tally()
        try:
            for page in walk_pages(lambda number: self._ask(spec, query, number)):
                records, complaints = to_calls(page.rows)
                tally.take(page, complaints)
                yield Page(
                    records=[record for record in records if _belongs(record, spec, within)],
                    rejected=[str(complaint) for complaint in complaints],
                    n_expected=page.n_total,
                )
            tally.check()
        except SyncError as error:
            error.at(Where(stream=spec.name, slice=str(within)))
            raise

    def _ask(self, spec: StreamSpec, query: Mapping[str, Any], number: int) -> NumberedPage:
        reply = _read_reply(self._get(CALLS_PATH, {**query, "page": number, "per_page": spec.page_size}))
        ids = [_identity(row) for row in reply.data]
        return NumberedPage(number=reply.page, n_pages=reply.total_pages, n_total=reply.count, rows=reply.data, ids=ids)


@dataclass(slots=True)
class _Tally:
    """Counts what was rejected in a slice, and says so when it is no longer a slip.

    One odd record among good ones is a slip however few they are: it must not stop a sheet on a quiet day.
    """

    n_rows: int = 0
    n_rejected: int = 0
    first: str = ""
    is_one_record: bool = True
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, page: NumberedPage, complaints: Sequence[Complaint]) -> None:
        self.n_rows += len(page.rows)
        self.n_rejected += len(complaints)
        self.is_one_record &= len(complaints) <= 1
        for complaint in complaints:
            kind = (complaint.field, complaint.what)
            self.kinds[kind] += 1
            self.examples.setdefault(kind, complaint.example)
            self.first = self.first or str(complaint)
            self.is_one_record &= str(complaint) == self.first  # a repeated walk brings it again
        if len(complaints) == len(page.rows) >= REJECTED_PAGE:
            self._refuse()

    def check(self) -> None:
        is_slip = self.is_one_record and self.n_rejected < self.n_rows
        if self.n_rejected > REJECTED_SHARE * self.n_rows and not is_slip:
            self._refuse()

    def _refuse(self) -> None:
        kind, n = self.kinds.most_common(1)[0]
        raise ContractBroken(
            f"{self.n_rejected:,} of {self.n_rows:,} calls cannot be read; most often ({n:,} times) "
            f"{' '.join(kind).strip()}, for example in {self.examples[kind]}",
            hint="JustCall seems to have changed the form of its calls; no tab was touched.",
        )


def _belongs(record: Record, spec: StreamSpec, within: Slice) -> bool:
    started_at = record.values[spec.cursor_field]
    return within.start <= started_at < within.end  # type: ignore[operator]


def _asked_dates(within: Slice) -> dict[str, str]:
    """Return the dates to ask for so that no record of the slice is missing, whatever zone the vendor means.

    The zone of the dates is not documented (a local date is at most a day off the UTC one), nor whether the end is
    included, which costs one day more.
    """
    first = (within.start - timedelta(days=1)).date()
    last = (within.end - timedelta(microseconds=1)).date() + timedelta(days=2)
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}


def _identity(row: Any) -> Hashable:
    """Return what tells a row from others, also when it is too broken to have a key."""
    call_id = row.get("call_id") if isinstance(row, dict) else None
    return call_id if isinstance(call_id, str) and call_id else hash(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))


def _read_reply(reply: Any) -> CallsReply:
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


def _account_plan(reply: Any) -> str:
    account = reply.get("data") if isinstance(reply, dict) else None
    plan = account.get("plan") if isinstance(account, dict) else None
    return plan if isinstance(plan, str) else ""
