"""How the page writes times, numbers and states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from sync import log

_TONES = {
    "ok": "good",
    "unchanged": "good",
    "running": "busy",
    "never ran": "idle",
    "disabled": "idle",
    "stopped": "warn",
    "interrupted": "warn",
}


def to_time(instant: datetime | None) -> str:
    """Write an instant in UTC; the page's script turns it into the reader's zone, and into "3 min ago"."""
    if instant is None:
        return Markup("&ndash;")
    return Markup('<time datetime="{}">{} UTC</time>').format(instant.isoformat(), f"{instant:%Y-%m-%d %H:%M}")


def to_number(value: float | None) -> str:
    """Write a number."""
    return Markup("&ndash;") if value is None else f"{value:,}"


def to_tone(state: str) -> str:
    """Return the colour's name of a state."""
    return _TONES.get(state, "bad")


def to_share(part: float, whole: float | None) -> int:
    """Return a share in per cent, at most 100."""
    return min(100, round(100 * part / whole)) if whole else 0


def to_words(text: str) -> Markup:
    """Write a sentence; what stands between backticks in it is something to type."""
    parts = [escape(part) for part in log.mask(str(text)).split("`")]
    if len(parts) % 2 == 0:
        return Markup("`").join(parts)
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


FILTERS: dict[str, Callable[..., Any]] = {
    "time": to_time,
    "number": to_number,
    "tone": to_tone,
    "share": to_share,
    "words": to_words,
    "masked": lambda text: log.mask(str(text)),
}
