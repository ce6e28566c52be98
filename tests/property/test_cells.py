"""For any value: serials go there and back, cells survive JSON, text fits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sync.records import Column, FieldType
from sync.shape.cells import MAX_CELL_UNITS, fingerprint, fit_text, same_cell, serial_of, to_rows

ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "UTC",
            "America/New_York",
            "Europe/London",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "America/St_Johns",
            "Pacific/Apia",
            "America/Sao_Paulo",
        )
    ]
)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
AROUND_A_FOLD = st.integers(-4 * 3600, 4 * 3600).map(
    lambda s: datetime(2026, 11, 1, 6, tzinfo=UTC) + timedelta(seconds=s)
)
CELLS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"))


@settings(deadline=None)
@given(INSTANTS | AROUND_A_FOLD, ZONES)
@example(datetime(2011, 12, 30, 9, 59, 59, 999_999, tzinfo=UTC), ZoneInfo("Pacific/Apia"))
def test_a_serial_is_the_wall_clock_time_to_the_millisecond(instant: datetime, zone: ZoneInfo) -> None:
    shown = datetime(1899, 12, 30) + timedelta(milliseconds=round(serial_of(instant, zone) * 86_400_000))
    assert abs(shown - instant.astimezone(zone).replace(tzinfo=None)) <= timedelta(microseconds=500)


@settings(deadline=None)
@given(st.lists(INSTANTS | AROUND_A_FOLD, max_size=20), ZONES)
def test_a_column_of_instants_holds_the_same_serials(instants: list[datetime], zone: ZoneInfo) -> None:
    df = pl.DataFrame({"at": pl.Series(instants, dtype=pl.Datetime("us", "UTC"))})
    rows, _ = to_rows(df, [Column(name="at", title="At", type=FieldType.INSTANT)], zone)
    assert rows == [(serial_of(instant, zone),) for instant in instants]


@settings(deadline=None)
@given(CELLS | TEXTS)
def test_a_cell_is_the_same_after_json(cell: str | float | bool | None) -> None:
    assert same_cell(cell, orjson.loads(orjson.dumps(cell)))


@settings(deadline=None)
@given(st.lists(CELLS | TEXTS))
def test_a_row_has_the_same_fingerprint_after_json(row: list[str | float | bool | None]) -> None:
    assert fingerprint(orjson.loads(orjson.dumps(row))) == fingerprint(row)


@settings(deadline=None)
@given(st.text(st.characters(categories=["L", "Cs", "Cc", "So"])), st.integers(0, 60_000))
@example("\ud83d\ude00", 50_000)
@example("\ud800", 49_999)
def test_text_always_fits_and_can_be_encoded(text: str, n: int) -> None:
    long = (text * (n // max(len(text), 1) + 1))[: n + len(text)]
    fitted, changed = fit_text(long)
    assert len(fitted.encode("utf-16-le")) <= 2 * MAX_CELL_UNITS
    assert "\0" not in fitted
    assert changed == (fitted != long)
    assert fit_text(fitted) == (fitted, False)
