"""CallRail's streams on the bench."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sync.records import LISTED_AT, Buckets, Slice
from tests.benches.bench import SECRET, Bench, Values
from tests.sandbox_admin import Admin

SECRETS = {"api_key": SECRET}


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _calls(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    found = []
    for call in admin.truth("callrail", "calls"):
        status = {(True, False): "answered", (False, True): "voicemail"}.get(
            (call["answered"], call["voicemail"]), "missed"
        )
        length = call["recording_duration"]
        times = {name: _at(call[name]) for name in ("start_time", "created_at")}
        made = {"answer_status": status, "recording_duration": int(length) if length else None}
        found.append({**call, **times, **made})
    return [call for call in found if within.start <= call["start_time"] < within.end]


def _companies(admin: Admin, _within: Slice, _: Buckets | None) -> list[Values]:
    return [
        {**one, "listed_at": LISTED_AT, **{name: _at(one[name]) for name in ("created_at", "disabled_at")}}
        for one in admin.truth("callrail", "companies")
    ]


def _edit(kind: str) -> Any:
    def edit(admin: Admin, key: Sequence[Any], field: str, value: Any) -> None:
        admin.edit_at("callrail", kind=kind, ids=list(key), fields={field: value})

    return edit


BENCHES = [
    Bench(
        vendor="callrail",
        stream="calls",
        secrets=SECRETS,
        truth=_calls,
        integer_field="duration",
        required_field="tracking_phone_number",
        text_field="note",
        edit=_edit("calls"),
        settings=[
            *({"dates_zone": zone} for zone in ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York")),
            *({"end_included": included, "relative_paging": paging} for included in (True, False) for paging in (0, 1)),
        ],
        more_faults=[{"do": "repeat_page"}],
        arrives="calls",
    ),
    Bench(
        vendor="callrail",
        stream="companies",
        secrets=SECRETS,
        truth=_companies,
        required_field="name",
        text_field="name",
        edit=_edit("companies"),
    ),
]
