"""How JustCall reads the parameters of a request: what it takes for a number, a day, a word, and how it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from starlette.requests import Request

from sync.sandbox.justcall_errors import refusal
from sync.sandbox.vendor import known_params


def params_of(request: Request, allowed: Iterable[str], *, strict: bool) -> dict[str, str]:
    """Return the parameters; unknown ones are refused where that is strict, doubled ones always."""
    params, wrong = known_params(request, allowed, strict=strict)
    if wrong:
        raise refusal(400, wrong, "INVALID_PARAMETER")
    return params


def number_in(params: Mapping[str, str], name: str, *, default: int, highest: int | None, lowest: int = 1) -> int:
    """Read a whole number; out of range is refused, not clamped."""
    text = params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise refusal(400, f"{name} must be an integer.", "INVALID_PARAMETER")
    value = int(text)
    if value < lowest or (highest is not None and value > highest):
        allowed = f"between {lowest} and {highest}" if highest is not None else f"{lowest} or more"
        raise refusal(400, f"{name} must be {allowed}.", "INVALID_PARAMETER")
    return value


def day_in(params: Mapping[str, str], name: str) -> date | None:
    """Read a day."""
    text = params.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise refusal(400, f"{name} must have the form YYYY-MM-DD.", "INVALID_PARAMETER")
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise refusal(422, f"{name} is not a day of the calendar.", "INVALID_VALUE") from None


def word_in(params: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    """Read one of certain words."""
    word = params.get(name)
    if word is not None and word not in allowed:
        raise refusal(422, f"{name} must be one of {', '.join(allowed)}.", "INVALID_VALUE")
    return word


def e164_in(params: Mapping[str, str], name: str) -> str:
    """Read a phone number; a plus that was sent unencoded arrives as a space and is refused."""
    number = params.get(name, "")
    if name in params and not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        raise refusal(422, f"{name} must be in E.164 form.", "INVALID_VALUE")
    return number
