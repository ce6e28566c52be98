"""Aircall's exports: asked for, under way, done with a link that expires, failed, gone. As its pages describe them.

Guesses, where they are silent: an export is what was true when it was asked for; `toDate` is included (option
`export_end_included`); an unknown filter is 400; every report takes every filter; a used link can be used again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sync.sandbox.aircall_reports import REPORTS
from sync.sandbox.vendor import Refusal, known_zones

RELATIVE = ("TODAY", "YESTERDAY", "THIS_WEEK", "LAST_WEEK", "THIS_MONTH", "LAST_MONTH")
LIST_FILTERS = (
    *("userIDs", "teamIDs", "callIDs", "lineIDs", "customerNumbers", "tagIDs", "callTypes", "ivrBranches"),
    *("virtualVoiceAgentIDs", "ringAttemptOrigin", "userStatuses", "nextUserStatuses"),
)
OTHER_FILTERS = ("teamFilterOption", "hours", "duration", "minConnectedDuration", "withAiIntervention", "withVoicemail")
OPTIONS = ("dateBreakdown", "slaTimeToAnswerInSeconds", "slaIncludedCallUnansweredReasons")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request for an export that was understood."""

    report: str
    first: date
    last: date
    zone: ZoneInfo
    filters: Mapping[str, Any]
    daily: bool
    name: str


def bad_request(words: str) -> Refusal:
    """Make the refusal of a request that cannot be understood."""
    return Refusal({"error": "Bad Request", "troubleshoot": words}, status=400)


def understand(body: Any) -> Wanted:
    """Read the body of a request. Raises Refusal."""
    asked = body.get("input") if isinstance(body, dict) else None
    if not isinstance(asked, dict):
        raise bad_request("input is missing: everything is wrapped in it")
    report, filters = asked.get("reportName"), asked.get("filter")
    if report not in REPORTS:
        raise bad_request(f"unknown reportName {report!r}")
    if not isinstance(filters, dict) or filters.get("timezone") not in known_zones():
        raise bad_request("filter.timezone must be the name of a time zone")
    first, last = _days(filters.get("dateFilter"))
    others = {name: value for name, value in filters.items() if name not in ("timezone", "dateFilter")}
    for name, value in others.items():
        if name not in (*LIST_FILTERS, *OTHER_FILTERS):
            raise bad_request(f"unknown filter {name}")
        if name in LIST_FILTERS and not isinstance(value, list):
            raise bad_request(f"{name} must be a list")
    options = asked.get("options") or {}
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise bad_request(f"unknown options {', '.join(unknown)}")
    exported = asked.get("exportOptions") or {}
    if exported.get("format", "CSV") != "CSV":
        raise bad_request("format must be CSV")
    return Wanted(
        report=report,
        first=first,
        last=last,
        zone=ZoneInfo(filters["timezone"]),
        filters=others,
        daily=options.get("dateBreakdown") == "DAILY",
        name=str(exported.get("exportName", "")),
    )


def _days(asked: Any) -> tuple[date, date]:
    if not isinstance(asked, dict) or len(asked) != 1:
        raise bad_request("dateFilter must have exactly one of relative and absoluteRange")
    if "relative" in asked:
        raise bad_request(f"the sandbox does not know relative dates ({', '.join(RELATIVE)})")
    days: Any = asked.get("absoluteRange")
    try:
        first, last = (date.fromisoformat(days[name]) for name in ("fromDate", "toDate"))
    except (TypeError, KeyError, ValueError):
        raise bad_request("absoluteRange must have fromDate and toDate as YYYY-MM-DD") from None
    if last < first:
        raise bad_request("toDate is before fromDate")
    return first, last


@dataclass(slots=True, kw_only=True)
class Export:
    """One export: what it will hold, or why it fails; and how often it was asked after."""

    id: str
    wanted: Wanted
    made_at: float
    file: bytes
    words: str
    is_zip: bool
    n_looks: int = 0
    link: str = ""
    link_until: float = 0.0


class ExportShelf:
    """The exports of an account. `now` is a clock that options can move on."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._exports: dict[str, Export] = {}
        self._now = now

    def clear(self) -> None:
        """Forget all."""
        self._exports.clear()

    def add(self, wanted: Wanted, *, file: bytes, words: str, is_zip: bool) -> Export:
        """Keep a new export."""
        made = Export(id=str(uuid.uuid4()), wanted=wanted, made_at=self._now(), file=file, words=words, is_zip=is_zip)
        self._exports[made.id] = made
        return made

    def find(self, export_id: str, *, lives_s: float) -> Export | None:
        """Return an export that still exists."""
        export = self._exports.get(export_id)
        return export if export is not None and self._now() - export.made_at < lives_s else None

    def by_link(self, token: str) -> Export | None:
        """Return the export of a link that is still good."""
        return next((e for e in self._exports.values() if e.link == token and self._now() < e.link_until), None)

    def answer(self, export: Export, *, pending: str, n_pending: int, address: str, link_s: float) -> dict[str, Any]:
        """Say how an export stands; each answer for one that is done has a new link."""
        made = datetime.fromtimestamp(export.made_at, ZoneInfo("UTC"))
        base = {"exportID": export.id, "createdAt": _instant(made)}
        if export.n_looks <= n_pending:
            return {**base, "status": pending}
        if export.words:
            return {**base, "status": "FAILED", "errorMessage": export.words}
        export.link, export.link_until = uuid.uuid4().hex, self._now() + link_s
        until = datetime.fromtimestamp(export.link_until, ZoneInfo("UTC"))
        return {
            **base,
            "status": "COMPLETED",
            "format": "CSV",
            "exportName": export.wanted.name,
            "isZipCompressed": export.is_zip,
            "downloadUrl": f"{address}/files/{export.id}.csv?X-Amz-Signature={export.link}",
            "downloadUrlExpiresAt": _instant(until),
        }


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def store_error(code: str, words: str) -> bytes:
    """Write what an object store says in place of a file."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{words}</Message></Error>'.encode()
    )
