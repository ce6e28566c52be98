"""Axes of charts: round numbers from end to end, written as the cells are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sync.sandbox.google.grid import Look, tidy_number
from sync.sandbox.google.shows import show

N_TICKS = 5
Values = Sequence[float | None]


def make_axis(
    lines: Sequence[Values],
    writing: tuple[Look | None, str],
    *,
    stacked: str | None,
    from_zero: bool,
    window: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return {min, max, ticks: [[number, text]]} that holds all values of the lines, written by a look in a locale."""
    if stacked == "share":
        return {"min": 0, "max": 1, "ticks": [[n / 4, f"{25 * n}%"] for n in range(5)]}
    low, high = _ends(lines, stacked=bool(stacked))
    if from_zero:
        low, high = min(low, 0), max(high, 0)
    window = window or {}
    low, high = window.get("viewWindowMin", low), window.get("viewWindowMax", high)
    if low >= high:
        high = low + 1
    step = _round_step((high - low) / N_TICKS)
    first = window.get("viewWindowMin", math.floor(low / step + 1e-9) * step)
    last = window.get("viewWindowMax", math.ceil(high / step - 1e-9) * step)
    n_steps = max(1, math.floor((last - first) / step + 1e-9))
    ticks = [first + n * step for n in range(n_steps + 1)]
    return {"min": first, "max": last, "ticks": [[tick, _write(tick, step, writing)] for tick in ticks]}


def _ends(lines: Sequence[Values], *, stacked: bool) -> tuple[float, float]:
    if stacked:
        places = list(zip(*lines, strict=False))
        highs = [sum(value for value in place if value is not None and value > 0) for place in places]
        lows = [sum(value for value in place if value is not None and value < 0) for place in places]
        return min(lows, default=0), max(highs, default=1)
    numbers = [value for line in lines for value in line if value is not None]
    return min(numbers, default=0), max(numbers, default=1)


def _round_step(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, not below a rough step."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * (1 - 1e-9))


def _write(tick: float, step: float, writing: tuple[Look | None, str]) -> str:
    look, locale = writing
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    number = tidy_number(round(tick, places))
    return show(number, look if look is not None and look.format.get("numberFormat") else None, locale)
