"""Options of a CallScaler connection, and the forms of its replies. Sends nothing; quirks are in README.md beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from sync import log
from sync.errors import ContractBroken, CredentialsRefused, SyncError
from sync.sources.base import BaseUrl, Duration, SecretRef, SourceOptions
from sync.sources.rows import json_type

_ENVELOPES = ("data", "result")
_CURSORS = ("next_cursor", "nextCursor")
_TOTALS = ("total", "total_count")


class CallScalerOptions(SourceOptions):
    """A connection to CallScaler: one key, which belongs to one business and may also write."""

    vendor: Literal["callscaler"] = Field(default="callscaler", description="Which vendor this connection speaks to.")
    api_key: SecretRef = Field(description="Where the API key is found, as env:NAME or file:PATH.")
    base_url: BaseUrl = Field(
        default="https://callscaler.com", description="The address below which the vendor's API is found."
    )
    # Scores, qualification, value and cost are known to land days later.
    lookback: Duration = Field(
        default=timedelta(days=7), description="How far back is read again on every run, because calls change late."
    )
    end_date: Literal["included", "excluded"] | None = Field(
        default=None,
        description="Whether the analytics count the day that end_date names. Left out: found out by asking for one "
        "past day. Where it is written here, check says when it is wrong.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReply:
    """One page of a list. `cursor_is_told` says that the reply speaks of a cursor, be it to say there is none."""

    rows: list[Any]
    cursor: str | None
    cursor_is_told: bool
    n_total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsReply:
    """An answer of the analytics: its groups, how many groups there are in all, and how many calls are in them."""

    rows: list[Any]
    n_groups: int | None
    n_calls: int | None


def read_list(reply: Any, name: str) -> ListReply:
    """Read a list of `name`, whether or not it is in an envelope, and wherever its cursor stands."""
    layers = _layers(reply, name)
    rows = _rows_in(layers[-1], name)
    told = [layer for layer in layers if any(cursor in layer for cursor in _CURSORS)]
    cursors = [layer.get(cursor) for layer in told for cursor in _CURSORS]
    totals = [layer[total] for layer in layers for total in _TOTALS if _is_count(layer.get(total))]
    return ListReply(
        rows=rows,
        cursor=next((str(cursor) for cursor in cursors if cursor), None),
        cursor_is_told=bool(told),
        n_total=totals[-1] if totals else None,
    )


def read_groups(reply: Any) -> GroupsReply:
    """Read an answer of the analytics, with or without the outer envelope."""
    layers = _layers(reply, "data")
    inner = layers[-1]
    totals = inner.get("totals")
    n_calls = _to_count(totals.get("count")) if isinstance(totals, dict) else None
    return GroupsReply(rows=_rows_in(inner, "data"), n_groups=_to_count(inner.get("count")), n_calls=n_calls)


def _layers(reply: Any, name: str) -> list[Mapping[str, Any]]:
    """Return the reply and what it wraps, down to the object that holds the list."""
    if isinstance(reply, list):
        return [{name: reply}]
    if not isinstance(reply, dict):
        raise ContractBroken(f"CallScaler answered {json_type(reply)} in place of an object")
    layers: list[Mapping[str, Any]] = [reply]
    while not isinstance(layers[-1].get(name), list):
        inner = next((layers[-1].get(e) for e in _ENVELOPES if isinstance(layers[-1].get(e), dict)), None)
        if inner is None:
            break
        layers.append(inner)
    _refuse_error(layers)
    return layers


def _rows_in(inner: Mapping[str, Any], name: str) -> list[Any]:
    for place in (name, *_ENVELOPES):
        rows = inner.get(place)
        if isinstance(rows, list):
            return rows
    known = ", ".join(sorted(inner)[:8]) or "nothing"
    raise ContractBroken(f"CallScaler answered without a list of {name}; the reply holds {known}")


def _refuse_error(layers: list[Mapping[str, Any]]) -> None:
    """An error may come with a good status: an object of code and message, a text, or a message beside."""
    layer = next((layer for layer in layers if layer.get("error") or layer.get("success") is False), None)
    if layer is None:
        return
    error = layer.get("error")
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    told = error.get("message") if isinstance(error, dict) else error if isinstance(error, str) else None
    words = told or layer.get("message") or "no reason is told"
    said = f"CallScaler answered with an error{f' {code}' if code else ''}: {log.mask(str(words))[:300]}"
    raise _error_of(code, said)


def _error_of(code: str, said: str) -> SyncError:
    if code == "401":
        return CredentialsRefused(said, hint="The key is wrong or revoked: make a new one in CallScaler's settings.")
    if code == "403":
        return CredentialsRefused(said, hint="The key's role may not read this; it takes a Viewer at least.")
    return ContractBroken(said)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _to_count(value: Any) -> int | None:
    """Read a number of calls or groups, which a database may hand out as text."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return int(value) if _is_count(value) or (isinstance(value, float) and value.is_integer()) else None
