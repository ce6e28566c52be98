"""Conditions of `where`: which records pass, and which conditions are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sync.shape.conditions import find_mistake, parse_condition, passes
from sync.sources.registry import VENDORS

RECORDS = pl.DataFrame(
    {
        "n": [1, 2, 3, 4],
        "duration": [5, 10, None, 300],
        "status": ["completed", "Voicemail", None, "no, thanks"],
        "answered": [True, False, None, True],
        "started_at": [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (1, 2, 3, 4)],
        "tags": [["vip", "Sales"], [], None, ["support"]],
    }
)
SPEC = VENDORS["justcall"].specs["calls"]


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("duration >= 10", [2, 4]),
        ("duration < 10", [1]),
        ("duration = 10.0", [2]),
        ("duration != 10", [1, 3, 4]),
        ("duration is empty", [3]),
        ("duration is not empty", [1, 2, 4]),
        ("status in completed, voicemail", [1, 2]),
        ("status not in completed, voicemail", [3, 4]),
        ('status in completed, "no, thanks"', [1, 4]),
        ("status = VOICEMAIL", [2]),
        ("status contains mail", [2]),
        ("status is empty", [3]),
        ("answered = true", [1, 4]),
        ("answered != true", [2, 3]),
        ("started_at >= 2026-03-03", [3, 4]),
        ('started_at < "2026-03-02 07:30"', [1, 2]),  # 07:30 in New York is 12:30 UTC
        ("tags contains vip", [1]),
        ("tags contains sales", [1]),
        ("unheard_of = 1", []),
        ("unheard_of is empty", [1, 2, 3, 4]),
    ],
)
def test_records_pass_as_the_condition_says(text: str, passing: list[int]) -> None:
    passed = passes([parse_condition(text)], RECORDS.schema, ZoneInfo("America/New_York"))
    assert RECORDS.filter(passed)["n"].to_list() == passing


def test_all_conditions_must_hold() -> None:
    conditions = [parse_condition("duration >= 5"), parse_condition("status = completed")]
    assert RECORDS.filter(passes(conditions, RECORDS.schema, ZoneInfo("UTC")))["n"].to_list() == [1]


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("duration", "a field, a comparison and a value"),
        ("duration >= ten", "a number"),
        ("status > a", "is empty"),
        ("notes is blank", "is not empty"),
        ("started_at >= yesterday", "a date or time"),
    ],
)
def test_a_condition_that_cannot_be_carried_out_says_what_is_allowed(text: str, allowed: str) -> None:
    assert allowed in find_mistake(text, SPEC)
