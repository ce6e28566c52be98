"""What a JustCall record and reply must look like, and what is said when it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from sync.http.waits import NoPace
from sync.records import FieldType, Role
from sync.sources.justcall.models import CALL_NAMES, JustCallOptions, to_calls
from sync.sources.justcall.streams import CALLS, find_mistakes
from sync.sources.registry import VENDORS, make_source
from tests.source_desk import Notes

CALL = {
    "call_id": "call_9f2", "direction": "inbound", "from": "+14155550100", "to": "+14155550199", "agent_id": 42,
    "agent_name": "Ana", "status": "completed", "duration": 184, "recording_url": None, "voicemail": False,
    "notes": "=1+1", "disposition": "Resolved", "tags": ["vip", "0042"], "started_at": "2026-03-02T09:30:00Z",
    "ended_at": "2026-03-02T09:33:04Z",
}  # fmt: skip
NULLABLE = [name for name in CALL if name not in ("call_id", "started_at")]


def test_a_whole_page_becomes_records_with_instants_in_utc():
    records, complaints = to_calls([CALL, {**CALL, "started_at": "2026-03-02T10:30:00.5+01:00"}])
    assert complaints == []
    assert records[0].values["started_at"] == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert records[1].values["started_at"] == datetime(2026, 3, 2, 9, 30, 0, 500_000, tzinfo=UTC)
    assert records[1].values["started_at"].tzinfo is UTC
    assert records[0].values["tags"] == ["vip", "0042"]
    assert records[0].values["notes"] == "=1+1"
    assert records[0].extra == {}


def test_declared_fields_and_validated_fields_are_the_same():
    assert set(CALL_NAMES) == {field.name for field in CALLS.fields}
    assert list(to_calls([CALL])[0][0].values) == list(CALL_NAMES)


def test_unknown_fields_are_kept_apart():
    records, _ = to_calls([{**CALL, "queue": {"name": "Sales"}, "cost": 1.5}])
    assert records[0].extra == {"queue": {"name": "Sales"}, "cost": 1.5}
    assert "queue" not in records[0].values


@pytest.mark.parametrize("name", NULLABLE)
def test_null_is_fine_where_there_may_be_nothing_yet(name):
    records, complaints = to_calls([{**CALL, name: None}])
    assert complaints == []
    assert records[0].values[name] is None


@pytest.mark.parametrize("name", list(CALL))
def test_an_absent_field_rejects_that_record_only_and_is_named(name):
    broken = {key: value for key, value in CALL.items() if key != name}
    records, complaints = to_calls([CALL, broken])
    assert len(records) == 1
    example = "a call without call_id" if name == "call_id" else "call_9f2"
    assert [str(c) for c in complaints] == [f"{example}: {name} is missing"]


WRONG_VALUES = {
    "call_id": (12, "", None),
    "duration": ("184", 184.5, True),
    "agent_id": ("42", 2**64),
    "voicemail": ("no", 0),
    "notes": (12,),
    "tags": ("vip", [1]),
    "from": (14155550100,),
    "ended_at": ("soon",),
    "started_at": (None, "2026-03-02", "2026-03-02T09:30:00", 1772443800, "yesterday", "0001-01-01T00:00:00+14:00"),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG_VALUES.items() for value in values]
)
def test_a_wrong_type_rejects_that_record_and_tells_no_value(name, value):
    records, complaints = to_calls([CALL, {**CALL, name: value}])
    assert len(records) == 1
    assert complaints[0].field == name
    assert str(value) not in complaints[0].what or value in ("", None, 0, True)


@pytest.mark.parametrize("row", [None, [], "call", 7])
def test_an_item_that_is_no_object_is_rejected(row):
    records, complaints = to_calls([CALL, row])
    assert len(records) == 1
    assert "not an object" in str(complaints[0])


def test_the_declared_stream_is_complete():
    assert [field.title for field in CALLS.fields] == [
        "Call ID", "Started", "Ended", "Direction", "From", "To", "Agent ID", "Agent", "Status", "Duration (s)",
        "Recording", "Voicemail", "Notes", "Disposition", "Tags",
    ]  # fmt: skip
    roles = (Role.STARTED_AT, Role.ENDED_AT, Role.DIRECTION, Role.CALLER, Role.CALLED)
    roles += (Role.AGENT_ID, Role.AGENT_NAME, Role.STATUS, Role.DURATION, Role.DISPOSITION, Role.TAGS)
    assert {field.role for field in CALLS.fields if field.role} == set(roles)
    assert CALLS.field_named(CALLS.cursor_field).type is FieldType.INSTANT
    assert all(CALLS.field_named(name) for name in CALLS.key)
    assert all(p.field is None or CALLS.field_named(p.field) for p in CALLS.params)
    assert not any(CALLS.field_named(name).can_change for name in ("call_id", "started_at", "from", "to", "direction"))
    assert "busy" not in CALLS.status_words.answered + CALLS.status_words.missed


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"direction": "sideways"}, "direction = 'sideways': allowed are inbound, outbound, all"),
        ({"agent_id": "42"}, "agent_id = '42': allowed is integer"),
        ({"agent_id": True}, "agent_id = True: allowed is integer"),
        (
            {"number": "0049 30 1234"},
            "number = '0049 30 1234': allowed is a number in E.164 form, such as +14155550100",
        ),
        ({"status": "done"}, "status = 'done': allowed are completed, missed, voicemail, busy"),
        ({"agent": 1}, "'agent' is not a param of stream calls; allowed: direction, agent_id, number, status"),
        ({"start_date": "2026-01-01"}, "'start_date' is not a param of stream calls"),
    ],
)
def test_wrong_params_are_named_with_what_is_allowed(params, said):
    mistakes = find_mistakes(CALLS, params)
    assert len(mistakes) == 1
    assert mistakes[0].startswith(said)


def test_right_params_are_fine():
    params = {"direction": "all", "agent_id": 42, "number": "+14155550100", "status": "busy"}
    assert find_mistakes(CALLS, params) == ()


@pytest.mark.parametrize("name", list(VENDORS))
def test_options_of_every_vendor_take_secrets_by_name_only(name):
    options = VENDORS[name].options
    assert options.secret_names()
    needed = options.needed_examples()
    made = options(**needed)
    assert made.vendor == name
    assert made.rate_limits()[0] == (made.requests_per_minute, 60.0)
    for secret in options.secret_names():
        with pytest.raises(ValidationError) as caught:
            options(**{**needed, secret: "cs_key_pasted_by_mistake"})
        assert "pasted" not in str(caught.value)


def test_options_refuse_what_they_do_not_know_and_read_durations():
    options = JustCallOptions(api_key="env:A", api_secret="file:b", lookback="5 days", base_url="https://x.example/")
    assert options.lookback == timedelta(days=5)
    assert options.base_url == "https://x.example"
    for wrong in ({"lookbak": "1 day"}, {"base_url": "ftp://x.example"}, {"base_url": "https://a:b@x.example"},
                  {"requests_per_minute": 0}, {"reread": "soon"}):  # fmt: skip
        with pytest.raises(ValidationError):
            JustCallOptions(api_key="env:A", api_secret="file:b", **wrong)


def test_options_set_how_far_back_a_stream_is_read_again():
    options = JustCallOptions(api_key="env:A", api_secret="env:B", lookback="5 days", reread="40 days")
    source = make_source(
        options, {"api_key": "abcd", "api_secret": "efgh"}, pace=NoPace(), sleep=lambda s: None, notebook=Notes()
    )
    assert source.specs["calls"].lookback == timedelta(days=5)
    assert source.specs["calls"].reread == timedelta(days=40)
    source.close()
