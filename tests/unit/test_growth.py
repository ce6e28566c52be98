"""When a spreadsheet is full at the pace of the last weeks."""

from __future__ import annotations

import pytest

from sync.growth import forecast_words, full_in_days


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (None, "does not grow"),
        (0.4, "full within a day at this pace"),
        (1, "full in about 1 day at this pace"),
        (20, "full in about 20 days at this pace"),
        (40, "full in about 6 weeks at this pace"),
        (121, "full in about 4 months at this pace"),
        (900, "full in about 2 years at this pace"),
        (4000, "not full for more than 5 years at this pace"),
    ],
)
def test_the_forecast_reads_as_people_would_say_it(days: float | None, words: str) -> None:
    assert forecast_words(days) == words


def test_what_does_not_grow_is_never_full() -> None:
    assert full_in_days(9_000_000, 10_000_000, 0) is None
    assert full_in_days(9_000_000, 10_000_000, 10_000) == 100
    assert full_in_days(11_000_000, 10_000_000, 10_000) == 0
