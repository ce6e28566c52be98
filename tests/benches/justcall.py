"""JustCall's streams on the bench."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sync.errors import ContractBroken
from sync.records import Buckets, Slice
from tests.benches.bench import SECRET, Bench, Values
from tests.sandbox_admin import Admin

SECRETS = {"api_key": "key-for-tests", "api_secret": SECRET}


def _call_of(call: dict[str, Any]) -> Values:
    instants = {name: call[name] and datetime.fromisoformat(call[name]) for name in ("started_at", "ended_at")}
    return {**call, **instants}


def _calls(admin: Admin, within: Slice, _: Buckets | None) -> list[Values]:
    found = [_call_of(call) for call in admin.calls()]
    return [call for call in found if within.start <= call["started_at"] < within.end]


def _edit_call(admin: Admin, key: Sequence[Any], field: str, value: Any) -> None:
    admin.edit_calls(call_ids=[key[0]], fields={field: value})


BENCHES = [
    Bench(
        vendor="justcall",
        stream="calls",
        secrets=SECRETS,
        truth=_calls,
        integer_field="duration",
        required_field="disposition",
        text_field="notes",
        edit=_edit_call,
        settings=[
            {"dates_zone": zone, "end_included": included}
            for zone in ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York")
            for included in (True, False)
        ],
        more_faults=[{"do": "repeat_page"}, {"do": "wrong_total", "delta": 5}, {"do": "wrong_total", "delta": -5}],
        lasting_faults=[({"do": "wrong_total", "delta": 5}, ContractBroken)],
        arrives="calls",
    )
]
