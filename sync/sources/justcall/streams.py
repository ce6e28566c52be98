"""The declared streams of JustCall, by dialect. Why each choice was made is told in README.md beside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sync.records import StreamSpec
from sync.sources.base import find_param_mistakes
from sync.sources.justcall import live
from sync.sources.justcall.analytics import ANALYTICS
from sync.sources.justcall.call_logs import CALLS
from sync.sources.justcall.models import JustCallOptions

SPECS: Mapping[str, StreamSpec] = {spec.name: spec for spec in (CALLS, *ANALYTICS)}
VARIANTS = ({"dialect": "v2"}, {"dialect": "v2.1"})


def specs_for(options: JustCallOptions) -> Mapping[str, StreamSpec]:
    """Return the streams of a dialect."""
    return live.SPECS if options.dialect == "v2.1" else SPECS


_E164 = re.compile(r"\+[1-9]\d{6,14}")
_DIGITS = re.compile(r"[1-9]\d{6,14}")


def find_mistakes(spec: StreamSpec, params: Mapping[str, Any]) -> tuple[str, ...]:
    """Check params before a request is made: names, types, allowed values, and the form of a number."""
    mistakes = find_param_mistakes(spec, params)
    for name in ("number", "phone_number", "justcall_number", "contact_number"):
        number = params.get(name)
        is_live = spec.variant == "v2.1"
        form = _DIGITS if is_live else _E164
        if isinstance(number, str) and not form.fullmatch(number):
            allowed = "digits alone, such as 14155550100" if is_live else "E.164 form, such as +14155550100"
            mistakes += (f"{name} = {number!r}: allowed is a number in {allowed}",)
    return (*mistakes, *_switched_off(spec, params))


def _switched_off(spec: StreamSpec, params: Mapping[str, Any]) -> Iterator[str]:
    """Yield filters that JustCall would silently ignore: more calls would come than the tab asks for."""
    masters = [name for name in ("call_traits", "ivr_digit") if name in params]
    for name in ("call_direction", "call_type"):
        if spec.variant == "v2.1" and masters and name in params:
            yield f"{name} = {params[name]!r}: allowed is none beside {masters[0]}, which makes JustCall ignore it"
