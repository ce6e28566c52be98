"""Aircall's files and cells in every form that is thinkable, as none is documented; what is ambiguous is refused."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sync.errors import ContractBroken
from sync.records import Slice
from sync.sources.aircall.columns import bind, plain_name
from sync.sources.aircall.files import NotWhole, check_file, read_rows
from sync.sources.aircall.models import AircallOptions
from sync.sources.aircall.reports import REPORTS
from sync.sources.aircall.tables import Reader, TableOptions
from sync.sources.aircall.values import (
    Reading,
    read_boolean,
    read_day,
    read_duration,
    read_instant,
    read_integer,
    read_list,
    read_number,
    read_unknown,
)

MADRID = Reading(zone=ZoneInfo("Europe/Madrid"))
DAY_FIRST = Reading(zone=ZoneInfo("Europe/Madrid"), date_order="day first")
HISTORY = REPORTS["calls_history"]
YEAR = Slice(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
CSV = "Call ID (internal),Call start time,Comments\r\n"
CSV += '1,2026-03-01 10:00:00,"a ""b"",\r\nc"\r\n2,2026-03-01 11:00:00,ü\r\n'


def tables(raw: bytes) -> list[tuple[list[str], list[list[str]]]]:
    check_file(io.BytesIO(raw))
    return [(list(header), list(rows)) for header, rows in read_rows(io.BytesIO(raw))]


def zipped(*files: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def records(text: str, stream: str = "calls_history", **wanted: Any) -> list[Any]:
    report = REPORTS[stream]
    began = {"period_start": date(2026, 3, 1), "period_end": date(2026, 3, 1), "period_began_at": YEAR.start}
    reader = Reader(
        report=report,
        options=TableOptions(wanted=wanted, reading=MADRID),
        within=YEAR,
        period={} if report.is_rows else began,
    )
    raw = io.BytesIO(text.encode())
    check_file(raw)
    found = [record for page in reader.pages(raw) for record in page.records]
    reader.finish()
    return found


# Files


@pytest.mark.parametrize(
    "raw",
    [
        CSV.encode(),
        b"\xef\xbb\xbf" + CSV.encode(),
        CSV.encode("utf-16"),
        gzip.compress(CSV.encode()),
        zipped(("export.csv", CSV.encode())),
        zipped(("__MACOSX/x", b"?"), ("folder/export.csv", CSV.encode()), ("read me.md", b"?")),
        CSV.encode()[:-2],
    ],
    ids=["plain", "byte order mark", "UTF-16", "gzip", "zip", "zip with more", "no line end"],
)
def test_a_file_is_known_by_its_first_bytes_whatever_it_is_called(raw: bytes) -> None:
    ((header, rows),) = tables(raw)
    assert header[0] == "Call ID (internal)"
    assert rows[0][2] == 'a "b",\r\nc'
    assert [row[0] for row in rows] == ["1", "2"]


def test_several_tables_of_an_archive_are_read_one_after_the_other() -> None:
    found = tables(zipped(("2.csv", b"a,b\n3,4\n"), ("1.csv", b"b,a\n1,2\n")))
    assert found == [(["b", "a"], [["1", "2"]]), (["a", "b"], [["3", "4"]])]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html><body>Bad gateway</body></html>",
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        b"a,b\n1,2\n3",
        b'a,b\n1,"two and',
        b"a,b\n1,2,3\n1,2\n",
        b"a,b\n1,\xff\xfe\n",
        b"a,b\n1,\0\n",
        b",\n1,2\n",
        gzip.compress(CSV.encode())[:-9],
        zipped(("export.csv", CSV.encode()))[:-40],
        zipped(),
        b"PK\x03\x04 is no archive",
    ],
    ids=[
        "nothing",
        "a page",
        "an error in XML",
        "a cut row",
        "a cut text",
        "rows of two lengths",
        "not UTF-8",
        "a zero byte",
        "no names",
        "cut gzip",
        "cut zip",
        "empty zip",
        "no zip",
    ],
)
def test_what_is_no_whole_table_is_refused(raw: bytes) -> None:
    with pytest.raises(NotWhole):
        check_file(io.BytesIO(raw))


def test_a_header_alone_is_a_table_without_rows() -> None:
    assert tables(b"a,b\n") == [(["a", "b"], [])]
    assert tables(b"a,b") == [(["a", "b"], [])]
    assert records("Call ID (internal),Call start time\n") == []


@settings(deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",))), min_size=2, max_size=2
        )
    )
)
def test_whatever_people_wrote_comes_back_as_it_was(rows: list[list[str]]) -> None:
    quoted = ("".join(f'"{cell.replace(chr(34), chr(34) * 2)}",' for cell in row)[:-1] for row in rows)
    text = "\n".join(["first,second", *quoted, ""])
    assert tables(text.encode()) == [(["first", "second"], rows)]


# Columns


@pytest.mark.parametrize(
    ("header", "plain"),
    [
        ("Call ID (internal)", "call_id_internal"),
        ("callIdInternal", "call_id_internal"),
        ("\ufeffCall-ID Internal ", "call_id_internal"),
        ("exportID", "export_id"),
        ("% of time", "percent_of_time"),
        ("URLParts", "url_parts"),
    ],
)
def test_names_are_compared_without_case_signs_and_blanks(header: str, plain: str) -> None:
    assert plain_name(header) == plain


def test_columns_are_found_in_any_order_and_none_is_dropped() -> None:
    header = ["Note", "callStartTime", "Note", "call_id_internal", "", "Team", "team"]
    declared = {field.name for field in HISTORY.spec.fields}
    binding = bind(header, HISTORY.columns, {}, reading=MADRID, declared=declared)
    assert (binding.bound["call_id"].at, binding.bound["started_at"].at, binding.bound["team"].at) == (3, 1, 5)
    assert binding.unknown == ((0, "Note"), (2, "Note (2)"), (4, "column 5"), (6, "team (2)"))
    assert binding.in_words()[:2] == ['"Note" is not known, and kept as "Note"', '"callStartTime" is started_at']


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("id,Date,Time", "7,2026-03-01,10:00:00"),
        ("id,Start time,Start date", "7,10:00:00,2026-03-01"),
        ("id,Start time,Start date", "7,2026-03-01 10:00:00,2026-03-01"),
        ("id,Date,Time", "7,2026-03-01,10:00:00 AM"),
        ("id,Date,Time,Started at", "7,2027-01-01,00:00,2026-03-01 10:00:00"),
    ],
)
def test_a_day_and_a_time_make_an_instant_together(header: str, row: str) -> None:
    (record,) = records(f"{header}\n{row}\n")
    assert record.values["started_at"] == datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_the_connection_may_say_which_two_columns_are_day_and_time() -> None:
    (record,) = records("id,Rang on,Rang at\n7,2026-03-01,10:00:00\n", started_at=["Rang on", "Rang at"])
    assert record.values["started_at"] == datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_a_header_may_tell_zone_and_unit() -> None:
    (record,) = records("id,Start time (UTC),Duration (ms),waiting_time_minutes\n7,2026-03-01 10:00:00,5000,2\n")
    assert record.values["started_at"] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (record.values["duration"], record.values["waiting_time"]) == (5, 120)


def test_rows_that_cannot_be_read_are_left_out_until_they_are_too_many() -> None:
    good = [f"{n},2026-03-01 10:00:00,5" for n in range(20)]
    assert len(records("\n".join(["id,Start time,Duration", *good, "99,2026-03-01 10:00:00,long"]))) == 20
    with pytest.raises(ContractBroken, match=r"duration is not a length of time.*for example in 99"):
        records(
            "\n".join(
                ["id,Start time,Duration", *good[:5], *["99,2026-03-01 10:00:00,long", "98,2026-03-01 10:00,long"]]
            )
        )


def test_a_report_by_attempt_asks_for_its_key_and_takes_it_from_the_connection() -> None:
    text = "Call ID,User,Rang at\nCA1,Ann,10:00:01\nCA1,Ann,10:00:09\nCA1,Bob,10:00:01\n"
    with pytest.raises(ContractBroken) as caught:
        records(text, "user_activity_ringing_attempts")
    assert "row_key" in caught.value.hint
    found = records(text, "user_activity_ringing_attempts", row_key=["Call ID", "User", "Rang at"])
    assert [record.values["row_key"] for record in found][1] == "CA1 | Ann | 10:00:09"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"calls_histry": {"call_id": "X"}}, "no export"),
        ({"calls_history": {"cal_id": "X"}}, "from no column"),
        ({"calls_history": {"duration": ["A", "B"]}}, "is one column"),
        ({"calls_history": {"row_key": ["A", "B"]}}, "from no column"),
    ],
)
def test_what_the_connection_says_of_columns_is_checked_with_the_config(columns: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        AircallOptions(api_id="env:A", api_token="env:B", export_columns=columns)


# Cells


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-03-01T10:00:00.000Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01 10:00:00", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01 10:00", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01T10:00:00+05:30", datetime(2026, 3, 1, 4, 30, tzinfo=UTC)),
        ("2026-03-01 10:00:00 UTC", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("31/03/2026 10:00", datetime(2026, 3, 31, 8, tzinfo=UTC)),
        ("03/31/2026 10:00:05 PM", datetime(2026, 3, 31, 20, 0, 5, tzinfo=UTC)),
        ("31 Mar 2026, 10:00", datetime(2026, 3, 31, 8, tzinfo=UTC)),
        ("Mar 31, 2026 10:00 AM", datetime(2026, 3, 31, 8, tzinfo=UTC)),
        ("Tue, 31 Mar 2026 10:00:00 GMT", datetime(2026, 3, 31, 10, tzinfo=UTC)),
        ("1772359200", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("1772359200000", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("", None),
        ("N/A", None),
    ],
)
def test_instants(text: str, wanted: datetime | None) -> None:
    assert read_instant(text, MADRID) == wanted


@pytest.mark.parametrize(
    "text", ["03/04/2026 10:00", "2026-03-01", "2026-02-30 10:00", "25:00", "soon", "31 Foo 2026 10:00"]
)
def test_what_is_no_instant_for_sure_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"is |could be") as caught:
        read_instant(text, MADRID)
    assert text not in str(caught.value)


def test_the_connection_decides_what_could_be_two_days() -> None:
    assert read_day("03/04/2026", DAY_FIRST) == date(2026, 4, 3)
    assert read_day("03/04/2026", Reading(zone=ZoneInfo("UTC"), date_order="month first")) == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        *(("125", 125), ("12.5", 12.5), ("00:02:05", 125), ("1 day, 00:00:01", 86_401), ("2m 5s", 125)),
        *(("PT2M5S", 125), ("1 h", 3600), ("1,250.5", 1250.5), ("2 minutes 5 seconds", 125), ("-", None), ("0", 0)),
    ],
)
def test_lengths_of_time(text: str, wanted: float | None) -> None:
    assert read_duration(text, MADRID) == wanted


def test_a_short_time_is_refused_until_the_connection_says_what_it_is() -> None:
    with pytest.raises(ValueError, match="export_short_times"):
        read_duration("02:05", MADRID)
    assert read_duration("02:05", Reading(zone=ZoneInfo("UTC"), short_times="mm:ss")) == 125
    assert read_duration("02:05", Reading(zone=ZoneInfo("UTC"), short_times="hh:mm")) == 7500


def test_numbers_truths_and_lists() -> None:
    assert [read_number(text, MADRID) for text in ("12.5 %", "0,5", "1.5e3", "1 234 567")] == [
        0.125,
        0.5,
        1500,
        1234567,
    ]
    assert [read_integer(text, MADRID) for text in ("1,234", "7.0", "")] == [1234, 7, None]
    assert [read_boolean(text, MADRID) for text in ("Yes", "false", "1", "")] == [True, False, True, None]
    for read, text in ((read_number, "1,234"), (read_integer, "7.5"), (read_boolean, "maybe"), (read_number, "nine")):
        with pytest.raises(ValueError, match=r"is |could be"):
            read(text, MADRID)
    assert read_list('["a, b", "c"]', MADRID) == ["a, b", "c"]
    assert read_list("a; b, c", MADRID) == ["a", "b, c"]
    assert read_list("a, b", MADRID) == ["a", "b"]


def test_a_cell_that_nobody_knows_is_a_number_only_where_nothing_of_it_gets_lost() -> None:
    texts = ["42", "0042", "+14155550100", "1.50", "1.5", "12345678901234567890", "=1+1", ""]
    assert [read_unknown(text, fractions=False) for text in texts] == [42, *texts[1:4], 1.5, *texts[5:7], None]
    assert read_unknown("1.50", fractions=True) == 1.5
