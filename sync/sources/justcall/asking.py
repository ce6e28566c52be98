"""How JustCall is asked: the two spellings of its key, and its refusals told with the one that was used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sync import log
from sync.errors import ContractBroken, CredentialsRefused
from sync.http.client import ApiClient, make_client
from sync.http.waits import Pace, Sleep
from sync.sources.rows import json_type

Spelling = Literal["bare", "bearer"]
_SHOWN: Mapping[Spelling, str] = {
    "bare": "Authorization: <key>:<secret>",
    "bearer": "Authorization: Bearer <key>:<secret>",
}
NEEDS_PLAN = "API access is part of JustCall's Team plan and higher; the key's owner must be allowed to see this, too."
_REFUSING = ("error", "failed", "fail", "failure")


class Asker:
    """Sends the requests of one connection, each with the spelling of the key that its endpoint wants."""

    def __init__(self, base_url: str, key: str, secret: str, *, pace: Pace, sleep: Sleep) -> None:
        def make(authorization: str) -> ApiClient:
            return make_client(
                base_url,
                headers={"Authorization": authorization, "Content-Type": "application/json"},
                secrets=(key, secret),
                pace=pace,
                sleep=sleep,
            )

        # No base64, and at some endpoints no scheme word either
        self._clients: Mapping[Spelling, ApiClient] = {
            "bare": make(f"{key}:{secret}"),
            "bearer": make(f"Bearer {key}:{secret}"),
        }

    @property
    def n_requests(self) -> int:
        """How many requests went out, failed ones included."""
        return sum(client.n_requests for client in self._clients.values())

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, spelling: Spelling = "bare") -> Any:
        """Fetch JSON; a refusal says how the key was sent, and which plan or right may be missing."""
        try:
            reply = self._clients[spelling].get_json(path, params)
        except CredentialsRefused as error:
            if "403" in error.what:
                error.hint += f" {NEEDS_PLAN}"
            error.hint += f" It was sent as `{_SHOWN[spelling]}`."
            raise
        _refuse_failure(path, reply)
        return reply

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()


def _refuse_failure(path: str, reply: Any) -> None:
    """Raise for a refusal that comes with a good status."""
    status = reply.get("status") if isinstance(reply, dict) else None
    if isinstance(status, str) and status.lower() in _REFUSING:
        words = next((reply[name] for name in ("message", "error") if isinstance(reply.get(name), str)), "no reason")
        raise ContractBroken(f"{path} answered with status {status}: {log.mask(words)[:300]}")


def whole_number(reply: Mapping[str, Any], name: str, *, path: str) -> int | None:
    """Return a count of an envelope, None where there is none; ContractBroken for what is no count."""
    value = reply.get(name)
    if isinstance(value, str) and value.isdecimal() and len(value) < 18:
        value = int(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ContractBroken(f"{path} answered with {name} that is {json_type(value)}, not a count")
    return value
