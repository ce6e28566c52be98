"""What is to be read: against a model that thinks hour by hour."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.records import LISTED_AT, Buckets, Slice, StreamKind
from sync.refresh import REREAD_EVERY, clamp_to_memory, slices_to_read
from sync.store.coverage import Coverage
from tests.store_fixtures import T0, make_spec

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SPEC = replace(make_spec(), slice_days=2, lookback=6 * HOUR, reread=40 * HOUR)
N_HOURS = 100
LONG_AGO = T0 - timedelta(days=400)


def hour(n: float) -> datetime:
    return T0 + n * HOUR


def covered(start: float, end: float, read_at: float) -> Coverage:
    return Coverage(hour(start), hour(end), hour(read_at))


def asked(
    coverage: list[Coverage], window: tuple[float, float], *, now: float, requested: float | None = None, reread: float
) -> list[Slice]:
    return slices_to_read(
        SPEC,
        coverage,
        window=Slice(hour(window[0]), hour(window[1])),
        now=hour(now),
        requested_at=hour(now if requested is None else requested),
        reread_at=hour(reread),
    )


def test_a_first_run_reads_its_window_in_slices_that_touch() -> None:
    slices = asked([], (0, 120), now=120, reread=120)
    assert [(s.start, s.end) for s in slices] == [(hour(0), hour(48)), (hour(48), hour(96)), (hour(96), hour(120))]


def test_what_was_read_long_after_it_happened_is_not_read_again() -> None:
    assert asked([covered(0, 50, 90)], (0, 50), now=91, reread=91) == []


def test_the_lookback_window_counts_from_the_last_reading_not_from_now() -> None:
    slices = asked([covered(0, 50, 50)], (0, 90), now=90, reread=90)
    assert slices == [Slice(hour(44), hour(90))]


def test_a_period_that_goes_further_back_costs_what_was_never_read() -> None:
    slices = asked([covered(40, 50, 60)], (20, 50), now=61, reread=61)
    assert slices == [Slice(hour(20), hour(40))]


def test_once_a_week_the_deeper_second_look_is_taken() -> None:
    due = asked([covered(0, 99, 99)], (90, 100), now=100, reread=100 - REREAD_EVERY / HOUR)
    assert (due[0].start, due[-1].end) == (hour(60), hour(100))
    not_due = asked([covered(0, 99, 99)], (90, 100), now=100, reread=101 - REREAD_EVERY / HOUR)
    assert not_due == [Slice(hour(93), hour(100))]


def test_what_others_read_since_the_request_is_not_read_again() -> None:
    assert asked([covered(0, 100, 100)], (0, 110), now=101, requested=100, reread=101) == []
    assert asked([covered(0, 100, 100)], (0, 110), now=102, requested=101, reread=102) == [Slice(hour(94), hour(110))]


def test_what_lies_wholly_ahead_is_not_asked_for() -> None:
    slices = asked([], (80, 900), now=100, reread=100)
    assert slices == [Slice(hour(80), min(s.end for s in slices))]
    assert hour(100) <= slices[0].end <= hour(128)


@st.composite
def histories(draw: st.DrawFn) -> list[Coverage]:
    edges = sorted(draw(st.lists(st.integers(0, N_HOURS), min_size=0, max_size=8, unique=True)))
    return [
        covered(start, end, draw(st.integers(end, N_HOURS)))
        for start, end in itertools.pairwise(edges)
        if draw(st.booleans())
    ]


@settings(max_examples=300, deadline=None)
@given(
    history=histories(),
    window=st.tuples(st.integers(0, N_HOURS), st.integers(1, 60)),
    requested=st.integers(0, 30).map(lambda ago: N_HOURS - ago),
    reread_ago_days=st.none() | st.integers(0, 14),
)
def test_every_hour_that_must_be_read_is_and_no_other_is(
    history: list[Coverage], window: tuple[int, int], requested: int, reread_ago_days: int | None
) -> None:
    now, start, end = N_HOURS, window[0], window[0] + window[1]
    reread_at = None if reread_ago_days is None else hour(now) - reread_ago_days * DAY
    slices = slices_to_read(
        SPEC,
        history,
        window=Slice(hour(start), hour(end)),
        now=hour(now),
        requested_at=hour(requested),
        reread_at=reread_at,
    )
    is_due = reread_at is None or (reread_ago_days is not None and reread_ago_days >= 7)

    def must_read(n: int) -> bool:
        last = next((c for c in history if c.start <= hour(n) < c.end), None)
        if last is None:
            return start <= n < end
        if last.read_at >= hour(requested):
            return False
        return hour(n) >= last.read_at - SPEC.lookback or (is_due and hour(n) >= hour(now) - SPEC.reread)

    read = {n for n in range(now) if any(s.start <= hour(n) < s.end for s in slices)}
    must = {n for n in range(now) if must_read(n)}
    assert {n for n in must if n < requested} <= read
    assert read <= must
    assert all(a.end <= b.start for a, b in itertools.pairwise(slices))
    assert all(s.start < s.end <= s.start + DAY * SPEC.slice_days for s in slices)


# Reports and lists

BERLIN = ZoneInfo("Europe/Berlin")
REPORT = replace(make_spec(), kind=StreamKind.AGGREGATE, per=("day", "week", "month", "period"), lookback=2 * DAY)
LIST = replace(make_spec(), kind=StreamKind.LIST)


def berlin(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=BERLIN).astimezone(UTC)


def days_asked(coverage: list[Coverage], window: Slice, per: Buckets, *, now: datetime) -> list[tuple[date, date]]:
    slices = slices_to_read(
        REPORT, coverage, window=window, now=now, requested_at=now, reread_at=now - DAY, buckets=per
    )
    local = [(s.start.astimezone(BERLIN), s.end.astimezone(BERLIN)) for s in slices]
    assert all(start.hour == end.hour == 0 for start, end in local)
    return [(start.date(), (end - timedelta(hours=1)).date()) for start, end in local]


def test_a_report_is_asked_day_by_day_also_where_a_day_has_25_hours() -> None:
    window = Slice(berlin(2026, 10, 24), berlin(2026, 10, 27))
    days = days_asked([], window, Buckets(per="day", zone=BERLIN), now=berlin(2026, 11, 1))
    assert days == [(date(2026, 10, d), date(2026, 10, d)) for d in (24, 25, 26)]


def test_a_report_is_asked_again_by_whole_weeks_where_only_days_of_them_may_have_changed() -> None:
    window = Slice(berlin(2026, 8, 31), berlin(2026, 9, 21))
    read = Coverage(window.start, berlin(2026, 9, 15, 8), berlin(2026, 9, 15, 8))
    days = days_asked([read], window, Buckets(per="week", zone=BERLIN), now=berlin(2026, 9, 16, 8))
    assert days == [(date(2026, 9, 7), date(2026, 9, 13)), (date(2026, 9, 14), date(2026, 9, 20))]


def test_a_report_over_the_whole_period_and_a_list_are_read_whole_once_a_run() -> None:
    window, now = Slice(hour(0), hour(100)), hour(100)
    for spec, buckets in ((REPORT, Buckets(per="period", zone=BERLIN)), (LIST, None)):
        for coverage, wanted in (
            ([], [window]),
            ([covered(0, 100, 99)], [window]),
            ([covered(0, 100, 100)], []),
        ):
            slices = slices_to_read(
                spec, coverage, window=window, now=now, requested_at=now, reread_at=now, buckets=buckets
            )
            assert slices == wanted


def test_a_list_lies_in_a_window_of_its_own() -> None:
    window = Slice(LISTED_AT, LISTED_AT + DAY)
    assert slices_to_read(LIST, [], window=window, now=hour(0), requested_at=hour(0), reread_at=None) == [window]


def test_with_a_change_feed_nothing_is_read_again_for_late_edits_but_once_a_week() -> None:
    spec = replace(SPEC, change_feed=True, lookback=20 * HOUR, reread=60 * HOUR)
    read, window = [covered(0, 50, 50)], Slice(hour(0), hour(90))
    for reread_at, first in ((hour(80), 50), (hour(90) - 7 * DAY, 30), (None, 30)):
        slices = slices_to_read(spec, read, window=window, now=hour(90), requested_at=hour(90), reread_at=reread_at)
        assert (slices[0].start, slices[-1].end) == (hour(first), hour(90))


def test_what_a_vendor_has_forgotten_for_certain_is_not_asked_for() -> None:
    window, now = Slice(hour(0), hour(100)), hour(100)
    sure = replace(SPEC, retention=10 * HOUR, retention_is_certain=True)
    assert clamp_to_memory(sure, window, now=now) == Slice(hour(90), hour(100))
    assert clamp_to_memory(replace(sure, retention_is_certain=False), window, now=now) == window
    assert clamp_to_memory(sure, window, now=hour(500)) == Slice(hour(100), hour(100))
