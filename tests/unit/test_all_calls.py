"""Which numbers are the same, and which calls were returned."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.records import Record, Role
from sync.shape.all_calls import NUMBER_END, Origin, call_stream, make_spec, number_end, to_all_calls, to_frame
from sync.shape.returns import is_same_number, with_returns
from sync.sources.registry import VENDORS

_START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+14155550100", "14155550100"),
        ("+14155550100", "(415) 555-0100"),
        ("+14155550100", "001 415 555 0100"),
        ("+442079460000", "+44 (0) 20 7946 0000"),
        ("+442079460000", "020 7946 0000"),
        ("+4712345678", "4712345678"),
        ("5550100", "+15550100"),
    ],
)
def test_one_number_is_known_in_any_of_its_forms(one: str, other: str) -> None:
    assert is_same_number(one, other)
    assert is_same_number(other, one)
    ends = pl.select(a=number_end(pl.lit(one)), b=number_end(pl.lit(other))).row(0)
    assert ends[0] == ends[1] is not None  # else they would not be looked at together


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+14155550100", "+44155550100"),
        ("+14155550100", "+12155550100"),
        ("+14155550100", "+4155550100"),
        ("555-0100", "+14155550100"),
        ("2155550100", "+14155550100"),
    ],
)
def test_numbers_of_two_people_are_two(one: str, other: str) -> None:
    assert not is_same_number(one, other)
    assert not is_same_number(other, one)


@pytest.mark.parametrize("number", ["anonymous", "", "12345", "*31#"])
def test_a_hidden_number_is_nobodys(number: str) -> None:
    assert pl.select(number_end(pl.lit(number))).item() is None


def _frame(calls: list[tuple[int, str, bool, bool]]) -> pl.DataFrame:
    rows = [
        {
            "caller": number,
            "direction": "outbound" if is_out else "inbound",
            "answered": answered,
            "started_at": _START + timedelta(minutes=minute),
        }
        for minute, number, is_out, answered in calls
    ]
    return pl.DataFrame(rows, schema_overrides={"started_at": pl.Datetime("us", "UTC")}).with_columns(
        number_end(pl.col("caller")).alias(NUMBER_END)
    )


_NUMBERS = ("+14155550100", "(415) 555-0100", "+12155550100", "anonymous")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(_NUMBERS), st.booleans(), st.booleans()), min_size=1, max_size=14
    )
)
def test_a_call_is_returned_when_both_sides_spoke_later(calls: list[tuple[int, str, bool, bool]]) -> None:
    found = with_returns(_frame(calls)).rows(named=True)
    person = {"+14155550100": 1, "(415) 555-0100": 1, "+12155550100": 2}
    for (minute, number, is_out, answered), row in zip(calls, found, strict=True):
        wanted: dict[str, Any] = {"returned": None, "returned_at": None, "attempts": None}
        if not is_out and not answered and number in person:
            later = [c for c in calls if c[0] > minute and person.get(c[1]) == person[number]]
            spoken = min((at for at, _, _, spoke in later if spoke), default=None)
            tried = [at for at, _, out, _ in later if out and (spoken is None or at <= spoken)]
            at = None if spoken is None else _START + timedelta(minutes=spoken)
            wanted = {"returned": spoken is not None, "returned_at": at, "attempts": len(tried)}
        assert {name: row[name] for name in wanted} == wanted


def test_every_vendor_has_a_stream_of_calls_under_any_options_and_what_nobody_tells_plays_no_role() -> None:
    for vendor in VENDORS.values():
        for chosen in vendor.variants or ({},):
            specs = [spec for options, spec in vendor.every_stream() if options == chosen]
            stream = call_stream(specs)
            assert stream is not None
            assert stream.name == "calls"
            of_it = make_spec([stream])
            waits = of_it.field_named("wait")
            assert waits is not None
            assert (waits.role is Role.WAIT) == (waits.shown) == (stream.field_with(Role.WAIT) is not None)


def test_a_stream_that_tells_little_is_a_stream_of_calls_all_the_same() -> None:
    known = VENDORS["justcall"].specs["calls"]
    roles = (Role.STARTED_AT, Role.STATUS, Role.CALLER)
    spec = replace(known, fields=tuple(f for f in known.fields if f.role in roles or f.name in known.key))
    assert call_stream([spec]) is spec
    at = {"started_at": _START, "from": "+14155550100", "status": "missed", "call_id": "c1"}
    records = [Record(values=at), Record(values={**at, "status": None, "from": None, "call_id": "c2"})]
    df = to_all_calls(to_frame(records, spec), Origin(vendor="JustCall", connection="here", spec=spec))
    fields = ["call_id", "direction", "status", "missed", "duration", "caller", "agent_key", "line"]
    assert df.select(fields).rows() == [
        ("c1", None, "missed", True, 0, "+14155550100", None, None),
        ("c2", None, None, False, 0, None, None, None),
    ]
    assert with_returns(df)["returned"].to_list() == [False, None]
