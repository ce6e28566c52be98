"""What a pivot table makes of many values: sums, counts, averages and the like."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

from sync.sandbox.google.grid import Value, tidy_number

Numbers = list[float]


def _over(least: int, work: Callable[[Numbers], float]) -> Callable[[Numbers], Value]:
    """Return a function of at least so many numbers; with fewer there is nothing to divide by."""
    return lambda numbers: tidy_number(float(work(numbers))) if len(numbers) >= least else "#DIV/0!"


_OF_NUMBERS: dict[str, Callable[[Numbers], Value]] = {
    "SUM": lambda numbers: tidy_number(math.fsum(numbers)),
    "COUNT": len,
    "AVERAGE": _over(1, lambda numbers: math.fsum(numbers) / len(numbers)),
    "MAX": lambda numbers: max(numbers, default=0),
    "MIN": lambda numbers: min(numbers, default=0),
    "MEDIAN": lambda numbers: tidy_number(statistics.median(numbers)) if numbers else "#NUM!",
    "PRODUCT": lambda numbers: tidy_number(math.prod(numbers)) if numbers else 0,
    "STDEV": _over(2, statistics.stdev),
    "STDEVP": _over(1, statistics.pstdev),
    "VAR": _over(2, statistics.variance),
    "VARP": _over(1, statistics.pvariance),
}
KEEPING_FORMAT = {"SUM", "AVERAGE", "MAX", "MIN", "MEDIAN", "PRODUCT", "STDEV", "STDEVP", "NONE"}
"""Functions whose results show in the number format of their column."""


def summarize(function: str, values: list[Value]) -> Value:
    """Return what a function makes of the values of one cell; nothing when there are none."""
    if not values:
        return None
    filled = [value for value in values if value is not None and value != ""]
    if function == "COUNTA":
        return len(filled)
    if function == "COUNTUNIQUE":
        return len({(type(value) is bool, value) for value in filled})
    if function == "NONE":
        return values[0] if len(values) == 1 else None
    work = _OF_NUMBERS.get(function)
    if work is None:
        return "#NAME?"
    return work([value for value in filled if isinstance(value, int | float) and not isinstance(value, bool)])
