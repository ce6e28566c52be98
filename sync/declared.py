"""What a stream declares, in words: for the terminal and for the generated pages. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sync.records import Param, StreamKind, StreamSpec

FIELD_HEADS = ("field", "type", "title", "role", "changes", "what it is")
PARAM_HEADS = ("param", "type", "allowed", "what it does")
MAX_KEY = 5  # fields; no record has more in its key, but a report has as many to choose from as can be grouped by
STREAM_HEADS = ("stream", "asked at", "key", "read by", "lookback", "reread", "vendor remembers", "asked by", "page")


def field_rows(spec: StreamSpec) -> Iterator[tuple[str, ...]]:
    """Yield what a stream declares of each of its fields, in the order of FIELD_HEADS."""
    for field in spec.fields:
        about = field.description if field.shown else f"{field.description} Left out unless chosen."
        role = str(field.role) if field.role else ""
        yield field.name, str(field.type), field.title, role, "later" if field.can_change else "", about


def param_rows(spec: StreamSpec) -> Iterator[tuple[str, ...]]:
    """Yield what a stream declares of each param, in the order of PARAM_HEADS."""
    for param in spec.params:
        yield param.name, str(param.type), ", ".join(param.allowed) or "any", _about_param(spec, param)


def _about_param(spec: StreamSpec, param: Param) -> str:
    tested = spec.field_named(param.field or "")
    needed = f" Required, such as {param.example!r}." if param.required else ""
    risky = f" Tests {tested.name}, which may change later: where is safer." if tested and tested.can_change else ""
    return f"{param.description}{needed}{risky}"


def stream_row(spec: StreamSpec) -> tuple[str, ...]:
    """Return one line on a stream, in the order of STREAM_HEADS."""
    again = ("always whole",) * 2 if spec.kind is StreamKind.LIST else (_lookback(spec), in_days(spec.reread))
    memory = "a list has no past" if spec.kind is StreamKind.LIST else memory_of(spec)
    how = (pieces_of(spec), f"{spec.page_size:,}")
    return spec.name, spec.endpoint, key_of(spec), spec.cursor_field, *again, memory, *how


def key_of(spec: StreamSpec) -> str:
    """Name the key; where params decide which of many fields are in it, say so."""
    if len(spec.key) <= MAX_KEY:
        return ", ".join(spec.key)
    return f"{spec.key[0]}, and the fields that the params choose"


def _lookback(spec: StreamSpec) -> str:
    return "change feed" if spec.change_feed else in_days(spec.lookback)


def pieces_of(spec: StreamSpec) -> str:
    """Say in a few words by which pieces a stream is asked."""
    if spec.kind is StreamKind.AGGREGATE:
        return ", ".join(spec.per)
    return "whole" if spec.kind is StreamKind.LIST else f"{spec.slice_days} days"


def facts_of(spec: StreamSpec) -> Iterator[tuple[str, str]]:
    """Yield all that a stream declares beside its fields and params, each with its name."""
    if spec.endpoint:
        yield "asked at", spec.endpoint
    yield "key", key_of(spec)
    yield "read by", spec.cursor_field
    yield "asked for", _asked_for(spec)
    yield "page", f"up to {spec.page_size:,} records a request"
    yield "read again", _read_again(spec)
    yield "vendor remembers", memory_of(spec)
    if spec.longest_pause:
        yield "must run", f"at least every {in_days(spec.longest_pause)}, or records are lost"
    if spec.off_peak:
        yield "best read", "outside business hours (run_between)"
    yield "limits", spec.limits
    yield from _status_facts(spec)


def _asked_for(spec: StreamSpec) -> str:
    if spec.kind is StreamKind.LIST:
        return "whole, as it is now"
    if spec.kind is StreamKind.AGGREGATE:
        return f"by {' or '.join(spec.per)}, each at most {spec.slice_days} days long"
    return f"single records, at most {spec.slice_days} days at a time"


def _read_again(spec: StreamSpec) -> str:
    if spec.kind is StreamKind.LIST:
        return "whole, on every run"
    first = "the vendor tells what changed" if spec.change_feed else f"the last {in_days(spec.lookback)}"
    return f"on every run {first}; once a week the last {in_days(spec.reread)}"


def memory_of(spec: StreamSpec) -> str:
    """Say how far back the vendor remembers, and whether that is sure."""
    if spec.retention is None:
        return "not known to forget"
    return in_days(spec.retention) if spec.retention_is_certain else f"about {in_days(spec.retention)}"


def _status_facts(spec: StreamSpec) -> Iterator[tuple[str, str]]:
    words = spec.status_words
    if words is None:
        return
    for name in ("answered", "missed", "voicemail"):
        yield f"counts as {name}", ", ".join(getattr(words, name)) or "nothing"


def in_days(length: timedelta) -> str:
    """Write a length of time as people say it."""
    if length < timedelta(days=1):
        return f"{length / timedelta(hours=1):g} hours"
    days = length / timedelta(days=1)
    return "1 day" if days == 1 else f"{days:,g} days"
